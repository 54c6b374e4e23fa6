// RUN: seqc-opt %s | seqc-opt | FileCheck %s

// CHECK-LABEL: func.func @forms
func.func @forms(%x: tensor<?x64xf32>, %b: tensor<?x64xi8>, %one: tensor<f32>, %point: tensor<i8>,
                 %scales: tensor<64xf16>, %points: tensor<64xi8>, %blocks: tensor<?x2xf32>) {
  // CHECK: seq.quantize %{{.*}} scale(%{{.*}}) : (tensor<?x64xf32>, tensor<f32>) -> tensor<?x64xi16>
  %0 = seq.quantize %x scale(%one) : (tensor<?x64xf32>, tensor<f32>) -> tensor<?x64xi16>
  // CHECK: seq.quantize unsigned %{{.*}} scale(%{{.*}}) zero(%{{.*}}) : (tensor<?x64xf32>, tensor<f32>, tensor<i8>) -> tensor<?x64xi8>
  %1 = seq.quantize unsigned %x scale(%one) zero(%point) : (tensor<?x64xf32>, tensor<f32>, tensor<i8>) -> tensor<?x64xi8>
  // CHECK: seq.dequantize %{{.*}} scale(%{{.*}}) zero(%{{.*}}) axis 1 : (tensor<?x64xi8>, tensor<64xf16>, tensor<64xi8>) -> tensor<?x64xf32>
  %2 = seq.dequantize %b scale(%scales) zero(%points) axis 1 : (tensor<?x64xi8>, tensor<64xf16>, tensor<64xi8>) -> tensor<?x64xf32>
  // CHECK: seq.dequantize unsigned %{{.*}} scale(%{{.*}}) axis 1 block 32 : (tensor<?x64xi8>, tensor<?x2xf32>) -> tensor<?x64xf32>
  %3 = seq.dequantize unsigned %b scale(%blocks) axis 1 block 32 : (tensor<?x64xi8>, tensor<?x2xf32>) -> tensor<?x64xf32>
  return
}
