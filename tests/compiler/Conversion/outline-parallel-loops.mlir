// RUN: seqc-opt %s --split-input-file --pass-pipeline='builtin.module(seq-outline-parallel-loops{least-in-loop=400})' | FileCheck %s

/// One loop: the service gets the work and the trips, the body its bounds.

// CHECK-LABEL: func.func @seqc_fn_scale
//  CHECK-SAME:   %[[CONTEXT:[^:]*]]: !rt.context, %[[X:[^:]*]]: memref<?xf32>, %[[F:[^:]*]]: f32, %[[N:[^:]*]]: index
//       CHECK:   %[[RECORD:.*]] = llvm.alloca %{{.*}} x !llvm.struct<(
//       CHECK:   %[[TRIPS:.*]] = arith.ceildivui
//       CHECK:   %[[WORK:.*]] = arith.muli %[[TRIPS]], %{{.*}}
//   CHECK-NOT:   scf.for
//       CHECK:   %[[BODY:.*]] = {{.*}}constant @part_of_scale
//       CHECK:   %[[ADDRESS:.*]] = builtin.unrealized_conversion_cast %[[BODY]]
//   CHECK-DAG:   %[[ONE:.*]] = arith.index_cast %c1{{.*}} : index to i64
//   CHECK-DAG:   %[[W:.*]] = arith.index_cast %[[WORK]] : index to i64
//       CHECK:   %[[CTX:.*]] = builtin.unrealized_conversion_cast %[[CONTEXT]] : !rt.context to !llvm.ptr
//       CHECK:   %[[SERVICES:.*]] = llvm.load %{{.*}} : !llvm.ptr -> !llvm.ptr
//       CHECK:   llvm.getelementptr %[[SERVICES]][112]
//       CHECK:   llvm.call %{{.*}}(%[[CTX]], %[[W]], %{{.*}}, %[[ONE]], %[[ADDRESS]], %[[RECORD]])

// CHECK-LABEL: func.func private @part_of_scale
//  CHECK-SAME:   %[[R:[^:]*]]: !llvm.ptr, %[[BEGIN:[^:]*]]: i64, %[[END:[^:]*]]: i64, %{{[^:]*}}: i64, %{{[^:]*}}: i64
//   CHECK-DAG:   %[[FIRST:.*]] = arith.index_cast %[[BEGIN]]
//   CHECK-DAG:   %[[LAST:.*]] = arith.index_cast %[[END]]
//       CHECK:   scf.for
//       CHECK:     memref.load
//       CHECK:     memref.store
//   CHECK-NOT:   seq.parallel
func.func @seqc_fn_scale(%ctx: !rt.context, %x: memref<?xf32>, %f: f32, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %x[%i] : memref<?xf32>
    %w = arith.mulf %v, %f : f32
    memref.store %w, %x[%i] : memref<?xf32>
  } {seq.parallel}
  return
}

// -----

/// Two nested ones: a part is a rectangle.

// CHECK-LABEL: func.func @seqc_fn_nest
//       CHECK:   arith.muli
// CHECK-LABEL: func.func private @part_of_nest
//  CHECK-SAME:   %[[ROW:[^:]*]]: i64, %{{[^:]*}}: i64, %[[COLUMN:[^:]*]]: i64, %{{[^:]*}}: i64
//       CHECK:   arith.index_cast %[[ROW]]
//       CHECK:   scf.for
//       CHECK:     arith.index_cast %[[COLUMN]]
//       CHECK:     scf.for
//       CHECK:       memref.store
func.func @seqc_fn_nest(%ctx: !rt.context, %x: memref<?x12xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c12 = arith.constant 12 : index
  scf.for %i = %c0 to %n step %c1 {
    scf.for %j = %c0 to %c12 step %c1 {
      %v = memref.load %x[%i, %j] : memref<?x12xf32>
      %w = math.exp %v : f32
      memref.store %w, %x[%i, %j] : memref<?x12xf32>
    } {seq.parallel}
  } {seq.parallel}
  return
}

// -----

/// Static lengths do not decide: a short sequence has the code of a long one.

// CHECK-LABEL: func.func @seqc_fn_static
//   CHECK-NOT:   scf.for
//       CHECK:   arith.index_cast %c16{{.*}} : index to i64
//       CHECK:   llvm.call
// CHECK-LABEL: func.func private @part_of_static
func.func @seqc_fn_static(%ctx: !rt.context, %x: memref<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c16 step %c1 {
    memref.store %zero, %x[%i] : memref<16xf32>
  } {seq.parallel}
  return
}

