//===- Unrolled.h - Loops that an exporter unrolled --------------*- C++-*-===//
//
// A cell that was exported step by step is a chain of equal groups of nodes:
// the same operators on the same weights, where what one group gives enters the
// next. Such a chain is one Scan.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_RECOGNIZE_UNROLLED_H
#define FRONTENDS_ONNX_RECOGNIZE_UNROLLED_H

#include "frontends/ONNX/Recognize/GraphView.h"

#include <map>

namespace seqc::onnx {

/// Output `output` of a node.
struct Source {
  int node = -1;
  int output = 0;
};

/// Nodes of a graph in order, with numbers that are equal for equal values.
class NodeNumbers {
public:
  NodeNumbers(OnnxFile &file, format::GraphProto &graph);

  /// Whether every node stands behind those that it reads.
  bool isSorted() const { return sorted; }
  int size() const { return nodes.size(); }
  format::NodeProto *operator[](int node) const { return nodes[node]; }
  Source getSource(llvm::StringRef name) const;
  /// Equal for names that hold the same value in every call.
  int getValue(llvm::StringRef name) const;
  /// Whether it depends on constants only.
  bool isConstant(llvm::StringRef name) const;
  /// Equal for nodes of the same operator, attributes and number of inputs;
  /// negative where no other node does the same.
  int getKind(int node) const { return kinds[node]; }

private:
  int number(std::string key);
  std::string describe(const format::TensorProto &tensor);
  std::string describe(const format::NodeProto &node);

  OnnxFile &file;
  NodeList nodes;
  llvm::StringMap<Source> sources;
  llvm::StringMap<int> values;
  llvm::DenseSet<int> constants;
  std::map<std::string, int> numbers;
  llvm::SmallVector<int> kinds;
  bool sorted = true;
};

/// Steps `first` to `first + count - 1` of a chain. A class holds the nodes
/// that do the same in each step.
struct Chain {
  int first = 0, count = 0;
  /// By class, then by step from `first` on; in the order of nodes.
  std::vector<llvm::SmallVector<int>> classes;
  /// The step of each node, 0 before the first.
  llvm::SmallVector<int> steps;
};

/// Finds the longest chain whose steps are marked by `anchors`, nodes of which
/// each depends on the one before.
std::optional<Chain> findChain(const NodeNumbers &nodes,
                               llvm::ArrayRef<int> anchors);
/// Nodes of equal kind and equal constants that could mark steps, the most
/// promising first.
std::vector<llvm::SmallVector<int>> findAnchors(const NodeNumbers &nodes);

/// Makes chains of steps to Scans; gives how many.
int rollSteps(OnnxFile &file, format::GraphProto &graph, int64_t opset,
              Recognition &result, const GraphView *parent);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_RECOGNIZE_UNROLLED_H
