//===- Quantization.cpp - Quantised numbers and their products ------------===//

#include "frontends/Common/NarrowFloats.h"
#include "frontends/ONNX/Ops/QuantizedElement.h"
#include "frontends/ONNX/Ops/QuantizedProduct.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

//===----------------------------------------------------------------------===//
// One element
//===----------------------------------------------------------------------===//

Tensor subtractZeroPoint(Emitter &e, Tensor x, Tensor zero) {
  x = e.convert(x, DataType::Int32);
  if (!zero)
    return x;
  return e.elementwise(DataType::Int32, {x, e.convert(zero, DataType::Int32)},
                       [](Scalars &s, mlir::ValueRange v) {
                         return s.sub(DataType::Int32, v[0], v[1]);
                       });
}

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

Value roundedToFloat(Scalars &s,
                     Value (Scalars::*function)(DataType, Value, Value),
                     Value a, Value b) {
  DataType real = DataType::Float, wide = DataType::Double;
  Value result =
      (s.*function)(wide, s.convert(real, wide, a), s.convert(real, wide, b));
  return s.convert(wide, real, result);
}

RangeQuantized quantizeByRange(Emitter &e, Tensor x) {
  DataType real = DataType::Float, type = DataType::UInt8;
  auto dims = to_vector(seq<int64_t>(0, x.getRank()));
  Tensor most = e.reduce(x, dims, Combine::Max, false);
  Tensor least = e.reduce(x, dims, Combine::Min, false);
  auto limit = [&](Tensor bound, bool above) {
    return e.elementwise(real, {bound}, [&](Scalars &s, ValueRange v) {
      Value zero = s.constant(real, 0);
      return above ? s.max(real, v[0], zero) : s.min(real, v[0], zero);
    });
  };
  most = limit(most, true), least = limit(least, false);
  // All zeros: any scale will do.
  Tensor scale =
      e.elementwise(real, {most, least}, [&](Scalars &s, ValueRange v) {
        Value range = roundedToFloat(s, &Scalars::sub, v[0], v[1]);
        Value isZero =
            s.compare(Compare::Equal, real, range, s.constant(real, 0));
        return s.select(
            isZero, s.constant(real, 1),
            roundedToFloat(s, &Scalars::div, range, s.constant(real, 255)));
      });
  Tensor zero =
      e.elementwise(type, {least, scale}, [&](Scalars &s, ValueRange v) {
        return quantize(
            s, type, s.neg(real, roundedToFloat(s, &Scalars::div, v[0], v[1])),
            {});
      });
  Tensor bytes =
      e.elementwise(type, {x, scale, zero}, [&](Scalars &s, ValueRange v) {
        return quantize(s, type, roundedToFloat(s, &Scalars::div, v[0], v[1]),
                        v[2]);
      });
  return {bytes, scale, zero};
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
      Scalars s = e.scalars();
      int64_t step = std::min(block, kMostElements);
      OpFoldResult size = e.extent(x, d);
      if (d == *dim)
        size = e.simplify({OpFoldResult(
            s.divIndex(s.addIndex(e.toValue(size), s.index(step - 1)),
                       s.index(step)))})[0];
      e.requireEqual(e.extent(given, d), size, "an extent of its scale");
    }
    return e.generate(given.type, e.extents(x), [&](Scalars &s, ValueRange at) {
      SmallVector<Value> position(at);
      position[*dim] = s.divIndex(position[*dim], s.index(block));
      return e.load(given, position);
    });
  }
  if (rank != 1)
    return node.error("its scale has rank " + Twine(rank) +
                      "; required is 0 or 1");
  Extents sizes(x.getRank(), e.getBuilder().getIndexAttr(1));
  sizes[*dim] = e.extent(given, 0);
  Tensor result = e.reshape(given, sizes);
  if (failed(checkFits(node, result, x)))
    return failure();
  return result;
}

