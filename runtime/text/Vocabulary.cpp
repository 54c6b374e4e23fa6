//===- Vocabulary.cpp - Units and their ids ------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/text/Vocabulary.h"

#include "runtime/text/Utf8.h"

using namespace seqc::rt;

Result<Vocabulary> Vocabulary::create(std::vector<std::string> list,
                                      const std::vector<int64_t> &special) {
  Vocabulary vocabulary;
  if (list.empty())
    return invalid("the vocabulary is empty");
  for (size_t i = 0; i < list.size(); ++i)
    if (!vocabulary.ids.emplace(list[i], int64_t(i)).second)
      return invalid("the vocabulary has '" + list[i] + "' twice");
  for (int64_t id : special) {
    if (id < 0 || size_t(id) >= list.size())
      return invalid("special id " + std::to_string(id) +
                     " is outside of the vocabulary of " +
                     std::to_string(list.size()));
    vocabulary.ids.erase(list[size_t(id)]);
  }
  vocabulary.entries = std::move(list);
  return vocabulary;
}

const std::string &Vocabulary::text(int64_t id) const {
  static const std::string none;
  if (id < 0 || id >= size())
    return none;
  return entries[size_t(id)];
}

std::optional<int64_t> Vocabulary::find(const std::string &entry) const {
  auto it = ids.find(entry);
  if (it == ids.end())
    return std::nullopt;
  return it->second;
}

Result<std::vector<std::string>> seqc::rt::cutText(std::string_view text,
                                                   TextUnit unit, bool lower) {
  Result<std::vector<char32_t>> decoded = decodeUtf8(text);
  if (!decoded)
    return decoded.status();
  size_t begin = 0, end = decoded->size();
  while (begin < end && isSpace((*decoded)[begin]))
    ++begin;
  while (begin < end && isSpace((*decoded)[end - 1]))
    --end;
  std::vector<std::string> units;
  bool inWord = false;
  for (size_t i = begin; i < end; ++i) {
    char32_t c = (*decoded)[i];
    if (unit == TextUnit::Word && isSpace(c)) {
      inWord = false;
      continue;
    }
    if (unit == TextUnit::Char || !inWord)
      units.emplace_back();
    inWord = true;
    appendUtf8(units.back(), lower ? toLower(c) : c);
  }
  return units;
}
