//===- Generate.cpp - Search over a decoder step ----------------*- C++ -*-===//

#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/SmallSet.h"

#include <limits>

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

/// Region arguments before the states: id, row and position.
static constexpr unsigned numLeading = 3;

/// End ids that a search compares every token with.
static constexpr size_t maxEndIds = 16;

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

int64_t GenerateOp::getWidth() {
  auto beam = dyn_cast<BeamAttr>(getSearch());
  return beam ? beam.getWidth() : 1;
}

int64_t GenerateOp::getNumBest() {
  auto beam = dyn_cast<BeamAttr>(getSearch());
  return beam ? beam.getNBest() : 1;
}

double GenerateOp::getLengthPenalty() {
  if (auto beam = dyn_cast<BeamAttr>(getSearch()))
    return beam.getLengthPenalty().convertToDouble();
  if (auto sample = dyn_cast<SampleAttr>(getSearch()))
    return sample.getLengthPenalty().convertToDouble();
  return cast<GreedyAttr>(getSearch()).getLengthPenalty().convertToDouble();
}

SmallVector<Value> GenerateOp::getSamplingOperands() {
  return {getTemperature(), getTopP(), getTopK(), getSeed(), getFirstRow()};
}

Block::BlockArgListType GenerateOp::getStateArguments() {
  return getStep().front().getArguments().drop_front(numLeading);
}

SmallVector<Region *> GenerateOp::getLoopRegions() { return {&getStep()}; }

void GenerateOp::getAsmBlockArgumentNames(Region &region,
                                          OpAsmSetValueNameFn setName) {
  static constexpr StringLiteral leading[numLeading] = {"id", "row", "pos"};
  for (auto [index, argument] : llvm::enumerate(region.getArguments()))
    setName(argument, index < numLeading ? leading[index] : "h");
}

void GenerateOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getTokens(), "tokens");
  setName(getLengths(), "lengths");
  setName(getScores(), "scores");
  setName(getWhy(), "why");
  for (Value trace : getTraces())
    setName(trace, "trace");
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// C6, in part: the shapes of all results, with the extents that they share.
/// What a trace is made of, the region tells.
static LogicalResult verifyResultShapes(GenerateOp op, int64_t rows) {
  SmallVector<int64_t> shared = {rows, op.getNumBest(), ShapedType::kDynamic};
  if (failed(
          checkAndNarrow(op, "tokens", op.getTokens().getType(), shared, "C6")))
    return failure();
  MutableArrayRef<int64_t> rowsAndBest(shared.data(), 2);
  if (failed(checkAndNarrow(op, "lengths", op.getLengths().getType(),
                            rowsAndBest, "C6")) ||
      failed(checkAndNarrow(op, "scores", op.getScores().getType(), rowsAndBest,
                            "C6")) ||
      failed(
          checkAndNarrow(op, "why", op.getWhy().getType(), rowsAndBest, "C6")))
    return failure();
  for (auto [index, trace] : llvm::enumerate(op.getTraces())) {
    ArrayRef<int64_t> shape = tensorType(trace).getShape();
    SmallVector<int64_t> required = shared;
    // Of a rank that is too small or too large the region's types tell.
    if (shape.size() < shared.size())
      continue;
    llvm::append_range(required, shape.drop_front(shared.size()));
    if (failed(checkShape(op, ("trace " + Twine(index)).str(),
                          tensorType(trace), required, "C6")))
      return failure();
    for (auto [known, found] : llvm::zip(shared, shape))
      narrow(known, found);
  }
  return success();
}

