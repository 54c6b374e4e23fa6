//===- Bytes.h - Tiles of products of bytes ---------------------*- C++ -*-===//
//
// What the kernels of all instruction sets for bytes share: panels with four
// bytes of the depth next to each other, the loop over the depth, and sums in
// vectors that the loop carries. An instruction set says how four bytes of a
// row and a stretch of a panel become sums.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_KERNELS_BYTES_H
#define COMPILER_KERNELS_BYTES_H

#include "compiler/Kernels/KernelTable.h"

namespace seqc {

/// Bytes along the depth that lie next to each other in a panel.
constexpr int64_t kByteUnit = 4;

/// How an instruction set multiplies bytes.
struct ByteSteps {
  /// Columns that one step covers.
  int64_t lanes;
  /// Vectors of `lanes` sums that a step adds to.
  int64_t sums;
  /// Steps side by side that the registers have room for.
  int64_t strips;
  /// The intrinsic that multiplies.
  llvm::StringLiteral intrinsic;
  /// What a step takes as left operand, from vector<4xi8>, unsigned.
  mlir::Value (*spread)(mlir::OpBuilder &, mlir::Location, const ByteSteps &,
                        mlir::Value bytes);
  /// Adds the products with the signed bytes `panel` to `sums`.
  void (*step)(mlir::OpBuilder &, mlir::Location, const ByteSteps &,
               mlir::Value left, mlir::Value panel,
               llvm::MutableArrayRef<mlir::Value> sums);
  /// The sums of the columns, one vector.
  mlir::Value (*finish)(mlir::OpBuilder &, mlir::Location,
                        llvm::ArrayRef<mlir::Value> sums);
};

/// Writes the body of a tile by these steps.
llvm::SmallVector<mlir::Value> emitBytes(mlir::OpBuilder &builder,
                                         mlir::Location loc,
                                         const ProductTile &tile,
                                         const ByteSteps &steps);

/// A call of one of LLVM's intrinsics.
mlir::Value callIntrinsic(mlir::OpBuilder &builder, mlir::Location loc,
                          llvm::StringRef name, mlir::Type result,
                          mlir::ValueRange operands);

//===----------------------------------------------------------------------===//
// Steps through 16 bits
//===----------------------------------------------------------------------===//
//
// Bytes are widened to 16 bits, whose products two by two are added exactly to
// 32 bits. (The instruction on bytes saturates sums of two products.)

/// The steps of an instruction set with vectors of `lanes` sums, whose
/// `intrinsic` multiplies 16 bits.
ByteSteps wordSteps(int64_t lanes, llvm::StringLiteral intrinsic);

} // namespace seqc

#endif // COMPILER_KERNELS_BYTES_H
