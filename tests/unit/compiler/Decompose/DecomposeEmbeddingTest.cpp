//===- DecomposeEmbeddingTest.cpp - Lookups mean the same as generics -----===//

#include "tests/unit/compiler/Decompose/Comparison.h"

#include <gtest/gtest.h>

using namespace seqc;
using namespace seqc::testing;
using reference::ElementKind;

namespace {

/// A form, types of ids [2, 3], of a table [5, 4] and of the result.
struct LookupCase {
  const char *name, *form, *ids, *table, *result;
  ElementKind kind;
  int64_t least;
};

class Lookup : public ::testing::TestWithParam<LookupCase> {};

TEST_P(Lookup, MeansTheSame) {
  const auto &[name, form, ids, table, result, kind, least] = GetParam();
  Random random(7);
  std::vector<reference::Tensor> inputs = {
      randomInts(random, kind, {2, 3}, least, 4),
      randomFloats(random, ElementKind::F32, {5, 4})};
  std::string i = ids, t = table, r = result;
  expectSameMeaning(
      "func.func @main(%i: " + i + ", %t: " + t + ") -> " + r +
          " {\n  %y = seq.embedding " + form + " %i of %t : (" + i + ", " + t +
          ") -> " + r + "\n  return %y : " + r + "\n}\n",
      inputs, {"func.func(seq-decompose-aggregates)"}, {"seq.embedding"});
}

TEST(LookupOfOne, MeansTheSame) {
  Random random(7);
  expectSameMeaning(
      "func.func @main(%i: tensor<i64>, %t: tensor<5x4xf32>) -> tensor<4xf32> "
      "{\n  %y = seq.embedding from_end %i of %t : (tensor<i64>, "
      "tensor<5x4xf32>) -> tensor<4xf32>\n  return %y : tensor<4xf32>\n}\n",
      {randomInts(random, ElementKind::I64, {}, -5, 4),
       randomFloats(random, ElementKind::F32, {5, 4})},
      {"func.func(seq-decompose-aggregates)"}, {"seq.embedding"});
}

INSTANTIATE_TEST_SUITE_P(
    All, Lookup,
    ::testing::Values(LookupCase{"known", "", "tensor<2x3xi32>",
                                 "tensor<5x4xf32>", "tensor<2x3x4xf32>",
                                 ElementKind::I32, 0},
                      LookupCase{"open", "from_end", "tensor<?x?xi64>",
                                 "tensor<?x?xf32>", "tensor<2x?x4xf32>",
                                 ElementKind::I64, -5}),
    [](const auto &info) { return std::string(info.param.name); });

} // namespace
