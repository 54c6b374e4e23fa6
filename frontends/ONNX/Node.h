//===- Node.h - What an operator's converter sees ----------------*- C++-*-===//
//
// One node of a graph on its way into the IR: its inputs as tensors, its
// attributes with the types the operator gives them, and its errors, which name
// node, operator and opset.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_NODE_H
#define FRONTENDS_ONNX_NODE_H

#include "frontends/ONNX/Vocabulary.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <memory>

namespace seqc::onnx {

namespace format {
class AttributeProto;
class GraphProto;
class NodeProto;
class SparseTensorProto;
class TensorProto;
class TypeProto;
} // namespace format

class GraphImporter;

/// What a name of a graph stands for. Sequences and optionals are resolved
/// while the graph is read where they can be: a sequence is then the list of
/// its tensors, and an optional its value or absent.
struct GraphValue {
  /// Unranked: a tensor whose rank is known at run time only.
  enum class Kind { Absent, Tensor, Sequence, Unranked };

  GraphValue() = default;
  GraphValue(Tensor tensor) : kind(Kind::Tensor), tensor(tensor) {}

  bool isTensor() const { return kind == Kind::Tensor; }
  bool isSequence() const { return kind == Kind::Sequence; }
  bool isUnranked() const { return kind == Kind::Unranked; }
  /// Whether the length of the sequence is known at run time only, or the
  /// rank of the tensor is.
  bool isRolled() const { return static_cast<bool>(data); }

  Kind kind = Kind::Absent;
  Tensor tensor;
  /// Elements of a sequence, and the type of its elements.
  std::vector<Tensor> elements;
  DataType elementType = DataType::Undefined;
  /// A sequence of run-time length (see GraphValues.h), and the rank of its
  /// tensors, -1 if it is not known.
  Tensor data, shapes;
  int64_t rank = -1;
  /// The ranks that an unranked tensor may have, from low to high, as lists of
  /// extents. `data` holds its elements then, and `shapes` its extents, filled
  /// up with -1.
  std::vector<llvm::SmallVector<int64_t>> forms;
  /// An i1 that tells whether an optional has this value; null if it has.
  mlir::Value present;
};

/// A tensor that has to have `count` elements: extents that the model leaves
/// open are settled so, which a call checks. One that cannot have that many
/// comes as it is. `what` names it in messages.
Tensor settle(Emitter &e, Tensor given, int64_t count, llvm::StringRef what);

/// Values of attributes that a function's caller bound, by name.
using Bindings = llvm::StringMap<const format::AttributeProto *>;

/// One node and what its converter gives.
class Node {
public:
  Node(const format::NodeProto &proto, int64_t opset, GraphImporter &importer,
       const Bindings &bindings);

  /// The operator's name, its domain ("" for the default one) and the version
  /// of the domain's opset.
  llvm::StringRef getOperator() const;
  llvm::StringRef getDomain() const;
  int64_t getOpset() const { return opset; }
  GraphImporter &getImporter() { return importer; }
  Emitter &getEmitter();
  const format::NodeProto &getProto() const { return proto; }

  //===--- Inputs and outputs ---------------------------------------------===//

  size_t getNumInputs() const { return inputs.size(); }
  /// Whether input `i` is given.
  bool hasInput(size_t i) const {
    return i < inputs.size() && inputs[i].kind != GraphValue::Kind::Absent;
  }
  /// Input `i`, a tensor. The operator's table row makes sure that required
  /// inputs are there and that all inputs are tensors; an optional input that
  /// is absent gives a null tensor.
  Tensor getInput(size_t i) const {
    return hasInput(i) ? inputs[i].tensor : Tensor();
  }
  /// getInput() of an operator that requires `count` elements there, settled
  /// to them.
  Tensor settleInput(size_t i, int64_t count = 1);
  /// Input `i` of an operator that takes sequences; absent if it is not given.
  GraphValue getValue(size_t i) const {
    return i < inputs.size() ? inputs[i] : GraphValue();
  }
  size_t getNumOutputs() const;
  /// Whether anything asks for output `i`.
  bool wantsOutput(size_t i) const;
  void setOutput(size_t i, GraphValue value);
  /// Output 0, the end of most converters; what failed has been reported.
  template <typename T> llvm::LogicalResult give(llvm::FailureOr<T> value) {
    return succeeded(value) ? give(*value) : llvm::failure();
  }
  llvm::LogicalResult give(GraphValue value) {
    setOutput(0, std::move(value));
    return llvm::success();
  }

