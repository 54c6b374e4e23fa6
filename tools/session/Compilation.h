//===- Compilation.h - One model on its way through the phases --*- C++ -*-===//

#ifndef TOOLS_SESSION_COMPILATION_H
#define TOOLS_SESSION_COMPILATION_H

#include "compiler/CodeGen/ObjectEmitter.h"
#include "tools/session/CompileOptions.h"
#include "tools/session/Observer.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace seqc {

/// One level's module, at the end in the LLVM dialect.
struct LevelModule {
  Target target;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// One model on its way through the phases: import, the phases of the compiler,
/// and the artefact. Compilations share nothing; each is used by one thread at a
/// time, any number at the same time.
class Compilation {
public:
  /// `observer` outlives the compilation.
  Compilation(CompileOptions options, CompilationObserver &observer);
  ~Compilation();

  /// Phase `import`: reads the model, completes its metadata, checks its
  /// weights.
  llvm::Error importModel();

  /// Puts the checks in front of the imported ops that phase `normalize` puts
  /// there: for the interpreter, so that both end a wrong call alike.
  llvm::Error addRuntimeChecks();

  /// Runs the pipelines up to `last`, or to the phase of --stop-after if that
  /// is earlier.
  llvm::Error runPhases(Phase last = Phase::LLVM);

  /// The module as it is after phase `normalize`, as far as that comes: for a
  /// look at what is recognised.
  mlir::OwningOpRef<mlir::ModuleOp> normalizeCopy();

  /// Fails if `output` is the model or a file with its weights.
  llvm::Error checkOutput(llvm::StringRef output);

  /// Writes the artefact of `kind` to `output`.
  llvm::Error emit(EmitKind kind, llvm::StringRef output);

  /// The module before the levels part; the best level's afterwards.
  mlir::ModuleOp getModule();
  mlir::MLIRContext &getContext() { return context; }
  const DiagnosticLog &getDiagnostics() const { return *diagnostics; }
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
  llvm::Error readModel();
  llvm::Error runPhase(Phase phase, mlir::ModuleOp module,
                       const PhaseOptions &options, llvm::StringRef level);
  llvm::Error dump(Phase phase, mlir::ModuleOp module,
                   const PhaseOptions &options, llvm::StringRef level);
  llvm::Error checkWeights();
  PhaseOptions getPhaseOptions(const Target &target) const;

  CompileOptions options;
  CompilationObserver &observer;
  mlir::MLIRContext context;
  std::unique_ptr<DiagnosticLog> diagnostics;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::vector<LevelModule> levels;
  std::vector<Target> targets;
  std::string modelHash;
  bool usesLibrary = false;
};

/// Prints the seqc-opt call of each phase.
void printPipeline(llvm::raw_ostream &os, const CompileOptions &options,
                   llvm::ArrayRef<Target> targets);

/// Settings of the phases for one level.
PhaseOptions makePhaseOptions(const CompileOptions &options,
                              const Target &target);

} // namespace seqc

#endif // TOOLS_SESSION_COMPILATION_H
