// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-lower-vectors))' | FileCheck %s

#a = affine_map<(m, k, n) -> (m, k)>
#b = affine_map<(m, k, n) -> (k, n)>
#c = affine_map<(m, k, n) -> (m, n)>

/// One row of weights is read once for all rows of the tile; each row is one multiply-add.

// CHECK-LABEL: func.func @contract_to_multiply_adds
//  CHECK-SAME:   %[[X:.*]]: memref<2x8xf32>, %[[W:.*]]: memref<8x16xf32>
//       CHECK:   vector.load %[[X]]{{.*}} vector<1xf32>
// CHECK-COUNT-1: vector.load %[[W]]
// CHECK-COUNT-2: vector.fma %{{.*}} : vector<16xf32>
//   CHECK-NOT:   vector.fma
// CHECK-COUNT-2: vector.store %{{.*}} vector<16xf32>
//   CHECK-NOT:   vector.contract
func.func @contract_to_multiply_adds(%x: memref<2x8xf32>, %w: memref<8x16xf32>, %y: memref<2x16xf32>,
                                     %k: index) {
  %c0 = arith.constant 0 : index
  %p = ub.poison : f32
  %u = vector.transfer_read %x[%c0, %k], %p {in_bounds = [true, true]} : memref<2x8xf32>, vector<2x1xf32>
  %v = vector.transfer_read %w[%k, %c0], %p {in_bounds = [true, true]} : memref<8x16xf32>, vector<1x16xf32>
  %o = vector.transfer_read %y[%c0, %c0], %p {in_bounds = [true, true]} : memref<2x16xf32>, vector<2x16xf32>
  %r = vector.contract {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "reduction", "parallel"],
                        kind = #vector.kind<add>} %u, %v, %o
      : vector<2x1xf32>, vector<1x16xf32> into vector<2x16xf32>
  vector.transfer_write %r, %y[%c0, %c0] {in_bounds = [true, true]} : vector<2x16xf32>, memref<2x16xf32>
  return
}

/// Rows are reduced together: pairs of halves, then lanes within groups.

// CHECK-LABEL: func.func @row_maxima
//   CHECK-NOT:   vector.multi_reduction
//   CHECK-NOT:   vector.reduction
// CHECK-COUNT-5:   arith.maxnumf {{.*}} : vector<16xf32>
//       CHECK:   vector.shuffle {{.*}} [0, 4, 8, 12]
//       CHECK:   arith.maxnumf {{.*}} : vector<4xf32>
func.func @row_maxima(%x: vector<4x16xf32>, %m: vector<4xf32>) -> vector<4xf32> {
  %r = vector.multi_reduction <maxnumf>, %x, %m [1] : vector<4x16xf32> to vector<4xf32>
  return %r : vector<4xf32>
}

/// Three rows are reduced one by one.

// CHECK-LABEL: func.func @three_rows
// CHECK-COUNT-3:   vector.reduction <maxnumf>
func.func @three_rows(%x: vector<3x16xf32>, %m: vector<3xf32>) -> vector<3xf32> {
  %r = vector.multi_reduction <maxnumf>, %x, %m [1] : vector<3x16xf32> to vector<3xf32>
  return %r : vector<3xf32>
}

/// A square of sixteen rows is transposed by shuffles.

// CHECK-LABEL: func.func @transpose_square
//   CHECK-NOT:   vector.extract %{{.*}}[{{[0-9]+}}, {{[0-9]+}}]
// CHECK-COUNT-64: vector.shuffle
//       CHECK:   return
func.func @transpose_square(%x: memref<16x16xf32>, %y: memref<16x16xf32>) {
  %c0 = arith.constant 0 : index
  %p = ub.poison : f32
  %u = vector.transfer_read %x[%c0, %c0], %p {in_bounds = [true, true]} : memref<16x16xf32>, vector<16x16xf32>
  %v = vector.transpose %u, [1, 0] : vector<16x16xf32> to vector<16x16xf32>
  vector.transfer_write %v, %y[%c0, %c0] {in_bounds = [true, true]} : vector<16x16xf32>, memref<16x16xf32>
  return
}

/// Others element by element.

// CHECK-LABEL: func.func @transpose_others
//   CHECK-NOT:   vector.shuffle
//       CHECK:   return
func.func @transpose_others(%x: memref<2x4xf32>, %y: memref<4x2xf32>) {
  %c0 = arith.constant 0 : index
  %p = ub.poison : f32
  %u = vector.transfer_read %x[%c0, %c0], %p {in_bounds = [true, true]} : memref<2x4xf32>, vector<2x4xf32>
  %v = vector.transpose %u, [1, 0] : vector<2x4xf32> to vector<4x2xf32>
  vector.transfer_write %v, %y[%c0, %c0] {in_bounds = [true, true]} : vector<4x2xf32>, memref<4x2xf32>
  return
}
