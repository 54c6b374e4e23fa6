//===- SearchTest.cpp - Greedy and beam search ----------------------------===//
//
// The models here are tables of logits: by last token, or by a state that
// encodes the whole past. Exact beam search is compared with the best of all
// sequences there are.
//
//===----------------------------------------------------------------------===//

#include "Decoder.h"

#include <algorithm>
#include <cmath>

using namespace seqc::reference;

namespace {

/// A finished sequence with its normalised score.
struct Sequence {
  double score;
  std::vector<int64_t> tokens;
};

/// Every sequence that ends by an end token (id 0) after more than `minNew`
/// tokens, or at `maxNew`, best first.
std::vector<Sequence> enumerate(const Decoder &decoder, double penalty) {
  std::vector<Sequence> all;
  std::vector<int64_t> tokens;
  std::function<void(double)> visit = [&](double score) {
    std::vector<int64_t> read{decoder.start[0]};
    read.insert(read.end(), tokens.begin(), tokens.end());
    std::vector<double> lp = decoder.getLogProbabilities(read);
    for (int64_t t = 0; t < decoder.vocabulary; ++t) {
      int64_t n = static_cast<int64_t>(tokens.size()) + 1;
      if (t == 0 && n <= decoder.minNew)
        continue;
      tokens.push_back(t);
      if (t == 0 || n == decoder.maxNew)
        all.push_back(
            {(score + lp[t]) / static_cast<float>(std::pow(n, penalty)),
             tokens});
      else
        visit(score + lp[t]);
      tokens.pop_back();
    }
  };
  visit(0);
  std::stable_sort(
      all.begin(), all.end(),
      [](const Sequence &a, const Sequence &b) { return a.score > b.score; });
  return all;
}

} // namespace

//===----------------------------------------------------------------------===//
// Greedy search
//===----------------------------------------------------------------------===//

TEST(Greedy, TakesTheBestTokenUntilTheEnd) {
  // By last token: 1 -> 2 -> 3 -> 0.
  Decoder decoder(1, 4, 4, 1);
  decoder.table =
      f32({1, 4, 4}, {9, 9, 9, 9, 0, 0, 5, 1, 0, 0, 0, 5, 5, 1, 1, 1});
  decoder.maxNew = 6;
  auto results = decoder.run();
  expectInts(results[0], {1, 1, 6}, {2, 3, 0, -1, -1, -1});
  expectInts(results[1], {1, 1}, 3);
  expectInts(results[3], {1, 1}, 0);
  double e = std::exp(5.0);
  double score = std::log(e / (e + std::exp(1.0) + 2)) + std::log(e / (e + 3)) +
                 std::log(e / (e + 3 * std::exp(1.0)));
  EXPECT_NEAR(results[2].floats()[0], score / 3, 1e-12);
  // No normalisation without a penalty; and at most max_new tokens.
  decoder.search = "#seq.greedy<length_penalty = 0.0>";
  EXPECT_NEAR(decoder.run()[2].floats()[0], score, 1e-12);
  decoder.maxNew = 2;
  results = decoder.run();
  expectInts(results[0], {1, 1, 2}, {2, 3});
  expectInts(results[3], {1, 1}, 1);
}

TEST(Greedy, GivesTiesToTheLowestId) {
  Decoder decoder(1, 4, 4, 1);
  decoder.table =
      f32({1, 4, 4}, {0, 0, 0, 0, 1, 7, 7, 7, 0, 0, 0, 0, 0, 0, 0, 0});
  decoder.ends = "[3]";
  decoder.maxNew = 2;
  expectInts(decoder.run()[0], {1, 1, 2}, {1, 1});
}

TEST(Greedy, HoldsBackTheEndToken) {
  Decoder decoder(1, 3, 3, 1);
  decoder.table = f32({1, 3, 3}, {9, 8, 7, 9, 8, 7, 9, 8, 7});
  decoder.minNew = 2;
  decoder.maxNew = 5;
  auto results = decoder.run();
  expectInts(results[0], {1, 1, 5}, {1, 1, 0, -1, -1});
}

