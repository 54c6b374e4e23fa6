//===- ScalarOps.h - Operations on single elements --------------*- C++ -*-===//
//
// The elementwise ops of `arith` and `math` as functions of cells. Both uses of
// such an op, on tensors and in the body of a linalg op, evaluate the same
// function.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECT_SEQ_REFERENCE_SCALAROPS_H
#define DIALECT_SEQ_REFERENCE_SCALAROPS_H

#include "dialect/Seq/Reference/Tensor.h"

#include "llvm/ADT/StringMap.h"

namespace mlir {
class Operation;
}

namespace seqc::reference {

/// A cell that holds a float.
inline Scalar ofFloat(double value) {
  Scalar cell;
  cell.f = value;
  return cell;
}

/// A cell that holds an integer.
inline Scalar ofInt(int64_t value) {
  Scalar cell;
  cell.i = value;
  return cell;
}

/// What a scalar function has to know of its op.
struct ScalarTraits {
  /// Width of the first operand's elements.
  unsigned inWidth = 0;
  /// Width of the result's elements.
  unsigned outWidth = 0;
  /// Kind of the first operand's elements.
  ElementKind inKind = ElementKind::Index;
  /// Kind of the result's elements.
  ElementKind outKind = ElementKind::Index;
  /// Predicate of a comparison.
  int64_t predicate = 0;
};

/// Maps the operands' cells to the result's. A result that is undefined sets
/// `fault`.
using ScalarFunction = Scalar (*)(const Scalar *args,
                                  const ScalarTraits &traits,
                                  const char *&fault);

/// A function with the traits of one op.
struct ScalarOp {
  ScalarFunction function = nullptr;
  ScalarTraits traits;
};

/// The most operands a scalar op has.
inline constexpr unsigned maxScalarOperands = 3;

/// Functions by op name.
using ScalarTable = llvm::StringMap<ScalarFunction>;

/// Adds the scalar ops of `arith`.
void addArithScalars(ScalarTable &table);
/// Adds the scalar ops of `math`.
void addMathScalars(ScalarTable &table);

/// All scalar ops.
const ScalarTable &getScalarTable();
/// The function of an op; none if it is not a scalar op or its types are
/// unknown.
std::optional<ScalarOp> getScalarOp(mlir::Operation &op);

} // namespace seqc::reference

#endif // DIALECT_SEQ_REFERENCE_SCALAROPS_H
