//===- AttentionTiling.cpp - Attention as a tileable op -------------------===//
//
// How seq.attention implements upstream's TilingInterface. The iteration domain
// is that of its queries, [rows, heads, positions] or [rows, positions]; all
// loops are parallel. A tile is an attention of the same kind: its keys are
// those of its rows and heads, and where the position of a query matters, that
// of its first one is `starts`.
//
//===----------------------------------------------------------------------===//

#include "compiler/Decompose/AttentionForms.h"
#include "compiler/Decompose/AttentionSides.h"
#include "compiler/Decompose/Decompositions.h"

#include "dialect/Seq/IR/Marks.h"
#include "dialect/Seq/IR/SeqDialect.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;

namespace seqc {
namespace {

/// Cuts one attention.
class AttentionCut {
public:
  AttentionCut(seq::AttentionOp op, OpBuilder &builder,
               ArrayRef<OpFoldResult> offsets, ArrayRef<OpFoldResult> sizes)
      : op(op), b(op.getLoc(), builder), offsets(offsets), sizes(sizes) {}

  FailureOr<TilingResult> run() {
    if (failed(findKeys()))
      return failure();
    auto tile = cast<seq::AttentionOp>(b.clone(*op));
    b.setInsertionPoint(tile);
    tile.getQueryMutable().assign(
        cut(op.getQuery(), withLast(offsets), withLast(sizes)));
    tile.getKeyMutable().assign(cut(op.getKey(), keyOffsets, keySizes));
    tile.getValueMutable().assign(cut(op.getValue(), keyOffsets, keySizes));
    if (Value rows = op.getRows())
      tile.getRowsMutable().assign(cut(rows, offsets.front(), sizes.front()));
    for (auto [side, mine] : {std::pair(op.getMask(), tile.getMaskMutable()),
                              std::pair(op.getBias(), tile.getBiasMutable())})
      if (side)
        mine.assign(cutSide(side));
    if (Value lengths = op.getLengths())
      tile.getLengthsMutable().assign(cutSide(lengths));
    if (failed(moveStart(tile)))
      return failure();
    b.setInsertionPointAfter(tile);
    for (Value result : tile->getResults()) {
      auto type = cast<RankedTensorType>(result.getType());
      SmallVector<int64_t> shape = decomposeMixedValues(sizes).first;
      shape.push_back(type.getShape().back());
      result.setType(type.clone(shape));
    }
    return TilingResult{{tile}, SmallVector<Value>(tile->getResults()), slices};
  }

private:
  /// Offsets or sizes of the leading dimensions with those of a whole last one;
  /// null stands for it.
  static SmallVector<OpFoldResult> withLast(ArrayRef<OpFoldResult> leading) {
    SmallVector<OpFoldResult> all(leading);
    all.push_back({});
    return all;
  }

  /// The part of `source` at `offsets` of `sizes`; where these are null, whole
  /// dimensions.
  Value cut(Value source, ArrayRef<OpFoldResult> offsets,
            ArrayRef<OpFoldResult> sizes) {
    SmallVector<OpFoldResult> from(offsets), count(sizes);
    for (auto [dim, whole] : llvm::enumerate(extents(b, source)))
      if (!from[dim] || !count[dim]) {
        from[dim] = b.getIndexAttr(0);
        count[dim] = whole;
      }
    Value part = slice(b, source, from, count);
    slices.push_back(part.getDefiningOp());
    return part;
  }

  /// Of a mask, a bias or a list of numbers for each row: dimensions of extent 1
  /// are repeated and stay whole, those of rows that queries choose as well.
  Value cutSide(Value side) {
    auto type = cast<RankedTensorType>(side.getType());
    SmallVector<OpFoldResult> from(type.getRank()), count(type.getRank());
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      if (dim == static_cast<int64_t>(offsets.size()) ||
          type.getDimSize(dim) == 1 || (dim == 0 && op.getRows()))
        continue;
      from[dim] = offsets[dim];
      count[dim] = sizes[dim];
      if (!type.isDynamicDim(dim) || type.getRank() == 1)
        continue;
      // The extent may turn out to be 1.
      Value one = indexConstant(b, 1);
      Value repeats = arith::CmpIOp::create(
          b, arith::CmpIPredicate::eq, asValue(b, extent(b, side, dim)), one);
      from[dim] = arith::SelectOp::create(b, repeats, indexConstant(b, 0),
                                          asValue(b, from[dim]))
                      .getResult();
      count[dim] =
          arith::SelectOp::create(b, repeats, one, asValue(b, count[dim]))
              .getResult();
    }
    return cut(side, from, count);
  }

  /// The rows and heads of the keys that belong to those of the queries. Heads
  /// that share keys are cut one by one or not at all.
  LogicalResult findKeys() {
    auto query = cast<RankedTensorType>(op.getQuery().getType()),
         key = cast<RankedTensorType>(op.getKey().getType());
    keyOffsets.assign(key.getRank(), {});
    keySizes = keyOffsets;
    if (!op.getRows()) {
      keyOffsets[0] = offsets[0];
      keySizes[0] = sizes[0];
    }
    if (query.getRank() == 3 || isWhole(1))
      return success();
    if (query.isDynamicDim(1) || key.isDynamicDim(1))
      return failure();
    int64_t group = query.getDimSize(1) / key.getDimSize(1);
    if (group != 1 && getConstantIntValue(sizes[1]) != 1)
      return failure();
    keyOffsets[1] = affine::makeComposedFoldedAffineApply(
        b, b.getLoc(), b.getAffineSymbolExpr(0).floorDiv(group), {offsets[1]});
    keySizes[1] = sizes[1];
    return success();
  }

