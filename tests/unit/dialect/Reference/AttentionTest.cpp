//===- AttentionTest.cpp - Attention of every kind ------------------------===//

#include "Program.h"

#include <cmath>

using namespace seqc::reference;

namespace {

/// An attention with heads of dynamic extents and features of 3 (keys and
/// queries) and 2.
struct AttentionCase {
  std::string score = "dot";
  std::string attributes;
  std::string region;
  Tensor q, k, v;
  /// Clauses with their types and tensors.
  struct Clause {
    std::string name, type;
    Tensor tensor;
  };
  std::vector<Clause> clauses;

  AttentionCase(int64_t batch, int64_t heads, int64_t keyHeads, int64_t tq,
                int64_t tk)
      : q(randomF32({batch, heads, tq, 3}, 1)),
        k(randomF32({batch, keyHeads, tk, 3}, 2)),
        v(randomF32({batch, keyHeads, tk, 2}, 3)) {}

  void add(const std::string &name, const std::string &type, Tensor tensor) {
    clauses.push_back({name, type, std::move(tensor)});
  }
  void addLengths(llvm::ArrayRef<int64_t> values) {
    add("lengths", "tensor<?xi32>",
        i32({static_cast<int64_t>(values.size())}, values));
  }

  Program build() const {
    std::string arguments, operands;
    for (const Clause &clause : clauses) {
      arguments += ", %" + clause.name + ": " + clause.type;
      operands +=
          " " + clause.name + "(%" + clause.name + " : " + clause.type + ")";
    }
    return Program(
        "func.func @main(%q: tensor<?x?x?x3xf32>, %k: tensor<?x?x?x3xf32>, "
        "%v: tensor<?x?x?x2xf32>" +
        arguments +
        ") -> (tensor<?x?x?x2xf32>, tensor<?x?x?x?xf32>) {\n"
        "  %o, %p = seq.attention " +
        score + " %q, %k, %v" + operands + " {" + attributes +
        "} : (tensor<?x?x?x3xf32>, tensor<?x?x?x3xf32>, tensor<?x?x?x2xf32>)"
        " -> tensor<?x?x?x2xf32>, tensor<?x?x?x?xf32> " +
        region +
        "\n  return %o, %p : tensor<?x?x?x2xf32>, tensor<?x?x?x?xf32>\n}");
  }
  llvm::SmallVector<Tensor> inputs() const {
    llvm::SmallVector<Tensor> tensors{q, k, v};
    for (const Clause &clause : clauses)
      tensors.push_back(clause.tensor);
    return tensors;
  }
  llvm::SmallVector<Tensor> run() const { return build().run(inputs()); }
  std::string getError() const { return build().getError(inputs()); }

  /// Expects softmax weights of the given scores over the live keys, and their
  /// sums of values.
  void
  expect(llvm::function_ref<double(int64_t b, int64_t h, int64_t i, int64_t j)>
             score,
         llvm::function_ref<bool(int64_t b, int64_t h, int64_t i, int64_t j)>
             live) const {
    auto results = run();
    int64_t group = q.getDim(1) / k.getDim(1);
    ASSERT_EQ(results[1].getShape(),
              llvm::ArrayRef<int64_t>(
                  {q.getDim(0), q.getDim(1), q.getDim(2), k.getDim(2)}));
    for (int64_t b = 0; b < q.getDim(0); ++b)
      for (int64_t h = 0; h < q.getDim(1); ++h)
        for (int64_t i = 0; i < q.getDim(2); ++i) {
          double total = 0, sums[2] = {0, 0};
          for (int64_t j = 0; j < k.getDim(2); ++j)
            if (live(b, h, i, j))
              total += std::exp(score(b, h, i, j));
          for (int64_t j = 0; j < k.getDim(2); ++j) {
            double p =
                live(b, h, i, j) ? std::exp(score(b, h, i, j)) / total : 0;
            EXPECT_NEAR(at(results[1], {b, h, i, j}), p, 1e-12)
                << b << " " << h << " " << i << " " << j;
            for (int64_t d : {0, 1})
              sums[d] += p * at(v, {b, h / group, j, d});
          }
          for (int64_t d : {0, 1})
            EXPECT_NEAR(at(results[0], {b, h, i, d}), sums[d], 1e-12);
        }
  }

  /// The plain product of a query and a key.
  double product(int64_t b, int64_t h, int64_t i, int64_t j) const {
    double sum = 0;
    for (int64_t d = 0; d < 3; ++d)
      sum += at(q, {b, h, i, d}) *
             at(k, {b, h / (q.getDim(1) / k.getDim(1)), j, d});
    return sum;
  }
};

bool always(int64_t, int64_t, int64_t, int64_t) { return true; }

} // namespace

