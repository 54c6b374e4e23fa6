// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-split-destinations{most-uses=2}))' | FileCheck %s
// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-split-destinations))' | FileCheck %s --check-prefix=FEW

#id = affine_map<(d0) -> (d0)>

/// Two uses each, in the order of the program, beside the first of them.

// CHECK-LABEL: func.func @chain
//       CHECK:   %[[A:.*]] = tensor.empty
//       CHECK:   %[[X:.*]] = linalg.exp {{.*}} outs(%[[A]]
//       CHECK:   %[[Y:.*]] = linalg.exp ins(%[[X]] {{.*}} outs(%[[A]]
//       CHECK:   %[[B:.*]] = tensor.empty
//       CHECK:   %[[Z:.*]] = linalg.exp ins(%[[Y]] {{.*}} outs(%[[B]]
//       CHECK:   return %[[Z]]

// FEW-LABEL: func.func @chain
// FEW-COUNT-1: tensor.empty
// FEW-NOT: tensor.empty
// FEW: return
func.func @chain(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  %e = tensor.empty(%n) : tensor<?xf32>
  %a = linalg.exp ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %b = linalg.exp ins(%a : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %c = linalg.exp ins(%b : tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %c : tensor<?xf32>
}

/// What has many uses in a loop is split there; the first ones stay outside.

// CHECK-LABEL: func.func @loop
//       CHECK:   %[[A:.*]] = tensor.empty
//       CHECK:   scf.for
//       CHECK:     linalg.exp {{.*}} outs(%[[A]]
//       CHECK:     linalg.exp {{.*}} outs(%[[A]]
//       CHECK:     %[[B:.*]] = tensor.empty
//       CHECK:     linalg.exp {{.*}} outs(%[[B]]
//       CHECK:     scf.yield
func.func @loop(%x: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty() : tensor<4xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %x) -> (tensor<4xf32>) {
    %a = linalg.exp ins(%s : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    %b = linalg.exp ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    %c = linalg.exp ins(%b : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %c : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

/// Each op that writes on a filled tensor gets its own; readers and loops share one.

// FEW-LABEL: func.func @fills
//       FEW:   %[[E:.*]] = tensor.empty
//       FEW:   %[[F:.*]] = linalg.fill {{.*}} outs(%[[E]]
//       FEW:   %[[A:.*]] = linalg.generic {{.*}} ins(%{{.*}} : {{.*}}) outs(%[[F]]
//       FEW:   %[[G:.*]] = linalg.fill {{.*}} outs(%[[E]]
//       FEW:   linalg.generic {{.*}} ins(%[[F]] : {{.*}}) outs(%[[G]]
//   FEW-NOT:   linalg.fill
//       FEW:   return
func.func @fills(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.addf %in, %out : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%f : tensor<4xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %s = arith.mulf %in, %out : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}

/// Uses in blocks behind that of the empty tensor have no op around them there, and keep it.
// CHECK-LABEL: func.func @behind
//       CHECK:   %[[E:.*]] = tensor.empty
//       CHECK: ^bb1:
//       CHECK:   linalg.exp {{.*}} outs(%[[E]]
//       CHECK:   linalg.exp {{.*}} outs(%[[E]]
//       CHECK:   %[[OWN:.*]] = tensor.empty
//       CHECK:   linalg.exp {{.*}} outs(%[[OWN]]
func.func @behind(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %0 = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  cf.br ^next
^next:
  %1 = linalg.exp ins(%0 : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %2 = linalg.exp ins(%1 : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %3 = linalg.exp ins(%2 : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %3 : tensor<4xf32>
}
