//===- Elementwise.cpp - Arithmetic element by element --------------------===//

#include "frontends/Common/NarrowFloats.h"
#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;
namespace math = mlir::math;

namespace seqc::onnx {

using mlir::Value;

/// A formula of both inputs, as `type` or, if that is undefined, as input 0.
template <typename Formula>
static LogicalResult giveOfTwo(Node &node, Formula formula,
                               DataType type = DataType::Undefined) {
  Tensor a = node.getInput(0);
  FailureOr<Tensor> b = readSecond(node);
  if (failed(b))
    return failure();
  if (type == DataType::Undefined)
    type = a.type;
  return node.give(map(node.getEmitter(), type, {a, *b}, formula));
}

/// An operator of two inputs of one type.
template <auto formula>
static LogicalResult convertBinary(Node &node, Emitter &) {
  return giveOfTwo(node, formula);
}

template <Compare predicate>
static LogicalResult convertCompare(Node &node, Emitter &) {
  return giveOfTwo(
      node, [](Number x, Number y) { return compare(predicate, x, y); },
      DataType::Bool);
}

template <auto formula>
static LogicalResult convertUnary(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  return node.give(map(e, x.type, {x}, formula));
}

/// A function of floats that is an op of dialect math.
template <typename Op>
static constexpr Converter convertFunction =
    convertUnary<[](Number x) { return x.apply<Op>(); }>;

/// `base` to the power of an int64, by squaring. Seven bits of the exponent
/// are enough: above 64 every even number is 0, and 1 and -1 only need to know
/// whether it is odd.
static Number raiseInteger(Number base, Number exponent) {
  Number count = abs(exponent);
  count = select(count > 127, (count & exponent.constantLike(1)) + 126, count);
  Number result = base.constantLike(1), square = base;
  for (int bit = 0; bit < 7; ++bit) {
    Number mask = exponent.constantLike(1 << bit);
    result = select((count & mask) != 0, result * square, result);
    square = square * square;
  }
  return select(exponent < 0, 1 / result, result);
}

/// Pow: the result has the type of the base; the exponent may be of another.
static LogicalResult convertPow(Node &node, Emitter &e) {
  DataType type = getComputeType(node.getInput(0).type);
  std::optional<SmallVector<double>> numbers =
      e.constantNumbers(node.getInput(1));
  auto isAlways = [&](double number) {
    return numbers && !numbers->empty() &&
           llvm::all_of(*numbers, [&](double x) { return x == number; });
  };
  bool square = isAlways(2), cube = isAlways(3);
  return giveOfTwo(node, [&](Number x, Number y) {
    if (square || cube)
      return cube ? x * x * x : x * x;
    if (!isFloat(type) && !isFloat(y.getType()))
      return raiseInteger(x, y.as(DataType::Int64));
    DataType wide = isFloat(type) ? type : DataType::Double;
    return x.as(wide).apply<math::PowFOp>(Value(y.as(wide)));
  });
}

static LogicalResult convertMod(Node &node, Emitter &) {
  bool signOfDividend = node.getInt("fmod", 0) != 0;
  return giveOfTwo(node, [&](Number x, Number y) {
    Scalars s = x.scalars();
    return Number(s, x.getType(), s.mod(x.getType(), x, y, signOfDividend));
  });
}

/// Combines any number of inputs of one type, from left to right.
template <auto formula, bool mean = false>
static LogicalResult convertVariadic(Node &node, Emitter &e) {
  (void)node.hasAttribute("consumed_inputs");
  SmallVector<Tensor> inputs;
  for (size_t i = 0; i < node.getNumInputs(); ++i) {
    inputs.push_back(node.getInput(i));
    if (!inputs.back())
      return node.error("input " + Twine(i) + " is missing");
  }
  return node.give(map(e, inputs[0].type, inputs, [](ArrayRef<Number> x) {
    Number result = x[0];
    for (Number next : x.drop_front())
      result = formula(result, next);
    return mean && x.size() > 1 ? result / x.size() : result;
  }));
}

/// A bound of Clip as a rank-0 tensor: an attribute before opset 11.
static LogicalResult getBound(Node &node, size_t input, StringRef attribute,
                              Tensor &bound) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  if (node.getOpset() < 11) {
    if (node.hasAttribute(attribute))
      bound = e.scalar(x.type, node.getFloat(attribute, 0));
    return success();
  }
  bound = node.settleInput(input);
  if (!bound)
    return success();
  if (!isOne(bound))
    return node.error("input " + Twine(input) + " (" + attribute +
                      ") is no scalar");
  bound = e.reshape(bound, {});
  return success();
}

static LogicalResult convertClip(Node &node, Emitter &e) {
  Tensor low, high, x = node.getInput(0);
  (void)node.hasAttribute("consumed_inputs");
  if (failed(getBound(node, 1, "min", low)) ||
      failed(getBound(node, 2, "max", high)))
    return failure();
  SmallVector<Tensor> inputs{x};
  for (Tensor bound : {low, high})
    if (bound)
      inputs.push_back(bound);
  return node.give(map(e, x.type, inputs, [&](ArrayRef<Number> v) {
    Number result = low ? max(v[0], v[1]) : v[0];
    return high ? min(result, v.back()) : result;
  }));
}

/// Where it is far enough from zero, moved towards it by `bias`; else zero.
static LogicalResult convertShrink(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  DataType type = getComputeType(x.type);
  DataType wide = isFloat(type) ? type : DataType::Double;
  double limit = node.getFloat("lambd", 0.5), bias = node.getFloat("bias", 0);
  return node.give(map(e, x.type, {x}, [&](Number v) {
    v = v.as(wide);
    return select(v < -limit, v + bias, select(v > limit, v - bias, 0));
  }));
}

