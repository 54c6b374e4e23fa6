//===- RotaryTest.cpp - Rotary embedding ----------------------------------===//

#include "Program.h"

using namespace seqc::reference;

/// One step of one head with 5 features and 2 angles: a quarter turn, and one
/// of 3-4-5.
static std::vector<double> rotate(const std::string &form) {
  Program program("func.func @main(%x: tensor<1x1x1x5xf32>, %c: "
                  "tensor<1x1x2xf32>, %s: tensor<1x1x2xf32>) -> "
                  "tensor<1x1x1x5xf32> {\n  %y = seq.rotary " +
                  form +
                  " %x cosine(%c) sine(%s) : tensor<1x1x1x5xf32>, "
                  "tensor<1x1x2xf32>, tensor<1x1x2xf32>\n  return %y : "
                  "tensor<1x1x1x5xf32>\n}");
  Tensor y =
      program.run({f32({1, 1, 1, 5}, {10, 20, 30, 40, 50}),
                   f32({1, 1, 2}, {0, 0.6}), f32({1, 1, 2}, {1, 0.8})})[0];
  return {y.floats().begin(), y.floats().end()};
}

static void expectClose(const std::vector<double> &got,
                        const std::vector<double> &want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], want[i], 1e-5) << i;
}

TEST(Rotary, TurnsFeaturesOfBothHalves) {
  // Pairs (10, 30) and (20, 40).
  expectClose(rotate(""), {-30, 12 - 32, 10, 24 + 16, 50});
}

TEST(Rotary, TurnsNeighbours) {
  // Pairs (10, 20) and (30, 40).
  expectClose(rotate("interleaved"), {-20, 10, 18 - 32, 24 + 24, 50});
}

TEST(Rotary, HasRowsForBatchesAndSteps) {
  Program program(
      "func.func @main(%x: tensor<2x2x2x2xf32>, %c: tensor<2x2x1xf32>, %s: "
      "tensor<1x2x1xf32>) -> tensor<2x2x2x2xf32> {\n  %y = seq.rotary %x "
      "cosine(%c) sine(%s) : tensor<2x2x2x2xf32>, tensor<2x2x1xf32>, "
      "tensor<1x2x1xf32>\n  return %y : tensor<2x2x2x2xf32>\n}");
  expectFloats(
      program.run(
          {f32({2, 2, 2, 2}, {1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0}),
           f32({2, 2, 1}, {1, 2, 3, 4}), f32({1, 2, 1}, {5, 6})})[0],
      {2, 2, 2, 2}, {1, 5, 2, 6, 1, 5, 2, 6, 3, 5, 4, 6, 3, 5, 4, 6});
}
