// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// One case or more per constraint of seq.require.

func.func @require_c1_unknown_value(%c: i1, %n: index) {
  // expected-error @+1 {{message names value 1 of 1 [C1]}}
  seq.require %c, "found {0}; required {1}" (%n)
  return
}

// -----

func.func @require_c2_too_many_values(%c: i1, %n: index) {
  // expected-error @+1 {{has 9 values, but at most 8 are possible [C2]}}
  seq.require %c, "{0}" (%n, %n, %n, %n, %n, %n, %n, %n, %n)
  return
}
