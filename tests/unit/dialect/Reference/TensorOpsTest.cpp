//===- TensorOpsTest.cpp - Ops of the tensor dialect ----------------------===//

#include "Program.h"

#include <cmath>

using namespace seqc::reference;

TEST(TensorOps, MakesTensors) {
  Program program(R"(func.func @main(%n: index, %x: f32) -> (
      tensor<2x?xf32>, tensor<?xf32>, tensor<2xf32>, tensor<?x2xindex>) {
    %e = tensor.empty(%n) : tensor<2x?xf32>
    %s = tensor.splat %x[%n] : tensor<?xf32>
    %y = arith.negf %x : f32
    %f = tensor.from_elements %x, %y : tensor<2xf32>
    %g = tensor.generate %n {
    ^bb0(%i: index, %j: index):
      %k = arith.muli %i, %n : index
      %l = arith.addi %k, %j : index
      tensor.yield %l : index
    } : tensor<?x2xindex>
    return %e, %s, %f, %g : tensor<2x?xf32>, tensor<?xf32>, tensor<2xf32>, tensor<?x2xindex>
  })");
  auto results =
      program.run({Tensor::ofIndex(3), Tensor::ofFloat(ElementKind::F32, 1.5)});
  // Elements that nobody wrote are NaN, so that using them shows.
  expectFloats(results[0], {2, 3}, {NAN, NAN, NAN, NAN, NAN, NAN});
  expectFloats(results[1], {3}, {1.5, 1.5, 1.5});
  expectFloats(results[2], {2}, {1.5, -1.5});
  expectInts(results[3], {3, 2}, {0, 1, 3, 4, 6, 7});
}

TEST(TensorOps, ReadsAndWritesElements) {
  Program program(R"(func.func @main(%t: tensor<?x?xf32>, %i: index, %j: index)
      -> (f32, tensor<?x?xf32>, index, index) {
    %c1 = arith.constant 1 : index
    %x = tensor.extract %t[%i, %j] : tensor<?x?xf32>
    %y = arith.addf %x, %x : f32
    %u = tensor.insert %y into %t[%j, %i] : tensor<?x?xf32>
    %d = tensor.dim %u, %c1 : tensor<?x?xf32>
    %r = tensor.rank %u : tensor<?x?xf32>
    return %x, %u, %d, %r : f32, tensor<?x?xf32>, index, index
  })");
  Tensor t = f32({2, 2}, {1, 2, 3, 4});
  auto results = program.run({t, Tensor::ofIndex(0), Tensor::ofIndex(1)});
  EXPECT_EQ(results[0].scalar().f, 2);
  expectFloats(results[1], {2, 2}, {1, 2, 4, 4});
  EXPECT_EQ(results[2].scalar().i, 2);
  EXPECT_EQ(results[3].scalar().i, 2);
  expectFloats(t, {2, 2}, {1, 2, 3, 4});
  EXPECT_THAT(program.getError({t, Tensor::ofIndex(2), Tensor::ofIndex(0)}),
              testing::HasSubstr(
                  "index 2 is out of range for extent 2 of dimension 0"));
  EXPECT_THAT(program.getError({t, Tensor::ofIndex(-1), Tensor::ofIndex(0)}),
              testing::HasSubstr("index -1 is out of range"));
}

TEST(TensorOps, CutsSlices) {
  Program program(R"(func.func @main(%t: tensor<3x4xf32>, %i: index, %n: index)
      -> (tensor<?x2xf32>, tensor<4xf32>, tensor<3xf32>) {
    %a = tensor.extract_slice %t[%i, 0] [%n, 2] [1, 3] : tensor<3x4xf32> to tensor<?x2xf32>
    %b = tensor.extract_slice %t[%i, 0] [1, 4] [1, 1] : tensor<3x4xf32> to tensor<4xf32>
    %c = tensor.extract_slice %t[0, %i] [3, 1] [1, 1] : tensor<3x4xf32> to tensor<3xf32>
    return %a, %b, %c : tensor<?x2xf32>, tensor<4xf32>, tensor<3xf32>
  })");
  Tensor t = f32({3, 4}, {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23});
  auto results = program.run({t, Tensor::ofIndex(1), Tensor::ofIndex(2)});
  expectFloats(results[0], {2, 2}, {10, 13, 20, 23});
  expectFloats(results[1], {4}, {10, 11, 12, 13});
  expectFloats(results[2], {3}, {1, 11, 21});
  EXPECT_THAT(program.getError({t, Tensor::ofIndex(2), Tensor::ofIndex(2)}),
              testing::HasSubstr("leaves extent 3 of dimension 0"));
  EXPECT_THAT(
      program.getError({t, Tensor::ofIndex(0), Tensor::ofIndex(INT64_MAX)}),
      testing::HasSubstr("leaves extent 3"));
}

TEST(TensorOps, PutsSlices) {
  Program program(
      R"(func.func @main(%s: tensor<2xf32>, %t: tensor<?x4xf32>, %i: index)
      -> tensor<?x4xf32> {
    %r = tensor.insert_slice %s into %t[%i, 1] [1, 2] [1, 2] : tensor<2xf32> into tensor<?x4xf32>
    return %r : tensor<?x4xf32>
  })");
  Tensor t = f32({2, 4}, {0, 1, 2, 3, 4, 5, 6, 7});
  auto results = program.run({f32({2}, {-1, -2}), t, Tensor::ofIndex(1)});
  expectFloats(results[0], {2, 4}, {0, 1, 2, 3, 4, -1, 6, -2});
  EXPECT_THAT(program.getError({f32({2}, {-1, -2}), t, Tensor::ofIndex(2)}),
              testing::HasSubstr("leaves extent 2"));
}

