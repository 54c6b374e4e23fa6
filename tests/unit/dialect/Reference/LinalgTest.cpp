//===- LinalgTest.cpp - Structured ops ------------------------------------===//

#include "Program.h"

#include <cmath>

using namespace seqc::reference;

/// c[i][j] = init + sum over k, by the definition.
static std::vector<double> multiply(const Tensor &a, const Tensor &b,
                                    int64_t rows, int64_t columns,
                                    int64_t depth, double init,
                                    bool transposed) {
  std::vector<double> c;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      double sum = init;
      for (int64_t k = 0; k < depth; ++k)
        sum += at(a, {i, k}) * (transposed ? at(b, {j, k}) : at(b, {k, j}));
      c.push_back(sum);
    }
  return c;
}

TEST(Linalg, MultipliesMatrices) {
  Program program(R"(
    #a = affine_map<(d0, d1, d2) -> (d0, d2)>
    #bt = affine_map<(d0, d1, d2) -> (d1, d2)>
    #c = affine_map<(d0, d1, d2) -> (d0, d1)>
    func.func @main(%a: tensor<?x5xf32>, %b: tensor<5x7xf32>, %t: tensor<7x5xf32>,
                    %i: tensor<?x7xf32>) -> (tensor<?x7xf32>, tensor<?x7xf32>) {
      %p = linalg.matmul ins(%a, %b : tensor<?x5xf32>, tensor<5x7xf32>)
          outs(%i : tensor<?x7xf32>) -> tensor<?x7xf32>
      %q = linalg.matmul indexing_maps = [#a, #bt, #c]
          ins(%a, %t : tensor<?x5xf32>, tensor<7x5xf32>) outs(%i : tensor<?x7xf32>)
          -> tensor<?x7xf32>
      return %p, %q : tensor<?x7xf32>, tensor<?x7xf32>
    })");
  // Row counts around the blocks of the fast path.
  for (int64_t rows : {0, 1, 3, 4, 6}) {
    Tensor a = randomF32({rows, 5}, 1), b = randomF32({5, 7}, 2),
           t = randomF32({7, 5}, 3);
    Tensor init = f32({rows, 7}, std::vector<double>(rows * 7, 0.25));
    auto results = program.run({a, b, t, init});
    expectFloats(results[0], {rows, 7},
                 multiply(a, b, rows, 7, 5, 0.25, false));
    expectFloats(results[1], {rows, 7}, multiply(a, t, rows, 7, 5, 0.25, true));
    expectFloats(init, {rows, 7}, std::vector<double>(rows * 7, 0.25));
  }
  EXPECT_THAT(
      program.getError({randomF32({2, 5}, 1), randomF32({5, 7}, 2),
                        randomF32({7, 5}, 3), randomF32({3, 7}, 4)}),
      testing::HasSubstr("operand 2 has extent 3 in dimension 0, required 2"));
}

TEST(Linalg, SumsProductsOverAnyLoops) {
  Program program(
      R"(func.func @main(%a: tensor<2x3x4xf32>, %b: tensor<2x4x3xf32>,
      %v: tensor<4xf32>) -> (tensor<2x3x3xf32>, tensor<2x3xf32>, tensor<f32>) {
    %zero = arith.constant 0.0 : f32
    %e0 = tensor.empty() : tensor<2x3x3xf32>
    %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
    %bm = linalg.batch_matmul ins(%a, %b : tensor<2x3x4xf32>, tensor<2x4x3xf32>)
        outs(%f0 : tensor<2x3x3xf32>) -> tensor<2x3x3xf32>
    %e1 = tensor.empty() : tensor<2x3xf32>
    %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2x3xf32>) -> tensor<2x3xf32>
    %g = linalg.generic {
        indexing_maps = [affine_map<(i, j, k) -> (i, j, k)>, affine_map<(i, j, k) -> (k)>,
                         affine_map<(i, j, k) -> (i, j)>],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %v : tensor<2x3x4xf32>, tensor<4xf32>) outs(%f1 : tensor<2x3xf32>) {
      ^bb0(%x: f32, %y: f32, %s: f32):
        %p = arith.mulf %y, %x : f32
        %r = arith.addf %p, %s : f32
        linalg.yield %r : f32
    } -> tensor<2x3xf32>
    %e2 = tensor.empty() : tensor<f32>
    %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<f32>) -> tensor<f32>
    %d = linalg.dot ins(%v, %v : tensor<4xf32>, tensor<4xf32>) outs(%f2 : tensor<f32>)
        -> tensor<f32>
    return %bm, %g, %d : tensor<2x3x3xf32>, tensor<2x3xf32>, tensor<f32>
  })");
  Tensor a = randomF32({2, 3, 4}, 1), b = randomF32({2, 4, 3}, 2),
         v = randomF32({4}, 3);
  auto results = program.run({a, b, v});
  double square = 0;
  for (int64_t i = 0; i < 2; ++i)
    for (int64_t j = 0; j < 3; ++j) {
      double weighted = 0;
      for (int64_t k = 0; k < 4; ++k)
        weighted += at(a, {i, j, k}) * at(v, {k});
      EXPECT_NEAR(at(results[1], {i, j}), weighted, 1e-12);
      for (int64_t l = 0; l < 3; ++l) {
        double sum = 0;
        for (int64_t k = 0; k < 4; ++k)
          sum += at(a, {i, j, k}) * at(b, {i, k, l});
        EXPECT_NEAR(at(results[0], {i, j, l}), sum, 1e-12);
      }
    }
  for (double x : v.floats())
    square += x * x;
  expectFloats(results[2], {}, square);
}

