// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-decompose-attention))' --verify-diagnostics

/// Which query heads share a key head must be known.

func.func @grouped_dynamic(%q: tensor<?x4x?x8xf32>, %k: tensor<?x?x?x8xf32>,
    %v: tensor<?x?x?x8xf32>) -> tensor<?x4x?x8xf32> {
  // expected-error @+1 {{needs static numbers of heads}}
  %o = seq.attention dot %q, %k, %v
      : (tensor<?x4x?x8xf32>, tensor<?x?x?x8xf32>, tensor<?x?x?x8xf32>) -> tensor<?x4x?x8xf32>
  return %o : tensor<?x4x?x8xf32>
}

func.func @heads_dynamic(%q: tensor<?x?x?x8xf64>, %k: tensor<?x?x?x8xf64>) -> tensor<?x?x?x8xf64> {
  // expected-error @+1 {{needs static numbers of heads}}
  %o = seq.attention dot %q, %k, %k
      : (tensor<?x?x?x8xf64>, tensor<?x?x?x8xf64>, tensor<?x?x?x8xf64>) -> tensor<?x?x?x8xf64>
  return %o : tensor<?x?x?x8xf64>
}
