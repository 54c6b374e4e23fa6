//===- RecurrenceBufferization.cpp - Recurrences as loops in place --------===//
//
// How seq.recurrence implements upstream's BufferizableOpInterface: one scf.for
// over time, which carries views of memory. The cell stays on tensors, in
// destination form, to be tiled: a loop that carried its states and outputs as
// tensors would be bufferised with copies in every step.
//
// In the flat form a step covers a falling number of rows. At its start, rows
// that the step before had and this one has not leave their state in the buffer
// of finals; the rest leaves after the loop.
//
//===----------------------------------------------------------------------===//

#include "compiler/Conversion/RecurrenceBufferization.h"

#include "compiler/Conversion/RecurrenceStates.h"
#include "dialect/Seq/IR/Marks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace seqc;

namespace {

/// Memory of one state.
struct StateMemory : StatePlan {
  explicit StateMemory(StatePlan plan) : StatePlan(plan) {}

  /// That of the first value (history), the state itself (in place), the first
  /// of two (double).
  Value buffer, second;
  /// Memory of finals in the flat form; null if they are not wanted or lie in
  /// `buffer`.
  Value finals;
  /// First carried value of the loop.
  unsigned carried = 0;
};

/// Writes the loop of one recurrence that `verifyBufferizable` accepts.
class RecurrenceBufferizer {
public:
  RecurrenceBufferizer(RewriterBase &builder, seq::RecurrenceOp op)
      : op(op), builder(builder), loc(op.getLoc()) {}

  void run() {
    SmallVector<StatePlan> plans = planStates(op);
    setDestinations(builder, op, plans);
    states.append(plans.begin(), plans.end());
    builder.setInsertionPoint(op);
    findExtents();
    allocate();
    emitLoop();
  }

private:
  Value index(OpFoldResult value) {
    return getValueOrCreateConstantIndexOp(builder, loc, value);
  }
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }

  void findExtents() {
    if (op.getCounts())
      steps = index(tensor::getMixedSize(builder, loc, op.getCounts(), 0));
    else if (op.getSteps())
      steps = op.getSteps();
    else
      steps = index(tensor::getMixedSize(builder, loc, op.getScanned()[0], 0));
    batch = op.getInits().empty()
                ? tensor::getMixedSize(builder, loc, op.getScanned()[0], 1)
                : tensor::getMixedSize(builder, loc, op.getInits()[0], 0);
  }

  /// Memory for a tensor of this type whose first extents are `leading`; others
  /// are static.
  Value allocateLike(Type type, ArrayRef<OpFoldResult> leading) {
    auto tensorType = cast<RankedTensorType>(type);
    SmallVector<Value> sizes;
    for (auto [extent, size] : llvm::zip(tensorType.getShape(), leading))
      if (ShapedType::isDynamic(extent))
        sizes.push_back(index(size));
    return memref::AllocOp::create(
        builder, loc,
        MemRefType::get(tensorType.getShape(), tensorType.getElementType()),
        sizes);
  }

