//===- Quantization.cpp - Quantised numbers and their products ------------===//

#include "frontends/Common/NarrowFloats.h"
#include "frontends/ONNX/Ops/Family.h"
#include "frontends/ONNX/Ops/Products.h"
#include "frontends/ONNX/Ops/QuantizedElement.h"
#include "frontends/ONNX/Ops/QuantizedProduct.h"

#include <cmath>

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;

//===----------------------------------------------------------------------===//
// One element
//===----------------------------------------------------------------------===//

Value quantize(Scalars &s, DataType type, Value x, Value zero) {
  DataType real = DataType::Float;
  x = s.op<mlir::math::RoundEvenOp>(x);
  if (zero)
    x = s.add(real, x, s.convert(type, real, zero));
  unsigned bits = getBitWidth(type);
  double low = isUnsigned(type) ? 0 : -std::ldexp(1.0, bits - 1);
  double high = std::ldexp(1.0, isUnsigned(type) ? bits : bits - 1) - 1;
  x = s.max(real, s.min(real, x, s.constant(real, high)),
            s.constant(real, low));
  return s.convert(real, type, x);
}

Number roundedProduct(Number a, Number b) {
  return (a.as(DataType::Double) * b.as(DataType::Double)).as(DataType::Float);
}

Number roundedQuotient(Number a, Number b) {
  return (a.as(DataType::Double) / b.as(DataType::Double)).as(DataType::Float);
}

/// Inputs of a formula, with the zero point behind them if there is one.
static SmallVector<Tensor> withZero(SmallVector<Tensor> inputs, Tensor zero) {
  if (zero)
    inputs.push_back(zero);
  return inputs;
}

Tensor subtractZeroPoint(Emitter &e, Tensor x, Tensor zero) {
  if (!zero)
    return e.convert(x, DataType::Int32);
  return map(e, DataType::Int32, {x, zero}, [](Number v, Number z) {
    return v.as(DataType::Int32) - z.as(DataType::Int32);
  });
}

Tensor quantize(Emitter &e, Tensor x, Parameters by, DataType type) {
  if (getBitWidth(type) >= 8)
    if (auto scale = e.findScale(x, by.scale, by.zero))
      return e.quantize(x, *scale, type);
  return map(e, type, withZero({x, by.scale}, by.zero),
             [&](ArrayRef<Number> v) {
               Scalars s = v[0].scalars();
               return Number(s, type,
                             quantize(s, type, roundedQuotient(v[0], v[1]),
                                      by.zero ? Value(v[2]) : Value()));
             });
}

Tensor dequantize(Emitter &e, Tensor x, Parameters by, DataType result) {
  DataType real = DataType::Float;
  if (isInteger(x.type) && getBitWidth(x.type) <= 32)
    if (auto scale = e.findScale(x, by.scale, by.zero))
      return e.dequantize(x, *scale, result);
  // Narrow floats arrive as floats.
  DataType wide = isFloat(getComputeType(x.type)) ? real : DataType::Int32;
  return map(e, result, withZero({x, by.scale}, by.zero),
             [&](ArrayRef<Number> v) {
               Number number = v[0].as(wide);
               if (by.zero)
                 number = number - v[2].as(wide);
               return number.as(real) * v[1];
             });
}

std::pair<Tensor, Parameters> quantizeByRange(Emitter &e, Tensor x) {
  DataType real = DataType::Float, type = DataType::UInt8;
  auto dims = to_vector(llvm::seq<int64_t>(0, x.getRank()));
  Tensor most = map(e, real, {e.reduce(x, dims, Combine::Max, false)},
                    [](Number v) { return max(v, 0); });
  Tensor least = map(e, real, {e.reduce(x, dims, Combine::Min, false)},
                     [](Number v) { return min(v, 0); });
  // All zeros: any scale will do.
  Tensor scale = map(e, real, {most, least}, [](Number high, Number low) {
    DataType wide = DataType::Double;
    Number range = (high.as(wide) - low.as(wide)).as(DataType::Float);
    return select(range == 0, 1, roundedQuotient(range, 255));
  });
  Tensor zero = map(e, type, {least, scale}, [&](Number low, Number step) {
    Scalars s = low.scalars();
    return Number(s, type,
                  quantize(s, type, -roundedQuotient(low, step), Value()));
  });
  return {quantize(e, x, {scale, zero}, type), {scale, zero}};
}

