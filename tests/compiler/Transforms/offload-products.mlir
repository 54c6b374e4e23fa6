// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-offload-products{backend=onednn})' \
// RUN:   | FileCheck %s --check-prefixes=CHECK,ONEDNN
// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-offload-products{backend=llvm})' \
// RUN:   | FileCheck %s --check-prefixes=CHECK,LLVM
// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-offload-products{backend=auto min-flops=1000})' \
// RUN:   | FileCheck %s --check-prefixes=CHECK,AUTO
// RUN: not seqc-opt %s --pass-pipeline='builtin.module(seq-offload-products{backend=magic})' 2>&1 \
// RUN:   | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: unknown backend 'magic'; llvm, onednn or auto is required

/// Every product is listed, with the choice and its reason.

// CHECK: module attributes {seq.explain = [
// ONEDNN-SAME: backend = "onednn", op = "dnn.matmul", {{.*}}gates = 2, in_loop = false, weights = "w, v", reason = "backend is onednn"
// LLVM-SAME: backend = "llvm", op = "seq.matmul", {{.*}} reason = "backend is llvm"
// AUTO-SAME: reason = "the number of rows is not known, and generated code serves every number"
// AUTO-SAME: backend = "onednn", {{.*}} reason = "work of 1024 operations is at least 1000"
// AUTO-SAME: backend = "llvm", {{.*}} reason = "work of 256 operations is below 1000"

/// One call per right operand; stored weights are constant, so the library may pack them once.

// CHECK-LABEL: func.func @two_gates
//  ONEDNN-SAME:   %[[X:.*]]: tensor<?x8xf32>, %[[A:[^:]*]]: tensor<?x8xf32>, %[[B:[^:]*]]: tensor<?x8xf32>
//      ONEDNN:   %[[W:.*]] = seq.weight "w"
//      ONEDNN:   %[[V:.*]] = seq.weight "v"
//  ONEDNN-DAG:   %[[P:.*]] = dnn.create_matmul %[[W]] transposed constant
//  ONEDNN-DAG:   %[[Q:.*]] = dnn.create_matmul %[[V]] transposed constant
//  ONEDNN-DAG:   dnn.matmul %[[P]], %[[X]], %[[W]] outs(%[[A]])
//  ONEDNN-DAG:   dnn.matmul %[[Q]], %[[X]], %[[V]] outs(%[[B]])
//        LLVM:   seq.matmul
//        AUTO:   seq.matmul
func.func @two_gates(%x: tensor<?x8xf32>, %a: tensor<?x8xf32>, %b: tensor<?x8xf32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %w = seq.weight "w" in "m.safetensors" at 0 : tensor<8x8xf32>
  %v = seq.weight "v" in "m.safetensors" at 256 : tensor<8x8xf32>
  %r:2 = seq.matmul %x, %w, %v init(%a, %b)
      : (tensor<?x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
      -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %r#0, %r#1 : tensor<?x8xf32>, tensor<?x8xf32>
}

/// With a known number of rows, auto compares the work with the limit.

// CHECK-LABEL: func.func @enough_work
//        AUTO:   dnn.matmul
func.func @enough_work(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>, %a: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %r = seq.matmul %x, %w transposed init(%a)
      : (tensor<8x8xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<8x8xf32>
  return %r : tensor<8x8xf32>
}

// CHECK-LABEL: func.func @no_offload_little_work
//        AUTO:   seq.matmul
//    AUTO-NOT:   dnn.matmul
func.func @no_offload_little_work(%x: tensor<2x8xf32>, %w: tensor<8x8xf32>, %a: tensor<2x8xf32>)
    -> tensor<2x8xf32> {
  %r = seq.matmul %x, %w transposed init(%a)
      : (tensor<2x8xf32>, tensor<8x8xf32>, tensor<2x8xf32>) -> tensor<2x8xf32>
  return %r : tensor<2x8xf32>
}

/// The primitive leaves the loop: it is made once per call, and run in every step.

// CHECK-LABEL: func.func @create_leaves_the_loop
//      ONEDNN:   dnn.create_matmul %{{.*}} : tensor<8x8xf32>
//      ONEDNN:   seq.recurrence
//   ONEDNN-NOT:   dnn.create_matmul
//      ONEDNN:     dnn.matmul
func.func @create_leaves_the_loop(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>, %w: tensor<8x8xf32>)
    -> tensor<?x8xf32> {
  %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h : tensor<?x8xf32>) {
  ^bb0(%xt: tensor<?x8xf32>, %s: tensor<?x8xf32>):
    %r = seq.matmul %s, %w transposed init(%xt)
        : (tensor<?x8xf32>, tensor<8x8xf32>, tensor<?x8xf32>) -> tensor<?x8xf32>
    seq.yield %r : tensor<?x8xf32>
  } states(tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}
