//===- ContextAccess.cpp - Reading the call context -----------------------===//

#include "compiler/Conversion/ContextAccess.h"

#include "runtime/abi/ModelAbi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;

Value seqc::contextPointer(OpBuilder &builder, Location loc, Value context) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  return UnrealizedConversionCastOp::create(builder, loc, pointer, context)
      .getResult(0);
}

Value seqc::loadPointerAt(OpBuilder &builder, Location loc, Value base,
                          int64_t offset) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value address =
      LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(offset)});
  return LLVM::LoadOp::create(builder, loc, pointer, address);
}

Value seqc::loadExtent(OpBuilder &builder, Location loc, Value array,
                       int64_t position) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value address = LLVM::GEPOp::create(
      builder, loc, pointer, builder.getI64Type(), array,
      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(position)});
  Value extent =
      LLVM::LoadOp::create(builder, loc, builder.getI64Type(), address);
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    extent);
}

Value seqc::bytesAt(OpBuilder &builder, Location loc, Value pointer) {
  MLIRContext *context = builder.getContext();
  Type i64 = builder.getI64Type(), array = LLVM::LLVMArrayType::get(i64, 1);
  Type descriptor = LLVM::LLVMStructType::getLiteral(
      context, {pointer.getType(), pointer.getType(), i64, array, array});
  auto number = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, i64,
                                    builder.getI64IntegerAttr(value));
  };
  Value value = LLVM::PoisonOp::create(builder, loc, descriptor);
  value = LLVM::InsertValueOp::create(builder, loc, value, pointer,
                                      ArrayRef<int64_t>{0});
  value = LLVM::InsertValueOp::create(builder, loc, value, pointer,
                                      ArrayRef<int64_t>{1});
  value = LLVM::InsertValueOp::create(builder, loc, value, number(0),
                                      ArrayRef<int64_t>{2});
  value = LLVM::InsertValueOp::create(
      builder, loc, value, number(int64_t(1) << 62), ArrayRef<int64_t>{3, 0});
  value = LLVM::InsertValueOp::create(builder, loc, value, number(1),
                                      ArrayRef<int64_t>{4, 0});
  Type bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  return UnrealizedConversionCastOp::create(builder, loc, TypeRange{bytes},
                                            value)
      .getResult(0);
}

Value seqc::callService(OpBuilder &builder, Location loc, Value context,
                        int64_t offset, Type result, ValueRange arguments) {
  Value self = contextPointer(builder, loc, context);
  Value services =
      loadPointerAt(builder, loc, self, offsetof(seqc_abi_context, services));
  Value function = loadPointerAt(builder, loc, services, offset);
  SmallVector<Value> operands{function, self};
  SmallVector<Type> types{self.getType()};
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
