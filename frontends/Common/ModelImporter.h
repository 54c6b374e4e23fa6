//===- ModelImporter.h - From a model to seq IR -----------------*- C++ -*-===//
//
// What all frontends are to the rest: an importer, found by the suffix of a
// model's name. A new kind of model is a function here and one row of
// getImporters() (tools/session/CompileOptions.cpp).
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_COMMON_MODELIMPORTER_H
#define FRONTENDS_COMMON_MODELIMPORTER_H

#include "frontends/Common/ImportOptions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

namespace seqc {

/// Where a model comes from.
struct ModelSource {
  /// Its file, or what a text is called in messages. Files that the model names
  /// lie in the same folder.
  std::string path;
  /// The model itself, where it is in memory.
  std::optional<llvm::StringRef> text;
};

/// Reads one kind of model.
struct ModelImporter {
  /// What names of such models end with, dots included, the usual one first.
  llvm::SmallVector<llvm::StringRef, 2> suffixes;

  /// Builds the module in the import form; loads the dialects that it needs.
  /// Every fault is a located diagnostic of `context`, and the result is null
  /// if there was one. `source.text` is set only if takesText.
  mlir::OwningOpRef<mlir::ModuleOp> (*import)(const ModelSource &source,
                                              mlir::MLIRContext &context,
                                              const ImportOptions &options);

  /// Whether a model in memory can be read. Kinds that consist of several files
  /// cannot.
  bool takesText = false;

  /// Whether reading runs a parser that trusts its text: a crash meanwhile is
  /// the text's fault (decision 24).
  bool trustsText = false;
};

/// The one of models whose names end with `suffix`, or null.
const ModelImporter *findImporter(llvm::ArrayRef<ModelImporter> importers,
                                  llvm::StringRef suffix);

/// The usual suffix of each kind, as messages list them: ".a, .b or .c"
std::string listSuffixes(llvm::ArrayRef<ModelImporter> importers,
                         llvm::StringRef lastWord);

} // namespace seqc

#endif // FRONTENDS_COMMON_MODELIMPORTER_H
