//===- Attention.cpp - Attention of every kind ------------------*- C++ -*-===//

#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// C1: ranks, and the dimensions that query, key and value share.
static LogicalResult verifyRows(AttentionOp op) {
  RankedTensorType query = op.getQuery().getType();
  int64_t rank = query.getRank();
  if (rank != 3 && rank != 4)
    return op.emitOpError("query has rank ")
           << rank << ", but 3 or 4 is required [C1]";
  for (auto [name, type] :
       {std::pair<StringRef, RankedTensorType>{"key", op.getKey().getType()},
        std::pair<StringRef, RankedTensorType>{"value",
                                               op.getValue().getType()}})
    if (type.getRank() != rank)
      return op.emitOpError(name)
             << " has rank " << type.getRank() << ", but that of the query, "
             << rank << ", is required [C1]";

  SmallVector<int64_t> required(op.getKey().getType().getShape());
  required.back() = ShapedType::kDynamic;
  if (failed(checkShape(op, "value", op.getValue().getType(), required, "C1")))
    return failure();
  if (!op.getRows() && !mayBeEqual(query.getDimSize(0), required.front()))
    return op.emitOpError("query has ")
           << query.getDimSize(0) << " batch rows and key has "
           << required.front() << ", but without rows they must be equal [C1]";
  if (rank == 4) {
    int64_t heads = query.getDimSize(1), groups = required[1];
    if (!ShapedType::isDynamic(heads) && !ShapedType::isDynamic(groups) &&
        (groups < 1 || heads % groups != 0))
      return op.emitOpError("query has ")
             << heads << " heads, but a multiple of the " << groups
             << " heads of the key is required [C1]";
  }
  return success();
}

/// C2: features and the weight of the score.
static LogicalResult verifyFeatures(AttentionOp op) {
  for (auto [name, value] :
       {std::pair<StringRef, Value>{"query", op.getQuery()},
        std::pair<StringRef, Value>{"key", op.getKey()},
        std::pair<StringRef, Value>{"value", op.getValue()}})
    if (ShapedType::isDynamic(tensorType(value).getShape().back()))
      return op.emitOpError(name)
             << " has shape " << shapeText(tensorType(value).getShape())
             << ", but a static last extent is required [C2]";

  int64_t queryFeatures = op.getQuery().getType().getShape().back();
  int64_t keyFeatures = op.getKey().getType().getShape().back();
  Score score = op.getScore();
  if ((score == Score::Dot || score == Score::Scaled ||
       score == Score::Additive) &&
      queryFeatures != keyFeatures)
    return op.emitOpError("query has ")
           << queryFeatures << " features and key has " << keyFeatures
           << ", but score '" << stringifyScore(score)
           << "' requires them to be equal [C2]";

  bool needsWeight = score == Score::Additive || score == Score::General;
  if (needsWeight != static_cast<bool>(op.getScoreWeight()))
    return op.emitOpError("score_weight is ")
           << (needsWeight ? "missing, but required" : "given, but not allowed")
           << " for score '" << stringifyScore(score) << "' [C2]";
  if (!needsWeight)
    return success();
  SmallVector<int64_t> required = {queryFeatures};
  if (score == Score::General)
    required.push_back(keyFeatures);
  return checkShape(op, "score_weight", tensorType(op.getScoreWeight()),
                    required, "C2");
}

/// Shape of the scores: query's, with the key positions last.
static SmallVector<int64_t> scoreShape(AttentionOp op) {
  SmallVector<int64_t> shape(op.getQuery().getType().getShape());
  shape.back() = op.getKey().getType().getShape().drop_back().back();
  return shape;
}

/// C4 and C5: what changes or hides scores.
static LogicalResult verifyMasks(AttentionOp op) {
  int64_t queryRows = op.getQuery().getType().getDimSize(0);
  int64_t keyRows = op.getKey().getType().getDimSize(0);

  // C4: with `rows` both belong to the rows of the keys.
  SmallVector<int64_t> scores = scoreShape(op);
  if (op.getRows())
    scores.front() = keyRows;
  for (auto [name, value] :
       {std::pair<StringRef, Value>{"mask", op.getMask()},
        std::pair<StringRef, Value>{"bias", op.getBias()}}) {
    if (!value)
      continue;
    SmallVector<int64_t> required = scores;
    ArrayRef<int64_t> shape = tensorType(value).getShape();
    if (shape.size() == required.size())
      for (auto [extent, wanted] : llvm::zip_equal(shape, required))
        wanted = extent == 1 ? 1 : wanted;
    if (!mayBeEqual(shape, required))
      return op.emitOpError(name)
             << " has shape " << shapeText(shape) << ", but "
             << shapeText(scores)
             << ", or 1 in place of any extent, is required [C4]";
  }

  // C5
  if (Value lengths = op.getLengths())
    if (failed(checkShape(op, "lengths", tensorType(lengths), {keyRows}, "C5")))
      return failure();
  if (Value rows = op.getRows())
    if (failed(checkShape(op, "rows", tensorType(rows), {queryRows}, "C5")))
      return failure();
  return success();
}

