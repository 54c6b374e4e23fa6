//===- AttentionReference.h - Attention in double precision -----*- C++ -*-===//
//
// An evaluation of seq.attention for the property tests, written from the op's
// document. It shares nothing with the compiler or with the reference
// interpreter.
//
//===----------------------------------------------------------------------===//

#ifndef TESTS_PROPERTY_ATTENTIONREFERENCE_H
#define TESTS_PROPERTY_ATTENTIONREFERENCE_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace seqc::test {

/// How a query is compared with a key. The last three are scores written as
/// regions.
enum class ScoreKind {
  Dot,
  Scaled,
  Additive,
  General,
  Distance,
  Concat,   ///< v . tanh(W [q; k])
  Products, ///< sum of tanh(q * k)
  Mlp,      ///< w2 . tanh(W1 [q; k] + b1) + b2
};

/// Shape of the inputs that are broadcast over scores: whether a dimension has
/// the extent of the scores, else 1. Order: batch, head, query, key.
using BroadcastShape = std::array<bool, 4>;

/// An attention: everything but its inputs.
struct AttentionConfig {
  ScoreKind score = ScoreKind::Dot;
  /// "softmax", "negated_softmax", "sigmoid" or "none".
  std::string normalizer = "softmax";
  /// Whether tensors have a dimension of heads.
  bool hasHeads = false;
  int64_t heads = 1, keyHeads = 1;
  int64_t queryFeatures = 1, keyFeatures = 1, valueFeatures = 1;
  /// Size of the hidden layer of Concat and Mlp.
  int64_t hidden = 1;
  std::optional<double> scale, softcap;
  /// "none", "top_left" or "bottom_right".
  std::string causal = "none";
  /// Left and right, -1: unbounded.
  std::optional<std::pair<int64_t, int64_t>> window;
  std::optional<BroadcastShape> mask, bias;
  bool hasLengths = false, hasRows = false;
  bool wantsProbabilities = true;
};

/// The inputs of one call, row-major, in the layouts of the op.
struct AttentionInputs {
  int64_t queryBatch = 1, keyBatch = 1, querySteps = 1, keySteps = 1;
  std::vector<float> query, key, value;
  /// score_weight of additive and general; W of Concat; W1 of Mlp.
  std::vector<float> weight;
  /// v of Concat, w2 of Mlp.
  std::vector<float> second;
  /// b1 (`hidden` elements) and b2 (the last) of Mlp.
  std::vector<float> scoreBias;
  std::vector<uint8_t> mask;
  std::vector<float> bias;
  std::vector<int32_t> lengths, rows;

  /// Extents of the scores, to which mask and bias are broadcast.
  std::array<int64_t, 4> scoreShape(const AttentionConfig &config) const {
    return {keyBatch, config.heads, querySteps, keySteps};
  }
};

/// Its results.
struct AttentionOutputs {
  std::vector<double> output, probabilities;
  /// Queries that have no live key.
  int64_t deadQueries = 0;
};

AttentionOutputs evaluateAttention(const AttentionConfig &config,
                                   const AttentionInputs &inputs);

} // namespace seqc::test

#endif // TESTS_PROPERTY_ATTENTIONREFERENCE_H
