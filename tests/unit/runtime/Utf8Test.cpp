//===- Utf8Test.cpp - Tests of Unicode text ------------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/text/Utf8.h"
#include "runtime/text/Vocabulary.h"
#include "tests/unit/runtime/Testing.h"

using namespace seqc::rt;
using namespace seqc::test;

TEST(Utf8, DecodesAllLengths) {
  auto text = decodeUtf8("a\xc3\xa9\xe5\xb9\xb4\xf0\x9f\x98\x80");
  ASSERT_TRUE(bool(text));
  EXPECT_EQ(*text, (std::vector<char32_t>{'a', 0xe9, 0x5e74, 0x1f600}));
}

TEST(Utf8, EncodesWhatItDecodes) {
  for (char32_t c = 0; c < 0x110000; c += c < 0x3000 ? 1 : 97) {
    if (c >= 0xd800 && c < 0xe000)
      continue;
    std::string text;
    appendUtf8(text, c);
    auto decoded = decodeUtf8(text);
    ASSERT_TRUE(bool(decoded)) << unsigned(c);
    ASSERT_EQ(*decoded, std::vector<char32_t>{c});
  }
}

TEST(Utf8, RefusesBadBytes) {
  // A lone continuation, overlong forms, a surrogate, beyond the end, cut off.
  for (const char *text :
       {"ab\x80", "ab\xc0\xaf", "ab\xc1\xbf", "ab\xe0\x80\x80",
        "ab\xed\xa0\x80", "ab\xf4\x90\x80\x80", "ab\xf5", "ab\xff",
        "ab\xe5\xb9", "ab\xe5", "ab\xc3q"})
    EXPECT_TRUE(fails(decodeUtf8(text).status(), SEQC_INVALID_ARGUMENT,
                      "invalid UTF-8 at byte 3"))
        << text;
}

TEST(Utf8, LowersCaseWithoutALocale) {
  struct Pair {
    char32_t upper, lower;
  };
  for (auto [upper, lower] :
       {Pair{U'A', U'a'}, Pair{U'Z', U'z'},  Pair{U'À', U'à'}, Pair{U'Þ', U'þ'},
        Pair{U'Ā', U'ā'}, Pair{U'Ž', U'ž'},  Pair{U'Ÿ', U'ÿ'}, Pair{U'İ', U'i'},
        Pair{U'Ĳ', U'ĳ'}, Pair{U'Ŋ', U'ŋ'},  Pair{U'Α', U'α'}, Pair{U'Ω', U'ω'},
        Pair{U'Ά', U'ά'}, Pair{U'Ό', U'ό'},  Pair{U'Ώ', U'ώ'}, Pair{U'Ϊ', U'ϊ'},
        Pair{U'Ѐ', U'ѐ'}, Pair{U'Я', U'я'},  Pair{U'Ґ', U'ґ'}, Pair{U'Ӏ', U'ӏ'},
        Pair{U'Ӂ', U'ӂ'}, Pair{U'Ա', U'ա'},  Pair{U'Ẁ', U'ẁ'}, Pair{U'ẞ', U'ß'},
        Pair{U'Ạ', U'ạ'}, Pair{U'Ａ', U'ａ'}}) {
    EXPECT_EQ(unsigned(toLower(upper)), unsigned(lower));
    EXPECT_EQ(unsigned(toLower(lower)), unsigned(lower));
  }
  for (char32_t c : {U'×', U'÷', U'ß', U'ĸ', U'ŉ', U'1', U'年', U'ʰ'})
    EXPECT_EQ(unsigned(toLower(c)), unsigned(c));
}

TEST(Utf8, DescribesCharacters) {
  EXPECT_EQ(describe(U'年'), "'年' (U+5E74)");
  EXPECT_EQ(describe(7), "U+0007");
  EXPECT_EQ(describe(0xa0), "U+00A0");
}

TEST(Vocabulary, CutsCharactersAndWords) {
  auto characters = cutText("  Ab \xe3\x80\x80年 \n", TextUnit::Char, true);
  ASSERT_TRUE(bool(characters));
  EXPECT_EQ(*characters,
            (std::vector<std::string>{"a", "b", " ", "\xe3\x80\x80", "年"}));
  auto words = cutText("\tOne  two\xc2\xa0Three ", TextUnit::Word, false);
  ASSERT_TRUE(bool(words));
  EXPECT_EQ(*words, (std::vector<std::string>{"One", "two", "Three"}));
  auto nothing = cutText(" \n ", TextUnit::Word, false);
  ASSERT_TRUE(bool(nothing));
  EXPECT_TRUE(nothing->empty());
}

TEST(Vocabulary, NeverFindsSpecialEntries) {
  auto vocabulary = Vocabulary::create({"<pad>", "a", "b"}, {0, 2});
  ASSERT_TRUE(bool(vocabulary));
  EXPECT_EQ(vocabulary->find("a"), 1);
  EXPECT_FALSE(vocabulary->find("<pad>"));
  EXPECT_FALSE(vocabulary->find("b"));
  EXPECT_EQ(vocabulary->text(2), "b");
  EXPECT_EQ(vocabulary->text(3), "");
  EXPECT_EQ(vocabulary->text(-1), "");
}

TEST(Vocabulary, RefusesBadLists) {
  EXPECT_TRUE(fails(Vocabulary::create({}, {}).status(), SEQC_INVALID_ARGUMENT,
                    "empty"));
  EXPECT_TRUE(fails(Vocabulary::create({"a", "a"}, {}).status(),
                    SEQC_INVALID_ARGUMENT, "'a' twice"));
  EXPECT_TRUE(fails(Vocabulary::create({"a"}, {1}).status(),
                    SEQC_INVALID_ARGUMENT, "special id 1"));
}
