//===- YamlDiagnosticsTest.cpp - What is wrong with a description ---------===//
//
// Every message of the importer, with its place. Faults are reported together.
//
//===----------------------------------------------------------------------===//

#include "YamlFixture.h"

#include "llvm/Support/FileSystem.h"

#include <gmock/gmock.h>

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

/// A sound model of one linear layer; tests replace parts of it.
const char *const kInputs = "inputs:\n  x: {dims: [batch, time, 4]}\n";
const char *const kOutputs = "outputs: {y: out}\n";

/// Diagnostics of a description of float sequences with these layers.
class YamlDiagnostics : public YamlTest {
protected:
  /// Line 4 holds the first of `layers`.
  std::string layersError(const std::string &layers) {
    return errorsOf(kInputs + ("layers:\n" + layers) + kOutputs);
  }
  void SetUp() override {
    writeWeights("m.safetensors", {{"out.weight", {2, 4}}, {"out.bias", {2}}});
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

TEST_F(YamlTest, NamesADescriptionThatCannotBeRead) {
  EXPECT_FALSE(seqc::importYAML(folder() + "/none.yaml", context));
  EXPECT_THAT(errors(), HasSubstr("none.yaml' cannot be read: No such file"));
}

TEST_F(YamlTest, NamesWeightsThatCannotBeRead) {
  std::string text = std::string("weights: w.safetensors\n") + kInputs +
                     "layers:\n  out: {kind: linear, size: 2}\n" + kOutputs;
  EXPECT_THAT(errorsOf(text), HasSubstr("m.yaml:1:10: error: "));
  EXPECT_THAT(errors(), HasSubstr("w.safetensors: cannot be read"));
  EXPECT_THAT(errors(), HasSubstr("; 'seqc inspect' lists the weights that it "
                                  "has to hold\n"));
  // Not one error more: weights that cannot be looked up are no fault of the
  // layers.
  EXPECT_EQ(errors().find('\n'), errors().size() - 1);
  write("w.safetensors", "abc");
  EXPECT_THAT(errorsOf(text), HasSubstr("w.safetensors: is 3 bytes long"));
}

TEST_F(YamlTest, KeepsFilesInsideTheFolder) {
  auto errorOf = [&](const std::string &file) {
    return errorsOf("weights: " + file + "\n" + kInputs + "outputs: {y: x}\n");
  };
  EXPECT_THAT(errorOf("../w.safetensors"),
              HasSubstr("m.yaml:1:10: error: file '../w.safetensors' leaves "
                        "the folder of the "
                        "description; required is a file inside it"));
  EXPECT_THAT(errorOf("/etc/passwd"), HasSubstr("leaves the folder"));
  EXPECT_THAT(errorOf("a/../../b"), HasSubstr("leaves the folder"));
  ASSERT_FALSE(llvm::sys::fs::create_link("/etc/passwd", folder() + "/link"));
  EXPECT_THAT(errorOf("link"), HasSubstr("leaves the folder"));
  EXPECT_THAT(errorOf("[a]"),
              HasSubstr("'weights' is a list; required is the name"));
}

TEST_F(YamlTest, ReportsSyntaxErrorsWithTheirPlace) {
  EXPECT_THAT(errorsOf("inputs:\n  x: {dims: [batch\n"), HasSubstr("m.yaml:"));
  EXPECT_THAT(
      errorsOf("a: 1\na: 2\n"),
      HasSubstr("m.yaml:2:1: error: key 'a' is given twice; first on line 1"));
}

TEST_F(YamlDiagnostics, NeedsAMappingWithInputsAndOutputs) {
  EXPECT_THAT(errorsOf("- 1\n"),
              HasSubstr("the description is a list; required is a mapping"));
  EXPECT_THAT(errorsOf("name: m\n"),
              HasSubstr("the description has no 'inputs'"));
  EXPECT_THAT(errorsOf("inputs: 3\n"),
              HasSubstr("1:9: error: 'inputs' is '3'"));
  EXPECT_THAT(errorsOf(std::string(kInputs) +
                       "layers:\n  out: {kind: linear, size: 2}\n"),
              HasSubstr("neither 'outputs' nor 'generate'"));
  EXPECT_THAT(errorsOf(std::string(kInputs) + "outputs: {}\n"),
              HasSubstr("no outputs"));
  EXPECT_THAT(errorsOf(std::string(kInputs) + "outputs: [x]\n"),
              HasSubstr("3:10: error: 'outputs' is a list"));
  EXPECT_THAT(errorsOf(std::string(kInputs) + "layers: 3\noutputs: {y: x}\n"),
              HasSubstr("3:9: error: 'layers' is '3'"));
}

//===----------------------------------------------------------------------===//
// Keys and values
//===----------------------------------------------------------------------===//

TEST_F(YamlDiagnostics, SuggestsTheNearestKey) {
  EXPECT_THAT(layersError("  out: {kind: linear, sise: 2, size: 2}\n"),
              HasSubstr("m.yaml:4:23: error: unknown key 'sise' in layer 'out' "
                        "(linear); did you "
                        "mean 'size'?"));
  EXPECT_THAT(
      layersError("  out: {kind: linear, zzzzzzz: 2, size: 2}\n"),
      HasSubstr("known keys are kind, weights, input, size, bias, activation"));
  EXPECT_THAT(
      errorsOf("imputs: {}\n"),
      HasSubstr(
          "1:1: error: unknown key 'imputs' in the description; did you mean "
          "'inputs'?"));
}

TEST_F(YamlDiagnostics, ReportsEverythingAtOnce) {
  std::string errors =
      layersError("  a: {kind: linear, size: two, bia: true}\n"
                  "  b: {kind: lineal}\n"
                  "  out: {kind: linear, input: nothing, size: 0}\n");
  EXPECT_THAT(
      errors,
      AllOf(HasSubstr(
                "4:27: error: layer 'a' (linear): 'size' is 'two'; required "
                "is a whole number of at least 1"),
            HasSubstr("4:32: error: unknown key 'bia'"),
            HasSubstr("5:13: error: layer 'b': 'kind' is 'lineal'"),
            HasSubstr("(did you mean 'linear'?)"),
            HasSubstr("6:30: error: there is no 'nothing' here"),
            HasSubstr("6:45: error: layer 'out' (linear): 'size' is '0'")));
}

TEST_F(YamlDiagnostics, ChecksTypesOfValues) {
  EXPECT_THAT(layersError("  out: {kind: linear, size: 2, bias: maybe}\n"),
              HasSubstr("4:38: error: layer 'out' (linear): 'bias' is 'maybe'; "
                        "required is true or "
                        "false"));
  EXPECT_THAT(
      layersError("  out: {kind: linear}\n"),
      HasSubstr(
          "layer 'out' (linear) has no 'size'; required is a whole number"));
  EXPECT_THAT(layersError("  out: {kind: lstm, size: 2, clip: soft}\n"),
              HasSubstr("'clip' is 'soft'; required is a number"));
  EXPECT_THAT(layersError("  out: {kind: lstm, size: 2, clip: -1}\n"),
              HasSubstr("'clip' is '-1'; required is a number above 0"));
  EXPECT_THAT(
      layersError("  out: {kind: lstm, size: 2, depth: 65}\n"),
      HasSubstr("'depth' is '65'; required is a whole number from 1 to 64"));
  EXPECT_THAT(
      layersError("  out: {kind: activation, function: [tanh]}\n"),
      HasSubstr("'function' is a list; required is one of sigmoid, tanh"));
  EXPECT_THAT(layersError("  out: {kind: activation, function: tahn}\n"),
              HasSubstr("(did you mean 'tanh'?)"));
  EXPECT_THAT(layersError("  out: 3\n"),
              HasSubstr("layer 'out' is '3'; required is a mapping"));
  EXPECT_THAT(layersError("  out: {size: 3}\n"),
              HasSubstr("'kind' is absent; required is one of"));
  EXPECT_THAT(
      layersError("  out: {kind: linear, size: 2, weights: [a]}\n"),
      HasSubstr("'weights' is a list; required is the prefix of weight names"));
}

//===----------------------------------------------------------------------===//
// Vocabularies and inputs
//===----------------------------------------------------------------------===//

TEST_F(YamlDiagnostics, ChecksVocabularies) {
  auto errorOf = [&](const std::string &vocabulary) {
    return errorsOf("vocabularies:\n  v: " + vocabulary + "\n" + kInputs +
                    "outputs: {y: x}\n");
  };
  EXPECT_THAT(errorOf("{tokens: [a, b, a]}"),
              HasSubstr("2:15: error: vocabulary 'v': 'a' occurs twice; tokens "
                        "must be unique"));
  EXPECT_THAT(errorOf("{characters: 'aba'}"), HasSubstr("'a' occurs twice"));
  EXPECT_THAT(errorOf("{unit: char}"),
              HasSubstr("vocabulary 'v' has no tokens; required is"));
  EXPECT_THAT(errorOf("{tokens: a}"),
              HasSubstr("'tokens' is 'a'; required is a list"));
  EXPECT_THAT(errorOf("{tokens: [[a]]}"),
              HasSubstr("a token is a list; required is a text"));
  EXPECT_THAT(errorOf("{tokens: [a], unit: letter}"),
              HasSubstr("'unit' is 'letter'; required is one of char, word"));
  EXPECT_THAT(errorOf("{tokens: [a], start: b}"),
              HasSubstr("'start' is 'b', which is not among its 1 tokens"));
  EXPECT_THAT(errorOf("{file: none.txt}"),
              HasSubstr("none.txt' cannot be read"));
  EXPECT_THAT(errorOf("{file: ../v.txt}"), HasSubstr("leaves the folder"));
  write("bad.txt", "\xff\n");
  EXPECT_THAT(errorOf("{file: bad.txt}"),
              HasSubstr("bad.txt' is not valid UTF-8"));
  write("empty.txt", "\xEF\xBB\xBF\r\n\n");
  EXPECT_THAT(errorOf("{file: empty.txt}"),
              HasSubstr("empty.txt' is empty; required is one token a line"));
  write("gap.txt", "a\r\nb\r\n\r\nc\r\n");
  EXPECT_THAT(errorOf("{file: gap.txt}"),
              AllOf(HasSubstr("2:13: error: "),
                    HasSubstr("gap.txt', line 3, is empty; required is one "
                              "token a line")));
  EXPECT_THAT(errorsOf(std::string("vocabularies: 3\n") + kInputs + kOutputs),
              HasSubstr("1:15: error: 'vocabularies' is '3'"));
}

TEST_F(YamlDiagnostics, SkipsEmptyLinesBehindTheLastToken) {
  for (const char *text : {"a\nb", "a\nb\n", "a\nb\n\n", "a\r\nb\r\n\r\n"}) {
    write("v.txt", text);
    writeWeights("m.safetensors", {{"out.weight", {2, 3}}});
    EXPECT_TRUE(import("vocabularies: {v: {file: v.txt}}\n"
                       "inputs: {ids: {vocabulary: v}}\n"
                       "layers: {out: {kind: embedding, size: 3}}\n" +
                       std::string(kOutputs)))
        << errors();
  }
}

TEST_F(YamlDiagnostics, ReportsNothingThatFollows) {
  // A vocabulary that cannot be read has no roles and no size.
  write("wide.txt", std::string("\xff\xfe"
                                "a\0\n\0",
                                6));
  for (std::string what : {"file: none.txt", "file: wide.txt", "file: [a]",
                           "tokens: [[a]], start: b", "characters: [a]"}) {
    errorsOf("vocabularies:\n  v: {" + what + ", end: z}\n" +
             "inputs:\n  ids: {vocabulary: v, marks: both}\n" +
             "layers:\n  e: {kind: embedding, size: 3}\n" +
             "  out: {kind: linear, size: v}\n" +
             "  l: {kind: label, labels: v}\n" +
             "generate:\n  vocabulary: v\n  max_length: 3\n  step:\n" +
             "    out: {kind: embedding, size: v}\n");
    EXPECT_EQ(llvm::StringRef(errors()).count("error: "), 1u) << errors();
    EXPECT_EQ(llvm::StringRef(errors()).count("note: "), 0u) << errors();
  }
  // A wrong direction leaves the shapes of weights open.
  writeWeights("m.safetensors", {{"out.weight_ih_l0", {6, 4}}});
  for (std::string kind : {"gru, bias: false",
                           "gru, activations: [relu, tanh, relu, tanh]", "c"}) {
    errorsOf("cells:\n  c: {states: [h], equations: ['h = W x']}\n" +
             std::string(kInputs) + "layers:\n  out: {kind: " + kind +
             ", size: 2, direction: bidirectionnal}\n"
             "  more: {kind: linear, input: out.last_h, size: 3}\n" +
             kOutputs);
    EXPECT_THAT(errors(), HasSubstr("(did you mean 'bidirectional'?)"));
    EXPECT_EQ(llvm::StringRef(errors()).count("error: "), 1u) << errors();
  }
}

TEST_F(YamlDiagnostics, ChecksInputs) {
  auto errorOf = [&](const std::string &inputs) {
    return errorsOf("inputs:\n  x: {dims: [batch, time, 4], lengths: n}\n" +
                    inputs + "outputs: {y: x}\n");
  };
  EXPECT_THAT(
      errorOf("  ids: {type: i32}\n"),
      HasSubstr("input 'ids' has ids, but neither 'vocabulary' nor 'size'"));
  EXPECT_THAT(
      errorOf("  ids: {vocabulary: v}\n"),
      HasSubstr("3:21: error: input 'ids': there is no vocabulary 'v'"));
  EXPECT_THAT(errorOf("  z: {type: f64, dims: [batch, 3]}\n"),
              HasSubstr("'type' is 'f64'; required is one of f32, i32"));
  EXPECT_THAT(errorOf("  z: {}\n"), HasSubstr("input 'z' has no 'dims'"));
  EXPECT_THAT(errorOf("  z: {dims: [batch, time]}\n"),
              HasSubstr("dims are [batch, time] with type f32; required are"));
  EXPECT_THAT(errorOf("  z: {dims: [batch, 0]}\n"),
              HasSubstr("dimension 0 is below 1"));
  EXPECT_THAT(errorOf("  z: {dims: [batch, 'a b', 3]}\n"),
              HasSubstr("dimension 'a b' is neither a name nor a number"));
  EXPECT_THAT(errorOf("  z: {dims: [batch, 3], lengths: m}\n"),
              HasSubstr("only an input with a time dimension has lengths"));
  EXPECT_THAT(errorOf("  z: {dims: [batch, other, 3], lengths: n}\n"),
              HasSubstr("'n' is no lengths of the dimension 'other'"));
  EXPECT_THAT(errorOf("  n: {dims: [batch, 3]}\n"),
              HasSubstr("3:3: error: 'n' is taken by the name on line 2; names "
                        "must be unique"));
}

//===----------------------------------------------------------------------===//
// References
//===----------------------------------------------------------------------===//

TEST_F(YamlDiagnostics, ChecksReferences) {
  EXPECT_THAT(
      layersError("  out: {kind: linear, input: y, size: 2}\n"),
      HasSubstr("4:30: error: there is no 'y' here; did you mean 'x'?"));
  EXPECT_THAT(layersError("  out: {kind: linear, input: later, size: 2}\n"
                          "  later: {kind: linear, size: 4}\n"),
              HasSubstr("'later' is computed later, on line 5"));
  EXPECT_THAT(
      layersError("  out: {kind: linear, input: {a: b}, size: 2}\n"),
      HasSubstr(
          "reads a mapping; required is the name of an input or a layer"));
  EXPECT_THAT(
      layersError(
          "  x: {kind: linear, size: 2}\n  out: {kind: linear, size: 2}\n"),
      HasSubstr("'x' is taken by the name on line 2"));
}

TEST_F(YamlDiagnostics, ChecksRoles) {
  std::string inputs =
      "inputs:\n  x: {dims: [batch, time, 4]}\n  ids: {size: 3}\n"
      "  v: {dims: [batch, 3]}\n  z: {dims: [batch, other, 4]}\nlayers:\n";
  auto errorOf = [&](const std::string &layer) {
    return errorsOf(inputs + "  out: " + layer + "\n" + kOutputs);
  };
  EXPECT_THAT(
      errorOf("{kind: embedding, input: x, size: 2}"),
      HasSubstr(
          "7:33: error: layer 'out' (embedding): 'input' is a sequence of 4 "
          "features; required is ids"));
  EXPECT_THAT(
      errorOf("{kind: linear, input: ids, size: 2}"),
      HasSubstr(
          "'input' is ids; required is a sequence or a vector of features"));
  EXPECT_THAT(
      errorOf("{kind: gru, input: v, size: 2}"),
      HasSubstr("'input' is a vector of 3 features; required is a sequence"));
  EXPECT_THAT(errorOf("{kind: pool, input: v, mode: last}"),
              HasSubstr("required is a sequence, outside of a step"));
  EXPECT_THAT(errorOf("{kind: activation, input: ids, function: tanh}"),
              HasSubstr("is ids"));
  EXPECT_THAT(errorOf("{kind: layer_norm, input: ids}"), HasSubstr("is ids"));
  EXPECT_THAT(
      errorOf("{kind: layer_norm, input: v, epsilon: -1}"),
      HasSubstr("'epsilon' is '-1'; required is a number of 0 or more"));
  EXPECT_THAT(errorOf("{kind: linear, input: v, size: 99999999999999999999}"),
              HasSubstr("required is a whole number from 1 to 2147483647"));
  EXPECT_THAT(errorOf("{kind: label, input: ids}"), HasSubstr("is ids"));
  EXPECT_THAT(
      errorOf("{kind: label, input: v, labels: [a, b]}"),
      HasSubstr("2 labels are given for 3 features; required is one each"));
  EXPECT_THAT(errorOf("{kind: linear, input: [x, ids], size: 2}"),
              HasSubstr("a concatenation contains ids"));
  EXPECT_THAT(errorOf("{kind: linear, input: [x, z], size: 2}"),
              HasSubstr("joins the time dimensions 'time' and 'other'"));
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

TEST_F(YamlDiagnostics, NamesMissingWeights) {
  std::string error =
      layersError("  ouu: {kind: linear, size: 2}\n"
                  "  out: {kind: lstm, size: 3, bias: false}\n");
  EXPECT_THAT(
      error,
      AllOf(
          HasSubstr(
              "m.yaml:4:3: error: layer 'ouu' (linear): weight 'ouu.weight' is "
              "not in 'm.safetensors'; required are floats of shape [2, 4]; "
              "the "
              "nearest name there is 'out.weight' of shape [2, 4]"),
          HasSubstr("weight 'ouu.bias' is not in"),
          HasSubstr("5:3: error: layer 'out' (lstm): weight 'out.weight_ih_l0' "
                    "is not in "
                    "'m.safetensors'; required are floats of shape [12, 2]"),
          HasSubstr("weight 'out.weight_hh_l0' is not in")));
  // Four gates of one weight, one error.
  EXPECT_EQ(error.find("weight_ih_l0"), error.rfind("weight_ih_l0"));
}

TEST_F(YamlDiagnostics, NamesWeightsOfTheWrongShapeOrType) {
  EXPECT_THAT(
      layersError("  out: {kind: linear, size: 3}\n"),
      AllOf(
          HasSubstr("weight 'out.weight' in 'm.safetensors' has shape [2, 4]; "
                    "required "
                    "is [3, 4]"),
          HasSubstr(
              "weight 'out.bias' in 'm.safetensors' has shape [2]; required is "
              "[3]")));
  writeWeights("m.safetensors", {{"out.weight", {2, 4}}, {"out.bias", {2}}},
               "I16");
  EXPECT_THAT(layersError("  out: {kind: linear, size: 2}\n"),
              HasSubstr("weight 'out.weight' in 'm.safetensors' is stored as "
                        "I16; required is F32, F16, BF16 or F64"));
}

TEST_F(YamlDiagnostics, WarnsOfUnusedWeights) {
  EXPECT_TRUE(import(std::string(kInputs) +
                     "layers:\n  out: {kind: linear, size: 2, bias: false}\n" +
                     kOutputs));
  EXPECT_THAT(
      errors(),
      HasSubstr("warning: 1 of the tensors in 'm.safetensors' are used by no "
                "layer: 'out.bias'"));
}

//===----------------------------------------------------------------------===//
// Recurrent layers and cells
//===----------------------------------------------------------------------===//

TEST_F(YamlDiagnostics, ChecksRecurrentLayers) {
  EXPECT_THAT(layersError("  out: {kind: gru, size: 2, activations: [tanh]}\n"),
              HasSubstr("1 activations are given; required are 2, or that for "
                        "each direction"));
  EXPECT_THAT(
      layersError("  out: {kind: gru, size: 2, activations: [tanh, sine]}\n"),
      HasSubstr("'activations' is 'sine'; required is one of relu"));
  EXPECT_THAT(layersError("  out: {kind: gru, size: 2, projection: 3}\n"),
              HasSubstr("unknown key 'projection' in layer 'out' (gru)"));
  EXPECT_THAT(
      layersError("  out: {kind: lstm, size: 2, direction: backward}\n"),
      HasSubstr(
          "'direction' is 'backward'; required is one of forward, reverse"));
  EXPECT_THAT(
      layersError("  out: {kind: gru, size: 2, activation_alpha: [a]}\n"),
      HasSubstr("'activation_alpha' is 'a'; required is a number"));
  EXPECT_THAT(
      layersError("  out: {kind: gru, size: 2, activation_alpha: [1]}\n"),
      HasSubstr("1 values are given for 0 activations that take one"));
  EXPECT_THAT(layersError("  out: {kind: gru, size: 2, activation_beta: [1],"
                          " activations: [affine, affine]}\n"),
              HasSubstr("1 values are given for 2 activations"));
}

TEST_F(YamlDiagnostics, ChecksInitialStates) {
  std::string inputs =
      "inputs:\n  x: {dims: [batch, time, 4]}\n  h: {dims: [1, batch, 3]}\n"
      "layers:\n";
  auto errorOf = [&](const std::string &initial) {
    return errorsOf(inputs + "  out: {kind: gru, input: x, size: 2, initial: " +
                    initial + "}\n" + kOutputs);
  };
  EXPECT_THAT(errorOf("{h: h}"),
              HasSubstr("initial state 'h' is a stack of 1 states of 3 "
                        "features; required is a vector of 2 features"));
  EXPECT_THAT(errorOf("{c: h}"),
              HasSubstr("unknown key 'c' in layer 'out' (gru), 'initial'"));
  EXPECT_THAT(
      errorOf("[h]"),
      HasSubstr("'initial' is a list; required is the name of a recurrent "
                "layer, or a mapping"));
  EXPECT_THAT(errorOf("h"),
              HasSubstr("'initial' is 'h', which is a stack of 1 states of 3 "
                        "features; required is the name of a recurrent layer, "
                        "or a mapping from states to values, such as {h: h}"));
}

TEST_F(YamlDiagnostics, ChecksCells) {
  auto errorOf = [&](const std::string &cell,
                     const std::string &layer = "{kind: c, size: 2}") {
    return errorsOf("cells:\n  c: " + cell + "\n" + kInputs +
                    "layers:\n  out: " + layer + "\n" + kOutputs);
  };
  EXPECT_THAT(
      errorOf("{states: [h], equations: ['h = x +']}"),
      HasSubstr("2:40: error: cell 'c': the equation ends where a name"));
  EXPECT_THAT(errorOf("{states: [h, m], equations: ['h = x']}"),
              HasSubstr("no equation assigns the state 'm'\n"));
  EXPECT_THAT(
      errorOf("{states: [h], equations: ['f = x', 'hh = f * h']}"),
      HasSubstr("no equation assigns the state 'h'; nothing reads 'hh', which "
                "line 2 assigns: did you mean 'h' there?"));
  EXPECT_THAT(errorOf("{states: [h], output: y, equations: ['h = h']}"),
              HasSubstr("no equation assigns the output 'y'"));
  EXPECT_THAT(errorOf("{states: [h], equations: ['x = h', 'h = x']}"),
              HasSubstr("'x' is the input and cannot be assigned"));
  EXPECT_THAT(errorOf("{states: [h], equations: 3}"),
              HasSubstr("'equations' is '3'; required is a list of texts"));
  EXPECT_THAT(errorOf("{states: [h], equations: [[a]]}"),
              HasSubstr("an equation is a list"));
  EXPECT_THAT(errorOf("{equations: ['h = x']}"),
              HasSubstr("cell 'c' has no 'states'"));
  EXPECT_THAT(errorOf("{states: [h], equations: ['h = x + h']}",
                      "{kind: c, size: {g: 2}}"),
              AllOf(HasSubstr("unknown key 'g' in layer 'out' (c), 'size'"),
                    HasSubstr("layer 'out' (c), 'size' has no 'h'")));
  EXPECT_THAT(errorsOf(std::string("cells: 1\n") + kInputs + kOutputs),
              HasSubstr("1:8: error: 'cells' is '1'"));
}

TEST_F(YamlDiagnostics, ChecksTypesInEquations) {
  writeWeights("m.safetensors",
               {{"out.W", {2, 4}}, {"out.b", {3}}, {"out.T", {2, 2, 2}}});
  auto errorOf = [&](const std::string &equation) {
    return errorsOf("cells:\n  c: {states: [h], equations: ['" + equation +
                    "']}\n" + kInputs + "layers:\n  out: {kind: c, size: 2}\n" +
                    kOutputs);
  };
  EXPECT_THAT(errorOf("h = x + h"),
              HasSubstr("2:39: error: layer 'out' (c): a vector of 4 meets a "
                        "vector of 2; required are vectors of one size"));
  EXPECT_THAT(errorOf("h = W h"),
              HasSubstr("a matrix of [2, 4] is multiplied with a vector of 2; "
                        "required is a vector of 4"));
  EXPECT_THAT(errorOf("h = h h"),
              HasSubstr("the left side of a product 'W x' is a vector of 2; "
                        "required is a matrix"));
  EXPECT_THAT(errorOf("h = W + h"),
              HasSubstr("a matrix of [2, 4] stands where a vector"));
  EXPECT_THAT(errorOf("h = -W"),
              HasSubstr("a matrix of [2, 4] stands where a vector"));
  EXPECT_THAT(errorOf("h = tanh(W)"),
              HasSubstr("'tanh' is given a matrix of [2, 4]"));
  EXPECT_THAT(errorOf("h = tanh(h, h)"),
              HasSubstr("'tanh' is given 2 operands; required is 1"));
  EXPECT_THAT(errorOf("h = dot(h)"),
              HasSubstr("'dot' is given 1 operands; required are 2"));
  EXPECT_THAT(errorOf("h = U x"),
              HasSubstr("'U' is neither a value (known are h, x) nor is there "
                        "a weight 'out.U'"));
  EXPECT_THAT(errorOf("h = T x"),
              HasSubstr("weight 'out.T' has shape [2, 2, 2]; required is a "
                        "matrix, a vector or a number"));
  EXPECT_THAT(errorOf("h = x"),
              HasSubstr("the new state 'h' is a vector of 4; required is a "
                        "vector of 2"));
}

TEST_F(YamlDiagnostics, ChecksEquationLayers) {
  EXPECT_THAT(layersError("  out: {kind: equation}\n"),
              HasSubstr("has no 'value'"));
  EXPECT_THAT(layersError("  out: {kind: equation, value: '1 + 2'}\n"),
              HasSubstr("the expression names no input or layer"));
  EXPECT_THAT(
      layersError("  encoder: {kind: equation, value: 'x * 2'}\n"
                  "  out: {kind: equation, value: 'x + encodr'}\n"),
      HasSubstr("5:37: error: layer 'out' (equation): 'encodr' is neither a "
                "value (known are encoder, x) nor is there a weight "
                "'out.encodr'; did you mean 'encoder'?"));
  EXPECT_THAT(
      layersError("  out: {kind: equation, value: 'x +'}\n"),
      HasSubstr("4:36: error: layer 'out' (equation): the equation ends"));
  EXPECT_THAT(
      layersError("  t: {kind: label, input: x}\n"
                  "  out: {kind: equation, value: 't * 2'}\n"),
      HasSubstr("'t' is a label per step; required is a sequence or a vector"));
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

TEST_F(YamlDiagnostics, ChecksAttention) {
  std::string inputs =
      "inputs:\n  q: {dims: [batch, asked, 4]}\n  k: {dims: [batch, time, 3]}\n"
      "  z: {dims: [batch, other, 3]}\nlayers:\n";
  auto errorOf = [&](const std::string &keys) {
    return errorsOf(inputs + "  out: {kind: attention, query: q, key: k, " +
                    keys + "}\n" + kOutputs);
  };
  EXPECT_THAT(errorOf("value: k"),
              HasSubstr("has no 'score'; required is one of dot, scaled, "
                        "additive, general, distance, or an expression"));
  EXPECT_THAT(errorOf("score: dott"), HasSubstr("(did you mean 'dot'?)"));
  EXPECT_THAT(errorOf("score: dot"),
              HasSubstr("the query has 4 features and the key 3; the score "
                        "'dot' requires equal numbers"));
  EXPECT_THAT(errorOf("score: additive"), HasSubstr("has no 'size'"));
  EXPECT_THAT(errorOf("score: 'sum(q'"),
              HasSubstr("the equation ends where ',' or ')'"));
  EXPECT_THAT(errorOf("score: 'q * 2'"),
              HasSubstr("the score is a vector of 4; required is a "
                        "number (sum, mean, max or dot give one)"));
  EXPECT_THAT(errorOf("score: general, scale: 2"),
              HasSubstr("'scale' belongs to the score"));
  EXPECT_THAT(errorOf("heads: 3"),
              HasSubstr("4 features do not divide by 3 heads"));
  EXPECT_THAT(errorOf("heads: 2, score: dot"),
              HasSubstr("has the score 'scaled'; found 'dot'"));
  EXPECT_THAT(errorOf("score: general, softcap: 0"),
              HasSubstr("'softcap' is '0'"));
  writeWeights("m.safetensors", {{"out.v.bias", {1}},
                                 {"out.v.weight", {1, 2}},
                                 {"out.query.weight", {2, 4}},
                                 {"out.key.weight", {2, 3}}});
  EXPECT_THAT(
      errorOf("score: additive, size: 2, softcap: 1"),
      HasSubstr("'softcap' beside the weight 'out.v.bias' is not supported"));
  EXPECT_THAT(errorOf("score: general, window: [1]"),
              HasSubstr("'window' is a list; required"));
  EXPECT_THAT(errorOf("score: general, causal: maybe"),
              HasSubstr("'causal' is 'maybe'"));
  EXPECT_THAT(errorOf("score: general, normalizer: soft_max"),
              HasSubstr("(did you mean 'softmax'?)"));
  EXPECT_THAT(
      errorOf("score: general, value: z"),
      HasSubstr("'value' has the time dimension 'other', 'key' has 'time'"));
}
