// RUN: seqc-opt %s --seq-pack-ragged --canonicalize --cse | FileCheck %s

/// Sorting and listing take loops over rows and steps; the living rows are gathered, and the
/// outputs go back to a tensor of zeros.

// CHECK-LABEL: func.func @pack_forward_dynamic
//  CHECK-SAME:   %[[X:.*]]: tensor<?x?x4xf32>, %[[H0:.*]]: tensor<?x4xf32>, %[[LEN:.*]]: tensor<?xi32>
//       CHECK:   %[[COUNTS:.*]]:3 = scf.for
//       CHECK:   %[[OFFSETS:.*]]:2 = scf.for
//       CHECK:   %[[ORDER:.*]]:3 = scf.for
//       CHECK:   %[[SOURCES:.*]]:2 = scf.for
//       CHECK:   %[[PACKED:.*]] = linalg.generic {{.*}} ins(%[[SOURCES]]#0, %[[SOURCES]]#1
//       CHECK:     tensor.extract %[[X]]
//       CHECK:   %[[SORTED:.*]] = linalg.generic {{.*}} ins(%[[ORDER]]#0
//       CHECK:     tensor.extract %[[H0]]
//       CHECK:   %[[FLAT:.*]], %[[FINAL:.*]] = seq.recurrence scan(%[[PACKED]] : tensor<?x4xf32>) init(%[[SORTED]] : tensor<?x4xf32>) counts(%[[COUNTS]]#0 : tensor<?xindex>)
//       CHECK:     outputs(tensor<?x4xf32>) states(tensor<?x4xf32>)
//       CHECK:   linalg.fill
//       CHECK:   %[[OUT:.*]] = scf.for %{{.*}} = %{{.*}} to %[[OFFSETS]]#1
//       CHECK:     tensor.extract_slice %[[FLAT]]
//       CHECK:     tensor.insert_slice
//       CHECK:   %[[LAST:.*]] = linalg.generic {{.*}} ins(%[[ORDER]]#1
//       CHECK:     tensor.extract %[[FINAL]]
//       CHECK:   return %[[OUT]], %[[LAST]]
func.func @pack_forward_dynamic(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>, %len: tensor<?xi32>)
    -> (tensor<?x?x4xf32>, tensor<?x4xf32>) {
  %out, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>)
      lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    %h1 = arith.addf %xt, %h : tensor<?x4xf32>
    seq.yield %h1, %h1 : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %out, %last : tensor<?x?x4xf32>, tensor<?x4xf32>
}

/// The second recurrence reads what the first one wrote in packed form, with the same order; the
/// third one runs the other way and gathers.

// CHECK-LABEL: func.func @pack_stacked_shares_order
//       CHECK:   %[[A:.*]], %{{.*}} = seq.recurrence
//       CHECK:   %[[B:.*]], %{{.*}} = seq.recurrence scan(%[[A]] :
//       CHECK:   %[[G:.*]] = linalg.generic
//       CHECK:   seq.recurrence scan(%[[G]]
func.func @pack_stacked_shares_order(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>,
    %len: tensor<?xi32>) -> tensor<?x?x4xf32> {
  %a, %al = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>)
      lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    %h1 = arith.addf %xt, %h : tensor<?x4xf32>
    seq.yield %h1, %h1 : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  %b, %bl = seq.recurrence scan(%a : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>)
      lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    %h1 = arith.mulf %xt, %h : tensor<?x4xf32>
    seq.yield %h1, %h1 : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  %c, %cl = seq.recurrence scan(%b : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>)
      lengths(%len : tensor<?xi32>) reverse {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    %h1 = arith.addf %xt, %h : tensor<?x4xf32>
    seq.yield %h1, %h1 : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %c : tensor<?x?x4xf32>
}

/// A known batch extent does not hold for a step: everything with rows becomes dynamic.

// CHECK-LABEL: func.func @pack_reverse_static_batch
//       CHECK:   seq.recurrence {{.*}} init(%{{.*}} : tensor<3x4xf32>)
//       CHECK:   ^bb0(%[[XT:.*]]: tensor<?x4xf32>, %[[H:.*]]: tensor<?x4xf32>):
//       CHECK:     %[[N:.*]] = tensor.dim %[[XT]]
//       CHECK:     %[[E:.*]] = tensor.empty(%[[N]]) : tensor<?x4xf32>
//       CHECK:     linalg.fill {{.*}} outs(%[[E]]
//       CHECK:     linalg.matmul {{.*}} -> tensor<?x4xf32>
//       CHECK:   } states(tensor<3x4xf32>)
func.func @pack_reverse_static_batch(%x: tensor<5x3x4xf32>, %h0: tensor<3x4xf32>,
    %w: tensor<4x4xf32>, %len: tensor<3xi64>) -> tensor<3x4xf32> {
  %out, %last = seq.recurrence scan(%x : tensor<5x3x4xf32>) init(%h0 : tensor<3x4xf32>)
      lengths(%len : tensor<3xi64>) reverse {
  ^bb0(%xt: tensor<3x4xf32>, %h: tensor<3x4xf32>):
    %zero = arith.constant 0.0 : f32
    %e = tensor.empty() : tensor<3x4xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
    %p = linalg.matmul ins(%h, %w : tensor<3x4xf32>, tensor<4x4xf32>)
        outs(%z : tensor<3x4xf32>) -> tensor<3x4xf32>
    %h1 = arith.addf %xt, %p : tensor<3x4xf32>
    seq.yield %h1, %h1 : tensor<3x4xf32>, tensor<3x4xf32>
  } outputs(tensor<5x3x4xf32>) states(tensor<3x4xf32>)
  return %last : tensor<3x4xf32>
}

