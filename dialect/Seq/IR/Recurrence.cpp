//===- Recurrence.cpp - Loops over time with a cell region ------*- C++ -*-===//

#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

Block::BlockArgListType RecurrenceOp::getSliceArguments() {
  return getCell().front().getArguments().take_front(getScanned().size());
}

Block::BlockArgListType RecurrenceOp::getStateArguments() {
  return getCell().front().getArguments().drop_front(getScanned().size());
}

OperandRange RecurrenceOp::getYieldedStates() {
  return getCell().front().getTerminator()->getOperands().take_front(
      getInits().size());
}

OperandRange RecurrenceOp::getYieldedOutputs() {
  return getCell().front().getTerminator()->getOperands().drop_front(
      getInits().size());
}

SmallVector<Region *> RecurrenceOp::getLoopRegions() { return {&getCell()}; }

void RecurrenceOp::getAsmBlockArgumentNames(Region &region,
                                            OpAsmSetValueNameFn setName) {
  // The op may be one that the verifier has just refused.
  size_t numSlices = getScanned().size();
  for (BlockArgument argument : region.getArguments())
    setName(argument, argument.getArgNumber() < numSlices ? "x_t" : "h");
}

void RecurrenceOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  for (Value output : getOutputs())
    setName(output, "output");
  for (Value final : getFinals())
    setName(final, "final");
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// The type of one step of a scanned input or an output.
static RankedTensorType sliceType(RecurrenceOp op, Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return op.isFlat() ? withDynamicLeading(tensor) : dropLeading(tensor);
}

/// One value of an op, as diagnostics name it.
struct NamedValue {
  std::string name;
  Value value;
};

/// Reports an error of `op` under `label` unless dimension `dim` of all
/// `values` may be `known`, which `what` names. Narrows `known`. A value of a
/// smaller rank is passed over.
static LogicalResult checkShared(RecurrenceOp op, StringRef what,
                                 ArrayRef<NamedValue> values, int64_t dim,
                                 int64_t &known, StringRef label) {
  for (const NamedValue &named : values) {
    ArrayRef<int64_t> shape = tensorType(named.value).getShape();
    if (dim >= static_cast<int64_t>(shape.size()))
      continue;
    if (!mayBeEqual(shape[dim], known))
      return op.emitOpError(named.name)
             << " has shape " << shapeText(shape) << ", but " << known << ' '
             << what << " are required [" << label << "]";
    narrow(known, shape[dim]);
  }
  return success();
}

/// C7 to C9: the extents of time, batch and living rows are the same wherever
/// they occur.
static LogicalResult verifySharedExtents(RecurrenceOp op) {
  auto number = [](StringRef name, ValueRange values) {
    SmallVector<NamedValue> named;
    for (auto [index, value] : llvm::enumerate(values))
      named.push_back({(name + " " + Twine(index)).str(), value});
    return named;
  };
  // Scanned inputs and outputs have a time; what has a batch comes with it.
  SmallVector<NamedValue> series = number("scanned input", op.getScanned());
  llvm::append_range(series, number("output", op.getOutputs()));
  SmallVector<NamedValue> states = number("state", op.getInits());

  int64_t batch = ShapedType::kDynamic;
  if (op.isFlat()) {
    // C8, C9
    int64_t rows = ShapedType::kDynamic;
    if (failed(checkShared(op, "batch rows", states, 0, batch, "C8")) ||
        failed(checkShared(op, "living rows", series, 0, rows, "C9")))
      return failure();
    int64_t steps = extent(op.getCounts(), 0);
    if (ShapedType::isDynamic(steps) || ShapedType::isDynamic(batch) ||
        ShapedType::isDynamic(rows))
      return success();
    uint64_t most = llvm::SaturatingMultiply<uint64_t>(steps, batch);
    if (static_cast<uint64_t>(rows) > most)
      return op.emitOpError("stores ")
             << rows << " living rows, but " << steps << " steps of " << batch
             << " batch rows have at most " << most << " [C9]";
    return success();
  }
  // C7, C8
  int64_t time = ShapedType::kDynamic;
  if (failed(checkShared(op, "time steps", series, 0, time, "C7")) ||
      failed(checkShared(op, "batch rows", series, 1, batch, "C8")) ||
      failed(checkShared(op, "batch rows", states, 0, batch, "C8")))
    return failure();
  if (Value lengths = op.getLengths())
    return checkShared(op, "batch rows", {{"lengths", lengths}}, 0, batch,
                       "C8");
  return success();
}

