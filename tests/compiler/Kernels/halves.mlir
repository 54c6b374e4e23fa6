// DEFINE: %{target} = features=none
// DEFINE: %{tile} = seqc-opt %s --pass-pipeline='builtin.module(seq-set-target{%{target}},func.func(seq-tile-products))'
// REDEFINE: %{target} = vector-bits=512 features=avx2|avx512
// RUN: %{tile} | FileCheck %s --check-prefixes=CHECK,AVX512
// REDEFINE: %{target} = vector-bits=256 features=avx2
// RUN: %{tile} | FileCheck %s --check-prefixes=CHECK,AVX2
// REDEFINE: %{target} = vector-bits=128 features=none
// RUN: %{tile} | FileCheck %s --check-prefixes=CHECK,SSE2

/// Words of two numbers become floats by a shift and a mask. Sums begin with what the product is added to.

// CHECK-LABEL: func.func @two_gates
//  CHECK-SAME:   %[[X:.*]]: tensor<1x8xf32>, %[[P:.*]]: tensor<1x4x2x64xbf16>, %[[A:.*]]: tensor<1x32xf32>
//      AVX512:   %[[PART:.*]] = tensor.extract_slice %[[A]]
//      AVX512:   %[[START:.*]] = vector.transfer_read %[[PART]]{{.*}} vector<16xf32>
//      AVX512:   scf.for {{.*}} = %[[START]]{{.*}} -> (vector<16xf32>{{(, vector<16xf32>){3}[)]}} {
//        AVX2:   scf.for {{.*}} -> (vector<8xf32>{{(, vector<8xf32>){3}[)]}} {
//        SSE2:   scf.for {{.*}} -> (vector<4xf32>{{(, vector<4xf32>){3}[)]}} {
// CHECK-COUNT-4:   arith.shli
//   CHECK-NOT:     arith.shli
// CHECK-COUNT-4:   arith.andi
//   CHECK-NOT:     arith.andi
//       CHECK:     scf.yield
//       CHECK:   return
func.func @two_gates(%x: tensor<1x8xf32>, %p: tensor<1x4x2x64xbf16>, %a: tensor<1x32xf32>)
    -> (tensor<1x32xf32>, tensor<1x32xf32>) {
  %r:2 = seq.packed_matmul %x, %p unit 2 init(%a, %a)
      : (tensor<1x8xf32>, tensor<1x4x2x64xbf16>, tensor<1x32xf32>, tensor<1x32xf32>)
      -> (tensor<1x32xf32>, tensor<1x32xf32>)
  return %r#0, %r#1 : tensor<1x32xf32>, tensor<1x32xf32>
}

/// Eight rows leave room for two strips; the last of 17 columns is one lane.

// CHECK-LABEL: func.func @eight_rows
//      AVX512:   vector.transfer_read %{{.*}} vector<1xf32>
//      AVX512:   vector.insert_strided_slice %{{.*}} : vector<1xf32> into vector<16xf32>
//      AVX512:   scf.for {{.*}} -> (vector<16xf32>{{(, vector<16xf32>){15}[)]}} {
//       CHECK:   return
func.func @eight_rows(%x: tensor<8x8xf32>, %p: tensor<1x4x1x64xbf16>, %a: tensor<8x17xf32>) -> tensor<8x17xf32> {
  %r = seq.packed_matmul %x, %p unit 2 init(%a)
      : (tensor<8x8xf32>, tensor<1x4x1x64xbf16>, tensor<8x17xf32>) -> tensor<8x17xf32>
  return %r : tensor<8x17xf32>
}
