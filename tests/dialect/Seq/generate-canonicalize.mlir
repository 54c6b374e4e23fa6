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
