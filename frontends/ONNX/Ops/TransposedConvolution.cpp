//===- TransposedConvolution.cpp - ConvTranspose --------------------------===//
//
// A transposed convolution is a convolution, with its weight turned round, of
// the input spread out by the strides: zeros lie between its elements.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/Convolution.h"
#include "frontends/ONNX/Ops/Family.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;

/// x [N, C, D...], weight [C, M / group, K...], bias [M].
static LogicalResult convertConvTranspose(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), weight = node.getInput(1);
  if (failed(checkWeight(node, x, weight)))
    return failure();
  size_t rank = x.getRank() - 2;
  // What the windows walk along.
  Windows windows;
  windows.kernel.assign(weight.getShape().begin() + 2, weight.getShape().end());
  windows.strides.assign(rank, 1);
  windows.dilations = readNumbers(node, "dilations", rank, 1, 1);
  SmallVector<int64_t> strides = readNumbers(node, "strides", rank, 1, 1),
                       padding =
                           readNumbers(node, "output_padding", rank, 0, 0),
                       pads = readNumbers(node, "pads", 2 * rank, 0, 0);
  bool isGiven = node.hasAttribute("output_shape");
  SmallVector<int64_t> goal = readNumbers(node, "output_shape", rank, 0, 0);
  std::string automatic = readAutoPad(node);
  int64_t channels = weight.getShape()[0],
          group = readGroup(node, channels, "input");
  if (failed(requireChannels(node, x, channels)))
    return failure();

  // Where elements of the input lie, and what the windows begin with.
  OpFoldResult zero = Number(e, 0), one = Number(e, 1);
  Extents inner = e.extents(x), room = inner, part = inner,
          offsets(rank + 2, zero), starts(rank + 2, zero), steps(rank + 2, one);
  bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  for (size_t d = 0; d < rank; ++d) {
    int64_t reach = windows.getReach(d), most = reach + 1 + padding[d];
    Number extent(e, inner[d + 2]), last = max(extent - 1, 0) * strides[d];
    // All that the windows of the transposed direction reach.
    Number full = last + most, count = full, before(e, pads[d]);
    if (isGiven || same) {
      count = isGiven ? Number(e, goal[d]) : extent * strides[d];
      Number total = max(full - count, 0), half = total / 2;
      before = automatic == "SAME_UPPER" ? half : total - half;
    } else {
      int64_t around = pads[d] + pads[rank + d];
      if (automatic == "VALID")
        around = 0, before = Number(e, 0);
      count = full - around;
      // More padding than a window reaches may take away too much.
      if (around > most)
        e.requireSizes({select(extent == 0, 0, count)});
      count = max(count, 0);
    }
    // Without input there is nothing at all.
    if (!isGiven)
      count = select(extent == 0, 0, count);
    room[d + 2] = max(before + count + reach, last + (reach + 1));
    offsets[d + 2] = Number(e, reach);
    steps[d + 2] = Number(e, strides[d]);
    starts[d + 2] = before;
    part[d + 2] = count + reach;
    windows.counts.push_back(count);
  }
  Tensor spaced = e.fill(x.type, room, 0);
  spaced.value = mlir::tensor::InsertSliceOp::create(
      e.getBuilder(), e.getLoc(), x.value, spaced.value, offsets, inner, steps);
  e.setExtents(spaced.value, room);
  spaced = e.slice(spaced, starts, part);

  // [C, M / group, K...] to [M, C / group, K...], turned round.
  int64_t perGroup = weight.getShape()[1], inputs = channels / group;
  Extents shape = e.extents(weight);
  shape[0] = Number(e, perGroup * group);
  shape[1] = Number(e, inputs);
  Tensor turned = define(e, weight.type, shape, [&](ArrayRef<Number> at) {
    SmallVector<Number> from{at[0] / perGroup * inputs + at[1],
                             at[0] % perGroup};
    for (size_t d = 0; d < rank; ++d)
      from.push_back(windows.kernel[d] - 1 - at[d + 2]);
    return load(e, weight, from);
  });
  return node.give(addChannels(node,
                               convolve(e, spaced, turned, windows, group),
                               node.getInput(2), x.type));
}

void registerTransposedConvolutionOps(Registry &registry) {
  registry.add({
      {"ConvTranspose", 1, 2, 3, convertConvTranspose, takes(kFloats, kSame),
       "weights of dynamic shape"},
  });
}

} // namespace seqc::onnx
