// RUN: seqc-opt %s --split-input-file --verify-diagnostics \
// RUN:   --pass-pipeline='builtin.module(func.func(convert-seq-recurrence-to-scf))'

func.func @lengths(%x: tensor<?x?x8xf32>, %h: tensor<?x8xf32>, %len: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-error @below {{still has lengths; 'seq-pack-ragged' must run before 'convert-seq-recurrence-to-scf'}}
  %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h : tensor<?x8xf32>)
      lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<?x8xf32>, %s: tensor<?x8xf32>):
    %n = arith.addf %xt, %s : tensor<?x8xf32>
    seq.yield %n : tensor<?x8xf32>
  } states(tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}

// -----

func.func @dynamic_feature(%x: tensor<?x?x?xf32>, %h: tensor<?x?xf32>) -> tensor<?x?xf32> {
  // expected-error @below {{has a dynamic extent in dimension 1 of 'tensor<?x?xf32>'; only time and batch may be dynamic}}
  %last = seq.recurrence scan(%x : tensor<?x?x?xf32>) init(%h : tensor<?x?xf32>) {
  ^bb0(%xt: tensor<?x?xf32>, %s: tensor<?x?xf32>):
    %n = arith.addf %xt, %s : tensor<?x?xf32>
    seq.yield %n : tensor<?x?xf32>
  } states(tensor<?x?xf32>)
  return %last : tensor<?x?xf32>
}
