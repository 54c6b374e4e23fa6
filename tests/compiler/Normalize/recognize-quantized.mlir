// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-recognize-quantized),canonicalize,cse)' | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#column = affine_map<(d0, d1) -> (d1)>
#one = affine_map<(d0, d1) -> (0, d1)>
#down = affine_map<(d0, d1) -> (d0, 0)>
#id3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#row3 = affine_map<(d0, d1, d2) -> (d0, d1)>

/// One scale and zero point on the left; a scale and a zero point per column on the right.

// CHECK-LABEL: func.func @columns
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<?x8xi8>, %[[W:[a-z0-9]+]]: tensor<8x16xi8>, %[[S:[a-z0-9]+]]: tensor<1x16xf32>, %[[Q:[a-z0-9]+]]: tensor<1x16xi8>
//   CHECK-DAG:   %[[SCALE:.*]] = arith.constant 2.500000e-01 : f32
//   CHECK-DAG:   %[[P:.*]] = arith.constant dense<-128> : tensor<i8>
//   CHECK-DAG:   %[[ZERO:.*]] = tensor.collapse_shape %[[Q]] {{\[\[}}0, 1]] : tensor<1x16xi8> into tensor<16xi8>
//       CHECK:   %[[SUM:.*]] = seq.quantized_matmul %[[X]], %[[W]] lhs_zero(%[[P]]) rhs_zero(%[[ZERO]]) rhs_signed transposed : (tensor<?x8xi8>, tensor<8x16xi8>, tensor<i8>, tensor<16xi8>) -> tensor<?x16xi32>
//       CHECK:   %[[BY:.*]] = tensor.collapse_shape %[[S]] {{\[\[}}0, 1]] : tensor<1x16xf32> into tensor<16xf32>
//       CHECK:   linalg.generic {indexing_maps = [#[[ID:.*]], #[[COLUMN:.*]], #[[ID]]], {{.*}}} ins(%[[SUM]], %[[BY]] :
//       CHECK:     %[[F:.*]] = arith.sitofp %{{.*}} : i32 to f32
//       CHECK:     %[[L:.*]] = arith.mulf %[[F]], %[[SCALE]] : f32
//       CHECK:     %[[Y:.*]] = arith.mulf %[[L]], %{{.*}} : f32
//       CHECK:     linalg.yield %[[Y]]
func.func @columns(%x: tensor<?x8xi8>, %w: tensor<8x16xi8>, %s: tensor<1x16xf32>, %q: tensor<1x16xi8>,
                   %e0: tensor<?x8xf32>, %e1: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %scale = arith.constant 0.25 : f32
  %c128 = arith.constant 128 : i32
  %f0 = arith.constant 0.0 : f32
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x8xi8>) outs(%e0 : tensor<?x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extui %in : i8 to i32
    %1 = arith.subi %0, %c128 : i32
    %2 = arith.sitofp %1 : i32 to f32
    %3 = arith.mulf %2, %scale : f32
    linalg.yield %3 : f32
  } -> tensor<?x8xf32>
  %e2 = tensor.empty() : tensor<8x16xf32>
  %b = linalg.generic {indexing_maps = [#id, #one, #one, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %s, %q : tensor<8x16xi8>, tensor<1x16xf32>, tensor<1x16xi8>) outs(%e2 : tensor<8x16xf32>) {
  ^bb0(%in: i8, %by: f32, %zero: i8, %out: f32):
    %0 = arith.extsi %in : i8 to i32
    %1 = arith.extsi %zero : i8 to i32
    %2 = arith.subi %0, %1 : i32
    %3 = arith.sitofp %2 : i32 to f32
    %4 = arith.mulf %3, %by : f32
    linalg.yield %4 : f32
  } -> tensor<8x16xf32>
  %z = linalg.fill ins(%f0 : f32) outs(%e1 : tensor<?x16xf32>) -> tensor<?x16xf32>
  %r = linalg.matmul ins(%a, %b : tensor<?x8xf32>, tensor<8x16xf32>) outs(%z : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %r : tensor<?x16xf32>
}

/// Rows under another shape, a weight that is transposed, scales that are given, a start that is no zero.

// CHECK-LABEL: func.func @moved
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<2x3x8xi8>, %[[W:[a-z0-9]+]]: tensor<16x8xi8>, %[[S:[a-z0-9]+]]: f32, %[[T:[a-z0-9]+]]: tensor<1xf32>, %[[P:[a-z0-9]+]]: i8, %[[INIT:[a-z0-9]+]]: tensor<6x16xf32>
//   CHECK-DAG:   %[[ROWS:.*]] = tensor.collapse_shape %[[X]] {{\[\[}}0, 1], [2]] : tensor<2x3x8xi8> into tensor<6x8xi8>
//   CHECK-DAG:   %[[ZERO:.*]] = tensor.from_elements %[[P]] : tensor<i8>
//       CHECK:   %[[SUM:.*]] = seq.quantized_matmul %[[ROWS]], %[[W]] lhs_zero(%[[ZERO]]) lhs_signed : (tensor<6x8xi8>, tensor<16x8xi8>, tensor<i8>) -> tensor<6x16xi32>
//       CHECK:   %[[BY:.*]] = tensor.collapse_shape %[[T]] [] : tensor<1xf32> into tensor<f32>
//       CHECK:   linalg.generic {{.*}} ins(%[[SUM]], %[[BY]], %[[INIT]] :
//       CHECK:     %[[L:.*]] = arith.mulf %{{.*}}, %[[S]] : f32
//       CHECK:     %[[R:.*]] = arith.mulf %[[L]], %{{.*}} : f32
//       CHECK:     arith.addf %[[R]], %{{.*}} : f32
func.func @moved(%x: tensor<2x3x8xi8>, %w: tensor<16x8xi8>, %s: f32, %t: tensor<1xf32>, %p: i8,
                 %init: tensor<6x16xf32>) -> tensor<6x16xf32> {
  %e0 = tensor.empty() : tensor<2x3x8xf32>
  %a = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<2x3x8xi8>) outs(%e0 : tensor<2x3x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extsi %in : i8 to i16
    %1 = arith.extsi %p : i8 to i16
    %2 = arith.subi %0, %1 : i16
    %3 = arith.sitofp %2 : i16 to f32
    %4 = arith.mulf %s, %3 : f32
    linalg.yield %4 : f32
  } -> tensor<2x3x8xf32>
  %e1 = tensor.empty() : tensor<16x8xf32>
  %b = linalg.generic {indexing_maps = [#id, affine_map<(d0, d1) -> (0)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %t : tensor<16x8xi8>, tensor<1xf32>) outs(%e1 : tensor<16x8xf32>) {
  ^bb0(%in: i8, %by: f32, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %by : f32
    linalg.yield %1 : f32
  } -> tensor<16x8xf32>
  %rows = tensor.collapse_shape %a [[0, 1], [2]] : tensor<2x3x8xf32> into tensor<6x8xf32>
  %e2 = tensor.empty() : tensor<8x16xf32>
  %bt = linalg.transpose ins(%b : tensor<16x8xf32>) outs(%e2 : tensor<8x16xf32>) permutation = [1, 0]
  %r = linalg.matmul ins(%rows, %bt : tensor<6x8xf32>, tensor<8x16xf32>) outs(%init : tensor<6x16xf32>) -> tensor<6x16xf32>
  return %r : tensor<6x16xf32>
}

/// A scale and a zero point per row, and a weight [N, K] with a scale per column of the product.

// CHECK-LABEL: func.func @rows
//       CHECK:   seq.quantized_matmul %{{.*}}, %{{.*}} lhs_zero(%{{.*}}) rhs_signed : (tensor<4x8xi8>, tensor<16x8xi8>, tensor<4xi8>) -> tensor<4x16xi32>
//       CHECK:   linalg.generic {indexing_maps = [#[[ID:.*]], #[[ROW:.*]], #[[COLUMN:.*]], #[[ID]]], {{.*}}} ins(%{{.*}} : tensor<4x16xi32>, tensor<4xf32>, tensor<16xf32>)
func.func @rows(%x: tensor<4x8xi8>, %w: tensor<16x8xi8>, %s: tensor<4xf32>, %p: tensor<4xi8>, %t: tensor<16x1xf32>) -> tensor<4x16xf32> {
  %f0 = arith.constant 0.0 : f32
  %e0 = tensor.empty() : tensor<4x8xf32>
  %a = linalg.generic {indexing_maps = [#id, #row, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s, %p : tensor<4x8xi8>, tensor<4xf32>, tensor<4xi8>) outs(%e0 : tensor<4x8xf32>) {
  ^bb0(%in: i8, %by: f32, %zero: i8, %out: f32):
    %0 = arith.extui %in : i8 to i32
    %1 = arith.extui %zero : i8 to i32
    %2 = arith.subi %0, %1 : i32
    %3 = arith.sitofp %2 : i32 to f32
    %4 = arith.mulf %3, %by : f32
    linalg.yield %4 : f32
  } -> tensor<4x8xf32>
  %e1 = tensor.empty() : tensor<16x8xf32>
  %b = linalg.generic {indexing_maps = [#id, #down, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w, %t : tensor<16x8xi8>, tensor<16x1xf32>) outs(%e1 : tensor<16x8xf32>) {
  ^bb0(%in: i8, %by: f32, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %by : f32
    linalg.yield %1 : f32
  } -> tensor<16x8xf32>
  %e2 = tensor.empty() : tensor<4x16xf32>
  %z = linalg.fill ins(%f0 : f32) outs(%e2 : tensor<4x16xf32>) -> tensor<4x16xf32>
  %r = linalg.matmul indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>]
      ins(%a, %b : tensor<4x8xf32>, tensor<16x8xf32>) outs(%z : tensor<4x16xf32>) -> tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}

/// A scale that changes along the depth, on either side, and one per row behind a reshape.

// CHECK-LABEL: func.func @along_the_depth
//   CHECK-NOT:   seq.quantized_matmul
// CHECK-COUNT-3: linalg.matmul
//   CHECK-NOT:   seq.quantized_matmul
func.func @along_the_depth(%x: tensor<8x8xi8>, %x3: tensor<2x4x8xi8>, %s: tensor<8xf32>, %s3: tensor<2x4xf32>)
    -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) {
  %f0 = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %along = linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : tensor<8x8xi8>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%in: i8, %by: f32, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %by : f32
    linalg.yield %1 : f32
  } -> tensor<8x8xf32>
  %down = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : tensor<8x8xi8>, tensor<8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%in: i8, %by: f32, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %by : f32
    linalg.yield %1 : f32
  } -> tensor<8x8xf32>
  %e3 = tensor.empty() : tensor<2x4x8xf32>
  %reshaped = linalg.generic {indexing_maps = [#id3, #row3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x3, %s3 : tensor<2x4x8xi8>, tensor<2x4xf32>) outs(%e3 : tensor<2x4x8xf32>) {
  ^bb0(%in: i8, %by: f32, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %by : f32
    linalg.yield %1 : f32
  } -> tensor<2x4x8xf32>
  %rows = tensor.collapse_shape %reshaped [[0, 1], [2]] : tensor<2x4x8xf32> into tensor<8x8xf32>
  %z = linalg.fill ins(%f0 : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r0 = linalg.matmul ins(%along, %along : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r1 = linalg.matmul ins(%down, %down : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r2 = linalg.matmul ins(%rows, %along : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %r0, %r1, %r2 : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
}

/// No bytes: a zero point that is none of its kind, one of the other kind, a signed number that is converted as an
/// unsigned one, numbers of 16 bits, and a number that is not scaled.

// CHECK-LABEL: func.func @no_bytes
//   CHECK-NOT:   seq.quantized_matmul
// CHECK-COUNT-5: linalg.matmul
//   CHECK-NOT:   seq.quantized_matmul
func.func @no_bytes(%x: tensor<8x8xi8>, %h: tensor<8x8xi16>, %p: i8, %s: f32)
    -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) {
  %f0 = arith.constant 0.0 : f32
  %c300 = arith.constant 300 : i32
  %e = tensor.empty() : tensor<8x8xf32>
  %good = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<8x8xi8>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<8x8xf32>
  %far = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<8x8xi8>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extui %in : i8 to i32
    %1 = arith.subi %0, %c300 : i32
    %2 = arith.sitofp %1 : i32 to f32
    %3 = arith.mulf %2, %s : f32
    linalg.yield %3 : f32
  } -> tensor<8x8xf32>
  %other = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<8x8xi8>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extui %in : i8 to i32
    %1 = arith.extsi %p : i8 to i32
    %2 = arith.subi %0, %1 : i32
    %3 = arith.sitofp %2 : i32 to f32
    %4 = arith.mulf %3, %s : f32
    linalg.yield %4 : f32
  } -> tensor<8x8xf32>
  %wrong = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<8x8xi8>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.extsi %in : i8 to i32
    %1 = arith.uitofp %0 : i32 to f32
    %2 = arith.mulf %1, %s : f32
    linalg.yield %2 : f32
  } -> tensor<8x8xf32>
  %wide = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h : tensor<8x8xi16>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%in: i16, %out: f32):
    %0 = arith.sitofp %in : i16 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<8x8xf32>
  %plain = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<8x8xi8>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.sitofp %in : i8 to f32
    linalg.yield %0 : f32
  } -> tensor<8x8xf32>
  %z = linalg.fill ins(%f0 : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r0 = linalg.matmul ins(%good, %far : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r1 = linalg.matmul ins(%other, %good : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r2 = linalg.matmul ins(%wrong, %good : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r3 = linalg.matmul ins(%wide, %good : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r4 = linalg.matmul ins(%good, %plain : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %r0, %r1, %r2, %r3, %r4 : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
}

/// A depth whose sums may leave 32 bits, and a right side of dynamic shape; a depth of one less is multiplied.

// CHECK-LABEL: func.func @shapes
//   CHECK-NOT:   seq.quantized_matmul
// CHECK-COUNT-2: linalg.matmul
//       CHECK:   seq.quantized_matmul {{.*}} : (tensor<4x33025xi8>, tensor<33025x2xi8>) -> tensor<4x2xi32>
//   CHECK-NOT:   seq.quantized_matmul
func.func @shapes(%x: tensor<4x33026xi8>, %w: tensor<33026x2xi8>, %d: tensor<?x?xi8>, %e: tensor<?x?xf32>, %s: f32)
    -> (tensor<4x2xf32>, tensor<?x?xf32>, tensor<4x2xf32>) {
  %f0 = arith.constant 0.0 : f32
  %ea = tensor.empty() : tensor<4x33026xf32>
  %eb = tensor.empty() : tensor<33026x2xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x33026xi8>) outs(%ea : tensor<4x33026xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<4x33026xf32>
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%w : tensor<33026x2xi8>) outs(%eb : tensor<33026x2xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<33026x2xf32>
  %c = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%d : tensor<?x?xi8>) outs(%e : tensor<?x?xf32>) {
  ^bb0(%in: i8, %out: f32):
    %0 = arith.uitofp %in : i8 to f32
    %1 = arith.mulf %0, %s : f32
    linalg.yield %1 : f32
  } -> tensor<?x?xf32>
  %ez = tensor.empty() : tensor<4x2xf32>
  %z = linalg.fill ins(%f0 : f32) outs(%ez : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r0 = linalg.matmul ins(%a, %b : tensor<4x33026xf32>, tensor<33026x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r1 = linalg.matmul ins(%c, %c : tensor<?x?xf32>, tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %as = tensor.extract_slice %a[0, 1] [4, 33025] [1, 1] : tensor<4x33026xf32> to tensor<4x33025xf32>
  %bs = tensor.extract_slice %b[1, 0] [33025, 2] [1, 1] : tensor<33026x2xf32> to tensor<33025x2xf32>
  %r2 = linalg.matmul ins(%as, %bs : tensor<4x33025xf32>, tensor<33025x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %r0, %r1, %r2 : tensor<4x2xf32>, tensor<?x?xf32>, tensor<4x2xf32>
}
