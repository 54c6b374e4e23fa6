//===- OptReduction.cpp - What other passes make smaller ------------------===//
//
// As MLIR's pass of this name: a pipeline runs on a copy, which takes the
// module's place if it is smaller and still interesting.
//
//===----------------------------------------------------------------------===//

#include "tools/seqc-reduce/Passes.h"
#include "tools/seqc-reduce/Trial.h"

#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;
using namespace seqc;

namespace {

/// The size of a module's text.
size_t measure(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  module.print(os);
  return text.size();
}

struct OptReduction : TrialPass<OptReduction> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OptReduction)

  OptReduction() = default;
  OptReduction(const OptReduction &other) : TrialPass(other) {}

  StringRef getArgument() const final { return "opt-reduction-pass"; }
  StringRef getDescription() const final {
    return "Run a pass pipeline and keep what it makes smaller";
  }

  void getDependentDialects(DialectRegistry &registry) const final {
    OpPassManager passes(ModuleOp::getOperationName());
    // What is wrong with the pipeline is said later.
    if (succeeded(parsePassPipeline(pipeline, passes, llvm::nulls())))
      passes.getDependentDialects(registry);
  }

  llvm::Error checkOptions() const final {
    if (pipeline.empty())
      return llvm::createStringError("option 'opt-pass' of " + getArgument() +
                                     " is missing; required is a pass or a "
                                     "pipeline");
    OpPassManager passes(ModuleOp::getOperationName());
    if (failed(parsePassPipeline(pipeline, passes)))
      return llvm::createStringError(
          "option 'opt-pass' of " + getArgument() + " is '" + pipeline +
          "'; required is a pass or a pipeline that runs on builtin.module");
    return llvm::Error::success();
  }

  bool reduce(Trial &trial) {
    ModuleOp module = trial.getModule();
    PassManager passes(&getContext(), ModuleOp::getOperationName());
    OwningOpRef<ModuleOp> copy(cast<ModuleOp>(module->clone()));
    if (failed(parsePassPipeline(pipeline, passes)) ||
        failed(passes.run(*copy))) {
      module.emitError("the passes of 'opt-pass' fail on the input");
      signalPassFailure();
    } else if (measure(*copy) < measure(module)) {
      trial.offer(*copy);
    }
    return false;
  }

private:
  Pass::Option<std::string> pipeline{
      *this, "opt-pass",
      llvm::cl::desc("Pass, or pipeline of passes, e.g. canonicalize")};
};

} // namespace

void seqc::registerOptReduction() { PassRegistration<OptReduction>(); }
