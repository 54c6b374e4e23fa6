//===- TextModel.h - Text in, text out -----------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a model's metadata says about text (docs/reference/metadata.md), and
// the two directions: texts to inputs, outputs to results.
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_TEXT_TEXTMODEL_H
#define SEQC_RUNTIME_TEXT_TEXTMODEL_H

#include "runtime/loader/Signature.h"
#include "runtime/text/Vocabulary.h"

#include <map>

namespace seqc::rt {

/// What a model makes of a text.
enum class TextKind { Generate, Classify, Tag };

/// How class scores are shown.
enum class ScoreForm { Softmax, Sigmoid, None };

/// The `text` object of the metadata.
struct TextModel {
  TextKind kind = TextKind::Generate;
  std::string entry;

  /// How texts are read.
  struct {
    TextUnit unit = TextUnit::Char;
    bool lower = false, timeMajor = false;
    Vocabulary vocabulary;
    std::optional<int64_t> unk, bos, eos, maxLength;
    int64_t pad = 0;
    std::string ids, lengths;
  } input;

  /// How results are read; names are empty where the model has none.
  struct {
    Vocabulary vocabulary;
    std::vector<std::string> labels;
    std::vector<int64_t> ends;
    std::optional<int64_t> bos, pad;
    std::string join;
    TextUnit unit = TextUnit::Char;
    ScoreForm form = ScoreForm::Softmax;
    std::string tokens, lengths, scores, classes, attention, prefix,
        prefixLengths;
  } output;
};

/// Reads the `text` object against the entries; no value if there is none.
Result<std::optional<TextModel>>
parseTextModel(const nlohmann::json &metadata,
               const std::vector<EntrySignature> &entries);

/// A text as the model sees it.
struct EncodedText {
  std::vector<int64_t> ids;
  /// The string of each id, begin and end marks included.
  std::vector<std::string> units;
};

/// Encodes one text. The message names unknown characters and positions.
Result<EncodedText> encodeText(const TextModel &model, std::string_view text);

/// Encodes a forced beginning of the output.
Result<EncodedText> encodePrefix(const TextModel &model, std::string_view text);

/// Builds ids and lengths for a batch; `entry` gives the types. Without a
/// lengths input all texts must have one length.
Status makeBatch(const TextModel &model, const EntrySignature &entry,
                 const std::vector<EncodedText> &texts,
                 std::map<std::string, TensorRef> &inputs);

/// Adds the inputs of a forced beginning, the same for `rows` rows.
Status addPrefix(const TextModel &model, const EntrySignature &entry,
                 const EncodedText &prefix, int64_t rows,
                 std::map<std::string, TensorRef> &inputs);

/// One result for one text.
struct TextResult {
  /// The text, or the label, or the labels separated by spaces.
  std::string text;
  /// Tokens, or one label per unit.
  std::vector<std::string> tokens;
  std::optional<double> score;
  /// One score per unit (`tag`).
  std::vector<double> unitScores;
  /// Weight of each source unit per token; empty without attention.
  std::vector<std::vector<double>> attention;
  /// Why a search gave the row nothing; empty if it did.
  std::string problem;
};

/// Why the search of a row found nothing, from the score of its best
/// hypothesis: NaN where logits were no numbers, -inf where there was no token
/// to take.
std::string describeLostRow(double score);

/// Reads the results of row `row`, best first, at most `limit` of them (0: as
/// many as there are; for `classify` one).
Result<std::vector<TextResult>>
readResults(const TextModel &model, const EntrySignature &entry,
            const std::vector<TensorRef> &outputs, int64_t row,
            const EncodedText &source, int64_t limit);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_TEXT_TEXTMODEL_H
