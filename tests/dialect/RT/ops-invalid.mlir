// RUN: seqc-opt %s --split-input-file --verify-diagnostics

func.func @output_c2_missing_size(%ctx: !rt.context, %n: index) {
  // expected-error @+1 {{'rt.output' op has 1 sizes, but 'tensor<?x4x?xf32>' has 2 dynamic extents [C2]}}
  %0 = rt.output %ctx[0] tensor<?x4x?xf32> (%n)
  return
}

// -----

func.func @output_c2_size_of_a_static_extent(%ctx: !rt.context, %n: index) {
  // expected-error @+1 {{'rt.output' op has 1 sizes, but 'tensor<4xf32>' has 0 dynamic extents [C2]}}
  %0 = rt.output %ctx[0] tensor<4xf32> (%n)
  return
}

// -----

func.func @require_c1_too_many_values(%ctx: !rt.context, %good: i1, %n: index) {
  // expected-error @+1 {{'rt.require' op has 9 values, but at most 8 are possible [C1]}}
  rt.require %ctx, %good, "wrong" (%n, %n, %n, %n, %n, %n, %n, %n, %n)
  return
}

// -----

// What ODS enforces.

func.func @input_c1_negative(%ctx: !rt.context) {
  // expected-error @+1 {{attribute 'index' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  %0 = rt.input %ctx[-1]
  return
}

// -----

func.func @extent_c1_negative_input(%ctx: !rt.context) {
  // expected-error @+1 {{attribute 'index' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  %0 = rt.extent %ctx[-1, 0]
  return
}

// -----

func.func @extent_c1_negative_dimension(%ctx: !rt.context) {
  // expected-error @+1 {{attribute 'dim' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  %0 = rt.extent %ctx[0, -1]
  return
}

// -----

func.func @output_c1_negative(%ctx: !rt.context) {
  // expected-error @+1 {{attribute 'index' failed to satisfy constraint: 64-bit signless integer attribute whose value is non-negative}}
  %0 = rt.output %ctx[-1] tensor<4xf32> ()
  return
}

// -----

func.func @output_of_unknown_rank(%ctx: !rt.context) {
  // expected-error @+1 {{attribute 'tensor' failed to satisfy constraint: type attribute of ranked tensor of any type values}}
  %0 = rt.output %ctx[0] tensor<*xf32> ()
  return
}

// -----

func.func @option_c1_other_type(%ctx: !rt.context) {
  // expected-error @+2 {{'rt.option' op failed to infer returned types}}
  // expected-error @+1 {{'rt.option' op inferred type(s) 'index', 'i1' are incompatible with return type(s) of operation 'f32', 'i1'}}
  %0:2 = "rt.option"(%ctx) {name = #seq<call_option max_new>} : (!rt.context) -> (f32, i1)
  return
}

// -----

func.func @input_of_other_bytes(%ctx: !rt.context) {
  // expected-error @+1 {{result #0 must be memref<?xi8>, but got 'memref<4xi8>'}}
  %0 = "rt.input"(%ctx) {index = 0 : i64} : (!rt.context) -> memref<4xi8>
  return
}

// -----

func.func @input_of_no_context(%p: !llvm.ptr) {
  // expected-error @+1 {{operand #0 must be The call that is running, but got '!llvm.ptr'}}
  %0 = "rt.input"(%p) {index = 0 : i64} : (!llvm.ptr) -> memref<?xi8>
  return
}
