//===- GraphSearch.h - A search around ONNX graphs ---------------*- C++-*-===//

#ifndef FRONTENDS_YAML_GRAPHSEARCH_H
#define FRONTENDS_YAML_GRAPHSEARCH_H

#include "frontends/YAML/GraphStates.h"
#include "frontends/YAML/Search.h"

namespace seqc::yaml {

/// Builds the `graphs` and `generate` sections.
class GraphSearchImport {
public:
  GraphSearchImport(Importer &importer, const Node &generate)
      : importer(importer),
        search(importer, generate,
               {"blank", "step", "logits", "choice", "first_logits", "frames"},
               {"transducer"}),
        reader(search.reader), graphs(importer), states(graphs),
        e(importer.outer) {}

  void run();

private:
  bool readSettings();
  bool buildOnce();
  bool openStep();
  /// What a step yields for every lane: logits, then states. Empty after an
  /// error.
  using Yield = llvm::SmallVector<Value>;

  void declareStates();
  bool buildStep();
  Yield buildLanes();
  Yield buildLane(Value lane);
  Yield buildSymbol(Value begin);
  Yield buildLater();
  Yield buildPlainly();
  /// `first` and the states of the lane, or those of the next step.
  Yield listStates(Yield first, bool isNext) const;
  bool callGraphs();
  /// The logits that `key` names, `[1, V]`.
  Tensor readLogits(llvm::StringRef key);
  /// The token that the step chose, an i32.
  Value readChoice();
  /// Logits that leave only `token`.
  Value pick(Value token);

  Importer &importer;
  Search search;
  MappingReader &reader;
  Graphs graphs;
  GraphStates states;
  Emitter &e;
  std::vector<std::unique_ptr<NamedGraph>> once, steps;
  bool isTransducer = false, usesPrefix = false;
  int64_t blank = 0;
  Value frames;
  Tensor firstLogits;

  /// The step's block and what it starts with: prefix and time come first.
  std::unique_ptr<Block> block;
  llvm::SmallVector<Value> inits;
  Value ids, position;
  /// Steps whose entries the caches hold.
  Value filled;
  /// The regions around the graphs of the step, the innermost first.
  llvm::SmallVector<mlir::Region *> nest;
};

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_GRAPHSEARCH_H
