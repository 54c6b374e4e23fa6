// Checks in front of ops, and those that are known to hold.

// RUN: seqc-opt --seq-generate-runtime-checks --split-input-file %s | FileCheck %s

// Extents of two arguments.

// CHECK-LABEL: func.func @time_and_batch
//   CHECK-DAG: %[[FOUND:.+]] = tensor.dim %arg1, %{{.+}} : tensor<?x?x4xf32>
//   CHECK-DAG: %[[REQUIRED:.+]] = tensor.dim %arg0, %{{.+}} : tensor<?x?x4xf32>
//       CHECK: seq.require %{{.+}}, "generate-runtime-checks.mlir:[[# @LINE + 8]]:13: 'seq.recurrence' op scanned input 1 has {0} time steps, but {1} are required [C7]"
//       CHECK: seq.require %{{.+}}, "{{.+}}scanned input 1 has {0} batch rows, but {1} are required [C8]"
//       CHECK: seq.require %{{.+}}, "{{.+}}state 0 has {0} batch rows, but {1} are required [C8]"
//   CHECK-NOT: seq.require
//       CHECK: seq.recurrence
//   CHECK-NOT: seq.require
func.func @time_and_batch(%x: tensor<?x?x4xf32>, %z: tensor<?x?x4xf32>, %h: tensor<?x4xf32>) -> tensor<?x?x4xf32> {
  // The line that the first message names.
  %y, %h1 = seq.recurrence scan(%x, %z : tensor<?x?x4xf32>, tensor<?x?x4xf32>) init(%h : tensor<?x4xf32>) {
  ^bb0(%xt: tensor<?x4xf32>, %zt: tensor<?x4xf32>, %s: tensor<?x4xf32>):
    %a = arith.addf %xt, %s : tensor<?x4xf32>
    seq.yield %a, %zt : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %y : tensor<?x?x4xf32>
}

// -----

// A state made for the input has its batch, whatever lies between.

// CHECK-LABEL: func.func @made_for_input
//   CHECK-NOT: seq.require
func.func @made_for_input(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %t = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %b = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %flat = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x?x4xf32> into tensor<?x4xf32>
  %tanh = math.tanh %flat : tensor<?x4xf32>
  %back = tensor.expand_shape %tanh [[0, 1], [2]] output_shape [%t, %b, 4] : tensor<?x4xf32> into tensor<?x?x4xf32>
  %slice = tensor.extract_slice %x[0, 0, 0] [1, %b, 4] [1, 1, 1] : tensor<?x?x4xf32> to tensor<?x4xf32>
  %empty = tensor.empty(%b) : tensor<?x4xf32>
  %h = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x4xf32>) -> tensor<?x4xf32>
  %y, %h1, %g1 = seq.recurrence scan(%back, %x : tensor<?x?x4xf32>, tensor<?x?x4xf32>) init(%h, %slice : tensor<?x4xf32>, tensor<?x4xf32>) {
  ^bb0(%xt: tensor<?x4xf32>, %zt: tensor<?x4xf32>, %s: tensor<?x4xf32>, %g: tensor<?x4xf32>):
    %a = arith.addf %xt, %zt : tensor<?x4xf32>
    seq.yield %a, %xt, %a : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>, tensor<?x4xf32>)
  return %y : tensor<?x?x4xf32>
}

// -----

// What a cell yields from outside is checked, in front of the loop.

// CHECK-LABEL: func.func @yielded
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.recurrence' op yielded output 0 has extent {0} in dimension 0, but {1} is required [R4]"
//       CHECK: seq.recurrence
//   CHECK-NOT: seq.require
func.func @yielded(%x: tensor<?x?x4xf32>, %o: tensor<?x4xf32>) -> tensor<?x?x4xf32> {
  %y = seq.recurrence scan(%x : tensor<?x?x4xf32>) {
  ^bb0(%xt: tensor<?x4xf32>):
    seq.yield %o : tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>)
  return %y : tensor<?x?x4xf32>
}

// -----

// All lengths are read, once for two ops that need them.

