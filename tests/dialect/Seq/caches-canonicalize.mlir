// RUN: seqc-opt %s --canonicalize --split-input-file | FileCheck %s

// What fills a cache from its beginning is the cache, whether there is one position or one for each row.

// CHECK-LABEL: func.func @append_all
//  CHECK-SAME:   %{{.*}}: tensor<2x3xf32>, %[[E:.*]]: tensor<2x3xf32>
//       CHECK:   return %[[E]], %[[E]]
func.func @append_all(%c: tensor<2x3xf32>, %e: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %zero = arith.constant 0 : index
  %zeros = arith.constant dense<0> : tensor<2xi64>
  %0 = seq.cache.append %c, %e at %zero axis 1 : (tensor<2x3xf32>, tensor<2x3xf32>, index) -> tensor<2x3xf32>
  %1 = seq.cache.append circular %c, %e at %zeros axis 1 : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  return %0, %1 : tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// Not from another position, not fewer, and not where extents are yet to be compared.

// CHECK-LABEL: func.func @negative_append
// CHECK-COUNT-4: seq.cache.append
func.func @negative_append(%c: tensor<2x3xf32>, %e: tensor<2x3xf32>, %f: tensor<2x2xf32>, %o: tensor<?x3xf32>, %p: tensor<?x3xf32>)
    -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<?x3xf32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %mixed = arith.constant dense<[0, 1]> : tensor<2xi32>
  %0 = seq.cache.append circular %c, %e at %one axis 1 : (tensor<2x3xf32>, tensor<2x3xf32>, index) -> tensor<2x3xf32>
  %1 = seq.cache.append circular %c, %e at %mixed axis 1 : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xi32>) -> tensor<2x3xf32>
  %2 = seq.cache.append %c, %f at %zero axis 1 : (tensor<2x3xf32>, tensor<2x2xf32>, index) -> tensor<2x3xf32>
  %3 = seq.cache.append %o, %p at %zero axis 1 : (tensor<?x3xf32>, tensor<?x3xf32>, index) -> tensor<?x3xf32>
  return %0, %1, %2, %3 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<?x3xf32>
}

// -----

// Casts that hide extents go.

// CHECK-LABEL: func.func @cast
//  CHECK-SAME:   %[[C:.*]]: tensor<2x3xf32>, %[[E:.*]]: tensor<2x1xf32>
//       CHECK:   seq.cache.append %[[C]], %[[E]] {{.*}} -> tensor<2x3xf32>
func.func @cast(%c: tensor<2x3xf32>, %e: tensor<2x1xf32>, %p: index) -> tensor<?x?xf32> {
  %0 = tensor.cast %c : tensor<2x3xf32> to tensor<?x?xf32>
  %1 = tensor.cast %e : tensor<2x1xf32> to tensor<?x?xf32>
  %2 = seq.cache.append %0, %1 at %p axis 1 : (tensor<?x?xf32>, tensor<?x?xf32>, index) -> tensor<?x?xf32>
  return %2 : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: func.func @read
//  CHECK-SAME:   %[[C:.*]]: tensor<2x3xf32>, %[[E:.*]]: tensor<2x1xf32>
//       CHECK:   return %[[C]], %[[E]]
func.func @read(%c: tensor<2x3xf32>, %e: tensor<2x1xf32>, %p: index) -> (tensor<2x3xf32>, tensor<2x1xf32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %three = arith.constant 3 : index
  %0 = seq.cache.read %c from %zero count %three axis 1 : tensor<2x3xf32> -> tensor<2x3xf32>
  %1 = seq.cache.append %c, %e at %p axis 1 : (tensor<2x3xf32>, tensor<2x1xf32>, index) -> tensor<2x3xf32>
  %2 = seq.cache.read %1 from %p count %one axis 1 : tensor<2x3xf32> -> tensor<2x1xf32>
  return %0, %2 : tensor<2x3xf32>, tensor<2x1xf32>
}

// -----

// Not at another place, not around the end, and not as many as a call says.

// CHECK-LABEL: func.func @negative_read
// CHECK-COUNT-4: seq.cache.read
func.func @negative_read(%c: tensor<2x3xf32>, %e: tensor<2x1xf32>, %p: index, %q: index)
    -> (tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x3xf32>, tensor<2x2xf32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %0 = seq.cache.append %c, %e at %p axis 1 : (tensor<2x3xf32>, tensor<2x1xf32>, index) -> tensor<2x3xf32>
  %1 = seq.cache.read %0 from %q count %one axis 1 : tensor<2x3xf32> -> tensor<2x1xf32>
  %2 = seq.cache.append circular %c, %e at %p axis 1 : (tensor<2x3xf32>, tensor<2x1xf32>, index) -> tensor<2x3xf32>
  %3 = seq.cache.read %2 from %p count %one axis 1 : tensor<2x3xf32> -> tensor<2x1xf32>
  %4 = seq.cache.read %c from %zero count %q axis 1 : tensor<2x3xf32> -> tensor<2x3xf32>
  %5 = seq.cache.read %c from %zero count %two axis 1 : tensor<2x3xf32> -> tensor<2x2xf32>
  return %1, %3, %4, %5 : tensor<2x1xf32>, tensor<2x1xf32>, tensor<2x3xf32>, tensor<2x2xf32>
}

// -----

// CHECK-LABEL: func.func @reorder_identity
//  CHECK-SAME:   %[[C:.*]]: tensor<2x3xf32>
//       CHECK:   return %[[C]], %[[C]]
func.func @reorder_identity(%c: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>) {
  %rows = arith.constant dense<[0, 1]> : tensor<2xi32>
  %each = arith.constant dense<[[0, 0, 0], [1, 1, 1]]> : tensor<2x3xi64>
  %0 = seq.cache.reorder %c by %rows : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<2x3xf32>
  %1 = seq.cache.reorder %c by %each axis 1 : (tensor<2x3xf32>, tensor<2x3xi64>) -> tensor<2x3xf32>
  return %0, %1 : tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @negative_reorder
// CHECK-COUNT-3: seq.cache.reorder
func.func @negative_reorder(%c: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<1x3xf32>, tensor<2x3xf32>) {
  %swapped = arith.constant dense<[1, 0]> : tensor<2xi32>
  %first = arith.constant dense<0> : tensor<1xi32>
  %each = arith.constant dense<[[0, 0, 0], [1, 0, 1]]> : tensor<2x3xi64>
  %0 = seq.cache.reorder %c by %swapped : (tensor<2x3xf32>, tensor<2xi32>) -> tensor<2x3xf32>
  %1 = seq.cache.reorder %c by %first : (tensor<2x3xf32>, tensor<1xi32>) -> tensor<1x3xf32>
  %2 = seq.cache.reorder %c by %each axis 1 : (tensor<2x3xf32>, tensor<2x3xi64>) -> tensor<2x3xf32>
  return %0, %1, %2 : tensor<2x3xf32>, tensor<1x3xf32>, tensor<2x3xf32>
}
