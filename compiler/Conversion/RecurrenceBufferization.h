//===- RecurrenceBufferization.h - Recurrences as loops in place -*- C++ -*-===//

#ifndef COMPILER_CONVERSION_RECURRENCEBUFFERIZATION_H
#define COMPILER_CONVERSION_RECURRENCEBUFFERIZATION_H

#include "dialect/Seq/IR/SeqOps.h"

namespace seqc {

/// Fails, with an error at `op`, if the memory of the recurrence cannot be laid
/// out: lengths have to be packed, an operand has to give the number of rows,
/// and only time and batch may be dynamic.
llvm::LogicalResult verifyBufferizable(seq::RecurrenceOp op);

/// Attaches upstream's BufferizableOpInterface to seq.recurrence. Results are
/// allocated; operands are only read.
void registerRecurrenceBufferization(mlir::DialectRegistry &registry);

} // namespace seqc

#endif // COMPILER_CONVERSION_RECURRENCEBUFFERIZATION_H
