//===- Strips.h - Sums of a tile in vectors ---------------------*- C++ -*-===//
//
// Kernels that are written in vectors keep the sums of a tile in strips: as many
// columns of a row as a vector has lanes.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_KERNELS_STRIPS_H
#define COMPILER_KERNELS_STRIPS_H

#include "compiler/Kernels/KernelTable.h"

namespace seqc {

/// The numbers of the rows of `tile`, as values.
llvm::SmallVector<mlir::Value>
makeRows(mlir::OpBuilder &builder, mlir::Location loc, const ProductTile &tile);

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
