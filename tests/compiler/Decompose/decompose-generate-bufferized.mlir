// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-decompose-generate,eliminate-empty-tensors,empty-tensor-to-alloc-tensor,one-shot-bufferize{bufferize-function-boundaries},canonicalize,cse,canonicalize)' \
// RUN:   | FileCheck %s

#lane = affine_map<(l, v) -> (l)>
#id = affine_map<(l, v) -> (l, v)>

/// No step allocates or copies: the logits and the new state are computed where they are kept.

// CHECK-LABEL: func.func @beam
//       CHECK:   scf.while
//   CHECK-NOT:   memref.alloc
//   CHECK-NOT:   memref.copy
//       CHECK:   call @beam_select_f32
//   CHECK-NOT:   memref.copy
//       CHECK:   call @search_results_f32
func.func @beam(%start: tensor<?xi32>, %n: index, %h0: tensor<?x8xf32>, %table: tensor<50x8xf32>,
    %head: tensor<8x50xf32>) -> (tensor<?x2x?xi32>, tensor<?x2xf32>) {
  %tok, %len, %score, %why = seq.generate #seq.beam<width = 4, n_best = 2>
      start(%start : tensor<?xi32>) end [2] pad 0 max_new(%n) init(%h0 : tensor<?x8xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x8xf32>):
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %m = tensor.dim %id, %c0 : tensor<?xi32>
    %e = tensor.empty(%m) : tensor<?x8xf32>
    %h1 = linalg.generic {indexing_maps = [#lane, #id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%id, %h : tensor<?xi32>, tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
    ^bb1(%t: i32, %old: f32, %o: f32):
      %i = arith.index_cast %t : i32 to index
      %d = linalg.index 1 : index
      %x = tensor.extract %table[%i, %d] : tensor<50x8xf32>
      %s = arith.addf %x, %old : f32
      %f = math.tanh %s : f32
      linalg.yield %f : f32
    } -> tensor<?x8xf32>
    %g = tensor.empty(%m) : tensor<?x50xf32>
    %b = linalg.fill ins(%zero : f32) outs(%g : tensor<?x50xf32>) -> tensor<?x50xf32>
    %z = linalg.matmul ins(%h1, %head : tensor<?x8xf32>, tensor<8x50xf32>)
        outs(%b : tensor<?x50xf32>) -> tensor<?x50xf32>
    seq.yield %z, %h1 : tensor<?x50xf32>, tensor<?x8xf32>
  } -> tensor<?x2x?xi32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi8>
  return %tok, %score : tensor<?x2x?xi32>, tensor<?x2xf32>
}
