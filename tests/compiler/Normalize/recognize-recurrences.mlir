// RUN: seqc-opt %s --pass-pipeline='builtin.module(seq-recognize-recurrences,canonicalize,cse)' | FileCheck %s

// CHECK: module attributes {seq.recognized = {along = {recurrence = 1 : i64}, cut = {recurrence = 1 : i64}, forward = {recurrence = 1 : i64}, inner = {recurrence = 2 : i64}, row = {recurrence = 1 : i64}}}

#id = affine_map<(d0, d1) -> (d0, d1)>

/// Rows of a number that only a call knows; a check that holds by the number of the iteration goes.

// CHECK-LABEL: func.func @forward
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<?x?x8xf32>, %[[H0:[a-z0-9]+]]: tensor<?x8xf32>
//       CHECK:   %[[ALL:.*]], %[[LAST:.*]] = seq.recurrence scan(%[[X]] : tensor<?x?x8xf32>) init(%[[H0]] : tensor<?x8xf32>) {
//  CHECK-NEXT:   ^bb0(%[[XT:.*]]: tensor<?x8xf32>, %[[H:.*]]: tensor<?x8xf32>):
//  CHECK-NEXT:     %[[ROWS:.*]] = tensor.dim %[[XT]], %c0
//   CHECK-NOT:     seq.require
//       CHECK:     %[[EMPTY:.*]] = tensor.empty(%[[ROWS]]) : tensor<?x8xf32>
//       CHECK:     %[[SUM:.*]] = linalg.add ins(%[[XT]], %[[H]] : {{.*}}) outs(%[[EMPTY]] : tensor<?x8xf32>)
//       CHECK:     seq.yield %[[SUM]], %[[SUM]]
//       CHECK:   } outputs(tensor<?x?x8xf32>) states(tensor<?x8xf32>)
//       CHECK:   return %[[LAST]], %[[ALL]]
func.func @forward(%x: tensor<?x?x8xf32>, %h0: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x?x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %time = tensor.dim %x, %c0 : tensor<?x?x8xf32>
  %rows = tensor.dim %x, %c1 : tensor<?x?x8xf32>
  %found = tensor.dim %h0, %c0 : tensor<?x8xf32>
  %equal = arith.cmpi eq, %found, %rows : index
  seq.require %equal, "rows differ"
  %steps = arith.maxsi %time, %c0 : index
  %room = tensor.empty(%steps, %rows) : tensor<?x?x8xf32>
  %e = tensor.empty(%rows) : tensor<?x8xf32>
  %r:2 = scf.for %i = %c0 to %steps step %c1 iter_args(%h = %h0, %all = %room) -> (tensor<?x8xf32>, tensor<?x?x8xf32>) {
    %inside = arith.cmpi slt, %i, %time : index
    seq.require %inside, "an index is {0}"(%i)
    %xt = tensor.extract_slice %x[%i, 0, 0] [1, %rows, 8] [1, 1, 1] : tensor<?x?x8xf32> to tensor<?x8xf32>
    %n = linalg.add ins(%xt, %h : tensor<?x8xf32>, tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
    %kept = tensor.insert_slice %n into %h[0, 0] [%rows, 8] [1, 1] : tensor<?x8xf32> into tensor<?x8xf32>
    %s = tensor.insert_slice %n into %all[%i, 0, 0] [1, %rows, 8] [1, 1, 1] : tensor<?x8xf32> into tensor<?x?x8xf32>
    scf.yield %kept, %s : tensor<?x8xf32>, tensor<?x?x8xf32>
  }
  return %r#0, %r#1 : tensor<?x8xf32>, tensor<?x?x8xf32>
}

/// Slices of a later dimension, the last one first.

// CHECK-LABEL: func.func @along
//  CHECK-SAME:   %[[X:[a-z0-9]+]]: tensor<2x5x8xf32>
//       CHECK:   %[[TIME:.*]] = linalg.transpose ins(%[[X]] : tensor<2x5x8xf32>) {{.*}} permutation = [1, 0, 2]
//       CHECK:   %[[ALL:.*]], %{{.*}} = seq.recurrence scan(%[[TIME]] : tensor<5x2x8xf32>) init(%{{.*}} : tensor<2x8xf32>) reverse {
//       CHECK:   } outputs(tensor<5x2x8xf32>) states(tensor<2x8xf32>)
//       CHECK:   linalg.transpose ins(%[[ALL]] : tensor<5x2x8xf32>) {{.*}} permutation = [1, 2, 0]
func.func @along(%x: tensor<2x5x8xf32>, %h0: tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x8x5xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %room = tensor.empty() : tensor<2x8x5xf32>
  %r:2 = scf.for %i = %c0 to %c5 step %c1 iter_args(%h = %h0, %all = %room) -> (tensor<2x8xf32>, tensor<2x8x5xf32>) {
    %at = arith.subi %c4, %i : index
    %xt = tensor.extract_slice %x[0, %at, 0] [2, 1, 8] [1, 1, 1] : tensor<2x5x8xf32> to tensor<2x8xf32>
    %n = linalg.add ins(%xt, %h : tensor<2x8xf32>, tensor<2x8xf32>) outs(%h : tensor<2x8xf32>) -> tensor<2x8xf32>
    %s = tensor.insert_slice %n into %all[0, 0, %at] [2, 8, 1] [1, 1, 1] : tensor<2x8xf32> into tensor<2x8x5xf32>
    scf.yield %n, %s : tensor<2x8xf32>, tensor<2x8x5xf32>
  }
  return %r#0, %r#1 : tensor<2x8xf32>, tensor<2x8x5xf32>
}

/// Slices without rows in common, as one row.

// CHECK-LABEL: func.func @row
//       CHECK:   seq.recurrence scan(%{{.*}} : tensor<5x1x8xf32>) init(%{{.*}} : tensor<1x3xf32>) {
//       CHECK:   ^bb0(%[[XT:.*]]: tensor<1x8xf32>, %[[H:.*]]: tensor<1x3xf32>):
//   CHECK-DAG:     tensor.collapse_shape %[[XT]] {{.*}} : tensor<1x8xf32> into tensor<8xf32>
//   CHECK-DAG:     tensor.collapse_shape %[[H]] {{.*}} : tensor<1x3xf32> into tensor<3xf32>
//       CHECK:   } states(tensor<1x3xf32>)
func.func @row(%x: tensor<5x8xf32>, %h0: tensor<3xf32>, %w: tensor<3x8xf32>) -> tensor<3xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %r = scf.for %i = %c0 to %c5 step %c1 iter_args(%h = %h0) -> (tensor<3xf32>) {
    %xt = tensor.extract_slice %x[%i, 0] [1, 8] [1, 1] : tensor<5x8xf32> to tensor<8xf32>
    %n = linalg.matvec ins(%w, %xt : tensor<3x8xf32>, tensor<8xf32>) outs(%h : tensor<3xf32>) -> tensor<3xf32>
    scf.yield %n : tensor<3xf32>
  }
  return %r : tensor<3xf32>
}

