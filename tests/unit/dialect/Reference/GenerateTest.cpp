//===- GenerateTest.cpp - Decoding loops around a search ------------------===//

#include "Decoder.h"

#include <algorithm>

using namespace seqc::reference;

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