TEST(Greedy, EndsRowsWithoutCandidatesAndWithoutNumbers) {
  for (double bad : {-infinity, double(NAN), infinity}) {
    bool isDead = bad == -infinity;
    Decoder decoder(2, 2, 2, 1);
    decoder.table = f32({2, 2, 2}, {0, 0, bad, bad, 0, 5, 5, 0});
    decoder.maxNew = 3;
    auto results = decoder.run();
    expectInts(results[0], {2, 1, 3}, {-1, -1, -1, 0, -1, -1});
    expectInts(results[1], {2, 1}, {0, 1});
    expectInts(results[3], {2, 1}, {isDead ? 2 : 3, 0});
    EXPECT_TRUE(isDead ? results[2].floats()[0] == -infinity
                       : std::isnan(results[2].floats()[0]));
  }
}

TEST(Beam, FailsWhenOneLaneHasNoNumbers) {
  // The lane of token 1 has the bad logit; that of token 2 has ended by then,
  // and the other row goes on as if it were alone.
  for (double bad : {double(NAN), infinity}) {
    Decoder decoder(2, 3, 3, 1);
    decoder.search = beam(2, 2, 1.0, "exact");
    decoder.numBest = 2;
    decoder.ends = "[2]";
    decoder.maxNew = 3;
    decoder.start = {0, 0};
    std::vector<double> sound{0, 3, 3, 0, 1, 2, 0, 0, 5}, table = sound;
    table[5] = bad;
    table.insert(table.end(), sound.begin(), sound.end());
    decoder.table = f32({2, 3, 3}, table);
    auto results = decoder.run();
    auto alone = decoder.only(1).run();
    for (int64_t best : {0, 1}) {
      EXPECT_EQ(results[1].ints()[best], 0);
      EXPECT_TRUE(std::isnan(results[2].floats()[best]));
      EXPECT_EQ(results[3].ints()[best], 3);
      EXPECT_EQ(getTokens(results, 1, best), getTokens(alone, 0, best));
      EXPECT_EQ(results[2].floats()[2 + best], alone[2].floats()[best]);
    }
  }
}

//===----------------------------------------------------------------------===//
// Beam search
//===----------------------------------------------------------------------===//

TEST(Beam, FindsTheBestOfAllSequencesWhenWideEnough) {
  // 3 tokens, 4 steps: at most 2^3 * 3 candidates, so a width of 24 drops
  // nothing.
  for (uint64_t seed = 1; seed <= 20; ++seed)
    for (double penalty : {1.0, 0.0, 0.6, 2.0}) {
      SCOPED_TRACE(seed);
      Decoder decoder(1, 3, 27, seed);
      decoder.numBest = 5;
      decoder.minNew = static_cast<int64_t>(seed % 3);
      decoder.search = beam(24, 5, penalty, "exact");
      auto results = decoder.run();
      std::vector<Sequence> all = enumerate(decoder, penalty);
      for (int64_t best = 0; best < 5; ++best) {
        EXPECT_EQ(getTokens(results, 0, best), all[best].tokens);
        EXPECT_NEAR(results[2].floats()[best], all[best].score, 1e-12);
        EXPECT_EQ(results[3].ints()[best],
                  all[best].tokens.back() == 0 ? 0 : 1);
      }
    }
}

TEST(Beam, StopsExactlyWithoutChangingTheResult) {
  // A narrow beam that stops early by the exact rule gives what it gives when
  // it runs to the end, which a pool of the same candidates that never stops
  // would hold: replayed here step by step.
  for (uint64_t seed = 1; seed <= 40; ++seed)
    for (double penalty : {1.0, 0.0, 2.0, -0.5}) {
      SCOPED_TRACE(seed);
      Decoder decoder(1, 4, 64, seed);
      decoder.maxNew = 7;
      decoder.numBest = 3;
      decoder.search = beam(3, 3, penalty, "exact");
      auto results = decoder.run();

      struct Live {
        double score;
        std::vector<int64_t> tokens;
      };
      std::vector<Live> live{{0, {}}};
      std::vector<Sequence> pool;
      for (int64_t n = 1; n <= decoder.maxNew && !live.empty(); ++n) {
        std::vector<Live> next;
        for (const Live &parent : live) {
          std::vector<int64_t> read{decoder.start[0]};
          read.insert(read.end(), parent.tokens.begin(), parent.tokens.end());
          std::vector<double> lp = decoder.getLogProbabilities(read);
          for (int64_t t = 0; t < 4; ++t) {
            Live child = parent;
            child.score += lp[t];
            child.tokens.push_back(t);
            next.push_back(child);
          }
        }
        std::stable_sort(
            next.begin(), next.end(),
            [](const Live &a, const Live &b) { return a.score > b.score; });
        live.clear();
        for (size_t rank = 0; rank < next.size(); ++rank) {
          bool ends = next[rank].tokens.back() == 0;
          if (rank < 3 && (ends || n == decoder.maxNew))
            pool.push_back(
                {next[rank].score / static_cast<float>(std::pow(n, penalty)),
                 next[rank].tokens});
          if (!ends && live.size() < 3)
            live.push_back(next[rank]);
        }
      }
      std::stable_sort(pool.begin(), pool.end(),
                       [](const Sequence &a, const Sequence &b) {
                         return a.score > b.score;
                       });
      for (int64_t best = 0; best < 3; ++best) {
        EXPECT_EQ(getTokens(results, 0, best), pool[best].tokens);
        EXPECT_NEAR(results[2].floats()[best], pool[best].score, 1e-12);
      }
    }
}

