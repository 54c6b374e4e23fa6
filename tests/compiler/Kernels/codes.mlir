// DEFINE: %{target} = features=none
// DEFINE: %{tile} = seqc-opt %s --pass-pipeline='builtin.module(seq-set-target{%{target}},func.func(seq-tile-products))'
// REDEFINE: %{target} = vector-bits=512 features=avx2|avx512
// RUN: %{tile} | FileCheck %s --check-prefixes=CHECK,AVX512
// REDEFINE: %{target} = vector-bits=256 features=avx2
// RUN: %{tile} | FileCheck %s --check-prefixes=CHECK,AVX2
// REDEFINE: %{target} = vector-bits=128 features=none
// RUN: %{tile} | FileCheck %s --check-prefixes=CHECK,SSE2

/// One row: the inner loop sums plain codes of a block, the outer one adds the sums times their scale. Where there is a
/// table, a code is one permutation away, else it is shifted to the top, back, and converted.

//    CHECK-LABEL: func.func @one_row
//     CHECK-SAME:   %[[X:.*]]: tensor<1x64xf32>, %[[P:.*]]: tensor<1x8x1x256xi8>, %[[S:.*]]: tensor<1x2x1x64xf32>
//         AVX512:   %[[TABLE:.*]] = arith.constant dense<[-8.000000e+00, -7.000000e+00, {{.*}}, 7.000000e+00]> : vector<16xf32>
//         AVX512:   scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) {
//         AVX512:     scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) {
//     AVX512-NOT:       arith.xori
// AVX512-COUNT-32:       llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"(%[[TABLE]],
//     AVX512-NOT:       llvm.call_intrinsic
//           AVX2:   scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
//           AVX2:     scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>) {
//   AVX2-COUNT-4:       arith.xori
//       AVX2-NOT:       arith.xori
//  AVX2-COUNT-32:       arith.sitofp
//           SSE2:   scf.for {{.*}} -> (vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>) {
//  SSE2-COUNT-32:       arith.sitofp
//          CHECK:     scf.yield
//          CHECK:     arith.mulf
//          CHECK:     arith.addf
//          CHECK:   return
func.func @one_row(%x: tensor<1x64xf32>, %p: tensor<1x8x1x256xi8>, %s: tensor<1x2x1x64xf32>, %a: tensor<1x64xf32>)
    -> tensor<1x64xf32> {
  %r = seq.packed_matmul %x, %p scales(%s) bits 4 unit 4 init(%a)
      : (tensor<1x64xf32>, tensor<1x8x1x256xi8>, tensor<1x2x1x64xf32>, tensor<1x64xf32>) -> tensor<1x64xf32>
  return %r : tensor<1x64xf32>
}

/// Many rows share weights that are multiplied by their scale: no second set of sums, as many strips as there is room
/// for.

// CHECK-LABEL: func.func @eight_rows
//      AVX512:   scf.for {{.*}} -> (vector<16xf32>{{(, vector<16xf32>){15}[)]}} {
//      AVX512:     scf.for {{.*}} -> (vector<16xf32>{{(, vector<16xf32>){15}[)]}} {
//        AVX2:   scf.for {{.*}} step %c4
//        AVX2:     scf.for {{.*}} -> (vector<8xf32>{{(, vector<8xf32>){7}[)]}} {
//       CHECK:   return
func.func @eight_rows(%x: tensor<8x64xf32>, %p: tensor<1x8x1x256xi8>, %s: tensor<1x2x1x64xf32>, %a: tensor<8x64xf32>)
    -> tensor<8x64xf32> {
  %r = seq.packed_matmul %x, %p scales(%s) bits 4 unit 4 init(%a)
      : (tensor<8x64xf32>, tensor<1x8x1x256xi8>, tensor<1x2x1x64xf32>, tensor<8x64xf32>) -> tensor<8x64xf32>
  return %r : tensor<8x64xf32>
}

/// Zero points of codes lie like codes: block 3 has the fourth. One row subtracts them from the sum of a block, for which
/// it adds up the left side.

// CHECK-LABEL: func.func @zeros_of_codes
//      AVX512:   scf.for %[[L:[^ ]*]] = {{.*}} -> (vector<16xf32>) {
//  AVX512-DAG:     %[[Q:.*]] = arith.divui %[[L]], %c8
//  AVX512-DAG:     %[[R:.*]] = arith.remui %[[L]], %c8
//      AVX512:     scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>) {
//       CHECK:   return
func.func @zeros_of_codes(%x: tensor<1x64xf32>, %p: tensor<1x8x1x64xi8>, %s: tensor<1x4x1x16xf32>,
                          %z: tensor<1x1x1x64xi8>, %a: tensor<1x16xf32>) -> tensor<1x16xf32> {
  %r = seq.packed_matmul %x, %p scales(%s) zeros(%z) bits 4 unit 4 init(%a)
      : (tensor<1x64xf32>, tensor<1x8x1x64xi8>, tensor<1x4x1x16xf32>, tensor<1x1x1x64xi8>, tensor<1x16xf32>)
      -> tensor<1x16xf32>
  return %r : tensor<1x16xf32>
}

/// Bytes have no table; signed ones stay as they are. A block of one word has no loop of its own.

// CHECK-LABEL: func.func @signed_bytes
//   CHECK-NOT:   llvm.call_intrinsic
//   CHECK-NOT:   arith.xori
//       CHECK:   scf.for
//   CHECK-NOT:   scf.for
//       CHECK:     arith.shrsi
//       CHECK:     arith.sitofp
//       CHECK:   return
func.func @signed_bytes(%x: tensor<1x8xf32>, %p: tensor<1x2x1x64xi8>, %s: tensor<1x2x1x16xf32>, %a: tensor<1x4xf32>)
    -> tensor<1x4xf32> {
  %r = seq.packed_matmul %x, %p scales(%s) bits 8 signed unit 4 init(%a)
      : (tensor<1x8xf32>, tensor<1x2x1x64xi8>, tensor<1x2x1x16xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  return %r : tensor<1x4xf32>
}
