//===- Codes.h - Tiles of products with codes in blocks ---------*- C++ -*-===//
//
// What the kernels of all instruction sets for weights of 2, 4 or 8 bits share.
// Panels hold the codes as they are stored, four bytes of a column next to each
// other: one vector of 32-bit words has the codes of as many columns as it has
// lanes. They become floats in registers, in front of the multiply-adds.
//
// A block is summed up in codes, and its sum multiplied by the scale: that
// costs an operation per block and sum in place of one per weight, which would
// take the place of a multiply-add.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_KERNELS_CODES_H
#define COMPILER_KERNELS_CODES_H

#include "compiler/Kernels/KernelTable.h"

namespace seqc {

/// How an instruction set multiplies by codes.
struct CodeSteps {
  /// Floats of a vector.
  int64_t lanes;
  /// Vectors of sums of a block that the registers have room for beside the
  /// weights; the sums of all blocks wait in memory meanwhile.
  int64_t sums;
  /// The intrinsic that takes floats from a table of 16 by the lowest four bits
  /// of each lane; empty if there is none.
  llvm::StringLiteral lookup;
};

/// Writes the body of a tile by these steps.
llvm::SmallVector<mlir::Value> emitCodes(mlir::OpBuilder &builder,
                                         mlir::Location loc,
                                         const ProductTile &tile,
                                         const CodeSteps &steps);

} // namespace seqc

#endif // COMPILER_KERNELS_CODES_H
