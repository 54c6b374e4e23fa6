//===- DecomposeQuantizationTest.cpp - Rounding means the same as generics ===//

#include "tests/unit/compiler/Decompose/Comparison.h"

#include <gtest/gtest.h>

using namespace seqc;
using namespace seqc::testing;
using reference::ElementKind;

namespace {

/// Which scale belongs to an element of [3, 6].
struct ScaleCase {
  const char *name, *where, *extents;
  std::vector<int64_t> shape;
};

class Quantization : public ::testing::TestWithParam<ScaleCase> {};

/// Rounds numbers to bytes and back.
TEST_P(Quantization, MeansTheSame) {
  const ScaleCase &scale = GetParam();
  Random random(7);
  for (const char *sign : {"", "unsigned"}) {
    reference::Tensor scales =
        randomFloats(random, ElementKind::F32, scale.shape);
    for (double &number : scales.mutableFloats())
      number = static_cast<float>(number / 64 + (number < 0 ? -0.01 : 0.01));
    std::vector<reference::Tensor> inputs = {
        randomFloats(random, ElementKind::F32, {3, 6}), std::move(scales),
        randomInts(random, ElementKind::I8, scale.shape, -8, 8)};
    std::string s = std::string("tensor<") + scale.extents + "f32>",
                z = std::string("tensor<") + scale.extents + "i8>", by = sign;
    std::string parameters = " scale(%s) zero(%z) " + std::string(scale.where);
    expectSameMeaning(
        "func.func @main(%x: tensor<?x6xf32>, %s: " + s + ", %z: " + z +
            ") -> (tensor<?x6xi8>, tensor<3x6xf32>) {\n  %y = seq.quantize " +
            by + " %x" + parameters + " : (tensor<?x6xf32>, " + s + ", " + z +
            ") -> tensor<?x6xi8>\n  %r = seq.dequantize " + by + " %y" +
            parameters + " : (tensor<?x6xi8>, " + s + ", " + z +
            ") -> tensor<3x6xf32>\n  return %y, %r : tensor<?x6xi8>, "
            "tensor<3x6xf32>\n}\n",
        inputs, {"func.func(seq-decompose-aggregates)"},
        {"seq.quantize", "seq.dequantize"});
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, Quantization,
    ::testing::Values(ScaleCase{"tensor", "", "", {}},
                      ScaleCase{"rows", "axis 0", "?x", {3}},
                      ScaleCase{"columns", "axis 1", "6x", {6}},
                      ScaleCase{"blocks", "axis 1 block 4", "?x2x", {3, 2}}),
    [](const auto &info) { return std::string(info.param.name); });

} // namespace
