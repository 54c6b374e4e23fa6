//===- ImportCheck.h - What a model may consist of --------------*- C++ -*-===//

#ifndef TOOLS_SESSION_IMPORTCHECK_H
#define TOOLS_SESSION_IMPORTCHECK_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace seqc {

/// Checks that an imported module consists of ops that the phases and the
/// interpreter know, and that its functions are defined and not recursive.
/// Emits a located diagnostic for each fault, up to a number.
llvm::Error checkImported(mlir::ModuleOp module);

} // namespace seqc

#endif // TOOLS_SESSION_IMPORTCHECK_H
