//===- ModelImporter.h - From a model to seq IR -----------------*- C++ -*-===//
//
// What all frontends are to the rest: an importer, found by the suffix of a
// model's name. A new kind of model is one class here and one line where the
// registry is filled.
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

#include <memory>
#include <optional>
#include <string>

namespace seqc {

/// Where a model comes from.
struct ModelSource {
  /// Its file, or what a text is called in messages. Files that the model names
  /// lie in the same folder.
  std::string path;
  /// The model itself, where it is in memory.
  std::optional<llvm::StringRef> text;
};

/// Reads one kind of model. Importers have no state: one serves any number of
/// contexts and threads.
class ModelImporter {
public:
  virtual ~ModelImporter();

  /// What names of such models end with, dots included, the usual one first.
  virtual llvm::ArrayRef<llvm::StringRef> getSuffixes() const = 0;

  /// Whether a model in memory can be read. Kinds that consist of several files
  /// cannot.
  virtual bool takesText() const { return false; }

  /// Whether reading runs a parser that trusts its text: a crash meanwhile is
  /// the text's fault (decision 24).
  virtual bool trustsText() const { return false; }

  /// Builds the module in the import form; loads the dialects that it needs.
  /// Every fault is a located diagnostic of `context`, and the result is null
  /// if there was one. `source.text` is set only if takesText().
  virtual mlir::OwningOpRef<mlir::ModuleOp>
  importModel(const ModelSource &source, mlir::MLIRContext &context,
              const ImportOptions &options) const = 0;
};

/// The importers that a program knows.
class ImporterRegistry {
public:
  /// Adds an importer; its suffixes must be new.
  void add(std::unique_ptr<ModelImporter> importer);

  /// The importer of models whose names end with `suffix`, or null.
  const ModelImporter *find(llvm::StringRef suffix) const;

  /// The usual suffix of each kind, as messages list them: ".a, .b or .c"
  std::string listSuffixes(llvm::StringRef lastWord) const;

private:
  llvm::SmallVector<std::unique_ptr<ModelImporter>, 4> importers;
};

} // namespace seqc

#endif // FRONTENDS_COMMON_MODELIMPORTER_H
