//===- Logic.cpp - Booleans, bits and choices -----------------------------===//

#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;
namespace arith = mlir::arith;

namespace seqc::onnx {

using mlir::Value;

template <typename Op>
static LogicalResult convertBits(Node &node, Emitter &e) {
  Tensor a = node.getInput(0);
  FailureOr<Tensor> b = readSecond(node);
  if (failed(b))
    return failure();
  return node.give(map(e, a.type, {a, *b}, [](Number x, Number y) {
    return x.apply<Op>(Value(y));
  }));
}

template <bool boolean>
static LogicalResult convertNot(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  return node.give(map(e, x.type, {x}, [](Number v) {
    return v.apply<arith::XOrIOp>(Value(v.constantLike(boolean ? 1 : -1)));
  }));
}

/// BitShift: a shift by the width or more leaves zero.
static LogicalResult convertBitShift(Node &node, Emitter &e) {
  Tensor a = node.getInput(0), b = node.getInput(1);
  std::string direction = readChoice(node, "direction", "", {"LEFT", "RIGHT"});
  return node.give(map(e, a.type, {a, b}, [&](Number x, Number y) {
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

static LogicalResult convertIsNaN(Node &node, Emitter &e) {
  return node.give(map(e, DataType::Bool, {node.getInput(0)},
                       [](Number v) { return isNaN(v); }));
}

static LogicalResult convertIsInf(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  bool positive = node.getInt("detect_positive", 1) != 0;
  bool negative = node.getInt("detect_negative", 1) != 0;
  return node.give(map(e, DataType::Bool, {x}, [&](Number v) {
    Number result(e, DataType::Bool, 0);
    if (positive)
      result = result | (v == kInfinity);
    return negative ? result | (v == -kInfinity) : result;
  }));
}

static LogicalResult convertWhere(Node &node, Emitter &e) {
  Tensor condition = node.getInput(0);
  Tensor a = node.getInput(1), b = node.getInput(2);
  return node.give(
      map(e, a.type, {condition, a, b},
          [](Number c, Number x, Number y) { return select(c, x, y); }));
}

void registerLogicOps(Registry &registry) {
  auto bools = takes(kBool, kBool), integers = takes(kIntegers, kSame);
  registry.add({
      {"And", 1, 2, 2, convertBits<arith::AndIOp>, bools},
      {"Or", 1, 2, 2, convertBits<arith::OrIOp>, bools},
      {"Xor", 1, 2, 2, convertBits<arith::XOrIOp>, bools},
      {"Not", 1, 1, 1, convertNot<true>, bools},
      {"BitwiseAnd", 18, 2, 2, convertBits<arith::AndIOp>, integers},
      {"BitwiseOr", 18, 2, 2, convertBits<arith::OrIOp>, integers},
      {"BitwiseXor", 18, 2, 2, convertBits<arith::XOrIOp>, integers},
      {"BitwiseNot", 18, 1, 1, convertNot<false>, integers},
      {"BitShift", 11, 2, 2, convertBitShift, integers},
      {"IsNaN", 9, 1, 1, convertIsNaN, takes(kFloats)},
      {"IsInf", 10, 1, 1, convertIsInf, takes(kFloats)},
      {"Where", 9, 3, 3, convertWhere, takes(kBool, kAny, likeInput(1))},
  });
}

} // namespace seqc::onnx
