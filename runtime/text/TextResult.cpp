//===- TextResult.cpp - Outputs to results -------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/text/TextModel.h"

#include <algorithm>
#include <cmath>

using namespace seqc::rt;

namespace {

/// Reads the outputs of one run for one row.
class ResultReader {
public:
  ResultReader(const TextModel &model, const EntrySignature &entry,
               const std::vector<TensorRef> &outputs, int64_t row,
               const EncodedText &source)
      : model(model), entry(entry), outputs(outputs), row(row), source(source) {
  }

  Result<std::vector<TextResult>> generated(int64_t limit);
  Result<std::vector<TextResult>> classified(int64_t limit);
  Result<std::vector<TextResult>> tagged();

private:
  /// The output `name`, or NULL if the model has none or it was not made.
  const seqc_tensor_t *find(const std::string &name) const {
    if (name.empty())
      return nullptr;
    int index = entry.findOutput(name);
    return index < 0 ? nullptr : outputs[size_t(index)].get();
  }

  Status badShape(const std::string &name, const seqc_tensor_t &tensor) const {
    return invalid("output '" + name + "' has shape " +
                   seqc::rt::shapeToString(tensor.rank, tensor.shape) +
                   ", which does not fit the text pipeline");
  }

  /// Index of position `step` of source unit `t` inside the batch's inputs.
  void readAttention(const seqc_tensor_t &tensor, int64_t rank, int64_t steps,
                     TextResult &result) const;

  TextResult readHypothesis(const seqc_tensor_t &tokens, int64_t numBest,
                            int64_t rank) const;

  /// Scores of `count` classes from `base` on, as they are shown.
  std::vector<double> normalized(const seqc_tensor_t &scores, int64_t base,
                                 int64_t count) const;

  std::string label(int64_t index) const {
    const auto &labels = model.output.labels;
    return index >= 0 && size_t(index) < labels.size() ? labels[size_t(index)]
                                                       : std::to_string(index);
  }

  const TextModel &model;
  const EntrySignature &entry;
  const std::vector<TensorRef> &outputs;
  int64_t row;
  const EncodedText &source;
};

void ResultReader::readAttention(const seqc_tensor_t &tensor, int64_t rank,
                                 int64_t steps, TextResult &result) const {
  // [batch, steps, time] or [batch, n_best, steps, time]; for classes also
  // [batch, time].
  int64_t time = tensor.shape[tensor.rank - 1];
  int64_t allSteps = tensor.rank >= 3 ? tensor.shape[tensor.rank - 2] : 1;
  int64_t numBest = tensor.rank == 4 ? tensor.shape[1] : 1;
  if (tensor.rank < 2 || tensor.rank > 4 || row >= tensor.shape[0] ||
      rank >= numBest)
    return;
  int64_t base = (row * numBest + rank) * allSteps * time;
  int64_t width = std::min(time, int64_t(source.units.size()));
  for (int64_t s = 0; s < std::min(steps, allSteps); ++s) {
    std::vector<double> weights;
    for (int64_t t = 0; t < width; ++t)
      weights.push_back(numberAt(tensor, base + s * time + t));
    result.attention.push_back(std::move(weights));
  }
}

TextResult ResultReader::readHypothesis(const seqc_tensor_t &tokens,
                                        int64_t numBest, int64_t rank) const {
  const auto &output = model.output;
  int64_t steps = tokens.shape[tokens.rank - 1];
  int64_t hypothesis = row * numBest + rank;
  int64_t length = steps;
  if (const seqc_tensor_t *lengths = find(output.lengths))
    if (hypothesis < seqc_tensor_num_elements(lengths))
      length = std::clamp<int64_t>(integerAt(*lengths, hypothesis), 0, steps);
  TextResult result;
  std::vector<bool> shown;
  for (int64_t s = 0; s < length; ++s) {
    int64_t id = integerAt(tokens, hypothesis * steps + s);
    if (std::find(output.ends.begin(), output.ends.end(), id) !=
        output.ends.end())
      break;
    shown.push_back(id != output.bos && id != output.pad);
    if (!shown.back())
      continue;
    const std::string &text = output.vocabulary.text(id);
    if (!result.tokens.empty())
      result.text += output.join;
    result.text += text;
    result.tokens.push_back(text);
  }
  if (const seqc_tensor_t *scores = find(output.scores))
    if (hypothesis < seqc_tensor_num_elements(scores))
      result.score = numberAt(*scores, hypothesis);
  // Further hypotheses may be missing; without a first one the row is lost.
  if (rank == 0 && length == 0 && result.score)
    result.problem = describeLostRow(*result.score);
  if (const seqc_tensor_t *attention = find(output.attention)) {
    readAttention(*attention, rank, int64_t(shown.size()), result);
    for (size_t s = result.attention.size(); s-- > 0;)
      if (!shown[s])
        result.attention.erase(result.attention.begin() + int64_t(s));
  }
  return result;
}

Result<std::vector<TextResult>> ResultReader::generated(int64_t limit) {
  const seqc_tensor_t *tokens = find(model.output.tokens);
  if (!tokens)
    return Status(SEQC_INTERNAL, "the model made no tokens");
  if (tokens->rank < 2 || tokens->rank > 3 || row >= tokens->shape[0])
    return badShape(model.output.tokens, *tokens);
  int64_t numBest = tokens->rank == 3 ? tokens->shape[1] : 1;
  int64_t count = limit == 0 ? numBest : std::min(limit, numBest);
  std::vector<TextResult> results;
  for (int64_t rank = 0; rank < count; ++rank)
    results.push_back(readHypothesis(*tokens, numBest, rank));
  return results;
}

std::vector<double> ResultReader::normalized(const seqc_tensor_t &scores,
                                             int64_t base,
                                             int64_t count) const {
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(numberAt(scores, base + i));
  if (model.output.form == ScoreForm::Sigmoid)
    for (double &value : values)
      value = 1 / (1 + std::exp(-value));
  if (model.output.form == ScoreForm::Softmax && count > 0) {
    double high = *std::max_element(values.begin(), values.end());
    double sum = 0;
    for (double &value : values)
      sum += value = std::exp(value - high);
    for (double &value : values)
      value /= sum;
  }
  return values;
}

/// The index of the highest value, the lowest index on ties.
int64_t bestIndex(const std::vector<double> &values) {
  return std::max_element(values.begin(), values.end()) - values.begin();
}

Result<std::vector<TextResult>> ResultReader::classified(int64_t limit) {
  const seqc_tensor_t *scores = find(model.output.scores);
  const seqc_tensor_t *classes = find(model.output.classes);
  std::vector<double> values;
  if (scores) {
    if (scores->rank != 2 || row >= scores->shape[0] || scores->shape[1] == 0)
      return badShape(model.output.scores, *scores);
    values = normalized(*scores, row * scores->shape[1], scores->shape[1]);
  }
  if (classes && (classes->rank != 1 || row >= classes->shape[0]))
    return badShape(model.output.classes, *classes);
  std::vector<int64_t> order;
  if (values.empty()) {
    order.push_back(classes ? integerAt(*classes, row) : 0);
  } else {
    for (size_t i = 0; i < values.size(); ++i)
      order.push_back(int64_t(i));
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return values[size_t(a)] > values[size_t(b)];
    });
    if (classes) {
      auto chosen =
          std::find(order.begin(), order.end(), integerAt(*classes, row));
      if (chosen != order.end())
        std::rotate(order.begin(), chosen, chosen + 1);
    }
    order.resize(size_t(std::clamp<int64_t>(limit, 1, int64_t(order.size()))));
  }
  std::vector<TextResult> results;
  for (int64_t index : order) {
    TextResult result;
    result.text = label(index);
    result.tokens = {result.text};
    if (size_t(index) < values.size())
      result.score = values[size_t(index)];
    if (const seqc_tensor_t *attention = find(model.output.attention))
      readAttention(*attention, 0, int64_t(source.units.size()), result);
    results.push_back(std::move(result));
  }
  return results;
}

