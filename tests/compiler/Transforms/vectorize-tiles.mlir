// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-vectorize-tiles))' | FileCheck %s
// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-vectorize-tiles{max-elements=32}))' \
// RUN:   | FileCheck %s --check-prefix=SMALL

#x = affine_map<(m, k, n) -> (m, k)>
#w = affine_map<(m, k, n) -> (k, n)>
#y = affine_map<(m, k, n) -> (m, n)>
#id = affine_map<(d0, d1) -> (d0, d1)>

/// The accumulator is a vector carried by the loop over the depth, and the tail takes it from
/// there: nothing is written in between.

// CHECK-LABEL: func.func @accumulate_in_registers
//  CHECK-SAME:   %[[A:.*]]: tensor<4x8xf32>, %[[B:.*]]: tensor<8x16xf32>, %[[I:[^:]*]]: tensor<4x16xf32>
//       CHECK:   %[[V:.*]] = vector.transfer_read %[[I]]
//       CHECK:   %[[S:.*]] = scf.for %{{.*}} iter_args(%[[ACC:.*]] = %[[V]]) -> (vector<4x16xf32>)
//       CHECK:     vector.contract {{.*}}, %[[ACC]]
//   CHECK-NOT:     vector.transfer_write
//       CHECK:     scf.yield
//       CHECK:   %[[T:.*]] = math.tanh %[[S]] : vector<4x16xf32>
//       CHECK:   vector.transfer_write %[[T]]
//   CHECK-NOT:   linalg.generic
/// Tiles above the limit stay ops for loops.
// SMALL-LABEL: func.func @accumulate_in_registers
//       SMALL:   linalg.generic
//   SMALL-NOT:   math.tanh %{{.*}} : vector
func.func @accumulate_in_registers(%a: tensor<4x8xf32>, %b: tensor<8x16xf32>, %i: tensor<4x16xf32>,
                                   %e: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %p = linalg.generic {indexing_maps = [#x, #w, #y],
                       iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%a, %b : tensor<4x8xf32>, tensor<8x16xf32>) outs(%i : tensor<4x16xf32>) attrs = {seq.tile} {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %m = arith.mulf %u, %v fastmath<contract> : f32
    %s = arith.addf %o, %m fastmath<contract> : f32
    linalg.yield %s : f32
  } -> tensor<4x16xf32>
  %t = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p : tensor<4x16xf32>) outs(%e : tensor<4x16xf32>) attrs = {seq.tile} {
  ^bb0(%u: f32, %o: f32):
    %m = math.tanh %u : f32
    linalg.yield %m : f32
  } -> tensor<4x16xf32>
  return %t : tensor<4x16xf32>
}

/// Only tiles are taken; what is no tile becomes loops later.

// CHECK-LABEL: func.func @no_vectorize_unmarked
//       CHECK:   linalg.generic
func.func @no_vectorize_unmarked(%a: tensor<4x16xf32>, %e: tensor<4x16xf32>) -> tensor<4x16xf32> {
  %t = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<4x16xf32>) outs(%e : tensor<4x16xf32>) {
  ^bb0(%u: f32, %o: f32):
    %m = math.tanh %u : f32
    linalg.yield %m : f32
  } -> tensor<4x16xf32>
  return %t : tensor<4x16xf32>
}

/// Dynamic extents are left for loops.

// CHECK-LABEL: func.func @no_vectorize_dynamic
//       CHECK:   linalg.generic
func.func @no_vectorize_dynamic(%a: tensor<?x16xf32>, %e: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %t = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) attrs = {seq.tile} {
  ^bb0(%u: f32, %o: f32):
    %m = math.tanh %u : f32
    linalg.yield %m : f32
  } -> tensor<?x16xf32>
  return %t : tensor<?x16xf32>
}

/// Nothing is hoisted for a carried vector that goes to memory.

// CHECK-LABEL: func.func @no_hoist_carried_vector(
//       CHECK:   scf.for {{.*}} -> (vector<4xf32>)
//       CHECK:     vector.transfer_write
func.func @no_hoist_carried_vector(%memory: memref<4xf32>, %x: vector<4xf32>, %n: index) -> vector<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%v = %x) -> (vector<4xf32>) {
    vector.transfer_write %v, %memory[%c0] {in_bounds = [true]} : vector<4xf32>, memref<4xf32>
    %w = arith.addf %v, %v : vector<4xf32>
    scf.yield %w : vector<4xf32>
  }
  return %r : vector<4xf32>
}
