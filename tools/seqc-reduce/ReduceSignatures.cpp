//===- ReduceSignatures.cpp - Functions with fewer values -----------------===//
//
// Results go first, since what computes them may be all that needs an argument.
// Calls inside of the module follow their function; a value that is no longer
// passed becomes poison.
//
//===----------------------------------------------------------------------===//

#include "tools/seqc-reduce/Passes.h"
#include "tools/seqc-reduce/Trial.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;
using namespace seqc;

namespace {

/// The calls of a function; none if it is used in another way.
std::optional<SmallVector<func::CallOp>> getCalls(func::FuncOp function,
                                                  ModuleOp module) {
  SmallVector<func::CallOp> calls;
  auto uses = SymbolTable::getSymbolUses(function, module);
  if (!uses)
    return std::nullopt;
  for (SymbolTable::SymbolUse use : *uses) {
    auto call = dyn_cast<func::CallOp>(use.getUser());
    if (!call)
      return std::nullopt;
    calls.push_back(call);
  }
  return calls;
}

Value createPoison(OpBuilder &builder, Location loc, Type type) {
  return ub::PoisonOp::create(builder, loc, type);
}

bool eraseResult(func::FuncOp function, unsigned index,
                 ArrayRef<func::CallOp> calls) {
  BitVector erased(function.getNumResults());
  erased.set(index);
  if (failed(function.eraseResults(erased)))
    return false;
  function.walk([&](func::ReturnOp op) { op->eraseOperand(index); });
  for (func::CallOp call : calls) {
    OpBuilder builder(call);
    auto shorter = func::CallOp::create(builder, call.getLoc(), function,
                                        call.getOperands());
    unsigned next = 0;
    for (auto [i, result] : llvm::enumerate(call.getResults())) {
      if (i != index)
        result.replaceAllUsesWith(shorter.getResult(next++));
      else if (!result.use_empty())
        result.replaceAllUsesWith(
            createPoison(builder, call.getLoc(), result.getType()));
    }
    call.erase();
  }
  return true;
}

bool eraseArgument(func::FuncOp function, unsigned index,
                   ArrayRef<func::CallOp> calls) {
  if (!function.isExternal()) {
    BlockArgument argument = function.getArgument(index);
    OpBuilder builder = OpBuilder::atBlockBegin(&function.front());
    if (!argument.use_empty())
      argument.replaceAllUsesWith(
          createPoison(builder, function.getLoc(), argument.getType()));
  }
  if (failed(function.eraseArgument(index)))
    return false;
  for (func::CallOp call : calls)
    call->eraseOperand(index);
  return true;
}

struct ReduceSignatures : TrialPass<ReduceSignatures> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ReduceSignatures)

  StringRef getArgument() const final { return "reduce-signatures"; }
  StringRef getDescription() const final {
    return "Take results and arguments from functions";
  }

  bool reduce(Trial &trial) {
    SmallVector<StringAttr> names;
    for (auto function : trial.getModule().getOps<func::FuncOp>())
      names.push_back(function.getSymNameAttr());
    bool changed = false;
    for (StringAttr name : names) {
      auto get = [&](ModuleOp module) {
        return module.lookupSymbol<func::FuncOp>(name);
      };
      auto attempt = [&](unsigned index, auto erase) {
        changed |= trial.attempt([&](ModuleOp module) {
          func::FuncOp function = get(module);
          auto calls = getCalls(function, module);
          return calls && erase(function, index, *calls);
        });
      };
      for (unsigned i = get(trial.getModule()).getNumResults(); i-- > 0;)
        attempt(i, eraseResult);
      for (unsigned i = get(trial.getModule()).getNumArguments(); i-- > 0;)
        attempt(i, eraseArgument);
    }
    // What took a value's place and lost its users later.
    trial.getModule().walk([](ub::PoisonOp op) {
      if (op->use_empty())
        op->erase();
    });
    return changed;
  }
};

} // namespace

void seqc::registerReduceSignatures() { PassRegistration<ReduceSignatures>(); }
