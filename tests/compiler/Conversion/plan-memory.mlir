// RUN: seqc-opt %s --allow-unregistered-dialect --split-input-file \
// RUN:   --pass-pipeline='builtin.module(func.func(seq-plan-memory))' | FileCheck %s

/// The first and the third buffer are never in use together; the second meets both.

// CHECK-LABEL: func.func @share_what_does_not_overlap
//  CHECK-SAME:   seq.memory_plan = [#seq.workspace<at = "entry", buffers = 3, bytes = "1536", unshared = "2560">]
//       CHECK:   %[[W:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1536xi8>
//       CHECK:   memref.view %[[W]][%c0{{.*}}][] : memref<1536xi8> to memref<256xf32>
//       CHECK:   memref.view %[[W]][%c1024{{.*}}][] : memref<1536xi8> to memref<128xf32>
//       CHECK:   memref.view %[[W]][%c0{{.*}}][] : memref<1536xi8> to memref<256xf32>
//   CHECK-NOT:   memref.dealloc
func.func @share_what_does_not_overlap(%x: memref<256xf32>) {
  %a = memref.alloc() : memref<256xf32>
  "test.write"(%a) : (memref<256xf32>) -> ()
  %b = memref.alloc() : memref<128xf32>
  "test.move"(%a, %b) : (memref<256xf32>, memref<128xf32>) -> ()
  memref.dealloc %a : memref<256xf32>
  %c = memref.alloc() : memref<256xf32>
  "test.move"(%b, %c) : (memref<128xf32>, memref<256xf32>) -> ()
  memref.dealloc %b : memref<128xf32>
  memref.dealloc %c : memref<256xf32>
  return
}

// -----

/// What one op reads and writes is in use at the same time.

// CHECK-LABEL: func.func @keep_what_meets_in_one_op
//  CHECK-SAME:   bytes = "128", unshared = "128"
func.func @keep_what_meets_in_one_op() {
  %a = memref.alloc() : memref<16xf32>
  %b = memref.alloc() : memref<16xf32>
  "test.write"(%a) : (memref<16xf32>) -> ()
  "test.move"(%a, %b) : (memref<16xf32>, memref<16xf32>) -> ()
  return
}

// -----

/// A view keeps its buffer in use.

// CHECK-LABEL: func.func @follow_views
//  CHECK-SAME:   bytes = "128", unshared = "128"
func.func @follow_views() {
  %a = memref.alloc() : memref<16xf32>
  "test.write"(%a) : (memref<16xf32>) -> ()
  %v = memref.subview %a[4] [8] [1] : memref<16xf32> to memref<8xf32, strided<[1], offset: 4>>
  %b = memref.alloc() : memref<16xf32>
  "test.write"(%b) : (memref<16xf32>) -> ()
  "test.read"(%v) : (memref<8xf32, strided<[1], offset: 4>>) -> ()
  return
}

// -----

/// Sizes that are multiples of the same extents share; the product is computed once, and a size that is
/// negative or does not fit makes the sum one that is never granted.

// CHECK-LABEL: func.func @share_by_extents
//  CHECK-SAME:   %[[N:[^:]*]]: index, %[[M:[^:]*]]: index
//  CHECK-SAME:   bytes = "192 * ? * ?", unshared = "320 * ? * ?"
//       CHECK:   %[[LOW:.*]], %[[HIGH:.*]] = arith.mului_extended %[[N]], %[[M]] : index
//       CHECK:   arith.cmpi eq, %[[HIGH]]
//       CHECK:   arith.cmpi ule, %[[LOW]]
//       CHECK:   %[[SIZE:.*]] = arith.select
//       CHECK:   memref.alloc(%[[SIZE]]) {alignment = 64 : i64} : memref<?xi8>
func.func @share_by_extents(%n: index, %m: index) {
  %a = memref.alloc(%n, %m) : memref<?x?x32xf32>
  "test.write"(%a) : (memref<?x?x32xf32>) -> ()
  %nm = arith.muli %n, %m : index
  %b = memref.alloc(%nm) : memref<?x16xf32>
  "test.move"(%a, %b) : (memref<?x?x32xf32>, memref<?x16xf32>) -> ()
  %c = memref.alloc(%m, %n) : memref<?x?x32xf32>
  "test.move"(%b, %c) : (memref<?x16xf32>, memref<?x?x32xf32>) -> ()
  return
}

// -----

/// What the loop outlives is in use during the whole loop; what lives in one step may share with what
/// lives later in it. Nothing is taken per step.

