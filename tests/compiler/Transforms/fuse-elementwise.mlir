// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-fuse-elementwise))' | FileCheck %s

/// The tail of a cell: one op, with one result per state that is used outside.

// CHECK-LABEL: func.func @fuse_chain_keeps_both_results
//       CHECK:   %[[R:.*]]:2 = linalg.generic
//       CHECK:     %[[A:.*]] = arith.addf
//  CHECK-NEXT:     %[[B:.*]] = math.tanh %[[A]]
//  CHECK-NEXT:     linalg.yield %[[A]], %[[B]] : f32, f32
//       CHECK:   return %[[R]]#0, %[[R]]#1
func.func @fuse_chain_keeps_both_results(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %a = arith.addf %x, %y : tensor<?x8xf32>
  %b = math.tanh %a : tensor<?x8xf32>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}

/// Two consumers of one producer become one op with it.

// CHECK-LABEL: func.func @fuse_siblings_with_their_producer
// CHECK-COUNT-1: math.exp
//   CHECK-NOT:   linalg.generic
//       CHECK:   return
func.func @fuse_siblings_with_their_producer(%x: tensor<?x8xf32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %e = math.exp %x : tensor<?x8xf32>
  %n = arith.negf %e : tensor<?x8xf32>
  %s = arith.addf %e, %x : tensor<?x8xf32>
  return %n, %s : tensor<?x8xf32>, tensor<?x8xf32>
}

/// A slice reads the exponential before the sum is there: two ops, each computed once.

// CHECK-LABEL: func.func @no_fuse_with_an_earlier_reader
//       CHECK:   math.exp
//   CHECK-NOT:   math.exp
//       CHECK:   arith.addf
//   CHECK-NOT:   math.exp
//       CHECK:   return
func.func @no_fuse_with_an_earlier_reader(%x: tensor<4x8xf32>)
    -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %e = math.exp %x : tensor<4x8xf32>
  %first = tensor.extract_slice %e[0, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<8xf32>
  %empty = tensor.empty() : tensor<4x8xf32>
  %rows = linalg.broadcast ins(%first : tensor<8xf32>) outs(%empty : tensor<4x8xf32>) dimensions = [0]
  %s = arith.addf %e, %rows : tensor<4x8xf32>
  return %e, %s : tensor<4x8xf32>, tensor<4x8xf32>
}

/// Reductions stay on their own.

// CHECK-LABEL: func.func @no_fuse_into_reduction
//       CHECK:   linalg.generic
//       CHECK:     math.exp
//  CHECK-NEXT:     linalg.yield
//       CHECK:   linalg.reduce
func.func @no_fuse_into_reduction(%x: tensor<?x8xf32>, %z: tensor<?xf32>) -> tensor<?xf32> {
  %e = math.exp %x : tensor<?x8xf32>
  %s = linalg.reduce { arith.addf } ins(%e : tensor<?x8xf32>) outs(%z : tensor<?xf32>) dimensions = [1]
  return %s : tensor<?xf32>
}

/// The consumer repeats each row; computing tanh in it would repeat the work.

// CHECK-LABEL: func.func @no_fuse_into_broadcast
//       CHECK:   math.tanh
//       CHECK:   linalg.yield
//       CHECK:   arith.addf
//   CHECK-NOT:   math.tanh
func.func @no_fuse_into_broadcast(%x: tensor<?x8xf32>, %y: tensor<?x5x8xf32>, %e: tensor<?x5x8xf32>)
    -> tensor<?x5x8xf32> {
  %t = math.tanh %x : tensor<?x8xf32>
  %b = linalg.broadcast ins(%t : tensor<?x8xf32>) outs(%e : tensor<?x5x8xf32>) dimensions = [1]
  %r = arith.addf %b, %y : tensor<?x5x8xf32>
  return %r : tensor<?x5x8xf32>
}

/// The last op reads the positions in its body, at an index of its own: they are complete before it
/// starts, and the comparison is computed with them.

