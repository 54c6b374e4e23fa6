// RUN: split-file %s %t
// RUN: seqc-reduce %t/layer.mlir -reduction-tree='test=%S/Inputs/keeps_clip.sh' | FileCheck %s --check-prefix=LAYER
// RUN: seqc-reduce %t/loop.mlir -reduction-tree='test=%S/Inputs/keeps_tanh.sh' > %t/smaller.mlir
// RUN: seqc-reduce %t/smaller.mlir -opt-reduction-pass='opt-pass=canonicalize test=%S/Inputs/keeps_tanh.sh' | FileCheck %s --check-prefix=LOOP
// RUN: seqc-reduce --help | FileCheck %s --check-prefix=HELP

/// Of all the parts of the layer only the clip is needed; its neighbours go.
// LAYER-NOT: seq.gru
// LAYER: seq.lstm %{{[^ ]*}}, %{{[^ ]*}}, %{{[^ ]*}} {clip = 2.000000e+00 : f32} :
// LAYER-NOT: seq.gru

/// Lengths, direction, the second output and the state go; the step with the tanh stays.
// LOOP: seq.recurrence scan(%{{[^ ]*}} : tensor<?x?x4xf32>) {
// LOOP-NOT: arith.addf
// LOOP: math.tanh
// LOOP: } outputs(tensor<?x?x4xf32>)
// LOOP-NOT: states

// HELP-DAG: --reduction-tree
// HELP-DAG: --opt-reduction-pass

//--- layer.mlir
func.func @layer(%x: tensor<?x?x4xf32>, %w: tensor<1x32x4xf32>, %r: tensor<1x32x8xf32>, %b: tensor<1x64xf32>,
                 %len: tensor<?xi32>, %p: tensor<1x24xf32>, %w3: tensor<1x24x4xf32>, %r3: tensor<1x24x8xf32>) -> (tensor<?x1x?x8xf32>, tensor<?x1x?x8xf32>) {
  %g:2 = seq.gru %x, %w3, %r3 : (tensor<?x?x4xf32>, tensor<1x24x4xf32>, tensor<1x24x8xf32>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  %y:3 = seq.lstm %x, %w, %r bias(%b) lengths(%len) peephole(%p)
      {clip = 2.0 : f32, direction = #seq.direction<reverse>, activations = [#seq.activation<sigmoid>, #seq.activation<relu>, #seq.activation<tanh>], input_forget}
      : (tensor<?x?x4xf32>, tensor<1x32x4xf32>, tensor<1x32x8xf32>, tensor<1x64xf32>, tensor<?xi32>, tensor<1x24xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>, tensor<1x?x8xf32>)
  return %y#0, %g#0 : tensor<?x1x?x8xf32>, tensor<?x1x?x8xf32>
}

//--- loop.mlir
func.func @loop(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>, %len: tensor<?xi32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x4xf32>) {
  %o:3 = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>) lengths(%len : tensor<?xi32>) reverse {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    %s = arith.addf %xt, %h : tensor<?x4xf32>
    %t = math.tanh %xt : tensor<?x4xf32>
    seq.yield %s, %t, %s : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>, tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %o#0, %o#1, %o#2 : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x4xf32>
}
