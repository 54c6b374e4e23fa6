//===- RowAnalysis.h - Which values of a cell are rows ----------*- C++ -*-===//
//
// A cell works on a batch, one row per sequence. Dropping rows, reordering them
// or running all steps at once is allowed only if no row looks at another. The
// analysis decides that conservatively, and the cloner copies a cell for
// another number of rows.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_DECOMPOSE_ROWANALYSIS_H
#define COMPILER_DECOMPOSE_ROWANALYSIS_H

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/DenseMap.h"

namespace seqc {

/// How a value depends on the rows of the batch.
enum class RowKind {
  /// Does not depend on them.
  Uniform,
  /// A tensor that is the same along dimension 0 and can be rebuilt with any
  /// extent there.
  EqualRows,
  /// A tensor whose dimension 0 is the rows; row i depends on row i of the
  /// cell's arguments only.
  Rows,
  /// The number of rows.
  RowCount,
  /// Does not depend on which row is which, but on which rows there are: a
  /// minimum or maximum over all of them, and what is made of such.
  Combined,
  /// Anything else.
  Mixed
};

/// Classifies the values of a block.
class RowAnalysis {
public:
  /// Looks at all ops of `block`, whose arguments are rows except for scalars.
  explicit RowAnalysis(mlir::Block &block);

  /// The kind of a value of the block or from outside it.
  RowKind kind(mlir::Value value) const;

  /// The first op whose result mixes rows, or null.
  mlir::Operation *getMixingOp() const { return mixing; }

  /// Whether the block yields rows, each of which depends on nothing but that
  /// row of the arguments and on what is the same for any number of rows.
  bool hasIndependentRows() const;

private:
  RowKind classify(mlir::Operation *op) const;
  RowKind classifyRowOp(mlir::Operation *op) const;
  RowKind classifyStructured(mlir::Operation *op) const;
  /// Whether a structured op gives the minimum or maximum over loop `rowLoop`,
  /// and nothing else of the rows.
  bool combinesRows(mlir::Operation *op, unsigned rowLoop) const;
  /// Whether a size operand or attribute is the number of rows.
  bool isRowCount(mlir::OpFoldResult size) const;
  /// Whether sizes and offsets keep dimension 0 whole and the rest is uniform.
  bool keepsRows(mlir::OffsetSizeAndStrideOpInterface op) const;

  mlir::Block &block;
  llvm::DenseMap<mlir::Value, RowKind> kinds;
  mlir::Operation *mixing = nullptr;
};

/// Copies ops of a cell to a place where the number of rows is another one.
class RowCloner {
public:
  /// `rows` is the new number of rows. Values that the copies use are looked up
  /// in `mapping`.
  RowCloner(mlir::ImplicitLocOpBuilder &b, const RowAnalysis &analysis,
            mlir::Value rows)
      : b(b), analysis(analysis), rows(rows) {}

  /// Copies `op`; its results are mapped.
  void clone(mlir::Operation *op);

  /// Where old values find their new ones.
  mlir::IRMapping mapping;

private:
  /// `value`, which is the same along dimension 0, with `rows` rows.
  mlir::Value rebuild(mlir::Value value);

  mlir::ImplicitLocOpBuilder &b;
  const RowAnalysis &analysis;
  mlir::Value rows;
};

/// `type` with a dynamic dimension 0.
mlir::RankedTensorType withDynamicRows(mlir::Type type);

} // namespace seqc

#endif // COMPILER_DECOMPOSE_ROWANALYSIS_H
