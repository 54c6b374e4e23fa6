//===- KernelTable.h - How a tile of a product is computed ------*- C++ -*-===//
//
// One row for each way in which a product's element types and an instruction
// set go together. A row says how the right operand lies in its panels, how
// tall tiles are, and how the body of a tile is written. Another type or
// instruction set is another row, in the file of its instruction set.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_KERNELS_KERNELTABLE_H
#define COMPILER_KERNELS_KERNELTABLE_H

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace seqc {

/// The CPU that `op` is compiled for: that of its module, or, where nobody has
/// set it, one with AVX-512 and nothing beyond.
seq::TargetAttr getTarget(mlir::Operation *op);

/// Element types of a product.
enum class ProductTypes {
  Floats, ///< One floating-point type on both sides and in the sum.
  Bytes,  ///< Unsigned bytes by signed bytes onto i32.
  Halves, ///< f32 by bf16 onto f32.
  Codes,  ///< f32 by codes of 2, 4 or 8 bits in blocks, onto f32.
};

/// A static tile of a packed product.
struct ProductTile {
  seq::PackedMatmulOp product;
  mlir::OpFoldResult row;
  int64_t rows;
  /// Number of the panel, and how many of its columns belong to the tile.
  mlir::OpFoldResult panel;
  int64_t columns;
  /// What the products are added to: a tensor [rows, columns] for each matrix.
  llvm::SmallVector<mlir::Value> inits;
};

/// A row of the table.
struct ProductKernel {
  llvm::StringLiteral name;
  ProductTypes types;
  /// What the CPU must have, and how wide its vectors must be.
  seq::CpuFeature features;
  unsigned vectorBits;
  /// Elements along the depth that lie next to each other in a panel; of codes,
  /// their bytes.
  int64_t unit;
  /// Heights of row tiles, tallest first, down to 1.
  llvm::ArrayRef<int64_t> heights;
  /// Writes the body of a tile: gives a tensor [rows, columns] for each matrix.
  llvm::SmallVector<mlir::Value> (*emit)(mlir::OpBuilder &, mlir::Location,
                                         const ProductTile &);
};

/// The best row for a product of these element types, or null if none has them.
const ProductKernel *findKernel(seq::TargetAttr target, mlir::Type lhs,
                                mlir::Type matrix, mlir::Type sum);

/// The row for a product on the CPU that its module is compiled for, or null.
const ProductKernel *findKernel(seq::PackedMatmulOp product);

/// Whether the runtime's library has a product of these element types.
bool hasLibraryProduct(mlir::Type lhs, mlir::Type matrix, mlir::Type sum);

/// Whether CPUs compute in a type: floating-point numbers narrower than single
/// precision are widened first, each time where a sum is one of them.
bool isComputed(mlir::Type element);

/// The type in which numbers of a floating-point type are computed: their own,
/// or single precision.
mlir::Type getComputedType(mlir::Type element);

/// How many columns fill four vectors of the widest CPU with sums of a type.
int64_t getWidestPanel(mlir::Type sum);

/// Columns of a panel of `gates` matrices that have `columns` columns each, for
/// sums of a type: a quarter of the widest panel for three or four gates, half
/// of it for two, all of it for one, narrower where the product is. Every CPU
/// level has the same, so that levels share their panels.
int64_t choosePanelWidth(int64_t gates, int64_t columns, mlir::Type sum);

//===----------------------------------------------------------------------===//
// Rows, by instruction set
//===----------------------------------------------------------------------===//

extern const ProductKernel kFloats512, kFloatsNarrow;
extern const ProductKernel kBytesVnni, kBytesAvxVnni;
extern const ProductKernel kBytesAvx512;
extern const ProductKernel kBytesAvx2;
extern const ProductKernel kBytesSse2;
extern const ProductKernel kHalvesAvx512, kCodesAvx512;
extern const ProductKernel kHalvesAvx2, kCodesAvx2;
extern const ProductKernel kHalvesSse2, kCodesSse2;

} // namespace seqc

#endif // COMPILER_KERNELS_KERNELTABLE_H
