// RUN: seqc-opt %s --verify-roundtrip | FileCheck %s
// RUN: seqc-opt %s --mlir-print-op-generic | seqc-opt | FileCheck %s
// RUN: seqc-opt %s --emit-bytecode | seqc-opt | FileCheck %s

// CHECK-LABEL: @attention_dot
func.func @attention_dot(%q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // CHECK: %{{output.*}} = seq.attention dot %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>{{$}}
  %o = seq.attention dot %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

/// Heads, grouped keys, every attribute and every optional operand.
// CHECK-LABEL: @attention_scaled
func.func @attention_scaled(%q: tensor<?x8x?x32xf32>, %k: tensor<?x2x?x32xf32>, %v: tensor<?x2x?x16xf32>,
    %mask: tensor<1x1x?x?xi1>, %bias: tensor<?x8x?x1xf32>, %len: tensor<?xi64>, %rows: tensor<?xi32>) {
  // CHECK: %{{output.*}}, %{{probabilities.*}} = seq.attention scaled %{{.*}}, %{{.*}}, %{{.*}} mask(%{{.*}} : tensor<1x1x?x?xi1>) bias(%{{.*}} : tensor<?x8x?x1xf32>) lengths(%{{.*}} : tensor<?xi64>) rows(%{{.*}} : tensor<?xi32>)
  // CHECK-SAME: {causal = #seq.causal<bottom_right>, normalizer = #seq.normalizer<negated_softmax>, scale = 1.250000e-01 : f64, softcap = 3.000000e+01 : f64, window = array<i64: 4, -1>}
  // CHECK-SAME: -> tensor<?x8x?x16xf32>, tensor<?x8x?x?xf32>{{$}}
  %o, %p = seq.attention scaled %q, %k, %v mask(%mask : tensor<1x1x?x?xi1>) bias(%bias : tensor<?x8x?x1xf32>)
      lengths(%len : tensor<?xi64>) rows(%rows : tensor<?xi32>)
      {causal = #seq.causal<bottom_right>, normalizer = #seq.normalizer<negated_softmax>,
       scale = 0.125 : f64, softcap = 30.0 : f64, window = array<i64: 4, -1>}
      : (tensor<?x8x?x32xf32>, tensor<?x2x?x32xf32>, tensor<?x2x?x16xf32>)
      -> tensor<?x8x?x16xf32>, tensor<?x8x?x?xf32>
  return
}

// CHECK-LABEL: @attention_weighted_scores
func.func @attention_weighted_scores(%q: tensor<?x1x32xf64>, %k: tensor<?x?x32xf64>, %k5: tensor<?x?x5xf64>, %v: tensor<?x?x64xf64>,
    %a: tensor<32xf64>, %g: tensor<32x5xf64>) {
  // CHECK: seq.attention additive %{{.*}}, %{{.*}}, %{{.*}} score_weight(%{{.*}} : tensor<32xf64>) {causal = #seq.causal<top_left>, normalizer = #seq.normalizer<sigmoid>}
  %o0 = seq.attention additive %q, %k, %v score_weight(%a : tensor<32xf64>)
      {causal = #seq.causal<top_left>, normalizer = #seq.normalizer<sigmoid>}
      : (tensor<?x1x32xf64>, tensor<?x?x32xf64>, tensor<?x?x64xf64>) -> tensor<?x1x64xf64>
  // CHECK: seq.attention general %{{.*}}, %{{.*}}, %{{.*}} score_weight(%{{.*}} : tensor<32x5xf64>) {normalizer = #seq.normalizer<none>}
  %o1 = seq.attention general %q, %k5, %v score_weight(%g : tensor<32x5xf64>)
      {normalizer = #seq.normalizer<none>}
      : (tensor<?x1x32xf64>, tensor<?x?x5xf64>, tensor<?x?x64xf64>) -> tensor<?x1x64xf64>
  return
}

/// A score may use values from outside.
// CHECK-LABEL: @attention_region
func.func @attention_region(%q: tensor<?x1x4xf32>, %k: tensor<?x?x6xf32>, %v: tensor<?x?x8xf32>, %w: tensor<6x4xf32>) {
  // CHECK: %output, %probabilities = seq.attention region %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x1x4xf32>, tensor<?x?x6xf32>, tensor<?x?x8xf32>) -> tensor<?x1x8xf32>, tensor<?x1x?xf32> {
  // CHECK-NEXT: ^bb0(%[[Q:q]]: tensor<?x4xf32>, %[[K:k]]: tensor<?x6xf32>):
  // CHECK: seq.yield %{{.*}} : tensor<?xf32>
  %o, %p = seq.attention region %q, %k, %v
      : (tensor<?x1x4xf32>, tensor<?x?x6xf32>, tensor<?x?x8xf32>) -> tensor<?x1x8xf32>, tensor<?x1x?xf32> {
  ^bb0(%qi: tensor<?x4xf32>, %kj: tensor<?x6xf32>):
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %n = tensor.dim %qi, %c0 : tensor<?x4xf32>
    %e = tensor.empty(%n) : tensor<?xf32>
    %init = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    %s = linalg.generic {
        indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0)>],
        iterator_types = ["parallel", "reduction"]}
        ins(%qi : tensor<?x4xf32>) outs(%init : tensor<?xf32>) {
    ^bb0(%a: f32, %b: f32):
      %sum = arith.addf %a, %b : f32
      linalg.yield %sum : f32
    } -> tensor<?xf32>
    seq.yield %s : tensor<?xf32>
  }
  return
}

// CHECK-LABEL: func.func @starts
//       CHECK:   seq.attention scaled {{.*}} starts(%{{.*}} : tensor<1xi64>)
//       CHECK:   seq.attention scaled {{.*}} starts(%{{.*}} : tensor<?xi32>) {causal = #seq.causal<top_left>}
func.func @starts(%q: tensor<?x?x4xf32>, %s: tensor<1xi64>, %t: tensor<?xi32>) {
  %0 = seq.attention scaled %q, %q, %q starts(%s : tensor<1xi64>) {window = array<i64: 3, 0>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %1 = seq.attention scaled %q, %q, %q starts(%t : tensor<?xi32>) {causal = #seq.causal<top_left>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return
}
