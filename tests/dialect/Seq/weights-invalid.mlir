// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// One case or more per constraint of seq.weight, seq.pack and seq.packed_matmul.

func.func @weight_c1_dynamic_shape() {
  // expected-error @+1 {{result #0 must be statically shaped tensor}}
  %w = seq.weight "a" in "b" at 0 : tensor<?x4xf32>
  return
}

// -----

func.func @weight_c1_complex_numbers() {
  // expected-error @+1 {{result #0 must be statically shaped tensor of integer or floating-point or index values, but got 'tensor<4xcomplex<f32>>'}}
  %w = seq.weight "a" in "b" at 0 : tensor<4xcomplex<f32>>
  return
}

// -----

func.func @weight_c2_negative_offset() {
  // expected-error @+1 {{offset is -8, but must not be negative [C2]}}
  %w = seq.weight "a" in "b" at -8 : tensor<4xf32>
  return
}

// -----

func.func @weight_c3_stored_integers() {
  // expected-error @+1 {{attribute 'stored' failed to satisfy constraint}}
  %w = seq.weight "a" in "b" at 0 stored i8 : tensor<4xf32>
  return
}

// -----

func.func @weight_c3_stored_for_integers() {
  // expected-error @+1 {{is stored as 'f64' and has type 'tensor<4xi32>', but floating-point elements are required [C3]}}
  %w = seq.weight "a" in "b" at 0 stored f64 : tensor<4xi32>
  return
}

// -----

func.func @pack_c1_no_source() {
  // expected-error @+1 {{has no source, but at least 1 is required [C1]}}
  %p = "seq.pack"() : () -> tensor<1x4x1x8xf32>
  return
}

// -----

func.func @pack_c1_dynamic_source(%a: tensor<?x4xf32>) {
  // expected-error @+1 {{source has type 'tensor<?x4xf32>', but a static shape is required [C1]}}
  %p = seq.pack %a : (tensor<?x4xf32>) -> tensor<1x4x1x8xf32>
  return
}

// -----

func.func @pack_c1_different_sources(%a: tensor<8x4xf32>, %b: tensor<8x5xf32>) {
  // expected-error @+1 {{sources have types 'tensor<8x4xf32>' and 'tensor<8x5xf32>', but one type is required [C1]}}
  %p = seq.pack %a, %b : (tensor<8x4xf32>, tensor<8x5xf32>) -> tensor<1x4x2x8xf32>
  return
}

// -----

func.func @pack_c2_too_few_panels(%a: tensor<33x8xf32>) {
  // expected-error @+1 {{result has shape [2, 8, 1, 16], but [3, 8, 1, 16] is required [C2]}}
  %p = seq.pack %a : (tensor<33x8xf32>) -> tensor<2x8x1x16xf32>
  return
}

// -----

func.func @pack_c2_wrong_number_of_matrices(%a: tensor<32x8xf32>) {
  // expected-error @+1 {{result has shape [2, 8, 2, 16], but [2, 8, 1, 16] is required [C2]}}
  %p = seq.pack %a : (tensor<32x8xf32>) -> tensor<2x8x2x16xf32>
  return
}

// -----

func.func @pack_c2_transposed_shape(%a: tensor<32x8xf32>) {
  // expected-error @+1 {{result has shape [2, 8, 1, 16], but [1, 32, 1, 16] is required [C2]}}
  %p = seq.pack %a transposed : (tensor<32x8xf32>) -> tensor<2x8x1x16xf32>
  return
}

// -----

func.func @pack_c2_dynamic_result(%a: tensor<32x8xf32>) {
  // expected-error @+1 {{result has shape [?, 8, 1, 16], but a static one with panels of at least 1 column is required [C2]}}
  %p = seq.pack %a : (tensor<32x8xf32>) -> tensor<?x8x1x16xf32>
  return
}

// -----

func.func @pack_c2_element_type(%a: tensor<32x8xf32>) {
  // expected-error @+1 {{result has element type 'f16', but that of the sources, 'f32', is required [C2]}}
  %p = seq.pack %a : (tensor<32x8xf32>) -> tensor<2x8x1x16xf16>
  return
}

// -----

