//===- Elementwise.cpp - Arithmetic element by element --------------------===//

#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;
using mlir::ValueRange;

/// The inputs of a binary operator. Before opset 7 the second one is aligned at
/// `axis` instead of the end.
static LogicalResult getPair(Node &node, Tensor &a, Tensor &b) {
  Emitter &e = node.getEmitter();
  a = node.getInput(0), b = node.getInput(1);
  if (a.type != b.type)
    return node.error("its inputs are " + getName(a.type) + " and " +
                      getName(b.type) + "; required is one type");
  if (node.getOpset() >= 7)
    return success();
  (void)node.hasAttribute("consumed_inputs");
  int64_t broadcast = node.getInt("broadcast", 0);
  int64_t axis = node.getInt("axis", a.getRank() - b.getRank());
  if (!broadcast)
    return success();
  std::optional<int64_t> first = node.getAxis(axis, a.getRank() + 1);
  if (!first || *first + b.getRank() > a.getRank())
    return node.error("axis " + Twine(axis) + " leaves no room for rank " +
                      Twine(b.getRank()));
  for (int64_t d = *first + b.getRank(); d < a.getRank(); ++d)
    b = e.unsqueeze(b, b.getRank());
  return success();
}

template <Value (Scalars::*method)(DataType, Value, Value)>
static LogicalResult convertBinary(Node &node) {
  Tensor a, b;
  if (failed(getPair(node, a, b)))
    return failure();
  DataType type = getComputeType(a.type);
  node.setOutput(0, node.getEmitter().elementwise(
                        a.type, {a, b}, [&](Scalars &s, ValueRange x) {
                          return (s.*method)(type, x[0], x[1]);
                        }));
  return success();
}

template <Compare predicate> static LogicalResult convertCompare(Node &node) {
  Tensor a, b;
  if (failed(getPair(node, a, b)))
    return failure();
  DataType type = getComputeType(a.type);
  node.setOutput(0, node.getEmitter().elementwise(
                        DataType::Bool, {a, b}, [&](Scalars &s, ValueRange x) {
                          return s.compare(predicate, type, x[0], x[1]);
                        }));
  return success();
}

static LogicalResult convertCast(Node &node) {
  Tensor x = node.getInput(0);
  auto to = static_cast<DataType>(node.getInt("to", 0));
  (void)node.getInt("saturate", 1);
  if (!node.getEmitter().storage(to))
    return node.unsupported("a cast to " + getName(to) + " is not supported");
  node.setOutput(0, node.getEmitter().convert(x, to));
  return success();
}

static LogicalResult convertIdentity(Node &node) {
  node.setOutput(0, node.getValue(0));
  return success();
}

void registerElementwiseOps(Registry &registry) {
  registry.add({
      {"Add", 1, 2, 2, convertBinary<&Scalars::add>},
      {"Sub", 1, 2, 2, convertBinary<&Scalars::sub>},
      {"Mul", 1, 2, 2, convertBinary<&Scalars::mul>},
      {"Div", 1, 2, 2, convertBinary<&Scalars::div>},
      {"Equal", 1, 2, 2, convertCompare<Compare::Equal>},
      {"Less", 1, 2, 2, convertCompare<Compare::Less>},
      {"LessOrEqual", 12, 2, 2, convertCompare<Compare::LessOrEqual>},
      {"Greater", 1, 2, 2, convertCompare<Compare::Greater>},
      {"GreaterOrEqual", 12, 2, 2, convertCompare<Compare::GreaterOrEqual>},
      {"Cast", 6, 1, 1, convertCast, "8-bit floats, strings"},
      {"Identity", 1, 1, 1, convertIdentity, "", "", true},
  });
}

} // namespace seqc::onnx
