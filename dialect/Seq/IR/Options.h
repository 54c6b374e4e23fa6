//===- Options.h - What the caller of an entry chooses ----------*- C++ -*-===//

#ifndef DIALECT_SEQ_IR_OPTIONS_H
#define DIALECT_SEQ_IR_OPTIONS_H

#include "dialect/Seq/IR/SeqOps.h"

namespace seqc::seq {

/// The type of an option's value.
mlir::Type getOptionType(mlir::Builder &builder, CallOption option);

} // namespace seqc::seq

#endif // DIALECT_SEQ_IR_OPTIONS_H
