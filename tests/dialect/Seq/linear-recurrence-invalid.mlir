// RUN: seqc-opt %s --split-input-file --verify-diagnostics

func.func @linear_recurrence_c1_rank(%s: tensor<?x8x16xf32>) {
  // expected-error @+1 {{init has shape [?, 8, 16], but rows, heads, keys and values are required, static but for the rows and at least 1 [C1]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x8x16xf32>) -> tensor<?x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c1_dynamic(%s: tensor<?x4x?x16xf32>) {
  // expected-error @+1 {{init has shape [?, 4, ?, 16], but rows, heads, keys and values are required, static but for the rows and at least 1 [C1]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x?x16xf32>) -> tensor<?x4x?x16xf32>
  return
}

// -----

func.func @linear_recurrence_c1_empty(%s: tensor<?x4x0x16xf32>) {
  // expected-error @+1 {{init has shape [?, 4, 0, 16], but rows, heads, keys and values are required, static but for the rows and at least 1 [C1]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x0x16xf32>) -> tensor<?x4x0x16xf32>
  return
}

// -----

func.func @linear_recurrence_c2_matrix(%s: tensor<?x4x8x16xf32>, %x: tensor<?x?x4x8x16xf32>) {
  // expected-error @+1 {{matrix has shape [?, ?, 4, 8, 16], but [?, ?, 4, 8, 8] is required, with 1 in place of time or rows and heads that are static and divide 4 [C2]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) matrix(%x : tensor<?x?x4x8x16xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c2_decay(%s: tensor<?x4x8x16xf32>, %x: tensor<?x?x4x8x2xf32>) {
  // expected-error @+1 {{decay has shape [?, ?, 4, 8, 2], but [?, ?, 4, 8, 16] is required, with 1 in place of time or rows, keys or values and heads that are static and divide 4 [C2]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) decay(%x : tensor<?x?x4x8x2xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c2_rank(%s: tensor<?x4x8x16xf32>, %x: tensor<?x?x4x8xf32>) {
  // expected-error @+1 {{decay has shape [?, ?, 4, 8], but [?, ?, 4, 8, 16] is required, with 1 in place of time or rows, keys or values and heads that are static and divide 4 [C2]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) decay(%x : tensor<?x?x4x8xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c2_value(%s: tensor<?x4x8x16xf32>, %x: tensor<?x?x4x8xf32>) {
  // expected-error @+1 {{value has shape [?, ?, 4, 8], but [?, ?, 4, 16] is required, with 1 in place of time or rows and heads that are static and divide 4 [C2]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) value(%x : tensor<?x?x4x8xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c2_heads(%s: tensor<?x4x8x16xf32>, %x: tensor<?x?x3x16xf32>) {
  // expected-error @+1 {{value has shape [?, ?, 3, 16], but [?, ?, 4, 16] is required, with 1 in place of time or rows and heads that are static and divide 4 [C2]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) value(%x : tensor<?x?x3x16xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c2_more_heads(%s: tensor<?x4x8x16xf32>, %x: tensor<?x?x8x16xf32>) {
  // expected-error @+1 {{value has shape [?, ?, 8, 16], but [?, ?, 4, 16] is required, with 1 in place of time or rows and heads that are static and divide 4 [C2]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) value(%x : tensor<?x?x8x16xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c2_dynamic_heads(%s: tensor<?x4x8x16xf32>, %x: tensor<?x?x?x16xf32>) {
  // expected-error @+1 {{value has shape [?, ?, ?, 16], but [?, ?, 4, 16] is required, with 1 in place of time or rows and heads that are static and divide 4 [C2]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) value(%x : tensor<?x?x?x16xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c2_no_heads(%s: tensor<?x4x8x16xf32>, %x: tensor<?x?x0x16xf32>) {
  // expected-error @+1 {{value has shape [?, ?, 0, 16], but [?, ?, 4, 16] is required, with 1 in place of time or rows and heads that are static and divide 4 [C2]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) value(%x : tensor<?x?x0x16xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c2_key(%s: tensor<?x4x8x16xf32>, %x: tensor<?x?x4x1xf32>, %v: tensor<?x?x4x16xf32>) {
  // expected-error @+1 {{key has shape [?, ?, 4, 1], but [?, ?, 4, 8] is required, with 1 in place of time or rows and heads that are static and divide 4 [C2]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) key(%x : tensor<?x?x4x1xf32>) value(%v : tensor<?x?x4x16xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c2_query(%s: tensor<?x4x8x16xf32>, %v: tensor<?x?x4x16xf32>, %q: tensor<?x?x6x8xf32>) {
  // expected-error @+1 {{query has shape [?, ?, 6, 8], but [?, ?, 4, 8] is required, with 1 in place of time or rows and heads that are static and divide 4 or a multiple [C2]}}
  %f, %o = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) value(%v : tensor<?x?x4x16xf32>) query(%q : tensor<?x?x6x8xf32>) -> tensor<?x4x8x16xf32>, tensor<?x?x6x16xf32>
  return
}

// -----