LogicalResult RecurrenceOp::verify() {
  // C1
  int64_t leading = isFlat() ? 1 : 2;
  for (Value input : getScanned())
    if (tensorType(input).getRank() < leading)
      return emitOpError("scanned input has rank ")
             << tensorType(input).getRank() << ", but at least " << leading
             << " is required [C1]";
  for (Value state : getInits())
    if (tensorType(state).getRank() < 1)
      return emitOpError("state has rank 0, but at least 1 is required [C1]");

  // C3, in part: without a dimension for time there is no slice to compare
  // with.
  for (Value output : getOutputs())
    if (tensorType(output).getRank() < 1)
      return emitOpError("output has rank 0, but at least 1 is required [C3]");

  // C4
  if (getCounts() && getLengths())
    return emitOpError("has lengths and counts, but at most one of them is "
                       "allowed [C4]");
  if (getCounts() && getReverse())
    return emitOpError("is flat and reversed, but counts exclude reverse [C4]");

  // C5
  if (getInits().size() != getFinals().size())
    return emitOpError("has ")
           << getInits().size() << " initial and " << getFinals().size()
           << " final states, but one final state per initial one is required "
              "[C5]";
  for (auto [index, init, final] :
       llvm::enumerate(getInits().getTypes(), getFinals().getTypes()))
    if (init != final)
      return emitOpError("state ")
             << index << " starts as " << init << " and ends as " << final
             << ", but one type is required [C5]";

  // C6
  bool needsSteps = getScanned().empty() && !getCounts();
  if (needsSteps && !getSteps())
    return emitOpError("scans nothing, so steps or counts are required [C6]");
  if (!needsSteps && getSteps())
    return emitOpError("has steps, but they are allowed only without scanned "
                       "inputs and counts [C6]");
  return success();
}

LogicalResult RecurrenceOp::verifyRegions() {
  Block &cell = getCell().front();

  // C2
  if (cell.getNumArguments() != getScanned().size() + getInits().size())
    return emitOpError("cell takes ")
           << cell.getNumArguments() << " arguments, but "
           << getScanned().size() << " step slices and " << getInits().size()
           << " states are passed [C2]";
  for (auto [index, argument, input] :
       llvm::enumerate(getSliceArguments(), getScanned()))
    if (Type required = sliceType(*this, input.getType());
        argument.getType() != required)
      return emitOpError("step slice ")
             << index << " has type " << argument.getType() << ", but "
             << required << " is required [C2]";
  for (auto [index, argument, init] :
       llvm::enumerate(getStateArguments(), getInits())) {
    RankedTensorType required = tensorType(init);
    if (isFlat())
      required = withDynamicLeading(required);
    if (argument.getType() != required)
      return emitOpError("state argument ")
             << index << " has type " << argument.getType() << ", but "
             << required << " is required [C2]";
  }

  // C3
  Operation *yield = cell.getTerminator();
  if (yield->getNumOperands() != getInits().size() + getOutputs().size())
    return emitOpError("cell yields ")
           << yield->getNumOperands() << " values, but " << getInits().size()
           << " states and " << getOutputs().size()
           << " outputs are required [C3]";
  for (auto [index, yielded, argument] :
       llvm::enumerate(getYieldedStates(), getStateArguments()))
    if (yielded.getType() != argument.getType())
      return emitOpError("yielded state ")
             << index << " has type " << yielded.getType() << ", but "
             << argument.getType() << " is required [C3]";
  for (auto [index, yielded, output] :
       llvm::enumerate(getYieldedOutputs(), getOutputs()))
    if (Type required = sliceType(*this, output.getType());
        yielded.getType() != required)
      return emitOpError("yielded output ")
             << index << " has type " << yielded.getType() << ", but "
             << required << " is required [C3]";

  // C7-C9, after what says more of a wrong slice.
  return verifySharedExtents(*this);
}

//===----------------------------------------------------------------------===//
// Speculation and shapes
//===----------------------------------------------------------------------===//

Speculation::Speculatability RecurrenceOp::getSpeculatability() {
  // Lengths and counts may lie outside their range, dynamic extents may
  // disagree.
  if (getLengths() || getCounts() || !hasStaticOperands(*this))
    return Speculation::NotSpeculatable;
  return Speculation::RecursivelySpeculatable;
}

/// A final state has the extents of the initial one, an output the time and the
/// batch of the inputs. Features of an output come from the cell and are not
/// known beforehand.
SmallVector<ExtentSource> RecurrenceOp::getExtentSources(int64_t result) {
  int64_t numOutputs = getOutputs().size();
  SmallVector<ExtentSource> sources(tensorType(getResult(result)).getRank());
  if (result >= numOutputs) {
    for (auto [dim, source] : llvm::enumerate(sources))
      source = ExtentSource::dimension(getInits()[result - numOutputs], dim);
    return sources;
  }
  if (!getScanned().empty())
    sources[0] = ExtentSource::dimension(getScanned().front(), 0);
  else if (getSteps())
    sources[0] = ExtentSource::index(getSteps());
  if (isFlat() || sources.size() < 2)
    return sources;
  if (!getScanned().empty())
    sources[1] = ExtentSource::dimension(getScanned().front(), 1);
  else if (!getInits().empty())
    sources[1] = ExtentSource::dimension(getInits().front(), 0);
  return sources;
}
