// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-decompose-cells))' | FileCheck %s

/// The bias starts the product with the input, the product with the state goes on top of it, and the
/// activation is one generic.

// CHECK-LABEL: func.func @rnn_forward_bias
//  CHECK-SAME:   %[[X:.*]]: tensor<?x?x4xf32>, %[[W:.*]]: tensor<1x8x4xf32>, %[[R:.*]]: tensor<1x8x8xf32>, %[[B:.*]]: tensor<1x16xf32>
//   CHECK-DAG:   %[[WI:.*]] = tensor.extract_slice %[[W]][0, 0, 0] [1, 8, 4] [1, 1, 1]
//   CHECK-DAG:   %[[WH:.*]] = tensor.extract_slice %[[R]][0, 0, 0] [1, 8, 8] [1, 1, 1]
//   CHECK-DAG:   %[[WB:.*]] = tensor.extract_slice %[[B]][0, 0] [1, 8] [1, 1]
//   CHECK-DAG:   %[[RB:.*]] = tensor.extract_slice %[[B]][0, 8] [1, 8] [1, 1]
//       CHECK:   %[[SUM:.*]] = arith.addf %[[WB]], %[[RB]] : tensor<8xf32>
//       CHECK:   seq.recurrence scan(%[[X]] : tensor<?x?x4xf32>) init(%{{.*}} : tensor<?x8xf32>) {
//       CHECK:   ^bb0(%[[XT:.*]]: tensor<?x4xf32>, %[[H:.*]]: tensor<?x8xf32>):
//       CHECK:     %[[START:.*]] = linalg.broadcast ins(%[[SUM]]
//       CHECK:     %[[A:.*]] = linalg.matmul {{.*}} ins(%[[XT]], %[[WI]] {{.*}} outs(%[[START]]
//       CHECK:     %[[S:.*]] = linalg.matmul {{.*}} ins(%[[H]], %[[WH]] {{.*}} outs(%[[A]]
//       CHECK:     %[[H1:.*]] = linalg.generic {{.*}} ins(%[[S]]
//       CHECK:       math.tanh
//       CHECK:     seq.yield %[[H1]], %[[H1]]
//       CHECK:   } outputs(tensor<?x?x8xf32>) states(tensor<?x8xf32>)
//       CHECK:   tensor.expand_shape {{.*}} : tensor<?x?x8xf32> into tensor<?x1x?x8xf32>
//       CHECK:   tensor.expand_shape {{.*}} : tensor<?x8xf32> into tensor<1x?x8xf32>
func.func @rnn_forward_bias(%x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>,
    %b: tensor<1x16xf32>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>) {
  %y, %yh = seq.rnn %x, %w, %r bias(%b)
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>, tensor<1x16xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return %y, %yh : tensor<?x1x?x8xf32>, tensor<1x?x8xf32>
}

/// Four pairs of products, then everything else in one generic that updates the cell state in place.

