// RUN: seqc-opt %s --verify-roundtrip | FileCheck %s
// RUN: seqc-opt %s --mlir-print-op-generic | seqc-opt | FileCheck %s
// RUN: seqc-opt %s --emit-bytecode | seqc-opt | FileCheck %s

// CHECK-LABEL: @rnn
func.func @rnn(%x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>, %b: tensor<1x16xf32>, %len: tensor<?xi32>, %h0: tensor<1x?x8xf32>) {
  // CHECK: %{{y.*}}, %{{y_h.*}} = seq.rnn %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  %0:2 = seq.rnn %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  // CHECK: seq.rnn %{{.*}}, %{{.*}}, %{{.*}} bias(%{{.*}}) lengths(%{{.*}}) initial_h(%{{.*}}) {activation_alpha = [5.000000e-01 : f32], activation_beta = [2.500000e-01 : f32], activations = [#seq.activation<affine>], clip = 3.000000e+00 : f32, direction = #seq.direction<reverse>}
  %1:2 = seq.rnn %x, %w, %r bias(%b) lengths(%len) initial_h(%h0)
      {activations = [#seq.activation<affine>], activation_alpha = [0.5 : f32], activation_beta = [0.25 : f32],
       clip = 3.0 : f32, direction = #seq.direction<reverse>}
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>, tensor<1x16xf32>, tensor<?xi32>, tensor<1x?x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

/// Every name that ONNX defines.
// CHECK-LABEL: @rnn_activations
func.func @rnn_activations(%x: tensor<3x2x4xf64>, %w: tensor<2x8x4xf64>, %r: tensor<2x8x8xf64>) {
  // CHECK: activations = [#seq.activation<relu>, #seq.activation<tanh>], direction = #seq.direction<bidirectional>
  %0:2 = seq.rnn %x, %w, %r {activations = [#seq.activation<relu>, #seq.activation<tanh>], direction = #seq.direction<bidirectional>}
      : (tensor<3x2x4xf64>, tensor<2x8x4xf64>, tensor<2x8x8xf64>) -> (tensor<3x2x2x8xf64>, tensor<2x2x8xf64>)
  // CHECK: activations = [#seq.activation<sigmoid>, #seq.activation<affine>]
  %1:2 = seq.rnn %x, %w, %r {activations = [#seq.activation<sigmoid>, #seq.activation<affine>], activation_alpha = [1.0 : f32], direction = #seq.direction<bidirectional>}
      : (tensor<3x2x4xf64>, tensor<2x8x4xf64>, tensor<2x8x8xf64>) -> (tensor<3x2x2x8xf64>, tensor<2x2x8xf64>)
  // CHECK: activations = [#seq.activation<leaky_relu>, #seq.activation<thresholded_relu>]
  %2:2 = seq.rnn %x, %w, %r {activations = [#seq.activation<leaky_relu>, #seq.activation<thresholded_relu>], activation_alpha = [1.0 : f32, 2.0 : f32], direction = #seq.direction<bidirectional>}
      : (tensor<3x2x4xf64>, tensor<2x8x4xf64>, tensor<2x8x8xf64>) -> (tensor<3x2x2x8xf64>, tensor<2x2x8xf64>)
  // CHECK: activations = [#seq.activation<scaled_tanh>, #seq.activation<hard_sigmoid>]
  %3:2 = seq.rnn %x, %w, %r {activations = [#seq.activation<scaled_tanh>, #seq.activation<hard_sigmoid>], activation_beta = [1.0 : f32, 2.0 : f32], direction = #seq.direction<bidirectional>}
      : (tensor<3x2x4xf64>, tensor<2x8x4xf64>, tensor<2x8x8xf64>) -> (tensor<3x2x2x8xf64>, tensor<2x2x8xf64>)
  // CHECK: activations = [#seq.activation<elu>, #seq.activation<softsign>]
  %4:2 = seq.rnn %x, %w, %r {activations = [#seq.activation<elu>, #seq.activation<softsign>], direction = #seq.direction<bidirectional>}
      : (tensor<3x2x4xf64>, tensor<2x8x4xf64>, tensor<2x8x8xf64>) -> (tensor<3x2x2x8xf64>, tensor<2x2x8xf64>)
  // CHECK: activations = [#seq.activation<softplus>, #seq.activation<tanh>]
  %5:2 = seq.rnn %x, %w, %r {activations = [#seq.activation<softplus>, #seq.activation<tanh>], direction = #seq.direction<bidirectional>}
      : (tensor<3x2x4xf64>, tensor<2x8x4xf64>, tensor<2x8x8xf64>) -> (tensor<3x2x2x8xf64>, tensor<2x2x8xf64>)
  return
}

// CHECK-LABEL: @gru
func.func @gru(%x: tensor<?x?x4xf32>, %w: tensor<2x24x4xf32>, %r: tensor<2x24x8xf32>, %b: tensor<2x48xf32>, %len: tensor<?xi64>, %h0: tensor<?x2x8xf32>) {
  // CHECK: seq.gru %{{.*}}, %{{.*}}, %{{.*}} bias(%{{.*}}) lengths(%{{.*}}) initial_h(%{{.*}}) {activations = [#seq.activation<sigmoid>, #seq.activation<tanh>, #seq.activation<hard_sigmoid>, #seq.activation<relu>], batch_first, direction = #seq.direction<bidirectional>, linear_before_reset}
  %0:2 = seq.gru %x, %w, %r bias(%b) lengths(%len) initial_h(%h0)
      {activations = [#seq.activation<sigmoid>, #seq.activation<tanh>, #seq.activation<hard_sigmoid>, #seq.activation<relu>], batch_first, direction = #seq.direction<bidirectional>, linear_before_reset}
      : (tensor<?x?x4xf32>, tensor<2x24x4xf32>, tensor<2x24x8xf32>, tensor<2x48xf32>, tensor<?xi64>, tensor<?x2x8xf32>)
      -> (tensor<?x?x2x8xf32>, tensor<?x2x8xf32>)
  return
}

// CHECK-LABEL: @lstm
func.func @lstm(%x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>, %rp: tensor<1x32x5xf32>, %b: tensor<1x64xf32>, %len: tensor<?xi32>,
                %h0: tensor<1x?x8xf32>, %hp: tensor<1x?x5xf32>, %c0: tensor<1x?x8xf32>, %peep: tensor<1x24xf32>, %proj: tensor<1x5x8xf32>) {
  // CHECK: %{{y.*}}, %{{y_h.*}}, %{{y_c.*}} = seq.lstm %{{.*}}, %{{.*}}, %{{.*}} initial_c(%{{.*}}) {input_forget}
  %0:3 = seq.lstm %x, %w, %r initial_c(%c0) {input_forget}
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<1x?x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  // CHECK: seq.lstm %{{.*}}, %{{.*}}, %{{.*}} bias(%{{.*}}) lengths(%{{.*}}) initial_h(%{{.*}}) initial_c(%{{.*}}) peephole(%{{.*}}) projection(%{{.*}}) : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x5xf32>, tensor<1x64xf32>, tensor<?xi32>, tensor<1x?x5xf32>, tensor<1x?x8xf32>, tensor<1x24xf32>, tensor<1x5x8xf32>) -> (tensor<?x1x?x5xf32>, tensor<1x?x5xf32>, tensor<1x?x8xf32>)
  %1:3 = seq.lstm %x, %w, %rp bias(%b) lengths(%len) initial_h(%hp) initial_c(%c0) peephole(%peep) projection(%proj)
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x5xf32>, tensor<1x64xf32>, tensor<?xi32>, tensor<1x?x5xf32>, tensor<1x?x8xf32>, tensor<1x24xf32>, tensor<1x5x8xf32>)
      -> (tensor<?x1x?x5xf32>, tensor<1x?x5xf32>, tensor<1x?x8xf32>)
  return
}

// CHECK-LABEL: @lstm_of_bytes
func.func @lstm_of_bytes(%x: tensor<?x?x4xf32>, %w: tensor<1x32x4xi8>, %r: tensor<1x32x8xi8>, %sw: tensor<1x32xf32>, %zw: tensor<1x32xi8>, %sr: tensor<1x1xf32>) {
  // CHECK: seq.lstm %{{.*}}, %{{.*}}, %{{.*}} weight_scale(%{{.*}}) weight_zero(%{{.*}}) recurrent_scale(%{{.*}}) {recurrent_signed, weight_signed} : (tensor<?x?x4xf32>, tensor<1x32x4xi8>, tensor<1x32x8xi8>, tensor<1x32xf32>, tensor<1x32xi8>, tensor<1x1xf32>)
  %0:3 = seq.lstm %x, %w, %r weight_scale(%sw) weight_zero(%zw) recurrent_scale(%sr) {recurrent_signed, weight_signed}
      : (tensor<?x?x4xf32>, tensor<1x32x4xi8>, tensor<1x32x8xi8>, tensor<1x32xf32>, tensor<1x32xi8>, tensor<1x1xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return
}
