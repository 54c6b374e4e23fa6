//===- ConvertDNNToLLVM.cpp - Library calls through the services ----------===//

#include "compiler/Conversion/ContextAccess.h"
#include "compiler/Conversion/Passes.h"
#include "compiler/Transforms/ParallelLoops.h"
#include "dialect/DNN/IR/DNNOps.h"
#include "runtime/abi/ModelAbi.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

#define DEBUG_TYPE "convert-dnn-to-llvm"

namespace seqc {
#define GEN_PASS_DEF_CONVERTDNNTOLLVMPASS
#include "compiler/Conversion/Passes.h.inc"
} // namespace seqc

using namespace mlir;
using namespace seqc;

namespace {

/// A matrix as the library wants it.
struct Matrix {
  Value pointer, rows, stride;
};

struct ConvertDNNToLLVM
    : seqc::impl::ConvertDNNToLLVMPassBase<ConvertDNNToLLVM> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    SmallVector<dnn::CreateMatmulOp> creates;
    SmallVector<dnn::MatmulOp> products;
    function.walk([&](dnn::CreateMatmulOp op) { creates.push_back(op); });
    function.walk([&](dnn::MatmulOp op) { products.push_back(op); });
    if (creates.empty())
      return;
    if (!hasContext(function)) {
      creates.front().emitOpError("stands outside of an entry; only entries "
                                  "have a context to call the library with");
      return signalPassFailure();
    }
    Value context = function.getArgument(0);
    DenseMap<Value, Value> handles;
    for (dnn::CreateMatmulOp op : creates)
      handles[op.getPrimitive()] = create(op, context);
    for (dnn::MatmulOp op : products)
      execute(op, context, handles.lookup(op.getPrimitive()));
    for (dnn::CreateMatmulOp op : creates)
      op.erase();
  }

  static Matrix describe(OpBuilder &builder, Location loc, Value buffer) {
    auto metadata =
        memref::ExtractStridedMetadataOp::create(builder, loc, buffer);
    Value address =
        memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, buffer);
    Value size = arith::ConstantIndexOp::create(
        builder, loc,
        cast<MemRefType>(buffer.getType()).getElementTypeBitWidth() / 8);
    Value offset =
        arith::MulIOp::create(builder, loc, metadata.getOffset(), size);
    Value begin = indexToI64(
        builder, loc, arith::AddIOp::create(builder, loc, address, offset));
    Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
    return {LLVM::IntToPtrOp::create(builder, loc, pointer, begin),
            indexToI64(builder, loc, metadata.getSizes()[0]),
            indexToI64(builder, loc, metadata.getStrides()[0])};
  }

  static Value create(dnn::CreateMatmulOp op, Value context) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    Matrix weights = describe(builder, loc, op.getWeights());
    ArrayRef<int64_t> shape =
        cast<MemRefType>(op.getWeights().getType()).getShape();
    int64_t n = shape[op.getTransposed() ? 0 : 1],
            k = shape[op.getTransposed() ? 1 : 0];
    int64_t flags = SEQC_ABI_DNN_ACCUMULATE |
                    (op.getTransposed() ? SEQC_ABI_DNN_TRANSPOSED : 0) |
                    (op.getConstant() ? SEQC_ABI_DNN_CONSTANT : 0);
    auto number = [&](int64_t value) -> Value {
      return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                      builder.getI64IntegerAttr(value));
    };
    Value flagBits = LLVM::ConstantOp::create(
        builder, loc, builder.getI32Type(), builder.getI32IntegerAttr(flags));
    Type pointer = weights.pointer.getType();
    Value constant =
        op.getConstant()
            ? weights.pointer
            : LLVM::ZeroOp::create(builder, loc, pointer).getResult();
    return callService(
        builder, loc, context, offsetof(seqc_abi_services, dnn_matmul_create),
        pointer, {number(k), number(n), weights.stride, constant, flagBits});
  }

  static void execute(dnn::MatmulOp op, Value context, Value handle) {
    OpBuilder builder(op);
    Location loc = op.getLoc();
    Matrix lhs = describe(builder, loc, op.getLhs()),
           weights = describe(builder, loc, op.getWeights()),
           acc = describe(builder, loc, op.getAcc());
    Value noBias = LLVM::ZeroOp::create(builder, loc, lhs.pointer.getType());
    callService(builder, loc, context,
                offsetof(seqc_abi_services, dnn_matmul_execute), Type(),
                {handle, lhs.rows, lhs.pointer, lhs.stride, weights.pointer,
                 noBias, acc.pointer, acc.stride});
    op.erase();
  }
};

} // namespace
