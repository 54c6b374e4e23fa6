//===- NarrowFloats.cpp - Floats of eight bits and less -------------------===//

#include "frontends/Common/NarrowFloats.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;

namespace seqc::frontend {

static constexpr DataType kReal = DataType::Float;
static constexpr DataType kBits = DataType::Int32;

namespace {
/// How a narrow float is made: a sign, then the exponent, then the mantissa.
struct Format {
  int width, mantissa, bias;
  double greatest;
  /// The bits, without sign, of NaN and of infinity; -1 for none.
  int nan, infinity;
  /// Negative zero is NaN, and there is no other one.
  bool oneZero;

  int leastExponent() const { return 1 - bias; }
};
} // namespace

static Format getFormat(DataType type) {
  switch (type) {
  case DataType::Float8E4M3FN:
    return {8, 3, 7, 448, 0x7f, -1, false};
  case DataType::Float8E4M3FNUZ:
    return {8, 3, 8, 240, -1, -1, true};
  case DataType::Float8E5M2:
    return {8, 2, 15, 57344, 0x7f, 0x7c, false};
  case DataType::Float8E5M2FNUZ:
    return {8, 2, 16, 57344, -1, -1, true};
  default:
    return {4, 1, 1, 6, -1, -1, false};
  }
}

static Value number(Scalars &s, int64_t value) {
  return s.constantInteger(kBits, value);
}

static Value asBits(Scalars &s, Value x) {
  return s.op<arith::BitcastOp>(s.getBuilder().getI32Type(), x);
}

static Value asFloat(Scalars &s, Value bits) {
  return s.op<arith::BitcastOp>(s.getBuilder().getF32Type(), bits);
}

static Value shiftLeft(Scalars &s, Value bits, int by) {
  return s.op<arith::ShLIOp>(bits, number(s, by));
}

static Value shiftRight(Scalars &s, Value bits, int by) {
  return s.op<arith::ShRUIOp>(bits, number(s, by));
}

static Value equals(Scalars &s, Value bits, int64_t value) {
  return s.compare(Compare::Equal, kBits, bits, number(s, value));
}

Value decodeNarrow(Scalars &s, DataType type, Value bits) {
  Format f = getFormat(type);
  int most = (1 << (f.width - 1)) - 1;
  Value all = s.op<arith::ExtUIOp>(s.getBuilder().getI32Type(), bits);
  Value size = s.op<arith::AndIOp>(all, number(s, most));
  Value isNegative = s.compare(Compare::Greater, kBits, all, number(s, most));
  Value normal = asFloat(s, s.add(kBits, shiftLeft(s, size, 23 - f.mantissa),
                                  number(s, int64_t(127 - f.bias) << 23)));
  Value step = s.constant(kReal, std::ldexp(1, f.leastExponent() - f.mantissa));
  Value small = s.mul(kReal, s.convert(kBits, kReal, size), step);
  Value isSmall = s.compare(Compare::Less, kBits, size,
                            number(s, int64_t(1) << f.mantissa));
  Value result = s.select(isSmall, small, normal);
  Value nan = s.constant(kReal, std::nan(""));
  if (f.infinity >= 0) {
    Value beyond =
        s.compare(Compare::Greater, kBits, size, number(s, f.infinity));
    result = s.select(beyond, nan, result);
    result = s.select(equals(s, size, f.infinity), s.infinity(kReal), result);
  } else if (f.nan >= 0) {
    result = s.select(equals(s, size, f.nan), nan, result);
  }
  result = s.select(isNegative, s.neg(kReal, result), result);
  if (f.oneZero)
    result = s.select(equals(s, all, most + 1), nan, result);
  return result;
}

Value encodeNarrow(Scalars &s, DataType type, Value x, bool saturate) {
  Format f = getFormat(type);
  int sign = 1 << (f.width - 1);
  Value isNaN = s.isNaN(kReal, x), zero = s.constant(kReal, 0);
  Value size = s.select(isNaN, zero, s.abs(kReal, x));
  // The distance of two neighbours there is 2^(exponent - mantissa bits).
  Value exponent = s.max(kBits, shiftRight(s, asBits(s, size), 23),
                         number(s, 127 + f.leastExponent()));
  Value step = asFloat(
      s, shiftLeft(s, s.sub(kBits, exponent, number(s, f.mantissa)), 23));
  Value rounded =
      s.mul(kReal, s.op<math::RoundEvenOp>(s.div(kReal, size, step)), step);
  Value greatest = s.constant(kReal, f.greatest);
  Value isHuge = s.compare(Compare::Greater, kReal, rounded, greatest);
  rounded = s.select(isHuge, greatest, rounded);
  Value normal =
      s.sub(kBits, shiftRight(s, asBits(s, rounded), 23 - f.mantissa),
            number(s, int64_t(127 - f.bias) << f.mantissa));
  Value isSmall =
      s.compare(Compare::Less, kReal, rounded,
                s.constant(kReal, std::ldexp(1, f.leastExponent())));
  double most = std::ldexp(1, f.mantissa - f.leastExponent());
  Value small = s.convert(
      kReal, kBits,
      s.mul(kReal, s.select(isSmall, rounded, zero), s.constant(kReal, most)));
  Value code = s.select(isSmall, small, normal);
  // Without bits for NaN, it is negative zero or the greatest number.
  int nan = f.nan >= 0 ? f.nan : f.oneZero ? sign : sign - 1;
  if (!saturate && (f.nan >= 0 || f.oneZero))
    code =
        s.select(isHuge, number(s, f.infinity >= 0 ? f.infinity : nan), code);
  Value signBit = shiftLeft(s, shiftRight(s, asBits(s, x), 31), f.width - 1);
  Value withSign = s.op<arith::OrIOp>(code, signBit);
  if (f.oneZero)
    withSign = s.select(equals(s, code, 0), code, withSign);
  code = s.select(isNaN, number(s, nan), withSign);
  return s.op<arith::TruncIOp>(s.getBuilder().getI8Type(), code);
}

Tensor encodeNarrow(Emitter &e, Tensor tensor, DataType type, bool saturate) {
  Tensor wide = e.convert(tensor, kReal);
  return e.generate(type, e.extents(wide), [&](Scalars &s, ValueRange at) {
    return encodeNarrow(s, type, e.load(wide, at), saturate);
  });
}

} // namespace seqc::frontend
