//===- Elements.h - What an element of a tensor is made of ------*- C++ -*-===//
//
// The vocabulary of recognition. An element is followed through elementwise
// ops, fills, casts, transpositions and unit extents as if all were one
// expression, however they are cut into ops, to the arithmetic that gives it:
//
//   if (auto quotient = match<arith::DivFOp>(element))
//     if (std::optional<Element> sum = matchSum((*quotient)[0])) …
//
// Roundings between narrow and wide floats are stepped over.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_NORMALIZE_ELEMENTS_H
#define COMPILER_NORMALIZE_ELEMENTS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <array>
#include <optional>

namespace seqc {

/// An element of a tensor, or a number in the body of a structured op.
struct Element {
  mlir::Value value;
  /// Where it is, by the dimensions of the root that are not 1: the indices of
  /// the tensor, with 0 in unit dimensions, or of the loops around the body.
  mlir::AffineMap place;
  /// Whether a dynamic extent may be 1, and its only element be repeated.
  bool mayRepeat = false;
  /// How many values the last dimension takes, where only some of the elements
  /// are asked for; these are followed into slices.
  int64_t range = 0;
  /// Where offsets that only a call knows are entered, as the symbols of
  /// places, if elements are to be followed into slices at any place.
  llvm::SmallVectorImpl<mlir::Value> *symbols = nullptr;

  /// Another number or element that this one is.
  Element with(mlir::Value other, mlir::AffineMap where) const {
    return {other, where, mayRepeat, range, symbols};
  }
  /// An index as an expression in places: a number, or else its symbol; null
  /// for a number that none of positions is, and without symbols.
  mlir::AffineExpr describe(mlir::OpFoldResult index) const;
};

/// The element of `tensor` that others are matched against: its dimensions that
/// are not 1 are the ones that places speak of.
Element getRoot(mlir::Value tensor);

/// Follows an element to the number or the tensor where arithmetic, or an op of
/// another kind, gives it.
Element follow(Element element);

/// Follows an element to the first tensor that it is read from and that
/// `accepts` takes.
std::optional<Element> findTensor(
    Element element, llvm::function_ref<bool(const Element &)> accepts =
                         [](const Element &) { return true; });

/// The tensor of the root's shape that an element is read from next, if it is
/// read at the root's place; null otherwise.
mlir::Value getTensor(const Element &element, const Element &root);

/// The indices of an element of a tensor in dimensions that are not 1.
llvm::SmallVector<mlir::AffineExpr> getIndices(const Element &element);

/// Whether two elements are one and the same: one number, or what the same ops
/// give of such.
bool isSame(const Element &a, const Element &b, int depth = 0);

/// The value of a constant.
std::optional<double> getNumber(const Element &element);

/// The operands of the op that gives an element, if it is a number.
llvm::SmallVector<Element, 3> getOperands(const Element &element);

/// The operands of the op `Op` that gives an element.
template <typename Op>
std::optional<llvm::SmallVector<Element, 3>> match(Element element) {
  element = follow(element);
  return element.value.getDefiningOp<Op>() ? std::optional(getOperands(element))
                                           : std::nullopt;
}

/// What is summed along the dimensions of the root that an element does not
/// change with: the summand at the root's own place.
std::optional<Element> matchSum(const Element &element);

/// Both factors of a sum of products along one dimension, which counts as
/// another one of the root.
std::optional<std::array<Element, 2>> matchProduct(const Element &element);

/// The first of the trailing dimensions of `root`'s tensor that `element` does
/// not change with, if it changes with all others.
std::optional<int64_t> findInnerAxis(const Element &element,
                                     const Element &root);

/// The extents of a tensor.
inline llvm::ArrayRef<int64_t> getShape(mlir::Value tensor) {
  return mlir::cast<mlir::RankedTensorType>(tensor.getType()).getShape();
}

/// `tensor` with what `body` makes of each of its elements, of type `element`.
mlir::Value
mapElements(mlir::OpBuilder &b, mlir::Location loc, mlir::Value tensor,
            mlir::Type element,
            llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location,
                                           mlir::Value)>
                body);

/// Whether a tensor is all zeros by a fill.
bool isZeroFill(mlir::Value value);

/// The dimension of a group beside which all are 1.
std::optional<int64_t> findOnlyLarge(llvm::ArrayRef<int64_t> group,
                                     mlir::RankedTensorType type);

/// `tensor` with the unit dimensions of `shape`; null if other extents differ.
mlir::Value moveUnits(mlir::OpBuilder &b, mlir::Value tensor,
                      llvm::ArrayRef<int64_t> shape);

/// Dimension `axis` moved to the front, or with `back` from there to `axis`,
/// and then `sizes` are those that come out, otherwise those that go in.
mlir::Value moveAxis(mlir::OpBuilder &b, mlir::Location loc, mlir::Value tensor,
                     int64_t axis, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                     bool back);

} // namespace seqc

#endif // COMPILER_NORMALIZE_ELEMENTS_H
