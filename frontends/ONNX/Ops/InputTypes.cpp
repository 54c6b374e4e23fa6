//===- InputTypes.cpp - What operators require of inputs ------------------===//

#include "frontends/ONNX/Ops/InputTypes.h"

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/onnx.pb.h"

using namespace llvm;

namespace seqc::onnx {

FailureOr<mlir::Value> readOne(Node &node, size_t i, StringRef what) {
  Tensor x = node.settleInput(i);
  if (!isOne(x))
    return node.error("input " + Twine(i) + what +
                      " has not exactly one element");
  return node.getEmitter().elements(x).front();
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

LogicalResult requireFloats(Node &node, size_t count) {
  for (size_t i = 0; i < count && i < node.getNumInputs(); ++i)
    if (Tensor x = node.getInput(i); x && !isFloat(x.type))
      return node.error("its input is " + getName(x.type) +
                        "; required is a floating-point type");
  return success();
}

LogicalResult requireOneFloat(Node &node, ArrayRef<unsigned> inputs) {
  unsigned first = inputs.front();
  DataType type = node.getInput(first).type;
  if (!isFloat(type))
    return node.error("input " + Twine(first) + " is " + getName(type) +
                      "; required is a floating-point type");
  for (unsigned i : inputs)
    if (Tensor x = node.getInput(i); x && x.type != type)
      return node.error("inputs " + Twine(first) + " and " + Twine(i) +
                        " are " + getName(type) + " and " + getName(x.type) +
                        "; required is one type");
  return success();
}

FailureOr<Tensor> readShape(Node &node, size_t i, int64_t least) {
  Tensor shape = node.getInput(i);
  if (shape.getRank() != 1)
    return node.error("its shape has rank " + Twine(shape.getRank()) +
                      "; required is 1");
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

std::optional<int64_t> takeAxis(Node &node, int64_t axis,
                                MutableArrayRef<bool> seen) {
  std::optional<int64_t> at = node.getAxis(axis, seen.size());
  if (!at)
    return std::nullopt;
  if (seen[*at]) {
    (void)node.error("its axes name dimension " + Twine(*at) + " twice");
    return std::nullopt;
  }
  seen[*at] = true;
  return at;
}

void requireDistinct(Emitter &e, ArrayRef<mlir::Value> axes) {
  Scalars s = e.scalars();
  for (size_t i = 1; i < axes.size(); ++i) {
    mlir::Value twice = s.boolean(false);
    for (mlir::Value other : axes.take_front(i))
      twice = s.logicalOr(twice, s.compareIndex(mlir::arith::CmpIPredicate::eq,
                                                axes[i], other));
    e.require(s.logicalNot(twice), "its axes name dimension {0} twice",
              {mlir::OpFoldResult(axes[i])});
  }
}

} // namespace seqc::onnx
