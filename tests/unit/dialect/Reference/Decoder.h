//===- Decoder.h - A table as a decoder -------------------------*- C++ -*-===//

#ifndef TESTS_UNIT_DIALECT_REFERENCE_DECODER_H
#define TESTS_UNIT_DIALECT_REFERENCE_DECODER_H

#include "Program.h"

#include <limits>

namespace seqc::reference {

inline constexpr double infinity = std::numeric_limits<double>::infinity();

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

  /// A module whose `main` decodes with this table.
  Program build() const;

  /// The arguments of `main`.
  llvm::SmallVector<Tensor> inputs() const;
  /// Results of `main`: tokens, lengths, scores, why, positions, logits.
  llvm::SmallVector<Tensor> run() const { return build().run(inputs()); }
  std::string getError() const { return build().getError(inputs()); }

  /// The same decoder for one row alone.
  Decoder only(int64_t row) const;

  /// Log-probabilities after the tokens read so far, the start included.
  std::vector<double> getLogProbabilities(llvm::ArrayRef<int64_t> read,
                                          int64_t row = 0) const;
};

/// The tokens of one returned hypothesis.
std::vector<int64_t> getTokens(llvm::ArrayRef<Tensor> results, int64_t row,
                               int64_t best);

/// The attribute of a beam search.
std::string beam(int64_t width, int64_t numBest, double penalty,
                 const std::string &stop);

} // namespace seqc::reference

#endif // TESTS_UNIT_DIALECT_REFERENCE_DECODER_H
