//===- Scalars.h - Arithmetic on single elements -----------------*- C++-*-===//
//
// What operators do to an element, in terms of a model's types. The same code
// fills the body of a linalg.generic and folds shape arithmetic, because every
// method folds what is constant.
//
// Float16 and BFloat16 elements are widened before and rounded after; inside,
// methods see float and double only (`getComputeType`). Indices are numbers of
// type kIndex.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_SCALARS_H
#define FRONTENDS_COMMON_SCALARS_H

#include "frontends/Common/DataType.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

#include <limits>

namespace seqc::frontend {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// An index, which no model's tensor holds. Sums and products of constants that
/// do not fit are the greatest index or the least: sizes that no check lets
/// pass. A quotient is the floor of a / b, b > 0, a >= 0.
inline constexpr DataType kIndex = DataType::Undefined;

enum class Compare {
  Equal,
  NotEqual,
  Less,
  LessOrEqual,
  Greater,
  GreaterOrEqual
};

/// Builds scalar ops at an insertion point.
class Scalars {
public:
  using Value = mlir::Value;

  Scalars(mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc) {}

  mlir::OpBuilder &getBuilder() { return builder; }
  mlir::Location getLoc() const { return loc; }

  /// A folded op of one result.
  template <typename Op, typename... Args> Value op(Args &&...args) {
    return builder.createOrFold<Op>(loc, std::forward<Args>(args)...);
  }

  //===--- Constants ------------------------------------------------------===//

  /// The number `value` in the storage of `type`.
  Value constant(DataType type, double value);
  /// The same for integers that a double does not hold.
  Value constantInteger(DataType type, int64_t value);
  Value index(int64_t value);
  Value boolean(bool value);
  /// The greatest finite number, and the number that no other is less than
  /// (-infinity for floats).
  Value greatest(DataType type);
  Value lowest(DataType type);

  //===--- Arithmetic -----------------------------------------------------===//

  Value add(DataType type, Value a, Value b);
  Value sub(DataType type, Value a, Value b);
  Value mul(DataType type, Value a, Value b);
  /// Integers: towards zero; a zero divisor gives 0 and never faults.
  Value div(DataType type, Value a, Value b);
  /// The remainder with the sign of the divisor (Python), or of the dividend
  /// (C).
  Value mod(DataType type, Value a, Value b, bool signOfDividend);
  Value neg(DataType type, Value a);
  Value abs(DataType type, Value a);
  /// NaN if one of them is NaN.
  Value max(DataType type, Value a, Value b);
  Value min(DataType type, Value a, Value b);
  /// False where one of them is NaN, but for NotEqual.
  Value compare(Compare predicate, DataType type, Value a, Value b);
  Value select(Value condition, Value a, Value b);

  Value logicalAnd(Value a, Value b);
  Value logicalOr(Value a, Value b);
  Value logicalNot(Value a);

  //===--- Types ----------------------------------------------------------===//

  /// A number of another type, as operator Cast converts it: floats to integers
  /// towards zero (out of range is undefined and never faults), integers wrap,
  /// to Bool by comparison with zero.
  Value convert(DataType from, DataType to, Value a);
  /// An element of an integer type as index, and back.
  Value toIndex(DataType type, Value a);
  Value fromIndex(DataType type, Value index);

private:
  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace seqc::frontend

#endif // FRONTENDS_COMMON_SCALARS_H
