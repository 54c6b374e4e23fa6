// RUN: seqc-opt %s --split-input-file --verify-diagnostics

func.func @matmul_c1_matrices(%x: tensor<?x8xf32>, %w: tensor<33x8xf32>, %v: tensor<32x8xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{matrices have types 'tensor<33x8xf32>' and 'tensor<32x8xf32>', but one type is required [C1]}}
  %r:2 = seq.matmul %x, %w, %v init(%a, %a)
      : (tensor<?x8xf32>, tensor<33x8xf32>, tensor<32x8xf32>, tensor<?x33xf32>, tensor<?x33xf32>)
      -> (tensor<?x33xf32>, tensor<?x33xf32>)
  return
}

// -----

func.func @matmul_c1_dynamic(%x: tensor<?x8xf32>, %w: tensor<?x8xf32>, %a: tensor<?x?xf32>) {
  // expected-error @+1 {{matrix has type 'tensor<?x8xf32>', but a static shape is required [C1]}}
  %r = seq.matmul %x, %w init(%a) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  return
}

// -----

func.func @matmul_c1_depth(%x: tensor<?x9xf32>, %w: tensor<33x8xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{lhs has shape [?, 9], but [?, 8] is required [C1]}}
  %r = seq.matmul %x, %w init(%a) : (tensor<?x9xf32>, tensor<33x8xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @matmul_c2_no_matrix(%x: tensor<?x9xf32>) {
  // expected-error @+1 {{has no matrix, but at least 1 is required [C2]}}
  "seq.matmul"(%x) : (tensor<?x9xf32>) -> ()
  return
}

// -----

func.func @matmul_c2_inits(%x: tensor<?x8xf32>, %w: tensor<33x8xf32>, %a: tensor<?x32xf32>) {
  // expected-error @+1 {{init has shape [?, 32], but [?, 33] is required [C2]}}
  %r = seq.matmul %x, %w init(%a) : (tensor<?x8xf32>, tensor<33x8xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
  return
}

// -----

func.func @matmul_c3_bytes_onto_floats(%x: tensor<?x8xi8>, %w: tensor<33x8xi8>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{multiplies 'i8' by 'i8' onto 'f32', but one floating-point type, or 'i8' by 'i8' onto 'i32', is required [C3]}}
  %r = seq.matmul %x, %w init(%a) : (tensor<?x8xi8>, tensor<33x8xi8>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @matmul_c4_excess_of_floats(%x: tensor<?x8xf32>, %w: tensor<33x8xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{matrices have element type 'f32', but 'i8' is required where they are in excess [C4]}}
  %r = seq.matmul %x, %w excess init(%a)
      : (tensor<?x8xf32>, tensor<33x8xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @quantized_matmul_c1_depth(%x: tensor<?x8xi8>, %w: tensor<33x9xi8>) {
  // expected-error @+1 {{rhs has shape [33, 9], but [33, 8] is required [C1]}}
  %r = seq.quantized_matmul %x, %w : (tensor<?x8xi8>, tensor<33x9xi8>) -> tensor<?x33xi32>
  return
}

// -----

func.func @quantized_matmul_c2_rows(%x: tensor<4x8xi8>, %w: tensor<33x8xi8>, %z: tensor<3xi8>) {
  // expected-error @+1 {{lhs_zero has shape [3], but one element or shape [4] is required [C2]}}
  %r = seq.quantized_matmul %x, %w lhs_zero(%z) : (tensor<4x8xi8>, tensor<33x8xi8>, tensor<3xi8>) -> tensor<4x33xi32>
  return
}

// -----

func.func @quantized_matmul_c3_columns(%x: tensor<4x8xi8>, %w: tensor<8x33xi8>, %z: tensor<8xi8>) {
  // expected-error @+1 {{rhs_zero has shape [8], but one element or shape [33] is required [C3]}}
  %r = seq.quantized_matmul %x, %w rhs_zero(%z) transposed
      : (tensor<4x8xi8>, tensor<8x33xi8>, tensor<8xi8>) -> tensor<4x33xi32>
  return
}

// -----

func.func @quantized_matmul_c4_result(%x: tensor<4x8xi8>, %w: tensor<8x33xi8>) {
  // expected-error @+1 {{result has shape [4, 32], but [4, 33] is required [C4]}}
  %r = seq.quantized_matmul %x, %w transposed : (tensor<4x8xi8>, tensor<8x33xi8>) -> tensor<4x32xi32>
  return
}

// -----

func.func @blockwise_matmul_c1_dynamic_depth(%x: tensor<?x?xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>) {
  // expected-error @+1 {{lhs has type 'tensor<?x?xf32>', but a static depth of at least 1 is required [C1]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 32
      : (tensor<?x?xf32>, tensor<33x32xi8>, tensor<33x2xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @blockwise_matmul_c1_no_depth(%x: tensor<?x0xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>) {
  // expected-error @+1 {{lhs has type 'tensor<?x0xf32>', but a static depth of at least 1 is required [C1]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 32
      : (tensor<?x0xf32>, tensor<33x32xi8>, tensor<33x2xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @blockwise_matmul_c1_dynamic_codes(%x: tensor<?x40xf32>, %w: tensor<?x32xi8>, %s: tensor<33x2xf32>) {
  // expected-error @+1 {{codes has type 'tensor<?x32xi8>', but a static shape is required [C1]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 32
      : (tensor<?x40xf32>, tensor<?x32xi8>, tensor<33x2xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @blockwise_matmul_c1_dynamic_scales(%x: tensor<?x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x?xf32>) {
  // expected-error @+1 {{scales has type 'tensor<33x?xf32>', but a static shape is required [C1]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 32
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x?xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @blockwise_matmul_c1_dynamic_zeros(%x: tensor<?x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>, %z: tensor<?x1xi8>) {
  // expected-error @+1 {{zeros has type 'tensor<?x1xi8>', but a static shape is required [C1]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) zeros(%z) bits 4 block 32
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>, tensor<?x1xi8>) -> tensor<?x33xf32>
  return
}

// -----

func.func @blockwise_matmul_c2_bits(%x: tensor<?x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>) {
  // expected-error @+1 {{has codes of 3 bits, but 2, 4 or 8 are required [C2]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 3 block 32
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @blockwise_matmul_c2_block(%x: tensor<?x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>) {
  // expected-error @+1 {{has blocks of 12 codes, but a multiple of 8 is required [C2]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 12
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @blockwise_matmul_c2_no_block(%x: tensor<?x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>) {
  // expected-error @+1 {{has blocks of 0 codes, but a multiple of 8 is required [C2]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 0
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @blockwise_matmul_c3_scales(%x: tensor<?x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x3xf32>) {
  // expected-error @+1 {{scales has shape [33, 3], but [33, 2] is required [C3]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 32
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x3xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @blockwise_matmul_c3_codes(%x: tensor<?x40xf32>, %w: tensor<33x20xi8>, %s: tensor<33x2xf32>) {
  // expected-error @+1 {{codes has 20 bytes for a column, but 2 blocks of 16 bytes are required [C3]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 32
      : (tensor<?x40xf32>, tensor<33x20xi8>, tensor<33x2xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @blockwise_matmul_c3_too_many_codes(%x: tensor<?x40xf32>, %w: tensor<33x48xi8>, %s: tensor<33x2xf32>) {
  // expected-error @+1 {{codes has 48 bytes for a column, but 2 blocks of 16 bytes are required [C3]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 32
      : (tensor<?x40xf32>, tensor<33x48xi8>, tensor<33x2xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @blockwise_matmul_c4_codes(%x: tensor<?x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>, %z: tensor<33x2xi8>) {
  // expected-error @+1 {{zeros has shape [33, 2], but [33, 1] is required [C4]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) zeros(%z) bits 4 block 32
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>, tensor<33x2xi8>) -> tensor<?x33xf32>
  return
}

// -----

func.func @blockwise_matmul_c4_floats(%x: tensor<?x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>, %z: tensor<33x1xf32>) {
  // expected-error @+1 {{zeros has shape [33, 1], but [33, 2] is required [C4]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) zeros(%z) bits 4 block 32
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>, tensor<33x1xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @blockwise_matmul_c5_columns(%x: tensor<?x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>) {
  // expected-error @+1 {{result has shape [?, 32], but [?, 33] is required [C5]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 32
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>) -> tensor<?x32xf32>
  return
}

// -----

func.func @blockwise_matmul_c5_rows(%x: tensor<4x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>) {
  // expected-error @+1 {{result has shape [5, 33], but [4, 33] is required [C5]}}
  %r = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 32
      : (tensor<4x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>) -> tensor<5x33xf32>
  return
}
