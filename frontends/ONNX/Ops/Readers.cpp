//===- Readers.cpp - What operators require of inputs, attributes ---------===//

#include "frontends/ONNX/Ops/Readers.h"

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/onnx.pb.h"

#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace seqc::onnx {

Number readOne(Node &node, size_t i) {
  Emitter &e = node.getEmitter();
  Tensor x = node.settleInput(i);
  if (isOne(x))
    return Number(e, x.type, e.elements(x).front());
  (void)node.error("input " + Twine(i) + " has not exactly one element");
  return Number(e, x.type, 0);
}

FailureOr<mlir::Value> takeOne(Node &node, Tensor x, DataType type,
                               const Twine &what) {
  if (x.type != type || !isOne(x))
    return node.error(what + " is no " + getName(type) + " of one element");
  return node.getEmitter().elements(x).front();
}

FailureOr<SmallVector<Tensor>> importTensors(Node &node,
                                             const format::GraphProto &graph,
                                             ArrayRef<GraphValue> given) {
  FailureOr<std::vector<GraphValue>> made =
      node.getImporter().importGraph(graph, given);
  if (failed(made))
    return failure();
  SmallVector<Tensor> tensors;
  for (auto [k, value] : enumerate(*made)) {
    if (!value.isTensor())
      return node.error("output " + Twine(k) + " of its body is no tensor");
    tensors.push_back(value.tensor);
  }
  return tensors;
}

FailureOr<Tensor> readShape(Node &node, size_t i, int64_t least) {
  Tensor shape = node.getInput(i);
  if (shape.getType().hasStaticShape()) {
    if (failed(node.requireList(i, "shape", kMostRank)))
      return failure();
    return shape;
  }
  const format::NodeProto &proto = node.getProto();
  std::optional<int64_t> rank;
  if (proto.output_size())
    rank = node.getImporter().getDeclaredRank(proto.output(0));
  if (!rank || *rank < least)
    return node.unsupported("a shape of unknown rank is not supported");
  return node.getEmitter().castShape(shape, {*rank});
}

LogicalResult readList(Node &node, StringRef name, size_t i, int64_t since,
                       int64_t most, std::optional<SmallVector<Number>> &list) {
  Emitter &e = node.getEmitter();
  if (node.getOpset() < since) {
    if (std::optional<SmallVector<int64_t>> given = node.getInts(name))
      list = map_to_vector(*given, [&](int64_t n) { return Number(e, n); });
  } else if (node.hasInput(i)) {
    if (failed(node.requireList(i, name, most)))
      return failure();
    list = toNumbers(e, e.indices(node.getInput(i)));
  }
  return success();
}

SmallVector<Number> flagAxes(Emitter &e, int64_t rank, ArrayRef<Number> axes) {
  SmallVector<Number> flags(rank, Number(e, DataType::Bool, 0));
  for (Number axis : axes)
    for (auto [d, flag] : enumerate(flags))
      flag = flag | (axis == static_cast<double>(d));
  return flags;
}

void requireDistinct(Emitter &e, ArrayRef<Number> axes) {
  for (size_t i = 1; i < axes.size(); ++i) {
    Number twice(e, DataType::Bool, 0);
    for (Number other : axes.take_front(i))
      twice = twice | (axes[i] == other);
    e.require(!twice, "its axes name dimension {0} twice", {axes[i]});
  }
}

LogicalResult wrapAxes(Node &node, int64_t rank, MutableArrayRef<Number> axes) {
  Emitter &e = node.getEmitter();
  SmallVector<bool> seen(rank);
  for (Number &axis : axes) {
    std::optional<int64_t> number = mlir::getConstantIntValue(axis);
    if (!number) {
      e.requireInside(axis, Number(e, -rank), Number(e, rank), "an axis");
      axis = wrap(axis, rank);
      continue;
    }
    std::optional<int64_t> at = node.getAxis(*number, rank);
    if (!at)
      return failure();
    if (std::exchange(seen[*at], true))
      return node.error("its axes name dimension " + Twine(*at) + " twice");
    axis = Number(e, *at);
  }
  requireDistinct(e, axes);
  return success();
}

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

Number readInteger(Node &node, size_t i, StringRef what, int64_t otherwise) {
  Emitter &e = node.getEmitter();
  Tensor x = node.settleInput(i);
  if (x && isOne(x) && isInteger(x.type))
    return Number(e, x.type, e.elements(x).front()).toIndex();
  std::string found = "missing";
  if (x)
    found = getName(x.type) + " of rank " + std::to_string(x.getRank());
  (void)node.error("its " + what + " is " + found +
                   "; required is one integer");
  return {e, otherwise};
}

Number readAxis(Node &node, Number axis, int64_t rank) {
  Emitter &e = node.getEmitter();
  if (std::optional<int64_t> known = mlir::getConstantIntValue(axis))
    (void)node.getAxis(*known, rank);
  else
    e.requireInside(axis, Number(e, -rank), Number(e, rank), "its axis");
  return clamp(wrap(axis, rank), 0, rank - 1);
}

SmallVector<int64_t> sortAxes(Node &node, ArrayRef<int64_t> axes,
                              int64_t rank) {
  SmallVector<int64_t> dims;
  for (int64_t axis : axes)
    if (std::optional<int64_t> dim = node.getAxis(axis, rank))
      dims.push_back(*dim);
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

} // namespace seqc::onnx
