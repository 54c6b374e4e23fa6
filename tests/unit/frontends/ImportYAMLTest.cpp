//===- ImportYAMLTest.cpp - Modules from descriptions ---------------------===//

#include "YamlFixture.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include "llvm/Support/JSON.h"

#include <gmock/gmock.h>

using namespace seqc;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

class ImportYaml : public YamlTest {
protected:
  /// The first op of a kind.
  template <typename Op> Op find(mlir::ModuleOp module) {
    Op found;
    module.walk([&](Op op) {
      if (!found)
        found = op;
    });
    return found;
  }

  llvm::json::Object metadataOf(mlir::ModuleOp module) {
    auto text = module->getAttrOfType<mlir::StringAttr>("seq.metadata");
    return *llvm::cantFail(llvm::json::parse(text.getValue())).getAsObject();
  }
};

const char *const kLayer =
    "inputs:\n  x: {dims: [batch, time, 4], lengths: lengths}\nlayers:\n";

} // namespace

TEST_F(ImportYaml, PutsGatesIntoTheOrderOfTheOps) {
  writeWeights("m.safetensors",
               {{"l.weight_ih_l0", {12, 4}}, {"l.weight_hh_l0", {12, 3}}});
  auto module =
      import(std::string(kLayer) +
             "  l: {kind: lstm, size: 3, bias: false}\noutputs: {y: l}\n");
  ASSERT_TRUE(module) << errors();
  std::vector<std::string> names;
  std::vector<int64_t> offsets;
  module->walk([&](seq::WeightOp weight) {
    names.push_back(weight.getName().str());
    offsets.push_back(weight.getOffset());
  });
  // PyTorch has i f g o, the op wants i o f c.
  ASSERT_EQ(names.size(), 8u);
  EXPECT_EQ(names[0], "l.weight_ih_l0[0:3]");
  EXPECT_EQ(names[1], "l.weight_ih_l0[9:12]");
  EXPECT_EQ(names[2], "l.weight_ih_l0[3:6]");
  EXPECT_EQ(names[3], "l.weight_ih_l0[6:9]");
  EXPECT_EQ(offsets[1] - offsets[0], 9 * 4 * 4);
}

TEST_F(ImportYaml, PassesEveryAttributeOn) {
  writeWeights("m.safetensors", {{"l.weight_ih_l0", {12, 4}},
                                 {"l.weight_hh_l0", {12, 2}},
                                 {"l.bias_ih_l0", {12}},
                                 {"l.bias_hh_l0", {12}},
                                 {"l.weight_hr_l0", {2, 3}},
                                 {"l.peephole_l0", {9}}});
  auto module = import(
      std::string(kLayer) +
      "  l: {kind: lstm, size: 3, projection: 2, peepholes: true, direction: "
      "reverse,\n      clip: 2.5, input_forget: true, activations: "
      "[hard_sigmoid, "
      "tanh, relu],\n      activation_alpha: 0.3, activation_beta: 0.4}\n"
      "outputs: {y: l}\n");
  ASSERT_TRUE(module) << errors();
  auto lstm = find<seq::LstmOp>(*module);
  EXPECT_EQ(lstm.getDirection(), seq::Direction::Reverse);
  EXPECT_TRUE(lstm.getInputForget());
  EXPECT_EQ(lstm.getClip()->convertToFloat(), 2.5f);
  EXPECT_TRUE(lstm.getPeephole() && lstm.getProjection() && lstm.getLengths());
  EXPECT_EQ(lstm.getAllActivations()[0], seq::Activation::HardSigmoid);
  EXPECT_EQ(lstm.getActivationAlpha()->size(), 1u);
}