  /// All outputs, in order.
  template <typename T> llvm::LogicalResult giveAll(const T &values) {
    for (const auto &[i, value] : llvm::enumerate(values))
      setOutput(i, value);
    return llvm::success();
  }
  template <typename T>
  llvm::LogicalResult giveAll(const llvm::FailureOr<T> &values) {
    return succeeded(values) ? giveAll(*values) : llvm::failure();
  }

  //===--- Attributes -----------------------------------------------------===//

  bool hasAttribute(llvm::StringRef name);
  int64_t getInt(llvm::StringRef name, int64_t otherwise);
  float getFloat(llvm::StringRef name, float otherwise);
  std::string getString(llvm::StringRef name, llvm::StringRef otherwise);
  std::optional<llvm::SmallVector<int64_t>> getInts(llvm::StringRef name);
  /// The same, empty if it is not given.
  llvm::SmallVector<int64_t> getIntList(llvm::StringRef name) {
    return getInts(name).value_or(llvm::SmallVector<int64_t>());
  }
  std::optional<llvm::SmallVector<float>> getFloats(llvm::StringRef name);
  std::optional<std::vector<std::string>> getStrings(llvm::StringRef name);
  /// Null if it is not given.
  const format::TensorProto *getTensor(llvm::StringRef name);
  const format::SparseTensorProto *getSparseTensor(llvm::StringRef name);
  const format::GraphProto *getGraph(llvm::StringRef name);
  const format::TypeProto *getType(llvm::StringRef name);
  /// Reports attributes that no getter asked for.
  llvm::LogicalResult checkAttributes();

  /// The dimension that `axis` means in a tensor of this rank (negative ones
  /// count from the end); reports and gives nothing if there is none.
  std::optional<int64_t> getAxis(int64_t axis, int64_t rank);
  /// The dimension that attribute `name` means, the first one after a report.
  int64_t getAxis(llvm::StringRef name, int64_t otherwise, int64_t rank) {
    return getAxis(getInt(name, otherwise), rank).value_or(0);
  }
  /// Reports input `i` unless its type says that it is one number or a list of
  /// at most `most`; its declared extent bounds nothing by itself.
  llvm::LogicalResult requireList(size_t i, const llvm::Twine &what,
                                  int64_t most);
  /// Reports input `i`, if it is given, unless its rank lies from `least` to
  /// `most`: what the operator's row in the table says where the opset or an
  /// attribute does not decide.
  llvm::LogicalResult requireRank(size_t i, int64_t least, int64_t most);
  llvm::LogicalResult requireRank(size_t i, int64_t rank) {
    return requireRank(i, rank, rank);
  }

  //===--- Errors ---------------------------------------------------------===//

  /// Reports bad input: what was found and what is required.
  llvm::LogicalResult error(const llvm::Twine &message);
  /// Reports what this version cannot do.
  llvm::LogicalResult unsupported(const llvm::Twine &message);
  /// "node 'x' (Conv, opset 11)".
  std::string describe() const;

  /// Used by the importer.
  std::vector<GraphValue> inputs, outputs;
  bool failedAttribute = false;

private:
  /// The attribute `name` if it is there with type `type`.
  const format::AttributeProto *find(llvm::StringRef name, int32_t type);

  const format::NodeProto &proto;
  int64_t opset;
  GraphImporter &importer;
  const Bindings &bindings;
  llvm::StringSet<> asked;
};

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_NODE_H
