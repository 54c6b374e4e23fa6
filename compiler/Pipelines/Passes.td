//===- Passes.td - Passes that close phases -----------------*- tablegen -*-===//

#ifndef COMPILER_PIPELINES_PASSES_TD
#define COMPILER_PIPELINES_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyPhasePass : Pass<"seq-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Check that only ops of a phase's contract are left";
  let description = [{
    Each phase promises what no longer exists after it. An op that should be gone is an error that names
    the op, the phase and the pass that should have removed it.

    Requires: nothing. Ensures: the contract of `phase`.

    Before and after: the IR does not change.
  }];
  let options = [Option<"phase", "phase", "std::string", /*default=*/"\"\"", "Phase whose contract to check">];
  let statistics = [Statistic<"numChecked", "num-checked", "Ops checked">];
}

#endif // COMPILER_PIPELINES_PASSES_TD
