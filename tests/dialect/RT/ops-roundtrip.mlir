// RUN: seqc-opt %s | seqc-opt | FileCheck %s
// RUN: seqc-opt %s --mlir-print-op-generic | seqc-opt | FileCheck %s
// RUN: seqc-opt %s --emit-bytecode | seqc-opt | FileCheck %s

// CHECK-LABEL: func.func @memory(
//  CHECK-SAME:   %[[CTX:.*]]: !rt.context)
func.func @memory(%ctx: !rt.context) -> i32 {
  // CHECK: %[[N:.*]] = rt.extent %[[CTX]][2, 1]
  %n = rt.extent %ctx[2, 1]
  // CHECK: %[[IN:.*]] = rt.input %[[CTX]][2]
  %in = rt.input %ctx[2]
  // CHECK: rt.weights %[[CTX]]
  %weights = rt.weights %ctx
  // CHECK: %[[OUT:.*]] = rt.output %[[CTX]][0] tensor<?x4x?xf16>(%[[N]], %[[N]])
  %out = rt.output %ctx[0] tensor<?x4x?xf16> (%n, %n)
  // CHECK: rt.output %[[CTX]][1] tensor<f32>()
  %scalar = rt.output %ctx[1] tensor<f32> ()
  // CHECK: memref.copy %[[IN]], %[[OUT]] : memref<?xi8> to memref<?xi8>
  memref.copy %in, %out : memref<?xi8> to memref<?xi8>
  %ok = arith.constant 0 : i32
  return %ok : i32
}

// CHECK-LABEL: func.func @arena(
//  CHECK-SAME:   %[[CTX:.*]]: !rt.context, %[[N:.*]]: index)
func.func @arena(%ctx: !rt.context, %n: index) {
  // CHECK: %[[MARK:.*]] = rt.mark %[[CTX]]
  %mark = rt.mark %ctx
  // CHECK: %[[B:.*]] = rt.allocate %[[CTX]], %[[N]]
  // CHECK: memref.copy %[[B]], %[[B]] : memref<?xi8> to memref<?xi8>
  %b = rt.allocate %ctx, %n
  memref.copy %b, %b : memref<?xi8> to memref<?xi8>
  // CHECK: rt.release %[[CTX]], %[[MARK]]
  rt.release %ctx, %mark
  return
}

// CHECK-LABEL: func.func @options(
//  CHECK-SAME:   %[[CTX:.*]]: !rt.context)
func.func @options(%ctx: !rt.context) -> (index, f64, f32, f32, index, i64, i64, i1) {
  // CHECK: %[[N:.*]], %{{.*}} = rt.option %[[CTX]] max_new
  %n, %0 = rt.option %ctx max_new
  // CHECK: rt.option %[[CTX]] length_penalty
  %a, %1 = rt.option %ctx length_penalty
  // CHECK: rt.option %[[CTX]] temperature
  %t, %2 = rt.option %ctx temperature
  // CHECK: rt.option %[[CTX]] top_p
  %p, %3 = rt.option %ctx top_p
  // CHECK: rt.option %[[CTX]] top_k
  %k, %4 = rt.option %ctx top_k
  // CHECK: rt.option %[[CTX]] seed
  %s, %5 = rt.option %ctx seed
  // CHECK: %[[R:.*]], %[[CHOSEN:.*]] = rt.option %[[CTX]] first_row
  %r, %6 = rt.option %ctx first_row
  // CHECK: return %[[N]], {{.*}}, %[[R]], %[[CHOSEN]] : index, f64, f32, f32, index, i64, i64, i1
  return %n, %a, %t, %p, %k, %s, %r, %6 : index, f64, f32, f32, index, i64, i64, i1
}

// CHECK-LABEL: func.func @checks(
//  CHECK-SAME:   %[[CTX:.*]]: !rt.context, %[[GOOD:.*]]: i1, %[[N:.*]]: index)
func.func @checks(%ctx: !rt.context, %good: i1, %n: index) {
  // CHECK: rt.require %[[CTX]], %[[GOOD]], "found {0}; required {1}"(%[[N]], %[[N]])
  rt.require %ctx, %good, "found {0}; required {1}" (%n, %n)
  // CHECK: rt.require %[[CTX]], %[[GOOD]], "no memory" exhausts
  rt.require %ctx, %good, "no memory" exhausts
  return
}
