//===- RecurrenceTest.cpp - Loops over time -------------------------------===//

#include "Program.h"

using namespace seqc::reference;

/// h := x + h / 2, with the clauses given, on [T, B, 1].
static Program makeDecay(const std::string &arguments,
                         const std::string &clauses) {
  return Program("func.func @main(%x: tensor<?x?x1xf32>, %h0: tensor<?x1xf32>" +
                 arguments +
                 R"() -> (tensor<?x?x1xf32>, tensor<?x1xf32>) {
    %out, %last = seq.recurrence scan(%x : tensor<?x?x1xf32>) init(%h0 : tensor<?x1xf32>) )" +
                 clauses + R"( {
    ^bb0(%xt: tensor<?x1xf32>, %h: tensor<?x1xf32>):
      %c = arith.constant 0.5 : f32
      %d = arith.constant 1 : index
      %c0 = arith.constant 0 : index
      %n = tensor.dim %xt, %c0 : tensor<?x1xf32>
      %half = tensor.splat %c[%n] : tensor<?x1xf32>
      %s = arith.mulf %h, %half : tensor<?x1xf32>
      %h1 = arith.addf %xt, %s : tensor<?x1xf32>
      seq.yield %h1, %h1 : tensor<?x1xf32>, tensor<?x1xf32>
    } outputs(tensor<?x?x1xf32>) states(tensor<?x1xf32>)
    return %out, %last : tensor<?x?x1xf32>, tensor<?x1xf32>
  })");
}

static const std::string lengthsArgument = ", %len: tensor<?xi32>";
static const std::string lengthsClause = "lengths(%len : tensor<?xi32>)";

TEST(Recurrence, CarriesState) {
  Tensor x = f32({3, 2, 1}, {1, 10, 2, 20, 3, 30}), h0 = f32({2, 1}, {4, 0});
  auto results = makeDecay("", "").run({x, h0});
  expectFloats(results[0], {3, 2, 1}, {3, 10, 3.5, 25, 4.75, 42.5});
  expectFloats(results[1], {2, 1}, {4.75, 42.5});
}

TEST(Recurrence, RunsBackwards) {
  Tensor x = f32({3, 1, 1}, {1, 2, 3}), h0 = f32({1, 1}, {4});
  auto results = makeDecay("", "reverse").run({x, h0});
  expectFloats(results[0], {3, 1, 1}, {3.25, 4.5, 5});
  expectFloats(results[1], {1, 1}, {3.25});
}

TEST(Recurrence, StopsEachRowAtItsLength) {
  Tensor x = f32({3, 3, 1}, {1, 1, 1, 2, 2, 2, 3, 3, 3}),
         h0 = f32({3, 1}, {8, 8, 8});
  Tensor lengths = i32({3}, {0, 2, 3});
  auto forward =
      makeDecay(lengthsArgument, lengthsClause).run({x, h0, lengths});
  expectFloats(forward[0], {3, 3, 1}, {0, 5, 5, 0, 4.5, 4.5, 0, 0, 5.25});
  expectFloats(forward[1], {3, 1}, {8, 4.5, 5.25});
  // Each row starts at its own last step.
  auto reverse = makeDecay(lengthsArgument, lengthsClause + " reverse")
                     .run({x, h0, lengths});
  expectFloats(reverse[0], {3, 3, 1}, {0, 4, 3.75, 0, 6, 5.5, 0, 0, 7});
  expectFloats(reverse[1], {3, 1}, {8, 4, 3.75});
}

TEST(Recurrence, RefusesLengthsOutsideTheTimeExtent) {
  Program program = makeDecay(lengthsArgument, lengthsClause);
  Tensor x = f32({2, 1, 1}, {1, 2}), h0 = f32({1, 1}, {0});
  EXPECT_THAT(program.getError({x, h0, i32({1}, {3})}),
              testing::AllOf(
                  testing::HasSubstr("'seq.recurrence' at loc("),
                  testing::HasSubstr("length 3 of row 0 is outside [0, 2]")));
  EXPECT_THAT(program.getError({x, h0, i32({1}, {-1})}),
              testing::HasSubstr("length -1"));
  EXPECT_THAT(program.getError({x, h0, i32({2}, {1, 1})}),
              testing::HasSubstr("batch extents differ"));
  EXPECT_THAT(program.getError({x, f32({2, 1}, {0, 0}), i32({1}, {1})}),
              testing::HasSubstr("batch extents differ"));
}