/// The scale (as float) and the zero point (null if there is none), both
/// spread.
static LogicalResult getParameters(Node &node, Tensor &scale, Tensor &zero) {
  Tensor x = node.getInput(0);
  int64_t axis = node.getInt("axis", 1);
  int64_t block = node.getInt("block_size", 0);
  if (block < 0)
    return node.error("its block_size is " + Twine(block) +
                      "; required is at least 0");
  FailureOr<Tensor> result = spread(node, node.getInput(1), x, axis, block);
  if (failed(result))
    return failure();
  if (!isFloat(result->type) && result->type != DataType::Int32)
    return node.unsupported("a scale of " + getName(result->type) +
                            " is not supported");
  scale = node.getEmitter().convert(*result, DataType::Float);
  if (!node.hasInput(2))
    return success();
  result = spread(node, node.getInput(2), x, axis, block);
  if (failed(result))
    return failure();
  zero = *result;
  return success();
}

static LogicalResult convertQuantizeLinear(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), scale, zero;
  auto type = static_cast<DataType>(node.getInt("output_dtype", 0));
  bool saturate = node.getInt("saturate", 1) != 0;
  (void)node.getInt("precision", 0);
  if (node.hasInput(2))
    type = node.getInput(2).type;
  else if (type == DataType::Undefined)
    type = DataType::UInt8;
  if (failed(checkQuantized(node, type, /*narrow=*/true)) ||
      failed(getParameters(node, scale, zero)))
    return failure();
  SmallVector<Tensor> inputs = {e.convert(x, DataType::Float), scale};
  if (zero)
    inputs.push_back(zero);
  if (isNarrowFloat(type)) {
    DataType real = DataType::Float;
    Tensor y = e.elementwise(real, inputs, [&](Scalars &s, ValueRange v) {
      Value quotient = roundedToFloat(s, &Scalars::div, v[0], v[1]);
      return zero ? s.add(real, quotient, v[2]) : quotient;
    });
    node.setOutput(0, encodeNarrow(e, y, type, saturate));
    return success();
  }
  node.setOutput(0, e.elementwise(type, inputs, [&](Scalars &s, ValueRange v) {
    return quantize(s, type, roundedToFloat(s, &Scalars::div, v[0], v[1]),
                    zero ? v[2] : Value());
  }));
  return success();
}

static LogicalResult convertDequantizeLinear(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), scale, zero;
  auto type = static_cast<DataType>(node.getInt("output_dtype", 0));
  if (type == DataType::Undefined)
    type = node.getInput(1).type;
  bool narrow = isNarrowFloat(x.type);
  if ((!isInteger(x.type) && !narrow) || !isFloat(type))
    return node.unsupported("dequantisation from " + getName(x.type) + " to " +
                            getName(type) + " is not supported");
  if (failed(getParameters(node, scale, zero)))
    return failure();
  if (zero && zero.type != x.type)
    return node.error("its zero point is " + getName(zero.type) +
                      "; required is " + getName(x.type));
  SmallVector<Tensor> inputs = {x, scale};
  if (zero)
    inputs.push_back(zero);
  node.setOutput(0, e.elementwise(type, inputs, [&](Scalars &s, ValueRange v) {
    // Narrow floats arrive as floats.
    DataType wide = narrow ? DataType::Float : DataType::Int32;
    DataType own = narrow ? DataType::Float : x.type;
    Value number = s.convert(own, wide, v[0]);
    if (zero)
      number = s.sub(wide, number, s.convert(own, wide, v[2]));
    number = s.convert(wide, DataType::Float, number);
    number = s.mul(DataType::Float, number, v[1]);
    return s.convert(DataType::Float, getComputeType(type), number);
  }));
  return success();
}

