// RUN: seqc-opt %s --canonicalize --cse | FileCheck %s

/// Equal options have equal values, and unused ones go.
// CHECK-LABEL: @same_and_unused
func.func @same_and_unused(%n: index) -> (index, index) {
  // CHECK-NEXT: %[[N:.*]] = seq.option max_new else %{{.*}} : index
  // CHECK-NEXT: return %[[N]], %[[N]]
  %0 = seq.option max_new else %n : index
  %1 = seq.option max_new else %n : index
  %2 = seq.option top_k else %n : index
  return %0, %1 : index, index
}
