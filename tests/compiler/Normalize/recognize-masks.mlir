// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-recognize-masks),canonicalize)' | FileCheck %s

#id = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#id2 = affine_map<(d0, d1) -> (d0, d1)>
#last = affine_map<(d0, d1, d2, d3) -> (d2, d3)>

/// Keys up to the query's own position.

// CHECK-LABEL: func.func @causal
//   CHECK-NOT:   mask
//       CHECK:   seq.attention scaled %{{.*}}, %{{.*}}, %{{.*}} {causal = #seq.causal<top_left>} :
func.func @causal(%q: tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32> {
  %e = tensor.empty() : tensor<1x1x8x8xi1>
  %m = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      outs(%e : tensor<1x1x8x8xi1>) {
  ^bb0(%o: i1):
    %i = linalg.index 2 : index
    %j = linalg.index 3 : index
    %c = arith.cmpi sle, %j, %i : index
    linalg.yield %c : i1
  } -> tensor<1x1x8x8xi1>
  %o = seq.attention scaled %q, %q, %q mask(%m : tensor<1x1x8x8xi1>)
      : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  return %o : tensor<1x2x8x4xf32>
}

/// A band behind cached keys: what is added to positions becomes a start.

// CHECK-LABEL: func.func @band
//  CHECK-SAME:   %[[P:[a-z0-9]+]]: index
//       CHECK:   %[[N:.*]] = arith.index_cast %[[P]] : index to i64
//       CHECK:   %[[S:.*]] = tensor.from_elements %[[N]] : tensor<1xi64>
//       CHECK:   seq.attention scaled {{.*}} starts(%[[S]] : tensor<1xi64>) {causal = #seq.causal<top_left>, window = array<i64: 3, 0>}
func.func @band(%q: tensor<1x8x4xf32>, %k: tensor<1x20x4xf32>, %past: index) -> tensor<1x8x4xf32> {
  %c3 = arith.constant 3 : index
  %e = tensor.empty() : tensor<8x20xi1>
  %m = linalg.generic {indexing_maps = [#id2], iterator_types = ["parallel", "parallel"]}
      outs(%e : tensor<8x20xi1>) {
  ^bb0(%o: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %p = arith.addi %i, %past : index
    %f = arith.subi %p, %c3 : index
    %a = arith.cmpi sge, %p, %j : index
    %b = arith.cmpi sge, %j, %f : index
    %c = arith.andi %a, %b : i1
    linalg.yield %c : i1
  } -> tensor<8x20xi1>
  %w = tensor.expand_shape %m [[0, 1], [2]] output_shape [1, 8, 20] : tensor<8x20xi1> into tensor<1x8x20xi1>
  %o = seq.attention scaled %q, %k, %k mask(%w : tensor<1x8x20xi1>)
      : (tensor<1x8x4xf32>, tensor<1x20x4xf32>, tensor<1x20x4xf32>) -> tensor<1x8x4xf32>
  return %o : tensor<1x8x4xf32>
}

/// As exporters write it: -inf where the upper triangle, the negation of the lower one, is set. Every
/// query sees its first key, so that hiding is the same.

// CHECK-LABEL: func.func @replaced
//       CHECK:   seq.attention scaled %{{.*}}, %{{.*}}, %{{.*}} {causal = #seq.causal<top_left>} :
func.func @replaced(%q: tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32> {
  %true = arith.constant true
  %c0 = arith.constant 0 : index
  %e = tensor.empty() : tensor<8x8xi1>
  %t = linalg.generic {indexing_maps = [#id2], iterator_types = ["parallel", "parallel"]}
      outs(%e : tensor<8x8xi1>) {
  ^bb0(%o: i1):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %d = arith.subi %j, %i : index
    %c = arith.cmpi sgt, %d, %c0 : index
    linalg.yield %c : i1
  } -> tensor<8x8xi1>
  %e4 = tensor.empty() : tensor<1x1x8x8xi1>
  %m = linalg.generic {indexing_maps = [#last, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%t : tensor<8x8xi1>) outs(%e4 : tensor<1x1x8x8xi1>) {
  ^bb0(%x: i1, %o: i1):
    %n = arith.xori %x, %true : i1
    linalg.yield %n : i1
  } -> tensor<1x1x8x8xi1>
  %o = seq.attention scaled %q, %q, %q mask(%m : tensor<1x1x8x8xi1>) {masked_score = 0xFFF0000000000000 : f64}
      : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x4xf32>
  return %o : tensor<1x2x8x4xf32>
}

/// A mask that is true everywhere hides nothing.

// CHECK-LABEL: func.func @all
//       CHECK:   seq.attention scaled %{{.*}}, %{{.*}}, %{{.*}} : (
func.func @all(%q: tensor<1x8x4xf32>) -> tensor<1x8x4xf32> {
  %m = arith.constant dense<true> : tensor<1x8x8xi1>
  %o = seq.attention scaled %q, %q, %q mask(%m : tensor<1x8x8xi1>)
      : (tensor<1x8x4xf32>, tensor<1x8x4xf32>, tensor<1x8x4xf32>) -> tensor<1x8x4xf32>
  return %o : tensor<1x8x4xf32>
}

/// No masks of positions alone: a part that depends on the row, one that is data, a finite number in
/// the place of scores, a window that leaves queries without keys, a mask whose extent may be 1.

// CHECK-LABEL: func.func @kept
// CHECK-COUNT-5: seq.attention {{.*}} mask(
func.func @kept(%q: tensor<2x8x4xf32>, %d: tensor<2x8x8xi1>, %n: index, %x: tensor<2x?x4xf32>)
    -> (tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x?x4xf32>) {
  %e = tensor.empty() : tensor<2x8x8xi1>
  %m = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]}
      outs(%e : tensor<2x8x8xi1>) {
  ^bb0(%o: i1):
    %b = linalg.index 0 : index
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %s = arith.addi %i, %b : index
    %c = arith.cmpi sle, %j, %s : index
    linalg.yield %c : i1
  } -> tensor<2x8x8xi1>
  %r0 = seq.attention scaled %q, %q, %q mask(%m : tensor<2x8x8xi1>)
      : (tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  %r1 = seq.attention scaled %q, %q, %q mask(%d : tensor<2x8x8xi1>)
      : (tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  %e1 = tensor.empty() : tensor<1x8x8xi1>
  %m1 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]}
      outs(%e1 : tensor<1x8x8xi1>) {
  ^bb0(%o: i1):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %c = arith.cmpi sle, %j, %i : index
    linalg.yield %c : i1
  } -> tensor<1x8x8xi1>
  %r2 = seq.attention scaled %q, %q, %q mask(%m1 : tensor<1x8x8xi1>) {masked_score = -1.0e4 : f64}
      : (tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  %m2 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]}
      outs(%e1 : tensor<1x8x8xi1>) {
  ^bb0(%o: i1):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %c = arith.cmpi slt, %j, %i : index
    linalg.yield %c : i1
  } -> tensor<1x8x8xi1>
  %r3 = seq.attention scaled %q, %q, %q mask(%m2 : tensor<1x8x8xi1>) {masked_score = 0xFFF0000000000000 : f64}
      : (tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>) -> tensor<2x8x4xf32>
  %e3 = tensor.empty(%n) : tensor<1x?x8xi1>
  %m3 = linalg.generic {indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d1, d2)>], iterator_types = ["parallel", "parallel", "parallel"]}
      outs(%e3 : tensor<1x?x8xi1>) {
  ^bb0(%o: i1):
    %i = linalg.index 1 : index
    %j = linalg.index 2 : index
    %c = arith.cmpi sle, %j, %i : index
    linalg.yield %c : i1
  } -> tensor<1x?x8xi1>
  %r4 = seq.attention scaled %x, %q, %q mask(%m3 : tensor<1x?x8xi1>)
      : (tensor<2x?x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>) -> tensor<2x?x4xf32>
  return %r0, %r1, %r2, %r3, %r4 : tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x8x4xf32>, tensor<2x?x4xf32>
}

/// Constants that are triangles: truth values, here a part of a larger one, and numbers that are added.

// CHECK-LABEL: func.func @constants
//       CHECK:   seq.attention scaled %{{.*}}, %{{.*}}, %{{.*}} {causal = #seq.causal<top_left>} :
//       CHECK:   seq.attention scaled %{{.*}}, %{{.*}}, %{{.*}} {causal = #seq.causal<top_left>} :
//       CHECK:   seq.attention scaled %{{.*}}, %{{.*}}, %{{.*}} {causal = #seq.causal<top_left>} :
func.func @constants(%q: tensor<1x3x4xf32>) -> (tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>) {
  %large = arith.constant dense<[[[true, false, false, false], [true, true, false, false],
                                  [true, true, true, false], [true, true, true, true]]]> : tensor<1x4x4xi1>
  %m = tensor.extract_slice %large[0, 0, 0] [1, 3, 3] [1, 1, 1] : tensor<1x4x4xi1> to tensor<1x3x3xi1>
  %0 = seq.attention scaled %q, %q, %q mask(%m : tensor<1x3x3xi1>) : (tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>) -> tensor<1x3x4xf32>
  %n = arith.constant dense<[[[0.0, 0xFF800000, 0xFF800000], [0.0, -0.0, 0xFF800000], [0.0, 0.0, 0.0]]]> : tensor<1x3x3xf32>
  %1 = seq.attention scaled %q, %q, %q bias(%n : tensor<1x3x3xf32>) : (tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>) -> tensor<1x3x4xf32>
  %zero = arith.constant 0.0 : f32
  %low = arith.constant -3.40282347E+38 : f32
  %e = tensor.empty() : tensor<1x3x3xf32>
  %p = linalg.generic {indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (b, i, j)>], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%m : tensor<1x3x3xi1>) outs(%e : tensor<1x3x3xf32>) {
  ^bb0(%c: i1, %o: f32):
    %s = arith.select %c, %zero, %low : f32
    linalg.yield %s : f32
  } -> tensor<1x3x3xf32>
  %2 = seq.attention scaled %q, %q, %q bias(%p : tensor<1x3x3xf32>) : (tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>) -> tensor<1x3x4xf32>
  return %0, %1, %2 : tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>
}

/// No triangles: a hole, a number that hides nothing, a query without a key.

// CHECK-LABEL: func.func @no_triangles
//   CHECK-NOT:   causal
//       CHECK:   return
func.func @no_triangles(%q: tensor<1x3x4xf32>) -> (tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>) {
  %m = arith.constant dense<[[[true, false, false], [false, true, false], [true, true, true]]]> : tensor<1x3x3xi1>
  %0 = seq.attention scaled %q, %q, %q mask(%m : tensor<1x3x3xi1>) : (tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>) -> tensor<1x3x4xf32>
  %n = arith.constant dense<[[[0.0, -1.0e4, -1.0e4], [0.0, 0.0, -1.0e4], [0.0, 0.0, 0.0]]]> : tensor<1x3x3xf32>
  %1 = seq.attention scaled %q, %q, %q bias(%n : tensor<1x3x3xf32>) : (tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>) -> tensor<1x3x4xf32>
  %l = arith.constant dense<[[[0xFF800000, 0xFF800000, 0xFF800000], [0.0, 0xFF800000, 0xFF800000], [0.0, 0.0, 0xFF800000]]]> : tensor<1x3x3xf32>
  %2 = seq.attention scaled %q, %q, %q bias(%l : tensor<1x3x3xf32>) : (tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>) -> tensor<1x3x4xf32>
  return %0, %1, %2 : tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>
}