/// Sets the result to `x` as `to`.
static LogicalResult setCast(Node &node, Tensor x, DataType to) {
  bool saturate = node.getInt("saturate", 1) != 0;
  (void)node.getString("round_mode", "up");
  if (!node.getEmitter().storage(to))
    return node.unsupported("a cast to " + getName(to) + " is not supported");
  return node.give(isNarrowFloat(to) && !saturate
                       ? encodeNarrow(node.getEmitter(), x, to, saturate)
                       : node.getEmitter().convert(x, to));
}

static LogicalResult convertCast(Node &node, Emitter &) {
  return setCast(node, node.getInput(0),
                 static_cast<DataType>(node.getInt("to", 0)));
}

static LogicalResult convertCastLike(Node &node, Emitter &) {
  return setCast(node, node.getInput(0), node.getInput(1).type);
}

static LogicalResult convertIdentity(Node &node, Emitter &) {
  return node.give(node.getValue(0));
}

void registerElementwiseOps(Registry &registry) {
  // Of one type.
  auto two = takes(kAny, kSame);
  registry.add({
      {"Add", 1, 2, 2, convertBinary<[](Number a, Number b) { return a + b; }>,
       two},
      {"Sub", 1, 2, 2, convertBinary<[](Number a, Number b) { return a - b; }>,
       two},
      {"Mul", 1, 2, 2, convertBinary<[](Number a, Number b) { return a * b; }>,
       two},
      {"Div", 1, 2, 2, convertBinary<[](Number a, Number b) { return a / b; }>,
       two},
      {"Equal", 1, 2, 2, convertCompare<Compare::Equal>, two},
      {"Less", 1, 2, 2, convertCompare<Compare::Less>, two},
      {"LessOrEqual", 12, 2, 2, convertCompare<Compare::LessOrEqual>, two},
      {"Greater", 1, 2, 2, convertCompare<Compare::Greater>, two},
      {"GreaterOrEqual", 12, 2, 2, convertCompare<Compare::GreaterOrEqual>,
       two},
      {"Cast", 6, 1, 1, convertCast, takes(), "float8e8m0, strings"},
      {"CastLike", 15, 2, 2, convertCastLike, takes(), "float8e8m0, strings"},
      {"Abs", 1, 1, 1, convertUnary<[](Number x) { return abs(x); }>},
      {"Neg", 1, 1, 1, convertUnary<[](Number x) { return -x; }>},
      {"Sign", 9, 1, 1, convertUnary<[](Number x) {
         // Zeros and NaN stay.
         return select(x > 0, 1, select(x < 0, -1, x));
       }>},
      {"Ceil", 1, 1, 1, convertFunction<math::CeilOp>, takes(kFloats)},
      {"Floor", 1, 1, 1, convertFunction<math::FloorOp>, takes(kFloats)},
      {"Round", 11, 1, 1, convertFunction<math::RoundEvenOp>, takes(kFloats)},
      {"Sqrt", 1, 1, 1, convertFunction<math::SqrtOp>, takes(kFloats)},
      {"Exp", 1, 1, 1, convertFunction<math::ExpOp>, takes(kFloats)},
      {"Log", 1, 1, 1, convertFunction<math::LogOp>, takes(kFloats)},
      {"Sin", 7, 1, 1, convertFunction<math::SinOp>, takes(kFloats)},
      {"Cos", 7, 1, 1, convertFunction<math::CosOp>, takes(kFloats)},
      {"Tan", 7, 1, 1, convertFunction<math::TanOp>, takes(kFloats)},
      {"Asin", 7, 1, 1, convertFunction<math::AsinOp>, takes(kFloats)},
      {"Acos", 7, 1, 1, convertFunction<math::AcosOp>, takes(kFloats)},
      {"Atan", 7, 1, 1, convertFunction<math::AtanOp>, takes(kFloats)},
      {"Sinh", 9, 1, 1, convertFunction<math::SinhOp>, takes(kFloats)},
      {"Cosh", 9, 1, 1, convertFunction<math::CoshOp>, takes(kFloats)},
      {"Asinh", 9, 1, 1, convertFunction<math::AsinhOp>, takes(kFloats)},
      {"Acosh", 9, 1, 1, convertFunction<math::AcoshOp>, takes(kFloats)},
      {"Atanh", 9, 1, 1, convertFunction<math::AtanhOp>, takes(kFloats)},
      {"Erf", 9, 1, 1, convertFunction<math::ErfOp>, takes(kFloats)},
      {"Reciprocal", 1, 1, 1, convertUnary<[](Number x) { return 1 / x; }>,
       takes(kFloats)},
      {"Pow", 1, 2, 2, convertPow},
      {"Mod", 10, 2, 2, convertMod, two},
      {"Min", 1, 1, kVariadic,
       convertVariadic<[](Number a, Number b) { return min(a, b); }>, two},
      {"Max", 1, 1, kVariadic,
       convertVariadic<[](Number a, Number b) { return max(a, b); }>, two},
      {"Sum", 1, 1, kVariadic,
       convertVariadic<[](Number a, Number b) { return a + b; }>, two},
      {"Mean", 1, 1, kVariadic,
       convertVariadic<[](Number a, Number b) { return a + b; }, true>,
       takes(kFloats, kSame)},
      {"Clip", 1, 1, 3, convertClip, takes(kAny, kSame, kSame)},
      {"Shrink", 9, 1, 1, convertShrink},
      {"Identity", 1, 1, 1, convertIdentity, takes(), "", true},
  });
}

} // namespace seqc::onnx
