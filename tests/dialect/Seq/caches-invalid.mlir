// RUN: seqc-opt %s --split-input-file --verify-diagnostics

func.func @append_c1_rank(%c: tensor<?x8x4xf32>, %e: tensor<?x1x4xf32>, %p: index) {
  // expected-error @+1 {{has axis 3, but a dimension from 0 on of a cache of rank 3 is required [C1]}}
  %0 = seq.cache.append %c, %e at %p axis 3 : (tensor<?x8x4xf32>, tensor<?x1x4xf32>, index) -> tensor<?x8x4xf32>
  return
}

// -----

func.func @append_c1_rows(%c: tensor<?x8x4xf32>, %e: tensor<?x8x4xf32>, %p: tensor<?xi64>) {
  // expected-error @+1 {{has axis 0, but a dimension from 1 on of a cache of rank 3 is required [C1]}}
  %0 = seq.cache.append %c, %e at %p axis 0 : (tensor<?x8x4xf32>, tensor<?x8x4xf32>, tensor<?xi64>) -> tensor<?x8x4xf32>
  return
}

// -----

func.func @append_c2_elements(%c: tensor<?x8x4xf32>, %e: tensor<?x1x4xf16>, %p: index) {
  // expected-error @+1 {{entries holds 'f16', but the cache's 'f32' is required [C2]}}
  %0 = seq.cache.append %c, %e at %p axis 1 : (tensor<?x8x4xf32>, tensor<?x1x4xf16>, index) -> tensor<?x8x4xf32>
  return
}

// -----

func.func @append_c2_shape(%c: tensor<?x8x4xf32>, %e: tensor<?x1x5xf32>, %p: index) {
  // expected-error @+1 {{entries has shape [?, 1, 5], but [?, ?, 4] is required [C2]}}
  %0 = seq.cache.append %c, %e at %p axis 1 : (tensor<?x8x4xf32>, tensor<?x1x5xf32>, index) -> tensor<?x8x4xf32>
  return
}

// -----

func.func @append_c2_capacity(%c: tensor<?x8x4xf32>, %e: tensor<?x9x4xf32>, %p: index) {
  // expected-error @+1 {{has 9 entries for a capacity of 8, but at most as many are required [C2]}}
  %0 = seq.cache.append circular %c, %e at %p axis 1 : (tensor<?x8x4xf32>, tensor<?x9x4xf32>, index) -> tensor<?x8x4xf32>
  return
}

// -----

func.func @append_c3_rows(%c: tensor<3x8x4xf32>, %e: tensor<?x1x4xf32>, %p: tensor<2xi64>) {
  // expected-error @+1 {{position has shape [2], but [3] is required [C3]}}
  %0 = seq.cache.append %c, %e at %p axis 1 : (tensor<3x8x4xf32>, tensor<?x1x4xf32>, tensor<2xi64>) -> tensor<3x8x4xf32>
  return
}

// -----

func.func @append_c4_type(%c: tensor<3x8x4xf32>, %e: tensor<3x1x4xf32>, %p: index) {
  // expected-error @+1 {{expected type of operand #0 ('tensor<3x8x4xf32>') to match type of corresponding result ('tensor<?x8x4xf32>')}}
  %0 = seq.cache.append %c, %e at %p axis 1 : (tensor<3x8x4xf32>, tensor<3x1x4xf32>, index) -> tensor<?x8x4xf32>
  return
}

// -----

func.func @read_c1_axis(%c: tensor<?x8xf32>, %b: index) {
  // expected-error @+1 {{has axis -1, but a dimension from 0 on of a cache of rank 2 is required [C1]}}
  %0 = seq.cache.read %c from %b count %b axis -1 : tensor<?x8xf32> -> tensor<?x?xf32>
  return
}

// -----

func.func @read_c2_elements(%c: tensor<?x8xf32>, %b: index) {
  // expected-error @+1 {{result holds 'i32', but the cache's 'f32' is required [C2]}}
  %0 = seq.cache.read %c from %b count %b axis 1 : tensor<?x8xf32> -> tensor<?x?xi32>
  return
}

// -----

func.func @read_c2_shape(%c: tensor<3x8x4xf32>, %b: index) {
  // expected-error @+1 {{result has shape [3, 2, 5], but [3, ?, 4] is required [C2]}}
  %0 = seq.cache.read %c from %b count %b axis 1 : tensor<3x8x4xf32> -> tensor<3x2x5xf32>
  return
}

// -----

func.func @reorder_c1_axis(%c: tensor<?x8xf32>, %p: tensor<?x?xi32>) {
  // expected-error @+1 {{has axis 0, but a dimension from 1 on of a cache of rank 2 is required [C1]}}
  %0 = seq.cache.reorder %c by %p axis 0 : (tensor<?x8xf32>, tensor<?x?xi32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @reorder_c2_rank(%c: tensor<?x8xf32>, %p: tensor<?x8xi32>) {
  // expected-error @+1 {{parents has shape [?, 8], but [?] is required [C2]}}
  %0 = seq.cache.reorder %c by %p : (tensor<?x8xf32>, tensor<?x8xi32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @reorder_c2_entries(%c: tensor<?x8xf32>, %p: tensor<?x7xi32>) {
  // expected-error @+1 {{parents has shape [?, 7], but [?, 8] is required [C2]}}
  %0 = seq.cache.reorder %c by %p axis 1 : (tensor<?x8xf32>, tensor<?x7xi32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @reorder_c3_rank(%c: tensor<f32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{has a cache of rank 0, but at least 1 is required [C3]}}
  %0 = seq.cache.reorder %c by %p : (tensor<f32>, tensor<?xi32>) -> tensor<f32>
  return
}

// -----

func.func @reorder_c3_elements(%c: tensor<?x8xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{result holds 'f64', but the cache's 'f32' is required [C3]}}
  %0 = seq.cache.reorder %c by %p : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf64>
  return
}

// -----

func.func @reorder_c3_shape(%c: tensor<?x8xf32>, %p: tensor<3xi32>) {
  // expected-error @+1 {{result has shape [4, 8], but [3, 8] is required [C3]}}
  %0 = seq.cache.reorder %c by %p : (tensor<?x8xf32>, tensor<3xi32>) -> tensor<4x8xf32>
  return
}
