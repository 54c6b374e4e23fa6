// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// One case or more per constraint of seq.generate.

func.func @generate_c1_missing_state(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %h0: tensor<?x8xf32>) {
  // expected-error @+1 {{step takes ('tensor<?xi32>', 'tensor<?xi32>', 'index'), but ('tensor<?xi32>', 'tensor<?xi32>', 'index', 'tensor<?x8xf32>') is required [C1]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) init(%h0 : tensor<?x8xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z, %h0 : tensor<?x50xf32>, tensor<?x8xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c1_static_lanes(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %h0: tensor<4x8xf32>) {
  // expected-error @+1 {{step takes ('tensor<?xi32>', 'tensor<?xi32>', 'index', 'tensor<4x8xf32>'), but ('tensor<?xi32>', 'tensor<?xi32>', 'index', 'tensor<?x8xf32>') is required [C1]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) init(%h0 : tensor<4x8xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<4x8xf32>):
    seq.yield %z, %h : tensor<?x50xf32>, tensor<4x8xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c1_position_type(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{step takes ('tensor<?xi32>', 'tensor<?xi32>', 'i32'), but ('tensor<?xi32>', 'tensor<?xi32>', 'index') is required [C1]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: i32):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c1_state_rank(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %h0: tensor<f32>) {
  // expected-error @+1 {{state has rank 0, but at least 1 is required [C1]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) init(%h0 : tensor<f32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<f32>):
    seq.yield %z, %h : tensor<?x50xf32>, tensor<f32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c2_too_many_yielded(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{step yields 2 values, but logits, 0 states and 0 traces are required [C2]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z, %z : tensor<?x50xf32>, tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c2_dynamic_vocabulary(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x?xf32>) {
  // expected-error @+1 {{logits have type 'tensor<?x?xf32>', but a floating-point tensor of a dynamic number of lanes and a static vocabulary is required [C2]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x?xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c2_yielded_state(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %h0: tensor<?x8xf32>) {
  // expected-error @+1 {{yielded state 0 has type 'tensor<?x50xf32>', but 'tensor<?x8xf32>' is required [C2]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) init(%h0 : tensor<?x8xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x8xf32>):
    seq.yield %z, %z : tensor<?x50xf32>, tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c2_trace_lanes(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %t: tensor<4xf32>) {
  // expected-error @+1 {{yielded trace 0 has type 'tensor<4xf32>', but a tensor with a dynamic number of lanes is required [C2]}}
  %0:5 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z, %t : tensor<?x50xf32>, tensor<4xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8> traces(tensor<?x1x?xf32>)
  return
}

// -----

func.func @generate_c4_too_many_end_ids(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{has 17 end ids, but at most 16 are allowed [C4]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c4_equal_end_ids(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{has the end id 3 twice, but end ids must be distinct [C4]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [3, 2, 3] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c4_end_id_outside(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{end id 50 is outside the vocabulary of 50 tokens [C4]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2, 50] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c4_negative_end_id(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{end id -1 is outside the vocabulary of 50 tokens [C4]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [-1] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c5_prefix_alone(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %prefix: tensor<?x?xi32>) {
  // expected-error @+1 {{has prefix without prefix_lengths, but both or none are required [C5]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) prefix(%prefix : tensor<?x?xi32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c5_prefix_lengths_alone(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %prefix_lengths: tensor<?xi32>) {
  // expected-error @+1 {{has prefix_lengths without prefix, but both or none are required [C5]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) prefix_lengths(%prefix_lengths : tensor<?xi32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c5_prefix_rows(
    %bos: tensor<2xi32>, %n: index, %z: tensor<?x50xf32>, %prefix: tensor<3x?xi32>, %prefix_lengths: tensor<2xi32>) {
  // expected-error @+1 {{prefix has shape [3, ?], but [2, ?] is required [C5]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<2xi32>) end [2] pad 0 max_new(%n) prefix(%prefix : tensor<3x?xi32>) prefix_lengths(%prefix_lengths : tensor<2xi32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c5_prefix_lengths_rows(
    %bos: tensor<2xi32>, %n: index, %z: tensor<?x50xf32>, %prefix: tensor<2x?xi32>, %prefix_lengths: tensor<3xi32>) {
  // expected-error @+1 {{prefix_lengths has shape [3], but [2] is required [C5]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<2xi32>) end [2] pad 0 max_new(%n) prefix(%prefix : tensor<2x?xi32>) prefix_lengths(%prefix_lengths : tensor<3xi32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c6_tokens(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{tokens has shape [?, 2, ?], but [?, 1, ?] is required [C6]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x2x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c6_lengths(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{lengths has shape [?, 1], but [?, 2] is required [C6]}}
  %0:4 = seq.generate #seq.beam<width = 4, n_best = 2> start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x2x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c6_scores(
    %bos: tensor<2xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{scores has shape [3, 1], but [2, 1] is required [C6]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<2xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<3x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c6_scores_element_type(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{scores have element type 'f64', but that of the logits, 'f32', is required [C6]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf64>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c6_why(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{why has shape [?, 3], but [?, 1] is required [C6]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x3xi8>
  return
}

// -----

func.func @generate_c6_trace(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{trace 0 has type 'tensor<?x1x?x49xf32>', but the shape [?, 1, ?, 50] of 'f32' is required [C6]}}
  %0:5 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z, %z : tensor<?x50xf32>, tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8> traces(tensor<?x1x?x49xf32>)
  return
}

// -----

func.func @generate_c7_min_new(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>) {
  // expected-error @+1 {{min_new is -1, but must not be negative [C7]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) attributes {min_new = -1 : i64} {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

// expected-error @+1 {{n_best is 5, but 1 to the beam width 4 is required [C3]}}
func.func private @generate_c3_more_results_than_beams() attributes {a = #seq.beam<width = 4, n_best = 5>}

// -----

// expected-error @+1 {{n_best is 0, but 1 to the beam width 4 is required [C3]}}
func.func private @generate_c3_no_result() attributes {a = #seq.beam<width = 4, n_best = 0>}

// -----

// expected-error @+1 {{beam width is 0, but at least 1 is required [C3]}}
func.func private @generate_c3_no_beam() attributes {a = #seq.beam<width = 0>}

// -----

func.func @generate_c8_temperature_of_greedy(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %x: f32) {
  // expected-error @+1 {{has temperature with #seq.greedy, but only #seq.sample takes it [C8]}}
  %0:4 = seq.generate #seq.greedy start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) temperature(%x) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

func.func @generate_c8_first_row_of_beam(
    %bos: tensor<?xi32>, %n: index, %z: tensor<?x50xf32>, %x: i64) {
  // expected-error @+1 {{has first_row with #seq.beam<width = 1>, but only #seq.sample takes it [C8]}}
  %0:4 = seq.generate #seq.beam<width = 1> start(%bos : tensor<?xi32>) end [2] pad 0 max_new(%n) first_row(%x) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index):
    seq.yield %z : tensor<?x50xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return
}

// -----

// expected-error @+1 {{temperature is -5.000000e-01, but a finite number of at least 0 is required [C8]}}
func.func private @generate_c8_cold() attributes {a = #seq.sample<temperature = -0.5>}

// -----

// expected-error @+1 {{temperature is INF, but a finite number of at least 0 is required [C8]}}
func.func private @generate_c8_hot() attributes {a = #seq.sample<temperature = 0x7FF0000000000000>}

// -----

// expected-error @+1 {{top_k is -1, but at least 0 is required [C8]}}
func.func private @generate_c8_top_k() attributes {a = #seq.sample<top_k = -1>}

// -----

// expected-error @+1 {{top_p is 0.000000e+00, but above 0 and at most 1 is required [C8]}}
func.func private @generate_c8_no_top_p() attributes {a = #seq.sample<top_p = 0.0>}

// -----

// expected-error @+1 {{top_p is 1.500000e+00, but above 0 and at most 1 is required [C8]}}
func.func private @generate_c8_great_top_p() attributes {a = #seq.sample<top_p = 1.5>}

// -----

// expected-error @+1 {{length_penalty is nan, but a finite number is required [C8]}}
func.func private @generate_c8_penalty() attributes {a = #seq.sample<length_penalty = 0x7FF8000000000000>}
