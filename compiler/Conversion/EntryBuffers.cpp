//===- EntryBuffers.cpp - Memory of inputs and outputs --------------------===//

#include "compiler/Conversion/EntryBuffers.h"

#include "compiler/Conversion/ContextAccess.h"
#include "dialect/Seq/IR/Marks.h"
#include "runtime/abi/ModelAbi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace seqc;

memref::ViewOp seqc::emitOutput(OpBuilder &builder, Location loc, Value context,
                                Value shape, int64_t index, MemRefType type,
                                ValueRange sizes) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto i32 = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, builder.getI32Type(),
                                    builder.getI32IntegerAttr(value));
  };
  Value bytes = saturatedBytes(builder, loc, type, sizes);
  unsigned dynamic = 0;
  for (auto [d, known] : llvm::enumerate(type.getShape())) {
    Value extent = ShapedType::isDynamic(known)
                       ? sizes[dynamic++]
                       : arith::ConstantIndexOp::create(builder, loc, known);
    Value slot =
        LLVM::GEPOp::create(builder, loc, pointer, builder.getI64Type(), shape,
                            ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(d)});
    LLVM::StoreOp::create(builder, loc, indexToI64(builder, loc, extent), slot);
  }
  Value storage = callService(builder, loc, context,
                              offsetof(seqc_abi_services, output), pointer,
                              {i32(index), i32(type.getRank()), shape,
                               indexToI64(builder, loc, bytes)});
  seq::mark<seq::OutputMark>(storage.getDefiningOp(),
                             builder.getI64IntegerAttr(index));
  Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
  return memref::ViewOp::create(builder, loc, type,
                                bytesAt(builder, loc, storage), zero, sizes);
}

/// The op that gives the address behind bytesAt(), or null.
static Operation *findPointer(Value bytes) {
  auto cast = bytes.getDefiningOp<UnrealizedConversionCastOp>();
  if (!cast || cast.getInputs().size() != 1)
    return nullptr;
  Value descriptor = cast.getInputs().front();
  while (auto insert = descriptor.getDefiningOp<LLVM::InsertValueOp>()) {
    if (insert.getPosition() == ArrayRef<int64_t>{1})
      return insert.getValue().getDefiningOp();
    descriptor = insert.getContainer();
  }
  return nullptr;
}

/// The views of memory whose address comes from an op with `Mark`.
template <typename Mark>
static SmallVector<EntryBuffer> findMarked(func::FuncOp function) {
  SmallVector<EntryBuffer> found;
  function.walk([&](memref::ViewOp view) {
    Operation *pointer = findPointer(view.getSource());
    IntegerAttr index = pointer ? seq::getMark<Mark>(pointer) : IntegerAttr();
    if (index)
      found.push_back({index.getInt(), pointer, view.getSource(), view});
  });
  llvm::stable_sort(found, [](const EntryBuffer &a, const EntryBuffer &b) {
    return a.index < b.index;
  });
  return found;
}

SmallVector<EntryBuffer> seqc::findInputs(func::FuncOp function) {
  return findMarked<seq::InputMark>(function);
}

SmallVector<EntryBuffer> seqc::findOutputs(func::FuncOp function) {
  return findMarked<seq::OutputMark>(function);
}