/// Reports a parameter that does not broadcast with `x` to the extents of `x`,
/// as far as extents are static.
static LogicalResult checkFits(Node &node, Tensor given, Tensor x) {
  int64_t skipped = x.getRank() - given.getRank();
  for (int64_t d = 0; d < given.getRank(); ++d) {
    int64_t own = given.getShape()[d];
    int64_t wanted = d + skipped < 0 ? 1 : x.getShape()[d + skipped];
    if (own != 1 && own != wanted && !mlir::ShapedType::isDynamic(own) &&
        !mlir::ShapedType::isDynamic(wanted))
      return node.error("a scale or zero point has extent " + Twine(own) +
                        "; required is 1 or " + Twine(wanted));
  }
  return success();
}

static bool isQuantized(DataType type) {
  return isInteger(type) && getBitWidth(type) <= 16;
}

static LogicalResult checkQuantized(Node &node, DataType type,
                                    bool narrow = false) {
  if (isQuantized(type) || (narrow && isNarrowFloat(type)))
    return success();
  return node.unsupported("quantisation to " + getName(type) +
                          " is not supported");
}

//===----------------------------------------------------------------------===//
// QuantizeLinear and DequantizeLinear
//===----------------------------------------------------------------------===//

/// A scale or zero point so that it broadcasts with `x`: one for the tensor,
/// one for each index of `axis`, or one for each block along it.
static FailureOr<Tensor> spread(Node &node, Tensor given, Tensor x,
                                int64_t axis, int64_t block) {
  Emitter &e = node.getEmitter();
  int64_t rank = given.getRank();
  if (rank == 0 || (rank == 1 && given.getShape()[0] == 1 && !block))
    return given;
  std::optional<int64_t> dim = node.getAxis(axis, x.getRank());
  if (!dim)
    return failure();
  if (block > 0) {
    if (rank != x.getRank())
      return node.error("its scale has rank " + Twine(rank) +
                        "; required for blocks is that of the input, " +
                        Twine(x.getRank()));
    for (int64_t d = 0; d < rank; ++d) {
      int64_t own = given.getShape()[d], from = x.getShape()[d];
      int64_t wanted = d == *dim ? divideCeil(from, block) : from;
      if (!mlir::ShapedType::isDynamic(own) &&
          !mlir::ShapedType::isDynamic(from) && own != wanted)
        return node.error("its scale has extent " + Twine(own) +
                          " at dimension " + Twine(d) + "; required is " +
                          Twine(wanted));
      // No extent is longer than a block of so many numbers.
      int64_t step = std::min(block, kMostElements);
      Number size(e, e.extent(x, d));
      if (d == *dim)
        size = (size + (step - 1)) / step;
      e.requireEqual(e.extent(given, d), size, "an extent of its scale");
    }
    return define(e, given.type, e.extents(x), [&](ArrayRef<Number> at) {
      SmallVector<Number> position(at);
      position[*dim] = position[*dim] / block;
      return read(e, given, position);
    });
  }
  if (rank != 1)
    return node.error("its scale has rank " + Twine(rank) +
                      "; required is 0 or 1");
  Extents sizes(x.getRank(), e.fixed(1));
  sizes[*dim] = e.extent(given, 0);
  Tensor result = e.reshape(given, sizes);
  if (failed(checkFits(node, result, x)))
    return failure();
  return result;
}

