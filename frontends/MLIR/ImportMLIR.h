//===- ImportMLIR.h - Models written as IR ----------------------*- C++ -*-===//

#ifndef FRONTENDS_MLIR_IMPORTMLIR_H
#define FRONTENDS_MLIR_IMPORTMLIR_H

#include "frontends/Common/ModelImporter.h"

namespace seqc {

/// Reads a module, from its file unless its text is in memory; the dialects it
/// uses must be registered with `context`. Faults are reported as MLIR
/// diagnostics; the result is null if there was one. The module is marked as one
/// whose ops nobody has checked.
mlir::OwningOpRef<mlir::ModuleOp> importMLIR(const ModelSource &source,
                                             mlir::MLIRContext &context,
                                             const ImportOptions &options = {});

} // namespace seqc

#endif // FRONTENDS_MLIR_IMPORTMLIR_H
