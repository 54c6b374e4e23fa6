//===- SeqDialect.h - The dialect of sequence models ------------*- C++ -*-===//

#ifndef DIALECT_SEQ_IR_SEQDIALECT_H
#define DIALECT_SEQ_IR_SEQDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"

#include "dialect/Seq/IR/SeqDialect.h.inc"

#endif // DIALECT_SEQ_IR_SEQDIALECT_H
