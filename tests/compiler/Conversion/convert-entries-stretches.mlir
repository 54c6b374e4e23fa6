// RUN: seqc-opt %s --split-input-file --allow-unregistered-dialect \
// RUN:   --pass-pipeline='builtin.module(seq-convert-entries)' | FileCheck %s

/// Weights that are written one behind the other are a concatenation: a slice of it is packed when the
/// artefact is written, in whatever order it was put together.

// CHECK: module attributes {seq.weight_layout = [
// CHECK-SAME: #seq.weight_item<pack of
// CHECK-SAME: offset = 2048, size = 64, hash = "bb"
// CHECK-SAME: offset = 1024, size = 64, hash = "aa"
// CHECK-SAME: shape = [1, 4, 2, 16], offset = 0
// CHECK-NOT: weight_item<raw
// CHECK-LABEL: func.func @seqc_fn_joined(
//   CHECK-NOT:   memref.alloc
//   CHECK-NOT:   tensor.insert_slice
//       CHECK:   "test.use"
func.func @joined() {
  %w = seq.weight "w" in "m.safetensors" at 1024 hash "aa" : tensor<4x4xf32>
  %v = seq.weight "v" in "m.safetensors" at 2048 hash "bb" : tensor<4x4xf32>
  %e = tensor.empty() : tensor<8x4xf32>
  %a = tensor.insert_slice %w into %e[4, 0] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<8x4xf32>
  %b = tensor.insert_slice %v into %a[0, 0] [4, 4] [1, 1] : tensor<4x4xf32> into tensor<8x4xf32>
  %first = tensor.extract_slice %b[0, 0] [4, 4] [1, 1] : tensor<8x4xf32> to tensor<4x4xf32>
  %second = tensor.extract_slice %b[4, 0] [4, 4] [1, 1] : tensor<8x4xf32> to tensor<4x4xf32>
  %p = seq.pack %first, %second : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<1x4x2x16xf32>
  "test.use"(%p) : (tensor<1x4x2x16xf32>) -> ()
  return
}

// -----

/// Columns side by side, a gap, an overlap, a part that is computed: packed at run time.

// CHECK-LABEL: func.func @seqc_fn_others(
// CHECK-COUNT-4: memref.alloc() : memref<1x4x1x16xf32>
//       CHECK:   "test.use"
func.func @others(%x: tensor<2x4xf32>) {
  %w = seq.weight "w" in "m.safetensors" at 1024 hash "aa" : tensor<4x2xf32>
  %v = seq.weight "v" in "m.safetensors" at 2048 hash "bb" : tensor<2x4xf32>
  %u = seq.weight "u" in "m.safetensors" at 4096 hash "cc" : tensor<3x4xf32>
  %e = tensor.empty() : tensor<4x4xf32>
  %a = tensor.insert_slice %w into %e[0, 0] [4, 2] [1, 1] : tensor<4x2xf32> into tensor<4x4xf32>
  %side = tensor.insert_slice %w into %a[0, 2] [4, 2] [1, 1] : tensor<4x2xf32> into tensor<4x4xf32>
  %gap = tensor.insert_slice %v into %e[2, 0] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<4x4xf32>
  %b = tensor.insert_slice %u into %e[0, 0] [3, 4] [1, 1] : tensor<3x4xf32> into tensor<4x4xf32>
  %overlap = tensor.insert_slice %v into %b[2, 0] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<4x4xf32>
  %mixed = tensor.insert_slice %x into %gap[0, 0] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<4x4xf32>
  %p0 = seq.pack %side : (tensor<4x4xf32>) -> tensor<1x4x1x16xf32>
  %p1 = seq.pack %gap : (tensor<4x4xf32>) -> tensor<1x4x1x16xf32>
  %p2 = seq.pack %overlap : (tensor<4x4xf32>) -> tensor<1x4x1x16xf32>
  %p3 = seq.pack %mixed : (tensor<4x4xf32>) -> tensor<1x4x1x16xf32>
  "test.use"(%p0, %p1, %p2, %p3) : (tensor<1x4x1x16xf32>, tensor<1x4x1x16xf32>, tensor<1x4x1x16xf32>,
                                    tensor<1x4x1x16xf32>) -> ()
  return
}
