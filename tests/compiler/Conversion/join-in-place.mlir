// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-join-in-place{most-left=1}))' | FileCheck %s
// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-join-in-place))' | FileCheck %s --check-prefix=FEW

/// A part that nothing else reads is computed in its view; a shared one is copied.

// CHECK-LABEL: func.func @parts
//  CHECK-SAME:   %[[X:[^:]*]]: tensor<4xf32>, %[[N:[^:]*]]: index
//       CHECK:   %[[BUFFER:.*]] = memref.alloc() : memref<8xf32>
//   CHECK-DAG:   %[[U:.*]] = memref.subview %[[BUFFER]][0] [4] [1]
//   CHECK-DAG:   %[[V:.*]] = memref.subview %[[BUFFER]][4] [4] [1]
//       CHECK:   %[[OWN:.*]] = linalg.exp
//       CHECK:   %[[SHARED:.*]] = linalg.exp
//       CHECK:   bufferization.materialize_in_destination %[[OWN]] in restrict writable %[[U]]
//       CHECK:   %[[S:.*]] = bufferization.to_buffer %[[SHARED]] read_only
//       CHECK:   memref.copy %[[S]], %[[V]]
//       CHECK:   %[[WHOLE:.*]] = bufferization.to_tensor %[[BUFFER]] restrict writable
//       CHECK:   return %[[WHOLE]], %[[SHARED]]

// FEW-LABEL: func.func @parts
// FEW-COUNT-2: tensor.insert_slice
func.func @parts(%x: tensor<4xf32>, %n: index) -> (tensor<8xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %own = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %shared = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %w = tensor.empty() : tensor<8xf32>
  %a = tensor.insert_slice %own into %w[0] [4] [1] : tensor<4xf32> into tensor<8xf32>
  %b = tensor.insert_slice %shared into %a[4] [4] [1] : tensor<4xf32> into tensor<8xf32>
  return %b, %shared : tensor<8xf32>, tensor<4xf32>
}

/// Run-time sizes: what follows by a sum cannot overlap.

// CHECK-LABEL: func.func @dynamic
//       CHECK:   %[[SUM:.*]] = arith.addi
//       CHECK:   %[[BUFFER:.*]] = memref.alloc(%[[SUM]])
// CHECK-COUNT-2: bufferization.materialize_in_destination
func.func @dynamic(%x: tensor<?xf32>, %n: index, %y: tensor<?xf32>, %m: index) -> tensor<?xf32> {
  %sum = arith.addi %n, %m : index
  %w = tensor.empty(%sum) : tensor<?xf32>
  %a = tensor.insert_slice %x into %w[0] [%n] [1] : tensor<?xf32> into tensor<?xf32>
  %b = tensor.insert_slice %y into %a[%n] [%m] [1] : tensor<?xf32> into tensor<?xf32>
  return %b : tensor<?xf32>
}

/// Parts that may overlap are copied in their order.

// CHECK-LABEL: func.func @overlap
//   CHECK-NOT:   materialize_in_destination
//       CHECK:   memref.copy
//       CHECK:   memref.copy
//       CHECK:   bufferization.to_tensor
func.func @overlap(%x: tensor<4xf32>, %y: tensor<4xf32>) -> tensor<7xf32> {
  %w = tensor.empty() : tensor<7xf32>
  %a = tensor.insert_slice %x into %w[0] [4] [1] : tensor<4xf32> into tensor<7xf32>
  %b = tensor.insert_slice %y into %a[3] [4] [1] : tensor<4xf32> into tensor<7xf32>
  return %b : tensor<7xf32>
}

/// What else uses a part of the chain keeps it; what does not begin empty stays.

// CHECK-LABEL: func.func @stays
//   CHECK-NOT:   memref.alloc
// CHECK-COUNT-2: tensor.insert_slice
func.func @stays(%x: tensor<4xf32>, %w: tensor<8xf32>) -> tensor<8xf32> {
  %a = tensor.insert_slice %x into %w[0] [4] [1] : tensor<4xf32> into tensor<8xf32>
  %b = tensor.insert_slice %x into %a[4] [4] [1] : tensor<4xf32> into tensor<8xf32>
  return %b : tensor<8xf32>
}
