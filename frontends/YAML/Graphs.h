//===- Graphs.h - ONNX graphs and what they are fed --------------*- C++-*-===//
//
// A description names ONNX files and says what each of their inputs gets. The
// graphs are built for a batch of one; their ops are placed in the outermost
// block that defines what they read, so that what a step does not change is
// computed once.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_GRAPHS_H
#define FRONTENDS_YAML_GRAPHS_H

#include "frontends/Common/Numbers.h"
#include "frontends/ONNX/OnnxGraph.h"
#include "frontends/YAML/Importer.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace seqc::yaml {

/// Blocks that enclose one another while they are filled.
class Nest {
public:
  explicit Nest(Block *outermost) { enter(outermost); }

  /// Fills `block`, which lies in the innermost block so far. Ops that are
  /// placed further out go in front of `owner`, the op that holds it.
  void enter(Block *block, Operation *owner = nullptr) {
    if (!levels.empty())
      levels.back().before = owner;
    levels.push_back({block, nullptr});
  }
  void leave() {
    levels.pop_back();
    levels.back().before = nullptr;
  }
  /// Ops are placed in the outermost block or the innermost, not between.
  void setSparse(bool value) { sparse = value; }

  unsigned getInnermost() const { return levels.size() - 1; }
  /// The block of the nest that a value belongs to.
  unsigned find(Value value) const;
  /// Where an op of these operands is placed.
  unsigned place(ValueRange operands) const;
  void setInsertionPoint(OpBuilder &builder, unsigned level) const;

private:
  struct Level {
    Block *block;
    Operation *before;
  };
  llvm::SmallVector<Level> levels;
  bool sparse = false;
};

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
  std::string file, folder;
  onnx::OnnxGraph graph;
};

/// The item of a graph's inputs or outputs with this name, or null.
template <typename Items>
const typename Items::value_type *findNamed(const Items &items,
                                            llvm::StringRef name) {
  auto it =
      llvm::find_if(items, [&](const auto &item) { return item.name == name; });
  return it == items.end() ? nullptr : &*it;
}
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

  /// Emits at a level of the nest.
  Emitter emitAt(unsigned level) const;
  Emitter emitFor(ValueRange operands) const {
    return emitAt(nest.place(operands));
  }
  /// Emits where the innermost block ends.
  Emitter emitInside() const { return emitAt(nest.getInnermost()); }
  /// `tensor` with these extents, as far as its own reach; zeros beyond.
  static Tensor fit(Emitter &e, Tensor tensor,
                    llvm::ArrayRef<OpFoldResult> sizes);

  Importer &importer;
  Reporter &reporter;
  Nest nest;
  Location loc;
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
                  NamedGraph &graph);

  std::map<std::string, GraphSignal, std::less<>> names;
};

} // namespace seqc::yaml

#endif // FRONTENDS_YAML_GRAPHS_H