Result<std::vector<TextResult>> ResultReader::tagged() {
  const seqc_tensor_t *scores = find(model.output.scores);
  const seqc_tensor_t *classes = find(model.output.classes);
  int64_t units = int64_t(source.units.size());
  if (scores && (scores->rank != 3 || row >= scores->shape[0] ||
                 scores->shape[1] < units || scores->shape[2] == 0))
    return badShape(model.output.scores, *scores);
  if (classes && (classes->rank != 2 || row >= classes->shape[0] ||
                  classes->shape[1] < units))
    return badShape(model.output.classes, *classes);
  TextResult result;
  int64_t begin = model.input.bos ? 1 : 0;
  int64_t end = units - (model.input.eos ? 1 : 0);
  for (int64_t t = begin; t < end; ++t) {
    int64_t chosen = 0;
    if (scores) {
      int64_t count = scores->shape[2];
      std::vector<double> values =
          normalized(*scores, (row * scores->shape[1] + t) * count, count);
      chosen = bestIndex(values);
      if (classes)
        chosen = integerAt(*classes, row * classes->shape[1] + t);
      if (chosen >= 0 && chosen < count)
        result.unitScores.push_back(values[size_t(chosen)]);
    } else if (classes) {
      chosen = integerAt(*classes, row * classes->shape[1] + t);
    }
    result.tokens.push_back(label(chosen));
    result.text += (result.text.empty() ? "" : " ") + result.tokens.back();
  }
  if (const seqc_tensor_t *attention = find(model.output.attention))
    readAttention(*attention, 0, units, result);
  return std::vector<TextResult>{std::move(result)};
}

} // namespace

std::string seqc::rt::describeLostRow(double score) {
  return std::isnan(score)
             ? "the search has no result: a logit is NaN or infinite; required "
               "are finite ones, or -inf for a token that cannot be taken"
             : "the search has no result: all logits are -inf; required is a "
               "token that can be taken";
}

Result<std::vector<TextResult>>
seqc::rt::readResults(const TextModel &model, const EntrySignature &entry,
                      const std::vector<TensorRef> &outputs, int64_t row,
                      const EncodedText &source, int64_t limit) {
  ResultReader reader(model, entry, outputs, row, source);
  switch (model.kind) {
  case TextKind::Generate:
    return reader.generated(limit);
  case TextKind::Classify:
    return reader.classified(limit);
  case TextKind::Tag:
    return reader.tagged();
  }
  return Status(SEQC_INTERNAL, "unknown kind of text model");
}
