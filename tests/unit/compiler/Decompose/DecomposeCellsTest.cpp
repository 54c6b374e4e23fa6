//===- DecomposeCellsTest.cpp - Layers mean the same as recurrences -------===//

#include "tests/unit/compiler/Decompose/Comparison.h"

#include <gtest/gtest.h>
#include <iterator>

using namespace seqc;
using namespace seqc::testing;
using reference::ElementKind;

namespace {

/// All ways to take a layer apart; each must keep its meaning.
const std::vector<std::string> pipelines = {
    "func.func(seq-decompose-cells)",
    "func.func(seq-decompose-cells),seq-pack-ragged",
    "func.func(seq-decompose-cells,seq-hoist-projection)",
    "func.func(seq-decompose-cells),seq-pack-ragged,func.func(seq-hoist-"
    "projection)",
};

/// One layer with randomly chosen attributes, written as IR with inputs for it.
class RandomLayer {
public:
  RandomLayer(std::string kind, unsigned seed)
      : kind(std::move(kind)), random(seed) {
    element = coin() ? "f64" : "f32";
    directions = 1 + coin();
    batchFirst = coin();
    time = pick(1, 6), batch = pick(1, 4), inputs = pick(1, 5),
    hidden = pick(1, 5);
    gates = this->kind == "lstm" ? 4 : this->kind == "gru" ? 3 : 1;
    bool projected = this->kind == "lstm" && coin();
    state = projected ? pick(1, 4) : hidden;
    dynamicBatch = pick(0, 3) != 0;
    dynamicTime = pick(0, 3) != 0;

    add("", {batchFirst ? batch : time, batchFirst ? time : batch, inputs},
        {batchFirst ? dynamicBatch : dynamicTime,
         batchFirst ? dynamicTime : dynamicBatch, false});
    add("", {directions, gates * hidden, inputs});
    add("", {directions, gates * hidden, state});
    if (coin())
      add("bias", {directions, 2 * gates * hidden});
    if (coin())
      addLengths();
    if (coin())
      addState("initial_h", state);
    if (this->kind == "lstm") {
      if (coin())
        addState("initial_c", hidden);
      if (coin())
        add("peephole", {directions, 3 * hidden});
      if (projected)
        add("projection", {directions, state, hidden});
      if (coin())
        attributes.push_back("input_forget");
    }
    if (this->kind == "gru" && coin())
      attributes.push_back("linear_before_reset");
    if (batchFirst)
      attributes.push_back("batch_first");
    if (directions == 2)
      attributes.push_back("direction = #seq.direction<bidirectional>");
    else if (coin())
      attributes.push_back("direction = #seq.direction<reverse>");
    if (coin())
      attributes.push_back("clip = 0.75 : f32");
    if (coin())
      addActivations();
    transposed = !batchFirst && coin();
    if (transposed)
      values.push_back(randomFloats(
          random, element == "f64" ? ElementKind::F64 : ElementKind::F32,
          {time, batch, directions, state}));
  }

  /// The module.
  std::string getText() const {
    std::string b = dynamicBatch ? "?" : std::to_string(batch);
    std::string t = dynamicTime ? "?" : std::to_string(time);
    std::string d = std::to_string(directions);
    std::string y = batchFirst ? b + "x" + t + "x" + d : t + "x" + d + "x" + b;
    std::string s = batchFirst ? b + "x" + d : d + "x" + b;
    std::vector<std::string> results = {
        tensor(y + "x" + std::to_string(state)),
        tensor(s + "x" + std::to_string(state))};
    if (kind == "lstm")
      results.push_back(tensor(s + "x" + std::to_string(hidden)));
    std::string names = kind == "lstm" ? "%y, %h, %c" : "%y, %h";
    std::string types = "(" + join(results) + ")";
    std::string text = "func.func @main(" + join(arguments);
    std::string body = "  " + names + " = seq." + kind + " " + operands + " {" +
                       join(attributes) + "}\n      : (" + join(operandTypes) +
                       ") -> " + types + "\n";
    if (transposed) {
      // Frontends move the directions behind the batch.
      std::string moved =
          tensor(t + "x" + b + "x" + d + "x" + std::to_string(state));
      text += ", %init: " + moved;
      body += "  %t = linalg.transpose ins(%y : " + results[0] +
              ") outs(%init : " + moved + ") permutation = [0, 2, 1, 3]\n";
      results.push_back(moved);
      names += ", %t";
    }
    return text + ") -> (" + join(results) + ") {\n" + body + "  return " +
           names + " : " + join(results) + "\n}\n";
  }