/// The scale (as float) and the zero point, both spread.
static FailureOr<Parameters> getParameters(Node &node) {
  Tensor x = node.getInput(0);
  int64_t axis = node.getInt("axis", 1);
  int64_t block = node.getInt("block_size", 0);
  if (block < 0)
    return node.error("its block_size is " + Twine(block) +
                      "; required is at least 0");
  FailureOr<Tensor> scale = spread(node, node.getInput(1), x, axis, block);
  if (failed(scale))
    return failure();
  if (!isFloat(scale->type) && scale->type != DataType::Int32)
    return node.unsupported("a scale of " + getName(scale->type) +
                            " is not supported");
  FailureOr<Tensor> zero = Tensor();
  if (node.hasInput(2))
    zero = spread(node, node.getInput(2), x, axis, block);
  if (failed(zero))
    return failure();
  return Parameters{node.getEmitter().convert(*scale, DataType::Float), *zero};
}

static LogicalResult convertQuantizeLinear(Node &node, Emitter &e) {
  auto type = static_cast<DataType>(node.getInt("output_dtype", 0));
  bool saturate = node.getInt("saturate", 1) != 0;
  (void)node.getInt("precision", 0);
  if (node.hasInput(2))
    type = node.getInput(2).type;
  else if (type == DataType::Undefined)
    type = DataType::UInt8;
  if (failed(checkQuantized(node, type, /*narrow=*/true)))
    return failure();
  FailureOr<Parameters> by = getParameters(node);
  if (failed(by))
    return failure();
  Tensor x = e.convert(node.getInput(0), DataType::Float);
  if (!isNarrowFloat(type))
    return node.give(quantize(e, x, *by, type));
  Tensor y = map(e, x.type, withZero({x, by->scale}, by->zero),
                 [](ArrayRef<Number> v) {
                   Number quotient = roundedQuotient(v[0], v[1]);
                   return v.size() > 2 ? quotient + v[2] : quotient;
                 });
  return node.give(encodeNarrow(e, y, type, saturate));
}

static LogicalResult convertDequantizeLinear(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  auto type = static_cast<DataType>(node.getInt("output_dtype", 0));
  if (type == DataType::Undefined)
    type = node.getInput(1).type;
  if ((!isInteger(x.type) && !isNarrowFloat(x.type)) || !isFloat(type))
    return node.unsupported("dequantisation from " + getName(x.type) + " to " +
                            getName(type) + " is not supported");
  FailureOr<Parameters> by = getParameters(node);
  if (failed(by))
    return failure();
  return node.give(dequantize(e, x, *by, type));
}

