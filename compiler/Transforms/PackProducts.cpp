//===- PackProducts.cpp - Lay weights out for the CPU ---------------------===//
//
//   1. Each product gets the panels that its kernel reads; a left operand whose
//      depth is no multiple of the kernel's unit, or of a block of codes, is
//      padded.
//   2. Packing does not depend on the step: loop-invariant code motion hoists
//      it out of loops.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/KernelTable.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/WeightSources.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

#define DEBUG_TYPE "seq-pack-products"

namespace seqc {
#define GEN_PASS_DEF_PACKPRODUCTSPASS
#include "compiler/Transforms/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// `lhs` with columns of zeros up to `depth` columns.
Value padDepth(OpBuilder &builder, Location loc, Value lhs, int64_t depth) {
  auto type = cast<RankedTensorType>(lhs.getType());
  if (type.getDimSize(1) == depth)
    return lhs;
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, lhs);
  SmallVector<OpFoldResult> padded{sizes[0], builder.getIndexAttr(depth)};
  Value none = arith::ConstantOp::create(
      builder, loc, builder.getZeroAttr(type.getElementType()));
  Value empty =
      tensor::EmptyOp::create(builder, loc, padded, type.getElementType());
  Value zeros = linalg::FillOp::create(builder, loc, none, empty).getResult(0);
  SmallVector<OpFoldResult> offsets(2, builder.getIndexAttr(0)),
      strides(2, builder.getIndexAttr(1));
  return tensor::InsertSliceOp::create(builder, loc, lhs, zeros, offsets, sizes,
                                       strides);
}

struct PackProducts : seqc::impl::PackProductsPassBase<PackProducts> {
  void runOnOperation() override {
    seq::TargetAttr target = getTarget(getOperation());
    SmallVector<seq::MatmulOp> products;
    getOperation().walk([&](seq::MatmulOp op) { products.push_back(op); });
    for (seq::MatmulOp op : products)
      pack(op, target);
    SmallVector<seq::BlockwiseMatmulOp> blockwise;
    getOperation().walk(
        [&](seq::BlockwiseMatmulOp op) { blockwise.push_back(op); });
    for (seq::BlockwiseMatmulOp op : blockwise)
      pack(op, target);
    numPacked += products.size() + blockwise.size();
    getOperation().walk(
        [](LoopLikeOpInterface loop) { moveLoopInvariantCode(loop); });
  }

  /// The type in which files hold all of `matrices`; null if they hold their
  /// elements as they are, or differ.
  static Type findStoredType(ValueRange matrices) {
    Type stored;
    for (Value matrix : matrices) {
      std::optional<SmallVector<WeightRun>> runs = findWeightRuns(matrix);
      for (WeightRun run : runs.value_or(SmallVector<WeightRun>())) {
        Type own = run.weight.getStored().value_or(Type());
        if (!own || (stored && own != stored))
          return {};
        stored = own;
      }
      if (!runs)
        return {};
    }
    return stored;
  }

  static void pack(seq::MatmulOp op, seq::TargetAttr target) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    // What files hold stays so in panels if there are kernels that widen it.
    Type left = getElementTypeOrSelf(op.getLhs());
    Type element = findStoredType(op.getMatrices());
    if (!element || !findKernel(target, left, element,
                                getElementTypeOrSelf(op.getInits()[0])))
      element = getElementTypeOrSelf(op.getMatrices()[0]);
    // The verifier lets no other types through than the table has.
    Type sum = getElementTypeOrSelf(op.getInits()[0]);
    const ProductKernel &kernel = *findKernel(target, left, element, sum);
    int64_t gates = op.getNumMatrices(), columns = op.getNumColumns();
    int64_t width = choosePanelWidth(gates, columns, sum);
    int64_t groups = llvm::divideCeil(op.getDepth(), kernel.unit);
    auto panelType = RankedTensorType::get(
        {static_cast<int64_t>(llvm::divideCeil(columns, width)), groups, gates,
         width * kernel.unit},
        element);
    Value panels =
        seq::PackOp::create(builder, loc, panelType, op.getMatrices(),
                            op.getTransposed(), op.getExcess(), kernel.unit);
    Value lhs = padDepth(builder, loc, op.getLhs(), groups * kernel.unit);
    auto packed = seq::PackedMatmulOp::create(
        builder, loc, op.getResultTypes(), lhs, panels, /*scales=*/Value(),
        /*zeros=*/Value(), /*bits=*/0, /*is_signed=*/false, kernel.unit,
        op.getInits());
    op->replaceAllUsesWith(packed.getResults());
    op->erase();
  }

  /// `stored`, [columns, n], in panels of `width` columns with `unit` of its
  /// elements side by side.
  static Value packColumns(OpBuilder &builder, Location loc, Value stored,
                           int64_t width, int64_t unit) {
    auto type = cast<RankedTensorType>(stored.getType());
    auto panelType = RankedTensorType::get(
        {static_cast<int64_t>(llvm::divideCeil(type.getDimSize(0), width)),
         static_cast<int64_t>(llvm::divideCeil(type.getDimSize(1), unit)), 1,
         width * unit},
        type.getElementType());
    return seq::PackOp::create(builder, loc, panelType, stored,
                               /*transposed=*/false, /*excess=*/false, unit);
  }

  static void pack(seq::BlockwiseMatmulOp op, seq::TargetAttr target) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    Type f32 = builder.getF32Type();
    const ProductKernel &kernel =
        *findKernel(target, f32, builder.getI8Type(), f32);
    int64_t width = choosePanelWidth(/*gates=*/1, op.getNumColumns(), f32);
    Value panels = packColumns(builder, loc, op.getCodes(), width, kernel.unit);
    Value scales = packColumns(builder, loc, op.getScales(), width, /*unit=*/1);
    Value zeros = op.getZeros();
    if (zeros)
      zeros = packColumns(
          builder, loc, zeros, width,
          zeros.getType() == op.getScales().getType() ? 1 : kernel.unit);
    int64_t depth = op.getNumBlocks() * static_cast<int64_t>(op.getBlock());
    Value lhs = padDepth(builder, loc, op.getLhs(), depth);
    SmallVector<OpFoldResult> sizes{
        tensor::getMixedSize(builder, loc, op.getLhs(), 0),
        builder.getIndexAttr(op.getNumColumns())};
    Value none =
        arith::ConstantOp::create(builder, loc, builder.getZeroAttr(f32));
    Value empty = tensor::EmptyOp::create(builder, loc, sizes, f32);
    Value init = linalg::FillOp::create(builder, loc, none, empty).getResult(0);
    Value product =
        seq::PackedMatmulOp::create(builder, loc, init.getType(), lhs, panels,
                                    scales, zeros, op.getBits(),
                                    op.getIsSigned(), kernel.unit, init)
            .getResult(0);
    if (product.getType() != op.getType())
      product = tensor::CastOp::create(builder, loc, op.getType(), product);
    op.replaceAllUsesWith(product);
    op->erase();
  }
};

} // namespace
