//===- DecomposeCachesTest.cpp - Caches mean the same as slices -----------===//

#include "tests/unit/compiler/Decompose/Comparison.h"

#include <gtest/gtest.h>

using namespace seqc;
using namespace seqc::testing;
using reference::ElementKind;
using reference::Tensor;

namespace {

/// A form, and the types of a cache [3, 2, 5, 2] and of its entries.
struct AppendCase {
  const char *name, *form, *cache, *entries;
  int64_t rows, count;
};

class Append : public ::testing::TestWithParam<AppendCase> {};

TEST_P(Append, MeansTheSame) {
  const auto &[name, form, cache, entries, rows, count] = GetParam();
  Random random(7);
  bool isCircular = form[0] != '\0';
  int64_t least = isCircular ? -12 : 0, most = isCircular ? 12 : 5 - count;
  std::string c = cache, e = entries;
  std::vector<Tensor> inputs = {
      randomFloats(random, ElementKind::F32, {rows, 2, 5, 2}),
      randomFloats(random, ElementKind::F32, {rows, 2, count, 2})};
  for (const char *position : {"index", "tensor<?xi64>"}) {
    std::string p = position;
    std::string text =
        "func.func @main(%c: " + c + ", %e: " + e + ", %p: " + p + ") -> " + c +
        " {\n  %y = seq.cache.append " + form + " %c, %e at %p axis 2 : (" + c +
        ", " + e + ", " + p + ") -> " + c + "\n  return %y : " + c + "\n}\n";
    for (int i = 0; i < 4; ++i) {
      std::vector<Tensor> all = inputs;
      if (p == "index")
        all.push_back(Tensor::ofIndex(
            randomInts(random, ElementKind::I64, {1}, least, most).ints()[0]));
      else
        all.push_back(
            randomInts(random, ElementKind::I64, {rows}, least, most));
      expectSameMeaning(text, all, {"func.func(seq-decompose-aggregates)"},
                        {"seq.cache.append"});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Append,
    ::testing::Values(
        AppendCase{"known", "", "tensor<3x2x5x2xf32>", "tensor<3x2x2x2xf32>", 3,
                   2},
        AppendCase{"open", "", "tensor<?x2x?x2xf32>", "tensor<?x2x?x2xf32>", 3,
                   2},
        AppendCase{"row", "", "tensor<1x2x5x2xf32>", "tensor<1x2x?x2xf32>", 1,
                   3},
        AppendCase{"nothing", "", "tensor<3x2x5x2xf32>", "tensor<3x2x0x2xf32>",
                   3, 0},
        AppendCase{"step_around", "circular", "tensor<?x2x5x2xf32>",
                   "tensor<?x2x1x2xf32>", 3, 1},
        AppendCase{"steps_around", "circular", "tensor<?x?x?x?xf32>",
                   "tensor<3x2x?x2xf32>", 3, 4},
        AppendCase{"all_around", "circular", "tensor<3x2x5x2xf32>",
                   "tensor<3x2x5x2xf32>", 3, 5}),
    [](const auto &info) { return std::string(info.param.name); });

TEST(Read, MeansTheSame) {
  Random random(7);
  Tensor cache = randomFloats(random, ElementKind::F32, {3, 5, 2});
  for (auto [begin, count] :
       {std::pair<int64_t, int64_t>{0, 4}, {2, 3}, {5, 0}})
    expectSameMeaning(
        "func.func @main(%c: tensor<?x5x2xf32>, %b: index, %n: index) -> "
        "tensor<3x?x2xf32> {\n  %y = seq.cache.read %c from %b count %n axis 1 "
        ": tensor<?x5x2xf32> -> tensor<3x?x2xf32>\n  return %y : "
        "tensor<3x?x2xf32>\n}\n",
        {cache, Tensor::ofIndex(begin), Tensor::ofIndex(count)},
        {"func.func(seq-decompose-aggregates)"}, {"seq.cache.read"});
}

TEST(Reorder, MeansTheSame) {
  Random random(7);
  Tensor cache = randomFloats(random, ElementKind::F32, {3, 2, 5, 2});
  expectSameMeaning(
      "func.func @main(%c: tensor<?x2x5x2xf32>, %p: tensor<?xi32>, %q: "
      "tensor<4x?xi64>) -> (tensor<4x2x5x2xf32>, tensor<?x2x5x2xf32>) {\n"
      "  %y = seq.cache.reorder %c by %p : (tensor<?x2x5x2xf32>, "
      "tensor<?xi32>) -> tensor<4x2x5x2xf32>\n"
      "  %z = seq.cache.reorder %c by %q axis 2 : (tensor<?x2x5x2xf32>, "
      "tensor<4x?xi64>) -> tensor<?x2x5x2xf32>\n"
      "  return %y, %z : tensor<4x2x5x2xf32>, tensor<?x2x5x2xf32>\n}\n",
      {cache, randomInts(random, ElementKind::I32, {4}, 0, 2),
       randomInts(random, ElementKind::I64, {4, 5}, 0, 2)},
      {"func.func(seq-decompose-aggregates)"}, {"seq.cache.reorder"});
}

} // namespace
