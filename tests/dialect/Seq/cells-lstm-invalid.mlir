// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// One case or more per constraint of seq.lstm.

func.func @lstm_c1_rank(
    %x: tensor<?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>) {
  // expected-error @+1 {{operand #0 must be 3D tensor of 32-bit float or 64-bit float values, but got}}
  %0:3 = seq.lstm %x, %w, %r
      : (tensor<?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c1_features(
    %x: tensor<?x?x5xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>) {
  // expected-error @+1 {{input has shape [?, ?, 5], but 4 features are required by the weight [C1]}}
  %0:3 = seq.lstm %x, %w, %r
      : (tensor<?x?x5xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c2_dynamic_weight(
    %x: tensor<?x?x4xf32>, %w: tensor<1x?x4xf32>, %r: tensor<1x32x8xf32>) {
  // expected-error @+1 {{weight has shape [1, ?, 4], but a static shape is required [C2]}}
  %0:3 = seq.lstm %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x?x4xf32>, tensor<1x32x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c2_weight_rows(
    %x: tensor<?x?x4xf32>, %w: tensor<1x31x4xf32>, %r: tensor<1x32x8xf32>) {
  // expected-error @+1 {{weight has shape [1, 31, 4], but [1, 32, 4] is required [C2]}}
  %0:3 = seq.lstm %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x31x4xf32>, tensor<1x32x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c2_directions(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>) {
  // expected-error @+1 {{recurrent has shape [1, 32, 8], but [2, 32, 8] is required [C2]}}
  %0:3 = seq.lstm %x, %w, %r {direction = #seq.direction<bidirectional>}
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c2_recurrent_rows(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x33x8xf32>) {
  // expected-error @+1 {{recurrent has shape [1, 33, 8], but [1, 32, 8] is required [C2]}}
  %0:3 = seq.lstm %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x33x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c2_hidden_without_projection(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x5xf32>) {
  // expected-error @+1 {{recurrent has shape [1, 32, 5], but [1, 32, 8] is required [C2]}}
  %0:3 = seq.lstm %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x5xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c3_bias(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>, %bias: tensor<1x32xf32>) {
  // expected-error @+1 {{bias has shape [1, 32], but [1, 64] is required [C3]}}
  %0:3 = seq.lstm %x, %w, %r bias(%bias)
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<1x32xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c4_lengths(
    %x: tensor<?x2x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>, %lengths: tensor<3xi32>) {
  // expected-error @+1 {{lengths has shape [3], but [2] is required [C4]}}
  %0:3 = seq.lstm %x, %w, %r lengths(%lengths)
      : (tensor<?x2x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<3xi32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c5_initial_h(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>, %initial_h: tensor<1x?x7xf32>) {
  // expected-error @+1 {{initial_h has shape [1, ?, 7], but [1, ?, 8] is required [C5]}}
  %0:3 = seq.lstm %x, %w, %r initial_h(%initial_h)
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<1x?x7xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c5_initial_h_layout(
    %x: tensor<2x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>, %initial_h: tensor<1x2x8xf32>) {
  // expected-error @+1 {{initial_h has shape [1, 2, 8], but [2, 1, 8] is required [C5]}}
  %0:3 = seq.lstm %x, %w, %r initial_h(%initial_h) {batch_first}
      : (tensor<2x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<1x2x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c6_number_of_activations(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>) {
  // expected-error @+1 {{has 5 activations, but 3 are required [C6]}}
  %0:3 = seq.lstm %x, %w, %r {activations = [#seq.activation<tanh>, #seq.activation<tanh>, #seq.activation<tanh>, #seq.activation<tanh>, #seq.activation<tanh>]}
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c6_too_many_alphas(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>) {
  // expected-error @+1 {{activation_alpha has 1 values, but the activations take at most 0 [C6]}}
  %0:3 = seq.lstm %x, %w, %r {activation_alpha = [1.0 : f32]}
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c6_too_many_betas(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>) {
  // expected-error @+1 {{activation_beta has 1 values, but the activations take at most 0 [C6]}}
  %0:3 = seq.lstm %x, %w, %r {activations = [#seq.activation<elu>, #seq.activation<tanh>, #seq.activation<tanh>], activation_beta = [1.0 : f32]}
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c7_clip(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>) {
  // expected-error @+1 {{clip is 0.000000e+00, but must be positive [C7]}}
  %0:3 = seq.lstm %x, %w, %r {clip = 0.0 : f32}
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c5_initial_c(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>, %initial_c: tensor<1x?x5xf32>) {
  // expected-error @+1 {{initial_c has shape [1, ?, 5], but [1, ?, 8] is required [C5]}}
  %0:3 = seq.lstm %x, %w, %r initial_c(%initial_c)
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<1x?x5xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c8_peephole(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>, %peephole: tensor<1x32xf32>) {
  // expected-error @+1 {{peephole has shape [1, 32], but [1, 24] is required [C8]}}
  %0:3 = seq.lstm %x, %w, %r peephole(%peephole)
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<1x32xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c9_projection(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x5xf32>, %projection: tensor<1x8x5xf32>) {
  // expected-error @+1 {{projection has shape [1, 8, 5], but [1, 5, 8] is required [C9]}}
  %0:3 = seq.lstm %x, %w, %r projection(%projection)
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x5xf32>, tensor<1x8x5xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c10_output(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x5xf32>, %projection: tensor<1x5x8xf32>) {
  // expected-error @+1 {{y has shape [?, 1, ?, 8], but [?, 1, ?, 5] is required [C10]}}
  %0:3 = seq.lstm %x, %w, %r projection(%projection)
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x5xf32>, tensor<1x5x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c10_cell_state(
    %x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x5xf32>, %projection: tensor<1x5x8xf32>) {
  // expected-error @+1 {{y_c has shape [1, ?, 5], but [1, ?, 8] is required [C10]}}
  %0:3 = seq.lstm %x, %w, %r projection(%projection)
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x5xf32>, tensor<1x5x8xf32>)
      -> (tensor<?x1x?x5xf32>, tensor<1x?x5xf32>, tensor<1x?x5xf32>)
  return
}

// -----

func.func @lstm_c11_element_types(
    %x: tensor<?x?x4xf64>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>) {
  // expected-error @+1 {{mixes element types 'f64' and 'f32', but one is required [C11]}}
  %0:3 = seq.lstm %x, %w, %r
      : (tensor<?x?x4xf64>, tensor<1x32x4xf32>, tensor<1x32x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c12_one_of_bytes(%x: tensor<?x?x4xf32>, %w: tensor<1x32x4xi8>, %r: tensor<1x32x8xf32>) {
  // expected-error @+1 {{weights have element types 'i8' and 'f32', but bytes are required for both or for neither [C12]}}
  %0:3 = seq.lstm %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x32x4xi8>, tensor<1x32x8xf32>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c12_input(%x: tensor<?x?x4xf64>, %w: tensor<1x32x4xi8>, %r: tensor<1x32x8xi8>, %s: tensor<1x32xf32>) {
  // expected-error @+1 {{input has element type 'f64', but 'f32' is required beside weights of bytes [C12]}}
  %0:3 = seq.lstm %x, %w, %r weight_scale(%s) recurrent_scale(%s)
      : (tensor<?x?x4xf64>, tensor<1x32x4xi8>, tensor<1x32x8xi8>, tensor<1x32xf32>, tensor<1x32xf32>) -> (tensor<?x1x?x8xf64>, tensor<1x?x8xf64>, tensor<1x?x8xf64>)
  return
}

// -----

func.func @lstm_c12_scale(%x: tensor<?x?x4xf32>, %w: tensor<1x32x4xi8>, %r: tensor<1x32x8xi8>, %s: tensor<1x32xf32>) {
  // expected-error @+1 {{has weights of bytes, but no scale for both, which is required [C12]}}
  %0:3 = seq.lstm %x, %w, %r weight_scale(%s)
      : (tensor<?x?x4xf32>, tensor<1x32x4xi8>, tensor<1x32x8xi8>, tensor<1x32xf32>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c12_floats(%x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>, %s: tensor<1x32xf32>) {
  // expected-error @+1 {{has scales or zero points, but weights of bytes are required for them [C12]}}
  %0:3 = seq.lstm %x, %w, %r recurrent_scale(%s)
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<1x32xf32>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @lstm_c13_zero(%x: tensor<?x?x4xf32>, %w: tensor<1x32x4xi8>, %r: tensor<1x32x8xi8>, %s: tensor<1x32xf32>, %z: tensor<1x8xi8>) {
  // expected-error @+1 {{recurrent_zero has shape [1, 8], but [1, 32] or [1, 1] is required [C13]}}
  %0:3 = seq.lstm %x, %w, %r weight_scale(%s) recurrent_scale(%s) recurrent_zero(%z)
      : (tensor<?x?x4xf32>, tensor<1x32x4xi8>, tensor<1x32x8xi8>, tensor<1x32xf32>, tensor<1x32xf32>, tensor<1x8xi8>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}
