// RUN: seqc-opt %s --seq-pack-ragged --split-input-file --verify-diagnostics

/// A sum over the rows needs all of them, so none can be dropped.

func.func @sum_over_rows(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>, %len: tensor<?xi32>)
    -> tensor<?x4xf32> {
  // expected-error @+1 {{with lengths needs a cell whose rows are independent}}
  %out, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>)
      lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<4xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    // expected-note @+1 {{this op may look at other rows}}
    %s = linalg.reduce { arith.addf } ins(%xt : tensor<?x4xf32>) outs(%z : tensor<4xf32>)
        dimensions = [0]
    %b = linalg.broadcast ins(%s : tensor<4xf32>) outs(%h : tensor<?x4xf32>) dimensions = [0]
    seq.yield %b, %b : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %last : tensor<?x4xf32>
}

// -----

/// A tensor from outside with one row per sequence would have to be sorted too.

func.func @captured_rows(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>, %c: tensor<?x4xf32>,
    %len: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{with lengths needs a cell whose rows are independent}}
  %out, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>)
      lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    // expected-note @+1 {{this op may look at other rows}}
    %h1 = arith.addf %xt, %c : tensor<?x4xf32>
    seq.yield %h1, %h1 : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %last : tensor<?x4xf32>
}

// -----

/// The number of a row is its place in the batch, which packing changes.

#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @row_number(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>, %len: tensor<?xi32>)
    -> tensor<?x4xf32> {
  // expected-error @+1 {{with lengths needs a cell whose rows are independent}}
  %out, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>)
      lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    // expected-note @+1 {{this op may look at other rows}}
    %h1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%xt : tensor<?x4xf32>) outs(%h : tensor<?x4xf32>) {
    ^bb1(%a: f32, %b: f32):
      %i = linalg.index 0 : index
      %j = arith.index_cast %i : index to i32
      %f = arith.sitofp %j : i32 to f32
      %s = arith.addf %a, %f : f32
      linalg.yield %s : f32
    } -> tensor<?x4xf32>
    seq.yield %h1, %h1 : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %last : tensor<?x4xf32>
}

// -----

/// What every row yields alike has no rows to pack.

func.func @yields_no_rows(%x: tensor<?x3x4xf32>, %h0: tensor<3x4xf32>, %c: tensor<3x4xf32>,
    %len: tensor<3xi32>) -> tensor<3x4xf32> {
  // expected-error @+1 {{with lengths needs a cell that yields rows}}
  %out, %last = seq.recurrence scan(%x : tensor<?x3x4xf32>) init(%h0 : tensor<3x4xf32>)
      lengths(%len : tensor<3xi32>) {
  ^bb0(%xt: tensor<3x4xf32>, %h: tensor<3x4xf32>):
    seq.yield %h, %c : tensor<3x4xf32>, tensor<3x4xf32>
  } outputs(tensor<?x3x4xf32>) states(tensor<3x4xf32>)
  return %last : tensor<3x4xf32>
}

// -----

/// The result of this is not the same in any order.

func.func @greatest_of_sums(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>, %len: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{with lengths needs a cell whose rows are independent}}
  %out, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>) lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<f32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
    // expected-note @+1 {{this op may look at other rows}}
    %s = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> ()>], iterator_types = ["reduction", "reduction"]}
        ins(%xt : tensor<?x4xf32>) outs(%z : tensor<f32>) {
    ^bb0(%in: f32, %o: f32):
      %a = arith.addf %in, %o : f32
      %m = arith.maximumf %a, %o : f32
      linalg.yield %m : f32
    } -> tensor<f32>
    %b = linalg.broadcast ins(%s : tensor<f32>) outs(%h : tensor<?x4xf32>) dimensions = [0, 1]
    seq.yield %b, %b : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %last : tensor<?x4xf32>
}

// -----

/// Shares of all rows need all of them.

func.func @shares_of_rows(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>, %len: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{with lengths needs a cell whose rows are independent}}
  %out, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>) lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    %a = arith.addf %xt, %h : tensor<?x4xf32>
    // expected-note @+1 {{this op may look at other rows}}
    %p = seq.softmax %a dims [0] : tensor<?x4xf32>
    seq.yield %p, %p : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %last : tensor<?x4xf32>
}

// -----

/// So does a norm over all rows.

func.func @norm_of_rows(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>, %len: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{with lengths needs a cell whose rows are independent}}
  %out, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>) lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    %a = arith.addf %xt, %h : tensor<?x4xf32>
    // expected-note @+1 {{this op may look at other rows}}
    %y = seq.norm layer %a from 0 epsilon 1.0e-5 : (tensor<?x4xf32>) -> tensor<?x4xf32>
    seq.yield %y, %y : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %last : tensor<?x4xf32>
}
