// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-recognize-patterns,canonicalize,cse)' | FileCheck %s
// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-recognize-patterns{disabled=attention},canonicalize,cse)' | FileCheck %s --check-prefix=OFF

// OFF-NOT: seq.attention

#id = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#mask = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#left = affine_map<(b, h, m, n, k) -> (b, h, m, k)>
#right = affine_map<(b, h, m, n, k) -> (b, h, k, n)>
#out = affine_map<(b, h, m, n, k) -> (b, h, m, n)>
#left3 = affine_map<(h, m, n, k) -> (h, m, k)>
#right3 = affine_map<(h, m, n, k) -> (h, k, n)>
#out3 = affine_map<(h, m, n, k) -> (h, m, n)>
#last2 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>

/// Scores that are scaled, and what is added to them; keys are transposed, and each of their two heads is repeated.

// CHECK-LABEL: func.func @grouped
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: tensor<?x4x?x8xf32>, %[[K:[a-z0-9]+]]: tensor<?x2x?x8xf32>, %[[V:[a-z0-9]+]]: tensor<?x2x?x8xf32>, %[[M:[a-z0-9]+]]: tensor<?x1x?x?xf32>
//       CHECK:   %[[Y:.*]] = seq.attention scaled %[[Q]], %[[K]], %[[V]] bias(%[[M]] : tensor<?x1x?x?xf32>) {scale = 2.500000e-01 : f64}
//       CHECK:   return %[[Y]]
func.func @grouped(%q: tensor<?x4x?x8xf32>, %k: tensor<?x2x?x8xf32>, %v: tensor<?x2x?x8xf32>,
                   %mask: tensor<?x1x?x?xf32>) -> tensor<?x4x?x8xf32> {
  %zero = arith.constant 0.0 : f32
  %two = arith.constant 2.0 : f32
  %half = arith.constant 0.5 : f32
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %q, %c0 : tensor<?x4x?x8xf32>
  %t = tensor.dim %q, %c2 : tensor<?x4x?x8xf32>
  %s = tensor.dim %k, %c2 : tensor<?x2x?x8xf32>
  %e5 = tensor.empty(%b, %s) : tensor<?x2x2x?x8xf32>
  %k5 = linalg.broadcast ins(%k : tensor<?x2x?x8xf32>) outs(%e5 : tensor<?x2x2x?x8xf32>) dimensions = [2]
  %k4 = tensor.collapse_shape %k5 [[0], [1, 2], [3], [4]] : tensor<?x2x2x?x8xf32> into tensor<?x4x?x8xf32>
  %v5 = linalg.broadcast ins(%v : tensor<?x2x?x8xf32>) outs(%e5 : tensor<?x2x2x?x8xf32>) dimensions = [2]
  %v4 = tensor.collapse_shape %v5 [[0], [1, 2], [3], [4]] : tensor<?x2x2x?x8xf32> into tensor<?x4x?x8xf32>
  %et = tensor.empty(%b, %s) : tensor<?x4x8x?xf32>
  %turned = linalg.transpose ins(%k4 : tensor<?x4x?x8xf32>) outs(%et : tensor<?x4x8x?xf32>) permutation = [0, 1, 3, 2]
  %smaller = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%q : tensor<?x4x?x8xf32>) outs(%q : tensor<?x4x?x8xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = arith.divf %in, %two : f32
    linalg.yield %0 : f32
  } -> tensor<?x4x?x8xf32>
  %es = tensor.empty(%b, %t, %s) : tensor<?x4x?x?xf32>
  %zs = linalg.fill ins(%zero : f32) outs(%es : tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  %products = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%smaller, %turned : tensor<?x4x?x8xf32>, tensor<?x4x8x?xf32>) outs(%zs : tensor<?x4x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?x4x?x?xf32>
  %scores = linalg.generic {indexing_maps = [#id, #mask, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%products, %mask : tensor<?x4x?x?xf32>, tensor<?x1x?x?xf32>) outs(%es : tensor<?x4x?x?xf32>) {
  ^bb0(%in: f32, %m: f32, %o: f32):
    %0 = arith.mulf %in, %half : f32
    %1 = arith.addf %m, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?x4x?x?xf32>
  %shares = seq.softmax %scores dims [3] : tensor<?x4x?x?xf32>
  %ey = tensor.empty(%b, %t) : tensor<?x4x?x8xf32>
  %zy = linalg.fill ins(%zero : f32) outs(%ey : tensor<?x4x?x8xf32>) -> tensor<?x4x?x8xf32>
  %r = linalg.generic {indexing_maps = [#left, #right, #out], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%shares, %v4 : tensor<?x4x?x?xf32>, tensor<?x4x?x8xf32>) outs(%zy : tensor<?x4x?x8xf32>) {
  ^bb0(%x: f32, %y: f32, %o: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?x4x?x8xf32>
  return %r : tensor<?x4x?x8xf32>
}

/// A batch of 1 that products leave out. Where the mask is set scores are replaced; queries and values are halves.

// CHECK-LABEL: func.func @replaced
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: tensor<1x4x6x8xf16>, %[[K:[a-z0-9]+]]: tensor<4x5x8xf32>, %[[V:[a-z0-9]+]]: tensor<1x4x5x8xf16>, %[[M:[a-z0-9]+]]: tensor<6x5xi1>
//   CHECK-DAG:   %[[WIDE:.*]] = linalg.generic {{.*}} ins(%[[Q]] : tensor<1x4x6x8xf16>)
//   CHECK-DAG:   %[[KEYS:.*]] = tensor.expand_shape %[[K]] {{\[\[}}0, 1], [2], [3]] output_shape [1, 4, 5, 8]
//   CHECK-DAG:   %[[MASK:.*]] = tensor.expand_shape %[[M]] {{\[\[}}0, 1, 2], [3]] output_shape [1, 1, 6, 5]
//   CHECK-DAG:   %[[SHOWN:.*]] = linalg.generic {{.*}} ins(%[[MASK]] : tensor<1x1x6x5xi1>)
//       CHECK:   %[[Y:.*]] = seq.attention scaled %[[WIDE]], %[[KEYS]], %{{.*}} mask(%[[SHOWN]] : tensor<1x1x6x5xi1>) {masked_score = -1.000000e+04 : f64, scale = 1.000000e+00 : f64}
//       CHECK:   tensor.collapse_shape %[[Y]] {{\[\[}}0, 1], [2], [3]]
func.func @replaced(%q: tensor<1x4x6x8xf16>, %k: tensor<4x5x8xf32>, %v: tensor<1x4x5x8xf16>, %mask: tensor<6x5xi1>)
    -> tensor<4x6x8xf32> {
  %zero = arith.constant 0.0 : f32
  %low = arith.constant -10000.0 : f32
  %q3 = tensor.collapse_shape %q [[0, 1], [2], [3]] : tensor<1x4x6x8xf16> into tensor<4x6x8xf16>
  %v3 = tensor.collapse_shape %v [[0, 1], [2], [3]] : tensor<1x4x5x8xf16> into tensor<4x5x8xf16>
  %es = tensor.empty() : tensor<4x6x5xf32>
  %zs = linalg.fill ins(%zero : f32) outs(%es : tensor<4x6x5xf32>) -> tensor<4x6x5xf32>
  %products = linalg.generic {indexing_maps = [#left3, affine_map<(h, m, n, k) -> (h, n, k)>, #out3], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%q3, %k : tensor<4x6x8xf16>, tensor<4x5x8xf32>) outs(%zs : tensor<4x6x5xf32>) {
  ^bb0(%x: f16, %y: f32, %o: f32):
    %0 = arith.extf %x : f16 to f32
    %1 = arith.mulf %0, %y : f32
    %2 = arith.addf %o, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x6x5xf32>
  %wide = tensor.expand_shape %products [[0, 1], [2], [3]] output_shape [1, 4, 6, 5] : tensor<4x6x5xf32> into tensor<1x4x6x5xf32>
  %e4 = tensor.empty() : tensor<1x4x6x5xf32>
  %scores = linalg.generic {indexing_maps = [#last2, #id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%mask, %wide : tensor<6x5xi1>, tensor<1x4x6x5xf32>) outs(%e4 : tensor<1x4x6x5xf32>) {
  ^bb0(%m: i1, %in: f32, %o: f32):
    %0 = arith.select %m, %low, %in : f32
    linalg.yield %0 : f32
  } -> tensor<1x4x6x5xf32>
  %shares = seq.softmax %scores dims [3] : tensor<1x4x6x5xf32>
  %shares3 = tensor.collapse_shape %shares [[0, 1], [2], [3]] : tensor<1x4x6x5xf32> into tensor<4x6x5xf32>
  %ey = tensor.empty() : tensor<4x6x8xf32>
  %zy = linalg.fill ins(%zero : f32) outs(%ey : tensor<4x6x8xf32>) -> tensor<4x6x8xf32>
  %r = linalg.generic {indexing_maps = [#left3, #right3, #out3], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%shares3, %v3 : tensor<4x6x5xf32>, tensor<4x5x8xf16>) outs(%zy : tensor<4x6x8xf32>) {
  ^bb0(%x: f32, %y: f16, %o: f32):
    %0 = arith.extf %y : f16 to f32
    %1 = arith.mulf %x, %0 : f32
    %2 = arith.addf %o, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x6x8xf32>
  return %r : tensor<4x6x8xf32>
}

/// Without batch and heads. The masks of scores that are scaled again, shares that leave, a softmax along queries and a
/// negative scale make no attention.

// CHECK-LABEL: func.func @plain
//       CHECK:   seq.attention scaled {{.*}} {scale = 1.000000e+00 : f64} : (tensor<1x1x6x8xf32>, tensor<1x1x5x8xf32>, tensor<1x1x5x3xf32>) -> tensor<1x1x6x3xf32>
func.func @plain(%q: tensor<6x8xf32>, %k: tensor<8x5xf32>, %v: tensor<5x3xf32>, %zs: tensor<6x5xf32>, %zy: tensor<6x3xf32>) -> tensor<6x3xf32> {
  %zero = arith.constant 0.0 : f32
  %es = linalg.fill ins(%zero : f32) outs(%zs : tensor<6x5xf32>) -> tensor<6x5xf32>
  %ey = linalg.fill ins(%zero : f32) outs(%zy : tensor<6x3xf32>) -> tensor<6x3xf32>
  %scores = linalg.matmul ins(%q, %k : tensor<6x8xf32>, tensor<8x5xf32>) outs(%es : tensor<6x5xf32>) -> tensor<6x5xf32>
  %shares = seq.softmax %scores dims [1] : tensor<6x5xf32>
  %r = linalg.matmul ins(%shares, %v : tensor<6x5xf32>, tensor<5x3xf32>) outs(%ey : tensor<6x3xf32>) -> tensor<6x3xf32>
  return %r : tensor<6x3xf32>
}

// CHECK-LABEL: func.func @none
//   CHECK-NOT:   seq.attention
func.func @none(%q: tensor<6x8xf32>, %other: tensor<6x8xf32>, %third: tensor<6x8xf32>, %k: tensor<8x5xf32>, %v: tensor<5x3xf32>, %mask: tensor<6x5xf32>, %zs: tensor<6x5xf32>, %zy: tensor<6x3xf32>)
    -> (tensor<6x3xf32>, tensor<6x3xf32>, tensor<6x5xf32>, tensor<6x3xf32>, tensor<6x3xf32>) {
  %zero = arith.constant 0.0 : f32
  %two = arith.constant 2.0 : f32
  %minus = arith.constant -1.0 : f32
  %es = linalg.fill ins(%zero : f32) outs(%zs : tensor<6x5xf32>) -> tensor<6x5xf32>
  %ey = linalg.fill ins(%zero : f32) outs(%zy : tensor<6x3xf32>) -> tensor<6x3xf32>
  %s0 = linalg.matmul ins(%q, %k : tensor<6x8xf32>, tensor<8x5xf32>) outs(%es : tensor<6x5xf32>) -> tensor<6x5xf32>
  %m0 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%s0, %mask : tensor<6x5xf32>, tensor<6x5xf32>) outs(%zs : tensor<6x5xf32>) {
  ^bb0(%in: f32, %m: f32, %o: f32):
    %0 = arith.addf %in, %m : f32
    %1 = arith.mulf %0, %two : f32
    linalg.yield %1 : f32
  } -> tensor<6x5xf32>
  %p0 = seq.softmax %m0 dims [1] : tensor<6x5xf32>
  %r0 = linalg.matmul ins(%p0, %v : tensor<6x5xf32>, tensor<5x3xf32>) outs(%ey : tensor<6x3xf32>) -> tensor<6x3xf32>
  %s1 = linalg.matmul ins(%other, %k : tensor<6x8xf32>, tensor<8x5xf32>) outs(%es : tensor<6x5xf32>) -> tensor<6x5xf32>
  %p1 = seq.softmax %s1 dims [1] : tensor<6x5xf32>
  %r1 = linalg.matmul ins(%p1, %v : tensor<6x5xf32>, tensor<5x3xf32>) outs(%ey : tensor<6x3xf32>) -> tensor<6x3xf32>
  %s2 = linalg.matmul ins(%third, %k : tensor<6x8xf32>, tensor<8x5xf32>) outs(%es : tensor<6x5xf32>) -> tensor<6x5xf32>
  %p2 = seq.softmax %s2 dims [0] : tensor<6x5xf32>
  %r2 = linalg.matmul ins(%p2, %v : tensor<6x5xf32>, tensor<5x3xf32>) outs(%ey : tensor<6x3xf32>) -> tensor<6x3xf32>
  %k3 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%k : tensor<8x5xf32>) outs(%k : tensor<8x5xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = arith.mulf %in, %minus : f32
    linalg.yield %0 : f32
  } -> tensor<8x5xf32>
  %s3 = linalg.matmul ins(%q, %k3 : tensor<6x8xf32>, tensor<8x5xf32>) outs(%es : tensor<6x5xf32>) -> tensor<6x5xf32>
  %p3 = seq.softmax %s3 dims [1] : tensor<6x5xf32>
  %r3 = linalg.matmul ins(%p3, %v : tensor<6x5xf32>, tensor<5x3xf32>) outs(%ey : tensor<6x3xf32>) -> tensor<6x3xf32>
  return %r0, %r1, %p1, %r2, %r3 : tensor<6x3xf32>, tensor<6x3xf32>, tensor<6x5xf32>, tensor<6x3xf32>, tensor<6x3xf32>
}
