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