// CHECK-LABEL: func.func @lstm_reverse_lengths
//  CHECK-SAME:   %[[LEN:[a-z0-9]+]]: tensor<?xi32>)
//       CHECK:   seq.recurrence {{.*}} lengths(%[[LEN]] : tensor<?xi32>) reverse {
//       CHECK:   ^bb0(%{{.*}}: tensor<?x4xf32>, %{{.*}}: tensor<?x8xf32>, %[[C:.*]]: tensor<?x8xf32>):
// CHECK-COUNT-8: linalg.matmul
//   CHECK-NOT:   linalg.matmul
//       CHECK:   %[[R:.*]]:2 = linalg.generic {{.*}} outs(%[[C]], %{{.*}} : tensor<?x8xf32>, tensor<?x8xf32>)
//   CHECK-NOT:   linalg.generic
//       CHECK:   seq.yield %[[R]]#1, %[[R]]#0, %[[R]]#1
func.func @lstm_reverse_lengths(%x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>,
    %r: tensor<1x32x8xf32>, %len: tensor<?xi32>) -> tensor<?x1x?x8xf32> {
  %y, %yh, %yc = seq.lstm %x, %w, %r lengths(%len) {direction = #seq.direction<reverse>}
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<?xi32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return %y : tensor<?x1x?x8xf32>
}

/// The forget gate is 1 - i and has no products; the projection is one more product.

// CHECK-LABEL: func.func @lstm_input_forget_projection_peephole
// CHECK-COUNT-6: linalg.matmul
//       CHECK:   linalg.generic
//       CHECK:   linalg.matmul {{.*}} outs(%{{.*}} : tensor<?x3xf32>)
//   CHECK-NOT:   linalg.matmul
//       CHECK:   seq.yield
func.func @lstm_input_forget_projection_peephole(%x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>,
    %r: tensor<1x32x3xf32>, %p: tensor<1x24xf32>, %pr: tensor<1x3x8xf32>) -> tensor<?x1x?x3xf32> {
  %y, %yh, %yc = seq.lstm %x, %w, %r peephole(%p) projection(%pr) {input_forget}
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x3xf32>, tensor<1x24xf32>, tensor<1x3x8xf32>)
      -> (tensor<?x1x?x3xf32>, tensor<1x?x3xf32>, tensor<1x?x8xf32>)
  return %y : tensor<?x1x?x3xf32>
}

/// Two recurrences whose outputs become slices of one tensor; batch first is a matter of transposes.

