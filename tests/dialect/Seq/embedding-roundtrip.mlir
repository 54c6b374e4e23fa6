// RUN: seqc-opt %s | seqc-opt | FileCheck %s

// CHECK-LABEL: func.func @lookups
func.func @lookups(%i: tensor<?x?xi32>, %j: tensor<i64>, %t: tensor<100x8xf16>, %v: tensor<?xi32>) {
  // CHECK: seq.embedding %{{.*}} of %{{.*}} : (tensor<?x?xi32>, tensor<100x8xf16>) -> tensor<?x?x8xf16>
  %0 = seq.embedding %i of %t : (tensor<?x?xi32>, tensor<100x8xf16>) -> tensor<?x?x8xf16>
  // CHECK: seq.embedding %{{.*}} of %{{.*}} : (tensor<i64>, tensor<?xi32>) -> tensor<i32>
  %1 = seq.embedding %j of %v : (tensor<i64>, tensor<?xi32>) -> tensor<i32>
  // CHECK: seq.embedding from_end %{{.*}} of %{{.*}} : (tensor<i64>, tensor<100x8xf16>) -> tensor<8xf16>
  %2 = seq.embedding from_end %j of %t : (tensor<i64>, tensor<100x8xf16>) -> tensor<8xf16>
  return
}
