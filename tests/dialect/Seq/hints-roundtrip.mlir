// RUN: seqc-opt %s | seqc-opt | FileCheck %s

// CHECK-LABEL: func.func @opaque_index
//  CHECK-SAME:   %[[N:.*]]: index
//       CHECK:   seq.opaque_index %[[N]]
func.func @opaque_index(%n: index) -> index {
  %0 = seq.opaque_index %n
  return %0 : index
}
