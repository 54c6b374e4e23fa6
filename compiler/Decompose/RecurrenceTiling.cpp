//===- RecurrenceTiling.cpp - Recurrences as tileable ops -----------------===//
//
// How seq.recurrence implements upstream's TilingInterface. The iteration domain
// is the batch: its one loop is parallel where no row of the cell looks at
// another. Time is no loop of it, since the states are carried along. A tile is
// a recurrence over some of the rows.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/Decompositions.h"
#include "compiler/Decompose/RowAnalysis.h"
#include "compiler/Decompose/TensorBuilders.h"
#include "dialect/Seq/IR/SeqDialect.h"
#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;

namespace seqc {
namespace {

/// Takes rows out of one recurrence.
class RowsCut {
public:
  RowsCut(seq::RecurrenceOp op, OpBuilder &builder, OpFoldResult offset,
          OpFoldResult size)
      : op(op), b(op.getLoc(), builder), offset(offset), size(size) {}

  FailureOr<TilingResult> run() {
    Block &cell = op.getCell().front();
    RowAnalysis analysis(cell);
    if (!analysis.hasIndependentRows())
      return failure();
    auto tile = seq::RecurrenceOp::create(
        b, cutTypes(op.getOutputs(), /*rowDim=*/1),
        cutTypes(op.getFinals(), /*rowDim=*/0),
        cut(op.getScanned(), /*rowDim=*/1), cut(op.getInits(), /*rowDim=*/0),
        op.getLengths() ? cut(op.getLengths(), /*rowDim=*/0)[0] : Value(),
        /*counts=*/Value(), op.getSteps(), op.getReverse());
    tile->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    copyCell(analysis, cell, tile);
    return TilingResult{{tile}, SmallVector<Value>(tile->getResults()), slices};
  }

  /// Offsets and sizes of a part of a tensor.
  using Part = std::pair<SmallVector<OpFoldResult>, SmallVector<OpFoldResult>>;

  /// What a tile gives of result `number`.
  Part findResult(unsigned number) {
    Value result = op->getResult(number);
    return find(result, llvm::is_contained(op.getFinals(), result) ? 0 : 1);
  }

private:
  Part find(Value tensor, int64_t rowDim) {
    auto type = cast<RankedTensorType>(tensor.getType());
    SmallVector<OpFoldResult> from(type.getRank(), b.getIndexAttr(0));
    // An output has the time extent of what is scanned.
    SmallVector<OpFoldResult> count =
        getAsIndexOpFoldResult(b.getContext(), type.getShape());
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim) && dim != rowDim)
        count[dim] = findExtent(tensor, dim);
    from[rowDim] = offset;
    count[rowDim] = size;
    return {from, count};
  }

  /// An extent of an operand, or of a result by what gives it.
  OpFoldResult findExtent(Value tensor, int64_t dim) {
    if (tensor.getDefiningOp() != op)
      return extent(b, tensor, dim);
    FailureOr<OpFoldResult> found =
        op.reifyDimOfResult(b, cast<OpResult>(tensor).getResultNumber(), dim);
    return succeeded(found) ? *found : extent(b, tensor, dim);
  }

  SmallVector<Value> cut(ValueRange operands, int64_t rowDim) {
    return llvm::map_to_vector(operands, [&](Value operand) {
      auto [from, count] = find(operand, rowDim);
      Value taken = slice(b, operand, from, count);
      slices.push_back(taken.getDefiningOp());
      return taken;
    });
  }

  Type cutType(Type type, int64_t rowDim) {
    auto tensor = cast<RankedTensorType>(type);
    SmallVector<int64_t> shape(tensor.getShape());
    shape[rowDim] = getConstantIntValue(size).value_or(ShapedType::kDynamic);
    return tensor.clone(shape);
  }

  SmallVector<Type> cutTypes(ValueRange values, int64_t rowDim) {
    return llvm::map_to_vector(
        values, [&](Value value) { return cutType(value.getType(), rowDim); });
  }