TEST_F(ImportYaml, RepeatsActivationsForBothDirections) {
  Shapes shapes;
  for (const char *suffix : {"_l0", "_l0_reverse"})
    for (const char *name : {"weight_ih", "weight_hh"})
      shapes[std::string("l.") + name + suffix] = {6, name[7] == 'i' ? 4 : 2};
  writeWeights("m.safetensors", shapes);
  auto module = import(
      std::string(kLayer) +
      "  l: {kind: gru, size: 2, bias: false, direction: bidirectional,\n"
      "      activations: [sigmoid, elu], activation_alpha: [0.7]}\n"
      "outputs: {y: l}\n");
  ASSERT_TRUE(module) << errors();
  auto gru = find<seq::GruOp>(*module);
  EXPECT_TRUE(gru.getLinearBeforeReset());
  EXPECT_THAT(gru.getAllActivations(),
              ElementsAre(seq::Activation::Sigmoid, seq::Activation::Elu,
                          seq::Activation::Sigmoid, seq::Activation::Elu));
  EXPECT_EQ(gru.getActivationAlpha()->size(), 2u);
}

TEST_F(ImportYaml, ReadsTheNamesOfTorchCells) {
  writeWeights("m.safetensors", {{"l.weight_ih", {6, 4}},
                                 {"l.weight_hh", {6, 2}},
                                 {"l.bias_ih", {6}},
                                 {"l.bias_hh", {6}}});
  EXPECT_TRUE(import(std::string(kLayer) +
                     "  l: {kind: gru, size: 2}\noutputs: {y: l}\n"))
      << errors();
}

TEST_F(ImportYaml, LeavesOutWhatNobodyReads) {
  writeWeights("m.safetensors",
               {{"l.weight_ih_l0", {2, 4}}, {"l.weight_hh_l0", {2, 2}}});
  auto module =
      import(std::string(kLayer) + "  l: {kind: rnn, size: 2, bias: false}\n"
                                   "outputs: {y: l}\n");
  ASSERT_TRUE(module) << errors();
  auto rnn = find<seq::RnnOp>(*module);
  EXPECT_TRUE(rnn.getYH().use_empty());
}

TEST_F(ImportYaml, TakesTimeFirst) {
  writeWeights("m.safetensors", {{"l.weight", {2, 4}}});
  auto module =
      import("inputs:\n  x: {dims: [time, batch, 4]}\nlayers:\n"
             "  l: {kind: linear, size: 2, bias: false}\noutputs: {y: l}\n");
  ASSERT_TRUE(module) << errors();
  EXPECT_THAT(print(*module), Not(HasSubstr("linalg.transpose")));
  EXPECT_THAT(print(*module), HasSubstr(R"(dims = ["time", "batch", ""])"));
}

TEST_F(ImportYaml, LocatesOpsInTheDescription) {
  writeWeights("m.safetensors", {{"l.weight", {2, 4}}, {"l.bias", {2}}});
  auto module = import(std::string(kLayer) +
                       "  l: {kind: linear, size: 2}\noutputs: {y: l}\n");
  ASSERT_TRUE(module) << errors();
  bool found = false;
  module->walk([&](mlir::Operation *op) {
    if (op->getName().getStringRef() != "linalg.matmul")
      return;
    auto loc = llvm::cast<mlir::FileLineColLoc>(op->getLoc());
    found = loc.getLine() == 4 && loc.getColumn() == 3;
  });
  EXPECT_TRUE(found);
}

TEST_F(ImportYaml, DescribesTextToLabels) {
  writeWeights("m.safetensors",
               {{"e.weight", {4, 3}}, {"o.weight", {2, 3}}, {"o.bias", {2}}});
  write("words.txt", "<unk>\nthe\ncat\nsat\n");
  auto module = import("name: moods\n"
                       "vocabularies:\n"
                       "  words: {unit: word, lowercase: true, file: "
                       "words.txt, unknown: <unk>}\n"
                       "inputs:\n"
                       "  ids: {vocabulary: words, lengths: n, max_length: 9}\n"
                       "layers:\n"
                       "  e: {kind: embedding, size: 3}\n"
                       "  p: {kind: pool, mode: max}\n"
                       "  o: {kind: linear, size: 2}\n"
                       "  l: {kind: label, labels: [sad, glad]}\n"
                       "outputs: {logits: o, mood: l}\n");
  ASSERT_TRUE(module) << errors();
  llvm::json::Object metadata = metadataOf(*module);
  EXPECT_EQ(metadata.getString("name"), "moods");
  const llvm::json::Object *text = metadata.getObject("text");
  ASSERT_TRUE(text);
  EXPECT_EQ(text->getString("kind"), "classify");
  const llvm::json::Object *input = text->getObject("input");
  EXPECT_EQ(input->getString("unit"), "word");
  EXPECT_EQ(input->getBoolean("lower"), true);
  EXPECT_EQ(input->getArray("vocab")->size(), 4u);
  EXPECT_EQ(input->getInteger("unk"), 0);
  EXPECT_EQ(input->getInteger("max_length"), 9);
  EXPECT_EQ(input->getString("lengths"), "n");
  const llvm::json::Object *output = text->getObject("output");
  EXPECT_EQ(output->getString("scores"), "logits");
  EXPECT_EQ(output->getString("classes"), "mood");
}

