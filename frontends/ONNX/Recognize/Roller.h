//===- Roller.h - From a chain of steps to a Scan ----------------*- C++-*-===//
//
// Checks a chain and writes the Scan. Reading of steps and of what uses them
// are files of their own.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_RECOGNIZE_ROLLER_H
#define FRONTENDS_ONNX_RECOGNIZE_ROLLER_H

#include "frontends/ONNX/Recognize/Unrolled.h"

namespace seqc::onnx {

/// One name per step.
using Row = llvm::SmallVector<std::string>;

/// A place on an axis of a tensor.
struct Place {
  std::string tensor;
  int64_t axis = 0, index = 0;
  /// Whether the slice has the axis, with extent 1.
  bool keeps = false;
};

struct State {
  Source source;
  std::string init, argument;
};

struct Scanned {
  std::string tensor;
  int64_t axis = 0, low = 0;
  std::string argument;
};

/// Rewrites one chain.
class Roller {
public:
  Roller(GraphView &view, const NodeNumbers &nodes, format::GraphProto &graph,
         Recognition &result, const Chain &chain)
      : view(view), nodes(nodes), graph(graph), result(result), chain(chain) {
    for (size_t type = 0; type < chain.classes.size(); ++type)
      for (int step = 0; step < chain.count; ++step)
        inside[chain.classes[type][step]] = {static_cast<int>(type), step};
  }

  /// Whether the chain is a loop; only then has the graph changed.
  bool run();

private:
  //===--- What a step reads ----------------------------------------------===//
  void findBehind();
  bool readStep();
  std::string readInput(const Row &row);
  std::string readOutside(const Row &row, int depth);
  std::optional<Place> findPlace(llvm::StringRef name) const;
  std::string readPlaces(const Row &row);
  bool isOutside(llvm::StringRef name) const;
  /// Whether names hold the same value in all steps.
  bool isSame(const Row &row) const;
  Row getRow(const llvm::SmallVector<int> &members, int slot) const;
  std::string addToBody(const format::NodeProto &node,
                        llvm::ArrayRef<std::string> inputs);
  std::string bodyName(Source source) const {
    return outputNames.lookup({source.node, source.output});
  }
  bool checkShapes();

  //===--- What reads a step ----------------------------------------------===//
  void findUses();
  void write();
  format::NodeProto *addNode(llvm::StringRef op,
                             llvm::ArrayRef<std::string> inputs,
                             llvm::StringRef output, int64_t version);
  std::string addIntegers(llvm::ArrayRef<int64_t> numbers, bool scalar = false);
  void stack(int type, int output, const std::string &stacked);
  void joinConcat(format::NodeProto &concat, int type, int output,
                  const std::string &stacked);
  void removeUnused();

  int position(int step) const {
    return direction < 0 ? chain.count - 1 - step : step;
  }
  const std::string &nameOf(int type, int step, int output) const {
    return nodes[chain.classes[type][step]]->output(output);
  }

  GraphView &view;
  const NodeNumbers &nodes;
  format::GraphProto &graph;
  Recognition &result;
  const Chain &chain;
  /// Class and step, from the first step of the chain on, of its nodes.
  llvm::DenseMap<int, std::pair<int, int>> inside;
  /// Whether a node is one of them, or reads what they give.
  llvm::SmallVector<char> behind;
  format::GraphProto body;
  /// Nodes of the body that follow an opset of their own, by their place.
  std::vector<std::pair<int, int64_t>> opsets;
  std::vector<State> states;
  std::vector<Scanned> scanned;
  /// By class and output.
  llvm::DenseMap<std::pair<int, int>, std::string> outputNames;
  std::map<std::vector<int>, std::string> prepared;
  /// +1 or -1, 0 while it is not known.
  int direction = 0;
  /// Outputs that are used outside, by class and output: by anything but the
  /// last step's final state.
  std::map<std::pair<int, int>, bool> stacked;
  std::vector<format::NodeProto *> added;
  llvm::DenseSet<const format::NodeProto *> removed;
};

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_RECOGNIZE_ROLLER_H