TEST(Linalg, RunsBodiesWithIndicesAndLookups) {
  // An embedding: rows of a table by id, plus the column number.
  Program program(
      R"(func.func @main(%table: tensor<4x2xf32>, %ids: tensor<?xi32>, %n: index)
      -> tensor<?x2xf32> {
    %e = tensor.empty(%n) : tensor<?x2xf32>
    %r = linalg.generic {
        indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
        iterator_types = ["parallel", "parallel"]}
        ins(%ids : tensor<?xi32>) outs(%e : tensor<?x2xf32>) {
      ^bb0(%id: i32, %o: f32):
        %i = arith.index_cast %id : i32 to index
        %j = linalg.index 1 : index
        %x = tensor.extract %table[%i, %j] : tensor<4x2xf32>
        %c = arith.index_cast %j : index to i32
        %f = arith.sitofp %c : i32 to f32
        %y = arith.addf %x, %f : f32
        linalg.yield %y : f32
    } -> tensor<?x2xf32>
    return %r : tensor<?x2xf32>
  })");
  Tensor table = f32({4, 2}, {0, 1, 10, 11, 20, 21, 30, 31});
  expectFloats(program.run({table, i32({3}, {2, 0, 3}), Tensor::ofIndex(3)})[0],
               {3, 2}, {20, 22, 0, 2, 30, 32});
  EXPECT_THAT(program.getError({table, i32({1}, {4}), Tensor::ofIndex(1)}),
              testing::AllOf(testing::HasSubstr("'tensor.extract' at"),
                             testing::HasSubstr("index out of range")));
  EXPECT_THAT(program.getError({table, i32({1}, {-1}), Tensor::ofIndex(1)}),
              testing::HasSubstr("index out of range"));
  EXPECT_THAT(program.getError({table, i32({2}, {0, 0}), Tensor::ofIndex(1)}),
              testing::HasSubstr("required 2"));
}

TEST(Linalg, RunsBodiesWithRegions) {
  Program program(
      R"(func.func @main(%a: tensor<4xf32>, %bias: f32) -> tensor<4xf32> {
    %r = linalg.generic {
        indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        outs(%a : tensor<4xf32>) {
      ^bb0(%x: f32):
        %i = linalg.index 0 : index
        %c2 = arith.constant 2 : index
        %low = arith.cmpi ult, %i, %c2 : index
        %y = scf.if %low -> f32 {
          %s = arith.addf %x, %bias : f32
          scf.yield %s : f32
        } else {
          scf.yield %x : f32
        }
        linalg.yield %y : f32
    } -> tensor<4xf32>
    return %r : tensor<4xf32>
  })");
  expectFloats(program.run({f32({4}, {1, 2, 3, 4}),
                            Tensor::ofFloat(ElementKind::F32, 10)})[0],
               {4}, {11, 12, 3, 4});
}

