// RUN: seqc-opt %s --split-input-file \
// RUN:   --pass-pipeline='builtin.module(func.func(convert-seq-recurrence-to-scf,canonicalize))' \
// RUN:   | FileCheck %s

/// The new state is the output slice just written: the loop carries a view of it, and no buffer is
/// copied in a step.

// CHECK-LABEL: func.func @state_in_the_history
//  CHECK-SAME:   %[[X:.*]]: tensor<?x?x8xf32>, %[[H:.*]]: tensor<?x8xf32>
//       CHECK:   %[[Y:.*]] = memref.alloc(%{{.*}}, %{{.*}}) : memref<?x?x8xf32>
//       CHECK:   %[[FIRST:.*]] = memref.alloc(%{{.*}}) : memref<?x8xf32>
//       CHECK:   bufferization.materialize_in_destination %[[H]] in restrict writable %[[FIRST]]
//       CHECK:   scf.for %[[T:.*]] = {{.*}} iter_args(%[[S:.*]] = %{{.*}})
//       CHECK:     %[[XT:.*]] = tensor.extract_slice %[[X]][%[[T]], 0, 0]
//       CHECK:     %[[SLICE:.*]] = memref.subview %[[Y]][%[[T]], 0, 0]
//       CHECK:     %[[OLD:.*]] = bufferization.to_tensor %[[S]]
//       CHECK:     %[[N:.*]] = arith.addf %[[XT]], %[[OLD]]
//       CHECK:     bufferization.materialize_in_destination %[[N]] in restrict writable %[[SLICE]]
//   CHECK-NOT:     materialize_in_destination
//       CHECK:     scf.yield %[[SLICE]]
func.func @state_in_the_history(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h : tensor<?x8xf32>) {
  ^bb0(%xt: tensor<?x8xf32>, %s: tensor<?x8xf32>):
    %n = arith.addf %xt, %s : tensor<?x8xf32>
    seq.yield %n, %n : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>) states(tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>

/// One op reads the old state and writes the new one at the same places: it may do so in place.

// CHECK-LABEL: func.func @state_in_place
//       CHECK:   %[[C:.*]] = memref.alloc(%{{.*}}) : memref<?x8xf32>
//   CHECK-NOT:   memref.alloc
//       CHECK:   scf.for
//   CHECK-NOT:     iter_args
//       CHECK:     %[[OLD:.*]] = bufferization.to_tensor %[[C]] restrict writable
//       CHECK:     linalg.generic {{.*}} outs(%[[OLD]] : tensor<?x8xf32>)
func.func @state_in_place(%x: tensor<?x?x8xf32>, %c: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%c : tensor<?x8xf32>) {
  ^bb0(%xt: tensor<?x8xf32>, %s: tensor<?x8xf32>):
    %c0 = arith.constant 0 : index
    %b = tensor.dim %xt, %c0 : tensor<?x8xf32>
    %e = tensor.empty(%b) : tensor<?x8xf32>
    %n = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%xt, %s : tensor<?x8xf32>, tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
    ^bb0(%u: f32, %v: f32, %o: f32):
      %m = arith.mulf %u, %v : f32
      linalg.yield %m : f32
    } -> tensor<?x8xf32>
    seq.yield %n : tensor<?x8xf32>
  } states(tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}

// -----

/// A product reads all of the old state for each element of the new one: two buffers.

// CHECK-LABEL: func.func @state_in_two_buffers
// CHECK-COUNT-2: memref.alloc(%{{.*}}) : memref<?x8xf32>
//       CHECK:   scf.for {{.*}} iter_args(%[[A:.*]] = %{{.*}}, %[[B:.*]] = %{{.*}})
//       CHECK:     %[[OLD:.*]] = bufferization.to_tensor %[[A]]
//       CHECK:     %[[N:.*]] = linalg.matmul ins(%[[OLD]]
//       CHECK:     bufferization.materialize_in_destination %[[N]] in restrict writable %[[B]]
//       CHECK:     scf.yield %[[B]], %[[A]]
func.func @state_in_two_buffers(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>, %w: tensor<8x8xf32>)
    -> tensor<?x8xf32> {
  %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h : tensor<?x8xf32>) {
  ^bb0(%xt: tensor<?x8xf32>, %s: tensor<?x8xf32>):
    %n = linalg.matmul ins(%s, %w : tensor<?x8xf32>, tensor<8x8xf32>) outs(%xt : tensor<?x8xf32>)
        -> tensor<?x8xf32>
    seq.yield %n : tensor<?x8xf32>
  } states(tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}

// -----

/// Backwards: time falls from the last step.

// CHECK-LABEL: func.func @reverse
//       CHECK:   scf.for %[[U:.*]] = %{{.*}} to %[[T:.*]] step
//       CHECK:     %[[LAST:.*]] = arith.subi %[[T]], %{{.*}} : index
//       CHECK:     %[[AT:.*]] = arith.subi %[[LAST]], %[[U]] : index
//       CHECK:     tensor.extract_slice %{{.*}}[%[[AT]], 0, 0]
func.func @reverse(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y, %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h : tensor<?x8xf32>) reverse {
  ^bb0(%xt: tensor<?x8xf32>, %s: tensor<?x8xf32>):
    %n = arith.addf %xt, %s : tensor<?x8xf32>
    seq.yield %n, %n : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>) states(tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}
