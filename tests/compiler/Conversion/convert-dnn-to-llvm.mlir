// RUN: seqc-opt %s --split-input-file --verify-diagnostics \
// RUN:   --pass-pipeline='builtin.module(func.func(convert-dnn-to-llvm))' | FileCheck %s

/// The services at offsets 88 (create) and 96 (execute). Flags: transposed 2, accumulate 4,
/// constant 8.

// CHECK-LABEL: func.func @create_and_execute
//  CHECK-SAME:   %[[CONTEXT:[^:]*]]: !rt.context
//       CHECK:   %[[FLAGS:.*]] = llvm.mlir.constant(14 : i32)
//   CHECK-DAG:   %[[K:.*]] = llvm.mlir.constant(8 : i64)
//   CHECK-DAG:   %[[N:.*]] = llvm.mlir.constant(16 : i64)
//       CHECK:   %[[CTX:.*]] = builtin.unrealized_conversion_cast %[[CONTEXT]] : !rt.context to !llvm.ptr
//       CHECK:   llvm.getelementptr %{{.*}}[88]
//       CHECK:   %[[HANDLE:.*]] = llvm.call %{{.*}}(%[[CTX]], %[[K]], %[[N]], %{{.*}}, %{{.*}}, %[[FLAGS]])
//       CHECK:   llvm.getelementptr %{{.*}}[96]
//       CHECK:   llvm.call %{{.*}}(%{{.*}}, %[[HANDLE]],
//   CHECK-NOT:   dnn.
func.func @create_and_execute(%ctx: !rt.context, %x: memref<?x8xf32>, %w: memref<16x8xf32>,
                              %a: memref<?x16xf32>) -> i32 {
  %p = dnn.create_matmul %w transposed constant : memref<16x8xf32>
  dnn.matmul %p, %x, %w outs(%a) : (memref<?x8xf32>, memref<16x8xf32>, memref<?x16xf32>)
  %z = arith.constant 0 : i32
  return %z : i32
}

// -----

func.func @no_context(%w: memref<16x8xf32>) {
  // expected-error @below {{stands outside of an entry; only entries have a context to call the library with}}
  %p = dnn.create_matmul %w : memref<16x8xf32>
  return
}
