// RUN: seqc-opt %s --verify-roundtrip | FileCheck %s
// RUN: seqc-opt %s --mlir-print-op-generic | seqc-opt | FileCheck %s
// RUN: seqc-opt %s --emit-bytecode | seqc-opt | FileCheck %s

// CHECK: module attributes {seq.target = #seq.target<512, avx2|avx512|vnni>}
module attributes {seq.target = #seq.target<512, avx2|avx512|vnni>} {

// CHECK-LABEL: @matmul
func.func @matmul(%x: tensor<?x8xf32>, %w: tensor<33x8xf32>, %v: tensor<33x8xf32>, %a: tensor<?x33xf32>)
    -> tensor<?x33xf32> {
  // CHECK: %{{.*}}:2 = seq.matmul %{{.*}}, %{{.*}}, %{{.*}} init(%{{.*}}, %{{.*}}) : (tensor<?x8xf32>, tensor<33x8xf32>, tensor<33x8xf32>, tensor<?x33xf32>, tensor<?x33xf32>) -> (tensor<?x33xf32>, tensor<?x33xf32>)
  %r:2 = seq.matmul %x, %w, %v init(%a, %a)
      : (tensor<?x8xf32>, tensor<33x8xf32>, tensor<33x8xf32>, tensor<?x33xf32>, tensor<?x33xf32>)
      -> (tensor<?x33xf32>, tensor<?x33xf32>)
  return %r#1 : tensor<?x33xf32>
}

// CHECK-LABEL: @matmul_of_bytes
func.func @matmul_of_bytes(%x: tensor<?x8xi8>, %w: tensor<8x33xi8>, %a: tensor<?x33xi32>) -> tensor<?x33xi32> {
  // CHECK: seq.matmul %{{.*}}, %{{.*}} transposed excess init(%{{.*}}) : (tensor<?x8xi8>, tensor<8x33xi8>, tensor<?x33xi32>) -> tensor<?x33xi32>
  %r = seq.matmul %x, %w transposed excess init(%a)
      : (tensor<?x8xi8>, tensor<8x33xi8>, tensor<?x33xi32>) -> tensor<?x33xi32>
  return %r : tensor<?x33xi32>
}

// CHECK-LABEL: @quantized_matmul
func.func @quantized_matmul(%x: tensor<?x8xi8>, %w: tensor<8x33xi8>, %p: tensor<?xi8>, %q: tensor<i8>)
    -> (tensor<?x33xi32>, tensor<?x33xi32>, tensor<?x33xi32>) {
  // CHECK: seq.quantized_matmul %{{.*}}, %{{.*}} lhs_zero(%{{.*}}) rhs_zero(%{{.*}}) lhs_signed rhs_signed transposed : (tensor<?x8xi8>, tensor<8x33xi8>, tensor<?xi8>, tensor<i8>) -> tensor<?x33xi32>
  %r = seq.quantized_matmul %x, %w lhs_zero(%p) rhs_zero(%q) lhs_signed rhs_signed transposed
      : (tensor<?x8xi8>, tensor<8x33xi8>, tensor<?xi8>, tensor<i8>) -> tensor<?x33xi32>
  // CHECK: seq.quantized_matmul %{{.*}}, %{{.*}} rhs_zero(%{{.*}}) transposed : (tensor<?x8xi8>, tensor<8x33xi8>, tensor<i8>) -> tensor<?x33xi32>
  %s = seq.quantized_matmul %x, %w rhs_zero(%q) transposed
      : (tensor<?x8xi8>, tensor<8x33xi8>, tensor<i8>) -> tensor<?x33xi32>
  // CHECK: seq.quantized_matmul %{{.*}}, %{{.*}} transposed : (tensor<?x8xi8>, tensor<8x33xi8>) -> tensor<?x33xi32>
  %t = seq.quantized_matmul %x, %w transposed : (tensor<?x8xi8>, tensor<8x33xi8>) -> tensor<?x33xi32>
  return %r, %s, %t : tensor<?x33xi32>, tensor<?x33xi32>, tensor<?x33xi32>
}

// CHECK-LABEL: @bytes_in_panels
func.func @bytes_in_panels(%x: tensor<?x8xi8>, %w: tensor<8x33xi8>, %a: tensor<?x33xi32>)
    -> (tensor<?x33xi32>, tensor<33xi32>) {
  // CHECK: seq.pack %{{.*}} transposed excess unit 4 : (tensor<8x33xi8>) -> tensor<3x2x1x64xi8>
  %p = seq.pack %w transposed excess unit 4 : (tensor<8x33xi8>) -> tensor<3x2x1x64xi8>
  // CHECK: seq.column_sums %{{.*}} transposed excess : (tensor<8x33xi8>) -> tensor<33xi32>
  %s = seq.column_sums %w transposed excess : (tensor<8x33xi8>) -> tensor<33xi32>
  // CHECK: seq.packed_matmul %{{.*}}, %{{.*}} unit 4 init(%{{.*}}) : (tensor<?x8xi8>, tensor<3x2x1x64xi8>, tensor<?x33xi32>) -> tensor<?x33xi32>
  %r = seq.packed_matmul %x, %p unit 4 init(%a)
      : (tensor<?x8xi8>, tensor<3x2x1x64xi8>, tensor<?x33xi32>) -> tensor<?x33xi32>
  return %r, %s : tensor<?x33xi32>, tensor<33xi32>
}

// CHECK-LABEL: @halves_in_panels
func.func @halves_in_panels(%x: tensor<?x8xf32>, %w: tensor<8x33xf32>, %a: tensor<?x33xf32>) -> tensor<?x33xf32> {
  // CHECK: seq.pack %{{.*}} transposed unit 2 : (tensor<8x33xf32>) -> tensor<3x4x1x32xbf16>
  %p = seq.pack %w transposed unit 2 : (tensor<8x33xf32>) -> tensor<3x4x1x32xbf16>
  // CHECK: seq.packed_matmul %{{.*}}, %{{.*}} unit 2 init(%{{.*}}) : (tensor<?x8xf32>, tensor<3x4x1x32xbf16>, tensor<?x33xf32>) -> tensor<?x33xf32>
  %r = seq.packed_matmul %x, %p unit 2 init(%a)
      : (tensor<?x8xf32>, tensor<3x4x1x32xbf16>, tensor<?x33xf32>) -> tensor<?x33xf32>
  return %r : tensor<?x33xf32>
}

// CHECK-LABEL: @codes
func.func @codes(%x: tensor<?x40xf32>, %w: tensor<33x32xi8>, %s: tensor<33x2xf32>, %z: tensor<33x1xi8>)
    -> (tensor<?x33xf32>, tensor<?x33xf32>) {
  // CHECK: seq.blockwise_matmul %{{.*}}, %{{.*}} scales(%{{.*}}) zeros(%{{.*}}) bits 4 block 32 : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>, tensor<33x1xi8>) -> tensor<?x33xf32>
  %r = seq.blockwise_matmul %x, %w scales(%s) zeros(%z) bits 4 block 32
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>, tensor<33x1xi8>) -> tensor<?x33xf32>
  // CHECK: seq.blockwise_matmul %{{.*}}, %{{.*}} scales(%{{.*}}) bits 4 block 32 signed : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>) -> tensor<?x33xf32>
  %t = seq.blockwise_matmul %x, %w scales(%s) bits 4 block 32 signed
      : (tensor<?x40xf32>, tensor<33x32xi8>, tensor<33x2xf32>) -> tensor<?x33xf32>
  return %r, %t : tensor<?x33xf32>, tensor<?x33xf32>
}

// CHECK-LABEL: @codes_in_panels
func.func @codes_in_panels(%x: tensor<?x64xf32>, %p: tensor<3x8x1x64xi8>, %s: tensor<3x2x1x16xf32>,
                           %z: tensor<3x1x1x64xi8>, %a: tensor<?x33xf32>) -> tensor<?x33xf32> {
  // CHECK: seq.packed_matmul %{{.*}}, %{{.*}} scales(%{{.*}}) zeros(%{{.*}}) bits 4 signed unit 4 init(%{{.*}}) : (tensor<?x64xf32>, tensor<3x8x1x64xi8>, tensor<3x2x1x16xf32>, tensor<3x1x1x64xi8>, tensor<?x33xf32>) -> tensor<?x33xf32>
  %r = seq.packed_matmul %x, %p scales(%s) zeros(%z) bits 4 signed unit 4 init(%a)
      : (tensor<?x64xf32>, tensor<3x8x1x64xi8>, tensor<3x2x1x16xf32>, tensor<3x1x1x64xi8>, tensor<?x33xf32>)
      -> tensor<?x33xf32>
  return %r : tensor<?x33xf32>
}

}
