//===- Passes.td - Passes that close phases -----------------*- tablegen -*-===//

#ifndef COMPILER_PIPELINES_PASSES_TD
#define COMPILER_PIPELINES_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyPhasePass : Pass<"seq-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Check that only what a phase's contract allows is left";
  let description = [{
    The contract of each phase is a list of dialects, ops and types that may exist after it
    (compiler/Pipelines/PhaseContracts.cpp). Anything else is an error that names the op, the phase, when
    the op may exist, and what the phase allows.

    Requires: nothing. Ensures: the contract of `phase`.

    Before and after: the IR does not change.
  }];
  let options = [Option<"phase", "phase", "std::string", /*default=*/"\"\"", "Phase whose contract to check">];
  let statistics = [Statistic<"numChecked", "num-checked", "Ops checked">];
}

#endif // COMPILER_PIPELINES_PASSES_TD
