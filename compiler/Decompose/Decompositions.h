//===- Decompositions.h - Ops that stand for smaller ones -------*- C++ -*-===//
//
// The ops of the seq dialect that know what they are made of implement
// linalg::AggregatedOpInterface here, by external models: the dialect says what
// an op means, the compiler how it is computed. `seq-decompose-aggregates`
// replaces them. A new op of this kind is its definition, its interpretation,
// and its model in a file beside this one.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_DECOMPOSE_DECOMPOSITIONS_H
#define COMPILER_DECOMPOSE_DECOMPOSITIONS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace seqc {

/// All of them, and the ops that upstream tiles.
void registerDecompositions(mlir::DialectRegistry &registry);

/// Decompositions of `seq.softmax` and `seq.norm`.
void registerNormDecompositions(mlir::DialectRegistry &registry);
/// Decomposition of `seq.embedding`.
void registerEmbeddingDecompositions(mlir::DialectRegistry &registry);
/// Decompositions of `seq.quantize` and `seq.dequantize`.
void registerQuantizationDecompositions(mlir::DialectRegistry &registry);
/// Decompositions of `seq.cache.append`, `seq.cache.read` and
/// `seq.cache.reorder`.
void registerCacheDecompositions(mlir::DialectRegistry &registry);
/// Decomposition of `seq.rotary`.
void registerRotaryDecompositions(mlir::DialectRegistry &registry);

/// Decomposition of the `seq.linear_recurrence` that is not tiled later.
void registerLinearRecurrenceDecompositions(mlir::DialectRegistry &registry);

/// `seq.attention` as an op that upstream tiles: the rows, heads and positions of
/// its queries. Heads that share keys are cut one by one.
void registerAttentionTiling(mlir::DialectRegistry &registry);
/// `seq.linear_recurrence` as an op that upstream tiles: the rows, heads and
/// columns of its state. Heads that share a part of an operand are cut one by one.
void registerLinearRecurrenceTiling(mlir::DialectRegistry &registry);

/// `seq.recurrence` as an op that upstream tiles: its rows, where the cell keeps
/// them apart. The flat form is not cut.
void registerRecurrenceTiling(mlir::DialectRegistry &registry);

} // namespace seqc

#endif // COMPILER_DECOMPOSE_DECOMPOSITIONS_H
