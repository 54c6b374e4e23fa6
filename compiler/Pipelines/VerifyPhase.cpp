//===- VerifyPhase.cpp - Whether a phase kept its contract ----------------===//

#include "compiler/Pipelines/Passes.h"
#include "compiler/Pipelines/PhaseContracts.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseSet.h"

#define DEBUG_TYPE "seq-verify-phase"

namespace seqc {
#define GEN_PASS_DEF_VERIFYPHASEPASS
#include "compiler/Pipelines/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// In words when something with `range` may exist.
std::string describe(std::optional<PhaseRange> range) {
  if (!range)
    return "which no phase knows";
  StringRef first = phaseName(range->first), last = phaseName(range->last);
  if (range->first == Phase::Import)
    return ("which may exist up to phase '" + last + "'").str();
  if (range->first == range->last)
    return ("which may exist after phase '" + last + "' only").str();
  return ("which may exist after phases '" + first + "' to '" + last + "'")
      .str();
}

struct VerifyPhase : seqc::impl::VerifyPhasePassBase<VerifyPhase> {
  using VerifyPhasePassBase::VerifyPhasePassBase;

  void runOnOperation() override {
    std::optional<Phase> known = parsePhase(phase);
    if (!known) {
      getOperation().emitError("unknown phase '") << phase << "'";
      return signalPassFailure();
    }
    bool failedAny = false;
    getOperation().walk([&](Operation *op) {
      ++numChecked;
      if (succeeded(checkOp(op, *known)) && succeeded(checkTypes(op, *known)))
        return;
      failedAny = true;
    });
    if (failedAny)
      signalPassFailure();
  }

private:
  LogicalResult checkOp(Operation *op, Phase now) {
    OperationName name = op->getName();
    if (goodOps.contains(name))
      return success();
    std::optional<PhaseRange> range = findOpRange(name.getStringRef());
    if (range && range->contains(now)) {
      goodOps.insert(name);
      return success();
    }
    return op->emitError("phase '")
           << phase << "' left '" << name.getStringRef() << "', "
           << describe(range) << "; allowed are " << listAllowedOps(now);
  }

  LogicalResult checkTypes(Operation *op, Phase now) {
    for (Type type : op->getResultTypes())
      if (failed(checkType(op, type, now)))
        return failure();
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Type type : block.getArgumentTypes())
          if (failed(checkType(op, type, now)))
            return failure();
    return success();
  }

  LogicalResult checkType(Operation *op, Type type, Phase now) {
    if (goodTypes.contains(type))
      return success();
    auto found = findTypeRange(type);
    if (found && found->first.contains(now)) {
      goodTypes.insert(type);
      return success();
    }
    std::optional<PhaseRange> range;
    if (found)
      range = found->first;
    return op->emitError("phase '")
           << phase << "' left a value of type " << type << ", "
           << describe(range) << "; allowed are " << listAllowedTypes(now);
  }

  /// What was looked up and is allowed.
  llvm::DenseSet<OperationName> goodOps;
  llvm::DenseSet<Type> goodTypes;
};

} // namespace
