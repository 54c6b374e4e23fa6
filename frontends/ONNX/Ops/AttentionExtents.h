//===- AttentionExtents.h - Heads and features of a call's size --*- C++-*-===//
//
// seq.attention takes static numbers of heads and features, which nearly every
// model has. Where a call decides on the heads, each head becomes a row of the
// batch; where it decides on the features, attention is written with products,
// reductions and elementwise ops.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_OPS_ATTENTIONEXTENTS_H
#define FRONTENDS_ONNX_OPS_ATTENTIONEXTENTS_H

#include "frontends/ONNX/Ops/AttentionCore.h"

namespace seqc::onnx {

/// Whether the heads of queries, keys and values are numbers, and whether their
/// features are.
bool hasStaticHeads(const AttentionCall &call);
bool hasStaticFeatures(const AttentionCall &call);

/// Reports heads and features that do not fit each other; those of dynamic
/// extent are checked in a call.
bool checkHeads(Node &node, const AttentionCall &call);

/// `whole` / `part`; a call in which that leaves a rest ends with `message`, in
/// which {0} and {1} stand for both.
mlir::OpFoldResult divideExtent(Emitter &e, mlir::OpFoldResult whole,
                                mlir::OpFoldResult part,
                                llvm::StringRef message);

/// The number of query heads for each key head.
mlir::OpFoldResult getHeadRatio(Emitter &e, Tensor query, Tensor key);

/// Extents of the scores, [batch, heads, queries, keys].
Extents scoreExtents(Emitter &e, const AttentionCall &call);

/// Reads an element of a rank-4 tensor that is broadcast to the scores; with
/// `outside`, which is what lies beyond the end of its keys, its last extent is
/// no subject of broadcasting.
Number readBroadcast(Emitter &e, Tensor x, llvm::ArrayRef<Number> at,
                     llvm::ArrayRef<mlir::OpFoldResult> goal,
                     std::optional<Number> outside = std::nullopt);

/// attend() with a row of the batch for each key head.
std::optional<Tensor> attendJoined(Node &node, const AttentionCall &call,
                                   Tensor *probabilities);
/// attend() without seq.attention, of parts that have the type that is computed
/// with; scores and weights are rounded to the call's precision.
Tensor attendPlainly(Emitter &e, const AttentionCall &call,
                     Tensor *probabilities);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_ATTENTIONEXTENTS_H
