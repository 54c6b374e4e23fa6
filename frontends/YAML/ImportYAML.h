//===- ImportYAML.h - Model descriptions in YAML ----------------*- C++ -*-===//
//
// docs/reference/yaml.md describes the schema.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_IMPORTYAML_H
#define FRONTENDS_YAML_IMPORTYAML_H

#include "frontends/Common/ModelImporter.h"

namespace seqc {

/// Reads the description at `path` and the files it names, and builds the
/// module in the import form. Every fault is reported as an MLIR diagnostic
/// located in the file, all of them before it gives up; the result is null if
/// there was one.
mlir::OwningOpRef<mlir::ModuleOp> importYAML(llvm::StringRef path,
                                             mlir::MLIRContext &context,
                                             const ImportOptions &options = {});

} // namespace seqc

#endif // FRONTENDS_YAML_IMPORTYAML_H
