// Rows that are not dense in memory are copied: the library takes a leading dimension only.
// RUN: seqc-opt %s -one-shot-bufferize="bufferize-function-boundaries" | FileCheck %s

// CHECK-LABEL: func.func @strided_rows
//       CHECK:   %[[S:.*]] = memref.subview
//       CHECK:   %[[A:.*]] = memref.alloc() : memref<1x8xf32>
//       CHECK:   memref.copy {{.*}}, %[[A]]
//       CHECK:   dnn.matmul %{{.*}}, %[[A]], %{{.*}}
func.func @strided_rows(%x: tensor<1x8x2xf32>, %w: tensor<4x8xf32>, %c: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %a = tensor.extract_slice %x[0, 0, 1] [1, 8, 1] [1, 1, 1] : tensor<1x8x2xf32> to tensor<1x8xf32>
  %p = dnn.create_matmul %w transposed : tensor<4x8xf32>
  %y = dnn.matmul %p, %a, %w outs(%c) : (tensor<1x8xf32>, tensor<4x8xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}
