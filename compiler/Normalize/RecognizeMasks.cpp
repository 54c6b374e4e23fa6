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

/// Whether every query sees a key, as far as there is one.
bool showsFirstKey(const Band &band) {
  return band.shift.empty() && !band.first && band.last && *band.last >= 0;
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
    std::optional<Band> band = findBand(mask);
    if (!band)
      return failure();
    bool hides = band->first || band->last;
    // Keys whose scores are lowest have no share where another key is seen.
    std::optional<APFloat> masked = op.getMaskedScore();
    if ((masked || !op.getMask()) && hides &&
        !(op.getNormalizer() == seq::Normalizer::Softmax &&
          showsFirstKey(*band) &&
          (!masked || (masked->convertToDouble() <= kLowest && !op.getBias()))))
      return failure();
    op.removeMaskedScoreAttr();
    if (op.getMask())
      op.getMaskMutable().clear();
    else
      op.getBiasMutable().clear();
    if (hides)
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
    if (own == 0 && band.shift.empty())
      return;
    Value start = arith::ConstantIndexOp::create(b, own);
    for (auto [value, count] : band.shift) {
      for (int64_t i = 0; i < count; ++i)
        start = arith::AddIOp::create(b, start, value);
      for (int64_t i = 0; i > count; --i)
        start = arith::SubIOp::create(b, start, value);
    }
    start = arith::IndexCastOp::create(b, b.getI64Type(), start);
    auto type = RankedTensorType::get({1}, b.getI64Type());
    op.getStartsMutable().assign(
        tensor::FromElementsOp::create(b, type, start).getResult());
  }
};

} // namespace
