//===- InterpreterTest.cpp - Errors, bounds and observation ---------------===//

#include "Program.h"

using namespace seqc::reference;

TEST(Interpreter, ChecksItsInputs) {
  Program program("func.func @main(%a: tensor<?x2xf32>) -> tensor<?x2xf32> {\n"
                  "  return %a : tensor<?x2xf32>\n}");
  expectFloats(program.run({f32({1, 2}, {1, 2})})[0], {1, 2}, {1, 2});
  EXPECT_EQ(program.getError({}, "other"),
            "the module has no function 'other'");
  EXPECT_THAT(program.getError({}),
              testing::HasSubstr("found 0 values for a block with 1"));
  EXPECT_THAT(program.getError({f32({1, 3}, {1, 2, 3})}),
              testing::HasSubstr("argument 0 has shape 1x3, required ?x2"));
  EXPECT_THAT(
      program.getError({i32({1, 2}, {1, 2})}),
      testing::HasSubstr("argument 0 has elements of type i32, required f32"));
  EXPECT_THAT(program.getError({f32({2}, {1, 2})}),
              testing::HasSubstr("argument 0 has shape 2, required ?x2"));
}

TEST(Interpreter, NamesWhatItDoesNotKnow) {
  Program program("func.func @main(%a: tensor<4xf32>) -> tensor<4xf32> {\n"
                  "  %r = linalg.softmax dimension(0) ins(%a : tensor<4xf32>) "
                  "outs(%a : tensor<4xf32>) -> tensor<4xf32>\n"
                  "  return %r : tensor<4xf32>\n}");
  EXPECT_THAT(program.getError({f32({4}, {1, 2, 3, 4})}),
              testing::AllOf(testing::HasSubstr("'linalg.softmax' at loc("),
                             testing::HasSubstr("does not know this op")));
  Program branches("func.func @main() {\n  cf.br ^next\n^next:\n  return\n}");
  EXPECT_THAT(branches.getError({}),
              testing::HasSubstr("has more than one block"));
}

TEST(Interpreter, BoundsRecursion) {
  Program program("func.func @main(%a: i32) -> i32 {\n"
                  "  %r = call @main(%a) : (i32) -> i32\n  return %r : i32\n}");
  EXPECT_THAT(program.getError({i32({}, 1)}),
              testing::HasSubstr("nest deeper than 200"));
}

TEST(Interpreter, BoundsMemory) {
  Program program("func.func @main(%n: index) -> tensor<?x?xf32> {\n"
                  "  %e = tensor.empty(%n, %n) : tensor<?x?xf32>\n"
                  "  return %e : tensor<?x?xf32>\n}");
  EXPECT_THAT(program.getError({Tensor::ofIndex(1 << 20)}),
              testing::HasSubstr("exceeds"));
  EXPECT_THAT(program.getError({Tensor::ofIndex(int64_t(1) << 40)}),
              testing::HasSubstr("1099511627776x1099511627776 exceeds"));
  EXPECT_THAT(program.getError({Tensor::ofIndex(-1)}),
              testing::HasSubstr("negative"));
}

TEST(Interpreter, BoundsTime) {
  InterpreterOptions options;
  options.maxOperations = 1000;
  Program program(
      "func.func @main() {\n"
      "  %true = arith.constant true\n"
      "  scf.while : () -> () {\n    scf.condition(%true)\n  } do {\n"
      "    scf.yield\n  }\n  return\n}",
      {}, options);
  EXPECT_THAT(program.getError({}),
              testing::HasSubstr("the run exceeds 1000 steps"));
}

TEST(Interpreter, RecoversFromAFailedRun) {
  Program program("func.func @main(%a: i32, %b: i32) -> i32 {\n"
                  "  %r = arith.divsi %a, %b : i32\n  return %r : i32\n}");
  EXPECT_NE(program.getError({i32({}, 6), i32({}, 0)}), "");
  EXPECT_EQ(program.run({i32({}, 6), i32({}, 2)})[0].scalar().i, 3);
}

TEST(Interpreter, ReportsEveryOpToAProbe) {
  Program program(R"(func.func @main(%a: tensor<2xf32>) -> tensor<2xf32> {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %r = scf.for %i = %c0 to %c2 step %c1 iter_args(%x = %a) -> tensor<2xf32> {
      %y = arith.addf %x, %x : tensor<2xf32>
      scf.yield %y : tensor<2xf32>
    }
    return %r : tensor<2xf32>
  })");
  std::vector<std::pair<std::string, double>> seen;
  program.getInterpreter().setProbe(
      [&](mlir::Operation &op, llvm::ArrayRef<Tensor> results) {
        if (results.front().isFloat())
          seen.emplace_back(op.getName().getStringRef().str(),
                            results.front().floats()[1]);
      });
  program.run({f32({2}, {1, 3})});
  EXPECT_THAT(seen, testing::ElementsAre(testing::Pair("arith.addf", 6),
                                         testing::Pair("arith.addf", 12),
                                         testing::Pair("scf.for", 12)));
}
