// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-recognize-quantized),canonicalize,cse)' | FileCheck %s

/// One scale and zero point on the left; a scale and a zero point per column on the right.

// CHECK-LABEL: func.func @columns
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<?x8xi8>, %[[W:[a-z0-9]+]]: tensor<8x16xi8>, %[[S:[a-z0-9]+]]: tensor<16xf32>, %[[Q:[a-z0-9]+]]: tensor<16xi8>
//   CHECK-DAG:   %[[SCALE:.*]] = arith.constant 2.500000e-01 : f32
//   CHECK-DAG:   %[[P:.*]] = arith.constant dense<-128> : tensor<i8>
//       CHECK:   %[[SUM:.*]] = seq.quantized_matmul %[[X]], %[[W]] lhs_zero(%[[P]]) rhs_zero(%[[Q]]) rhs_signed transposed : (tensor<?x8xi8>, tensor<8x16xi8>, tensor<i8>, tensor<16xi8>) -> tensor<?x16xi32>
//       CHECK:   linalg.generic {indexing_maps = [#[[ID:.*]], #[[COLUMN:.*]], #[[ID]]], {{.*}}} ins(%[[SUM]], %[[S]] :
//       CHECK:     %[[F:.*]] = arith.sitofp %{{.*}} : i32 to f32
//       CHECK:     %[[L:.*]] = arith.mulf %[[F]], %[[SCALE]] : f32
//       CHECK:     %[[Y:.*]] = arith.mulf %[[L]], %{{.*}} : f32
//       CHECK:     linalg.yield %[[Y]]
func.func @columns(%x: tensor<?x8xi8>, %w: tensor<8x16xi8>, %s: tensor<16xf32>, %q: tensor<16xi8>,
                   %e: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %scale = arith.constant dense<0.25> : tensor<f32>
  %point = arith.constant dense<128> : tensor<i8>
  %f0 = arith.constant 0.0 : f32
  %a = seq.dequantize unsigned %x scale(%scale) zero(%point) : (tensor<?x8xi8>, tensor<f32>, tensor<i8>) -> tensor<?x8xf32>
  %b = seq.dequantize %w scale(%s) zero(%q) axis 1 : (tensor<8x16xi8>, tensor<16xf32>, tensor<16xi8>) -> tensor<8x16xf32>
  %z = linalg.fill ins(%f0 : f32) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %r = linalg.matmul ins(%a, %b : tensor<?x8xf32>, tensor<8x16xf32>) outs(%z : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %r : tensor<?x16xf32>
}

/// Rows under another shape, a weight that is transposed, scales that are given, a start that is no zero; a zero point
/// of 0 is none.

// CHECK-LABEL: func.func @moved
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<2x3x8xi8>, %[[W:[a-z0-9]+]]: tensor<16x8xi8>, %[[S:[a-z0-9]+]]: tensor<f64>, %[[T:[a-z0-9]+]]: tensor<f64>, %[[P:[a-z0-9]+]]: tensor<i8>, %[[INIT:[a-z0-9]+]]: tensor<6x16xf64>
//       CHECK:   %[[ROWS:.*]] = tensor.collapse_shape %[[X]] {{\[\[}}0, 1], [2]] : tensor<2x3x8xi8> into tensor<6x8xi8>
//       CHECK:   %[[SUM:.*]] = seq.quantized_matmul %[[ROWS]], %[[W]] lhs_zero(%[[P]]) lhs_signed : (tensor<6x8xi8>, tensor<16x8xi8>, tensor<i8>) -> tensor<6x16xi32>
//       CHECK:   linalg.generic {{.*}} ins(%[[SUM]], %[[S]], %[[T]], %[[INIT]] :
//       CHECK:     %[[L:.*]] = arith.mulf
//       CHECK:     %[[R:.*]] = arith.mulf %[[L]], %{{.*}} : f64
//       CHECK:     arith.addf %[[R]], %{{.*}} : f64
func.func @moved(%x: tensor<2x3x8xi8>, %w: tensor<16x8xi8>, %s: tensor<f64>, %t: tensor<f64>, %p: tensor<i8>,
                 %init: tensor<6x16xf64>) -> tensor<6x16xf64> {
  %none = arith.constant dense<0> : tensor<i8>
  %a = seq.dequantize %x scale(%s) zero(%p) : (tensor<2x3x8xi8>, tensor<f64>, tensor<i8>) -> tensor<2x3x8xf64>
  %b = seq.dequantize unsigned %w scale(%t) zero(%none) : (tensor<16x8xi8>, tensor<f64>, tensor<i8>) -> tensor<16x8xf64>
  %rows = tensor.collapse_shape %a [[0, 1], [2]] : tensor<2x3x8xf64> into tensor<6x8xf64>
  %e = tensor.empty() : tensor<8x16xf64>
  %bt = linalg.transpose ins(%b : tensor<16x8xf64>) outs(%e : tensor<8x16xf64>) permutation = [1, 0]
  %r = linalg.matmul ins(%rows, %bt : tensor<6x8xf64>, tensor<8x16xf64>) outs(%init : tensor<6x16xf64>) -> tensor<6x16xf64>
  return %r : tensor<6x16xf64>
}

/// A scale and a zero point per row, and a weight [N, K] with a scale per column of the product.

// CHECK-LABEL: func.func @rows
//       CHECK:   seq.quantized_matmul %{{.*}}, %{{.*}} lhs_zero(%{{.*}}) rhs_signed : (tensor<4x8xi8>, tensor<16x8xi8>, tensor<4xi8>) -> tensor<4x16xi32>
//       CHECK:   linalg.generic {indexing_maps = [#[[ID:.*]], #[[ROW:.*]], #[[COLUMN:.*]], #[[ID]]], {{.*}}} ins(%{{.*}} : tensor<4x16xi32>, tensor<4xf32>, tensor<16xf32>)
func.func @rows(%x: tensor<4x8xi8>, %w: tensor<16x8xi8>, %s: tensor<4xf32>, %p: tensor<4xi8>, %t: tensor<16xf32>) -> tensor<4x16xf32> {
  %f0 = arith.constant 0.0 : f32
  %a = seq.dequantize unsigned %x scale(%s) zero(%p) axis 0 : (tensor<4x8xi8>, tensor<4xf32>, tensor<4xi8>) -> tensor<4x8xf32>
  %b = seq.dequantize %w scale(%t) axis 0 : (tensor<16x8xi8>, tensor<16xf32>) -> tensor<16x8xf32>
  %e = tensor.empty() : tensor<4x16xf32>
  %z = linalg.fill ins(%f0 : f32) outs(%e : tensor<4x16xf32>) -> tensor<4x16xf32>
  %r = linalg.matmul indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>]
      ins(%a, %b : tensor<4x8xf32>, tensor<16x8xf32>) outs(%z : tensor<4x16xf32>) -> tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}

