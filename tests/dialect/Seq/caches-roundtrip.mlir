// RUN: seqc-opt %s | seqc-opt | FileCheck %s

// CHECK-LABEL: func.func @append
func.func @append(%c: tensor<?x4x64x8xf16>, %e: tensor<?x4x?x8xf16>, %p: index, %q: tensor<?xi64>, %l: tensor<9xi32>,
                  %m: tensor<2xi32>) {
  // CHECK: seq.cache.append %{{.*}}, %{{.*}} at %{{.*}} axis 2 : (tensor<?x4x64x8xf16>, tensor<?x4x?x8xf16>, index) -> tensor<?x4x64x8xf16>
  %0 = seq.cache.append %c, %e at %p axis 2 : (tensor<?x4x64x8xf16>, tensor<?x4x?x8xf16>, index) -> tensor<?x4x64x8xf16>
  // CHECK: seq.cache.append circular %{{.*}}, %{{.*}} at %{{.*}} axis 2 : (tensor<?x4x64x8xf16>, tensor<?x4x?x8xf16>, tensor<?xi64>) -> tensor<?x4x64x8xf16>
  %1 = seq.cache.append circular %c, %e at %q axis 2 : (tensor<?x4x64x8xf16>, tensor<?x4x?x8xf16>, tensor<?xi64>) -> tensor<?x4x64x8xf16>
  // CHECK: seq.cache.append %{{.*}}, %{{.*}} at %{{.*}} axis 0 : (tensor<9xi32>, tensor<2xi32>, index) -> tensor<9xi32>
  %2 = seq.cache.append %l, %m at %p axis 0 : (tensor<9xi32>, tensor<2xi32>, index) -> tensor<9xi32>
  return
}

// CHECK-LABEL: func.func @read
func.func @read(%c: tensor<?x4x64x8xf32>, %b: index, %n: index) {
  // CHECK: seq.cache.read %{{.*}} from %{{.*}} count %{{.*}} axis 2 : tensor<?x4x64x8xf32> -> tensor<?x4x?x8xf32>
  %0 = seq.cache.read %c from %b count %n axis 2 : tensor<?x4x64x8xf32> -> tensor<?x4x?x8xf32>
  // CHECK: seq.cache.read %{{.*}} from %{{.*}} count %{{.*}} axis 2 : tensor<?x4x64x8xf32> -> tensor<?x4x3x8xf32>
  %1 = seq.cache.read %c from %b count %n axis 2 : tensor<?x4x64x8xf32> -> tensor<?x4x3x8xf32>
  return
}

// CHECK-LABEL: func.func @reorder
func.func @reorder(%c: tensor<?x4x64x8xbf16>, %p: tensor<6xi32>, %q: tensor<?x?xi64>) {
  // CHECK: seq.cache.reorder %{{.*}} by %{{.*}} : (tensor<?x4x64x8xbf16>, tensor<6xi32>) -> tensor<6x4x64x8xbf16>
  %0 = seq.cache.reorder %c by %p : (tensor<?x4x64x8xbf16>, tensor<6xi32>) -> tensor<6x4x64x8xbf16>
  // CHECK: seq.cache.reorder %{{.*}} by %{{.*}} axis 2 : (tensor<?x4x64x8xbf16>, tensor<?x?xi64>) -> tensor<?x4x64x8xbf16>
  %1 = seq.cache.reorder %c by %q axis 2 : (tensor<?x4x64x8xbf16>, tensor<?x?xi64>) -> tensor<?x4x64x8xbf16>
  return
}
