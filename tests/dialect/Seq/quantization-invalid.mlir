// RUN: seqc-opt %s --split-input-file --verify-diagnostics

func.func @quantize_c1_shape(%x: tensor<4x8xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{result has shape [4, 9], but [4, 8] is required [C1]}}
  %0 = seq.quantize %x scale(%s) : (tensor<4x8xf32>, tensor<f32>) -> tensor<4x9xi8>
  return
}

// -----

func.func @dequantize_c1_shape(%x: tensor<4x8xi8>, %s: tensor<f32>) {
  // expected-error @+1 {{result has shape [8], but [4, 8] is required [C1]}}
  %0 = seq.dequantize %x scale(%s) : (tensor<4x8xi8>, tensor<f32>) -> tensor<8xf32>
  return
}

// -----

func.func @quantize_c2_one(%x: tensor<4x8xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{scale has shape [8], but [] is required [C2]}}
  %0 = seq.quantize %x scale(%s) : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xi8>
  return
}

// -----

func.func @dequantize_c2_axis(%x: tensor<4x8xi8>, %s: tensor<4xf32>) {
  // expected-error @+1 {{scale has shape [4], but [8] is required [C2]}}
  %0 = seq.dequantize %x scale(%s) axis 1 : (tensor<4x8xi8>, tensor<4xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @dequantize_c2_blocks(%x: tensor<4x9xi8>, %s: tensor<4x2xf32>) {
  // expected-error @+1 {{scale has shape [4, 2], but [4, 3] is required [C2]}}
  %0 = seq.dequantize %x scale(%s) axis 1 block 4 : (tensor<4x9xi8>, tensor<4x2xf32>) -> tensor<4x9xf32>
  return
}

// -----

func.func @quantize_c2_empty_block(%x: tensor<4x8xf32>, %s: tensor<4x8xf32>) {
  // expected-error @+1 {{has blocks of 0, but an axis and at least 1 are required [C2]}}
  %0 = seq.quantize %x scale(%s) axis 1 block 0 : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xi8>
  return
}

// -----

func.func @quantize_c2_block_alone(%x: tensor<4x8xf32>, %s: tensor<4x8xf32>) {
  // expected-error @+1 {{has blocks of 2 without axis, but an axis and at least 1 are required [C2]}}
  %0 = "seq.quantize"(%x, %s) <{block = 2 : i64, is_unsigned = false}> : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xi8>
  return
}

// -----

func.func @quantize_c3_axis(%x: tensor<4x8xf32>, %s: tensor<8xf32>) {
  // expected-error @+1 {{has axis 2, but a dimension of an input of rank 2 is required [C3]}}
  %0 = seq.quantize %x scale(%s) axis 2 : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xi8>
  return
}

// -----

func.func @dequantize_c3_axis(%x: tensor<4x8xi8>, %s: tensor<8xf32>) {
  // expected-error @+1 {{has axis -1, but a dimension of an input of rank 2 is required [C3]}}
  %0 = seq.dequantize %x scale(%s) axis -1 : (tensor<4x8xi8>, tensor<8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @quantize_c4_type(%x: tensor<4x8xf32>, %s: tensor<f32>, %z: tensor<i16>) {
  // expected-error @+1 {{has a zero point of 'i16', but 'i8' is required [C4]}}
  %0 = seq.quantize %x scale(%s) zero(%z) : (tensor<4x8xf32>, tensor<f32>, tensor<i16>) -> tensor<4x8xi8>
  return
}

// -----

func.func @dequantize_c4_shape(%x: tensor<4x8xi8>, %s: tensor<8xf32>, %z: tensor<4xi8>) {
  // expected-error @+1 {{zero has shape [4], but [8] is required [C4]}}
  %0 = seq.dequantize %x scale(%s) zero(%z) axis 1 : (tensor<4x8xi8>, tensor<8xf32>, tensor<4xi8>) -> tensor<4x8xf32>
  return
}
