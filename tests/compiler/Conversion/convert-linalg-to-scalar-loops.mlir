// RUN: seqc-opt %s --split-input-file --verify-diagnostics \
// RUN:   --pass-pipeline='builtin.module(func.func(seq-convert-linalg-to-loops))' | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#col = affine_map<(d0, d1) -> (d1)>

/// The sum is carried, not stored in each step, and may be reassociated.

// CHECK-LABEL: func.func @reduce_in_a_register
//  CHECK-SAME:   %[[X:.*]]: memref<?x?xf32>, %[[Y:.*]]: memref<?xf32>
//       CHECK:   scf.for %[[I:[^ ]*]] =
//       CHECK:     %[[FIRST:.*]] = memref.load %[[Y]][%[[I]]]
//       CHECK:     %[[SUM:.*]] = scf.for %[[K:[^ ]*]] = {{.*}} iter_args(%[[A:.*]] = %[[FIRST]]) -> (f32)
//       CHECK:       %[[V:.*]] = memref.load %[[X]][%[[I]], %[[K]]]
//       CHECK:       %[[S:.*]] = arith.addf %[[A]], %[[V]] fastmath<reassoc,contract>
//       CHECK:       scf.yield %[[S]]
//       CHECK:     memref.store %[[SUM]], %[[Y]][%[[I]]]
func.func @reduce_in_a_register(%x: memref<?x?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%u: f32, %o: f32):
    %s = arith.addf %o, %u : f32
    linalg.yield %s : f32
  }
  return
}

/// What all points of the innermost loop read is loaded in front of it, what differs between them is not.

// CHECK-LABEL: func.func @hoist_loads
//  CHECK-SAME:   %[[X:.*]]: memref<?x?xf32>, %[[SCALE:[^:]*]]: memref<f32>, %[[ZERO:[^:]*]]: memref<?xf32>, %[[BIAS:[^:]*]]: memref<?xf32>,
//       CHECK:   scf.for %[[I:[^ ]*]] =
//       CHECK:     %[[S:.*]] = memref.load %[[SCALE]][]
//       CHECK:     %[[Z:.*]] = memref.load %[[ZERO]][%[[I]]]
//       CHECK:     scf.for %[[J:[^ ]*]] =
//       CHECK:       memref.load %[[X]][%[[I]], %[[J]]]
//       CHECK:       memref.load %[[BIAS]][%[[J]]]
//   CHECK-NOT:       memref.load
//       CHECK:       memref.store
func.func @hoist_loads(%x: memref<?x?xf32>, %scale: memref<f32>, %zero: memref<?xf32>, %bias: memref<?xf32>,
                       %y: memref<?x?xi8>) {
  linalg.generic {indexing_maps = [#id, affine_map<(d0, d1) -> ()>, #row, #col, #id],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x, %scale, %zero, %bias : memref<?x?xf32>, memref<f32>, memref<?xf32>, memref<?xf32>)
      outs(%y : memref<?x?xi8>) {
  ^bb0(%u: f32, %s: f32, %z: f32, %c: f32, %o: i8):
    %a = arith.addf %u, %c : f32
    %d = arith.divf %a, %s : f32
    %e = arith.addf %d, %z : f32
    %i = arith.fptosi %e : f32 to i8
    linalg.yield %i : i8
  }
  return
}

/// What a sum runs along is loaded within it.

// CHECK-LABEL: func.func @no_hoist_along_a_sum
//  CHECK-SAME:   %[[X:.*]]: memref<?x?xf32>, %[[W:[^:]*]]: memref<?xf32>,
//       CHECK:   scf.for
//       CHECK:     scf.for %[[K:[^ ]*]] =
//       CHECK:       memref.load %[[W]][%[[K]]]
func.func @no_hoist_along_a_sum(%x: memref<?x?xf32>, %w: memref<?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [#id, #col, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : memref<?x?xf32>, memref<?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%u: f32, %v: f32, %o: f32):
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  return
}

/// The reduction comes first in the op; the loop over the result's positions is still the outer one.

// CHECK-LABEL: func.func @parallel_dimensions_first
//  CHECK-SAME:   %[[X:.*]]: memref<8x4xf32>, %[[Y:.*]]: memref<4xf32>
//       CHECK:   scf.for %[[J:[^ ]*]] =
//       CHECK:     memref.load %[[Y]][%[[J]]]
//       CHECK:     scf.for %[[K:[^ ]*]] =
//       CHECK:       memref.load %[[X]][%[[K]], %[[J]]]
func.func @parallel_dimensions_first(%x: memref<8x4xf32>, %y: memref<4xf32>) {
  linalg.generic {indexing_maps = [#id, #col], iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<8x4xf32>) outs(%y : memref<4xf32>) {
  ^bb0(%u: f32, %o: f32):
    %m = arith.maximumf %o, %u : f32
    linalg.yield %m : f32
  }
  return
}

// CHECK-LABEL: func.func @named_ops_too
// CHECK-COUNT-2: scf.for
//       CHECK:   memref.store
//   CHECK-NOT:   linalg
func.func @named_ops_too(%y: memref<?x4xf32>) {
  %z = arith.constant 0.0 : f32
  linalg.fill ins(%z : f32) outs(%y : memref<?x4xf32>)
  return
}

/// Loops over parallel dimensions may be shared by threads, but not the one that becomes vectors.

// CHECK-LABEL: func.func @marks
//       CHECK:   scf.for
//       CHECK:     scf.for
//       CHECK:       scf.for
//       CHECK:       }{{$}}
//       CHECK:     } {seq.parallel}
//       CHECK:   } {seq.parallel}
//       CHECK:   scf.for
//       CHECK:     scf.for
//       CHECK:     }{{$}}
//       CHECK:   } {seq.parallel}
//       CHECK:   scf.for
//       CHECK:   } {seq.parallel}
//       CHECK:   return
func.func @marks(%x: memref<?x?x8xf32>, %r: memref<?x8xf32>, %s: memref<8xf32>, %v: memref<?xf32>) {
  %z = arith.constant 0.0 : f32
  linalg.fill ins(%z : f32) outs(%x : memref<?x?x8xf32>)
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%r : memref<?x8xf32>) outs(%v : memref<?xf32>) {
  ^bb0(%u: f32, %o: f32):
    %m = arith.maximumf %o, %u : f32
    linalg.yield %m : f32
  }
  linalg.fill ins(%z : f32) outs(%s : memref<8xf32>)
  return
}

/// A step of a loop is too short to share.

// CHECK-LABEL: func.func @steps_keep_their_loops
//   CHECK-NOT:   seq.parallel
//       CHECK:   return
func.func @steps_keep_their_loops(%x: memref<?x?x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z = arith.constant 0.0 : f32
  scf.for %t = %c0 to %n step %c1 {
    linalg.fill ins(%z : f32) outs(%x : memref<?x?x8xf32>)
  }
  return
}

// -----

func.func @no_loops_on_tensors(%x: tensor<4xf32>) -> tensor<4xf32> {
  %z = arith.constant 0.0 : f32
  // expected-error @below {{still works on tensors; buffers are required here}}
  %r = linalg.fill ins(%z : f32) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
