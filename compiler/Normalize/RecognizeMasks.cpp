//===- RecognizeMasks.cpp - State masks of positions ----------------------===//

#include "compiler/Normalize/Passes.h"
#include "compiler/Normalize/PositionMasks.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"

namespace seqc {
#define GEN_PASS_DEF_RECOGNIZEMASKSPASS
#include "compiler/Normalize/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// Between which positions a query sees keys, relative to its own: a constant
/// each, which may be missing, over the sum of the values.
struct Band {
  std::optional<int64_t> first, last;
  SmallVector<Value> plus, minus;
};

/// The band that all inequalities together are.
std::optional<Band> findBand(ArrayRef<LinearPosition> inequalities) {
  Band band;
  bool isFirst = true;
  for (const LinearPosition &number : inequalities) {
    // j - i + c + v <= 0 is j <= i - c - v, i - j + c + v <= 0 is
    // j >= i + c + v.
    bool isUpper = number.key == 1 && number.query == -1;
    if (!isUpper && !(number.key == -1 && number.query == 1))
      return std::nullopt;
    ArrayRef<Value> plus = number.plus, minus = number.minus;
    if (isUpper)
      std::swap(plus, minus);
    if (isFirst) {
      band.plus.assign(plus.begin(), plus.end());
      band.minus.assign(minus.begin(), minus.end());
      isFirst = false;
    } else if (ArrayRef<Value>(band.plus) != plus ||
               ArrayRef<Value>(band.minus) != minus) {
      return std::nullopt;
    }
    if (isUpper)
      band.last = std::min(-number.constant, band.last.value_or(INT64_MAX));
    else
      band.first = std::max(number.constant, band.first.value_or(INT64_MIN));
  }
  // Between an empty pair of bounds no key is visible.
  if (isFirst || (band.first && band.last && *band.first > *band.last))
    return std::nullopt;
  return band;
}

/// Whether every query sees a key, as far as there is one.
bool showsFirstKey(const Band &band) {
  return band.plus.empty() && band.minus.empty() && !band.first && band.last &&
         *band.last >= 0;
}

struct RecognizeMasks : seqc::impl::RecognizeMasksPassBase<RecognizeMasks> {
  void runOnOperation() override {
    getOperation().walk([&](seq::AttentionOp op) {
      OpOperand *mask = !op.getMaskMutable().empty()   ? &op.getMaskMutable()[0]
                        : !op.getBiasMutable().empty() ? &op.getBiasMutable()[0]
                                                       : nullptr;
      if (mask && succeeded(stateMask(op, mask->get())))
        ++numStated;
    });
  }

  /// Whether no dynamic extent of queries or keys of the mask may be a 1 that
  /// is repeated.
  static bool coversScores(seq::AttentionOp op, Value mask) {
    auto type = cast<RankedTensorType>(mask.getType());
    int64_t rank = type.getRank();
    auto covers = [&](int64_t dim, Value of, int64_t ofDim) {
      if (!type.isDynamicDim(dim))
        return true;
      FailureOr<bool> isEqual =
          ValueBoundsConstraintSet::areEqual({mask, dim}, {of, ofDim});
      return succeeded(isEqual) && *isEqual;
    };
    return covers(rank - 2, op.getQuery(), rank - 2) &&
           covers(rank - 1, op.getKey(), rank - 2);
  }

  static LogicalResult stateMask(seq::AttentionOp op, Value mask) {
    if (op.getCausal() != seq::Causal::None || op.getWindow() ||
        op.getStarts() || op.getRows())
      return failure();
    if (!coversScores(op, mask))
      return failure();
    std::optional<Inequalities> inequalities = findPositionMask(mask);
    if (!inequalities)
      return failure();
    std::optional<Band> band = findBand(*inequalities);
    if (!inequalities->empty() && !band)
      return failure();
    // Keys whose scores are lowest have no share where another key is seen.
    std::optional<APFloat> masked = op.getMaskedScore();
    if ((masked || !op.getMask()) && band &&
        !(op.getNormalizer() == seq::Normalizer::Softmax &&
          showsFirstKey(*band) &&
          (!masked || (masked->convertToDouble() <= kLowest && !op.getBias()))))
      return failure();
    op.removeMaskedScoreAttr();
    if (op.getMask())
      op.getMaskMutable().clear();
    else
      op.getBiasMutable().clear();
    if (band)
      state(op, *band);
    return success();
  }

  /// The position of a query is the last key that it sees, or else the first.
  static void state(seq::AttentionOp op, const Band &band) {
    ImplicitLocOpBuilder b(op.getLoc(), op);
    int64_t own = band.last ? *band.last : *band.first;
    if (band.last)
      op.setCausal(seq::Causal::TopLeft);
    if (band.first)
      op.setWindowAttr(
          b.getDenseI64ArrayAttr({own - *band.first, band.last ? 0 : -1}));
    if (own == 0 && band.plus.empty() && band.minus.empty())
      return;
    Value start = arith::ConstantIndexOp::create(b, own);
    for (Value value : band.plus)
      start = arith::AddIOp::create(b, start, value);
    for (Value value : band.minus)
      start = arith::SubIOp::create(b, start, value);
    start = arith::IndexCastOp::create(b, b.getI64Type(), start);
    auto type = RankedTensorType::get({1}, b.getI64Type());
    op.getStartsMutable().assign(
        tensor::FromElementsOp::create(b, type, start).getResult());
  }
};

} // namespace
