//===- AttentionForms.h - Which form an attention is computed in -*- C++ -*-===//
//
// Attention of many queries is computed block by block by `seq-tile-attention`,
// which needs the target's vectors and so works in phase `tile`. Every other
// one becomes generics in phase `decompose`, where later fusion sees them.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_DECOMPOSE_ATTENTIONFORMS_H
#define COMPILER_DECOMPOSE_ATTENTIONFORMS_H

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace seqc {

/// With at most so many queries it does not pay to lay keys out in panels,
/// which takes the time of some sixteen queries.
constexpr int64_t kFewQueries = 4;

/// Whether an attention stays an op until phase `tile`. It stands directly in a
/// function, is computed in single precision, asks for no probabilities, and
/// has more than a few queries as far as is known.
bool isTiledLater(seq::AttentionOp op);

/// Puts an attention into loops over blocks of queries, so that nothing of the
/// size queries x keys is stored, unless there are few queries or somebody asks
/// for the weights. `op` becomes the attention of one block.
llvm::LogicalResult tileQueries(seq::AttentionOp &op);

/// Replaces an attention by generics over whole tensors of scores. Fails, with
/// an error, where the number of heads is not static.
llvm::LogicalResult decomposeAttention(seq::AttentionOp op,
                                       mlir::OpBuilder &builder);

} // namespace seqc

#endif // COMPILER_DECOMPOSE_ATTENTIONFORMS_H
