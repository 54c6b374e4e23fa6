// RUN: seqc-opt %s --verify-roundtrip | FileCheck %s
// RUN: seqc-opt %s --mlir-print-op-generic | seqc-opt | FileCheck %s
// RUN: seqc-opt %s --emit-bytecode | seqc-opt | FileCheck %s

func.func private @step(tensor<?xi32>, tensor<?x32xf32>) -> (tensor<?x50xf32>, tensor<?x32xf32>)

// CHECK-LABEL: @generate_greedy
func.func @generate_greedy(%bos: tensor<?xi32>, %n: index) {
  // CHECK: seq.generate #seq.greedy start(%{{.*}} : tensor<?xi32>) end [2] pad 0 max_new(%{{.*}}) {
  // CHECK-NEXT: ^bb0(%[[ID:id]]: tensor<?xi32>, %[[ROW:row]]: tensor<?xi32>, %[[POS:pos]]: index):
  // CHECK: } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf64>, tensor<?x1xi8>{{$}}
  %o:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    %c0 = arith.constant 0 : index
    %lanes = tensor.dim %id, %c0 : tensor<?xi32>
    %z = tensor.empty(%lanes) : tensor<?x50xf64>
    seq.yield %z : tensor<?x50xf64>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf64>, tensor<?x1xi8>
  return
}

// CHECK-LABEL: @generate_greedy_attributes
func.func @generate_greedy_attributes(%bos: tensor<?xi32>, %n: index, %h0: tensor<?x32xf32>, %p: tensor<?x?xi32>, %pl: tensor<?xi64>) {
  // CHECK: seq.generate #seq.greedy<length_penalty = 5.000000e-01> start(%{{.*}} : tensor<?xi32>) end [2, 3] pad -1 max_new(%{{.*}}) prefix(%{{.*}} : tensor<?x?xi32>) prefix_lengths(%{{.*}} : tensor<?xi64>) init(%{{.*}} : tensor<?x32xf32>) attributes {min_new = 3 : i64, note} {
  // CHECK-NEXT: ^bb0(%{{id.*}}: tensor<?xi32>, %{{row.*}}: tensor<?xi32>, %{{pos.*}}: index, %{{h.*}}: tensor<?x32xf32>):
  %o:4 = seq.generate #seq.greedy<length_penalty = 0.5> start(%bos : tensor<?xi32>) end [2, 3] pad -1 max_new(%n)
      prefix(%p : tensor<?x?xi32>) prefix_lengths(%pl : tensor<?xi64>) init(%h0 : tensor<?x32xf32>)
      attributes {min_new = 3, note} {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x32xf32>):
    %z, %h1 = func.call @step(%id, %h) : (tensor<?xi32>, tensor<?x32xf32>) -> (tensor<?x50xf32>, tensor<?x32xf32>)
    seq.yield %z, %h1 : tensor<?x50xf32>, tensor<?x32xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

/// No end token: every hypothesis runs to max_new. Rows and states may be static, lanes never are.
// CHECK-LABEL: @generate_beam_traces
func.func @generate_beam_traces(%bos: tensor<4xi32>, %n: index, %h0: tensor<4x32xf32>) {
  // CHECK: %tokens, %lengths, %scores, %why, %trace, %trace_0 = seq.generate #seq.beam<width = 4, n_best = 2> start(%{{.*}} : tensor<4xi32>) end [] pad 0 max_new(%{{.*}}) init(%{{.*}} : tensor<4x32xf32>) {
  // CHECK: } -> tensor<4x2x?xi32>, tensor<4x2xi32>, tensor<4x2xf32>, tensor<4x2xi8> traces(tensor<4x2x?x?xf32>, tensor<4x2x?xi32>)
  %o:6 = seq.generate #seq.beam<width = 4, n_best = 2> start(%bos : tensor<4xi32>) end [] pad 0 max_new(%n) init(%h0 : tensor<4x32xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x32xf32>):
    %z, %h1 = func.call @step(%id, %h) : (tensor<?xi32>, tensor<?x32xf32>) -> (tensor<?x50xf32>, tensor<?x32xf32>)
    %t = tensor.cast %h1 : tensor<?x32xf32> to tensor<?x?xf32>
    seq.yield %z, %h1, %t, %row : tensor<?x50xf32>, tensor<?x32xf32>, tensor<?x?xf32>, tensor<?xi32>
  } -> tensor<4x2x?xi32>, tensor<4x2xi32>, tensor<4x2xf32>, tensor<4x2xi8> traces(tensor<4x2x?x?xf32>, tensor<4x2x?xi32>)
  return
}

/// Attributes print what differs from the default.
// CHECK: #seq.beam<width = 1>
// CHECK: #seq.beam<width = 5, n_best = 5, length_penalty = 0.000000e+00, stop = exact>
// CHECK: #seq.beam<width = 5, stop = first>
// CHECK: #seq.greedy
func.func private @searches() attributes {
  a = #seq.beam<width = 1, n_best = 1, length_penalty = 1.0, stop = heuristic>,
  b = #seq.beam<stop = exact, width = 5, length_penalty = 0.0, n_best = 5>,
  c = #seq.beam<width = 5, stop = first>,
  d = #seq.greedy<length_penalty = 1.0>
}

// CHECK-LABEL: @generate_sample
func.func @generate_sample(%bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %a: f64, %t: f32, %p: f32, %k: index, %s: i64, %r: i64) {
  // CHECK: seq.generate #seq.sample start(%{{.*}} : tensor<?xi32>) end [2] pad 0 max_new(%{{.*}}) {
  %o:4 = seq.generate #seq.sample start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  // CHECK: seq.generate #seq.sample<temperature = 5.000000e-01, top_k = 3, top_p = 9.000000e-01, seed = 18446744073709551615, length_penalty = 0.000000e+00> start(
  // CHECK-SAME: max_new(%[[N:.*]]) length_penalty(%{{.*}}) temperature(%{{.*}}) top_k(%{{.*}}) top_p(%{{.*}}) seed(%{{.*}}) first_row(%{{.*}}) {
  %u:4 = seq.generate #seq.sample<temperature = 0.5, top_k = 3, top_p = 0.9, seed = 18446744073709551615, length_penalty = 0.0> start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n)
      length_penalty(%a) temperature(%t) top_k(%k) top_p(%p) seed(%s) first_row(%r) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  // CHECK: seq.generate #seq.beam<width = 1> {{.*}} length_penalty(%{{.*}}) {
  %v:4 = seq.generate #seq.beam<width = 1> start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) length_penalty(%a) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}
