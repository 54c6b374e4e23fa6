//===- QuantizationTest.cpp - Numbers that integers stand for -------------===//

#include "Program.h"

#include <cmath>

using namespace seqc::reference;

static Program makeUnary(const std::string &op, const std::string &from,
                         const std::string &parameters,
                         const std::string &arguments, const std::string &to,
                         const std::string &types) {
  return Program("func.func @main(%x: " + from + arguments + ") -> " + to +
                 " {\n  %y = seq." + op + " %x " + parameters + " : (" + from +
                 types + ") -> " + to + "\n  return %y : " + to + "\n}");
}

TEST(Quantization, RoundsToEvenAndLimits) {
  Program program =
      makeUnary("quantize", "tensor<6xf32>", "scale(%s)", ", %s: tensor<f32>",
                "tensor<6xi8>", ", tensor<f32>");
  expectInts(
      program.run({f32({6}, {1, 3, -5, 1000, -1000, NAN}), f32({}, {2})})[0],
      {6}, {0, 2, -2, 127, -128, 0});
}

TEST(Quantization, UnsignedNumbersHaveAZeroPoint) {
  Program program =
      makeUnary("quantize unsigned", "tensor<4xf32>", "scale(%s) zero(%z)",
                ", %s: tensor<f32>, %z: tensor<i8>", "tensor<4xi8>",
                ", tensor<f32>, tensor<i8>");
  Tensor zero = Tensor::ofInts(ElementKind::I8, {}, {-56}); // 200
  // 255 is the greatest.
  expectInts(
      program.run({f32({4}, {0, -1, 500, -500}), f32({}, {0.5}), zero})[0], {4},
      {-56, 198 - 256, -1, 0});
}

TEST(Quantization, ScalesBelongToIndices) {
  Program program =
      makeUnary("dequantize", "tensor<2x3xi8>", "scale(%s) zero(%z) axis 1",
                ", %s: tensor<3xf32>, %z: tensor<3xi8>", "tensor<2x3xf32>",
                ", tensor<3xf32>, tensor<3xi8>");
  expectFloats(
      program.run(
          {Tensor::ofInts(ElementKind::I8, {2, 3}, {1, 2, 3, -4, -5, -6}),
           f32({3}, {1, 0.5, 2}),
           Tensor::ofInts(ElementKind::I8, {3}, {0, 1, -1})})[0],
      {2, 3}, {1, 0.5, 8, -4, -3, -10});
}

TEST(Quantization, ScalesBelongToBlocks) {
  Program program = makeUnary(
      "dequantize unsigned", "tensor<3x2xi8>", "scale(%s) axis 0 block 2",
      ", %s: tensor<2x2xf32>", "tensor<3x2xf32>", ", tensor<2x2xf32>");
  expectFloats(
      program.run({Tensor::ofInts(ElementKind::I8, {3, 2}, {-1, 1, 2, 3, 4, 5}),
                   f32({2, 2}, {1, 10, 100, 1000})})[0],
      {3, 2}, {255, 10, 2, 30, 400, 5000});
}
