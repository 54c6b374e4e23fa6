// DEFINE: %{target} = features=none
// DEFINE: %{tile} = seqc-opt %s --pass-pipeline='builtin.module(seq-set-target{%{target}},func.func(seq-tile-products))'
// REDEFINE: %{target} = vector-bits=512 features=avx2|avx512|vnni
// RUN: %{tile} | FileCheck %s --check-prefixes=CHECK,VNNI
// REDEFINE: %{target} = vector-bits=256 features=avx2|avxvnni
// RUN: %{tile} | FileCheck %s --check-prefixes=CHECK,AVXVNNI
// REDEFINE: %{target} = vector-bits=512 features=avx2|avx512
// RUN: %{tile} | FileCheck %s --check-prefixes=CHECK,AVX512
// REDEFINE: %{target} = vector-bits=256 features=avx2
// RUN: %{tile} | FileCheck %s --check-prefixes=CHECK,AVX2
// REDEFINE: %{target} = vector-bits=128 features=none
// RUN: %{tile} | FileCheck %s --check-prefixes=CHECK,SSE2

/// One loop over groups of four along the depth, with the sums of all rows and columns of the tile carried: as many as
/// the instruction set has room for. Where bytes are widened, each vector of columns has two sums, added in the end.

//    CHECK-LABEL: func.func @four_rows
//     CHECK-SAME:   %[[X:.*]]: tensor<4x8xi8>, %[[P:.*]]: tensor<1x2x1x256xi8>
//           VNNI:   scf.for {{.*}} -> (vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>, vector<16xi32>) {
// VNNI-COUNT-16:     llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
//       VNNI-NOT:     llvm.call_intrinsic
//        AVXVNNI:   scf.for {{.*}} -> (vector<8xi32>, {{.*}}) {
// AVXVNNI-COUNT-8:     llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"
//        AVXVNNI:   scf.for
//         AVX512:   scf.for {{.*}} -> (vector<16xi32>, {{.*}}) {
// AVX512-COUNT-16:     llvm.call_intrinsic "llvm.x86.avx512.pmaddw.d.512"
//         AVX512:   vector.shuffle
//           AVX2:   scf.for {{.*}} -> (vector<8xi32>, {{.*}}) {
//  AVX2-COUNT-8:     llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
//           AVX2:   vector.shuffle
//           SSE2:   scf.for {{.*}} -> (vector<4xi32>, {{.*}}) {
//  SSE2-COUNT-8:     llvm.call_intrinsic "llvm.x86.sse2.pmadd.wd"
//           SSE2:   vector.shuffle
//          CHECK:   return
func.func @four_rows(%x: tensor<4x8xi8>, %p: tensor<1x2x1x256xi8>, %a: tensor<4x64xi32>) -> tensor<4x64xi32> {
  %r = seq.packed_matmul %x, %p unit 4 init(%a)
      : (tensor<4x8xi8>, tensor<1x2x1x256xi8>, tensor<4x64xi32>) -> tensor<4x64xi32>
  return %r : tensor<4x64xi32>
}

/// A panel that is not full has only the vectors that it fills, the last in part.

// CHECK-LABEL: func.func @seventeen_columns
//        VNNI:   llvm.call_intrinsic
//        VNNI:   llvm.call_intrinsic
//    VNNI-NOT:   llvm.call_intrinsic
//        VNNI:   vector.extract_strided_slice %{{.*}} {offsets = [0], sizes = [1], strides = [1]} : vector<16xi32> to vector<1xi32>
//       CHECK:   return
func.func @seventeen_columns(%x: tensor<1x8xi8>, %p: tensor<1x2x1x128xi8>, %a: tensor<1x17xi32>) -> tensor<1x17xi32> {
  %r = seq.packed_matmul %x, %p unit 4 init(%a)
      : (tensor<1x8xi8>, tensor<1x2x1x128xi8>, tensor<1x17xi32>) -> tensor<1x17xi32>
  return %r : tensor<1x17xi32>
}