LogicalResult GenerateOp::verify() {
  // C1, in part: states have a dimension for the lanes.
  for (Value init : getInits())
    if (tensorType(init).getRank() < 1)
      return emitOpError("state has rank 0, but at least 1 is required [C1]");

  // C4, in part
  if (getEnd().size() > maxEndIds)
    return emitOpError("has ") << getEnd().size() << " end ids, but at most "
                               << maxEndIds << " are allowed [C4]";
  llvm::SmallSet<int32_t, maxEndIds> seen;
  for (int32_t id : getEnd())
    if (!seen.insert(id).second)
      return emitOpError("has the end id ")
             << id << " twice, but end ids must be distinct [C4]";

  // C5
  if (static_cast<bool>(getPrefix()) != static_cast<bool>(getPrefixLengths()))
    return emitOpError("has ")
           << (getPrefix() ? "prefix" : "prefix_lengths") << " without "
           << (getPrefix() ? "prefix_lengths" : "prefix")
           << ", but both or none are required [C5]";
  int64_t rows = extent(getStart(), 0);
  if (Value prefix = getPrefix()) {
    SmallVector<int64_t> required = {rows, ShapedType::kDynamic};
    if (failed(checkShape(*this, "prefix", tensorType(prefix), required, "C5")))
      return failure();
    narrow(rows, extent(prefix, 0));
  }
  if (Value lengths = getPrefixLengths())
    if (failed(checkAndNarrow(*this, "prefix_lengths", tensorType(lengths),
                              rows, "C5")))
      return failure();

  // C9
  for (auto [index, init] : llvm::enumerate(getInits())) {
    if (!mayBeEqual(extent(init, 0), rows))
      return emitOpError("state ")
             << index << " has shape " << shapeText(tensorType(init).getShape())
             << ", but one row for each of the " << rows
             << " rows is required [C9]";
    narrow(rows, extent(init, 0));
  }

  // C6, in part
  if (failed(verifyResultShapes(*this, rows)))
    return failure();

  // C7
  if (static_cast<int64_t>(getMinNew()) < 0)
    return emitOpError("min_new is ") << static_cast<int64_t>(getMinNew())
                                      << ", but must not be negative [C7]";

  // C8, in part
  static constexpr StringLiteral names[] = {"temperature", "top_p", "top_k",
                                            "seed", "first_row"};
  if (!isa<SampleAttr>(getSearch()))
    for (auto [name, operand] : llvm::zip_equal(names, getSamplingOperands()))
      if (operand)
        return emitOpError("has ") << name << " with " << getSearch()
                                   << ", but only #seq.sample takes it [C8]";
  return success();
}

/// C1: the arguments of the step.
static LogicalResult verifyArguments(GenerateOp op) {
  Builder builder(op.getContext());
  Type lanes =
      RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
  SmallVector<Type> required = {lanes, lanes, builder.getIndexType()};
  for (Value init : op.getInits())
    required.push_back(withDynamicLeading(tensorType(init)));
  TypeRange found = op.getStep().front().getArgumentTypes();
  if (found != TypeRange(required))
    return op.emitOpError("step takes (")
           << found << "), but (" << required << ") is required [C1]";
  return success();
}

/// C2 and what other constraints say of the logits and traces.
static LogicalResult verifyYielded(GenerateOp op) {
  OperandRange yielded = op.getStep().front().getTerminator()->getOperands();
  size_t numStates = op.getInits().size(), numTraces = op.getTraces().size();
  // C2
  if (yielded.size() != 1 + numStates + numTraces)
    return op.emitOpError("step yields ")
           << yielded.size() << " values, but logits, " << numStates
           << " states and " << numTraces << " traces are required [C2]";
  auto logits = dyn_cast<RankedTensorType>(yielded.front().getType());
  if (!logits || logits.getRank() != 2 || !logits.isDynamicDim(0) ||
      logits.isDynamicDim(1) || !isa<FloatType>(logits.getElementType()))
    return op.emitOpError("logits have type ")
           << yielded.front().getType()
           << ", but a floating-point tensor of a dynamic number of lanes and "
              "a static vocabulary is required [C2]";
  for (auto [index, value, argument] :
       llvm::enumerate(yielded.slice(1, numStates), op.getStateArguments()))
    if (value.getType() != argument.getType())
      return op.emitOpError("yielded state ")
             << index << " has type " << value.getType() << ", but "
             << argument.getType() << " is required [C2]";
  for (auto [index, value, result] :
       llvm::enumerate(yielded.drop_front(1 + numStates), op.getTraces())) {
    auto trace = dyn_cast<RankedTensorType>(value.getType());
    if (!trace || trace.getRank() < 1 || !trace.isDynamicDim(0))
      return op.emitOpError("yielded trace ")
             << index << " has type " << value.getType()
             << ", but a tensor with a dynamic number of lanes is required "
                "[C2]";
    // C6
    SmallVector<int64_t> required = {extent(op.getStart(), 0), op.getNumBest(),
                                     ShapedType::kDynamic};
    llvm::append_range(required, trace.getShape().drop_front());
    RankedTensorType type = tensorType(result);
    if (!mayBeEqual(type.getShape(), required) ||
        type.getElementType() != trace.getElementType())
      return op.emitOpError("trace ")
             << index << " has type " << type << ", but the shape "
             << shapeText(required) << " of " << trace.getElementType()
             << " is required [C6]";
  }

  // C4
  for (int32_t id : op.getEnd())
    if (id < 0 || id >= logits.getDimSize(1))
      return op.emitOpError("end id ")
             << id << " is outside the vocabulary of " << logits.getDimSize(1)
             << " tokens [C4]";
  // C6
  Type scores = op.getScores().getType().getElementType();
  if (scores != logits.getElementType())
    return op.emitOpError("scores have element type ")
           << scores << ", but that of the logits, " << logits.getElementType()
           << ", is required [C6]";
  return success();
}

