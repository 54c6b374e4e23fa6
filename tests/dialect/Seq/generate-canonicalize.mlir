// RUN: seqc-opt %s --canonicalize | FileCheck %s

func.func private @step(tensor<?xi32>, tensor<?x32xf32>) -> (tensor<?x50xf32>, tensor<?x32xf32>)

/// The second state feeds only itself, and nobody reads the first trace.
// CHECK-LABEL: @drop_unused_states_and_traces
//  CHECK-SAME:   %{{.*}}: tensor<?xi32>, %{{.*}}: index, %[[H:[^:]*]]: tensor<?x32xf32>
func.func @drop_unused_states_and_traces(%bos: tensor<?xi32>, %n: index, %h0: tensor<?x32xf32>, %c0: tensor<?x7xf32>)
    -> (tensor<?x1x?xi32>, tensor<?x1x?xi32>) {
  // CHECK: %[[TOK:.*]], %{{.*}}, %{{.*}}, %{{.*}}, %[[TRACE:.*]] = seq.generate #seq.greedy<length_penalty = 5.000000e-01> start(%{{.*}} : tensor<?xi32>) end [2] pad 7 max_new(%{{.*}}) init(%[[H]] : tensor<?x32xf32>) attributes {kept, min_new = 1 : i64} {
  // CHECK: ^bb0(%{{.*}}: tensor<?xi32>, %[[ROW:.*]]: tensor<?xi32>, %{{.*}}: index, %{{.*}}: tensor<?x32xf32>):
  // CHECK: seq.yield %{{.*}}, %{{.*}}, %[[ROW]] : tensor<?x50xf32>, tensor<?x32xf32>, tensor<?xi32>
  // CHECK: } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8> traces(tensor<?x1x?xi32>)
  // CHECK: return %[[TOK]], %[[TRACE]]
  %o:6 = seq.generate #seq.greedy<length_penalty = 0.5> start(%bos : tensor<?xi32>) end [2] pad 7 max_new(%n)
      init(%c0, %h0 : tensor<?x7xf32>, tensor<?x32xf32>) attributes {kept, min_new = 1} {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %c: tensor<?x7xf32>, %h: tensor<?x32xf32>):
    %z, %h1 = func.call @step(%id, %h) : (tensor<?xi32>, tensor<?x32xf32>) -> (tensor<?x50xf32>, tensor<?x32xf32>)
    seq.yield %z, %c, %h1, %h1, %row : tensor<?x50xf32>, tensor<?x7xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?xi32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8> traces(tensor<?x1x?x32xf32>, tensor<?x1x?xi32>)
  return %o#0, %o#5 : tensor<?x1x?xi32>, tensor<?x1x?xi32>
}

/// A state that is only looked at is needed by every step.
// CHECK-LABEL: @no_drop_constant_state
func.func @no_drop_constant_state(%bos: tensor<?xi32>, %n: index, %h0: tensor<?x32xf32>) -> tensor<?x1x?xi32> {
  // CHECK: seq.generate {{.*}} init(
  %o:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) init(%h0 : tensor<?x32xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x32xf32>):
    %z, %h1 = func.call @step(%id, %h) : (tensor<?xi32>, tensor<?x32xf32>) -> (tensor<?x50xf32>, tensor<?x32xf32>)
    seq.yield %z, %h : tensor<?x50xf32>, tensor<?x32xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %o#0 : tensor<?x1x?xi32>
}

/// A search without effects goes when nobody reads its results.
// CHECK-LABEL: @drop_unused_search
func.func @drop_unused_search(%bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // CHECK-NEXT: return
  %o:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

/// Constant operands become part of the attribute.
// CHECK-LABEL: @fold_constant_operands
func.func @fold_constant_operands(%bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %t: f32) -> tensor<?x1x?xi32> {
  %a = arith.constant 0.5 : f64
  %h = arith.constant 0.25 : f32
  %p = arith.constant 0.75 : f32
  %k = arith.constant 7 : index
  %s = arith.constant -1 : i64
  %r = arith.constant 0 : i64
  // CHECK: seq.generate #seq.sample<temperature = 2.500000e-01, top_k = 7, top_p = 7.500000e-01, seed = 18446744073709551615, length_penalty = 5.000000e-01> start(%{{.*}} : tensor<?xi32>) end [2] pad 0 max_new(%{{.*}}) {
  %o:4 = seq.generate #seq.sample start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) length_penalty(%a) temperature(%h) top_k(%k) top_p(%p) seed(%s) first_row(%r) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %o#0 : tensor<?x1x?xi32>
}

/// So does the length penalty of other searches.
// CHECK-LABEL: @fold_length_penalty
func.func @fold_length_penalty(%bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %t: f32) -> tensor<?x1x?xi32> {
  %a = arith.constant 0.5 : f64
  // CHECK: seq.generate #seq.beam<width = 1, length_penalty = 5.000000e-01> {{.*}} max_new(%{{.*}}) {
  %o:4 = seq.generate #seq.beam<width = 1> start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) length_penalty(%a) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %o#0 : tensor<?x1x?xi32>
}

/// What no attribute may hold stays, as does the number of a first row.
// CHECK-LABEL: @no_fold_of_what_is_wrong
func.func @no_fold_of_what_is_wrong(%bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %t: f32) -> tensor<?x1x?xi32> {
  %p = arith.constant 1.5 : f32
  %r = arith.constant 3 : i64
  // CHECK: seq.generate #seq.sample start({{.*}} top_p(%{{.*}}) first_row(%{{.*}}) {
  %o:4 = seq.generate #seq.sample start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) top_p(%p) first_row(%r) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %o#0 : tensor<?x1x?xi32>
}

/// Without temperature the most probable token is taken.
// CHECK-LABEL: @cold_sampling_is_greedy
func.func @cold_sampling_is_greedy(%bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %t: f32) -> tensor<?x1x?xi32> {
  %k = arith.constant 9 : index
  // CHECK: seq.generate #seq.greedy<length_penalty = 5.000000e-01> start({{.*}} max_new(%{{.*}}) {
  %o:4 = seq.generate #seq.sample<temperature = 1.0e-40, length_penalty = 0.5> start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) top_k(%k) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %o#0 : tensor<?x1x?xi32>
}

/// Drawn from one token, it is the most probable one.
// CHECK-LABEL: @single_token_is_greedy
func.func @single_token_is_greedy(%bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %t: f32) -> tensor<?x1x?xi32> {
  %s = arith.constant 9 : i64
  // CHECK: seq.generate #seq.greedy start({{.*}} max_new(%{{.*}}) {
  %o:4 = seq.generate #seq.sample<top_k = 1> start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) temperature(%t) seed(%s) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %o#0 : tensor<?x1x?xi32>
}

/// A temperature that is not known may be any.
// CHECK-LABEL: @no_greedy_when_the_call_decides
func.func @no_greedy_when_the_call_decides(%bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %t: f32) -> tensor<?x1x?xi32> {
  // CHECK: seq.generate #seq.sample<temperature = 0.000000e+00> {{.*}} temperature(%{{.*}}) {
  %o:4 = seq.generate #seq.sample<temperature = 0.0> start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) temperature(%t) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %o#0 : tensor<?x1x?xi32>
}
