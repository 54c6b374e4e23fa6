//===- RunOptionsTest.cpp - Tests of options -----------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/cli/InputValue.h"
#include "runtime/cli/RunModel.h"
#include "tests/unit/runtime/Testing.h"

#include <nlohmann/json.hpp>

using namespace seqc::cli;
using namespace seqc::test;

TEST(RunOptions, TakesBothForms) {
  RunOptions options;
  ASSERT_TRUE(parseRunOptions({"--input", "x=1,2", "--input=y=a=b.npy",
                               "--threads", "2", "--json", "--max-length=7",
                               "some text", "--", "--not-an-option"},
                              options)
                  .ok());
  EXPECT_EQ(options.inputs,
            (std::vector<Assignment>{{"x", "1,2"}, {"y", "a=b.npy"}}));
  EXPECT_EQ(options.threads, 2);
  EXPECT_TRUE(options.json);
  EXPECT_EQ(options.generation.max_new, 7);
  EXPECT_EQ(options.texts,
            (std::vector<std::string>{"some text", "--not-an-option"}));
}

TEST(RunOptions, SaysWhatIsWrong) {
  struct Case {
    std::vector<std::string> arguments;
    const char *message;
  };
  for (const Case &c : std::vector<Case>{
           {{"--inptu", "x=1"},
            "unknown option '--inptu'; did you mean "
            "'--input'?"},
           {{"--frobnicate"}, "unknown option '--frobnicate'"},
           {{"--input"}, "option '--input' needs a value"},
           {{"--input", "x"}, "found 'x'; required: NAME=VALUE"},
           {{"--input", "=3"}, "required: NAME=VALUE"},
           {{"--threads", "0"}, "found '0'; required: a number from 1"},
           {{"--threads", "2x"}, "found '2x'"},
           {{"--rtol", "-1"}, "required: a number that is not negative"},
           {{"--atol", "nan"}, "required: a number"},
           {{"--lengths", "1,b"}, "numbers separated by commas"},
           {{"--json=1"}, "takes no value"},
           {{"--top-p", "0"}, "above 0"}}) {
    RunOptions options;
    EXPECT_TRUE(fails(parseRunOptions(c.arguments, options),
                      SEQC_INVALID_ARGUMENT, c.message));
  }
}

TEST(RunOptions, StatusesHaveExitCodes) {
  EXPECT_EQ(exitCodeOf(SEQC_OK), 0);
  EXPECT_EQ(exitCodeOf(SEQC_INVALID_ARGUMENT), 2);
  EXPECT_EQ(exitCodeOf(SEQC_NOT_FOUND), 2);
  EXPECT_EQ(exitCodeOf(SEQC_UNSUPPORTED), 3);
  EXPECT_EQ(exitCodeOf(SEQC_INTERNAL), 4);
  EXPECT_EQ(exitCodeOf(SEQC_INCOMPATIBLE), 5);
  EXPECT_EQ(exitCodeOf(SEQC_RESOURCE_EXHAUSTED), 5);
  EXPECT_EQ(exitCodeOf(SEQC_IO), 5);
}

namespace {

/// An entry with one input.
EntrySignature entryWith(const std::string &input) {
  auto entries = seqc::rt::parseSignatures(
      nlohmann::json::parse(R"({"entries":[{"name":"f","inputs":[)" + input +
                            R"(],"outputs":[]}]})"));
  EXPECT_TRUE(bool(entries));
  return entries->front();
}

} // namespace

TEST(InputValue, LiteralsGetTheRankOfTheInput) {
  EntrySignature entry =
      entryWith(R"({"name":"x","dtype":"f32","shape":["b","t"]})");
  auto tensor = readInputValue(entry, entry.inputs[0], "1,2,3");
  ASSERT_TRUE(bool(tensor));
  EXPECT_EQ(shapeOf(tensor->get()), (std::vector<int64_t>{1, 3}));
  tensor = readInputValue(entry, entry.inputs[0], "[[1,2],[3,4]]");
  ASSERT_TRUE(bool(tensor));
  EXPECT_EQ(shapeOf(tensor->get()), (std::vector<int64_t>{2, 2}));
  EXPECT_TRUE(fails(readInputValue(entry, entry.inputs[0], "[[[1]]]").status(),
                    SEQC_INVALID_ARGUMENT,
                    "found shape [1, 1, 1]; required: [b, t]"));
  EXPECT_TRUE(fails(readInputValue(entry, entry.inputs[0], "one").status(),
                    SEQC_INVALID_ARGUMENT, "'one' is no number"));
  EXPECT_TRUE(
      fails(readInputValue(entry, entry.inputs[0], "/no/file.npy").status(),
            SEQC_INVALID_ARGUMENT, "cannot open '/no/file.npy'"));
}

TEST(InputValue, RandomIsRepeatableAndInBounds) {
  EntrySignature entry = entryWith(
      R"({"name":"x","dtype":"i32","shape":["b",4],"min":3,"max":5})");
  auto a = readInputValue(entry, entry.inputs[0], "random:50x4:1");
  auto b = readInputValue(entry, entry.inputs[0], "random:[50,4]:1");
  auto c = readInputValue(entry, entry.inputs[0], "random:50,4:2");
  ASSERT_TRUE(a && b && c);
  EXPECT_EQ(valuesOf<int32_t>(a->get()), valuesOf<int32_t>(b->get()));
  EXPECT_NE(valuesOf<int32_t>(a->get()), valuesOf<int32_t>(c->get()));
  EXPECT_THAT(
      valuesOf<int32_t>(a->get()),
      ::testing::Each(::testing::AllOf(::testing::Ge(3), ::testing::Le(5))));
  EXPECT_TRUE(fails(readInputValue(entry, entry.inputs[0], "random:").status(),
                    SEQC_INVALID_ARGUMENT, "needs a shape"));
  EXPECT_TRUE(
      fails(readInputValue(entry, entry.inputs[0], "random:-1x4").status(),
            SEQC_INVALID_ARGUMENT, "extent 0 is -1"));
}
