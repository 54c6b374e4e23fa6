//===- AttentionCases.h - Attentions to test --------------------*- C++ -*-===//

#ifndef TESTS_PROPERTY_ATTENTIONCASES_H
#define TESTS_PROPERTY_ATTENTIONCASES_H

#include "tests/property/AttentionReference.h"
#include "tests/property/Harness.h"

#include <random>
#include <string>
#include <vector>

namespace seqc::test {

/// An attention to test, with what it needs to be printed.
struct AttentionCase {
  AttentionConfig config;
  /// Whether the number of queries is the static 1, as in a decoder.
  bool singleQuery = false;

  /// The op as a public function `name`.
  std::string print(const std::string &name) const;
  /// The inputs in the order of the function's arguments.
  std::vector<HostTensor> toTensors(const AttentionInputs &inputs) const;
  /// Shapes of the results for these inputs: output, probabilities.
  std::vector<std::vector<int64_t>>
  resultShapes(const AttentionInputs &inputs) const;
};

/// How the rows of a call are filled.
enum class LengthKind { Zero, Full, Mixed };

/// Makes attentions and inputs from a seed.
class AttentionGenerator {
public:
  explicit AttentionGenerator(uint32_t seed) : random(seed) {}

  int64_t pick(std::initializer_list<int64_t> values) {
    return values.begin()[random() % values.size()];
  }
  bool chance(double probability) {
    return std::uniform_real_distribution<>(0, 1)(random) < probability;
  }

  /// An attention with nothing but a score and a normaliser, odd sizes and
  /// maybe heads.
  AttentionCase base(ScoreKind score, const std::string &normalizer);
  /// An attention with everything in random combination.
  AttentionCase combined();
  AttentionInputs inputs(const AttentionCase &attention, int64_t querySteps,
                         int64_t keySteps, LengthKind lengths);

private:
  BroadcastShape broadcastShape(const AttentionConfig &config);
  std::vector<float> values(int64_t count, double scale);

  std::mt19937 random;
};

} // namespace seqc::test

#endif // TESTS_PROPERTY_ATTENTIONCASES_H
