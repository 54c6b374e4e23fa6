// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-recognize-patterns,canonicalize,cse)' | FileCheck %s
// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-recognize-patterns{disabled=rms_norm|gelu},canonicalize,cse)' | FileCheck %s --check-prefix=SOME
// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-recognize-patterns{disabled=all},canonicalize,cse)' | FileCheck %s --check-prefix=NONE

// CHECK: module attributes {seq.recognized = {gelu = {gelu = 1 : i64}, gelu_tanh = {gelu_tanh = 1 : i64}, halves = {rms_norm = 1 : i64}, layer = {layer_norm = 1 : i64}, rms = {rms_norm = 1 : i64}}}
// SOME: module attributes {seq.recognized = {gelu_tanh = {gelu_tanh = 1 : i64}, layer = {layer_norm = 1 : i64}}}
// NONE-NOT: seq.recognized
// NONE-NOT: seq.norm

#id = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#rows = affine_map<(d0, d1, d2) -> (d0, d1)>
#one = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
#last = affine_map<(d0, d1, d2) -> (d2)>
#id2 = affine_map<(d0, d1) -> (d0, d1)>
#row2 = affine_map<(d0, d1) -> (d0)>

/// A layer norm as exporters write it, over an extent that stays as 1; its scale has a leading 1.

