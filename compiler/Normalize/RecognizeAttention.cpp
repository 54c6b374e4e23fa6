//===- RecognizeAttention.cpp - Softmax attention -------------------------===//
//
// softmax(q k^T * scale + mask) v, of any ops that compute it. What makes the
// heads (projections, reshapes, transpositions) stays outside; keys and values
// whose heads were repeated are taken before the repetition.
//
// The attention that replaces it gives the same for all scores, infinities and
// NaN included: what is added is its bias, and what replaces scores its
// masked_score, so that no key is hidden and no query without keys.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/KernelTable.h"
#include "compiler/Normalize/Recognition.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <cmath>

using namespace mlir;
using namespace seqc;

namespace {

/// Factors that are taken off one operand.
constexpr int kMostFactors = 8;

/// Takes constant factors off `element` and gives their product.
double takeFactors(Element &element) {
  double factor = 1;
  for (int count = 0; count < kMostFactors; ++count) {
    auto product = match<arith::MulFOp>(element);
    auto operands = product ? product : match<arith::DivFOp>(element);
    std::optional<double> number;
    for (int i = 1; operands && i >= (product ? 0 : 1) && !number; --i) {
      number = getNumber((*operands)[i]);
      if (number)
        element = (*operands)[1 - i];
    }
    if (!number || !std::isfinite(*number) || *number == 0)
      return number ? NAN : factor;
    factor = product ? factor * *number : factor / *number;
  }
  return factor;
}

/// The extents of some dimensions in an element's tensor, 1 for those that it
/// has not.
SmallVector<int64_t> getExtents(const Element &element,
                                ArrayRef<AffineExpr> wanted) {
  return llvm::map_to_vector(wanted, [&](AffineExpr dim) -> int64_t {
    std::optional<unsigned> found = element.place.getResultPosition(dim);
    return found ? getShape(element.value)[*found] : 1;
  });
}

/// Whether a tensor's elements lose nothing where they become f32.
bool isNarrow(const Element &element) {
  return getElementTypeOrSelf(element.value.getType())
             .getIntOrFloatBitWidth() <= 32;
}

/// Those of some dimensions that are not 1.
SmallVector<AffineExpr> getLarge(ArrayRef<AffineExpr> dims) {
  SmallVector<AffineExpr> large(dims);
  llvm::erase_if(large, llvm::IsaPred<AffineConstantExpr>);
  return large;
}

/// The tensor with exactly the dimensions `wanted`, in their order, that an
/// element is read from. A mask may lack some, along which it is repeated.
std::optional<Element> findOperand(const Element &element,
                                   ArrayRef<AffineExpr> wanted,
                                   bool isMask = false) {
  return findTensor(element, [&](const Element &e) {
    SmallVector<AffineExpr> indices = getIndices(e), known = getLarge(wanted);
    if (isMask)
      llvm::erase_if(known, [&](AffineExpr dim) {
        return !llvm::is_contained(indices, dim);
      });
    return (isMask || !e.mayRepeat) && isNarrow(e) && indices == known;
  });
}

/// The operand before its heads were repeated, each some times in a row.
std::optional<Element> findRepeated(const Element &full, AffineExpr head) {
  auto collapse = full.value.getDefiningOp<tensor::CollapseShapeOp>();
  if (!collapse || isa<AffineConstantExpr>(head))
    return std::nullopt;
  Element wide = getRoot(collapse.getSrc());
  // What the dimensions of the wide tensor are; heads come first in their group
  // and then what repeats them, which is left out.
  DenseMap<AffineExpr, AffineExpr> names;
  AffineExpr repeats;
  for (auto [dim, group] :
       llvm::zip(full.place.getResults(), collapse.getReassociationIndices())) {
    SmallVector<AffineExpr> large = getLarge(llvm::map_to_vector(
        group, [&](int64_t i) { return wide.place.getResult(i); }));
    if (large.size() == 2 && dim == head)
      repeats = large.pop_back_val();
    if (large.size() > 1)
      return std::nullopt;
    if (!large.empty())
      names[large[0]] = dim;
  }
  if (!repeats)
    return std::nullopt;
  std::optional<Element> found = findTensor(wide, [&](const Element &e) {
    SmallVector<AffineExpr> indices = getIndices(e);
    return !e.mayRepeat && indices.size() == names.size() &&
           llvm::all_of(indices, [&](AffineExpr index) {
             return names.contains(index);
           });
  });
  if (found)
    found->place = found->place.replace(names);
  return found;
}

/// The parts of an attention.
struct Parts {
  Element query, key, value, bias, mask, output;
  double scale = 1, maskedScore = 0;
  /// Whether the key's last dimensions have to change places, and whether the
  /// mask tells which scores are replaced.
  bool isTurned = false, hides = false;
  /// Batch and head; 0 where there is none. Query, key, and the features of
  /// scores and of values.
  SmallVector<AffineExpr> lead;
  AffineExpr row, column, depth, feature;

