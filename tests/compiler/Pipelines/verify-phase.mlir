// RUN: seqc-opt %s --split-input-file --verify-diagnostics \
// RUN:   --pass-pipeline='builtin.module(seq-verify-phase{phase=decompose})'
// RUN: not seqc-opt %s --split-input-file --pass-pipeline='builtin.module(seq-verify-phase{phase=polish})' \
// RUN:   2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: unknown phase 'polish'

/// What a phase may leave behind.
func.func @recurrence_may_stay(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h : tensor<?x8xf32>) {
  ^bb0(%xt: tensor<?x8xf32>, %s: tensor<?x8xf32>):
    %n = arith.addf %xt, %s : tensor<?x8xf32>
    seq.yield %n : tensor<?x8xf32>
  } states(tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}

// -----

func.func @cell_must_be_gone(%x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>)
    -> tensor<1x?x8xf32> {
  // expected-error @below {{phase 'decompose' left 'seq.rnn', which 'seq-decompose-cells' should have removed}}
  %y, %yh = seq.rnn %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return %yh : tensor<1x?x8xf32>
}