func.func @linear_recurrence_c2_time(%s: tensor<?x4x8x16xf32>, %k: tensor<5x?x4x8xf32>, %v: tensor<6x?x4x16xf32>) {
  // expected-error @+1 {{value has shape [6, ?, 4, 16], but [5, ?, 4, 16] is required, with 1 in place of time or rows and heads that are static and divide 4 [C2]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) key(%k : tensor<5x?x4x8xf32>) value(%v : tensor<6x?x4x16xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c2_rows(%s: tensor<3x4x8x16xf32>, %v: tensor<?x2x4x16xf32>) {
  // expected-error @+1 {{value has shape [?, 2, 4, 16], but [?, 3, 4, 16] is required, with 1 in place of time or rows and heads that are static and divide 4 [C2]}}
  %f = seq.linear_recurrence real init(%s : tensor<3x4x8x16xf32>) value(%v : tensor<?x2x4x16xf32>) -> tensor<3x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c3_lookup(%s: tensor<?x4x8x16xf32>, %k: tensor<?x?x4x8xf32>) {
  // expected-error @+1 {{has lookup alone in the semiring 'real', but both or none, and 'real' with them, are required [C3]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) lookup(%k : tensor<?x?x4x8xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c3_erase(%s: tensor<?x4x8x16xf32>, %k: tensor<?x?x4x8xf32>) {
  // expected-error @+1 {{has erase alone in the semiring 'real', but both or none, and 'real' with them, are required [C3]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) erase(%k : tensor<?x?x4x8xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c3_semiring(%s: tensor<?x4x8x16xf32>, %k: tensor<?x?x4x8xf32>) {
  // expected-error @+1 {{has lookup and erase in the semiring 'log', but both or none, and 'real' with them, are required [C3]}}
  %f = seq.linear_recurrence log init(%s : tensor<?x4x8x16xf32>) lookup(%k : tensor<?x?x4x8xf32>) erase(%k : tensor<?x?x4x8xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c4_key(%s: tensor<?x4x8x16xf32>, %k: tensor<?x?x4x8xf32>) {
  // expected-error @+1 {{has a key, but no value that is written there is given, as is required [C4]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) key(%k : tensor<?x?x4x8xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c4_query(%s: tensor<?x4x8x16xf32>, %k: tensor<?x?x4x8xf32>) {
  // expected-error @+1 {{has a query, but no outputs, which are required [C4]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) query(%k : tensor<?x?x4x8xf32>) -> tensor<?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c5_states(%s: tensor<?x4x8x16xf32>, %v: tensor<?x?x4x16xf32>) {
  // expected-error @+1 {{outputs has shape [?, ?, 4, 16], but [?, ?, 4, 8, 16] is required [C5]}}
  %f, %o = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) value(%v : tensor<?x?x4x16xf32>) -> tensor<?x4x8x16xf32>, tensor<?x?x4x16xf32>
  return
}

// -----

func.func @linear_recurrence_c5_read(%s: tensor<?x4x8x16xf32>, %v: tensor<?x?x4x16xf32>, %q: tensor<?x?x8x8xf32>) {
  // expected-error @+1 {{outputs has shape [?, ?, 4, 16], but [?, ?, 8, 16] is required [C5]}}
  %f, %o = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) value(%v : tensor<?x?x4x16xf32>) query(%q : tensor<?x?x8x8xf32>) -> tensor<?x4x8x16xf32>, tensor<?x?x4x16xf32>
  return
}

// -----

func.func @linear_recurrence_c5_step(%s: tensor<?x4x8x16xf32>, %v: tensor<1x?x4x16xf32>) {
  // expected-error @+1 {{outputs has shape [2, ?, 4, 8, 16], but [1, ?, 4, 8, 16] is required [C5]}}
  %f, %o = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) value(%v : tensor<1x?x4x16xf32>) -> tensor<?x4x8x16xf32>, tensor<2x?x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c5_final(%s: tensor<?x4x8x16xf32>, %v: tensor<?x?x4x16xf32>) {
  // expected-error @+1 {{final has type 'tensor<?x4x8x16xf64>', but that of init, 'tensor<?x4x8x16xf32>', is required [C5]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) value(%v : tensor<?x?x4x16xf32>) -> tensor<?x4x8x16xf64>
  return
}

// -----

func.func @linear_recurrence_c6_rows(%s: tensor<3x4x8x16xf32>, %v: tensor<?x3x4x16xf32>, %n: tensor<2xi32>) {
  // expected-error @+1 {{lengths has shape [2], but [3] is required [C6]}}
  %f = seq.linear_recurrence real init(%s : tensor<3x4x8x16xf32>) value(%v : tensor<?x3x4x16xf32>) lengths(%n : tensor<2xi32>) -> tensor<3x4x8x16xf32>
  return
}

// -----

func.func @linear_recurrence_c7_value(%s: tensor<?x4x8x16xf32>, %v: tensor<?x?x4x16xf64>) {
  // expected-error @+1 {{value has element type 'f64', but at most that of init, 'f32', is required [C7]}}
  %f = seq.linear_recurrence real init(%s : tensor<?x4x8x16xf32>) value(%v : tensor<?x?x4x16xf64>) -> tensor<?x4x8x16xf32>
  return
}
