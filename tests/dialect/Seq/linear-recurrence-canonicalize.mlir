// RUN: seqc-opt %s --canonicalize | FileCheck %s
// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(resolve-shaped-type-result-dims))' | FileCheck %s --check-prefix=EXTENTS

/// What nobody reads is not computed.

// CHECK-LABEL: @unread
//       CHECK:   %[[F:.*]] = seq.linear_recurrence real init(%{{.*}}) value(%{{.*}}) -> tensor<?x2x3x4xf32>
//       CHECK:   return %[[F]]
func.func @unread(%s: tensor<?x2x3x4xf32>, %v: tensor<?x?x2x4xf32>, %q: tensor<?x?x2x3xf32>) -> tensor<?x2x3x4xf32> {
  %f, %o = seq.linear_recurrence real init(%s : tensor<?x2x3x4xf32>) value(%v : tensor<?x?x2x4xf32>)
      query(%q : tensor<?x?x2x3xf32>) -> tensor<?x2x3x4xf32>, tensor<?x?x2x4xf32>
  return %f : tensor<?x2x3x4xf32>
}

/// The query that alone tells the number of steps stays.

// CHECK-LABEL: @steps
//       CHECK:   seq.linear_recurrence real {{.*}} query(
func.func @steps(%s: tensor<?x2x3x4xf32>, %a: tensor<1x1x1x1x1xf32>, %q: tensor<?x?x2x3xf32>) -> tensor<?x2x3x4xf32> {
  %f, %o = seq.linear_recurrence real init(%s : tensor<?x2x3x4xf32>) decay(%a : tensor<1x1x1x1x1xf32>)
      query(%q : tensor<?x?x2x3xf32>) -> tensor<?x2x3x4xf32>, tensor<?x?x2x4xf32>
  return %f : tensor<?x2x3x4xf32>
}

/// So does an op whose outputs are read.

// CHECK-LABEL: @read
//       CHECK:   seq.linear_recurrence real {{.*}} query(
/// Extents are those of the first operand with a slice per step, and of the state.

// EXTENTS-LABEL: @read
//  EXTENTS-SAME:   %[[S:.*]]: tensor<?x2x3x4xf32>, %[[A:.*]]: tensor<1x1x1x1x1xf32>, %[[V:.*]]: tensor<?x?x2x4xf32>
//   EXTENTS-DAG:   %[[T:.*]] = tensor.dim %[[V]], %c0
//   EXTENTS-DAG:   %[[B:.*]] = tensor.dim %[[S]], %c0
//       EXTENTS:   return %[[T]], %[[B]]
func.func @read(%s: tensor<?x2x3x4xf32>, %a: tensor<1x1x1x1x1xf32>, %v: tensor<?x?x2x4xf32>, %q: tensor<?x?x2x3xf32>)
    -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %f, %o = seq.linear_recurrence real init(%s : tensor<?x2x3x4xf32>) decay(%a : tensor<1x1x1x1x1xf32>)
      value(%v : tensor<?x?x2x4xf32>) query(%q : tensor<?x?x2x3xf32>) -> tensor<?x2x3x4xf32>, tensor<?x?x2x4xf32>
  %t = tensor.dim %o, %c0 : tensor<?x?x2x4xf32>
  %b = tensor.dim %o, %c1 : tensor<?x?x2x4xf32>
  return %t, %b : index, index
}
