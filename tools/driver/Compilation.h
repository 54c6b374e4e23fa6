//===- Compilation.h - One model on its way through the phases --*- C++ -*-===//

#ifndef TOOLS_DRIVER_COMPILATION_H
#define TOOLS_DRIVER_COMPILATION_H

#include "compiler/CodeGen/ObjectEmitter.h"
#include "compiler/Pipelines/Phases.h"
#include "frontends/ONNX/ImportONNX.h"
#include "frontends/YAML/ImportYAML.h"
#include "tools/driver/Options.h"
#include "tools/driver/Reporter.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

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

/// The options of a compilation; Options.cpp's table read once.
struct CompileOptions {
  /// Path of the model.
  std::string model;
  std::string targetCpu = "native";
  unsigned optLevel = 2;
  Backend backend = Backend::LLVM;
  YamlImportOptions import;
  std::optional<Phase> stopAfter;
  /// Folder for the IR after each phase; empty for none.
  std::string dumpFolder;
  bool saveTemps = false;
  /// What symbols of an object or shared object begin with; empty: `seqc`.
  std::string symbolPrefix;
  /// Whether a search gets entries for a host that searches by itself.
  bool splitsSearch = false;
};

/// Reads the options that all commands share. `backend` is the command's
/// default.
llvm::Expected<CompileOptions> readCompileOptions(const Arguments &arguments,
                                                  llvm::StringRef model,
                                                  Backend backend);

/// The name of a backend, as in --backend.
llvm::StringRef getBackendName(Backend backend);

/// One level's module, at the end in the LLVM dialect.
struct LevelModule {
  Target target;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// One model on its way through the phases.
class Compilation {
public:
  Compilation(CompileOptions options, Reporter &reporter);
  ~Compilation();

  /// Phase `import`: reads the model, completes its metadata, checks its
  /// weights.
  llvm::Error importModel();

  /// Runs the pipelines up to `last`, or to the phase of --stop-after if that
  /// is earlier.
  llvm::Error runPhases(Phase last = Phase::LLVM);

  /// Fails if `output` is the model or a file with its weights.
  llvm::Error checkOutput(llvm::StringRef output);

  /// Writes the artefact of `kind` to `output`.
  llvm::Error emit(EmitKind kind, llvm::StringRef output);

  /// The module before the levels part; the best level's afterwards.
  mlir::ModuleOp getModule();
  mlir::MLIRContext &getContext() { return context; }
  DiagnosticPrinter &getDiagnostics() { return *diagnostics; }
  const CompileOptions &getOptions() const { return options; }
  /// Folder the model lies in; weights are relative to it.
  std::string getFolder() const;
  /// Hash of the imported model, with the hashes of its weights.
  const std::string &getModelHash() const { return modelHash; }
  /// Levels that code is made for, best first.
  llvm::ArrayRef<Target> getTargets() const { return targets; }
  /// Takes IR in the form of an import instead of a file, for pieces of a
  /// model.
  llvm::Error parsePiece(llvm::StringRef text, llvm::ArrayRef<Target> levels);

private:
  llvm::Error runPhase(Phase phase, mlir::ModuleOp module,
                       const PhaseOptions &options, llvm::StringRef level);
  llvm::Error dump(Phase phase, mlir::ModuleOp module,
                   const PhaseOptions &options, llvm::StringRef level);
  llvm::Error checkWeights();
  PhaseOptions getPhaseOptions(const Target &target) const;

  CompileOptions options;
  Reporter &reporter;
  mlir::MLIRContext context;
  std::unique_ptr<DiagnosticPrinter> diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<LevelModule> levels;
  std::vector<Target> targets;
  std::string modelHash;
  bool usesLibrary = false;
};

/// `--emit` and the suffix of the output say what to make.
llvm::Expected<EmitKind> chooseEmitKind(llvm::StringRef emit,
                                        llvm::StringRef output);

/// Prints the seqc-opt call of each phase.
void printPipeline(llvm::raw_ostream &os, const CompileOptions &options,
                   llvm::ArrayRef<Target> targets);

/// Settings of the phases for one level.
PhaseOptions makePhaseOptions(const CompileOptions &options,
                              const Target &target);

/// Path of the running program.
std::string getProgramPath();

} // namespace seqc

#endif // TOOLS_DRIVER_COMPILATION_H
