//===- Graphs.h - ONNX graphs and what they are fed --------------*- C++-*-===//
//
// A description names ONNX files and says what each of their inputs gets. The
// graphs are built for a batch of one, where the importer's emitter stands; what
// a step does not change leaves it afterwards (moveOut).
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_GRAPHS_H
#define FRONTENDS_YAML_GRAPHS_H

#include "frontends/Common/Numbers.h"
#include "frontends/ONNX/OnnxGraph.h"
#include "frontends/YAML/Importer.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace seqc::yaml {

/// What a reference stands for: a tensor, or one number that fits any rank.
struct GraphSignal {
  Tensor tensor;
  /// An index.
  Value number;
  /// A number of the description.
  std::optional<double> constant;

  GraphSignal() = default;
  GraphSignal(Tensor tensor) : tensor(tensor) {}
  GraphSignal(Value number) : number(number) {}

  explicit operator bool() const { return tensor || number || constant; }
};

/// A file of the description and its graph.
struct NamedGraph {
  std::string name;
  const Node *node = nullptr;
  Position position;
  std::string file;
  onnx::OnnxGraph graph;
};

/// The names of a graph's inputs or outputs.
template <typename Items>
std::vector<llvm::StringRef> namesOf(const Items &items) {
  std::vector<llvm::StringRef> names;
  for (const auto &item : items)
    names.push_back(item.name);
  return names;
}

/// `name` as `pattern` with `*` for any text: what the stars stand for, or
/// nothing if it does not fit.
std::optional<std::vector<std::string>> matchName(llvm::StringRef pattern,
                                                  llvm::StringRef name);
/// `text` with its stars replaced in turn.
std::string fillStars(llvm::StringRef text,
                      llvm::ArrayRef<std::string> fillings);

/// The graphs of a description, and the names they can read.
class Graphs {
public:
  explicit Graphs(Importer &importer);

  /// Opens the file of `entry`, whose keys are `keys` besides 'onnx' and
  /// 'inputs'.
  std::unique_ptr<NamedGraph> open(const Entry &entry,
                                   llvm::ArrayRef<llvm::StringRef> keys);
  /// Makes `name` readable.
  void define(llvm::StringRef name, GraphSignal signal);
  /// What `node` refers to, with its stars replaced; reported if there is
  /// nothing.
  GraphSignal resolve(const Node &node,
                      llvm::ArrayRef<std::string> fillings = {});
  /// Reads `inputs` of a graph: what each input gets.
  void readInputs(const NamedGraph &graph, llvm::StringMap<GraphSignal> &fed);
  /// Reports that an input is fed twice.
  void reportTwoValues(const NamedGraph &graph,
                       const onnx::OnnxGraph::Input &input, Position position);
  /// Builds the graph; its outputs become readable as GRAPH.OUTPUT. Inputs in
  /// `fed` that have been reported are null.
  bool build(NamedGraph &graph, const llvm::StringMap<GraphSignal> &fed);
  /// An output of a graph that was built.
  Tensor getResult(const NamedGraph &graph, llvm::StringRef output);

  /// `tensor` with these extents, as far as its own reach; zeros beyond.
  Tensor fit(Tensor tensor, llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// Moves ops of `region` whose operands are defined outside of `target`, an op
  /// around it, in front of that.
  static void moveOut(mlir::Region &region, Operation *target);

  Importer &importer;
  Reporter &reporter;
  Emitter &e;
  /// Set while a step is built: names in it are spoken of.
  bool inStep = false;
  /// The position in time of a transducer, an index.
  Value time;

private:
  GraphSignal find(llvm::StringRef name);
  GraphSignal resolveFrame(const Node &node,
                           llvm::ArrayRef<std::string> fillings);
  /// `signal` as `input` takes it; null after an error, which is reported.
  Value conform(const NamedGraph &graph, const onnx::OnnxGraph::Input &input,
                const GraphSignal &signal, Position position);
  void inlineBody(mlir::func::FuncOp function, llvm::ArrayRef<Value> arguments,
                  const NamedGraph &graph);

  std::map<std::string, GraphSignal, std::less<>> names;
};

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_GRAPHS_H
