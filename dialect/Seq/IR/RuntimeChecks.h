//===- RuntimeChecks.h - Building checks of a call --------------*- C++ -*-===//
//
// What the run-time verification of every op family shares: each function
// states one condition and the message of a call that breaks it, as a
// `seq.require`. What types tell is left to the verifiers. Whether a condition
// holds for a reason that lies outside of the op is for
// seq-generate-runtime-checks to find. Private to the dialect's library.
//
//===----------------------------------------------------------------------===//

#ifndef DIALECT_SEQ_IR_RUNTIMECHECKS_H
#define DIALECT_SEQ_IR_RUNTIMECHECKS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"

#include <string>

namespace seqc::seq::detail {

/// Names the op and its place in front of a message.
using DescribeFault =
    llvm::function_ref<std::string(mlir::Operation *, llvm::StringRef)>;

/// An extent with the name of the value that has it. Null where it is not
/// known before the op has run.
struct NamedExtent {
  std::string name;
  mlir::OpFoldResult size;
};

/// Integers of a tensor that have to lie in a range.
struct ElementRange {
  /// The tensor, of any rank.
  mlir::Value tensor;
  /// The first and the last number that are right.
  mlir::OpFoldResult low, high;
  /// If given, row `b` of a matrix counts up to element `rowLengths[b]` only;
  /// what follows may be anything. 0 must then be in the range.
  mlir::Value rowLengths;
};

/// Builds the checks of one op in front of it.
class RuntimeChecks {
public:
  RuntimeChecks(mlir::OpBuilder &builder, mlir::Location loc,
                mlir::Operation *op, DescribeFault describe)
      : builder(builder), loc(loc), op(op), describe(describe) {}

  /// Requires a condition; `{0}`, `{1}`, ... in the message are the values.
  void require(mlir::Value condition, const llvm::Twine &message,
               llvm::ArrayRef<mlir::Value> values = {});

  /// Requires one size of all extents that are known, `what` in messages.
  void requireShared(llvm::ArrayRef<NamedExtent> extents, llvm::StringRef what,
                     llvm::StringRef label);

  /// Requires a size of dimension `dim` of `tensor`; null requires nothing.
  void requireExtent(const llvm::Twine &name, mlir::Value tensor, int64_t dim,
                     mlir::OpFoldResult required, llvm::StringRef label);

  /// Requires of every dimension of `tensor` that it is 1 or as wide as
  /// `required`.
  void requireBroadcast(llvm::StringRef name, mlir::Value tensor,
                        llvm::ArrayRef<mlir::OpFoldResult> required,
                        llvm::StringRef label);

  /// Requires of an index that it is at least `low`.
  void requireAtLeast(llvm::StringRef name, mlir::Value index, int64_t low,
                      llvm::StringRef label);

  /// Requires of an index, or of all integers of a tensor, that they lie
  /// between 0 and `last`.
  void requireInside(llvm::StringRef name, mlir::Value numbers,
                     mlir::Value last, llvm::StringRef label);

  /// Requires of all integers of a tensor that they lie in a range.
  void requireElements(llvm::StringRef name, const ElementRange &range,
                       llvm::StringRef label);

  /// The sum (false) or the greatest element (true) of what `body` makes of
  /// each element of a vector, as an index; 0 and the smallest number where
  /// there are none.
  mlir::Value reduceVector(
      mlir::Value vector, bool greatest,
      llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Value)> body);

  /// Extent of dimension `dim` of `tensor`: an attribute if it is static.
  mlir::OpFoldResult extent(mlir::Value tensor, int64_t dim);
  /// The extent of a result; null unless its type tells it.
  mlir::OpFoldResult resultExtent(mlir::Value result, int64_t dim);
  /// The extent with a name.
  NamedExtent named(const llvm::Twine &name, mlir::Value tensor, int64_t dim) {
    return {name.str(), extent(tensor, dim)};
  }
  /// The extent of a result with a name.
  NamedExtent namedResult(const llvm::Twine &name, mlir::Value result,
                          int64_t dim) {
    return {name.str(), resultExtent(result, dim)};
  }

  /// An index as a value.
  mlir::Value toValue(mlir::OpFoldResult index);
  mlir::Value constant(int64_t number);
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value left,
                      mlir::Value right);

private:
  /// The least or the greatest integer of a range, as an index.
  mlir::Value reduce(const ElementRange &range, bool greatest);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  mlir::Operation *op;
  DescribeFault describe;
};

} // namespace seqc::seq::detail

#endif // DIALECT_SEQ_IR_RUNTIMECHECKS_H
