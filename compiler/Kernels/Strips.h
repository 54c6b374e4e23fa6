//===- Strips.h - Sums of a tile in vectors ---------------------*- C++ -*-===//
//
// Kernels that are written in vectors keep the sums of a tile in strips: as many
// columns of a row as a vector has lanes.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_KERNELS_STRIPS_H
#define COMPILER_KERNELS_STRIPS_H

#include "compiler/Kernels/KernelTable.h"

#include <vector>

namespace seqc {

/// The numbers of the rows of `tile`, as values.
llvm::SmallVector<mlir::Value>
makeRows(mlir::OpBuilder &builder, mlir::Location loc, const ProductTile &tile);

/// Columns from `column` on of one matrix.
struct Strip {
  int64_t matrix, column;
};

/// The sums of some strips, [strip][row].
using StripSums = std::vector<llvm::SmallVector<mlir::Value>>;

/// The sums of all strips of `lanes` columns, by matrix. `emit` gives those of
/// up to `width` strips at a time, which share what is read of the rows.
std::vector<StripSums>
emitStrips(const ProductTile &tile, int64_t lanes, int64_t width,
           llvm::function_ref<StripSums(llvm::ArrayRef<Strip>)> emit);

/// The tensor [rows, columns] of one matrix of `tile`: `sums`, [strip][row].
/// The last strip may have more lanes than columns are left.
mlir::Value writeStrips(mlir::OpBuilder &builder, mlir::Location loc,
                        const ProductTile &tile,
                        llvm::ArrayRef<llvm::SmallVector<mlir::Value>> sums);

/// The same on top of `init`.
mlir::Value joinStrips(mlir::OpBuilder &builder, mlir::Location loc,
                       const ProductTile &tile,
                       llvm::ArrayRef<llvm::SmallVector<mlir::Value>> sums,
                       mlir::Value init);

} // namespace seqc

#endif // COMPILER_KERNELS_STRIPS_H
