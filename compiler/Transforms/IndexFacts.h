//===- IndexFacts.h - What is known of indices and extents ------*- C++ -*-===//
//
// Sizes as expressions over what they are made of: an extent is followed
// through the ops that only pass it on to the argument it comes from, and
// sums and products are compared as such. On top of that lie facts that hold
// from some point on: equal extents and bounds that a `seq.require` has
// checked, and what the runtime checks of the inputs of an entry.
//
// Nothing here is a guess: what cannot be shown is not known.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_TRANSFORMS_INDEXFACTS_H
#define COMPILER_TRANSFORMS_INDEXFACTS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Builders.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallVector.h"

namespace seqc {

/// Which side of a number a bound lies on.
enum class Side {
  /// Nothing is greater.
  Most,
  /// Nothing is less.
  Least
};

/// The functions whose arguments the runtime checks: entries that no function
/// calls, as arguments of calls are not checked.
llvm::DenseSet<mlir::Operation *> findCheckedEntries(mlir::ModuleOp module);

/// What is known of the indices of one function. Ops that it has looked at may
/// not be erased before it; those that it creates stand in `scratch`.
class IndexFacts {
public:
  /// Ops created to work out extents are appended to `scratch`, to be erased
  /// with the facts if nothing uses them.
  IndexFacts(mlir::MLIRContext *context,
             llvm::SmallVectorImpl<mlir::Operation *> &scratch);

  /// Takes over what the runtime checks of the inputs of `entry` before it
  /// calls, as their signatures tell.
  void learnInputs(mlir::func::FuncOp entry);

  /// Takes over that a condition holds from here on.
  void learn(mlir::Value condition) { learn(condition, true, kMostDepth); }

  /// Whether a condition is known to hold.
  bool holds(mlir::Value condition);

  /// The expression of an index, and that of an extent of a tensor.
  mlir::AffineExpr describe(mlir::OpFoldResult index) {
    return describeFold(index, kMostDepth);
  }
  mlir::AffineExpr describeExtent(mlir::Value tensor, int64_t dim) {
    return describeExtent(tensor, dim, kMostDepth);
  }
  /// Whether two expressions are one number.
  bool isEqual(mlir::AffineExpr left, mlir::AffineExpr right);
  /// Takes over that they are from here on.
  void learnEqual(mlir::AffineExpr left, mlir::AffineExpr right);

  /// A point to return to.
  size_t mark() const { return journal.size(); }
  /// Forgets what was learned since `mark` was made.
  void forgetSince(size_t mark);

private:
  /// How deep values are followed, and how many in one question: neither has a
  /// bound in the program.
  static constexpr unsigned kMostDepth = 24;
  static constexpr unsigned kMostSteps = 256;

  /// Something learned, in the form that undoes it.
  struct Entry {
    enum class Kind { Substitution, Difference, Bound, Elements } kind;
    mlir::AffineExpr expression;
    mlir::Value tensor;
    /// The bound that a new one replaced.
    std::optional<int64_t> before;
  };
  /// A bound of all elements of a tensor.
  struct ElementBound {
    Side side;
    mlir::AffineExpr bound;
  };
  /// A bound that is taken for granted of an accumulator while it is shown of
  /// what the accumulator becomes.
  struct Hypothesis {
    mlir::Value accumulator;
    Side side;
    mlir::AffineExpr bound;
  };

  // Expressions, in IndexFacts.cpp.

  /// The expression of an integer.
  mlir::AffineExpr describe(mlir::Value index, unsigned depth);
  mlir::AffineExpr describeNew(mlir::Value index, unsigned depth);
  /// The expression of an extent.
  mlir::AffineExpr describeExtent(mlir::Value tensor, int64_t dim,
                                  unsigned depth);
  mlir::AffineExpr describeNewExtent(mlir::Value tensor, int64_t dim,
                                     unsigned depth);
  /// That of an extent of an argument of a region.
  mlir::AffineExpr describeArgumentExtent(mlir::BlockArgument argument,
                                          int64_t dim, unsigned depth);
  mlir::AffineExpr describeFold(mlir::OpFoldResult index, unsigned depth);
  /// Sums and products with the facts put in.
  mlir::AffineExpr simplify(mlir::AffineExpr expression);
  mlir::AffineExpr multiply(mlir::AffineExpr left, mlir::AffineExpr right);
  mlir::AffineExpr constant(int64_t number) {
    return mlir::getAffineConstantExpr(number, context);
  }
  /// A symbol that nothing else has. `isExtent`: it is that of a tensor.
  mlir::AffineExpr makeSymbol(bool isExtent);
  /// Whether an expression is made of extents and numbers of their size: sums
  /// of a few of them do not wrap.
  bool isMadeOfExtents(mlir::AffineExpr expression) const;
  mlir::AffineExpr symbolOfExtent(mlir::Value tensor, int64_t dim);

