//===- ExpandReshapes.cpp - Expansions as casts ---------------------------===//

#include "compiler/Conversion/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#define DEBUG_TYPE "seq-expand-reshapes"

namespace seqc {
#define GEN_PASS_DEF_EXPANDRESHAPESPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;

namespace {

struct ExpandReshapes : seqc::impl::ExpandReshapesPassBase<ExpandReshapes> {
  void runOnOperation() override {
    SmallVector<memref::ExpandShapeOp> found;
    getOperation().walk([&](memref::ExpandShapeOp op) {
      if (op.getSrcType().getLayout().isIdentity() &&
          op.getResultType().getLayout().isIdentity())
        found.push_back(op);
    });
    for (memref::ExpandShapeOp op : found)
      replace(op);
  }

  void replace(memref::ExpandShapeOp op) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    MemRefType type = op.getResultType();
    SmallVector<OpFoldResult> sizes = op.getMixedOutputShape(),
                              strides(sizes.size());
    SmallVector<int64_t> known;
    int64_t offset;
    (void)type.getStridesAndOffset(known, offset);
    for (int64_t d = type.getRank() - 1; d >= 0; --d) {
      if (!ShapedType::isDynamic(known[d])) {
        strides[d] = builder.getIndexAttr(known[d]);
        continue;
      }
      Value inner =
          getValueOrCreateConstantIndexOp(builder, loc, strides[d + 1]);
      Value extent =
          getValueOrCreateConstantIndexOp(builder, loc, sizes[d + 1]);
      strides[d] =
          arith::MulIOp::create(builder, loc, inner, extent).getResult();
    }
    auto strided =
        MemRefType::get(type.getShape(), type.getElementType(),
                        StridedLayoutAttr::get(builder.getContext(), 0, known));
    Value view = memref::ReinterpretCastOp::create(
        builder, loc, strided, op.getSrc(), builder.getIndexAttr(0), sizes,
        strides);
    if (view.getType() != type)
      view = memref::CastOp::create(builder, loc, type, view);
    op.replaceAllUsesWith(view);
    op.erase();
  }
};

} // namespace
