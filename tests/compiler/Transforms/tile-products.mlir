// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-tile-products),canonicalize)' \
// RUN:   | FileCheck %s
// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-tile-products{row-block=64}))' \
// RUN:   | FileCheck %s --check-prefix=BLOCK

#id = affine_map<(d0, d1) -> (d0, d1)>

/// 33 columns in panels of 16: a loop over two full panels, then a tail of one column. Rows are
/// tiles of 4, then at most one tile each of 3, 2 and 1; every body is static, and the elementwise
/// consumer sits in the same tile as its products.

// CHECK-LABEL: func.func @tile_rows_and_columns_with_tail
//  CHECK-SAME:   %[[H:.*]]: tensor<?x8xf32>, %[[P:.*]]: tensor<3x8x2x16xf32>
//   CHECK-DAG:   %[[C2:.*]] = arith.constant 2 : index
//   CHECK-DAG:   %[[C128:.*]] = arith.constant 128 : index
//       CHECK:   scf.for %{{.*}} to %{{.*}} step %[[C128]]
//       CHECK:     scf.for %[[PANEL:.*]] = %{{.*}} to %[[C2]] step
//       CHECK:       tensor.extract_slice %[[P]][%[[PANEL]], 0, 0, 0] [1, 8, 1, 16]
//       CHECK:       linalg.generic {{.*}}"parallel", "reduction", "parallel"
//       CHECK:       -> (tensor<4x16xf32>, tensor<4x16xf32>)
//       CHECK:       linalg.generic
//       CHECK:         arith.mulf
//       CHECK:       -> tensor<4x16xf32>
//       CHECK:       -> (tensor<3x16xf32>, tensor<3x16xf32>)
//       CHECK:       -> (tensor<2x16xf32>, tensor<2x16xf32>)
//       CHECK:       -> (tensor<1x16xf32>, tensor<1x16xf32>)
//       CHECK:     } {seq.parallel}
//       CHECK:     tensor.extract_slice %[[P]][2, 0, 0, 0] [1, 8, 1, 1]
//       CHECK:     -> (tensor<4x1xf32>, tensor<4x1xf32>)
//       CHECK:     -> (tensor<1x1xf32>, tensor<1x1xf32>)
//       CHECK:   } {seq.parallel}
//   CHECK-NOT:   seq.packed_matmul
// BLOCK-LABEL: func.func @tile_rows_and_columns_with_tail
//       BLOCK:   %[[C64:.*]] = arith.constant 64 : index
//       BLOCK:   scf.for %{{.*}} to %{{.*}} step %[[C64]]
func.func @tile_rows_and_columns_with_tail(%h: tensor<?x8xf32>, %p: tensor<3x8x2x16xf32>,
    %a: tensor<?x33xf32>, %b: tensor<?x33xf32>, %e: tensor<?x33xf32>) -> tensor<?x33xf32> {
  %r:2 = seq.packed_matmul %h, %p init(%a, %b)
      : (tensor<?x8xf32>, tensor<3x8x2x16xf32>, tensor<?x33xf32>, tensor<?x33xf32>)
      -> (tensor<?x33xf32>, tensor<?x33xf32>)
  %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%r#0, %r#1 : tensor<?x33xf32>, tensor<?x33xf32>) outs(%e : tensor<?x33xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %m = arith.mulf %u, %v : f32
    linalg.yield %m : f32
  } -> tensor<?x33xf32>
  return %s : tensor<?x33xf32>
}

/// Sixteen rows are one block of a loop that longer inputs have as well; eight need none.

// CHECK-LABEL: func.func @tile_one_block
//   CHECK-DAG:   %[[C16:.*]] = arith.constant 16 : index
//   CHECK-DAG:   %[[ROWS:.*]] = seq.opaque_index %[[C16]]
//       CHECK:   scf.for %{{.*}} to %[[ROWS]] step %[[C16]]
//       CHECK:     scf.for
//       CHECK:       -> tensor<4x16xf32>
//   CHECK-NOT:   tensor<3x16xf32>
//       CHECK:   return
// CHECK-LABEL: func.func @tile_few_rows
//   CHECK-NOT:   seq.opaque_index
//       CHECK:   return
func.func @tile_one_block(%h: tensor<16x8xf32>, %p: tensor<1x8x1x16xf32>, %a: tensor<16x16xf32>)
    -> tensor<16x16xf32> {
  %r = seq.packed_matmul %h, %p init(%a)
      : (tensor<16x8xf32>, tensor<1x8x1x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  return %r : tensor<16x16xf32>
}

func.func @tile_few_rows(%h: tensor<8x8xf32>, %p: tensor<1x8x1x16xf32>, %a: tensor<8x16xf32>)
    -> tensor<8x16xf32> {
  %r = seq.packed_matmul %h, %p init(%a)
      : (tensor<8x8xf32>, tensor<1x8x1x16xf32>, tensor<8x16xf32>) -> tensor<8x16xf32>
  return %r : tensor<8x16xf32>
}

/// A static number of rows needs only the tiles that it fills.

// CHECK-LABEL: func.func @tile_static_rows
//       CHECK:   -> tensor<2x16xf32>
//   CHECK-NOT:   tensor<3x16xf32>
//   CHECK-NOT:   tensor<4x16xf32>
//       CHECK:   return
func.func @tile_static_rows(%h: tensor<2x8xf32>, %p: tensor<1x8x1x16xf32>, %a: tensor<2x16xf32>)
    -> tensor<2x16xf32> {
  %r = seq.packed_matmul %h, %p init(%a)
      : (tensor<2x8xf32>, tensor<1x8x1x16xf32>, tensor<2x16xf32>) -> tensor<2x16xf32>
  return %r : tensor<2x16xf32>
}

/// One of two results is read by something else than the tail: it must be written, so the tail
/// cannot be the only reader of the tile.

// CHECK-LABEL: func.func @tile_result_used_twice
//   CHECK-NOT:   seq.packed_matmul
//       CHECK:   return %{{.*}}, %{{.*}}
func.func @tile_result_used_twice(%h: tensor<?x8xf32>, %p: tensor<1x8x1x16xf32>,
    %a: tensor<?x16xf32>, %e: tensor<?x16xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %r = seq.packed_matmul %h, %p init(%a)
      : (tensor<?x8xf32>, tensor<1x8x1x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
  %s = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%r : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) {
  ^bb0(%u: f32, %o: f32):
    %m = math.tanh %u : f32
    linalg.yield %m : f32
  } -> tensor<?x16xf32>
  return %r, %s : tensor<?x16xf32>, tensor<?x16xf32>
}
