//===- Attention.cpp - Attention of every kind ------------------*- C++ -*-===//

#include "dialect/Seq/IR/Scores.h"
#include "dialect/Seq/IR/SeqOps.h"
#include "dialect/Seq/IR/Shapes.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace seqc::seq;
using namespace seqc::seq::detail;

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

namespace {

/// Extents that the operands and results of an attention share. Each starts
/// dynamic and is narrowed by what is checked.
struct SharedExtents {
  int64_t queryRows = ShapedType::kDynamic, keyRows = ShapedType::kDynamic;
  int64_t heads = ShapedType::kDynamic, keyHeads = ShapedType::kDynamic;
  int64_t queries = ShapedType::kDynamic, keys = ShapedType::kDynamic;
  /// Whether queries have heads, which are then dimension 1.
  bool hasHeads = false;
  /// Whether queries choose their row of the keys.
  bool hasRows = false;

  explicit SharedExtents(AttentionOp op)
      : hasHeads(op.getQuery().getType().getRank() == 4),
        hasRows(static_cast<bool>(op.getRows())) {}

  /// A shape of rows, heads if there are any, positions and a last extent.
  SmallVector<int64_t> shape(int64_t rows, int64_t heads, int64_t positions,
                             int64_t last) const {
    return hasHeads ? SmallVector<int64_t>{rows, heads, positions, last}
                    : SmallVector<int64_t>{rows, positions, last};
  }
  /// Shape of the query, of its output and of the scores, by the last extent.
  SmallVector<int64_t> queryShape(int64_t last) const {
    return shape(queryRows, heads, queries, last);
  }
  /// Shape of keys and values, by the last extent.
  SmallVector<int64_t> keyShape(int64_t last) const {
    return shape(keyRows, keyHeads, keys, last);
  }
  /// Shape of what is added to the scores or hides them: it belongs to the rows
  /// of the keys.
  SmallVector<int64_t> maskShape() const {
    return shape(keyRows, heads, queries, keys);
  }

  /// Takes the extents over of a query, an output or scores.
  void narrowQuery(RankedTensorType type) {
    narrowPart(type, queryRows, heads, queries);
  }
  /// Takes the extents over of keys or values.
  void narrowKey(RankedTensorType type) {
    narrowPart(type, keyRows, keyHeads, keys);
  }
  /// Takes the extents over of a mask: those of 1 may be broadcast and say
  /// nothing.
  void narrowMask(ArrayRef<int64_t> extents) {
    auto take = [](int64_t &known, int64_t found) {
      if (found != 1)
        narrow(known, found);
    };
    take(keyRows, extents.front());
    if (hasHeads)
      take(heads, extents[1]);
    take(queries, extents[hasHeads ? 2 : 1]);
    take(keys, extents.back());
    shareRows();
  }
  /// Takes the extents over of a tensor [rows, heads, times, features].
  void narrowPart(RankedTensorType type, int64_t &rows, int64_t &heads,
                  int64_t &times) {
    narrow(rows, type.getDimSize(0));
    if (hasHeads)
      narrow(heads, type.getDimSize(1));
    narrow(times, type.getDimSize(hasHeads ? 2 : 1));
    shareRows();
  }
  /// Without `rows`, query row `b` belongs to key row `b`.
  void shareRows() {
    if (hasRows)
      return;
    narrow(queryRows, keyRows);
    narrow(keyRows, queryRows);
  }
};

} // namespace

/// C1: the dimensions that query, key and value share.
static LogicalResult verifyRows(AttentionOp op, SharedExtents &extents) {
  RankedTensorType query = op.getQuery().getType(), key = op.getKey().getType(),
                   value = op.getValue().getType();
  extents.narrowKey(key);
  if (failed(checkShape(op, "value", value,
                        extents.keyShape(ShapedType::kDynamic), "C1")))
    return failure();
  extents.narrowKey(value);
  if (!extents.hasRows && !mayBeEqual(query.getDimSize(0), extents.keyRows))
    return op.emitOpError("query has ")
           << query.getDimSize(0) << " batch rows and key has "
           << extents.keyRows << ", but without rows they must be equal [C1]";
  extents.narrowQuery(query);
  return success();
}

/// C1: ranks.
static LogicalResult verifyRanks(AttentionOp op) {
  int64_t rank = op.getQuery().getType().getRank();
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
  return success();
}