// -----

/// A loop of one trip that was kept for the sake of longer inputs is one of the nest.

// CHECK-LABEL: func.func @seqc_fn_kept
//       CHECK:   arith.index_cast %c12{{.*}} : index to i64
//   CHECK-NOT:   seq.opaque_index
// CHECK-LABEL: func.func private @part_of_kept
//  CHECK-SAME:   %{{[^:]*}}: i64, %{{[^:]*}}: i64, %[[COLUMN:[^:]*]]: i64, %{{[^:]*}}: i64
//       CHECK:   arith.index_cast %[[COLUMN]]
//   CHECK-NOT:   seq.opaque_index
func.func @seqc_fn_kept(%ctx: !rt.context, %x: memref<16x12xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c12 = arith.constant 12 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  %rows = seq.opaque_index %c16
  scf.for %i = %c0 to %rows step %c16 {
    scf.for %j = %c0 to %c12 step %c1 {
      memref.store %zero, %x[%c0, %j] : memref<16x12xf32>
    } {seq.parallel}
  } {seq.parallel}
  return
}

// -----

/// Beside a store only the outer loop is cut: parts must not do it again.

// CHECK-LABEL: func.func private @part_of_beside
//  CHECK-SAME:   %{{[^:]*}}: i64, %{{[^:]*}}: i64, %[[COLUMN:[^:]*]]: i64, %{{[^:]*}}: i64
//   CHECK-NOT:   %[[COLUMN]]
//       CHECK:   return
func.func @seqc_fn_beside(%ctx: !rt.context, %x: memref<?x12xf32>, %y: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c12 = arith.constant 12 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %n step %c1 {
    memref.store %zero, %y[%i] : memref<?xf32>
    scf.for %j = %c0 to %c12 step %c1 {
      memref.store %zero, %x[%i, %j] : memref<?x12xf32>
    } {seq.parallel}
  } {seq.parallel}
  return
}

// -----

/// Loops of functions without a context stay, and loops that call.

// CHECK-LABEL: func.func @no_context
//       CHECK:   scf.for
//   CHECK-NOT:   seq.parallel
// CHECK-LABEL: func.func @seqc_fn_calls
//       CHECK:   scf.for
//   CHECK-NOT:   seq.parallel
//   CHECK-NOT: @part_of
func.func @no_context(%x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %n step %c1 {
    memref.store %zero, %x[%i] : memref<?xf32>
  } {seq.parallel}
  return
}

func.func @seqc_fn_calls(%ctx: !rt.context, %x: memref<?xf32>, %f: !llvm.ptr, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %n step %c1 {
    llvm.call %f() : !llvm.ptr, () -> ()
    memref.store %zero, %x[%i] : memref<?xf32>
  } {seq.parallel}
  return
}

// -----

/// In a loop over time the decision has to be worth its cost: 50 trips of one load and one store are
/// not, 300 are.

// CHECK-LABEL: func.func @seqc_fn_steps
//       CHECK:   scf.for
//       CHECK:     scf.for
//   CHECK-NOT:     call @
//       CHECK:     llvm.store
//       CHECK:     constant @part_of_steps
//       CHECK: func.func private @part_of_steps
//   CHECK-NOT: func.func private @part_of_steps
func.func @seqc_fn_steps(%ctx: !rt.context, %x: memref<?xf32>, %steps: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c50 = arith.constant 50 : index
  %c300 = arith.constant 300 : index
  scf.for %t = %c0 to %steps step %c1 {
    scf.for %i = %c0 to %c50 step %c1 {
      %v = memref.load %x[%i] : memref<?xf32>
      memref.store %v, %x[%i] : memref<?xf32>
    } {seq.parallel}
    scf.for %i = %c0 to %c300 step %c1 {
      %v = memref.load %x[%i] : memref<?xf32>
      memref.store %v, %x[%i] : memref<?xf32>
    } {seq.parallel}
  }
  return
}

/// A buffer on the stack is taken once by each part, not once an iteration.

// CHECK-LABEL: func.func @seqc_fn_stack
//       CHECK: func.func private @part_of_stack
//       CHECK:   memref.alloca() : memref<4xf32>
//       CHECK:   scf.for
//   CHECK-NOT:   memref.alloca
//       CHECK:   return
func.func @seqc_fn_stack(%ctx: !rt.context, %x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %m = memref.alloca() : memref<4xf32>
    %v = memref.load %m[%c1] : memref<4xf32>
    memref.store %v, %x[%i] : memref<?xf32>
  } {seq.parallel}
  return
}
