//===- YamlGenerateTest.cpp - What is wrong with a generate section -------===//

#include "YamlFixture.h"

#include <gmock/gmock.h>

using testing::HasSubstr;

namespace {

/// Diagnostics of a small decoder.
class GenerateDiagnostics : public YamlTest {
protected:
  /// `settings` begin on line 10, `step` on the line after them.
  std::string generateError(const std::string &settings,
                            const std::string &step) {
    writeWeights("m.safetensors",
                 {{"e.weight", {5, 3}}, {"o.weight", {5, 3}}, {"o.bias", {5}}});
    return errorsOf("vocabularies:\n"
                    "  v: {tokens: [a, b, c, d, '</s>']}\n"
                    "inputs:\n"
                    "  ids: {vocabulary: v}\n"
                    "  x: {dims: [batch, time, 3]}\n"
                    "\n"
                    "\n"
                    "\n"
                    "generate:\n" +
                    settings + "  step:\n" + step);
  }
  const std::string step =
      "    e: {kind: embedding, size: 3}\n    o: {kind: linear, size: 5}\n";
};

} // namespace

TEST_F(GenerateDiagnostics, ChecksSettings) {
  auto errorOf = [&](const std::string &settings) {
    return generateError(settings, step);
  };
  EXPECT_THAT(errorOf("  max_length: 3\n"),
              HasSubstr("'generate' has no 'size'"));
  EXPECT_THAT(errorOf("  vocabulary: w\n"),
              HasSubstr("10:15: error: 'generate': there is no "
                        "vocabulary 'w'"));
  EXPECT_THAT(errorOf("  {vocabulary: v}\n"), HasSubstr("m.yaml:"));
  EXPECT_THAT(errorOf("  vocabulary: v\n  start: a\n"),
              HasSubstr("has no 'max_length'"));
  EXPECT_THAT(errorOf("  vocabulary: v\n  max_length: 3\n"),
              HasSubstr("has no 'start'"));
  EXPECT_THAT(
      errorOf("  vocabulary: v\n  max_length: 3\n  start: z\n"),
      HasSubstr("'start' is 'z'; required is a token of the vocabulary 'v'"));
  EXPECT_THAT(errorOf("  size: 5\n  max_length: 3\n  start: 5\n"),
              HasSubstr("'start' is '5'; required is an id below 5"));
  EXPECT_THAT(errorOf("  vocabulary: v\n  start: a\n  max_length: 0\n"),
              HasSubstr("'max_length' is '0'"));
  EXPECT_THAT(errorOf("  vocabulary: v\n  start: a\n  max_length: 3\n  beam: "
                      "2\n  n_best: 3\n"),
              HasSubstr("'n_best' is 3 and 'beam' is 2; required is a beam of "
                        "at least n_best"));
  EXPECT_THAT(
      errorOf("  vocabulary: v\n  start: a\n  max_length: 3\n  stop: never\n"),
      HasSubstr(
          "'stop' is 'never'; required is one of heuristic, first, exact"));
  EXPECT_THAT(
      errorOf("  vocabulary: v\n  start: a\n  max_length: 3\n  attention: o\n"),
      HasSubstr("there is no attention layer 'o' in the step"));
}