// CHECK-LABEL: func.func @gru_bidirectional_batch_first
//       CHECK:   linalg.transpose {{.*}} permutation = [1, 0, 2]
//       CHECK:   seq.recurrence
//   CHECK-NOT:   reverse
//       CHECK:   seq.recurrence {{.*}} reverse {
//       CHECK:   linalg.transpose
//       CHECK:   linalg.transpose
//       CHECK:   tensor.insert_slice {{.*}}[0, 0, 0, 0] {{.*}} into tensor<?x?x2x8xf64>
//       CHECK:   tensor.insert_slice {{.*}}[0, 0, 1, 0] {{.*}} into tensor<?x?x2x8xf64>
func.func @gru_bidirectional_batch_first(%x: tensor<?x?x4xf64>, %w: tensor<2x24x4xf64>,
    %r: tensor<2x24x8xf64>) -> tensor<?x?x2x8xf64> {
  %y, %yh = seq.gru %x, %w, %r {direction = #seq.direction<bidirectional>, batch_first}
      : (tensor<?x?x4xf64>, tensor<2x24x4xf64>, tensor<2x24x8xf64>)
      -> (tensor<?x?x2x8xf64>, tensor<?x2x8xf64>)
  return %y : tensor<?x?x2x8xf64>
}

/// With linear_before_reset the reset gate acts behind its product, so there is one generic only.

// CHECK-LABEL: func.func @gru_linear_before_reset
// CHECK-COUNT-1: linalg.generic
//   CHECK-NOT:   linalg.generic
// CHECK-LABEL: func.func @gru_reset_before_product
// CHECK-COUNT-2: linalg.generic
//   CHECK-NOT:   linalg.generic
func.func @gru_linear_before_reset(%x: tensor<?x?x4xf32>, %w: tensor<1x24x4xf32>,
    %r: tensor<1x24x8xf32>) -> tensor<1x?x8xf32> {
  %y, %yh = seq.gru %x, %w, %r {linear_before_reset}
      : (tensor<?x?x4xf32>, tensor<1x24x4xf32>, tensor<1x24x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return %yh : tensor<1x?x8xf32>
}
func.func @gru_reset_before_product(%x: tensor<?x?x4xf32>, %w: tensor<1x24x4xf32>,
    %r: tensor<1x24x8xf32>) -> tensor<1x?x8xf32> {
  %y, %yh = seq.gru %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x24x4xf32>, tensor<1x24x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return %yh : tensor<1x?x8xf32>
}

/// The argument of every activation is clipped, that of the output's included.

// CHECK-LABEL: func.func @rnn_clip_leaky_relu
//   CHECK-DAG:   arith.constant -1.500000e+00
//       CHECK:   arith.maximumf
//       CHECK:   arith.minimumf
//       CHECK:   arith.cmpf oge
//       CHECK:   arith.select
func.func @rnn_clip_leaky_relu(%x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>,
    %r: tensor<1x8x8xf32>) -> tensor<1x?x8xf32> {
  %y, %yh = seq.rnn %x, %w, %r {activations = [#seq.activation<leaky_relu>], clip = 1.5 : f32}
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return %yh : tensor<1x?x8xf32>
}

/// A frontend has put the weights of the gates together; they are taken as they are.

// CHECK-LABEL: func.func @gru_concatenated_weights
//  CHECK-SAME:   %{{.*}}: tensor<?x?x4xf32>, %[[WZ:.*]]: tensor<8x4xf32>, %[[WRH:.*]]: tensor<16x4xf32>
//   CHECK-DAG:   %[[WR:.*]] = tensor.extract_slice %[[WRH]][0, 0] [8, 4] [1, 1]
//   CHECK-DAG:   %[[WH:.*]] = tensor.extract_slice %[[WRH]][8, 0] [8, 4] [1, 1]
//       CHECK:   linalg.matmul {{.*}} ins(%{{.*}}, %[[WZ]] :
//       CHECK:   linalg.matmul {{.*}} ins(%{{.*}}, %[[WR]] :
//       CHECK:   linalg.matmul {{.*}} ins(%{{.*}}, %[[WH]] :
func.func @gru_concatenated_weights(%x: tensor<?x?x4xf32>, %wz: tensor<8x4xf32>,
    %wrh: tensor<16x4xf32>, %r: tensor<1x24x8xf32>) -> tensor<1x?x8xf32> {
  %c = tensor.concat dim(0) %wz, %wrh : (tensor<8x4xf32>, tensor<16x4xf32>) -> tensor<24x4xf32>
  %w = tensor.expand_shape %c [[0, 1], [2]] output_shape [1, 24, 4]
      : tensor<24x4xf32> into tensor<1x24x4xf32>
  %y, %yh = seq.gru %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x24x4xf32>, tensor<1x24x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return %yh : tensor<1x?x8xf32>
}

/// The directions are put where the transposes would move them.

// CHECK-LABEL: func.func @rnn_bidirectional_transposed
//   CHECK-NOT:   linalg.transpose
//       CHECK:   tensor.insert_slice {{.*}}[0, 0, 1, 0] {{.*}} into tensor<?x?x2x8xf32>
//   CHECK-NOT:   linalg.transpose
//       CHECK:   tensor.insert_slice {{.*}}[0, 1, 0] {{.*}} into tensor<?x2x8xf32>
//   CHECK-NOT:   linalg.transpose
//       CHECK:   return
func.func @rnn_bidirectional_transposed(%x: tensor<?x?x4xf32>, %w: tensor<2x8x4xf32>,
    %r: tensor<2x8x8xf32>, %e: tensor<?x?x2x8xf32>, %f: tensor<?x2x8xf32>)
    -> (tensor<?x?x2x8xf32>, tensor<?x2x8xf32>) {
  %y, %yh = seq.rnn %x, %w, %r {direction = #seq.direction<bidirectional>}
      : (tensor<?x?x4xf32>, tensor<2x8x4xf32>, tensor<2x8x8xf32>)
      -> (tensor<?x2x?x8xf32>, tensor<2x?x8xf32>)
  %t = linalg.transpose ins(%y : tensor<?x2x?x8xf32>) outs(%e : tensor<?x?x2x8xf32>)
      permutation = [0, 2, 1, 3]
  %u = linalg.transpose ins(%yh : tensor<2x?x8xf32>) outs(%f : tensor<?x2x8xf32>)
      permutation = [1, 0, 2]
  return %t, %u : tensor<?x?x2x8xf32>, tensor<?x2x8xf32>
}

/// Weights of bytes: the input is rounded by the range of all steps, and multiplied in front of the recurrence; the
/// state is rounded in the cell, once for all gates. A transposed weight is read as it is stored.

// CHECK-LABEL: func.func @lstm_of_bytes
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<?x?x4xf32>, %[[W:[a-z0-9]+]]: tensor<1x4x32xi8>, %[[R:[a-z0-9]+]]: tensor<1x32x8xi8>
//   CHECK-DAG:   %[[WI:.*]] = tensor.extract_slice %[[W]][0, 0, 0] [1, 4, 8] [1, 1, 1] : tensor<1x4x32xi8> to tensor<4x8xi8>
//   CHECK-DAG:   %[[RI:.*]] = tensor.extract_slice %[[R]][0, 0, 0] [1, 8, 8] [1, 1, 1] : tensor<1x32x8xi8> to tensor<8x8xi8>
//       CHECK:   linalg.generic {{.*}} iterator_types = ["reduction", "reduction", "reduction"]} ins(%[[X]]
//       CHECK:     arith.minimumf
//       CHECK:   linalg.generic {{.*}} iterator_types = ["reduction", "reduction", "reduction"]} ins(%[[X]]
//       CHECK:     arith.maximumf
//       CHECK:   %[[ROWS:.*]] = tensor.collapse_shape %{{.*}} {{\[\[}}0, 1], [2]] : tensor<?x?x4xi8> into tensor<?x4xi8>
//       CHECK:   seq.quantized_matmul %[[ROWS]], %[[WI]] lhs_zero(%{{.*}}) rhs_signed transposed : (tensor<?x4xi8>, tensor<4x8xi8>, tensor<i8>) -> tensor<?x8xi32>
// CHECK-COUNT-3: seq.quantized_matmul %[[ROWS]], {{.*}} transposed
//       CHECK:   seq.recurrence scan(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>)
//       CHECK:     ^bb0(%{{.*}}: tensor<?x8xf32>, %{{.*}}: tensor<?x8xf32>, %{{.*}}: tensor<?x8xf32>, %{{.*}}: tensor<?x8xf32>, %[[H:.*]]: tensor<?x8xf32>, %{{.*}}: tensor<?x8xf32>):
//       CHECK:     linalg.generic {{.*}} iterator_types = ["reduction", "reduction"]} ins(%[[H]]
//       CHECK:     linalg.generic {{.*}} iterator_types = ["reduction", "reduction"]} ins(%[[H]]
//       CHECK:     %[[Q:.*]] = linalg.generic {{.*}} ins(%[[H]], {{.*}} outs(%{{.*}} : tensor<?x8xi8>)
//       CHECK:     seq.quantized_matmul %[[Q]], %[[RI]] lhs_zero(%{{.*}}) rhs_zero(%{{.*}}) : (tensor<?x8xi8>, tensor<8x8xi8>, tensor<i8>, tensor<i8>) -> tensor<?x8xi32>
// CHECK-COUNT-3: seq.quantized_matmul %[[Q]]
//   CHECK-NOT:   seq.quantized_matmul
//       CHECK:   seq.yield
func.func @lstm_of_bytes(%x: tensor<?x?x4xf32>, %w: tensor<1x4x32xi8>, %r: tensor<1x32x8xi8>, %sw: tensor<1x32xf32>,
    %sr: tensor<1x1xf32>, %zr: tensor<1x1xi8>) -> tensor<?x1x?x8xf32> {
  %e = tensor.empty() : tensor<1x32x4xi8>
  %t = linalg.transpose ins(%w : tensor<1x4x32xi8>) outs(%e : tensor<1x32x4xi8>) permutation = [0, 2, 1]
  %y:3 = seq.lstm %x, %t, %r weight_scale(%sw) recurrent_scale(%sr) recurrent_zero(%zr) {weight_signed}
      : (tensor<?x?x4xf32>, tensor<1x32x4xi8>, tensor<1x32x8xi8>, tensor<1x32xf32>, tensor<1x1xf32>, tensor<1x1xi8>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return %y#0 : tensor<?x1x?x8xf32>
}
