//===- ImportForm.h - The end of every import -------------------*- C++ -*-===//
//
// What a frontend hands to the compiler: a verified module in the import form,
// with its metadata and without ops that nobody uses.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_IMPORTFORM_H
#define FRONTENDS_COMMON_IMPORTFORM_H

#include "mlir/IR/BuiltinOps.h"

#include "llvm/Support/JSON.h"

namespace seqc {

/// Loads the dialects of modules in the import form.
void loadImportDialects(mlir::MLIRContext &context);

/// Gives a module its metadata (docs/reference/metadata.md), erases what is
/// unused, and verifies it. Entries get the types of their bodies. What
/// `metadata` says of inputs and outputs, in the order of arguments and results,
/// becomes their `seq.name` and their `seq.signature`. A fault of an
/// op is reported for the part of the model that its location names: "node
/// 'norm' (…): 'seq.norm' op has …".
llvm::LogicalResult finishImport(mlir::ModuleOp module,
                                 llvm::json::Object metadata);

/// Sets the metadata of a module.
void attachMetadata(mlir::ModuleOp module, llvm::json::Object metadata);

} // namespace seqc

#endif // FRONTENDS_COMMON_IMPORTFORM_H