TEST_F(GenerateDiagnostics, ChecksSampling) {
  auto errorOf = [&](const std::string &settings) {
    return generateError(
        "  vocabulary: v\n  start: a\n  max_length: 3\n" + settings, step);
  };
  EXPECT_THAT(errorOf("  search: draw\n"),
              HasSubstr("13:11: error: 'generate': 'search' is 'draw'; "
                        "required is one of greedy, beam, sample"));
  EXPECT_THAT(errorOf("  search: sample\n  temperature: -0.5\n"),
              HasSubstr("14:16: error: 'generate': 'temperature' is '-0.5'; "
                        "required is a finite number of at least 0"));
  EXPECT_THAT(errorOf("  search: sample\n  top_p: 0\n"),
              HasSubstr("14:10: error: 'generate': 'top_p' is '0'; required "
                        "is a number above 0 and at most 1"));
  EXPECT_THAT(errorOf("  search: sample\n  top_k: -1\n"),
              HasSubstr("14:10: error: 'generate': 'top_k' is '-1'; required "
                        "is a whole number of at least 0"));
  EXPECT_THAT(errorOf("  search: sample\n  seed: many\n"),
              HasSubstr("14:9: error: 'generate': 'seed' is 'many'"));
  for (std::string key : {"temperature", "top_k", "top_p", "seed"})
    for (std::string search : {"", "  search: beam\n"})
      EXPECT_THAT(errorOf("  " + key + ": 1\n" + search),
                  HasSubstr("error: 'generate': only sampling has '" + key +
                            "'; required is 'search: sample'"));
  EXPECT_THAT(errorOf("  search: sample\n  beam: 2\n  n_best: 2\n"),
              HasSubstr("13:11: error: 'generate': 'search' is sample with a "
                        "beam of 2 and n_best of 2; sampling draws one "
                        "hypothesis per row, required are a beam and n_best "
                        "of 1"));
  EXPECT_THAT(errorOf("  search: greedy\n  beam: 2\n"),
              HasSubstr("13:11: error: 'generate': 'search' is greedy with a "
                        "beam of 2; required is a beam of 1"));
}

TEST_F(GenerateDiagnostics, ChecksTheStep) {
  std::string settings = "  vocabulary: v\n  start: a\n  max_length: 3\n";
  auto errorOf = [&](const std::string &layers) {
    return generateError(settings, layers);
  };
  EXPECT_THAT(errorOf("    e: {kind: embedding, size: 3}\n"),
              HasSubstr("the logits 'e' are a vector of 3 features; required "
                        "is a vector of 5, one "
                        "per token"));
  EXPECT_THAT(errorOf("    e: {kind: linear, input: x, size: 3}\n"),
              HasSubstr("a step sees sequences by attention"));
  EXPECT_THAT(errorOf("    e: {kind: gru, input: x, size: 3}\n"),
              HasSubstr("required is a vector of features"));
  EXPECT_THAT(errorOf("    e: {kind: embedding, size: 3}\n"
                      "    g: {kind: gru, size: 3, direction: reverse}\n"),
              HasSubstr("a layer of a step runs forward; found 'reverse'"));
  EXPECT_THAT(errorOf("    e: {kind: embedding, input: o, size: 3}\n"
                      "    o: {kind: linear, input: e, size: 5}\n"),
              HasSubstr("'o' is computed later, on line 15; write 'o.previous' "
                        "for its value at the "
                        "previous step"));
  for (std::string name : {"g.prev", "g.previuos", "o.previos"})
    EXPECT_THAT(errorOf("    e: {kind: embedding, size: 3}\n"
                        "    a: {kind: linear, input: " +
                        name +
                        ", size: 3}\n"
                        "    g: {kind: gru, size: 3}\n"
                        "    o: {kind: linear, size: 5}\n"),
                HasSubstr("there is no '" + name + "' here; did you mean '" +
                          name.substr(0, 1) + ".previous'?"));
  EXPECT_THAT(errorOf("    e: {kind: linear, input: g.last_c, size: 3}\n"
                      "    g: {kind: lstm, input: token, size: 3}\n"),
              HasSubstr("'g.last_c' is computed later, on line 15; write "
                        "'g.previous' for the value of 'g' at the previous "
                        "step"));
  EXPECT_THAT(
      errorOf("    e: {kind: embedding, size: 3}\n"
              "    a: {kind: attention, score: dot, key: x, causal: true}\n"),
      HasSubstr("a step has one query; 'causal' and 'window' need a sequence"));
  EXPECT_THAT(
      errorOf("    e: {kind: embedding, size: 3}\n"
              "    s: {kind: equation, value: 'e + s.previous'}\n"),
      HasSubstr("'s.previous' is read, but the size of 's' is not known"));
  EXPECT_THAT(generateError(settings, "    []\n"),
              HasSubstr("required is a mapping from names"));
}

