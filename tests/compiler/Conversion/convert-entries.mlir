// RUN: seqc-opt %s --allow-unregistered-dialect --pass-pipeline='builtin.module(seq-convert-entries)' \
// RUN:   | FileCheck %s

/// The section holds one packing for two equal ops, then the weight that is also read as it is.
/// Offsets are multiples of 64.

// CHECK: module attributes {seq.weight_layout = [
// CHECK-SAME: #seq.weight_item<pack of
// CHECK-SAME: offset = 1024, size = 64, hash = "aa"
// CHECK-SAME: offset = 2048, size = 64, hash = "bb"
// CHECK-SAME: shape = [1, 4, 2, 16], offset = 0, size = 512, width = 16
// CHECK-SAME: #seq.weight_item<raw of
// CHECK-SAME: shape = [4, 4], offset = 512, size = 64>

/// Arguments are views of the memory of inputs, weights of the section; the result goes to the memory of
/// the output.

// CHECK-LABEL: func.func @seqc_fn_f(
//  CHECK-SAME:   %[[CTX:.*]]: !rt.context) -> i32
//       CHECK:   %[[N:.*]] = rt.extent %[[CTX]][0, 0]
//       CHECK:   %[[IN:.*]] = rt.input %[[CTX]][0]
//       CHECK:   %[[VIEW:.*]] = memref.view %[[IN]][%{{.*}}][%[[N]]] : memref<?xi8> to memref<?x4xf32>
//       CHECK:   %[[X:.*]] = bufferization.to_tensor %[[VIEW]] restrict : memref<?x4xf32>
//       CHECK:   %[[W:.*]] = rt.weights %[[CTX]]
//       CHECK:   %[[P:.*]] = memref.view %[[W]][
//   CHECK-NOT:   seq.
//       CHECK:   %[[R:.*]] = "test.use"(%[[X]],
//       CHECK:   %[[OUT:.*]] = rt.output %[[CTX]][0] tensor<?x4xf32>(%[[ROWS:.*]])
//       CHECK:   %[[VIEW:.*]] = memref.view %[[OUT]][%{{.*}}][%[[ROWS]]] : memref<?xi8> to memref<?x4xf32>
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

/// Panels of bf16 are of the section where the file holds bf16; else the upper halves of floats are stored at run time.

// CHECK-LABEL: func.func @seqc_fn_pack_halves(
//       CHECK:   memref.view %{{.*}} : memref<?xi8> to memref<1x2x1x32xbf16>
//       CHECK:   %[[P:.*]] = memref.alloc() : memref<1x2x1x32xbf16>
//       CHECK:   %[[I:.*]] = arith.bitcast %{{.*}} : f32 to i32
//       CHECK:   arith.shrui %[[I]],
//       CHECK:   arith.trunci %{{.*}} : i32 to i16
//       CHECK:   arith.bitcast %{{.*}} : i16 to bf16
//       CHECK:   memref.store %{{.*}}, %[[P]]
func.func @pack_halves() -> (tensor<1x2x1x32xbf16>, tensor<1x2x1x32xbf16>) {
  %w = seq.weight "h" in "m.safetensors" at 4096 hash "cc" stored bf16 : tensor<4x4xf32>
  %v = seq.weight "v" in "m.safetensors" at 2048 hash "bb" : tensor<4x4xf32>
  %p = seq.pack %w unit 2 : (tensor<4x4xf32>) -> tensor<1x2x1x32xbf16>
  %q = seq.pack %v unit 2 : (tensor<4x4xf32>) -> tensor<1x2x1x32xbf16>
  return %p, %q : tensor<1x2x1x32xbf16>, tensor<1x2x1x32xbf16>
}

/// Options of the call are read at the start; one that the caller did not choose leaves what stands in
/// the program.

// CHECK-LABEL: func.func @seqc_fn_options(
//  CHECK-SAME:   %[[CTX:.*]]: !rt.context) -> i32
//   CHECK-DAG:   %[[N:.*]], %[[NSET:.*]] = rt.option %[[CTX]] max_new
//   CHECK-DAG:   %[[A:.*]], %[[ASET:.*]] = rt.option %[[CTX]] length_penalty
//   CHECK-DAG:   rt.option %[[CTX]] temperature
//   CHECK-DAG:   rt.option %[[CTX]] top_p
//   CHECK-DAG:   rt.option %[[CTX]] top_k
//   CHECK-DAG:   rt.option %[[CTX]] seed
//   CHECK-DAG:   rt.option %[[CTX]] first_row
//       CHECK:   %[[DEFAULTS:.*]]:7 = "test.defaults"
//   CHECK-NOT:   seq.option
//       CHECK:   %[[CHOICE:.*]] = arith.select %[[NSET]], %[[N]], %[[DEFAULTS]]#0 : index
//       CHECK:   arith.select %[[ASET]], %[[A]], %[[DEFAULTS]]#1 : f64
//       CHECK:   "test.use"(%{{.*}}, %[[CHOICE]],
func.func @options(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %n0, %a0, %t0, %p0, %k0, %s0, %r0 = "test.defaults"() : () -> (index, f64, f32, f32, index, i64, i64)
  %n = seq.option max_new else %n0 : index
  %a = seq.option length_penalty else %a0 : f64
  %t = seq.option temperature else %t0 : f32
  %p = seq.option top_p else %p0 : f32
  %k = seq.option top_k else %k0 : index
  %s = seq.option seed else %s0 : i64
  %r = seq.option first_row else %r0 : i64
  %y = "test.use"(%x, %n, %a, %t, %p, %k, %s, %r)
      : (tensor<?x4xf32>, index, f64, f32, f32, index, i64, i64) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

/// Checks stay where they are and get the context.

// CHECK-LABEL: func.func @seqc_fn_checks(
//  CHECK-SAME:   %[[CTX:.*]]: !rt.context) -> i32
//       CHECK:   %[[C:.*]]:3 = "test.conditions"
//       CHECK:   rt.require %[[CTX]], %[[C]]#0, "found {0}; required {1}"(%[[C]]#1, %[[C]]#2)
//       CHECK:   rt.require %[[CTX]], %[[C]]#0, "no memory" exhausts
//   CHECK-NOT:   seq.require
//       CHECK:   return
func.func @checks(%x: tensor<4xf32>) -> tensor<4xf32> {
  %good, %n, %m = "test.conditions"() : () -> (i1, index, index)
  seq.require %good, "found {0}; required {1}" (%n, %m)
  seq.require %good, "no memory" {seq.exhausts}
  return %x : tensor<4xf32>
}

/// Private functions are no entries.

// CHECK-LABEL: func.func private @keep_private(%{{.*}}: tensor<?x4xf32>) -> tensor<?x4xf32>
func.func private @keep_private(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  return %x : tensor<?x4xf32>
}