/// C6: attributes.
static LogicalResult verifyAttributes(AttentionOp op) {
  if (op.getScale() && op.getScore() != Score::Scaled)
    return op.emitOpError("scale is given, but not allowed for score '")
           << stringifyScore(op.getScore()) << "' [C6]";
  // Written so that NaN fails.
  if (std::optional<APFloat> softcap = op.getSoftcap())
    if (!(softcap->convertToDouble() > 0))
      return op.emitOpError("softcap is ")
             << softcap->convertToDouble() << ", but must be positive [C6]";
  if (std::optional<ArrayRef<int64_t>> window = op.getWindow()) {
    if (window->size() != 2)
      return op.emitOpError("window has ")
             << window->size() << " numbers, but 2 are required [C6]";
    for (int64_t reach : *window)
      if (reach < -1)
        return op.emitOpError("window reaches ")
               << reach << " positions, but at least -1 is required [C6]";
  }
  return success();
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyRows(*this)) || failed(verifyFeatures(*this)) ||
      failed(verifyMasks(*this)) || failed(verifyAttributes(*this)))
    return failure();

  // C7
  SmallVector<int64_t> required(getQuery().getType().getShape());
  required.back() = getValue().getType().getShape().back();
  if (failed(
          checkShape(*this, "output", getOutput().getType(), required, "C7")))
    return failure();
  if (Value probabilities = getProbabilities())
    if (failed(checkShape(*this, "probabilities", tensorType(probabilities),
                          scoreShape(*this), "C7")))
      return failure();

  return checkFloatElements(*this, "C8");
}

LogicalResult AttentionOp::verifyRegions() {
  // C3
  bool needsRegion = getScore() == Score::Region;
  if (needsRegion == getScoreRegion().empty())
    return emitOpError("score region is ")
           << (needsRegion ? "missing, but required" : "given, but not allowed")
           << " for score '" << stringifyScore(getScore()) << "' [C3]";
  if (!needsRegion)
    return success();

  Type element = getQuery().getType().getElementType();
  auto pairs = [&](ArrayRef<int64_t> features) {
    SmallVector<int64_t> shape = {ShapedType::kDynamic};
    llvm::append_range(shape, features);
    return RankedTensorType::get(shape, element);
  };
  SmallVector<Type> required = {pairs(getQuery().getType().getShape().back()),
                                pairs(getKey().getType().getShape().back())};
  Block &block = getScoreRegion().front();
  if (block.getArgumentTypes() != TypeRange(required))
    return emitOpError("score region takes (")
           << block.getArgumentTypes() << "), but (" << required
           << ") is required [C3]";
  Type score = pairs({});
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield)
    return emitOpError("score region ends with '")
           << block.getTerminator()->getName()
           << "', but 'seq.yield' is required [C3]";
  if (yield.getValues().getTypes() != TypeRange(score))
    return emitOpError("score region yields (")
           << yield.getValues().getTypes() << "), but (" << score
           << ") is required [C3]";
  return success();
}

void AttentionOp::getAsmBlockArgumentNames(Region &region,
                                           OpAsmSetValueNameFn setName) {
  static constexpr StringLiteral names[] = {"q", "k"};
  for (auto [argument, name] : llvm::zip(region.getArguments(), names))
    setName(argument, name);
}

void AttentionOp::getAsmResultNames(OpAsmSetValueNameFn setName) {
  setName(getOutput(), "output");
  if (getProbabilities())
    setName(getProbabilities(), "probabilities");
}

//===----------------------------------------------------------------------===//
// Speculation and shapes
//===----------------------------------------------------------------------===//

Speculation::Speculatability AttentionOp::getSpeculatability() {
  // Rows and lengths may lie outside their range, dynamic extents may disagree.
  if (getRows() || getLengths() || !hasStaticOperands(*this))
    return Speculation::NotSpeculatable;
  return Speculation::RecursivelySpeculatable;
}

/// Leading extents are the query's; the last is that of the values or of the
/// key positions.
static SmallVector<ExtentSource> extentSources(AttentionOp op, int64_t result) {
  int64_t rank = op.getQuery().getType().getRank();
  SmallVector<ExtentSource> sources;
  for (int64_t dim = 0; dim < rank - 1; ++dim)
    sources.push_back(ExtentSource::dimension(op.getQuery(), dim));
  if (result == 0)
    sources.push_back(ExtentSource::dimension(op.getValue(), rank - 1));
  else
    sources.push_back(ExtentSource::dimension(op.getKey(), rank - 2));
  return sources;
}

LogicalResult
AttentionOp::reifyResultShapes(OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &shapes) {
  return reifyShapes(*this, builder, shapes, [&](int64_t result) {
    return extentSources(*this, result);
  });
}

FailureOr<OpFoldResult> AttentionOp::reifyDimOfResult(OpBuilder &builder,
                                                      int result, int dim) {
  return reifyExtent(*this, builder, result, dim, [&](int64_t result) {
    return extentSources(*this, result);
  });
}

//===----------------------------------------------------------------------===//
// Canonical form
//===----------------------------------------------------------------------===//

namespace {

/// Does not ask for probabilities that nobody reads.
struct DropUnusedProbabilities : public OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.getProbabilities() || !op.getProbabilities().use_empty())
      return failure();
    auto replacement =
        AttentionOp::create(rewriter, op.getLoc(), TypeRange(op.getOutput()),
                            op->getOperands(), op->getAttrs());
    rewriter.inlineRegionBefore(op.getScoreRegion(),
                                replacement.getScoreRegion(),
                                replacement.getScoreRegion().end());
    rewriter.replaceAllUsesWith(op.getOutput(), replacement.getOutput());
    rewriter.eraseOp(op);
    return success();
  }
};

/// Removes a window that reaches everywhere.
struct DropUnboundedWindow : public OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<ArrayRef<int64_t>> window = op.getWindow();
    if (!window || !llvm::all_equal(*window) || window->front() != -1)
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.removeWindowAttr(); });
    return success();
  }
};

} // namespace

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<DropUnusedProbabilities, DropUnboundedWindow>(context);
}
