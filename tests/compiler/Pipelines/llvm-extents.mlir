// RUN: seqc-opt %s --seqc-llvm=opt-level=0 | FileCheck %s

/// The extent of a view is in its descriptor. A copy of the shape on the stack would grow it with each iteration.

// CHECK-LABEL: llvm.func @extent_in_loop
//   CHECK-NOT:   llvm.alloca
//       CHECK:   llvm.return
func.func @extent_in_loop(%x: memref<?x4xf32>, %y: memref<?xindex>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %s = memref.subview %x[%i, 0] [2, 4] [1, 1] : memref<?x4xf32> to memref<2x4xf32, strided<[4, 1], offset: ?>>
    %e = memref.dim %s, %c1 : memref<2x4xf32, strided<[4, 1], offset: ?>>
    %r = memref.reinterpret_cast %x to offset: [0], sizes: [%i], strides: [1] : memref<?x4xf32> to memref<?xf32>
    %d = memref.dim %r, %c0 : memref<?xf32>
    %t = arith.addi %d, %e : index
    memref.store %t, %y[%i] : memref<?xindex>
  }
  return
}
