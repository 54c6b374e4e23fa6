//===- PlaceCarriedTensors.cpp - State of loops in fixed buffers ----------===//
//
// Bufferisation gives a loop a new buffer per iteration unless what is yielded
// lies where the iteration got it. This pass asks bufferisation's own analysis
// which carried tensors do not, and has those copied there at the end of the
// body. Inner loops come first, because what they yield decides for those
// around them.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

#define DEBUG_TYPE "seq-place-carried-tensors"

namespace seqc {
#define GEN_PASS_DEF_PLACECARRIEDTENSORSPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace {

/// One tensor that a loop carries.
struct Carried {
  /// What the iteration yields, in the terminator of the body.
  OpOperand *yielded;
  /// What the iteration got.
  BlockArgument argument;
  /// What the first iteration gets.
  Value initial;
};

SmallVector<Carried> getCarried(Operation *op) {
  SmallVector<Carried> result;
  auto add = [&](OpOperand &yielded, BlockArgument argument, Value initial) {
    if (isa<RankedTensorType>(argument.getType()) &&
        argument.getType() == yielded.get().getType())
      result.push_back({&yielded, argument, initial});
  };
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    for (auto [yielded, argument, initial] :
         llvm::zip(loop.getYieldedValuesMutable().value(),
                   loop.getRegionIterArgs(), loop.getInitArgs()))
      add(yielded, argument, initial);
  } else if (auto loop = dyn_cast<scf::WhileOp>(op)) {
    // Bufferisation pairs values by their position.
    OperandRange passed = loop.getConditionOp().getArgs();
    for (auto [i, yielded] :
         llvm::enumerate(loop.getYieldOp()->getOpOperands()))
      if (i < passed.size() && passed[i] == loop.getBeforeArguments()[i])
        add(yielded, loop.getAfterArguments()[i], loop.getInits()[i]);
  }
  return result;
}

/// Whether every iteration has the extents of the first one.
bool keepsExtents(const Carried &carried) {
  auto type = cast<RankedTensorType>(carried.argument.getType());
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    if (!type.isDynamicDim(dim))
      continue;
    ValueBoundsConstraintSet::Variable next(carried.yielded->get(), dim);
    auto isSame = [&](Value value) {
      FailureOr<bool> same = ValueBoundsConstraintSet::areEqual(
          next, ValueBoundsConstraintSet::Variable(value, dim));
      return succeeded(same) && *same;
    };
    if (!isSame(carried.argument) && !isSame(carried.initial))
      return false;
  }
  return true;
}

struct PlaceCarriedTensors
    : seqc::impl::PlaceCarriedTensorsPassBase<PlaceCarriedTensors> {
  void runOnOperation() override {
    SmallVector<Operation *> loops;
    getOperation().walk([&](Operation *op) {
      if (isa<scf::ForOp, scf::WhileOp>(op) && !getCarried(op).empty())
        loops.push_back(op);
    });
    if (loops.empty())
      return;
    bufferization::OneShotBufferizationOptions options;
    options.allowReturnAllocsFromLoops = true;
    // Each round changes at least one loop, and each tensor at most once.
    for (bool changed = true; changed;) {
      changed = false;
      bufferization::OneShotAnalysisState state(getOperation(), options);
      if (failed(bufferization::analyzeOp(getOperation(), state)))
        return; // Bufferisation reports why.
      DenseSet<Operation *> waiting;
      for (Operation *loop : loops) {
        SmallVector<Carried> moved = findMoved(loop, state);
        if (moved.empty())
          continue;
        for (Operation *outer = loop->getParentOp(); outer;
             outer = outer->getParentOp())
          waiting.insert(outer);
        if (waiting.contains(loop))
          continue;
        place(moved, getCarried(loop), state);
        changed = true;
      }
    }
  }

  /// Carried tensors that would get another buffer.
  SmallVector<Carried>
  findMoved(Operation *loop, const bufferization::OneShotAnalysisState &state) {
    SmallVector<Carried> moved;
    for (const Carried &carried : getCarried(loop))
      if (!placed.contains(carried.argument) &&
          !state.areEquivalentBufferizedValues(carried.yielded->get(),
                                               carried.argument) &&
          keepsExtents(carried))
        moved.push_back(carried);
    // What the next iteration gets in a place that stays as it is must not be
    // overwritten at the end of this one.
    auto isNeeded = [&](const Carried &carried) {
      Operation *end = carried.yielded->getOwner();
      return llvm::any_of(end->getOpOperands(), [&](OpOperand &other) {
        return isa<TensorType>(other.get().getType()) &&
               llvm::none_of(
                   moved,
                   [&](const Carried &one) { return one.yielded == &other; }) &&
               state.areAliasingBufferizedValues(other.get(), carried.argument);
      });
    };
    for (size_t before = moved.size() + 1; moved.size() < before;) {
      before = moved.size();
      SmallVector<Carried> kept = llvm::to_vector(llvm::make_filter_range(
          moved, [&](const Carried &carried) { return !isNeeded(carried); }));
      moved = std::move(kept);
    }
    return moved;
  }

  void place(ArrayRef<Carried> moved, ArrayRef<Carried> all,
             const bufferization::OneShotAnalysisState &state) {
    OpBuilder builder(moved.front().yielded->getOwner());
    // Before anything is overwritten.
    SmallVector<Value> sources;
    for (const Carried &carried : moved) {
      Value source = carried.yielded->get();
      if (llvm::any_of(all, [&](const Carried &other) {
            return state.areAliasingBufferizedValues(source, other.argument);
          })) {
        source = bufferization::AllocTensorOp::create(
            builder, source.getLoc(), cast<RankedTensorType>(source.getType()),
            ValueRange{}, source);
        ++numCopied;
      }
      sources.push_back(source);
    }
    for (auto [carried, source] : llvm::zip(moved, sources)) {
      // A copy that the analysis may still send elsewhere: one that must be in
      // place, as materialize_in_destination, leaves it without a way out when
      // branches tie what is copied to other tensors.
      carried.yielded->set(linalg::CopyOp::create(builder, source.getLoc(),
                                                  source, carried.argument)
                               .getResult(0));
      placed.insert(carried.argument);
      ++numPlaced;
    }
  }

  DenseSet<Value> placed;
};

} // namespace
