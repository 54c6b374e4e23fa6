// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-decompose-quantized),canonicalize)' | FileCheck %s

/// Unsigned by signed bytes are multiplied as they are. The zero point of the left side takes the sums of the columns;
/// that of the right side is 0 and costs nothing.

// CHECK-LABEL: func.func @left_zero
//  CHECK-SAME:   %[[X:.*]]: tensor<?x8xi8>, %[[W:.*]]: tensor<8x33xi8>, %[[Z:.*]]: tensor<i8>
//   CHECK-DAG:   %[[P:.*]] = seq.matmul %[[X]], %[[W]] transposed init(%{{.*}})
//   CHECK-DAG:   %[[S:.*]] = seq.column_sums %[[W]] transposed
//   CHECK-NOT:   "reduction"
//       CHECK:   linalg.generic {{.*}} ins(%[[P]], %[[Z]], %[[S]] :
//       CHECK:   ^bb0(%[[A:.*]]: i32, %[[B:.*]]: i8, %[[C:.*]]: i32, %{{.*}}: i32):
//       CHECK:     %[[E:.*]] = arith.extui %[[B]]
//       CHECK:     %[[M:.*]] = arith.muli %[[E]], %[[C]]
//       CHECK:     arith.subi %[[A]], %[[M]]
func.func @left_zero(%x: tensor<?x8xi8>, %w: tensor<8x33xi8>, %z: tensor<i8>) -> tensor<?x33xi32> {
  %q = arith.constant dense<0> : tensor<33xi8>
  %r = seq.quantized_matmul %x, %w lhs_zero(%z) rhs_zero(%q) rhs_signed transposed
      : (tensor<?x8xi8>, tensor<8x33xi8>, tensor<i8>, tensor<33xi8>) -> tensor<?x33xi32>
  return %r : tensor<?x33xi32>
}

/// No zero point on either side: the product alone.

// CHECK-LABEL: func.func @no_zeros
//       CHECK:   %[[P:.*]] = seq.matmul
//       CHECK:   return %[[P]]
func.func @no_zeros(%x: tensor<?x8xi8>, %w: tensor<33x8xi8>) -> tensor<?x33xi32> {
  %r = seq.quantized_matmul %x, %w rhs_signed : (tensor<?x8xi8>, tensor<33x8xi8>) -> tensor<?x33xi32>
  return %r : tensor<?x33xi32>
}

/// Signed bytes on the left and unsigned ones on the right are moved by 128, with their zero points. 128 is nothing
/// then, as the zero point of unsigned bytes.

// CHECK-LABEL: func.func @moved
//       CHECK:   %[[U:.*]] = linalg.generic
//       CHECK:     arith.xori %{{.*}}, %c-128_i8
//       CHECK:   seq.matmul %[[U]], %{{.*}} excess init
//       CHECK:   seq.column_sums %{{.*}} excess
//   CHECK-NOT:   "reduction"
//       CHECK:   return
func.func @moved(%x: tensor<?x8xi8>, %w: tensor<33x8xi8>) -> tensor<?x33xi32> {
  %q = arith.constant dense<-128> : tensor<i8>
  %r = seq.quantized_matmul %x, %w rhs_zero(%q) lhs_signed
      : (tensor<?x8xi8>, tensor<33x8xi8>, tensor<i8>) -> tensor<?x33xi32>
  return %r : tensor<?x33xi32>
}

/// A zero point of the right side takes the sums of the rows.

// CHECK-LABEL: func.func @right_zero
//       CHECK:   linalg.generic {{.*}}"parallel", "reduction"
//       CHECK:     arith.extui
//       CHECK:   linalg.generic {{.*}}"parallel", "parallel"
//       CHECK:     arith.extsi
func.func @right_zero(%x: tensor<?x8xi8>, %w: tensor<33x8xi8>, %q: tensor<33xi8>) -> tensor<?x33xi32> {
  %r = seq.quantized_matmul %x, %w rhs_zero(%q) rhs_signed
      : (tensor<?x8xi8>, tensor<33x8xi8>, tensor<33xi8>) -> tensor<?x33xi32>
  return %r : tensor<?x33xi32>
}

/// What has no static shape has no panels.

// CHECK-LABEL: func.func @dynamic_right_side
//   CHECK-NOT:   seq.matmul
//       CHECK:   linalg.generic {{.*}}"parallel", "parallel", "reduction"
func.func @dynamic_right_side(%x: tensor<?x8xi8>, %w: tensor<?x8xi8>, %z: tensor<1xi8>) -> tensor<?x?xi32> {
  %r = seq.quantized_matmul %x, %w lhs_zero(%z) : (tensor<?x8xi8>, tensor<?x8xi8>, tensor<1xi8>) -> tensor<?x?xi32>
  return %r : tensor<?x?xi32>
}
