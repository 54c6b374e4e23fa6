//===- Readers.cpp - Attributes that have bounds --------------------------===//

#include "frontends/ONNX/Ops/Readers.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace seqc::onnx {

std::string readChoice(Node &node, StringRef name, StringRef otherwise,
                       ArrayRef<StringRef> choices) {
  std::string given = node.getString(name, otherwise);
  if (is_contained(choices, given))
    return given;
  (void)node.error("attribute '" + name + "' is '" + given + "'; required is " +
                   join(choices.drop_back(), ", ") + " or " + choices.back());
  return choices.front().str();
}

int64_t readBetween(Node &node, StringRef name, int64_t otherwise,
                    int64_t least, int64_t most, StringRef required) {
  int64_t given = node.getInt(name, otherwise);
  if (given >= least && given <= most)
    return given;
  (void)node.error("attribute '" + name + "' is " + Twine(given) +
                   "; required is " + required);
  return least;
}

LogicalResult requireOneType(Node &node, Tensor a, Tensor b, bool floats) {
  if (a.type == b.type && (!floats || isFloat(a.type)))
    return success();
  return node.error("its inputs are " + getName(a.type) + " and " +
                    getName(b.type) + "; required is one " +
                    (floats ? "float type" : "type"));
}

FailureOr<Number> readAxis(Node &node, Number axis, int64_t rank) {
  Emitter &e = node.getEmitter();
  if (std::optional<int64_t> known = mlir::getConstantIntValue(axis)) {
    if (!node.getAxis(*known, rank))
      return failure();
  } else {
    e.requireInside(axis, Number(e, -rank), Number(e, rank), "its axis");
  }
  return clamp(wrap(axis, rank), 0, rank - 1);
}

FailureOr<SmallVector<int64_t>> sortAxes(Node &node, ArrayRef<int64_t> axes,
                                         int64_t rank) {
  SmallVector<int64_t> dims;
  for (int64_t axis : axes) {
    std::optional<int64_t> dim = node.getAxis(axis, rank);
    if (!dim)
      return failure();
    dims.push_back(*dim);
  }
  sort(dims);
  dims.erase(llvm::unique(dims), dims.end());
  return dims;
}

FailureOr<Tensor> readSecond(Node &node) {
  Tensor a = node.getInput(0), b = node.getInput(1);
  if (node.getOpset() >= 7)
    return b;
  (void)node.hasAttribute("consumed_inputs");
  int64_t broadcast = node.getInt("broadcast", 0);
  int64_t axis = node.getInt("axis", a.getRank() - b.getRank());
  if (!broadcast)
    return b;
  std::optional<int64_t> first = node.getAxis(axis, a.getRank() + 1);
  if (!first || *first + b.getRank() > a.getRank())
    return node.error("axis " + Twine(axis) + " leaves no room for rank " +
                      Twine(b.getRank()));
  for (int64_t d = *first + b.getRank(); d < a.getRank(); ++d)
    b = node.getEmitter().unsqueeze(b, b.getRank());
  return b;
}

LogicalResult requireIndexType(Node &node, Tensor x, StringRef what) {
  if (x.type == DataType::Int32 || x.type == DataType::Int64)
    return success();
  return node.error(what + " are " + getName(x.type) +
                    "; required is int32 or int64");
}

} // namespace seqc::onnx
