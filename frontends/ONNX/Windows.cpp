//===- Windows.cpp - Windows that slide over a tensor ---------------------===//

#include "frontends/ONNX/Windows.h"

#include "frontends/ONNX/Ops/Readers.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;

SmallVector<int64_t> readNumbers(Node &node, StringRef name, size_t count,
                                 int64_t otherwise, int64_t least) {
  constexpr int64_t kMost = int64_t(1) << 31;
  SmallVector<int64_t> usual(count, otherwise);
  SmallVector<int64_t> list = node.getInts(name).value_or(usual);
  auto *bad = find_if(list, [&](int64_t n) { return n < least || n > kMost; });
  if (list.size() == count && bad == list.end())
    return list;
  if (list.size() != count)
    (void)node.error("attribute '" + name + "' has " + Twine(list.size()) +
                     " numbers; required are " + Twine(count));
  else
    (void)node.error(
        "attribute '" + name + "' holds " + Twine(*bad) + "; required is at " +
        (*bad < least ? "least " + Twine(least) : "most " + Twine(kMost)));
  return usual;
}

std::string readAutoPad(Node &node) {
  return readChoice(node, "auto_pad", "NOTSET",
                    {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"});
}

Windows readWindows(Node &node, Tensor x, ArrayRef<int64_t> kernel) {
  Emitter &e = node.getEmitter();
  Windows w;
  w.kernel.assign(kernel.begin(), kernel.end());
  size_t rank = kernel.size();
  w.strides = readNumbers(node, "strides", rank, 1, 1);
  w.dilations = readNumbers(node, "dilations", rank, 1, 1);
  SmallVector<int64_t> pads = readNumbers(node, "pads", 2 * rank, 0, 0);
  std::string automatic = readAutoPad(node);
  bool ceiling = node.getInt("ceil_mode", 0) != 0;
  if (automatic == "VALID")
    pads.assign(2 * rank, 0);
  for (size_t d = 0; d < rank; ++d) {
    Number extent(e, e.extent(x, d + 2)), count = extent;
    Number before(e, pads[d]), behind(e, pads[rank + d]);
    int64_t reach = w.getReach(d) + 1, stride = w.strides[d];
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      count = (extent + (stride - 1)) / stride;
      Number total = max((count - 1) * stride + reach - extent, 0);
      Number half = total / 2, rest = total - half;
      before = automatic == "SAME_UPPER" ? half : rest;
      behind = automatic == "SAME_UPPER" ? rest : half;
    } else {
      // floor((extent + fixed) / stride) + 1 windows, none if not one fits.
      // Numbers are added first, so that a window that goes along with its
      // padding leaves the extent as it is.
      int64_t fixed = pads[d] + pads[rank + d] - reach;
      int64_t more = fixed + stride + (ceiling ? stride - 1 : 0);
      count = extent + more;
      if (more < 0)
        count = max(count, 0);
      count = count / stride;
      if (ceiling) {
        // A window that would begin in the padding behind is left out.
        Number start = (count - 1) * stride;
        count = select(start >= extent + before, count - 1, count);
        // Rounding up makes no window of one that does not fit at all.
        count = select(extent + fixed < 0, 0, count);
      }
    }
    w.before.push_back(before);
    w.behind.push_back(behind);
    w.counts.push_back(count);
  }
  return w;
}

Tensor padForWindows(Emitter &e, Tensor x, const Windows &w, Value value) {
  Extents inner = e.extents(x), sizes(inner), offsets(inner.size(), e.fixed(0));
  bool padded = false;
  for (size_t d = 0; d < w.getRank(); ++d) {
    Number given = Number(e, inner[d + 2]) + Number(e, w.before[d]) +
                   Number(e, w.behind[d]);
    Number needed =
        (Number(e, w.counts[d]) - 1) * w.strides[d] + (w.getReach(d) + 1);
    sizes[d + 2] = max(given, needed);
    offsets[d + 2] = w.before[d];
    padded |= !Emitter::isSame(sizes[d + 2], inner[d + 2]);
  }
  if (!padded)
    return x;
  return e.insert(x, e.fill(x.type, sizes, value), offsets);
}

} // namespace seqc::onnx
