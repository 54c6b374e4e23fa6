// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// One case or more per constraint of seq.attention.

func.func @attention_c1_query_rank(
    %q: tensor<?x32xf32>, %k: tensor<?x32xf32>, %v: tensor<?x64xf32>) {
  // expected-error @+1 {{query has rank 2, but 3 or 4 is required [C1]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x64xf32>) -> tensor<?x64xf32>
  return
}

// -----

func.func @attention_c1_key_rank(
    %q: tensor<?x?x32xf32>, %k: tensor<?x2x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{key has rank 4, but that of the query, 3, is required [C1]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x2x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c1_value_positions(
    %q: tensor<?x?x32xf32>, %k: tensor<?x7x32xf32>, %v: tensor<?x6x64xf32>) {
  // expected-error @+1 {{value has shape [?, 6, 64], but [?, 7, ?] is required [C1]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x7x32xf32>, tensor<?x6x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c1_batch(
    %q: tensor<2x?x32xf32>, %k: tensor<3x?x32xf32>, %v: tensor<3x?x64xf32>) {
  // expected-error @+1 {{query has 2 batch rows and key has 3, but without rows they must be equal [C1]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<2x?x32xf32>, tensor<3x?x32xf32>, tensor<3x?x64xf32>) -> tensor<2x?x64xf32>
  return
}

// -----

func.func @attention_c1_heads(
    %q: tensor<?x8x?x32xf32>, %k: tensor<?x3x?x32xf32>, %v: tensor<?x3x?x64xf32>) {
  // expected-error @+1 {{query has 8 heads, but a multiple of the 3 heads of the key is required [C1]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<?x8x?x32xf32>, tensor<?x3x?x32xf32>, tensor<?x3x?x64xf32>) -> tensor<?x8x?x64xf32>
  return
}

// -----

func.func @attention_c2_dynamic_features(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x?xf32>) {
  // expected-error @+1 {{value has shape [?, ?, ?], but a static last extent is required [C2]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  return
}

// -----

func.func @attention_c2_dot_features(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x16xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{query has 32 features and key has 16, but score 'dot' requires them to be equal [C2]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x16xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c2_additive_features(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x16xf32>, %v: tensor<?x?x64xf32>, %score_weight: tensor<32xf32>) {
  // expected-error @+1 {{query has 32 features and key has 16, but score 'additive' requires them to be equal [C2]}}
  %0 = seq.attention additive %q, %k, %v score_weight(%score_weight : tensor<32xf32>)
      : (tensor<?x?x32xf32>, tensor<?x?x16xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c2_missing_weight(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{score_weight is missing, but required for score 'general' [C2]}}
  %0 = seq.attention general %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c2_needless_weight(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>, %score_weight: tensor<32xf32>) {
  // expected-error @+1 {{score_weight is given, but not allowed for score 'scaled' [C2]}}
  %0 = seq.attention scaled %q, %k, %v score_weight(%score_weight : tensor<32xf32>)
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c2_additive_weight(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>, %score_weight: tensor<32x32xf32>) {
  // expected-error @+1 {{score_weight has shape [32, 32], but [32] is required [C2]}}
  %0 = seq.attention additive %q, %k, %v score_weight(%score_weight : tensor<32x32xf32>)
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c2_general_weight(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x16xf32>, %v: tensor<?x?x64xf32>, %score_weight: tensor<16x32xf32>) {
  // expected-error @+1 {{score_weight has shape [16, 32], but [32, 16] is required [C2]}}
  %0 = seq.attention general %q, %k, %v score_weight(%score_weight : tensor<16x32xf32>)
      : (tensor<?x?x32xf32>, tensor<?x?x16xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c3_missing_region(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{score region is missing, but required for score 'region' [C3]}}
  %0 = seq.attention region %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c3_needless_region(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{score region is given, but not allowed for score 'dot' [C3]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  ^bb0(%a: tensor<?x32xf32>, %b: tensor<?x32xf32>):
    seq.yield
  }
  return
}

// -----

func.func @attention_c3_region_arguments(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{score region takes ('tensor<?x32xf32>', 'tensor<32xf32>'), but ('tensor<?x32xf32>', 'tensor<?x32xf32>') is required [C3]}}
  %0 = seq.attention region %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  ^bb0(%a: tensor<?x32xf32>, %b: tensor<32xf32>):
    seq.yield
  }
  return
}

// -----

func.func @attention_c3_region_result(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{score region yields ('tensor<?x32xf32>'), but ('tensor<?xf32>') is required [C3]}}
  %0 = seq.attention region %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  ^bb0(%a: tensor<?x32xf32>, %b: tensor<?x32xf32>):
    seq.yield %a : tensor<?x32xf32>
  }
  return
}

// -----

func.func @attention_c3_region_terminator(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{score region ends with 'llvm.unreachable', but 'seq.yield' is required [C3]}}
  %0 = seq.attention region %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
  ^bb0(%a: tensor<?x32xf32>, %b: tensor<?x32xf32>):
    llvm.unreachable
  }
  return
}

// -----

func.func @attention_c4_mask_extent(
    %q: tensor<?x4x32xf32>, %k: tensor<?x6x32xf32>, %v: tensor<?x6x64xf32>, %mask: tensor<?x5x6xi1>) {
  // expected-error @+1 {{mask has shape [?, 5, 6], but [?, 4, 6], or 1 in place of any extent, is required [C4]}}
  %0 = seq.attention dot %q, %k, %v mask(%mask : tensor<?x5x6xi1>)
      : (tensor<?x4x32xf32>, tensor<?x6x32xf32>, tensor<?x6x64xf32>) -> tensor<?x4x64xf32>
  return
}

// -----

func.func @attention_c4_bias_rank(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>, %bias: tensor<?x?xf32>) {
  // expected-error @+1 {{bias has shape [?, ?], but [?, ?, ?], or 1 in place of any extent, is required [C4]}}
  %0 = seq.attention dot %q, %k, %v bias(%bias : tensor<?x?xf32>)
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c4_mask_by_rows(
    %q: tensor<5x?x32xf32>, %k: tensor<3x?x32xf32>, %v: tensor<3x?x64xf32>, %mask: tensor<5x1x1xi1>, %rows: tensor<5xi32>) {
  // expected-error @+1 {{mask has shape [5, 1, 1], but [3, ?, ?], or 1 in place of any extent, is required [C4]}}
  %0 = seq.attention dot %q, %k, %v mask(%mask : tensor<5x1x1xi1>) rows(%rows : tensor<5xi32>)
      : (tensor<5x?x32xf32>, tensor<3x?x32xf32>, tensor<3x?x64xf32>) -> tensor<5x?x64xf32>
  return
}

// -----

func.func @attention_c5_lengths(
    %q: tensor<2x?x32xf32>, %k: tensor<2x?x32xf32>, %v: tensor<2x?x64xf32>, %lengths: tensor<3xi32>) {
  // expected-error @+1 {{lengths has shape [3], but [2] is required [C5]}}
  %0 = seq.attention dot %q, %k, %v lengths(%lengths : tensor<3xi32>)
      : (tensor<2x?x32xf32>, tensor<2x?x32xf32>, tensor<2x?x64xf32>) -> tensor<2x?x64xf32>
  return
}

// -----

func.func @attention_c5_rows(
    %q: tensor<5x?x32xf32>, %k: tensor<3x?x32xf32>, %v: tensor<3x?x64xf32>, %rows: tensor<3xi32>) {
  // expected-error @+1 {{rows has shape [3], but [5] is required [C5]}}
  %0 = seq.attention dot %q, %k, %v rows(%rows : tensor<3xi32>)
      : (tensor<5x?x32xf32>, tensor<3x?x32xf32>, tensor<3x?x64xf32>) -> tensor<5x?x64xf32>
  return
}

// -----

func.func @attention_c6_needless_scale(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{scale is given, but not allowed for score 'dot' [C6]}}
  %0 = seq.attention dot %q, %k, %v {scale = 0.5 : f64}
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c6_softcap(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{softcap is -1.000000e+00, but must be positive [C6]}}
  %0 = seq.attention dot %q, %k, %v {softcap = -1.0 : f64}
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c9_masked_score_without_mask(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{masked_score is given, but not allowed without mask [C9]}}
  %0 = seq.attention dot %q, %k, %v {masked_score = -1.0 : f64}
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c9_masked_score_nan(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>, %m: tensor<1x1x?xi1>) {
  // expected-error @+1 {{masked_score is NaN, but must be a number [C9]}}
  %0 = seq.attention dot %q, %k, %v mask(%m : tensor<1x1x?xi1>)
      {masked_score = 0x7FF8000000000000 : f64}
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c6_window_size(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{window has 1 numbers, but 2 are required [C6]}}
  %0 = seq.attention dot %q, %k, %v {window = array<i64: 1>}
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c6_window_reach(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{window reaches -2 positions, but at least -1 is required [C6]}}
  %0 = seq.attention dot %q, %k, %v {window = array<i64: 1, -2>}
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c7_output(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{output has shape [?, ?, 32], but [?, ?, 64] is required [C7]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x32xf32>
  return
}

// -----

func.func @attention_c7_probabilities(
    %q: tensor<?x4x32xf32>, %k: tensor<?x6x32xf32>, %v: tensor<?x6x64xf32>) {
  // expected-error @+1 {{probabilities has shape [?, 4, 5], but [?, 4, 6] is required [C7]}}
  %0:2 = seq.attention dot %q, %k, %v
      : (tensor<?x4x32xf32>, tensor<?x6x32xf32>, tensor<?x6x64xf32>) -> tensor<?x4x64xf32>, tensor<?x4x5xf32>
  return
}

// -----

func.func @attention_c8_element_types(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf64>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{mixes element types 'f32' and 'f64', but one is required [C8]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf64>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c5_starts(%q: tensor<3x4x8xf32>, %s: tensor<2xi64>) {
  // expected-error @+1 {{starts has shape [2], but [3] is required [C5]}}
  %0 = seq.attention dot %q, %q, %q starts(%s : tensor<2xi64>) {causal = #seq.causal<top_left>}
      : (tensor<3x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>) -> tensor<3x4x8xf32>
  return
}

// -----

func.func @attention_c6_starts(%q: tensor<3x4x8xf32>, %s: tensor<1xi64>) {
  // expected-error @+1 {{starts is given, but not allowed for causality 'bottom_right' [C6]}}
  %0 = seq.attention dot %q, %q, %q starts(%s : tensor<1xi64>) {causal = #seq.causal<bottom_right>}
      : (tensor<3x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>) -> tensor<3x4x8xf32>
  return
}
