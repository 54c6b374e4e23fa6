//===- Halves.h - Tiles of products with weights of bf16 --------*- C++ -*-===//
//
// What the kernels of all instruction sets for f32 by bf16 share. A panel holds
// two numbers of the depth next to each other, so that one vector of 32-bit
// words has both of as many columns as it has lanes. The upper half of a float
// is a bf16: one operation in registers makes a float of either.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_KERNELS_HALVES_H
#define COMPILER_KERNELS_HALVES_H

#include "compiler/Kernels/KernelTable.h"

namespace seqc {

/// Numbers along the depth that lie next to each other in a panel.
constexpr int64_t kHalfUnit = 2;

/// How an instruction set multiplies by bf16.
struct HalfSteps {
  /// Floats of a vector.
  int64_t lanes;
  /// Vectors of sums that the registers have room for beside the weights.
  int64_t sums;
};

/// Writes the body of a tile by these steps.
llvm::SmallVector<mlir::Value> emitHalves(mlir::OpBuilder &builder,
                                          mlir::Location loc,
                                          const ProductTile &tile,
                                          const HalfSteps &steps);

} // namespace seqc

#endif // COMPILER_KERNELS_HALVES_H