/// Scale and zero point from the range of the elements, which is made to
/// contain 0.
static LogicalResult convertDynamicQuantizeLinear(Node &node, Emitter &e) {
  auto [bytes, by] = quantizeByRange(e, node.getInput(0));
  node.setOutput(1, by.scale);
  node.setOutput(2, by.zero);
  return node.give(bytes);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// A parameter of the rows of the first factor or the columns of the second so
/// that it broadcasts with that factor.
static Tensor alignParameter(Emitter &e, Tensor given, Tensor factor,
                             bool isRows) {
  if (isOne(given))
    return e.reshape(given, {});
  bool perRow = isRows && given.getRank() == 1 && factor.getRank() > 1;
  return perRow ? e.unsqueeze(given, 1) : given;
}

/// An integer tensor less its zero point (if there is one), as int32.
static FailureOr<Tensor> center(Node &node, Tensor x, Tensor zero,
                                bool isRows) {
  Emitter &e = node.getEmitter();
  if (failed(checkQuantized(node, x.type)))
    return failure();
  if (!zero)
    return e.convert(x, DataType::Int32);
  zero = alignParameter(e, zero, x, isRows);
  if (failed(checkFits(node, zero, x)))
    return failure();
  return subtractZeroPoint(e, x, zero);
}

/// Sums of products of integers less their zero points.
static FailureOr<Tensor> multiply(Node &node, QuantizedSide a,
                                  QuantizedSide b) {
  FailureOr<Tensor> left = center(node, a.numbers, a.zero, /*isRows=*/true),
                    right = center(node, b.numbers, b.zero, /*isRows=*/false);
  if (failed(left) || failed(right))
    return failure();
  return matmul(node, *left, *right);
}

static LogicalResult convertMatMulInteger(Node &node, Emitter &e) {
  QuantizedSide sides[] = {{node.getInput(0), node.getInput(2)},
                           {node.getInput(1), node.getInput(3)}};
  if (!isProductOfRows(sides[0], sides[1]))
    return node.give(multiply(node, sides[0], sides[1]));
  FailureOr<Tensor> rows = multiplyRows(node, sides[0], sides[1]);
  if (failed(rows))
    return failure();
  return node.give(restoreRows(e, *rows, sides[0].numbers));
}

/// Inputs: a, its scale and zero point, b with the same, and what the result
/// has.
static LogicalResult convertQLinearMatMul(Node &node, Emitter &e) {
  Tensor a = node.getInput(0), b = node.getInput(3);
  Tensor scaleA = node.getInput(1), scaleB = node.getInput(4);
  Tensor scaleY = node.getInput(6), zeroY = node.getInput(7);
  DataType type = zeroY.type, real = DataType::Float;
  if (failed(checkQuantized(node, type)))
    return failure();
  auto requantize = [&](ArrayRef<Tensor> inputs) {
    return map(e, type, inputs, [&](ArrayRef<Number> v) {
      Scalars s = v[0].scalars();
      Number scale = roundedQuotient(roundedProduct(v[1], v[2]), v[3]);
      Number x = roundedProduct(v[0].as(real), scale);
      return Number(s, type, quantize(s, type, x, v[4]));
    });
  };
  QuantizedSide sides[] = {{a, node.getInput(2)}, {b, node.getInput(5)}};
  bool isRows = isProductOfRows(sides[0], sides[1]) && isOne(scaleA) &&
                isOne(scaleY) && isOne(zeroY) &&
                (isOne(scaleB) || scaleB.getRank() == 1);
  FailureOr<Tensor> product = isRows ? multiplyRows(node, sides[0], sides[1])
                                     : multiply(node, sides[0], sides[1]);
  if (failed(product))
    return failure();
  auto align = [&](Tensor x, Tensor factor, bool isRows) {
    return e.convert(alignParameter(e, x, factor, isRows), real);
  };
  Tensor inputs[] = {*product, align(scaleA, a, true), align(scaleB, b, false),
                     align(scaleY, a, true), alignParameter(e, zeroY, a, true)};
  for (Tensor input : ArrayRef(inputs).drop_front())
    if (failed(checkFits(node, input, *product)))
      return failure();
  Tensor y = requantize(inputs);
  return node.give(isRows ? restoreRows(e, y, a) : y);
}

void registerQuantizationOps(Registry &registry) {
  StringRef note = "8-bit and 4-bit floats";
  constexpr InputRule factor = kAny.atLeast(1);
  auto codes = takes(kAny, kAny, kSame);
  registry.add({
      {"QuantizeLinear", 10, 2, 3, convertQuantizeLinear},
      {"DequantizeLinear", 10, 2, 3, convertDequantizeLinear, codes},
      {"DynamicQuantizeLinear", 11, 1, 1, convertDynamicQuantizeLinear,
       takes(kFloat)},
      {"MatMulInteger", 10, 2, 4, convertMatMulInteger,
       takes(factor, factor, kSame, likeInput(1))},
      {"QLinearMatMul", 10, 8, 8, convertQLinearMatMul,
       takes(factor, kFloats, kSame, factor, kFloats, likeInput(3), kFloats),
       note},
  });
  registry.addContrib({
      {"QuantizeLinear", 1, 2, 3, convertQuantizeLinear},
      {"DequantizeLinear", 1, 2, 3, convertDequantizeLinear, codes},
  });
}

} // namespace seqc::onnx