namespace {

/// A search whose input and output have one vocabulary.
class SharedVocabulary : public YamlTest {
protected:
  /// The metadata of the model whose input ends with `more`; the vocabulary
  /// has these `roles`.
  std::string describe(const std::string &more,
                       const std::string &roles = "start: '<', end: '>'") {
    writeWeights("m.safetensors",
                 {{"e.weight", {4, 3}}, {"o.weight", {4, 3}}, {"o.bias", {4}}});
    mlir::OwningOpRef<mlir::ModuleOp> module =
        import("vocabularies:\n"
               "  v: {tokens: [a, b, '<', '>'], " +
               roles +
               "}\n"
               "inputs:\n"
               "  ids: {vocabulary: v" +
               more +
               "}\n"
               "generate:\n"
               "  vocabulary: v\n"
               "  start: '<'\n"
               "  max_length: 3\n"
               "  step:\n"
               "    e: {kind: embedding, size: 3}\n"
               "    o: {kind: linear, size: 4}\n");
    if (!module)
      return "";
    std::string text =
        (*module)->getAttrOfType<mlir::StringAttr>("seq.metadata").str();
    return text.substr(text.find("\"input\":{"));
  }
};

} // namespace

TEST_F(SharedVocabulary, IsNotedWhereNothingSaysHowTextsAreMarked) {
  std::string text = describe("");
  EXPECT_THAT(text, HasSubstr("\"bos\":2"));
  EXPECT_THAT(text, HasSubstr("\"eos\":3"));
  EXPECT_THAT(errors(),
              HasSubstr("m.yaml:4:3: note: input 'ids' shares the vocabulary "
                        "'v' with what is generated, and its texts get 'start' "
                        "and 'end' of it too; write 'marks: none' if they "
                        "should not, 'marks: both' if they should"));
}

TEST_F(SharedVocabulary, IsNotedWithOneMark) {
  EXPECT_THAT(describe("", "end: '>'"), HasSubstr("\"bos\":null"));
  EXPECT_THAT(errors(), HasSubstr("its texts get 'end' of it too; write "
                                  "'marks: none' if they should not, 'marks: "
                                  "end' if they should"));
}

TEST_F(SharedVocabulary, MarksTextsAsTold) {
  for (auto [marks, start, end] :
       {std::tuple("none", "null", "null"), std::tuple("start", "2", "null"),
        std::tuple("end", "null", "3"), std::tuple("both", "2", "3")}) {
    std::string text = describe(std::string(", marks: ") + marks);
    EXPECT_THAT(text, HasSubstr(std::string("\"bos\":") + start + ","));
    EXPECT_THAT(text, HasSubstr(std::string("\"eos\":") + end + ","));
  }
  EXPECT_EQ(errors(), "");
  EXPECT_THAT(describe(", marks: none", "pad: a"), HasSubstr("\"bos\":null"));
  EXPECT_EQ(errors(), "");
}

TEST_F(SharedVocabulary, IsNotNotedWhereMarksAreWrong) {
  for (std::string marks : {"bth", "[start, end]"}) {
    EXPECT_EQ(describe(", marks: " + marks), "");
    EXPECT_THAT(errors(), HasSubstr("4:31: error: input 'ids': 'marks' is "));
    EXPECT_THAT(errors(), testing::Not(HasSubstr("note: ")));
  }
}

TEST_F(SharedVocabulary, RefusesMarksThatThereAreNot) {
  EXPECT_EQ(describe(", marks: both", "start: '<'"), "");
  EXPECT_THAT(errors(), HasSubstr("4:31: error: input 'ids': 'marks' is "
                                  "'both', but the vocabulary 'v' has no "
                                  "'end'"));
  EXPECT_THAT(errorsOf("inputs: {ids: {size: 4, marks: none}}\n"),
              HasSubstr("only an input with a vocabulary has marks"));
}
