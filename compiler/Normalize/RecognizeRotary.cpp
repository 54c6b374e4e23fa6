//===- RecognizeRotary.cpp - Rotary embeddings ----------------------------===//
//
// x * cos + turn(x) * sin, where turn() makes (-b, a) of each pair (a, b) of
// features. Everything is asked of the elements at both places of a pair: what
// turn(x) is there, and whether cosines and sines are equal.
//
//===----------------------------------------------------------------------===//

#include "compiler/Normalize/Recognition.h"

using namespace mlir;
using namespace seqc;

namespace {

/// The features of all pairs at one of their two places: the index that the
/// last dimension of the root has there, in place of its own.
struct Features {
  int64_t stride, offset, count;

  Element at(const Element &element) const {
    MLIRContext *context = element.value.getContext();
    unsigned dims = element.place.getNumDims();
    SmallVector<AffineExpr> indices;
    for (unsigned dim = 0; dim < dims; ++dim)
      indices.push_back(getAffineDimExpr(dim, context));
    indices.back() = indices.back() * stride + offset;
    Element result = element;
    result.place =
        element.place.compose(AffineMap::get(dims, 0, indices, context));
    result.range = count;
    return result;
  }
};

struct RecognizeRotary : RecognitionPattern<linalg::GenericOp> {
  using RecognitionPattern::RecognitionPattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!recognition.isWanted("rotary") || op->getNumResults() != 1)
      return failure();
    Element root = getRoot(op->getResult(0));
    ArrayRef<int64_t> shape = getShape(root.value);
    if (shape.size() != 4 || ShapedType::isDynamic(shape[3]) ||
        shape[3] % 2 != 0 || shape[3] == 0)
      return failure();
    int64_t half = shape[3] / 2;
    auto sum = match<arith::AddFOp>(root);
    for (int i = 0; sum && i < 2; ++i) {
      auto direct = match<arith::MulFOp>((*sum)[i]),
           turned = match<arith::MulFOp>((*sum)[1 - i]);
      for (int choice = 0; direct && turned && choice < 4; ++choice) {
        Element x = (*direct)[choice / 2], cosine = (*direct)[1 - choice / 2],
                other = (*turned)[choice % 2], sine = (*turned)[1 - choice % 2];
        Value input = getTensor(x, root);
        if (!input || input.getType() != root.value.getType())
          continue;
        for (bool isInterleaved : {false, true}) {
          Features first{isInterleaved ? 2 : 1, 0, half},
              second{isInterleaved ? 2 : 1, isInterleaved ? 1 : half, half};
          auto negated = match<arith::NegFOp>(first.at(other));
          if (!negated || !isSame((*negated)[0], second.at(x)) ||
              !isSame(second.at(other), first.at(x)) ||
              !isSame(first.at(cosine), second.at(cosine)) ||
              !isSame(first.at(sine), second.at(sine)))
            continue;
          Value cosines = makeTable(rewriter, cosine, root, first),
                sines =
                    cosines ? makeTable(rewriter, sine, root, first) : Value();
          if (!sines)
            continue;
          rewriter.replaceOpWithNewOp<seq::RotaryOp>(
              op, input.getType(), input, cosines, sines, isInterleaved);
          ++recognition.counts["rotary"];
          return success();
        }
      }
    }
    return failure();
  }

  /// The numbers [batch or 1, time, angles] at the first features of all pairs.
  static Value makeTable(PatternRewriter &b, const Element &element,
                         const Element &root, const Features &features) {
    ArrayRef<AffineExpr> at = root.place.getResults();
    ArrayRef<int64_t> shape = getShape(root.value);
    SmallVector<AffineExpr> large;
    for (int64_t dim : {0, 2, 3})
      if (shape[dim] != 1)
        large.push_back(at[dim]);
    // All rows may share one table.
    ArrayRef<AffineExpr> shared =
        ArrayRef(large).drop_front(shape[0] != 1 ? 1 : 0);
    std::optional<Element> found = findTensor(element, [&](const Element &e) {
      ArrayRef<AffineExpr> indices = e.place.getResults();
      return !e.mayRepeat && !indices.empty() && indices.back() == at[3] &&
             isa<FloatType>(getElementTypeOrSelf(e.value.getType())) &&
             (getIndices(e) == large || ArrayRef(getIndices(e)) == shared);
    });
    if (!found)
      return {};
    bool isShared = ArrayRef(getIndices(*found)) == shared;
    Location loc = found->value.getLoc();
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(b, loc, found->value);
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0)),
        strides(sizes.size(), b.getIndexAttr(1));
    sizes.back() = b.getIndexAttr(features.count);
    strides.back() = b.getIndexAttr(features.stride);
    Value slice = tensor::ExtractSliceOp::create(b, loc, found->value, offsets,
                                                 sizes, strides);
    return moveUnits(b, slice,
                     {isShared ? 1 : shape[0], shape[2], features.count});
  }
};

} // namespace

void seqc::addRotaryPatterns(RewritePatternSet &patterns,
                             Recognition &recognition) {
  patterns.add<RecognizeRotary>(patterns.getContext(), recognition);
}
