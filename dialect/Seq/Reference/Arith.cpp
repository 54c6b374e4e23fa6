//===- Arith.cpp - Scalar ops of arith ------------------------------------===//

#include "dialect/Seq/Reference/ScalarOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <algorithm>
#include <cmath>

namespace seqc::reference {

namespace {

/// An integer as the signed number its bits stand for; i1 holds 0 or -1.
int64_t asSigned(int64_t value, unsigned width) {
  return width == 1 ? -(value & 1) : value;
}

/// An integer as the unsigned number its bits stand for.
uint64_t asUnsigned(int64_t value, unsigned width) {
  uint64_t bits = static_cast<uint64_t>(value);
  return width >= 64 ? bits : bits & ((uint64_t(1) << width) - 1);
}

/// Rounds to a narrower float, which is what a program asks for by truncf.
double roundToKind(double value, ElementKind kind) {
  if (kind == ElementKind::F32)
    return static_cast<float>(value);
  if (kind != ElementKind::F16 && kind != ElementKind::BF16)
    return value;
  std::vector<uint8_t> bytes = Tensor::ofFloat(kind, value).toBytes();
  llvm::Expected<Tensor> back = Tensor::ofBytes(kind, {}, bytes);
  if (!back) {
    llvm::consumeError(back.takeError());
    return value;
  }
  return back->scalar().f;
}

/// Quotient towards minus infinity (`up` false) or plus infinity.
int64_t divideRounded(int64_t lhs, int64_t rhs, bool up) {
  int64_t quotient = lhs / rhs;
  bool inexact = lhs % rhs != 0, positive = (lhs < 0) == (rhs < 0);
  if (inexact && positive == up)
    quotient += up ? 1 : -1;
  return quotient;
}

/// Whether a signed division has no result.
bool isBadDivision(int64_t lhs, int64_t rhs, const char *&fault) {
  if (rhs == 0)
    fault = "division by zero";
  else if (lhs == INT64_MIN && rhs == -1)
    fault = "quotient does not fit";
  return fault != nullptr;
}

bool compareInts(int64_t predicate, int64_t lhs, int64_t rhs, unsigned width) {
  using mlir::arith::CmpIPredicate;
  int64_t sl = asSigned(lhs, width), sr = asSigned(rhs, width);
  uint64_t ul = asUnsigned(lhs, width), ur = asUnsigned(rhs, width);
  switch (static_cast<CmpIPredicate>(predicate)) {
  case CmpIPredicate::eq:
    return ul == ur;
  case CmpIPredicate::ne:
    return ul != ur;
  case CmpIPredicate::slt:
    return sl < sr;
  case CmpIPredicate::sle:
    return sl <= sr;
  case CmpIPredicate::sgt:
    return sl > sr;
  case CmpIPredicate::sge:
    return sl >= sr;
  case CmpIPredicate::ult:
    return ul < ur;
  case CmpIPredicate::ule:
    return ul <= ur;
  case CmpIPredicate::ugt:
    return ul > ur;
  case CmpIPredicate::uge:
    return ul >= ur;
  }
  return false;
}

bool compareFloats(int64_t predicate, double lhs, double rhs) {
  using mlir::arith::CmpFPredicate;
  bool unordered = std::isnan(lhs) || std::isnan(rhs);
  switch (static_cast<CmpFPredicate>(predicate)) {
  case CmpFPredicate::AlwaysFalse:
    return false;
  case CmpFPredicate::OEQ:
    return lhs == rhs;
  case CmpFPredicate::OGT:
    return lhs > rhs;
  case CmpFPredicate::OGE:
    return lhs >= rhs;
  case CmpFPredicate::OLT:
    return lhs < rhs;
  case CmpFPredicate::OLE:
    return lhs <= rhs;
  case CmpFPredicate::ONE:
    return !unordered && lhs != rhs;
  case CmpFPredicate::ORD:
    return !unordered;
  case CmpFPredicate::UEQ:
    return unordered || lhs == rhs;
  case CmpFPredicate::UGT:
    return unordered || lhs > rhs;
  case CmpFPredicate::UGE:
    return unordered || lhs >= rhs;
  case CmpFPredicate::ULT:
    return unordered || lhs < rhs;
  case CmpFPredicate::ULE:
    return unordered || lhs <= rhs;
  case CmpFPredicate::UNE:
    return unordered || lhs != rhs;
  case CmpFPredicate::UNO:
    return unordered;
  case CmpFPredicate::AlwaysTrue:
    return true;
  }
  return false;
}

/// IEEE maximum or minimum. With `propagate` a NaN operand gives NaN, else the
/// other operand.
double extremum(double lhs, double rhs, bool maximum, bool propagate) {
  if (std::isnan(lhs) || std::isnan(rhs)) {
    if (propagate)
      return std::numeric_limits<double>::quiet_NaN();
    return std::isnan(lhs) ? rhs : lhs;
  }
  if (lhs == rhs) // Zeros may differ in sign.
    return std::signbit(lhs) == maximum ? rhs : lhs;
  return (lhs > rhs) == maximum ? lhs : rhs;
}

/// A float as an integer of the result's width. Numbers that do not fit have no
/// result.
Scalar toInteger(double value, const ScalarTraits &t, bool isSigned,
                 const char *&fault) {
  double whole = std::trunc(value);
  double bound =
      std::ldexp(1.0, static_cast<int>(t.outWidth) - (isSigned ? 1 : 0));
  if (!(whole < bound) || !(whole >= (isSigned ? -bound : 0.0))) {
    fault = "number does not fit the integer type";
    return ofInt(0);
  }
  int64_t bits = isSigned ? static_cast<int64_t>(whole)
                          : static_cast<int64_t>(static_cast<uint64_t>(whole));
  return ofInt(wrapInteger(bits, t.outWidth));
}

/// The element with the same stored bits.
Scalar bitcast(Scalar value, const ScalarTraits &t, const char *&fault) {
  Tensor source(t.inKind, {});
  *source.mutableData() = value;
  llvm::Expected<Tensor> result =
      Tensor::ofBytes(t.outKind, {}, source.toBytes());
  if (!result) {
    llvm::consumeError(result.takeError());
    fault = "types differ in width";
    return value;
  }
  return result->scalar();
}

} // namespace

/// Shorthands of the table below: `a`, `b` and `c` are operand cells, `t` the
/// op's traits.
#define SEQC_SCALAR(name, expression)                                          \
  table[name] = [](const Scalar *x, const ScalarTraits &t,                     \
                   const char *&fault) -> Scalar {                             \
    [[maybe_unused]] const Scalar &a = x[0];                                   \
    (void)t;                                                                   \
    (void)fault;                                                               \
    return expression;                                                         \
  };
#define SEQC_WRAP(value)                                                       \
  ofInt(wrapInteger(static_cast<int64_t>(value), t.outWidth))
#define SEQC_SIGNED(cell) asSigned((cell).i, t.inWidth)
#define SEQC_UNSIGNED(cell) asUnsigned((cell).i, t.inWidth)

/// Ops on integers.
static void addIntegerScalars(ScalarTable &table) {
  SEQC_SCALAR("arith.addi", SEQC_WRAP(uint64_t(a.i) + uint64_t(x[1].i)))
  SEQC_SCALAR("arith.subi", SEQC_WRAP(uint64_t(a.i) - uint64_t(x[1].i)))
  SEQC_SCALAR("arith.muli", SEQC_WRAP(uint64_t(a.i) * uint64_t(x[1].i)))
  SEQC_SCALAR("arith.andi", ofInt(a.i & x[1].i))
  SEQC_SCALAR("arith.ori", ofInt(a.i | x[1].i))
  SEQC_SCALAR("arith.xori", SEQC_WRAP(a.i ^ x[1].i))
  SEQC_SCALAR("arith.maxsi", SEQC_SIGNED(a) > SEQC_SIGNED(x[1]) ? a : x[1])
  SEQC_SCALAR("arith.minsi", SEQC_SIGNED(a) < SEQC_SIGNED(x[1]) ? a : x[1])
  SEQC_SCALAR("arith.maxui", SEQC_UNSIGNED(a) > SEQC_UNSIGNED(x[1]) ? a : x[1])
  SEQC_SCALAR("arith.minui", SEQC_UNSIGNED(a) < SEQC_UNSIGNED(x[1]) ? a : x[1])
  SEQC_SCALAR("arith.cmpi",
              ofInt(compareInts(t.predicate, a.i, x[1].i, t.inWidth)))
  SEQC_SCALAR("arith.extsi", SEQC_WRAP(SEQC_SIGNED(a)))
  SEQC_SCALAR("arith.extui", SEQC_WRAP(SEQC_UNSIGNED(a)))
  SEQC_SCALAR("arith.trunci", SEQC_WRAP(a.i))
  SEQC_SCALAR("arith.index_cast", SEQC_WRAP(SEQC_SIGNED(a)))
  SEQC_SCALAR("arith.index_castui", SEQC_WRAP(SEQC_UNSIGNED(a)))
  SEQC_SCALAR("arith.sitofp", ofFloat(double(SEQC_SIGNED(a))))
  SEQC_SCALAR("arith.uitofp", ofFloat(double(SEQC_UNSIGNED(a))))
}

/// Integer ops that are undefined for some operands.
static void addPartialScalars(ScalarTable &table) {
#define SEQC_DIVIDE(name, expression)                                          \
  SEQC_SCALAR(name, isBadDivision(SEQC_SIGNED(a), SEQC_SIGNED(x[1]), fault)    \
                        ? ofInt(0)                                             \
                        : SEQC_WRAP(expression))
#define SEQC_DIVIDE_UNSIGNED(name, expression)                                 \
  SEQC_SCALAR(name, SEQC_UNSIGNED(x[1]) == 0 ? (fault = "division by zero", a) \
                                             : SEQC_WRAP(expression))
#define SEQC_SHIFT(name, expression)                                           \
  SEQC_SCALAR(name, SEQC_UNSIGNED(x[1]) >= t.inWidth                           \
                        ? (fault = "shift exceeds the width", a)               \
                        : SEQC_WRAP(expression))
  SEQC_DIVIDE("arith.divsi", SEQC_SIGNED(a) / SEQC_SIGNED(x[1]))
  SEQC_DIVIDE("arith.remsi", SEQC_SIGNED(a) % SEQC_SIGNED(x[1]))
  SEQC_DIVIDE("arith.floordivsi",
              divideRounded(SEQC_SIGNED(a), SEQC_SIGNED(x[1]), false))
  SEQC_DIVIDE("arith.ceildivsi",
              divideRounded(SEQC_SIGNED(a), SEQC_SIGNED(x[1]), true))
  SEQC_DIVIDE_UNSIGNED("arith.divui", SEQC_UNSIGNED(a) / SEQC_UNSIGNED(x[1]))
  SEQC_DIVIDE_UNSIGNED("arith.remui", SEQC_UNSIGNED(a) % SEQC_UNSIGNED(x[1]))
  SEQC_DIVIDE_UNSIGNED(
      "arith.ceildivui",
      SEQC_UNSIGNED(a) / SEQC_UNSIGNED(x[1]) +
          (SEQC_UNSIGNED(a) % SEQC_UNSIGNED(x[1]) != 0 ? 1 : 0))
  SEQC_SHIFT("arith.shli", uint64_t(a.i) << x[1].i)
  SEQC_SHIFT("arith.shrsi", SEQC_SIGNED(a) >> x[1].i)
  SEQC_SHIFT("arith.shrui", SEQC_UNSIGNED(a) >> x[1].i)
#undef SEQC_DIVIDE
#undef SEQC_DIVIDE_UNSIGNED
#undef SEQC_SHIFT
}

/// Ops on floats, and what works on every type.
static void addFloatScalars(ScalarTable &table) {
  SEQC_SCALAR("arith.addf", ofFloat(a.f + x[1].f))
  SEQC_SCALAR("arith.subf", ofFloat(a.f - x[1].f))
  SEQC_SCALAR("arith.mulf", ofFloat(a.f * x[1].f))
  SEQC_SCALAR("arith.divf", ofFloat(a.f / x[1].f))
  SEQC_SCALAR("arith.remf", ofFloat(std::fmod(a.f, x[1].f)))
  SEQC_SCALAR("arith.negf", ofFloat(-a.f))
  SEQC_SCALAR("arith.maximumf", ofFloat(extremum(a.f, x[1].f, true, true)))
  SEQC_SCALAR("arith.minimumf", ofFloat(extremum(a.f, x[1].f, false, true)))
  SEQC_SCALAR("arith.maxnumf", ofFloat(extremum(a.f, x[1].f, true, false)))
  SEQC_SCALAR("arith.minnumf", ofFloat(extremum(a.f, x[1].f, false, false)))
  SEQC_SCALAR("arith.cmpf", ofInt(compareFloats(t.predicate, a.f, x[1].f)))
  SEQC_SCALAR("arith.extf", a)
  SEQC_SCALAR("arith.truncf", ofFloat(roundToKind(a.f, t.outKind)))
  SEQC_SCALAR("arith.fptosi", toInteger(a.f, t, true, fault))
  SEQC_SCALAR("arith.fptoui", toInteger(a.f, t, false, fault))
  SEQC_SCALAR("arith.bitcast", bitcast(a, t, fault))
  SEQC_SCALAR("arith.select", a.i != 0 ? x[1] : x[2])
}

#undef SEQC_SCALAR
#undef SEQC_WRAP
#undef SEQC_SIGNED
#undef SEQC_UNSIGNED

void addArithScalars(ScalarTable &table) {
  addIntegerScalars(table);
  addPartialScalars(table);
  addFloatScalars(table);
}

} // namespace seqc::reference