TEST(Attention, ScoresByDotAndScaledDot) {
  AttentionCase test(2, 2, 2, 3, 4);
  auto product = [&](int64_t b, int64_t h, int64_t i, int64_t j) {
    return test.product(b, h, i, j);
  };
  test.expect(product, always);
  test.score = "scaled";
  test.expect([&](auto... at) { return product(at...) / std::sqrt(3.0); },
              always);
  test.attributes = "scale = 0.25 : f64";
  test.expect([&](auto... at) { return product(at...) * 0.25; }, always);
}

TEST(Attention, ScoresAdditively) {
  AttentionCase test(2, 1, 1, 2, 3);
  test.score = "additive";
  Tensor w = randomF32({3}, 4);
  test.add("score_weight", "tensor<3xf32>", w);
  test.expect(
      [&](int64_t b, int64_t h, int64_t i, int64_t j) {
        double sum = 0;
        for (int64_t d = 0; d < 3; ++d)
          sum += at(w, {d}) *
                 std::tanh(at(test.q, {b, h, i, d}) + at(test.k, {b, h, j, d}));
        return sum;
      },
      always);
}

TEST(Attention, ScoresByAMatrix) {
  AttentionCase test(2, 1, 1, 2, 3);
  test.score = "general";
  Tensor w = randomF32({3, 3}, 4);
  test.add("score_weight", "tensor<3x3xf32>", w);
  test.expect(
      [&](int64_t b, int64_t h, int64_t i, int64_t j) {
        double sum = 0;
        for (int64_t d = 0; d < 3; ++d)
          for (int64_t e = 0; e < 3; ++e)
            sum += at(test.q, {b, h, i, d}) * at(w, {d, e}) *
                   at(test.k, {b, h, j, e});
        return sum;
      },
      always);
}

TEST(Attention, ScoresByARegion) {
  // Minus the squared distance.
  AttentionCase test(2, 2, 1, 2, 3);
  test.score = "region";
  test.addLengths({3, 2});
  test.region = R"({
    ^bb0(%a: tensor<?x3xf32>, %b: tensor<?x3xf32>):
      %c0 = arith.constant 0 : index
      %n = tensor.dim %a, %c0 : tensor<?x3xf32>
      %d = arith.subf %a, %b : tensor<?x3xf32>
      %s = arith.mulf %d, %d : tensor<?x3xf32>
      %zero = arith.constant 0.0 : f32
      %e = tensor.splat %zero[%n] : tensor<?xf32>
      %r = linalg.reduce { arith.addf } ins(%s : tensor<?x3xf32>) outs(%e : tensor<?xf32>)
          dimensions = [1]
      %m = arith.negf %r : tensor<?xf32>
      seq.yield %m : tensor<?xf32>
  })";
  test.expect(
      [&](int64_t b, int64_t h, int64_t i, int64_t j) {
        double sum = 0;
        for (int64_t d = 0; d < 3; ++d) {
          double difference =
              at(test.q, {b, h, i, d}) - at(test.k, {b, 0, j, d});
          sum -= difference * difference;
        }
        return sum;
      },
      [](int64_t b, int64_t, int64_t, int64_t j) {
        return j < (b == 0 ? 3 : 2);
      });
}

TEST(Attention, SharesKeysBetweenHeads) {
  AttentionCase test(1, 4, 2, 2, 3);
  test.expect([&](auto... at) { return test.product(at...); }, always);
  AttentionCase odd(1, 3, 2, 2, 3);
  EXPECT_THAT(odd.getError(),
              testing::HasSubstr("3 query heads are no multiple of 2"));
}

TEST(Attention, CapsThenBiases) {
  AttentionCase test(2, 2, 2, 2, 3);
  test.attributes = "softcap = 0.5 : f64";
  Tensor bias = randomF32({2, 1, 2, 3}, 5);
  test.add("bias", "tensor<?x1x?x?xf32>", bias);
  test.expect(
      [&](int64_t b, int64_t h, int64_t i, int64_t j) {
        return 0.5 * std::tanh(test.product(b, h, i, j) / 0.5) +
               at(bias, {b, 0, i, j});
      },
      always);
}

