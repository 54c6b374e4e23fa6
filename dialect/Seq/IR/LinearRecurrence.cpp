//===- LinearRecurrence.cpp - Recurrences linear in their state -----------===//

#include "dialect/Seq/IR/RuntimeChecks.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

namespace {
/// An operand with a slice per step, and what lies behind its heads.
struct StepOperand {
  StringRef name;
  Value value;
  SmallVector<int64_t> features;
};
} // namespace

/// The operands with a slice per step that are given.
static SmallVector<StepOperand> stepOperands(LinearRecurrenceOp op) {
  ArrayRef<int64_t> state = op.getInit().getType().getShape();
  int64_t keys = state[2], values = state[3];
  SmallVector<StepOperand> given;
  for (const StepOperand &operand :
       {StepOperand{"matrix", op.getMatrix(), {keys, keys}},
        StepOperand{"decay", op.getDecay(), {keys, values}},
        StepOperand{"lookup", op.getLookup(), {keys}},
        StepOperand{"erase", op.getErase(), {keys}},
        StepOperand{"key", op.getKey(), {keys}},
        StepOperand{"value", op.getValue(), {values}},
        StepOperand{"query", op.getQuery(), {keys}}})
    if (operand.value)
      given.push_back(operand);
  return given;
}

SmallVector<Value> LinearRecurrenceOp::getStepOperands() {
  return llvm::map_to_vector(
      stepOperands(*this), [](const StepOperand &each) { return each.value; });
}

/// The first of the operands whose dimension `dim` is not statically 1.
static Value findFullOperand(LinearRecurrenceOp op, int64_t dim) {
  for (Value value : op.getStepOperands())
    if (extent(value, dim) != 1)
      return value;
  return nullptr;
}

Value LinearRecurrenceOp::getTimeOperand() { return findFullOperand(*this, 0); }

int64_t LinearRecurrenceOp::getNumHeads() { return extent(getInit(), 1); }

int64_t LinearRecurrenceOp::getNumQueryHeads() {
  return getQuery() ? std::max(extent(getQuery(), 2), getNumHeads())
                    : getNumHeads();
}