  /// Whether a tile has all indices of a dimension.
  bool isWhole(int64_t dim) {
    return getConstantIntValue(offsets[dim]) == 0 &&
           isEqualConstantIntOrValue(sizes[dim], extent(b, op.getQuery(), dim));
  }

  /// Positions count from the tile's first query on: `starts` of the tile says
  /// where that stands among the keys of its row.
  LogicalResult moveStart(seq::AttentionOp tile) {
    Value starts = op.getStarts();
    bool matters = op.getCausal() != seq::Causal::None || op.getWindow();
    int64_t last = offsets.size() - 1;
    if (!matters || isWhole(last)) {
      if (starts)
        tile.getStartsMutable().assign(cutSide(starts));
      return success();
    }
    Value row = asValue(b, offsets.front());
    if (starts && op.getStarts().getType().getDimSize(0) != 1) {
      // One number for each row would be as many sums.
      if (getConstantIntValue(sizes.front()) != 1)
        return failure();
      if (Value rows = op.getRows())
        row = arith::IndexCastOp::create(
            b, b.getIndexType(), tensor::ExtractOp::create(b, rows, row));
    }
    Value start = asValue(b, offsets[last]);
    if (Value shift =
            alignment(b, op, row, asValue(b, extent(b, op.getQuery(), last)),
                      asValue(b, extent(b, op.getKey(),
                                        op.getKey().getType().getRank() - 2))))
      start = arith::AddIOp::create(b, start, shift);
    start = arith::IndexCastOp::create(b, b.getI64Type(), start);
    tile.getStartsMutable().assign(
        tensor::FromElementsOp::create(b, ValueRange{start}).getResult());
    if (op.getCausal() == seq::Causal::BottomRight)
      tile.setCausal(seq::Causal::TopLeft);
    return success();
  }

  seq::AttentionOp op;
  ImplicitLocOpBuilder b;
  ArrayRef<OpFoldResult> offsets, sizes;
  SmallVector<OpFoldResult> keyOffsets, keySizes;
  SmallVector<Operation *> slices;
};

struct AttentionTiling
    : TilingInterface::ExternalModel<AttentionTiling, seq::AttentionOp> {
  SmallVector<utils::IteratorType> getLoopIteratorTypes(Operation *op) const {
    int64_t rank = cast<seq::AttentionOp>(op).getQuery().getType().getRank();
    return SmallVector<utils::IteratorType>(rank - 1,
                                            utils::IteratorType::parallel);
  }

  SmallVector<Range> getIterationDomain(Operation *op,
                                        OpBuilder &builder) const {
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    SmallVector<Range> domain;
    for (OpFoldResult size : extents(b, cast<seq::AttentionOp>(op).getQuery()))
      domain.push_back({b.getIndexAttr(0), size, b.getIndexAttr(1)});
    domain.pop_back();
    return domain;
  }

  FailureOr<TilingResult>
  getTiledImplementation(Operation *op, OpBuilder &b,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes) const {
    return AttentionCut(cast<seq::AttentionOp>(op), b, offsets, sizes).run();
  }

  LogicalResult
  getResultTilePosition(Operation *op, OpBuilder &builder, unsigned number,
                        ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes,
                        SmallVector<OpFoldResult> &resultOffsets,
                        SmallVector<OpFoldResult> &resultSizes) const {
    ImplicitLocOpBuilder b(op->getLoc(), builder);
    auto attention = cast<seq::AttentionOp>(op);
    resultOffsets.assign(offsets.begin(), offsets.end());
    resultOffsets.push_back(b.getIndexAttr(0));
    resultSizes.assign(sizes.begin(), sizes.end());
    int64_t rank = resultSizes.size() + 1;
    resultSizes.push_back(number == 0
                              ? extent(b, attention.getValue(), rank - 1)
                              : extent(b, attention.getKey(), rank - 2));
    return success();
  }
};

/// Queries whose scores are stored together, and, of a score that is a region,
/// whose pairs are.
constexpr int64_t kBlockQueries = 32, kBlockPairs = 8;

} // namespace

LogicalResult tileQueries(seq::AttentionOp &op) {
  int64_t rank = op.getQuery().getType().getRank();
  int64_t count = op.getQuery().getType().getDimSize(rank - 2);
  bool isRegion = op.getScore() == seq::Score::Region;
  // Numbers of heads that are open are refused by what comes next.
  if (op.getProbabilities() ||
      (!ShapedType::isDynamic(count) && count <= kFewQueries) ||
      (rank == 4 && op.getQuery().getType().isDynamicDim(1)))
    return success();
  IRRewriter rewriter(op);
  SmallVector<OpFoldResult> tile(rank - 1, rewriter.getIndexAttr(0));
  tile.front() = rewriter.getIndexAttr(1);
  tile.back() = rewriter.getIndexAttr(isRegion ? kBlockPairs : kBlockQueries);
  scf::SCFTilingOptions options;
  options.setTileSizes(tile);
  FailureOr<scf::SCFTilingResult> tiled =
      scf::tileUsingSCF(rewriter, cast<TilingInterface>(*op), options);
  if (failed(tiled))
    return failure();
  for (LoopLikeOpInterface loop : tiled->loops)
    seq::mark<seq::ParallelMark>(loop);
  rewriter.replaceOp(op, tiled->replacements);
  op = cast<seq::AttentionOp>(tiled->tiledOps.front());
  return success();
}

void registerAttentionTiling(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seq::SeqDialect *) {
    seq::AttentionOp::attachInterface<AttentionTiling>(*context);
  });
}

} // namespace seqc
