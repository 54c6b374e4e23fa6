//===- ImportMLIR.h - Models written as IR ----------------------*- C++ -*-===//

#ifndef FRONTENDS_MLIR_IMPORTMLIR_H
#define FRONTENDS_MLIR_IMPORTMLIR_H

#include "frontends/Common/ModelImporter.h"

namespace seqc {

/// Reads the module in the file at `path`; the dialects it uses must be
/// registered with `context`. Faults are reported as MLIR diagnostics; the
/// result is null if there was one. The module is marked as one whose ops
/// nobody has checked.
mlir::OwningOpRef<mlir::ModuleOp> importMLIR(llvm::StringRef path,
                                             mlir::MLIRContext &context);

/// The same for `text`, which messages call `name`.
mlir::OwningOpRef<mlir::ModuleOp> importMLIRText(llvm::StringRef text,
                                                 llvm::StringRef name,
                                                 mlir::MLIRContext &context);

/// Reads IR, `.mlir`, from a file or from memory.
std::unique_ptr<ModelImporter> createMLIRImporter();

} // namespace seqc

#endif // FRONTENDS_MLIR_IMPORTMLIR_H
