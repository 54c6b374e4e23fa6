// RUN: seqc-opt %s -seq-number-loops | FileCheck %s

// Loops on tensors get numbers, the inner ones too. Other marks stay.
// CHECK-LABEL: func.func @nests
//       CHECK:   scf.for
//       CHECK:     scf.for
//       CHECK:     } {seq.loop_number = 0 : i64}
//       CHECK:   } {seq.loop_number = 1 : i64}
//       CHECK:   scf.for
//       CHECK:   } {seq.loop_number = 2 : i64, seq.parallel}
func.func @nests(%a: tensor<8xf32>, %n: index, %c0: index, %c1: index, %v: f32) -> (tensor<8xf32>, tensor<8xf32>) {
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%o = %a) -> (tensor<8xf32>) {
    %s = scf.for %j = %c0 to %n step %c1 iter_args(%p = %o) -> (tensor<8xf32>) {
      %q = tensor.insert %v into %p[%j] : tensor<8xf32>
      scf.yield %q : tensor<8xf32>
    }
    scf.yield %s : tensor<8xf32>
  }
  %t = scf.for %i = %c0 to %n step %c1 iter_args(%o = %a) -> (tensor<8xf32>) {
    %q = tensor.insert %v into %o[%i] : tensor<8xf32>
    scf.yield %q : tensor<8xf32>
  } {seq.parallel}
  return %r, %t : tensor<8xf32>, tensor<8xf32>
}

// Numbers begin anew in each function.
// CHECK-LABEL: func.func @again
//       CHECK:   {seq.loop_number = 0 : i64}
func.func @again(%a: tensor<8xf32>, %n: index, %c0: index, %c1: index, %v: f32) -> tensor<8xf32> {
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%o = %a) -> (tensor<8xf32>) {
    %q = tensor.insert %v into %o[%i] : tensor<8xf32>
    scf.yield %q : tensor<8xf32>
  }
  return %r : tensor<8xf32>
}

// What writes memory is never merged, and gets none.
// CHECK-LABEL: func.func @memory
//       CHECK:   scf.for
//   CHECK-NOT:   seq.loop_number
//       CHECK:   return
func.func @memory(%a: memref<8xf32>, %n: index, %c0: index, %c1: index, %v: f32) {
  scf.for %i = %c0 to %n step %c1 {
    memref.store %v, %a[%i] : memref<8xf32>
  }
  return
}
