//===- Trial.h - Changes that a test script may refuse ----------*- C++ -*-===//
//
// What the passes of seqc-reduce that change a whole module share: a change is
// made to a copy, and the copy takes the module's place if it is valid and the
// script still finds in it what is looked for.
//
//===----------------------------------------------------------------------===//

#ifndef TOOLS_SEQC_REDUCE_TRIAL_H
#define TOOLS_SEQC_REDUCE_TRIAL_H

#include "tools/seqc-reduce/TestScript.h"

#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/raw_ostream.h"

namespace seqc {

/// The module under reduction and the script that judges its copies.
class Trial {
public:
  Trial(mlir::ModuleOp module, const TestScript &script)
      : module(module), script(script) {}

  mlir::ModuleOp getModule() const { return module; }

  const TestScript &getScript() const { return script; }

  /// Changes a copy of the module by `change`, which says false if there was
  /// nothing to change, and keeps it if it is valid and interesting. Ops of the
  /// module are others after that.
  bool attempt(llvm::function_ref<bool(mlir::ModuleOp)> change);

  /// Lets a valid copy take the module's place if it is interesting.
  bool offer(mlir::ModuleOp copy);

private:
  mlir::ModuleOp module;
  const TestScript &script;
};

/// A pass over a module that asks a script.
template <typename PassT>
class TrialPass
    : public mlir::PassWrapper<PassT, mlir::OperationPass<mlir::ModuleOp>> {
public:
  TrialPass() = default;
  TrialPass(const TrialPass &other)
      : mlir::PassWrapper<PassT, mlir::OperationPass<mlir::ModuleOp>>(other) {}

  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    // What takes the place of values that lose their producer.
    registry.insert<mlir::ub::UBDialect>();
  }

  /// Runs before any pass does: what is wrong with an option is said first.
  mlir::LogicalResult initialize(mlir::MLIRContext *) final {
    llvm::Error error = findScript().takeError();
    if (!error)
      error = checkOptions();
    if (!error)
      return mlir::success();
    llvm::errs() << "seqc-reduce: error: " << llvm::toString(std::move(error))
                 << "\n";
    return mlir::failure();
  }

  void runOnOperation() final {
    llvm::Expected<TestScript> script = findScript();
    if (!script) {
      this->getOperation().emitError(llvm::toString(script.takeError()));
      return this->signalPassFailure();
    }
    if (!script->isInputInteresting(this->getOperation())) {
      this->getOperation().emitError(
          "the test script does not find the input interesting");
      return this->signalPassFailure();
    }
    Trial trial(this->getOperation(), *script);
    while (static_cast<PassT *>(this)->reduce(trial)) {
    }
  }

protected:
  /// Says what is wrong with options other than the script's.
  virtual llvm::Error checkOptions() const { return llvm::Error::success(); }

private:
  llvm::Expected<TestScript> findScript() const {
    return TestScript::find(this->getArgument(), test.getValue(),
                            {testArgs.begin(), testArgs.end()}, timeLimit);
  }

  mlir::Pass::Option<std::string> test{
      *this, "test",
      llvm::cl::desc("Script that ends with 1 while its file is interesting, "
                     "else with 0")};
  mlir::Pass::ListOption<std::string> testArgs{
      *this, "test-arg", llvm::cl::desc("Arguments of the script")};
  mlir::Pass::Option<unsigned> timeLimit{
      *this, "time-limit",
      llvm::cl::desc("Seconds that the script may run on one candidate"),
      llvm::cl::init(kScriptTimeLimit)};
};

} // namespace seqc

#endif // TOOLS_SEQC_REDUCE_TRIAL_H
