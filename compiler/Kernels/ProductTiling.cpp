//===- ProductTiling.cpp - Packed products as tileable ops ----------------===//

#include "compiler/Kernels/ProductTiling.h"
#include "compiler/Kernels/KernelTable.h"
#include "dialect/Seq/IR/SeqDialect.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/TilingInterface.h"

using namespace mlir;

namespace seqc {
namespace {

struct PackedMatmulTiling
    : TilingInterface::ExternalModel<PackedMatmulTiling, seq::PackedMatmulOp> {
  SmallVector<utils::IteratorType> getLoopIteratorTypes(Operation *) const {
    return {utils::IteratorType::parallel, utils::IteratorType::parallel};
  }

  SmallVector<Range> getIterationDomain(Operation *op, OpBuilder &b) const {
    OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
    Value init = cast<seq::PackedMatmulOp>(op).getInits()[0];
    SmallVector<Range> domain;
    for (OpFoldResult size : tensor::getMixedSizes(b, op->getLoc(), init))
      domain.push_back({zero, size, one});
    return domain;
  }

  FailureOr<TilingResult>
  getTiledImplementation(Operation *op, OpBuilder &b,
                         ArrayRef<OpFoldResult> offsets,
                         ArrayRef<OpFoldResult> sizes) const {
    auto product = cast<seq::PackedMatmulOp>(op);
    Location loc = op->getLoc();
    std::optional<int64_t> rows = getConstantIntValue(sizes[0]),
                           columns = getConstantIntValue(sizes[1]);
    int64_t width = product.getPanelWidth();
    const ProductKernel *kernel = findKernel(product);
    if (!rows || !columns || *columns > width || !kernel)
      return failure();
    AffineExpr column = b.getAffineSymbolExpr(0);
    ProductTile tile{product,
                     offsets[0],
                     *rows,
                     affine::makeComposedFoldedAffineApply(
                         b, loc, column.floorDiv(width), {offsets[1]}),
                     *columns,
                     /*inits=*/{}};
    TilingResult result;
    SmallVector<OpFoldResult> strides(2, b.getIndexAttr(1));
    for (Value init : product.getInits()) {
      tile.inits.push_back(tensor::ExtractSliceOp::create(b, loc, init, offsets,
                                                          sizes, strides));
      result.generatedSlices.push_back(tile.inits.back().getDefiningOp());
    }
    result.tiledValues = kernel->emit(b, loc, tile);
    for (Value value : result.tiledValues)
      result.tiledOps.push_back(value.getDefiningOp());
    return result;
  }

  LogicalResult getResultTilePosition(
      Operation *, OpBuilder &, unsigned, ArrayRef<OpFoldResult> offsets,
      ArrayRef<OpFoldResult> sizes, SmallVector<OpFoldResult> &resultOffsets,
      SmallVector<OpFoldResult> &resultSizes) const {
    resultOffsets.assign(offsets.begin(), offsets.end());
    resultSizes.assign(sizes.begin(), sizes.end());
    return success();
  }

  FailureOr<TilingResult>
  generateResultTileValue(Operation *op, OpBuilder &b, unsigned number,
                          ArrayRef<OpFoldResult> offsets,
                          ArrayRef<OpFoldResult> sizes) const {
    FailureOr<TilingResult> tile =
        getTiledImplementation(op, b, offsets, sizes);
    if (succeeded(tile))
      tile->tiledValues = {tile->tiledValues[number]};
    return tile;
  }
};

} // namespace

void registerProductTiling(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, seq::SeqDialect *) {
    seq::PackedMatmulOp::attachInterface<PackedMatmulTiling>(*context);
  });
}

} // namespace seqc
