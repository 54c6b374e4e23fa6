// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-place-carried-tensors),eliminate-empty-tensors,one-shot-bufferize{allow-return-allocs-from-loops=1},canonicalize,func.func(seq-remove-self-copies))' \
// RUN: | FileCheck %s

/// One branch passes on a tensor of outside that is needed behind the loop, the other one computes. What the branches
/// agree on is copied; the memory of neither is taken for the carried tensor's.

// CHECK-LABEL: func.func @branch_yields_outer
//       CHECK:   linalg.exp ins({{.*}}) outs(%[[OUTER:[^ ]*]] :
//       CHECK:   %[[A:.*]] = memref.alloc
//       CHECK:   memref.copy %[[OUTER]], %[[A]] :
//       CHECK:   %[[B:.*]] = memref.alloc
//       CHECK:   scf.for
//   CHECK-NOT:     iter_args
//       CHECK:     %[[CHOSEN:.*]] = scf.if
//       CHECK:       scf.yield %[[OUTER]]
//       CHECK:       %[[NEW:.*]] = memref.alloc
//       CHECK:       linalg.exp ins(%[[B]] : {{.*}}) outs(%[[NEW]] :
//       CHECK:     linalg.add ins(%[[A]], %[[B]] : {{.*}}) outs(%[[B]] :
//       CHECK:     memref.copy %[[CHOSEN]], %[[A]]
//       CHECK:   linalg.add ins(%[[OUTER]],
func.func @branch_yields_outer(%x: tensor<4xf32>, %y: tensor<4xf32>, %n: index, %p: i1) -> (tensor<4xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %o = tensor.empty() : tensor<4xf32>
  %z = linalg.exp ins(%x : tensor<4xf32>) outs(%o : tensor<4xf32>) -> tensor<4xf32>
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %z, %b = %y) -> (tensor<4xf32>, tensor<4xf32>) {
    %q = scf.if %p -> (tensor<4xf32>) {
      scf.yield %z : tensor<4xf32>
    } else {
      %e = tensor.empty() : tensor<4xf32>
      %s = linalg.exp ins(%b : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
      scf.yield %s : tensor<4xf32>
    }
    %e = tensor.empty() : tensor<4xf32>
    %t = linalg.add ins(%a, %b : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %q, %t : tensor<4xf32>, tensor<4xf32>
  }
  %e = tensor.empty() : tensor<4xf32>
  %t = linalg.add ins(%z, %r#0 : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %t, %r#1 : tensor<4xf32>, tensor<4xf32>
}
