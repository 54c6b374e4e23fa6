// RUN: seqc-opt %s --allow-unregistered-dialect --split-input-file \
// RUN:   --pass-pipeline='builtin.module(seq-outline-repeats{least-saved=1})' | FileCheck %s
// RUN: seqc-opt %s --allow-unregistered-dialect --split-input-file \
// RUN:   --pass-pipeline='builtin.module(seq-outline-repeats{least-saved=1000})' | FileCheck %s --check-prefix=FEW

/// Equal but for buffers: one function, and constants move into it.

// CHECK-LABEL: func.func @layers
//  CHECK-SAME:   %[[A:[^:]*]]: memref<?xf32>, %[[B:[^:]*]]: memref<?xf32>, %[[C:[^:]*]]: memref<?xf32>, %[[N:[^:]*]]: index
//       CHECK:   call @shared(%[[N]], %[[A]], %[[B]]) : (index, memref<?xf32>, memref<?xf32>) -> ()
//       CHECK:   call @shared(%[[N]], %[[B]], %[[C]])
//   CHECK-NOT:   scf.for
//       CHECK: func.func private @shared(%[[N:[^:]*]]: index, %[[X:[^:]*]]: memref<?xf32>, %[[Y:[^:]*]]: memref<?xf32>)
//  CHECK-SAME:   passthrough = ["noinline"]
//   CHECK-DAG:   %[[ZERO:.*]] = arith.constant 0 : index
//   CHECK-DAG:   %[[ONE:.*]] = arith.constant 1 : index
//   CHECK-DAG:   %[[TWO:.*]] = arith.constant 2.000000e+00 : f32
//       CHECK:   scf.for %[[I:.*]] = %[[ZERO]] to %[[N]] step %[[ONE]]
//       CHECK:     %[[V:.*]] = memref.load %[[X]][%[[I]]]
//       CHECK:     %[[P:.*]] = arith.mulf %[[V]], %[[TWO]]
//       CHECK:     memref.store %[[P]], %[[Y]][%[[I]]]
//       CHECK:   return

/// Not worth a function.

// FEW-LABEL: func.func @layers
// FEW-COUNT-2: scf.for
//   FEW-NOT: @shared
func.func @layers(%a: memref<?xf32>, %b: memref<?xf32>, %c: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %two = arith.constant 2.0 : f32
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %a[%i] : memref<?xf32>
    %p = arith.mulf %v, %two : f32
    memref.store %p, %b[%i] : memref<?xf32>
  }
  %again = arith.constant 2.0 : f32
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %b[%i] : memref<?xf32>
    %p = arith.mulf %v, %again : f32
    memref.store %p, %c[%i] : memref<?xf32>
  }
  return
}

// -----

/// Other constants, other uses of one buffer, other attributes, other types: each stays.

// CHECK-LABEL: func.func @different
//   CHECK-NOT:   call
//   CHECK-NOT: @shared
func.func @different(%a: memref<8xf32>, %b: memref<8xf32>, %h: memref<9xf32>, %x: f32) {
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  linalg.fill ins(%one : f32) outs(%a : memref<8xf32>)
  linalg.fill ins(%two : f32) outs(%a : memref<8xf32>)
  linalg.fill ins(%x : f32) outs(%a : memref<8xf32>)
  linalg.fill ins(%one : f32) outs(%h : memref<9xf32>)
  linalg.add ins(%a, %b : memref<8xf32>, memref<8xf32>) outs(%a : memref<8xf32>)
  linalg.add ins(%a, %a : memref<8xf32>, memref<8xf32>) outs(%b : memref<8xf32>)
  linalg.add {layer = 1} ins(%a, %b : memref<8xf32>, memref<8xf32>) outs(%a : memref<8xf32>)
  return
}

// -----

/// What needs the context of its entry, or gives a result, stays.

