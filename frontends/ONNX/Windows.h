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
  /// From the first element of a window to its last one.
  int64_t getReach(size_t d) const { return (kernel[d] - 1) * dilations[d]; }
};

/// An attribute of `count` numbers that are not less than `least`; all are
/// `otherwise` if it is absent, or reported.
llvm::SmallVector<int64_t> readNumbers(Node &node, llvm::StringRef name,
                                       size_t count, int64_t otherwise,
                                       int64_t least);

/// Attribute 'auto_pad': NOTSET, VALID, SAME_UPPER or SAME_LOWER.
std::string readAutoPad(Node &node);

/// Reads strides, dilations, pads, auto_pad and ceil_mode of a node that slides
/// a window of the extents `kernel` over `x`.
Windows readWindows(Node &node, Tensor x, llvm::ArrayRef<int64_t> kernel);

/// `x` with `value` around it, far enough for every window.
Tensor padForWindows(Emitter &emitter, Tensor x, const Windows &windows,
                     mlir::Value value);

} // namespace seqc::onnx

#endif // FRONTENDS_ONNX_WINDOWS_H
