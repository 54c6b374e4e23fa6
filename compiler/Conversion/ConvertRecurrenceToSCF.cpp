//===- ConvertRecurrenceToSCF.cpp - Recurrences to loops in place ---------===//
//
// One scf.for over time, written in destination form: a loop that carried its
// states and outputs as tensors would be bufferised with copies in every step.
// Where a state lives is decided from the cell:
//
//   history   the yielded state is also yielded as an output: its old value is
//             the slice written by the step before, so that the loop carries a
//             view;
//   in place  the yielded state is a result of one elementwise op that is also
//             the only reader of the old value, at the same positions: that op
//             gets the old value as its destination;
//   double    otherwise: two buffers, carried and swapped as views.
//
// In the flat form a step covers a falling number of rows. At its start, rows
// that the step before had and this one has not leave their state in the buffer
// of finals; the rest leaves after the loop.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/Passes.h"
#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

#define DEBUG_TYPE "convert-seq-recurrence-to-scf"

namespace seqc {
#define GEN_PASS_DEF_CONVERTRECURRENCETOSCFPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

enum class StateKind { Fixed, History, InPlace, Double };

/// Where one state lives.
struct StatePlan {
  StateKind kind = StateKind::Double;
  /// Output that holds the history.
  unsigned output = 0;
  /// The memory: that of the first value (history), the state itself (in
  /// place), the first of two (double).
  Value buffer, second;
  /// Memory of finals in the flat form; null if they are not wanted or lie in
  /// `buffer`.
  Value finals;
  /// First carried value of the loop.
  unsigned carried = 0;
};

/// The op that may update a state in place: elementwise, sole reader of the old
/// value, writer of the new. It reads the old value as an input, or already as
/// the destination of the new one.
linalg::GenericOp findInPlaceUpdate(BlockArgument state, Value yielded) {
  auto update = yielded.getDefiningOp<linalg::GenericOp>();
  if (!update || !update.hasPureTensorSemantics() || !state.hasOneUse() ||
      update.getNumReductionLoops() != 0 ||
      yielded.getType() != state.getType())
    return nullptr;
  unsigned result = cast<OpResult>(yielded).getResultNumber();
  OpOperand *init = update.getDpsInitOperand(result);
  OpOperand &use = *state.use_begin();
  if (use.getOwner() != update ||
      !update.getMatchingIndexingMap(&use).isIdentity() ||
      !update.getMatchingIndexingMap(init).isIdentity())
    return nullptr;
  if (&use == init)
    return update;
  // The destination's old contents must not matter yet.
  bool fresh = init->get().getDefiningOp<tensor::EmptyOp>() &&
               update.getRegionOutputArgs()[result].use_empty();
  return update.isDpsInput(&use) && fresh ? update : nullptr;
}

/// Makes the old state the destination of its update: `ins(old) outs(empty)`
/// becomes `outs(old)`.
void takeAsDestination(linalg::GenericOp update, BlockArgument state,
                       unsigned result) {
  OpOperand &use = *state.use_begin();
  if (&use == update.getDpsInitOperand(result))
    return;
  unsigned input = use.getOperandNumber();
  Block *body = update.getBlock();
  body->getArgument(input).replaceAllUsesWith(
      update.getRegionOutputArgs()[result]);
  SmallVector<AffineMap> maps = update.getIndexingMapsArray();
  maps.erase(maps.begin() + input);
  update.getInputsMutable().erase(input);
  body->eraseArgument(input);
  update.getDpsInitOperand(result)->set(state);
  update.setIndexingMapsAttr(
      Builder(update.getContext()).getAffineMapArrayAttr(maps));
}

/// The reverse for a state that must not be overwritten: `outs(old)` becomes
/// `ins(old) outs(empty)`.
void takeAsInput(BlockArgument state) {
  for (OpOperand &use : llvm::make_early_inc_range(state.getUses())) {
    auto reader = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!reader || !reader.isDpsInit(&use))
      continue;
    OpBuilder builder(reader);
    Location loc = reader.getLoc();
    BlockArgument old = reader.getMatchingBlockArgument(&use);
    unsigned result = use.getOperandNumber() - reader.getNumDpsInputs();
    SmallVector<AffineMap> maps = reader.getIndexingMapsArray();
    maps.insert(maps.begin() + reader.getNumDpsInputs(),
                reader.getMatchingIndexingMap(&use));
    BlockArgument input = reader.getBlock()->insertArgument(
        reader.getNumDpsInputs(), old.getType(), loc);
    old.replaceAllUsesWith(input);
    reader.getInputsMutable().append(state);
    reader.setIndexingMapsAttr(builder.getAffineMapArrayAttr(maps));
    reader.getDpsInitOperand(result)->set(tensor::EmptyOp::create(
        builder, loc, tensor::getMixedSizes(builder, loc, state),
        getElementTypeOrSelf(state)));
  }
}

