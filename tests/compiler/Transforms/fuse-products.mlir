// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-fuse-products))' | FileCheck %s
// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-fuse-products{merge=false}))' \
// RUN:   | FileCheck %s --check-prefix=SEPARATE

#x = affine_map<(m, n, k) -> (m, k)>
#wt = affine_map<(m, n, k) -> (n, k)>
#w = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>

/// Two gates of one state share one product.

// CHECK-LABEL: func.func @merge_two_gates
//  CHECK-SAME:   %[[H:.*]]: tensor<?x64xf32>, %[[WI:.*]]: tensor<64x64xf32>, %[[WF:[^:]*]]: tensor<64x64xf32>
//  CHECK-SAME:   %[[I:[^:]*]]: tensor<?x64xf32>, %[[F:[^:]*]]: tensor<?x64xf32>
//       CHECK:   %[[R:.*]]:2 = seq.matmul %[[H]], %[[WI]], %[[WF]] init(%[[I]], %[[F]])
//       CHECK:   return %[[R]]#0, %[[R]]#1
// SEPARATE-LABEL: func.func @merge_two_gates
// SEPARATE-COUNT-2: seq.matmul
func.func @merge_two_gates(%h: tensor<?x64xf32>, %wi: tensor<64x64xf32>, %wf: tensor<64x64xf32>,
                           %i: tensor<?x64xf32>, %f: tensor<?x64xf32>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %a = linalg.matmul indexing_maps = [#x, #wt, #y]
      ins(%h, %wi : tensor<?x64xf32>, tensor<64x64xf32>) outs(%i : tensor<?x64xf32>) -> tensor<?x64xf32>
  %b = linalg.matmul indexing_maps = [#x, #wt, #y]
      ins(%h, %wf : tensor<?x64xf32>, tensor<64x64xf32>) outs(%f : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %a, %b : tensor<?x64xf32>, tensor<?x64xf32>
}

/// The second gate reads the first one's result, so they cannot be one product.

// CHECK-LABEL: func.func @no_merge_dependent
// CHECK-COUNT-2: seq.matmul
func.func @no_merge_dependent(%h: tensor<?x16xf32>, %wi: tensor<16x16xf32>, %wf: tensor<16x16xf32>,
                              %i: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %a = linalg.matmul indexing_maps = [#x, #wt, #y]
      ins(%h, %wi : tensor<?x16xf32>, tensor<16x16xf32>) outs(%i : tensor<?x16xf32>) -> tensor<?x16xf32>
  %t = math.tanh %a : tensor<?x16xf32>
  %b = linalg.matmul indexing_maps = [#x, #wt, #y]
      ins(%h, %wf : tensor<?x16xf32>, tensor<16x16xf32>) outs(%t : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %b : tensor<?x16xf32>
}

/// Different left operands: nothing to share.

// CHECK-LABEL: func.func @no_merge_other_rows
// CHECK-COUNT-2: seq.matmul
func.func @no_merge_other_rows(%h: tensor<?x16xf32>, %g: tensor<?x16xf32>, %w: tensor<16x16xf32>,
                               %i: tensor<?x16xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %a = linalg.matmul indexing_maps = [#x, #wt, #y]
      ins(%h, %w : tensor<?x16xf32>, tensor<16x16xf32>) outs(%i : tensor<?x16xf32>) -> tensor<?x16xf32>
  %b = linalg.matmul indexing_maps = [#x, #wt, #y]
      ins(%g, %w : tensor<?x16xf32>, tensor<16x16xf32>) outs(%i : tensor<?x16xf32>) -> tensor<?x16xf32>
  return %a, %b : tensor<?x16xf32>, tensor<?x16xf32>
}

/// What is added to a product over zeros is its init.

// CHECK-LABEL: func.func @add_becomes_init
//  CHECK-SAME:   %[[H:.*]]: tensor<?x8xf32>, %[[W:.*]]: tensor<8x33xf32>, %[[B:[^:]*]]: tensor<?x33xf32>
//       CHECK:   seq.matmul %[[H]], %[[W]] transposed init(%[[B]])
//   CHECK-NOT:   arith.addf
func.func @add_becomes_init(%h: tensor<?x8xf32>, %w: tensor<8x33xf32>, %b: tensor<?x33xf32>,
                            %e: tensor<?x33xf32>) -> tensor<?x33xf32> {
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x33xf32>) -> tensor<?x33xf32>
  %p = linalg.matmul indexing_maps = [#x, #w, #y]
      ins(%h, %w : tensor<?x8xf32>, tensor<8x33xf32>) outs(%z : tensor<?x33xf32>) -> tensor<?x33xf32>
  %r = arith.addf %b, %p : tensor<?x33xf32>
  return %r : tensor<?x33xf32>
}

/// Weights need static extents, and a type that CPUs compute in.

// CHECK-LABEL: func.func @no_fuse_dynamic_or_f16
// CHECK-COUNT-2: linalg.matmul
func.func @no_fuse_dynamic_or_f16(%h: tensor<?x16xf32>, %w: tensor<?x16xf32>, %i: tensor<?x?xf32>,
                                  %g: tensor<?x16xf16>, %v: tensor<16x16xf16>, %j: tensor<?x16xf16>)
    -> (tensor<?x?xf32>, tensor<?x16xf16>) {
  %a = linalg.matmul indexing_maps = [#x, #wt, #y]
      ins(%h, %w : tensor<?x16xf32>, tensor<?x16xf32>) outs(%i : tensor<?x?xf32>) -> tensor<?x?xf32>
  %b = linalg.matmul indexing_maps = [#x, #wt, #y]
      ins(%g, %v : tensor<?x16xf16>, tensor<16x16xf16>) outs(%j : tensor<?x16xf16>) -> tensor<?x16xf16>
  return %a, %b : tensor<?x?xf32>, tensor<?x16xf16>
}

/// Double precision is such a type.

// CHECK-LABEL: func.func @fuse_f64
//       CHECK:   seq.matmul %{{.*}}, %{{.*}} init(%{{.*}}) : (tensor<?x16xf64>,
func.func @fuse_f64(%g: tensor<?x16xf64>, %v: tensor<16x16xf64>, %j: tensor<?x16xf64>) -> tensor<?x16xf64> {
  %b = linalg.matmul indexing_maps = [#x, #wt, #y]
      ins(%g, %v : tensor<?x16xf64>, tensor<16x16xf64>) outs(%j : tensor<?x16xf64>) -> tensor<?x16xf64>
  return %b : tensor<?x16xf64>
}

/// Something uses the first product before the second one stands there; since the second needs nothing of it, both
/// are one all the same.

// CHECK-LABEL: func.func @merge_across_user
//       CHECK:   %[[R:.*]]:2 = seq.matmul
//       CHECK:   math.tanh %[[R]]#0
//       CHECK:   return %{{.*}}, %[[R]]#1
// SEPARATE-LABEL: func.func @merge_across_user
//       SEPARATE:   seq.matmul
//       SEPARATE:   math.tanh
//       SEPARATE:   seq.matmul
func.func @merge_across_user(%h: tensor<?x64xf32>, %wq: tensor<64x64xf32>, %wk: tensor<64x64xf32>,
                             %i: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %a = linalg.matmul indexing_maps = [#x, #wt, #y]
      ins(%h, %wq : tensor<?x64xf32>, tensor<64x64xf32>) outs(%i : tensor<?x64xf32>) -> tensor<?x64xf32>
  %t = math.tanh %a : tensor<?x64xf32>
  %b = linalg.matmul indexing_maps = [#x, #wt, #y]
      ins(%h, %wk : tensor<?x64xf32>, tensor<64x64xf32>) outs(%i : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %t, %b : tensor<?x64xf32>, tensor<?x64xf32>
}

/// Gates of bytes are merged as those of floats are.

// CHECK-LABEL: func.func @merge_bytes
//       CHECK:   %[[R:.*]]:2 = seq.matmul %{{.*}}, %{{.*}}, %{{.*}} transposed init
//       CHECK:   return %[[R]]#0, %[[R]]#1
// SEPARATE-LABEL: func.func @merge_bytes
// SEPARATE-COUNT-2: seq.matmul
func.func @merge_bytes(%h: tensor<?x64xi8>, %wi: tensor<64x32xi8>, %wf: tensor<64x32xi8>, %i: tensor<?x32xi32>)
    -> (tensor<?x32xi32>, tensor<?x32xi32>) {
  %a = seq.matmul %h, %wi transposed init(%i)
      : (tensor<?x64xi8>, tensor<64x32xi8>, tensor<?x32xi32>) -> tensor<?x32xi32>
  %b = seq.matmul %h, %wf transposed init(%i)
      : (tensor<?x64xi8>, tensor<64x32xi8>, tensor<?x32xi32>) -> tensor<?x32xi32>
  return %a, %b : tensor<?x32xi32>, tensor<?x32xi32>
}

/// Three of them would leave accumulators idle.

// CHECK-LABEL: func.func @no_merge_three_of_bytes
// CHECK-COUNT-3: seq.matmul
func.func @no_merge_three_of_bytes(%h: tensor<?x64xi8>, %q: tensor<64x64xi8>, %k: tensor<64x64xi8>,
                                   %v: tensor<64x64xi8>, %i: tensor<?x64xi32>)
    -> (tensor<?x64xi32>, tensor<?x64xi32>, tensor<?x64xi32>) {
  %a = seq.matmul %h, %q init(%i) : (tensor<?x64xi8>, tensor<64x64xi8>, tensor<?x64xi32>) -> tensor<?x64xi32>
  %b = seq.matmul %h, %k init(%i) : (tensor<?x64xi8>, tensor<64x64xi8>, tensor<?x64xi32>) -> tensor<?x64xi32>
  %c = seq.matmul %h, %v init(%i) : (tensor<?x64xi8>, tensor<64x64xi8>, tensor<?x64xi32>) -> tensor<?x64xi32>
  return %a, %b, %c : tensor<?x64xi32>, tensor<?x64xi32>, tensor<?x64xi32>
}

/// Bytes with and without a sign, and matrices of either layout, need tiles of their own.

// CHECK-LABEL: func.func @no_merge_other_layouts
// CHECK-COUNT-3: seq.matmul
func.func @no_merge_other_layouts(%h: tensor<?x64xi8>, %u: tensor<64x64xi8>, %s: tensor<64x64xi8>,
                                  %t: tensor<64x64xi8>, %i: tensor<?x64xi32>)
    -> (tensor<?x64xi32>, tensor<?x64xi32>, tensor<?x64xi32>) {
  %a = seq.matmul %h, %u excess init(%i)
      : (tensor<?x64xi8>, tensor<64x64xi8>, tensor<?x64xi32>) -> tensor<?x64xi32>
  %b = seq.matmul %h, %s init(%i) : (tensor<?x64xi8>, tensor<64x64xi8>, tensor<?x64xi32>) -> tensor<?x64xi32>
  %c = seq.matmul %h, %t transposed init(%i)
      : (tensor<?x64xi8>, tensor<64x64xi8>, tensor<?x64xi32>) -> tensor<?x64xi32>
  return %a, %b, %c : tensor<?x64xi32>, tensor<?x64xi32>, tensor<?x64xi32>
}