  SmallVector<AffineExpr> with(AffineExpr first, AffineExpr second) const {
    return {lead[0], lead[1], first, second};
  }
};

struct RecognizeAttention : OpInterfaceRewritePattern<linalg::LinalgOp> {
  RecognizeAttention(MLIRContext *context, Recognition &recognition)
      : OpInterfaceRewritePattern(context), recognition(recognition) {}

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Parts> parts =
        recognition.isWanted("attention") && op->getNumResults() == 1 &&
                isa<RankedTensorType>(op->getResult(0).getType())
            ? read(op->getResult(0))
            : std::nullopt;
    if (!parts)
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, build(b, *parts));
    ++recognition.counts["attention"];
    return success();
  }

  static std::optional<Parts> read(Value result) {
    auto type = cast<RankedTensorType>(result.getType());
    Element root = getRoot(result);
    auto output = matchProduct(root);
    if (!output || !isComputed(type.getElementType()) || !isNarrow(root))
      return std::nullopt;
    Parts parts;
    parts.output = root;
    if (!readLoops(root, parts))
      return std::nullopt;
    // The depth of this product are the keys.
    parts.column = getAffineDimExpr(root.place.getNumDims(), type.getContext());
    Element shares = follow((*output)[0]);
    auto softmax = shares.value.getDefiningOp<seq::SoftmaxOp>();
    if (!softmax || softmax.getLog() || !softmax->hasOneUse() ||
        softmax.getDims().size() != 1 ||
        softmax.getDims()[0] + 1 != softmax.getType().getRank() ||
        shares.mayRepeat ||
        getIndices(shares) != getLarge(parts.with(parts.row, parts.column)))
      return std::nullopt;
    Element scores = shares.with(softmax.getInput(), shares.place);
    readMasks(scores, parts);
    parts.scale = takeFactors(scores);
    auto inner = matchProduct(scores);
    if (!inner || !follow(scores).value.hasOneUse() || follow(scores).mayRepeat)
      return std::nullopt;
    parts.depth =
        getAffineDimExpr(root.place.getNumDims() + 1, type.getContext());
    for (Element &side : *inner)
      parts.scale *= takeFactors(side);
    auto query = findOperand((*inner)[0], parts.with(parts.row, parts.depth));
    auto key = findOperand((*inner)[1], parts.with(parts.column, parts.depth));
    if (!key) {
      key = findOperand((*inner)[1], parts.with(parts.depth, parts.column));
      parts.isTurned = true;
    }
    auto value =
        findOperand((*output)[1], parts.with(parts.column, parts.feature));
    if (!query || !key || !value || !(parts.scale > 0))
      return std::nullopt;
    parts.query = *query, parts.key = *key, parts.value = *value;
    return check(parts) ? std::optional(parts) : std::nullopt;
  }

  /// Batch, heads, queries and features, as far as they are no 1.
  static bool readLoops(const Element &root, Parts &parts) {
    SmallVector<AffineExpr> loops(root.place.getResults());
    AffineExpr none = getAffineConstantExpr(0, root.value.getContext());
    if (loops.size() < 2 || loops.size() > 4)
      return false;
    parts.feature = loops.pop_back_val();
    parts.row = loops.pop_back_val();
    // A number of heads is known.
    if (loops.size() == 1)
      loops.insert(ShapedType::isDynamic(getShape(root.value)[0])
                       ? loops.end()
                       : loops.begin(),
                   none);
    loops.resize(2, none);
    parts.lead = loops;
    return true;
  }

  /// Steps over one addition of a mask, and then one replacement of scores.
  static void readMasks(Element &scores, Parts &parts) {
    SmallVector<AffineExpr> dims = parts.with(parts.row, parts.column);
    auto isScores = [](Element element) {
      takeFactors(element);
      return matchProduct(element) || match<arith::SelectOp>(element);
    };
    if (auto sum = match<arith::AddFOp>(scores))
      for (int i : {0, 1})
        if (isScores((*sum)[i]))
          if (auto bias = findOperand((*sum)[1 - i], dims, /*isMask=*/true)) {
            parts.bias = *bias;
            scores = (*sum)[i];
            break;
          }
    if (auto choice = match<arith::SelectOp>(scores))
      for (int i : {1, 2}) {
        std::optional<double> number = getNumber((*choice)[i]);
        auto mask = number && !std::isnan(*number)
                        ? findOperand((*choice)[0], dims, /*isMask=*/true)
                        : std::nullopt;
        if (!mask)
          continue;
        parts.mask = *mask;
        parts.maskedScore = *number;
        parts.hides = i == 1;
        scores = (*choice)[3 - i];
        break;
      }
  }

  /// Steps to fewer heads of keys and values; whether heads and features are
  /// known, as an attention needs them.
  static bool check(Parts &parts) {
    auto fewKeys = findRepeated(parts.key, parts.lead[1]),
         fewValues = findRepeated(parts.value, parts.lead[1]);
    auto headsOf = [&](const Element &operand) {
      return getExtents(operand, parts.lead[1])[0];
    };
    if (fewKeys && fewValues && headsOf(*fewKeys) == headsOf(*fewValues))
      parts.key = *fewKeys, parts.value = *fewValues;
    return !ShapedType::isDynamicShape(
               getExtents(parts.query, {parts.lead[1], parts.depth})) &&
           !ShapedType::isDynamic(headsOf(parts.key)) &&
           !ShapedType::isDynamic(getExtents(parts.value, parts.feature)[0]);
  }

  /// The operand in four dimensions, its numbers of type `wide`.
  static Value arrange(ImplicitLocOpBuilder &b, const Element &operand,
                       ArrayRef<AffineExpr> dims, Type wide) {
    Value tensor = moveUnits(b, operand.value, getExtents(operand, dims));
    auto type = cast<RankedTensorType>(tensor.getType());
    if (!isa<FloatType>(type.getElementType()) || type.getElementType() == wide)
      return tensor;
    return mapElements(b, b.getLoc(), tensor, wide,
                       [&](OpBuilder &inner, Location loc, Value x) -> Value {
                         return arith::ExtFOp::create(inner, loc, wide, x);
                       });
  }

  static Value build(ImplicitLocOpBuilder &b, const Parts &parts) {
    Type element = getElementTypeOrSelf(parts.output.value);
    Value query =
        arrange(b, parts.query, parts.with(parts.row, parts.depth), element);
    Value key = arrange(b, parts.key,
                        parts.isTurned ? parts.with(parts.depth, parts.column)
                                       : parts.with(parts.column, parts.depth),
                        element);
    if (parts.isTurned) {
      SmallVector<OpFoldResult> sizes =
          tensor::getMixedSizes(b, b.getLoc(), key);
      std::swap(sizes[2], sizes[3]);
      Value empty = tensor::EmptyOp::create(b, sizes, element);
      key = linalg::TransposeOp::create(b, key, empty,
                                        ArrayRef<int64_t>{0, 1, 3, 2})
                ->getResult(0);
    }
    SmallVector<AffineExpr> values = parts.with(parts.column, parts.feature),
                            scores = parts.with(parts.row, parts.column);
    Value value = arrange(b, parts.value, values, element), bias, mask;
    if (parts.bias.value)
      bias = arrange(b, parts.bias, scores, element);
    if (parts.mask.value)
      mask = arrange(b, parts.mask, scores, element);
    if (parts.hides)
      mask = mapElements(b, b.getLoc(), mask, b.getI1Type(),
                         [](OpBuilder &inner, Location loc, Value x) -> Value {
                           return arith::XOrIOp::create(
                               inner, loc, x,
                               arith::ConstantIntOp::create(inner, loc, 1, 1));
                         });
    auto attention = seq::AttentionOp::create(
        b,
        RankedTensorType::get(
            getExtents(parts.output, parts.with(parts.row, parts.feature)),
            element),
        Type(), seq::Score::Scaled, query, key, value, Value(), mask, bias,
        /*lengths=*/Value(), /*rows=*/Value(), /*starts=*/Value(),
        b.getF64FloatAttr(parts.scale), FloatAttr(), seq::Causal::None,
        DenseI64ArrayAttr(), seq::Normalizer::Softmax,
        mask ? b.getF64FloatAttr(parts.maskedScore) : FloatAttr());
    return moveUnits(b, attention.getOutput(), getShape(parts.output.value));
  }

  Recognition &recognition;
};

} // namespace

void seqc::addAttentionPatterns(RewritePatternSet &patterns,
                                Recognition &recognition) {
  patterns.add<RecognizeAttention>(patterns.getContext(), recognition);
}
