//===- TextModelTest.cpp - Tests of the text pipeline --------------------===//
//
// Part of seqc, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/text/TextModel.h"
#include "runtime/loader/Model.h"
#include "tests/unit/runtime/FakeModel.h"
#include "tests/unit/runtime/Testing.h"

#include <nlohmann/json.hpp>

using namespace seqc::rt;
using namespace seqc::test;
using nlohmann::json;

namespace {

/// The metadata of the fake model.
json fakeMetadata() {
  const seqc_abi_model *table = fake_model();
  return json::parse(table->metadata, table->metadata + table->metadata_size);
}

/// A text model with its entry.
struct Pipeline {
  std::vector<EntrySignature> entries;
  TextModel model;
  const EntrySignature *entry = nullptr;
};

Pipeline makePipeline(const json &metadata) {
  Pipeline result;
  auto entries = parseSignatures(metadata);
  EXPECT_TRUE(bool(entries));
  result.entries = *entries;
  auto text = parseTextModel(metadata, result.entries);
  EXPECT_TRUE(bool(text)) << text.status().message();
  EXPECT_TRUE(text->has_value());
  result.model = std::move(text->value());
  for (const EntrySignature &entry : result.entries)
    if (entry.name == result.model.entry)
      result.entry = &entry;
  return result;
}

/// The failure of a changed text object.
template <typename Change> Status parseChanged(Change &&change) {
  json metadata = fakeMetadata();
  change(metadata["text"]);
  auto entries = parseSignatures(metadata);
  return parseTextModel(metadata, *entries).status();
}

/// A classifier or tagger of words.
json labelMetadata(const std::string &kind, json shape) {
  return {{"abi", 3},
          {"entries",
           {{{"name", "f"},
             {"inputs",
              {{{"name", "ids"}, {"dtype", "i64"}, {"shape", {"b", "t"}}}}},
             {"outputs",
              {{{"name", "logits"}, {"dtype", "f32"}, {"shape", shape}}}}}}},
          {"text",
           {{"kind", kind},
            {"entry", "f"},
            {"input",
             {{"unit", "word"},
              {"vocab", {"<unk>", "<s>", "</s>", "good", "bad"}},
              {"unk", 0},
              {"bos", 1},
              {"eos", 2},
              {"ids", "ids"}}},
            {"output", {{"labels", {"no", "yes"}}, {"scores", "logits"}}}}}};
}

} // namespace

TEST(TextModel, EncodesCharacters) {
  Pipeline p = makePipeline(fakeMetadata());
  auto text = encodeText(p.model, " aB年É");
  ASSERT_TRUE(bool(text));
  EXPECT_EQ(text->ids, (std::vector<int64_t>{2, 3, 5, 7}));
  EXPECT_EQ(text->units, (std::vector<std::string>{"a", "b", "年", "é"}));
}

TEST(TextModel, NamesUnknownCharactersAndTheirPosition) {
  Pipeline p = makePipeline(fakeMetadata());
  EXPECT_TRUE(fails(encodeText(p.model, "ab☃").status(), SEQC_INVALID_ARGUMENT,
                    "unknown character '☃' (U+2603) at position 3"));
  EXPECT_TRUE(fails(encodeText(p.model, "").status(), SEQC_INVALID_ARGUMENT,
                    "empty text"));
  EXPECT_TRUE(fails(encodeText(p.model, " \t").status(), SEQC_INVALID_ARGUMENT,
                    "empty text"));
  EXPECT_TRUE(fails(encodeText(p.model, "aaaaaaaaa").status(),
                    SEQC_INVALID_ARGUMENT,
                    "text has 9 characters; the model takes at most 8"));
  EXPECT_TRUE(fails(encodeText(p.model, "a\xff").status(),
                    SEQC_INVALID_ARGUMENT, "byte 2"));
}

