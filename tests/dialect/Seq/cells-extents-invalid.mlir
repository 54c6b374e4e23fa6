// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// A layer's batch and time are one extent each: where the input leaves them open, the other
// operands and the results still have to agree.

func.func @rnn_c5_initial_h_and_lengths(
    %x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>, %len: tensor<3xi32>, %h: tensor<1x2x8xf32>) {
  // expected-error @+1 {{initial_h has shape [1, 2, 8], but [1, 3, 8] is required [C5]}}
  %y, %yh = seq.rnn %x, %w, %r lengths(%len) initial_h(%h)
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>, tensor<3xi32>, tensor<1x2x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c8_output_and_state(
    %x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{y_h has shape [1, 3, 8], but [1, 2, 8] is required [C8]}}
  %y, %yh = seq.rnn %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>) -> (tensor<?x1x2x8xf32>, tensor<1x3x8xf32>)
  return
}

// -----

func.func @gru_c8_output_and_lengths(
    %x: tensor<?x?x4xf32>, %w: tensor<1x24x4xf32>, %r: tensor<1x24x8xf32>, %len: tensor<3xi32>) {
  // expected-error @+1 {{y has shape [?, 1, 2, 8], but [?, 1, 3, 8] is required [C8]}}
  %y, %yh = seq.gru %x, %w, %r lengths(%len)
      : (tensor<?x?x4xf32>, tensor<1x24x4xf32>, tensor<1x24x8xf32>, tensor<3xi32>)
      -> (tensor<?x1x2x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @gru_c8_batch_first_state(
    %x: tensor<?x?x4xf32>, %w: tensor<1x24x4xf32>, %r: tensor<1x24x8xf32>, %h: tensor<3x1x8xf32>) {
  // expected-error @+1 {{y_h has shape [2, 1, 8], but [3, 1, 8] is required [C8]}}
  %y, %yh = seq.gru %x, %w, %r initial_h(%h) {batch_first}
      : (tensor<?x?x4xf32>, tensor<1x24x4xf32>, tensor<1x24x8xf32>, tensor<3x1x8xf32>)
      -> (tensor<?x?x1x8xf32>, tensor<2x1x8xf32>)
  return
}

// -----

func.func @lstm_c5_initial_states(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>, %h: tensor<1x3x8xf32>, %c: tensor<1x2x8xf32>) {
  // expected-error @+1 {{initial_c has shape [1, 2, 8], but [1, 3, 8] is required [C5]}}
  %y, %yh, %yc = seq.lstm %x, %w, %r initial_h(%h) initial_c(%c)
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<1x3x8xf32>, tensor<1x2x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c10_states(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>) {
  // expected-error @+1 {{y_c has shape [1, 3, 8], but [1, 2, 8] is required [C10]}}
  %y, %yh, %yc = seq.lstm %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x2x8xf32>, tensor<1x3x8xf32>)
  return
}

// -----

func.func @rnn_c8_time_of_output(%x: tensor<5x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{y has shape [7, 1, ?, 8], but [5, 1, ?, 8] is required [C8]}}
  %y, %yh = seq.rnn %x, %w, %r
      : (tensor<5x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>) -> (tensor<7x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @gru_c8_batch_first_time(%x: tensor<?x5x4xf32>, %w: tensor<1x24x4xf32>, %r: tensor<1x24x8xf32>) {
  // expected-error @+1 {{y has shape [?, 7, 1, 8], but [?, 5, 1, 8] is required [C8]}}
  %y, %yh = seq.gru %x, %w, %r {batch_first}
      : (tensor<?x5x4xf32>, tensor<1x24x4xf32>, tensor<1x24x8xf32>) -> (tensor<?x7x1x8xf32>, tensor<?x1x8xf32>)
  return
}

// -----

func.func @lstm_c10_output_and_lengths(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>, %len: tensor<3xi32>) {
  // expected-error @+1 {{y has shape [?, 1, 2, 8], but [?, 1, 3, 8] is required [C10]}}
  %y, %yh, %yc = seq.lstm %x, %w, %r lengths(%len)
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<3xi32>)
      -> (tensor<?x1x2x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c10_first_and_last_state(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>, %c: tensor<1x3x8xf32>) {
  // expected-error @+1 {{y_c has shape [1, 2, 8], but [1, 3, 8] is required [C10]}}
  %y, %yh, %yc = seq.lstm %x, %w, %r initial_c(%c)
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<1x3x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x2x8xf32>)
  return
}
