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
