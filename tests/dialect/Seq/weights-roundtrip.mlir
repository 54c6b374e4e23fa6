// RUN: seqc-opt %s --verify-roundtrip | FileCheck %s
// RUN: seqc-opt %s --mlir-print-op-generic | seqc-opt | FileCheck %s
// RUN: seqc-opt %s --emit-bytecode | seqc-opt | FileCheck %s

// CHECK-LABEL: @weight
func.func @weight() -> (tensor<512x128xf32>, tensor<3xi8>, tensor<f64>) {
  // CHECK: seq.weight "encoder.weight_ih_l0" in "dates.safetensors" at 1024 hash "9f86" : tensor<512x128xf32>
  %w = seq.weight "encoder.weight_ih_l0" in "dates.safetensors" at 1024 hash "9f86" : tensor<512x128xf32>
  // CHECK: seq.weight "h" in "b" at 4 hash "9f" stored bf16 : tensor<2xf32>
  %h = seq.weight "h" in "b" at 4 hash "9f" stored bf16 : tensor<2xf32>
  // CHECK: seq.weight "a" in "b" at 0 : tensor<3xi8>
  %a = seq.weight "a" in "b" at 0 : tensor<3xi8>
  // CHECK: seq.weight "\22quoted\22" in "with space" at 8 {note} : tensor<f64>
  %s = seq.weight "\22quoted\22" in "with space" at 8 {note} : tensor<f64>
  return %w, %a, %s : tensor<512x128xf32>, tensor<3xi8>, tensor<f64>
}

// CHECK-LABEL: @pack
func.func @pack(%a: tensor<33x8xf32>, %b: tensor<33x8xf32>, %t: tensor<8x32xbf16>) {
  // CHECK: seq.pack %{{.*}} : (tensor<33x8xf32>) -> tensor<3x8x1x16xf32>
  %1 = seq.pack %a : (tensor<33x8xf32>) -> tensor<3x8x1x16xf32>
  // CHECK: seq.pack %{{.*}}, %{{.*}} : (tensor<33x8xf32>, tensor<33x8xf32>) -> tensor<33x8x2x1xf32>
  %2 = seq.pack %a, %b : (tensor<33x8xf32>, tensor<33x8xf32>) -> tensor<33x8x2x1xf32>
  // CHECK: seq.pack %{{.*}} transposed : (tensor<8x32xbf16>) -> tensor<2x8x1x16xbf16>
  %3 = seq.pack %t transposed : (tensor<8x32xbf16>) -> tensor<2x8x1x16xbf16>
  return
}

// CHECK-LABEL: @packed_matmul
func.func @packed_matmul(%x: tensor<?x8xf32>, %p: tensor<3x8x2x16xf32>, %one: tensor<3x8x1x16xf32>,
                         %a: tensor<?x33xf32>, %b: tensor<?x33xf32>) -> tensor<?x33xf32> {
  // CHECK: %{{.*}}:2 = seq.packed_matmul %{{.*}}, %{{.*}} init(%{{.*}}, %{{.*}}) : (tensor<?x8xf32>, tensor<3x8x2x16xf32>, tensor<?x33xf32>, tensor<?x33xf32>) -> (tensor<?x33xf32>, tensor<?x33xf32>)
  %r:2 = seq.packed_matmul %x, %p init(%a, %b)
      : (tensor<?x8xf32>, tensor<3x8x2x16xf32>, tensor<?x33xf32>, tensor<?x33xf32>)
      -> (tensor<?x33xf32>, tensor<?x33xf32>)
  // CHECK: seq.packed_matmul %{{.*}}, %{{.*}} init(%{{.*}}) {note} : (tensor<?x8xf32>, tensor<3x8x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  %s = seq.packed_matmul %x, %one init(%a) {note}
      : (tensor<?x8xf32>, tensor<3x8x1x16xf32>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return %s : tensor<?x33xf32>
}

/// What tiling leaves: a part of the rows, some whole panels.
// CHECK-LABEL: @packed_matmul_dynamic_columns
func.func @packed_matmul_dynamic_columns(%x: tensor<4x?xf32>, %p: tensor<?x?x1x16xf32>,
                                         %a: tensor<4x?xf32>) -> tensor<4x?xf32> {
  // CHECK: seq.packed_matmul
  %r = seq.packed_matmul %x, %p init(%a)
      : (tensor<4x?xf32>, tensor<?x?x1x16xf32>, tensor<4x?xf32>) -> tensor<4x?xf32>
  return %r : tensor<4x?xf32>
}
