// RUN: seqc-opt %s --allow-unregistered-dialect --pass-pipeline='builtin.module(seq-convert-entries)' \
// RUN:   | FileCheck %s

/// The section holds one packing for two equal ops, then the weight that is also read as it is.
/// Offsets are multiples of 64.

// CHECK: module attributes {seq.weight_layout = [
// CHECK-SAME: kind = "pack", offset = 0 : i64, shape = array<i64: 1, 4, 2, 16>, size = 512 : i64
// CHECK-SAME: hash = "aa", offset = 1024 : i64, size = 64 : i64
// CHECK-SAME: hash = "bb", offset = 2048 : i64, size = 64 : i64
// CHECK-SAME: width = 16 : i64
// CHECK-SAME: kind = "raw", offset = 512 : i64, shape = array<i64: 4, 4>, size = 64 : i64

/// Arguments are views of the context's tensors (offset 16), weights of the section (offset 8);
/// the result goes to storage that the service at offset 32 hands out.

// CHECK-LABEL: func.func @seqc_fn_f(
//  CHECK-SAME:   %[[CTX:.*]]: !llvm.ptr) -> i32
//       CHECK:   %[[IN:.*]] = llvm.getelementptr %[[CTX]][16]
//       CHECK:   %[[X:.*]] = bufferization.to_tensor %{{.*}} restrict : memref<?x4xf32>
//       CHECK:   llvm.getelementptr %[[CTX]][8]
//   CHECK-NOT:   seq.
//       CHECK:   %[[R:.*]] = "test.use"(%[[X]],
//       CHECK:   llvm.getelementptr %{{.*}}[32]
//       CHECK:   %[[VIEW:.*]] = memref.view %{{.*}} : memref<?xi8> to memref<?x4xf32>
//       CHECK:   bufferization.materialize_in_destination %[[R]] in restrict writable %[[VIEW]]
//       CHECK:   %[[OK:.*]] = arith.constant 0 : i32
//       CHECK:   return %[[OK]] : i32
func.func @f(%x: tensor<?x4xf32> {seq.name = "x"}) -> (tensor<?x4xf32> {seq.name = "y"}) {
  %w = seq.weight "w" in "m.safetensors" at 1024 hash "aa" : tensor<4x4xf32>
  %v = seq.weight "v" in "m.safetensors" at 2048 hash "bb" : tensor<4x4xf32>
  %p = seq.pack %w, %v : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<1x4x2x16xf32>
  %q = seq.pack %w, %v : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<1x4x2x16xf32>
  %a = "test.use"(%x, %p, %q, %w)
      : (tensor<?x4xf32>, tensor<1x4x2x16xf32>, tensor<1x4x2x16xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  return %a : tensor<?x4xf32>
}

/// A matrix that is computed is packed by loops, where the op stood.

// CHECK-LABEL: func.func @seqc_fn_pack_at_run_time(
//       CHECK:   %[[P:.*]] = memref.alloc() : memref<1x4x1x16xf32>
// CHECK-COUNT-3: scf.for
//       CHECK:   memref.store %{{.*}}, %[[P]]
//       CHECK:   bufferization.to_tensor %[[P]]
func.func @pack_at_run_time(%x: tensor<4x4xf32>) -> tensor<1x4x1x16xf32> {
  %p = seq.pack %x : (tensor<4x4xf32>) -> tensor<1x4x1x16xf32>
  return %p : tensor<1x4x1x16xf32>
}

/// Private functions are no entries.

// CHECK-LABEL: func.func private @keep_private(%{{.*}}: tensor<?x4xf32>) -> tensor<?x4xf32>
func.func private @keep_private(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  return %x : tensor<?x4xf32>
}
