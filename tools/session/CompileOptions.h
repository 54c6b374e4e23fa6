//===- CompileOptions.h - The settings of a compilation ---------*- C++ -*-===//
//
// Settings have names and values in text; the command line and the C API set
// them by the same functions, so that both know the same ones and refuse the
// same values.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_SESSION_COMPILEOPTIONS_H
#define TOOLS_SESSION_COMPILEOPTIONS_H

#include "compiler/Pipelines/Phases.h"
#include "frontends/Common/ModelImporter.h"

#include "llvm/Support/Error.h"

#include <limits>
#include <optional>
#include <string>

namespace seqc {

/// Kinds of output.
enum class EmitKind {
  Executable,
  SharedObject,
  Object,
  LLVMIR,
  Assembly,
  MLIR
};

/// The settings of a compilation.
struct CompileOptions {
  /// Path of the model, or the name of `text`.
  std::string model;
  /// The model itself, where it is in memory.
  std::optional<llvm::StringRef> text;
  std::string targetCpu = "native";
  unsigned optLevel = 2;
  Backend backend = Backend::LLVM;
  ImportOptions import;
  std::optional<Phase> stopAfter;
  /// Folder for the IR after each phase; empty for none.
  std::string dumpFolder;
  bool saveTemps = false;
  /// What symbols of an object or shared object begin with; empty: `seqc`.
  std::string symbolPrefix;
  /// Whether a search gets entries for a host that searches by itself.
  bool splitsSearch = false;
  /// The kind of output where it is not chosen by the output's suffix.
  std::optional<EmitKind> emit;
  /// The running program, beside whose folder the runtime's archives lie.
  std::string programPath;
  /// The folder of the runtime's archives, where it is known.
  std::string libraryFolder;
};

/// The importers of all frontends.
llvm::ArrayRef<ModelImporter> getImporters();

/// The name of a backend, as the setting `backend` has it.
llvm::StringRef getBackendName(Backend backend);

/// The names of all settings, in the order of the documentation.
llvm::ArrayRef<llvm::StringRef> getSettingNames();

/// Whether a setting is `true` or `false`.
bool isFlag(llvm::StringRef setting);

/// Gives `setting` the value `value`; messages call the setting `spelling`.
llvm::Error setSetting(CompileOptions &options, llvm::StringRef setting,
                       llvm::StringRef value, llvm::StringRef spelling);

/// Checks what settings say together, once all are set. `dashes` is what the
/// caller writes before their names.
llvm::Error checkSettings(const CompileOptions &options,
                          llvm::StringRef dashes);

/// The setting `emit` and the suffix of the output say what to make.
llvm::Expected<EmitKind> chooseEmitKind(const CompileOptions &options,
                                        llvm::StringRef output,
                                        llvm::StringRef dashes);

/// The kind that is written instead of `kind` where the setting `stop-after`
/// ends the compilation earlier.
EmitKind adjustEmitKind(const CompileOptions &options, EmitKind kind);

/// Checks that `kind` can be written to `output` with these settings.
llvm::Error checkEmission(const CompileOptions &options, EmitKind kind,
                          llvm::StringRef output, llvm::StringRef dashes);

/// Whether outputs of a kind are read by people.
bool isText(EmitKind kind);

/// A setting's value is none of a list.
llvm::Error makeUnknownValue(llvm::StringRef spelling, llvm::StringRef value,
                             llvm::ArrayRef<llvm::StringRef> known);

/// `text` as a number from `minimum` to `maximum`.
llvm::Expected<int64_t>
parseNumber(llvm::StringRef text, llvm::StringRef spelling, int64_t minimum,
            int64_t maximum = std::numeric_limits<int64_t>::max());

/// `text` as a decimal number.
llvm::Expected<double> parseDecimal(llvm::StringRef text,
                                    llvm::StringRef spelling);

} // namespace seqc

#endif // TOOLS_SESSION_COMPILEOPTIONS_H