  /// Copies the cell for an unknown number of rows: its arguments, and what it
  /// yields, are casts, which fold where a tile's rows are known.
  void copyCell(const RowAnalysis &analysis, Block &cell,
                seq::RecurrenceOp tile) {
    OpBuilder::InsertionGuard guard(b);
    SmallVector<Location> locations(cell.getNumArguments(), op.getLoc());
    SmallVector<Type> types = cutTypes(cell.getArguments(), /*rowDim=*/0);
    Block *body = b.createBlock(&tile.getCell(), {}, types, locations);
    RowCloner cloner(b, analysis, asValue(b, size));
    for (auto [old, fresh] :
         llvm::zip_equal(cell.getArguments(), body->getArguments()))
      cloner.mapping.map(old,
                         castTo(b, fresh, withDynamicRows(fresh.getType())));
    for (Operation &inner : cell.without_terminator())
      cloner.clone(&inner);
    SmallVector<Value> yielded;
    for (Value value : cell.getTerminator()->getOperands())
      yielded.push_back(castTo(b, cloner.mapping.lookup(value),
                               cutType(value.getType(), /*rowDim=*/0)));
    seq::YieldOp::create(b, yielded);
  }

  seq::RecurrenceOp op;
  ImplicitLocOpBuilder b;
  OpFoldResult offset, size;
  SmallVector<Operation *> slices;
};

/// Whether a recurrence has a batch that can be cut: steps of the flat form have
/// different numbers of rows, and without scanned inputs and states there are
/// none.
bool hasBatch(seq::RecurrenceOp op) {
  return !op.isFlat() && (!op.getScanned().empty() || !op.getInits().empty());
}

struct RecurrenceTiling
    : TilingInterface::ExternalModel<RecurrenceTiling, seq::RecurrenceOp> {
  SmallVector<utils::IteratorType> getLoopIteratorTypes(Operation *op) const {
    auto recurrence = cast<seq::RecurrenceOp>(op);
    if (!hasBatch(recurrence))
      return {};
    RowAnalysis analysis(recurrence.getCell().front());
    return {analysis.hasIndependentRows() ? utils::IteratorType::parallel
                                          : utils::IteratorType::reduction};
  }

  SmallVector<Range> getIterationDomain(Operation *op,
                                        OpBuilder &builder) const {
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    auto recurrence = cast<seq::RecurrenceOp>(op);
    if (!hasBatch(recurrence))
      return {};
    OpFoldResult rows = recurrence.getInits().empty()
                            ? extent(b, recurrence.getScanned().front(), 1)
                            : extent(b, recurrence.getInits().front(), 0);
    return {{b.getIndexAttr(0), rows, b.getIndexAttr(1)}};
  }

  FailureOr<TilingResult>
  getTiledImplementation(Operation *op, OpBuilder &b,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes) const {
    if (!hasBatch(cast<seq::RecurrenceOp>(op)))
      return failure();
    return RowsCut(cast<seq::RecurrenceOp>(op), b, offsets[0], sizes[0]).run();
  }

  LogicalResult
  getResultTilePosition(Operation *op, OpBuilder &b, unsigned number,
                        ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes,
                        SmallVector<OpFoldResult> &resultOffsets,
                        SmallVector<OpFoldResult> &resultSizes) const {
    if (!hasBatch(cast<seq::RecurrenceOp>(op)))
      return failure();
    RowsCut cut(cast<seq::RecurrenceOp>(op), b, offsets[0], sizes[0]);
    std::tie(resultOffsets, resultSizes) = cut.findResult(number);
    return success();
  }
};

} // namespace

void registerRecurrenceTiling(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seq::SeqDialect *) {
    seq::RecurrenceOp::attachInterface<RecurrenceTiling>(*context);
  });
}

} // namespace seqc