// CHECK-LABEL: func.func @fixed
//   CHECK-NOT:   call
//   CHECK-NOT: @shared
func.func @fixed(%n: index, %a: memref<?xindex>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %s = scf.for %i = %c0 to %n step %c1 iter_args(%x = %c0) -> index {
    %y = memref.load %a[%x] : memref<?xindex>
    scf.yield %y : index
  }
  %t = scf.for %i = %c0 to %n step %c1 iter_args(%x = %c0) -> index {
    %y = memref.load %a[%x] : memref<?xindex>
    scf.yield %y : index
  }
  memref.store %s, %a[%t] : memref<?xindex>
  return
}

// -----

/// A vector would become an argument of the function.

// CHECK-LABEL: func.func @vectors
// CHECK-COUNT-2: scf.for
//   CHECK-NOT: @shared
func.func @vectors(%a: memref<?xf32>, %b: memref<?xf32>, %v: vector<16xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  scf.for %i = %c0 to %n step %c16 {
    vector.store %v, %a[%i] : memref<?xf32>, vector<16xf32>
  }
  scf.for %i = %c0 to %n step %c16 {
    vector.store %v, %b[%i] : memref<?xf32>, vector<16xf32>
  }
  return
}

// -----

/// In an entry the context comes first: what becomes parallel later asks it for threads.

// CHECK-LABEL: func.func @entry
//  CHECK-SAME:   %[[CTX:[^:]*]]: !rt.context, %[[A:[^:]*]]: memref<8xf32>, %[[B:[^:]*]]: memref<8xf32>
//       CHECK:   call @shared(%[[CTX]], %[[A]]) : (!rt.context, memref<8xf32>) -> ()
//       CHECK:   call @shared(%[[CTX]], %[[B]])
//       CHECK: func.func private @shared(%{{[^:]*}}: !rt.context, %[[X:[^:]*]]: memref<8xf32>)
//       CHECK:   linalg.fill {{.*}} outs(%[[X]] : memref<8xf32>)
func.func @entry(%ctx: !rt.context, %a: memref<8xf32>, %b: memref<8xf32>) {
  %one = arith.constant 1.0 : f32
  linalg.fill ins(%one : f32) outs(%a : memref<8xf32>)
  linalg.fill ins(%one : f32) outs(%b : memref<8xf32>)
  return
}

// -----

// Copies to different places of a larger buffer, and from buffers that begin at
// different ones, are one copy.
// CHECK-LABEL: func.func @places
// CHECK-COUNT-5: call @shared({{.*}}) : (memref<?x4xf32, strided<[4, 1], offset: ?>>, memref<?x4xf32, strided<[20, 1], offset: ?>>) -> ()
//     CHECK-NOT: memref.copy
//         CHECK: func.func private @shared(
//         CHECK:   memref.copy
//     CHECK-NOT: @shared_0
func.func @places(%a: memref<?x4xf32>, %b: memref<?x4xf32, strided<[4, 1], offset: 8>>, %to: memref<?x20xf32>, %n: index) {
  %t0 = memref.subview %to[0, 0] [%n, 4] [1, 1] : memref<?x20xf32> to memref<?x4xf32, strided<[20, 1]>>
  %t1 = memref.subview %to[0, 4] [%n, 4] [1, 1] : memref<?x20xf32> to memref<?x4xf32, strided<[20, 1], offset: 4>>
  %t2 = memref.subview %to[0, 8] [%n, 4] [1, 1] : memref<?x20xf32> to memref<?x4xf32, strided<[20, 1], offset: 8>>
  %t3 = memref.subview %to[0, 12] [%n, 4] [1, 1] : memref<?x20xf32> to memref<?x4xf32, strided<[20, 1], offset: 12>>
  %t4 = memref.subview %to[%n, 16] [%n, 4] [1, 1] : memref<?x20xf32> to memref<?x4xf32, strided<[20, 1], offset: ?>>
  memref.copy %b, %t0 : memref<?x4xf32, strided<[4, 1], offset: 8>> to memref<?x4xf32, strided<[20, 1]>>
  memref.copy %b, %t1 : memref<?x4xf32, strided<[4, 1], offset: 8>> to memref<?x4xf32, strided<[20, 1], offset: 4>>
  memref.copy %b, %t2 : memref<?x4xf32, strided<[4, 1], offset: 8>> to memref<?x4xf32, strided<[20, 1], offset: 8>>
  memref.copy %b, %t3 : memref<?x4xf32, strided<[4, 1], offset: 8>> to memref<?x4xf32, strided<[20, 1], offset: 12>>
  memref.copy %b, %t4 : memref<?x4xf32, strided<[4, 1], offset: 8>> to memref<?x4xf32, strided<[20, 1], offset: ?>>
  return
}

