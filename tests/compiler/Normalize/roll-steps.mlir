// RUN: seqc-opt %s --pass-pipeline='builtin.module(canonicalize,cse,func.func(seq-roll-steps),canonicalize,cse)' | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>

/// Slices come one after the other, all states are stacked, and the last one is used by itself. What each slice is
/// scaled with comes into the loop.

// CHECK-LABEL: func.func @stack
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<4x?x8xf32>, %[[H0:[a-z0-9]+]]: tensor<?x8xf32>, %[[W:[a-z0-9]+]]: tensor<8x8xf32>, %[[ROWS:[a-z0-9]+]]: index
//       CHECK:   %[[ROOM:.*]] = tensor.empty(%[[ROWS]]) : tensor<4x?x8xf32>
//       CHECK:   %[[R:.*]]:2 = scf.for %[[I:.*]] = %c0 to %c4 step %c1 iter_args(%[[H:.*]] = %[[H0]], %[[ALL:.*]] = %[[ROOM]])
//       CHECK:     %[[XT:.*]] = tensor.extract_slice %[[X]][%[[I]], 0, 0] [1, %[[ROWS]], 8] [1, 1, 1]
//   CHECK-DAG:     %[[SCALED:.*]] = linalg.exp ins(%[[XT]]
//   CHECK-DAG:     %[[PRODUCT:.*]] = linalg.matmul ins(%[[H]], %{{.*}} :
//       CHECK:     %[[NEXT:.*]] = linalg.add ins(%[[SCALED]], %[[PRODUCT]]
//       CHECK:     %[[NEW:.*]] = tensor.insert_slice %[[NEXT]] into %[[ALL]][%[[I]], 0, 0] [1, %[[ROWS]], 8] [1, 1, 1]
//       CHECK:     scf.yield %[[NEXT]], %[[NEW]]
//   CHECK-NOT:   linalg.matmul
//       CHECK:   return %[[R]]#1, %[[R]]#0
func.func @stack(%x: tensor<4x?x8xf32>, %h0: tensor<?x8xf32>, %u: tensor<8x8xf32>, %rows: index) -> (tensor<4x?x8xf32>, tensor<?x8xf32>) {
  %w = arith.constant dense<0.5> : tensor<8x8xf32>
  %e = tensor.empty(%rows) : tensor<?x8xf32>
  %x0 = tensor.extract_slice %x[0, 0, 0] [1, %rows, 8] [1, 1, 1] : tensor<4x?x8xf32> to tensor<?x8xf32>
  %x1 = tensor.extract_slice %x[1, 0, 0] [1, %rows, 8] [1, 1, 1] : tensor<4x?x8xf32> to tensor<?x8xf32>
  %x2 = tensor.extract_slice %x[2, 0, 0] [1, %rows, 8] [1, 1, 1] : tensor<4x?x8xf32> to tensor<?x8xf32>
  %x3 = tensor.extract_slice %x[3, 0, 0] [1, %rows, 8] [1, 1, 1] : tensor<4x?x8xf32> to tensor<?x8xf32>
  %s0 = linalg.exp ins(%x0 : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %p0 = linalg.matmul ins(%h0, %w : tensor<?x8xf32>, tensor<8x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %h1 = linalg.add ins(%s0, %p0 : tensor<?x8xf32>, tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %s1 = linalg.exp ins(%x1 : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %p1 = linalg.matmul ins(%h1, %w : tensor<?x8xf32>, tensor<8x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %h2 = linalg.add ins(%s1, %p1 : tensor<?x8xf32>, tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %s2 = linalg.exp ins(%x2 : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %p2 = linalg.matmul ins(%h2, %w : tensor<?x8xf32>, tensor<8x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %h3 = linalg.add ins(%s2, %p2 : tensor<?x8xf32>, tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %s3 = linalg.exp ins(%x3 : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %p3 = linalg.matmul ins(%h3, %w : tensor<?x8xf32>, tensor<8x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %h4 = linalg.add ins(%s3, %p3 : tensor<?x8xf32>, tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %room = tensor.empty(%rows) : tensor<4x?x8xf32>
  %a0 = tensor.insert_slice %h1 into %room[0, 0, 0] [1, %rows, 8] [1, 1, 1] : tensor<?x8xf32> into tensor<4x?x8xf32>
  %a1 = tensor.insert_slice %h2 into %a0[1, 0, 0] [1, %rows, 8] [1, 1, 1] : tensor<?x8xf32> into tensor<4x?x8xf32>
  %a2 = tensor.insert_slice %h3 into %a1[2, 0, 0] [1, %rows, 8] [1, 1, 1] : tensor<?x8xf32> into tensor<4x?x8xf32>
  %a3 = tensor.insert_slice %h4 into %a2[3, 0, 0] [1, %rows, 8] [1, 1, 1] : tensor<?x8xf32> into tensor<4x?x8xf32>
  return %a3, %h4 : tensor<4x?x8xf32>, tensor<?x8xf32>
}

/// From the last slice to the first of a later dimension, a part of the tensor; a use of one step gets its slice, and
/// the op that is made of it between the steps stands behind the loop. States next to each other in the order of steps
/// are turned around.

// CHECK-LABEL: func.func @late
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<2x5x8xf32>, %[[H0:[a-z0-9]+]]: tensor<2x8xf32>
//       CHECK:   %[[PART:.*]] = tensor.extract_slice %[[X]][0, 1, 0] [2, 3, 8] [1, 1, 1] : tensor<2x5x8xf32> to tensor<2x3x8xf32>
//       CHECK:   %[[R:.*]]:2 = scf.for %[[I:.*]] = %c0 to %c3 step %c1
//       CHECK:     %[[AT:.*]] = arith.subi %c2, %[[I]]
//       CHECK:     tensor.extract_slice %[[PART]][0, %[[AT]], 0] [2, 1, 8] [1, 1, 1]
//       CHECK:     tensor.insert_slice %{{.*}} into %{{.*}}[%[[AT]], 0, 0] [1, 2, 8] [1, 1, 1]
//       CHECK:   %[[TURNED:.*]] = linalg.generic
//       CHECK:     tensor.extract %[[R]]#1[
//       CHECK:   %[[FIRST:.*]] = tensor.extract_slice %[[R]]#1[2, 0, 0] [1, 2, 8] [1, 1, 1]
//       CHECK:   %[[E:.*]] = linalg.exp ins(%[[FIRST]]
//       CHECK:   return %[[TURNED]], %[[E]]
func.func @late(%x: tensor<2x5x8xf32>, %h0: tensor<2x8xf32>) -> (tensor<2x3x8xf32>, tensor<2x8xf32>) {
  %w = arith.constant dense<0.5> : tensor<8x8xf32>
  %e = tensor.empty() : tensor<2x8xf32>
  %x3 = tensor.extract_slice %x[0, 3, 0] [2, 1, 8] [1, 1, 1] : tensor<2x5x8xf32> to tensor<2x8xf32>
  %h1 = linalg.matmul ins(%h0, %w : tensor<2x8xf32>, tensor<8x8xf32>) outs(%x3 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %y = linalg.exp ins(%h1 : tensor<2x8xf32>) outs(%e : tensor<2x8xf32>) -> tensor<2x8xf32>
  %x2 = tensor.extract_slice %x[0, 2, 0] [2, 1, 8] [1, 1, 1] : tensor<2x5x8xf32> to tensor<2x8xf32>
  %h2 = linalg.matmul ins(%h1, %w : tensor<2x8xf32>, tensor<8x8xf32>) outs(%x2 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %x1 = tensor.extract_slice %x[0, 1, 0] [2, 1, 8] [1, 1, 1] : tensor<2x5x8xf32> to tensor<2x8xf32>
  %h3 = linalg.matmul ins(%h2, %w : tensor<2x8xf32>, tensor<8x8xf32>) outs(%x1 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %room = tensor.empty() : tensor<2x3x8xf32>
  %a0 = tensor.insert_slice %h1 into %room[0, 0, 0] [2, 1, 8] [1, 1, 1] : tensor<2x8xf32> into tensor<2x3x8xf32>
  %a1 = tensor.insert_slice %h2 into %a0[0, 1, 0] [2, 1, 8] [1, 1, 1] : tensor<2x8xf32> into tensor<2x3x8xf32>
  %a2 = tensor.insert_slice %h3 into %a1[0, 2, 0] [2, 1, 8] [1, 1, 1] : tensor<2x8xf32> into tensor<2x3x8xf32>
  return %a2, %y : tensor<2x3x8xf32>, tensor<2x8xf32>
}

/// A step of another op, places out of order, and too few steps.

// CHECK-LABEL: func.func @operator
//   CHECK-NOT:   scf.for
//       CHECK:   return
func.func @operator(%x: tensor<4x2x8xf32>, %h0: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %w = arith.constant dense<0.5> : tensor<8x8xf32>
  %x0 = tensor.extract_slice %x[0, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<4x2x8xf32> to tensor<2x8xf32>
  %x1 = tensor.extract_slice %x[1, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<4x2x8xf32> to tensor<2x8xf32>
  %x2 = tensor.extract_slice %x[2, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<4x2x8xf32> to tensor<2x8xf32>
  %x3 = tensor.extract_slice %x[3, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<4x2x8xf32> to tensor<2x8xf32>
  %p0 = linalg.matmul ins(%h0, %w : tensor<2x8xf32>, tensor<8x8xf32>) outs(%x0 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %h1 = linalg.exp ins(%p0 : tensor<2x8xf32>) outs(%p0 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %p1 = linalg.matmul ins(%h1, %w : tensor<2x8xf32>, tensor<8x8xf32>) outs(%x1 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %h2 = linalg.tanh ins(%p1 : tensor<2x8xf32>) outs(%p1 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %p2 = linalg.matmul ins(%h2, %w : tensor<2x8xf32>, tensor<8x8xf32>) outs(%x2 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %h3 = linalg.exp ins(%p2 : tensor<2x8xf32>) outs(%p2 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %p3 = linalg.matmul ins(%h3, %w : tensor<2x8xf32>, tensor<8x8xf32>) outs(%x3 : tensor<2x8xf32>) -> tensor<2x8xf32>
  return %p3 : tensor<2x8xf32>
}

// CHECK-LABEL: func.func @order
//   CHECK-NOT:   scf.for
//       CHECK:   return
func.func @order(%x: tensor<4x2x8xf32>, %h0: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %w = arith.constant dense<0.5> : tensor<8x8xf32>
  %x0 = tensor.extract_slice %x[0, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<4x2x8xf32> to tensor<2x8xf32>
  %x1 = tensor.extract_slice %x[1, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<4x2x8xf32> to tensor<2x8xf32>
  %x3 = tensor.extract_slice %x[3, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<4x2x8xf32> to tensor<2x8xf32>
  %h1 = linalg.matmul ins(%h0, %w : tensor<2x8xf32>, tensor<8x8xf32>) outs(%x0 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %h2 = linalg.matmul ins(%h1, %w : tensor<2x8xf32>, tensor<8x8xf32>) outs(%x1 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %h3 = linalg.matmul ins(%h2, %w : tensor<2x8xf32>, tensor<8x8xf32>) outs(%x3 : tensor<2x8xf32>) -> tensor<2x8xf32>
  return %h3 : tensor<2x8xf32>
}

// CHECK-LABEL: func.func @short
//   CHECK-NOT:   scf.for
//       CHECK:   return
func.func @short(%x: tensor<4x2x8xf32>, %h0: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %w = arith.constant dense<0.5> : tensor<8x8xf32>
  %x0 = tensor.extract_slice %x[0, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<4x2x8xf32> to tensor<2x8xf32>
  %x1 = tensor.extract_slice %x[1, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<4x2x8xf32> to tensor<2x8xf32>
  %h1 = linalg.matmul ins(%h0, %w : tensor<2x8xf32>, tensor<8x8xf32>) outs(%x0 : tensor<2x8xf32>) -> tensor<2x8xf32>
  %h2 = linalg.matmul ins(%h1, %w : tensor<2x8xf32>, tensor<8x8xf32>) outs(%x1 : tensor<2x8xf32>) -> tensor<2x8xf32>
  return %h2 : tensor<2x8xf32>
}

/// A check between the steps that knows one of them: it would come too late.

// CHECK-LABEL: func.func @checked
//   CHECK-NOT:   scf.for
//       CHECK:   seq.require
func.func @checked(%x: tensor<3x1x1xf32>, %h0: tensor<1x1xf32>) -> tensor<1x1xf32> {
  %w = arith.constant dense<0.5> : tensor<1x1xf32>
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %x0 = tensor.extract_slice %x[0, 0, 0] [1, 1, 1] [1, 1, 1] : tensor<3x1x1xf32> to tensor<1x1xf32>
  %x1 = tensor.extract_slice %x[1, 0, 0] [1, 1, 1] [1, 1, 1] : tensor<3x1x1xf32> to tensor<1x1xf32>
  %x2 = tensor.extract_slice %x[2, 0, 0] [1, 1, 1] [1, 1, 1] : tensor<3x1x1xf32> to tensor<1x1xf32>
  %h1 = linalg.matmul ins(%h0, %w : tensor<1x1xf32>, tensor<1x1xf32>) outs(%x0 : tensor<1x1xf32>) -> tensor<1x1xf32>
  %a = tensor.extract %h1[%c0, %c0] : tensor<1x1xf32>
  %positive = arith.cmpf ogt, %a, %zero : f32
  seq.require %positive, "negative"
  %h2 = linalg.matmul ins(%h1, %w : tensor<1x1xf32>, tensor<1x1xf32>) outs(%x1 : tensor<1x1xf32>) -> tensor<1x1xf32>
  %h3 = linalg.matmul ins(%h2, %w : tensor<1x1xf32>, tensor<1x1xf32>) outs(%x2 : tensor<1x1xf32>) -> tensor<1x1xf32>
  return %h3 : tensor<1x1xf32>
}

/// Weights of layers, beside rows whose number only a call knows, are no slices over time.

// CHECK-LABEL: func.func @layers
//   CHECK-NOT:   scf.for
//       CHECK:   return
func.func @layers(%w: tensor<3x8x8xf32>, %h0: tensor<?x8xf32>, %rows: index) -> tensor<?x8xf32> {
  %e = tensor.empty(%rows) : tensor<?x8xf32>
  %w0 = tensor.extract_slice %w[0, 0, 0] [1, 8, 8] [1, 1, 1] : tensor<3x8x8xf32> to tensor<8x8xf32>
  %w1 = tensor.extract_slice %w[1, 0, 0] [1, 8, 8] [1, 1, 1] : tensor<3x8x8xf32> to tensor<8x8xf32>
  %w2 = tensor.extract_slice %w[2, 0, 0] [1, 8, 8] [1, 1, 1] : tensor<3x8x8xf32> to tensor<8x8xf32>
  %h1 = linalg.matmul ins(%h0, %w0 : tensor<?x8xf32>, tensor<8x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %h2 = linalg.matmul ins(%h1, %w1 : tensor<?x8xf32>, tensor<8x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %h3 = linalg.matmul ins(%h2, %w2 : tensor<?x8xf32>, tensor<8x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %h3 : tensor<?x8xf32>
}
