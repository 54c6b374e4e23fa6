//===- BufferizableOpInterfaceImpl.cpp - Buffers for dnn ops --------------===//

#include "dialect/DNN/IR/DNNOps.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace mlir::bufferization;
using namespace seqc::dnn;

namespace {

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
    replaceOpWithNewBufferizedOp<CreateMatmulOp>(
        rewriter, op, op.getPrimitive().getType(), *weights, op.getTransposed(),
        op.getConstant());
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
    MatmulOp::create(rewriter, op.getLoc(), TypeRange{}, op.getPrimitive(),
                     buffers[0], buffers[1], buffers[2]);
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
