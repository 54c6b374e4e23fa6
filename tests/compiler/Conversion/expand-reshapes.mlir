// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-expand-reshapes))' | FileCheck %s

/// Time and batch in one group, both dynamic.

// CHECK-LABEL: func.func @two_dynamic_extents_in_a_group
//  CHECK-SAME:   %[[X:.*]]: memref<?x4xf32>, %[[T:.*]]: index, %[[B:.*]]: index
//       CHECK:   memref.reinterpret_cast %[[X]] to offset: [0], sizes: [%[[T]], %[[B]], 4]
//  CHECK-SAME:     to memref<?x?x4xf32
//   CHECK-NOT:   memref.expand_shape
func.func @two_dynamic_extents_in_a_group(%x: memref<?x4xf32>, %t: index, %b: index) -> memref<?x?x4xf32> {
  %e = memref.expand_shape %x [[0, 1], [2]] output_shape [%t, %b, 4] : memref<?x4xf32> into memref<?x?x4xf32>
  return %e : memref<?x?x4xf32>
}

/// The same of a part of a buffer.

// CHECK-LABEL: func.func @part
//  CHECK-SAME:   %[[X:.*]]: memref<?x4xf32, {{.*}}>, %[[T:.*]]: index, %[[B:.*]]: index
//       CHECK:   %[[BASE:.*]], %[[OFFSET:.*]], %{{.*}}:2, %[[STRIDES:.*]]:2 = memref.extract_strided_metadata %[[X]]
//       CHECK:   %[[OUTER:.*]] = arith.muli %[[STRIDES]]#0, %[[B]]
//       CHECK:   memref.reinterpret_cast %[[BASE]] to offset: [%[[OFFSET]]], sizes: [%[[T]], %[[B]], 4],
//  CHECK-SAME:     strides: [%[[OUTER]], %[[STRIDES]]#0, 1]
//   CHECK-NOT:   memref.expand_shape
func.func @part(%x: memref<?x4xf32, strided<[?, 1], offset: ?>>, %t: index, %b: index)
    -> memref<?x?x4xf32, strided<[?, ?, 1], offset: ?>> {
  %e = memref.expand_shape %x [[0, 1], [2]] output_shape [%t, %b, 4]
      : memref<?x4xf32, strided<[?, 1], offset: ?>> into memref<?x?x4xf32, strided<[?, ?, 1], offset: ?>>
  return %e : memref<?x?x4xf32, strided<[?, ?, 1], offset: ?>>
}