TEST(TensorOps, Reshapes) {
  Program program(
      R"(func.func @main(%t: tensor<?x2x3xf32>, %n: index, %s: tensor<2xi32>)
      -> (tensor<?x3xf32>, tensor<?x3x2xf32>, tensor<?x?xf32>) {
    %a = tensor.collapse_shape %t [[0, 1], [2]] : tensor<?x2x3xf32> into tensor<?x3xf32>
    %b = tensor.collapse_shape %t [[0, 1, 2]] : tensor<?x2x3xf32> into tensor<?xf32>
    %c = tensor.expand_shape %b [[0, 1, 2]] output_shape [%n, 3, 2]
        : tensor<?xf32> into tensor<?x3x2xf32>
    %d = tensor.reshape %t(%s) : (tensor<?x2x3xf32>, tensor<2xi32>) -> tensor<?x?xf32>
    return %a, %c, %d : tensor<?x3xf32>, tensor<?x3x2xf32>, tensor<?x?xf32>
  })");
  Tensor t = f32({1, 2, 3}, {1, 2, 3, 4, 5, 6});
  auto results = program.run({t, Tensor::ofIndex(1), i32({2}, {6, 1})});
  expectFloats(results[0], {2, 3}, {1, 2, 3, 4, 5, 6});
  expectFloats(results[1], {1, 3, 2}, {1, 2, 3, 4, 5, 6});
  expectFloats(results[2], {6, 1}, {1, 2, 3, 4, 5, 6});
  EXPECT_THAT(program.getError({t, Tensor::ofIndex(2), i32({2}, {6, 1})}),
              testing::HasSubstr("does not expand to 2x3x2"));
  EXPECT_THAT(program.getError({t, Tensor::ofIndex(1), i32({2}, {-6, -1})}),
              testing::HasSubstr("the source has shape 1x2x3"));
}

TEST(TensorOps, JoinsAndPads) {
  Program program(
      R"(func.func @main(%a: tensor<2x?xf32>, %b: tensor<2x1xf32>, %x: f32, %n: index)
      -> (tensor<2x?xf32>, tensor<3x?xf32>) {
    %c = tensor.concat dim(1) %a, %b : (tensor<2x?xf32>, tensor<2x1xf32>) -> tensor<2x?xf32>
    %p = tensor.pad %b low[0, %n] high[1, 0] {
    ^bb0(%i: index, %j: index):
      tensor.yield %x : f32
    } : tensor<2x1xf32> to tensor<3x?xf32>
    return %c, %p : tensor<2x?xf32>, tensor<3x?xf32>
  })");
  Tensor a = f32({2, 2}, {1, 2, 3, 4}), b = f32({2, 1}, {5, 6});
  Tensor x = Tensor::ofFloat(ElementKind::F32, 9);
  auto results = program.run({a, b, x, Tensor::ofIndex(1)});
  expectFloats(results[0], {2, 3}, {1, 2, 5, 3, 4, 6});
  expectFloats(results[1], {3, 2}, {9, 5, 9, 6, 9, 9});
  EXPECT_THAT(program.getError({a, b, x, Tensor::ofIndex(-1)}),
              testing::HasSubstr("negative padding"));
}

TEST(TensorOps, GathersAndScatters) {
  Program program(
      R"(func.func @main(%t: tensor<3x2xf32>, %i: tensor<?x1xi32>, %s: tensor<?x1x2xf32>)
      -> (tensor<?x2xf32>, tensor<?x1x2xf32>, tensor<3x2xf32>) {
    %a = tensor.gather %t[%i] gather_dims([0])
        : (tensor<3x2xf32>, tensor<?x1xi32>) -> tensor<?x2xf32>
    %b = tensor.gather %t[%i] gather_dims([0])
        : (tensor<3x2xf32>, tensor<?x1xi32>) -> tensor<?x1x2xf32>
    %c = tensor.scatter %s into %t[%i] scatter_dims([0]) unique
        : (tensor<?x1x2xf32>, tensor<3x2xf32>, tensor<?x1xi32>) -> tensor<3x2xf32>
    return %a, %b, %c : tensor<?x2xf32>, tensor<?x1x2xf32>, tensor<3x2xf32>
  })");
  Tensor t = f32({3, 2}, {1, 2, 3, 4, 5, 6}),
         s = f32({2, 1, 2}, {-1, -2, -3, -4});
  auto results = program.run({t, i32({2, 1}, {2, 0}), s});
  expectFloats(results[0], {2, 2}, {5, 6, 1, 2});
  expectFloats(results[1], {2, 1, 2}, {5, 6, 1, 2});
  expectFloats(results[2], {3, 2}, {-3, -4, 3, 4, -1, -2});
  EXPECT_THAT(program.getError({t, i32({2, 1}, {2, 3}), s}),
              testing::HasSubstr("leaves extent 3 of dimension 0"));
}

TEST(TensorOps, ChecksCasts) {
  Program program(R"(func.func @main(%t: tensor<?xf32>) -> tensor<2xf32> {
    %r = tensor.cast %t : tensor<?xf32> to tensor<2xf32>
    return %r : tensor<2xf32>
  })");
  expectFloats(program.run({f32({2}, {1, 2})})[0], {2}, {1, 2});
  EXPECT_THAT(program.getError({f32({3}, {1, 2, 3})}),
              testing::HasSubstr("result 0 has shape 3, required 2"));
}