/// Without lengths every row lives at every step.

// CHECK-LABEL: func.func @no_pack_without_lengths
//   CHECK-NOT:   counts
//       CHECK:   return
func.func @no_pack_without_lengths(%x: tensor<?x?x4xf32>, %h0: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %out, %last = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h0 : tensor<?x4xf32>) {
  ^bb0(%xt: tensor<?x4xf32>, %h: tensor<?x4xf32>):
    %h1 = arith.addf %xt, %h : tensor<?x4xf32>
    seq.yield %h1, %h1 : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %last : tensor<?x4xf32>
}

/// Nothing is scanned, carried or yielded.

// CHECK-LABEL: func.func @pack_nothing
//   CHECK-NOT:   seq.recurrence
//       CHECK:   return
func.func @pack_nothing(%steps: index, %len: tensor<2xi64>) {
  seq.recurrence lengths(%len : tensor<2xi64>) steps(%steps) {
  ^bb0:
    seq.yield
  }
  return
}

/// Rows of one number, integers, and a state whose rows are a constant's equals.

// CHECK-LABEL: func.func @pack_small_rows
//       CHECK:   seq.recurrence scan(%{{.*}} : tensor<?xi32>) init(%{{.*}} : tensor<3xi32>) counts
//       CHECK:     %[[TWO:.*]] = linalg.fill
//       CHECK:     arith.muli %{{.*}}, %[[TWO]] : tensor<?xi32>
//       CHECK:   tensor.extract_slice %{{.*}} : tensor<?xi32> to tensor<i32>
func.func @pack_small_rows(%x: tensor<?x3xi32>, %h0: tensor<3xi32>, %len: tensor<3xi32>)
    -> tensor<?x3xi32> {
  %out, %last = seq.recurrence scan(%x : tensor<?x3xi32>) init(%h0 : tensor<3xi32>)
      lengths(%len : tensor<3xi32>) {
  ^bb0(%xt: tensor<3xi32>, %h: tensor<3xi32>):
    %two = arith.constant dense<2> : tensor<3xi32>
    %d = arith.muli %xt, %two : tensor<3xi32>
    %s = arith.addi %d, %h : tensor<3xi32>
    seq.yield %s, %s : tensor<3xi32>, tensor<3xi32>
  } outputs(tensor<?x3xi32>) states(tensor<3xi32>)
  return %out : tensor<?x3xi32>
}

/// The greatest of all rows is that of the rows of a step in any order; a product of bytes has rows on its left alone.

// CHECK-LABEL: func.func @pack_combined
//  CHECK-SAME:   %{{.*}}: tensor<?x4x8xf32>, %{{.*}}: tensor<?xi32>, %[[W:.*]]: tensor<8x8xi8>
//       CHECK:   seq.recurrence scan(%{{.*}} : tensor<?x8xf32>) init(%{{.*}} : tensor<4x8xf32>) counts(
//       CHECK:   ^bb0(%[[X:.*]]: tensor<?x8xf32>, %[[H:.*]]: tensor<?x8xf32>):
//       CHECK:     %[[MOST:.*]] = linalg.generic {{.*}} iterator_types = ["reduction", "reduction"]} ins(%[[H]] : tensor<?x8xf32>)
//       CHECK:       arith.maximumf
//       CHECK:     %[[Q:.*]] = linalg.generic {{.*}} ins(%[[H]], %[[MOST]] : tensor<?x8xf32>, tensor<f32>) outs(%{{.*}} : tensor<?x8xi8>)
//       CHECK:     seq.matmul %[[Q]], %[[W]] init(%{{.*}}) : (tensor<?x8xi8>, tensor<8x8xi8>, tensor<?x8xi32>) -> tensor<?x8xi32>
func.func @pack_combined(%x: tensor<?x4x8xf32>, %len: tensor<?xi32>, %w: tensor<8x8xi8>) -> tensor<4x8xf32> {
  %f0 = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : i32
  %e = tensor.empty() : tensor<4x8xf32>
  %h0 = linalg.fill ins(%f0 : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %out, %last = seq.recurrence scan(%x : tensor<?x4x8xf32>) init(%h0 : tensor<4x8xf32>) lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<4x8xf32>, %h: tensor<4x8xf32>):
    %e0 = tensor.empty() : tensor<f32>
    %z = linalg.fill ins(%f0 : f32) outs(%e0 : tensor<f32>) -> tensor<f32>
    %most = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> ()>], iterator_types = ["reduction", "reduction"]}
        ins(%h : tensor<4x8xf32>) outs(%z : tensor<f32>) {
    ^bb0(%in: f32, %o: f32):
      %m = arith.maximumf %in, %o : f32
      linalg.yield %m : f32
    } -> tensor<f32>
    %e8 = tensor.empty() : tensor<4x8xi8>
    %q = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> ()>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
        ins(%h, %most : tensor<4x8xf32>, tensor<f32>) outs(%e8 : tensor<4x8xi8>) {
    ^bb0(%in: f32, %by: f32, %o: i8):
      %d = arith.divf %in, %by : f32
      %n = arith.fptoui %d : f32 to i8
      linalg.yield %n : i8
    } -> tensor<4x8xi8>
    %ei = tensor.empty() : tensor<4x8xi32>
    %zi = linalg.fill ins(%c0 : i32) outs(%ei : tensor<4x8xi32>) -> tensor<4x8xi32>
    %p = seq.matmul %q, %w init(%zi) : (tensor<4x8xi8>, tensor<8x8xi8>, tensor<4x8xi32>) -> tensor<4x8xi32>
    %h1 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
        ins(%xt, %p : tensor<4x8xf32>, tensor<4x8xi32>) outs(%h : tensor<4x8xf32>) {
    ^bb0(%in: f32, %n: i32, %o: f32):
      %f = arith.sitofp %n : i32 to f32
      %s = arith.addf %in, %f : f32
      linalg.yield %s : f32
    } -> tensor<4x8xf32>
    seq.yield %h1, %h1 : tensor<4x8xf32>, tensor<4x8xf32>
  } outputs(tensor<?x4x8xf32>) states(tensor<4x8xf32>)
  return %last : tensor<4x8xf32>
}

