//===- ContextAccess.h - Reading the call context ---------------*- C++ -*-===//
//
// How generated code reaches its context (runtime/abi/ModelAbi.h): fields by
// offset, services by indirect call.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CONVERSION_CONTEXTACCESS_H
#define COMPILER_CONVERSION_CONTEXTACCESS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

namespace seqc {

/// The pointer that a `!rt.context` is once everything is LLVM.
mlir::Value contextPointer(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value context);

/// Loads a value of `type` at a byte offset from `base`.
mlir::Value loadAt(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Type type, mlir::Value base, int64_t offset);

/// Calls the service at `offset` of the services table with `context`, a
/// `!rt.context`, and `arguments`; returns null for a service without result.
mlir::Value callService(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value context, int64_t offset, mlir::Type result,
                        mlir::ValueRange arguments);

/// An i64 from an index.
mlir::Value indexToI64(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::Value index);

} // namespace seqc

#endif // COMPILER_CONVERSION_CONTEXTACCESS_H
