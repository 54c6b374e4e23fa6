//===- Constants.cpp - Operators that make tensors of constants -----------===//

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/Ops/Family.h"
#include "frontends/ONNX/onnx.pb.h"

using namespace llvm;

namespace seqc::onnx {

/// Constant: exactly one of its attributes is the value.
static LogicalResult convertConstant(Node &node, Emitter &e) {
  Scalars s = e.scalars();
  auto setTensor = [&](const auto &tensor) -> LogicalResult {
    return node.give(node.getImporter().importTensor(tensor, node.describe()));
  };
  if (const format::TensorProto *tensor = node.getTensor("value"))
    return setTensor(*tensor);
  if (const format::SparseTensorProto *tensor =
          node.getSparseTensor("sparse_value"))
    return setTensor(*tensor);
  auto giveList = [&](DataType type, const auto &numbers) {
    SmallVector<mlir::Value> list;
    for (auto number : numbers)
      list.push_back(type == DataType::Int64 ? s.constantInteger(type, number)
                                             : s.constant(type, number));
    return node.give(
        e.fromElements(type, {static_cast<int64_t>(list.size())}, list));
  };
  if (node.hasAttribute("value_float"))
    return node.give(
        e.scalar(DataType::Float, node.getFloat("value_float", 0)));
  if (node.hasAttribute("value_int"))
    return node.give(e.fromElements(
        DataType::Int64, {},
        {s.constantInteger(DataType::Int64, node.getInt("value_int", 0))}));
  if (std::optional<SmallVector<float>> floats = node.getFloats("value_floats"))
    return giveList(DataType::Float, *floats);
  if (std::optional<SmallVector<int64_t>> ints = node.getInts("value_ints"))
    return giveList(DataType::Int64, *ints);
  return node.unsupported(
      "a constant of strings or without value is not supported");
}

/// ConstantOfShape: one value everywhere, float 0 without attribute.
static LogicalResult convertConstantOfShape(Node &node, Emitter &e) {
  Tensor value = e.scalar(DataType::Float, 0);
  if (const format::TensorProto *tensor = node.getTensor("value")) {
    FailureOr<Tensor> given =
        node.getImporter().importTensor(*tensor, node.describe());
    if (failed(given))
      return failure();
    if (!given->getType().hasStaticShape() ||
        given->getType().getNumElements() != 1)
      return node.error("attribute 'value' has " +
                        Twine(given->getType().getNumElements()) +
                        " elements; required is one");
    value = *given;
  }
  FailureOr<Tensor> shape = readShape(node, 0);
  if (failed(shape))
    return failure();
  Extents sizes = e.indices(*shape);
  mlir::Value element = e.elements(value).front();
  // Small lists are part of shape arithmetic.
  int64_t count = 1;
  SmallVector<int64_t> fixed;
  for (mlir::OpFoldResult size : sizes) {
    std::optional<int64_t> number = mlir::getConstantIntValue(size);
    if (number && *number < 0)
      return node.error("extent " + Twine(*number) + " is negative");
    fixed.push_back(number.value_or(-1));
    count = !number || count < 0 || *number > 64 ? -1 : count * *number;
  }
  if (count >= 0 && count <= 64) {
    SmallVector<mlir::Value> list(count, element);
    return node.give(e.fromElements(value.type, fixed, list));
  }
  return node.give(e.fill(value.type, sizes, element));
}

void registerConstantOps(Registry &registry) {
  registry.add({
      {"Constant", 1, 0, 0, convertConstant, takes(), "strings"},
      {"ConstantOfShape", 9, 1, 1, convertConstantOfShape, takes(kAny(1)),
       "results of a rank that only a call decides"},
  });
}

} // namespace seqc::onnx
