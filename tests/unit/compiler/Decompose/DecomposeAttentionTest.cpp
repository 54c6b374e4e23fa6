//===- DecomposeAttentionTest.cpp - Attention means the same as generics --===//

#include "tests/unit/compiler/Decompose/Comparison.h"

#include <gtest/gtest.h>

using namespace seqc;
using namespace seqc::testing;
using reference::ElementKind;

namespace {

/// One attention with randomly chosen attributes, written as IR with inputs for
/// it.
class RandomAttention {
public:
  RandomAttention(std::string score, unsigned seed)
      : score(std::move(score)), random(seed) {
    batch = pick(1, 3), queries = pick(1, 4), keys = pick(1, 6),
    features = pick(1, 5);
    keyFeatures = this->score == "general" || this->score == "region"
                      ? pick(1, 5)
                      : features;
    columns = pick(1, 4);
    hasHeads = coin(), hasRows = coin();
    if (hasHeads)
      keyHeads = pick(1, 2), heads = keyHeads * pick(1, 2);
    keyBatch = hasRows ? pick(1, 3) : batch;

    add(" ", shaped(batch, heads, queries, features));
    add(", ", shaped(keyBatch, keyHeads, keys, keyFeatures));
    add(", ", shaped(keyBatch, keyHeads, keys, columns));
    if (this->score == "additive")
      add(" score_weight", {features}, "f32", /*isStatic=*/true);
    if (this->score == "general")
      add(" score_weight", {features, keyFeatures}, "f32", /*isStatic=*/true);
    if (coin())
      add(" mask", side(), "i1");
    if (coin())
      add(" bias", side());
    if (coin())
      add(" lengths", {keyBatch}, coin() ? "i32" : "i64");
    if (hasRows)
      add(" rows", {batch}, "i32");
    if (this->score == "scaled" && coin())
      attributes.push_back("scale = 0.375");
    if (coin())
      attributes.push_back("softcap = 0.5");
    if (coin())
      attributes.push_back(std::string("causal = #seq.causal<") +
                           (coin() ? "top_left>" : "bottom_right>"));
    if (coin())
      attributes.push_back(
          "window = array<i64: " + std::to_string(pick(-1, 2)) + ", " +
          std::to_string(pick(-1, 2)) + ">");
    static const char *const normalizers[] = {"softmax", "negated_softmax",
                                              "sigmoid", "none"};
    attributes.push_back(std::string("normalizer = #seq.normalizer<") +
                         normalizers[pick(0, 3)] + ">");
    hasProbabilities = coin();
  }

  /// The module.
  std::string getText() const {
    std::vector<std::string> results = {resultType(columns)};
    if (hasProbabilities)
      results.push_back(resultType(-1));
    std::string names = hasProbabilities ? "%o, %p" : "%o";
    std::string text = "func.func @main(" + join(arguments) + ") -> (" +
                       join(results) + ") {\n  " + names + " = seq.attention " +
                       score + operands + " {" + join(attributes) +
                       "}\n      : (" + types[0] + ", " + types[1] + ", " +
                       types[2] + ") -> " + join(results);
    if (score == "region")
      text += region();
    return text + "\n  return " + names + " : " + join(results) + "\n}\n";
  }

  /// Inputs of `main`.
  const std::vector<reference::Tensor> &getInputs() const { return values; }

private:
  bool coin() { return random() % 2; }
  int64_t pick(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random() % (high - low + 1));
  }

  static std::string join(const std::vector<std::string> &parts) {
    std::string text;
    for (const std::string &part : parts)
      text += (text.empty() ? "" : ", ") + part;
    return text;
  }

  std::vector<int64_t> shaped(int64_t b, int64_t h, int64_t length,
                              int64_t last) const {
    if (hasHeads)
      return {b, h, length, last};
    return {b, length, last};
  }

  /// A shape for mask or bias: some extents are 1.
  std::vector<int64_t> side() {
    std::vector<int64_t> shape = shaped(keyBatch, heads, queries, keys);
    for (int64_t &extent : shape)
      if (coin())
        extent = 1;
    return shape;
  }

