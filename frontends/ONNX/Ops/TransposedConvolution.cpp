//===- TransposedConvolution.cpp - ConvTranspose --------------------------===//
//
// A transposed convolution is a convolution, with its weight turned round, of
// the input spread out by the strides: zeros lie between its elements.
//
//===----------------------------------------------------------------------===//

#include "frontends/Common/Numbers.h"
#include "frontends/ONNX/Ops/Convolution.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;

namespace {
/// Attributes, one number per spatial dimension.
struct Spread {
  SmallVector<int64_t> kernel, strides, dilations, more, pads;
  /// Given extents of the result, or nothing.
  std::optional<SmallVector<int64_t>> goal;
  std::string automatic;
  int64_t group = 1;

  size_t getRank() const { return kernel.size(); }
};
} // namespace

static LogicalResult readSpread(Node &node, Tensor weight, Spread &spread) {
  spread.kernel.assign(weight.getShape().begin() + 2, weight.getShape().end());
  size_t rank = spread.kernel.size();
  if (failed(readNumbers(node, "strides", rank, 1, 1, spread.strides)) ||
      failed(readNumbers(node, "dilations", rank, 1, 1, spread.dilations)) ||
      failed(readNumbers(node, "output_padding", rank, 0, 0, spread.more)) ||
      failed(readNumbers(node, "pads", 2 * rank, 0, 0, spread.pads)))
    return failure();
  if (node.hasAttribute("output_shape")) {
    spread.goal.emplace();
    if (failed(readNumbers(node, "output_shape", rank, 0, 0, *spread.goal)))
      return failure();
  }
  spread.automatic = node.getString("auto_pad", "NOTSET");
  if (!is_contained({"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"},
                    spread.automatic))
    return node.error("attribute 'auto_pad' is '" + spread.automatic +
                      "'; required is NOTSET, VALID, SAME_UPPER or "
                      "SAME_LOWER");
  spread.group = node.getInt("group", 1);
  return success();
}

/// x [N, C, D...], weight [C, M / group, K...], bias [M].
static LogicalResult convertConvTranspose(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), weight = node.getInput(1);
  if (x.type != weight.type || !isFloat(x.type))
    return node.error("its inputs are " + getName(x.type) + " and " +
                      getName(weight.type) + "; required is one float type");
  Spread spread;
  if (failed(checkWeight(node, x, weight)) ||
      failed(readSpread(node, weight, spread)))
    return failure();
  int64_t group = spread.group, channels = weight.getShape()[0];
  if (group < 1 || channels % group != 0)
    return node.error("attribute 'group' is " + Twine(group) +
                      "; required is a divisor of the " + Twine(channels) +
                      " input channels");
  if (!x.getType().isDynamicDim(1) && x.getShape()[1] != channels)
    return node.error("its input has " + Twine(x.getShape()[1]) +
                      " channels; its weight requires " + Twine(channels));

  // Where elements of the input lie, and what the windows begin with.
  size_t rank = spread.getRank();
  Windows windows;
  windows.kernel = spread.kernel;
  windows.strides.assign(rank, 1);
  windows.dilations = spread.dilations;
  OpFoldResult zero = Number(e, 0), one = Number(e, 1);
  Extents inner = e.extents(x), room = inner, part = inner,
          offsets(rank + 2, zero), starts(rank + 2, zero), steps(rank + 2, one);
  bool same =
      spread.automatic == "SAME_UPPER" || spread.automatic == "SAME_LOWER";
  for (size_t d = 0; d < rank; ++d) {
    int64_t stride = spread.strides[d], more = spread.more[d];
    int64_t reach = (spread.kernel[d] - 1) * spread.dilations[d];
    Number extent(e, inner[d + 2]), last = max(extent - 1, 0) * stride;
    // All that the windows of the transposed direction reach.
    Number full = last + (reach + 1 + more), count = full;
    Number before(e, spread.pads[d]);
    if (spread.goal || same) {
      count = spread.goal ? Number(e, (*spread.goal)[d]) : extent * stride;
      Number total = max(full - count, 0), half = total / 2;
      before = spread.automatic == "SAME_UPPER" ? half : total - half;
    } else {
      int64_t around = spread.pads[d] + spread.pads[rank + d];
      if (spread.automatic == "VALID")
        around = 0, before = Number(e, 0);
      count = full - around;
      // More padding than a window reaches may take away too much.
      if (around > reach + 1 + more)
        e.requireSizes({select(extent == 0, 0, count)});
      count = max(count, 0);
    }
    // Without input there is nothing at all.
    if (!spread.goal)
      count = select(extent == 0, 0, count);
    room[d + 2] = max(before + count + reach, last + (reach + 1));
    offsets[d + 2] = Number(e, reach);
    steps[d + 2] = Number(e, stride);
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
      from.push_back(spread.kernel[d] - 1 - at[d + 2]);
    return load(e, weight, from);
  });
  return node.give(addChannels(node,
                               convolve(e, spaced, turned, windows, group),
                               node.getInput(2), x.type));
}

void registerTransposedConvolutionOps(Registry &registry) {
  registry.add({
      {"ConvTranspose", 1, 2, 3, convertConvTranspose,
       "weights of dynamic shape"},
  });
}

} // namespace seqc::onnx
