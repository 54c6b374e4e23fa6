//===- AttentionExtents.h - Masks that may be repeated ----------*- C++ -*-===//
//
// An extent of a mask or bias is that of the scores, or 1 and repeated. Where
// it is dynamic, a call may have to tell.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_DECOMPOSE_ATTENTIONEXTENTS_H
#define COMPILER_DECOMPOSE_ATTENTIONEXTENTS_H

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace seqc {

/// The tensor and the dimension of it that dimension `dim` of the scores has
/// the extent of.
std::pair<mlir::Value, int64_t> scoreExtent(seq::AttentionOp op, int64_t dim);

/// Whether a dynamic extent of a mask may turn out to be a 1 that is repeated.
bool mayRepeat(seq::AttentionOp op, mlir::Value side, int64_t dim);

/// Whether a mask has to be repeated along the keys before it is read in tiles.
/// One for all queries is small; others are not repeated.
bool needsExpansion(seq::AttentionOp op, mlir::Value side);

/// `side`, which may be null, with an entry for each key if it needs that.
mlir::Value expandKeys(mlir::ImplicitLocOpBuilder &b, seq::AttentionOp op,
                       mlir::Value side);

} // namespace seqc

#endif // COMPILER_DECOMPOSE_ATTENTIONEXTENTS_H
