// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-settle-parallel-loops))' | FileCheck %s

/// Loads, stores and inner loops keep the mark.

// CHECK-LABEL: func.func @stays
//       CHECK:   scf.for
//       CHECK:     scf.for
//       CHECK:   } {seq.parallel}
func.func @stays(%x: memref<?x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %n step %c1 {
    scf.for %j = %c0 to %c8 step %c1 {
      %v = memref.load %x[%i, %j] : memref<?x8xf32>
      %w = arith.addf %v, %v : f32
      memref.store %w, %x[%i, %j] : memref<?x8xf32>
    }
  } {seq.parallel}
  return
}

/// Small buffers of known size go to the stack.

// CHECK-LABEL: func.func @small
//       CHECK:   scf.for
//       CHECK:     memref.alloca() {alignment = 64 : i64} : memref<4xf32>
//       CHECK:   } {seq.parallel}
func.func @small(%x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %m = memref.alloc() : memref<4xf32>
    %v = memref.load %m[%c1] : memref<4xf32>
    memref.store %v, %x[%i] : memref<?xf32>
  } {seq.parallel}
  return
}

/// The arena is for one thread, and behind the memory plan iterations would share what each of them
/// allocated.

// CHECK-LABEL: func.func @allocates
//   CHECK-NOT:   seq.parallel
//       CHECK: func.func private @callee
func.func @allocates(%x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %m = memref.alloc(%n) : memref<?xf32>
    %v = memref.load %m[%c1] : memref<?xf32>
    memref.store %v, %x[%i] : memref<?xf32>
  } {seq.parallel}
  scf.for %i = %c0 to %n step %c1 {
    %m = memref.alloc() : memref<8000xf32>
    %l = memref.alloc() : memref<8400xf32>
    %v = memref.load %m[%c1] : memref<8000xf32>
    memref.store %v, %l[%i] : memref<8400xf32>
    memref.store %v, %x[%i] : memref<?xf32>
  } {seq.parallel}
  return
}

func.func private @callee(index)

/// A call may fail, which inside of a parallel body returns.

// CHECK-LABEL: func.func @calls
//   CHECK-NOT:   seq.parallel
//       CHECK: return
func.func @calls(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    func.call @callee(%i) : (index) -> ()
  } {seq.parallel}
  return
}

/// Something is handed from one iteration to the next.

// CHECK-LABEL: func.func @carries
//   CHECK-NOT:   seq.parallel
//       CHECK: return
func.func @carries(%x: memref<?xf32>, %n: index) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %zero) -> f32 {
    %v = memref.load %x[%i] : memref<?xf32>
    %s = arith.addf %a, %v : f32
    scf.yield %s : f32
  } {seq.parallel}
  return %r : f32
}
