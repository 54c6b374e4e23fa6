// RUN: seqc-opt %s --split-input-file --verify-diagnostics --seq-split-generate | FileCheck %s

/// The search keeps its entry; `encode` is what comes before it, without the argument that only the
/// search uses; `step` is its region. Weights are in both. Equal extents have one name.

// CHECK-LABEL: func.func @generate(
//       CHECK:   seq.generate

// CHECK-LABEL: func.func @encode(
//  CHECK-SAME:   %[[X:[^:]*]]: tensor<?x?xf32> {seq.name = "x", seq.signature = #seq.signature<dims = ["b", "t"], min = -5 : i64, fallback = 1 : i64>})
//  CHECK-SAME:   -> (tensor<?xi32> {seq.name = "start", seq.signature = #seq.signature<dims = ["b"]>},
//  CHECK-SAME:   tensor<?x4xf32> {seq.name = "state_0", seq.signature = #seq.signature<dims = ["b", ""]>},
//  CHECK-SAME:   tensor<?x?xf32> {seq.name = "context_0", seq.signature = #seq.signature<dims = ["b", "t"]>})
//   CHECK-NOT:   seq.generate
//       CHECK:   math.tanh %[[X]]

// CHECK-LABEL: func.func @step(
//  CHECK-SAME:   %[[ID:[^:]*]]: tensor<?xi32> {seq.name = "id", seq.signature = #seq.signature<dims = ["lanes"], min = 0 : i64, max = 2 : i64>},
//  CHECK-SAME:   %[[ROW:[^:]*]]: tensor<?xi32> {seq.name = "row", seq.signature = #seq.signature<dims = ["lanes"], min = 0 : i64>},
//  CHECK-SAME:   %[[AT:[^:]*]]: tensor<i64> {seq.name = "position", seq.signature = #seq.signature<dims = []>},
//  CHECK-SAME:   %[[H:[^:]*]]: tensor<?x4xf32> {seq.name = "state_0", seq.signature = #seq.signature<dims = ["lanes", ""]>},
//  CHECK-SAME:   %[[C:[^:]*]]: tensor<?x?xf32> {seq.name = "context_0", seq.signature = #seq.signature<dims = ["b", "t"]>})
//  CHECK-SAME:   -> (tensor<?x3xf32> {seq.name = "logits", seq.signature = #seq.signature<dims = ["lanes", ""]>},
//  CHECK-SAME:   tensor<?x4xf32> {seq.name = "state_0", seq.signature = #seq.signature<dims = ["lanes", ""]>}
//       CHECK:   seq.require %{{.*}}, "the position is {0};
//       CHECK:   scf.for
//       CHECK:     seq.require %{{.*}}, "lane {0} belongs to row {1};
//       CHECK:   seq.require %{{.*}}, "the step reads from a tensor without elements; required are some"
/// Inside of a structured op an index from the inputs is kept inside.
//       CHECK:   linalg.generic
//       CHECK:     arith.minsi
//       CHECK:     arith.maxsi
//       CHECK:     tensor.extract %[[C]]
/// A slice at a place that the position decides is checked.
//       CHECK:   seq.require %{{.*}}, "the step reaches elements {0} and {1} further of {2};
//       CHECK:   tensor.extract_slice
//       CHECK:   seq.require %{{.*}}, "the step reaches element {0} of {1};
//       CHECK:   tensor.extract %[[C]]
//       CHECK:   return
module {
  func.func @generate(%x: tensor<?x?xf32> {seq.name = "x", seq.signature = #seq.signature<dims = ["b", "t"], min = -5 : i64, fallback = 1 : i64>}, %n: tensor<i64> {seq.name = "n"}) -> tensor<?x1x?xi32> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %one = arith.constant 1 : i32
    %zero = arith.constant 0.0 : f32
    %b = tensor.dim %x, %c0 : tensor<?x?xf32>
    %w = seq.weight "w" in "m.safetensors" at 0 hash "aa" : tensor<4x3xf32>
    %source = math.tanh %x : tensor<?x?xf32>
    %e = tensor.empty(%b) : tensor<?xi32>
    %start = linalg.fill ins(%one : i32) outs(%e : tensor<?xi32>) -> tensor<?xi32>
    %he = tensor.empty(%b) : tensor<?x4xf32>
    %h0 = linalg.fill ins(%zero : f32) outs(%he : tensor<?x4xf32>) -> tensor<?x4xf32>
    %m = tensor.extract %n[] : tensor<i64>
    %most = arith.index_cast %m : i64 to index
    %tok, %len, %score, %why = seq.generate #seq.greedy start(%start : tensor<?xi32>) end [2] pad 0 max_new(%most)
        init(%h0 : tensor<?x4xf32>) {
    ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x4xf32>):
      %lanes = tensor.dim %id, %c0 : tensor<?xi32>
      %le = tensor.empty(%lanes) : tensor<?x4xf32>
      %own = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
          ins(%row, %h : tensor<?xi32>, tensor<?x4xf32>) outs(%le : tensor<?x4xf32>) {
      ^bb1(%r: i32, %v: f32, %o: f32):
        %i = arith.index_cast %r : i32 to index
        %s = tensor.extract %source[%i, %c1] : tensor<?x?xf32>
        %a = arith.addf %v, %s : f32
        linalg.yield %a : f32
      } -> tensor<?x4xf32>
      %part = tensor.extract_slice %own[0, %pos] [%lanes, 1] [1, 1] : tensor<?x4xf32> to tensor<?x1xf32>
      %f = tensor.extract %source[%c0, %pos] : tensor<?x?xf32>
      %next = tensor.insert_slice %part into %own[0, 0] [%lanes, 1] [1, 1] : tensor<?x1xf32> into tensor<?x4xf32>
      %ze = tensor.empty(%lanes) : tensor<?x3xf32>
      %zf = linalg.fill ins(%f : f32) outs(%ze : tensor<?x3xf32>) -> tensor<?x3xf32>
      %z = linalg.matmul ins(%next, %w : tensor<?x4xf32>, tensor<4x3xf32>) outs(%zf : tensor<?x3xf32>) -> tensor<?x3xf32>
      seq.yield %z, %next : tensor<?x3xf32>, tensor<?x4xf32>
    } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
    return %tok : tensor<?x1x?xi32>
  }
}

