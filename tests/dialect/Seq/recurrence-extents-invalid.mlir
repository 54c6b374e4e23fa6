// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// Static extents of seq.recurrence that contradict each other, wherever they stand.

func.func @recurrence_c7_scanned_inputs(%x: tensor<4096x2x4xf32>, %y: tensor<1x2x4xf32>) {
  // expected-error @+1 {{scanned input 1 has shape [1, 2, 4], but 4096 time steps are required [C7]}}
  %o = seq.recurrence scan(%x, %y : tensor<4096x2x4xf32>, tensor<1x2x4xf32>) {
  ^bb0(%xt: tensor<2x4xf32>, %yt: tensor<2x4xf32>):
    %s = arith.addf %xt, %yt : tensor<2x4xf32>
    seq.yield %s : tensor<2x4xf32>
  } outputs(tensor<?x2x4xf32>)
  return
}

// -----

/// The first input is dynamic: the others still have to agree.
func.func @recurrence_c7_behind_a_dynamic_one(%x: tensor<?x2x4xf32>, %y: tensor<5x2x4xf32>, %z: tensor<6x2x4xf32>) {
  // expected-error @+1 {{scanned input 2 has shape [6, 2, 4], but 5 time steps are required [C7]}}
  %o = seq.recurrence scan(%x, %y, %z : tensor<?x2x4xf32>, tensor<5x2x4xf32>, tensor<6x2x4xf32>) {
  ^bb0(%xt: tensor<2x4xf32>, %yt: tensor<2x4xf32>, %zt: tensor<2x4xf32>):
    seq.yield %xt : tensor<2x4xf32>
  } outputs(tensor<?x2x4xf32>)
  return
}

// -----

func.func @recurrence_c7_output(%x: tensor<3x2x4xf32>) {
  // expected-error @+1 {{output 0 has shape [7, 2, 4], but 3 time steps are required [C7]}}
  %o = seq.recurrence scan(%x : tensor<3x2x4xf32>) {
  ^bb0(%xt: tensor<2x4xf32>):
    seq.yield %xt : tensor<2x4xf32>
  } outputs(tensor<7x2x4xf32>)
  return
}

// -----

func.func @recurrence_c7_outputs_of_steps(%n: index, %h0: tensor<2x4xf32>) {
  // expected-error @+1 {{output 1 has shape [7, 2, 4], but 3 time steps are required [C7]}}
  %o:3 = seq.recurrence init(%h0 : tensor<2x4xf32>) steps(%n) {
  ^bb0(%h: tensor<2x4xf32>):
    seq.yield %h, %h, %h : tensor<2x4xf32>, tensor<2x4xf32>, tensor<2x4xf32>
  } outputs(tensor<3x2x4xf32>, tensor<7x2x4xf32>) states(tensor<2x4xf32>)
  return
}

// -----

func.func @recurrence_c8_scanned_inputs(%x: tensor<?x2x4xf32>, %y: tensor<?x3x4xf32>) {
  // expected-error @+1 {{scanned input 1 has shape [?, 3, 4], but 2 batch rows are required [C8]}}
  %o = seq.recurrence scan(%x, %y : tensor<?x2x4xf32>, tensor<?x3x4xf32>) {
  ^bb0(%xt: tensor<2x4xf32>, %yt: tensor<3x4xf32>):
    seq.yield %xt : tensor<2x4xf32>
  } outputs(tensor<?x2x4xf32>)
  return
}

// -----

func.func @recurrence_c8_state(%x: tensor<?x2x4xf32>, %h0: tensor<3x4xf32>) {
  // expected-error @+1 {{state 0 has shape [3, 4], but 2 batch rows are required [C8]}}
  %last = seq.recurrence scan(%x : tensor<?x2x4xf32>) init(%h0 : tensor<3x4xf32>) {
  ^bb0(%xt: tensor<2x4xf32>, %h: tensor<3x4xf32>):
    seq.yield %h : tensor<3x4xf32>
  } states(tensor<3x4xf32>)
  return
}

// -----

func.func @recurrence_c8_states(%x: tensor<?x?x4xf32>, %h0: tensor<3x4xf32>, %c0: tensor<1x4xf32>) {
  // expected-error @+1 {{state 1 has shape [1, 4], but 3 batch rows are required [C8]}}
  %last:2 = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0, %c0 : tensor<3x4xf32>, tensor<1x4xf32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<3x4xf32>, %c: tensor<1x4xf32>):
    seq.yield %h, %c : tensor<3x4xf32>, tensor<1x4xf32>
  } states(tensor<3x4xf32>, tensor<1x4xf32>)
  return
}

