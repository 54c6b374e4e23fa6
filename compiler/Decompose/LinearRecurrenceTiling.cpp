//===- LinearRecurrenceTiling.cpp - Linear recurrences as tileable ops ----===//
//
// How seq.linear_recurrence implements upstream's TilingInterface. The iteration
// domain is that of a row of its state, [rows, heads, columns]; all loops are
// parallel. Time is no loop of it, since the state is carried along, nor are
// keys, which meet in what is read. A tile is a linear recurrence of the same
// kind.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/Decompositions.h"
#include "compiler/Decompose/TensorBuilders.h"
#include "dialect/Seq/IR/SeqDialect.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;

namespace seqc {
namespace {

/// Cuts one linear recurrence.
class RecurrenceCut {
public:
  RecurrenceCut(seq::LinearRecurrenceOp op, OpBuilder &builder,
                ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes)
      : op(op), b(op.getLoc(), builder), offsets(offsets), sizes(sizes) {}

  FailureOr<TilingResult> run() {
    if (!canBeCut())
      return failure();
    auto tile = cast<seq::LinearRecurrenceOp>(b.clone(*op));
    b.setInsertionPoint(tile);
    cut(tile.getInitMutable(), /*rowDim=*/0, /*hasColumns=*/true);
    for (MutableOperandRange operand :
         {tile.getDecayMutable(), tile.getValueMutable()})
      cut(operand, /*rowDim=*/1, /*hasColumns=*/true);
    for (MutableOperandRange operand :
         {tile.getMatrixMutable(), tile.getLookupMutable(),
          tile.getEraseMutable(), tile.getKeyMutable(), tile.getQueryMutable()})
      cut(operand, /*rowDim=*/1, /*hasColumns=*/false);
    cut(tile.getLengthsMutable(), /*rowDim=*/0, /*hasColumns=*/false);
    b.setInsertionPointAfter(tile);
    for (OpResult result : tile->getResults()) {
      auto type = cast<RankedTensorType>(result.getType());
      SmallVector<OpFoldResult> size =
          findResult(result.getResultNumber()).second;
      result.setType(type.clone(decomposeMixedValues(size).first));
    }
    return TilingResult{{tile}, SmallVector<Value>(tile->getResults()), slices};
  }

  /// Offsets and sizes of a part of a tensor.
  using Part = std::pair<SmallVector<OpFoldResult>, SmallVector<OpFoldResult>>;

  /// What a tile gives of result `number`.
  Part findResult(unsigned number) {
    Value result = op->getResult(number);
    return find(result, /*rowDim=*/result == op.getFinal() ? 0 : 1,
                /*hasColumns=*/true);
  }

private:
  /// Heads and columns of a tile are static. Heads that share a part of an
  /// operand are cut one by one or not at all.
  bool canBeCut() {
    std::optional<int64_t> heads = getConstantIntValue(sizes[1]);
    if (!heads || !getConstantIntValue(sizes[2]))
      return false;
    int64_t all = op.getNumHeads();
    return *heads == 1 || *heads == all ||
           llvm::none_of(op.getStepOperands(), [&](Value operand) {
             int64_t groups =
                 cast<RankedTensorType>(operand.getType()).getDimSize(2);
             return groups > 1 && groups < all;
           });
  }

  void cut(MutableOperandRange operand, int64_t rowDim, bool hasColumns) {
    if (operand.empty())
      return;
    Value whole = operand[0].get();
    auto [from, count] = find(whole, rowDim, hasColumns);
    Value taken = slice(b, whole, from, count);
    operand.assign(taken);
    slices.push_back(taken.getDefiningOp());
  }

  /// The part of a tensor whose dimension `rowDim` are rows, in front of which
  /// stands time, and behind which stand heads and features, columns at last.
  /// Extents of 1 are repeated.
  Part find(Value tensor, int64_t rowDim, bool hasColumns) {
    auto type = cast<RankedTensorType>(tensor.getType());
    SmallVector<OpFoldResult> from(type.getRank(), b.getIndexAttr(0)),
        count = getAsIndexOpFoldResult(b.getContext(), type.getShape());
    if (rowDim == 1 && type.isDynamicDim(0)) {
      Value time = op.getTimeOperand();
      count[0] = time ? extent(b, time, 0) : b.getIndexAttr(1);
    }
    auto take = [&](int64_t dim, OpFoldResult offset, OpFoldResult size) {
      if (type.getDimSize(dim) == 1)
        return;
      from[dim] = offset;
      count[dim] = size;
    };
    take(rowDim, offsets[0], sizes[0]);
    if (type.getRank() == 1)
      return {from, count};
    int64_t all = op.getNumHeads(), groups = type.getDimSize(rowDim + 1);
    int64_t taken = *getConstantIntValue(sizes[1]) * groups / all;
    AffineExpr head = b.getAffineSymbolExpr(0);
    take(rowDim + 1,
         affine::makeComposedFoldedAffineApply(
             b, b.getLoc(), (head * groups).floorDiv(all), {offsets[1]}),
         b.getIndexAttr(std::max<int64_t>(taken, 1)));
    if (hasColumns)
      take(type.getRank() - 1, offsets[2], sizes[2]);
    return {from, count};
  }

  seq::LinearRecurrenceOp op;
  ImplicitLocOpBuilder b;
  ArrayRef<OpFoldResult> offsets, sizes;
  SmallVector<Operation *> slices;
};

struct LinearRecurrenceTiling
    : TilingInterface::ExternalModel<LinearRecurrenceTiling,
                                     seq::LinearRecurrenceOp> {
  SmallVector<utils::IteratorType> getLoopIteratorTypes(Operation *) const {
    return SmallVector<utils::IteratorType>(3, utils::IteratorType::parallel);
  }

  SmallVector<Range> getIterationDomain(Operation *op,
                                        OpBuilder &builder) const {
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    Value state = cast<seq::LinearRecurrenceOp>(op).getInit();
    SmallVector<Range> domain;
    for (int64_t dim : {0, 1, 3})
      domain.push_back(
          {b.getIndexAttr(0), extent(b, state, dim), b.getIndexAttr(1)});
    return domain;
  }

  FailureOr<TilingResult>
  getTiledImplementation(Operation *op, OpBuilder &b,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes) const {
    return RecurrenceCut(cast<seq::LinearRecurrenceOp>(op), b, offsets, sizes)
        .run();
  }

  LogicalResult
  getResultTilePosition(Operation *op, OpBuilder &b, unsigned number,
                        ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes,
                        SmallVector<OpFoldResult> &resultOffsets,
                        SmallVector<OpFoldResult> &resultSizes) const {
    RecurrenceCut cut(cast<seq::LinearRecurrenceOp>(op), b, offsets, sizes);
    std::tie(resultOffsets, resultSizes) = cut.findResult(number);
    return success();
  }
};

} // namespace

void registerLinearRecurrenceTiling(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seq::SeqDialect *) {
    seq::LinearRecurrenceOp::attachInterface<LinearRecurrenceTiling>(*context);
  });
}

} // namespace seqc
