// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-approximate-math))' | FileCheck %s

/// Exponentials and their kin become multiply-adds, of vectors as of scalars,
/// fused only where the target has an instruction for that.

// CHECK-LABEL: func.func @expand_f32
//   CHECK-NOT:   math.fma
//   CHECK-NOT:   math.exp %
//   CHECK-NOT:   math.tanh
//   CHECK-NOT:   math.log
//   CHECK-NOT:   math.erf
//       CHECK:   llvm.intr.fmuladd({{.*}}) : (vector<16xf32>,
//       CHECK:   llvm.intr.fmuladd({{.*}}) : (f32,
func.func @expand_f32(%x: vector<16xf32>, %y: f32)
    -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, f32) {
  %a = math.exp %x : vector<16xf32>
  %b = math.tanh %x : vector<16xf32>
  %c = math.log %x : vector<16xf32>
  %d = math.erf %y : f32
  return %a, %b, %c, %d : vector<16xf32>, vector<16xf32>, vector<16xf32>, f32
}

/// Polynomials of sine lose large angles, and f64 wants its own: both go to libm later.

// CHECK-LABEL: func.func @no_expand_sine_or_f64
//       CHECK:   math.sin
//       CHECK:   math.exp %{{.*}} : f64
func.func @no_expand_sine_or_f64(%x: f32, %y: f64) -> (f32, f64) {
  %a = math.sin %x : f32
  %b = math.exp %y : f64
  return %a, %b : f32, f64
}

/// Where denormals count, a small result is computed greater than it is, and a small operand too.

// CHECK-LABEL: func.func @keep_denormals
//   CHECK-DAG:   arith.constant dense<1.700000e+01>
//   CHECK-DAG:   arith.constant dense<4.139937{{[0-9]*}}E-8>
//   CHECK-NOT:   math.exp
//   CHECK-NOT:   math.log
//       CHECK:   return
func.func @keep_denormals(%x: vector<16xf32>) -> (vector<16xf32>, vector<16xf32>) {
  %a = math.exp %x {seq.denormals} : vector<16xf32>
  %b = math.log %x {seq.denormals} : vector<16xf32>
  return %a, %b : vector<16xf32>, vector<16xf32>
}