// CHECK-LABEL: func.func @plan_loops
//  CHECK-SAME:   buffers = 3, bytes = "128", unshared = "192"
//       CHECK:   memref.alloc() {alignment = 64 : i64} : memref<128xi8>
//       CHECK:   scf.for
//   CHECK-NOT:     memref.alloc
//       CHECK:   return
func.func @plan_loops(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<16xf32>
  "test.write"(%a) : (memref<16xf32>) -> ()
  scf.for %i = %c0 to %n step %c1 {
    "test.read"(%a) : (memref<16xf32>) -> ()
    %b = memref.alloc() : memref<16xf32>
    "test.write"(%b) : (memref<16xf32>) -> ()
    %c = memref.alloc() : memref<16xf32>
    "test.write"(%c) : (memref<16xf32>) -> ()
  }
  return
}

// -----

/// A buffer that becomes the state of the next step is left alone.

// CHECK-LABEL: func.func @leave_what_a_loop_passes_on
//  CHECK-SAME:   buffers = 1
//       CHECK:   scf.for
//       CHECK:     memref.alloc() : memref<16xf32>
func.func @leave_what_a_loop_passes_on(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<16xf32>
  "test.write"(%a) : (memref<16xf32>) -> ()
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %a) -> memref<16xf32> {
    %b = memref.alloc() : memref<16xf32>
    "test.move"(%s, %b) : (memref<16xf32>, memref<16xf32>) -> ()
    scf.yield %b : memref<16xf32>
  }
  "test.read"(%r) : (memref<16xf32>) -> ()
  return
}

// -----

/// Two buffers that change roles are in use until the loop's result is.

