// RUN: seqc-opt %s | seqc-opt | FileCheck %s

// CHECK: module attributes
// CHECK-SAME: seq.explain = [#seq.choice<backend = "llvm", op = "seq.packed_matmul", m = -1, n = 8, k = 4, gates = 1, in_loop = false, weights = "w", reason = "because">]
// CHECK-SAME: seq.metadata = "{}"
// CHECK-SAME: seq.recognized = {main = {gelu = 2 : i64}}
// CHECK-SAME: seq.target = #seq.target<256, avx2>
// CHECK-SAME: seq.weight_layout = [
// CHECK-SAME: #seq.weight_item<raw of [<shape = [2, 3], runs = [<file = "w.bin", offset = 8, size = 12>, <file = "w.bin", offset = 48, size = 6, hash = "aa", stored = f16>]>], element = f32, shape = [3, 2], offset = 0, size = 24>
// CHECK-SAME: #seq.weight_item<pack of [<shape = [4, 2], runs = [<file = "w.bin", offset = 0, size = 8>]>], element = i8, shape = [1, 1, 1, 8], offset = 64, size = 8, width = 2, unit = 4, transposed = true, excess = true>
// CHECK-SAME: #seq.weight_item<sums of [<shape = [], runs = [<file = "w.bin", offset = 0, size = 1>]>], element = i32, shape = [], offset = 128, size = 4>
module attributes {
    seq.explain = [#seq.choice<backend = "llvm", op = "seq.packed_matmul", m = -1, n = 8, k = 4, gates = 1,
                               in_loop = false, weights = "w", reason = "because">],
    seq.metadata = "{}", seq.recognized = {main = {gelu = 2 : i64}}, seq.target = #seq.target<256, avx2>,
    seq.weight_layout = [
      #seq.weight_item<raw of [<shape = [2, 3], runs = [<file = "w.bin", offset = 8, size = 12>,
                                                        <file = "w.bin", offset = 48, size = 6, hash = "aa", stored = f16>]>],
                       element = f32, shape = [3, 2], offset = 0, size = 24>,
      #seq.weight_item<pack of [<shape = [4, 2], runs = [<file = "w.bin", offset = 0, size = 8>]>],
                       element = i8, shape = [1, 1, 1, 8], offset = 64, size = 8,
                       width = 2, unit = 4, transposed = true, excess = true>,
      #seq.weight_item<sums of [<shape = [], runs = [<file = "w.bin", offset = 0, size = 1>]>],
                       element = i32, shape = [], offset = 128, size = 4>]} {
  // CHECK: func.func @entry(%{{.*}}: tensor<4x?xf32> {seq.name = "x", seq.signature = #seq.signature<dims = ["", "n"], min = 0 : i64, max = "n", fallback = 5.000000e-01 : f64, of = "s", part = "data", isUnsigned = true>}
  // CHECK-SAME: seq.in_loop
  // CHECK-SAME: seq.in_place = [#seq.in_place<output = 1, inputs = [0, 2]>]
  // CHECK-SAME: seq.memory_plan = [#seq.workspace<at = "entry", buffers = 2, bytes = "4*{0,1}", unshared = "64">]
  func.func @entry(%x: tensor<4x?xf32> {seq.name = "x", seq.signature = #seq.signature<dims = ["", "n"], min = 0 : i64, max = "n", fallback = 0.5 : f64, of = "s", part = "data", isUnsigned = true>}, %n: index)
      attributes {seq.in_loop, seq.in_place = [#seq.in_place<output = 1, inputs = [0, 2]>],
                  seq.memory_plan = [#seq.workspace<at = "entry", buffers = 2, bytes = "4*{0,1}", unshared = "64">]} {
    // CHECK: scf.for
    // CHECK: {seq.loop_number = 3 : i64, seq.parallel}
    scf.for %i = %n to %n step %n {
    } {seq.loop_number = 3 : i64, seq.parallel}
    return
  }
}
