//===- AttentionPropertyTest.cpp - Compiled attention ---------------------===//
//
// Attention of every kind over masks, lengths and odd sizes, compiled and
// compared with an evaluation in double precision:
//
//   |got - want| <= 1e-5 * max(1, max|want|)
//
// Many attentions share one module; each is called with several numbers of
// queries and keys, and with its tensors against a forbidden page at either
// end.
//
//===----------------------------------------------------------------------===//

#include "tests/property/AttentionCases.h"
#include "tests/property/Comparison.h"

#include "gtest/gtest.h"

using namespace seqc::test;

namespace {

constexpr ScoreKind kScores[] = {ScoreKind::Dot,      ScoreKind::Scaled,
                                 ScoreKind::Additive, ScoreKind::General,
                                 ScoreKind::Concat,   ScoreKind::Products,
                                 ScoreKind::Mlp,      ScoreKind::Distance};

/// Numbers of queries and keys: few queries, and blocks of 32 queries and panels
/// of 64 keys with rests.
constexpr std::pair<int64_t, int64_t> kSteps[] = {
    {1, 1}, {1, 37}, {2, 3}, {7, 3}, {9, 17}, {3, 33}, {38, 150}, {70, 66}};

/// What a module of attentions was checked with.
struct Checked {
  int64_t cases = 0, deadQueries = 0;
};

/// Compiles attentions and calls each with every pair of kSteps and, where it
/// has lengths, every kind of them.
Checked checkAttentions(const std::vector<AttentionCase> &attentions,
                        AttentionGenerator &generator,
                        const HarnessOptions &options = {}) {
  std::string text;
  for (size_t i = 0; i < attentions.size(); ++i)
    text += attentions[i].print("attention" + std::to_string(i));
  CompiledModule module(text, options);
  Checked checked;
  for (size_t i = 0; i < attentions.size(); ++i) {
    const AttentionCase &attention = attentions[i];
    std::string name = "attention" + std::to_string(i);
    for (auto [querySteps, keySteps] : kSteps)
      for (LengthKind lengths :
           {LengthKind::Mixed, LengthKind::Full, LengthKind::Zero}) {
        if (lengths != LengthKind::Mixed && !attention.config.hasLengths)
          break;
        AttentionInputs in =
            generator.inputs(attention, querySteps, keySteps, lengths);
        AttentionOutputs want = evaluateAttention(attention.config, in);
        std::vector<std::vector<int64_t>> shapes = attention.resultShapes(in);
        std::vector<HostTensor> tensors = attention.toTensors(in);
        for (Guard guard : {Guard::Front, Guard::Back}) {
          std::vector<HostTensor> got = module.run(name, tensors, guard);
          std::string problem =
              describeDifference("output", got.at(0), shapes[0], want.output);
          if (problem.empty() && attention.config.wantsProbabilities)
            problem = describeDifference("probabilities", got.at(1), shapes[1],
                                         want.probabilities);
          EXPECT_EQ(problem, "")
              << "Tq " << in.querySteps << " Tk " << keySteps << " B "
              << in.queryBatch << " of " << in.keyBatch << "\n"
              << attention.print(name);
          if (!problem.empty())
            break;
        }
        ++checked.cases;
        checked.deadQueries += want.deadQueries;
      }
  }
  return checked;
}

// The numbers of cases that the tests require add up to more than 1,000.

TEST(AttentionProperty, EveryScoreAndNormalizer) {
  AttentionGenerator generator(23);
  std::vector<AttentionCase> attentions;
  for (ScoreKind score : kScores)
    for (const char *normalizer :
         {"softmax", "negated_softmax", "sigmoid", "none"})
      attentions.push_back(generator.base(score, normalizer));
  HarnessOptions options;
  options.planMemory = true;
  Checked checked = checkAttentions(attentions, generator, options);
  RecordProperty("cases", checked.cases);
  EXPECT_GE(checked.cases, 168);
}

TEST(AttentionProperty, EveryAttributeAlone) {
  AttentionGenerator generator(29);
  std::vector<AttentionCase> attentions;
  auto add = [&](auto change) {
    ScoreKind score = kScores[attentions.size() % std::size(kScores)];
    AttentionCase attention = generator.base(
        score, attentions.size() % 3 ? "softmax" : "negated_softmax");
    change(attention);
    attentions.push_back(attention);
  };
  // Every way to broadcast a mask and a bias over scores with heads.
  for (int bits = 0; bits < 16; ++bits) {
    BroadcastShape shape{bool(bits & 1), bool(bits & 2), bool(bits & 4),
                         bool(bits & 8)};
    add([&](AttentionCase &attention) {
      attention.config.hasHeads = true;
      attention.config.keyHeads = 2;
      attention.config.heads = bits % 3 ? 2 : 4;
      (bits % 2 ? attention.config.mask : attention.config.bias) = shape;
    });
  }
  for (int i = 0; i < 2; ++i) {
    add([](AttentionCase &attention) { attention.config.hasLengths = true; });
    add([](AttentionCase &attention) { attention.config.hasRows = true; });
    add([](AttentionCase &attention) {
      attention.config.hasLengths = attention.config.hasRows = true;
    });
    add([](AttentionCase &attention) { attention.config.softcap = 1.5; });
    add([](AttentionCase &attention) { attention.config.causal = "top_left"; });
    add([](AttentionCase &attention) {
      attention.config.causal = "bottom_right";
    });
    add([](AttentionCase &attention) {
      attention.config.wantsProbabilities = false;
    });
    add([](AttentionCase &attention) { attention.singleQuery = true; });
    add([](AttentionCase &attention) {
      attention.config.score = ScoreKind::Scaled;
      attention.config.keyFeatures = attention.config.queryFeatures;
      attention.config.scale = 0.4;
    });
  }
  for (auto window :
       {std::pair<int64_t, int64_t>{0, 0}, {2, -1}, {-1, 1}, {3, 2}})
    for (const char *causal : {"none", "bottom_right"})
      add([&](AttentionCase &attention) {
        attention.config.window = window;
        attention.config.causal = causal;
      });
  Checked checked = checkAttentions(attentions, generator);
  RecordProperty("cases", checked.cases);
  EXPECT_GE(checked.cases, 290);
  EXPECT_GE(checked.deadQueries, 100);
}

TEST(AttentionProperty, RandomCombinations) {
  AttentionGenerator generator(31);
  std::vector<AttentionCase> attentions;
  for (int i = 0; i < 64; ++i)
    attentions.push_back(generator.combined());
  Checked checked = checkAttentions(attentions, generator);
  RecordProperty("cases", checked.cases);
  EXPECT_GE(checked.cases, 560);
  EXPECT_GE(checked.deadQueries, 500);
}

} // namespace
