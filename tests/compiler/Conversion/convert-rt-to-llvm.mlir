// RUN: seqc-opt %s --split-input-file --pass-pipeline='builtin.module(convert-rt-to-llvm, cse)' | FileCheck %s

/// Inputs are rows of 16 bytes at offset 16 of the context: the memory, then the extents. The bytes
/// of a view have no extent.

// CHECK-LABEL: func.func @inputs(
//  CHECK-SAME:   %[[CONTEXT:.*]]: !rt.context
//   CHECK-DAG:   %[[CTX:.*]] = builtin.unrealized_conversion_cast %[[CONTEXT]] : !rt.context to !llvm.ptr
//       CHECK:   %[[FIELD:.*]] = llvm.getelementptr %[[CTX]][16] : (!llvm.ptr) -> !llvm.ptr, i8
//       CHECK:   %[[INPUTS:.*]] = llvm.load %[[FIELD]] : !llvm.ptr -> !llvm.ptr
//       CHECK:   %[[AT:.*]] = llvm.getelementptr %[[INPUTS]][40] : (!llvm.ptr) -> !llvm.ptr, i8
//       CHECK:   %[[SHAPE:.*]] = llvm.load %[[AT]] : !llvm.ptr -> !llvm.ptr
//       CHECK:   %[[SLOT:.*]] = llvm.getelementptr %[[SHAPE]][3] : (!llvm.ptr) -> !llvm.ptr, i64
//       CHECK:   %[[NUMBER:.*]] = llvm.load %[[SLOT]] : !llvm.ptr -> i64
//       CHECK:   %[[N:.*]] = arith.index_cast %[[NUMBER]] : i64 to index
//       CHECK:   %[[AT:.*]] = llvm.getelementptr %{{.*}}[32] : (!llvm.ptr) -> !llvm.ptr, i8
//       CHECK:   %[[DATA:.*]] = llvm.load %[[AT]] : !llvm.ptr -> !llvm.ptr
//       CHECK:   %[[D0:.*]] = llvm.mlir.poison
//       CHECK:   %[[D1:.*]] = llvm.insertvalue %[[DATA]], %[[D0]][0]
//       CHECK:   %[[D2:.*]] = llvm.insertvalue %[[DATA]], %[[D1]][1]
//       CHECK:   %[[BYTES:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<?xi8>
//       CHECK:   return %[[N]], %[[BYTES]]
func.func @inputs(%ctx: !rt.context) -> (index, memref<?xi8>) {
  %n = rt.extent %ctx[2, 3]
  %x = rt.input %ctx[2]
  return %n, %x : index, memref<?xi8>
}

// -----

/// The weights section is at offset 8.

// CHECK-LABEL: func.func @weights(
//       CHECK:   %[[CTX:.*]] = builtin.unrealized_conversion_cast %{{.*}} : !rt.context to !llvm.ptr
//       CHECK:   %[[FIELD:.*]] = llvm.getelementptr %[[CTX]][8] : (!llvm.ptr) -> !llvm.ptr, i8
//       CHECK:   %[[DATA:.*]] = llvm.load %[[FIELD]] : !llvm.ptr -> !llvm.ptr
//       CHECK:   llvm.insertvalue %[[DATA]], %{{.*}}[1]
func.func @weights(%ctx: !rt.context) -> memref<?xi8> {
  %w = rt.weights %ctx
  return %w : memref<?xi8>
}

// -----

/// The service at offset 32 gives the memory of an output. It gets the number, the rank, the extents and the
/// bytes, which saturate. All outputs use one array for their extents, as long as the greatest rank.