/// A product with codes has rows on its left alone, whatever the extents of what is stored.

// CHECK-LABEL: func.func @pack_codes
//  CHECK-SAME:   %{{.*}}: tensor<?x4x8xf32>, %{{.*}}: tensor<?xi32>, %[[W:.*]]: tensor<8x4xi8>, %[[S:.*]]: tensor<8x1xf32>
//       CHECK:   seq.recurrence scan(%{{.*}} : tensor<?x8xf32>) init(%{{.*}} : tensor<4x8xf32>) counts(
//       CHECK:   ^bb0(%{{.*}}: tensor<?x8xf32>, %[[H:.*]]: tensor<?x8xf32>):
//       CHECK:     seq.blockwise_matmul %[[H]], %[[W]] scales(%[[S]]) bits 4 block 8 : (tensor<?x8xf32>, tensor<8x4xi8>, tensor<8x1xf32>) -> tensor<?x8xf32>
func.func @pack_codes(%x: tensor<?x4x8xf32>, %len: tensor<?xi32>, %w: tensor<8x4xi8>, %s: tensor<8x1xf32>)
    -> tensor<4x8xf32> {
  %f0 = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %h0 = linalg.fill ins(%f0 : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %out, %last = seq.recurrence scan(%x : tensor<?x4x8xf32>) init(%h0 : tensor<4x8xf32>) lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<4x8xf32>, %h: tensor<4x8xf32>):
    %p = seq.blockwise_matmul %h, %w scales(%s) bits 4 block 8
        : (tensor<4x8xf32>, tensor<8x4xi8>, tensor<8x1xf32>) -> tensor<4x8xf32>
    %h1 = arith.addf %xt, %p : tensor<4x8xf32>
    seq.yield %h1, %h1 : tensor<4x8xf32>, tensor<4x8xf32>
  } outputs(tensor<?x4x8xf32>) states(tensor<4x8xf32>)
  return %last : tensor<4x8xf32>
}

/// Ops that keep rows apart say so: shares and norms along features, with a scale that all rows have.

// CHECK-LABEL: func.func @pack_shares
//       CHECK:   seq.recurrence scan(%{{.*}} : tensor<?x8xf32>) init(%{{.*}} : tensor<?x8xf32>) counts(
//       CHECK:     seq.softmax %{{.*}} dims [1] : tensor<?x8xf32>
//       CHECK:     seq.norm rms %{{.*}} from 1 {{.*}} : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
func.func @pack_shares(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>, %len: tensor<?xi32>, %s: tensor<8xf32>) -> tensor<?x8xf32> {
  %out, %last = seq.recurrence scan(%x : tensor<?x?x8xf32>) init(%h0 : tensor<?x8xf32>) lengths(%len : tensor<?xi32>) {
  ^bb0(%xt: tensor<?x8xf32>, %h: tensor<?x8xf32>):
    %a = arith.addf %xt, %h : tensor<?x8xf32>
    %p = seq.softmax %a dims [1] : tensor<?x8xf32>
    %y = seq.norm rms %p from 1 epsilon 1.0e-5 scale(%s) : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
    seq.yield %y, %y : tensor<?x8xf32>, tensor<?x8xf32>
  } outputs(tensor<?x?x8xf32>) states(tensor<?x8xf32>)
  return %last : tensor<?x8xf32>
}
