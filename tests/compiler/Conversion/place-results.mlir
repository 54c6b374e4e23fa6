// RUN: seqc-opt %s --split-input-file \
// RUN:   --pass-pipeline='builtin.module(seq-convert-entries, cse, one-shot-bufferize{bufferize-function-boundaries=0}, canonicalize, cse, func.func(seq-place-results))' \
// RUN:   | FileCheck %s

/// An elementwise op writes to the storage of the output, which may be that of the input.

// CHECK-LABEL: func.func @seqc_fn_elementwise(
//  CHECK-SAME:   seq.in_place = [#seq.in_place<output = 0, inputs = [0]>]
//   CHECK-NOT:   memref.alloc
//       CHECK:   rt.output %{{.*}}[0]
//       CHECK:   %[[Y:.*]] = memref.view {{.*}} to memref<?x4xf32>
//       CHECK:   linalg.exp ins(%{{.*}} : memref<?x4xf32>) outs(%[[Y]] : memref<?x4xf32>)
//   CHECK-NOT:   memref.copy
//       CHECK:   return
func.func @elementwise(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.exp ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

/// A buffer of another shape is a view of the storage.

// CHECK-LABEL: func.func @seqc_fn_reshaped(
//       CHECK:   %[[Y:.*]] = memref.view {{.*}} to memref<1x?x4xf32>
//       CHECK:   %[[A:.*]] = memref.reinterpret_cast %[[Y]] to offset: [0], sizes: [%{{.*}}, 4], strides: [4, 1]
//       CHECK:   linalg.exp ins(%{{.*}}) outs(%[[A]] : memref<?x4xf32>)
//   CHECK-NOT:   memref.copy
//       CHECK:   return
func.func @reshaped(%x: tensor<?x4xf32>) -> tensor<1x?x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.exp ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %r = tensor.expand_shape %y [[0, 1], [2]] output_shape [1, %n, 4] : tensor<?x4xf32> into tensor<1x?x4xf32>
  return %r : tensor<1x?x4xf32>
}

// -----

/// Equal types do not make equal shapes.

// CHECK-LABEL: func.func @seqc_fn_turned(
//       CHECK:   rt.output %{{.*}}[0]
//       CHECK:   %[[Y:.*]] = memref.view %{{.*}}[%{{.*}}][%[[M:.*]], %[[N:.*]]] : memref<?xi8> to memref<?x?xf32>
//       CHECK:   %[[A:.*]] = memref.reinterpret_cast %[[Y]] to offset: [0], sizes: [%[[N]], %[[M]]], strides: [%[[M]], 1]
//       CHECK:   linalg.exp ins(%{{.*}}) outs(%[[A]] : memref<?x?xf32>)
func.func @turned(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = tensor.dim %x, %c0 : tensor<?x?xf32>
  %m = tensor.dim %x, %c1 : tensor<?x?xf32>
  %e = tensor.empty(%n, %m) : tensor<?x?xf32>
  %y = linalg.exp ins(%x : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) -> tensor<?x?xf32>
  %f = tensor.collapse_shape %y [[0, 1]] : tensor<?x?xf32> into tensor<?xf32>
  %r = tensor.expand_shape %f [[0, 1]] output_shape [%m, %n] : tensor<?xf32> into tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}

// -----

/// The next state is written where it cannot harm the product that reads the last one: in a buffer,
/// which is copied at the end.

// CHECK-LABEL: func.func @seqc_fn_product(
//  CHECK-SAME:   seq.in_place = [#seq.in_place<output = 0, inputs = [0, 1]>]
//       CHECK:   %[[A:.*]] = memref.alloc
//       CHECK:   linalg.matmul ins(%{{.*}}) outs(%[[A]] :
//       CHECK:   rt.output %{{.*}}[0]
//       CHECK:   memref.copy %[[A]],
func.func @product(%h: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %z = arith.constant 0.0 : f32
  %n = tensor.dim %h, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y = linalg.matmul ins(%h, %w : tensor<?x4xf32>, tensor<4x4xf32>) outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

/// A large transposition is written at once: whoever wants it in place pays for the copy.

// CHECK-LABEL: func.func @seqc_fn_transposition(
//   CHECK-NOT:   seq.in_place
//   CHECK-NOT:   memref.alloc
//       CHECK:   linalg.transpose
//   CHECK-NOT:   memref.copy
//       CHECK:   return
func.func @transposition(%x: tensor<512x512xf32>) -> tensor<512x512xf32> {
  %e = tensor.empty() : tensor<512x512xf32>
  %y = linalg.transpose ins(%x : tensor<512x512xf32>) outs(%e : tensor<512x512xf32>) permutation = [1, 0]
  return %y : tensor<512x512xf32>
}

// -----

/// A small one is not.

// CHECK-LABEL: func.func @seqc_fn_small_transposition(
//  CHECK-SAME:   seq.in_place = [#seq.in_place<output = 0, inputs = [0]>]
//       CHECK:   %[[A:.*]] = memref.alloc
//       CHECK:   linalg.transpose ins(%{{.*}}) outs(%[[A]] :
//       CHECK:   memref.copy %[[A]],
func.func @small_transposition(%x: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %e = tensor.empty() : tensor<8x8xf32>
  %y = linalg.transpose ins(%x : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) permutation = [1, 0]
  return %y : tensor<8x8xf32>
}

// -----

/// What is read in every iteration may not be written by one of them, element by element or not.

// CHECK-LABEL: func.func @seqc_fn_repeated(
//  CHECK-SAME:   seq.in_place = [#seq.in_place<output = 0, inputs = [0]>]
func.func @repeated(%h: tensor<?x4xf32>, %x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %r = scf.for %t = %c0 to %c5 step %c1 iter_args(%s = %h) -> (tensor<?x4xf32>) {
    %y = linalg.add ins(%s, %x : tensor<?x4xf32>, tensor<?x4xf32>) outs(%s : tensor<?x4xf32>) -> tensor<?x4xf32>
    scf.yield %y : tensor<?x4xf32>
  }
  return %r : tensor<?x4xf32>
}

// -----

/// A cache is copied, if it has to be, before one row of it is written.

// CHECK-LABEL: func.func @seqc_fn_cache(
//  CHECK-SAME:   seq.in_place = [#seq.in_place<output = 0, inputs = [0]>]
//       CHECK:   memref.copy %{{.*}}, %[[Y:.*]] {seq.maybe_same}
//       CHECK:   memref.subview %[[Y]]
func.func @cache(%past: tensor<64x512xf32>, %row: tensor<1x512xf32>, %at: tensor<i64>) -> tensor<64x512xf32> {
  %a = tensor.extract %at[] : tensor<i64>
  %i = arith.index_cast %a : i64 to index
  %y = tensor.insert_slice %row into %past[%i, 0] [1, 512] [1, 1] : tensor<1x512xf32> into tensor<64x512xf32>
  return %y : tensor<64x512xf32>
}

// -----

/// Storage is asked for behind the check that its size relies on.

// CHECK-LABEL: func.func @seqc_fn_checked(
//       CHECK:   rt.require
//       CHECK:   rt.output %{{.*}}[0]
//       CHECK:   linalg.fill
//   CHECK-NOT:   memref.copy
func.func @checked(%n: tensor<i64>) -> tensor<?xf32> {
  %z = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : i64
  %v = tensor.extract %n[] : tensor<i64>
  %i = arith.index_cast %v : i64 to index
  %e = tensor.empty(%i) : tensor<?xf32>
  %ok = arith.cmpi sge, %v, %c0 : i64
  seq.require %ok, "the length is negative: {0}" (%i)
  %y = linalg.fill ins(%z : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
