// RUN: seqc-opt %s --split-input-file --verify-diagnostics

func.func @embedding_c1_rank(%i: tensor<?xi32>, %t: tensor<f32>) {
  // expected-error @+1 {{has a table of rank 0, but at least 1 is required [C1]}}
  %0 = seq.embedding %i of %t : (tensor<?xi32>, tensor<f32>) -> tensor<?xf32>
  return
}

// -----

func.func @embedding_c2_type(%i: tensor<?xi32>, %t: tensor<9x4xf32>) {
  // expected-error @+1 {{has a result of 'f16', but the table's 'f32' is required [C2]}}
  %0 = seq.embedding %i of %t : (tensor<?xi32>, tensor<9x4xf32>) -> tensor<?x4xf16>
  return
}

// -----

func.func @embedding_c2_shape(%i: tensor<3x?xi32>, %t: tensor<9x4xf32>) {
  // expected-error @+1 {{result has shape [3, 5], but [3, ?, 4] is required [C2]}}
  %0 = seq.embedding %i of %t : (tensor<3x?xi32>, tensor<9x4xf32>) -> tensor<3x5xf32>
  return
}
