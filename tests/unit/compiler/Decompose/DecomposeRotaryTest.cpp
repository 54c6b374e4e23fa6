//===- DecomposeRotaryTest.cpp - Rotations mean the same as generics ------===//

#include "tests/unit/compiler/Decompose/Comparison.h"

#include <gtest/gtest.h>

using namespace seqc;
using namespace seqc::testing;
using reference::ElementKind;

namespace {

/// A form of the op, and what is known of the extents [2, 3, 4, 7].
struct RotaryCase {
  const char *name, *form, *type, *table;
  int64_t rows;
};

class Rotary : public ::testing::TestWithParam<RotaryCase> {};

TEST_P(Rotary, MeansTheSame) {
  const auto &[name, form, type, table, rows] = GetParam();
  Random random(7);
  std::vector<reference::Tensor> inputs = {
      randomFloats(random, ElementKind::F32, {2, 3, 4, 7}),
      randomFloats(random, ElementKind::F32, {rows, 4, 3}),
      randomFloats(random, ElementKind::F32, {rows, 4, 3})};
  std::string x = type, t = table;
  expectSameMeaning(
      "func.func @main(%x: " + x + ", %c: " + t + ", %s: " + t + ") -> " + x +
          " {\n  %y = seq.rotary " + form + " %x cosine(%c) sine(%s) : " + x +
          ", " + t + ", " + t + "\n  return %y : " + x + "\n}\n",
      inputs, {"func.func(seq-decompose-aggregates)"}, {"seq.rotary"});
}

INSTANTIATE_TEST_SUITE_P(
    All, Rotary,
    ::testing::Values(
        RotaryCase{"halves", "", "tensor<?x3x?x7xf32>", "tensor<?x?x3xf32>", 2},
        RotaryCase{"shared", "", "tensor<2x3x4x7xf32>", "tensor<1x4x3xf32>", 1},
        RotaryCase{"neighbours", "interleaved", "tensor<?x?x?x7xf32>",
                   "tensor<?x?x3xf32>", 2}),
    [](const auto &info) { return std::string(info.param.name); });

} // namespace