// CHECK-LABEL: func.func @keep_states_until_the_result_is_read
//  CHECK-SAME:   bytes = "192", unshared = "192"
func.func @keep_states_until_the_result_is_read(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<16xf32>
  %b = memref.alloc() : memref<16xf32>
  "test.write"(%a) : (memref<16xf32>) -> ()
  %r:2 = scf.for %i = %c0 to %n step %c1 iter_args(%s = %a, %t = %b) -> (memref<16xf32>, memref<16xf32>) {
    "test.move"(%s, %t) : (memref<16xf32>, memref<16xf32>) -> ()
    scf.yield %t, %s : memref<16xf32>, memref<16xf32>
  }
  %c = memref.alloc() : memref<16xf32>
  "test.write"(%c) : (memref<16xf32>) -> ()
  "test.move"(%r#0, %c) : (memref<16xf32>, memref<16xf32>) -> ()
  return
}

// -----

/// Only one branch runs, so that both may use the same bytes.

// CHECK-LABEL: func.func @share_between_branches
//  CHECK-SAME:   buffers = 2, bytes = "64", unshared = "128"
func.func @share_between_branches(%c: i1) {
  scf.if %c {
    %a = memref.alloc() : memref<16xf32>
    "test.write"(%a) : (memref<16xf32>) -> ()
  } else {
    %b = memref.alloc() : memref<16xf32>
    "test.write"(%b) : (memref<16xf32>) -> ()
  }
  return
}

// -----

/// What a branch gives back is in use until that is read; a size that may be negative stays in its branch.

// CHECK-LABEL: func.func @plan_branches
//  CHECK-SAME:   at = "entry", buffers = 2, bytes = "128", unshared = "128"
//  CHECK-SAME:   at = "body", buffers = 1, bytes = "4 * ?"
//       CHECK:   memref.alloc() {{.*}} : memref<128xi8>
//       CHECK:   scf.if
//       CHECK:     memref.alloc(%{{.*}}) {{.*}} : memref<?xi8>
//       CHECK:   else
func.func @plan_branches(%c: i1, %n: index) {
  %r = scf.if %c -> memref<16xf32> {
    %a = memref.alloc() : memref<16xf32>
    %d = memref.alloc(%n) : memref<?xf32>
    "test.move"(%d, %a) : (memref<?xf32>, memref<16xf32>) -> ()
    scf.yield %a : memref<16xf32>
  } else {
    %a = memref.alloc() : memref<16xf32>
    "test.write"(%a) : (memref<16xf32>) -> ()
    scf.yield %a : memref<16xf32>
  }
  "test.read"(%r) : (memref<16xf32>) -> ()
  return
}

// -----

/// A number of rows that changes from step to step, but has a bound: memory for the bound is taken once. What
/// has none is taken in the step.

// CHECK-LABEL: func.func @plan_while
//  CHECK-SAME:   at = "entry", buffers = 1, bytes = "64 * {0,0}"
//  CHECK-SAME:   at = "body", buffers = 1, bytes = "64 * ?"
//       CHECK:   memref.alloc
//       CHECK:   scf.while
//       CHECK:   do
//       CHECK:     memref.alloc
//   CHECK-NOT:     memref.alloc
//       CHECK:   return
func.func @plan_while(%ctx: !rt.context) {
  %rows = rt.extent %ctx[0, 0]
  %end = scf.while (%i = %rows) : (index) -> index {
    %more = "test.more"(%i) : (index) -> i1
    scf.condition(%more) %i : index
  } do {
  ^bb0(%i: index):
    %live = arith.minsi %i, %rows : index
    %a = memref.alloc(%live) : memref<?x16xf32>
    %b = memref.alloc(%i) : memref<?x16xf32>
    "test.move"(%a, %b) : (memref<?x16xf32>, memref<?x16xf32>) -> ()
    %next = "test.next"(%i) : (index) -> index
    scf.yield %next : index
  }
  return
}

// -----

/// A size that is read from memory is known later; one workspace holds all that is known then.

// CHECK-LABEL: func.func @plan_again_when_sizes_are_known
//  CHECK-SAME:   at = "entry", buffers = 1, bytes = "64"
//  CHECK-SAME:   at = "later", buffers = 2, bytes = "64 * ?", unshared = "128 * ?"
//       CHECK:   memref.load
//       CHECK:   memref.alloc(%{{.*}}) {{.*}} : memref<?xi8>
//   CHECK-NOT:   memref.alloc
//       CHECK:   return
func.func @plan_again_when_sizes_are_known(%c: memref<index>) {
  %a = memref.alloc() : memref<16xf32>
  "test.write"(%a) : (memref<16xf32>) -> ()
  %n = memref.load %c[] : memref<index>
  %b = memref.alloc(%n) : memref<?x16xf32>
  "test.write"(%b) : (memref<?x16xf32>) -> ()
  %d = memref.alloc(%n) : memref<?x16xf32>
  "test.write"(%d) : (memref<?x16xf32>) -> ()
  return
}

// -----

/// A buffer that is returned, one whose address is taken, and one that an unknown op may give another name are
/// left alone.

// CHECK-LABEL: func.func @leave_what_is_handed_out
//   CHECK-NOT:   memref.view
//       CHECK:   return
func.func @leave_what_is_handed_out() -> (memref<16xf32>, index) {
  %a = memref.alloc() : memref<16xf32>
  "test.write"(%a) : (memref<16xf32>) -> ()
  %b = memref.alloc() : memref<16xf32>
  %p = memref.extract_aligned_pointer_as_index %b : memref<16xf32> -> index
  %c = memref.alloc() : memref<16xf32>
  %n = "test.rename"(%c) : (memref<16xf32>) -> memref<16xf32>
  "test.read"(%n) : (memref<16xf32>) -> ()
  return %a, %p : memref<16xf32>, index
}

// -----

/// Extents are found through reshapes, so that these buffers need no workspace of their own.

// CHECK-LABEL: func.func @look_through_reshapes
//  CHECK-SAME:   [#seq.workspace<at = "entry", buffers = 2
//   CHECK-NOT:   memref.dim
func.func @look_through_reshapes(%n: index) {
  %c0 = arith.constant 0 : index
  %a = memref.alloc(%n) : memref<?x2x16xf32>
  "test.write"(%a) : (memref<?x2x16xf32>) -> ()
  %f = memref.collapse_shape %a [[0, 1], [2]] : memref<?x2x16xf32> into memref<?x16xf32>
  %m = memref.dim %f, %c0 : memref<?x16xf32>
  %b = memref.alloc(%m) : memref<?x16xf32>
  "test.move"(%f, %b) : (memref<?x16xf32>, memref<?x16xf32>) -> ()
  return
}

// -----

/// A size that may be negative is not asked for before the check that would tell so.

// CHECK-LABEL: func.func @check_before_taking
//  CHECK-SAME:   [#seq.workspace<at = "entry", buffers = 1, {{.*}}>, #seq.workspace<at = "later", buffers = 1
//       CHECK:   memref.alloc()
//       CHECK:   rt.require
//       CHECK:   memref.alloc(%
func.func @check_before_taking(%ctx: !rt.context, %n: index, %good: i1) {
  %a = memref.alloc() : memref<16xf32>
  "test.write"(%a) : (memref<16xf32>) -> ()
  rt.require %ctx, %good, "wrong"
  %b = memref.alloc(%n) : memref<?x16xf32>
  "test.move"(%a, %b) : (memref<16xf32>, memref<?x16xf32>) -> ()
  return
}

// -----

/// Nor is one that is read from memory, which the check may find too large.

// CHECK-LABEL: func.func @check_what_is_read
//  CHECK-SAME:   [#seq.workspace<at = "entry", buffers = 2, {{.*}}>, #seq.workspace<at = "later", buffers = 1
//       CHECK:   rt.require
//       CHECK:   memref.alloc(%
func.func @check_what_is_read(%ctx: !rt.context, %c: memref<index>, %good: i1) {
  %c0 = arith.constant 0 : index
  %rows = rt.extent %ctx[0, 0]
  %a = memref.alloc() : memref<16xf32>
  "test.write"(%a) : (memref<16xf32>) -> ()
  %m = memref.load %c[] : memref<index>
  %n = arith.maxsi %m, %c0 : index
  rt.require %ctx, %good, "wrong"
  %b = memref.alloc(%n) : memref<?x16xf32>
  "test.move"(%a, %b) : (memref<16xf32>, memref<?x16xf32>) -> ()
  %d = memref.alloc(%rows) : memref<?x16xf32>
  "test.move"(%a, %d) : (memref<16xf32>, memref<?x16xf32>) -> ()
  return
}

// -----

/// A loop that does not run is not refused for a size that is negative then.

// CHECK-LABEL: func.func @ask_only_if_the_loop_runs
//  CHECK-SAME:   [#seq.workspace<at = "entry", buffers = 1, bytes = "64", {{.*}}>, #seq.workspace<at = "body", buffers = 1
//       CHECK:   memref.alloc()
//       CHECK:   scf.for
//       CHECK:     memref.alloc(%
func.func @ask_only_if_the_loop_runs(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %a = memref.alloc() : memref<16xf32>
    %b = memref.alloc(%n) : memref<?xf32>
    "test.move"(%a, %b) : (memref<16xf32>, memref<?xf32>) -> ()
  }
  return
}

