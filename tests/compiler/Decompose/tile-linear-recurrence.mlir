// RUN: seqc-opt %s --split-input-file --pass-pipeline='builtin.module(func.func(seq-tile-linear-recurrence),canonicalize,cse)' | FileCheck %s

/// The state is read and written once per step, the loop over time stands inside of the one over pairs of rows and heads,
/// and blocks are as wide as registers allow: four vectors, then what is left.

// CHECK-LABEL: func.func @gated
//  CHECK-SAME:   %[[S:.*]]: tensor<?x4x8x68xf32>, %[[A:.*]]: tensor<?x?x4x8x1xf32>, %[[K:.*]]: tensor<?x?x2x8xf32>
//       CHECK:   scf.for %[[PAIR:.*]] = {{.*}} iter_args(%[[S1:.*]] = %[[S]], %[[O1:.*]] = %{{.*}}) -> (tensor<?x4x8x68xf32>, tensor<?x?x4x68xf32>)
//       CHECK:     %[[AT:.*]]:2 = affine.delinearize_index %[[PAIR]] into (%{{.*}}, 4)
//       CHECK:     %[[A1:.*]] = tensor.extract_slice %[[A]][0, %[[AT]]#0, %[[AT]]#1, 0, 0] [%{{.*}}, 1, 1, 8, 1]
//       CHECK:     %[[SHARED:.*]] = affine.apply #{{.*}}()[%[[AT]]#1]
//       CHECK:     %[[K1:.*]] = tensor.extract_slice %[[K]][0, %[[AT]]#0, %[[SHARED]], 0] [%{{.*}}, 1, 1, 8]
//       CHECK:     %[[S2:.*]] = tensor.extract_slice %[[S1]][%[[AT]]#0, %[[AT]]#1, 0, 0] [1, 1, 8, 68]
//       CHECK:     %[[O2:.*]] = tensor.extract_slice %[[O1]][0, %[[AT]]#0, %[[AT]]#1, 0]
//       CHECK:     %[[WIDE:.*]]:2 = scf.for %[[T:.*]] = %c0 to %{{.*}} iter_args(%{{.*}} = %[[S2]], %{{.*}} = %[[O2]])
// CHECK-COUNT-4:       vector.transfer_read %{{.*}} : tensor<?x1x1x68xf32>, vector<16xf32>
//       CHECK:       scf.for %[[KEY:.*]] = %c0 to %c8
// CHECK-COUNT-4:         vector.transfer_read %{{.*}} : tensor<1x1x8x68xf32>, vector<16xf32>
//       CHECK:         tensor.extract %[[A1]][%[[T]], %c0, %c0, %[[KEY]], %c0]
//       CHECK:         tensor.extract %[[K1]][%[[T]], %c0, %c0, %[[KEY]]]
// CHECK-COUNT-4:         vector.transfer_write %{{.*}} : vector<16xf32>, tensor<1x1x8x68xf32>
//   CHECK-NOT:         vector.transfer_write
//       CHECK:         scf.yield
// CHECK-COUNT-4:       vector.transfer_write %{{.*}} : vector<16xf32>, tensor<?x1x1x68xf32>
//       CHECK:     %[[REST:.*]]:2 = scf.for {{.*}} iter_args(%{{.*}} = %[[WIDE]]#0, %{{.*}} = %[[WIDE]]#1)
//       CHECK:       vector.transfer_read %{{.*}} : tensor<?x1x1x68xf32>, vector<4xf32>
//       CHECK:     tensor.insert_slice %[[REST]]#0 into %[[S1]]
//       CHECK:     tensor.insert_slice %[[REST]]#1 into %[[O1]]
//       CHECK:   } {seq.parallel}
func.func @gated(%s: tensor<?x4x8x68xf32>, %a: tensor<?x?x4x8x1xf32>, %k: tensor<?x?x2x8xf32>, %v: tensor<?x?x4x68xf32>,
                 %q: tensor<?x?x4x8xf32>) -> (tensor<?x4x8x68xf32>, tensor<?x?x4x68xf32>) {
  %f, %o = seq.linear_recurrence real init(%s : tensor<?x4x8x68xf32>) decay(%a : tensor<?x?x4x8x1xf32>)
      key(%k : tensor<?x?x2x8xf32>) value(%v : tensor<?x?x4x68xf32>) query(%q : tensor<?x?x4x8xf32>)
      -> tensor<?x4x8x68xf32>, tensor<?x?x4x68xf32>
  return %f, %o : tensor<?x4x8x68xf32>, tensor<?x?x4x68xf32>
}

// -----

/// What the next step finds at its key is summed while the state is at hand; the last step takes its own key again.
/// Sequences may have no steps, and then no keys.

