// RUN: seqc-opt %s --split-input-file --verify-diagnostics

func.func @create_matmul_c1_dynamic_weights(%w: tensor<?x512xf32>) {
  // expected-error @below {{weights have type 'tensor<?x512xf32>'; a static shape is required [C1]}}
  %p = dnn.create_matmul %w : tensor<?x512xf32>
  return
}

// -----

func.func @matmul_c1_depth(%p: !dnn.matmul_primitive, %x: tensor<?x4xf32>, %w: tensor<8x5xf32>,
                           %a: tensor<?x8xf32>) {
  // expected-error @below {{weights of 'tensor<8x5xf32>' do not fit lhs 'tensor<?x4xf32>' and acc 'tensor<?x8xf32>'; [N, K] or [K, N] is required [C1]}}
  %r = dnn.matmul %p, %x, %w outs(%a) : (tensor<?x4xf32>, tensor<8x5xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @matmul_c2_mixed(%p: !dnn.matmul_primitive, %x: memref<?x4xf32>, %w: tensor<8x4xf32>,
                           %a: tensor<?x8xf32>) {
  // expected-error @below {{mixes tensors and buffers; one kind is required [C2]}}
  %r = dnn.matmul %p, %x, %w outs(%a) : (memref<?x4xf32>, tensor<8x4xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @matmul_c2_result_of_buffers(%p: !dnn.matmul_primitive, %x: memref<?x4xf32>,
                                       %w: memref<8x4xf32>, %a: memref<?x8xf32>) {
  // expected-error @below {{has a result; one of type 'memref<?x8xf32>' is required exactly if operands are tensors [C2]}}
  %r = dnn.matmul %p, %x, %w outs(%a) : (memref<?x4xf32>, memref<8x4xf32>, memref<?x8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @matmul_c2_no_result(%p: !dnn.matmul_primitive, %x: tensor<?x4xf32>, %w: tensor<8x4xf32>,
                               %a: tensor<?x8xf32>) {
  // expected-error @below {{has no result; one of type 'tensor<?x8xf32>' is required exactly if operands are tensors [C2]}}
  dnn.matmul %p, %x, %w outs(%a) : (tensor<?x4xf32>, tensor<8x4xf32>, tensor<?x8xf32>)
  return
}
