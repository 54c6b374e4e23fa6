// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// One case or more per constraint of seq.recurrence.

func.func @recurrence_c1_scanned_rank(%x: tensor<?xf32>) {
  // expected-error @+1 {{scanned input has rank 1, but at least 2 is required [C1]}}
  %o = seq.recurrence scan(%x : tensor<?xf32>) {
  ^bb0(%xt: tensor<f32>):
    seq.yield %xt : tensor<f32>
  } outputs(tensor<?xf32>)
  return
}

// -----

func.func @recurrence_c1_flat_scanned_rank(%x: tensor<f32>, %counts: tensor<?xindex>) {
  // expected-error @+1 {{scanned input has rank 0, but at least 1 is required [C1]}}
  %o = seq.recurrence scan(%x : tensor<f32>) counts(%counts : tensor<?xindex>) {
  ^bb0(%xt: tensor<?xf32>):
    seq.yield %xt : tensor<?xf32>
  } outputs(tensor<?xf32>)
  return
}

// -----

func.func @recurrence_c1_state_rank(%x: tensor<?x?xf32>, %h0: tensor<f32>) {
  // expected-error @+1 {{state has rank 0, but at least 1 is required [C1]}}
  %o = seq.recurrence scan(%x : tensor<?x?xf32>) init(%h0 : tensor<f32>) {
  ^bb0(%xt: tensor<?xf32>, %h: tensor<f32>):
    seq.yield %h : tensor<f32>
  } states(tensor<f32>)
  return
}

// -----

func.func @recurrence_c2_missing_state_argument(%x: tensor<5x2x4xf32>, %h0: tensor<2x8xf32>) {
  // expected-error @+1 {{cell takes 1 arguments, but 1 step slices and 1 states are passed [C2]}}
  %last = seq.recurrence scan(%x : tensor<5x2x4xf32>) init(%h0 : tensor<2x8xf32>) {
  ^bb0(%xt: tensor<2x4xf32>):
    seq.yield %h0 : tensor<2x8xf32>
  } states(tensor<2x8xf32>)
  return
}

// -----

func.func @recurrence_c2_slice_type(%x: tensor<5x2x4xf32>) {
  // expected-error @+1 {{step slice 0 has type 'tensor<5x4xf32>', but 'tensor<2x4xf32>' is required [C2]}}
  %o = seq.recurrence scan(%x : tensor<5x2x4xf32>) {
  ^bb0(%xt: tensor<5x4xf32>):
    seq.yield %xt : tensor<5x4xf32>
  } outputs(tensor<5x5x4xf32>)
  return
}

// -----

func.func @recurrence_c2_state_type(%x: tensor<5x2x4xf32>, %h0: tensor<2x8xf32>) {
  // expected-error @+1 {{state argument 0 has type 'tensor<2x8xf64>', but 'tensor<2x8xf32>' is required [C2]}}
  %last = seq.recurrence scan(%x : tensor<5x2x4xf32>) init(%h0 : tensor<2x8xf32>) {
  ^bb0(%xt: tensor<2x4xf32>, %h: tensor<2x8xf64>):
    seq.yield %h : tensor<2x8xf64>
  } states(tensor<2x8xf32>)
  return
}

// -----

/// In the flat form a step covers the living rows only, whatever the batch.
func.func @recurrence_c2_flat_state_type(%x: tensor<?x8xf32>, %h0: tensor<16x8xf32>, %counts: tensor<?xindex>) {
  // expected-error @+1 {{state argument 0 has type 'tensor<16x8xf32>', but 'tensor<?x8xf32>' is required [C2]}}
  %last = seq.recurrence scan(%x : tensor<?x8xf32>) init(%h0 : tensor<16x8xf32>) counts(%counts : tensor<?xindex>) {
  ^bb0(%xt: tensor<?x8xf32>, %h: tensor<16x8xf32>):
    seq.yield %h : tensor<16x8xf32>
  } states(tensor<16x8xf32>)
  return
}

// -----

func.func @recurrence_c3_too_few_yielded(%x: tensor<5x2x4xf32>) {
  // expected-error @+1 {{cell yields 0 values, but 0 states and 1 outputs are required [C3]}}
  %o = seq.recurrence scan(%x : tensor<5x2x4xf32>) {
  ^bb0(%xt: tensor<2x4xf32>):
    seq.yield
  } outputs(tensor<5x2x4xf32>)
  return
}

// -----

