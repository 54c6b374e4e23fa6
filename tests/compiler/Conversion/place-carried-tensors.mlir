// RUN: seqc-opt %s --split-input-file \
// RUN:   --pass-pipeline='builtin.module(func.func(seq-place-carried-tensors))' | FileCheck %s

/// New values go where the iteration found the old ones; one that is another carried tensor is
/// copied aside before that one is overwritten.

// CHECK-LABEL: func.func @fresh_and_crossing
//       CHECK:   scf.for {{.*}} iter_args(%[[A:.*]] = %{{.*}}, %[[B:.*]] = %{{.*}})
//       CHECK:     %[[S:.*]] = linalg.add
//       CHECK:     %[[T:.*]] = bufferization.alloc_tensor() copy(%[[B]])
//       CHECK:     %[[Y0:.*]] = linalg.copy ins(%[[T]] : tensor<4xf32>) outs(%[[A]] : tensor<4xf32>)
//       CHECK:     %[[Y1:.*]] = linalg.copy ins(%[[S]] : tensor<4xf32>) outs(%[[B]] : tensor<4xf32>)
//       CHECK:     scf.yield %[[Y0]], %[[Y1]]
func.func @fresh_and_crossing(%x: tensor<4xf32>, %y: tensor<4xf32>, %n: index) -> (tensor<4xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x, %b = %y) -> (tensor<4xf32>, tensor<4xf32>) {
    %e = tensor.empty() : tensor<4xf32>
    %s = linalg.add ins(%a, %b : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %b, %s : tensor<4xf32>, tensor<4xf32>
  }
  return %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>
}

// -----

/// An extent that the iteration computes from what is outside stays the same.

// CHECK-LABEL: func.func @same_dynamic_extent
//       CHECK:   scf.while
//       CHECK:     scf.condition
//       CHECK:     ^bb0(%[[A:[^:]*]]: tensor<?xf32>
//       CHECK:     linalg.copy ins(%{{.*}} : tensor<?xf32>) outs(%[[A]] :
func.func @same_dynamic_extent(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d = tensor.dim %x, %c0 : tensor<?xf32>
  %r:2 = scf.while (%a = %x, %i = %c0) : (tensor<?xf32>, index) -> (tensor<?xf32>, index) {
    %c = arith.cmpi slt, %i, %n : index
    scf.condition(%c) %a, %i : tensor<?xf32>, index
  } do {
  ^bb0(%a: tensor<?xf32>, %i: index):
    %e = tensor.empty(%d) : tensor<?xf32>
    %s = linalg.exp ins(%a : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    %j = arith.addi %i, %c1 : index
    scf.yield %s, %j : tensor<?xf32>, index
  }
  return %r#0 : tensor<?xf32>
}

// -----

/// The outer loop yields the inner one's result: one copy, in the inner loop.

// CHECK-LABEL: func.func @nested
// CHECK-COUNT-1: linalg.copy
//   CHECK-NOT:   linalg.copy
func.func @nested(%x: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> (tensor<4xf32>) {
    %q = scf.for %j = %c0 to %i step %c1 iter_args(%b = %a) -> (tensor<4xf32>) {
      %e = tensor.empty() : tensor<4xf32>
      %s = linalg.exp ins(%b : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
      scf.yield %s : tensor<4xf32>
    }
    scf.yield %q : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

/// In place already, and growing.

// CHECK-LABEL: func.func @left_alone
//   CHECK-NOT:   linalg.copy
func.func @left_alone(%x: tensor<4xf32>, %g: tensor<?xf32>, %f: f32) -> (tensor<4xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %r:2 = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %x, %b = %g) -> (tensor<4xf32>, tensor<?xf32>) {
    %s = tensor.insert %f into %a[%i] : tensor<4xf32>
    %d = tensor.dim %b, %c0 : tensor<?xf32>
    %d1 = arith.addi %d, %c1 : index
    %e = tensor.empty(%d1) : tensor<?xf32>
    %h = linalg.fill ins(%f : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    scf.yield %s, %h : tensor<4xf32>, tensor<?xf32>
  }
  return %r#0, %r#1 : tensor<4xf32>, tensor<?xf32>
}

// -----

/// A tensor that becomes another one, which stays as it is because its extent is not known to stay the same, is not
/// overwritten.

// CHECK-LABEL: func.func @becomes_what_stays
//   CHECK-NOT:   linalg.copy
//       CHECK:   return
func.func @becomes_what_stays(%x: tensor<?xf32>, %y: tensor<?xf32>, %z: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %d = tensor.dim %y, %c0 : tensor<?xf32>
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x, %b = %y) -> (tensor<?xf32>, tensor<?xf32>) {
    %e = tensor.empty(%d) : tensor<?xf32>
    %s = linalg.exp ins(%z : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    scf.yield %b, %s : tensor<?xf32>, tensor<?xf32>
  }
  return %r#0 : tensor<?xf32>
}
