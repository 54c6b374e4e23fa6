// RUN: seqc-opt %s --one-shot-bufferize | FileCheck %s

/// Upstream's bufferisation alone: the loop carries views of memory, the initial state stays as it is, and
/// what the cell computes goes to the slice of its step.

// CHECK-LABEL: func.func @sums
//   CHECK-NOT:   seq.recurrence
//       CHECK:   %[[Y:.*]] = memref.alloc(%{{.*}}, %{{.*}}) {{.*}}: memref<?x?x8xf32>
//       CHECK:   scf.for %[[T:.*]] = {{.*}} iter_args(%[[S:.*]] = %{{.*}})
//       CHECK:     %[[SLICE:.*]] = memref.subview %[[Y]][%[[T]], 0, 0]
//       CHECK:     %[[OLD:.*]] = memref.cast %[[S]]
//       CHECK:     linalg.add ins(%{{.*}}, %[[OLD]] : {{.*}}) outs(%[[N:.*]] : memref<?x8xf32>)
//       CHECK:     memref.copy %[[N]], %[[SLICE]]
//       CHECK:     scf.yield %[[SLICE]]
func.func @sums(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x8xf32>) {
  %y, %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h : tensor<?x8xf32>) {
  ^bb0(%xt: tensor<?x8xf32>, %s: tensor<?x8xf32>):
    %c0 = arith.constant 0 : index
    %b = tensor.dim %xt, %c0 : tensor<?x8xf32>
    %e = tensor.empty(%b) : tensor<?x8xf32>
    %n = linalg.add ins(%xt, %s : tensor<?x8xf32>, tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
    seq.yield %n, %n : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>) states(tensor<?x8xf32>)
  return %y, %last : tensor<?x?x8xf32>, tensor<?x8xf32>
}
