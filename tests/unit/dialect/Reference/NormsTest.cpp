//===- NormsTest.cpp - Softmax and normalisation --------------------------===//

#include "Program.h"

#include <cmath>
#include <limits>

using namespace seqc::reference;

static constexpr double kInf = std::numeric_limits<double>::infinity();

/// A function of one tensor, and of more operands.
static Program makeUnary(const std::string &op, const std::string &arguments,
                         const std::string &type) {
  return Program("func.func @main(" + arguments + ") -> " + type +
                 " {\n  %y = " + op + "\n  return %y : " + type + "\n}");
}

TEST(Norms, SharesSumToOne) {
  Program program = makeUnary("seq.softmax %x dims [1] : tensor<?x2xf32>",
                              "%x: tensor<?x2xf32>", "tensor<?x2xf32>");
  double e = std::exp(1.0);
  // Equal scores, scores that differ by 1, and ones that would overflow.
  expectFloats(program.run({f32({3, 2}, {5, 5, 1, 2, 1000, -1000})})[0], {3, 2},
               {0.5, 0.5, 1 / (1 + e), e / (1 + e), 1, 0});
}

TEST(Norms, SharesAlongSeveralDimensions) {
  Program program =
      makeUnary("seq.softmax log %x dims [0, 2] : tensor<2x2x1xf32>",
                "%x: tensor<2x2x1xf32>", "tensor<2x2x1xf32>");
  double third = std::log(3.0);
  // Columns {0, ln 3} and {7, 7}.
  expectFloats(
      program.run({f32({2, 2, 1}, {0, 7, third, 7})})[0], {2, 2, 1},
      {-std::log(4.0), -std::log(2.0), third - std::log(4.0), -std::log(2.0)});
}

TEST(Norms, NothingButMinusInfinityHasNoShares) {
  Program program = makeUnary("seq.softmax %x dims [1] : tensor<?x2xf32>",
                              "%x: tensor<?x2xf32>", "tensor<?x2xf32>");
  Tensor y =
      program.run({f32({3, 2}, {-kInf, -kInf, kInf, 1, std::nan(""), 1})})[0];
  for (double share : y.floats())
    EXPECT_TRUE(std::isnan(share));
  expectFloats(program.run({f32({1, 2}, {-kInf, 3})})[0], {1, 2}, {0, 1});
}

TEST(Norms, LayerNormHasMeanAndDeviation) {
  Program program = makeUnary(
      "seq.norm layer %x from 1 epsilon 3.0 scale(%s) bias(%b) : "
      "(tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x2xf32>",
      "%x: tensor<?x2xf32>, %s: tensor<2xf32>, %b: tensor<2xf32>",
      "tensor<?x2xf32>");
  // Mean 3 and variance 1; mean 0 and variance 6.
  double root = std::sqrt(6.0);
  expectFloats(program.run({f32({2, 2}, {2, 4, root, -root}), f32({2}, {1, 10}),
                            f32({2}, {0, 100})})[0],
               {2, 2}, {-0.5, 105, root / 3, 100 - 10 * root / 3});
}

TEST(Norms, RmsNormHasNoMean) {
  Program program =
      makeUnary("seq.norm rms %x from 1 epsilon 2.0 : (tensor<?x2xf32>) -> "
                "tensor<?x2xf32>",
                "%x: tensor<?x2xf32>", "tensor<?x2xf32>");
  // The mean of the squares 1 and 13 is 7, and 9 with epsilon.
  expectFloats(program.run({f32({1, 2}, {1, std::sqrt(13.0)})})[0], {1, 2},
               {1.0 / 3, std::sqrt(13.0) / 3});
}

TEST(Norms, GroupsHaveMomentsOfTheirOwn) {
  Program program =
      makeUnary("seq.norm group %x from 0 groups 2 epsilon 0.0 scale(%s) : "
                "(tensor<?x2xf32>, tensor<?xf32>) -> tensor<?x2xf32>",
                "%x: tensor<?x2xf32>, %s: tensor<?xf32>", "tensor<?x2xf32>");
  // Channels 0 and 1 are {-3, -3, 3, 3}, 2 and 3 are {8, 12, 8, 12}.
  expectFloats(program.run({f32({4, 2}, {-3, -3, 3, 3, 8, 12, 8, 12}),
                            f32({4}, {1, 2, 3, 4})})[0],
               {4, 2}, {-1, -1, 2, 2, -3, 3, -4, 4});
  EXPECT_THAT(program.getError({f32({3, 1}, {1, 2, 3}), f32({3}, {1, 2, 3})}),
              testing::HasSubstr("shape"));
  EXPECT_THAT(
      program.getError({f32({3, 2}, {1, 2, 3, 4, 5, 6}), f32({3}, {1, 2, 3})}),
      testing::HasSubstr("3 channels are no multiple of 2 groups"));
  EXPECT_THAT(
      program.getError({f32({2, 2}, {1, 2, 3, 4}), f32({3}, {1, 2, 3})}),
      testing::HasSubstr("scale"));
}