class RecurrenceConverter {
public:
  explicit RecurrenceConverter(seq::RecurrenceOp op)
      : op(op), builder(op), loc(op.getLoc()) {}

  ArrayRef<StatePlan> plans() const { return states; }

  LogicalResult run() {
    if (op.getLengths())
      return op.emitOpError("still has lengths; 'seq-pack-ragged' must run "
                            "before 'convert-seq-recurrence-to-scf'");
    if (failed(findExtents()))
      return failure();
    planStates();
    if (failed(allocate()))
      return failure();
    emitLoop();
    return success();
  }

private:
  Value index(OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(builder, loc, value);
  }
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }

  LogicalResult findExtents() {
    if (op.getCounts())
      steps = index(tensor::getMixedSize(builder, loc, op.getCounts(), 0));
    else if (op.getSteps())
      steps = op.getSteps();
    else
      steps = index(tensor::getMixedSize(builder, loc, op.getScanned()[0], 0));
    if (!op.getInits().empty())
      batch = tensor::getMixedSize(builder, loc, op.getInits()[0], 0);
    else if (!op.isFlat() && !op.getScanned().empty())
      batch = tensor::getMixedSize(builder, loc, op.getScanned()[0], 1);
    else
      return op.emitOpError("has neither a state nor a scanned input that "
                            "gives the number of rows");
    return success();
  }

  void planStates() {
    for (auto [argument, yielded] :
         llvm::zip(op.getStateArguments(), op.getYieldedStates())) {
      StatePlan plan;
      auto outputs = op.getYieldedOutputs();
      auto found = llvm::find(outputs, yielded);
      if (yielded == argument) {
        plan.kind = StateKind::Fixed;
      } else if (found != outputs.end() &&
                 yielded.getType() == argument.getType() &&
                 op.getCell().isAncestor(yielded.getParentRegion())) {
        plan.kind = StateKind::History;
        plan.output = found - outputs.begin();
      } else if (linalg::GenericOp update =
                     findInPlaceUpdate(argument, yielded)) {
        takeAsDestination(update, argument,
                          cast<OpResult>(yielded).getResultNumber());
        plan.kind = StateKind::InPlace;
      }
      if (plan.kind != StateKind::InPlace)
        takeAsInput(argument);
      states.push_back(plan);
    }
  }

  /// Extents of a tensor of this type whose dynamic extents are `leading`, in
  /// order.
  FailureOr<SmallVector<Value>> dynamicExtents(RankedTensorType type,
                                               ArrayRef<OpFoldResult> leading) {
    SmallVector<Value> sizes;
    for (int64_t d = 0; d < type.getRank(); ++d) {
      if (!type.isDynamicDim(d))
        continue;
      if (d >= static_cast<int64_t>(leading.size()))
        return op.emitOpError()
               << "has a dynamic extent in dimension " << d << " of " << type
               << "; only time and batch may be dynamic";
      sizes.push_back(index(leading[d]));
    }
    return sizes;
  }

  FailureOr<Value> allocateLike(RankedTensorType type,
                                ArrayRef<OpFoldResult> leading) {
    FailureOr<SmallVector<Value>> sizes = dynamicExtents(type, leading);
    if (failed(sizes))
      return failure();
    return Value(memref::AllocOp::create(
        builder, loc, MemRefType::get(type.getShape(), type.getElementType()),
        *sizes));
  }

  FailureOr<Value> allocateWith(Value init) {
    FailureOr<Value> buffer =
        allocateLike(cast<RankedTensorType>(init.getType()), {batch});
    if (succeeded(buffer))
      bufferization::MaterializeInDestinationOp::create(
          builder, loc, Type(), init, *buffer, true, true);
    return buffer;
  }

  LogicalResult allocate() {
    for (Value output : op.getOutputs()) {
      SmallVector<OpFoldResult> leading{OpFoldResult(steps), batch};
      if (op.isFlat()) {
        if (op.getScanned().empty())
          return op.emitOpError("in flat form needs a scanned input that gives "
                                "the number of rows");
        leading = {tensor::getMixedSize(builder, loc, op.getScanned()[0], 0)};
      }
      FailureOr<Value> buffer =
          allocateLike(cast<RankedTensorType>(output.getType()), leading);
      if (failed(buffer))
        return failure();
      outputs.push_back(*buffer);
    }
    for (auto [i, init] : llvm::enumerate(op.getInits())) {
      StatePlan &plan = states[i];
      if (plan.kind == StateKind::Fixed)
        continue;
      FailureOr<Value> buffer = allocateWith(init);
      if (failed(buffer))
        return failure();
      plan.buffer = *buffer;
      if (plan.kind == StateKind::Double) {
        FailureOr<Value> second =
            allocateLike(cast<RankedTensorType>(init.getType()), {batch});
        if (failed(second))
          return failure();
        plan.second = *second;
      }
      if (op.isFlat() && plan.kind != StateKind::InPlace &&
          !op.getFinals()[i].use_empty()) {
        FailureOr<Value> finals =
            allocateLike(cast<RankedTensorType>(init.getType()), {batch});
        if (failed(finals))
          return failure();
        plan.finals = *finals;
      }
    }
    return success();
  }

  /// A buffer seen through a view whose offset is only known at run time, as
  /// loops carry it.
  Value withDynamicOffset(Value buffer) {
    auto type = cast<MemRefType>(buffer.getType());
    SmallVector<int64_t> strides;
    int64_t offset;
    (void)type.getStridesAndOffset(strides, offset);
    auto target =
        MemRefType::get(type.getShape(), type.getElementType(),
                        StridedLayoutAttr::get(builder.getContext(),
                                               ShapedType::kDynamic, strides));
    return type == target ? buffer
                          : memref::CastOp::create(builder, loc, target, buffer)
                                .getResult();
  }

  /// Rows [first, first + count) of a buffer whose dimension 0 is rows.
  Value rowsOf(Value buffer, OpFoldResult first, OpFoldResult count) {
    auto type = cast<MemRefType>(buffer.getType());
    SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0)),
        strides(type.getRank(), builder.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes =
        memref::getMixedSizes(builder, loc, buffer);
    offsets[0] = first;
    sizes[0] = count;
    return memref::SubViewOp::create(builder, loc, buffer, offsets, sizes,
                                     strides);
  }

  /// Leaves the state of rows [first, end) in the buffer of finals.
  void leaveRows(const StatePlan &plan, Value from, Value first, Value end) {
    Value count = arith::SubIOp::create(builder, loc, end, first);
    memref::CopyOp::create(builder, loc, rowsOf(from, first, count),
                           rowsOf(plan.finals, first, count));
  }

  /// The slice of output `i` that this step writes.
  Value outputSlice(unsigned i) {
    Value buffer = outputs[i];
    auto type = cast<MemRefType>(buffer.getType());
    if (op.isFlat())
      return rowsOf(buffer, offset, OpFoldResult(count));
    SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0)),
        strides(type.getRank(), builder.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes =
        memref::getMixedSizes(builder, loc, buffer);
    offsets[0] = time;
    sizes[0] = builder.getIndexAttr(1);
    MemRefType reduced = memref::SubViewOp::inferRankReducedResultType(
        type.getShape().drop_front(), type, offsets, sizes, strides);
    return memref::SubViewOp::create(builder, loc, reduced, buffer, offsets,
                                     sizes, strides);
  }

  Value scannedSlice(Value input, Type sliceType) {
    auto type = cast<RankedTensorType>(input.getType());
    SmallVector<OpFoldResult> offsets(type.getRank(), builder.getIndexAttr(0)),
        strides(type.getRank(), builder.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(builder, loc, input);
    offsets[0] = op.isFlat() ? offset : time;
    sizes[0] = op.isFlat() ? OpFoldResult(count)
                           : OpFoldResult(builder.getIndexAttr(1));
    return tensor::ExtractSliceOp::create(builder, loc,
                                          cast<RankedTensorType>(sliceType),
                                          input, offsets, sizes, strides);
  }

  void emitLoop() {
    // Carried: flat: offset and rows of the step before; then views of states.
    SmallVector<Value> inits;
    if (op.isFlat())
      inits = {constant(0), index(batch)};
    for (StatePlan &plan : states) {
      plan.carried = inits.size();
      if (plan.kind == StateKind::History || plan.kind == StateKind::Double)
        inits.push_back(withDynamicOffset(plan.buffer));
      if (plan.kind == StateKind::Double)
        inits.push_back(withDynamicOffset(plan.second));
    }
    auto loop = scf::ForOp::create(builder, loc, constant(0), steps,
                                   constant(1), inits);
    seq::mark<seq::FlushMark>(loop);
    {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(loop.getBody());
      emitStep(loop);
    }
    replaceResults(loop);
  }

  void emitStep(scf::ForOp loop) {
    time = loop.getInductionVar();
    if (op.getReverse()) {
      Value last = arith::SubIOp::create(builder, loc, steps, constant(1));
      time = arith::SubIOp::create(builder, loc, last, loop.getInductionVar())
                 .getResult();
    }
    Value before;
    if (op.isFlat()) {
      offset = loop.getRegionIterArg(0);
      before = loop.getRegionIterArg(1);
      count = tensor::ExtractOp::create(builder, loc, op.getCounts(),
                                        cast<Value>(time));
    }
    IRMapping map;
    for (auto [input, argument] :
         llvm::zip(op.getScanned(), op.getSliceArguments()))
      if (!argument.use_empty())
        map.map(argument, scannedSlice(input, argument.getType()));
    SmallVector<Value> slices;
    for (unsigned i = 0; i < outputs.size(); ++i)
      slices.push_back(outputSlice(i));

    SmallVector<Value> targets(states.size());
    for (auto [i, plan] : llvm::enumerate(states)) {
      BlockArgument argument = op.getStateArguments()[i];
      if (plan.kind == StateKind::Fixed) {
        map.map(argument, fixedState(op.getInits()[i], argument.getType()));
        continue;
      }
      Value old = plan.kind == StateKind::InPlace
                      ? plan.buffer
                      : loop.getRegionIterArg(plan.carried);
      if (plan.finals)
        leaveRows(plan, old, count, before);
      if (plan.kind == StateKind::InPlace)
        targets[i] = op.isFlat() ? rowsOf(old, builder.getIndexAttr(0),
                                          OpFoldResult(count))
                                 : old;
      if (plan.kind == StateKind::Double) {
        Value next = loop.getRegionIterArg(plan.carried + 1);
        targets[i] = op.isFlat() ? rowsOf(next, builder.getIndexAttr(0),
                                          OpFoldResult(count))
                                 : next;
      }
      Value view = plan.kind == StateKind::InPlace ? targets[i]
                   : op.isFlat() ? rowsOf(old, builder.getIndexAttr(0),
                                          OpFoldResult(count))
                                 : old;
      map.map(argument,
              bufferization::ToTensorOp::create(
                  builder, loc, argument.getType(), view, /*restrict=*/true,
                  /*writable=*/plan.kind == StateKind::InPlace));
    }
    for (Operation &nested : op.getCell().front().without_terminator())
      builder.clone(nested, map);
    for (auto [i, yielded] : llvm::enumerate(op.getYieldedOutputs()))
      store(map.lookupOrDefault(yielded), slices[i]);
    for (auto [i, yielded] : llvm::enumerate(op.getYieldedStates()))
      if (targets[i])
        store(map.lookupOrDefault(yielded), targets[i]);

    SmallVector<Value> carried;
    if (op.isFlat())
      carried = {
          arith::AddIOp::create(builder, loc, cast<Value>(offset), count),
          count};
    for (StatePlan &plan : states) {
      if (plan.kind == StateKind::History)
        carried.push_back(
            castTo(slices[plan.output],
                   loop.getRegionIterArg(plan.carried).getType()));
      if (plan.kind == StateKind::Double) {
        carried.push_back(loop.getRegionIterArg(plan.carried + 1));
        carried.push_back(loop.getRegionIterArg(plan.carried));
      }
    }
    // A loop that carries nothing is born with its terminator.
    if (!carried.empty())
      scf::YieldOp::create(builder, loc, carried);
  }

  Value castTo(Value view, Type type) {
    return view.getType() == type
               ? view
               : memref::CastOp::create(builder, loc, type, view).getResult();
  }

  /// A state that no step changes: its initial value, in the flat form the rows
  /// of the step.
  Value fixedState(Value init, Type type) {
    if (!op.isFlat())
      return init;
    auto ranked = cast<RankedTensorType>(init.getType());
    SmallVector<OpFoldResult> offsets(ranked.getRank(),
                                      builder.getIndexAttr(0)),
        strides(ranked.getRank(), builder.getIndexAttr(1));
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, init);
    sizes[0] = OpFoldResult(count);
    return tensor::ExtractSliceOp::create(builder, loc,
                                          cast<RankedTensorType>(type), init,
                                          offsets, sizes, strides);
  }

  void store(Value value, Value target) {
    bufferization::MaterializeInDestinationOp::create(
        builder, loc, Type(), value, target, true, true);
  }

  void replaceResults(scf::ForOp loop) {
    for (auto [output, buffer] : llvm::zip(op.getOutputs(), outputs))
      if (!output.use_empty())
        output.replaceAllUsesWith(bufferization::ToTensorOp::create(
            builder, loc, output.getType(), buffer, true, false));
    for (auto [i, final] : llvm::enumerate(op.getFinals())) {
      StatePlan &plan = states[i];
      if (final.use_empty())
        continue;
      Value result;
      if (plan.kind == StateKind::Fixed) {
        final.replaceAllUsesWith(op.getInits()[i]);
        continue;
      }
      if (plan.kind == StateKind::InPlace)
        result = plan.buffer;
      else if (plan.finals) {
        leaveRows(plan, loop.getResult(plan.carried), constant(0),
                  loop.getResult(1));
        result = plan.finals;
      } else {
        result = loop.getResult(plan.carried);
      }
      final.replaceAllUsesWith(bufferization::ToTensorOp::create(
          builder, loc, final.getType(), result, true, false));
    }
    op.erase();
  }

  seq::RecurrenceOp op;
  OpBuilder builder;
  Location loc;
  Value steps;
  OpFoldResult batch;
  SmallVector<StatePlan> states;
  SmallVector<Value> outputs;
  // Of the step being written.
  OpFoldResult time, offset;
  Value count;
};

struct ConvertRecurrenceToSCF
    : seqc::impl::ConvertRecurrenceToSCFPassBase<ConvertRecurrenceToSCF> {
  void runOnOperation() override {
    SmallVector<seq::RecurrenceOp> found;
    getOperation().walk<WalkOrder::PreOrder>(
        [&](seq::RecurrenceOp op) { found.push_back(op); });
    // Innermost first: an outer cell is cloned with its inner loops.
    for (seq::RecurrenceOp op : llvm::reverse(found)) {
      RecurrenceConverter converter(op);
      if (failed(converter.run()))
        return signalPassFailure();
      for (const StatePlan &plan : converter.plans()) {
        numHistory += plan.kind == StateKind::History;
        numInPlace += plan.kind == StateKind::InPlace;
        numDouble += plan.kind == StateKind::Double;
      }
    }
  }
};

} // namespace