  /// Inputs of `main`.
  const std::vector<reference::Tensor> &getInputs() const { return values; }

private:
  bool coin() { return random() % 2; }
  int64_t pick(int64_t low, int64_t high) {
    return low + random() % (high - low + 1);
  }

  std::string tensor(const std::string &shape) const {
    return "tensor<" + shape + "x" + element + ">";
  }

  static std::string join(const std::vector<std::string> &parts) {
    std::string text;
    for (const std::string &part : parts)
      text += (text.empty() ? "" : ", ") + part;
    return text;
  }

  /// Adds an operand of floats under its keyword; dynamic dimensions are set in
  /// `dynamic`.
  void add(const std::string &keyword, std::vector<int64_t> shape,
           std::vector<bool> dynamic = {}) {
    dynamic.resize(shape.size());
    std::string text;
    for (size_t dim = 0; dim < shape.size(); ++dim)
      text +=
          (dim ? "x" : "") + (dynamic[dim] ? "?" : std::to_string(shape[dim]));
    addOperand(
        keyword, tensor(text),
        randomFloats(random,
                     element == "f64" ? ElementKind::F64 : ElementKind::F32,
                     shape));
  }

  void addState(const std::string &keyword, int64_t size) {
    if (batchFirst)
      add(keyword, {batch, directions, size}, {dynamicBatch, false, false});
    else
      add(keyword, {directions, batch, size}, {false, dynamicBatch, false});
  }

  void addLengths() {
    bool wide = coin();
    ElementKind kind = wide ? ElementKind::I64 : ElementKind::I32;
    std::string extent = dynamicBatch ? "?" : std::to_string(batch);
    addOperand("lengths",
               "tensor<" + extent + "x" + (wide ? "i64" : "i32") + ">",
               randomInts(random, kind, {batch}, 0, time));
  }

  void addOperand(const std::string &keyword, const std::string &type,
                  reference::Tensor value) {
    std::string name = "%a" + std::to_string(values.size());
    arguments.push_back(name + ": " + type);
    operandTypes.push_back(type);
    if (keyword.empty())
      operands += (operands.empty() ? "" : ", ") + name;
    else
      operands += " " + keyword + "(" + name + ")";
    values.push_back(std::move(value));
  }

  /// Chooses functions, and parameters for some of those that take them.
  void addActivations() {
    struct Function {
      const char *name;
      bool takesAlpha, takesBeta;
    };
    static const Function functions[] = {
        {"relu", false, false},      {"tanh", false, false},
        {"sigmoid", false, false},   {"affine", true, true},
        {"leaky_relu", true, false}, {"thresholded_relu", true, false},
        {"scaled_tanh", true, true}, {"hard_sigmoid", true, true},
        {"elu", true, false},        {"softsign", false, false},
        {"softplus", false, false}};
    size_t count = directions * (kind == "lstm" ? 3 : kind == "gru" ? 2 : 1);
    std::vector<std::string> chosen, alphas, betas;
    for (size_t index = 0; index < count; ++index) {
      const Function &function = functions[random() % std::size(functions)];
      chosen.push_back("#seq.activation<" + std::string(function.name) + ">");
      if (function.takesAlpha)
        alphas.push_back("0." + std::to_string(pick(1, 9)) + " : f32");
      if (function.takesBeta)
        betas.push_back("0." + std::to_string(pick(1, 9)) + " : f32");
    }
    // Missing parameters get their defaults.
    alphas.resize(random() % (alphas.size() + 1));
    betas.resize(random() % (betas.size() + 1));
    attributes.push_back("activations = [" + join(chosen) + "]");
    if (!alphas.empty())
      attributes.push_back("activation_alpha = [" + join(alphas) + "]");
    if (!betas.empty())
      attributes.push_back("activation_beta = [" + join(betas) + "]");
  }

  std::string kind;
  Random random;
  std::string element;
  int64_t directions, time, batch, inputs, hidden, gates, state;
  bool batchFirst, dynamicBatch, dynamicTime, transposed;
  std::string operands;
  std::vector<std::string> arguments, operandTypes, attributes;
  std::vector<reference::Tensor> values;
};

void checkLayers(const std::string &kind) {
  for (unsigned seed = 0; seed < 150; ++seed) {
    RandomLayer layer(kind, seed);
    expectSameMeaning(layer.getText(), layer.getInputs(), pipelines,
                      {"seq." + kind});
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << kind << ", seed " << seed;
      return;
    }
  }
}

TEST(DecomposeCells, RnnKeepsItsMeaning) { checkLayers("rnn"); }
TEST(DecomposeCells, GruKeepsItsMeaning) { checkLayers("gru"); }
TEST(DecomposeCells, LstmKeepsItsMeaning) { checkLayers("lstm"); }

} // namespace