TEST(Attention, MasksKeys) {
  AttentionCase test(2, 2, 2, 2, 3);
  std::vector<int64_t> mask{1, 0, 1, /**/ 0, 1, 1};
  test.add("mask", "tensor<?x1x1x?xi1>", i1({2, 1, 1, 3}, mask));
  test.expect([&](auto... at) { return test.product(at...); },
              [&](int64_t b, int64_t, int64_t, int64_t j) {
                return mask[b * 3 + j] != 0;
              });
}

TEST(Attention, PutsANumberInThePlaceOfScores) {
  AttentionCase test(2, 2, 2, 2, 3);
  std::vector<int64_t> mask{1, 0, 1, /**/ 0, 0, 0};
  test.attributes = "masked_score = -0.5 : f64";
  test.add("mask", "tensor<?x1x1x?xi1>", i1({2, 1, 1, 3}, mask));
  Tensor bias = randomF32({2, 1, 2, 3}, 5);
  test.add("bias", "tensor<?x1x?x?xf32>", bias);
  test.expect(
      [&](int64_t b, int64_t h, int64_t i, int64_t j) {
        return (mask[b * 3 + j] ? test.product(b, h, i, j) : -0.5) +
               at(bias, {b, 0, i, j});
      },
      always);
}

TEST(Attention, GivesNaNWhereAllLiveScoresAreMinusInfinity) {
  AttentionCase test(1, 1, 1, 2, 3);
  test.add("bias", "tensor<?x1x?x?xf32>",
           f32({1, 1, 2, 3}, {-INFINITY, -INFINITY, 0, -INFINITY, 0, 0}));
  test.addLengths({2});
  auto results = test.run();
  EXPECT_TRUE(std::isnan(at(results[1], {0, 0, 0, 0})));
  EXPECT_EQ(at(results[1], {0, 0, 0, 2}), 0);
  EXPECT_TRUE(std::isnan(at(results[0], {0, 0, 0, 1})));
  EXPECT_EQ(at(results[1], {0, 0, 1, 0}), 0);
  EXPECT_EQ(at(results[1], {0, 0, 1, 1}), 1);
}

TEST(Attention, GivesZerosToAQueryWithoutKeys) {
  for (std::string normalizer :
       {"softmax", "negated_softmax", "sigmoid", "none"}) {
    AttentionCase test(2, 1, 1, 1, 3);
    test.attributes = "normalizer = #seq.normalizer<" + normalizer + ">";
    test.addLengths({0, 3});
    // Padding may hold anything; it is not read.
    test.v.mutableFloats()[0] = NAN;
    auto results = test.run();
    SCOPED_TRACE(normalizer);
    for (int64_t j = 0; j < 3; ++j) {
      EXPECT_EQ(at(results[1], {0, 0, 0, j}), 0);
      EXPECT_NE(at(results[1], {1, 0, 0, j}), 0);
    }
    EXPECT_EQ(at(results[0], {0, 0, 0, 0}), 0);
    EXPECT_EQ(at(results[0], {0, 0, 0, 1}), 0);
  }
}

TEST(Attention, NormalizesAsAsked) {
  AttentionCase test(1, 1, 1, 1, 3);
  test.addLengths({2});
  test.attributes = "normalizer = #seq.normalizer<negated_softmax>";
  test.expect([&](auto... at) { return -test.product(at...); },
              [](int64_t, int64_t, int64_t, int64_t j) { return j < 2; });
  double s0 = test.product(0, 0, 0, 0), s1 = test.product(0, 0, 0, 1);
  test.attributes = "normalizer = #seq.normalizer<sigmoid>";
  expectFloats(test.run()[1], {1, 1, 1, 3},
               {1 / (1 + std::exp(-s0)), 1 / (1 + std::exp(-s1)), 0});
  test.attributes = "normalizer = #seq.normalizer<none>";
  expectFloats(test.run()[1], {1, 1, 1, 3}, {s0, s1, 0});
}

TEST(Attention, LooksOnlyBack) {
  AttentionCase test(1, 1, 1, 3, 5);
  auto product = [&](auto... at) { return test.product(at...); };
  test.attributes = "causal = #seq.causal<top_left>";
  test.expect(product,
              [](int64_t, int64_t, int64_t i, int64_t j) { return j <= i; });
  test.attributes = "causal = #seq.causal<bottom_right>";
  test.expect(product, [](int64_t, int64_t, int64_t i, int64_t j) {
    return j <= i + 2;
  });
}

