//===- InputTypes.h - What operators require of inputs ----------*- C++-*-===//

#ifndef FRONTENDS_ONNX_OPS_INPUTTYPES_H
#define FRONTENDS_ONNX_OPS_INPUTTYPES_H

#include "frontends/ONNX/Node.h"

namespace seqc::onnx {

/// Whether a tensor is known to hold one number.
inline bool isOne(Tensor x) {
  return x.getType().hasStaticShape() && x.getType().getNumElements() == 1;
}

/// The only element of input `i`, which `what` calls; reports another number of
/// elements.
llvm::FailureOr<mlir::Value> readOne(Node &node, size_t i,
                                     llvm::StringRef what = "");

/// The only element of `x`, which `what` calls; reports another type or number
/// of elements.
llvm::FailureOr<mlir::Value> takeOne(Node &node, Tensor x, DataType type,
                                     const llvm::Twine &what);

/// Imports a graph that gives tensors; reports other values.
llvm::FailureOr<llvm::SmallVector<Tensor>>
importTensors(Node &node, const format::GraphProto &graph,
              llvm::ArrayRef<GraphValue> given);

/// Reports an input among the first `count` ones that holds no floating-point
/// numbers.
llvm::LogicalResult requireFloats(Node &node, size_t count);

/// Reports that one of `inputs` holds no floating-point numbers, or others than
/// the first of them.
llvm::LogicalResult requireOneFloat(Node &node,
                                    llvm::ArrayRef<unsigned> inputs);

/// Input `i`, a list of the extents of output 0, as a tensor of static shape:
/// where its length is found at run time only, the rank that the graph declares
/// for the output holds if it is `least` or more. Reports other ranks.
llvm::FailureOr<Tensor> readShape(Node &node, size_t i, int64_t least = 0);

/// The dimension that the constant `axis` names in a tensor of as many
/// dimensions as `seen`, where it is marked. Reports an axis outside of the
/// tensor and a dimension that is marked already.
std::optional<int64_t> takeAxis(Node &node, int64_t axis,
                                llvm::MutableArrayRef<bool> seen);

/// Ends the call if two of the axes, dimensions of a tensor that count from
/// its first one, are the same.
void requireDistinct(Emitter &e, llvm::ArrayRef<mlir::Value> axes);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_INPUTTYPES_H