// CHECK-LABEL: func.func @delta
//       CHECK:   %[[SOME:.*]] = arith.cmpi sgt
//       CHECK:   %[[FIRST:.*]] = scf.if %[[SOME]] -> (vector<16xf32>)
//       CHECK:   scf.for %[[T:.*]] = %c0 to %[[N:.*]] step %c1 iter_args(%{{.*}} = %{{.*}}, %[[FOUND:.*]] = %[[FIRST]])
//       CHECK:     %[[LAST:.*]] = arith.subi %[[N]], %c1
//       CHECK:     %[[AFTER:.*]] = arith.addi %[[T]], %c1
//       CHECK:     %[[NEXT:.*]] = arith.minsi %[[AFTER]], %[[LAST]]
//       CHECK:     scf.for
//       CHECK:       tensor.extract %{{.*}}[%[[T]],
//       CHECK:       arith.mulf %{{.*}}, %[[FOUND]]
//       CHECK:       tensor.extract %{{.*}}[%[[NEXT]],
func.func @delta(%s: tensor<?x1x8x16xf32>, %k: tensor<?x?x1x8xf32>, %v: tensor<?x?x1x16xf32>) -> tensor<?x1x8x16xf32> {
  %f = seq.linear_recurrence real init(%s : tensor<?x1x8x16xf32>) lookup(%k : tensor<?x?x1x8xf32>)
      erase(%k : tensor<?x?x1x8xf32>) key(%k : tensor<?x?x1x8xf32>) value(%v : tensor<?x?x1x16xf32>) -> tensor<?x1x8x16xf32>
  return %f : tensor<?x1x8x16xf32>
}

// -----

/// Vectors are those of the target. States that nobody queries are stored a second time; behind a row's length there
/// are zeros.

module attributes {seq.target = #seq.target<256, avx2>} {
// CHECK-LABEL: func.func @states
//  CHECK-SAME:   %[[S:[^:]*]]: tensor<?x1x1x8xf32>
//       CHECK:   %[[ZEROS:.*]] = linalg.fill
//       CHECK:   scf.for {{.*}} iter_args(%{{.*}} = %[[S]], %{{.*}} = %[[ZEROS]])
//       CHECK:   tensor.extract %{{.*}} : tensor<1xi32>
//       CHECK:   vector.transfer_write %[[ROW:[0-9]+]], %{{.*}} : vector<8xf32>, tensor<1x1x1x8xf32>
//       CHECK:   vector.transfer_write %[[ROW]], %{{.*}} : vector<8xf32>, tensor<?x1x1x1x8xf32>
func.func @states(%s: tensor<?x1x1x8xf32>, %v: tensor<?x?x1x8xf32>, %n: tensor<?xi32>)
    -> (tensor<?x1x1x8xf32>, tensor<?x?x1x1x8xf32>) {
  %f, %o = seq.linear_recurrence real init(%s : tensor<?x1x1x8xf32>) value(%v : tensor<?x?x1x8xf32>)
      lengths(%n : tensor<?xi32>) -> tensor<?x1x1x8xf32>, tensor<?x?x1x1x8xf32>
  return %f, %o : tensor<?x1x1x8xf32>, tensor<?x?x1x1x8xf32>
}
}

// -----

/// Where no operand has steps, there is one, whatever the type of the outputs says. A head of the state is read by several
/// queries.

// CHECK-LABEL: func.func @readers
//       CHECK:   %[[HEAD:.*]] = affine.apply #{{.*}}()[%{{.*}}#1]
//       CHECK:   tensor.extract_slice %{{.*}}[0, %{{.*}}#0, %[[HEAD]], 0] [1, 1, 3, 4] {{.*}} : tensor<1x2x6x4xf32> to tensor<1x1x3x4xf32>
//       CHECK:   tensor.extract_slice %{{.*}}[0, %{{.*}}#0, %[[HEAD]], 0] [1, 1, 3, 8] {{.*}} : tensor<1x2x6x8xf32> to tensor<1x1x3x8xf32>
// CHECK-COUNT-3: vector.transfer_write %{{.*}} : vector<8xf32>, tensor<1x1x3x8xf32>
func.func @readers(%s: tensor<2x2x4x8xf32>, %v: tensor<1x2x1x8xf32>, %q: tensor<1x2x6x4xf32>)
    -> (tensor<2x2x4x8xf32>, tensor<?x2x6x8xf32>) {
  %f, %o = seq.linear_recurrence real init(%s : tensor<2x2x4x8xf32>) value(%v : tensor<1x2x1x8xf32>)
      query(%q : tensor<1x2x6x4xf32>) -> tensor<2x2x4x8xf32>, tensor<?x2x6x8xf32>
  return %f, %o : tensor<2x2x4x8xf32>, tensor<?x2x6x8xf32>
}

// -----

/// A matrix, or another semiring, is not for this pass.

// CHECK-LABEL: func.func @others
// CHECK-COUNT-2: seq.linear_recurrence
func.func @others(%s: tensor<?x1x3x1xf32>, %m: tensor<1x1x1x3x3xf32>, %e: tensor<?x?x1x3x1xf32>)
    -> (tensor<?x1x3x1xf32>, tensor<?x1x3x1xf32>) {
  %f = seq.linear_recurrence real init(%s : tensor<?x1x3x1xf32>) matrix(%m : tensor<1x1x1x3x3xf32>)
      decay(%e : tensor<?x?x1x3x1xf32>) -> tensor<?x1x3x1xf32>
  %g = seq.linear_recurrence max_plus init(%s : tensor<?x1x3x1xf32>) decay(%e : tensor<?x?x1x3x1xf32>) -> tensor<?x1x3x1xf32>
  return %f, %g : tensor<?x1x3x1xf32>, tensor<?x1x3x1xf32>
}
