// RUN: seqc-opt %s --split-input-file --verify-diagnostics
// What passes leave on ops: each mark has a type and a place.

// expected-error @+1 {{attribute 'seq.colour' is none that the dialect has for ops}}
func.func private @unknown() attributes {seq.colour = "red"}

// -----

func.func @place(%x: f32) {
  // expected-error @+1 {{attribute 'seq.parallel' stands on 'arith.negf'; required is an 'scf.for'}}
  %0 = arith.negf %x {seq.parallel} : f32
  return
}

// -----

func.func @tile(%x: f32) {
  // expected-error @+1 {{attribute 'seq.tile' stands on 'arith.negf'; required is an op of 'linalg'}}
  %0 = arith.negf %x {seq.tile} : f32
  return
}

// -----

func.func @value(%n: index) {
  // expected-error @+1 {{attribute 'seq.parallel' is true; required is no value}}
  scf.for %i = %n to %n step %n {
  } {seq.parallel = true}
  return
}

// -----

func.func @number(%n: index) {
  // expected-error @+1 {{attribute 'seq.loop_number' is -1 : i64; required is an i64 of 0 or more}}
  scf.for %i = %n to %n step %n {
  } {seq.loop_number = -1 : i64}
  return
}

// -----

// expected-error @+1 {{attribute 'seq.in_place' is ["x"]; required is an array of #seq.in_place}}
func.func private @in_place() attributes {seq.in_place = ["x"]}

// -----

// expected-error @+1 {{attribute 'seq.memory_plan' is [0]; required is an array of #seq.workspace}}
func.func private @memory_plan() attributes {seq.memory_plan = [0]}

// -----

// expected-error @+1 {{attribute 'seq.explain' is ["author"]; required is an array of #seq.choice}}
module attributes {seq.explain = ["author"]} {
}

// -----

// expected-error @+1 {{attribute 'seq.weight_layout' is [1]; required is an array of #seq.weight_item}}
module attributes {seq.weight_layout = [1]} {
}

// -----

// expected-error @+1 {{attribute 'seq.target' is "avx2"; required is a #seq.target}}
module attributes {seq.target = "avx2"} {
}

// -----

// expected-error @+1 {{attribute 'seq.metadata' stands on 'func.func'; required is a module}}
func.func private @metadata() attributes {seq.metadata = "{}"}

// -----

// expected-error @+1 {{attribute 'seq.name' is 1 : i64; required is a string}}
func.func private @name(tensor<4xf32> {seq.name = 1 : i64})

// -----

// expected-error @+1 {{attribute 'seq.signature' is "x"; required is a #seq.signature}}
func.func private @text(tensor<4xf32> {seq.signature = "x"})

// -----

// expected-error @+1 {{attribute 'seq.signature' names 1 dimensions, but the type has 2}}
func.func private @dims(tensor<4x?xf32> {seq.signature = #seq.signature<dims = ["n"]>})

// -----

// expected-error @+1 {{attribute 'seq.signature' names 2 dimensions, but the type has 1}}
func.func private @result_dims() -> (tensor<4xf32> {seq.signature = #seq.signature<dims = ["n", ""]>})

// -----

// expected-error @+1 {{dims are [1]; required are strings}}
func.func private @numbers(tensor<4xf32> {seq.signature = #seq.signature<dims = [1]>})

// -----

// expected-error @+1 {{max is 1.000000e+00 : f32; required is an i64 or the name of an extent}}
func.func private @bound(tensor<4xf32> {seq.signature = #seq.signature<min = 0 : i64, max = 1.0 : f32>})

// -----

// expected-error @+1 {{fallback is 1.000000e+00 : f32; required is an i64, an f64, the name of an extent or unit}}
func.func private @fallback(tensor<4xf32> {seq.signature = #seq.signature<fallback = 1.0 : f32>})

// -----

// expected-error @+1 {{'of' and 'part' stand together; found is one}}
func.func private @part(tensor<4xf32> {seq.signature = #seq.signature<of = "s">})

// -----

// expected-error @+1 {{attribute 'seq.title' stands on an argument or a result; required there is 'seq.name' or 'seq.signature'}}
func.func private @title() -> (tensor<4xf32> {seq.title = "y"})

// -----

// expected-error @+1 {{attribute 'seq.recognized' is {main = {gelu = -1 : i64}}; required is a dictionary of functions of a dictionary of counts}}
module attributes {seq.recognized = {main = {gelu = -1 : i64}}} {
}
