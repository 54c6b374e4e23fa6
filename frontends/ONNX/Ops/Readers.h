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

/// The only element of input `i`; reports another number of elements, and gives
/// 0 then.
Number readOne(Node &node, size_t i);

/// The only element of `x`, which `what` calls; reports another type or number
/// of elements.
llvm::FailureOr<mlir::Value> takeOne(Node &node, Tensor x, DataType type,
                                     const llvm::Twine &what);

/// Imports a graph that gives tensors; reports other values.
llvm::FailureOr<llvm::SmallVector<Tensor>>
importTensors(Node &node, const format::GraphProto &graph,
              llvm::ArrayRef<GraphValue> given);

/// Input `i`, a list of the extents of output 0, as a tensor of static shape:
/// where its length is found at run time only, the rank that the graph declares
/// for the output holds if it is `least` or more. Reports other ranks.
llvm::FailureOr<Tensor> readShape(Node &node, size_t i, int64_t least = 0);

/// Makes `axes` different dimensions of a tensor of rank `rank`: reports constant
/// ones that are not, and ends the call that gives others.
llvm::LogicalResult wrapAxes(Node &node, int64_t rank,
                             llvm::MutableArrayRef<Number> axes);

/// Sets `list` to the integers that attribute `name` holds before opset `since`
/// and input `i` from there on; leaves it if that is absent, and reports an input
/// of more than `most`.
llvm::LogicalResult readList(Node &node, llvm::StringRef name, size_t i,
                             int64_t since, int64_t most,
                             std::optional<llvm::SmallVector<Number>> &list);

/// For each dimension below `rank` whether `axes` name it.
llvm::SmallVector<Number> flagAxes(Emitter &e, int64_t rank,
                                   llvm::ArrayRef<Number> axes);

/// Ends the call if two of the axes, dimensions of a tensor that count from
/// its first one, are the same.
void requireDistinct(Emitter &e, llvm::ArrayRef<Number> axes);

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

/// The dimension that `axis` means in a tensor of rank `rank`, which is not 0:
/// reports one that does not exist, or ends the call that gives it.
Number readAxis(Node &node, Number axis, int64_t rank);

/// The dimensions that `axes` mean, each once, from the first one on; reports
/// those that do not exist.
llvm::SmallVector<int64_t> sortAxes(Node &node, llvm::ArrayRef<int64_t> axes,
                                    int64_t rank);

/// Input 1 of an operator of two, which before opset 7 is aligned at a dimension
/// of input 0 instead of the end.
llvm::FailureOr<Tensor> readSecond(Node &node);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_OPS_READERS_H