TEST(TextModel, PadsABatch) {
  Pipeline p = makePipeline(fakeMetadata());
  std::vector<EncodedText> texts = {*encodeText(p.model, "abc"),
                                    *encodeText(p.model, "b")};
  std::map<std::string, TensorRef> inputs;
  ASSERT_TRUE(makeBatch(p.model, *p.entry, texts, inputs).ok());
  EXPECT_EQ(shapeOf(inputs["ids"].get()), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(valuesOf<int32_t>(inputs["ids"].get()),
            (std::vector<int32_t>{2, 3, 4, 3, 0, 0}));
  EXPECT_EQ(valuesOf<int32_t>(inputs["lengths"].get()),
            (std::vector<int32_t>{3, 1}));
}

TEST(TextModel, TimeMajorBatchesAreTransposed) {
  json metadata = fakeMetadata();
  metadata["text"]["input"]["layout"] = "time_major";
  Pipeline p = makePipeline(metadata);
  std::vector<EncodedText> texts = {*encodeText(p.model, "abc"),
                                    *encodeText(p.model, "b")};
  std::map<std::string, TensorRef> inputs;
  ASSERT_TRUE(makeBatch(p.model, *p.entry, texts, inputs).ok());
  EXPECT_EQ(shapeOf(inputs["ids"].get()), (std::vector<int64_t>{3, 2}));
  EXPECT_EQ(valuesOf<int32_t>(inputs["ids"].get()),
            (std::vector<int32_t>{2, 3, 3, 0, 4, 0}));
}

TEST(TextModel, WithoutLengthsTextsMustBeEquallyLong) {
  json metadata = fakeMetadata();
  metadata["text"]["input"].erase("lengths");
  Pipeline p = makePipeline(metadata);
  std::map<std::string, TensorRef> inputs;
  EXPECT_TRUE(
      fails(makeBatch(p.model, *p.entry,
                      {*encodeText(p.model, "abc"), *encodeText(p.model, "b")},
                      inputs),
            SEQC_INVALID_ARGUMENT, "takes no lengths"));
}

TEST(TextModel, ReadsHypotheses) {
  Pipeline p = makePipeline(fakeMetadata());
  std::vector<TensorRef> outputs = {
      makeTensor<int32_t>(SEQC_I32, {1, 2, 4}, {3, 2, 1, 4, 4, 4, 4, 4}),
      makeTensor<int32_t>(SEQC_I32, {1, 2}, {4, 2}),
      makeTensor<float>(SEQC_F32, {1, 2}, {-1, -2}),
      makeTensor<float>(SEQC_F32, {1, 2, 4, 2},
                        {1, 0, 0, 1, 9, 9, 9, 9, 5, 6, 7, 8, 9, 9, 9, 9})};
  EncodedText source = *encodeText(p.model, "ab");
  auto results = readResults(p.model, *p.entry, outputs, 0, source, 0);
  ASSERT_TRUE(bool(results));
  ASSERT_EQ(results->size(), 2u);
  EXPECT_EQ((*results)[0].text, "ba");
  EXPECT_EQ((*results)[0].score, -1);
  EXPECT_EQ((*results)[0].attention,
            (std::vector<std::vector<double>>{{1, 0}, {0, 1}}));
  EXPECT_EQ((*results)[1].text, "cc");
  EXPECT_EQ((*results)[1].attention,
            (std::vector<std::vector<double>>{{5, 6}, {7, 8}}));
  EXPECT_EQ(readResults(p.model, *p.entry, outputs, 0, source, 1)->size(), 1u);
  EXPECT_TRUE(
      fails(readResults(p.model, *p.entry, outputs, 1, source, 1).status(),
            SEQC_INVALID_ARGUMENT, "does not fit"));
}

TEST(TextModel, Classifies) {
  Pipeline p = makePipeline(labelMetadata("classify", {"b", 2}));
  EncodedText source = *encodeText(p.model, "good thing");
  EXPECT_EQ(source.ids, (std::vector<int64_t>{1, 3, 0, 2}));
  EXPECT_EQ(source.units,
            (std::vector<std::string>{"<s>", "good", "thing", "</s>"}));
  std::vector<TensorRef> outputs = {
      makeTensor<float>(SEQC_F32, {2, 2}, {0, 2, 1, 1})};
  auto results = readResults(p.model, *p.entry, outputs, 0, source, 2);
  ASSERT_TRUE(bool(results));
  EXPECT_EQ((*results)[0].text, "yes");
  EXPECT_NEAR(*(*results)[0].score, 0.880797, 1e-6);
  EXPECT_EQ((*results)[1].text, "no");
  // The lowest index wins a tie.
  EXPECT_EQ(readResults(p.model, *p.entry, outputs, 1, source, 1)->front().text,
            "no");
}

TEST(TextModel, Tags) {
  Pipeline p = makePipeline(labelMetadata("tag", {"b", "t", 2}));
  EncodedText source = *encodeText(p.model, "good bad");
  std::vector<TensorRef> outputs = {
      makeTensor<float>(SEQC_F32, {1, 4, 2}, {9, 0, 0, 1, 1, 0, 0, 9})};
  auto results = readResults(p.model, *p.entry, outputs, 0, source, 0);
  ASSERT_TRUE(bool(results));
  EXPECT_EQ(results->front().text, "yes no");
  EXPECT_EQ(results->front().tokens, (std::vector<std::string>{"yes", "no"}));
  EXPECT_EQ(results->front().unitScores.size(), 2u);
}

TEST(TextModel, RefusesWhatBreaksTheRules) {
  EXPECT_TRUE(fails(parseChanged([](json &t) { t = 3; }), SEQC_INVALID_ARGUMENT,
                    "found number"));
  EXPECT_TRUE(fails(parseChanged([](json &t) { t["kind"] = "sing"; }),
                    SEQC_INVALID_ARGUMENT,
                    "found 'sing'; required: one of 'generate'"));
  EXPECT_TRUE(fails(parseChanged([](json &t) { t["entry"] = "no"; }),
                    SEQC_INVALID_ARGUMENT, "no entry 'no'"));
  EXPECT_TRUE(fails(parseChanged([](json &t) { t.erase("input"); }),
                    SEQC_INVALID_ARGUMENT, "text.input: found nothing"));
  EXPECT_TRUE(fails(parseChanged([](json &t) { t["input"]["ids"] = "q"; }),
                    SEQC_INVALID_ARGUMENT,
                    "text.input.ids: names 'q'; the entry has 'ids'"));
  EXPECT_TRUE(fails(parseChanged([](json &t) { t["input"]["unk"] = 99; }),
                    SEQC_INVALID_ARGUMENT, "special id 99"));
  EXPECT_TRUE(fails(parseChanged([](json &t) { t["input"]["vocab"][3] = 1; }),
                    SEQC_INVALID_ARGUMENT, "element 3 is no string"));
  EXPECT_TRUE(fails(parseChanged([](json &t) { t["output"]["eos"] = "x"; }),
                    SEQC_INVALID_ARGUMENT, "text.output.eos"));
  EXPECT_TRUE(fails(parseChanged([](json &t) { t["output"].erase("tokens"); }),
                    SEQC_INVALID_ARGUMENT, "text.output.tokens: is missing"));
  EXPECT_TRUE(parseChanged([](json &t) { t = nullptr; }).ok());
}

TEST(TextModel, RefusesPrefixesOfModelsWithout) {
  Pipeline p = makePipeline(fakeMetadata());
  EXPECT_TRUE(fails(encodePrefix(p.model, "a").status(), SEQC_INVALID_ARGUMENT,
                    "no forced beginning"));
}
