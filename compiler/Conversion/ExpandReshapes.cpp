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
    SmallVector<memref::ExpandShapeOp> parts;
    getOperation().walk([&](memref::ExpandShapeOp op) {
      if (op.getSrcType().getLayout().isIdentity() &&
          op.getResultType().getLayout().isIdentity())
        found.push_back(op);
      else if (splitsDynamic(op))
        parts.push_back(op);
    });
    for (memref::ExpandShapeOp op : found)
      replace(op);
    for (memref::ExpandShapeOp op : parts)
      replacePart(op);
  }

  /// Whether an extent becomes several that are dynamic.
  static bool splitsDynamic(memref::ExpandShapeOp op) {
    return llvm::any_of(op.getReassociationIndices(),
                        [&](ArrayRef<int64_t> group) {
                          return llvm::count_if(group, [&](int64_t d) {
                                   return op.getResultType().isDynamicDim(d);
                                 }) > 1;
                        });
  }

  /// An expansion of a part of a buffer, whose strides are those of the part.
  void replacePart(memref::ExpandShapeOp op) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    MemRefType type = op.getResultType();
    SmallVector<int64_t> known;
    int64_t offset;
    if (failed(type.getStridesAndOffset(known, offset)))
      return;
    auto part =
        memref::ExtractStridedMetadataOp::create(builder, loc, op.getSrc());
    SmallVector<OpFoldResult> sizes = op.getMixedOutputShape(),
                              strides(sizes.size());
    // Numbers where the type has them.
    auto choose = [&](int64_t number, Value value) -> OpFoldResult {
      if (ShapedType::isDynamic(number))
        return value;
      return builder.getIndexAttr(number);
    };
    for (auto [i, group] : llvm::enumerate(op.getReassociationIndices())) {
      Value stride = part.getStrides()[i];
      for (int64_t d : llvm::reverse(group)) {
        strides[d] = choose(known[d], stride);
        Value extent = getValueOrCreateConstantIndexOp(builder, loc, sizes[d]);
        stride = arith::MulIOp::create(builder, loc, stride, extent);
      }
    }
    Value view = memref::ReinterpretCastOp::create(
        builder, loc, type, part.getBaseBuffer(),
        choose(offset, part.getOffset()), sizes, strides);
    op.replaceAllUsesWith(view);
    op.erase();
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
