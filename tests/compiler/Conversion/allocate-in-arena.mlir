// RUN: seqc-opt %s --allow-unregistered-dialect --split-input-file --verify-diagnostics \
// RUN:   --pass-pipeline='builtin.module(func.func(seq-allocate-in-arena))' | FileCheck %s

/// Outside of loops: memory of the size in bytes. In a loop, also a mark at the start of each step and
/// its release at the end.

// CHECK-LABEL: func.func @allocate_outside_and_inside
//  CHECK-SAME:   %[[CTX:[^:]*]]: !rt.context, %[[N:[^:]*]]: index
//       CHECK:   %[[ROW:.*]] = arith.constant 32 : index
//       CHECK:   %[[LOW:.*]], %[[HIGH:.*]] = arith.mului_extended %[[ROW]], %[[N]] : index
//       CHECK:   arith.cmpi ne, %[[HIGH]]
//       CHECK:   %[[BYTES:.*]] = arith.select %{{.*}}, %{{.*}}, %[[LOW]] : index
//       CHECK:   %[[MEMORY:.*]] = rt.allocate %[[CTX]], %[[BYTES]]
//       CHECK:   %[[B:.*]] = memref.view %[[MEMORY]][%{{.*}}][%[[N]]] : memref<?xi8> to memref<?x8xf32>
//       CHECK:   "test.use"(%[[B]])
//       CHECK:   scf.for
//       CHECK:     %[[MARK:.*]] = rt.mark %[[CTX]]
//       CHECK:     rt.allocate %[[CTX]],
//       CHECK:     "test.use"
//       CHECK:     rt.release %[[CTX]], %[[MARK]]
//   CHECK-NOT:   memref.alloc
//   CHECK-NOT:   memref.dealloc
func.func @allocate_outside_and_inside(%ctx: !rt.context, %n: index, %m: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z = arith.constant 0 : i32
  %b = memref.alloc(%n) : memref<?x8xf32>
  "test.use"(%b) : (memref<?x8xf32>) -> ()
  scf.for %i = %c0 to %m step %c1 {
    %d = memref.alloc(%i) : memref<?xf32>
    "test.use"(%d) : (memref<?xf32>) -> ()
    memref.dealloc %d : memref<?xf32>
  }
  memref.dealloc %b : memref<?x8xf32>
  return %z : i32
}

// -----

/// Without a context there is no arena.

// CHECK-LABEL: func.func @no_arena_without_context
//       CHECK:   memref.alloc
func.func @no_arena_without_context(%n: index) -> memref<?xf32> {
  %b = memref.alloc(%n) : memref<?xf32>
  return %b : memref<?xf32>
}

// -----

func.func @no_arena_for_other_layouts(%ctx: !rt.context) -> i32 {
  // expected-error @below {{has a layout other than row-major; only row-major buffers can be allocated}}
  %b = memref.alloc() : memref<4x4xf32, strided<[1, 4]>>
  "test.use"(%b) : (memref<4x4xf32, strided<[1, 4]>>) -> ()
  %z = arith.constant 0 : i32
  return %z : i32
}

// -----

/// What an iteration hands on stays until the loop around it goes on; a view of the argument is
/// nothing new.

// CHECK-LABEL: func.func @handed_on
//       CHECK:   scf.for
//       CHECK:     rt.mark
//       CHECK:     scf.for
//   CHECK-NOT:       rt.mark
//       CHECK:       rt.allocate
//   CHECK-NOT:       rt.release
//       CHECK:       scf.yield
//       CHECK:     rt.release
//       CHECK:   scf.for
//       CHECK:     rt.mark
//       CHECK:     rt.release
func.func @handed_on(%ctx: !rt.context, %n: index, %b: memref<?xf32>) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z = arith.constant 0 : i32
  scf.for %i = %c0 to %n step %c1 {
    %r = scf.for %j = %c0 to %n step %c1 iter_args(%a = %b) -> (memref<?xf32>) {
      %d = memref.alloc(%j) : memref<?xf32>
      "test.use"(%a, %d) : (memref<?xf32>, memref<?xf32>) -> ()
      scf.yield %d : memref<?xf32>
    }
    "test.use"(%r) : (memref<?xf32>) -> ()
  }
  %s = scf.for %j = %c0 to %n step %c1 iter_args(%a = %b) -> (memref<?xf32>) {
    %d = memref.alloc(%j) : memref<?xf32>
    "test.use"(%a, %d) : (memref<?xf32>, memref<?xf32>) -> ()
    %v = memref.cast %a : memref<?xf32> to memref<?xf32>
    scf.yield %a : memref<?xf32>
  }
  "test.use"(%s) : (memref<?xf32>) -> ()
  return %z : i32
}
