// RUN: seqc-opt %s --split-input-file --verify-diagnostics

func.func @rotary_c1_rank(%x: tensor<?x?x8xf32>, %c: tensor<?x?x4xf32>) {
  // expected-error @+1 {{has an input of rank 3, but 4 is required [C1]}}
  %y = seq.rotary %x cosine(%c) sine(%c) : tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>
  return
}

// -----

func.func @rotary_c1_steps(%x: tensor<2x4x3x8xf32>, %c: tensor<2x5x4xf32>) {
  // expected-error @+1 {{cosine has shape [2, 5, 4], but [2, 3, ?] is required [C1]}}
  %y = seq.rotary %x cosine(%c) sine(%c) : tensor<2x4x3x8xf32>, tensor<2x5x4xf32>, tensor<2x5x4xf32>
  return
}

// -----

func.func @rotary_c1_angles(%x: tensor<2x4x3x8xf32>, %c: tensor<2x3x4xf32>, %s: tensor<1x3x3xf32>) {
  // expected-error @+1 {{sine has shape [1, 3, 3], but [1, 3, 4] is required [C1]}}
  %y = seq.rotary %x cosine(%c) sine(%s) : tensor<2x4x3x8xf32>, tensor<2x3x4xf32>, tensor<1x3x3xf32>
  return
}

// -----

func.func @rotary_c2_many(%x: tensor<2x4x3x8xf32>, %c: tensor<1x3x5xf32>) {
  // expected-error @+1 {{has [5] angles for [8] features, but static extents and angles from 1 to half of the features are required [C2]}}
  %y = seq.rotary %x cosine(%c) sine(%c) : tensor<2x4x3x8xf32>, tensor<1x3x5xf32>, tensor<1x3x5xf32>
  return
}

// -----

func.func @rotary_c2_dynamic(%x: tensor<2x4x3x?xf32>, %c: tensor<1x3x5xf32>) {
  // expected-error @+1 {{has [5] angles for [?] features, but static extents and angles from 1 to half of the features are required [C2]}}
  %y = seq.rotary %x cosine(%c) sine(%c) : tensor<2x4x3x?xf32>, tensor<1x3x5xf32>, tensor<1x3x5xf32>
  return
}

// -----

func.func @rotary_c3_type(%x: tensor<2x4x3x8xf32>, %c: tensor<1x3x4xf32>) {
  // expected-error @+1 {{failed to verify that all of {input, result} have same type}}
  %y = "seq.rotary"(%x, %c, %c) : (tensor<2x4x3x8xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32>) -> tensor<2x4x3x8xf16>
  return
}
