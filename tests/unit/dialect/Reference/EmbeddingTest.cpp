//===- EmbeddingTest.cpp - Rows of a table by their numbers ---------------===//

#include "Program.h"

using namespace seqc::reference;

TEST(Embedding, LooksUpRows) {
  Program program("func.func @main(%i: tensor<2x2xi32>, %t: tensor<3x2xf32>) "
                  "-> tensor<2x2x2xf32> {\n  %y = seq.embedding %i of %t : "
                  "(tensor<2x2xi32>, tensor<3x2xf32>) -> tensor<2x2x2xf32>\n  "
                  "return %y : tensor<2x2x2xf32>\n}");
  Tensor table = f32({3, 2}, {0, 1, 10, 11, 20, 21});
  expectFloats(program.run({i32({2, 2}, {2, 0, 1, 2}), table})[0], {2, 2, 2},
               {20, 21, 0, 1, 10, 11, 20, 21});
  EXPECT_THAT(program.getError({i32({2, 2}, {2, 0, 3, 2}), table}),
              testing::HasSubstr("id 3 is outside of a table of 3 entries"));
  EXPECT_THAT(program.getError({i32({2, 2}, {2, 0, -1, 2}), table}),
              testing::HasSubstr("id -1 is outside of a table of 3 entries"));
}

TEST(Embedding, CountsFromTheEnd) {
  Program program("func.func @main(%i: tensor<3xi32>, %t: tensor<3xf32>) -> "
                  "tensor<3xf32> {\n  %y = seq.embedding from_end %i of %t : "
                  "(tensor<3xi32>, tensor<3xf32>) -> tensor<3xf32>\n  return "
                  "%y : tensor<3xf32>\n}");
  Tensor table = f32({3}, {5, 6, 7});
  expectFloats(program.run({i32({3}, {-1, 0, -3}), table})[0], {3}, {7, 5, 5});
  EXPECT_THAT(program.getError({i32({3}, {-1, -4, 0}), table}),
              testing::HasSubstr("id -4 is outside of a table of 3 entries"));
}

TEST(Embedding, LooksUpNumbersAndTensors) {
  Program program(
      "func.func @main(%i: tensor<i32>, %t: tensor<2xi32>, %u: "
      "tensor<2x1x2xi32>) -> (tensor<i32>, tensor<1x2xi32>) {\n  %y = "
      "seq.embedding %i of %t : (tensor<i32>, tensor<2xi32>) -> tensor<i32>\n "
      " %z = seq.embedding %i of %u : (tensor<i32>, tensor<2x1x2xi32>) -> "
      "tensor<1x2xi32>\n  return %y, %z : tensor<i32>, tensor<1x2xi32>\n}");
  auto results = program.run(
      {i32({}, {1}), i32({2}, {5, 6}), i32({2, 1, 2}, {1, 2, 3, 4})});
  expectInts(results[0], {}, {6});
  expectInts(results[1], {1, 2}, {3, 4});
}
