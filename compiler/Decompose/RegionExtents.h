//===- RegionExtents.h - Extents known in front of a region -----*- C++ -*-===//

#ifndef COMPILER_DECOMPOSE_REGIONEXTENTS_H
#define COMPILER_DECOMPOSE_REGIONEXTENTS_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Region.h"

namespace seqc {

/// Finds extents of tensors of a region in terms of values from outside it, by
/// following what determines the shape of each op's result.
class RegionExtents {
public:
  /// Values are built by `b`, which stands in front of the op of `region`.
  RegionExtents(mlir::ImplicitLocOpBuilder &b, mlir::Region &region)
      : b(b), region(region) {}

  /// Declares that `argument` has the extents of `outside`, but for dimension
  /// 0.
  void setExtents(mlir::BlockArgument argument, mlir::Value outside) {
    arguments.emplace_back(argument, outside);
  }

  /// Extent of dimension `dim` of `tensor`; fails if it is not known in front
  /// of the region.
  mlir::FailureOr<mlir::OpFoldResult> find(mlir::Value tensor, int64_t dim);

private:
  /// find() of what is not known yet. Each dimension of a tensor is looked at
  /// once, at most kMostDepth behind each other, as each takes room on the
  /// stack.
  mlir::FailureOr<mlir::OpFoldResult> compute(mlir::Value tensor, int64_t dim);
  /// The value of an index of the region.
  mlir::FailureOr<mlir::OpFoldResult> findIndex(mlir::OpFoldResult index);
  /// Whether a value is defined outside the region.
  bool isOutside(mlir::Value value) const;

  mlir::ImplicitLocOpBuilder &b;
  mlir::Region &region;
  llvm::SmallVector<std::pair<mlir::BlockArgument, mlir::Value>> arguments;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>,
                 mlir::FailureOr<mlir::OpFoldResult>>
      extents;
  unsigned depth = 0;
};

} // namespace seqc

#endif // COMPILER_DECOMPOSE_REGIONEXTENTS_H
