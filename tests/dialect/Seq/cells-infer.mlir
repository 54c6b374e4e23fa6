// RUN: seqc-opt %s --split-input-file --resolve-ranked-shaped-type-result-dims --canonicalize | FileCheck %s
//
// The verifier compares result types with the inferred ones, so that parsing these modules already
// tests inference; the extents of results are then asked for.

/// Time and batch are those of the input; features and directions are known.
// CHECK-LABEL: @rnn_dynamic
//  CHECK-SAME:   %[[X:.*]]: tensor<?x?x4xf32>, %{{.*}}: tensor<2x8x4xf32>
func.func @rnn_dynamic(%x: tensor<?x?x4xf32>, %w: tensor<2x8x4xf32>, %r: tensor<2x8x8xf32>) -> (index, index, index, index, index) {
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1
  // CHECK-DAG: %[[C2:.*]] = arith.constant 2
  // CHECK-DAG: %[[C8:.*]] = arith.constant 8
  // CHECK-DAG: %[[T:.*]] = tensor.dim %[[X]], %[[C0]]
  // CHECK-DAG: %[[B:.*]] = tensor.dim %[[X]], %[[C1]]
  // CHECK-DAG: %[[BH:.*]] = tensor.dim %[[X]], %[[C1]]
  // CHECK: return %[[T]], %[[C2]], %[[B]], %[[C8]], %[[BH]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %y, %yh = seq.rnn %x, %w, %r {direction = #seq.direction<bidirectional>}
      : (tensor<?x?x4xf32>, tensor<2x8x4xf32>, tensor<2x8x8xf32>) -> (tensor<?x2x?x8xf32>, tensor<2x?x8xf32>)
  %t = tensor.dim %y, %c0 : tensor<?x2x?x8xf32>
  %d = tensor.dim %y, %c1 : tensor<?x2x?x8xf32>
  %b = tensor.dim %y, %c2 : tensor<?x2x?x8xf32>
  %h = tensor.dim %y, %c3 : tensor<?x2x?x8xf32>
  %bh = tensor.dim %yh, %c1 : tensor<2x?x8xf32>
  return %t, %d, %b, %h, %bh : index, index, index, index, index
}

// -----

// CHECK-LABEL: @gru_batch_first
//  CHECK-SAME:   %[[X:.*]]: tensor<?x?x4xf32>, %{{.*}}: tensor<1x24x4xf32>
func.func @gru_batch_first(%x: tensor<?x?x4xf32>, %w: tensor<1x24x4xf32>, %r: tensor<1x24x8xf32>) -> (index, index, index) {
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1
  // CHECK-DAG: %[[B:.*]] = tensor.dim %[[X]], %[[C0]]
  // CHECK-DAG: %[[T:.*]] = tensor.dim %[[X]], %[[C1]]
  // CHECK-DAG: %[[BH:.*]] = tensor.dim %[[X]], %[[C0]]
  // CHECK: return %[[B]], %[[T]], %[[BH]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y, %yh = seq.gru %x, %w, %r {batch_first}
      : (tensor<?x?x4xf32>, tensor<1x24x4xf32>, tensor<1x24x8xf32>) -> (tensor<?x?x1x8xf32>, tensor<?x1x8xf32>)
  %b = tensor.dim %y, %c0 : tensor<?x?x1x8xf32>
  %t = tensor.dim %y, %c1 : tensor<?x?x1x8xf32>
  %bh = tensor.dim %yh, %c0 : tensor<?x1x8xf32>
  return %b, %t, %bh : index, index, index
}

// -----

/// With a projection the hidden state has its rows, the cell state the gates' size.
// CHECK-LABEL: @lstm_projection_static
func.func @lstm_projection_static(%x: tensor<7x3x4xf64>, %w: tensor<2x32x4xf64>, %r: tensor<2x32x5xf64>, %p: tensor<2x5x8xf64>)
    -> (tensor<7x2x3x5xf64>, tensor<2x3x5xf64>, tensor<2x3x8xf64>) {
  // CHECK: -> (tensor<7x2x3x5xf64>, tensor<2x3x5xf64>, tensor<2x3x8xf64>)
  %y:3 = seq.lstm %x, %w, %r projection(%p) {direction = #seq.direction<bidirectional>}
      : (tensor<7x3x4xf64>, tensor<2x32x4xf64>, tensor<2x32x5xf64>, tensor<2x5x8xf64>)
      -> (tensor<7x2x3x5xf64>, tensor<2x3x5xf64>, tensor<2x3x8xf64>)
  return %y#0, %y#1, %y#2 : tensor<7x2x3x5xf64>, tensor<2x3x5xf64>, tensor<2x3x8xf64>
}

// -----

/// A result may say more or less than its operands as long as it does not contradict them.
// CHECK-LABEL: @lstm_refined_results
func.func @lstm_refined_results(%x: tensor<?x3x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>) -> (tensor<9x1x?x8xf32>, index) {
  // CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
  // CHECK: %[[Y:.*]], %{{.*}}, %{{.*}} = seq.lstm
  // CHECK: return %[[Y]], %[[C3]]
  %c2 = arith.constant 2 : index
  %y:3 = seq.lstm %x, %w, %r : (tensor<?x3x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>)
      -> (tensor<9x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x3x8xf32>)
  %b = tensor.dim %y#0, %c2 : tensor<9x1x?x8xf32>
  return %y#0, %b : tensor<9x1x?x8xf32>, index
}