  /// Whether an expression is at least 0.
  bool isNatural(mlir::AffineExpr expression);
  void learnNatural(mlir::AffineExpr expression);
  /// Takes the number out of a sum: what is left, and the number.
  std::pair<mlir::AffineExpr, int64_t> splitNumber(mlir::AffineExpr sum);

  void learn(mlir::Value condition, bool truth, unsigned depth);
  bool holds(mlir::Value condition, bool truth, unsigned depth);
  bool holdsComparison(mlir::arith::CmpIPredicate predicate, mlir::Value left,
                       mlir::Value right);
  void learnComparison(mlir::arith::CmpIPredicate predicate, mlir::Value left,
                       mlir::Value right);

  // Bounds, in IndexBounds.cpp.

  /// Whether `index` lies on the right side of a bound.
  bool isWithin(mlir::Value index, Side side, mlir::AffineExpr bound,
                unsigned depth);
  bool isResultWithin(mlir::OpResult index, Side side, mlir::AffineExpr bound,
                      unsigned depth);
  bool isArgumentWithin(mlir::BlockArgument index, Side side,
                        mlir::AffineExpr bound, unsigned depth);
  bool isPositionWithin(mlir::linalg::IndexOp index, Side side,
                        mlir::AffineExpr bound, unsigned depth);
  /// Whether all elements of a tensor do.
  bool areWithin(mlir::Value tensor, Side side, mlir::AffineExpr bound,
                 unsigned depth);
  bool areResultsWithin(mlir::OpResult tensor, Side side,
                        mlir::AffineExpr bound, unsigned depth);
  bool areComputedWithin(mlir::linalg::LinalgOp op, unsigned result, Side side,
                         mlir::AffineExpr bound, unsigned depth);
  bool areArgumentsWithin(mlir::BlockArgument tensor, Side side,
                          mlir::AffineExpr bound, unsigned depth);
  /// Whether the number that an expression stands for lies on the right side.
  bool fits(mlir::AffineExpr number, Side side, mlir::AffineExpr bound);
  /// Takes over a bound of `index`, and of the elements it is the extreme of.
  void learnBound(mlir::Value index, Side side, mlir::AffineExpr bound,
                  unsigned depth);
  void learnElements(mlir::Value tensor, Side side, mlir::AffineExpr bound);
  /// Whether the question may go on.
  bool mayStep() { return steps != 0 && --steps; }

  mlir::MLIRContext *context;
  llvm::SmallVectorImpl<mlir::Operation *> &scratch;
  /// Whether symbol `i` is an extent, and so neither negative nor huge.
  llvm::SmallVector<bool> symbolIsExtent;
  llvm::DenseMap<mlir::Value, mlir::AffineExpr> values;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, mlir::AffineExpr> extents;
  /// Symbols by what equals them.
  llvm::DenseMap<mlir::AffineExpr, mlir::AffineExpr> substitutions;
  /// Expressions that are 0.
  llvm::DenseSet<mlir::AffineExpr> differences;
  /// The least number that, added to the expression, is known to give at least
  /// 0.
  llvm::DenseMap<mlir::AffineExpr, int64_t> bounds;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<ElementBound, 2>> elements;
  llvm::SmallVector<Hypothesis, 2> hypotheses;
  llvm::SmallVector<Entry> journal;
  unsigned steps = 0;
};

} // namespace seqc

#endif // COMPILER_TRANSFORMS_INDEXFACTS_H
