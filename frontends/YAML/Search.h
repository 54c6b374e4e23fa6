//===- Search.h - The settings of a search and its op ------------*- C++-*-===//
//
// What the `generate` section says about the search itself, whatever its step
// is made of: tokens, lengths, the beam. Closes with seq.generate, its results
// and their description.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_SEARCH_H
#define FRONTENDS_YAML_SEARCH_H

#include "frontends/YAML/Importer.h"

#include "dialect/Seq/IR/SeqOps.h"

namespace seqc::yaml {

/// Reads the settings of one `generate` section and builds its search.
class Search {
public:
  /// `moreKeys` are keys beside those of the settings, `moreKinds` searches
  /// beside greedy, beam and sample.
  Search(Importer &importer, const Node &node,
         llvm::ArrayRef<llvm::StringRef> moreKeys,
         llvm::ArrayRef<llvm::StringRef> moreKinds = {});

  /// Reads the tokens; whether they are known.
  bool readVocabulary();
  /// Reads everything else. `start` begins a row unless the description says
  /// otherwise.
  bool readSettings(std::optional<int64_t> start = std::nullopt);
  /// The id of a token given by name or number under `key`, or `otherwise`.
  std::optional<int64_t> readToken(llvm::StringRef key,
                                   std::optional<int64_t> otherwise);

  /// Adds what every step gets: the last tokens of its lanes, the row of each
  /// lane, the position.
  llvm::ArrayRef<mlir::BlockArgument> addStepArguments(Block &step);

  /// Adds the inputs of a forced beginning, if there is one.
  void addPrefixInputs();
  /// Steps at most: the extent of a table with an entry per step.
  OpFoldResult getMostSteps();
  /// Gives `step`, which is closed, to a search that begins with `inits`, and
  /// describes its results. The step yields one trace, along the dimension
  /// `traceTime`, unless that is empty.
  seq::GenerateOp build(std::unique_ptr<Block> step,
                        llvm::ArrayRef<Value> inits,
                        llvm::StringRef traceTime = "");

  Importer &importer;
  const Node &node;
  MappingReader reader;
  const Vocabulary *vocabulary = nullptr;
  std::string vocabularyName;
  int64_t size = 0, beam = 1, nBest = 1, maxLength = 0, minLength = 0,
          start = 0, pad = 0;
  std::optional<int64_t> end;
  double lengthPenalty = 1;
  seq::Stop stop = seq::Stop::Heuristic;
  bool prefix = false;
  /// What `search` says; empty if it says nothing.
  std::string kind;
  /// Sampling.
  bool samples = false;
  double temperature = 1, topP = 1;
  int64_t topK = 50, seed = 0;

  /// One hypothesis per row.
  bool isSingle() const { return beam == 1 && nBest == 1; }
  bool isGreedy() const { return isSingle() && !samples; }

private:
  bool readKind();
  void readSampling();
  mlir::Attribute getSearch() const;

  Tensor prefixIds, prefixLengths;
};

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_SEARCH_H
