// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-decompose-attention),canonicalize,cse)' | FileCheck %s

/// Seven ops of which two are contractions. Without probabilities the division comes last, over the
/// output only.

// CHECK-LABEL: func.func @dot_lengths
//       CHECK:   %[[S:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "reduction"]
//       CHECK:     arith.mulf {{.*}} fastmath<reassoc,contract>
//       CHECK:     arith.addf {{.*}} fastmath<reassoc,contract>
//       CHECK:   %[[T:.*]] = linalg.generic {{.*}} outs(%[[S]]
//       CHECK:     arith.cmpi slt
//       CHECK:     arith.select
//       CHECK:   %[[M:.*]] = linalg.generic
//       CHECK:     arith.maximumf
//       CHECK:   %[[E:.*]] = linalg.generic {{.*}} ins(%[[M]] {{.*}} outs(%[[T]]
//       CHECK:     math.exp
//       CHECK:   %[[L:.*]] = linalg.generic {{.*}} ins(%[[E]]
//       CHECK:     arith.addf
//       CHECK:   %[[P:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction", "parallel"]{{.*}} ins(%[[E]]
//       CHECK:   %[[O:.*]] = linalg.generic {{.*}} ins(%[[L]] {{.*}} outs(%[[P]]
//       CHECK:     arith.divf
//       CHECK:   return %[[O]]
func.func @dot_lengths(%q: tensor<?x1x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x4xf32>,
    %n: tensor<?xi32>) -> tensor<?x1x4xf32> {
  %o = seq.attention dot %q, %k, %v lengths(%n : tensor<?xi32>)
      : (tensor<?x1x8xf32>, tensor<?x?x8xf32>, tensor<?x?x4xf32>) -> tensor<?x1x4xf32>
  return %o : tensor<?x1x4xf32>
}

/// Keys and values of another row are read where they are needed; nothing of the extents
/// batch x queries x keys x features is stored.

// CHECK-LABEL: func.func @additive_rows_probabilities
//  CHECK-SAME:   %[[K:[a-z0-9]+]]: tensor<?x?x32xf32>, %[[V:[a-z0-9]+]]: tensor<?x?x64xf32>
//   CHECK-NOT:   tensor<?x1x?x32xf32>
//       CHECK:   tensor.extract %[[K]]
//       CHECK:   math.tanh
//       CHECK:   arith.divf
//       CHECK:   linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction", "parallel"]
//       CHECK:     tensor.extract %[[V]]
//   CHECK-NOT:   arith.divf
func.func @additive_rows_probabilities(%q: tensor<?x1x32xf32>, %k: tensor<?x?x32xf32>,
    %v: tensor<?x?x64xf32>, %w: tensor<32xf32>, %n: tensor<?xi32>, %r: tensor<?xi32>)
    -> (tensor<?x1x64xf32>, tensor<?x1x?xf32>) {
  %o, %p = seq.attention additive %q, %k, %v score_weight(%w : tensor<32xf32>)
      lengths(%n : tensor<?xi32>) rows(%r : tensor<?xi32>)
      : (tensor<?x1x32xf32>, tensor<?x?x32xf32>, tensor<?x?x64xf32>)
      -> tensor<?x1x64xf32>, tensor<?x1x?xf32>
  return %o, %p : tensor<?x1x64xf32>, tensor<?x1x?xf32>
}

/// Grouped heads become two dimensions, so that every operand is addressed by plain dimensions.

