//===- Readers.h - Attributes that have bounds ------------------*- C++ -*-===//
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

/// Attribute `name`, one of `choices`.
std::string readChoice(Node &node, llvm::StringRef name,
                       llvm::StringRef otherwise,
                       llvm::ArrayRef<llvm::StringRef> choices);

/// Attribute `name`, a number from `least` to `most`, which messages call
/// `required`.
int64_t readBetween(Node &node, llvm::StringRef name, int64_t otherwise,
                    int64_t least, int64_t most, llvm::StringRef required);

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
