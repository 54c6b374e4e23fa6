// RUN: seqc-opt %s --split-input-file --pass-pipeline='builtin.module(seq-outline-parallel-loops{grain=100 least-in-loop=400})' | FileCheck %s

/// One loop: the number of parts is limited by the work, the threads of the call and the iterations.

// CHECK-LABEL: func.func @seqc_fn_scale
//  CHECK-SAME:   %[[CTX:[^:]*]]: !llvm.ptr, %[[X:[^:]*]]: memref<?xf32>, %[[F:[^:]*]]: f32, %[[N:[^:]*]]: index
//       CHECK:   %[[RECORD:.*]] = llvm.alloca %{{.*}} x !llvm.struct<(
//       CHECK:   %[[FIELD:.*]] = llvm.getelementptr %[[CTX]][80]
//       CHECK:   llvm.load %[[FIELD]] : !llvm.ptr -> i32
//       CHECK:   %[[WANTED:.*]] = arith.divui
//       CHECK:   arith.minsi %[[WANTED]],
//   CHECK-NOT:   scf.for
//       CHECK:   %[[SEVERAL:.*]] = arith.cmpi ugt
//       CHECK:   scf.if %[[SEVERAL]]
//       CHECK:     %[[BODY:.*]] = {{.*}}constant @part_of_scale
//       CHECK:     %[[ADDRESS:.*]] = builtin.unrealized_conversion_cast %[[BODY]]
//       CHECK:     llvm.call %{{.*}}(%[[CTX]], %{{.*}}, %[[ADDRESS]], %[[RECORD]])
//       CHECK:   } else {
//       CHECK:     call @part_of_scale(%[[RECORD]], %{{.*}}, %{{.*}}, %{{.*}}) : (!llvm.ptr, i64, i64, i32) -> ()

// CHECK-LABEL: func.func private @part_of_scale
//  CHECK-SAME:   %[[R:[^:]*]]: !llvm.ptr, %[[BEGIN:[^:]*]]: i64, %[[END:[^:]*]]: i64, %{{[^:]*}}: i32
//  CHECK-SAME:   passthrough = ["noinline"]
//   CHECK-DAG:   %[[FIRST:.*]] = arith.index_cast %[[BEGIN]]
//   CHECK-DAG:   %[[LAST:.*]] = arith.index_cast %[[END]]
//       CHECK:   scf.for %[[PART:.*]] = %[[FIRST]] to %[[LAST]]
//       CHECK:     scf.for
//       CHECK:       memref.load
//       CHECK:       memref.store
//   CHECK-NOT:   seq.parallel
func.func @seqc_fn_scale(%ctx: !llvm.ptr, %x: memref<?xf32>, %f: f32, %n: index) {
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
//       CHECK: func.func private @part_of_nest
//       CHECK:   scf.for %[[PART:.*]] =
//       CHECK:     arith.divui %[[PART]], %[[COLUMNS:.*]] :
//       CHECK:     arith.remui %[[PART]], %[[COLUMNS]] :
//       CHECK:     scf.for
//       CHECK:       scf.for
//       CHECK:         memref.store
func.func @seqc_fn_nest(%ctx: !llvm.ptr, %x: memref<?x12xf32>, %n: index) {
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

/// Beside a store only the outer loop is cut: parts must not do it again.

// CHECK-LABEL: func.func private @part_of_beside
//       CHECK:   scf.for %[[PART:[^ ]*]] =
//   CHECK-NOT:   arith.remui %[[PART]]
//       CHECK:   return
func.func @seqc_fn_beside(%ctx: !llvm.ptr, %x: memref<?x12xf32>, %y: memref<?xf32>, %n: index) {
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

/// Too little work, known now: it stays, and so do loops of functions without a context, and loops
/// that call.

// CHECK-LABEL: func.func @seqc_fn_small
//       CHECK:   scf.for
//   CHECK-NOT:   seq.parallel
// CHECK-LABEL: func.func @no_context
//       CHECK:   scf.for
//   CHECK-NOT:   seq.parallel
// CHECK-LABEL: func.func @seqc_fn_calls
//       CHECK:   scf.for
//   CHECK-NOT:   seq.parallel
//   CHECK-NOT: @part_of
func.func @seqc_fn_small(%ctx: !llvm.ptr, %x: memref<16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c16 step %c1 {
    memref.store %zero, %x[%i] : memref<16xf32>
  } {seq.parallel}
  return
}

func.func @no_context(%x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %n step %c1 {
    memref.store %zero, %x[%i] : memref<?xf32>
  } {seq.parallel}
  return
}

func.func @seqc_fn_calls(%ctx: !llvm.ptr, %x: memref<?xf32>, %f: !llvm.ptr, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  scf.for %i = %c0 to %n step %c1 {
    llvm.call %f(%ctx) : !llvm.ptr, (!llvm.ptr) -> ()
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
//       CHECK:     call @part_of_steps
//       CHECK: func.func private @part_of_steps
//   CHECK-NOT: func.func private @part_of_steps
func.func @seqc_fn_steps(%ctx: !llvm.ptr, %x: memref<?xf32>, %steps: index) {
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