// -----

/// A number that the values of an input decide cannot be trusted to a host.

// CHECK-LABEL: func.func @number(
//   CHECK-NOT: func.func @step(
func.func @number(%x: tensor<?x4xf32>, %n: tensor<i64>) -> tensor<?x1x?xi32> {
  %c0 = arith.constant 0 : index
  %c9 = arith.constant 9 : index
  %one = arith.constant 1 : i32
  %b = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%b) : tensor<?xi32>
  %start = linalg.fill ins(%one : i32) outs(%e : tensor<?xi32>) -> tensor<?xi32>
  %m = tensor.extract %n[] : tensor<i64>
  %rows = arith.index_cast %m : i64 to index
  // expected-remark @+1 {{no entries 'encode' and 'step': the step needs a number of type 'index' that is no extent of what it reads}}
  %tok, %len, %score, %why = seq.generate #seq.greedy start(%start : tensor<?xi32>) end [2] pad 0 max_new(%c9)
      init(%x : tensor<?x4xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x4xf32>):
    %part = tensor.extract_slice %h[0, 0] [%rows, 3] [1, 1] : tensor<?x4xf32> to tensor<?x3xf32>
    seq.yield %part, %h : tensor<?x3xf32>, tensor<?x4xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %tok : tensor<?x1x?xi32>
}

// -----

/// One row may have several lanes.

// CHECK-LABEL: func.func @single(
// CHECK-LABEL: func.func @encode(
//  CHECK-SAME:   seq.name = "start", seq.signature = #seq.signature<dims = ["extent_0"]>
//  CHECK-SAME:   seq.name = "state_0", seq.signature = #seq.signature<dims = ["extent_0", ""]>
// CHECK-LABEL: func.func @step(
//  CHECK-SAME:   seq.name = "position", seq.signature = #seq.signature<dims = []>
//  CHECK-SAME:   seq.name = "state_0", seq.signature = #seq.signature<dims = ["lanes", ""]>
func.func @single(%x: tensor<1x3xf32>, %start: tensor<1xi32>) -> tensor<?x1x?xi32> {
  %c9 = arith.constant 9 : index
  %rows = tensor.cast %start : tensor<1xi32> to tensor<?xi32>
  %tok, %len, %score, %why = seq.generate #seq.greedy start(%rows : tensor<?xi32>) end [2] pad 0 max_new(%c9)
      init(%x : tensor<1x3xf32>) {
  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, %h: tensor<?x3xf32>):
    seq.yield %h, %h : tensor<?x3xf32>, tensor<?x3xf32>
  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, tensor<?x1xi8>
  return %tok : tensor<?x1x?xi32>
}

// -----

/// Without a search there is nothing to do.

// CHECK-LABEL: func.func @plain(
//   CHECK-NOT: func.func
func.func @plain(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
