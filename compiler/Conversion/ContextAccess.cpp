//===- ContextAccess.cpp - Reading the call context -----------------------===//

#include "compiler/Conversion/ContextAccess.h"

#include "runtime/abi/ModelAbi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

Value seqc::contextPointer(OpBuilder &builder, Location loc, Value context) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  return UnrealizedConversionCastOp::create(builder, loc, pointer, context)
      .getResult(0);
}

Value seqc::loadAt(OpBuilder &builder, Location loc, Type type, Value base,
                   int64_t offset) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value address =
      LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(offset)});
  return LLVM::LoadOp::create(builder, loc, type, address);
}

Value seqc::callService(OpBuilder &builder, Location loc, Value context,
                        int64_t offset, Type result, ValueRange arguments) {
  Value self = contextPointer(builder, loc, context);
  Type pointer = self.getType();
  Value services =
      loadAt(builder, loc, pointer, self, offsetof(seqc_abi_context, services));
  Value function = loadAt(builder, loc, pointer, services, offset);
  SmallVector<Value> operands{function, self};
  SmallVector<Type> types{pointer};
  llvm::append_range(operands, arguments);
  llvm::append_range(types, arguments.getTypes());
  Type returned =
      result ? result : LLVM::LLVMVoidType::get(builder.getContext());
  auto call = LLVM::CallOp::create(
      builder, loc, LLVM::LLVMFunctionType::get(returned, types), operands);
  return result ? call.getResult() : Value();
}

Value seqc::indexToI64(OpBuilder &builder, Location loc, Value index) {
  return arith::IndexCastOp::create(builder, loc, builder.getI64Type(), index);
}
