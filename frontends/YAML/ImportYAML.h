//===- ImportYAML.h - Model descriptions in YAML ----------------*- C++ -*-===//
//
// docs/reference/yaml.md describes the schema.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_YAML_IMPORTYAML_H
#define FRONTENDS_YAML_IMPORTYAML_H

#include "frontends/ONNX/ImportONNX.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>
#include <vector>

namespace seqc {

/// A weight that a description asks for.
struct NeededWeight {
  std::string name;
  /// Such as "[512, 128]"; empty where the file alone could tell.
  std::string shape;
  /// Whether the model does without it where the file lacks it.
  bool optional = false;
};

/// How a description is read. All but the last two replaces settings of its
/// `generate` section.
struct YamlImportOptions {
  /// Hypotheses a beam search keeps; 1 is greedy search.
  std::optional<int64_t> beam;
  /// Hypotheses returned per row.
  std::optional<int64_t> nBest;
  /// Exponent of the length normalisation.
  std::optional<double> lengthPenalty;
  /// Whether tokens are drawn instead of searched for, and how.
  bool sample = false;
  std::optional<double> temperature, topP;
  std::optional<int64_t> topK, seed;
  /// Most tokens generated per row.
  std::optional<int64_t> maxLength;
  /// Whether the entry takes a forced beginning of the output.
  std::optional<bool> prefix;
  /// How the ONNX files that it names are read.
  OnnxImportOptions onnx;
  /// Where not null: that the file of weights is missing is no error, and what
  /// it would have to hold is noted here. The module then holds no weights, and
  /// is null without an error where their shapes are needed to go on.
  std::vector<NeededWeight> *needed = nullptr;
};

/// Loads the dialects that an imported module uses.
void loadYamlImportDialects(mlir::MLIRContext &context);

/// Reads the description at `path` and the files it names, and builds the
/// module in the import form. Every fault is reported as an MLIR diagnostic
/// located in the file, all of them before it gives up; the result is null if
/// there was one.
mlir::OwningOpRef<mlir::ModuleOp>
importYAML(llvm::StringRef path, mlir::MLIRContext &context,
           const YamlImportOptions &options = {});

} // namespace seqc

#endif // FRONTENDS_YAML_IMPORTYAML_H
