// RUN: seqc-opt %s --split-input-file --verify-diagnostics

func.func @softmax_c1_none(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{has no dimensions to normalise along, but at least one is required [C1]}}
  %p = seq.softmax %x dims [] : tensor<?x8xf32>
  return
}

// -----

func.func @softmax_c1_outside(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{has dims [2], but dimensions below 2 in ascending order are required [C1]}}
  %p = seq.softmax %x dims [2] : tensor<?x8xf32>
  return
}

// -----

func.func @softmax_c1_order(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{has dims [1, 0], but dimensions below 2 in ascending order are required [C1]}}
  %p = seq.softmax %x dims [1, 0] : tensor<?x8xf32>
  return
}

// -----

func.func @softmax_c1_twice(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{has dims [1, 1], but dimensions below 2 in ascending order are required [C1]}}
  %p = seq.softmax %x dims [1, 1] : tensor<?x8xf32>
  return
}

// -----

func.func @norm_c1_axis(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{has axis 2, but a dimension of the input, 0 to 1, is required [C1]}}
  %y = seq.norm layer %x from 2 epsilon 0.0 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @norm_c1_scalar(%x: tensor<f32>) {
  // expected-error @+1 {{has axis 0, but a dimension of the input, 0 to -1, is required [C1]}}
  %y = seq.norm layer %x from 0 epsilon 0.0 : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @norm_c2_divisor(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{has 3 groups of [8] channels, but a divisor is required, and 1 unless the kind is 'group' [C2]}}
  %y = seq.norm group %x from 1 groups 3 epsilon 0.0 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @norm_c2_zero(%x: tensor<?x?xf32>) {
  // expected-error @+1 {{has 0 groups of [?] channels}}
  %y = seq.norm group %x from 1 groups 0 epsilon 0.0 : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return
}

// -----

func.func @norm_c2_kind(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{has 2 groups of [8] channels, but a divisor is required, and 1 unless the kind is 'group' [C2]}}
  %y = seq.norm layer %x from 1 groups 2 epsilon 0.0 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @norm_c3_scale(%x: tensor<?x4x8xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{scale has shape [8], but [4, 8] is required [C3]}}
  %y = seq.norm layer %x from 1 epsilon 0.0 scale(%s) : (tensor<?x4x8xf32>, tensor<8xf32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @norm_c3_group(%x: tensor<?x4x8xf32>, %s: tensor<4x8xf32>) {
  // expected-error @+1 {{bias has shape [4, 8], but [4] is required [C3]}}
  %y = seq.norm group %x from 1 epsilon 0.0 bias(%s) : (tensor<?x4x8xf32>, tensor<4x8xf32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @norm_c3_both(%x: tensor<?x?xf32>, %s: tensor<4xf32>, %b: tensor<5xf32>) {
  // expected-error @+1 {{bias has shape [5], but [4] is required [C3]}}
  %y = seq.norm rms %x from 1 epsilon 0.0 scale(%s) bias(%b)
      : (tensor<?x?xf32>, tensor<4xf32>, tensor<5xf32>) -> tensor<?x?xf32>
  return
}

// -----

func.func @norm_c4_result(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{result has shape [?, 9], but [?, 8] is required [C4]}}
  %y = seq.norm rms %x from 1 epsilon 0.0 : (tensor<?x8xf32>) -> tensor<?x9xf32>
  return
}

// -----

func.func @norm_c5_epsilon(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{has epsilon -1.000000e+00, but a number of at least 0 is required [C5]}}
  %y = seq.norm rms %x from 1 epsilon -1.0 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}