// CHECK-LABEL: func.func @outputs(
//  CHECK-SAME:   %[[CONTEXT:.*]]: !rt.context, %[[N:.*]]: index)
//       CHECK:   %[[MOST:.*]] = llvm.mlir.constant(3 : i64) : i64
//       CHECK:   %[[SHAPE:.*]] = llvm.alloca %[[MOST]] x i64 : (i64) -> !llvm.ptr
//   CHECK-NOT:   llvm.alloca
//       CHECK:   %[[ROW:.*]] = arith.constant 16 : index
//       CHECK:   %[[LOW:.*]], %[[HIGH:.*]] = arith.mului_extended %[[ROW]], %[[N]] : index
//       CHECK:   arith.cmpi ne, %[[HIGH]]
//       CHECK:   %[[SIZE:.*]] = arith.select %{{.*}}, %{{.*}}, %[[LOW]] : index
//       CHECK:   %[[SLOT:.*]] = llvm.getelementptr %[[SHAPE]][0] : (!llvm.ptr) -> !llvm.ptr, i64
//       CHECK:   %[[EXTENT:.*]] = arith.index_cast %[[N]] : index to i64
//       CHECK:   llvm.store %[[EXTENT]], %[[SLOT]] : i64, !llvm.ptr
//       CHECK:   %[[FOUR:.*]] = arith.constant 4 : index
//       CHECK:   %[[SLOT:.*]] = llvm.getelementptr %[[SHAPE]][1] : (!llvm.ptr) -> !llvm.ptr, i64
//       CHECK:   %[[EXTENT:.*]] = arith.index_cast %[[FOUR]] : index to i64
//       CHECK:   llvm.store %[[EXTENT]], %[[SLOT]] : i64, !llvm.ptr
//   CHECK-DAG:   %[[INDEX:.*]] = llvm.mlir.constant(1 : i32) : i32
//   CHECK-DAG:   %[[RANK:.*]] = llvm.mlir.constant(2 : i32) : i32
//   CHECK-DAG:   %[[BYTES:.*]] = arith.index_cast %[[SIZE]] : index to i64
//       CHECK:   %[[FIELD:.*]] = llvm.getelementptr %[[CTX:.*]][0] : (!llvm.ptr) -> !llvm.ptr, i8
//       CHECK:   %[[SERVICES:.*]] = llvm.load %[[FIELD]] : !llvm.ptr -> !llvm.ptr
//       CHECK:   %[[PLACE:.*]] = llvm.getelementptr %[[SERVICES]][32] : (!llvm.ptr) -> !llvm.ptr, i8
//       CHECK:   %[[SERVICE:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> !llvm.ptr
//       CHECK:   %[[DATA:.*]] = llvm.call %[[SERVICE]](%[[CTX]], %[[INDEX]], %[[RANK]], %[[SHAPE]], %[[BYTES]])
//  CHECK-SAME:     : !llvm.ptr, (!llvm.ptr, i32, i32, !llvm.ptr, i64) -> !llvm.ptr
//       CHECK:   llvm.insertvalue %[[DATA]], %{{.*}}[1]
//       CHECK:   llvm.getelementptr %[[SHAPE]][2] : (!llvm.ptr) -> !llvm.ptr, i64
//       CHECK:   llvm.call
func.func @outputs(%ctx: !rt.context, %n: index) -> (memref<?xi8>, memref<?xi8>) {
  %a = rt.output %ctx[1] tensor<?x4xf32> (%n)
  %b = rt.output %ctx[0] tensor<2x2x2xi8> ()
  return %a, %b : memref<?xi8>, memref<?xi8>
}

// -----

/// A scalar has no extents, but the service gets an array.

// CHECK-LABEL: func.func @scalar(
//       CHECK:   %[[MOST:.*]] = llvm.mlir.constant(1 : i64) : i64
//       CHECK:   llvm.alloca %[[MOST]] x i64
//   CHECK-NOT:   llvm.store
//       CHECK:   return
func.func @scalar(%ctx: !rt.context) -> memref<?xi8> {
  %a = rt.output %ctx[0] tensor<f32> ()
  return %a : memref<?xi8>
}

// -----

/// The arena: services at offsets 8 (alloc), 16 (mark) and 24 (release).

// CHECK-LABEL: func.func @arena(
//  CHECK-SAME:   %{{.*}}: !rt.context, %[[N:.*]]: index)
//       CHECK:   %[[SERVICES:.*]] = llvm.load
//       CHECK:   %[[PLACE:.*]] = llvm.getelementptr %[[SERVICES]][16]
//       CHECK:   %[[SERVICE:.*]] = llvm.load %[[PLACE]]
//       CHECK:   %[[MARK:.*]] = llvm.call %[[SERVICE]](%[[CTX:.*]]) : !llvm.ptr, (!llvm.ptr) -> i64
//       CHECK:   %[[BYTES:.*]] = arith.index_cast %[[N]] : index to i64
//       CHECK:   %[[SERVICES:.*]] = llvm.load
//       CHECK:   %[[PLACE:.*]] = llvm.getelementptr %[[SERVICES]][8]
//       CHECK:   %[[SERVICE:.*]] = llvm.load %[[PLACE]]
//       CHECK:   %[[DATA:.*]] = llvm.call %[[SERVICE]](%[[CTX]], %[[BYTES]]) : !llvm.ptr, (!llvm.ptr, i64) -> !llvm.ptr
//       CHECK:   llvm.insertvalue %[[DATA]], %{{.*}}[1]
//       CHECK:   %[[SERVICES:.*]] = llvm.load
//       CHECK:   %[[PLACE:.*]] = llvm.getelementptr %[[SERVICES]][24]
//       CHECK:   %[[SERVICE:.*]] = llvm.load %[[PLACE]]
//       CHECK:   llvm.call %[[SERVICE]](%[[CTX]], %[[MARK]]) : !llvm.ptr, (!llvm.ptr, i64) -> ()
func.func @arena(%ctx: !rt.context, %n: index) {
  %mark = rt.mark %ctx
  %b = rt.allocate %ctx, %n
  memref.copy %b, %b : memref<?xi8> to memref<?xi8>
  rt.release %ctx, %mark
  return
}

