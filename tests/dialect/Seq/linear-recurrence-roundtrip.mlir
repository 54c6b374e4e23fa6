// RUN: seqc-opt %s --verify-roundtrip | FileCheck %s
// RUN: seqc-opt %s --mlir-print-op-generic | seqc-opt | FileCheck %s
// RUN: seqc-opt %s --emit-bytecode | seqc-opt | FileCheck %s

// CHECK-LABEL: @delta
func.func @delta(%s0: tensor<?x4x8x16xf32>, %a: tensor<?x?x4x8x1xf32>, %b: tensor<?x?x2x8xf16>, %v: tensor<?x?x1x16xf32>,
                 %q: tensor<?x?x8x8xbf16>, %n: tensor<?xi64>) -> (tensor<?x4x8x16xf32>, tensor<?x?x8x16xf16>) {
  // CHECK: seq.linear_recurrence real init(%{{.*}} : tensor<?x4x8x16xf32>) decay(%{{.*}} : tensor<?x?x4x8x1xf32>)
  // CHECK-SAME: lookup(%[[B:.*]] : tensor<?x?x2x8xf16>) erase(%[[B]] : tensor<?x?x2x8xf16>) key(%[[B]] : tensor<?x?x2x8xf16>)
  // CHECK-SAME: value(%{{.*}} : tensor<?x?x1x16xf32>) query(%{{.*}} : tensor<?x?x8x8xbf16>) lengths(%{{.*}} : tensor<?xi64>) reverse
  // CHECK-SAME: -> tensor<?x4x8x16xf32>, tensor<?x?x8x16xf16>
  %s, %o = seq.linear_recurrence real init(%s0 : tensor<?x4x8x16xf32>) decay(%a : tensor<?x?x4x8x1xf32>)
      lookup(%b : tensor<?x?x2x8xf16>) erase(%b : tensor<?x?x2x8xf16>) key(%b : tensor<?x?x2x8xf16>)
      value(%v : tensor<?x?x1x16xf32>) query(%q : tensor<?x?x8x8xbf16>) lengths(%n : tensor<?xi64>) reverse
      -> tensor<?x4x8x16xf32>, tensor<?x?x8x16xf16>
  return %s, %o : tensor<?x4x8x16xf32>, tensor<?x?x8x16xf16>
}

// CHECK-LABEL: @forward
func.func @forward(%s0: tensor<2x1x3x1xf64>, %m: tensor<1x1x1x3x3xf64>, %e: tensor<9x2x1x3x1xf64>)
    -> (tensor<2x1x3x1xf64>, tensor<9x2x1x3x1xf64>, tensor<2x1x3x1xf64>) {
  // CHECK: seq.linear_recurrence log init(%{{.*}} : tensor<2x1x3x1xf64>) matrix(%{{.*}} : tensor<1x1x1x3x3xf64>) decay(%{{.*}} : tensor<9x2x1x3x1xf64>) -> tensor<2x1x3x1xf64>, tensor<9x2x1x3x1xf64>
  %s, %o = seq.linear_recurrence log init(%s0 : tensor<2x1x3x1xf64>) matrix(%m : tensor<1x1x1x3x3xf64>)
      decay(%e : tensor<9x2x1x3x1xf64>) -> tensor<2x1x3x1xf64>, tensor<9x2x1x3x1xf64>
  // CHECK: seq.linear_recurrence max_plus {{.*}} -> tensor<2x1x3x1xf64>
  %best = seq.linear_recurrence max_plus init(%s0 : tensor<2x1x3x1xf64>) matrix(%m : tensor<1x1x1x3x3xf64>)
      decay(%e : tensor<9x2x1x3x1xf64>) -> tensor<2x1x3x1xf64>
  return %s, %o, %best : tensor<2x1x3x1xf64>, tensor<9x2x1x3x1xf64>, tensor<2x1x3x1xf64>
}
