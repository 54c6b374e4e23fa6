// RUN: seqc-opt %s | seqc-opt | FileCheck %s

// CHECK-LABEL: func.func @tensors
//       CHECK:   %[[P:.*]] = dnn.create_matmul %{{.*}} transposed constant : tensor<2048x512xf32>
//       CHECK:   dnn.matmul %[[P]],
//  CHECK-SAME:     : (tensor<?x512xf32>, tensor<2048x512xf32>, tensor<?x2048xf32>) -> tensor<?x2048xf32>
func.func @tensors(%x: tensor<?x512xf32>, %w: tensor<2048x512xf32>, %a: tensor<?x2048xf32>)
    -> tensor<?x2048xf32> {
  %p = dnn.create_matmul %w transposed constant : tensor<2048x512xf32>
  %r = dnn.matmul %p, %x, %w outs(%a)
      : (tensor<?x512xf32>, tensor<2048x512xf32>, tensor<?x2048xf32>) -> tensor<?x2048xf32>
  return %r : tensor<?x2048xf32>
}

// CHECK-LABEL: func.func @buffers
//       CHECK:   dnn.create_matmul %{{.*}} : memref<512x2048xf32>
//       CHECK:   dnn.matmul %{{.*}} : (memref<?x512xf32>, memref<512x2048xf32>, memref<?x2048xf32>)
//   CHECK-NOT:   ->
//       CHECK:   return
func.func @buffers(%x: memref<?x512xf32>, %w: memref<512x2048xf32>, %a: memref<?x2048xf32>) {
  %p = dnn.create_matmul %w : memref<512x2048xf32>
  dnn.matmul %p, %x, %w outs(%a) : (memref<?x512xf32>, memref<512x2048xf32>, memref<?x2048xf32>)
  return
}
