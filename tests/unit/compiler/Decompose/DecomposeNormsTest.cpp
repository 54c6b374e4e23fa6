//===- DecomposeNormsTest.cpp - Norms mean the same as generics -----------===//

#include "tests/unit/compiler/Decompose/Comparison.h"

#include <gtest/gtest.h>

using namespace seqc;
using namespace seqc::testing;
using reference::ElementKind;

namespace {

/// One of the ops on a tensor [2, 6, 5], with extents as `type` has them.
struct NormCase {
  const char *name, *op, *type;
  /// Extents of scale and bias; of none, they are absent.
  std::vector<int64_t> affine;
};

class Norms : public ::testing::TestWithParam<NormCase> {};

TEST_P(Norms, MeanTheSame) {
  const auto &[name, op, type, affine] = GetParam();
  Random random(7);
  std::vector<reference::Tensor> inputs = {
      randomFloats(random, ElementKind::F32, {2, 6, 5})};
  std::string text = "func.func @main(%x: " + std::string(type),
              operands = type;
  if (!affine.empty()) {
    std::string vector = "tensor<";
    for (int64_t extent : affine)
      vector += std::to_string(extent) + "x";
    vector += "f32>";
    text += ", %s: " + vector + ", %b: " + vector;
    operands += ", " + vector + ", " + vector;
    inputs.push_back(randomFloats(random, ElementKind::F32, affine));
    inputs.push_back(randomFloats(random, ElementKind::F32, affine));
  }
  bool isNorm = std::string(op).find("norm") != std::string::npos;
  text += ") -> " + std::string(type) + " {\n  %y = " + op +
          (affine.empty() ? "" : " scale(%s) bias(%b)") + " : " +
          (isNorm ? "(" + operands + ") -> " : "") + type +
          "\n  return %y : " + type + "\n}\n";
  expectSameMeaning(text, inputs, {"func.func(seq-decompose-aggregates)"},
                    {"seq.softmax", "seq.norm"});
}

INSTANTIATE_TEST_SUITE_P(
    All, Norms,
    ::testing::Values(
        NormCase{"softmax", "seq.softmax %x dims [2]", "tensor<?x?x?xf32>", {}},
        NormCase{"middle", "seq.softmax %x dims [1]", "tensor<2x?x5xf32>", {}},
        NormCase{"several",
                 "seq.softmax log %x dims [0, 2]",
                 "tensor<?x6x?xf32>",
                 {}},
        NormCase{"layer",
                 "seq.norm layer %x from 2 epsilon 1.0e-2",
                 "tensor<?x?x?xf32>",
                 {5}},
        NormCase{"layer_from_1",
                 "seq.norm layer %x from 1 epsilon 1.0e-2",
                 "tensor<?x6x5xf32>",
                 {6, 5}},
        NormCase{"rms",
                 "seq.norm rms %x from 2 epsilon 1.0e-2",
                 "tensor<?x6x5xf32>",
                 {5}},
        NormCase{"rms_alone",
                 "seq.norm rms %x from 0 epsilon 0.0",
                 "tensor<?x?x?xf32>",
                 {}},
        NormCase{"group",
                 "seq.norm group %x from 1 groups 3 epsilon 1.0e-2",
                 "tensor<?x?x?xf32>",
                 {6}},
        NormCase{"one_group",
                 "seq.norm group %x from 1 epsilon 1.0e-2",
                 "tensor<2x6x5xf32>",
                 {}}),
    [](const auto &info) { return std::string(info.param.name); });

} // namespace
