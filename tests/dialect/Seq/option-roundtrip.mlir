// RUN: seqc-opt %s --verify-roundtrip | FileCheck %s
// RUN: seqc-opt %s --mlir-print-op-generic | seqc-opt | FileCheck %s

// CHECK-LABEL: @options
func.func @options(%n: index, %a: f64, %t: f32, %s: i64) {
  // CHECK: seq.option max_new else %{{.*}} : index
  %0 = seq.option max_new else %n : index
  // CHECK: seq.option length_penalty else %{{.*}} : f64
  %1 = seq.option length_penalty else %a : f64
  // CHECK: seq.option temperature else %{{.*}} : f32
  %2 = seq.option temperature else %t : f32
  // CHECK: seq.option top_p else %{{.*}} : f32
  %3 = seq.option top_p else %t : f32
  // CHECK: seq.option top_k else %{{.*}} : index
  %4 = seq.option top_k else %n : index
  // CHECK: seq.option seed else %{{.*}} : i64
  %5 = seq.option seed else %s : i64
  // CHECK: seq.option first_row else %{{.*}} : i64
  %6 = seq.option first_row else %s : i64
  return
}
