//===- Vocabulary.h - Units and their ids --------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_TEXT_VOCABULARY_H
#define SEQC_RUNTIME_TEXT_VOCABULARY_H

#include "runtime/core/Status.h"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace seqc::rt {

/// How a text is cut.
enum class TextUnit { Char, Word };

/// Strings with consecutive ids.
class Vocabulary {
public:
  Vocabulary() = default;

  /// `special` ids are never found by text. Refuses an empty list, strings
  /// that occur twice, and special ids out of range.
  static Result<Vocabulary> create(std::vector<std::string> entries,
                                   const std::vector<int64_t> &special);

  int64_t size() const { return int64_t(entries.size()); }

  /// The string of an id; "" if it is out of range.
  const std::string &text(int64_t id) const;

  /// The id of a string.
  std::optional<int64_t> find(const std::string &entry) const;

private:
  std::vector<std::string> entries;
  std::unordered_map<std::string, int64_t> ids;
};

/// Cuts a text into units: code points, or words between white space. White
/// space at both ends is dropped.
Result<std::vector<std::string>> cutText(std::string_view text, TextUnit unit,
                                         bool lower);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_TEXT_VOCABULARY_H
