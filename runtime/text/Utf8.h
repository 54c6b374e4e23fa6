//===- Utf8.h - Unicode text ---------------------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SEQC_RUNTIME_TEXT_UTF8_H
#define SEQC_RUNTIME_TEXT_UTF8_H

#include "runtime/core/Status.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace seqc::rt {

/// Decodes UTF-8 strictly: no overlong forms, no surrogates, nothing beyond
/// U+10FFFF. The message names the first bad byte.
Result<std::vector<char32_t>> decodeUtf8(std::string_view text);

/// Appends one code point.
void appendUtf8(std::string &text, char32_t codePoint);

/// The simple lower-case form of Latin, Greek, Cyrillic, Armenian and
/// full-width letters; other code points are returned as they are. Depends on
/// no locale.
char32_t toLower(char32_t codePoint);

/// True for white space: ASCII, no-break, the spaces of U+2000, ideographic.
bool isSpace(char32_t codePoint);

/// For messages: "'a' (U+0061)", without the character if it cannot be seen.
std::string describe(char32_t codePoint);

} // namespace seqc::rt

#endif // SEQC_RUNTIME_TEXT_UTF8_H
