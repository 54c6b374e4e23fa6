//===- LinearRecurrenceTest.cpp - Recurrences linear in their state -------===//

#include "Program.h"

#include <cmath>
#include <limits>

using namespace seqc::reference;

static constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(LinearRecurrence, WritesDecaysAndReads) {
  // One head of two keys and one column; the second step halves the first key.
  Program program(R"(
func.func @main(%s: tensor<1x1x2x1xf32>, %a: tensor<2x1x1x2x1xf32>, %k: tensor<2x1x1x2xf32>,
                %v: tensor<2x1x1x1xf32>, %q: tensor<1x1x1x2xf32>)
    -> (tensor<1x1x2x1xf32>, tensor<2x1x1x1xf32>) {
  %f, %o = seq.linear_recurrence real init(%s : tensor<1x1x2x1xf32>) decay(%a : tensor<2x1x1x2x1xf32>)
      key(%k : tensor<2x1x1x2xf32>) value(%v : tensor<2x1x1x1xf32>) query(%q : tensor<1x1x1x2xf32>)
      -> tensor<1x1x2x1xf32>, tensor<2x1x1x1xf32>
  return %f, %o : tensor<1x1x2x1xf32>, tensor<2x1x1x1xf32>
})");
  auto results = program.run(
      {f32({1, 1, 2, 1}, {8, 4}), f32({2, 1, 1, 2, 1}, {1, 1, 0.5, 1}),
       f32({2, 1, 1, 2}, {1, 0, 0, 2}), f32({2, 1, 1, 1}, {2, 3}),
       f32({1, 1, 1, 2}, {1, 10})});
  // {8 + 2, 4}, then {10 / 2, 4 + 6}.
  expectFloats(results[0], {1, 1, 2, 1}, {5, 10});
  expectFloats(results[1], {2, 1, 1, 1}, {10 + 40, 5 + 100});
}

TEST(LinearRecurrence, ErasesWhatItFinds) {
  // The delta rule with a unit key and full strength replaces what lies there.
  Program program(R"(
func.func @main(%s: tensor<1x1x2x2xf32>, %k: tensor<1x1x1x2xf32>, %v: tensor<1x1x1x2xf32>)
    -> tensor<1x1x2x2xf32> {
  %f = seq.linear_recurrence real init(%s : tensor<1x1x2x2xf32>) lookup(%k : tensor<1x1x1x2xf32>)
      erase(%k : tensor<1x1x1x2xf32>) key(%k : tensor<1x1x1x2xf32>) value(%v : tensor<1x1x1x2xf32>)
      -> tensor<1x1x2x2xf32>
  return %f : tensor<1x1x2x2xf32>
})");
  Tensor final =
      program.run({f32({1, 1, 2, 2}, {1, 2, 3, 4}), f32({1, 1, 1, 2}, {0, 1}),
                   f32({1, 1, 1, 2}, {7, 9})})[0];
  expectFloats(final, {1, 1, 2, 2}, {1, 2, 7, 9});
}

/// The forward algorithm (or the best path's score) of a hidden Markov model
/// of two states, for rows of lengths 2 and 1.
static llvm::SmallVector<Tensor> runForward(const std::string &semiring) {
  Program program(
      R"(
func.func @main(%s: tensor<2x1x2x1xf32>, %m: tensor<1x1x1x2x2xf32>, %e: tensor<2x2x1x2x1xf32>, %n: tensor<2xi32>)
    -> (tensor<2x1x2x1xf32>, tensor<2x2x1x2x1xf32>) {
  %f, %o = seq.linear_recurrence )" +
      semiring +
      R"( init(%s : tensor<2x1x2x1xf32>) matrix(%m : tensor<1x1x1x2x2xf32>)
      decay(%e : tensor<2x2x1x2x1xf32>) lengths(%n : tensor<2xi32>) -> tensor<2x1x2x1xf32>, tensor<2x2x1x2x1xf32>
  return %f, %o : tensor<2x1x2x1xf32>, tensor<2x2x1x2x1xf32>
})");
  // From state 0 to 0 and 1: 0.9 and 0.1; from 1: 0.5 and 0.5. Both rows start
  // in state 0, and emissions are 0.5 and 0.25, then 1 and 0.
  double h = std::log(0.5);
  return program.run(
      {f32({2, 1, 2, 1}, {0, -kInf, 0, -kInf}),
       f32({1, 1, 1, 2, 2}, {std::log(0.9), h, std::log(0.1), h}),
       f32({2, 2, 1, 2, 1}, {h, 2 * h, h, 2 * h, 0, -kInf, 0, -kInf}),
       i32({2}, {2, 1})});
}