/// C1: the heads of the queries, whichever value tells them, share those of the
/// keys evenly.
static LogicalResult verifyHeads(AttentionOp op, const SharedExtents &extents) {
  int64_t heads = extents.heads, groups = extents.keyHeads;
  if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(groups) ||
      (groups >= 1 && heads % groups == 0))
    return success();
  return op.emitOpError("query has ")
         << heads << " heads, but a multiple of the " << groups
         << " heads of the key is required [C1]";
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
  if (hasEqualFeatures(score) && queryFeatures != keyFeatures)
    return op.emitOpError("query has ")
           << queryFeatures << " features and key has " << keyFeatures
           << ", but score '" << stringifyScore(score)
           << "' requires them to be equal [C2]";

  bool needsWeight = hasFeatureWeight(score) || score == Score::General;
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

/// C4 and C5: what changes or hides scores.
static LogicalResult verifyMasks(AttentionOp op, SharedExtents &extents) {
  // C5
  if (Value lengths = op.getLengths()) {
    if (failed(checkAndNarrow(op, "lengths", tensorType(lengths),
                              extents.keyRows, "C5")))
      return failure();
    extents.shareRows();
  }
  if (Value starts = op.getStarts();
      starts && tensorType(starts).getDimSize(0) != 1) {
    if (failed(checkAndNarrow(op, "starts", tensorType(starts), extents.keyRows,
                              "C5")))
      return failure();
    extents.shareRows();
  }
  if (Value rows = op.getRows())
    if (failed(checkAndNarrow(op, "rows", tensorType(rows), extents.queryRows,
                              "C5")))
      return failure();

  // C4: with `rows` both belong to the rows of the keys.
  for (auto [name, value] :
       {std::pair<StringRef, Value>{"mask", op.getMask()},
        std::pair<StringRef, Value>{"bias", op.getBias()}}) {
    if (!value)
      continue;
    SmallVector<int64_t> scores = extents.maskShape(), required = scores;
    ArrayRef<int64_t> shape = tensorType(value).getShape();
    if (shape.size() == required.size())
      for (auto [extent, wanted] : llvm::zip_equal(shape, required))
        wanted = extent == 1 ? 1 : wanted;
    if (!mayBeEqual(shape, required))
      return op.emitOpError(name)
             << " has shape " << shapeText(shape) << ", but "
             << shapeText(scores)
             << ", or 1 in place of any extent, is required [C4]";
    extents.narrowMask(shape);
  }
  return success();
}

/// C7: what the op gives.
static LogicalResult verifyResults(AttentionOp op, SharedExtents &extents) {
  int64_t features = op.getValue().getType().getShape().back();
  if (failed(checkShape(op, "output", op.getOutput().getType(),
                        extents.queryShape(features), "C7")))
    return failure();
  extents.narrowQuery(op.getOutput().getType());
  Value probabilities = op.getProbabilities();
  if (!probabilities)
    return success();
  if (failed(checkShape(op, "probabilities", tensorType(probabilities),
                        extents.queryShape(extents.keys), "C7")))
    return failure();
  extents.narrowQuery(tensorType(probabilities));
  return success();
}

/// C6 and C9: attributes.
static LogicalResult verifyAttributes(AttentionOp op) {
  if (op.getScale() && op.getScore() != Score::Scaled)
    return op.emitOpError("scale is given, but not allowed for score '")
           << stringifyScore(op.getScore()) << "' [C6]";
  // Written so that NaN fails.
  if (std::optional<APFloat> softcap = op.getSoftcap())
    if (!(softcap->convertToDouble() > 0))
      return op.emitOpError("softcap is ")
             << softcap->convertToDouble() << ", but must be positive [C6]";
  if (std::optional<APFloat> score = op.getMaskedScore()) {
    if (!op.getMask())
      return op.emitOpError(
          "masked_score is given, but not allowed without mask [C9]");
    if (score->isNaN())
      return op.emitOpError("masked_score is NaN, but must be a number [C9]");
  }
  if (op.getStarts() && op.getCausal() == Causal::BottomRight)
    return op.emitOpError("starts is given, but not allowed for causality "
                          "'bottom_right' [C6]");
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
  if (failed(verifyRanks(*this)))
    return failure();
  SharedExtents extents(*this);
  // Heads last: a result may be what tells their number.
  if (failed(verifyRows(*this, extents)) || failed(verifyFeatures(*this)) ||
      failed(verifyMasks(*this, extents)) || failed(verifyAttributes(*this)) ||
      failed(verifyResults(*this, extents)) ||
      failed(verifyHeads(*this, extents)))
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
SmallVector<ExtentSource> AttentionOp::getExtentSources(int64_t result) {
  int64_t rank = getQuery().getType().getRank();
  SmallVector<ExtentSource> sources;
  for (int64_t dim = 0; dim < rank - 1; ++dim)
    sources.push_back(ExtentSource::dimension(getQuery(), dim));
  if (result == 0)
    sources.push_back(ExtentSource::dimension(getValue(), rank - 1));
  else
    sources.push_back(ExtentSource::dimension(getKey(), rank - 2));
  return sources;
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
