//===- WeightSources.h - Where the bytes of a weight lie --------*- C++ -*-===//

#ifndef COMPILER_TRANSFORMS_WEIGHTSOURCES_H
#define COMPILER_TRANSFORMS_WEIGHTSOURCES_H

#include "dialect/Seq/IR/SeqOps.h"

#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace seqc {

/// A stretch of consecutive elements of a weight.
struct WeightRun {
  seq::WeightOp weight;
  /// First element and number of elements.
  int64_t begin, count;
};

/// The stretches that make up a tensor in row-major order, if it is a weight or
/// made of weights by reshapes, unit-stride slices and concatenations along
/// dimension 0; nothing otherwise.
std::optional<llvm::SmallVector<WeightRun>> findWeightRuns(mlir::Value value);

} // namespace seqc

#endif // COMPILER_TRANSFORMS_WEIGHTSOURCES_H
