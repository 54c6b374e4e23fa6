//===- GenerateTest.cpp - Search over a decoder step ----------------------===//
//
// The models here are tables of logits: by last token, or by a state that
// encodes the whole past. Exact beam search is compared with the best of all
// sequences there are.
//
//===----------------------------------------------------------------------===//

#include "Program.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

using namespace seqc::reference;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A decoder over a table `[rows, contexts, V]`: the context is `(context * V +
/// id) mod contexts`, so a table of V contexts is indexed by the last token and
/// a larger one by more of the past.
struct Decoder {
  int64_t vocabulary, contexts;
  Tensor table;
  std::string search = "#seq.greedy";
  std::string ends = "[0]";
  int64_t maxNew = 4;
  int64_t minNew = 0;
  int64_t numBest = 1;
  std::vector<int64_t> start;
  Tensor prefix, prefixLengths;
  bool hasPrefix = false;

  Decoder(int64_t rows, int64_t vocabulary, int64_t contexts, uint64_t seed)
      : vocabulary(vocabulary), contexts(contexts),
        table(randomF32({rows, contexts, vocabulary}, seed)), start(rows, 1) {
    for (double &logit : table.mutableFloats())
      logit *= 2;
  }

  Program build() const {
    std::string v = std::to_string(vocabulary), c = std::to_string(contexts);
    std::string n = std::to_string(numBest);
    std::string table = "tensor<?x" + c + "x" + v + "xf32>",
                logits = "tensor<?x" + v + "xf32>";
    std::string results = "tensor<?x" + n + "x?xi32>, tensor<?x" + n +
                          "xi32>, tensor<?x" + n + "xf32>, tensor<?x" + n +
                          "xi8>";
    std::string traces =
        "tensor<?x" + n + "x?xi32>, tensor<?x" + n + "x?x" + v + "xf32>";
    std::string prefixArguments, prefixClauses;
    if (hasPrefix) {
      prefixArguments = ", %p: tensor<?x?xi32>, %pl: tensor<?xi32>";
      prefixClauses =
          " prefix(%p : tensor<?x?xi32>) prefix_lengths(%pl : tensor<?xi32>)";
    }
    return Program(
        "func.func @main(%table: " + table +
        ", %start: tensor<?xi32>, %max: index, "
        "%c0s: tensor<?xi32>" +
        prefixArguments + ") -> (" + results + ", " + traces +
        ") {\n"
        "  %r:6 = seq.generate " +
        search + " start(%start : tensor<?xi32>) end " + ends +
        " pad -1 max_new(%max)" + prefixClauses +
        " init(%c0s : tensor<?xi32>)" +
        " attributes {min_new = " + std::to_string(minNew) +
        " : i64} {\n"
        "  ^bb0(%id: tensor<?xi32>, %row: tensor<?xi32>, %pos: index, "
        "%context: tensor<?xi32>):\n"
        "    %c0 = arith.constant 0 : index\n"
        "    %n = tensor.dim %id, %c0 : tensor<?xi32>\n"
        "    %v = arith.constant " +
        v +
        " : i32\n"
        "    %c = arith.constant " +
        c +
        " : i32\n"
        "    %vs = tensor.splat %v[%n] : tensor<?xi32>\n"
        "    %cs = tensor.splat %c[%n] : tensor<?xi32>\n"
        "    %shifted = arith.muli %context, %vs : tensor<?xi32>\n"
        "    %sum = arith.addi %shifted, %id : tensor<?xi32>\n"
        "    %next = arith.remsi %sum, %cs : tensor<?xi32>\n"
        "    %e = tensor.empty(%n) : " +
        logits +
        "\n"
        "    %z = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>,\n"
        "        affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],\n"
        "        iterator_types = [\"parallel\", \"parallel\"]}\n"
        "        ins(%row, %next : tensor<?xi32>, tensor<?xi32>) outs(%e : " +
        logits +
        ") {\n"
        "      ^bb0(%r: i32, %k: i32, %o: f32):\n"
        "        %ri = arith.index_cast %r : i32 to index\n"
        "        %ki = arith.index_cast %k : i32 to index\n"
        "        %j = linalg.index 1 : index\n"
        "        %x = tensor.extract %table[%ri, %ki, %j] : " +
        table +
        "\n"
        "        linalg.yield %x : f32\n"
        "    } -> " +
        logits +
        "\n"
        "    %p32 = arith.index_cast %pos : index to i32\n"
        "    %where = tensor.splat %p32[%n] : tensor<?xi32>\n"
        "    seq.yield %z, %next, %where, %z : " +
        logits + ", tensor<?xi32>, tensor<?xi32>, " + logits +
        "\n"
        "  } -> " +
        results + " traces(" + traces +
        ")\n"
        "  return %r#0, %r#1, %r#2, %r#3, %r#4, %r#5 : " +
        results + ", " + traces + "\n}");
  }

