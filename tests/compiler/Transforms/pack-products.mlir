// RUN: seqc-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(seq-pack-products))' | FileCheck %s

/// Two gates have panels of 32 columns, one has 64.

// CHECK-LABEL: func.func @pack_two_gates
//  CHECK-SAME:   %[[H:.*]]: tensor<?x64xf32>, %[[WI:.*]]: tensor<64x64xf32>, %[[WF:[^:]*]]: tensor<64x64xf32>
//  CHECK-SAME:   %[[I:[^:]*]]: tensor<?x64xf32>, %[[F:[^:]*]]: tensor<?x64xf32>
//       CHECK:   %[[P:.*]] = seq.pack %[[WI]], %[[WF]]
//  CHECK-SAME:     -> tensor<2x64x2x32xf32>
//       CHECK:   %[[R:.*]]:2 = seq.packed_matmul %[[H]], %[[P]] init(%[[I]], %[[F]])
//       CHECK:   return %[[R]]#0, %[[R]]#1
func.func @pack_two_gates(%h: tensor<?x64xf32>, %wi: tensor<64x64xf32>, %wf: tensor<64x64xf32>,
                          %i: tensor<?x64xf32>, %f: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %r:2 = seq.matmul %h, %wi, %wf init(%i, %f)
      : (tensor<?x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>)
      -> (tensor<?x64xf32>, tensor<?x64xf32>)
  return %r#0, %r#1 : tensor<?x64xf32>, tensor<?x64xf32>
}

// CHECK-LABEL: func.func @pack_one_narrow
//       CHECK:   seq.pack %{{.*}} transposed : (tensor<8x33xf32>) -> tensor<1x8x1x64xf32>
func.func @pack_one_narrow(%h: tensor<?x8xf32>, %w: tensor<8x33xf32>, %b: tensor<?x33xf32>) -> tensor<?x33xf32> {
  %r = seq.matmul %h, %w transposed init(%b)
      : (tensor<?x8xf32>, tensor<8x33xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return %r : tensor<?x33xf32>
}

/// Bytes lie in groups of four along the depth. Ten are padded to twelve, on both sides.

// CHECK-LABEL: func.func @pack_bytes_of_odd_depth
//  CHECK-SAME:   %[[X:.*]]: tensor<?x10xi8>, %[[W:.*]]: tensor<10x33xi8>
//   CHECK-DAG:   %[[P:.*]] = seq.pack %[[W]] transposed excess unit 4 : (tensor<10x33xi8>) -> tensor<1x3x1x256xi8>
//   CHECK-DAG:   %[[ZEROS:.*]] = linalg.fill {{.*}} -> tensor<?x12xi8>
//       CHECK:   %[[Y:.*]] = tensor.insert_slice %[[X]] into %[[ZEROS]][0, 0] [%{{.*}}, 10] [1, 1]
//       CHECK:   seq.packed_matmul %[[Y]], %[[P]] unit 4 init
func.func @pack_bytes_of_odd_depth(%x: tensor<?x10xi8>, %w: tensor<10x33xi8>, %a: tensor<?x33xi32>)
    -> tensor<?x33xi32> {
  %r = seq.matmul %x, %w transposed excess init(%a)
      : (tensor<?x10xi8>, tensor<10x33xi8>, tensor<?x33xi32>) -> tensor<?x33xi32>
  return %r : tensor<?x33xi32>
}

/// Codes lie as they are stored, four bytes of a column side by side. A last block that is not full is padded on the
/// left; scales and zero points have panels of their own.

// CHECK-LABEL: func.func @pack_codes
//  CHECK-SAME:   %[[X:.*]]: tensor<?x40xf32>, %[[W:.*]]: tensor<33x32xi8>, %[[S:.*]]: tensor<33x2xf32>, %[[Z:.*]]: tensor<33x1xi8>
//   CHECK-DAG:   %[[P:.*]] = seq.pack %[[W]] unit 4 : (tensor<33x32xi8>) -> tensor<1x8x1x256xi8>
//   CHECK-DAG:   %[[SP:.*]] = seq.pack %[[S]] : (tensor<33x2xf32>) -> tensor<1x2x1x64xf32>
//   CHECK-DAG:   %[[ZP:.*]] = seq.pack %[[Z]] unit 4 : (tensor<33x1xi8>) -> tensor<1x1x1x256xi8>
//       CHECK:   %[[Y:.*]] = tensor.insert_slice %[[X]] into %{{.*}}[0, 0] [%{{.*}}, 40] [1, 1] : tensor<?x40xf32> into tensor<?x64xf32>
//       CHECK:   %[[INIT:.*]] = linalg.fill {{.*}} -> tensor<?x33xf32>
//       CHECK:   seq.packed_matmul %[[Y]], %[[P]] scales(%[[SP]]) zeros(%[[ZP]]) bits 4 unit 4 init(%[[INIT]])
func.func @pack_codes(%x: tensor<?x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>, %z: tensor<33x1xi8>)
    -> tensor<?x33xf32> {
  %r = seq.blockwise_matmul %x, %w scales(%s) zeros(%z) bits 4 block 32
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>, tensor<33x1xi8>) -> tensor<?x33xf32>
  return %r : tensor<?x33xf32>
}

/// Whole blocks need no padding; zero points of floats lie like scales. What the result's type leaves open, a cast does.

