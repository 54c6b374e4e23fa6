// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-unroll-vectors,canonicalize))' | FileCheck %s

/// A row goes from op to op without being put into a vector of rank 2.

// CHECK-LABEL: func.func @unroll_chain(
//  CHECK-SAME:   %[[A:.*]]: vector<16xf32>, %[[B:.*]]: vector<16xf32>, %[[C:.*]]: vector<2x16xf32>)
//   CHECK-NOT:   vector.insert
//       CHECK:   %[[C0:.*]] = vector.extract %[[C]][0]
//       CHECK:   %[[S0:.*]] = arith.addf %[[A]], %[[C0]] fastmath<fast> : vector<16xf32>
//       CHECK:   %[[C1:.*]] = vector.extract %[[C]][1]
//       CHECK:   %[[S1:.*]] = arith.addf %[[B]], %[[C1]] fastmath<fast> : vector<16xf32>
//   CHECK-NOT:   vector.insert
//       CHECK:   %[[E0:.*]] = math.exp %[[S0]] : vector<16xf32>
//       CHECK:   %[[E1:.*]] = math.exp %[[S1]] : vector<16xf32>
//       CHECK:   return %[[E0]], %[[E1]]
func.func @unroll_chain(%a: vector<16xf32>, %b: vector<16xf32>, %c: vector<2x16xf32>)
    -> (vector<16xf32>, vector<16xf32>) {
  %poison = ub.poison : vector<2x16xf32>
  %x = vector.insert %a, %poison[0] : vector<16xf32> into vector<2x16xf32>
  %y = vector.insert %b, %x[1] : vector<16xf32> into vector<2x16xf32>
  %s = arith.addf %y, %c fastmath<fast> : vector<2x16xf32>
  %e = math.exp %s : vector<2x16xf32>
  %e0 = vector.extract %e[0] : vector<16xf32> from vector<2x16xf32>
  %e1 = vector.extract %e[1] : vector<16xf32> from vector<2x16xf32>
  return %e0, %e1 : vector<16xf32>, vector<16xf32>
}

/// Scalars among the operands and results of another element type; vectors of rank 3.

// CHECK-LABEL: func.func @unroll_select(
// CHECK-COUNT-4: arith.cmpf ogt, %{{.*}}, %{{.*}} : vector<4xf32>
// CHECK-COUNT-4: arith.select %{{.*}}, %{{.*}}, %{{.*}} : vector<4xi1>, vector<4xf32>
// CHECK-COUNT-4: arith.select %arg2, %{{.*}}, %{{.*}} : vector<4xf32>
func.func @unroll_select(%a: vector<2x2x4xf32>, %b: vector<2x2x4xf32>, %c: i1) -> vector<2x2x4xf32> {
  %above = arith.cmpf ogt, %a, %b : vector<2x2x4xf32>
  %greater = arith.select %above, %a, %b : vector<2x2x4xi1>, vector<2x2x4xf32>
  %either = arith.select %c, %greater, %a : vector<2x2x4xf32>
  return %either : vector<2x2x4xf32>
}

// CHECK-LABEL: func.func @no_unroll_rank_1(
//       CHECK:   arith.addf %arg0, %arg0 : vector<16xf32>
//       CHECK:   arith.addf %arg1, %arg1 : tensor<2x16xf32>
func.func @no_unroll_rank_1(%a: vector<16xf32>, %b: tensor<2x16xf32>)
    -> (vector<16xf32>, tensor<2x16xf32>) {
  %s = arith.addf %a, %a : vector<16xf32>
  %t = arith.addf %b, %b : tensor<2x16xf32>
  return %s, %t : vector<16xf32>, tensor<2x16xf32>
}

/// Loops keep what they carry.

// CHECK-LABEL: func.func @no_unroll_carried(
//       CHECK:   scf.for {{.*}} iter_args(%[[X:.*]] = %arg0) -> (vector<2x4xf32>)
//       CHECK:     vector.extract %[[X]][0]
//       CHECK:     arith.mulf %{{.*}} : vector<4xf32>
//       CHECK:     scf.yield %{{.*}} : vector<2x4xf32>
func.func @no_unroll_carried(%x0: vector<2x4xf32>, %n: index) -> vector<2x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%x = %x0) -> (vector<2x4xf32>) {
    %y = arith.mulf %x, %x : vector<2x4xf32>
    scf.yield %y : vector<2x4xf32>
  }
  return %r : vector<2x4xf32>
}
