// RUN: seqc-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize | FileCheck %s

/// Time comes from the scanned input, the batch from its dimension 1; extents of a state are
/// those of its initial value.
// CHECK-LABEL: @recurrence_scanned
//  CHECK-SAME:   %[[X:.*]]: tensor<?x?x8xf32>, %[[H:.*]]: tensor<?x8xf32>
func.func @recurrence_scanned(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (index, index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1
  // CHECK-DAG: %[[T:.*]] = tensor.dim %[[X]], %[[C0]]
  // CHECK-DAG: %[[B:.*]] = tensor.dim %[[X]], %[[C1]]
  // CHECK-DAG: %[[HB:.*]] = tensor.dim %[[H]], %[[C0]]
  // CHECK: return %[[T]], %[[B]], %[[HB]]
  %o, %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h0 : tensor<?x8xf32>) {
  ^bb0(%xt: tensor<?x8xf32>, %h: tensor<?x8xf32>):
    %h1 = arith.addf %xt, %h : tensor<?x8xf32>
    seq.yield %h1, %h1 : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>) states(tensor<?x8xf32>)
  %t = tensor.dim %o, %c0 : tensor<?x?x8xf32>
  %b = tensor.dim %o, %c1 : tensor<?x?x8xf32>
  %hb = tensor.dim %last, %c0 : tensor<?x8xf32>
  return %t, %b, %hb : index, index, index
}

// CHECK-LABEL: @recurrence_steps
//  CHECK-SAME:   %[[N:.*]]: index, %[[H:.*]]: tensor<?x8xf32>
func.func @recurrence_steps(%n: index, %h0: tensor<?x8xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // CHECK: %[[B:.*]] = tensor.dim %[[H]]
  // CHECK: return %[[N]], %[[B]]
  %o, %last = seq.recurrence init(%h0 : tensor<?x8xf32>) steps(%n) {
  ^bb0(%h: tensor<?x8xf32>):
    %h1 = arith.addf %h, %h : tensor<?x8xf32>
    seq.yield %h1, %h1 : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>) states(tensor<?x8xf32>)
  %t = tensor.dim %o, %c0 : tensor<?x?x8xf32>
  %b = tensor.dim %o, %c1 : tensor<?x?x8xf32>
  return %t, %b : index, index
}

/// In the flat form an output has the rows of the scanned input.
// CHECK-LABEL: @recurrence_flat
//  CHECK-SAME:   %[[X:.*]]: tensor<?x8xf32>
func.func @recurrence_flat(%x: tensor<?x8xf32>, %counts: tensor<?xindex>) -> index {
  %c0 = arith.constant 0 : index
  // CHECK: %[[R:.*]] = tensor.dim %[[X]]
  // CHECK: return %[[R]]
  %o = seq.recurrence scan(%x : tensor<?x8xf32>) counts(%counts : tensor<?xindex>) {
  ^bb0(%xt: tensor<?x8xf32>):
    %y = math.tanh %xt : tensor<?x8xf32>
    seq.yield %y : tensor<?x8xf32>
  } outputs(tensor<?x8xf32>)
  %r = tensor.dim %o, %c0 : tensor<?x8xf32>
  return %r : index
}

/// Features of an output are the cell's business: a dynamic extent stays a question.
// CHECK-LABEL: @no_recurrence_dynamic_features
func.func @no_recurrence_dynamic_features(%x: tensor<?x?x?xf32>) -> index {
  %c2 = arith.constant 2 : index
  // CHECK: %[[O:.*]] = seq.recurrence
  // CHECK: tensor.dim %[[O]]
  %o = seq.recurrence scan(%x : tensor<?x?x?xf32>) {
  ^bb0(%xt: tensor<?x?xf32>):
    %y = math.tanh %xt : tensor<?x?xf32>
    seq.yield %y : tensor<?x?xf32>
  } outputs(tensor<?x?x?xf32>)
  %r = tensor.dim %o, %c2 : tensor<?x?x?xf32>
  return %r : index
}
