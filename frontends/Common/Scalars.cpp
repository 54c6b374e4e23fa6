//===- Scalars.cpp - Arithmetic on single elements ------------------------===//

#include "frontends/Common/Scalars.h"

#include "frontends/Common/NarrowFloats.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace seqc::frontend {

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

Value Scalars::constant(DataType type, double value) {
  if (type == kIndex)
    return index(static_cast<int64_t>(value));
  Type storage = getStorage(builder.getContext(), type);
  if (isFloat(type))
    return arith::ConstantOp::create(builder, loc,
                                     builder.getFloatAttr(storage, value));
  return constantInteger(type, static_cast<int64_t>(value));
}

Value Scalars::constantInteger(DataType type, int64_t value) {
  if (isFloat(type))
    return constant(type, static_cast<double>(value));
  Type storage = getStorage(builder.getContext(), type);
  APInt bits(64, static_cast<uint64_t>(value));
  return arith::ConstantOp::create(
      builder, loc,
      IntegerAttr::get(storage, bits.trunc(storage.getIntOrFloatBitWidth())));
}

Value Scalars::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value Scalars::boolean(bool value) {
  return arith::ConstantOp::create(builder, loc, builder.getBoolAttr(value));
}

Value Scalars::greatest(DataType type) {
  Type storage = getStorage(builder.getContext(), type);
  if (auto floating = dyn_cast<FloatType>(storage))
    return arith::ConstantOp::create(
        builder, loc,
        FloatAttr::get(storage,
                       APFloat::getLargest(floating.getFloatSemantics())));
  unsigned bits = getBitWidth(type);
  APInt most = isUnsigned(type) ? APInt::getMaxValue(bits)
                                : APInt::getSignedMaxValue(bits);
  return arith::ConstantOp::create(
      builder, loc,
      IntegerAttr::get(storage, most.zext(storage.getIntOrFloatBitWidth())));
}

