//===- Math.cpp - Scalar ops of math --------------------------------------===//

#include "dialect/Seq/Reference/ScalarOps.h"

#include "llvm/ADT/bit.h"

#include <cmath>

namespace seqc::reference {

namespace {

/// The bits of an integer of the given width.
uint64_t getBits(int64_t value, unsigned width) {
  uint64_t bits = static_cast<uint64_t>(value);
  return width >= 64 ? bits : bits & ((uint64_t(1) << width) - 1);
}

/// Integer power, wrapping. A negative exponent truncates the exact result.
int64_t raise(int64_t base, int64_t exponent, const char *&fault) {
  if (exponent < 0) {
    if (base == 0)
      fault = "zero to a negative power";
    return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  }
  uint64_t result = 1, factor = static_cast<uint64_t>(base);
  for (; exponent > 0; exponent >>= 1, factor *= factor)
    if (exponent & 1)
      result *= factor;
  return static_cast<int64_t>(result);
}

/// Clamps as math.clampf does: NaN stays.
double clamp(double value, double low, double high) {
  if (value < low)
    return low;
  return value > high ? high : value;
}

} // namespace

/// A table entry whose result is the float `expression` of the operands `x`.
#define SEQC_FLOAT(name, expression)                                           \
  table["math." name] = [](const Scalar *x, const ScalarTraits &,              \
                           const char *&) -> Scalar {                          \
    return ofFloat(expression);                                                \
  };
/// A table entry whose result is the integer `expression`, wrapped to the
/// result's width.
#define SEQC_INT(name, expression)                                             \
  table["math." name] = [](const Scalar *x, const ScalarTraits &t,             \
                           [[maybe_unused]] const char *&fault) -> Scalar {    \
    return ofInt(wrapInteger(static_cast<int64_t>(expression), t.outWidth));   \
  };

void addMathScalars(ScalarTable &table) {
  SEQC_FLOAT("absf", std::fabs(x[0].f))
  SEQC_FLOAT("acos", std::acos(x[0].f))
  SEQC_FLOAT("acosh", std::acosh(x[0].f))
  SEQC_FLOAT("asin", std::asin(x[0].f))
  SEQC_FLOAT("asinh", std::asinh(x[0].f))
  SEQC_FLOAT("atan", std::atan(x[0].f))
  SEQC_FLOAT("atan2", std::atan2(x[0].f, x[1].f))
  SEQC_FLOAT("atanh", std::atanh(x[0].f))
  SEQC_FLOAT("cbrt", std::cbrt(x[0].f))
  SEQC_FLOAT("ceil", std::ceil(x[0].f))
  SEQC_FLOAT("clampf", clamp(x[0].f, x[1].f, x[2].f))
  SEQC_FLOAT("copysign", std::copysign(x[0].f, x[1].f))
  SEQC_FLOAT("cos", std::cos(x[0].f))
  SEQC_FLOAT("cosh", std::cosh(x[0].f))
  SEQC_FLOAT("erf", std::erf(x[0].f))
  SEQC_FLOAT("erfc", std::erfc(x[0].f))
  SEQC_FLOAT("exp", std::exp(x[0].f))
  SEQC_FLOAT("exp2", std::exp2(x[0].f))
  SEQC_FLOAT("expm1", std::expm1(x[0].f))
  SEQC_FLOAT("floor", std::floor(x[0].f))
  SEQC_FLOAT("fma", x[0].f * x[1].f + x[2].f)
  SEQC_FLOAT("fpowi", std::pow(x[0].f, static_cast<double>(x[1].i)))
  SEQC_FLOAT("log", std::log(x[0].f))
  SEQC_FLOAT("log10", std::log10(x[0].f))
  SEQC_FLOAT("log1p", std::log1p(x[0].f))
  SEQC_FLOAT("log2", std::log2(x[0].f))
  SEQC_FLOAT("powf", std::pow(x[0].f, x[1].f))
  SEQC_FLOAT("round", std::round(x[0].f))
  SEQC_FLOAT("roundeven",
             std::nearbyint(x[0].f)) // The rounding mode is never changed.
  SEQC_FLOAT("rsqrt", 1.0 / std::sqrt(x[0].f))
  SEQC_FLOAT("sin", std::sin(x[0].f))
  SEQC_FLOAT("sinh", std::sinh(x[0].f))
  SEQC_FLOAT("sqrt", std::sqrt(x[0].f))
  SEQC_FLOAT("tan", std::tan(x[0].f))
  SEQC_FLOAT("tanh", std::tanh(x[0].f))
  SEQC_FLOAT("trunc", std::trunc(x[0].f))

  SEQC_INT("absi", x[0].i < 0 ? -static_cast<uint64_t>(x[0].i)
                              : static_cast<uint64_t>(x[0].i))
  SEQC_INT("ctlz",
           llvm::countl_zero(getBits(x[0].i, t.inWidth)) - int(64 - t.inWidth))
  SEQC_INT("ctpop", llvm::popcount(getBits(x[0].i, t.inWidth)))
  SEQC_INT("cttz", std::min<int>(llvm::countr_zero(getBits(x[0].i, t.inWidth)),
                                 int(t.inWidth)))
  SEQC_INT("ipowi", raise(x[0].i, x[1].i, fault))
  SEQC_INT("isfinite", std::isfinite(x[0].f))
  SEQC_INT("isinf", std::isinf(x[0].f))
  SEQC_INT("isnan", std::isnan(x[0].f))
  SEQC_INT("isnormal", std::isnormal(x[0].f))
}

#undef SEQC_FLOAT
#undef SEQC_INT

} // namespace seqc::reference