/// A scale that changes along the depth, on either side, one per row behind a reshape, and one per block.

// CHECK-LABEL: func.func @along_the_depth
//   CHECK-NOT:   seq.quantized_matmul
// CHECK-COUNT-4: linalg.matmul
//   CHECK-NOT:   seq.quantized_matmul
func.func @along_the_depth(%x: tensor<8x8xi8>, %x3: tensor<2x4x8xi8>, %s: tensor<8xf32>, %s3: tensor<2xf32>, %one: tensor<f32>,
                           %blocks: tensor<2x8xf32>)
    -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) {
  %f0 = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %good = seq.dequantize unsigned %x scale(%one) : (tensor<8x8xi8>, tensor<f32>) -> tensor<8x8xf32>
  %along = seq.dequantize unsigned %x scale(%s) axis 1 : (tensor<8x8xi8>, tensor<8xf32>) -> tensor<8x8xf32>
  %down = seq.dequantize unsigned %x scale(%s) axis 0 : (tensor<8x8xi8>, tensor<8xf32>) -> tensor<8x8xf32>
  %reshaped = seq.dequantize unsigned %x3 scale(%s3) axis 0 : (tensor<2x4x8xi8>, tensor<2xf32>) -> tensor<2x4x8xf32>
  %by_blocks = seq.dequantize unsigned %x scale(%blocks) axis 0 block 4 : (tensor<8x8xi8>, tensor<2x8xf32>) -> tensor<8x8xf32>
  %rows = tensor.collapse_shape %reshaped [[0, 1], [2]] : tensor<2x4x8xf32> into tensor<8x8xf32>
  %z = linalg.fill ins(%f0 : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r0 = linalg.matmul ins(%along, %good : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r1 = linalg.matmul ins(%good, %down : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r2 = linalg.matmul ins(%rows, %good : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r3 = linalg.matmul ins(%good, %by_blocks : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %r0, %r1, %r2, %r3 : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
}

/// No bytes: numbers of 16 bits, numbers that were never integers, and ones that are rounded to another type than that of
/// their scale.

// CHECK-LABEL: func.func @no_bytes
//   CHECK-NOT:   seq.quantized_matmul
// CHECK-COUNT-3: linalg.matmul
//   CHECK-NOT:   seq.quantized_matmul
func.func @no_bytes(%x: tensor<8x8xi8>, %h: tensor<8x8xi16>, %f: tensor<8x8xf32>, %s: tensor<f32>, %d: tensor<f64>)
    -> (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) {
  %f0 = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x8xf32>
  %good = seq.dequantize %x scale(%s) : (tensor<8x8xi8>, tensor<f32>) -> tensor<8x8xf32>
  %wide = seq.dequantize %h scale(%s) : (tensor<8x8xi16>, tensor<f32>) -> tensor<8x8xf32>
  %other = seq.dequantize %x scale(%d) : (tensor<8x8xi8>, tensor<f64>) -> tensor<8x8xf32>
  %z = linalg.fill ins(%f0 : f32) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r0 = linalg.matmul ins(%wide, %good : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r1 = linalg.matmul ins(%good, %f : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r2 = linalg.matmul ins(%good, %other : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %r0, %r1, %r2 : tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>
}

/// A depth whose sums may leave 32 bits, and a right side of dynamic shape; a depth of one less is multiplied.

// CHECK-LABEL: func.func @shapes
//   CHECK-NOT:   seq.quantized_matmul
// CHECK-COUNT-2: linalg.matmul
//       CHECK:   seq.quantized_matmul {{.*}} : (tensor<4x33025xi8>, tensor<33025x2xi8>) -> tensor<4x2xi32>
//   CHECK-NOT:   seq.quantized_matmul
func.func @shapes(%x: tensor<4x33026xi8>, %w: tensor<33026x2xi8>, %d: tensor<?x?xi8>, %e: tensor<?x?xf32>, %s: tensor<f32>)
    -> (tensor<4x2xf32>, tensor<?x?xf32>, tensor<4x2xf32>) {
  %f0 = arith.constant 0.0 : f32
  %a = seq.dequantize unsigned %x scale(%s) : (tensor<4x33026xi8>, tensor<f32>) -> tensor<4x33026xf32>
  %b = seq.dequantize unsigned %w scale(%s) : (tensor<33026x2xi8>, tensor<f32>) -> tensor<33026x2xf32>
  %c = seq.dequantize unsigned %d scale(%s) : (tensor<?x?xi8>, tensor<f32>) -> tensor<?x?xf32>
  %ez = tensor.empty() : tensor<4x2xf32>
  %z = linalg.fill ins(%f0 : f32) outs(%ez : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r0 = linalg.matmul ins(%a, %b : tensor<4x33026xf32>, tensor<33026x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r1 = linalg.matmul ins(%c, %c : tensor<?x?xf32>, tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %as = tensor.extract_slice %a[0, 1] [4, 33025] [1, 1] : tensor<4x33026xf32> to tensor<4x33025xf32>
  %bs = tensor.extract_slice %b[1, 0] [33025, 2] [1, 1] : tensor<33026x2xf32> to tensor<33025x2xf32>
  %r2 = linalg.matmul ins(%as, %bs : tensor<4x33025xf32>, tensor<33025x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %r0, %r1, %r2 : tensor<4x2xf32>, tensor<?x?xf32>, tensor<4x2xf32>
}