// CHECK-LABEL: func.func @scaled_grouped_causal
//       CHECK:   tensor.expand_shape {{.*}} into tensor<?x2x2x3x8xf32>
//       CHECK:   arith.mulf
//       CHECK:   arith.cmpi sle
//       CHECK:   tensor.collapse_shape {{.*}} into tensor<?x4x3x8xf32>
func.func @scaled_grouped_causal(%q: tensor<?x4x3x8xf32>, %k: tensor<?x2x?x8xf32>,
    %v: tensor<?x2x?x8xf32>) -> tensor<?x4x3x8xf32> {
  %o = seq.attention scaled %q, %k, %v {causal = #seq.causal<bottom_right>}
      : (tensor<?x4x3x8xf32>, tensor<?x2x?x8xf32>, tensor<?x2x?x8xf32>) -> tensor<?x4x3x8xf32>
  return %o : tensor<?x4x3x8xf32>
}

/// The query is multiplied once, by one product over all positions; the rest is left to a later
/// pass, as there may be many queries.

// CHECK-LABEL: func.func @general
//       CHECK:   %[[P:.*]] = linalg.matmul {{.*}} -> tensor<?x6xf32>
//       CHECK:   %[[Q:.*]] = tensor.expand_shape %[[P]]
//       CHECK:   seq.attention dot %[[Q]], %{{.*}}, %{{.*}} : (tensor<?x?x6xf32>
func.func @general(%q: tensor<?x?x8xf32>, %k: tensor<?x?x6xf32>, %v: tensor<?x?x6xf32>,
    %w: tensor<8x6xf32>) -> tensor<?x?x6xf32> {
  %o = seq.attention general %q, %k, %v score_weight(%w : tensor<8x6xf32>)
      : (tensor<?x?x8xf32>, tensor<?x?x6xf32>, tensor<?x?x6xf32>) -> tensor<?x?x6xf32>
  return %o : tensor<?x?x6xf32>
}

/// A weight whose type says nothing has the features of query and key.

// CHECK-LABEL: func.func @general_open
//       CHECK:   tensor.cast %{{.*}} : tensor<?x?xf32> to tensor<8x6xf32>
//       CHECK:   seq.attention dot %{{.*}} : (tensor<?x?x6xf32>
func.func @general_open(%q: tensor<?x?x8xf32>, %k: tensor<?x?x6xf32>, %w: tensor<?x?xf32>) -> tensor<?x?x6xf32> {
  %o = seq.attention general %q, %k, %k score_weight(%w : tensor<?x?xf32>)
      : (tensor<?x?x8xf32>, tensor<?x?x6xf32>, tensor<?x?x6xf32>) -> tensor<?x?x6xf32>
  return %o : tensor<?x?x6xf32>
}

/// Few queries and probabilities are computed as a whole; the scores of many queries in double precision by blocks.

// CHECK-LABEL: func.func @few
//   CHECK-NOT:   seq.attention
//   CHECK-NOT:   scf.for
//       CHECK:   scf.for %[[B:.*]] = %{{.*}} step %{{.*}}
//       CHECK:     scf.for %[[I:.*]] = %{{.*}} step %[[C32:.*]] iter_args
//       CHECK:       tensor.extract_slice {{.*}}[%[[B]], %[[I]], 0] [1, %[[N:.*]], 8]
//       CHECK:       linalg.fill {{.*}} -> tensor<1x?x?xf64>
//   CHECK-NOT:   seq.attention
//       CHECK:     } {seq.parallel}
//       CHECK:   } {seq.parallel}
//       CHECK:   return
func.func @few(%q: tensor<?x4x8xf32>, %k: tensor<?x?x8xf32>, %p: tensor<?x?x8xf32>,
    %d: tensor<?x?x8xf64>) -> (tensor<?x4x8xf32>, tensor<?x?x8xf32>, tensor<?x?x?xf32>, tensor<?x?x8xf64>) {
  %o = seq.attention dot %q, %k, %k
      : (tensor<?x4x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x4x8xf32>
  %o1, %w = seq.attention dot %p, %k, %k
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>, tensor<?x?x?xf32>
  %o2 = seq.attention dot %d, %d, %d
      : (tensor<?x?x8xf64>, tensor<?x?x8xf64>, tensor<?x?x8xf64>) -> tensor<?x?x8xf64>
  return %o, %o1, %w, %o2 : tensor<?x4x8xf32>, tensor<?x?x8xf32>, tensor<?x?x?xf32>, tensor<?x?x8xf64>
}

/// Narrow types are computed in f32.

// CHECK-LABEL: func.func @dot_bf16
//       CHECK:   arith.extf {{.*}} : bf16 to f32
//       CHECK:   arith.truncf {{.*}} : f32 to bf16
func.func @dot_bf16(%q: tensor<?x1x8xbf16>, %k: tensor<?x?x8xbf16>, %v: tensor<?x?x8xbf16>)
    -> tensor<?x1x8xbf16> {
  %o = seq.attention dot %q, %k, %v
      : (tensor<?x1x8xbf16>, tensor<?x?x8xbf16>, tensor<?x?x8xbf16>) -> tensor<?x1x8xbf16>
  return %o : tensor<?x1x8xbf16>
}

/// A region works on all pairs of a row and of eight queries.

// CHECK-LABEL: func.func @region(
//       CHECK:   %[[C8:.*]] = arith.constant 8 : index
//       CHECK:   scf.for
//       CHECK:     scf.for %{{.*}} step %[[C8]]
//       CHECK:       tensor.collapse_shape {{.*}} : tensor<1x?x?x8xf32> into tensor<?x8xf32>
//       CHECK:       tensor.collapse_shape {{.*}} : tensor<1x?x?x8xf32> into tensor<?x8xf32>
//       CHECK:       linalg.reduce
//       CHECK:       tensor.expand_shape {{.*}} into tensor<1x?x?xf32>
func.func @region(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>, %v: tensor<?x?x4xf32>)
    -> tensor<?x?x4xf32> {
  %o = seq.attention region %q, %k, %v
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  ^bb0(%a: tensor<?x8xf32>, %b: tensor<?x8xf32>):
    %zero = arith.constant 0.0 : f32
    %c0 = arith.constant 0 : index
    %n = tensor.dim %a, %c0 : tensor<?x8xf32>
    %e = tensor.empty(%n) : tensor<?xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    %d = arith.mulf %a, %b : tensor<?x8xf32>
    %s = linalg.reduce { arith.addf } ins(%d : tensor<?x8xf32>) outs(%z : tensor<?xf32>)
        dimensions = [1]
    seq.yield %s : tensor<?xf32>
  }
  return %o : tensor<?x?x4xf32>
}

/// What belongs to the rows and queries of a block: a mask of which some extents may be 1, lengths, and the position
/// of the first query, counted from the end of the keys.

// CHECK-LABEL: func.func @region_sides
//  CHECK-SAME:   %[[Q:.*]]: tensor<?x?x4xf32>, %[[K:.*]]: tensor<?x?x4xf32>, %[[M:.*]]: tensor<1x?x?xi1>, %[[N:.*]]: tensor<?xi32>
//       CHECK:   scf.for %[[B:.*]] = %{{.*}} to
//       CHECK:     scf.for %[[I:.*]] = %{{.*}} to %[[TQ:.*]] step
//       CHECK:       %[[ROWS:.*]] = affine.min
//       CHECK:       %[[ONE:.*]] = arith.cmpi eq, %{{.*}}, %{{.*}} : index
//       CHECK:       %[[FIRST:.*]] = arith.select %[[ONE]], %{{.*}}, %[[I]]
//       CHECK:       %[[COUNT:.*]] = arith.select %[[ONE]], %{{.*}}, %[[ROWS]]
//       CHECK:       tensor.extract_slice %[[M]][0, %[[FIRST]], 0] [1, %[[COUNT]], %{{.*}}]
//       CHECK:       tensor.extract_slice %[[N]][%[[B]]] [1] [1]
//       CHECK:       %[[SHIFT:.*]] = arith.subi %{{.*}}, %[[TQ]]
//       CHECK:       arith.addi %[[I]], %[[SHIFT]]
//       CHECK:       arith.cmpi sle
func.func @region_sides(%q: tensor<?x?x4xf32>, %k: tensor<?x?x4xf32>, %m: tensor<1x?x?xi1>, %n: tensor<?xi32>)
    -> tensor<?x?x4xf32> {
  %o = seq.attention region %q, %k, %k mask(%m : tensor<1x?x?xi1>) lengths(%n : tensor<?xi32>)
      {causal = #seq.causal<bottom_right>}
      : (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  ^bb0(%a: tensor<?x4xf32>, %b: tensor<?x4xf32>):
    %c0 = arith.constant 0 : index
    %size = tensor.dim %a, %c0 : tensor<?x4xf32>
    %e = tensor.empty(%size) : tensor<?xf32>
    %s = linalg.reduce { arith.maximumf } ins(%a : tensor<?x4xf32>) outs(%e : tensor<?xf32>) dimensions = [1]
    seq.yield %s : tensor<?xf32>
  }
  return %o : tensor<?x?x4xf32>
}

/// Heads are not cut, those that share keys neither; a window moves with the first query.

// CHECK-LABEL: func.func @grouped_window
//       CHECK:   scf.for %[[B:.*]] = %{{.*}} to %{{.*}} step %{{.*}} iter_args
//       CHECK:     scf.for %[[I:.*]] = %{{.*}} to
//       CHECK:       tensor.extract_slice %{{.*}}[%[[B]], 0, %[[I]], 0] [1, 4, %{{.*}}, 8]
//       CHECK:       tensor.extract_slice %{{.*}}[%[[B]], 0, 0, 0] [1, 2, %{{.*}}, 8]
//       CHECK:       tensor.expand_shape {{.*}} into tensor<1x2x2x?x8xf64>
//       CHECK:       arith.maxsi %[[I]]
func.func @grouped_window(%q: tensor<?x4x?x8xf64>, %k: tensor<?x2x?x8xf64>) -> tensor<?x4x?x8xf64> {
  %o = seq.attention scaled %q, %k, %k {window = array<i64: 3, 0>}
      : (tensor<?x4x?x8xf64>, tensor<?x2x?x8xf64>, tensor<?x2x?x8xf64>) -> tensor<?x4x?x8xf64>
  return %o : tensor<?x4x?x8xf64>
}

/// The position of the first query of a block: that of its row, whose keys it looks at.

// CHECK-LABEL: func.func @starts
//       CHECK:   scf.for %[[B:.*]] = %{{.*}} to
//       CHECK:     scf.for %[[I:.*]] = %{{.*}} to
//       CHECK:       tensor.extract %{{.*}}[%{{.*}}] : tensor<{{.*}}xi64>
func.func @starts(%q: tensor<?x?x8xf64>, %k: tensor<?x?x8xf64>, %s: tensor<?xi64>) -> tensor<?x?x8xf64> {
  %o = seq.attention scaled %q, %k, %k starts(%s : tensor<?xi64>) {causal = #seq.causal<top_left>}
      : (tensor<?x?x8xf64>, tensor<?x?x8xf64>, tensor<?x?x8xf64>) -> tensor<?x?x8xf64>
  return %o : tensor<?x?x8xf64>
}

// CHECK-LABEL: func.func @rows_starts
//  CHECK-SAME:   %{{.*}}: tensor<?x?x8xf64>, %{{.*}}: tensor<?x?x8xf64>, %[[R:.*]]: tensor<?xi32>, %[[S:.*]]: tensor<?xi64>
//       CHECK:   scf.for %[[B:.*]] = %{{.*}} to
//       CHECK:     scf.for %[[I:.*]] = %{{.*}} to
//       CHECK:       %[[ROW:.*]] = tensor.extract %[[R]][%[[B]]]
//       CHECK:       %[[INDEX:.*]] = arith.index_cast %[[ROW]] : i32 to index
//       CHECK:       tensor.extract %[[S]][%[[INDEX]]]
//       CHECK:       arith.addi %[[I]]
func.func @rows_starts(%q: tensor<?x?x8xf64>, %k: tensor<?x?x8xf64>, %r: tensor<?xi32>, %s: tensor<?xi64>)
    -> tensor<?x?x8xf64> {
  %o = seq.attention scaled %q, %k, %k rows(%r : tensor<?xi32>) starts(%s : tensor<?xi64>)
      {causal = #seq.causal<top_left>}
      : (tensor<?x?x8xf64>, tensor<?x?x8xf64>, tensor<?x?x8xf64>) -> tensor<?x?x8xf64>
  return %o : tensor<?x?x8xf64>
}
