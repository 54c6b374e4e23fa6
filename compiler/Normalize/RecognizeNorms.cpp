//===- RecognizeNorms.cpp - Layer norm and RMS norm -----------------------===//
//
// Both are x / sqrt(mean(x^2) + epsilon), where layer norm has x - mean(x) for
// x. Scale and bias that follow become the norm's own.
//
//===----------------------------------------------------------------------===//

#include "compiler/Normalize/Recognition.h"

using namespace mlir;
using namespace seqc;

namespace {

/// A mean over the dimensions of `root` from `axis` on.
struct Mean {
  Element summand;
  int64_t axis;
};

std::optional<Mean> matchMean(const Element &element, const Element &root) {
  auto quotient = match<arith::DivFOp>(element);
  std::optional<Element> summand =
      quotient ? matchSum((*quotient)[0]) : std::nullopt;
  std::optional<int64_t> axis =
      summand ? findInnerAxis((*quotient)[0], root) : std::nullopt;
  if (!axis)
    return std::nullopt;
  ArrayRef<int64_t> inner = getShape(root.value).drop_front(*axis);
  if (ShapedType::isDynamicShape(inner) ||
      getNumber((*quotient)[1]) != ShapedType::getNumElements(inner))
    return std::nullopt;
  return Mean{*summand, *axis};
}

/// x of x * x or of x to the power of 2.
std::optional<Element> matchSquare(const Element &element) {
  if (auto product = match<arith::MulFOp>(element);
      product && isSame((*product)[0], (*product)[1]))
    return (*product)[0];
  auto power = match<math::PowFOp>(element);
  return power && getNumber((*power)[1]) == 2.0 ? std::optional((*power)[0])
                                                : std::nullopt;
}

/// x of the square root of x.
std::optional<Element> matchRoot(const Element &element) {
  if (auto root = match<math::SqrtOp>(element))
    return (*root)[0];
  auto power = match<math::PowFOp>(element);
  return power && getNumber((*power)[1]) == 0.5 ? std::optional((*power)[0])
                                                : std::nullopt;
}

/// x of 1 / sqrt(x).
std::optional<Element> matchInverseRoot(const Element &element) {
  if (auto quotient = match<arith::DivFOp>(element))
    return getNumber((*quotient)[0]) == 1.0 ? matchRoot((*quotient)[1])
                                            : std::nullopt;
  if (auto root = match<math::RsqrtOp>(element))
    return (*root)[0];
  auto power = match<math::PowFOp>(element);
  return power && getNumber((*power)[1]) == -0.5 ? std::optional((*power)[0])
                                                 : std::nullopt;
}

/// x and y of x / sqrt(y).
std::optional<std::pair<Element, Element>> matchScaled(const Element &element) {
  if (auto quotient = match<arith::DivFOp>(element))
    if (std::optional<Element> under = matchRoot((*quotient)[1]))
      return std::pair((*quotient)[0], *under);
  if (auto product = match<arith::MulFOp>(element))
    for (int i : {0, 1})
      if (std::optional<Element> under = matchInverseRoot((*product)[1 - i]))
        return std::pair((*product)[i], *under);
  return std::nullopt;
}

struct RecognizeNorm : RecognitionPattern<linalg::GenericOp> {
  using RecognitionPattern::RecognitionPattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1)
      return failure();
    Element root = getRoot(op.getResult(0));
    auto scaled = matchScaled(root);
    auto sum = scaled ? match<arith::AddFOp>(scaled->second) : std::nullopt;
    for (int i = 0; sum && i < 2; ++i) {
      std::optional<double> epsilon = getNumber((*sum)[i]);
      std::optional<Mean> variance = epsilon && *epsilon >= 0
                                         ? matchMean((*sum)[1 - i], root)
                                         : std::nullopt;
      std::optional<Element> x =
          variance ? matchSquare(variance->summand) : std::nullopt;
      if (!x || !isSame(*x, scaled->first))
        continue;
      Element input = scaled->first;
      auto kind = seq::NormKind::Rms;
      if (auto difference = match<arith::SubFOp>(input)) {
        std::optional<Mean> mean = matchMean((*difference)[1], root);
        if (mean && mean->axis == variance->axis &&
            isSame(mean->summand, (*difference)[0])) {
          input = (*difference)[0];
          kind = seq::NormKind::Layer;
        }
      }
      StringRef name = kind == seq::NormKind::Rms ? "rms_norm" : "layer_norm";
      Value tensor = getTensor(input, root);
      if (!tensor || !recognition.isWanted(name))
        return failure();
      rewriter.replaceOpWithNewOp<seq::NormOp>(
          op, op.getResult(0).getType(), kind, tensor, Value(), Value(),
          variance->axis, 1, llvm::APFloat(*epsilon));
      ++recognition.counts[name];
      return success();
    }
    return failure();
  }
};

/// Makes what a norm is multiplied by or what is added to it its own.
struct AbsorbAffine : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1)
      return failure();
    Element root = getRoot(op.getResult(0));
    auto product = match<arith::MulFOp>(root);
    auto operands = product ? product : match<arith::AddFOp>(root);
    for (int i = 0; operands && i < 2; ++i) {
      Element element = follow((*operands)[i]);
      auto norm = element.value.getDefiningOp<seq::NormOp>();
      if (!norm || norm.getKind() == seq::NormKind::Group || norm.getBias() ||
          (product && norm.getScale()) || !norm->hasOneUse() ||
          element.place != root.place)
        continue;
      Value affine = getAffine(rewriter, (*operands)[1 - i], root,
                               static_cast<int64_t>(norm.getAxis()));
      if (!affine)
        continue;
      rewriter.replaceOpWithNewOp<seq::NormOp>(
          op, op.getResult(0).getType(), norm.getKind(), norm.getInput(),
          product ? affine : norm.getScale(), product ? Value() : affine,
          norm.getAxis(), 1, norm.getEpsilon());
      return success();
    }
    return failure();
  }

  /// A tensor of the shape of the dimensions of `root` from `axis` on.
  static Value getAffine(PatternRewriter &rewriter, const Element &element,
                         const Element &root, int64_t axis) {
    ArrayRef<int64_t> shape = getShape(root.value);
    std::optional<Element> found = findTensor(element);
    if (!found || found->mayRepeat)
      return {};
    auto inner = root.place.getResults().drop_front(axis);
    SmallVector<AffineExpr> indices = getIndices(*found), wanted;
    for (auto [index, extent] : llvm::zip(inner, shape.drop_front(axis)))
      if (extent != 1)
        wanted.push_back(index);
    if (indices != wanted ||
        !isa<FloatType>(getElementTypeOrSelf(found->value.getType())))
      return {};
    return moveUnits(rewriter, found->value, shape.drop_front(axis));
  }
};

} // namespace

void seqc::addNormPatterns(RewritePatternSet &patterns,
                           Recognition &recognition) {
  patterns.add<RecognizeNorm>(patterns.getContext(), recognition);
  patterns.add<AbsorbAffine>(patterns.getContext());
}