TEST(Recurrence, GivesEmptyOutputsWithoutSteps) {
  auto results =
      makeDecay("", "").run({f32({0, 2, 1}, {}), f32({2, 1}, {4, 5})});
  expectFloats(results[0], {0, 2, 1}, {});
  expectFloats(results[1], {2, 1}, {4, 5});
}

TEST(Recurrence, CountsStepsWithoutInput) {
  Program program(R"(func.func @main(%n: index, %h0: tensor<?xf32>)
      -> (tensor<?x?xf32>, tensor<?xf32>) {
    %out, %last = seq.recurrence init(%h0 : tensor<?xf32>) steps(%n) {
    ^bb0(%h: tensor<?xf32>):
      %h1 = arith.addf %h, %h : tensor<?xf32>
      seq.yield %h1, %h : tensor<?xf32>, tensor<?xf32>
    } outputs(tensor<?x?xf32>) states(tensor<?xf32>)
    return %out, %last : tensor<?x?xf32>, tensor<?xf32>
  })");
  auto results = program.run({Tensor::ofIndex(3), f32({1}, {1})});
  expectFloats(results[0], {3, 1}, {1, 2, 4});
  expectFloats(results[1], {1}, {8});
  EXPECT_THAT(program.getError({Tensor::ofIndex(-1), f32({1}, {1})}),
              testing::HasSubstr("negative"));
}

/// The same cell in the form that stores living rows only.
static const char *flat =
    R"(func.func @main(%x: tensor<?x1xf32>, %h0: tensor<?x1xf32>,
      %counts: tensor<?xindex>) -> (tensor<?x1xf32>, tensor<?x1xf32>) {
    %out, %last = seq.recurrence scan(%x : tensor<?x1xf32>) init(%h0 : tensor<?x1xf32>)
        counts(%counts : tensor<?xindex>) {
    ^bb0(%xt: tensor<?x1xf32>, %h: tensor<?x1xf32>):
      %c = arith.constant 0.5 : f32
      %c0 = arith.constant 0 : index
      %n = tensor.dim %xt, %c0 : tensor<?x1xf32>
      %half = tensor.splat %c[%n] : tensor<?x1xf32>
      %s = arith.mulf %h, %half : tensor<?x1xf32>
      %h1 = arith.addf %xt, %s : tensor<?x1xf32>
      seq.yield %h1, %h1 : tensor<?x1xf32>, tensor<?x1xf32>
    } outputs(tensor<?x1xf32>) states(tensor<?x1xf32>)
    return %out, %last : tensor<?x1xf32>, tensor<?x1xf32>
  })";

static Tensor makeCounts(llvm::ArrayRef<int64_t> values) {
  return Tensor::ofInts(ElementKind::Index,
                        {static_cast<int64_t>(values.size())}, values);
}

TEST(Recurrence, RunsTheFlatForm) {
  // Rows of lengths 3, 2 and 0: the forward case above, sorted.
  Program program(flat);
  Tensor x = f32({5, 1}, {1, 1, 2, 2, 3}), h0 = f32({3, 1}, {8, 8, 8});
  auto results = program.run({x, h0, makeCounts({2, 2, 1})});
  expectFloats(results[0], {5, 1}, {5, 5, 4.5, 4.5, 5.25});
  expectFloats(results[1], {3, 1}, {5.25, 4.5, 8});
  EXPECT_THAT(program.getError({x, h0, makeCounts({2, 3})}),
              testing::HasSubstr("count 3 of step 1 is outside [0, 2]"));
  EXPECT_THAT(program.getError({x, h0, makeCounts({4, 1})}),
              testing::HasSubstr("count 4 of step 0 is outside [0, 3]"));
  EXPECT_THAT(program.getError({x, h0, makeCounts({2, 2})}),
              testing::HasSubstr(
                  "the counts sum to 4, but a scanned input has 5 rows"));
}
