//===- CompileTrace.cpp - Where the time of a compilation goes ------------===//

#include "tools/driver/CompileTrace.h"
#include "compiler/CodeGen/OutputFile.h"

#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/TimeProfiler.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace seqc {

/// In microseconds.
static constexpr unsigned kShortest = 100;

CompileTrace::CompileTrace(llvm::StringRef path) : path(path) {
  if (!this->path.empty())
    llvm::timeTraceProfilerInitialize(kShortest, "seqc compile");
}

CompileTrace::~CompileTrace() {
  if (!path.empty())
    llvm::timeTraceProfilerCleanup();
}

llvm::Error CompileTrace::write() {
  if (path.empty())
    return llvm::Error::success();
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::timeTraceProfilerWrite(stream);
  return writeFile(path, text);
}

namespace {
struct PassTrace : PassInstrumentation {
  void runBeforePass(Pass *pass, Operation *op) override {
    if (!isNamed(pass))
      return;
    auto symbol = dyn_cast<SymbolOpInterface>(op);
    llvm::timeTraceProfilerBegin(pass->getArgument(),
                                 symbol ? symbol.getName() : llvm::StringRef());
  }
  void runAfterPass(Pass *pass, Operation *) override { end(pass); }
  void runAfterPassFailed(Pass *pass, Operation *) override { end(pass); }

private:
  /// What runs passes on nested ops is a pass of no name.
  static bool isNamed(Pass *pass) { return !pass->getArgument().empty(); }
  static void end(Pass *pass) {
    if (isNamed(pass))
      llvm::timeTraceProfilerEnd();
  }
};
} // namespace

void tracePasses(PassManager &manager) {
  if (llvm::timeTraceProfilerEnabled())
    manager.addInstrumentation(std::make_unique<PassTrace>());
}

} // namespace seqc