// CHECK-LABEL: func.func @layer
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<?x?x16xf32>, %[[S:[a-z0-9]+]]: tensor<1x16xf32>, %[[B:[a-z0-9]+]]: tensor<16xf32>
//       CHECK:   %[[SCALE:.*]] = tensor.collapse_shape %[[S]] {{.*}} : tensor<1x16xf32> into tensor<16xf32>
//       CHECK:   %[[Y:.*]] = seq.norm layer %[[X]] from 2 epsilon {{.*}} scale(%[[SCALE]]) bias(%[[B]])
//       CHECK:   return %[[Y]]
func.func @layer(%x: tensor<?x?x16xf32>, %scale: tensor<1x16xf32>, %bias: tensor<16xf32>, %e: tensor<?x?xf32>,
                 %e1: tensor<?x?x1xf32>, %b: index, %t: index) -> tensor<?x?x16xf32> {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 16.0 : f32
  %epsilon = arith.constant 1.0e-5 : f32
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %sum = linalg.generic {indexing_maps = [#id, #rows], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x : tensor<?x?x16xf32>) outs(%z : tensor<?x?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  } -> tensor<?x?xf32>
  %wide = tensor.expand_shape %sum [[0], [1, 2]] output_shape [%b, %t, 1] : tensor<?x?xf32> into tensor<?x?x1xf32>
  %mean = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%wide : tensor<?x?x1xf32>) outs(%e1 : tensor<?x?x1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.divf %in, %n : f32
    linalg.yield %0 : f32
  } -> tensor<?x?x1xf32>
  %centered = linalg.generic {indexing_maps = [#id, #one, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %mean : tensor<?x?x16xf32>, tensor<?x?x1xf32>) outs(%x : tensor<?x?x16xf32>) {
  ^bb0(%in: f32, %m: f32, %out: f32):
    %0 = arith.subf %in, %m : f32
    linalg.yield %0 : f32
  } -> tensor<?x?x16xf32>
  %squares = linalg.generic {indexing_maps = [#id, #rows], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%centered : tensor<?x?x16xf32>) outs(%z : tensor<?x?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %in, %in : f32
    %1 = arith.addf %out, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?x?xf32>
  %normed = linalg.generic {indexing_maps = [#id, #rows, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%centered, %squares : tensor<?x?x16xf32>, tensor<?x?xf32>) outs(%x : tensor<?x?x16xf32>) {
  ^bb0(%in: f32, %square: f32, %out: f32):
    %0 = arith.divf %square, %n : f32
    %1 = arith.addf %epsilon, %0 : f32
    %2 = math.sqrt %1 : f32
    %3 = arith.divf %in, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<?x?x16xf32>
  %flat = tensor.collapse_shape %scale [[0, 1]] : tensor<1x16xf32> into tensor<16xf32>
  %scaled = linalg.generic {indexing_maps = [#last, #id, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%flat, %normed : tensor<16xf32>, tensor<?x?x16xf32>) outs(%x : tensor<?x?x16xf32>) {
  ^bb0(%by: f32, %in: f32, %out: f32):
    %0 = arith.mulf %by, %in : f32
    linalg.yield %0 : f32
  } -> tensor<?x?x16xf32>
  %y = linalg.generic {indexing_maps = [#id, #last, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%scaled, %bias : tensor<?x?x16xf32>, tensor<16xf32>) outs(%x : tensor<?x?x16xf32>) {
  ^bb0(%in: f32, %by: f32, %out: f32):
    %0 = arith.addf %in, %by : f32
    linalg.yield %0 : f32
  } -> tensor<?x?x16xf32>
  return %y : tensor<?x?x16xf32>
}

/// An RMS norm with a reciprocal; what else is multiplied stays outside.

// CHECK-LABEL: func.func @rms
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<4x8xf32>, %[[S:[a-z0-9]+]]: tensor<4xf32>
//       CHECK:   %[[Y:.*]] = seq.norm rms %[[X]] from 1 epsilon {{[^ ]+}} : (tensor<4x8xf32>) -> tensor<4x8xf32>
//       CHECK:   linalg.generic {{.*}} ins(%[[Y]], %[[S]]
func.func @rms(%x: tensor<4x8xf32>, %scale: tensor<4xf32>, %e: tensor<4xf32>) -> tensor<4x8xf32> {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %n = arith.constant 8.0 : f32
  %epsilon = arith.constant 1.0e-6 : f32
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %squares = linalg.generic {indexing_maps = [#id2, #row2], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%z : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %in, %in : f32
    %1 = arith.addf %0, %out : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id2, #row2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%x, %squares : tensor<4x8xf32>, tensor<4xf32>) outs(%x : tensor<4x8xf32>) {
  ^bb0(%in: f32, %square: f32, %out: f32):
    %0 = arith.divf %square, %n : f32
    %1 = arith.addf %0, %epsilon : f32
    %2 = math.sqrt %1 : f32
    %3 = arith.divf %one, %2 : f32
    %4 = arith.mulf %3, %in : f32
    linalg.yield %4 : f32
  } -> tensor<4x8xf32>
  %r = linalg.generic {indexing_maps = [#id2, #row2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%y, %scale : tensor<4x8xf32>, tensor<4xf32>) outs(%x : tensor<4x8xf32>) {
  ^bb0(%in: f32, %by: f32, %out: f32):
    %0 = arith.mulf %in, %by : f32
    linalg.yield %0 : f32
  } -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}

/// Halves, rounded on the way, scaled behind.

// CHECK-LABEL: func.func @halves
//       CHECK:   seq.norm rms %{{.*}} from 1 epsilon {{.*}} scale(%{{.*}}) : (tensor<4x8xf16>, tensor<8xf16>) -> tensor<4x8xf16>
func.func @halves(%x: tensor<4x8xf16>, %scale: tensor<8xf16>, %e: tensor<4xf32>) -> tensor<4x8xf16> {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 8.0 : f32
  %epsilon = arith.constant 1.0e-6 : f32
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %squares = linalg.generic {indexing_maps = [#id2, #row2], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf16>) outs(%z : tensor<4xf32>) {
  ^bb0(%in: f16, %out: f32):
    %0 = arith.extf %in : f16 to f32
    %1 = arith.mulf %0, %0 : f32
    %2 = arith.truncf %1 : f32 to f16
    %3 = arith.extf %2 : f16 to f32
    %4 = arith.addf %3, %out : f32
    linalg.yield %4 : f32
  } -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id2, #row2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%x, %squares : tensor<4x8xf16>, tensor<4xf32>) outs(%x : tensor<4x8xf16>) {
  ^bb0(%in: f16, %square: f32, %out: f16):
    %0 = arith.divf %square, %n : f32
    %1 = arith.addf %0, %epsilon : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.extf %in : f16 to f32
    %4 = arith.mulf %3, %2 : f32
    %5 = arith.truncf %4 : f32 to f16
    linalg.yield %5 : f16
  } -> tensor<4x8xf16>
  %r = linalg.generic {indexing_maps = [#id2, affine_map<(d0, d1) -> (d1)>, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%y, %scale : tensor<4x8xf16>, tensor<8xf16>) outs(%x : tensor<4x8xf16>) {
  ^bb0(%in: f16, %by: f16, %out: f16):
    %0 = arith.mulf %in, %by : f16
    linalg.yield %0 : f16
  } -> tensor<4x8xf16>
  return %r : tensor<4x8xf16>
}

/// No norms: another divisor than the number of elements, the mean of another tensor, epsilon outside of the root.

// CHECK-LABEL: func.func @other
//   CHECK-NOT:   seq.norm
//       CHECK:   return
func.func @other(%x: tensor<4x8xf32>, %other: tensor<4x8xf32>, %e: tensor<4xf32>)
    -> (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 8.0 : f32
  %seven = arith.constant 7.0 : f32
  %epsilon = arith.constant 1.0e-6 : f32
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %squares = linalg.generic {indexing_maps = [#id2, #row2], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%z : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %in, %in : f32
    %1 = arith.addf %0, %out : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %a = linalg.generic {indexing_maps = [#id2, #row2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%x, %squares : tensor<4x8xf32>, tensor<4xf32>) outs(%x : tensor<4x8xf32>) {
  ^bb0(%in: f32, %square: f32, %out: f32):
    %0 = arith.divf %square, %seven : f32
    %1 = arith.addf %0, %epsilon : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %2, %in : f32
    linalg.yield %3 : f32
  } -> tensor<4x8xf32>
  %b = linalg.generic {indexing_maps = [#id2, #row2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%other, %squares : tensor<4x8xf32>, tensor<4xf32>) outs(%x : tensor<4x8xf32>) {
  ^bb0(%in: f32, %square: f32, %out: f32):
    %0 = arith.divf %square, %n : f32
    %1 = arith.addf %0, %epsilon : f32
    %2 = math.rsqrt %1 : f32
    %3 = arith.mulf %2, %in : f32
    linalg.yield %3 : f32
  } -> tensor<4x8xf32>
  %c = linalg.generic {indexing_maps = [#id2, #row2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%x, %squares : tensor<4x8xf32>, tensor<4xf32>) outs(%x : tensor<4x8xf32>) {
  ^bb0(%in: f32, %square: f32, %out: f32):
    %0 = arith.divf %square, %n : f32
    %1 = math.sqrt %0 : f32
    %2 = arith.addf %1, %epsilon : f32
    %3 = arith.divf %in, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<4x8xf32>
  return %a, %b, %c : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
}

/// GELU, cut in two ops: half of x times (1 + erf (x / sqrt 2)).

// CHECK-LABEL: func.func @gelu(
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<?x8xf32>
//       CHECK:   linalg.generic {{.*}} ins(%[[X]] : tensor<?x8xf32>)
//       CHECK:     %[[A:.*]] = arith.mulf %{{.*}}, %{{.*}} : f32
//       CHECK:     math.erf %[[A]]
//   CHECK-NOT:   linalg.generic
func.func @gelu(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %root = arith.constant 1.41421354 : f32
  %f = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x8xf32>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.divf %in, %root : f32
    %1 = math.erf %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?x8xf32>
  %y = linalg.generic {indexing_maps = [#id2, #id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%x, %f : tensor<?x8xf32>, tensor<?x8xf32>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%in: f32, %erf: f32, %out: f32):
    %0 = arith.addf %one, %erf : f32
    %1 = arith.mulf %in, %0 : f32
    %2 = arith.mulf %1, %half : f32
    linalg.yield %2 : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

/// Its approximation, with x^3 as a power.

// CHECK-LABEL: func.func @gelu_tanh
//       CHECK:   math.tanh
//   CHECK-NOT:   math.powf
func.func @gelu_tanh(%x: tensor<8xf32>) -> tensor<8xf32> {
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %three = arith.constant 3.0 : f32
  %small = arith.constant 0.044715 : f32
  %root = arith.constant 0.797884583 : f32
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%x : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = math.powf %in, %three : f32
    %1 = arith.mulf %0, %small : f32
    %2 = arith.addf %in, %1 : f32
    %3 = arith.mulf %2, %root : f32
    %4 = math.tanh %3 : f32
    %5 = arith.addf %4, %one : f32
    %6 = arith.mulf %in, %half : f32
    %7 = arith.mulf %6, %5 : f32
    linalg.yield %7 : f32
  } -> tensor<8xf32>
  return %y : tensor<8xf32>
}

/// Another constant makes another function.

// CHECK-LABEL: func.func @no_gelu
//       CHECK:   arith.divf
//       CHECK:   math.erf
func.func @no_gelu(%x: tensor<8xf32>) -> tensor<8xf32> {
  %one = arith.constant 1.0 : f32
  %half = arith.constant 0.5 : f32
  %root = arith.constant 1.5 : f32
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%x : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.divf %in, %root : f32
    %1 = math.erf %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.mulf %in, %half : f32
    %4 = arith.mulf %3, %2 : f32
    linalg.yield %4 : f32
  } -> tensor<8xf32>
  return %y : tensor<8xf32>
}
