//===- Logic.cpp - Booleans, bits and choices -----------------------------===//

#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace llvm;
namespace arith = mlir::arith;

namespace seqc::onnx {

using mlir::Value;
using mlir::ValueRange;

/// Reports inputs that are not all Bool, or not all one integer type.
static LogicalResult checkInputs(Node &node, bool boolean) {
  DataType type = node.getInput(0).type;
  for (size_t i = 0; i < node.getNumInputs(); ++i) {
    DataType found = node.getInput(i).type;
    if (boolean ? found != DataType::Bool : !isInteger(found) || found != type)
      return node.error("input " + Twine(i) + " is " + getName(found) +
                        "; required is " +
                        (boolean ? "bool" : "one type of integers"));
  }
  return success();
}

template <typename Op, bool boolean>
static LogicalResult convertBits(Node &node) {
  if (failed(checkInputs(node, boolean)))
    return failure();
  Emitter &e = node.getEmitter();
  Tensor a = node.getInput(0), b = node.getInput(1);
  // Before opset 7 the second input is aligned at `axis`.
  if (node.getOpset() < 7 && node.getInt("broadcast", 0)) {
    std::optional<int64_t> first = node.getAxis(
        node.getInt("axis", a.getRank() - b.getRank()), a.getRank() + 1);
    if (!first)
      return failure();
    for (int64_t d = *first + b.getRank(); d < a.getRank(); ++d)
      b = e.unsqueeze(b, b.getRank());
  }
  node.setOutput(0, e.elementwise(a.type, {a, b}, [](Scalars &s, ValueRange x) {
    return s.op<Op>(x[0], x[1]);
  }));
  return success();
}

template <bool boolean> static LogicalResult convertNot(Node &node) {
  if (failed(checkInputs(node, boolean)))
    return failure();
  Tensor x = node.getInput(0);
  node.setOutput(
      0,
      node.getEmitter().elementwise(x.type, {x}, [&](Scalars &s, ValueRange v) {
        Value ones = boolean ? s.boolean(true) : s.constantInteger(x.type, -1);
        return s.op<arith::XOrIOp>(v[0], ones);
      }));
  return success();
}

/// BitShift: a shift by the width or more leaves zero.
static LogicalResult convertBitShift(Node &node) {
  if (failed(checkInputs(node, /*boolean=*/false)))
    return failure();
  Tensor a = node.getInput(0), b = node.getInput(1);
  std::string direction = node.getString("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return node.error("'direction' is '" + direction +
                      "'; required is 'LEFT' or 'RIGHT'");
  DataType type = a.type;
  node.setOutput(0, node.getEmitter().elementwise(
                        type, {a, b}, [&](Scalars &s, ValueRange x) {
                          Value zero = s.constantInteger(type, 0);
                          Value inside = s.op<arith::CmpIOp>(
                              arith::CmpIPredicate::ult, x[1],
                              s.constantInteger(type, getBitWidth(type)));
                          Value by = s.select(inside, x[1], zero);
                          Value result = direction == "LEFT"
                                             ? s.op<arith::ShLIOp>(x[0], by)
                                             : s.op<arith::ShRUIOp>(x[0], by);
                          return s.select(inside, result, zero);
                        }));
  return success();
}

static LogicalResult convertIsNaN(Node &node) {
  if (failed(node.requireFloat(0)))
    return failure();
  Tensor x = node.getInput(0);
  DataType type = getComputeType(x.type);
  node.setOutput(0, node.getEmitter().elementwise(
                        DataType::Bool, {x}, [&](Scalars &s, ValueRange v) {
                          return s.isNaN(type, v[0]);
                        }));
  return success();
}

static LogicalResult convertIsInf(Node &node) {
  if (failed(node.requireFloat(0)))
    return failure();
  Tensor x = node.getInput(0);
  DataType type = getComputeType(x.type);
  bool positive = node.getInt("detect_positive", 1) != 0;
  bool negative = node.getInt("detect_negative", 1) != 0;
  node.setOutput(0, node.getEmitter().elementwise(
                        DataType::Bool, {x}, [&](Scalars &s, ValueRange v) {
                          Value result = s.boolean(false);
                          for (bool sign : {false, true})
                            if (sign ? negative : positive)
                              result = s.logicalOr(
                                  result, s.compare(Compare::Equal, type, v[0],
                                                    s.infinity(type, sign)));
                          return result;
                        }));
  return success();
}

static LogicalResult convertWhere(Node &node) {
  Tensor condition = node.getInput(0);
  Tensor a = node.getInput(1), b = node.getInput(2);
  if (condition.type != DataType::Bool || a.type != b.type)
    return node.error("its inputs are " + getName(condition.type) + ", " +
                      getName(a.type) + " and " + getName(b.type) +
                      "; required is bool and twice one type");
  node.setOutput(0, node.getEmitter().elementwise(a.type, {condition, a, b},
                                                  [](Scalars &s, ValueRange x) {
                                                    return s.select(x[0], x[1],
                                                                    x[2]);
                                                  }));
  return success();
}

void registerLogicOps(Registry &registry) {
  registry.add({
      {"And", 1, 2, 2, convertBits<arith::AndIOp, true>},
      {"Or", 1, 2, 2, convertBits<arith::OrIOp, true>},
      {"Xor", 1, 2, 2, convertBits<arith::XOrIOp, true>},
      {"Not", 1, 1, 1, convertNot<true>},
      {"BitwiseAnd", 18, 2, 2, convertBits<arith::AndIOp, false>},
      {"BitwiseOr", 18, 2, 2, convertBits<arith::OrIOp, false>},
      {"BitwiseXor", 18, 2, 2, convertBits<arith::XOrIOp, false>},
      {"BitwiseNot", 18, 1, 1, convertNot<false>},
      {"BitShift", 11, 2, 2, convertBitShift},
      {"IsNaN", 9, 1, 1, convertIsNaN},
      {"IsInf", 10, 1, 1, convertIsInf},
      {"Where", 9, 3, 3, convertWhere},
  });
}

} // namespace seqc::onnx