func.func @packed_matmul_c1_depth(%x: tensor<?x9xf32>, %p: tensor<3x8x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{lhs has shape [?, 9], but [?, 8] is required [C1]}}
  %r = seq.packed_matmul %x, %p init(%a)
      : (tensor<?x9xf32>, tensor<3x8x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c1_panels(%x: tensor<?x8xf32>, %p: tensor<2x8x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{panels has shape [2, 8, 1, 16], but [3, 8, 1, 16] is required [C1]}}
  %r = seq.packed_matmul %x, %p init(%a)
      : (tensor<?x8xf32>, tensor<2x8x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c1_dynamic_panel_width(%x: tensor<?x8xf32>, %p: tensor<2x8x1x?xf32>, %a: tensor<?x32xf32>) {
  // expected-error @+1 {{panels have shape [2, 8, 1, ?], but static extents of at least 1 are required for matrices and columns of a panel [C1]}}
  %r = seq.packed_matmul %x, %p init(%a)
      : (tensor<?x8xf32>, tensor<2x8x1x?xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
  return
}

// -----

func.func @packed_matmul_c2_too_few_inits(%x: tensor<?x8xf32>, %p: tensor<3x8x2x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{has 1 inits, but the panels hold 2 matrices [C2]}}
  %r = seq.packed_matmul %x, %p init(%a)
      : (tensor<?x8xf32>, tensor<3x8x2x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c2_different_inits(%x: tensor<?x8xf32>, %p: tensor<3x8x2x16xf32>, %a: tensor<?x33xf32>, %b: tensor<?x34xf32>) {
  // expected-error @+1 {{inits have shapes [?, 33] and [?, 34], but one shape is required [C2]}}
  %r:2 = seq.packed_matmul %x, %p init(%a, %b)
      : (tensor<?x8xf32>, tensor<3x8x2x16xf32>, tensor<?x33xf32>, tensor<?x34xf32>)
      -> (tensor<?x33xf32>, tensor<?x34xf32>)
  return
}

// -----

func.func @packed_matmul_c2_result_type(%x: tensor<?x8xf32>, %p: tensor<3x8x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{expected type of operand #2 ('tensor<?x33xf32>') to match type of corresponding result ('tensor<4x33xf32>')}}
  %r = seq.packed_matmul %x, %p init(%a)
      : (tensor<?x8xf32>, tensor<3x8x1x16xf32>, tensor<?x33xf32>) -> tensor<4x33xf32>
  return
}

// -----

func.func @packed_matmul_c3_element_types(%x: tensor<?x8xf16>, %p: tensor<3x8x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{multiplies 'f16' by 'f32' onto 'f32', but one floating-point type, or 'i8' by 'i8' onto 'i32', is required [C3]}}
  %r = seq.packed_matmul %x, %p init(%a)
      : (tensor<?x8xf16>, tensor<3x8x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @pack_c2_unit(%a: tensor<32x8xi8>) {
  // expected-error @+1 {{result has shape [2, 2, 1, 66], but rows of a multiple of the unit, 4, are required [C2]}}
  %p = seq.pack %a unit 4 : (tensor<32x8xi8>) -> tensor<2x2x1x66xi8>
  return
}

// -----

func.func @pack_c3_unit(%a: tensor<32x8xi8>) {
  // expected-error @+1 {{unit is 0, but at least 1 is required [C3]}}
  %p = seq.pack %a unit 0 : (tensor<32x8xi8>) -> tensor<2x8x1x16xi8>
  return
}

// -----

func.func @pack_c4_excess(%a: tensor<32x8xf32>) {
  // expected-error @+1 {{sources have element type 'f32', but 'i8' is required where they are in excess [C4]}}
  %p = seq.pack %a excess : (tensor<32x8xf32>) -> tensor<2x8x1x16xf32>
  return
}

// -----

func.func @column_sums_c1_columns(%a: tensor<32x8xi8>) {
  // expected-error @+1 {{result has shape [8], but [32] is required [C1]}}
  %s = seq.column_sums %a : (tensor<32x8xi8>) -> tensor<8xi32>
  return
}

// -----

func.func @column_sums_c1_dynamic(%a: tensor<?x8xi8>) {
  // expected-error @+1 {{source has type 'tensor<?x8xi8>', but a static shape is required [C1]}}
  %s = seq.column_sums %a : (tensor<?x8xi8>) -> tensor<?xi32>
  return
}

// -----

func.func @packed_matmul_c1_unit(%x: tensor<?x8xi8>, %p: tensor<3x2x1x66xi8>, %a: tensor<?x33xi32>) {
  // expected-error @+1 {{panels have shape [3, 2, 1, 66], but static extents of at least 1 are required for matrices and columns of a panel [C1]}}
  %r = seq.packed_matmul %x, %p unit 4 init(%a)
      : (tensor<?x8xi8>, tensor<3x2x1x66xi8>, tensor<?x33xi32>) -> tensor<?x33xi32>
  return
}

// -----

func.func @packed_matmul_c1_unit_of_zero(%x: tensor<?x8xi8>, %p: tensor<3x2x1x16xi8>, %a: tensor<?x33xi32>) {
  // expected-error @+1 {{unit is 0, but at least 1 is required [C1]}}
  %r = seq.packed_matmul %x, %p unit 0 init(%a)
      : (tensor<?x8xi8>, tensor<3x2x1x16xi8>, tensor<?x33xi32>) -> tensor<?x33xi32>
  return
}

// -----

func.func @packed_matmul_c1_depth_of_units(%x: tensor<?x7xi8>, %p: tensor<3x2x1x64xi8>, %a: tensor<?x33xi32>) {
  // expected-error @+1 {{lhs has shape [?, 7], but [?, 8] is required [C1]}}
  %r = seq.packed_matmul %x, %p unit 4 init(%a)
      : (tensor<?x7xi8>, tensor<3x2x1x64xi8>, tensor<?x33xi32>) -> tensor<?x33xi32>
  return
}

// -----

func.func @packed_matmul_c1_depth_of_codes(%x: tensor<?x60xf32>, %p: tensor<3x8x1x64xi8>, %s: tensor<3x2x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{lhs has shape [?, 60], but [?, 64] is required [C1]}}
  %r = seq.packed_matmul %x, %p scales(%s) bits 4 unit 4 init(%a)
      : (tensor<?x60xf32>, tensor<3x8x1x64xi8>, tensor<3x2x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c3_codes_of_floats(%x: tensor<?x64xf32>, %p: tensor<3x8x1x64xf32>, %s: tensor<3x2x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{multiplies by codes and has an operand of type 'tensor<3x8x1x64xf32>', but elements of 'f32', 'i8' and 'f32' are required [C3]}}
  %r = seq.packed_matmul %x, %p scales(%s) bits 4 unit 4 init(%a)
      : (tensor<?x64xf32>, tensor<3x8x1x64xf32>, tensor<3x2x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c3_halves_by_codes(%x: tensor<?x64xf16>, %p: tensor<3x8x1x64xi8>, %s: tensor<3x2x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{multiplies by codes and has an operand of type 'tensor<?x64xf16>', but elements of 'f32', 'i8' and 'f32' are required [C3]}}
  %r = seq.packed_matmul %x, %p scales(%s) bits 4 unit 4 init(%a)
      : (tensor<?x64xf16>, tensor<3x8x1x64xi8>, tensor<3x2x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c3_codes_onto_integers(%x: tensor<?x64xf32>, %p: tensor<3x8x1x64xi8>, %s: tensor<3x2x1x16xf32>, %a: tensor<?x33xi32>) {
  // expected-error @+1 {{multiplies by codes and has an operand of type 'tensor<?x33xi32>', but elements of 'f32', 'i8' and 'f32' are required [C3]}}
  %r = seq.packed_matmul %x, %p scales(%s) bits 4 unit 4 init(%a)
      : (tensor<?x64xf32>, tensor<3x8x1x64xi8>, tensor<3x2x1x16xf32>, tensor<?x33xi32>) -> tensor<?x33xi32>
  return
}

// -----

func.func @packed_matmul_c4_bits(%x: tensor<?x64xf32>, %p: tensor<3x8x1x64xi8>, %s: tensor<3x2x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{has codes of 5 bits, but 2, 4 or 8 are required [C4]}}
  %r = seq.packed_matmul %x, %p scales(%s) bits 5 unit 4 init(%a)
      : (tensor<?x64xf32>, tensor<3x8x1x64xi8>, tensor<3x2x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c4_no_scales(%x: tensor<?x64xf32>, %p: tensor<3x16x1x64xi8>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{has codes without scales, but both or none are required [C4]}}
  %r = seq.packed_matmul %x, %p bits 4 unit 4 init(%a)
      : (tensor<?x64xf32>, tensor<3x16x1x64xi8>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c4_unit(%x: tensor<?x64xf32>, %p: tensor<2x8x1x64xi8>, %s: tensor<3x2x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{has scales, 1 matrices and unit 2, but 1 matrix and unit 4 are required [C4]}}
  %r = seq.packed_matmul %x, %p scales(%s) bits 4 unit 2 init(%a)
      : (tensor<?x64xf32>, tensor<2x8x1x64xi8>, tensor<3x2x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c4_matrices(%x: tensor<?x64xf32>, %p: tensor<3x8x2x64xi8>, %s: tensor<3x2x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{has scales, 2 matrices and unit 4, but 1 matrix and unit 4 are required [C4]}}
  %r:2 = seq.packed_matmul %x, %p scales(%s) bits 4 unit 4 init(%a, %a)
      : (tensor<?x64xf32>, tensor<3x8x2x64xi8>, tensor<3x2x1x16xf32>, tensor<?x33xf32>, tensor<?x33xf32>) -> (tensor<?x33xf32>, tensor<?x33xf32>)
  return
}

// -----

func.func @packed_matmul_c4_open_panels(%x: tensor<?x64xf32>, %p: tensor<?x8x1x64xi8>, %s: tensor<3x2x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{panels has type 'tensor<?x8x1x64xi8>', but a static shape is required [C4]}}
  %r = seq.packed_matmul %x, %p scales(%s) bits 4 unit 4 init(%a)
      : (tensor<?x64xf32>, tensor<?x8x1x64xi8>, tensor<3x2x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c4_open_scales(%x: tensor<?x64xf32>, %p: tensor<3x8x1x64xi8>, %s: tensor<3x?x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{scales has type 'tensor<3x?x1x16xf32>', but a static shape is required [C4]}}
  %r = seq.packed_matmul %x, %p scales(%s) bits 4 unit 4 init(%a)
      : (tensor<?x64xf32>, tensor<3x8x1x64xi8>, tensor<3x?x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c4_open_zeros(%x: tensor<?x64xf32>, %p: tensor<3x8x1x64xi8>, %s: tensor<3x2x1x16xf32>, %z: tensor<3x?x1x64xi8>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{zeros has type 'tensor<3x?x1x64xi8>', but a static shape is required [C4]}}
  %r = seq.packed_matmul %x, %p scales(%s) zeros(%z) bits 4 unit 4 init(%a)
      : (tensor<?x64xf32>, tensor<3x8x1x64xi8>, tensor<3x2x1x16xf32>, tensor<3x?x1x64xi8>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c4_scales(%x: tensor<?x64xf32>, %p: tensor<3x8x1x64xi8>, %s: tensor<2x2x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{scales has shape [2, 2, 1, 16], but [3, 2, 1, 16] is required [C4]}}
  %r = seq.packed_matmul %x, %p scales(%s) bits 4 unit 4 init(%a)
      : (tensor<?x64xf32>, tensor<3x8x1x64xi8>, tensor<2x2x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c4_blocks(%x: tensor<?x64xf32>, %p: tensor<3x8x1x64xi8>, %s: tensor<3x3x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{has 64 codes in 3 blocks, but blocks of one multiple of 8 codes are required [C4]}}
  %r = seq.packed_matmul %x, %p scales(%s) bits 4 unit 4 init(%a)
      : (tensor<?x64xf32>, tensor<3x8x1x64xi8>, tensor<3x3x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c4_parts_of_words(%x: tensor<?x64xf32>, %p: tensor<3x8x1x64xi8>, %s: tensor<3x16x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{has 64 codes in 16 blocks, but blocks of one multiple of 8 codes are required [C4]}}
  %r = seq.packed_matmul %x, %p scales(%s) bits 4 unit 4 init(%a)
      : (tensor<?x64xf32>, tensor<3x8x1x64xi8>, tensor<3x16x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c5_codes(%x: tensor<?x64xf32>, %p: tensor<3x8x1x64xi8>, %s: tensor<3x2x1x16xf32>, %z: tensor<3x2x1x64xi8>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{zeros has shape [3, 2, 1, 64], but [3, 1, 1, 64] is required [C5]}}
  %r = seq.packed_matmul %x, %p scales(%s) zeros(%z) bits 4 unit 4 init(%a)
      : (tensor<?x64xf32>, tensor<3x8x1x64xi8>, tensor<3x2x1x16xf32>, tensor<3x2x1x64xi8>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}

// -----

func.func @packed_matmul_c5_floats(%x: tensor<?x64xf32>, %p: tensor<3x8x1x64xi8>, %s: tensor<3x2x1x16xf32>, %z: tensor<3x1x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{zeros has shape [3, 1, 1, 16], but [3, 2, 1, 16] is required [C5]}}
  %r = seq.packed_matmul %x, %p scales(%s) zeros(%z) bits 4 unit 4 init(%a)
      : (tensor<?x64xf32>, tensor<3x8x1x64xi8>, tensor<3x2x1x16xf32>, tensor<3x1x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}