LogicalResult GenerateOp::verifyRegions() {
  if (failed(verifyArguments(*this)))
    return failure();
  return verifyYielded(*this);
}

/// Rows and hypotheses per row; how many tokens come out shows only at run
/// time.
SmallVector<ExtentSource> GenerateOp::getExtentSources(int64_t result) {
  SmallVector<ExtentSource> sources(tensorType(getResult(result)).getRank());
  sources[0] = ExtentSource::dimension(getStart(), 0);
  sources[1] = ExtentSource::constant(getNumBest());
  return sources;
}

//===----------------------------------------------------------------------===//
// Canonical form
//===----------------------------------------------------------------------===//

namespace {

/// Removes traces that nobody reads and states that no step reads.
struct DropUnusedStatesAndTraces : public OpRewritePattern<GenerateOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GenerateOp op,
                                PatternRewriter &rewriter) const override {
    Block &step = op.getStep().front();
    Operation *yield = step.getTerminator();
    llvm::BitVector dropped(step.getNumArguments());
    SmallVector<Value> inits, yielded = {yield->getOperand(0)};
    for (auto [index, init] : llvm::enumerate(op.getInits())) {
      BlockArgument argument = step.getArgument(numLeading + index);
      OpOperand *carried = &yield->getOpOperand(1 + index);
      if (llvm::all_of(argument.getUses(),
                       [&](OpOperand &use) { return &use == carried; })) {
        dropped.set(numLeading + index);
        continue;
      }
      inits.push_back(init);
      yielded.push_back(carried->get());
    }
    SmallVector<Value> kept;
    for (auto [trace, value] : llvm::zip_equal(
             op.getTraces(),
             yield->getOperands().drop_front(1 + op.getInits().size()))) {
      if (trace.use_empty())
        continue;
      kept.push_back(trace);
      yielded.push_back(value);
    }
    if (dropped.none() && kept.size() == op.getTraces().size())
      return failure();

    rewriter.setInsertionPoint(op);
    auto replacement = GenerateOp::create(
        rewriter, op.getLoc(), op.getTokens().getType(),
        op.getLengths().getType(), op.getScores().getType(),
        op.getWhy().getType(), TypeRange(ValueRange(kept)), op.getSearch(),
        op.getStart(), op.getMaxNew(), op.getPrefix(), op.getPrefixLengths(),
        op.getPenalty(), op.getTemperature(), op.getTopP(), op.getTopK(),
        op.getSeed(), op.getFirstRow(), inits, op.getEndAttr(), op.getPadAttr(),
        op.getMinNewAttr());
    replacement->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    rewriter.setInsertionPoint(yield);
    rewriter.replaceOpWithNewOp<YieldOp>(yield, yielded);
    rewriter.inlineRegionBefore(op.getStep(), replacement.getStep(),
                                replacement.getStep().end());
    rewriter.modifyOpInPlace(replacement, [&] {
      replacement.getStep().front().eraseArguments(dropped);
    });

    SmallVector<Value> from = {op.getTokens(), op.getLengths(), op.getScores(),
                               op.getWhy()};
    llvm::append_range(from, kept);
    for (auto [old, result] : llvm::zip_equal(from, replacement.getResults()))
      rewriter.replaceAllUsesWith(old, result);
    rewriter.eraseOp(op);
    return success();
  }
};

/// The number behind a constant operand; nothing for any other.
std::optional<APFloat> getConstantFloat(Value operand) {
  APFloat number(0.0);
  if (!operand || !matchPattern(operand, m_ConstantFloat(&number)))
    return std::nullopt;
  bool isExact;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &isExact);
  return number;
}

