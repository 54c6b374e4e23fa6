//===- Registration.h - Every dialect seqc's IR may contain -----*- C++ -*-===//

#ifndef COMPILER_PIPELINES_REGISTRATION_H
#define COMPILER_PIPELINES_REGISTRATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace seqc {

/// Registers the dialects of the project and of MLIR, their external models and
/// the translations to LLVM IR.
void registerAllDialects(mlir::DialectRegistry &registry);

} // namespace seqc

#endif // COMPILER_PIPELINES_REGISTRATION_H
