// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// Static extents of seq.generate that contradict each other.

func.func @generate_c9_state_rows(
    %bos: tensor<3xi32>, %n: index, %z: tensor<?x50xf32>, %h0: tensor<2x8xf32>) {
  // expected-error @+1 {{state 0 has shape [2, 8], but one row for each of the 3 rows is required [C9]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<3xi32>) end [2] pad 0 max_new(%n) init(%h0 : tensor<2x8xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x8xf32>):
    seq.yield %z, %h : tensor<?x50xf32>, tensor<?x8xf32>
  } -> tensor<3x1x?xi32>, tensor<3x1xi32>, tensor<3x1xf32>, tensor<3x1xi8>
  return
}

// -----

func.func @generate_c9_states(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %h0: tensor<2x8xf32>, %c0: tensor<1x8xf32>) {
  // expected-error @+1 {{state 1 has shape [1, 8], but one row for each of the 2 rows is required [C9]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n)
      init(%h0, %c0 : tensor<2x8xf32>, tensor<1x8xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x8xf32>, %c: tensor<?x8xf32>):
    seq.yield %z, %h, %c : tensor<?x50xf32>, tensor<?x8xf32>, tensor<?x8xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c5_prefix_and_lengths(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %p: tensor<2x4xi32>, %pl: tensor<3xi32>) {
  // expected-error @+1 {{prefix_lengths has shape [3], but [2] is required [C5]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n)
      prefix(%p : tensor<2x4xi32>) prefix_lengths(%pl : tensor<3xi32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c6_rows_of_results(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{scores has shape [3, 1], but [2, 1] is required [C6]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<2x1xi32>, tensor<3x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c6_rows_of_states(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %h0: tensor<2x8xf32>) {
  // expected-error @+1 {{tokens has shape [3, 1, ?], but [2, 1, ?] is required [C6]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) init(%h0 : tensor<2x8xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x8xf32>):
    seq.yield %z, %h : tensor<?x50xf32>, tensor<?x8xf32>
  } -> tensor<3x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c6_length_of_trace(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{trace 0 has shape [?, 1, 7, 50], but [?, 1, 5, 50] is required [C6]}}
  %0:5 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z, %z : tensor<?x50xf32>, tensor<?x50xf32>
  } -> tensor<?x1x5xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8> traces(tensor<?x1x7x50xf32>)
  return
}

// -----

func.func @generate_c6_rows_of_ends(%bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{why has shape [3, 1], but [2, 1] is required [C6]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<2x1xi32>, tensor<?x1xf32>, tensor<3x1xi8>
  return
}

// -----

func.func @generate_c6_rows_of_prefix(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %p: tensor<2x4xi32>, %pl: tensor<?xi32>) {
  // expected-error @+1 {{tokens has shape [3, 1, ?], but [2, 1, ?] is required [C6]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n)
      prefix(%p : tensor<2x4xi32>) prefix_lengths(%pl : tensor<?xi32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<3x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c9_rows_of_prefix(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %p: tensor<2x4xi32>, %pl: tensor<?xi32>, %h0: tensor<3x8xf32>) {
  // expected-error @+1 {{state 0 has shape [3, 8], but one row for each of the 2 rows is required [C9]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n)
      prefix(%p : tensor<2x4xi32>) prefix_lengths(%pl : tensor<?xi32>) init(%h0 : tensor<3x8xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x8xf32>):
    seq.yield %z, %h : tensor<?x50xf32>, tensor<?x8xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c6_rows_of_trace(%bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{trace 0 has shape [2, 1, 5, 50], but [3, 1, 5, 50] is required [C6]}}
  %0:5 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z, %z : tensor<?x50xf32>, tensor<?x50xf32>
  } -> tensor<3x1x5xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8> traces(tensor<2x1x5x50xf32>)
  return
}
