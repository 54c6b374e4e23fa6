// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// Static extents of seq.attention that contradict each other behind a dynamic one.

func.func @attention_c1_batch_of_values(
    %q: tensor<2x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<3x?x64xf32>) {
  // expected-error @+1 {{query has 2 batch rows and key has 3, but without rows they must be equal [C1]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<2x?x32xf32>, tensor<?x?x32xf32>, tensor<3x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c1_heads_of_values(
    %q: tensor<?x8x?x32xf32>, %k: tensor<?x?x?x32xf32>, %v: tensor<?x3x?x64xf32>) {
  // expected-error @+1 {{query has 8 heads, but a multiple of the 3 heads of the key is required [C1]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<?x8x?x32xf32>, tensor<?x?x?x32xf32>, tensor<?x3x?x64xf32>) -> tensor<?x8x?x64xf32>
  return
}

// -----

func.func @attention_c1_heads_of_output(
    %q: tensor<?x?x?x32xf32>, %k: tensor<?x3x?x32xf32>, %v: tensor<?x3x?x64xf32>) {
  // expected-error @+1 {{query has 8 heads, but a multiple of the 3 heads of the key is required [C1]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<?x?x?x32xf32>, tensor<?x3x?x32xf32>, tensor<?x3x?x64xf32>) -> tensor<?x8x?x64xf32>
  return
}

// -----

func.func @attention_c4_mask_and_values(
    %q: tensor<?x1x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x7x64xf32>, %m: tensor<1x1x6xi1>) {
  // expected-error @+1 {{mask has shape [1, 1, 6], but [?, 1, 7], or 1 in place of any extent, is required [C4]}}
  %0 = seq.attention dot %q, %k, %v mask(%m : tensor<1x1x6xi1>)
      : (tensor<?x1x32xf32>, tensor<?x?x32xf32>, tensor<?x7x64xf32>) -> tensor<?x1x64xf32>
  return
}

// -----

func.func @attention_c4_mask_and_bias(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>,
    %m: tensor<1x1x7xi1>, %b: tensor<2x5x6xf32>) {
  // expected-error @+1 {{bias has shape [2, 5, 6], but [?, ?, 7], or 1 in place of any extent, is required [C4]}}
  %0 = seq.attention dot %q, %k, %v mask(%m : tensor<1x1x7xi1>) bias(%b : tensor<2x5x6xf32>)
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

func.func @attention_c4_mask_and_lengths(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>,
    %m: tensor<2x1x1xi1>, %len: tensor<3xi32>) {
  // expected-error @+1 {{mask has shape [2, 1, 1], but [3, ?, ?], or 1 in place of any extent, is required [C4]}}
  %0 = seq.attention dot %q, %k, %v mask(%m : tensor<2x1x1xi1>) lengths(%len : tensor<3xi32>)
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
  return
}

// -----

/// Without rows the lengths of the keys are those of the queries, too.
func.func @attention_c5_lengths_of_queries(
    %q: tensor<2x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>, %len: tensor<3xi32>) {
  // expected-error @+1 {{lengths has shape [3], but [2] is required [C5]}}
  %0 = seq.attention dot %q, %k, %v lengths(%len : tensor<3xi32>)
      : (tensor<2x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<2x?x64xf32>
  return
}

// -----

func.func @attention_c7_batch_of_output(
    %q: tensor<?x?x32xf32>, %k: tensor<3x?x32xf32>, %v: tensor<?x?x64xf32>) {
  // expected-error @+1 {{output has shape [2, ?, 64], but [3, ?, 64] is required [C7]}}
  %0 = seq.attention dot %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<3x?x32xf32>, tensor<?x?x64xf32>) -> tensor<2x?x64xf32>
  return
}

// -----

func.func @attention_c7_probabilities_and_output(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x7x64xf32>) {
  // expected-error @+1 {{probabilities has shape [?, 4, 7], but [?, 5, 7] is required [C7]}}
  %0, %1 = seq.attention dot %q, %k, %v
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x7x64xf32>) -> tensor<?x5x64xf32>, tensor<?x4x7xf32>
  return
}

// -----

/// With rows the batch of the queries is that of rows and results, not that of the keys.
func.func @attention_c7_batch_of_rows(
    %q: tensor<?x?x32xf32>, %k: tensor<3x?x32xf32>, %v: tensor<3x?x64xf32>, %rows: tensor<5xi32>) {
  // expected-error @+1 {{output has shape [3, ?, 64], but [5, ?, 64] is required [C7]}}
  %0 = seq.attention dot %q, %k, %v rows(%rows : tensor<5xi32>)
      : (tensor<?x?x32xf32>, tensor<3x?x32xf32>, tensor<3x?x64xf32>) -> tensor<3x?x64xf32>
  return
}

// -----

func.func @attention_c7_heads_of_results(%q: tensor<?x?x?x32xf32>, %k: tensor<?x?x?x32xf32>, %v: tensor<?x?x?x64xf32>) {
  // expected-error @+1 {{probabilities has shape [?, 4, ?, ?], but [?, 8, ?, ?] is required [C7]}}
  %0, %1 = seq.attention dot %q, %k, %v
      : (tensor<?x?x?x32xf32>, tensor<?x?x?x32xf32>, tensor<?x?x?x64xf32>)
      -> tensor<?x8x?x64xf32>, tensor<?x4x?x?xf32>
  return
}

// -----

func.func @attention_c7_probabilities_and_mask(
    %q: tensor<?x?x32xf32>, %k: tensor<?x?x32xf32>, %v: tensor<?x?x64xf32>, %m: tensor<1x5x6xi1>) {
  // expected-error @+1 {{probabilities has shape [?, ?, 7], but [?, 5, 6] is required [C7]}}
  %0, %1 = seq.attention dot %q, %k, %v mask(%m : tensor<1x5x6xi1>)
      : (tensor<?x?x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>, tensor<?x?x7xf32>
  return
}

// -----

/// With rows the lengths of the keys are those of their own batch.
func.func @attention_c5_lengths_beside_rows(
    %q: tensor<?x?x32xf32>, %k: tensor<3x?x32xf32>, %v: tensor<3x?x64xf32>, %rows: tensor<5xi32>, %len: tensor<5xi32>) {
  // expected-error @+1 {{lengths has shape [5], but [3] is required [C5]}}
  %0 = seq.attention dot %q, %k, %v lengths(%len : tensor<5xi32>) rows(%rows : tensor<5xi32>)
      : (tensor<?x?x32xf32>, tensor<3x?x32xf32>, tensor<3x?x64xf32>) -> tensor<5x?x64xf32>
  return
}
