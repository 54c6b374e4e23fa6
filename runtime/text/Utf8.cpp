//===- Utf8.cpp - Unicode text -------------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/text/Utf8.h"

#include <cstdio>

using namespace seqc::rt;

Result<std::vector<char32_t>> seqc::rt::decodeUtf8(std::string_view text) {
  std::vector<char32_t> result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i]);
    int extra = lead < 0x80   ? 0
                : lead < 0xc2 ? -1
                : lead < 0xe0 ? 1
                : lead < 0xf0 ? 2
                : lead < 0xf5 ? 3
                              : -1;
    bool good = extra >= 0 && i + size_t(extra) < text.size();
    char32_t codePoint = extra <= 0 ? lead : lead & (0x3f >> extra);
    for (int k = 1; good && k <= extra; ++k) {
      auto next = static_cast<unsigned char>(text[i + size_t(k)]);
      good = (next & 0xc0) == 0x80;
      codePoint = (codePoint << 6) | (next & 0x3f);
    }
    if (good && extra == 2)
      good = codePoint >= 0x800 && (codePoint < 0xd800 || codePoint > 0xdfff);
    if (good && extra == 3)
      good = codePoint >= 0x10000 && codePoint <= 0x10ffff;
    if (!good)
      return invalid("invalid UTF-8 at byte " + std::to_string(i + 1));
    result.push_back(codePoint);
    i += size_t(extra) + 1;
  }
  return result;
}

void seqc::rt::appendUtf8(std::string &text, char32_t c) {
  if (c < 0x80) {
    text += char(c);
    return;
  }
  int extra = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  static constexpr unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
  text += char(leads[extra] | (c >> (6 * extra)));
  while (extra-- > 0)
    text += char(0x80 | ((c >> (6 * extra)) & 0x3f));
}

namespace {

/// Upper-case letters whose lower-case forms lie at one distance.
struct CaseRange {
  char32_t first, last;
  /// Added to an upper-case letter; 1 means that upper and lower case take
  /// turns, beginning with an upper-case letter at `first`.
  int32_t distance;
};

constexpr CaseRange caseRanges[] = {
    {0x0041, 0x005a, 32}, {0x00c0, 0x00d6, 32},   {0x00d8, 0x00de, 32},
    {0x0100, 0x012f, 1},  {0x0132, 0x0137, 1},    {0x0139, 0x0148, 1},
    {0x014a, 0x0177, 1},  {0x0178, 0x0178, -121}, {0x0179, 0x017e, 1},
    {0x01cd, 0x01dc, 1},  {0x01de, 0x01ef, 1},    {0x01f8, 0x021f, 1},
    {0x0222, 0x0233, 1},  {0x0370, 0x0373, 1},    {0x0386, 0x0386, 38},
    {0x0388, 0x038a, 37}, {0x038c, 0x038c, 64},   {0x038e, 0x038f, 63},
    {0x0391, 0x03a1, 32}, {0x03a3, 0x03ab, 32},   {0x0400, 0x040f, 80},
    {0x0410, 0x042f, 32}, {0x0460, 0x0481, 1},    {0x048a, 0x04bf, 1},
    {0x04c0, 0x04c0, 15}, {0x04c1, 0x04ce, 1},    {0x04d0, 0x052f, 1},
    {0x0531, 0x0556, 48}, {0x1e00, 0x1e95, 1},    {0x1e9e, 0x1e9e, -7615},
    {0x1ea0, 0x1eff, 1},  {0x2160, 0x216f, 16},   {0x24b6, 0x24cf, 26},
    {0xff21, 0xff3a, 32},
};

} // namespace

char32_t seqc::rt::toLower(char32_t c) {
  // I with dot above has no simple lower-case form but i.
  if (c == 0x130)
    return 'i';
  for (const CaseRange &range : caseRanges) {
    if (c < range.first || c > range.last)
      continue;
    if (range.distance != 1)
      return char32_t(int32_t(c) + range.distance);
    return ((c - range.first) & 1) == 0 ? c + 1 : c;
  }
  return c;
}

bool seqc::rt::isSpace(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
         c == 0x202f || c == 0x205f || c == 0x3000 || c == 0xfeff;
}

std::string seqc::rt::describe(char32_t c) {
  char code[16];
  std::snprintf(code, sizeof code, "U+%04X", unsigned(c));
  if (c < 0x20 || (c >= 0x7f && c < 0xa0) || isSpace(c))
    return code;
  std::string text = "'";
  appendUtf8(text, c);
  return text + "' (" + code + ")";
}
