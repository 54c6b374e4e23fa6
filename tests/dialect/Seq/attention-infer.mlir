// RUN: seqc-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize | FileCheck %s

/// Rows, heads and query positions are the query's, key positions the key's.
// CHECK-LABEL: @attention_extents
//  CHECK-SAME:   %[[Q:[^:]*]]: tensor<?x?x?x32xf32>, %[[K:[^:]*]]: tensor<?x2x?x32xf32>
func.func @attention_extents(%q: tensor<?x?x?x32xf32>, %k: tensor<?x2x?x32xf32>, %v: tensor<?x2x?x16xf32>) -> (index, index, index, index, index) {
  // CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
  // CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK-DAG: %[[C2:.*]] = arith.constant 2 : index
  // CHECK-DAG: %[[B:.*]] = tensor.dim %[[Q]], %[[C0]]
  // CHECK-DAG: %[[H:.*]] = tensor.dim %[[Q]], %[[C1]]
  // CHECK-DAG: %[[TQ:.*]] = tensor.dim %[[Q]], %[[C2]]
  // CHECK-DAG: %[[TK:.*]] = tensor.dim %[[K]], %[[C2]]
  // CHECK: return %[[B]], %[[H]], %[[TQ]], %[[C16]], %[[TK]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %o, %p = seq.attention scaled %q, %k, %v
      : (tensor<?x?x?x32xf32>, tensor<?x2x?x32xf32>, tensor<?x2x?x16xf32>)
      -> tensor<?x?x?x16xf32>, tensor<?x?x?x?xf32>
  %b = tensor.dim %o, %c0 : tensor<?x?x?x16xf32>
  %h = tensor.dim %p, %c1 : tensor<?x?x?x?xf32>
  %tq = tensor.dim %o, %c2 : tensor<?x?x?x16xf32>
  %d = tensor.dim %o, %c3 : tensor<?x?x?x16xf32>
  %tk = tensor.dim %p, %c3 : tensor<?x?x?x?xf32>
  return %b, %h, %tq, %d, %tk : index, index, index, index, index
}
