// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-remove-self-copies))' | FileCheck %s

// CHECK-LABEL: func.func @remove_only_self_copies
//  CHECK-SAME:   %[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32>
//  CHECK-NEXT:   memref.copy %[[X]], %[[Y]]
//  CHECK-NEXT:   return
func.func @remove_only_self_copies(%x: memref<4xf32>, %y: memref<4xf32>) {
  memref.copy %x, %x : memref<4xf32> to memref<4xf32>
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return
}

// CHECK-LABEL: func.func @linalg_copies
//  CHECK-SAME:   %[[X:.*]]: memref<4xf32>, %[[Y:.*]]: memref<4xf32>, %[[Z:.*]]: memref<4xf16>
//  CHECK-NEXT:   memref.copy %[[X]], %[[Y]]
//  CHECK-NEXT:   linalg.copy ins(%[[X]] : {{.*}}) outs(%[[Z]] :
//  CHECK-NEXT:   return
func.func @linalg_copies(%x: memref<4xf32>, %y: memref<4xf32>, %z: memref<4xf16>) {
  linalg.copy ins(%x : memref<4xf32>) outs(%x : memref<4xf32>)
  linalg.copy ins(%x : memref<4xf32>) outs(%y : memref<4xf32>)
  linalg.copy ins(%x : memref<4xf32>) outs(%z : memref<4xf16>)
  return
}
