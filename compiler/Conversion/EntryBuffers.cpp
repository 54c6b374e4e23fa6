//===- EntryBuffers.cpp - Memory of inputs and outputs --------------------===//

#include "compiler/Conversion/EntryBuffers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

memref::ViewOp seqc::createOutput(OpBuilder &builder, Location loc,
                                  Value context, int64_t index, MemRefType type,
                                  ValueRange sizes) {
  auto tensor = RankedTensorType::get(type.getShape(), type.getElementType());
  Value bytes =
      rt::OutputOp::create(builder, loc, context, index, tensor, sizes);
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  return memref::ViewOp::create(builder, loc, type, bytes, zero, sizes);
}

/// The views of memory that ops of kind `Op` give.
template <typename Op>
static SmallVector<EntryBuffer> findViews(func::FuncOp function) {
  SmallVector<EntryBuffer> found;
  function.walk([&](memref::ViewOp view) {
    if (auto memory = view.getSource().getDefiningOp<Op>())
      found.push_back(
          {static_cast<int64_t>(memory.getIndex()), memory.getBytes(), view});
  });
  llvm::stable_sort(found, [](const EntryBuffer &a, const EntryBuffer &b) {
    return a.index < b.index;
  });
  return found;
}

SmallVector<EntryBuffer> seqc::findInputs(func::FuncOp function) {
  return findViews<rt::InputOp>(function);
}

SmallVector<EntryBuffer> seqc::findOutputs(func::FuncOp function) {
  return findViews<rt::OutputOp>(function);
}
