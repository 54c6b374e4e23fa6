//===- PackAtRunTime.h - Panels of matrices that are no weights -*- C++ -*-===//

#ifndef COMPILER_CONVERSION_PACKATRUNTIME_H
#define COMPILER_CONVERSION_PACKATRUNTIME_H

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/IR/Builders.h"

namespace seqc {

/// seq.pack of computed matrices: loops at the builder's place that fill a
/// buffer; gives it as tensor.
mlir::Value packAtRunTime(mlir::OpBuilder &builder, seq::PackOp op);

/// seq.column_sums of a computed matrix, likewise.
mlir::Value sumAtRunTime(mlir::OpBuilder &builder, seq::ColumnSumsOp op);

} // namespace seqc

#endif // COMPILER_CONVERSION_PACKATRUNTIME_H
