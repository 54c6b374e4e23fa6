// RUN: seqc-opt %s --verify-roundtrip | FileCheck %s
// RUN: seqc-opt %s --mlir-print-op-generic | seqc-opt | FileCheck %s
// RUN: seqc-opt %s --emit-bytecode | seqc-opt | FileCheck %s
// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(resolve-shaped-type-result-dims))' | FileCheck %s --check-prefix=EXTENTS

// CHECK-LABEL: @rotary
// EXTENTS-LABEL: @rotary
//  EXTENTS-SAME:   %[[X:[a-z0-9]+]]: tensor<?x4x?x8xf32>
//       EXTENTS:   %[[D:.*]] = tensor.dim %[[X]], %{{.*}}
//       EXTENTS:   return %{{.*}}, %{{.*}}, %[[D]]
func.func @rotary(%x: tensor<?x4x?x8xf32>, %c: tensor<?x?x4xf32>, %s: tensor<1x?x2xf16>)
    -> (tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>, index) {
  // CHECK: seq.rotary %{{.*}} cosine(%{{.*}}) sine(%{{.*}}) : tensor<?x4x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>
  %y = seq.rotary %x cosine(%c) sine(%c) : tensor<?x4x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>
  // CHECK: seq.rotary interleaved %{{.*}} cosine(%{{.*}}) sine(%{{.*}}) : tensor<?x4x?x8xf32>, tensor<1x?x2xf16>, tensor<1x?x2xf16>
  %z = seq.rotary interleaved %y cosine(%s) sine(%s) : tensor<?x4x?x8xf32>, tensor<1x?x2xf16>, tensor<1x?x2xf16>
  %c2 = arith.constant 2 : index
  %d = tensor.dim %z, %c2 : tensor<?x4x?x8xf32>
  return %y, %z, %d : tensor<?x4x?x8xf32>, tensor<?x4x?x8xf32>, index
}
