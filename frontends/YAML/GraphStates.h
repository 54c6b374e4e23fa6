//===- GraphStates.h - What a graph hands to its next step -------*- C++-*-===//

#ifndef FRONTENDS_YAML_GRAPHSTATES_H
#define FRONTENDS_YAML_GRAPHSTATES_H

#include "frontends/YAML/Graphs.h"

namespace seqc::yaml {

/// An output of a step's graph that becomes an input at the next step. A cache
/// grows by one along `axis` with every step; it lives in a table that has
/// room for all of them, of which the graph sees the part that is filled.
struct GraphState {
  const NamedGraph *graph = nullptr;
  std::string output;
  const onnx::OnnxGraph::Input *input = nullptr;
  Position position;
  bool isCache = false;
  std::optional<int64_t> axis;
  /// What it begins with: null for zeros, or nothing for a cache.
  Tensor initial;

  /// Extents of the state, for a cache with room for all steps.
  Extents sizes;
  /// Entries of a cache before the first step.
  OpFoldResult begin;
  /// The first value, `[1, extents...]`.
  Value first;
  /// The type of the argument of the step.
  RankedTensorType laneType;
  /// The state of the lane that is being built, all of a cache's table.
  Tensor inside;
  Value next;
};

/// The states and caches of the graphs of a step.
class GraphStates {
public:
  explicit GraphStates(Graphs &graphs) : graphs(graphs), e(graphs.e) {}

  /// Reads `states` and `caches` of a graph.
  void read(const NamedGraph &graph);
  /// Builds what every state begins with. A cache gets room for `steps` more
  /// entries.
  void declare(OpFoldResult steps);

  /// Puts the states into what graph `graph` is fed; `filled` is the number of
  /// steps whose entries the caches hold.
  void feed(const NamedGraph &graph, Value filled,
            llvm::StringMap<GraphSignal> &fed);
  /// Takes the next states from the outputs of the graphs.
  bool collect(Value filled);

  std::vector<GraphState> list;

private:
  void readEntry(const NamedGraph &graph, const Entry &entry, bool isCache);
  void addState(const NamedGraph &graph, const Entry &entry, bool isCache,
                llvm::StringRef output, llvm::ArrayRef<std::string> fillings);
  bool declareState(GraphState &state, OpFoldResult steps);
  bool findAxis(GraphState &state);
  /// Reports a fault of a state, which is called `what`; false.
  template <typename... Args>
  bool fail(const GraphState &state, llvm::StringRef what, const char *format,
            const Args &...args);
  /// The part of a cache that `count` entries fill.
  Extents getPart(const GraphState &state, Value filled, int64_t more);
  /// The dimensions of a state's input that vary and are not the batch, which
  /// inputs of the graph name.
  llvm::SmallVector<int64_t> findOpenDims(const GraphState &state);

  Graphs &graphs;
  Emitter &e;
  /// Graphs whose states are faulty: what their inputs lack has been told.
  llvm::StringSet<> faulty;
};

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_GRAPHSTATES_H
