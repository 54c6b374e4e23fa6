// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// One case or more per constraint of seq.rnn.

func.func @rnn_c1_rank(
    %x: tensor<?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{operand #0 must be 3D tensor of 32-bit float or 64-bit float values, but got}}
  %0:2 = seq.rnn %x, %w, %r
      : (tensor<?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c1_features(
    %x: tensor<?x?x5xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{input has shape [?, ?, 5], but 4 features are required by the weight [C1]}}
  %0:2 = seq.rnn %x, %w, %r
      : (tensor<?x?x5xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c2_dynamic_weight(
    %x: tensor<?x?x4xf32>, %w: tensor<1x?x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{weight has shape [1, ?, 4], but a static shape is required [C2]}}
  %0:2 = seq.rnn %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x?x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c2_weight_rows(
    %x: tensor<?x?x4xf32>, %w: tensor<1x7x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{weight has shape [1, 7, 4], but [1, 8, 4] is required [C2]}}
  %0:2 = seq.rnn %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x7x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c2_directions(
    %x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{recurrent has shape [1, 8, 8], but [2, 8, 8] is required [C2]}}
  %0:2 = seq.rnn %x, %w, %r {direction = #seq.direction<bidirectional>}
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c2_recurrent_rows(
    %x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x9x8xf32>) {
  // expected-error @+1 {{recurrent has shape [1, 9, 8], but [1, 8, 8] is required [C2]}}
  %0:2 = seq.rnn %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x9x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c3_bias(
    %x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>, %bias: tensor<1x8xf32>) {
  // expected-error @+1 {{bias has shape [1, 8], but [1, 16] is required [C3]}}
  %0:2 = seq.rnn %x, %w, %r bias(%bias)
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>, tensor<1x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c4_lengths(
    %x: tensor<?x2x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>, %lengths: tensor<3xi32>) {
  // expected-error @+1 {{lengths has shape [3], but [2] is required [C4]}}
  %0:2 = seq.rnn %x, %w, %r lengths(%lengths)
      : (tensor<?x2x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>, tensor<3xi32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c5_initial_h(
    %x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>, %initial_h: tensor<1x?x7xf32>) {
  // expected-error @+1 {{initial_h has shape [1, ?, 7], but [1, ?, 8] is required [C5]}}
  %0:2 = seq.rnn %x, %w, %r initial_h(%initial_h)
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>, tensor<1x?x7xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c5_initial_h_layout(
    %x: tensor<2x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>, %initial_h: tensor<1x2x8xf32>) {
  // expected-error @+1 {{initial_h has shape [1, 2, 8], but [2, 1, 8] is required [C5]}}
  %0:2 = seq.rnn %x, %w, %r initial_h(%initial_h) {batch_first}
      : (tensor<2x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>, tensor<1x2x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c6_number_of_activations(
    %x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{has 5 activations, but 1 are required [C6]}}
  %0:2 = seq.rnn %x, %w, %r {activations = [#seq.activation<tanh>, #seq.activation<tanh>, #seq.activation<tanh>, #seq.activation<tanh>, #seq.activation<tanh>]}
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_unknown_activation(
    %x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+2 {{failed to parse Seq_ActivationAttr parameter 'value'}}
  // expected-error @+1 {{expected ::seqc::seq::Activation to be one of: relu, tanh, sigmoid, affine, leaky_relu, thresholded_relu, scaled_tanh, hard_sigmoid, elu, softsign, softplus}}
  %0:2 = seq.rnn %x, %w, %r {activations = [#seq.activation<Tanh>]}
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c6_too_many_alphas(
    %x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{activation_alpha has 1 values, but the activations take at most 0 [C6]}}
  %0:2 = seq.rnn %x, %w, %r {activation_alpha = [1.0 : f32]}
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c6_too_many_betas(
    %x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{activation_beta has 1 values, but the activations take at most 0 [C6]}}
  %0:2 = seq.rnn %x, %w, %r {activations = [#seq.activation<elu>], activation_beta = [1.0 : f32]}
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c7_clip(
    %x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{clip is 0.000000e+00, but must be positive [C7]}}
  %0:2 = seq.rnn %x, %w, %r {clip = 0.0 : f32}
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c8_output(
    %x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{y has shape [?, 1, ?, 9], but [?, 1, ?, 8] is required [C8]}}
  %0:2 = seq.rnn %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x9xf32>, tensor<1x?x8xf32>)
  return
}

// -----

func.func @rnn_c8_state_layout(
    %x: tensor<2x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{y_h has shape [1, 2, 8], but [2, 1, 8] is required [C8]}}
  %0:2 = seq.rnn %x, %w, %r {batch_first}
      : (tensor<2x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<2x?x1x8xf32>, tensor<1x2x8xf32>)
  return
}

// -----

func.func @rnn_c9_element_types(
    %x: tensor<?x?x4xf64>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>) {
  // expected-error @+1 {{mixes element types 'f64' and 'f32', but one is required [C9]}}
  %0:2 = seq.rnn %x, %w, %r
      : (tensor<?x?x4xf64>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}