TEST(Linalg, EvaluatesNamedOpsThroughTheirRegions) {
  Program program(R"(func.func @main(%a: tensor<2x3xf32>, %b: tensor<3xf32>)
      -> (tensor<3x2xf32>, tensor<2x3xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2x3xf32>,
          tensor<2x3xf32>, tensor<2x3xf32>) {
    %e0 = tensor.empty() : tensor<3x2xf32>
    %t = linalg.transpose ins(%a : tensor<2x3xf32>) outs(%e0 : tensor<3x2xf32>) permutation = [1, 0]
    %e1 = tensor.empty() : tensor<2x3xf32>
    %w = linalg.broadcast ins(%b : tensor<3xf32>) outs(%e1 : tensor<2x3xf32>) dimensions = [0]
    %low = arith.constant dense<-1.0e30> : tensor<2xf32>
    %m = linalg.reduce { arith.maximumf } ins(%a : tensor<2x3xf32>) outs(%low : tensor<2xf32>)
        dimensions = [1]
    %zero = arith.constant dense<0.0> : tensor<2xf32>
    %s = linalg.reduce ins(%a : tensor<2x3xf32>) outs(%zero : tensor<2xf32>) dimensions = [1]
      (%x: f32, %acc: f32) {
        %y = arith.addf %acc, %x : f32
        linalg.yield %y : f32
      }
    %p = linalg.map { arith.mulf } ins(%a, %w : tensor<2x3xf32>, tensor<2x3xf32>)
        outs(%e1 : tensor<2x3xf32>)
    %q = linalg.elementwise kind=#linalg.elementwise_kind<sub>
        ins(%a, %w : tensor<2x3xf32>, tensor<2x3xf32>) outs(%e1 : tensor<2x3xf32>)
        -> tensor<2x3xf32>
    %n = linalg.exp ins(%a : tensor<2x3xf32>) outs(%e1 : tensor<2x3xf32>) -> tensor<2x3xf32>
    return %t, %w, %m, %s, %p, %q, %n : tensor<3x2xf32>, tensor<2x3xf32>, tensor<2xf32>,
        tensor<2xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
  })");
  auto results =
      program.run({f32({2, 3}, {1, 5, 3, -4, -6, -5}), f32({3}, {10, 20, 30})});
  expectFloats(results[0], {3, 2}, {1, -4, 5, -6, 3, -5});
  expectFloats(results[1], {2, 3}, {10, 20, 30, 10, 20, 30});
  expectFloats(results[2], {2}, {5, -4});
  expectFloats(results[3], {2}, {9, -15});
  expectFloats(results[4], {2, 3}, {10, 100, 90, -40, -120, -150});
  expectFloats(results[5], {2, 3}, {-9, -15, -27, -14, -26, -35});
  expectFloats(results[6], {2, 3},
               {std::exp(1), std::exp(5), std::exp(3), std::exp(-4),
                std::exp(-6), std::exp(-5)});
}

TEST(Linalg, EvaluatesMapsThatAreNotPermutations) {
  Program program(
      R"(func.func @main(%a: tensor<?xf32>, %k: tensor<?xf32>, %o: tensor<?xf32>,
      %d: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
    %c = linalg.conv_1d ins(%a, %k : tensor<?xf32>, tensor<?xf32>) outs(%o : tensor<?xf32>)
        -> tensor<?xf32>
    %r = linalg.generic {
        indexing_maps = [affine_map<(i) -> (i floordiv 2)>, affine_map<(i) -> (i)>],
        iterator_types = ["parallel"]} ins(%k : tensor<?xf32>) outs(%d : tensor<?xf32>) {
      ^bb0(%x: f32, %y: f32):
        %s = arith.addf %x, %y : f32
        linalg.yield %s : f32
    } -> tensor<?xf32>
    return %c, %r : tensor<?xf32>, tensor<?xf32>
  })");
  Tensor a = f32({4}, {1, 2, 3, 4}), k = f32({2}, {1, 10});
  Tensor three = f32({3}, {0, 0, 0}), four = f32({4}, {0, 1, 2, 3}),
         five = randomF32({5}, 1);
  auto results = program.run({a, k, three, four});
  expectFloats(results[0], {3}, {21, 32, 43});
  expectFloats(results[1], {4}, {1, 2, 12, 13});
  // A window that leaves its input, and i floordiv 2 for i = 4.
  EXPECT_THAT(program.getError({a, k, four, four}),
              testing::HasSubstr("operand 0 is read outside extent 4"));
  EXPECT_THAT(program.getError({a, k, three, five}),
              testing::HasSubstr("a map leaves extent 2 of dimension 0"));
}
