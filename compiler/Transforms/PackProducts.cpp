//===- PackProducts.cpp - Lay weights out for the CPU ---------------------===//
//
//   1. Each product gets the panels that its kernel reads; a left operand whose
//      depth is no multiple of the kernel's unit is padded.
//   2. Packing does not depend on the step: loop-invariant code motion hoists
//      it out of loops.
//
//===----------------------------------------------------------------------===//

#include "compiler/Kernels/KernelTable.h"
#include "compiler/Transforms/Passes.h"

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
    for (seq::MatmulOp op : products) {
      pack(op, target);
      ++numPacked;
    }
    getOperation().walk(
        [](LoopLikeOpInterface loop) { moveLoopInvariantCode(loop); });
  }

  static void pack(seq::MatmulOp op, seq::TargetAttr target) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    Type element = getElementTypeOrSelf(op.getMatrices()[0]);
    // The verifier lets no other types through than the table has.
    Type sum = getElementTypeOrSelf(op.getInits()[0]);
    const ProductKernel &kernel =
        *findKernel(target, getElementTypeOrSelf(op.getLhs()), element, sum);
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
    auto packed =
        seq::PackedMatmulOp::create(builder, loc, op.getResultTypes(), lhs,
                                    panels, kernel.unit, op.getInits());
    op->replaceAllUsesWith(packed.getResults());
    op->erase();
  }
};

} // namespace