/// More slices than steps: the rest is cut off.

// CHECK-LABEL: func.func @cut
//       CHECK:   %[[PART:.*]] = tensor.extract_slice %{{.*}}[0, 0, 1] [5, 2, 8] [1, 1, 1] : tensor<7x2x9xf32> to tensor<5x2x8xf32>
//       CHECK:   seq.recurrence scan(%[[PART]] : tensor<5x2x8xf32>)
func.func @cut(%x: tensor<7x2x9xf32>, %h0: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %r = scf.for %i = %c0 to %c5 step %c1 iter_args(%h = %h0) -> (tensor<2x8xf32>) {
    %xt = tensor.extract_slice %x[%i, 0, 1] [1, 2, 8] [1, 1, 1] : tensor<7x2x9xf32> to tensor<2x8xf32>
    %n = linalg.add ins(%xt, %h : tensor<2x8xf32>, tensor<2x8xf32>) outs(%h : tensor<2x8xf32>) -> tensor<2x8xf32>
    scf.yield %n : tensor<2x8xf32>
  }
  return %r : tensor<2x8xf32>
}

/// One loop in another.

// CHECK-LABEL: func.func @inner
//       CHECK:   seq.recurrence scan(%{{.*}} : tensor<4x5x2x8xf32>) init(%{{.*}} : tensor<5x2x8xf32>)
//       CHECK:   ^bb0(%[[XT:.*]]: tensor<5x2x8xf32>, %[[H:.*]]: tensor<5x2x8xf32>):
//       CHECK:     seq.recurrence scan(%[[XT]], %[[H]] : tensor<5x2x8xf32>, tensor<5x2x8xf32>)
func.func @inner(%x: tensor<4x5x2x8xf32>, %h0: tensor<5x2x8xf32>) -> tensor<5x2x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %zero = arith.constant dense<0.0> : tensor<2x8xf32>
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %h0) -> (tensor<5x2x8xf32>) {
    %xt = tensor.extract_slice %x[%i, 0, 0, 0] [1, 5, 2, 8] [1, 1, 1, 1] : tensor<4x5x2x8xf32> to tensor<5x2x8xf32>
    %e = tensor.empty() : tensor<5x2x8xf32>
    %n:2 = scf.for %j = %c0 to %c5 step %c1 iter_args(%g = %zero, %all = %e) -> (tensor<2x8xf32>, tensor<5x2x8xf32>) {
      %a = tensor.extract_slice %xt[%j, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<5x2x8xf32> to tensor<2x8xf32>
      %b = tensor.extract_slice %h[%j, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<5x2x8xf32> to tensor<2x8xf32>
      %s = linalg.add ins(%a, %b : tensor<2x8xf32>, tensor<2x8xf32>) outs(%g : tensor<2x8xf32>) -> tensor<2x8xf32>
      %t = linalg.add ins(%s, %g : tensor<2x8xf32>, tensor<2x8xf32>) outs(%g : tensor<2x8xf32>) -> tensor<2x8xf32>
      %w = tensor.insert_slice %t into %all[%j, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<2x8xf32> into tensor<5x2x8xf32>
      scf.yield %t, %w : tensor<2x8xf32>, tensor<5x2x8xf32>
    }
    scf.yield %n#1 : tensor<5x2x8xf32>
  }
  return %r : tensor<5x2x8xf32>
}

/// The number of the iteration is used for more: added to the slice, or for slices in both directions.

// CHECK-LABEL: func.func @number
//   CHECK-NOT:   seq.recurrence
//       CHECK:   scf.for
func.func @number(%x: tensor<5x2x8xf32>, %h0: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %r = scf.for %i = %c0 to %c5 step %c1 iter_args(%h = %h0) -> (tensor<2x8xf32>) {
    %xt = tensor.extract_slice %x[%i, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<5x2x8xf32> to tensor<2x8xf32>
    %k = arith.index_cast %i : index to i64
    %f = arith.sitofp %k : i64 to f32
    %n = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%xt : tensor<2x8xf32>) outs(%h : tensor<2x8xf32>) {
    ^bb0(%in: f32, %out: f32):
      %p = arith.addf %in, %f : f32
      %s = arith.addf %p, %out : f32
      linalg.yield %s : f32
    } -> tensor<2x8xf32>
    scf.yield %n : tensor<2x8xf32>
  }
  return %r : tensor<2x8xf32>
}

// CHECK-LABEL: func.func @both
//   CHECK-NOT:   seq.recurrence
//       CHECK:   scf.for
func.func @both(%x: tensor<5x2x8xf32>, %h0: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %r = scf.for %i = %c0 to %c5 step %c1 iter_args(%h = %h0) -> (tensor<2x8xf32>) {
    %at = arith.subi %c4, %i : index
    %a = tensor.extract_slice %x[%i, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<5x2x8xf32> to tensor<2x8xf32>
    %b = tensor.extract_slice %x[%at, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<5x2x8xf32> to tensor<2x8xf32>
    %n = linalg.add ins(%a, %b : tensor<2x8xf32>, tensor<2x8xf32>) outs(%h : tensor<2x8xf32>) -> tensor<2x8xf32>
    scf.yield %n : tensor<2x8xf32>
  }
  return %r : tensor<2x8xf32>
}

/// A check that may fail names the iteration.

// CHECK-LABEL: func.func @checked
//   CHECK-NOT:   seq.recurrence
//       CHECK:   scf.for
//       CHECK:     seq.require
func.func @checked(%x: tensor<5x2x8xf32>, %h0: tensor<2x8xf32>, %n: index) -> tensor<2x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %r = scf.for %i = %c0 to %c5 step %c1 iter_args(%h = %h0) -> (tensor<2x8xf32>) {
    %inside = arith.cmpi slt, %i, %n : index
    seq.require %inside, "an index is {0}"(%i)
    %xt = tensor.extract_slice %x[%i, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<5x2x8xf32> to tensor<2x8xf32>
    %s = linalg.add ins(%xt, %h : tensor<2x8xf32>, tensor<2x8xf32>) outs(%h : tensor<2x8xf32>) -> tensor<2x8xf32>
    scf.yield %s : tensor<2x8xf32>
  }
  return %r : tensor<2x8xf32>
}

/// States of rows that need not be those of the input, a state that is overwritten in part, an open extent of
/// features, and a result of which iterations write two slices.

// CHECK-LABEL: func.func @rows
//   CHECK-NOT:   seq.recurrence
//       CHECK:   scf.for
func.func @rows(%x: tensor<5x?x8xf32>, %h0: tensor<?x8xf32>, %rows: index) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %r = scf.for %i = %c0 to %c5 step %c1 iter_args(%h = %h0) -> (tensor<?x8xf32>) {
    %xt = tensor.extract_slice %x[%i, 0, 0] [1, %rows, 8] [1, 1, 1] : tensor<5x?x8xf32> to tensor<?x8xf32>
    %n = linalg.add ins(%xt, %xt : tensor<?x8xf32>, tensor<?x8xf32>) outs(%xt : tensor<?x8xf32>) -> tensor<?x8xf32>
    %s = tensor.insert_slice %n into %h[0, 0] [%rows, 8] [1, 1] : tensor<?x8xf32> into tensor<?x8xf32>
    scf.yield %s : tensor<?x8xf32>
  }
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @features
//   CHECK-NOT:   seq.recurrence
//       CHECK:   scf.for
func.func @features(%x: tensor<5x2x?xf32>, %h0: tensor<2x?xf32>) -> tensor<2x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c5 = arith.constant 5 : index
  %d = tensor.dim %x, %c2 : tensor<5x2x?xf32>
  %r = scf.for %i = %c0 to %c5 step %c1 iter_args(%h = %h0) -> (tensor<2x?xf32>) {
    %xt = tensor.extract_slice %x[%i, 0, 0] [1, 2, %d] [1, 1, 1] : tensor<5x2x?xf32> to tensor<2x?xf32>
    %n = linalg.add ins(%xt, %h : tensor<2x?xf32>, tensor<2x?xf32>) outs(%h : tensor<2x?xf32>) -> tensor<2x?xf32>
    scf.yield %n : tensor<2x?xf32>
  }
  return %r : tensor<2x?xf32>
}

// CHECK-LABEL: func.func @twice
//   CHECK-NOT:   seq.recurrence
//       CHECK:   scf.for
func.func @twice(%x: tensor<5x2x8xf32>) -> tensor<6x2x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %room = tensor.empty() : tensor<6x2x8xf32>
  %r = scf.for %i = %c0 to %c5 step %c1 iter_args(%all = %room) -> (tensor<6x2x8xf32>) {
    %xt = tensor.extract_slice %x[%i, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<5x2x8xf32> to tensor<2x8xf32>
    %a = tensor.insert_slice %xt into %all[%i, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<2x8xf32> into tensor<6x2x8xf32>
    %b = tensor.insert_slice %xt into %a[5, 0, 0] [1, 2, 8] [1, 1, 1] : tensor<2x8xf32> into tensor<6x2x8xf32>
    scf.yield %b : tensor<6x2x8xf32>
  }
  return %r : tensor<6x2x8xf32>
}