// -----

/// Options are fields; one that is not chosen is negative, no number, or, for the seed, without its bit in the
/// flags. Every call has a first row.

// CHECK-LABEL: func.func @options(
//       CHECK:   %[[CTX:.*]] = builtin.unrealized_conversion_cast %{{.*}} : !rt.context to !llvm.ptr
//       CHECK:   %[[PLACE:.*]] = llvm.getelementptr %[[CTX]][40]
//       CHECK:   %[[N:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> i64
//       CHECK:   %[[N_SET:.*]] = arith.cmpi sge, %[[N]], %{{.*}} : i64
//       CHECK:   %[[N_INDEX:.*]] = arith.index_cast %[[N]] : i64 to index
//       CHECK:   %[[PLACE:.*]] = llvm.getelementptr %[[CTX]][56]
//       CHECK:   %[[A:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> f64
//       CHECK:   %[[A_SET:.*]] = arith.cmpf ord, %[[A]], %[[A]] : f64
//       CHECK:   %[[PLACE:.*]] = llvm.getelementptr %[[CTX]][64]
//       CHECK:   %[[T:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> f32
//       CHECK:   %[[T_SET:.*]] = arith.cmpf ord, %[[T]], %[[T]] : f32
//       CHECK:   %[[PLACE:.*]] = llvm.getelementptr %[[CTX]][68]
//       CHECK:   %[[P:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> f32
//       CHECK:   %[[P_SET:.*]] = arith.cmpf ord, %[[P]], %[[P]] : f32
//       CHECK:   %[[PLACE:.*]] = llvm.getelementptr %[[CTX]][72]
//       CHECK:   %[[K:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> i32
//       CHECK:   %[[K_SET:.*]] = arith.cmpi sge, %[[K]], %[[NONE:.*]] : i32
//       CHECK:   %[[K_INDEX:.*]] = arith.index_cast %[[K]] : i32 to index
//       CHECK:   %[[PLACE:.*]] = llvm.getelementptr %[[CTX]][76]
//       CHECK:   %[[FLAGS:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> i32
//       CHECK:   %[[BIT:.*]] = arith.constant 2 : i32
//       CHECK:   %[[FLAG:.*]] = arith.andi %[[FLAGS]], %[[BIT]] : i32
//       CHECK:   %[[S_SET:.*]] = arith.cmpi ne, %[[FLAG]], %[[NONE]] : i32
//       CHECK:   %[[PLACE:.*]] = llvm.getelementptr %[[CTX]][48]
//       CHECK:   %[[S:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> i64
//       CHECK:   %[[PLACE:.*]] = llvm.getelementptr %[[CTX]][84]
//       CHECK:   %[[ROW:.*]] = llvm.load %[[PLACE]] : !llvm.ptr -> i32
//       CHECK:   %[[R:.*]] = arith.extui %[[ROW]] : i32 to i64
//       CHECK:   %[[R_SET:.*]] = arith.constant true
//       CHECK:   return %[[N_INDEX]], %[[A]], %[[T]], %[[P]], %[[K_INDEX]], %[[S]], %[[R]],
//  CHECK-SAME:     %[[N_SET]], %[[A_SET]], %[[T_SET]], %[[P_SET]], %[[K_SET]], %[[S_SET]], %[[R_SET]]
func.func @options(%ctx: !rt.context)
    -> (index, f64, f32, f32, index, i64, i64, i1, i1, i1, i1, i1, i1, i1) {
  %n, %n_set = rt.option %ctx max_new
  %a, %a_set = rt.option %ctx length_penalty
  %t, %t_set = rt.option %ctx temperature
  %p, %p_set = rt.option %ctx top_p
  %k, %k_set = rt.option %ctx top_k
  %s, %s_set = rt.option %ctx seed
  %r, %r_set = rt.option %ctx first_row
  return %n, %a, %t, %p, %k, %s, %r, %n_set, %a_set, %t_set, %p_set, %k_set, %s_set, %r_set
      : index, f64, f32, f32, index, i64, i64, i1, i1, i1, i1, i1, i1, i1
}

// -----

/// A check is a branch that calls the service at offset 104 with the message and the values, which all checks put
/// into one array; without values there is none. For lack of memory it is the service at offset 48, with
/// a code. Texts are constants with names of their own.

