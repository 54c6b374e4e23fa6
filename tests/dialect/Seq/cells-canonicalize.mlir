// RUN: seqc-opt %s --canonicalize | FileCheck %s
// RUN: seqc-opt %s --loop-invariant-code-motion | FileCheck %s --check-prefix=LICM

// CHECK-LABEL: @drop_default_activations
func.func @drop_default_activations(%x: tensor<?x?x4xf32>, %w: tensor<2x8x4xf32>, %r: tensor<2x8x8xf32>,
    %w3: tensor<1x24x4xf32>, %r3: tensor<1x24x8xf32>, %w4: tensor<1x32x4xf32>, %r4: tensor<1x32x8xf32>)
    -> (tensor<?x2x?x8xf32>, tensor<?x1x?x8xf32>, tensor<?x1x?x8xf32>) {
  // CHECK: seq.rnn %{{.*}}, %{{.*}}, %{{.*}} {direction = #seq.direction<bidirectional>}
  %a:2 = seq.rnn %x, %w, %r {activations = [#seq.activation<tanh>, #seq.activation<tanh>], activation_alpha = [], direction = #seq.direction<bidirectional>}
      : (tensor<?x?x4xf32>, tensor<2x8x4xf32>, tensor<2x8x8xf32>) -> (tensor<?x2x?x8xf32>, tensor<2x?x8xf32>)
  // CHECK: seq.gru %{{.*}}, %{{.*}}, %{{.*}} :
  %b:2 = seq.gru %x, %w3, %r3 {activations = [#seq.activation<sigmoid>, #seq.activation<tanh>], activation_beta = []}
      : (tensor<?x?x4xf32>, tensor<1x24x4xf32>, tensor<1x24x8xf32>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  // CHECK: seq.lstm %{{.*}}, %{{.*}}, %{{.*}} :
  %c:3 = seq.lstm %x, %w4, %r4 {activations = [#seq.activation<sigmoid>, #seq.activation<tanh>, #seq.activation<tanh>]}
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return %a#0, %b#0, %c#0 : tensor<?x2x?x8xf32>, tensor<?x1x?x8xf32>, tensor<?x1x?x8xf32>
}

// CHECK-LABEL: @no_drop_other_activations
func.func @no_drop_other_activations(%x: tensor<?x?x4xf32>, %w: tensor<1x24x4xf32>, %r: tensor<1x24x8xf32>) -> tensor<?x1x?x8xf32> {
  // CHECK: seq.gru {{.*}} {activation_alpha = [1.000000e-01 : f32], activations = [#seq.activation<hard_sigmoid>, #seq.activation<tanh>]}
  %b:2 = seq.gru %x, %w, %r {activations = [#seq.activation<hard_sigmoid>, #seq.activation<tanh>], activation_alpha = [0.1 : f32]}
      : (tensor<?x?x4xf32>, tensor<1x24x4xf32>, tensor<1x24x8xf32>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return %b#0 : tensor<?x1x?x8xf32>
}

/// A layer has no effects.
// CHECK-LABEL: @drop_unused_layer
func.func @drop_unused_layer(%x: tensor<?x?x4xf32>, %w: tensor<1x24x4xf32>, %r: tensor<1x24x8xf32>, %len: tensor<?xi32>) {
  // CHECK-NEXT: return
  %b:2 = seq.gru %x, %w, %r lengths(%len)
      : (tensor<?x?x4xf32>, tensor<1x24x4xf32>, tensor<1x24x8xf32>, tensor<?xi32>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return
}

/// Static extents agree by their types; lengths could be wrong in a loop that never runs.
// LICM-LABEL: @hoist_static_layer_only
//       LICM:   seq.rnn
//   LICM-NOT:   lengths
//       LICM:   scf.for
//       LICM:     seq.rnn {{.*}} lengths
func.func @hoist_static_layer_only(%n: index, %x: tensor<3x2x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>, %len: tensor<2xi32>, %init: tensor<3x1x2x8xf32>) -> tensor<3x1x2x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %s = scf.for %i = %c0 to %n step %c1 iter_args(%a = %init) -> tensor<3x1x2x8xf32> {
    %p:2 = seq.rnn %x, %w, %r : (tensor<3x2x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>) -> (tensor<3x1x2x8xf32>, tensor<1x2x8xf32>)
    %q:2 = seq.rnn %x, %w, %r lengths(%len) : (tensor<3x2x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>, tensor<2xi32>) -> (tensor<3x1x2x8xf32>, tensor<1x2x8xf32>)
    %s0 = arith.addf %a, %p#0 : tensor<3x1x2x8xf32>
    %s1 = arith.addf %s0, %q#0 : tensor<3x1x2x8xf32>
    scf.yield %s1 : tensor<3x1x2x8xf32>
  }
  return %s : tensor<3x1x2x8xf32>
}
