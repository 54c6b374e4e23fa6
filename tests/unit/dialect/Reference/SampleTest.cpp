//===- SampleTest.cpp - Sampling ------------------------------------------===//
//
// Against known answers of the generator, against frequencies, and against the
// rule worked out by hand on small vocabularies.
//
//===----------------------------------------------------------------------===//

#include "Decoder.h"

#include "dialect/Seq/Reference/Search.h"

#include <cmath>

using namespace seqc::reference;

namespace {

/// The attribute of a search by sampling.
std::string sample(double temperature, int64_t topK, double topP,
                   uint64_t seed) {
  return "#seq.sample<temperature = " + std::to_string(temperature) +
         ", top_k = " + std::to_string(topK) +
         ", top_p = " + std::to_string(topP) +
         ", seed = " + std::to_string(seed) + ">";
}

/// A decoder whose logits are the same after every token.
Decoder makeConstant(int64_t rows, llvm::ArrayRef<double> logits) {
  int64_t size = static_cast<int64_t>(logits.size());
  Decoder decoder(rows, size, 1, 1);
  std::vector<double> table;
  for (int64_t row = 0; row < rows; ++row)
    table.insert(table.end(), logits.begin(), logits.end());
  decoder.table = f32({rows, 1, size}, table);
  decoder.ends = "[]";
  return decoder;
}

/// How often each token was drawn.
std::vector<double> count(const Tensor &tokens, int64_t size) {
  std::vector<double> counts(size);
  for (int64_t token : tokens.ints())
    counts[token] += 1;
  return counts;
}

} // namespace

TEST(Philox, GivesTheKnownAnswers) {
  using Words = std::array<uint32_t, 4>;
  constexpr uint32_t all = 0xFFFFFFFF;
  EXPECT_EQ(getPhilox({0, 0, 0, 0}, {0, 0}),
            (Words{0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}));
  EXPECT_EQ(getPhilox({all, all, all, all}, {all, all}),
            (Words{0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}));
  EXPECT_EQ(getPhilox({0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344},
                      {0xA4093822, 0x299F31D0}),
            (Words{0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}));
  EXPECT_EQ(getUniform(0, 0, 0), std::ldexp(0x6627E8, -24));
  // The counter holds the token, then the row; the key the seed; low words
  // first.
  EXPECT_EQ(getUniform(0x299F31D0A4093822, 0x13198A2E85A308D3, 0x243F6A88),
            std::ldexp(getPhilox({0x243F6A88, 0x85A308D3, 0x13198A2E, 0},
                                 {0xA4093822, 0x299F31D0})[0] >>
                           8,
                       -24));
}

TEST(Sample, DrawsWithTheProbabilitiesOfTheSoftmax) {
  std::vector<double> logits = {0.3, -1.2, 2.0, 0.0, 1.1, -0.4};
  for (double temperature : {1.0, 0.5, 2.0}) {
    Decoder decoder = makeConstant(20, logits);
    decoder.search = sample(temperature, 0, 1, 1234567);
    decoder.maxNew = 1000;
    std::vector<double> counts = count(decoder.run()[0], 6);
    double total = 0, statistic = 0;
    for (double logit : logits)
      total += std::exp(logit / temperature);
    for (auto [logit, found] : llvm::zip_equal(logits, counts)) {
      double expected = 20000 * std::exp(logit / temperature) / total;
      statistic += (found - expected) * (found - expected) / expected;
    }
    // The value that chi squared with 5 degrees of freedom passes once in a
    // thousand times.
    EXPECT_LT(statistic, 20.5) << temperature;
  }
}

