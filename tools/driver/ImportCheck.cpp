//===- ImportCheck.cpp - What a model may consist of ----------------------===//

#include "tools/driver/ImportCheck.h"
#include "compiler/CodeGen/CompileError.h"
#include "dialect/Seq/IR/Limits.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace mlir;

namespace seqc {

/// Dialects whose ops a model consists of.
static constexpr StringLiteral kDialects[] = {
    "affine", "arith", "func", "linalg", "math", "scf", "seq", "tensor"};

/// Faults that are told before the check gives up.
static constexpr unsigned kMostFaults = 20;

namespace {
/// Follows calls to find functions that call themselves.
class CallGraph {
public:
  explicit CallGraph(ModuleOp module) : module(module) {}

  /// Whether `function` reaches itself, directly or not.
  bool isRecursive(func::FuncOp function) {
    llvm::SmallPtrSet<Operation *, 8> seen;
    return reaches(function, function, seen);
  }

private:
  bool reaches(func::FuncOp from, func::FuncOp goal,
               llvm::SmallPtrSetImpl<Operation *> &seen) {
    bool found = false;
    from.walk([&](func::CallOp call) {
      auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee());
      if (!callee || found)
        return;
      if (callee == goal)
        found = true;
      else if (seen.insert(callee).second)
        found = reaches(callee, goal, seen);
    });
    return found;
  }

  ModuleOp module;
};
} // namespace

Error checkImported(ModuleOp module) {
  unsigned faults = 0;
  module->walk([&](Operation *op) {
    if (op == module)
      return WalkResult::advance();
    StringRef dialect = op->getName().getDialectNamespace();
    if (!is_contained(kDialects, dialect)) {
      op->emitError() << "op '" << op->getName()
                      << "' is not supported in a model; supported are the "
                         "dialects "
                      << join(ArrayRef(kDialects), ", ");
      ++faults;
    }
    return faults < kMostFaults ? WalkResult::advance()
                                : WalkResult::interrupt();
  });
  CallGraph calls(module);
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isDeclaration()) {
      function.emitError()
          << "function '" << function.getName()
          << "' has no body; calls out of the model are not supported";
      ++faults;
    } else if (calls.isRecursive(function)) {
      function.emitError() << "function '" << function.getName()
                           << "' calls itself; recursion is not supported";
      ++faults;
    }
  }
  if (faults)
    return makeFailure(FailureKind::Unsupported, "");
  return failed(seq::checkSizes(module))
             ? makeFailure(FailureKind::BadInput, "")
             : Error::success();
}

} // namespace seqc
