//===- NarrowFloats.cpp - Floats of eight bits and less -------------------===//

#include "frontends/Common/NarrowFloats.h"

#include "frontends/Common/Numbers.h"

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

static Number asBits(Number x) {
  Scalars s = x.scalars();
  return {s, kBits,
          s.op<arith::BitcastOp>(s.getBuilder().getI32Type(), Value(x))};
}

static Number asFloat(Number bits) {
  Scalars s = bits.scalars();
  return {s, kReal,
          s.op<arith::BitcastOp>(s.getBuilder().getF32Type(), Value(bits))};
}

static Number shiftLeft(Number bits, int by) {
  return bits.apply<arith::ShLIOp>(Value(bits.constantLike(by)));
}

static Number shiftRight(Number bits, int by) {
  return bits.apply<arith::ShRUIOp>(Value(bits.constantLike(by)));
}

Value decodeNarrow(Scalars &s, DataType type, Value bits) {
  Format f = getFormat(type);
  int most = (1 << (f.width - 1)) - 1;
  Number all(s, kBits, s.op<arith::ExtUIOp>(s.getBuilder().getI32Type(), bits));
  Number size = all & all.constantLike(most);
  Number normal = asFloat(shiftLeft(size, 23 - f.mantissa) +
                          static_cast<double>(int64_t(127 - f.bias) << 23));
  Number small = size.as(kReal) * std::ldexp(1, f.leastExponent() - f.mantissa);
  Number result = select(size < (1 << f.mantissa), small, normal);
  double nan = std::nan("");
  if (f.infinity >= 0) {
    result = select(size > f.infinity, nan, result);
    result = select(size == f.infinity, kInfinity, result);
  } else if (f.nan >= 0) {
    result = select(size == f.nan, nan, result);
  }
  result = select(all > most, -result, result);
  return f.oneZero ? select(all == most + 1, nan, result) : result;
}

Value encodeNarrow(Scalars &s, DataType type, Value given, bool saturate) {
  Format f = getFormat(type);
  int sign = 1 << (f.width - 1);
  Number x(s, kReal, given), none = isNaN(x), zero = x.constantLike(0);
  Number size = select(none, zero, abs(x));
  // The distance of two neighbours there is 2^(exponent - mantissa bits).
  Number exponent = max(shiftRight(asBits(size), 23), 127 + f.leastExponent());
  Number step = asFloat(shiftLeft(exponent - f.mantissa, 23));
  Number rounded = (size / step).apply<math::RoundEvenOp>() * step;
  Number isHuge = rounded > f.greatest;
  rounded = select(isHuge, f.greatest, rounded);
  Number normal = shiftRight(asBits(rounded), 23 - f.mantissa) -
                  static_cast<double>(int64_t(127 - f.bias) << f.mantissa);
  Number isSmall = rounded < std::ldexp(1, f.leastExponent());
  Number small = (select(isSmall, rounded, zero) *
                  std::ldexp(1, f.mantissa - f.leastExponent()))
                     .as(kBits);
  Number code = select(isSmall, small, normal);
  // Without bits for NaN, it is negative zero or the greatest number.
  int nan = f.nan >= 0 ? f.nan : f.oneZero ? sign : sign - 1;
  if (!saturate && (f.nan >= 0 || f.oneZero))
    code = select(isHuge, f.infinity >= 0 ? f.infinity : nan, code);
  Number signBit = shiftLeft(shiftRight(asBits(x), 31), f.width - 1);
  Number withSign = code | signBit;
  if (f.oneZero)
    withSign = select(code == 0, code, withSign);
  return s.op<arith::TruncIOp>(s.getBuilder().getI8Type(),
                               Value(select(none, nan, withSign)));
}

Tensor encodeNarrow(Emitter &e, Tensor tensor, DataType type, bool saturate) {
  Tensor wide = e.convert(tensor, kReal);
  return e.generate(type, e.extents(wide), [&](Scalars &s, ValueRange at) {
    return encodeNarrow(s, type, e.load(wide, at), saturate);
  });
}

} // namespace seqc::frontend
