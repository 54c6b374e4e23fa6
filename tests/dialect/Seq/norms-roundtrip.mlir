// RUN: seqc-opt %s --verify-roundtrip | FileCheck %s
// RUN: seqc-opt %s --mlir-print-op-generic | seqc-opt | FileCheck %s
// RUN: seqc-opt %s --emit-bytecode | seqc-opt | FileCheck %s

// CHECK-LABEL: @softmax
func.func @softmax(%x: tensor<?x?xf32>, %h: tensor<4x?x8xf16>) -> (tensor<?x?xf32>, tensor<4x?x8xf16>) {
  // CHECK: seq.softmax %{{.*}} dims [1] : tensor<?x?xf32>
  %p = seq.softmax %x dims [1] : tensor<?x?xf32>
  // CHECK: seq.softmax log %{{.*}} dims [1, 2] : tensor<4x?x8xf16>
  %l = seq.softmax log %h dims [1, 2] : tensor<4x?x8xf16>
  return %p, %l : tensor<?x?xf32>, tensor<4x?x8xf16>
}

// CHECK-LABEL: @norms
func.func @norms(%x: tensor<?x?x8xf32>, %s: tensor<8xf32>, %b: tensor<8xf16>)
    -> (tensor<?x?x8xf16>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  // CHECK: seq.norm layer %{{.*}} from 2 epsilon 1.000000e-05 scale(%{{.*}}) bias(%{{.*}}) : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<8xf16>) -> tensor<?x?x8xf16>
  %y = seq.norm layer %x from 2 epsilon 1.0e-5 scale(%s) bias(%b)
      : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<8xf16>) -> tensor<?x?x8xf16>
  // CHECK: seq.norm rms %{{.*}} from 1 epsilon 0.000000e+00 : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %r = seq.norm rms %x from 1 epsilon 0.0 : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  // CHECK: seq.norm group %{{.*}} from 2 groups 4 epsilon {{.*}} bias(%{{.*}}) :
  %g = seq.norm group %x from 2 groups 4 epsilon 1.0e-5 bias(%s)
      : (tensor<?x?x8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  return %y, %r, %g : tensor<?x?x8xf16>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
}
