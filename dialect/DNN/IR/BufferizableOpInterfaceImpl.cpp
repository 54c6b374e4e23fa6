//===- BufferizableOpInterfaceImpl.cpp - Buffers for dnn ops --------------===//

#include "dialect/DNN/IR/DNNOps.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace seqc::dnn;

namespace {

/// Whether the elements of a row lie side by side, as the library takes them.
bool hasDenseRows(Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) &&
         strides.back() == 1;
}

/// A buffer of the same shape, row by row; its contents are undefined.
Value allocateRows(OpBuilder &builder, Location loc, Value like) {
  auto type = cast<MemRefType>(like.getType());
  SmallVector<Value> sizes;
  for (auto [dim, size] : llvm::enumerate(type.getShape()))
    if (ShapedType::isDynamic(size))
      sizes.push_back(
          memref::DimOp::create(builder, loc, like, static_cast<int64_t>(dim)));
  return memref::AllocOp::create(
      builder, loc, MemRefType::get(type.getShape(), type.getElementType()),
      sizes);
}

/// `buffer`, or a copy of it if its rows are not dense.
Value makeRowsDense(OpBuilder &builder, Location loc, Value buffer) {
  if (hasDenseRows(buffer))
    return buffer;
  Value copy = allocateRows(builder, loc, buffer);
  memref::CopyOp::create(builder, loc, buffer, copy);
  return copy;
}

/// A primitive keeps the address of its weights and reads nothing.
struct CreateMatmulModel
    : BufferizableOpInterface::ExternalModel<CreateMatmulModel,
                                             CreateMatmulOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const AnalysisState &) const {
    return true;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const AnalysisState &) const {
    return false;
  }
  AliasingValueList getAliasingValues(Operation *, OpOperand &,
                                      const AnalysisState &) const {
    return {};
  }

  LogicalResult bufferize(Operation *operation, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto op = cast<CreateMatmulOp>(operation);
    FailureOr<Value> weights =
        getBuffer(rewriter, op.getWeights(), options, state);
    if (failed(weights))
      return failure();
    // Products take a copy of such weights: of them only the layout counts.
    bool dense = hasDenseRows(*weights);
    if (!dense)
      weights = allocateRows(rewriter, op.getLoc(), *weights);
    replaceOpWithNewBufferizedOp<CreateMatmulOp>(
        rewriter, op, op.getPrimitive().getType(), *weights, op.getTransposed(),
        op.getConstant() && dense);
    return success();
  }
};

struct MatmulModel
    : DstBufferizableOpInterfaceExternalModel<MatmulModel, MatmulOp> {
  LogicalResult bufferize(Operation *operation, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto op = cast<MatmulOp>(operation);
    SmallVector<Value> buffers;
    for (Value operand : {op.getLhs(), op.getWeights(), op.getAcc()}) {
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      buffers.push_back(*buffer);
    }
    SmallVector<Value> dense;
    for (Value buffer : buffers)
      dense.push_back(makeRowsDense(rewriter, op.getLoc(), buffer));
    MatmulOp::create(rewriter, op.getLoc(), TypeRange{}, op.getPrimitive(),
                     dense[0], dense[1], dense[2]);
    if (dense[2] != buffers[2])
      memref::CopyOp::create(rewriter, op.getLoc(), dense[2], buffers[2]);
    replaceOpWithBufferizedValues(rewriter, op, buffers[2]);
    return success();
  }
};

} // namespace

void seqc::dnn::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, DNNDialect *) {
    CreateMatmulOp::attachInterface<CreateMatmulModel>(*context);
    MatmulOp::attachInterface<MatmulModel>(*context);
  });
}