  llvm::SmallVector<Tensor> inputs() const {
    int64_t rows = static_cast<int64_t>(start.size());
    llvm::SmallVector<Tensor> tensors{
        table, i32({rows}, start), Tensor::ofIndex(maxNew),
        i32({rows}, std::vector<int64_t>(rows, 0))};
    if (hasPrefix) {
      tensors.push_back(prefix);
      tensors.push_back(prefixLengths);
    }
    return tensors;
  }
  llvm::SmallVector<Tensor> run() const { return build().run(inputs()); }
  std::string getError() const { return build().getError(inputs()); }

  /// The same decoder for one row alone.
  Decoder only(int64_t row) const {
    Decoder one = *this;
    int64_t size = contexts * vocabulary;
    one.table =
        f32({1, contexts, vocabulary}, table.floats().slice(row * size, size));
    one.start = {start[row]};
    if (hasPrefix) {
      int64_t width = prefix.getDim(1);
      one.prefix = i32({1, width}, prefix.ints().slice(row * width, width));
      one.prefixLengths = i32({1}, prefixLengths.ints()[row]);
    }
    return one;
  }

  /// Log-probabilities after the tokens read so far, the start included.
  std::vector<double> getLogProbabilities(llvm::ArrayRef<int64_t> read,
                                          int64_t row = 0) const {
    int64_t context = 0;
    for (int64_t token : read)
      context = (context * vocabulary + token) % contexts;
    double total = 0;
    for (int64_t t = 0; t < vocabulary; ++t)
      total += std::exp(at(table, {row, context, t}));
    std::vector<double> result;
    for (int64_t t = 0; t < vocabulary; ++t)
      result.push_back(at(table, {row, context, t}) - std::log(total));
    return result;
  }
};

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

/// The tokens of one returned hypothesis.
std::vector<int64_t> getTokens(llvm::ArrayRef<Tensor> results, int64_t row,
                               int64_t best) {
  int64_t place = row * results[0].getDim(1) + best;
  llvm::ArrayRef<int64_t> all = results[0].ints().slice(
      place * results[0].getDim(2), results[0].getDim(2));
  all = all.take_front(results[1].ints()[place]);
  return {all.begin(), all.end()};
}

