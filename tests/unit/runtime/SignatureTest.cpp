//===- SignatureTest.cpp - Tests of signatures ---------------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/loader/Signature.h"
#include "tests/unit/runtime/Testing.h"

#include <nlohmann/json.hpp>

using namespace seqc::rt;
using namespace seqc::test;

namespace {

/// Parses one entry with the given inputs.
Result<std::vector<EntrySignature>> parse(const std::string &inputs,
                                          const std::string &more = "") {
  return parseSignatures(
      nlohmann::json::parse(R"({"entries":[{"name":"f","inputs":[)" + inputs +
                            R"(],"outputs":[])" + more + "}]}"));
}

} // namespace

TEST(Signature, ReadsShapesAndBounds) {
  auto entries = parse(
      R"({"name":"ids","dtype":"i32","shape":["b","t",-1,4],"min":0,
          "max":{"dim":"t"},"default":1})",
      R"(,"generation":{"search":"beam","width":4,"n_best":2,"max_new":7})");
  ASSERT_TRUE(bool(entries));
  const EntrySignature &entry = entries->front();
  const ValueSignature &ids = entry.inputs[0];
  EXPECT_EQ(entry.symbols, (std::vector<std::string>{"b", "t"}));
  EXPECT_EQ(shapeToString(entry, ids), "[b, t, ?, 4]");
  EXPECT_EQ(ids.max->symbol, 1);
  EXPECT_EQ(entry.generation->width, 4);
  EXPECT_EQ(entry.generation->numBest, 2);
  EXPECT_EQ(entry.findInput("ids"), 0);
  EXPECT_EQ(entry.findInput("0"), 0);
  EXPECT_EQ(entry.findInput("1"), -1);
  EXPECT_EQ(entry.findInput(""), -1);
  EXPECT_EQ(entry.findInput("0x"), -1);
}

/// One entry with two inputs, and an output that names the inputs it may be.
static Result<std::vector<EntrySignature>>
parseInPlace(const std::string &list) {
  return parseSignatures(nlohmann::json::parse(
      R"({"entries":[{"name":"f","inputs":[
          {"name":"h","dtype":"f32","shape":[2]},
          {"name":"c","dtype":"f32","shape":[2]}],
          "outputs":[{"name":"y","dtype":"f32","shape":[2],"in_place":)" +
      list + "}]}]}"));
}

TEST(Signature, OutputsNameInputsThatTheyMayBe) {
  auto entries = parseInPlace(R"(["c"])");
  ASSERT_TRUE(bool(entries));
  EXPECT_FALSE(entries->front().outputs[0].mayBeInput(0));
  EXPECT_TRUE(entries->front().outputs[0].mayBeInput(1));
  entries = parseInPlace("true");
  ASSERT_TRUE(bool(entries));
  EXPECT_TRUE(entries->front().outputs[0].mayBeInput(0));
  EXPECT_TRUE(fails(parseInPlace("1").status(), SEQC_INVALID_ARGUMENT,
                    "outputs[0].in_place: found number; required: a list of "
                    "inputs"));
  EXPECT_TRUE(fails(parseInPlace(R"(["z"])").status(), SEQC_INVALID_ARGUMENT,
                    R"(found "z"; required: names of inputs)"));
}

TEST(Signature, RefusesWhatBreaksTheRules) {
  EXPECT_TRUE(fails(parse("3").status(), SEQC_INVALID_ARGUMENT,
                    "entries[0].inputs[0]: found number"));
  EXPECT_TRUE(fails(parse(R"({"name":"x"})").status(), SEQC_INVALID_ARGUMENT,
                    "'dtype' is missing"));
  EXPECT_TRUE(fails(parse(R"({"name":"x","dtype":"f31","shape":[]})").status(),
                    SEQC_INVALID_ARGUMENT, "found \"f31\""));
  EXPECT_TRUE(
      fails(parse(R"({"name":"x","dtype":"f32","shape":[-2]})").status(),
            SEQC_INVALID_ARGUMENT, "found -2"));
  EXPECT_TRUE(
      fails(parse(R"({"name":"x","dtype":"f32","shape":[1,1,1,1,1,1,1,1,1]})")
                .status(),
            SEQC_INVALID_ARGUMENT, "at most 8"));
  EXPECT_TRUE(
      fails(parse(R"({"name":"x","dtype":"f32","shape":[],"max":1})").status(),
            SEQC_INVALID_ARGUMENT, "for integers"));
  EXPECT_TRUE(fails(parse(R"({"name":"x","dtype":"i32","shape":[],
                             "max":{"dim":"t"}})")
                        .status(),
                    SEQC_INVALID_ARGUMENT, "which no input has"));
  EXPECT_TRUE(fails(parse(R"({"name":"x","dtype":"i32","shape":[]},
                             {"name":"x","dtype":"i32","shape":[]})")
                        .status(),
                    SEQC_INVALID_ARGUMENT, "occurs twice"));
}

/// An entry with the initializer w among its inputs and the two that serve it.
static Result<std::vector<EntrySignature>>
parseHelpers(const std::string &plainInputs, const std::string &given,
             const std::string &names) {
  std::string x = R"({"name":"x","dtype":"f32","shape":[2]})",
              w = R"({"name":"w","dtype":"f32","shape":["n"],)"
                  R"("default":"initializer"})";
  return parseSignatures(nlohmann::json::parse(
      R"({"entries":[{"name":"p","inputs":[)" + plainInputs +
      R"(],"outputs":[]},{"name":"f","inputs":[)" + w + "," + x +
      R"(],"outputs":[])" + names + R"(},{"name":"d","inputs":[],"outputs":[)" +
      given + "]}]}"));
}

