//===- ImportMLIR.h - Models written as IR ----------------------*- C++ -*-===//

#ifndef FRONTENDS_MLIR_IMPORTMLIR_H
#define FRONTENDS_MLIR_IMPORTMLIR_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include "llvm/ADT/StringRef.h"

namespace seqc {

/// Reads the module in the file at `path`; the dialects it uses must be
/// registered with `context`. Faults are reported as MLIR diagnostics; the
/// result is null if there was one.
mlir::OwningOpRef<mlir::ModuleOp> importMLIR(llvm::StringRef path,
                                             mlir::MLIRContext &context);

} // namespace seqc

#endif // FRONTENDS_MLIR_IMPORTMLIR_H
