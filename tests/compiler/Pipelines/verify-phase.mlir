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
  // expected-error @below {{phase 'decompose' left 'seq.rnn', which may exist up to phase 'select'; allowed are affine, arith, bufferization, builtin.module, func, linalg, math, memref, scf, tensor, ub, seq.}}
  %y, %yh = seq.rnn %x, %w, %r
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>)
      -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return %yh : tensor<1x?x8xf32>
}

// -----

/// Ops of dialects that no phase uses.
func.func @unknown_dialect(%x: index) -> i1 {
  // expected-error @below {{phase 'decompose' left 'index.bool.constant', which no phase knows; allowed are}}
  %0 = index.bool.constant true
  return %0 : i1
}

// -----

/// An op too early.
func.func @too_early() {
  // expected-error @below {{phase 'decompose' left 'llvm.mlir.poison', which may exist after phase 'llvm' only; allowed are}}
  %0 = llvm.mlir.poison : i32
  return
}

// -----

func.func @between(%x: memref<4xf32>) {
  // expected-error @below {{phase 'decompose' left 'vector.constant_mask', which may exist after phases 'tile' to 'bufferize'; allowed are}}
  %0 = vector.constant_mask [2] : vector<4xi1>
  return
}

// -----

/// Types are part of the contract, those of arguments too.
// expected-error @below {{phase 'decompose' left a value of type '!llvm.ptr', which may exist after phase 'llvm' only; allowed are float, index, integer, memref, tensor, vector}}
func.func @type(%x: !llvm.ptr) {
  return
}

// -----

// expected-error @below {{phase 'decompose' left a value of type 'tuple<>', which no phase knows; allowed are}}
func.func private @unknown_type(%x: tuple<>) {
  return
}