Value Scalars::lowest(DataType type) {
  if (isFloat(type))
    return constant(type, -kInfinity);
  if (isUnsigned(type) || type == DataType::Bool)
    return constantInteger(type, 0);
  return constantInteger(
      type, APInt::getSignedMinValue(getBitWidth(type)).getSExtValue());
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// The number that an index has if it is a constant.
static std::optional<APInt> findNumber(Value index) {
  std::optional<int64_t> number = getConstantIntValue(index);
  return number ? std::optional(APInt(64, *number, /*isSigned=*/true))
                : std::nullopt;
}

/// An op of two floats, integers or indices; `saturate` of constant indices.
template <typename OfFloats, typename OfIntegers>
static Value combine(Scalars &s, DataType type, Value a, Value b,
                     APInt (APInt::*saturate)(const APInt &) const) {
  if (isFloat(type))
    return s.op<OfFloats>(a, b);
  std::optional<APInt> x, y;
  if (type == kIndex)
    x = findNumber(a), y = findNumber(b);
  return x && y ? s.index(((*x).*saturate)(*y).getSExtValue())
                : s.op<OfIntegers>(a, b);
}

Value Scalars::add(DataType type, Value a, Value b) {
  return combine<arith::AddFOp, arith::AddIOp>(*this, type, a, b,
                                               &APInt::sadd_sat);
}

Value Scalars::sub(DataType type, Value a, Value b) {
  return combine<arith::SubFOp, arith::SubIOp>(*this, type, a, b,
                                               &APInt::ssub_sat);
}

Value Scalars::mul(DataType type, Value a, Value b) {
  return combine<arith::MulFOp, arith::MulIOp>(*this, type, a, b,
                                               &APInt::smul_sat);
}

/// A divisor that no division faults on, and whether it was replaced.
static std::pair<Value, Value> guardDivisor(Scalars &s, DataType type, Value a,
                                            Value b) {
  Value zero = s.constantInteger(type, 0), one = s.constantInteger(type, 1);
  Value bad = s.compare(Compare::Equal, type, b, zero);
  if (!isUnsigned(type)) {
    // The lowest number over -1 overflows.
    Value overflow = s.logicalAnd(
        s.compare(Compare::Equal, type, a, s.lowest(type)),
        s.compare(Compare::Equal, type, b, s.constantInteger(type, -1)));
    b = s.select(overflow, one, b);
  }
  return {s.select(bad, one, b), bad};
}

Value Scalars::div(DataType type, Value a, Value b) {
  if (isFloat(type))
    return op<arith::DivFOp>(a, b);
  if (type == kIndex)
    return op<arith::DivUIOp>(a, b);
  auto [divisor, bad] = guardDivisor(*this, type, a, b);
  Value quotient = isUnsigned(type) ? op<arith::DivUIOp>(a, divisor)
                                    : op<arith::DivSIOp>(a, divisor);
  return select(bad, constantInteger(type, 0), quotient);
}

Value Scalars::mod(DataType type, Value a, Value b, bool signOfDividend) {
  Value rest, bad;
  Value zero = constant(type, 0);
  if (isFloat(type)) {
    rest = op<arith::RemFOp>(a, b);
  } else {
    Value divisor;
    std::tie(divisor, bad) = guardDivisor(*this, type, a, b);
    if (isUnsigned(type))
      return select(bad, zero, op<arith::RemUIOp>(a, divisor));
    rest = select(bad, zero, op<arith::RemSIOp>(a, divisor));
  }
  if (signOfDividend)
    return rest;
  // A remainder of the other sign moves by one divisor.
  Value differs = op<arith::XOrIOp>(compare(Compare::Less, type, rest, zero),
                                    compare(Compare::Less, type, b, zero));
  Value moves =
      logicalAnd(differs, compare(Compare::NotEqual, type, rest, zero));
  return select(moves, add(type, rest, b), rest);
}

Value Scalars::neg(DataType type, Value a) {
  return isFloat(type) ? op<arith::NegFOp>(a)
                       : sub(type, constantInteger(type, 0), a);
}

Value Scalars::abs(DataType type, Value a) {
  if (isFloat(type))
    return op<math::AbsFOp>(a);
  return isUnsigned(type) ? a : op<math::AbsIOp>(a);
}

Value Scalars::max(DataType type, Value a, Value b) {
  if (isFloat(type))
    return op<arith::MaximumFOp>(a, b);
  return isUnsigned(type) || type == DataType::Bool ? op<arith::MaxUIOp>(a, b)
                                                    : op<arith::MaxSIOp>(a, b);
}

Value Scalars::min(DataType type, Value a, Value b) {
  if (isFloat(type))
    return op<arith::MinimumFOp>(a, b);
  return isUnsigned(type) || type == DataType::Bool ? op<arith::MinUIOp>(a, b)
                                                    : op<arith::MinSIOp>(a, b);
}

Value Scalars::compare(Compare predicate, DataType type, Value a, Value b) {
  using enum arith::CmpIPredicate;
  using enum arith::CmpFPredicate;
  static constexpr struct {
    arith::CmpFPredicate real;
    arith::CmpIPredicate integer, natural;
  } predicates[] = {{OEQ, eq, eq},   {UNE, ne, ne},   {OLT, slt, ult},
                    {OLE, sle, ule}, {OGT, sgt, ugt}, {OGE, sge, uge}};
  auto [real, integer, natural] = predicates[static_cast<size_t>(predicate)];
  if (isFloat(type))
    return op<arith::CmpFOp>(real, a, b);
  bool isNatural = isUnsigned(type) || type == DataType::Bool;
  return op<arith::CmpIOp>(isNatural ? natural : integer, a, b);
}

Value Scalars::select(Value condition, Value a, Value b) {
  return op<arith::SelectOp>(condition, a, b);
}

Value Scalars::logicalAnd(Value a, Value b) { return op<arith::AndIOp>(a, b); }
Value Scalars::logicalOr(Value a, Value b) { return op<arith::OrIOp>(a, b); }
Value Scalars::logicalNot(Value a) {
  return op<arith::XOrIOp>(a, boolean(true));
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

Value Scalars::convert(DataType from, DataType to, Value a) {
  if (from == to)
    return a;
  if (isNarrowFloat(from))
    return convert(DataType::Float, to, decodeNarrow(*this, from, a));
  if (isNarrowFloat(to))
    return encodeNarrow(*this, to, convert(from, DataType::Float, a),
                        /*saturate=*/true);
  Type storage = getStorage(builder.getContext(), to);
  unsigned width = storage.getIntOrFloatBitWidth();
  if (to == DataType::Bool) {
    Value zero = constant(from, 0);
    return compare(Compare::NotEqual, from, a, zero);
  }
  bool natural = isUnsigned(from) || from == DataType::Bool;
  if (isFloat(from) && isFloat(to)) {
    unsigned before = a.getType().getIntOrFloatBitWidth();
    if (before == width) {
      // float16 and bfloat16 meet in float.
      Value wide = op<arith::ExtFOp>(builder.getF32Type(), a);
      return op<arith::TruncFOp>(storage, wide);
    }
    return before < width ? op<arith::ExtFOp>(storage, a)
                          : op<arith::TruncFOp>(storage, a);
  }
  if (isFloat(to))
    return natural ? op<arith::UIToFPOp>(storage, a)
                   : op<arith::SIToFPOp>(storage, a);
  Value result;
  if (isFloat(from)) {
    // Through 64 bits: narrow results wrap the way integers do. What no
    // 64-bit integer holds is replaced, because its conversion is poison.
    DataType wide = getComputeType(from);
    Value x = convert(from, wide, a);
    bool huge = to == DataType::UInt64;
    double limit = huge ? 0x1p64 : 0x1p63;
    Value inside =
        logicalAnd(compare(Compare::Less, wide, x, constant(wide, limit)),
                   compare(Compare::GreaterOrEqual, wide, x,
                           constant(wide, huge ? 0 : -0x1p63)));
    x = select(inside, x, constant(wide, 0));
    Type i64 = builder.getI64Type();
    result = huge ? op<arith::FPToUIOp>(i64, x) : op<arith::FPToSIOp>(i64, x);
    if (width < 64)
      result = op<arith::TruncIOp>(storage, result);
  } else {
    unsigned before = a.getType().getIntOrFloatBitWidth();
    if (before > width)
      result = op<arith::TruncIOp>(storage, a);
    else if (before < width)
      result = natural ? op<arith::ExtUIOp>(storage, a)
                       : op<arith::ExtSIOp>(storage, a);
    else
      result = a;
  }
  // Types narrower than their storage wrap in it.
  unsigned bits = getBitWidth(to);
  if (bits < width) {
    Value shift = constantInteger(to, width - bits);
    result = op<arith::ShLIOp>(result, shift);
    result = isUnsigned(to) ? op<arith::ShRUIOp>(result, shift)
                            : op<arith::ShRSIOp>(result, shift);
  }
  return result;
}

Value Scalars::toIndex(DataType type, Value a) {
  Type index = builder.getIndexType();
  // index_cast of index_cast is the index it began with.
  if (auto back = a.getDefiningOp<arith::IndexCastOp>())
    if (back.getIn().getType() == index && getBitWidth(type) == 64)
      return back.getIn();
  return isUnsigned(type) || type == DataType::Bool
             ? op<arith::IndexCastUIOp>(index, a)
             : op<arith::IndexCastOp>(index, a);
}

Value Scalars::fromIndex(DataType type, Value index) {
  return op<arith::IndexCastOp>(getStorage(builder.getContext(), type), index);
}

} // namespace seqc::frontend
