// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-tile-attention),canonicalize,cse)' | FileCheck %s
// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-tile-attention{vector-bits=256}),canonicalize,cse)' | FileCheck %s --check-prefix=NARROW

/// Panels of keys, heads, blocks of queries, panels, tiles; nothing of the size queries x keys.

// CHECK-LABEL: func.func @plain
//   CHECK-NOT:   256x256
//       CHECK:   tensor.empty() : tensor<1x2x4x24x64xf32>
//       CHECK:   linalg.generic {{.*}} ins({{.*}} : tensor<64x24xf32>) outs({{.*}} : tensor<24x64xf32>) {
//       CHECK:   scf.for %{{.*}} = %c0 to %c2 step
//       CHECK:     scf.for %{{.*}} = %c0 to %c256 step %c32
//       CHECK:       scf.for %{{.*}} = %c0 to %c4 step %c1
//       CHECK:         scf.for %{{.*}} = %c0 to %c32 step %c4
//       CHECK:           linalg.generic {{.*}} iterator_types = ["parallel", "reduction", "parallel"]{{.*}} ins({{.*}} : tensor<4x24xf32>, tensor<24x16xf32>, {{.*}}) {{.*}}seq.tile
//   CHECK-NOT:           arith.cmpi
//       CHECK:           arith.maxnumf
//       CHECK:           math.exp
//       CHECK:           linalg.generic {{.*}} ins({{.*}} : tensor<4x64xf32>, tensor<64x24xf32>) outs({{.*}} : tensor<4x24xf32>) {{.*}}seq.tile
//       CHECK:   } {seq.parallel}
//       CHECK:   } {seq.parallel}
//   CHECK-NOT:   seq.attention
//       CHECK:   return
// NARROW-LABEL: func.func @plain
//       NARROW:   scf.for %{{.*}} = %c0 to %c32 step %c1
func.func @plain(%q: tensor<1x2x256x24xf32>) -> tensor<1x2x256x24xf32> {
  %o = seq.attention scaled %q, %q, %q
      : (tensor<1x2x256x24xf32>, tensor<1x2x256x24xf32>, tensor<1x2x256x24xf32>) -> tensor<1x2x256x24xf32>
  return %o : tensor<1x2x256x24xf32>
}

/// Keys are transposed in squares of 16 x 16, the rest of a panel at once.

// CHECK-LABEL: func.func @pack_squares
//       CHECK:   scf.for %{{.*}} = %c0 to %c2 step
//       CHECK:     scf.for %[[P:.*]] = %c0 to %c2 step %c1
//       CHECK:       %[[N:.*]] = affine.min #{{.*}}()[%[[P]]]
//       CHECK:       %[[M:.*]] = affine.apply #{{.*}}()[%[[N]]]
//       CHECK:       scf.for %{{.*}} = %c0 to %[[M]] step %c16
//       CHECK:         scf.for %{{.*}} = %c0 to %c32 step %c16
//       CHECK:           linalg.generic {{.*}} ins({{.*}} : tensor<16x16xf32>) outs({{.*}} : tensor<16x16xf32>) {{.*}}seq.tile
//       CHECK:       linalg.generic {{.*}} ins({{.*}} : tensor<?x32xf32>) outs({{.*}} : tensor<32x?xf32>) {
// NARROW-LABEL: func.func @pack_squares
//   NARROW-NOT:   tensor<16x16xf32>
//       NARROW:   return
func.func @pack_squares(%q: tensor<1x2x100x32xf32>) -> tensor<1x2x100x32xf32> {
  %o = seq.attention scaled %q, %q, %q
      : (tensor<1x2x100x32xf32>, tensor<1x2x100x32xf32>, tensor<1x2x100x32xf32>) -> tensor<1x2x100x32xf32>
  return %o : tensor<1x2x100x32xf32>
}

/// Squares alone where they fill every panel.

// CHECK-LABEL: func.func @pack_squares_only
//       CHECK:   linalg.generic {{.*}} ins({{.*}} : tensor<16x16xf32>) {{.*}}seq.tile
//   CHECK-NOT:   tensor<32x?xf32>
//       CHECK:   return
func.func @pack_squares_only(%q: tensor<1x2x128x32xf32>) -> tensor<1x2x128x32xf32> {
  %o = seq.attention scaled %q, %q, %q
      : (tensor<1x2x128x32xf32>, tensor<1x2x128x32xf32>, tensor<1x2x128x32xf32>) -> tensor<1x2x128x32xf32>
  return %o : tensor<1x2x128x32xf32>
}

/// A block of queries meets the panels up to its last query, and in them compares positions.

