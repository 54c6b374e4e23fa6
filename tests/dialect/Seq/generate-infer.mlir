// RUN: seqc-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize | FileCheck %s

/// Rows are those of the start tokens and the hypotheses per row are known; how many tokens come
/// out is not known before.
// CHECK-LABEL: @generate_extents
//  CHECK-SAME:   %[[BOS:.*]]: tensor<?xi32>
func.func @generate_extents(%bos: tensor<?xi32>, %n: index) -> (index, index, index, index) {
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
  // CHECK: %[[TOK:.*]], %{{.*}}, %{{.*}}, %{{.*}} = seq.generate
  // CHECK-DAG: %[[R0:.*]] = tensor.dim %[[BOS]]
  // CHECK-DAG: %[[T:.*]] = tensor.dim %[[TOK]], %[[C2]]
  // CHECK-DAG: %[[R1:.*]] = tensor.dim %[[BOS]]
  // CHECK: return %[[R0]], %[[C2]], %[[T]], %[[R1]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %o:4 = seq.generate #seq.beam<width = 4, n_best = 2> start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    %lanes = tensor.dim %id, %c0 : tensor<?xi32>
    %z = tensor.empty(%lanes) : tensor<?x50xf32>
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x?x?xi32>, tensor<?x2xi32>, tensor<?x2xf32>, tensor<?x2xi8>
  %r0 = tensor.dim %o#0, %c0 : tensor<?x?x?xi32>
  %k = tensor.dim %o#0, %c1 : tensor<?x?x?xi32>
  %t = tensor.dim %o#0, %c2 : tensor<?x?x?xi32>
  %r1 = tensor.dim %o#2, %c0 : tensor<?x2xf32>
  return %r0, %k, %t, %r1 : index, index, index, index
}
