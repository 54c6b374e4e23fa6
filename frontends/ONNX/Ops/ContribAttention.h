//===- ContribAttention.h - Attention of domain com.microsoft ---*- C++-*-===//
//
// Converters and parts that the files of this family share.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_OPS_CONTRIBATTENTION_H
#define FRONTENDS_ONNX_OPS_CONTRIBATTENTION_H

#include "frontends/Common/Numbers.h"
#include "frontends/ONNX/Node.h"

namespace seqc::onnx {

llvm::LogicalResult convertGroupQueryAttention(Node &node, Emitter &e);
llvm::LogicalResult convertRotaryEmbedding(Node &node, Emitter &e);
/// The operator of the default domain.
llvm::LogicalResult convertStandardRotaryEmbedding(Node &node, Emitter &e);

/// Turns the first `half` pairs of features of [batch, heads, time, features]
/// by the angles of row `position(batch, time)` of the caches, which `shared`
/// says is the same for every batch.
Tensor rotate(Emitter &e, Tensor x, Tensor cosines, Tensor sines, int64_t half,
              bool interleaved, bool shared,
              llvm::function_ref<Number(Number batch, Number time)> position);

/// Reports caches that do not fit the features of `x`.
llvm::LogicalResult checkCaches(Node &node, Tensor x, Tensor cosines,
                                Tensor sines);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_CONTRIBATTENTION_H
