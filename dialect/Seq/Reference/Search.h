//===- Search.h - The search of one row -------------------------*- C++ -*-===//
//
// The search that `seq.generate` defines, apart from running the step: a row is
// told what its step gave and answers which hypotheses live on.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECT_SEQ_REFERENCE_SEARCH_H
#define DIALECT_SEQ_REFERENCE_SEARCH_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <array>
#include <cstdint>
#include <vector>

namespace seqc::reference {

/// How a hypothesis ended.
enum class Why : int8_t { End = 0, Length = 1, Dead = 2, Failed = 3 };

/// When a row with a full pool ends.
enum class StopRule { Heuristic, First, Exact };

/// How a step chooses among its candidates.
enum class SearchKind { Greedy, Beam, Sample };

/// What a search is asked to do; the same for all rows.
struct SearchRules {
  SearchKind kind = SearchKind::Greedy;
  int64_t width = 1;
  double lengthPenalty = 1.0;
  StopRule stop = StopRule::Heuristic;
  int64_t maxNew = 1;
  int64_t minNew = 0;
  llvm::SmallVector<int32_t> ends;
  // Sampling.
  double temperature = 1.0;
  int64_t topK = 0;
  double topP = 1.0;
  uint64_t seed = 0;
  /// Number of row 0.
  uint64_t firstRow = 0;

  /// Divisor of the score of a hypothesis of `count` generated tokens.
  double getNorm(int64_t count) const;
  /// Whether a token ends a hypothesis.
  bool isEnd(int64_t token) const;
};

/// Where a token was scored: the step, and the lane in it.
struct Origin {
  int64_t step;
  int64_t lane;
};

/// A sequence of generated tokens.
struct Hypothesis {
  double score = 0.0;
  std::vector<int32_t> tokens;
  std::vector<Origin> origins;
  /// The token that the next step reads.
  int32_t last = 0;
  /// The lane of the last step, whose state the next step reads.
  int64_t lane = 0;
  Why why = Why::Dead;
  /// Position in a replayed list.
  int64_t number = 0;
};

/// Logits of one hypothesis in one step.
struct StepLogits {
  llvm::ArrayRef<double> logits;
  int64_t step;
  int64_t lane;
};

/// The search for one row.
class RowSearch {
public:
  /// Starts with the empty hypothesis, in lane `row`, which is the row's number
  /// too.
  RowSearch(const SearchRules &rules, int32_t start, int64_t row);

  /// Hypotheses that go on, best first.
  llvm::ArrayRef<Hypothesis> getLive() const { return live; }
  /// Whether the row has ended.
  bool isDone() const { return live.empty(); }
  /// Whether its logits were no numbers; the row has ended then, with nothing.
  bool hasFailed() const { return failed; }
  /// Finished hypotheses, best first; their scores are normalised.
  llvm::ArrayRef<Hypothesis> getPool() const { return pool; }
  /// Of every replayed hypothesis, how far its worst token was below the best
  /// one.
  llvm::ArrayRef<double> getGaps() const { return gaps; }

  /// Makes the row score given sequences instead of searching. Empty ones are
  /// left out.
  void setReplay(std::vector<std::vector<int32_t>> sequences);
  /// Appends a prefix token, which is read but neither scored nor tested.
  void force(int32_t token, int64_t lane);
  /// Advances by one token; `steps` has one entry per live hypothesis.
  void advance(llvm::ArrayRef<StepLogits> steps);

private:
  /// A possible continuation.
  struct Candidate {
    double score;
    int64_t beam;
    int32_t token;
  };

  Hypothesis extend(const Candidate &candidate,
                    llvm::ArrayRef<StepLogits> steps) const;
  void advanceSingle(llvm::ArrayRef<StepLogits> steps);
  int64_t chooseGreedily(llvm::ArrayRef<double> logits) const;
  int64_t draw(llvm::ArrayRef<double> logits) const;
  void advanceBeam(llvm::ArrayRef<StepLogits> steps);
  void advanceReplay(llvm::ArrayRef<StepLogits> steps);
  void finish(Hypothesis hypothesis, Why why);
  bool shouldStop() const;

  const SearchRules &rules;
  int64_t row;
  std::vector<Hypothesis> live, pool;
  std::vector<std::vector<int32_t>> replay;
  std::vector<double> gaps;
  bool isReplay = false, failed = false;
  /// Tokens generated so far.
  int64_t count = 0;
};

/// The Philox generator with 10 rounds: four words from a counter and a key.
std::array<uint32_t, 4> getPhilox(std::array<uint32_t, 4> counter,
                                  std::array<uint32_t, 2> key);

/// The number in [0, 1) that draws token `index` (from 0) of a row.
double getUniform(uint64_t seed, uint64_t row, int64_t index);

/// Natural logarithms of the softmax of `logits`.
std::vector<double> getLogProbabilities(llvm::ArrayRef<double> logits);

} // namespace seqc::reference

#endif // DIALECT_SEQ_REFERENCE_SEARCH_H