TEST(Signature, InitializersComeFromEntriesOfTheirOwn) {
  std::string x = R"({"name":"x","dtype":"f32","shape":[2]})",
              w = R"({"name":"w","dtype":"f32","shape":[3]})",
              names = R"(,"plain":"p","defaults":"d")";
  auto entries = parseHelpers(x, w, names);
  ASSERT_TRUE(bool(entries));
  ASSERT_EQ(entries->size(), 1u);
  const EntrySignature &entry = entries->front();
  ASSERT_EQ(entry.helpers.size(), 2u);
  EXPECT_TRUE(entry.inputs[0].isInitializer());
  EXPECT_FALSE(entry.inputs[1].isInitializer());
  auto tensor = makeTensor<float>(SEQC_F32, {2}, {1, 2});
  EXPECT_TRUE(entry.isPlain({{}, tensor}));
  EXPECT_FALSE(entry.isPlain({tensor, tensor}));
  EXPECT_EQ(entry.pickPlain({{}, tensor}).size(), 1u);

  auto refuses = [&](const std::string &plain, const std::string &given,
                     const std::string &more, const char *message) {
    return fails(parseHelpers(plain, given, more).status(),
                 SEQC_INVALID_ARGUMENT, message);
  };
  EXPECT_TRUE(refuses(x, w, R"(,"plain":"p")", "no entry '' that serves it"));
  EXPECT_TRUE(refuses(x, w, R"(,"plain":"f","defaults":"d")",
                      "no entry 'f' that serves it alone"));
  EXPECT_TRUE(refuses(x, w, R"(,"plain":"d","defaults":"d")",
                      "no entry 'd' that serves it alone"));
  EXPECT_TRUE(refuses(x, x, names, "'d' does not give 'w'"));
  EXPECT_TRUE(refuses(w, w, names, "'p' has other inputs"));
  EXPECT_TRUE(
      refuses(x + "," + w, w, names, "helpers have other inputs or outputs"));
  EXPECT_TRUE(fails(parse(R"({"name":"w","dtype":"f32","shape":[],
                             "default":"other"})")
                        .status(),
                    SEQC_INVALID_ARGUMENT, "required: a number"));
}

TEST(Signature, EqualSymbolsStandForEqualExtents) {
  auto entries = parse(R"({"name":"a","dtype":"f32","shape":["b",2]},
                          {"name":"c","dtype":"f32","shape":["b"]})");
  ASSERT_TRUE(bool(entries));
  const EntrySignature &entry = entries->front();
  SymbolExtents extents(1, -1);
  int64_t first[] = {5, 2}, other[] = {6}, same[] = {5}, wrong[] = {5, 3};
  EXPECT_TRUE(
      fails(bindShape(entry, entry.inputs[0], "input", 2, wrong, extents),
            SEQC_INVALID_ARGUMENT,
            "input 'a': found shape [5, 3]; required: [b, 2]"));
  EXPECT_TRUE(
      bindShape(entry, entry.inputs[0], "input", 2, first, extents).ok());
  EXPECT_TRUE(
      fails(bindShape(entry, entry.inputs[1], "input", 1, other, extents),
            SEQC_INVALID_ARGUMENT,
            "dimension 0 (b) is 6; an input before "
            "has 5"));
  EXPECT_TRUE(
      bindShape(entry, entry.inputs[1], "input", 1, same, extents).ok());
}

TEST(Signature, CompletesInputs) {
  auto entries = parse(R"({"name":"x","dtype":"i32","shape":["b","t"]},
      {"name":"n","dtype":"i64","shape":["b"],"min":1,"max":{"dim":"t"},
       "default":{"dim":"t"}},
      {"name":"h","dtype":"f16","shape":["b",2],"default":0.5})");
  ASSERT_TRUE(bool(entries));
  const EntrySignature &entry = entries->front();
  std::vector<TensorRef> inputs(1);
  EXPECT_TRUE(fails(completeInputs(entry, inputs), SEQC_INVALID_ARGUMENT,
                    "input 'x' is missing; required: i32 [b, t]"));
  inputs[0] = makeTensor<int32_t>(SEQC_I32, {2, 3}, {1, 2, 3, 4, 5, 6});
  ASSERT_TRUE(completeInputs(entry, inputs).ok());
  EXPECT_EQ(valuesOf<int64_t>(inputs[1].get()), (std::vector<int64_t>{3, 3}));
  EXPECT_EQ(valuesOf<uint16_t>(inputs[2].get()),
            std::vector<uint16_t>(4, 0x3800));
  inputs[1] = makeTensor<int64_t>(SEQC_I64, {2}, {3, 4});
  EXPECT_TRUE(fails(completeInputs(entry, inputs), SEQC_INVALID_ARGUMENT,
                    "input 'n': element [1] is 4; it must be at most 3, the "
                    "extent of 't'"));
  inputs[1] = makeTensor<int64_t>(SEQC_I64, {2}, {0, 3});
  EXPECT_TRUE(fails(completeInputs(entry, inputs), SEQC_INVALID_ARGUMENT,
                    "element [0] is 0; it must be at least 1"));
}