func.func @recurrence_c3_yielded_state(%x: tensor<5x2x4xf32>, %h0: tensor<2x8xf32>) {
  // expected-error @+1 {{yielded state 0 has type 'tensor<2x4xf32>', but 'tensor<2x8xf32>' is required [C3]}}
  %last = seq.recurrence scan(%x : tensor<5x2x4xf32>) init(%h0 : tensor<2x8xf32>) {
  ^bb0(%xt: tensor<2x4xf32>, %h: tensor<2x8xf32>):
    seq.yield %xt : tensor<2x4xf32>
  } states(tensor<2x8xf32>)
  return
}

// -----

func.func @recurrence_c3_yielded_output(%x: tensor<5x2x4xf32>) {
  // expected-error @+1 {{yielded output 0 has type 'tensor<2x4xf32>', but 'tensor<?x4xf32>' is required [C3]}}
  %o = seq.recurrence scan(%x : tensor<5x2x4xf32>) {
  ^bb0(%xt: tensor<2x4xf32>):
    seq.yield %xt : tensor<2x4xf32>
  } outputs(tensor<5x?x4xf32>)
  return
}

// -----

func.func @recurrence_c3_output_rank(%x: tensor<5x2x4xf32>) {
  // expected-error @+1 {{output has rank 0, but at least 1 is required [C3]}}
  %o = seq.recurrence scan(%x : tensor<5x2x4xf32>) {
  ^bb0(%xt: tensor<2x4xf32>):
    seq.yield %xt : tensor<2x4xf32>
  } outputs(tensor<f32>)
  return
}

// -----

func.func @recurrence_c4_lengths_and_counts(%x: tensor<?x8xf32>, %len: tensor<?xi32>, %counts: tensor<?xindex>) {
  // expected-error @+1 {{has lengths and counts, but at most one of them is allowed [C4]}}
  %o = seq.recurrence scan(%x : tensor<?x8xf32>) lengths(%len : tensor<?xi32>) counts(%counts : tensor<?xindex>) {
  ^bb0(%xt: tensor<?x8xf32>):
    seq.yield %xt : tensor<?x8xf32>
  } outputs(tensor<?x8xf32>)
  return
}

// -----

func.func @recurrence_c4_counts_and_reverse(%x: tensor<?x8xf32>, %counts: tensor<?xindex>) {
  // expected-error @+1 {{is flat and reversed, but counts exclude reverse [C4]}}
  %o = seq.recurrence scan(%x : tensor<?x8xf32>) counts(%counts : tensor<?xindex>) reverse {
  ^bb0(%xt: tensor<?x8xf32>):
    seq.yield %xt : tensor<?x8xf32>
  } outputs(tensor<?x8xf32>)
  return
}

// -----

func.func @recurrence_c5_final_type(%n: index, %h0: tensor<2x8xf32>) {
  // expected-error @+1 {{state 0 starts as 'tensor<2x8xf32>' and ends as 'tensor<?x8xf32>', but one type is required [C5]}}
  %last = seq.recurrence init(%h0 : tensor<2x8xf32>) steps(%n) {
  ^bb0(%h: tensor<2x8xf32>):
    seq.yield %h : tensor<2x8xf32>
  } states(tensor<?x8xf32>)
  return
}

// -----

func.func @recurrence_c5_missing_final(%x: tensor<5x2x4xf32>, %h0: tensor<2x8xf32>) {
  // expected-error @+1 {{has 1 initial and 0 final states, but one final state per initial one is required [C5]}}
  seq.recurrence scan(%x : tensor<5x2x4xf32>) init(%h0 : tensor<2x8xf32>) {
  ^bb0(%xt: tensor<2x4xf32>, %h: tensor<2x8xf32>):
    seq.yield %h : tensor<2x8xf32>
  }
  return
}

// -----

func.func @recurrence_c6_missing_steps(%h0: tensor<2x8xf32>) {
  // expected-error @+1 {{scans nothing, so steps or counts are required [C6]}}
  %last = seq.recurrence init(%h0 : tensor<2x8xf32>) {
  ^bb0(%h: tensor<2x8xf32>):
    seq.yield %h : tensor<2x8xf32>
  } states(tensor<2x8xf32>)
  return
}

// -----

func.func @recurrence_c6_needless_steps(%x: tensor<5x2x8xf32>, %n: index) {
  // expected-error @+1 {{has steps, but they are allowed only without scanned inputs and counts [C6]}}
  %o = seq.recurrence scan(%x : tensor<5x2x8xf32>) steps(%n) {
  ^bb0(%xt: tensor<2x8xf32>):
    seq.yield %xt : tensor<2x8xf32>
  } outputs(tensor<5x2x8xf32>)
  return
}

// -----

func.func @yield_outside() {
  // expected-error @+1 {{expects parent op to be one of 'seq.recurrence, seq.attention, seq.generate'}}
  seq.yield
}
