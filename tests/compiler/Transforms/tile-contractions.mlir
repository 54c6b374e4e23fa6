// RUN: seqc-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(seq-tile-contractions))' \
// RUN:   | FileCheck %s
// RUN: seqc-opt %s --split-input-file \
// RUN:   --pass-pipeline='builtin.module(seq-set-target{vector-bits=256 features=avx2},func.func(seq-tile-contractions))' \
// RUN:   | FileCheck %s --check-prefix=NARROW
// RUN: seqc-opt %s --split-input-file \
// RUN:   --pass-pipeline='builtin.module(func.func(seq-tile-contractions,seq-vectorize-tiles))' \
// RUN:   | FileCheck %s --check-prefix=VECTOR

/// Attention's values: the columns are static, so one full panel and one of the rest; rows and depth
/// are not. The fill is repeated in each tile. Narrow vectors have no room for four rows.

// CHECK-LABEL: func.func @values
//  CHECK-SAME:   %[[P:[^:]*]]: tensor<?x?x?xf32>, %[[V:[^:]*]]: tensor<?x?x80xf32>
//       CHECK:   scf.for %[[B:[^ ]*]] =
//       CHECK:     scf.for %[[J:[^ ]*]] =
//       CHECK:       scf.for %[[I:[^ ]*]] =
//       CHECK:         tensor.extract_slice %[[P]][%[[B]], %[[I]], 0] [1, 4, %{{.*}}] [1, 1, 1] : tensor<?x?x?xf32> to tensor<4x?xf32>
//       CHECK:         tensor.extract_slice %[[V]][%[[B]], 0, %[[J]]] [1, %{{.*}}, 64] [1, 1, 1] : tensor<?x?x80xf32> to tensor<?x64xf32>
//       CHECK:         linalg.fill {seq.tile}
//       CHECK:         linalg.generic {{.*}}iterator_types = ["parallel", "reduction", "parallel"]
//       CHECK:         tensor.insert_slice {{.*}}[%[[B]], %[[I]], %[[J]]] [1, 4, 64]
//       CHECK:       scf.for
//       CHECK:         tensor.insert_slice {{.*}} [1, 1, 64]
//       CHECK:     scf.for
//       CHECK:       tensor.insert_slice {{.*}}, 64] [1, 4, 16]
//       CHECK:     scf.for
//       CHECK:       tensor.insert_slice {{.*}}, 64] [1, 1, 16]
//       CHECK:   } {seq.parallel}
//   CHECK-NOT:   linalg.batch_matmul
// NARROW-LABEL: func.func @values
//   NARROW-NOT:   [1, 4, 64]
//       NARROW:   [1, 1, 64]
// VECTOR-LABEL: func.func @values
//       VECTOR:   scf.for {{.*}} -> (vector<4x64xf32>)
//       VECTOR:     vector.contract
func.func @values(%p: tensor<?x?x?xf32>, %v: tensor<?x?x80xf32>, %e: tensor<?x?x80xf32>) -> tensor<?x?x80xf32> {
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?x80xf32>) -> tensor<?x?x80xf32>
  %r = linalg.batch_matmul ins(%p, %v : tensor<?x?x?xf32>, tensor<?x?x80xf32>) outs(%z : tensor<?x?x80xf32>)
      -> tensor<?x?x80xf32>
  return %r : tensor<?x?x80xf32>
}

// -----

/// Any number of columns: panels of 64, 16 and 1. What the result starts with is read tile by tile, and
/// the operand of the columns may stand first.

#rhs = affine_map<(i, j, k) -> (k, j)>
#lhs = affine_map<(i, j, k) -> (k, i)>
#out = affine_map<(i, j, k) -> (i, j)>

// CHECK-LABEL: func.func @columns
//  CHECK-SAME:   %[[B:[^:]*]]: tensor<?x?xf32>, %[[A:[^:]*]]: tensor<?x8xf32>
//       CHECK:   tensor.extract_slice %[[B]]{{.*}} to tensor<?x64xf32>
//       CHECK:   tensor.extract_slice %[[A]]{{.*}} to tensor<?x4xf32>
//       CHECK:   tensor.extract_slice {{.*}} to tensor<4x64xf32>
//       CHECK:   tensor.extract_slice %[[B]]{{.*}} to tensor<?x16xf32>
//       CHECK:   tensor.extract_slice %[[B]]{{.*}} to tensor<?x1xf32>
// VECTOR-LABEL: func.func @columns
//       VECTOR:   -> (vector<4x64xf32>)
//       VECTOR:   -> (vector<4x16xf32>)
//       VECTOR:   -> (vector<4x1xf32>)
func.func @columns(%b: tensor<?x?xf32>, %a: tensor<?x8xf32>, %c: tensor<8x?xf32>) -> tensor<8x?xf32> {
  %r = linalg.generic {indexing_maps = [#rhs, #lhs, #out], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%b, %a : tensor<?x?xf32>, tensor<?x8xf32>) outs(%c : tensor<8x?xf32>) {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  } -> tensor<8x?xf32>
  return %r : tensor<8x?xf32>
}

// -----

/// Columns that are no vectors in the right operand, few columns, other types, no rows: all stay.

#q = affine_map<(i, j, k) -> (i, k)>
#t = affine_map<(i, j, k) -> (j, k)>
#o = affine_map<(i, j, k) -> (i, j)>

// CHECK-LABEL: func.func @others
//   CHECK-NOT:   scf.for
func.func @others(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>, %few: tensor<?x4xf32>, %o: tensor<?x?xf32>,
    %of: tensor<?x4xf32>, %d: tensor<?x?xf16>, %v: tensor<?xf32>, %ov: tensor<?xf32>)
    -> (tensor<?x?xf32>, tensor<?x4xf32>, tensor<?x?xf16>, tensor<?xf32>) {
  %0 = linalg.generic {indexing_maps = [#q, #t, #o], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<?x?xf32>, tensor<?x?xf32>) outs(%o : tensor<?x?xf32>) {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  } -> tensor<?x?xf32>
  %1 = linalg.matmul ins(%a, %few : tensor<?x?xf32>, tensor<?x4xf32>) outs(%of : tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = linalg.matmul ins(%d, %d : tensor<?x?xf16>, tensor<?x?xf16>) outs(%d : tensor<?x?xf16>) -> tensor<?x?xf16>
  %3 = linalg.vecmat ins(%v, %b : tensor<?xf32>, tensor<?x?xf32>) outs(%ov : tensor<?xf32>) -> tensor<?xf32>
  return %0, %1, %2, %3 : tensor<?x?xf32>, tensor<?x4xf32>, tensor<?x?xf16>, tensor<?xf32>
}

/// In double precision panels have half as many columns.

// CHECK-LABEL: func.func @double
// CHECK-COUNT-2: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<{{[41]}}x?xf64>, tensor<?x32xf64>)
func.func @double(%a: tensor<?x?xf64>, %b: tensor<?x32xf64>, %c: tensor<?x32xf64>) -> tensor<?x32xf64> {
  %0 = linalg.matmul ins(%a, %b : tensor<?x?xf64>, tensor<?x32xf64>) outs(%c : tensor<?x32xf64>) -> tensor<?x32xf64>
  return %0 : tensor<?x32xf64>
}