TEST(LinearRecurrence, SumsProbabilitiesOfPaths) {
  auto results = runForward("log");
  double first = std::log(0.45), second = std::log(0.025);
  expectFloats(results[0], {2, 1, 2, 1},
               {std::log(0.45 * 0.9 + 0.025 * 0.5), -kInf, first, second});
  expectFloats(results[1], {2, 2, 1, 2, 1},
               {first, second, first, second,
                std::log(0.45 * 0.9 + 0.025 * 0.5), -kInf, 0, 0});
}

TEST(LinearRecurrence, FindsTheBestPath) {
  expectFloats(runForward("max_plus")[0], {2, 1, 2, 1},
               {std::log(0.45 * 0.9), -kInf, std::log(0.45), std::log(0.025)});
}

TEST(LinearRecurrence, RunsBackwards) {
  Program program(R"(
func.func @main(%s: tensor<1x1x1x1xf32>, %a: tensor<1x1x1x1x1xf32>, %v: tensor<3x1x1x1xf32>)
    -> (tensor<1x1x1x1xf32>, tensor<3x1x1x1x1xf32>) {
  %f, %o = seq.linear_recurrence real init(%s : tensor<1x1x1x1xf32>) decay(%a : tensor<1x1x1x1x1xf32>)
      value(%v : tensor<3x1x1x1xf32>) reverse -> tensor<1x1x1x1xf32>, tensor<3x1x1x1x1xf32>
  return %f, %o : tensor<1x1x1x1xf32>, tensor<3x1x1x1x1xf32>
})");
  auto results =
      program.run({f32({1, 1, 1, 1}, {16}), f32({1, 1, 1, 1, 1}, {0.5}),
                   f32({3, 1, 1, 1}, {1, 2, 3})});
  expectFloats(results[0], {1, 1, 1, 1}, {4.75});
  expectFloats(results[1], {3, 1, 1, 1, 1}, {4.75, 7.5, 11});
}

TEST(LinearRecurrence, HeadsShareAndMultiply) {
  // Two heads of the state share one key and value, and have two readers each.
  Program program(R"(
func.func @main(%s: tensor<1x2x1x1xf32>, %v: tensor<1x1x1x1xf32>, %q: tensor<1x1x4x1xf32>) -> tensor<1x1x4x1xf32> {
  %f, %o = seq.linear_recurrence real init(%s : tensor<1x2x1x1xf32>) value(%v : tensor<1x1x1x1xf32>)
      query(%q : tensor<1x1x4x1xf32>) -> tensor<1x2x1x1xf32>, tensor<1x1x4x1xf32>
  return %o : tensor<1x1x4x1xf32>
})");
  expectFloats(program.run({f32({1, 2, 1, 1}, {10, 20}), f32({1, 1, 1, 1}, {1}),
                            f32({1, 1, 4, 1}, {1, 2, 3, 4})})[0],
               {1, 1, 4, 1}, {11, 22, 63, 84});
}

TEST(LinearRecurrence, NamesLengthsThatDoNotFit) {
  Program program(R"(
func.func @main(%s: tensor<?x1x1x1xf32>, %v: tensor<?x?x1x1xf32>, %n: tensor<?xi32>) -> tensor<?x1x1x1xf32> {
  %f = seq.linear_recurrence real init(%s : tensor<?x1x1x1xf32>) value(%v : tensor<?x?x1x1xf32>)
      lengths(%n : tensor<?xi32>) -> tensor<?x1x1x1xf32>
  return %f : tensor<?x1x1x1xf32>
})");
  Tensor state = f32({1, 1, 1, 1}, {0}), value = f32({2, 1, 1, 1}, {1, 2});
  EXPECT_THAT(program.getError({state, value, i32({1}, {3})}),
              testing::HasSubstr("length 3 is not in 0 to 2"));
  EXPECT_THAT(program.getError({state, value, i32({2}, {1, 1})}),
              testing::HasSubstr("lengths"));
  EXPECT_THAT(
      program.getError(
          {f32({3, 1, 1, 1}, {0, 0, 0}), value, i32({3}, {1, 1, 1})}),
      testing::HasSubstr("extent 1 of dimension 1 of an operand is not 3"));
}