// -----

func.func @recurrence_c8_output(%x: tensor<?x2x4xf32>, %w: tensor<5x4xf32>) {
  // expected-error @+1 {{output 0 has shape [?, 5, 4], but 2 batch rows are required [C8]}}
  %o = seq.recurrence scan(%x : tensor<?x2x4xf32>) {
  ^bb0(%xt: tensor<2x4xf32>):
    seq.yield %w : tensor<5x4xf32>
  } outputs(tensor<?x5x4xf32>)
  return
}

// -----

func.func @recurrence_c8_lengths(%x: tensor<?x?x4xf32>, %h0: tensor<3x4xf32>, %len: tensor<2xi32>) {
  // expected-error @+1 {{lengths has shape [2], but 3 batch rows are required [C8]}}
  %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<3x4xf32>) lengths(%len : tensor<2xi32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<3x4xf32>):
    seq.yield %h : tensor<3x4xf32>
  } states(tensor<3x4xf32>)
  return
}

// -----

func.func @recurrence_c8_flat_states(%h0: tensor<3x4xf32>, %c0: tensor<2x4xf32>, %counts: tensor<?xindex>) {
  // expected-error @+1 {{state 1 has shape [2, 4], but 3 batch rows are required [C8]}}
  %last:2 = seq.recurrence init(%h0, %c0 : tensor<3x4xf32>, tensor<2x4xf32>) counts(%counts : tensor<?xindex>) {
  ^bb0(%h: tensor<?x4xf32>, %c: tensor<?x4xf32>):
    seq.yield %h, %c : tensor<?x4xf32>, tensor<?x4xf32>
  } states(tensor<3x4xf32>, tensor<2x4xf32>)
  return
}

// -----

func.func @recurrence_c9_scanned_inputs(%x: tensor<6x4xf32>, %y: tensor<5x4xf32>, %counts: tensor<?xindex>) {
  // expected-error @+1 {{scanned input 1 has shape [5, 4], but 6 living rows are required [C9]}}
  %o = seq.recurrence scan(%x, %y : tensor<6x4xf32>, tensor<5x4xf32>) counts(%counts : tensor<?xindex>) {
  ^bb0(%xt: tensor<?x4xf32>, %yt: tensor<?x4xf32>):
    seq.yield %xt : tensor<?x4xf32>
  } outputs(tensor<?x4xf32>)
  return
}

// -----

func.func @recurrence_c9_output(%x: tensor<6x4xf32>, %counts: tensor<?xindex>) {
  // expected-error @+1 {{output 0 has shape [7, 4], but 6 living rows are required [C9]}}
  %o = seq.recurrence scan(%x : tensor<6x4xf32>) counts(%counts : tensor<?xindex>) {
  ^bb0(%xt: tensor<?x4xf32>):
    seq.yield %xt : tensor<?x4xf32>
  } outputs(tensor<7x4xf32>)
  return
}

// -----

func.func @recurrence_c9_more_rows_than_steps(%x: tensor<100x4xf32>, %h0: tensor<3x4xf32>, %counts: tensor<2xindex>) {
  // expected-error @+1 {{stores 100 living rows, but 2 steps of 3 batch rows have at most 6 [C9]}}
  %last = seq.recurrence scan(%x : tensor<100x4xf32>) init(%h0 : tensor<3x4xf32>) counts(%counts : tensor<2xindex>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    seq.yield %xt : tensor<?x4xf32>
  } states(tensor<3x4xf32>)
  return
}

// -----

func.func @recurrence_c8_lengths_and_output(%x: tensor<?x?x4xf32>, %w: tensor<3x4xf32>, %len: tensor<2xi32>) {
  // expected-error @+1 {{lengths has shape [2], but 3 batch rows are required [C8]}}
  %o = seq.recurrence scan(%x : tensor<?x?x4xf32>) lengths(%len : tensor<2xi32>) {
  ^bb0(%xt: tensor<?x4xf32>):
    seq.yield %w : tensor<3x4xf32>
  } outputs(tensor<?x3x4xf32>)
  return
}

// -----

func.func @recurrence_c9_output_of_more_rows(%h0: tensor<3x4xf32>, %counts: tensor<2xindex>) {
  // expected-error @+1 {{stores 7 living rows, but 2 steps of 3 batch rows have at most 6 [C9]}}
  %o, %last = seq.recurrence init(%h0 : tensor<3x4xf32>) counts(%counts : tensor<2xindex>) {
  ^bb0(%h: tensor<?x4xf32>):
    seq.yield %h, %h : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<7x4xf32>) states(tensor<3x4xf32>)
  return
}
