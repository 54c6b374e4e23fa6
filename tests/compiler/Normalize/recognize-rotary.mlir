// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-recognize-patterns,canonicalize,cse)' | FileCheck %s
// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-recognize-patterns{disabled=rotary},canonicalize,cse)' | FileCheck %s --check-prefix=OFF

// OFF-NOT: seq.rotary

#id = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#shared = affine_map<(d0, d1, d2, d3) -> (d0, 0, d2, d3)>
#id3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#last2 = affine_map<(d0, d1, d2, d3) -> (d2, d3)>

/// Both halves have the cosine and the sine of one angle.

// CHECK-LABEL: func.func @halves
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<?x4x?x8xf32>
//   CHECK-DAG:   %[[C:.*]] = tensor.extract_slice %{{.*}}[0, 0, 0, 0] [%{{.*}}, 1, %{{.*}}, 4] [1, 1, 1, 1]
//   CHECK-DAG:   %[[COS:.*]] = tensor.collapse_shape %[[C]] {{.*}} into tensor<?x?x4xf32>
//       CHECK:   %[[Y:.*]] = seq.rotary %[[X]] cosine(%[[COS]]) sine(%{{.*}}) : tensor<?x4x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>
//       CHECK:   return %[[Y]]
func.func @halves(%x: tensor<?x4x?x8xf32>, %angles: tensor<?x?x4xf32>) -> tensor<?x4x?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %angles, %c0 : tensor<?x?x4xf32>
  %t = tensor.dim %angles, %c1 : tensor<?x?x4xf32>
  %e = tensor.empty(%b, %t) : tensor<?x?x8xf32>
  %left = tensor.insert_slice %angles into %e[0, 0, 0] [%b, %t, 4] [1, 1, 1] : tensor<?x?x4xf32> into tensor<?x?x8xf32>
  %both = tensor.insert_slice %angles into %left[0, 0, 4] [%b, %t, 4] [1, 1, 1] : tensor<?x?x4xf32> into tensor<?x?x8xf32>
  %cos, %sin = linalg.generic {indexing_maps = [#id3, #id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%both : tensor<?x?x8xf32>) outs(%e, %e : tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  ^bb0(%in: f32, %o0: f32, %o1: f32):
    %0 = math.cos %in : f32
    %1 = math.sin %in : f32
    linalg.yield %0, %1 : f32, f32
  } -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>)
  %cos4 = tensor.expand_shape %cos [[0, 1], [2], [3]] output_shape [%b, 1, %t, 8] : tensor<?x?x8xf32> into tensor<?x1x?x8xf32>
  %sin4 = tensor.expand_shape %sin [[0, 1], [2], [3]] output_shape [%b, 1, %t, 8] : tensor<?x?x8xf32> into tensor<?x1x?x8xf32>
  %low = tensor.extract_slice %x[0, 0, 0, 0] [%b, 4, %t, 4] [1, 1, 1, 1] : tensor<?x4x?x8xf32> to tensor<?x4x?x4xf32>
  %high = tensor.extract_slice %x[0, 0, 0, 4] [%b, 4, %t, 4] [1, 1, 1, 1] : tensor<?x4x?x8xf32> to tensor<?x4x?x4xf32>
  %negated = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%high : tensor<?x4x?x4xf32>) outs(%low : tensor<?x4x?x4xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = arith.negf %in : f32
    linalg.yield %0 : f32
  } -> tensor<?x4x?x4xf32>
  %e4 = tensor.empty(%b, %t) : tensor<?x4x?x8xf32>
  %first = tensor.insert_slice %negated into %e4[0, 0, 0, 0] [%b, 4, %t, 4] [1, 1, 1, 1] : tensor<?x4x?x4xf32> into tensor<?x4x?x8xf32>
  %turned = tensor.insert_slice %low into %first[0, 0, 0, 4] [%b, 4, %t, 4] [1, 1, 1, 1] : tensor<?x4x?x4xf32> into tensor<?x4x?x8xf32>
  %y = linalg.generic {indexing_maps = [#id, #shared, #id, #shared, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %cos4, %turned, %sin4 : tensor<?x4x?x8xf32>, tensor<?x1x?x8xf32>, tensor<?x4x?x8xf32>, tensor<?x1x?x8xf32>)
      outs(%e4 : tensor<?x4x?x8xf32>) {
  ^bb0(%in: f32, %c: f32, %r: f32, %s: f32, %o: f32):
    %0 = arith.mulf %in, %c : f32
    %1 = arith.mulf %r, %s : f32
    %2 = arith.addf %0, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<?x4x?x8xf32>
  return %y : tensor<?x4x?x8xf32>
}

/// Neighbours, and rows of a table of constants for all heads and batches; not if the angles of one pair differ.

// CHECK-LABEL: func.func @neighbours
//       CHECK:   seq.rotary interleaved %{{.*}} cosine(%{{.*}}) sine(%{{.*}}) : tensor<2x3x2x4xf32>, tensor<1x2x2xf32>, tensor<1x2x2xf32>
func.func @neighbours(%x: tensor<2x3x2x4xf32>, %ids: tensor<2xi64>) -> tensor<2x3x2x4xf32> {
  %table = arith.constant dense<[[1.0, 1.0, 0.5, 0.5], [0.25, 0.25, 2.0, 2.0]]> : tensor<2x4xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %rows = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%o: f32):
    %t = linalg.index 0 : index
    %d = linalg.index 1 : index
    %id = tensor.extract %ids[%t] : tensor<2xi64>
    %row = arith.index_cast %id : i64 to index
    %number = tensor.extract %table[%row, %d] : tensor<2x4xf32>
    linalg.yield %number : f32
  } -> tensor<2x4xf32>
  %low = tensor.extract_slice %x[0, 0, 0, 0] [2, 3, 2, 2] [1, 1, 1, 2] : tensor<2x3x2x4xf32> to tensor<2x3x2x2xf32>
  %high = tensor.extract_slice %x[0, 0, 0, 1] [2, 3, 2, 2] [1, 1, 1, 2] : tensor<2x3x2x4xf32> to tensor<2x3x2x2xf32>
  %negated = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%high : tensor<2x3x2x2xf32>) outs(%low : tensor<2x3x2x2xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = arith.negf %in : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x2x2xf32>
  %n5 = tensor.expand_shape %negated [[0], [1], [2], [3, 4]] output_shape [2, 3, 2, 2, 1] : tensor<2x3x2x2xf32> into tensor<2x3x2x2x1xf32>
  %l5 = tensor.expand_shape %low [[0], [1], [2], [3, 4]] output_shape [2, 3, 2, 2, 1] : tensor<2x3x2x2xf32> into tensor<2x3x2x2x1xf32>
  %e5 = tensor.empty() : tensor<2x3x2x2x2xf32>
  %first = tensor.insert_slice %n5 into %e5[0, 0, 0, 0, 0] [2, 3, 2, 2, 1] [1, 1, 1, 1, 1] : tensor<2x3x2x2x1xf32> into tensor<2x3x2x2x2xf32>
  %pairs = tensor.insert_slice %l5 into %first[0, 0, 0, 0, 1] [2, 3, 2, 2, 1] [1, 1, 1, 1, 1] : tensor<2x3x2x2x1xf32> into tensor<2x3x2x2x2xf32>
  %turned = tensor.collapse_shape %pairs [[0], [1], [2], [3, 4]] : tensor<2x3x2x2x2xf32> into tensor<2x3x2x4xf32>
  %y = linalg.generic {indexing_maps = [#last2, #id, #last2, #id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%rows, %turned, %rows, %x : tensor<2x4xf32>, tensor<2x3x2x4xf32>, tensor<2x4xf32>, tensor<2x3x2x4xf32>)
      outs(%x : tensor<2x3x2x4xf32>) {
  ^bb0(%s: f32, %r: f32, %c: f32, %in: f32, %o: f32):
    %0 = arith.mulf %s, %r : f32
    %1 = arith.mulf %c, %in : f32
    %2 = arith.addf %0, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<2x3x2x4xf32>
  return %y : tensor<2x3x2x4xf32>
}

// CHECK-LABEL: func.func @other_angles
//   CHECK-NOT:   seq.rotary
func.func @other_angles(%x: tensor<2x3x2x4xf32>, %ids: tensor<2xi64>) -> tensor<2x3x2x4xf32> {
  %table = arith.constant dense<[[1.0, 1.0, 0.5, 0.5], [0.25, 0.75, 2.0, 2.0]]> : tensor<2x4xf32>
  %e2 = tensor.empty() : tensor<2x4xf32>
  %rows = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      outs(%e2 : tensor<2x4xf32>) {
  ^bb0(%o: f32):
    %t = linalg.index 0 : index
    %d = linalg.index 1 : index
    %id = tensor.extract %ids[%t] : tensor<2xi64>
    %row = arith.index_cast %id : i64 to index
    %number = tensor.extract %table[%row, %d] : tensor<2x4xf32>
    linalg.yield %number : f32
  } -> tensor<2x4xf32>
  %low = tensor.extract_slice %x[0, 0, 0, 0] [2, 3, 2, 2] [1, 1, 1, 2] : tensor<2x3x2x4xf32> to tensor<2x3x2x2xf32>
  %high = tensor.extract_slice %x[0, 0, 0, 1] [2, 3, 2, 2] [1, 1, 1, 2] : tensor<2x3x2x4xf32> to tensor<2x3x2x2xf32>
  %negated = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%high : tensor<2x3x2x2xf32>) outs(%low : tensor<2x3x2x2xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = arith.negf %in : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x2x2xf32>
  %n5 = tensor.expand_shape %negated [[0], [1], [2], [3, 4]] output_shape [2, 3, 2, 2, 1] : tensor<2x3x2x2xf32> into tensor<2x3x2x2x1xf32>
  %l5 = tensor.expand_shape %low [[0], [1], [2], [3, 4]] output_shape [2, 3, 2, 2, 1] : tensor<2x3x2x2xf32> into tensor<2x3x2x2x1xf32>
  %e5 = tensor.empty() : tensor<2x3x2x2x2xf32>
  %first = tensor.insert_slice %n5 into %e5[0, 0, 0, 0, 0] [2, 3, 2, 2, 1] [1, 1, 1, 1, 1] : tensor<2x3x2x2x1xf32> into tensor<2x3x2x2x2xf32>
  %pairs = tensor.insert_slice %l5 into %first[0, 0, 0, 0, 1] [2, 3, 2, 2, 1] [1, 1, 1, 1, 1] : tensor<2x3x2x2x1xf32> into tensor<2x3x2x2x2xf32>
  %turned = tensor.collapse_shape %pairs [[0], [1], [2], [3, 4]] : tensor<2x3x2x2x2xf32> into tensor<2x3x2x4xf32>
  %y = linalg.generic {indexing_maps = [#last2, #id, #last2, #id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%rows, %turned, %rows, %x : tensor<2x4xf32>, tensor<2x3x2x4xf32>, tensor<2x4xf32>, tensor<2x3x2x4xf32>)
      outs(%x : tensor<2x3x2x4xf32>) {
  ^bb0(%s: f32, %r: f32, %c: f32, %in: f32, %o: f32):
    %0 = arith.mulf %s, %r : f32
    %1 = arith.mulf %c, %in : f32
    %2 = arith.addf %0, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<2x3x2x4xf32>
  return %y : tensor<2x3x2x4xf32>
}
