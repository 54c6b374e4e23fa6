// RUN: seqc-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize | FileCheck %s

/// The rows of a product are those of its init, not those of its left operand.
// CHECK-LABEL: @packed_matmul_rows
//  CHECK-SAME:   %{{.*}}: tensor<?x8xf32>, %{{.*}}: tensor<3x8x1x16xf32>, %[[INIT:.*]]: tensor<?x33xf32>
func.func @packed_matmul_rows(%x: tensor<?x8xf32>, %p: tensor<3x8x1x16xf32>, %a: tensor<?x33xf32>) -> index {
  %c0 = arith.constant 0 : index
  %r = seq.packed_matmul %x, %p init(%a)
      : (tensor<?x8xf32>, tensor<3x8x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  %d = tensor.dim %r, %c0 : tensor<?x33xf32>
  // CHECK: %[[D:.*]] = tensor.dim %[[INIT]]
  // CHECK: return %[[D]]
  return %d : index
}
