// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-hoist-projection),canonicalize,cse)' | FileCheck %s

#row = affine_map<(d0, d1, d2) -> (d0, d2)>
#col = affine_map<(d0, d1, d2) -> (d1, d2)>
#out = affine_map<(d0, d1, d2) -> (d0, d1)>

/// The product with the input runs over all steps; the input itself is not scanned any more.

// CHECK-LABEL: func.func @hoist_dense
//  CHECK-SAME:   %[[X:.*]]: tensor<?x?x4xf32>, %[[H0:.*]]: tensor<?x8xf32>, %[[W:.*]]: tensor<8x4xf32>
//       CHECK:   %[[ROWS:.*]] = tensor.collapse_shape %[[X]] {{\[\[}}0, 1], [2]] : tensor<?x?x4xf32> into tensor<?x4xf32>
//       CHECK:   %[[START:.*]] = linalg.broadcast
//       CHECK:   %[[A:.*]] = linalg.matmul {{.*}} ins(%[[ROWS]], %[[W]] {{.*}} outs(%[[START]]
//       CHECK:   %[[G:.*]] = tensor.expand_shape %[[A]] {{\[\[}}0, 1], [2]] {{.*}} into tensor<?x?x8xf32>
//       CHECK:   seq.recurrence scan(%[[G]] : tensor<?x?x8xf32>)
//       CHECK:   ^bb0(%[[GT:.*]]: tensor<?x8xf32>, %[[H:.*]]: tensor<?x8xf32>):
//  CHECK-NEXT:     %[[S:.*]] = linalg.matmul {{.*}} outs(%[[GT]]
//  CHECK-NEXT:     seq.yield %[[S]], %[[S]]
func.func @hoist_dense(%x: tensor<?x?x4xf32>, %h0: tensor<?x8xf32>, %w: tensor<8x4xf32>,
    %r: tensor<8x8xf32>, %b: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %y, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x8xf32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x8xf32>):
    %c0 = arith.constant 0 : index
    %n = tensor.dim %xt, %c0 : tensor<?x4xf32>
    %e = tensor.empty(%n) : tensor<?x8xf32>
    %s = linalg.broadcast ins(%b : tensor<8xf32>) outs(%e : tensor<?x8xf32>) dimensions = [0]
    %a = linalg.matmul indexing_maps = [#row, #col, #out]
        ins(%xt, %w : tensor<?x4xf32>, tensor<8x4xf32>) outs(%s : tensor<?x8xf32>) -> tensor<?x8xf32>
    %h1 = linalg.matmul indexing_maps = [#row, #col, #out]
        ins(%h, %r : tensor<?x8xf32>, tensor<8x8xf32>) outs(%a : tensor<?x8xf32>) -> tensor<?x8xf32>
    seq.yield %h1, %h1 : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>) states(tensor<?x8xf32>)
  return %y : tensor<?x?x8xf32>
}

/// In flat form the rows of all steps lie one after the other already.

// CHECK-LABEL: func.func @hoist_flat
//  CHECK-SAME:   %[[X:.*]]: tensor<?x4xf32>
//   CHECK-NOT:   tensor.collapse_shape
//       CHECK:   %[[A:.*]] = linalg.matmul ins(%[[X]]
//   CHECK-NOT:   tensor.expand_shape
//       CHECK:   seq.recurrence scan(%[[A]] : tensor<?x8xf32>)
func.func @hoist_flat(%x: tensor<?x4xf32>, %h0: tensor<?x8xf32>, %counts: tensor<?xindex>,
    %w: tensor<4x8xf32>) -> tensor<?x8xf32> {
  %y, %last = seq.recurrence scan(%x : tensor<?x4xf32>) init(%h0 : tensor<?x8xf32>)
      counts(%counts : tensor<?xindex>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x8xf32>):
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %n = tensor.dim %xt, %c0 : tensor<?x4xf32>
    %e = tensor.empty(%n) : tensor<?x8xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
    %a = linalg.matmul ins(%xt, %w : tensor<?x4xf32>, tensor<4x8xf32>)
        outs(%z : tensor<?x8xf32>) -> tensor<?x8xf32>
    %h1 = arith.addf %a, %h : tensor<?x8xf32>
    seq.yield %h1, %h1 : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x8xf32>) states(tensor<?x8xf32>)
  return %y : tensor<?x8xf32>
}

/// Elementwise ops alone are cheaper inside, and what depends on the state must stay.

// CHECK-LABEL: func.func @no_hoist_elementwise_or_stateful
//  CHECK-SAME:   %[[X:.*]]: tensor<?x?x4xf32>
//       CHECK:   seq.recurrence scan(%[[X]] : tensor<?x?x4xf32>)
//       CHECK:     math.tanh
//       CHECK:     linalg.matmul
func.func @no_hoist_elementwise_or_stateful(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>,
    %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %y, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    %t = math.tanh %xt : tensor<?x4xf32>
    %s = arith.addf %t, %h : tensor<?x4xf32>
    %a = linalg.matmul ins(%s, %w : tensor<?x4xf32>, tensor<4x4xf32>)
        outs(%t : tensor<?x4xf32>) -> tensor<?x4xf32>
    seq.yield %a, %a : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %last : tensor<?x4xf32>
}

/// The greatest element of a step's rows is not that of all steps: what hangs on it stays in the cell.

// CHECK-LABEL: func.func @combined_stays
//       CHECK:   seq.recurrence scan(%{{.*}} : tensor<?x?x4xf32>)
//       CHECK:     arith.maximumf
//       CHECK:     linalg.matmul
//       CHECK:     seq.yield
func.func @combined_stays(%x: tensor<?x?x4xf32>, %w: tensor<4x8xf32>, %h0: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %f0 = arith.constant 0.0 : f32
  %out, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x8xf32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x8xf32>):
    %e0 = tensor.empty() : tensor<f32>
    %z = linalg.fill ins(%f0 : f32) outs(%e0 : tensor<f32>) -> tensor<f32>
    %most = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> ()>], iterator_types = ["reduction", "reduction"]}
        ins(%xt : tensor<?x4xf32>) outs(%z : tensor<f32>) {
    ^bb0(%in: f32, %o: f32):
      %m = arith.maximumf %in, %o : f32
      linalg.yield %m : f32
    } -> tensor<f32>
    %s = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> ()>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
        ins(%xt, %most : tensor<?x4xf32>, tensor<f32>) outs(%xt : tensor<?x4xf32>) {
    ^bb0(%in: f32, %by: f32, %o: f32):
      %d = arith.divf %in, %by : f32
      linalg.yield %d : f32
    } -> tensor<?x4xf32>
    %p = linalg.matmul ins(%s, %w : tensor<?x4xf32>, tensor<4x8xf32>) outs(%h : tensor<?x8xf32>) -> tensor<?x8xf32>
    seq.yield %p, %p : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>) states(tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}
