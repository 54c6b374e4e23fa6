// RUN: seqc-opt %s --pass-pipeline='builtin.module(func.func(seq-decompose-aggregates),canonicalize,cse)' | FileCheck %s

/// Sums along rows read what belongs to a row through their maps: neither differences nor squares are tensors.

//   CHECK-DAG: #[[ELEMENT:.*]] = affine_map<(d0, d1) -> (d0, d1)>
//   CHECK-DAG: #[[ROW:.*]] = affine_map<(d0, d1) -> (d0)>
//   CHECK-DAG: #[[COLUMN:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: func.func @layer
//  CHECK-SAME:   %[[X:.*]]: tensor<?x8xf32>, %[[S:.*]]: tensor<8xf32>, %[[B:.*]]: tensor<8xf32>
//       CHECK:   %[[SUM:.*]] = linalg.generic {indexing_maps = [#[[ELEMENT]], #[[ROW]]], iterator_types = ["parallel", "reduction"]} ins(%[[X]] :
//       CHECK:   %[[MEAN:.*]] = linalg.generic {{.*}} ins(%[[SUM]] :
//       CHECK:     arith.divf
//       CHECK:   %[[SQUARES:.*]] = linalg.generic {indexing_maps = [#[[ELEMENT]], #[[ROW]], #[[ROW]]], iterator_types = ["parallel", "reduction"]} ins(%[[X]], %[[MEAN]] :
//       CHECK:     arith.subf
//       CHECK:     arith.mulf
//       CHECK:     arith.addf
//       CHECK:   %[[FACTOR:.*]] = linalg.generic {{.*}} ins(%[[SQUARES]] :
//       CHECK:     math.sqrt
//       CHECK:   %[[Y:.*]] = linalg.generic {indexing_maps = [#[[ELEMENT]], #[[ROW]], #[[ROW]], #[[COLUMN]], #[[COLUMN]], #[[ELEMENT]]], iterator_types = ["parallel", "parallel"]} ins(%[[X]], %[[MEAN]], %[[FACTOR]], %[[S]], %[[B]] :
//       CHECK:   return %[[Y]]
func.func @layer(%x: tensor<?x8xf32>, %s: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x8xf32> {
  %y = seq.norm layer %x from 1 epsilon 1.0e-5 scale(%s) bias(%b)
      : (tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

/// An RMS norm has no mean.

// CHECK-LABEL: func.func @rms
//   CHECK-NOT:   arith.subf
//       CHECK:   return
func.func @rms(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = seq.norm rms %x from 1 epsilon 1.0e-5 : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

/// Groups are a dimension of their own; f16 is computed in f32 and rounded once.

// CHECK-LABEL: func.func @group
//       CHECK:   tensor.expand_shape %{{.*}} {{\[}}[0], [1, 2], [3]] {{.*}} : tensor<?x8x?xf16> into tensor<?x4x2x?xf16>
//       CHECK:   iterator_types = ["parallel", "parallel", "reduction", "reduction"]
//       CHECK:     arith.extf
// CHECK-COUNT-1:   arith.truncf
//   CHECK-NOT:   arith.truncf
//       CHECK:   tensor.collapse_shape
func.func @group(%x: tensor<?x8x?xf16>, %s: tensor<8xf32>) -> tensor<?x8x?xf16> {
  %y = seq.norm group %x from 1 groups 4 epsilon 1.0e-5 scale(%s)
      : (tensor<?x8x?xf16>, tensor<8xf32>) -> tensor<?x8x?xf16>
  return %y : tensor<?x8x?xf16>
}

/// The logarithm stores no powers.

// CHECK-LABEL: func.func @log
//       CHECK:   arith.maximumf
//       CHECK:   "reduction"
//       CHECK:     math.exp
//       CHECK:     arith.addf
//       CHECK:   math.log
//   CHECK-NOT:   math.exp
//       CHECK:   return
func.func @log(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %y = seq.softmax log %x dims [1] : tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

/// In the body of a recurrence too.

// CHECK-LABEL: func.func @nested
//   CHECK-NOT:   seq.softmax
//       CHECK:   seq.recurrence
//   CHECK-NOT:   seq.softmax
func.func @nested(%x: tensor<?x?x4xf32>, %h: tensor<?x4xf32>) -> tensor<?x?x4xf32> {
  %y, %h1 = seq.recurrence scan(%x : tensor<?x?x4xf32>) init(%h : tensor<?x4xf32>) {
  ^bb0(%xt: tensor<?x4xf32>, %s: tensor<?x4xf32>):
    %a = arith.addf %xt, %s : tensor<?x4xf32>
    %p = seq.softmax %a dims [1] : tensor<?x4xf32>
    seq.yield %p, %p : tensor<?x4xf32>, tensor<?x4xf32>
  } outputs(tensor<?x?x4xf32>) states(tensor<?x4xf32>)
  return %y : tensor<?x?x4xf32>
}

/// Aggregates of other dialects stay.

// CHECK-LABEL: func.func @upstream
//       CHECK:   linalg.softmax
func.func @upstream(%x: tensor<4x8xf32>, %o: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = linalg.softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%o : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

/// The forward algorithm of a hidden Markov model: transitions are captured, the greatest term leaves the sum.

// CHECK-LABEL: func.func @forward
//  CHECK-SAME:   %[[S:.*]]: tensor<?x1x3x1xf32>, %[[M:.*]]: tensor<1x1x1x3x3xf32>
//       CHECK:   %[[SHARED:.*]] = tensor.extract_slice %[[M]]{{.*}} to tensor<3x3xf32>
//       CHECK:   seq.recurrence scan(%{{.*}} : tensor<?x?x3xf32>) init(%[[S]] : tensor<?x1x3x1xf32>)
//       CHECK:     %[[MOST:.*]] = linalg.generic {{.*}} ins(%[[SHARED]], %{{.*}} : tensor<3x3xf32>, tensor<?x1x3x1xf32>)
//       CHECK:       arith.maximumf
//       CHECK:     %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[SHARED]], %{{.*}}, %[[MOST]] :
//       CHECK:       math.exp
//       CHECK:     linalg.generic {{.*}} ins(%[[MOST]], %[[SUM]] :
//       CHECK:       math.log
//       CHECK:     seq.yield
func.func @forward(%s: tensor<?x1x3x1xf32>, %m: tensor<1x1x1x3x3xf32>, %e: tensor<?x?x1x3x1xf32>) -> tensor<?x1x3x1xf32> {
  %f = seq.linear_recurrence log init(%s : tensor<?x1x3x1xf32>) matrix(%m : tensor<1x1x1x3x3xf32>)
      decay(%e : tensor<?x?x1x3x1xf32>) -> tensor<?x1x3x1xf32>
  return %f : tensor<?x1x3x1xf32>
}

/// Both features of each pair in one generic; features behind the pairs stay.

// CHECK-LABEL: func.func @rotary
//  CHECK-SAME:   %[[X:.*]]: tensor<?x4x?x8xf16>, %[[C:.*]]: tensor<1x?x3xf32>
//   CHECK-DAG:   %[[A:.*]] = tensor.extract_slice %[[X]][0, 0, 0, 0] [%{{.*}}, 4, %{{.*}}, 3] [1, 1, 1, 2]
//   CHECK-DAG:   %[[B:.*]] = tensor.extract_slice %[[X]][0, 0, 0, 1] [%{{.*}}, 4, %{{.*}}, 3] [1, 1, 1, 2]
//       CHECK:   %[[Y:.*]]:2 = linalg.generic {{.*}} ins(%[[A]], %[[B]], %[[C]], %[[C]] :
//       CHECK:     arith.subf
//       CHECK:     arith.addf
//       CHECK:   %[[F:.*]] = tensor.insert_slice %[[Y]]#0 into %[[X]][0, 0, 0, 0]
//       CHECK:   tensor.insert_slice %[[Y]]#1 into %[[F]][0, 0, 0, 1]
func.func @rotary(%x: tensor<?x4x?x8xf16>, %c: tensor<1x?x3xf32>) -> tensor<?x4x?x8xf16> {
  %y = seq.rotary interleaved %x cosine(%c) sine(%c) : tensor<?x4x?x8xf16>, tensor<1x?x3xf32>, tensor<1x?x3xf32>
  return %y : tensor<?x4x?x8xf16>
}

/// Reads stay inside of the table.

// CHECK-LABEL: func.func @lookup
//  CHECK-SAME:   %[[I:.*]]: tensor<?x3xi32>, %[[T:.*]]: tensor<9x4xf32>
//       CHECK:   linalg.generic {{.*}} ins(%[[I]] : tensor<?x3xi32>)
//       CHECK:     arith.minsi
//       CHECK:     %[[ID:.*]] = arith.maxsi
//       CHECK:     %[[D:.*]] = linalg.index 2
//       CHECK:     tensor.extract %[[T]][%[[ID]], %[[D]]]
func.func @lookup(%i: tensor<?x3xi32>, %t: tensor<9x4xf32>) -> tensor<?x3x4xf32> {
  %y = seq.embedding %i of %t : (tensor<?x3xi32>, tensor<9x4xf32>) -> tensor<?x3x4xf32>
  return %y : tensor<?x3x4xf32>
}

/// Scales of an axis are operands, those of blocks are read by their number.

// CHECK-LABEL: func.func @quantization
//  CHECK-SAME:   %[[X:.*]]: tensor<?x8xf32>, %[[S:.*]]: tensor<8xf32>, %[[B:.*]]: tensor<?x2xf32>
//       CHECK:   linalg.generic {{.*}} ins(%[[X]], %[[S]] :
//       CHECK:     math.roundeven
//       CHECK:   linalg.generic
//       CHECK:     arith.divui
//       CHECK:     tensor.extract %[[B]]
//       CHECK:     arith.mulf
func.func @quantization(%x: tensor<?x8xf32>, %s: tensor<8xf32>, %b: tensor<?x2xf32>) -> tensor<?x8xf32> {
  %q = seq.quantize %x scale(%s) axis 1 : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xi8>
  %r = seq.dequantize %q scale(%b) axis 1 block 4 : (tensor<?x8xi8>, tensor<?x2xf32>) -> tensor<?x8xf32>
  return %r : tensor<?x8xf32>
}

/// One position for all rows is one write.

// CHECK-LABEL: func.func @append
//  CHECK-SAME:   %[[C:.*]]: tensor<?x4x64x8xf32>, %[[E:.*]]: tensor<?x4x1x8xf32>, %[[P:.*]]: index
//   CHECK-NOT:   scf.for
//   CHECK-NOT:   tensor.extract_slice
//       CHECK:   %[[MOST:.*]] = arith.minsi %[[P]]
//       CHECK:   %[[AT:.*]] = arith.maxsi %[[MOST]]
//       CHECK:   tensor.insert_slice %[[E]] into %[[C]][0, 0, %[[AT]], 0] [%{{.*}}, 4, 1, 8]
func.func @append(%c: tensor<?x4x64x8xf32>, %e: tensor<?x4x1x8xf32>, %p: index) -> tensor<?x4x64x8xf32> {
  %0 = seq.cache.append %c, %e at %p axis 2 : (tensor<?x4x64x8xf32>, tensor<?x4x1x8xf32>, index) -> tensor<?x4x64x8xf32>
  return %0 : tensor<?x4x64x8xf32>
}

/// A position for each row is a loop over them, which carries the cache.

// CHECK-LABEL: func.func @append_rows
//  CHECK-SAME:   %[[C:.*]]: tensor<?x4x64x8xf32>, %[[E:.*]]: tensor<?x4x1x8xf32>, %[[P:.*]]: tensor<?xi64>
//       CHECK:   scf.for %[[ROW:.*]] = {{.*}} iter_args(%[[CARRIED:.*]] = %[[C]])
//       CHECK:     tensor.extract %[[P]][%[[ROW]]]
//       CHECK:     %[[AT:.*]] = arith.maxsi
//       CHECK:     %[[PART:.*]] = tensor.extract_slice %[[E]][%[[ROW]], 0, 0, 0] [1, 4, 1, 8]
//       CHECK:     tensor.insert_slice %[[PART]] into %[[CARRIED]][%[[ROW]], 0, %[[AT]], 0] [1, 4, 1, 8]
//       CHECK:     scf.yield
func.func @append_rows(%c: tensor<?x4x64x8xf32>, %e: tensor<?x4x1x8xf32>, %p: tensor<?xi64>) -> tensor<?x4x64x8xf32> {
  %0 = seq.cache.append %c, %e at %p axis 2 : (tensor<?x4x64x8xf32>, tensor<?x4x1x8xf32>, tensor<?xi64>) -> tensor<?x4x64x8xf32>
  return %0 : tensor<?x4x64x8xf32>
}

/// One row is no loop, and a single entry does not reach around the end.

// CHECK-LABEL: func.func @append_step_around
//  CHECK-SAME:   %[[C:.*]]: tensor<1x64x8xf32>, %[[E:.*]]: tensor<1x1x8xf32>
//   CHECK-NOT:   scf.for
//       CHECK:   arith.remsi
//       CHECK:   %[[AT:.*]] = arith.select
//       CHECK:   %[[R:.*]] = tensor.insert_slice %[[E]] into %[[C]][0, %[[AT]], 0] [1, 1, 8]
//  CHECK-NEXT:   return %[[R]]
func.func @append_step_around(%c: tensor<1x64x8xf32>, %e: tensor<1x1x8xf32>, %p: tensor<1xi64>) -> tensor<1x64x8xf32> {
  %0 = seq.cache.append circular %c, %e at %p axis 1 : (tensor<1x64x8xf32>, tensor<1x1x8xf32>, tensor<1xi64>) -> tensor<1x64x8xf32>
  return %0 : tensor<1x64x8xf32>
}

/// Around the end there are two writes.

// CHECK-LABEL: func.func @append_around
//  CHECK-SAME:   %[[C:.*]]: tensor<1x64x8xf32>, %[[E:.*]]: tensor<1x3x8xf32>
//       CHECK:   %[[AT:.*]] = arith.select
//       CHECK:   %[[FIRST:.*]] = arith.minsi
//       CHECK:   %[[REST:.*]] = arith.subi
//       CHECK:   tensor.extract_slice %[[E]][0, 0, 0] [1, %[[FIRST]], 8]
//       CHECK:   %[[END:.*]] = tensor.insert_slice %{{.*}} into %[[C]][0, %[[AT]], 0] [1, %[[FIRST]], 8]
//       CHECK:   tensor.extract_slice %[[E]][0, %[[FIRST]], 0] [1, %[[REST]], 8]
//       CHECK:   tensor.insert_slice %{{.*}} into %[[END]][0, 0, 0] [1, %[[REST]], 8]
func.func @append_around(%c: tensor<1x64x8xf32>, %e: tensor<1x3x8xf32>, %p: index) -> tensor<1x64x8xf32> {
  %0 = seq.cache.append circular %c, %e at %p axis 1 : (tensor<1x64x8xf32>, tensor<1x3x8xf32>, index) -> tensor<1x64x8xf32>
  return %0 : tensor<1x64x8xf32>
}

/// Nothing is nowhere written.

// CHECK-LABEL: func.func @append_nothing
//  CHECK-SAME:   %[[C:.*]]: tensor<?x64x8xf32>
//  CHECK-NEXT:   return %[[C]]
func.func @append_nothing(%c: tensor<?x64x8xf32>, %e: tensor<?x0x8xf32>, %p: index) -> tensor<?x64x8xf32> {
  %0 = seq.cache.append %c, %e at %p axis 1 : (tensor<?x64x8xf32>, tensor<?x0x8xf32>, index) -> tensor<?x64x8xf32>
  return %0 : tensor<?x64x8xf32>
}

// CHECK-LABEL: func.func @read
//  CHECK-SAME:   %[[C:.*]]: tensor<?x64x8xf32>, %[[B:.*]]: index, %[[N:.*]]: index
//       CHECK:   tensor.extract_slice %[[C]][0, %[[B]], 0] [%{{.*}}, %[[N]], 8] [1, 1, 1] : tensor<?x64x8xf32> to tensor<?x?x8xf32>
func.func @read(%c: tensor<?x64x8xf32>, %b: index, %n: index) -> tensor<?x?x8xf32> {
  %0 = seq.cache.read %c from %b count %n axis 1 : tensor<?x64x8xf32> -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}

/// Rows have a parent, or entries of rows do.

// CHECK-LABEL: func.func @reorder
//  CHECK-SAME:   %[[C:.*]]: tensor<?x64x8xf32>, %[[P:.*]]: tensor<?xi32>, %[[Q:.*]]: tensor<?x64xi32>
//       CHECK:   linalg.generic {indexing_maps = [#[[FIRST:.*]], #{{.*}}], {{.*}} ins(%[[P]] :
//       CHECK:     %[[ROW:.*]] = arith.maxsi
//       CHECK:     %[[I:.*]] = linalg.index 1
//       CHECK:     %[[J:.*]] = linalg.index 2
//       CHECK:     tensor.extract %[[C]][%[[ROW]], %[[I]], %[[J]]]
//       CHECK:   linalg.generic {{.*}} ins(%[[Q]] :
//       CHECK:     tensor.extract
func.func @reorder(%c: tensor<?x64x8xf32>, %p: tensor<?xi32>, %q: tensor<?x64xi32>) -> (tensor<?x64x8xf32>, tensor<?x64x8xf32>) {
  %0 = seq.cache.reorder %c by %p : (tensor<?x64x8xf32>, tensor<?xi32>) -> tensor<?x64x8xf32>
  %1 = seq.cache.reorder %c by %q axis 1 : (tensor<?x64x8xf32>, tensor<?x64xi32>) -> tensor<?x64x8xf32>
  return %0, %1 : tensor<?x64x8xf32>, tensor<?x64x8xf32>
}

/// A recurrence that is tiled later stays.

// CHECK-LABEL: func.func @later
//       CHECK:   seq.linear_recurrence real
func.func @later(%s: tensor<?x1x3x4xf32>, %v: tensor<?x?x1x4xf32>) -> tensor<?x1x3x4xf32> {
  %f = seq.linear_recurrence real init(%s : tensor<?x1x3x4xf32>) value(%v : tensor<?x?x1x4xf32>) -> tensor<?x1x3x4xf32>
  return %f : tensor<?x1x3x4xf32>
}