  void allocate() {
    SmallVector<OpFoldResult> leading{OpFoldResult(steps), batch};
    if (op.isFlat() && !op.getOutputs().empty())
      leading = {tensor::getMixedSize(builder, loc, op.getScanned()[0], 0)};
    for (Value output : op.getOutputs())
      outputs.push_back(allocateLike(output.getType(), leading));
    for (auto [i, init] : llvm::enumerate(op.getInits())) {
      StateMemory &state = states[i];
      if (state.kind == StateKind::Fixed)
        continue;
      state.buffer = allocateLike(init.getType(), {batch});
      store(init, state.buffer);
      if (state.kind == StateKind::Double)
        state.second = allocateLike(init.getType(), {batch});
      if (op.isFlat() && state.kind != StateKind::InPlace &&
          !op.getFinals()[i].use_empty())
        state.finals = allocateLike(init.getType(), {batch});
    }
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

  /// The rows of a state that this step works on.
  Value livingRows(Value buffer) {
    return op.isFlat()
               ? rowsOf(buffer, builder.getIndexAttr(0), OpFoldResult(count))
               : buffer;
  }

  /// Leaves the state of rows [first, end) in the buffer of finals.
  void leaveRows(const StateMemory &plan, Value from, Value first, Value end) {
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
    for (StateMemory &plan : states) {
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
        targets[i] = livingRows(old);
      if (plan.kind == StateKind::Double)
        targets[i] = livingRows(loop.getRegionIterArg(plan.carried + 1));
      Value view =
          plan.kind == StateKind::InPlace ? targets[i] : livingRows(old);
      map.map(argument,
              ToTensorOp::create(builder, loc, argument.getType(), view,
                                 /*restrict=*/true,
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
    for (StateMemory &plan : states) {
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
    MaterializeInDestinationOp::create(builder, loc, Type(), value, target,
                                       true, true);
  }

  void replaceResults(scf::ForOp loop) {
    SmallVector<Value> results;
    for (auto [output, buffer] : llvm::zip(op.getOutputs(), outputs))
      results.push_back(readResult(output, buffer));
    for (auto [i, final] : llvm::enumerate(op.getFinals()))
      results.push_back(states[i].kind == StateKind::Fixed
                            ? op.getInits()[i]
                            : readResult(final, findFinal(loop, states[i])));
    builder.replaceOp(op, results);
  }

  /// Where the last value of a state that changes is found after the loop.
  Value findFinal(scf::ForOp loop, const StateMemory &plan) {
    if (plan.kind == StateKind::InPlace)
      return plan.buffer;
    if (!plan.finals)
      return loop.getResult(plan.carried);
    leaveRows(plan, loop.getResult(plan.carried), constant(0),
              loop.getResult(1));
    return plan.finals;
  }

  Value readResult(Value result, Value buffer) {
    return ToTensorOp::create(builder, loc, result.getType(), buffer,
                              /*restrict=*/true,
                              /*writable=*/false);
  }

  seq::RecurrenceOp op;
  RewriterBase &builder;
  Location loc;
  Value steps;
  OpFoldResult batch;
  SmallVector<StateMemory> states;
  SmallVector<Value> outputs;
  // Of the step being written.
  OpFoldResult time, offset;
  Value count;
};

/// The recurrence reads its operands and allocates its results; the states'
/// memory is that of the loop.
struct RecurrenceModel
    : BufferizableOpInterface::ExternalModel<RecurrenceModel,
                                             seq::RecurrenceOp> {
  bool bufferizesToAllocation(Operation *, Value) const { return true; }
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const AnalysisState &) const {
    return true;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *, OpOperand &,
                                      const AnalysisState &) const {
    return {};
  }
  bool isRepetitiveRegion(Operation *, unsigned) const { return true; }

  LogicalResult bufferize(Operation *operation, RewriterBase &rewriter,
                          const BufferizationOptions &,
                          BufferizationState &) const {
    auto op = cast<seq::RecurrenceOp>(operation);
    if (failed(verifyBufferizable(op)))
      return failure();
    RecurrenceBufferizer(rewriter, op).run();
    return success();
  }
};

} // namespace

/// Fails if an extent of `type` beyond the first `leading` ones is dynamic.
static LogicalResult verifyExtents(seq::RecurrenceOp op, Type type,
                                   int64_t leading) {
  auto tensorType = cast<RankedTensorType>(type);
  for (int64_t d = leading; d < tensorType.getRank(); ++d)
    if (tensorType.isDynamicDim(d))
      return op.emitOpError()
             << "has a dynamic extent in dimension " << d << " of " << type
             << "; only time and batch may be dynamic";
  return success();
}

LogicalResult seqc::verifyBufferizable(seq::RecurrenceOp op) {
  if (op.getLengths())
    return op.emitOpError("still has lengths; 'seq-pack-ragged' must run "
                          "before 'convert-seq-recurrence-to-scf'");
  if (op.getInits().empty() && (op.isFlat() || op.getScanned().empty()))
    return op.emitOpError("has neither a state nor a scanned input that "
                          "gives the number of rows");
  if (op.isFlat() && op.getScanned().empty() && !op.getOutputs().empty())
    return op.emitOpError("in flat form needs a scanned input that gives "
                          "the number of rows");
  for (Type type : op.getOutputs().getTypes())
    if (failed(verifyExtents(op, type, op.isFlat() ? 1 : 2)))
      return failure();
  for (auto [init, plan] : llvm::zip_equal(op.getInits(), planStates(op)))
    if (plan.kind != StateKind::Fixed &&
        failed(verifyExtents(op, init.getType(), 1)))
      return failure();
  return success();
}

void seqc::registerRecurrenceBufferization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seq::SeqDialect *) {
    seq::RecurrenceOp::attachInterface<RecurrenceModel>(*context);
  });
}