TEST(Sample, KeepsTheBestTokens) {
  // Ties rank by the smaller token: 1, 3, 4, 0, 2.
  std::vector<double> logits = {0, 2, -1, 2, 2};
  auto draw = [&](int64_t topK, double topP) {
    Decoder decoder = makeConstant(4, logits);
    decoder.search = sample(1, topK, topP, 5);
    decoder.maxNew = 200;
    std::vector<double> counts = count(decoder.run()[0], 5);
    std::vector<int64_t> kept;
    for (auto [token, number] : llvm::enumerate(counts))
      if (number > 0)
        kept.push_back(static_cast<int64_t>(token));
    return kept;
  };
  using Kept = std::vector<int64_t>;
  EXPECT_EQ(draw(0, 1), (Kept{0, 1, 2, 3, 4}));
  EXPECT_EQ(draw(1, 1), (Kept{1}));
  EXPECT_EQ(draw(2, 1), (Kept{1, 3}));
  EXPECT_EQ(draw(4, 1), (Kept{0, 1, 3, 4}));
  EXPECT_EQ(draw(9, 1), (Kept{0, 1, 2, 3, 4}));
  // Each of the three holds 0.314.
  EXPECT_EQ(draw(0, 0.01), (Kept{1}));
  EXPECT_EQ(draw(0, 0.5), (Kept{1, 3}));
  EXPECT_EQ(draw(0, 0.7), (Kept{1, 3, 4}));
  EXPECT_EQ(draw(0, 0.96), (Kept{0, 1, 3, 4}));
  // Of the two best, each holds one half; what is at the bar is kept out.
  EXPECT_EQ(draw(2, 0.4), (Kept{1}));
  EXPECT_EQ(draw(2, 0.5), (Kept{1}));
  EXPECT_EQ(draw(2, 0.6), (Kept{1, 3}));
}

TEST(Sample, TakesTheFirstTokenAboveTheNumber) {
  // Equal weights: token t holds [t / 4, (t + 1) / 4).
  Decoder decoder = makeConstant(3, {1, 1, 1, 1});
  decoder.search = sample(0.7, 0, 1, 99);
  decoder.maxNew = 50;
  auto results = decoder.run();
  for (int64_t row = 0; row < 3; ++row)
    for (int64_t n = 0; n < 50; ++n)
      EXPECT_EQ(results[0].ints()[row * 50 + n],
                static_cast<int64_t>(4 * getUniform(99, row, n)));
}

TEST(Sample, IsGreedyWhenColdOrAlone) {
  Decoder decoder(4, 7, 343, 3);
  decoder.maxNew = 8;
  decoder.minNew = 2;
  auto greedy = decoder.run();
  for (std::string search :
       {sample(0, 0, 1, 1), sample(1, 1, 1, 2), sample(1, 0, 1e-6, 3),
        std::string("#seq.sample<temperature = 1.0e-39>")}) {
    decoder.search = search;
    auto results = decoder.run();
    for (size_t result = 0; result < 6; ++result)
      for (int64_t i = 0; i < greedy[result].getNumElements(); ++i)
        EXPECT_EQ(results[result].data()[i].i, greedy[result].data()[i].i)
            << search;
  }
}

TEST(Sample, ScoresByTheLogitsAlone) {
  Decoder decoder(1, 5, 125, 8);
  decoder.search = "#seq.sample<temperature = 3.0, top_k = 4, seed = 4, "
                   "length_penalty = 0.5>";
  decoder.ends = "[]";
  decoder.maxNew = 6;
  auto results = decoder.run();
  std::vector<int64_t> read{1};
  double score = 0;
  for (int64_t token : getTokens(results, 0, 0)) {
    score += decoder.getLogProbabilities(read)[token];
    read.push_back(token);
  }
  EXPECT_NEAR(results[2].floats()[0], score / std::sqrt(6.0f), 1e-6);
}

TEST(Sample, DoesNotDrawForThePrefix) {
  Decoder decoder = makeConstant(2, {1, 1, 1, 1, 1});
  decoder.search = sample(1, 0, 1, 7);
  decoder.maxNew = 9;
  auto without = decoder.run();
  decoder.hasPrefix = true;
  decoder.prefix = i32({2, 3}, {0, 1, 2, 4, 4, 4});
  decoder.prefixLengths = i32({2}, {3, 1});
  auto with = decoder.run();
  for (int64_t i = 0; i < 18; ++i)
    EXPECT_EQ(with[0].ints()[i], without[0].ints()[i]);
}

TEST(Sample, HoldsBackTheEndToken) {
  Decoder decoder = makeConstant(10, {5, 0, 0});
  decoder.ends = "[0]";
  decoder.minNew = 3;
  decoder.maxNew = 20;
  decoder.search = sample(1, 0, 1, 1);
  auto results = decoder.run();
  for (int64_t row = 0; row < 10; ++row)
    EXPECT_GE(results[1].ints()[row], 4);
}

