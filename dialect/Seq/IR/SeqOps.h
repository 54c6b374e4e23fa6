//===- SeqOps.h - Ops, attributes and interfaces of seq ---------*- C++ -*-===//

#ifndef DIALECT_SEQ_IR_SEQOPS_H
#define DIALECT_SEQ_IR_SEQOPS_H

#include "dialect/Seq/IR/ExtentSource.h"
#include "dialect/Seq/IR/SeqDialect.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/RuntimeVerifiableOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace seqc::seq {
// MLIR declares the method of RuntimeVerifiableOpInterface with names that it
// does not qualify.
using llvm::function_ref;
using llvm::StringRef;
using mlir::Operation;
} // namespace seqc::seq

#include "dialect/Seq/IR/SeqEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialect/Seq/IR/SeqAttributes.h.inc"
#include "dialect/Seq/IR/SeqInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dialect/Seq/IR/SeqOps.h.inc"

#endif // DIALECT_SEQ_IR_SEQOPS_H