// CHECK-LABEL: func.func @causal
//       CHECK:   scf.for %[[I:.*]] = %c0 to %c256 step %c32
//       CHECK:     %[[E:.*]] = arith.addi %[[I]], %c32
//       CHECK:     %[[M:.*]] = arith.minsi %[[E]], %c256
//       CHECK:     %[[N:.*]] = affine.apply #{{.*}}()[%{{.*}}]
//       CHECK:     scf.for %{{.*}} = %c0 to %[[N]] step %c1
//       CHECK:       arith.cmpi sle
//       CHECK:       arith.select
func.func @causal(%q: tensor<1x256x24xf32>) -> tensor<1x256x24xf32> {
  %o = seq.attention scaled %q, %q, %q {causal = #seq.causal<top_left>}
      : (tensor<1x256x24xf32>, tensor<1x256x24xf32>, tensor<1x256x24xf32>) -> tensor<1x256x24xf32>
  return %o : tensor<1x256x24xf32>
}

/// A window leaves panels out at both ends.

// CHECK-LABEL: func.func @window
//       CHECK:   scf.for %[[I:.*]] = %c0 to %c256 step %c32
//       CHECK:     arith.subi %[[I]], %c100
//       CHECK:     scf.for %{{.*}} = %{{[0-9]+}} to %{{[0-9]+}} step %c1
func.func @window(%q: tensor<1x256x24xf32>) -> tensor<1x256x24xf32> {
  %o = seq.attention scaled %q, %q, %q {window = array<i64: 100, 8>}
      : (tensor<1x256x24xf32>, tensor<1x256x24xf32>, tensor<1x256x24xf32>) -> tensor<1x256x24xf32>
  return %o : tensor<1x256x24xf32>
}

/// The number of queries decides at run time. Scores of the other form are those of four at most.

// CHECK-LABEL: func.func @open
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: tensor<?x?x8xf32>
//       CHECK:   %[[T:.*]] = tensor.dim %[[Q]], %c1
//       CHECK:   %[[C:.*]] = arith.cmpi sgt, %[[T]], %c4
//       CHECK:   %[[N:.*]] = arith.minsi %[[T]], %c4
//       CHECK:   scf.if %[[C]]
//       CHECK:   } else {
//       CHECK:     tensor.extract_slice %[[Q]][0, 0, 0] [%{{.*}}, %[[N]], 8]
func.func @open(%q: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %o = seq.attention scaled %q, %q, %q
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %o : tensor<?x?x8xf32>
}

/// So does whether the mask repeats.

// CHECK-LABEL: func.func @dynamic
//  CHECK-SAME:   %[[Q:[a-z0-9]+]]: tensor<?x?x8xf32>
//       CHECK:   %[[T:.*]] = tensor.dim %[[Q]], %c1
//       CHECK:   arith.cmpi sgt, %[[T]], %c4
//       CHECK:   scf.if
//       CHECK:     scf.for {{.*}} step %c32
//       CHECK:   } else {
//   CHECK-NOT:     scf.for
//       CHECK:     arith.maximumf
func.func @dynamic(%q: tensor<?x?x8xf32>, %m: tensor<?x?x?xi1>) -> tensor<?x?x8xf32> {
  %o = seq.attention scaled %q, %q, %q mask(%m : tensor<?x?x?xi1>)
      : (tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %o : tensor<?x?x8xf32>
}

/// Additive scores are summed up tile by tile too.

// CHECK-LABEL: func.func @additive
//   CHECK-NOT:   64x128x8
//       CHECK:   linalg.generic {{.*}} iterator_types = ["parallel", "reduction", "parallel"]
//       CHECK:     math.tanh
func.func @additive(%q: tensor<2x64x8xf32>, %k: tensor<2x128x8xf32>, %w: tensor<8xf32>) -> tensor<2x64x8xf32> {
  %o = seq.attention additive %q, %k, %k score_weight(%w : tensor<8xf32>)
      : (tensor<2x64x8xf32>, tensor<2x128x8xf32>, tensor<2x128x8xf32>) -> tensor<2x64x8xf32>
  return %o : tensor<2x64x8xf32>
}

/// What was not left for blocks becomes generics here.

// CHECK-LABEL: func.func @few
//   CHECK-NOT:   scf.for
//   CHECK-NOT:   seq.attention
//       CHECK:   return
func.func @few(%q: tensor<?x1x8xf32>, %k: tensor<?x?x8xf32>) -> tensor<?x1x8xf32> {
  %o = seq.attention dot %q, %k, %k
      : (tensor<?x1x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x1x8xf32>
  return %o : tensor<?x1x8xf32>
}

/// One mask for all queries that may repeat along the keys is small, and is repeated first; its batch
/// extent is looked at where a tile reads it.

// CHECK-LABEL: func.func @repeated
//  CHECK-SAME:   %{{.*}}: tensor<2x16x8xf32>, %[[K:[a-z0-9]+]]: tensor<2x?x8xf32>, %[[M:[a-z0-9]+]]: tensor<?x1x?xf32>
//       CHECK:   linalg.generic {{.*}} outs({{.*}} : tensor<?x1x?xf32>)
//       CHECK:     arith.select
//       CHECK:     tensor.extract %[[M]]
//   CHECK-NOT:   scf.if
//       CHECK:   return
func.func @repeated(%q: tensor<2x16x8xf32>, %k: tensor<2x?x8xf32>, %m: tensor<?x1x?xf32>) -> tensor<2x16x8xf32> {
  %o = seq.attention scaled %q, %k, %k bias(%m : tensor<?x1x?xf32>)
      : (tensor<2x16x8xf32>, tensor<2x?x8xf32>, tensor<2x?x8xf32>) -> tensor<2x16x8xf32>
  return %o : tensor<2x16x8xf32>
}