// -----

// The same ops, but the product of one is the sum of the other's: nothing is
// shared.
// CHECK-LABEL: func.func @crossed
//   CHECK-NOT:   call
//   CHECK-NOT: @shared
func.func @crossed(%a: memref<8xf32>, %b: memref<8xf32>, %c0: index, %c1: index, %n: index) {
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %a[%i] : memref<8xf32>
    %p = arith.mulf %v, %v : f32
    %s = arith.addf %v, %v : f32
    %d = arith.subf %p, %s : f32
    memref.store %d, %a[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %b[%i] : memref<8xf32>
    %p = arith.mulf %v, %v : f32
    %s = arith.addf %v, %v : f32
    %d = arith.subf %s, %p : f32
    memref.store %d, %b[%i] : memref<8xf32>
  }
  return
}

// -----

// Two constants differ by an attribute only.
// CHECK-LABEL: func.func @properties
//   CHECK-NOT:   call
//   CHECK-NOT: @shared
func.func @properties(%a: memref<8xf32>, %b: memref<8xf32>, %c0: index, %c1: index, %n: index) {
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %a[%i] : memref<8xf32>
    %k = arith.constant 1.0 : f32
    %p = arith.mulf %v, %k : f32
    memref.store %p, %a[%i] : memref<8xf32>
  }
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %b[%i] : memref<8xf32>
    %k = arith.constant 2.0 : f32
    %p = arith.mulf %v, %k : f32
    memref.store %p, %b[%i] : memref<8xf32>
  }
  return
}

// -----

/// With a context on one side and none on the other, no function suits both.

// CHECK-LABEL: func.func @with_context
//       CHECK:   linalg.fill
//   CHECK-NOT: @shared
func.func @with_context(%ctx: !rt.context, %a: memref<8xf32>) {
  %one = arith.constant 1.0 : f32
  linalg.fill ins(%one : f32) outs(%a : memref<8xf32>)
  return
}
func.func private @without_context(%a: memref<8xf32>) {
  %one = arith.constant 1.0 : f32
  linalg.fill ins(%one : f32) outs(%a : memref<8xf32>)
  return
}

// -----

/// Four large nests in the body of a loop that is unique: one function, which says that its calls stand in a loop. What
/// is there three times only stays.

// CHECK-LABEL: func.func @inner
//  CHECK-SAME:   %[[CTX:[^:]*]]: !rt.context, %[[A:[^:]*]]: memref<2x4x8xf32>, %[[B:[^:]*]]: memref<2x4x8xf32>, %[[N:[^:]*]]: index
//       CHECK:   scf.for
//  CHECK-NEXT:     call @shared(%[[CTX]], %[[A]], %[[B]]) : (!rt.context, memref<2x4x8xf32>, memref<2x4x8xf32>) -> ()
//  CHECK-NEXT:     linalg.exp
//  CHECK-NEXT:     call @shared(%[[CTX]], %[[B]], %[[A]])
//  CHECK-NEXT:     linalg.exp
//  CHECK-NEXT:     call @shared(%[[CTX]], %[[A]], %[[B]])
//  CHECK-NEXT:     linalg.exp
//  CHECK-NEXT:     call @shared(%[[CTX]], %[[B]], %[[A]])
//  CHECK-NEXT:   }
//       CHECK: func.func private @shared(%{{[^:]*}}: !rt.context, %[[X:[^:]*]]: memref<2x4x8xf32>, %[[Y:[^:]*]]: memref<2x4x8xf32>)
//  CHECK-SAME:   seq.in_loop
//       CHECK:   linalg.tanh ins(%[[X]] : memref<2x4x8xf32>) outs(%[[Y]] : memref<2x4x8xf32>)