TEST(Sample, EndsRowsWithoutCandidatesAndWithoutNumbers) {
  for (double bad : {-infinity, double(NAN), infinity}) {
    Decoder decoder(2, 2, 2, 1);
    decoder.table = f32({2, 2, 2}, {0, 0, bad, bad, 0, 50, 50, 0});
    decoder.search = sample(1, 0, 0.9, 1);
    decoder.maxNew = 3;
    auto results = decoder.run();
    expectInts(results[1], {2, 1}, {0, 1});
    expectInts(results[3], {2, 1}, {bad == -infinity ? 2 : 3, 0});
  }
}

TEST(Sample, RefusesNumbersOutOfRange) {
  for (auto [clause, type, argument, message] :
       {std::tuple("temperature", "f32", Tensor::ofFloat(ElementKind::F32, -1),
                   "temperature is -1.00, required a finite number"),
        std::tuple("top_p", "f32", Tensor::ofFloat(ElementKind::F32, 0),
                   "top_p is 0.00, required above 0 and at most 1"),
        std::tuple("top_k", "index", Tensor::ofIndex(-1),
                   "top_k is -1, required at least 0")}) {
    Program program(
        "func.func @main(%x: " + std::string(type) +
        ", %start: tensor<?xi32>, %z: tensor<?x4xf32>)"
        " -> tensor<?x1x?xi32> {\n  %n = arith.constant 2 : index\n"
        "  %r:4 = seq.generate #seq.sample start(%start : tensor<?xi32>)"
        " end [] pad 0 max_new(%n) " +
        clause +
        "(%x) {\n  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %p: index):\n"
        "    seq.yield %z : tensor<?x4xf32>\n"
        "  } -> tensor<?x1x?xi32>, tensor<?x1xi32>, tensor<?x1xf32>, "
        "tensor<?x1xi8>\n  return %r#0 : tensor<?x1x?xi32>\n}");
    EXPECT_THAT(
        program.getError({argument, i32({1}, 0), f32({1, 4}, {0, 0, 0, 0})}),
        testing::HasSubstr(message));
  }
}

TEST(Option, GivesWhatTheCallChose) {
  Program program("func.func @main(%n: index, %a: f64, %t: f32, %s: i64) -> "
                  "(index, f64, f32, f32, index, i64, i64) {\n"
                  "  %0 = seq.option max_new else %n : index\n"
                  "  %1 = seq.option length_penalty else %a : f64\n"
                  "  %2 = seq.option temperature else %t : f32\n"
                  "  %3 = seq.option top_p else %t : f32\n"
                  "  %4 = seq.option top_k else %n : index\n"
                  "  %5 = seq.option seed else %s : i64\n"
                  "  %6 = seq.option first_row else %s : i64\n"
                  "  return %0, %1, %2, %3, %4, %5, %6 : "
                  "index, f64, f32, f32, index, i64, i64\n}");
  llvm::SmallVector<Tensor> inputs{Tensor::ofIndex(3),
                                   Tensor::ofFloat(ElementKind::F64, 0.5),
                                   Tensor::ofFloat(ElementKind::F32, 0.25),
                                   Tensor::ofInt(ElementKind::I64, 11)};
  auto found = program.run(inputs);
  EXPECT_EQ(found[0].scalar().i, 3);
  EXPECT_EQ(found[1].scalar().f, 0.5);
  EXPECT_EQ(found[3].scalar().f, 0.25);
  EXPECT_EQ(found[6].scalar().i, 11);
  CallOptions options;
  options.maxNew = 7;
  options.lengthPenalty = 2.0;
  options.temperature = 1.5;
  options.topP = 0.75;
  options.topK = 0;
  options.seed = -1;
  options.firstRow = 5;
  program.getInterpreter().setCallOptions(options);
  found = program.run(inputs);
  EXPECT_EQ(found[0].scalar().i, 7);
  EXPECT_EQ(found[1].scalar().f, 2.0);
  EXPECT_EQ(found[2].scalar().f, 1.5);
  EXPECT_EQ(found[3].scalar().f, 0.75);
  EXPECT_EQ(found[4].scalar().i, 0);
  EXPECT_EQ(found[5].scalar().i, -1);
  EXPECT_EQ(found[6].scalar().i, 5);
}
