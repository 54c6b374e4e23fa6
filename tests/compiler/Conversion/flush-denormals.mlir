// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-flush-denormals))' | FileCheck %s

/// Denormals count in plain arithmetic, in front of a product and behind it; two products share their
/// changes, with what computes nothing between them.

// CHECK-LABEL: func.func @seqc_fn_product
//       CHECK:   "llvm.x86.sse.stmxcsr"(%[[PLAIN:.*]])
//       CHECK:   llvm.store %{{.*}}, %[[FLUSH:.*]] : i32
//   CHECK-NOT:   ldmxcsr
//       CHECK:   math.exp {{.*}} {seq.denormals}
//       CHECK:   "llvm.x86.sse.ldmxcsr"(%[[FLUSH]])
//  CHECK-NEXT:   linalg.matmul
//  CHECK-NEXT:   memref.copy
//  CHECK-NEXT:   linalg.matmul
//  CHECK-NEXT:   "llvm.x86.sse.ldmxcsr"(%[[PLAIN]])
//       CHECK:   math.log {{.*}} {seq.denormals}
//   CHECK-NOT:   ldmxcsr
//       CHECK: return
func.func @seqc_fn_product(%ctx: !rt.context, %a: memref<4x4xf32>, %b: memref<4x4xf32>) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %ok = arith.constant 0 : i32
  scf.for %i = %c0 to %c4 step %c1 {
    %x = memref.load %a[%c0, %i] : memref<4x4xf32>
    %e = math.exp %x : f32
    memref.store %e, %a[%c0, %i] : memref<4x4xf32>
  }
  linalg.matmul ins(%a, %a : memref<4x4xf32>, memref<4x4xf32>) outs(%b : memref<4x4xf32>)
  memref.copy %b, %a : memref<4x4xf32> to memref<4x4xf32>
  linalg.matmul ins(%a, %a : memref<4x4xf32>, memref<4x4xf32>) outs(%b : memref<4x4xf32>)
  scf.for %i = %c0 to %c4 step %c1 {
    %x = memref.load %b[%c0, %i] : memref<4x4xf32>
    %l = math.log %x : f32
    memref.store %l, %b[%c0, %i] : memref<4x4xf32>
  }
  return %ok : i32
}

/// A loop over time counts as a whole, and a branch has its own changes, which it takes back.

// CHECK-LABEL: func.func @seqc_fn_loops
//       CHECK:   "llvm.x86.sse.ldmxcsr"
//  CHECK-NEXT:   scf.for
//   CHECK-NOT:   ldmxcsr
//       CHECK:     math.exp %{{[^{]*}} : f32
//   CHECK-NOT:   ldmxcsr
//       CHECK:   {seq.flush}
//  CHECK-NEXT:   "llvm.x86.sse.ldmxcsr"
//  CHECK-NEXT:   scf.if
//  CHECK-NEXT:     "llvm.x86.sse.ldmxcsr"
//  CHECK-NEXT:     linalg.matmul
//  CHECK-NEXT:     "llvm.x86.sse.ldmxcsr"
//  CHECK-NEXT:   }
//   CHECK-NOT:   ldmxcsr
//       CHECK: return
func.func @seqc_fn_loops(%ctx: !rt.context, %a: memref<4x4xf32>, %b: memref<4x4xf32>, %c: i1) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %ok = arith.constant 0 : i32
  scf.for %i = %c0 to %c4 step %c1 {
    %x = memref.load %a[%c0, %i] : memref<4x4xf32>
    %e = math.exp %x : f32
    memref.store %e, %a[%c0, %i] : memref<4x4xf32>
  } {seq.flush}
  scf.if %c {
    linalg.matmul ins(%a, %a : memref<4x4xf32>, memref<4x4xf32>) outs(%b : memref<4x4xf32>)
  }
  return %ok : i32
}

/// Sums without products, and products without sums, are plain: nothing changes.

// CHECK-LABEL: func.func @seqc_fn_sums
//   CHECK-NOT:   mxcsr
//       CHECK: return
func.func @seqc_fn_sums(%ctx: !rt.context, %a: memref<4x4xf32>, %b: memref<4xf32>) -> i32 {
  %ok = arith.constant 0 : i32
  linalg.reduce { arith.addf } ins(%a : memref<4x4xf32>) outs(%b : memref<4xf32>) dimensions = [1]
  linalg.reduce { arith.mulf } ins(%a : memref<4x4xf32>) outs(%b : memref<4xf32>) dimensions = [1]
  return %ok : i32
}
