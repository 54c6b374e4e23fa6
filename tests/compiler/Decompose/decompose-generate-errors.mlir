// RUN: seqc-opt %s --seq-decompose-generate --verify-diagnostics

/// The buffer of a trace is allocated in front of the loop, so its extent must be known there.

func.func private @weights(%id: tensor<?xi32>) -> tensor<?x?xf32>

func.func @trace_of_unknown_extent(%start: tensor<?xi32>, %n: index) -> tensor<?x1x?x?xf32> {
  // expected-error @+1 {{needs extents of traces that follow from values outside the region; dimension 1 of trace 0 does not}}
  %tok, %len, %score, %why, %trace = seq.generate #seq.greedy start(%start : tensor<?xi32>) end []
      pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %m = tensor.dim %id, %c0 : tensor<?xi32>
    %e = tensor.empty(%m) : tensor<?x9xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x9xf32>) -> tensor<?x9xf32>
    %p = func.call @weights(%id) : (tensor<?xi32>) -> tensor<?x?xf32>
    seq.yield %z, %p : tensor<?x9xf32>, tensor<?x?xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
     traces(tensor<?x1x?x?xf32>)
  return %trace : tensor<?x1x?x?xf32>
}