std::string beam(int64_t width, int64_t numBest, double penalty,
                 const std::string &stop) {
  return "#seq.beam<width = " + std::to_string(width) +
         ", n_best = " + std::to_string(numBest) +
         ", length_penalty = " + std::to_string(penalty) + ", stop = " + stop +
         ">";
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

TEST(Greedy, DeclaresRowsWithoutCandidatesDead) {
  for (double bad : {-infinity, double(NAN), infinity}) {
    Decoder decoder(2, 2, 2, 1);
    decoder.table = f32({2, 2, 2}, {0, 0, bad, bad, 0, 5, 5, 0});
    decoder.maxNew = 3;
    auto results = decoder.run();
    expectInts(results[0], {2, 1, 3}, {-1, -1, -1, 0, -1, -1});
    expectInts(results[1], {2, 1}, {0, 1});
    expectInts(results[3], {2, 1}, {2, 0});
    EXPECT_EQ(results[2].floats()[0], -infinity);
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

//===----------------------------------------------------------------------===//
// Rows, prefixes and traces
//===----------------------------------------------------------------------===//

TEST(Generate, DecodesEachRowAsIfAlone) {
  for (std::string search :
       {std::string("#seq.greedy"), beam(3, 2, 1.0, "heuristic"),
        beam(2, 2, 0.5, "first")}) {
    Decoder decoder(5, 4, 64, 11);
    decoder.search = search;
    decoder.numBest = search == "#seq.greedy" ? 1 : 2;
    decoder.maxNew = 6;
    decoder.hasPrefix = true;
    decoder.prefix = i32({5, 2}, {0, 0, 1, 0, 2, 3, 3, 1, 0, 2});
    decoder.prefixLengths = i32({5}, {0, 1, 2, 0, 2});
    auto all = decoder.run();
    for (int64_t row = 0; row < 5; ++row) {
      auto one = decoder.only(row).run();
      for (size_t result = 0; result < 6; ++result) {
        int64_t size = one[result].getNumElements();
        for (int64_t i = 0; i < size; ++i)
          EXPECT_EQ(all[result].data()[row * size + i].i,
                    one[result].data()[i].i)
              << "row " << row << " result " << result;
      }
    }
  }
}

TEST(Generate, ReadsThePrefixWithoutScoringIt) {
  // A prefix, which may hold the end token, only moves the context on.
  for (std::string search :
       {std::string("#seq.greedy"), beam(3, 1, 1.0, "exact")}) {
    Decoder with(1, 4, 256, 3), without(1, 4, 256, 3);
    with.search = without.search = search;
    with.hasPrefix = true;
    with.prefix = i32({1, 3}, {0, 2, 3});
    with.prefixLengths = i32({1}, 2);
    // Context after start 1, then 0 and 2; entered by another start in the
    // second decoder.
    auto found = with.run();
    int64_t context = ((1 * 4 + 0) * 4 + 2) % 256;
    std::vector<double> shifted(256 * 4);
    for (int64_t c = 0; c < 256; ++c)
      for (int64_t t = 0; t < 4; ++t) {
        // The context `without` has after reading start 1 and tokens w is the
        // digits of 1 w; `with` has the digits of 1 0 2 w.
        int64_t length = c >= 64 ? 3 : c >= 16 ? 2 : c >= 4 ? 1 : 0;
        int64_t base = int64_t(1) << (2 * length), rest = c - base;
        int64_t source =
            c >= 1 && rest >= 0 ? (context * base + rest) % 256 : c;
        shifted[c * 4 + t] = at(with.table, {0, source, t});
      }
    without.table = f32({1, 256, 4}, shifted);
    without.maxNew = with.maxNew = 3;
    found = with.run();
    auto expected = without.run();
    for (size_t result = 0; result < 4; ++result)
      for (int64_t i = 0; i < expected[result].getNumElements(); ++i)
        EXPECT_EQ(found[result].data()[i].i, expected[result].data()[i].i);
    // Positions count the prefix.
    EXPECT_EQ(found[4].ints()[0], 2);
    EXPECT_EQ(expected[4].ints()[0], 0);
  }
}

TEST(Generate, ReturnsTracesOfTheChosenTokens) {
  Decoder decoder(2, 4, 64, 17);
  decoder.search = beam(3, 3, 1.0, "exact");
  decoder.numBest = 3;
  decoder.maxNew = 5;
  auto results = decoder.run();
  for (int64_t row = 0; row < 2; ++row)
    for (int64_t best = 0; best < 3; ++best) {
      std::vector<int64_t> tokens = getTokens(results, row, best), read{1};
      double score = 0;
      for (int64_t index = 0; index < 5; ++index) {
        int64_t place = (row * 3 + best) * 5 + index;
        bool exists = index < static_cast<int64_t>(tokens.size());
        EXPECT_EQ(results[4].ints()[place], exists ? index : 0);
        int64_t context = 0;
        for (int64_t token : read)
          context = (context * 4 + token) % 64;
        for (int64_t t = 0; t < 4; ++t)
          EXPECT_EQ(at(results[5], {row, best, index, t}),
                    exists ? at(decoder.table, {row, context, t}) : 0);
        if (exists) {
          score += decoder.getLogProbabilities(read, row)[tokens[index]];
          read.push_back(tokens[index]);
        }
      }
      EXPECT_NEAR(results[2].floats()[row * 3 + best],
                  score / static_cast<double>(tokens.size()), 1e-12);
    }
}

TEST(Generate, ScoresReplayedHypotheses) {
  Decoder decoder(1, 4, 64, 17);
  decoder.search = beam(3, 2, 1.0, "exact");
  decoder.numBest = 2;
  decoder.maxNew = 4;
  Program program = decoder.build();
  auto found = program.run(decoder.inputs());
  // The result replayed gives itself.
  program.getInterpreter().setReplay(Replay{found[0], found[1]});
  auto again = program.run(decoder.inputs());
  for (size_t result : {0, 1, 3, 4, 5})
    for (int64_t i = 0; i < found[result].getNumElements(); ++i)
      EXPECT_EQ(again[result].data()[i].i, found[result].data()[i].i) << result;
  expectEqual(again[2], found[2]);
  // Another sequence is scored as it is, and the gap is that of its worst
  // choice.
  program.getInterpreter().setReplay(
      Replay{i32({1, 2, 4}, {3, 3, 0, 0, 0, 0, 0, 0}), i32({1, 2}, {3, 0})});
  auto forced = program.run(decoder.inputs());
  std::vector<int64_t> read{1};
  double score = 0, gap = 0;
  for (int64_t token : {3, 3, 0}) {
    std::vector<double> lp = decoder.getLogProbabilities(read);
    score += lp[token];
    gap = std::max(gap, *std::max_element(lp.begin(), lp.end()) - lp[token]);
    read.push_back(token);
  }
  EXPECT_NEAR(forced[2].floats()[0], score / 3, 1e-12);
  expectInts(forced[0], {1, 2, 4}, {3, 3, 0, -1, -1, -1, -1, -1});
  expectInts(forced[3], {1, 2}, {0, 2});
  ASSERT_EQ(program.getInterpreter().getReplayGaps().size(), 1u);
  EXPECT_NEAR(program.getInterpreter().getReplayGaps()[0].gap, gap, 1e-12);
  // What cannot be replayed is refused.
  program.getInterpreter().setReplay(
      Replay{i32({1, 2, 4}, {4, 0, 0, 0, 0, 0, 0, 0}), i32({1, 2}, {3, 0})});
  EXPECT_THAT(program.getError(decoder.inputs()),
              testing::HasSubstr("token 4 is outside [0, 4)"));
  program.getInterpreter().setReplay(
      Replay{i32({1, 2, 4}, {0, 0, 0, 0, 0, 0, 0, 0}), i32({1, 2}, {5, 0})});
  EXPECT_THAT(program.getError(decoder.inputs()),
              testing::HasSubstr("length 5"));
}

TEST(Generate, RefusesInputsOutOfRange) {
  Decoder decoder(2, 4, 4, 1);
  decoder.maxNew = 0;
  EXPECT_THAT(decoder.getError(),
              testing::HasSubstr("max_new is 0, required at least 1"));
  decoder.maxNew = 2;
  decoder.hasPrefix = true;
  decoder.prefix = i32({2, 1}, {1, 4});
  decoder.prefixLengths = i32({2}, {1, 1});
  EXPECT_THAT(decoder.getError(),
              testing::HasSubstr("token 4 is outside [0, 4)"));
  // An id beyond a length is not read.
  decoder.prefixLengths = i32({2}, {1, 0});
  EXPECT_EQ(decoder.getError(), "");
  decoder.prefixLengths = i32({2}, {1, 2});
  EXPECT_THAT(decoder.getError(),
              testing::HasSubstr("prefix length 2 is outside [0, 1]"));
}

TEST(Generate, GivesEmptyResultsForNoRows) {
  Decoder decoder(0, 4, 4, 1);
  auto results = decoder.run();
  expectInts(results[0], {0, 1, 4}, {});
  expectFloats(results[5], {0, 1, 4, 4}, {});
}