/// What a function would save is too little.

// FEW-LABEL: func.func @inner
// FEW-COUNT-4: linalg.tanh
//   FEW-NOT: @shared
func.func @inner(%ctx: !rt.context, %a: memref<2x4x8xf32>, %b: memref<2x4x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    linalg.tanh ins(%a : memref<2x4x8xf32>) outs(%b : memref<2x4x8xf32>)
    linalg.exp ins(%b : memref<2x4x8xf32>) outs(%a : memref<2x4x8xf32>)
    linalg.tanh ins(%b : memref<2x4x8xf32>) outs(%a : memref<2x4x8xf32>)
    linalg.exp ins(%b : memref<2x4x8xf32>) outs(%a : memref<2x4x8xf32>)
    linalg.tanh ins(%a : memref<2x4x8xf32>) outs(%b : memref<2x4x8xf32>)
    linalg.exp ins(%b : memref<2x4x8xf32>) outs(%a : memref<2x4x8xf32>)
    linalg.tanh ins(%b : memref<2x4x8xf32>) outs(%a : memref<2x4x8xf32>)
  }
  return
}

// -----

/// The counter of a loop is handed on like a buffer, and nests are found at the same depth of several ops.

// CHECK-LABEL: func.func @inner_in_several
//  CHECK-SAME:   %[[A:[^:]*]]: memref<?x?xf32>, %[[B:[^:]*]]: memref<?x?xf32>, %[[N:[^:]*]]: index
//       CHECK:   scf.for %[[I:[^ ]*]] =
//  CHECK-NEXT:     call @shared(%[[N]], %[[A]], %[[I]])
//  CHECK-NEXT:     call @shared(%[[N]], %[[B]], %[[I]])
//       CHECK:   scf.while
//       CHECK:     %[[J:.*]] = "test.next"
//  CHECK-NEXT:     call @shared(%[[N]], %[[A]], %[[J]])
//  CHECK-NEXT:     call @shared(%[[N]], %[[B]], %[[J]])
//       CHECK: func.func private @shared(%[[N:[^:]*]]: index, %[[X:[^:]*]]: memref<?x?xf32>, %[[K:[^:]*]]: index)
//  CHECK-SAME:   seq.in_loop
//       CHECK:   scf.for {{.*}} to %[[N]]
//       CHECK:     memref.load %[[X]][%[[K]],
func.func @inner_in_several(%a: memref<?x?xf32>, %b: memref<?x?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    scf.for %k = %c0 to %n step %c1 {
      %v = memref.load %a[%i, %k] : memref<?x?xf32>
      %w = memref.load %a[%k, %i] : memref<?x?xf32>
      memref.store %w, %a[%i, %k] : memref<?x?xf32>
      memref.store %v, %a[%k, %i] : memref<?x?xf32>
      linalg.fill ins(%v : f32) outs(%a : memref<?x?xf32>)
    }
    scf.for %k = %c0 to %n step %c1 {
      %v = memref.load %b[%i, %k] : memref<?x?xf32>
      %w = memref.load %b[%k, %i] : memref<?x?xf32>
      memref.store %w, %b[%i, %k] : memref<?x?xf32>
      memref.store %v, %b[%k, %i] : memref<?x?xf32>
      linalg.fill ins(%v : f32) outs(%b : memref<?x?xf32>)
    }
  }
  scf.while : () -> () {
    %more = "test.more"() : () -> i1
    scf.condition(%more)
  } do {
    %j = "test.next"() : () -> index
    scf.for %k = %c0 to %n step %c1 {
      %v = memref.load %a[%j, %k] : memref<?x?xf32>
      %w = memref.load %a[%k, %j] : memref<?x?xf32>
      memref.store %w, %a[%j, %k] : memref<?x?xf32>
      memref.store %v, %a[%k, %j] : memref<?x?xf32>
      linalg.fill ins(%v : f32) outs(%a : memref<?x?xf32>)
    }
    scf.for %k = %c0 to %n step %c1 {
      %v = memref.load %b[%j, %k] : memref<?x?xf32>
      %w = memref.load %b[%k, %j] : memref<?x?xf32>
      memref.store %w, %b[%j, %k] : memref<?x?xf32>
      memref.store %v, %b[%k, %j] : memref<?x?xf32>
      linalg.fill ins(%v : f32) outs(%b : memref<?x?xf32>)
    }
    scf.yield
  }
  return
}

