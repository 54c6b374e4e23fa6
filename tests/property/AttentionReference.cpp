//===- AttentionReference.cpp - Attention in double precision -------------===//

#include "tests/property/AttentionReference.h"

#include <algorithm>
#include <cmath>

using namespace seqc::test;

namespace {

/// Evaluates one query of one head of one row.
class QueryEvaluator {
public:
  QueryEvaluator(const AttentionConfig &config, const AttentionInputs &in,
                 int64_t batch, int64_t head, int64_t position)
      : config(config), in(in), head(head), position(position),
        row(config.hasRows ? in.rows[batch] : batch),
        keyHead(head / (config.heads / config.keyHeads)),
        query(in.query.data() +
              ((batch * config.heads + head) * in.querySteps + position) *
                  config.queryFeatures) {}

  /// Weights of all keys; zero where a key is not live.
  std::vector<double> weights() const {
    std::vector<double> result(in.keySteps, 0.0);
    double largest = -INFINITY, sum = 0;
    double sign = config.normalizer == "negated_softmax" ? -1 : 1;
    for (int64_t j = 0; j < in.keySteps; ++j) {
      if (!isLive(j))
        continue;
      result[j] = sign * finalScore(j);
      largest = std::max(largest, result[j]);
    }
    for (int64_t j = 0; j < in.keySteps; ++j) {
      if (!isLive(j) || config.normalizer == "none")
        continue;
      if (config.normalizer == "sigmoid") {
        result[j] = 1 / (1 + std::exp(-result[j]));
        continue;
      }
      result[j] = std::exp(result[j] - largest);
      sum += result[j];
    }
    if (sum > 0)
      for (double &weight : result)
        weight /= sum;
    return result;
  }

  double value(int64_t j, int64_t c) const {
    return in.value[((row * config.keyHeads + keyHead) * in.keySteps + j) *
                        config.valueFeatures +
                    c];
  }

  bool isLive(int64_t j) const {
    if (config.hasLengths && j >= in.lengths[row])
      return false;
    if (config.mask && !in.mask[broadcastIndex(*config.mask, j)])
      return false;
    bool bottomRight = config.causal == "bottom_right";
    int64_t aligned =
        bottomRight ? position + in.keySteps - in.querySteps : position;
    if (config.causal != "none" && j > aligned)
      return false;
    if (!config.window)
      return true;
    auto [left, right] = *config.window;
    return (left < 0 || j >= aligned - left) &&
           (right < 0 || j <= aligned + right);
  }

private:
  int64_t broadcastIndex(const BroadcastShape &shape, int64_t j) const {
    std::array<int64_t, 4> extents = in.scoreShape(config),
                           at{row, head, position, j};
    int64_t index = 0;
    for (int i = 0; i < 4; ++i)
      index = shape[i] ? index * extents[i] + at[i] : index;
    return index;
  }

  /// Row `r` of a matrix of weights times [query; key].
  double joined(int64_t r, const float *key) const {
    const float *w =
        in.weight.data() + r * (config.queryFeatures + config.keyFeatures);
    double sum = 0;
    for (int64_t d = 0; d < config.queryFeatures; ++d)
      sum += double(w[d]) * query[d];
    for (int64_t e = 0; e < config.keyFeatures; ++e)
      sum += double(w[config.queryFeatures + e]) * key[e];
    return sum;
  }

  double rawScore(const float *key) const {
    double sum = 0;
    switch (config.score) {
    case ScoreKind::Dot:
    case ScoreKind::Scaled:
      for (int64_t d = 0; d < config.queryFeatures; ++d)
        sum += double(query[d]) * key[d];
      return config.score == ScoreKind::Dot
                 ? sum
                 : sum * config.scale.value_or(
                             1 / std::sqrt(double(config.queryFeatures)));
    case ScoreKind::Additive:
      for (int64_t d = 0; d < config.queryFeatures; ++d)
        sum += in.weight[d] * std::tanh(double(query[d]) + key[d]);
      return sum;
    case ScoreKind::General:
      for (int64_t d = 0; d < config.queryFeatures; ++d)
        for (int64_t e = 0; e < config.keyFeatures; ++e)
          sum +=
              double(query[d]) * in.weight[d * config.keyFeatures + e] * key[e];
      return sum;
    case ScoreKind::Distance:
      for (int64_t d = 0; d < config.queryFeatures; ++d) {
        double difference = double(query[d]) - key[d];
        sum -= difference * difference;
      }
      return sum;
    case ScoreKind::Concat:
      for (int64_t r = 0; r < config.hidden; ++r)
        sum += in.second[r] * std::tanh(joined(r, key));
      return sum;
    case ScoreKind::Products:
      for (int64_t d = 0; d < config.queryFeatures; ++d)
        sum += std::tanh(double(query[d]) * key[d]);
      return sum;
    case ScoreKind::Mlp:
      for (int64_t r = 0; r < config.hidden; ++r)
        sum += in.second[r] * std::tanh(joined(r, key) + in.scoreBias[r]);
      return sum + in.scoreBias[config.hidden];
    }
    return sum;
  }

  double finalScore(int64_t j) const {
    double s = rawScore(in.key.data() +
                        ((row * config.keyHeads + keyHead) * in.keySteps + j) *
                            config.keyFeatures);
    if (config.softcap)
      s = *config.softcap * std::tanh(s / *config.softcap);
    return config.bias ? s + in.bias[broadcastIndex(*config.bias, j)] : s;
  }

  const AttentionConfig &config;
  const AttentionInputs &in;
  int64_t head, position, row, keyHead;
  const float *query;
};

} // namespace

AttentionOutputs seqc::test::evaluateAttention(const AttentionConfig &config,
                                               const AttentionInputs &in) {
  AttentionOutputs result;
  for (int64_t b = 0; b < in.queryBatch; ++b)
    for (int64_t h = 0; h < config.heads; ++h)
      for (int64_t i = 0; i < in.querySteps; ++i) {
        QueryEvaluator evaluator(config, in, b, h, i);
        std::vector<double> weights = evaluator.weights();
        bool live = false;
        for (int64_t j = 0; j < in.keySteps; ++j)
          live |= evaluator.isLive(j);
        result.deadQueries += !live;
        for (int64_t c = 0; c < config.valueFeatures; ++c) {
          double sum = 0;
          for (int64_t j = 0; j < in.keySteps; ++j)
            sum += weights[j] * evaluator.value(j, c);
          result.output.push_back(sum);
        }
        result.probabilities.insert(result.probabilities.end(), weights.begin(),
                                    weights.end());
      }
  return result;
}