//   CHECK-DAG: llvm.mlir.global private constant @[[FOUND:seqc_text_checks_[0-9]+]]("found {0}; required {1}\00")
//   CHECK-DAG: llvm.mlir.global private constant @[[WRONG:seqc_text_checks_[0-9]+]]("wrong\00")
//   CHECK-DAG: llvm.mlir.global private constant @[[MEMORY:seqc_text_checks_[0-9]+]]("no memory\00")
// CHECK-LABEL: func.func @checks(
//  CHECK-SAME:   %{{.*}}: !rt.context, %[[GOOD:.*]]: i1, %[[N:.*]]: index, %[[M:.*]]: index)
//       CHECK:   %[[MOST:.*]] = llvm.mlir.constant(8 : i64) : i64
//       CHECK:   %[[VALUES:.*]] = llvm.alloca %[[MOST]] x i64 : (i64) -> !llvm.ptr
//   CHECK-NOT:   llvm.alloca
//       CHECK:   %[[WRONG_IF:.*]] = arith.xori %[[GOOD]], %true
//       CHECK:   scf.if %[[WRONG_IF]] {
//       CHECK:     %[[TEXT:.*]] = llvm.mlir.addressof @[[FOUND]] : !llvm.ptr
//       CHECK:     %[[SLOT:.*]] = llvm.getelementptr %[[VALUES]][0] : (!llvm.ptr) -> !llvm.ptr, i64
//       CHECK:     %[[NUMBER:.*]] = arith.index_cast %[[N]] : index to i64
//       CHECK:     llvm.store %[[NUMBER]], %[[SLOT]]
//       CHECK:     %[[SLOT:.*]] = llvm.getelementptr %[[VALUES]][1] : (!llvm.ptr) -> !llvm.ptr, i64
//       CHECK:     %[[NUMBER:.*]] = arith.index_cast %[[M]] : index to i64
//       CHECK:     llvm.store %[[NUMBER]], %[[SLOT]]
//       CHECK:     %[[COUNT:.*]] = llvm.mlir.constant(2 : i32) : i32
//       CHECK:     llvm.getelementptr %{{.*}}[104]
//       CHECK:     llvm.call %{{.*}}(%[[CTX:.*]], %[[TEXT]], %[[COUNT]], %[[VALUES]])
//  CHECK-SAME:       : !llvm.ptr, (!llvm.ptr, !llvm.ptr, i32, !llvm.ptr) -> ()
//       CHECK:   }
//       CHECK:   scf.if
//       CHECK:     %[[TEXT:.*]] = llvm.mlir.addressof @[[WRONG]] : !llvm.ptr
//       CHECK:     %[[NONE:.*]] = llvm.mlir.zero : !llvm.ptr
//       CHECK:     %[[COUNT:.*]] = llvm.mlir.constant(0 : i32) : i32
//       CHECK:     llvm.call %{{.*}}(%{{.*}}, %[[TEXT]], %[[COUNT]], %[[NONE]])
//       CHECK:   scf.if
//       CHECK:     %[[TEXT:.*]] = llvm.mlir.addressof @[[MEMORY]] : !llvm.ptr
//       CHECK:     %[[CODE:.*]] = llvm.mlir.constant(3 : i32) : i32
//       CHECK:     llvm.getelementptr %{{.*}}[48]
//       CHECK:     llvm.call %{{.*}}(%{{.*}}, %[[CODE]], %[[TEXT]]) : !llvm.ptr, (!llvm.ptr, i32, !llvm.ptr) -> ()
//       CHECK:   return
func.func @checks(%ctx: !rt.context, %good: i1, %n: index, %m: index) {
  rt.require %ctx, %good, "found {0}; required {1}" (%n, %m)
  rt.require %ctx, %good, "wrong"
  rt.require %ctx, %good, "no memory" exhausts
  return
}

// -----

/// The names of texts give way to others. Contexts are still handed on.

//   CHECK-DAG: llvm.mlir.global private constant @seqc_text_named_1("wrong\00")
// CHECK-LABEL: func.func @named(
//       CHECK:   llvm.mlir.addressof @seqc_text_named_1
// CHECK-LABEL: func.func @hand_on(
//       CHECK:   call @named(%{{.*}}) : (!rt.context, i1) -> ()
llvm.mlir.global private @seqc_text_named_0() : i8
func.func @named(%ctx: !rt.context, %good: i1) {
  rt.require %ctx, %good, "wrong"
  return
}
func.func @hand_on(%ctx: !rt.context, %good: i1) {
  func.call @named(%ctx, %good) : (!rt.context, i1) -> ()
  return
}
func.func private @outside(!rt.context)
