//===- ImportOptions.h - What a caller says about an import -----*- C++ -*-===//

#ifndef FRONTENDS_COMMON_IMPORTOPTIONS_H
#define FRONTENDS_COMMON_IMPORTOPTIONS_H

#include "llvm/ADT/StringSet.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace seqc {

/// A weight that a model asks for.
struct NeededWeight {
  std::string name;
  /// Such as "[512, 128]"; empty where the file alone could tell.
  std::string shape;
  /// Whether the model does without it where the file lacks it.
  bool optional = false;
};

/// How a model is read, whatever its kind; a frontend takes what concerns it.
struct ImportOptions {
  // Settings of a search, in place of those that the model has.

  /// Hypotheses a beam search keeps; 1 is greedy search.
  std::optional<int64_t> beam;
  /// Hypotheses returned per row.
  std::optional<int64_t> nBest;
  /// Exponent of the length normalisation.
  std::optional<double> lengthPenalty;
  /// Whether tokens are drawn instead of searched for, and how.
  bool sample = false;
  std::optional<double> temperature, topP;
  std::optional<int64_t> topK, seed;
  /// Most tokens generated per row.
  std::optional<int64_t> maxLength;
  /// Whether the entry takes a forced beginning of the output.
  std::optional<bool> prefix;

  // How graphs of primitive nodes are read.

  /// Patterns that do not become one operator; "all" stands for every one.
  llvm::StringSet<> noRecognize;
  /// Whether initializers that are also inputs are constants in every version
  /// of the format.
  bool freezesInitializers = false;

  /// Where not null: that a file of weights is missing is no error, and what it
  /// would have to hold is noted here. The module then holds no weights, and is
  /// null without an error where their shapes are needed to go on.
  std::vector<NeededWeight> *needed = nullptr;
};

} // namespace seqc

#endif // FRONTENDS_COMMON_IMPORTOPTIONS_H
