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

/// Those of a product with codes are those of its left operand.
// CHECK-LABEL: @blockwise_matmul_rows
//  CHECK-SAME:   %[[X:.*]]: tensor<?x40xf32>
func.func @blockwise_matmul_rows(%x: tensor<?x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>)
    -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 32
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>) -> tensor<?x?xf32>
  %d = tensor.dim %r, %c0 : tensor<?x?xf32>
  %e = tensor.dim %r, %c1 : tensor<?x?xf32>
  // CHECK-DAG: %[[D:.*]] = tensor.dim %[[X]]
  // CHECK-DAG: %[[E:.*]] = arith.constant 33 : index
  // CHECK: return %[[D]], %[[E]]
  return %d, %e : index, index
}
