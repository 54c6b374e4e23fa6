//===- YamlTreeTest.cpp - Trees with positions ----------------------------===//

#include "frontends/YAML/YamlTree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace llvm;
using namespace seqc::yaml;
using testing::HasSubstr;

namespace {

/// The first error of parsing `text` as "line:column: message", or "none".
std::string errorOf(StringRef text) {
  std::string error = "none";
  parseTree(text, [&](Position position, StringRef message) {
    if (error == "none")
      error = std::to_string(position.line) + ":" +
              std::to_string(position.column) + ": " + message.str();
  });
  return error;
}

Node parse(StringRef text) {
  std::optional<Node> tree = parseTree(text, [](Position, StringRef message) {
    ADD_FAILURE() << message.str();
  });
  return tree.value_or(Node());
}

} // namespace

TEST(YamlTree, KeepsPositionsAndOrder) {
  Node tree = parse("b: 1\na:\n  - x\n  - {y: 'two'}\n");
  ASSERT_TRUE(tree.isMapping());
  ASSERT_EQ(tree.entries.size(), 2u);
  EXPECT_EQ(tree.entries[0].key, "b");
  EXPECT_EQ(tree.entries[1].keyPosition.line, 2u);
  const Node *list = tree.find("a");
  ASSERT_TRUE(list && list->isSequence());
  const Node *two = list->items[1].find("y");
  ASSERT_TRUE(two);
  EXPECT_EQ(two->text, "two");
  EXPECT_TRUE(two->quoted);
  EXPECT_EQ(two->position.line, 4u);
  EXPECT_EQ(two->position.column, 9u);
}

TEST(YamlTree, ReadsScalars) {
  Node tree =
      parse("{i: 12, s: '12', d: 1.5e2, t: true, n: null, u: \"\\u5e74\"}");
  EXPECT_EQ(tree.find("i")->asInteger(), 12);
  EXPECT_EQ(tree.find("s")->asInteger(), std::nullopt);
  EXPECT_EQ(tree.find("d")->asNumber(), 150.0);
  EXPECT_EQ(tree.find("t")->asBool(), true);
  EXPECT_TRUE(tree.find("n")->isNull());
  EXPECT_EQ(tree.find("u")->text, "年");
}

TEST(YamlTree, ReportsSyntaxErrors) {
  EXPECT_THAT(errorOf("a: [1, 2\nb: 3\n"), HasSubstr(":"));
  EXPECT_NE(errorOf("a: [1, 2\n"), "none");
  EXPECT_NE(errorOf("a: 'open\n"), "none");
}

TEST(YamlTree, ReportsDuplicateKeys) {
  EXPECT_EQ(errorOf("a: 1\nb: 2\na: 3\n"),
            "3:1: key 'a' is given twice; first on line 1");
}

TEST(YamlTree, RefusesWhatMakesTreesHuge) {
  EXPECT_EQ(errorOf("a: &x 1\nb: *x\n"),
            "1:7: anchors and aliases are not supported; write the value out");
  EXPECT_THAT(errorOf(std::string(1000, '[')),
              HasSubstr("nested deeper than 32 levels"));
}

TEST(YamlTree, RefusesBadUtf8AndManyDocuments) {
  EXPECT_EQ(errorOf("a: 1\nb: \xff\n"), "2:4: the file is not valid UTF-8");
  EXPECT_EQ(errorOf("a: 1\nb\x01: 2\n"),
            "2:2: found the control character U+0001; required is text");
  EXPECT_EQ(errorOf("a: 1\n---\nb: 2\n"),
            "1:1: the file holds several documents; one is required");
  EXPECT_THAT(errorOf("? [a]\n: 1\n"),
              HasSubstr("the key of an entry is not a word"));
}

TEST(YamlTree, ReadsAnEmptyFile) {
  EXPECT_TRUE(parse("").isNull());
  EXPECT_TRUE(parse("# nothing\n").isNull());
}
