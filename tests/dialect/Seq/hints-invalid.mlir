// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// An op that takes and gives one index: no other extents, no other types.

func.func @opaque_index_of_integer(%n: i32) {
  // expected-error @+1 {{operand #0 must be index, but got 'i32'}}
  %0 = "seq.opaque_index"(%n) : (i32) -> index
  return
}

// -----

func.func @opaque_index_of_tensor(%n: tensor<2xindex>) {
  // expected-error @+1 {{operand #0 must be index, but got 'tensor<2xindex>'}}
  %0 = "seq.opaque_index"(%n) : (tensor<2xindex>) -> tensor<3xindex>
  return
}
