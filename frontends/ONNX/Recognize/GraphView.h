//===- GraphView.h - What is known of a graph before its import --*- C++-*-===//
//
// Producers and users of names, element types, extents and small constants.
// Extents that are not numbers are symbols: two that are equal are the same
// extent in every call.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_RECOGNIZE_GRAPHVIEW_H
#define FRONTENDS_ONNX_RECOGNIZE_GRAPHVIEW_H

#include "frontends/ONNX/Recognize/Recognize.h"
#include "frontends/ONNX/onnx.pb.h"

#include "llvm/ADT/DenseSet.h"

#include <functional>

namespace seqc::onnx {

/// A number, or a symbol.
using Extent = int64_t;
bool isSymbol(Extent extent);
/// A symbol that is like no other.
Extent makeFresh();

using NodeList = llvm::SmallVector<format::NodeProto *>;

/// One graph on its way to fewer nodes.
class GraphView {
public:
  /// Inputs of the graph are known as well as the values of `parent` that
  /// `given` names.
  GraphView(OnnxFile &file, format::GraphProto &graph, int64_t opset,
            Recognition &result, const GraphView *parent,
            llvm::ArrayRef<std::string> given = {});

  int64_t getOpset() const { return opset; }
  const format::GraphProto &getGraph() const { return graph; }

  //===--- Structure ------------------------------------------------------===//

  /// The node that gives `name` in this graph, or null.
  format::NodeProto *getProducer(llvm::StringRef name) const;
  /// The same if it is an operator of the default domain called `op`.
  format::NodeProto *getProducer(llvm::StringRef name,
                                 llvm::StringRef op) const;

  //===--- Facts ----------------------------------------------------------===//

  DataType getType(llvm::StringRef name) const;
  std::optional<llvm::SmallVector<Extent>> getShape(llvm::StringRef name) const;
  std::optional<llvm::SmallVector<int64_t>>
  getIntegers(llvm::StringRef name) const;
  /// The value of an integer tensor of one element, which may be a symbol.
  std::optional<Extent> getExtent(llvm::StringRef name) const;
  /// Whether a Loop's body gives its states the types and shapes that its
  /// inputs have where they are those of `given`.
  bool keepsStates(format::GraphProto &body,
                   llvm::ArrayRef<std::string> given) const;
  int64_t getInt(const format::NodeProto &node, llvm::StringRef name,
                 int64_t otherwise) const;
  std::optional<llvm::SmallVector<int64_t>>
  getInts(const format::NodeProto &node, llvm::StringRef name) const;
  /// The integers of an attribute, or of input `i` in later opsets.
  std::optional<llvm::SmallVector<int64_t>>
  getParameter(const format::NodeProto &node, llvm::StringRef name,
               int i) const;

  //===--- Rewriting ------------------------------------------------------===//

  /// A name that no value has.
  std::string makeName(llvm::StringRef stem);
  /// Makes a node for replace(); it follows opset `version`.
  format::NodeProto *makeNode(llvm::StringRef op,
                              llvm::ArrayRef<std::string> inputs,
                              llvm::StringRef output, int64_t version);
  static void setInt(format::NodeProto *node, llvm::StringRef name,
                     int64_t value);
  static void setInts(format::NodeProto *node, llvm::StringRef name,
                      llvm::ArrayRef<int64_t> values);
  /// Puts the nodes made since the last call where `root` is, takes `root` out
  /// and counts `pattern`.
  void replace(format::NodeProto *root, llvm::StringRef pattern);
  /// Takes nodes out of a graph.
  void eraseNodes(format::GraphProto &from, const NodeList &nodes);
  /// Writes the rewritten list of nodes to the graph.
  void finish();

private:
  struct Fact {
    DataType type = DataType::Undefined;
    std::optional<llvm::SmallVector<Extent>> shape;
    /// Small integer tensors.
    std::optional<llvm::SmallVector<int64_t>> integers;
  };

  const Fact *find(llvm::StringRef name) const;
  Extent makeSymbol(llvm::StringRef name);
  void readValueInfo(const format::ValueInfoProto &info);
  Fact readTensor(const format::TensorProto &tensor);
  void infer(const format::NodeProto &node);
  void inferScan(const format::NodeProto &node);
  void inferValue(const format::NodeProto &node, Fact &fact);
  void inferShape(const format::NodeProto &node, Fact &fact);

  OnnxFile &file;
  format::GraphProto &graph;
  int64_t opset;
  Recognition &result;
  const GraphView *parent;
  llvm::StringMap<Fact> facts;
  llvm::StringMap<Fact> declared;
  llvm::StringMap<format::NodeProto *> producers;
  llvm::StringMap<Extent> symbols;
  llvm::DenseSet<const format::NodeProto *> removed;
  llvm::DenseMap<const format::NodeProto *, NodeList> inserted;
  NodeList made;
  int64_t counter = 0;
};

/// Patterns try to match with `node` as a part, and rewrite.

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_RECOGNIZE_GRAPHVIEW_H
