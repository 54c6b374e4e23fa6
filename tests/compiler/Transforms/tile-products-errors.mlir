// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-tile-products))' --verify-diagnostics

/// Panels are those that the kernel reads.

func.func @other_unit(%h: tensor<?x8xi8>, %p: tensor<1x4x1x32xi8>, %a: tensor<?x16xi32>)
    -> tensor<?x16xi32> {
  // expected-error @+1 {{has panels with 2 elements of the depth side by side; its kernel bytes-avx512 requires 4}}
  %r = seq.packed_matmul %h, %p unit 2 init(%a)
      : (tensor<?x8xi8>, tensor<1x4x1x32xi8>, tensor<?x16xi32>) -> tensor<?x16xi32>
  return %r : tensor<?x16xi32>
}
