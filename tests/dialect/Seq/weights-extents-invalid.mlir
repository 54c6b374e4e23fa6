// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// Static extents of seq.packed_matmul that contradict each other behind a dynamic one.

func.func @packed_matmul_c1_rows(
    %x: tensor<5x8xf32>, %p: tensor<3x8x2x16xf32>, %a: tensor<?x33xf32>, %b: tensor<4x33xf32>) {
  // expected-error @+1 {{lhs has shape [5, 8], but [4, 8] is required [C1]}}
  %r:2 = seq.packed_matmul %x, %p init(%a, %b)
      : (tensor<5x8xf32>, tensor<3x8x2x16xf32>, tensor<?x33xf32>, tensor<4x33xf32>)
      -> (tensor<?x33xf32>, tensor<4x33xf32>)
  return
}

// -----

func.func @packed_matmul_c1_columns(
    %x: tensor<?x8xf32>, %p: tensor<3x8x2x16xf32>, %a: tensor<?x?xf32>, %b: tensor<?x16xf32>) {
  // expected-error @+1 {{panels has shape [3, 8, 2, 16], but [1, 8, 2, 16] is required [C1]}}
  %r:2 = seq.packed_matmul %x, %p init(%a, %b)
      : (tensor<?x8xf32>, tensor<3x8x2x16xf32>, tensor<?x?xf32>, tensor<?x16xf32>)
      -> (tensor<?x?xf32>, tensor<?x16xf32>)
  return
}

// -----

func.func @packed_matmul_c2_inits(
    %x: tensor<?x8xf32>, %p: tensor<3x8x3x16xf32>, %a: tensor<?x?xf32>, %b: tensor<?x33xf32>, %c: tensor<?x34xf32>) {
  // expected-error @+1 {{inits have shapes [?, 33] and [?, 34], but one shape is required [C2]}}
  %r:3 = seq.packed_matmul %x, %p init(%a, %b, %c)
      : (tensor<?x8xf32>, tensor<3x8x3x16xf32>, tensor<?x?xf32>, tensor<?x33xf32>, tensor<?x34xf32>)
      -> (tensor<?x?xf32>, tensor<?x33xf32>, tensor<?x34xf32>)
  return
}

// -----

func.func @packed_matmul_c1_depth_of_open_panels(%x: tensor<?x9xf32>, %p: tensor<?x8x1x16xf32>, %a: tensor<?x33xf32>) {
  // expected-error @+1 {{lhs has shape [?, 9], but [?, 8] is required [C1]}}
  %r = seq.packed_matmul %x, %p init(%a)
      : (tensor<?x9xf32>, tensor<?x8x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return
}