TEST(Attention, LooksThroughAWindow) {
  AttentionCase test(1, 1, 1, 4, 6);
  auto product = [&](auto... at) { return test.product(at...); };
  test.attributes = "window = array<i64: 1, 2>";
  test.expect(product, [](int64_t, int64_t, int64_t i, int64_t j) {
    return j >= i - 1 && j <= i + 2;
  });
  test.attributes = "window = array<i64: -1, 0>";
  test.expect(product,
              [](int64_t, int64_t, int64_t i, int64_t j) { return j <= i; });
  test.attributes =
      "window = array<i64: 1, -1>, causal = #seq.causal<bottom_right>";
  test.expect(product, [](int64_t, int64_t, int64_t i, int64_t j) {
    return j >= i + 2 - 1 && j <= i + 2;
  });
  // Queries before every key of their window see nothing.
  AttentionCase none(1, 1, 1, 4, 2);
  none.attributes = "causal = #seq.causal<bottom_right>";
  none.expect(
      [&](auto... at) { return none.product(at...); },
      [](int64_t, int64_t, int64_t i, int64_t j) { return j <= i - 2; });
}

TEST(Attention, TakesKeysOfTheNamedRow) {
  // Three lanes of two rows: lanes 0 and 2 read row 1.
  AttentionCase test(2, 1, 1, 1, 3);
  test.q = randomF32({3, 1, 1, 3}, 9);
  test.addLengths({3, 2});
  test.add("rows", "tensor<?xi32>", i32({3}, {1, 0, 1}));
  // The bias belongs to the row of the keys.
  Tensor bias = randomF32({2, 1, 1, 3}, 5);
  test.clauses.insert(test.clauses.begin(),
                      {"bias", "tensor<?x1x1x?xf32>", bias});
  auto results = test.run();
  ASSERT_EQ(results[0].getShape(), llvm::ArrayRef<int64_t>({3, 1, 1, 2}));
  for (int64_t lane = 0; lane < 3; ++lane) {
    int64_t row = lane == 1 ? 0 : 1, length = row == 0 ? 3 : 2;
    double total = 0, expected = 0;
    for (int64_t j = 0; j < length; ++j) {
      double s = at(bias, {row, 0, 0, j});
      for (int64_t d = 0; d < 3; ++d)
        s += at(test.q, {lane, 0, 0, d}) * at(test.k, {row, 0, j, d});
      total += std::exp(s);
      expected += std::exp(s) * at(test.v, {row, 0, j, 1});
    }
    EXPECT_NEAR(at(results[0], {lane, 0, 0, 1}), expected / total, 1e-12);
  }
  test.clauses.back().tensor = i32({3}, {1, 2, 0});
  EXPECT_THAT(test.getError(), testing::HasSubstr("row 2 is outside [0, 2)"));
}

TEST(Attention, RefusesOperandsThatDoNotFit) {
  AttentionCase lengths(2, 1, 1, 1, 3);
  lengths.addLengths({3, 4});
  EXPECT_THAT(lengths.getError(),
              testing::HasSubstr("length 4 is outside [0, 3]"));
  AttentionCase batch(2, 1, 1, 1, 3);
  batch.q = randomF32({3, 1, 1, 3}, 1);
  EXPECT_THAT(batch.getError(),
              testing::HasSubstr("query has 3 rows and key 2"));
  AttentionCase mask(2, 1, 1, 1, 3);
  mask.add("mask", "tensor<?x?x?x?xi1>", i1({2, 1, 1, 2}, {1, 1, 1, 1}));
  EXPECT_THAT(mask.getError(),
              testing::HasSubstr("2x1x1x2 does not broadcast"));
  AttentionCase values(2, 1, 1, 1, 3);
  values.v = randomF32({2, 1, 4, 2}, 1);
  EXPECT_THAT(values.getError(),
              testing::HasSubstr("key without its features"));
}

TEST(Attention, WorksWithoutHeads) {
  Program program(
      R"(func.func @main(%q: tensor<?x?x2xf32>, %k: tensor<?x?x2xf32>,
      %v: tensor<?x?x1xf32>, %m: tensor<?x1x?xi1>) -> tensor<?x?x1xf32> {
    %o = seq.attention dot %q, %k, %v mask(%m : tensor<?x1x?xi1>)
        : (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
    return %o : tensor<?x?x1xf32>
  })");
  auto results =
      program.run({f32({1, 1, 2}, {1, 0}), f32({1, 3, 2}, {0, 5, 1, 5, 2, 5}),
                   f32({1, 3, 1}, {10, 20, 30}), i1({1, 1, 3}, {1, 1, 0})});
  expectFloats(results[0], {1, 1, 1},
               (10 + 20 * std::exp(1.0)) / (1 + std::exp(1.0)));
}
