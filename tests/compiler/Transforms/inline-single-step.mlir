// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-inline-single-step))' \
// RUN:   | FileCheck %s

/// A decoder's step: time extent 1. The cell stands in its place; reshapes add and drop time.

// CHECK-LABEL: func.func @inline_static_single_step
//  CHECK-SAME:   %[[X:.*]]: tensor<1x?x4xf32>, %[[H:.*]]: tensor<?x4xf32>
//   CHECK-NOT:   seq.recurrence
//       CHECK:   %[[XT:.*]] = tensor.collapse_shape %[[X]] {{\[}}[0, 1], [2]]
//       CHECK:   %[[N:.*]] = arith.addf %[[XT]], %[[H]] : tensor<?x4xf32>
//       CHECK:   %[[Y:.*]] = tensor.expand_shape %[[N]] {{\[}}[0, 1], [2]]
//  CHECK-SAME:     : tensor<?x4xf32> into tensor<1x?x4xf32>
//       CHECK:   return %[[Y]], %[[N]]
func.func @inline_static_single_step(%x: tensor<1x?x4xf32>, %h: tensor<?x4xf32>)
    -> (tensor<1x?x4xf32>, tensor<?x4xf32>) {
  %y, %h1 = seq.recurrence scan(%x : tensor<1x?x4xf32>) init(%h : tensor<?x4xf32>) {
  ^bb0(%xt: tensor<?x4xf32>, %s: tensor<?x4xf32>):
    %n = arith.addf %xt, %s : tensor<?x4xf32>
    seq.yield %n, %n : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<1x?x4xf32>) states(tensor<?x4xf32>)
  return %y, %h1 : tensor<1x?x4xf32>, tensor<?x4xf32>
}

/// The direction does not matter when there is one step.

// CHECK-LABEL: func.func @inline_reverse_single_step
//   CHECK-NOT:   seq.recurrence
//       CHECK:   arith.mulf
func.func @inline_reverse_single_step(%x: tensor<1x2x4xf32>, %h: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %y, %h1 = seq.recurrence scan(%x : tensor<1x2x4xf32>) init(%h : tensor<2x4xf32>) reverse {
  ^bb0(%xt: tensor<2x4xf32>, %s: tensor<2x4xf32>):
    %n = arith.mulf %xt, %s : tensor<2x4xf32>
    seq.yield %n, %n : tensor<2x4xf32>, tensor<2x4xf32>
  } outputs(tensor<1x2x4xf32>) states(tensor<2x4xf32>)
  return %h1 : tensor<2x4xf32>
}

/// A dynamic extent may be anything.

// CHECK-LABEL: func.func @no_inline_dynamic_time
//       CHECK:   seq.recurrence
func.func @no_inline_dynamic_time(%x: tensor<?x2x4xf32>, %h: tensor<2x4xf32>) -> tensor<2x4xf32> {
  %y, %h1 = seq.recurrence scan(%x : tensor<?x2x4xf32>) init(%h : tensor<2x4xf32>) {
  ^bb0(%xt: tensor<2x4xf32>, %s: tensor<2x4xf32>):
    %n = arith.mulf %xt, %s : tensor<2x4xf32>
    seq.yield %n, %n : tensor<2x4xf32>, tensor<2x4xf32>
  } outputs(tensor<?x2x4xf32>) states(tensor<2x4xf32>)
  return %h1 : tensor<2x4xf32>
}

/// A length may be 0: then the state stays and the output is zero.

// CHECK-LABEL: func.func @no_inline_lengths
//       CHECK:   seq.recurrence
func.func @no_inline_lengths(%x: tensor<1x2x4xf32>, %h: tensor<2x4xf32>, %len: tensor<2xi32>)
    -> tensor<2x4xf32> {
  %y, %h1 = seq.recurrence scan(%x : tensor<1x2x4xf32>) init(%h : tensor<2x4xf32>)
      lengths(%len : tensor<2xi32>) {
  ^bb0(%xt: tensor<2x4xf32>, %s: tensor<2x4xf32>):
    %n = arith.mulf %xt, %s : tensor<2x4xf32>
    seq.yield %n, %n : tensor<2x4xf32>, tensor<2x4xf32>
  } outputs(tensor<1x2x4xf32>) states(tensor<2x4xf32>)
  return %h1 : tensor<2x4xf32>
}