  /// Batch and positions are dynamic, heads and features are not.
  std::string typeOf(const std::vector<int64_t> &shape,
                     const std::string &element, bool isStatic) const {
    std::string text = "tensor<";
    for (size_t dim = 0; dim < shape.size(); ++dim) {
      bool isFeature = dim + 1 == shape.size() && shape.size() > 1 &&
                       element == "f32" && shape[dim] != -1;
      bool isHead = hasHeads && dim == 1 && shape.size() == 4;
      bool known = isStatic || isFeature || isHead ||
                   (shape[dim] == 1 && shape.size() > 2);
      text += (known ? std::to_string(shape[dim]) : "?") + "x";
    }
    return text + element + ">";
  }

  std::string resultType(int64_t last) const {
    std::vector<int64_t> shape = shaped(batch, heads, queries, last);
    std::string type = typeOf(shape, "f32", false);
    return type;
  }

  void add(const std::string &keyword, const std::vector<int64_t> &shape,
           const std::string &element = "f32", bool isStatic = false) {
    std::string name = "%a" + std::to_string(values.size());
    std::string type = typeOf(shape, element, isStatic);
    arguments.push_back(name + ": " + type);
    types.push_back(type);
    if (values.size() < 3)
      operands += keyword + name;
    else
      operands += keyword + "(" + name + " : " + type + ")";
    if (element == "f32")
      values.push_back(randomFloats(random, ElementKind::F32, shape));
    else if (keyword == " mask")
      values.push_back(randomInts(random, ElementKind::I1, shape, 0, 1));
    else if (keyword == " rows")
      values.push_back(
          randomInts(random, ElementKind::I32, shape, 0, keyBatch - 1));
    else
      values.push_back(randomInts(
          random, element == "i32" ? ElementKind::I32 : ElementKind::I64, shape,
          0, keys));
  }

  /// A score: the sum of the query's features times the first feature of the
  /// key.
  std::string region() const {
    std::string q = "tensor<?x" + std::to_string(features) + "xf32>";
    std::string k = "tensor<?x" + std::to_string(keyFeatures) + "xf32>";
    return R"( {
  ^bb0(%q: )" +
           q + ", %k: " + k + R"():
    %c0 = arith.constant 0 : index
    %zero = arith.constant 0.0 : f32
    %n = tensor.dim %q, %c0 : )" +
           q + R"(
    %e = tensor.empty(%n) : tensor<?xf32>
    %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
    %s = linalg.reduce { arith.addf } ins(%q : )" +
           q + R"() outs(%z : tensor<?xf32>) dimensions = [1]
    %f = tensor.extract_slice %k[0, 0] [%n, 1] [1, 1] : )" +
           k + R"( to tensor<?xf32>
    %p = arith.mulf %s, %f : tensor<?xf32>
    seq.yield %p : tensor<?xf32>
  })";
  }

  std::string score;
  Random random;
  int64_t batch, keyBatch, queries, keys, features, keyFeatures, columns,
      heads = 1, keyHeads = 1;
  bool hasHeads, hasRows, hasProbabilities;
  std::string operands;
  std::vector<std::string> arguments, types, attributes;
  std::vector<reference::Tensor> values;
};

void checkAttentions(const std::string &score) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    RandomAttention attention(score, seed);
    expectSameMeaning(attention.getText(), attention.getInputs(),
                      {"func.func(seq-decompose-attention,seq-tile-attention)"},
                      {"seq.attention"});
    if (::testing::Test::HasFailure()) {
      ADD_FAILURE() << score << ", seed " << seed;
      return;
    }
  }
}

TEST(DecomposeAttention, DotKeepsItsMeaning) { checkAttentions("dot"); }
TEST(DecomposeAttention, ScaledKeepsItsMeaning) { checkAttentions("scaled"); }
TEST(DecomposeAttention, AdditiveKeepsItsMeaning) {
  checkAttentions("additive");
}
TEST(DecomposeAttention, DistanceKeepsItsMeaning) {
  checkAttentions("distance");
}
TEST(DecomposeAttention, GeneralKeepsItsMeaning) { checkAttentions("general"); }
TEST(DecomposeAttention, RegionKeepsItsMeaning) { checkAttentions("region"); }

} // namespace
