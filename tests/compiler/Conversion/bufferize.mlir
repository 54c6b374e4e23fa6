// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-bufferize{most-levels=3},canonicalize,cse)' | FileCheck %s
// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-bufferize,canonicalize,cse)' | FileCheck %s

/// A nest that is bufferised a level at a time is one that was bufferised at once.

// CHECK-LABEL: func.func @nest
//       CHECK:   %[[X:.*]] = memref.alloc() {{.*}}: memref<4xf32>
//       CHECK:   scf.for %{{.*}} = %{{.*}} to %{{.*}} step %{{[^ ]*}} {
//       CHECK:     scf.for %{{.*}} = %{{.*}} to %{{.*}} step %{{[^ ]*}} {
//       CHECK:       scf.for %{{.*}} = %{{.*}} to %{{.*}} step %{{[^ ]*}} {
//       CHECK:         linalg.exp ins(%[[X]] : memref<4xf32>) outs(%[[X]] : memref<4xf32>)
//   CHECK-NOT:   memref.copy
//       CHECK:   return
func.func @nest(%n: index, %into: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %x = linalg.fill ins(%one : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %a = scf.for %i = %c0 to %n step %c1 iter_args(%s = %x) -> (tensor<4xf32>) {
    %b = scf.for %j = %c0 to %n step %c1 iter_args(%t = %s) -> (tensor<4xf32>) {
      %c = scf.for %k = %c0 to %n step %c1 iter_args(%u = %t) -> (tensor<4xf32>) {
        %d = linalg.exp ins(%u : tensor<4xf32>) outs(%u : tensor<4xf32>) -> tensor<4xf32>
        scf.yield %d : tensor<4xf32>
      }
      scf.yield %c : tensor<4xf32>
    }
    scf.yield %b : tensor<4xf32>
  }
  %v = tensor.extract %a[%c0] : tensor<4xf32>
  memref.store %v, %into[%c0] : memref<4xf32>
  return
}

/// Numbers of loops are for tensors.

// CHECK-LABEL: func.func @numbered
//       CHECK:   scf.for
//   CHECK-NOT:   seq.loop_number
//       CHECK:   return
func.func @numbered(%n: index, %v: f32, %into: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty() : tensor<4xf32>
  %a = scf.for %i = %c0 to %n step %c1 iter_args(%s = %e) -> (tensor<4xf32>) {
    %t = tensor.insert %v into %s[%i] : tensor<4xf32>
    scf.yield %t : tensor<4xf32>
  } {seq.loop_number = 0 : i64}
  bufferization.materialize_in_destination %a in writable %into : (tensor<4xf32>, memref<4xf32>) -> ()
  return
}

/// Iterations of a parallel loop write memory of their own; those of another loop share it.

// CHECK-LABEL: func.func @scratch
//   CHECK-NOT:   memref.alloc
//       CHECK:   scf.for
//       CHECK:     %[[OWN:.*]] = memref.alloc() {{.*}}: memref<4xf32>
//       CHECK:     linalg.exp {{.*}} outs(%[[OWN]]
//       CHECK:   } {seq.parallel}
//       CHECK:   %[[SHARED:.*]] = memref.alloc() {{.*}}: memref<4xf32>
//       CHECK:   scf.for
//   CHECK-NOT:     memref.alloc
//       CHECK:     linalg.exp {{.*}} outs(%[[SHARED]]
func.func @scratch(%n: index, %m: memref<?x4xf32>, %into: memref<?xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = bufferization.to_tensor %m restrict : memref<?x4xf32> to tensor<?x4xf32>
  %e = tensor.empty() : tensor<4xf32>
  scf.for %i = %c0 to %n step %c1 {
    %r = tensor.extract_slice %x[%i, 0] [1, 4] [1, 1] : tensor<?x4xf32> to tensor<4xf32>
    %a = linalg.exp ins(%r : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    %v = tensor.extract %a[%c1] : tensor<4xf32>
    memref.store %v, %into[%i] : memref<?xf32>
  } {seq.parallel}
  %f = tensor.empty() : tensor<4xf32>
  scf.for %i = %c0 to %n step %c1 {
    %r = tensor.extract_slice %x[%i, 0] [1, 4] [1, 1] : tensor<?x4xf32> to tensor<4xf32>
    %a = linalg.exp ins(%r : tensor<4xf32>) outs(%f : tensor<4xf32>) -> tensor<4xf32>
    %v = tensor.extract %a[%c1] : tensor<4xf32>
    memref.store %v, %into[%i] : memref<?xf32>
  }
  return
}
