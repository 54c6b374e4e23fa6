//===- Logic.cpp - Booleans, bits and choices -----------------------------===//

#include "frontends/Common/Numbers.h"
#include "frontends/ONNX/Ops/Readers.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace llvm;
namespace arith = mlir::arith;

namespace seqc::onnx {

using mlir::Value;

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
  Tensor a = node.getInput(0);
  FailureOr<Tensor> b = readSecond(node);
  if (failed(b))
    return failure();
  return node.give(
      map(node.getEmitter(), a.type, {a, *b},
          [](Number x, Number y) { return x.apply<Op>(Value(y)); }));
}

template <bool boolean> static LogicalResult convertNot(Node &node) {
  if (failed(checkInputs(node, boolean)))
    return failure();
  Tensor x = node.getInput(0);
  return node.give(map(node.getEmitter(), x.type, {x}, [](Number v) {
    return v.apply<arith::XOrIOp>(Value(v.constantLike(boolean ? 1 : -1)));
  }));
}

/// BitShift: a shift by the width or more leaves zero.
static LogicalResult convertBitShift(Node &node) {
  if (failed(checkInputs(node, /*boolean=*/false)))
    return failure();
  Tensor a = node.getInput(0), b = node.getInput(1);
  std::string direction = readChoice(node, "direction", "", {"LEFT", "RIGHT"});
  return node.give(
      map(node.getEmitter(), a.type, {a, b}, [&](Number x, Number y) {
        Scalars s = x.scalars();
        Number inside(
            s, DataType::Bool,
            s.op<arith::CmpIOp>(arith::CmpIPredicate::ult, Value(y),
                                Value(y.constantLike(getBitWidth(a.type)))));
        Value by = select(inside, y, 0);
        return select(inside,
                      direction == "LEFT" ? x.apply<arith::ShLIOp>(by)
                                          : x.apply<arith::ShRUIOp>(by),
                      0);
      }));
}

static LogicalResult convertIsNaN(Node &node) {
  if (failed(node.requireFloat(0)))
    return failure();
  return node.give(map(node.getEmitter(), DataType::Bool, {node.getInput(0)},
                       [](Number v) { return isNaN(v); }));
}

static LogicalResult convertIsInf(Node &node) {
  if (failed(node.requireFloat(0)))
    return failure();
  Tensor x = node.getInput(0);
  bool positive = node.getInt("detect_positive", 1) != 0;
  bool negative = node.getInt("detect_negative", 1) != 0;
  return node.give(map(node.getEmitter(), DataType::Bool, {x}, [&](Number v) {
    Number result(node.getEmitter(), DataType::Bool, 0);
    if (positive)
      result = result | (v == kInfinity);
    return negative ? result | (v == -kInfinity) : result;
  }));
}

static LogicalResult convertWhere(Node &node) {
  Tensor condition = node.getInput(0);
  Tensor a = node.getInput(1), b = node.getInput(2);
  if (condition.type != DataType::Bool || a.type != b.type)
    return node.error("its inputs are " + getName(condition.type) + ", " +
                      getName(a.type) + " and " + getName(b.type) +
                      "; required is bool and twice one type");
  return node.give(
      map(node.getEmitter(), a.type, {condition, a, b},
          [](Number c, Number x, Number y) { return select(c, x, y); }));
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
