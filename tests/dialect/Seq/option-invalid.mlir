// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// One case or more per constraint of seq.option.

func.func @option_c1_type_of_count(%x: i64) {
  // expected-error @+1 {{'max_new' has type 'i64', but 'index' is required [C1]}}
  %0 = seq.option max_new else %x : i64
  return
}

// -----

func.func @option_c1_type_of_temperature(%x: f64) {
  // expected-error @+1 {{'temperature' has type 'f64', but 'f32' is required [C1]}}
  %0 = seq.option temperature else %x : f64
  return
}

// -----

func.func @option_c1_type_of_penalty(%x: f32) {
  // expected-error @+1 {{'length_penalty' has type 'f32', but 'f64' is required [C1]}}
  %0 = seq.option length_penalty else %x : f32
  return
}

// -----

func.func @option_c1_type_of_seed(%x: index) {
  // expected-error @+1 {{'seed' has type 'index', but 'i64' is required [C1]}}
  %0 = seq.option seed else %x : index
  return
}