TEST(Beam, OrdersTiesByBeamAndToken) {
  // All logits are equal, nothing ends: every candidate of a step has the same
  // score.
  Decoder decoder(1, 4, 4, 1);
  decoder.table = f32({1, 4, 4}, std::vector<double>(16, 0.0));
  decoder.ends = "[]";
  decoder.maxNew = 2;
  decoder.numBest = 3;
  decoder.search = beam(3, 3, 1.0, "heuristic");
  auto results = decoder.run();
  EXPECT_EQ(getTokens(results, 0, 0), (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(getTokens(results, 0, 1), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(getTokens(results, 0, 2), (std::vector<int64_t>{0, 2}));
  // With an end token 1: of the first three (0, 1, 2) token 1 ends, and 0, 2, 3
  // live on.
  decoder.ends = "[1]";
  decoder.maxNew = 3;
  decoder.search = beam(3, 3, 0.0, "exact");
  results = decoder.run();
  EXPECT_EQ(getTokens(results, 0, 0), (std::vector<int64_t>{1}));
  EXPECT_EQ(getTokens(results, 0, 1), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(getTokens(results, 0, 2), (std::vector<int64_t>{0, 0, 0}));
}

TEST(Beam, DropsEndTokensBelowTheWidth) {
  // The end token has rank 3 of 4 in a beam of 2: it never finishes before
  // max_new.
  Decoder decoder(1, 4, 4, 1);
  std::vector<double> logits;
  for (int row = 0; row < 4; ++row)
    logits.insert(logits.end(), {1, 3, 2, 0});
  decoder.table = f32({1, 4, 4}, logits);
  decoder.maxNew = 3;
  decoder.numBest = 2;
  decoder.search = beam(2, 2, 1.0, "first");
  auto results = decoder.run();
  expectInts(results[0], {1, 2, 3}, {1, 1, 1, 1, 1, 2});
  expectInts(results[3], {1, 2}, {1, 1});
}

TEST(Beam, StopsAsEachRuleSays) {
  // Probabilities by last token; the start is 1 and the end 0.
  std::vector<double> table;
  for (double p : {0.25, 0.25, 0.25, 0.25, /**/ 0.3, 0.0, 0.45, 0.25, /**/ 0.6,
                   0.0, 0.4, 0.0,
                   /**/ 0.02, 0.0, 0.98, 0.0})
    table.push_back(std::log(p));
  Decoder decoder(1, 4, 4, 1);
  decoder.table = f32({1, 4, 4}, table);
  decoder.maxNew = 6;
  decoder.numBest = 2;
  // Step 1: 2 (0.45), then 0 (0.3), which finishes. Step 2: 2 0 (0.27)
  // finishes, 3 2 (0.245) and 2 2 (0.18) live on. The pool is full.
  decoder.search = beam(2, 2, 1.0, "first");
  auto results = decoder.run();
  EXPECT_EQ(getTokens(results, 0, 0), (std::vector<int64_t>{2, 0}));
  EXPECT_EQ(getTokens(results, 0, 1), (std::vector<int64_t>{0}));
  EXPECT_NEAR(results[2].floats()[0], std::log(0.27) / 2, 1e-12);
  EXPECT_NEAR(results[2].floats()[1], std::log(0.3), 1e-12);
  // log(0.245) / 2 is better than log(0.3), so the heuristic goes on: 3 2 0
  // (0.147) has mean -0.639 and leads, 2 2 0 (0.108) with -0.742 is not better
  // than 2 0 with -0.655. Then the best live one, 3 2 2 (0.098), is worse than
  // that too.
  decoder.search = beam(2, 2, 1.0, "heuristic");
  results = decoder.run();
  EXPECT_EQ(getTokens(results, 0, 0), (std::vector<int64_t>{3, 2, 0}));
  EXPECT_EQ(getTokens(results, 0, 1), (std::vector<int64_t>{2, 0}));
  EXPECT_NEAR(results[2].floats()[0], std::log(0.25 * 0.98 * 0.6) / 3, 1e-12);
}

TEST(Beam, StopsByTheHeuristicAtThePresentLength) {
  // Width 1. Step 1: end 0.4, token 1 0.35, token 2 0.25: [0] is in the pool
  // with log 0.4. The live one scores log 0.35 / 1 < log 0.4, so the heuristic
  // stops. Its continuation is certain, so at length 2 it would have mean
  // log(0.35) / 2 > log 0.4: exact goes on.
  std::vector<double> table;
  for (double p :
       {1.0 / 3, 1.0 / 3, 1.0 / 3, 0.4, 0.35, 0.25, 1.0 / 3, 1.0 / 3, 1.0 / 3})
    table.push_back(std::log(p));
  Decoder decoder(1, 3, 9, 1);
  Tensor contexts = f32({1, 9, 3}, std::vector<double>(27, -infinity));
  llvm::MutableArrayRef<double> cells = contexts.mutableFloats();
  std::copy(table.begin() + 3, table.begin() + 6,
            cells.begin() + 3); // after the start token 1
  for (int64_t context = 0; context < 9; ++context)
    if (context != 1)
      cells[context * 3] = 0; // then the end for certain
  decoder.table = contexts;
  decoder.maxNew = 3;
  decoder.search = beam(1, 1, 1.0, "heuristic");
  auto results = decoder.run();
  EXPECT_EQ(getTokens(results, 0, 0), (std::vector<int64_t>{0}));
  EXPECT_NEAR(results[2].floats()[0], std::log(0.4), 1e-12);
  decoder.search = beam(1, 1, 1.0, "exact");
  results = decoder.run();
  EXPECT_EQ(getTokens(results, 0, 0), (std::vector<int64_t>{1, 0}));
  EXPECT_NEAR(results[2].floats()[0], std::log(0.35) / 2, 1e-12);
}

TEST(Beam, LeavesMissingHypothesesEmpty) {
  // Only the end token is possible: one hypothesis, three asked for.
  Decoder decoder(1, 3, 3, 1);
  std::vector<double> logits;
  for (int row = 0; row < 3; ++row)
    logits.insert(logits.end(), {0, -infinity, -infinity});
  decoder.table = f32({1, 3, 3}, logits);
  decoder.numBest = 3;
  decoder.maxNew = 2;
  decoder.search = beam(4, 3, 1.0, "exact");
  auto results = decoder.run();
  expectInts(results[0], {1, 3, 2}, {0, -1, -1, -1, -1, -1});
  expectInts(results[1], {1, 3}, {1, 0, 0});
  expectFloats(results[2], {1, 3}, {0, -infinity, -infinity});
  expectInts(results[3], {1, 3}, {0, 2, 2});
}

TEST(Beam, RoundsTheNormToSinglePrecision) {
  Decoder decoder(1, 3, 27, 5);
  decoder.search = beam(1, 1, 0.6, "exact");
  decoder.ends = "[]";
  decoder.maxNew = 3;
  auto results = decoder.run();
  std::vector<int64_t> tokens = getTokens(results, 0, 0), read{1};
  double score = 0;
  for (int64_t token : tokens) {
    score += decoder.getLogProbabilities(read)[token];
    read.push_back(token);
  }
  EXPECT_NEAR(results[2].floats()[0],
              score / static_cast<float>(std::pow(3.0, 0.6)), 1e-15);
}
