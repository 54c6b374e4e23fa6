//===- TextBatch.cpp - Texts to inputs -----------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/text/TextModel.h"
#include "runtime/text/Utf8.h"

#include <algorithm>

using namespace seqc::rt;

/// "character" or "word".
static const char *unitName(TextUnit unit) {
  return unit == TextUnit::Char ? "character" : "word";
}

/// Describes an unknown unit.
static std::string describeUnit(TextUnit unit, const std::string &text) {
  if (unit == TextUnit::Char)
    if (Result<std::vector<char32_t>> decoded = decodeUtf8(text);
        decoded && decoded->size() == 1)
      return describe(decoded->front());
  return "'" + text + "'";
}

/// Appends the id of each unit.
static Status encodeUnits(const Vocabulary &vocabulary, TextUnit unit,
                          std::optional<int64_t> unk,
                          std::vector<std::string> units,
                          EncodedText &encoded) {
  for (size_t i = 0; i < units.size(); ++i) {
    std::optional<int64_t> id = vocabulary.find(units[i]);
    if (!id)
      id = unk;
    if (!id)
      return invalid(std::string("unknown ") + unitName(unit) + " " +
                     describeUnit(unit, units[i]) + " at position " +
                     std::to_string(i + 1) + "; the model knows " +
                     std::to_string(vocabulary.size()) +
                     " entries, and has "
                     "none for what is unknown");
    encoded.ids.push_back(*id);
    encoded.units.push_back(std::move(units[i]));
  }
  return {};
}

Result<EncodedText> seqc::rt::encodeText(const TextModel &model,
                                         std::string_view text) {
  const auto &input = model.input;
  Result<std::vector<std::string>> units =
      cutText(text, input.unit, input.lower);
  if (!units)
    return units.status();
  if (units->empty())
    return invalid(std::string("empty text; required: at least one ") +
                   unitName(input.unit));
  if (input.maxLength && int64_t(units->size()) > *input.maxLength)
    return invalid("text has " + std::to_string(units->size()) + " " +
                   unitName(input.unit) + "s; the model takes at most " +
                   std::to_string(*input.maxLength));
  EncodedText encoded;
  auto addMark = [&](std::optional<int64_t> id) {
    if (!id)
      return;
    encoded.ids.push_back(*id);
    encoded.units.push_back(input.vocabulary.text(*id));
  };
  addMark(input.bos);
  if (Status status = encodeUnits(input.vocabulary, input.unit, input.unk,
                                  std::move(*units), encoded);
      !status.ok())
    return status;
  addMark(input.eos);
  return encoded;
}

Result<EncodedText> seqc::rt::encodePrefix(const TextModel &model,
                                           std::string_view text) {
  if (model.kind != TextKind::Generate || model.output.prefix.empty())
    return invalid("this model takes no forced beginning; it has to be "
                   "compiled by 'seqc compile --prefix' or from a description "
                   "with 'prefix: true'");
  Result<std::vector<std::string>> units =
      cutText(text, model.output.unit, /*lower=*/false);
  if (!units)
    return units.status();
  EncodedText encoded;
  if (Status status = encodeUnits(model.output.vocabulary, model.output.unit,
                                  std::nullopt, std::move(*units), encoded);
      !status.ok())
    return status;
  return encoded;
}

/// The input `name` of an entry that text was checked against.
static const ValueSignature &inputOf(const EntrySignature &entry,
                                     const std::string &name) {
  return entry.inputs[size_t(entry.findInput(name))];
}

/// Makes an integer tensor for an input and stores rows of ids in it.
static Result<TensorRef> makeIds(const ValueSignature &value, int64_t time,
                                 bool timeMajor, int64_t pad,
                                 const std::vector<EncodedText> &texts) {
  int64_t rows = int64_t(texts.size());
  int64_t shape[2] = {timeMajor ? time : rows, timeMajor ? rows : time};
  Result<TensorRef> tensor = createTensor(value.dtype, 2, shape);
  if (!tensor)
    return tensor;
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t t = 0; t < time; ++t) {
      const std::vector<int64_t> &ids = texts[size_t(row)].ids;
      int64_t id = t < int64_t(ids.size()) ? ids[size_t(t)] : pad;
      int64_t index = timeMajor ? t * rows + row : row * time + t;
      if (!setInteger(*tensor->get(), index, id))
        return invalid("id " + std::to_string(id) + " does not fit input '" +
                       value.name + "' of type " +
                       seqc_dtype_name(value.dtype));
    }
  return tensor;
}

/// Makes the lengths of rows.
static Result<TensorRef> makeLengths(const ValueSignature &value,
                                     const std::vector<EncodedText> &texts) {
  int64_t rows = int64_t(texts.size());
  Result<TensorRef> tensor = createTensor(value.dtype, 1, &rows);
  if (!tensor)
    return tensor;
  for (int64_t row = 0; row < rows; ++row)
    if (!setInteger(*tensor->get(), row,
                    int64_t(texts[size_t(row)].ids.size())))
      return invalid("a length does not fit input '" + value.name + "'");
  return tensor;
}

Status seqc::rt::makeBatch(const TextModel &model, const EntrySignature &entry,
                           const std::vector<EncodedText> &texts,
                           std::map<std::string, TensorRef> &inputs) {
  size_t longest = 0, shortest = SIZE_MAX;
  for (const EncodedText &text : texts) {
    longest = std::max(longest, text.ids.size());
    shortest = std::min(shortest, text.ids.size());
  }
  const auto &input = model.input;
  if (input.lengths.empty() && longest != shortest)
    return invalid("texts of different lengths cannot share a batch: the "
                   "model takes no lengths");
  const ValueSignature &ids = inputOf(entry, input.ids);
  int64_t time = int64_t(longest);
  // A model with a fixed number of steps takes padding.
  if (ids.shape.size() == 2) {
    int64_t fixed = ids.shape[input.timeMajor ? 0 : 1].extent;
    if (fixed > time && (!input.lengths.empty()))
      time = fixed;
  }
  Result<TensorRef> tensor =
      makeIds(ids, time, input.timeMajor, input.pad, texts);
  if (!tensor)
    return tensor.status();
  inputs[input.ids] = std::move(*tensor);
  if (input.lengths.empty())
    return {};
  Result<TensorRef> lengths = makeLengths(inputOf(entry, input.lengths), texts);
  if (!lengths)
    return lengths.status();
  inputs[input.lengths] = std::move(*lengths);
  return {};
}

Status seqc::rt::addPrefix(const TextModel &model, const EntrySignature &entry,
                           const EncodedText &prefix, int64_t rows,
                           std::map<std::string, TensorRef> &inputs) {
  std::vector<EncodedText> copies(size_t(rows), prefix);
  Result<TensorRef> tensor =
      makeIds(inputOf(entry, model.output.prefix), int64_t(prefix.ids.size()),
              /*timeMajor=*/false, 0, copies);
  if (!tensor)
    return tensor.status();
  inputs[model.output.prefix] = std::move(*tensor);
  if (model.output.prefixLengths.empty())
    return {};
  Result<TensorRef> lengths =
      makeLengths(inputOf(entry, model.output.prefixLengths), copies);
  if (!lengths)
    return lengths.status();
  inputs[model.output.prefixLengths] = std::move(*lengths);
  return {};
}