/// Scale and zero point from the range of the elements, which is made to
/// contain 0.
static LogicalResult convertDynamicQuantizeLinear(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  if (x.type != DataType::Float)
    return node.error("its input is " + getName(x.type) +
                      "; required is float");
  auto [bytes, scale, zero] = quantizeByRange(e, x);
  Tensor results[] = {bytes, scale, zero};
  for (size_t i = 0; i < 3 && i < node.getNumOutputs(); ++i)
    node.setOutput(i, results[i]);
  return success();
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// A parameter of the rows of the first factor or the columns of the second so
/// that it broadcasts with that factor.
static Tensor alignParameter(Emitter &e, Tensor given, Tensor factor,
                             bool isRows) {
  bool perRow = isRows && given.getRank() == 1 && factor.getRank() > 1 &&
                given.getShape()[0] != 1;
  return perRow ? e.unsqueeze(given, 1) : given;
}

/// An integer tensor less its zero point (if there is one), as int32.
static FailureOr<Tensor> center(Node &node, Tensor x, Tensor zero,
                                bool isRows) {
  Emitter &e = node.getEmitter();
  if (failed(checkQuantized(node, x.type)))
    return failure();
  DataType wide = DataType::Int32;
  if (!zero)
    return e.convert(x, wide);
  if (zero.type != x.type)
    return node.error("its zero point is " + getName(zero.type) +
                      "; required is " + getName(x.type));
  zero = alignParameter(e, zero, x, isRows);
  if (zero.getRank() > x.getRank() && zero.getType().hasStaticShape() &&
      zero.getType().getNumElements() == 1)
    zero = e.reshape(zero, {});
  if (failed(checkFits(node, zero, x)))
    return failure();
  return e.elementwise(wide, {x, zero}, [&](Scalars &s, ValueRange v) {
    return s.sub(wide, s.convert(x.type, wide, v[0]),
                 s.convert(x.type, wide, v[1]));
  });
}

/// numpy's matmul.
static FailureOr<Tensor> multiply(Node &node, Tensor a, Tensor b) {
  Emitter &e = node.getEmitter();
  if (a.getRank() == 0 || b.getRank() == 0)
    return node.error("a factor has rank 0; required is at least 1");
  bool isRow = a.getRank() == 1, isColumn = b.getRank() == 1;
  if (isRow)
    a = e.unsqueeze(a, 0);
  if (isColumn)
    b = e.unsqueeze(b, 1);
  int64_t inner = a.getShape().back(), other = b.getShape()[b.getRank() - 2];
  if (!mlir::ShapedType::isDynamic(inner) &&
      !mlir::ShapedType::isDynamic(other) && inner != other)
    return node.error("its factors have inner extents " + Twine(inner) +
                      " and " + Twine(other) + "; required is one extent");
  int64_t batches = std::max(a.getRank(), b.getRank()) - 2;
  // The extents of the batch from both factors; only shapes count here.
  auto batchOf = [&](Tensor x) {
    Extents sizes = e.extents(x);
    sizes.resize(sizes.size() - 2);
    return sizes;
  };
  Tensor outlines[] = {e.fill(DataType::Bool, batchOf(a), 0),
                       e.fill(DataType::Bool, batchOf(b), 0)};
  for (int64_t d = 1;
       d <= std::min(outlines[0].getRank(), outlines[1].getRank()); ++d) {
    int64_t left = outlines[0].getShape()[outlines[0].getRank() - d];
    int64_t right = outlines[1].getShape()[outlines[1].getRank() - d];
    if (left != right && left != 1 && right != 1 &&
        !mlir::ShapedType::isDynamic(left) &&
        !mlir::ShapedType::isDynamic(right))
      return node.error("its factors have batch extents " + Twine(left) +
                        " and " + Twine(right) +
                        "; required is one extent, or 1");
  }
  Extents goal = e.broadcastExtents(outlines);
  std::string letters(batches, ' ');
  for (int64_t d = 0; d < batches; ++d)
    letters[d] = static_cast<char>('\x80' + d);
  auto expand = [&](Tensor x) {
    Extents sizes(goal), own = e.extents(x);
    sizes.append(own.end() - 2, own.end());
    return x.getRank() == 2 ? x : e.broadcastTo(x, sizes);
  };
  // A factor without batch is shared.
  Tensor left = expand(a), right = expand(b);
  Tensor y =
      e.contract(left, (left.getRank() == 2 ? "" : letters) + "mk", right,
                 (right.getRank() == 2 ? "" : letters) + "kn", letters + "mn");
  if (isColumn)
    y = e.squeeze(y, y.getRank() - 1);
  if (isRow)
    y = e.squeeze(y, y.getRank() - (isColumn ? 1 : 2));
  return y;
}

static LogicalResult convertMatMulInteger(Node &node) {
  QuantizedSide sides[] = {{node.getInput(0), node.getInput(2)},
                           {node.getInput(1), node.getInput(3)}};
  if (isProductOfRows(sides[0], sides[1])) {
    FailureOr<Tensor> rows = multiplyRows(node, sides[0], sides[1]);
    if (failed(rows))
      return failure();
    node.setOutput(0, restoreRows(node.getEmitter(), *rows, sides[0].numbers));
    return success();
  }
  FailureOr<Tensor> a = center(node, node.getInput(0), node.getInput(2), true),
                    b = center(node, node.getInput(1), node.getInput(3), false);
  if (failed(a) || failed(b))
    return failure();
  FailureOr<Tensor> y = multiply(node, *a, *b);
  if (failed(y))
    return failure();
  node.setOutput(0, *y);
  return success();
}

/// Inputs: a, its scale and zero point, b with the same, and what the result
/// has.
static LogicalResult convertQLinearMatMul(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor a = node.getInput(0), b = node.getInput(3);
  Tensor scaleA = node.getInput(1), scaleB = node.getInput(4);
  Tensor scaleY = node.getInput(6), zeroY = node.getInput(7);
  DataType type = zeroY.type, real = DataType::Float;
  if (failed(checkQuantized(node, type)))
    return failure();
  for (Tensor scale : {scaleA, scaleB, scaleY})
    if (!isFloat(scale.type))
      return node.error("a scale is " + getName(scale.type) +
                        "; required is a float type");
  auto requantize = [&](ArrayRef<Tensor> inputs) {
    return e.elementwise(type, inputs, [&](Scalars &s, ValueRange v) {
      Value scale = roundedToFloat(
          s, &Scalars::div, roundedToFloat(s, &Scalars::mul, v[1], v[2]), v[3]);
      Value x = s.convert(DataType::Int32, real, v[0]);
      return quantize(s, type, roundedToFloat(s, &Scalars::mul, x, scale),
                      v[4]);
    });
  };
  QuantizedSide sides[] = {{a, node.getInput(2)}, {b, node.getInput(5)}};
  if (isProductOfRows(sides[0], sides[1]) && isOne(scaleA) && isOne(scaleY) &&
      isOne(zeroY) && (isOne(scaleB) || scaleB.getRank() == 1)) {
    FailureOr<Tensor> rows = multiplyRows(node, sides[0], sides[1]);
    if (failed(rows))
      return failure();
    auto flatten = [&](Tensor x) {
      x = isOne(x) ? e.reshape(x, {}) : x;
      return isFloat(x.type) ? e.convert(x, real) : x;
    };
    if (!isOne(scaleB) && failed(checkFits(node, scaleB, *rows)))
      return failure();
    Tensor y = requantize({*rows, flatten(scaleA), flatten(scaleB),
                           flatten(scaleY), flatten(zeroY)});
    node.setOutput(0, restoreRows(e, y, a));
    return success();
  }
  FailureOr<Tensor> left = center(node, a, node.getInput(2), true),
                    right = center(node, b, node.getInput(5), false);
  if (failed(left) || failed(right))
    return failure();
  FailureOr<Tensor> product = multiply(node, *left, *right);
  if (failed(product))
    return failure();
  auto align = [&](Tensor x, Tensor factor, bool isRows) {
    x = alignParameter(e, x, factor, isRows);
    bool isOne =
        x.getType().hasStaticShape() && x.getType().getNumElements() == 1;
    return e.convert(isOne ? e.reshape(x, {}) : x, real);
  };
  Tensor inputs[] = {*product, align(scaleA, a, true), align(scaleB, b, false),
                     align(scaleY, a, true), alignParameter(e, zeroY, a, true)};
  for (Tensor input : ArrayRef(inputs).drop_front())
    if (failed(checkFits(node, input, *product)))
      return failure();
  node.setOutput(0, requantize(inputs));
  return success();
}

void registerQuantizationOps(Registry &registry) {
  StringRef note = "8-bit and 4-bit floats";
  registry.add({
      {"QuantizeLinear", 10, 2, 3, convertQuantizeLinear},
      {"DequantizeLinear", 10, 2, 3, convertDequantizeLinear},
      {"QuantizeLinear", 1, 2, 3, convertQuantizeLinear, "", "com.microsoft"},
      {"DequantizeLinear", 1, 2, 3, convertDequantizeLinear, "",
       "com.microsoft"},
      {"DynamicQuantizeLinear", 11, 1, 1, convertDynamicQuantizeLinear},
      {"MatMulInteger", 10, 2, 4, convertMatMulInteger},
      {"QLinearMatMul", 10, 8, 8, convertQLinearMatMul, note},
  });
}

} // namespace seqc::onnx
