//===- ImportCheck.cpp - What a model may consist of ----------------------===//

#include "tools/session/ImportCheck.h"
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

/// Functions that call themselves, directly or not: at least one of each circle
/// of calls. Each function is entered once, and none by recursion.
static SmallPtrSet<Operation *, 4> findRecursive(ModuleOp module) {
  SymbolTable symbols(module);
  auto getCallees = [&](Operation *function) {
    SmallVector<Operation *> callees;
    function->walk([&](func::CallOp call) {
      if (Operation *callee = symbols.lookup(call.getCallee()))
        callees.push_back(callee);
    });
    return callees;
  };
  enum class State { Unseen, Open, Done };
  llvm::DenseMap<Operation *, State> states;
  SmallPtrSet<Operation *, 4> found;
  // Functions on the way, with the calls that are still to be followed.
  SmallVector<std::pair<Operation *, SmallVector<Operation *>>> open;
  for (auto function : module.getOps<func::FuncOp>()) {
    auto visit = [&](Operation *next) {
      State &state = states[next];
      if (state == State::Open)
        found.insert(next);
      if (state != State::Unseen)
        return;
      state = State::Open;
      open.emplace_back(next, getCallees(next));
    };
    visit(function);
    while (!open.empty()) {
      auto &[current, left] = open.back();
      if (left.empty()) {
        states[current] = State::Done;
        open.pop_back();
        continue;
      }
      visit(left.pop_back_val());
    }
  }
  return found;
}

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
  SmallPtrSet<Operation *, 4> recursive = findRecursive(module);
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isDeclaration()) {
      function.emitError()
          << "function '" << function.getName()
          << "' has no body; calls out of the model are not supported";
      ++faults;
    } else if (recursive.contains(function)) {
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
