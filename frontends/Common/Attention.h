//===- Attention.h - Attention with heads, masks and biases -----*- C++ -*-===//
//
// What operators and layers of attention come down to: queries, keys and values
// with heads, a mask of the pairs that may meet and a bias of their scores.
//
// seq.attention takes static numbers of heads and features, which nearly every
// model has. Where a call decides on the heads, each head becomes a row of the
// batch; where it decides on the features, attention is written with products,
// reductions and elementwise ops.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_ATTENTION_H
#define FRONTENDS_COMMON_ATTENTION_H

#include "frontends/Common/Numbers.h"

namespace seqc::frontend {

/// Softmax attention on tensors [batch, heads, time, features].
struct AttentionCall {
  Tensor query, key, value;
  /// 0: one over the root of the feature extent.
  double scale = 0;
  /// 0: none.
  double softcap = 0;
  /// Bool, rank 4, each extent statically 1 or that of the scores; or null.
  Tensor mask;
  /// Numbers that are added to the scores, likewise. An entry of -infinity
  /// masks its pair.
  Tensor bias;
  /// The type that the softmax is computed in, if it is given.
  DataType precision = DataType::Undefined;
};

/// The weighted values; a query without a key to look at gives zeros. The
/// weights go to `probabilities` if it is not null. Reports and gives nothing
/// where heads or features do not fit.
std::optional<Tensor> attend(Emitter &e, AttentionCall call,
                             Tensor *probabilities = nullptr);

/// The sums of the call's values by weights [batch, heads, queries, keys].
Tensor weighValues(Emitter &e, const AttentionCall &call, Tensor weights);

/// scale * query . key, with the cap: [batch, heads, queries, keys].
Tensor attentionScores(Emitter &e, const AttentionCall &call, bool withCap);

/// Scores with what is added to them; a mask puts `hidden` in the place of what
/// it hides.
enum class Hidden { Infinity, Lowest, Zero };
Tensor addMaskToScores(Emitter &e, const AttentionCall &call, Tensor scores,
                       Hidden hidden);

/// The features in each of `parts` parts of the last dimension of a tensor
/// [batch, time, parts * features]: reports a tensor that has no such parts,
/// which messages call `what`, or has it checked in a call.
mlir::OpFoldResult splitFeatures(Emitter &e, Tensor x, int64_t parts,
                                 const llvm::Twine &what);

/// Makes [batch, time, heads * features] [batch, heads, time, features]; false
/// after a report that `heads` does not divide the last extent, which a call
/// may have to check. joinFeatures() of Layers.h is the way back.
bool splitHeads(Emitter &e, Tensor &x, int64_t heads);

/// `mask` with `rank` dimensions, extents of 1 in front.
Tensor padRank(Emitter &e, Tensor mask, int64_t rank);

/// What a mask whose last extent is not the number of keys says.
enum class ShortMask {
  /// An extent of 1 holds for all keys; no other fits.
  Broadcast,
  /// Keys behind its end are hidden, behind an extent of 1, too.
  Hide
};

/// A call's bias and mask: entries of `given` (bool: whether a pair may meet;
/// otherwise numbers to add), aligned at the last dimensions.
void addMask(Emitter &e, AttentionCall &call, Tensor given, ShortMask shorter);

/// Reports heads and features that do not fit each other; those of dynamic
/// extent are checked in a call.
bool checkHeads(Emitter &e, const AttentionCall &call);

/// Adds to the call's mask what a function of the indices [batch, head, query,
/// key] says. `perBatch`: it looks at the batch index.
void restrict(Emitter &e, AttentionCall &call, bool perBatch,
              llvm::function_ref<Number(llvm::ArrayRef<Number>)> may);

} // namespace seqc::frontend

#endif // FRONTENDS_COMMON_ATTENTION_H