std::optional<int64_t> getConstantInteger(Value operand) {
  APInt number;
  if (!operand || !matchPattern(operand, m_ConstantInt(&number)))
    return std::nullopt;
  return number.getSExtValue();
}

/// How to reach an operand when others have gone: a range that was taken before
/// counts them still.
using OperandAccess = MutableOperandRange (GenerateOp::*)();

/// Constant operands of a search become part of its attribute.
struct FoldConstantOperands : public OpRewritePattern<GenerateOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GenerateOp op,
                                PatternRewriter &rewriter) const override {
    Attribute search = op.getSearch();
    MLIRContext *context = op.getContext();
    SmallVector<OperandAccess> known;
    std::optional<APFloat> penalty = getConstantFloat(op.getPenalty());
    if (penalty && penalty->isFinite()) {
      known.push_back(&GenerateOp::getPenaltyMutable);
      if (auto beam = dyn_cast<BeamAttr>(search))
        search = BeamAttr::get(context, beam.getWidth(), beam.getNBest(),
                               *penalty, beam.getStop());
      else if (isa<GreedyAttr>(search))
        search = GreedyAttr::get(context, *penalty);
    } else {
      penalty.reset();
    }
    if (auto sample = dyn_cast<SampleAttr>(search))
      search = foldSampling(op, sample, penalty, known);
    if (known.empty())
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      for (OperandAccess access : known)
        (op.*access)().clear();
      op.setSearchAttr(search);
    });
    return success();
  }

private:
  /// The attribute with what is known; the operands behind it go to `known`.
  static Attribute foldSampling(GenerateOp op, SampleAttr sample,
                                const std::optional<APFloat> &penalty,
                                SmallVectorImpl<OperandAccess> &known) {
    APFloat degrees = sample.getTemperature(), mass = sample.getTopP();
    int64_t topK = sample.getTopK();
    uint64_t seed = sample.getSeed();
    if (auto given = getConstantFloat(op.getTemperature());
        given && given->isFinite() && given->convertToDouble() >= 0) {
      degrees = *given;
      known.push_back(&GenerateOp::getTemperatureMutable);
    }
    if (auto given = getConstantFloat(op.getTopP());
        given && given->convertToDouble() > 0 &&
        given->convertToDouble() <= 1) {
      mass = *given;
      known.push_back(&GenerateOp::getTopPMutable);
    }
    if (auto given = getConstantInteger(op.getTopK()); given && *given >= 0) {
      topK = *given;
      known.push_back(&GenerateOp::getTopKMutable);
    }
    if (auto given = getConstantInteger(op.getSeed())) {
      seed = static_cast<uint64_t>(*given);
      known.push_back(&GenerateOp::getSeedMutable);
    }
    if (auto given = getConstantInteger(op.getFirstRow()); given && *given == 0)
      known.push_back(&GenerateOp::getFirstRowMutable);
    return SampleAttr::get(op.getContext(), degrees, topK, mass, seed,
                           penalty.value_or(sample.getLengthPenalty()));
  }
};

/// Sampling that can only take the most probable token is greedy search.
struct SampleOfOneToken : public OpRewritePattern<GenerateOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GenerateOp op,
                                PatternRewriter &rewriter) const override {
    auto sample = dyn_cast<SampleAttr>(op.getSearch());
    if (!sample)
      return failure();
    bool isCold =
        !op.getTemperature() &&
        static_cast<float>(sample.getTemperature().convertToDouble()) <
            std::numeric_limits<float>::min();
    bool isSingle = !op.getTopK() && sample.getTopK() == 1;
    if (!isCold && !isSingle)
      return failure();
    rewriter.modifyOpInPlace(op, [&] {
      op.getFirstRowMutable().clear();
      op.getSeedMutable().clear();
      op.getTopKMutable().clear();
      op.getTopPMutable().clear();
      op.getTemperatureMutable().clear();
      op.setSearchAttr(
          GreedyAttr::get(op.getContext(), sample.getLengthPenalty()));
    });
    return success();
  }
};

} // namespace

void GenerateOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *context) {
  patterns
      .add<DropUnusedStatesAndTraces, FoldConstantOperands, SampleOfOneToken>(
          context);
}
