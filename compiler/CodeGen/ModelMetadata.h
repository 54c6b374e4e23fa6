//===- ModelMetadata.h - The JSON that a model carries ----------*- C++ -*-===//
//
// docs/reference/metadata.md describes the object. A frontend writes what the
// runtime alone reads into the module attribute `seq.metadata`;
// completeMetadata() adds each entry's inputs and outputs, from their types and
// `seq.signature`, while the functions still have tensor types; makeMetadata()
// adds target and hashes at the end. No pass reads it.
//
//===----------------------------------------------------------------------===//

#ifndef COMPILER_CODEGEN_MODELMETADATA_H
#define COMPILER_CODEGEN_MODELMETADATA_H

#include "compiler/CodeGen/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"

namespace seqc {

/// Version of the compiler, as in `seqc --version`.
llvm::StringRef getCompilerVersion();

/// Completes `seq.metadata` of an imported module: every public function gets
/// its entry with names, element types and shapes of arguments and results.
/// `name` is the model's name unless the module has one. Emits diagnostics for
/// malformed metadata and for signatures that an artefact cannot have.
llvm::LogicalResult completeMetadata(mlir::ModuleOp module,
                                     llvm::StringRef name);

/// Gives `module` the metadata `metadata`.
void setMetadata(mlir::ModuleOp module, llvm::json::Object metadata);

/// The metadata of `module`, or an empty object.
llvm::json::Object getMetadata(mlir::ModuleOp module);

/// The entries of a model whose initializers can be replaced that run when some
/// are, and those that give the others: doubles of what its own entry does.
llvm::StringSet<> findDoubles(const llvm::json::Object &metadata);

/// Adds to `metadata` how often patterns were recognised in `module`, on top of
/// what the frontend counted.
void describeRecognized(mlir::ModuleOp module, llvm::json::Object &metadata);

/// What the emitter knows besides the module.
struct ArtefactFacts {
  /// The modules of all levels in the form of phase `llvm`. The first is the
  /// one described.
  llvm::SmallVector<mlir::ModuleOp> levels;
  /// Levels the code was made for, best first.
  llvm::ArrayRef<Target> targets;
  /// `llvm`, `onednn` or `auto`.
  llvm::StringRef backend;
  /// Hash of the imported model and of the packed weights.
  std::string modelHash, weightsHash;
  /// What the model's symbols begin with; empty: `seqc`.
  std::string symbolPrefix = {};
};

/// The text of the section `.seqc.meta`: sorted keys, no white space.
std::string makeMetadata(const ArtefactFacts &facts);

/// Names of the entries in `metadata`, in order.
std::vector<std::string> getEntryNames(const llvm::json::Object &metadata);

} // namespace seqc

#endif // COMPILER_CODEGEN_MODELMETADATA_H