TEST_F(ImportYaml, LetsOptionsReplaceSettings) {
  writeWeights("m.safetensors",
               {{"e.weight", {5, 3}}, {"o.weight", {5, 3}}, {"o.bias", {5}}});
  ImportOptions options;
  options.beam = 4;
  options.nBest = 2;
  options.maxLength = 7;
  options.lengthPenalty = 0.5;
  options.prefix = true;
  auto module = import(
      "inputs:\n  x: {dims: [batch, 3]}\n"
      "generate:\n  size: 5\n  start: 0\n  end: 1\n  max_length: 3\n  step:\n"
      "    e: {kind: embedding, size: 3}\n"
      "    s: {kind: equation, value: e + x}\n"
      "    o: {kind: linear, size: 5}\n",
      options);
  ASSERT_TRUE(module) << errors();
  auto generate = find<seq::GenerateOp>(*module);
  EXPECT_EQ(generate.getWidth(), 4);
  EXPECT_EQ(generate.getNumBest(), 2);
  EXPECT_EQ(generate.getLengthPenalty(), 0.5);
  EXPECT_TRUE(generate.getPrefix());
  auto function = find<mlir::func::FuncOp>(*module);
  EXPECT_EQ(function.getName(), "generate");
  EXPECT_EQ(function.getNumArguments(), 3u);
  const llvm::json::Object entry =
      *(*metadataOf(*module).getArray("entries"))[0].getAsObject();
  EXPECT_EQ(entry.getObject("generation")->getInteger("max_new"), 7);
}

TEST_F(ImportYaml, ImportsEveryKindOfLayer) {
  Shapes shapes = {{"n.weight", {4}},
                   {"n.bias", {4}},
                   {"m.in_proj_weight", {12, 4}},
                   {"m.in_proj_bias", {12}},
                   {"m.out_proj.weight", {4, 4}},
                   {"m.out_proj.bias", {4}}};
  writeWeights("m.safetensors", shapes);
  auto module = import(
      std::string(kLayer) +
      "  n: {kind: layer_norm}\n"
      "  m: {kind: attention, heads: 2, causal: true, window: [3, 0]}\n"
      "  r: {kind: equation, value: 'n + m'}\n"
      "  a: {kind: activation, function: softmax}\n"
      "  f: {kind: pool, input: a, mode: first}\n"
      "  l: {kind: pool, input: a, mode: last}\n"
      "  s: {kind: pool, input: a, mode: sum}\n"
      "  w: {kind: attention, query: f, key: a, score: dot, normalizer: none}\n"
      "  g: {kind: attention, query: a, score: scaled, scale: 0.5, softcap: "
      "3}\n"
      "  d: {kind: equation, value: 'dot(f, l) + mean(s)'}\n"
      "outputs: {d: d, w: w, g: g, p: m.weights, v: w.weights}\n");
  ASSERT_TRUE(module) << errors();
  auto attention = find<seq::AttentionOp>(*module);
  EXPECT_EQ(attention.getCausal(), seq::Causal::TopLeft);
  EXPECT_THAT(*attention.getWindow(), ElementsAre(3, 0));
}

TEST_F(ImportYaml, ImportsActivations) {
  writeWeights("m.safetensors", {});
  for (const char *function :
       {"sigmoid", "tanh", "relu", "softmax", "softplus", "softsign", "exp",
        "log", "elu", "leaky_relu", "gelu", "abs"})
    EXPECT_TRUE(import(std::string(kLayer) +
                       "  a: {kind: activation, function: " + function +
                       "}\noutputs: {y: a}\n"))
        << errors();
}
