//===- Elementwise.cpp - Arithmetic element by element --------------------===//

#include "frontends/Common/NarrowFloats.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace llvm;
namespace math = mlir::math;

namespace seqc::onnx {

using mlir::Value;
using mlir::ValueRange;

/// The inputs of a binary operator. Before opset 7 the second one is aligned at
/// `axis` instead of the end.
static LogicalResult getPair(Node &node, Tensor &a, Tensor &b,
                             bool mixed = false) {
  Emitter &e = node.getEmitter();
  a = node.getInput(0), b = node.getInput(1);
  if (a.type != b.type && !mixed)
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

/// Applies `element` to the only input, in getComputeType.
static LogicalResult mapInput(Node &node, Emitter::ElementFn element) {
  Tensor x = node.getInput(0);
  node.setOutput(0, node.getEmitter().elementwise(x.type, {x}, element));
  return success();
}

/// A function of floats that is an op of dialect math.
template <typename Op> static LogicalResult convertFunction(Node &node) {
  if (failed(node.requireFloat(0)))
    return failure();
  return mapInput(node,
                  [](Scalars &s, ValueRange x) { return s.op<Op>(x[0]); });
}

template <Value (Scalars::*method)(DataType, Value)>
static LogicalResult convertUnary(Node &node) {
  DataType type = getComputeType(node.getInput(0).type);
  return mapInput(
      node, [&](Scalars &s, ValueRange x) { return (s.*method)(type, x[0]); });
}

/// -1, 0 or 1; zeros and NaN stay.
static LogicalResult convertSign(Node &node) {
  DataType type = getComputeType(node.getInput(0).type);
  return mapInput(node, [&](Scalars &s, ValueRange x) {
    Value zero = s.constant(type, 0);
    Value negative = s.select(s.compare(Compare::Less, type, x[0], zero),
                              s.constant(type, -1), x[0]);
    return s.select(s.compare(Compare::Greater, type, x[0], zero),
                    s.constant(type, 1), negative);
  });
}

static LogicalResult convertReciprocal(Node &node) {
  if (failed(node.requireFloat(0)))
    return failure();
  DataType type = getComputeType(node.getInput(0).type);
  return mapInput(node, [&](Scalars &s, ValueRange x) {
    return s.div(type, s.constant(type, 1), x[0]);
  });
}

/// `base` to the power of an int64, by squaring. Seven bits of the exponent
/// are enough: above 64 every even number is 0, and 1 and -1 only need to know
/// whether it is odd.
static Value raiseInteger(Scalars &s, DataType type, Value base,
                          Value exponent) {
  DataType wide = DataType::Int64;
  Value negative =
      s.compare(Compare::Less, wide, exponent, s.constantInteger(wide, 0));
  Value count = s.abs(wide, exponent);
  Value one = s.constantInteger(wide, 1);
  Value odd = s.logicalAnd(count, one);
  count = s.select(
      s.compare(Compare::Greater, wide, count, s.constantInteger(wide, 127)),
      s.add(wide, odd, s.constantInteger(wide, 126)), count);
  Value result = s.constantInteger(type, 1), square = base;
  for (int bit = 0; bit < 7; ++bit) {
    Value mask = s.constantInteger(wide, int64_t(1) << bit);
    Value set = s.compare(Compare::NotEqual, wide, s.logicalAnd(count, mask),
                          s.constantInteger(wide, 0));
    result = s.select(set, s.mul(type, result, square), result);
    square = s.mul(type, square, square);
  }
  return s.select(negative, s.div(type, s.constantInteger(type, 1), result),
                  result);
}

/// Pow: the result has the type of the base; the exponent may be of another.
static LogicalResult convertPow(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor a, b;
  if (failed(getPair(node, a, b, /*mixed=*/true)))
    return failure();
  DataType type = getComputeType(a.type), other = getComputeType(b.type);
  auto isWhole = [&](double number) {
    std::optional<SmallVector<double>> numbers = e.constantNumbers(b);
    return numbers && !numbers->empty() &&
           llvm::all_of(*numbers, [&](double x) { return x == number; });
  };
  bool square = isWhole(2), cube = isWhole(3);
  node.setOutput(
      0, e.elementwise(a.type, {a, b}, [&](Scalars &s, ValueRange x) {
        if (square || cube) {
          Value result = s.mul(type, x[0], x[0]);
          return cube ? s.mul(type, result, x[0]) : result;
        }
        if (!isFloat(type) && !isFloat(other))
          return raiseInteger(s, type, x[0],
                              s.convert(other, DataType::Int64, x[1]));
        DataType wide = isFloat(type) ? type : DataType::Double;
        Value result = s.op<math::PowFOp>(s.convert(type, wide, x[0]),
                                          s.convert(other, wide, x[1]));
        return s.convert(wide, type, result);
      }));
  return success();
}

static LogicalResult convertMod(Node &node) {
  Tensor a, b;
  if (failed(getPair(node, a, b)))
    return failure();
  DataType type = getComputeType(a.type);
  bool signOfDividend = node.getInt("fmod", 0) != 0;
  node.setOutput(0, node.getEmitter().elementwise(
                        a.type, {a, b}, [&](Scalars &s, ValueRange x) {
                          return s.mod(type, x[0], x[1], signOfDividend);
                        }));
  return success();
}

/// Combines any number of inputs of one type, from left to right.
template <Value (Scalars::*method)(DataType, Value, Value), bool mean>
static LogicalResult convertVariadic(Node &node) {
  (void)node.hasAttribute("consumed_inputs");
  SmallVector<Tensor> inputs;
  for (size_t i = 0; i < node.getNumInputs(); ++i) {
    Tensor input = node.getInput(i);
    if (!input)
      return node.error("input " + Twine(i) + " is missing");
    if (i && input.type != inputs[0].type)
      return node.error("its inputs are " + getName(inputs[0].type) + " and " +
                        getName(input.type) + "; required is one type");
    inputs.push_back(input);
  }
  if (mean && failed(node.requireFloat(0)))
    return failure();
  DataType type = getComputeType(inputs[0].type);
  node.setOutput(0, node.getEmitter().elementwise(
                        inputs[0].type, inputs, [&](Scalars &s, ValueRange x) {
                          Value result = x[0];
                          for (Value next : x.drop_front())
                            result = (s.*method)(type, result, next);
                          if (mean && x.size() > 1)
                            result =
                                s.div(type, result, s.constant(type, x.size()));
                          return result;
                        }));
  return success();
}

/// A bound of Clip as a rank-0 tensor: an attribute before opset 11.
static LogicalResult getBound(Node &node, size_t input, StringRef attribute,
                              Tensor &bound) {
  Emitter &e = node.getEmitter();
  DataType type = node.getInput(0).type;
  if (node.getOpset() < 11) {
    if (node.hasAttribute(attribute))
      bound = e.scalar(type, node.getFloat(attribute, 0));
    return success();
  }
  bound = node.settleInput(input);
  if (!bound)
    return success();
  if (bound.type != type)
    return node.error("its inputs are " + getName(type) + " and " +
                      getName(bound.type) + "; required is one type");
  if (!bound.getType().hasStaticShape() ||
      bound.getType().getNumElements() != 1)
    return node.error("input " + Twine(input) + " (" + attribute +
                      ") is no scalar");
  bound = e.reshape(bound, {});
  return success();
}

static LogicalResult convertClip(Node &node) {
  Tensor low, high, x = node.getInput(0);
  (void)node.hasAttribute("consumed_inputs");
  if (failed(getBound(node, 1, "min", low)) ||
      failed(getBound(node, 2, "max", high)))
    return failure();
  DataType type = getComputeType(x.type);
  SmallVector<Tensor> inputs{x};
  if (low)
    inputs.push_back(low);
  if (high)
    inputs.push_back(high);
  node.setOutput(0, node.getEmitter().elementwise(
                        x.type, inputs, [&](Scalars &s, ValueRange v) {
                          Value result = v[0];
                          if (low)
                            result = s.max(type, result, v[1]);
                          if (high)
                            result = s.min(type, result, v.back());
                          return result;
                        }));
  return success();
}

/// Where it is far enough from zero, moved towards it by `bias`; else zero.
static LogicalResult convertShrink(Node &node) {
  DataType type = getComputeType(node.getInput(0).type);
  DataType wide = isFloat(type) ? type : DataType::Double;
  float limit = node.getFloat("lambd", 0.5), bias = node.getFloat("bias", 0);
  return mapInput(node, [&](Scalars &s, ValueRange x) {
    Value v = s.convert(type, wide, x[0]), b = s.constant(wide, bias);
    Value below = s.compare(Compare::Less, wide, v, s.constant(wide, -limit));
    Value above = s.compare(Compare::Greater, wide, v, s.constant(wide, limit));
    Value result = s.select(above, s.sub(wide, v, b), s.constant(wide, 0));
    result = s.select(below, s.add(wide, v, b), result);
    return s.convert(wide, type, result);
  });
}

/// Sets the result to `x` as `to`.
static LogicalResult setCast(Node &node, Tensor x, DataType to) {
  bool saturate = node.getInt("saturate", 1) != 0;
  (void)node.getString("round_mode", "up");
  if (!node.getEmitter().storage(to))
    return node.unsupported("a cast to " + getName(to) + " is not supported");
  node.setOutput(0, isNarrowFloat(to) && !saturate
                        ? encodeNarrow(node.getEmitter(), x, to, saturate)
                        : node.getEmitter().convert(x, to));
  return success();
}

static LogicalResult convertCast(Node &node) {
  return setCast(node, node.getInput(0),
                 static_cast<DataType>(node.getInt("to", 0)));
}

static LogicalResult convertCastLike(Node &node) {
  return setCast(node, node.getInput(0), node.getInput(1).type);
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
      {"Cast", 6, 1, 1, convertCast, "float8e8m0, strings"},
      {"CastLike", 15, 2, 2, convertCastLike, "float8e8m0, strings"},
      {"Abs", 1, 1, 1, convertUnary<&Scalars::abs>},
      {"Neg", 1, 1, 1, convertUnary<&Scalars::neg>},
      {"Sign", 9, 1, 1, convertSign},
      {"Ceil", 1, 1, 1, convertFunction<math::CeilOp>},
      {"Floor", 1, 1, 1, convertFunction<math::FloorOp>},
      {"Round", 11, 1, 1, convertFunction<math::RoundEvenOp>},
      {"Sqrt", 1, 1, 1, convertFunction<math::SqrtOp>},
      {"Exp", 1, 1, 1, convertFunction<math::ExpOp>},
      {"Log", 1, 1, 1, convertFunction<math::LogOp>},
      {"Sin", 7, 1, 1, convertFunction<math::SinOp>},
      {"Cos", 7, 1, 1, convertFunction<math::CosOp>},
      {"Tan", 7, 1, 1, convertFunction<math::TanOp>},
      {"Asin", 7, 1, 1, convertFunction<math::AsinOp>},
      {"Acos", 7, 1, 1, convertFunction<math::AcosOp>},
      {"Atan", 7, 1, 1, convertFunction<math::AtanOp>},
      {"Sinh", 9, 1, 1, convertFunction<math::SinhOp>},
      {"Cosh", 9, 1, 1, convertFunction<math::CoshOp>},
      {"Asinh", 9, 1, 1, convertFunction<math::AsinhOp>},
      {"Acosh", 9, 1, 1, convertFunction<math::AcoshOp>},
      {"Atanh", 9, 1, 1, convertFunction<math::AtanhOp>},
      {"Erf", 9, 1, 1, convertFunction<math::ErfOp>},
      {"Reciprocal", 1, 1, 1, convertReciprocal},
      {"Pow", 1, 2, 2, convertPow},
      {"Mod", 10, 2, 2, convertMod},
      {"Min", 1, 1, kVariadic, convertVariadic<&Scalars::min, false>},
      {"Max", 1, 1, kVariadic, convertVariadic<&Scalars::max, false>},
      {"Sum", 1, 1, kVariadic, convertVariadic<&Scalars::add, false>},
      {"Mean", 1, 1, kVariadic, convertVariadic<&Scalars::add, true>},
      {"Clip", 1, 1, 3, convertClip},
      {"Shrink", 9, 1, 1, convertShrink},
      {"Identity", 1, 1, 1, convertIdentity, "", "", true},
  });
}

} // namespace seqc::onnx
