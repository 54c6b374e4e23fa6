//===- Windows.cpp - Windows that slide over a tensor ---------------------===//

#include "frontends/ONNX/Windows.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;

LogicalResult readNumbers(Node &node, StringRef name, size_t count,
                          int64_t otherwise, int64_t least,
                          SmallVector<int64_t> &list) {
  constexpr int64_t kMost = int64_t(1) << 31;
  list = node.getInts(name).value_or(SmallVector<int64_t>(count, otherwise));
  if (list.size() != count)
    return node.error("attribute '" + name + "' has " + Twine(list.size()) +
                      " numbers; required are " + Twine(count));
  for (int64_t number : list)
    if (number < least || number > kMost)
      return node.error(
          "attribute '" + name + "' holds " + Twine(number) +
          "; required is at " +
          (number < least ? "least " + Twine(least) : "most " + Twine(kMost)));
  return success();
}

FailureOr<Windows> readWindows(Node &node, Tensor x, ArrayRef<int64_t> kernel) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Windows w;
  w.kernel.assign(kernel.begin(), kernel.end());
  size_t rank = kernel.size();
  SmallVector<int64_t> pads;
  if (failed(readNumbers(node, "strides", rank, 1, 1, w.strides)) ||
      failed(readNumbers(node, "dilations", rank, 1, 1, w.dilations)) ||
      failed(readNumbers(node, "pads", 2 * rank, 0, 0, pads)))
    return failure();
  std::string automatic = node.getString("auto_pad", "NOTSET");
  bool ceiling = node.getInt("ceil_mode", 0) != 0;
  if (automatic == "VALID")
    pads.assign(2 * rank, 0);
  for (size_t d = 0; d < rank; ++d) {
    Value extent = e.extentValue(x, d + 2);
    int64_t reach = (kernel[d] - 1) * w.dilations[d] + 1;
    Value stride = s.index(w.strides[d]), zero = s.index(0), one = s.index(1);
    Value before = s.index(pads[d]), behind = s.index(pads[rank + d]), count;
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      count = s.divIndex(s.addIndex(extent, s.index(w.strides[d] - 1)), stride);
      Value needed = s.addIndex(s.mulIndex(s.subIndex(count, one), stride),
                                s.index(reach));
      Value total = s.maxIndex(s.subIndex(needed, extent), zero);
      Value half = s.divIndex(total, s.index(2));
      Value rest = s.subIndex(total, half);
      before = automatic == "SAME_UPPER" ? half : rest;
      behind = automatic == "SAME_UPPER" ? rest : half;
    } else if (automatic == "NOTSET" || automatic == "VALID") {
      // floor((extent + fixed) / stride) + 1 windows, none if not one fits.
      // Numbers are added first, so that a window that goes along with its
      // padding leaves the extent as it is.
      int64_t fixed = pads[d] + pads[rank + d] - reach;
      int64_t more = fixed + w.strides[d] + (ceiling ? w.strides[d] - 1 : 0);
      Value sum = s.addIndex(extent, s.index(more));
      if (more < 0)
        sum = s.maxIndex(sum, zero);
      count = s.divIndex(sum, stride);
      if (ceiling) {
        // A window that would begin in the padding behind is left out.
        Value start = s.mulIndex(s.subIndex(count, one), stride);
        Value outside = s.compareIndex(mlir::arith::CmpIPredicate::sge, start,
                                       s.addIndex(extent, before));
        count = s.select(outside, s.subIndex(count, one), count);
        // Rounding up makes no window of one that does not fit at all.
        Value none = s.compareIndex(mlir::arith::CmpIPredicate::slt,
                                    s.addIndex(extent, s.index(fixed)), zero);
        count = s.select(none, zero, count);
      }
    } else {
      return node.error("attribute 'auto_pad' is '" + automatic +
                        "'; required is NOTSET, VALID, SAME_UPPER or "
                        "SAME_LOWER");
    }
    w.before.push_back(before);
    w.behind.push_back(behind);
    w.counts.push_back(count);
  }
  w.before = e.simplify(w.before);
  w.behind = e.simplify(w.behind);
  w.counts = e.simplify(w.counts);
  return w;
}

Tensor padForWindows(Emitter &e, Tensor x, const Windows &w, Value value) {
  Scalars s = e.scalars();
  mlir::OpBuilder &builder = e.getBuilder();
  Extents inner = e.extents(x), sizes(inner),
          offsets(inner.size(), builder.getIndexAttr(0)),
          strides(inner.size(), builder.getIndexAttr(1));
  bool padded = false;
  for (size_t d = 0; d < w.getRank(); ++d) {
    int64_t reach = (w.kernel[d] - 1) * w.dilations[d] + 1;
    Value given =
        s.addIndex(s.addIndex(e.toValue(inner[d + 2]), e.toValue(w.before[d])),
                   e.toValue(w.behind[d]));
    Value needed =
        s.addIndex(s.mulIndex(s.subIndex(e.toValue(w.counts[d]), s.index(1)),
                              s.index(w.strides[d])),
                   s.index(reach));
    sizes[d + 2] = OpFoldResult(s.maxIndex(given, needed));
    offsets[d + 2] = w.before[d];
    padded |= !Emitter::isSame(e.simplify({sizes[d + 2]})[0], inner[d + 2]);
  }
  if (!padded)
    return x;
  sizes = e.simplify(sizes);
  Value init = e.empty(sizes, x.type);
  init = mlir::linalg::FillOp::create(builder, e.getLoc(), value, init)
             .getResult(0);
  Value result = mlir::tensor::InsertSliceOp::create(
      builder, e.getLoc(), x.value, init, offsets, inner, strides);
  e.setExtents(result, sizes);
  return {result, x.type};
}

} // namespace seqc::onnx
