//===- DNNOps.h - Calls of the oneDNN library -------------------*- C++ -*-===//

#ifndef DIALECT_DNN_IR_DNNOPS_H
#define DIALECT_DNN_IR_DNNOPS_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialect/DNN/IR/DNNDialect.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialect/DNN/IR/DNNTypes.h.inc"
#define GET_OP_CLASSES
#include "dialect/DNN/IR/DNNOps.h.inc"

namespace seqc::dnn {

/// Lets one-shot bufferisation place the operands of the dialect's ops.
void registerBufferizableOpInterfaceExternalModels(
    mlir::DialectRegistry &registry);

} // namespace seqc::dnn

#endif // DIALECT_DNN_IR_DNNOPS_H