// -----

/// Iterations that run at the same time have workspaces of their own. What is used in such a loop and made outside
/// is in use for all of it.

// CHECK-LABEL: func.func @keep_parallel_iterations_apart
//  CHECK-SAME:   [#seq.workspace<at = "entry", buffers = 2, bytes = "128", unshared = "128">, #seq.workspace<at = "body", buffers = 2, bytes = "64", unshared = "128">]
//       CHECK:   memref.alloc() {alignment = 64 : i64} : memref<128xi8>
//       CHECK:   scf.for
//       CHECK:     memref.alloc() {alignment = 64 : i64} : memref<64xi8>
func.func @keep_parallel_iterations_apart(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<16xf32>
  %b = memref.alloc() : memref<16xf32>
  scf.for %i = %c0 to %n step %c1 {
    "test.write"(%a) : (memref<16xf32>) -> ()
    %c = memref.alloc() : memref<16xf32>
    "test.write"(%c) : (memref<16xf32>) -> ()
    %d = memref.alloc() : memref<16xf32>
    "test.write"(%d) : (memref<16xf32>) -> ()
    "test.write"(%b) : (memref<16xf32>) -> ()
  } {seq.parallel}
  return
}

// -----

/// A number that is no extent, as some models write for "to the end", does not decide how much memory is taken: what
/// it is compared with is known from the inputs, or where it is computed.

// CHECK-LABEL: func.func @plan_what_is_taken
//  CHECK-SAME:   at = "entry", buffers = 1, bytes = "64 * min({0,0}, 1000000000)"
//  CHECK-SAME:   at = "later", buffers = 1, bytes = "64 * min(?, 1000000000)"
func.func @plan_what_is_taken(%ctx: !rt.context, %c: memref<index>) {
  %end = arith.constant 1000000000 : index
  %rows = rt.extent %ctx[0, 0]
  %taken = arith.minsi %rows, %end : index
  %a = memref.alloc(%taken) : memref<?x16xf32>
  "test.write"(%a) : (memref<?x16xf32>) -> ()
  %n = memref.load %c[] : memref<index>
  %kept = arith.minsi %n, %end : index
  %b = memref.alloc(%kept) : memref<?x16xf32>
  "test.write"(%b) : (memref<?x16xf32>) -> ()
  return
}
