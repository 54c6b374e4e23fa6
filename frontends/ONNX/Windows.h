//===- Windows.h - Windows that slide over a tensor --------------*- C++-*-===//
//
// What convolution and pooling share: extents of windows with strides,
// dilations and padding, padded inputs, and sums over windows.
//
//===----------------------------------------------------------------------===//

#ifndef FRONTENDS_ONNX_WINDOWS_H
#define FRONTENDS_ONNX_WINDOWS_H

#include "frontends/ONNX/Node.h"

namespace seqc::onnx {

/// Windows over the spatial dimensions (from dimension 2 on) of a tensor.
struct Windows {
  llvm::SmallVector<int64_t> kernel, strides, dilations;
  /// Elements before the first one and behind the last one, and how many
  /// windows there are; per spatial dimension.
  Extents before, behind, counts;

  size_t getRank() const { return kernel.size(); }
};

/// Reads an attribute of `count` numbers that are not less than `least`; all
/// are `otherwise` if it is absent.
llvm::LogicalResult readNumbers(Node &node, llvm::StringRef name, size_t count,
                                int64_t otherwise, int64_t least,
                                llvm::SmallVector<int64_t> &list);

/// Reads strides, dilations, pads, auto_pad and ceil_mode of a node that slides
/// a window of the extents `kernel` over `x`.
llvm::FailureOr<Windows> readWindows(Node &node, Tensor x,
                                     llvm::ArrayRef<int64_t> kernel);

/// `x` with `value` around it, far enough for every window.
Tensor padForWindows(Emitter &emitter, Tensor x, const Windows &windows,
                     mlir::Value value);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_WINDOWS_H