// -----

/// Too small for a call in each iteration, however many there are.

// CHECK-LABEL: func.func @inner_small
// CHECK-COUNT-5: linalg.exp
//   CHECK-NOT: @shared
func.func @inner_small(%a: memref<4x8xf32>, %b: memref<4x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    linalg.exp ins(%a : memref<4x8xf32>) outs(%b : memref<4x8xf32>)
    linalg.exp ins(%b : memref<4x8xf32>) outs(%a : memref<4x8xf32>)
    linalg.exp ins(%a : memref<4x8xf32>) outs(%b : memref<4x8xf32>)
    linalg.exp ins(%b : memref<4x8xf32>) outs(%a : memref<4x8xf32>)
    linalg.exp ins(%a : memref<4x8xf32>) outs(%b : memref<4x8xf32>)
  }
  return
}

// -----

/// A loop that may run on several threads stays whole: with calls in it, it would run on one.

// CHECK-LABEL: func.func @inner_parallel
// CHECK-COUNT-4: linalg.exp
//   CHECK-NOT: @shared
func.func @inner_parallel(%a: memref<2x4x8xf32>, %b: memref<2x4x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    linalg.exp ins(%a : memref<2x4x8xf32>) outs(%b : memref<2x4x8xf32>)
    linalg.exp ins(%b : memref<2x4x8xf32>) outs(%a : memref<2x4x8xf32>)
    linalg.exp ins(%a : memref<2x4x8xf32>) outs(%b : memref<2x4x8xf32>)
    linalg.exp ins(%b : memref<2x4x8xf32>) outs(%a : memref<2x4x8xf32>)
  } {seq.parallel}
  return
}

// -----

/// Two loops that are equal become one function as a whole; their insides are not looked at, and calls of it stand in
/// no loop.

// CHECK-LABEL: func.func @outer_first
//       CHECK:   call @shared(
//  CHECK-NEXT:   call @shared(
//  CHECK-NEXT:   return
//       CHECK: func.func private @shared
//   CHECK-NOT:   seq.in_loop
// CHECK-COUNT-4: linalg.exp
//   CHECK-NOT: @shared
func.func @outer_first(%a: memref<2x4x8xf32>, %b: memref<2x4x8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    linalg.exp ins(%a : memref<2x4x8xf32>) outs(%b : memref<2x4x8xf32>)
    linalg.exp ins(%a : memref<2x4x8xf32>) outs(%b : memref<2x4x8xf32>)
    linalg.exp ins(%a : memref<2x4x8xf32>) outs(%b : memref<2x4x8xf32>)
    linalg.exp ins(%a : memref<2x4x8xf32>) outs(%b : memref<2x4x8xf32>)
  }
  scf.for %i = %c0 to %n step %c1 {
    linalg.exp ins(%b : memref<2x4x8xf32>) outs(%a : memref<2x4x8xf32>)
    linalg.exp ins(%b : memref<2x4x8xf32>) outs(%a : memref<2x4x8xf32>)
    linalg.exp ins(%b : memref<2x4x8xf32>) outs(%a : memref<2x4x8xf32>)
    linalg.exp ins(%b : memref<2x4x8xf32>) outs(%a : memref<2x4x8xf32>)
  }
  return
}
