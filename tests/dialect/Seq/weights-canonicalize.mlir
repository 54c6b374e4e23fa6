// RUN: seqc-opt %s --canonicalize --cse | FileCheck %s

/// Weights, packs and products have no effects: unused ones go, equal ones become one.
// CHECK-LABEL: @drop_unused_and_merge_equal
func.func @drop_unused_and_merge_equal(%x: tensor<?x8xf32>, %a: tensor<?x32xf32>)
    -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  // CHECK: %[[W:.*]] = seq.weight "w"
  // CHECK-NOT: seq.weight
  // CHECK: %[[P:.*]] = seq.pack %[[W]]
  // CHECK-NOT: seq.pack %
  // CHECK: %[[R:.*]] = seq.packed_matmul %{{.*}}, %[[P]]
  // CHECK-NOT: seq.packed_matmul
  // CHECK: return %[[R]], %[[R]]
  %unused = seq.weight "unused" in "f" at 0 : tensor<4xf32>
  %w0 = seq.weight "w" in "f" at 16 : tensor<32x8xf32>
  %w1 = seq.weight "w" in "f" at 16 : tensor<32x8xf32>
  %p0 = seq.pack %w0 : (tensor<32x8xf32>) -> tensor<2x8x1x16xf32>
  %p1 = seq.pack %w1 : (tensor<32x8xf32>) -> tensor<2x8x1x16xf32>
  %r0 = seq.packed_matmul %x, %p0 init(%a)
      : (tensor<?x8xf32>, tensor<2x8x1x16xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
  %r1 = seq.packed_matmul %x, %p1 init(%a)
      : (tensor<?x8xf32>, tensor<2x8x1x16xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
  return %r0, %r1 : tensor<?x32xf32>, tensor<?x32xf32>
}

/// A transposed pack is another layout.
// CHECK-LABEL: @no_merge_transposed
func.func @no_merge_transposed() -> (tensor<1x16x1x16xf32>, tensor<1x16x1x16xf32>) {
  // CHECK: seq.pack
  // CHECK: seq.pack
  %w = seq.weight "w" in "f" at 16 : tensor<16x16xf32>
  %p0 = seq.pack %w : (tensor<16x16xf32>) -> tensor<1x16x1x16xf32>
  %p1 = seq.pack %w transposed : (tensor<16x16xf32>) -> tensor<1x16x1x16xf32>
  return %p0, %p1 : tensor<1x16x1x16xf32>, tensor<1x16x1x16xf32>
}

/// Static extents found late reach the product through its destination.
// CHECK-LABEL: @packed_matmul_absorbs_cast
func.func @packed_matmul_absorbs_cast(%x: tensor<4x8xf32>, %p: tensor<2x8x1x16xf32>, %a: tensor<4x32xf32>) -> tensor<?x32xf32> {
  // CHECK: seq.packed_matmul %{{.*}}, %{{.*}} init(%{{.*}}) : (tensor<4x8xf32>, tensor<2x8x1x16xf32>, tensor<4x32xf32>) -> tensor<4x32xf32>
  %xd = tensor.cast %x : tensor<4x8xf32> to tensor<?x8xf32>
  %ad = tensor.cast %a : tensor<4x32xf32> to tensor<?x32xf32>
  %r = seq.packed_matmul %xd, %p init(%ad)
      : (tensor<?x8xf32>, tensor<2x8x1x16xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
  return %r : tensor<?x32xf32>
}
