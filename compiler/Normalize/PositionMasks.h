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

/// A whole number: query * i + key * j + constant, plus and minus the values of
/// type index in two lists.
struct LinearPosition {
  int64_t query = 0, key = 0, constant = 0;
  /// It depends on something else, such as the batch row.
  bool isOther = false;
  llvm::SmallVector<mlir::Value, 2> plus, minus;
};

/// Numbers all of which are at most 0 where a key is visible.
using Inequalities = llvm::SmallVector<LinearPosition>;

/// Scores of at most this hide keys: beside a score that is no such number
/// their share of a softmax is 0.
inline constexpr double kLowest = -1e30;

/// The inequalities that are the same as element (.., i, j) of `mask`, a tensor
/// of i1 whose last two dimensions are queries and keys; none where it is true
/// everywhere. Nothing where it is no conjunction of such. In a tensor of
/// floats, 0 is true and numbers up to kLowest are not; others are no mask.
std::optional<Inequalities> findPositionMask(mlir::Value mask);

} // namespace seqc

#endif // COMPILER_NORMALIZE_POSITIONMASKS_H