// CHECK-LABEL: func.func @lengths
//       CHECK: seq.require %{{.+}}, "{{.+}}lengths has {0} batch rows, but {1} are required [C4]"
//       CHECK: linalg.generic
//       CHECK: arith.minsi
//       CHECK: linalg.generic
//       CHECK: arith.maxsi
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.rnn' op lengths holds {0}, but {1} to {2} is required [R1]"
//       CHECK: seq.rnn
//   CHECK-NOT: seq.require
//       CHECK: seq.rnn
func.func @lengths(%x: tensor<?x?x4xf32>, %w: tensor<1x8x4xf32>, %r: tensor<1x8x8xf32>, %n: tensor<?xi32>)
    -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>) {
  %y, %h = seq.rnn %x, %w, %r lengths(%n)
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>, tensor<?xi32>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  %y2, %h2 = seq.rnn %x, %w, %r lengths(%n) {activations = [#seq.activation<relu>]}
      : (tensor<?x?x4xf32>, tensor<1x8x4xf32>, tensor<1x8x8xf32>, tensor<?xi32>) -> (tensor<?x1x?x8xf32>, tensor<1x?x8xf32>)
  return %y, %h2 : tensor<?x1x?x8xf32>, tensor<1x?x8xf32>
}

// -----

// The runtime checks the signatures of an entry's inputs: names are equal extents, bounds those of
// elements.

module {
  // CHECK-LABEL: func.func @known
  //   CHECK-NOT: seq.require
  func.func @known(%x: tensor<?x?x4xf32> {seq.signature = #seq.signature<dims = ["time", "batch", ""]>},
      %n: tensor<?xi32> {seq.signature = #seq.signature<dims = ["batch"], min = 1 : i64, max = "time">}) -> tensor<?x?x4xf32> {
    %y = seq.recurrence scan(%x : tensor<?x?x4xf32>) lengths(%n : tensor<?xi32>) {
    ^bb0(%xt: tensor<?x4xf32>):
      %a = arith.addf %xt, %xt : tensor<?x4xf32>
      seq.yield %a : tensor<?x4xf32>
    } outputs(tensor<?x?x4xf32>)
    return %y : tensor<?x?x4xf32>
  }
}

// -----

// A function that is called has arguments of any shape.

module {
  // CHECK-LABEL: func.func @called
  //       CHECK: seq.require
  func.func @called(%x: tensor<?x?x4xf32> {seq.signature = #seq.signature<dims = ["time", "batch", ""]>},
      %n: tensor<?xi32> {seq.signature = #seq.signature<dims = ["batch"], min = 1 : i64, max = "time">}) -> tensor<?x?x4xf32> {
    %y = seq.recurrence scan(%x : tensor<?x?x4xf32>) lengths(%n : tensor<?xi32>) {
    ^bb0(%xt: tensor<?x4xf32>):
      %a = arith.addf %xt, %xt : tensor<?x4xf32>
      seq.yield %a : tensor<?x4xf32>
    } outputs(tensor<?x?x4xf32>)
    return %y : tensor<?x?x4xf32>
  }
  func.func @caller(%x: tensor<?x?x4xf32>, %n: tensor<?xi32>) -> tensor<?x?x4xf32> {
    %y = call @called(%x, %n) : (tensor<?x?x4xf32>, tensor<?xi32>) -> tensor<?x?x4xf32>
    return %y : tensor<?x?x4xf32>
  }
}

// -----

// Lengths that are cut off at the time need no check; those that are cut off elsewhere do.

#id = affine_map<(d0) -> (d0)>
// CHECK-LABEL: func.func @clamped
//   CHECK-NOT: holds
//       CHECK: seq.recurrence
//       CHECK: lengths holds
//       CHECK: seq.recurrence
func.func @clamped(%x: tensor<?x?x4xf32>, %n: tensor<?xi64>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0 : i64
  %nine = arith.constant 9 : i64
  %rows = tensor.dim %n, %c0 : tensor<?xi64>
  %t = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %last = arith.index_cast %t : index to i64
  %empty = tensor.empty(%rows) : tensor<?xi64>
  %cut = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%n : tensor<?xi64>) outs(%empty : tensor<?xi64>) {
  ^bb0(%in: i64, %out: i64):
    %a = arith.minsi %in, %last : i64
    %b = arith.maxsi %a, %zero : i64
    linalg.yield %b : i64
  } -> tensor<?xi64>
  %wrong = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%n : tensor<?xi64>) outs(%empty : tensor<?xi64>) {
  ^bb0(%in: i64, %out: i64):
    %a = arith.minsi %in, %nine : i64
    %b = arith.maxsi %a, %zero : i64
    linalg.yield %b : i64
  } -> tensor<?xi64>
  %y = seq.recurrence scan(%x : tensor<?x?x4xf32>) lengths(%cut : tensor<?xi64>) {
  ^bb0(%xt: tensor<?x4xf32>):
    seq.yield %xt : tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>)
  %z = seq.recurrence scan(%x : tensor<?x?x4xf32>) lengths(%wrong : tensor<?xi64>) {
  ^bb0(%xt: tensor<?x4xf32>):
    seq.yield %xt : tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>)
  return %y, %z : tensor<?x?x4xf32>, tensor<?x?x4xf32>
}

// -----

// A check in front is a reason for none; one in a branch is not, behind it.

// CHECK-LABEL: func.func @required
//       CHECK: seq.require %{{.+}}, "the rows differ"
//   CHECK-NOT: seq.require
//       CHECK: seq.recurrence
func.func @required(%x: tensor<?x?x4xf32>, %h: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tensor.dim %h, %c0 : tensor<?x4xf32>
  %b = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %equal = arith.cmpi eq, %a, %b : index
  seq.require %equal, "the rows differ"
  %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h : tensor<?x4xf32>) {
  ^bb0(%xt: tensor<?x4xf32>, %s: tensor<?x4xf32>):
    %sum = arith.addf %xt, %s : tensor<?x4xf32>
    seq.yield %sum : tensor<?x4xf32>
  } states(tensor<?x4xf32>)
  return %last : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @required_in_a_branch
//       CHECK: seq.require %{{.+}}, "the rows differ"
//       CHECK: state 0 has {0} batch rows
//       CHECK: seq.recurrence
func.func @required_in_a_branch(%x: tensor<?x?x4xf32>, %h: tensor<?x4xf32>, %taken: i1) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = tensor.dim %h, %c0 : tensor<?x4xf32>
  %b = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %equal = arith.cmpi eq, %a, %b : index
  scf.if %taken {
    seq.require %equal, "the rows differ"
  }
  %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h : tensor<?x4xf32>) {
  ^bb0(%xt: tensor<?x4xf32>, %s: tensor<?x4xf32>):
    %sum = arith.addf %xt, %s : tensor<?x4xf32>
    seq.yield %sum : tensor<?x4xf32>
  } states(tensor<?x4xf32>)
  return %last : tensor<?x4xf32>
}

// -----

// Checks leave loops that they do not depend on, and stay in branches.

// CHECK-LABEL: func.func @loops
//       CHECK: value has {0} positions
//       CHECK: scf.for
//   CHECK-NOT: seq.require
//       CHECK: scf.if
//       CHECK: lengths holds
//       CHECK: seq.attention
func.func @loops(%q: tensor<2x?x4xf32>, %k: tensor<2x?x4xf32>, %v: tensor<2x?x4xf32>, %n: tensor<2xi32>, %steps: index)
    -> tensor<2x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y = scf.for %i = %c0 to %steps step %c1 iter_args(%s = %q) -> tensor<2x?x4xf32> {
    %o = seq.attention dot %s, %k, %v : (tensor<2x?x4xf32>, tensor<2x?x4xf32>, tensor<2x?x4xf32>) -> tensor<2x?x4xf32>
    %first = arith.cmpi eq, %i, %c0 : index
    %r = scf.if %first -> tensor<2x?x4xf32> {
      %p = seq.attention dot %o, %k, %v lengths(%n : tensor<2xi32>)
          : (tensor<2x?x4xf32>, tensor<2x?x4xf32>, tensor<2x?x4xf32>) -> tensor<2x?x4xf32>
      scf.yield %p : tensor<2x?x4xf32>
    } else {
      scf.yield %o : tensor<2x?x4xf32>
    }
    scf.yield %r : tensor<2x?x4xf32>
  }
  return %y : tensor<2x?x4xf32>
}

// -----

// Rows of a step are those of the search; what a caller chooses is at least 1.

// CHECK-LABEL: func.func @search
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.generate' op state 0 has {0} rows, but {1} are required [C9]"
//   CHECK-NOT: seq.require
func.func @search(%start: tensor<?xi32>, %h: tensor<?x8xf32>, %keys: tensor<?x?x8xf32>) -> tensor<?x1x?xi32> {
  %c64 = arith.constant 64 : index
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %keys, %c0 : tensor<?x?x8xf32>
  %given = tensor.dim %start, %c0 : tensor<?xi32>
  %equal = arith.cmpi eq, %rows, %given : index
  %wanted = seq.option max_new else %c64 : index
  %n = arith.minsi %c64, %wanted : index
  seq.require %equal, "the keys have {0} rows" (%rows)
  %tok, %len, %score, %why = seq.generate #seq.greedy start(%start : tensor<?xi32>) end [2] pad 0 max_new(%n)
      init(%h : tensor<?x8xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %s: tensor<?x8xf32>):
    %lanes = tensor.dim %id, %c0 : tensor<?xi32>
    %q = tensor.expand_shape %s [[0, 1], [2]] output_shape [%lanes, 1, 8] : tensor<?x8xf32> into tensor<?x1x8xf32>
    %o = seq.attention dot %q, %keys, %keys rows(%row : tensor<?xi32>)
        : (tensor<?x1x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x1x8xf32>
    %z = tensor.collapse_shape %o [[0, 1], [2]] : tensor<?x1x8xf32> into tensor<?x8xf32>
    seq.yield %z, %z : tensor<?x8xf32>, tensor<?x8xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %tok : tensor<?x1x?xi32>
}

// -----

/// What upstream finds to be known is a constant of the same dialects as everything else.

// CHECK-LABEL: func.func @known_slice
//   CHECK-NOT:   index.
//   CHECK-NOT:   seq.require
//       CHECK:   return
module attributes {seq.unchecked} {
  func.func @known_slice(%x: tensor<24xf32>, %y: tensor<40xf32>) -> tensor<40xf32> {
    %r = tensor.insert_slice %x into %y[6] [24] [1] : tensor<24xf32> into tensor<40xf32>
    return %r : tensor<40xf32>
  }
}

// -----

// Ids are entries of their table.

// CHECK-LABEL: func.func @lookup
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.embedding' op ids holds {0}, but {1} to {2} is required [R1]"
//       CHECK: seq.embedding
//   CHECK-NOT: seq.require
//       CHECK: seq.embedding
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.embedding' op ids holds {0}, but {1} to {2} is required [R1]"
//       CHECK: seq.embedding from_end
func.func @lookup(%i: tensor<?xi32>, %j: tensor<?xi32> {seq.signature = #seq.signature<min = 0 : i64, max = 8 : i64>},
                  %k: tensor<?xi32>, %t: tensor<9x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %y = seq.embedding %i of %t : (tensor<?xi32>, tensor<9x4xf32>) -> tensor<?x4xf32>
  %z = seq.embedding %j of %t : (tensor<?xi32>, tensor<9x4xf32>) -> tensor<?x4xf32>
  %w = seq.embedding from_end %k of %t : (tensor<?xi32>, tensor<9x4xf32>) -> tensor<?x4xf32>
  return %y, %z, %w : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// Scales of indices and of blocks, zero points beside them.

// CHECK-LABEL: func.func @scales
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.quantize' op scale has extent {0} in dimension 0, but {1} is required [C2]"
//       CHECK: seq.quantize
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.dequantize' op input has extent {0} in dimension 0, but {1} is required [C1]"
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.dequantize' op scale has extent {0} in dimension 1, but {1} is required [C2]"
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.dequantize' op zero has extent {0} in dimension 1, but {1} is required [C4]"
//       CHECK: seq.dequantize
//   CHECK-NOT: seq.require
//       CHECK: return
func.func @scales(%x: tensor<?x8xf32>, %s: tensor<?xf32>, %q: tensor<?x?xi8>, %b: tensor<4x?xf32>, %z: tensor<4x?xi8>)
    -> (tensor<?x8xi8>, tensor<4x?xf32>) {
  %y = seq.quantize %x scale(%s) axis 0 : (tensor<?x8xf32>, tensor<?xf32>) -> tensor<?x8xi8>
  %r = seq.dequantize %q scale(%b) zero(%z) axis 1 block 32
      : (tensor<?x?xi8>, tensor<4x?xf32>, tensor<4x?xi8>) -> tensor<4x?xf32>
  return %y, %r : tensor<?x8xi8>, tensor<4x?xf32>
}

// -----

// Positions leave room for what is appended; around the end any number is a position.

// CHECK-LABEL: func.func @caches
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.cache.append' op entries has extent {0} in dimension 0, but {1} is required [C2]"
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.cache.append' op position has extent {0} in dimension 0, but {1} is required [C3]"
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.cache.append' op position holds {0}, but {1} to {2} is required [R1]"
//       CHECK: seq.cache.append
//   CHECK-NOT: seq.require
//       CHECK: seq.cache.append circular
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.cache.read' op count is {0}, but at least 0 is required [R1]"
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.cache.read' op begin is {0}, but {1} to {2} is required [R1]"
//       CHECK: seq.cache.read
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.cache.reorder' op parents holds {0}, but {1} to {2} is required [R1]"
//       CHECK: seq.cache.reorder
//   CHECK-NOT: seq.require
//       CHECK: return
func.func @caches(%c: tensor<?x8x4xf32>, %e: tensor<?x1x4xf32>, %p: tensor<?xi64>, %b: index, %n: index, %q: tensor<?xi32>)
    -> (tensor<?x8x4xf32>, tensor<?x?x4xf32>, tensor<?x8x4xf32>) {
  %0 = seq.cache.append %c, %e at %p axis 1 : (tensor<?x8x4xf32>, tensor<?x1x4xf32>, tensor<?xi64>) -> tensor<?x8x4xf32>
  %1 = seq.cache.append circular %0, %e at %p axis 1 : (tensor<?x8x4xf32>, tensor<?x1x4xf32>, tensor<?xi64>) -> tensor<?x8x4xf32>
  %2 = seq.cache.read %1 from %b count %n axis 1 : tensor<?x8x4xf32> -> tensor<?x?x4xf32>
  %3 = seq.cache.reorder %1 by %q : (tensor<?x8x4xf32>, tensor<?xi32>) -> tensor<?x8x4xf32>
  return %1, %2, %3 : tensor<?x8x4xf32>, tensor<?x?x4xf32>, tensor<?x8x4xf32>
}

// -----

// Tables that go along with the steps; one row of a table serves all.

// CHECK-LABEL: func.func @rotary
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.rotary' op cosine has extent {0} in dimension 0, but {1} is required [C1]"
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.rotary' op cosine has extent {0} in dimension 1, but {1} is required [C1]"
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.rotary' op sine has extent {0} in dimension 1, but {1} is required [C1]"
//   CHECK-NOT: seq.require
//       CHECK: seq.rotary
func.func @rotary(%x: tensor<?x4x?x8xf32>, %c: tensor<?x?x4xf32>, %s: tensor<1x?x4xf32>) -> tensor<?x4x?x8xf32> {
  %y = seq.rotary %x cosine(%c) sine(%s) : tensor<?x4x?x8xf32>, tensor<?x?x4xf32>, tensor<1x?x4xf32>
  return %y : tensor<?x4x?x8xf32>
}

// Scale, channels and a result that is known better than the input.

// CHECK-LABEL: func.func @norms
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.norm' op scale has extent {0} in dimension 0, but {1} is required [C3]"
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.norm' op input has extent {0} in dimension 0, but {1} is required [C4]"
//       CHECK: seq.norm layer
//       CHECK: seq.require %{{.+}}, "{{.+}}'seq.norm' op has {0} channels, but a multiple of its {1} groups is required [C2]"
//   CHECK-NOT: seq.require
//       CHECK: seq.norm group
//   CHECK-NOT: seq.require
func.func @norms(%x: tensor<?x?xf32>, %s: tensor<?xf32>) -> (tensor<3x?xf32>, tensor<?x?xf32>, tensor<?x8xf32>) {
  %y = seq.norm layer %x from 1 epsilon 0.0 scale(%s) : (tensor<?x?xf32>, tensor<?xf32>) -> tensor<3x?xf32>
  %g = seq.norm group %x from 1 groups 2 epsilon 0.0 : (tensor<?x?xf32>) -> tensor<?x?xf32>
  %c0 = arith.constant 0 : index
  %d = tensor.dim %x, %c0 : tensor<?x?xf32>
  %e = tensor.empty(%d) : tensor<?x8xf32>
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %r = seq.norm rms %f from 1 epsilon 0.0 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y, %g, %r : tensor<3x?xf32>, tensor<?x?xf32>, tensor<?x8xf32>
}

// -----

// Two joins of three dimensions have one extent.

// CHECK-LABEL: func.func @joined
//   CHECK-NOT: seq.require
func.func @joined(%x: tensor<?x?x3x4xf32>) -> tensor<1x?x4xf32> {
  %c0 = arith.constant 0 : index
  %one = tensor.collapse_shape %x [[0, 1, 2], [3]] : tensor<?x?x3x4xf32> into tensor<?x4xf32>
  %n = tensor.dim %one, %c0 : tensor<?x4xf32>
  %steps = tensor.expand_shape %one [[0, 1], [2]] output_shape [1, %n, 4] : tensor<?x4xf32> into tensor<1x?x4xf32>
  %other = math.tanh %x : tensor<?x?x3x4xf32>
  %h = tensor.collapse_shape %other [[0, 1, 2], [3]] : tensor<?x?x3x4xf32> into tensor<?x4xf32>
  %y, %last = seq.recurrence scan(%steps : tensor<1x?x4xf32>) init(%h : tensor<?x4xf32>) {
  ^bb0(%xt: tensor<?x4xf32>, %s: tensor<?x4xf32>):
    %a = arith.addf %xt, %s : tensor<?x4xf32>
    seq.yield %a, %a : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<1x?x4xf32>) states(tensor<?x4xf32>)
  return %y : tensor<1x?x4xf32>
}
