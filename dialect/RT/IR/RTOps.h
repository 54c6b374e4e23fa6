//===- RTOps.h - What the runtime gives to a call ---------------*- C++ -*-===//

#ifndef DIALECT_RT_IR_RTOPS_H
#define DIALECT_RT_IR_RTOPS_H

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/RT/IR/RTDialect.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialect/RT/IR/RTTypes.h.inc"
#define GET_OP_CLASSES
#include "dialect/RT/IR/RTOps.h.inc"

#endif // DIALECT_RT_IR_RTOPS_H