// CHECK-LABEL: func.func @no_fuse_with_a_reader_inside
//       CHECK:   %[[P:.*]]:2 = linalg.generic
//       CHECK:     arith.cmpi
//       CHECK:     arith.select
//       CHECK:   linalg.generic
//       CHECK:     tensor.extract %[[P]]#1
//       CHECK:   return
func.func @no_fuse_with_a_reader_inside(%x: tensor<4xi64>, %w: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xi1>) {
  %c1 = arith.constant 1 : i64
  %zero = arith.constant 0 : i64
  %none = arith.constant 0.0 : f32
  %i1s = tensor.empty() : tensor<4xi1>
  %i64s = tensor.empty() : tensor<4xi64>
  %f32s = tensor.empty() : tensor<4xf32>
  %skip = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                          iterator_types = ["parallel"]}
      ins(%x : tensor<4xi64>) outs(%i1s : tensor<4xi1>) {
  ^bb0(%in: i64, %out: i1):
    %same = arith.cmpi eq, %in, %c1 : i64
    linalg.yield %same : i1
  } -> tensor<4xi1>
  %at = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                        iterator_types = ["parallel"]}
      ins(%skip, %x : tensor<4xi1>, tensor<4xi64>) outs(%i64s : tensor<4xi64>) {
  ^bb0(%s: i1, %in: i64, %out: i64):
    %chosen = arith.select %s, %zero, %in : i64
    linalg.yield %chosen : i64
  } -> tensor<4xi64>
  %read = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      outs(%f32s : tensor<4xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %e = tensor.extract %at[%i] : tensor<4xi64>
    %j = arith.index_cast %e : i64 to index
    %v = tensor.extract %w[%j] : tensor<4xf32>
    linalg.yield %v : f32
  } -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>],
                       iterator_types = ["parallel"]}
      ins(%skip, %read : tensor<4xi1>, tensor<4xf32>) outs(%f32s : tensor<4xf32>) {
  ^bb0(%s: i1, %v: f32, %out: f32):
    %r = arith.select %s, %none, %v : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %y, %skip : tensor<4xf32>, tensor<4xi1>
}

/// The shape that the rows of a product of bytes get waits until after what works on each element.

// CHECK-LABEL: func.func @collapse_after_bytes
//       CHECK:   %[[P:.*]] = seq.matmul
//       CHECK:   %[[R:.*]] = linalg.generic {{.*}}iterator_types = ["parallel", "parallel"]} ins(%[[P]]
//       CHECK:     arith.sitofp
//       CHECK:     arith.mulf
//       CHECK:   tensor.expand_shape %[[R]] {{\[\[}}0, 1], [2]]
func.func @collapse_after_bytes(%x: tensor<6x8xi8>, %w: tensor<33x8xi8>, %i: tensor<6x33xi32>, %s: tensor<33xf32>)
    -> tensor<2x3x33xf32> {
  %p = seq.matmul %x, %w init(%i) : (tensor<6x8xi8>, tensor<33x8xi8>, tensor<6x33xi32>) -> tensor<6x33xi32>
  %e = tensor.expand_shape %p [[0, 1], [2]] output_shape [2, 3, 33] : tensor<6x33xi32> into tensor<2x3x33xi32>
  %o = tensor.empty() : tensor<2x3x33xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(a, b, c) -> (a, b, c)>, affine_map<(a, b, c) -> (c)>,
                                        affine_map<(a, b, c) -> (a, b, c)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%e, %s : tensor<2x3x33xi32>, tensor<33xf32>) outs(%o : tensor<2x3x33xf32>) {
  ^bb0(%u: i32, %v: f32, %q: f32):
    %f = arith.sitofp %u : i32 to f32
    %m = arith.mulf %f, %v : f32
    linalg.yield %m : f32
  } -> tensor<2x3x33xf32>
  return %r : tensor<2x3x33xf32>
}

/// So is a product with codes.

// CHECK-LABEL: func.func @collapse_after_codes
//       CHECK:   %[[P:.*]] = seq.blockwise_matmul
//       CHECK:   %[[R:.*]] = linalg.generic {{.*}}iterator_types = ["parallel", "parallel"]} ins(%[[P]]
//       CHECK:     math.tanh
//       CHECK:   tensor.expand_shape %[[R]] {{\[\[}}0, 1], [2]]
func.func @collapse_after_codes(%x: tensor<6x32xf32>, %w: tensor<33x16xi8>, %s: tensor<33x1xf32>)
    -> tensor<2x3x33xf32> {
  %p = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 32
      : (tensor<6x32xf32>, tensor<33x16xi8>, tensor<33x1xf32>) -> tensor<6x33xf32>
  %e = tensor.expand_shape %p [[0, 1], [2]] output_shape [2, 3, 33] : tensor<6x33xf32> into tensor<2x3x33xf32>
  %o = tensor.empty() : tensor<2x3x33xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(a, b, c) -> (a, b, c)>, affine_map<(a, b, c) -> (a, b, c)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%e : tensor<2x3x33xf32>) outs(%o : tensor<2x3x33xf32>) {
  ^bb0(%u: f32, %q: f32):
    %t = math.tanh %u : f32
    linalg.yield %t : f32
  } -> tensor<2x3x33xf32>
  return %r : tensor<2x3x33xf32>
}
