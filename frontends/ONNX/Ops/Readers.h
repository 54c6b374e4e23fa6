//===- Readers.h - What operators require of inputs, attributes --*- C++-*-===//
//
// As the getters of Node do, these report a value that is not allowed and give
// one to go on with: a node that has reported anything has no results.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_OPS_READERS_H
#define FRONTENDS_ONNX_OPS_READERS_H

#include "frontends/Common/Numbers.h"
#include "frontends/ONNX/Node.h"

namespace seqc::onnx {

/// Whether a tensor is known to hold one number.
inline bool isOne(Tensor x) {
  return x.getType().hasStaticShape() && x.getType().getNumElements() == 1;
}

/// The only element of input `i`; reports another number of elements.
llvm::FailureOr<mlir::Value> readOne(Node &node, size_t i);

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

/// Makes `axes` different dimensions of a tensor of rank `rank`: reports constant
/// ones that are not, and ends the call that gives others.
llvm::LogicalResult wrapAxes(Node &node, int64_t rank,
                             llvm::MutableArrayRef<Number> axes);

/// Ends the call if two of the axes, dimensions of a tensor that count from
/// its first one, are the same.
void requireDistinct(Emitter &e, llvm::ArrayRef<mlir::Value> axes);

/// Attribute `name`, one of `choices`.
std::string readChoice(Node &node, llvm::StringRef name,
                       llvm::StringRef otherwise,
                       llvm::ArrayRef<llvm::StringRef> choices);

/// Attribute `name`, a number from `least` to `most`, which messages call
/// `required`.
int64_t readBetween(Node &node, llvm::StringRef name, int64_t otherwise,
                    int64_t least, int64_t most, llvm::StringRef required);

/// The integer that input `i` holds, which is called `what`, as index; reports
/// anything else, and gives `otherwise` then.
Number readInteger(Node &node, size_t i, llvm::StringRef what,
                   int64_t otherwise = 0);

/// Reports that `a` and `b` are not of one type, nor of floats if `floats` is
/// set.
llvm::LogicalResult requireOneType(Node &node, Tensor a, Tensor b,
                                   bool floats = false);

/// The dimension that `axis` means in a tensor of rank `rank`: reports one that
/// does not exist, or ends the call that gives it.
llvm::FailureOr<Number> readAxis(Node &node, Number axis, int64_t rank);

/// The dimensions that `axes` mean, each once, from the first one on.
llvm::FailureOr<llvm::SmallVector<int64_t>>
sortAxes(Node &node, llvm::ArrayRef<int64_t> axes, int64_t rank);

/// Input 1 of an operator of two, which before opset 7 is aligned at a dimension
/// of input 0 instead of the end.
llvm::FailureOr<Tensor> readSecond(Node &node);

/// Reports indices, or what `what` calls, of another type than int32 and int64.
llvm::LogicalResult requireIndexType(Node &node, Tensor x,
                                     llvm::StringRef what = "its indices");

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_READERS_H
