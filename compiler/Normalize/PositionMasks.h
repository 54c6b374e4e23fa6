//===- PositionMasks.h - Masks that compare positions -----------*- C++ -*-===//
//
// What a tensor of truth values says about the positions of a query and a key,
// found by following it to the comparisons that it was made of.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_NORMALIZE_POSITIONMASKS_H
#define COMPILER_NORMALIZE_POSITIONMASKS_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace seqc {

/// Between which positions a query sees keys, relative to its own: a constant
/// each, which may be missing, over the sum of the values.
struct Band {
  std::optional<int64_t> first, last;
  /// Values of type index, and how often each counts.
  llvm::SmallVector<std::pair<mlir::Value, int64_t>, 2> shift;
};

/// Scores of at most this hide keys: beside a score that is no such number
/// their share of a softmax is 0.
inline constexpr double kLowest = -1e30;

/// The band in which element (.., i, j) of `mask` is true and nowhere else, a
/// tensor of i1 whose last two dimensions are queries and keys; without bounds
/// where it is true everywhere. Nothing where it is no band. In a tensor of
/// floats, 0 is true and numbers up to kLowest are not; others are no mask.
std::optional<Band> findBand(mlir::Value mask);

} // namespace seqc

#endif // COMPILER_NORMALIZE_POSITIONMASKS_H
