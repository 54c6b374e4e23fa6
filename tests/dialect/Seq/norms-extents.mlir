// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(resolve-shaped-type-result-dims))' | FileCheck %s

/// Extents are those of the input.

// CHECK-LABEL: @extents
//  CHECK-SAME:   %[[X:.*]]: tensor<?x8xf32>
//       CHECK:   %[[D:.*]] = tensor.dim %[[X]], %{{.*}}
//       CHECK:   return %[[D]]
func.func @extents(%x: tensor<?x8xf32>) -> index {
  %c0 = arith.constant 0 : index
  %p = seq.softmax %x dims [1] : tensor<?x8xf32>
  %y = seq.norm rms %p from 1 epsilon 0.0 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %d = tensor.dim %y, %c0 : tensor<?x8xf32>
  return %d : index
}
