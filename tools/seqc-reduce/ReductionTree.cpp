//===- ReductionTree.cpp - MLIR's reduction tree with a script ------------===//
//
// MLIR's pass asks a program and trusts its options: this one checks them, asks
// about the input first, and has the shell keep the time limit.
//
//===----------------------------------------------------------------------===//

#include "tools/seqc-reduce/Passes.h"
#include "tools/seqc-reduce/Trial.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Reducer/Passes.h"

using namespace mlir;
using namespace seqc;

namespace {

struct ReductionTree : TrialPass<ReductionTree> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ReductionTree)

  StringRef getArgument() const final { return "reduction-tree"; }
  StringRef getDescription() const final {
    return "Remove ops, and parts of seq ops, one after the other";
  }

  bool reduce(Trial &trial) {
    ScriptForShell script(trial.getScript());
    ReductionTreePassOptions options;
    options.testerName = "/bin/sh";
    for (std::string &argument : script.getArguments())
      options.testerArgs.push_back(argument);
    OpPassManager passes(ModuleOp::getOperationName());
    passes.addPass(createReductionTreePass(std::move(options)));

    ModuleOp module = trial.getModule();
    std::optional<Diagnostic> last;
    LogicalResult result = failure();
    {
      // Candidates that are no valid module say so, and are many.
      ScopedDiagnosticHandler quiet(
          module.getContext(), [&](Diagnostic &diagnostic) {
            if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
              return failure();
            last.emplace(std::move(diagnostic));
            return success();
          });
      result = runPipeline(passes, module);
    }
    if (failed(result)) {
      if (last)
        module.getContext()->getDiagEngine().emit(std::move(*last));
      signalPassFailure();
    }
    return false;
  }
};

} // namespace

void seqc::registerReductionTree() { PassRegistration<ReductionTree>(); }