// CHECK-LABEL: func.func @pack_codes_with_floats
//   CHECK-DAG:   seq.pack %{{.*}} : (tensor<16x2xf32>) -> tensor<1x2x1x16xf32>
//   CHECK-DAG:   seq.pack %{{.*}} : (tensor<16x2xf32>) -> tensor<1x2x1x16xf32>
//   CHECK-NOT:   tensor.insert_slice
//       CHECK:   %[[R:.*]] = seq.packed_matmul %{{.*}} bits 2 signed unit 4 init(%{{.*}}) : {{.*}} -> tensor<4x16xf32>
//       CHECK:   tensor.cast %[[R]] : tensor<4x16xf32> to tensor<?x16xf32>
func.func @pack_codes_with_floats(%x: tensor<4x64xf32>, %w: tensor<16x16xi8>, %s: tensor<16x2xf32>,
                                  %z: tensor<16x2xf32>) -> tensor<?x16xf32> {
  %r = seq.blockwise_matmul %x, %w scales(%s) zeros(%z) bits 2 block 32 signed
      : (tensor<4x64xf32>, tensor<16x16xi8>, tensor<16x2xf32>, tensor<16x2xf32>) -> tensor<?x16xf32>
  return %r : tensor<?x16xf32>
}

/// Weights whose file holds bf16 have panels of bf16, two numbers of the depth side by side; an odd depth is padded.

// CHECK-LABEL: func.func @pack_stored_halves
//  CHECK-SAME:   %[[X:.*]]: tensor<?x9xf32>, %[[A:.*]]: tensor<?x16xf32>
//   CHECK-DAG:   %[[W:.*]] = seq.weight "w"
//   CHECK-DAG:   %[[V:.*]] = seq.weight "v"
//       CHECK:   %[[P:.*]] = seq.pack %[[W]], %[[V]] unit 2 : (tensor<16x9xf32>, tensor<16x9xf32>) -> tensor<1x5x2x32xbf16>
//       CHECK:   %[[Y:.*]] = tensor.insert_slice %[[X]] into %{{.*}} : tensor<?x9xf32> into tensor<?x10xf32>
//       CHECK:   seq.packed_matmul %[[Y]], %[[P]] unit 2 init(%[[A]], %[[A]])
func.func @pack_stored_halves(%x: tensor<?x9xf32>, %a: tensor<?x16xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %w = seq.weight "w" in "m.safetensors" at 0 stored bf16 : tensor<16x9xf32>
  %v = seq.weight "v" in "m.safetensors" at 288 stored bf16 : tensor<16x9xf32>
  %r:2 = seq.matmul %x, %w, %v init(%a, %a)
      : (tensor<?x9xf32>, tensor<16x9xf32>, tensor<16x9xf32>, tensor<?x16xf32>, tensor<?x16xf32>)
      -> (tensor<?x16xf32>, tensor<?x16xf32>)
  return %r#0, %r#1 : tensor<?x16xf32>, tensor<?x16xf32>
}

/// Not so if one of the matrices is stored as something else, or computed.

// CHECK-LABEL: func.func @no_halves_beside_floats
//       CHECK:   seq.pack %{{.*}}, %{{.*}} : (tensor<16x8xf32>, tensor<16x8xf32>) -> tensor<1x8x2x16xf32>
//       CHECK:   seq.pack %{{.*}} : (tensor<16x8xf32>) -> tensor<1x8x1x16xf32>
func.func @no_halves_beside_floats(%x: tensor<?x8xf32>, %c: tensor<16x8xf32>, %a: tensor<?x16xf32>)
    -> (tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>) {
  %w = seq.weight "w" in "m.safetensors" at 0 stored bf16 : tensor<16x8xf32>
  %v = seq.weight "v" in "m.safetensors" at 256 stored f16 : tensor<16x8xf32>
  %r:2 = seq.matmul %x, %w, %v init(%a, %a)
      : (tensor<?x8xf32>, tensor<16x8xf32>, tensor<16x8xf32>, tensor<?x16xf32>, tensor<?x16xf32>)
      -> (tensor<?x16xf32>, tensor<?x16xf32>)
  %s = seq.matmul %x, %c init(%a) : (tensor<?x8xf32>, tensor<16x8xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
  return %r#0, %r#1, %s : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
}

// -----

/// Packing does not depend on the step, so it leaves the cell.

// CHECK-LABEL: func.func @pack_leaves_the_loop
//       CHECK:   seq.pack
//       CHECK:   seq.recurrence
//   CHECK-NOT:   seq.pack %
//       CHECK:     seq.packed_matmul
func.func @pack_leaves_the_loop(%x: tensor<?x?x16xf32>, %h: tensor<?x16xf32>, %w: tensor<16x16xf32>)
    -> tensor<?x16xf32> {
  %y, %last = seq.recurrence scan(%x : tensor<?x?x16xf32>) init(%h : tensor<?x16xf32>) {
  ^bb0(%xt: tensor<?x16xf32>, %s: tensor<?x16xf32>):
    %p = seq.matmul %s, %w init(%xt)
        : (tensor<?x16xf32>, tensor<16x16xf32>, tensor<?x16xf32>) -> tensor<?x16xf32>
    seq.yield %p, %p : tensor<?x16xf32>, tensor<?x16xf32>
  } outputs(tensor<?x?x16xf32>) states(tensor<?x16xf32>)
  return %last : tensor<?x16xf32>
}

// -----

/// In double precision panels have half as many columns.

// CHECK-LABEL: func.func @pack_double
//       CHECK:   seq.pack %{{.*}} transposed : (tensor<8x33xf64>) -> tensor<2x8x1x32xf64>
func.func @pack_double(%h: tensor<?x8xf64>, %w: tensor<8x33xf64>, %b: tensor<?x33xf64>) -> tensor<?x33xf64> {
  %r = seq.matmul %h, %w transposed init(%b)
      : (tensor<?x8xf64>, tensor<8x33xf64>, tensor<?x33xf64>) -> tensor<?x33xf64>
  return %r : tensor<?x33xf64>
}