/// What follows time and rows in `outputs`.
static SmallVector<int64_t> outputFeatures(LinearRecurrenceOp op) {
  ArrayRef<int64_t> state = op.getInit().getType().getShape();
  if (!op.getQuery())
    return SmallVector<int64_t>(state.drop_front());
  return {op.getNumQueryHeads(), state[3]};
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// C1: the state.
static LogicalResult verifyState(LinearRecurrenceOp op) {
  ArrayRef<int64_t> shape = op.getInit().getType().getShape();
  // Dynamic extents are negative.
  if (shape.size() == 4 &&
      llvm::all_of(shape.drop_front(), [](int64_t size) { return size > 0; }))
    return success();
  return op.emitOpError("init has shape ")
         << shapeText(shape)
         << ", but rows, heads, keys and values are required, static but for "
            "the rows and at least 1 [C1]";
}

/// C2: one operand with a slice per step. Narrows the extents of time and rows.
static LogicalResult verifyStep(LinearRecurrenceOp op,
                                const StepOperand &operand, int64_t &time,
                                int64_t &rows) {
  ArrayRef<int64_t> shape = tensorType(operand.value).getShape();
  int64_t heads = op.getNumHeads();
  bool isDecay = operand.value == op.getDecay();
  SmallVector<int64_t> wanted = {time, rows, heads};
  llvm::append_range(wanted, operand.features);
  auto error = [&]() {
    return op.emitOpError(operand.name)
           << " has shape " << shapeText(shape) << ", but " << shapeText(wanted)
           << " is required, with 1 in place of time or rows"
           << (isDecay ? ", keys or values" : "")
           << " and heads that are static and divide " << heads
           << (operand.value == op.getQuery() ? " or a multiple" : "")
           << " [C2]";
  };
  if (shape.size() != wanted.size())
    return error();
  int64_t groups = shape[2];
  bool fits = groups > 0 && heads % groups == 0;
  if (operand.value == op.getQuery())
    fits |= groups > 0 && groups % heads == 0;
  for (auto [dim, size] : llvm::enumerate(shape)) {
    bool mayRepeat = dim < 2 || (isDecay && dim > 2);
    if (dim != 2 && !(mayRepeat && size == 1))
      fits &= dim < 2 ? mayBeEqual(size, wanted[dim]) : size == wanted[dim];
  }
  if (!fits)
    return error();
  for (auto [known, found] : {std::pair(&time, shape[0]), {&rows, shape[1]}})
    if (found != 1)
      narrow(*known, found);
  return success();
}

LogicalResult LinearRecurrenceOp::verify() {
  if (failed(verifyState(*this)))
    return failure();
  int64_t time = ShapedType::kDynamic, rows = extent(getInit(), 0);
  for (const StepOperand &operand : stepOperands(*this))
    if (failed(verifyStep(*this, operand, time, rows)))
      return failure();
  if (!getTimeOperand())
    time = 1;
  // C3
  if (static_cast<bool>(getLookup()) != static_cast<bool>(getErase()) ||
      (getErase() && getSemiring() != Semiring::Real))
    return emitOpError("has ")
           << (getErase() ? getLookup() ? "lookup and erase" : "erase alone"
                          : "lookup alone")
           << " in the semiring '" << stringifySemiring(getSemiring())
           << "', but both or none, and 'real' with them, are required [C3]";
  // C4
  if (getKey() && !getValue())
    return emitOpError("has a key, but no value that is written there is "
                       "given, as is required [C4]");
  if (getQuery() && !getOutputs())
    return emitOpError("has a query, but no outputs, which are required "
                       "[C4]");
  // C5
  if (Value outputs = getOutputs()) {
    SmallVector<int64_t> wanted = {time, rows};
    llvm::append_range(wanted, outputFeatures(*this));
    if (failed(checkAndNarrow(*this, "outputs", tensorType(outputs), wanted,
                              "C5")))
      return failure();
    rows = wanted[1];
  }
  if (getFinal().getType() != getInit().getType())
    return emitOpError("final has type ")
           << getFinal().getType() << ", but that of init, "
           << getInit().getType() << ", is required [C5]";
  // C6
  if (Value lengths = getLengths())
    if (failed(
            checkAndNarrow(*this, "lengths", tensorType(lengths), rows, "C6")))
      return failure();
  // C7
  Type element = getInit().getType().getElementType();
  for (const StepOperand &operand : stepOperands(*this)) {
    Type given = tensorType(operand.value).getElementType();
    if (given.getIntOrFloatBitWidth() > element.getIntOrFloatBitWidth())
      return emitOpError(operand.name)
             << " has element type " << given << ", but at most that of init, "
             << element << ", is required [C7]";
  }
  return success();
}

Speculation::Speculatability LinearRecurrenceOp::getSpeculatability() {
  return hasStaticOperands(*this) && !getLengths()
             ? Speculation::Speculatable
             : Speculation::NotSpeculatable;
}

void LinearRecurrenceOp::generateRuntimeVerification(
    OpBuilder &builder, Location loc,
    function_ref<std::string(Operation *, StringRef)> describe) {
  RuntimeChecks checks(builder, loc, *this, describe);
  SmallVector<NamedExtent> times, rows = {checks.named("init", getInit(), 0)};
  for (const StepOperand &operand : stepOperands(*this))
    for (auto [dim, extents] : {std::pair(0, &times), {1, &rows}})
      if (extent(operand.value, dim) != 1)
        extents->push_back(checks.named(operand.name, operand.value, dim));
  if (times.empty())
    times.push_back({"a step", builder.getIndexAttr(1)});
  // C2, C5 and C6
  SmallVector<NamedExtent> results = {times.front()},
                           resultRows = {rows.front()};
  if (Value outputs = getOutputs()) {
    results.push_back(checks.namedResult("outputs", outputs, 0));
    resultRows.push_back(checks.namedResult("outputs", outputs, 1));
  }
  checks.requireShared(times, "time steps", "C2");
  checks.requireShared(rows, "batch rows", "C2");
  checks.requireShared(results, "time steps", "C5");
  checks.requireShared(resultRows, "batch rows", "C5");
  if (Value lengths = getLengths()) {
    checks.requireShared({rows.front(), checks.named("lengths", lengths, 0)},
                         "batch rows", "C6");
    checks.requireElements(
        "lengths", {lengths, builder.getIndexAttr(0), times.front().size, {}},
        "R1");
  }
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

/// Extents of `final` and of `outputs`.
SmallVector<ExtentSource> LinearRecurrenceOp::getExtentSources(int64_t result) {
  bool isFinal = getResult(result) == getFinal();
  SmallVector<ExtentSource> sources;
  if (!isFinal) {
    Value time = getTimeOperand();
    sources.push_back(time ? ExtentSource::dimension(time, 0)
                           : ExtentSource::constant(1));
  }
  sources.push_back(ExtentSource::dimension(getInit(), 0));
  for (int64_t size : isFinal ? SmallVector<int64_t>(
                                    getInit().getType().getShape().drop_front())
                              : outputFeatures(*this))
    sources.push_back(ExtentSource::constant(size));
  return sources;
}

//===----------------------------------------------------------------------===//
// Canonical form
//===----------------------------------------------------------------------===//

namespace {

/// What nobody reads is not computed.
struct DropUnusedOutputs : public OpRewritePattern<LinearRecurrenceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(LinearRecurrenceOp op,
                                PatternRewriter &rewriter) const override {
    // Without its query the op must still know how many steps there are.
    Value outputs = op.getOutputs(), query = op.getQuery();
    if (!outputs || !outputs.use_empty() ||
        (query && op.getTimeOperand() == query))
      return failure();
    auto lean = LinearRecurrenceOp::create(
        rewriter, op.getLoc(), op.getFinal().getType(), Type(),
        op.getSemiring(), op.getInit(), op.getMatrix(), op.getDecay(),
        op.getLookup(), op.getErase(), op.getKey(), op.getValue(),
        /*query=*/Value(), op.getLengths(), op.getReverse());
    lean->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.replaceAllUsesWith(op.getFinal(), lean.getFinal());
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void LinearRecurrenceOp::getCanonicalizationPatterns(
    RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropUnusedOutputs>(context);
}
