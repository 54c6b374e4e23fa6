//===- TransposedConvolution.cpp - ConvTranspose --------------------------===//
//
// A transposed convolution is a convolution, with its weight turned round, of
// the input spread out by the strides: zeros lie between its elements.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/Convolution.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

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
  Scalars s = e.scalars();
  mlir::OpBuilder &builder = e.getBuilder();
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
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  Extents inner = e.extents(x), room = inner, part = inner,
          offsets(rank + 2, zero), starts(rank + 2, zero), steps(rank + 2, one);
  for (size_t d = 0; d < rank; ++d) {
    int64_t stride = spread.strides[d];
    int64_t reach = (spread.kernel[d] - 1) * spread.dilations[d];
    Value extent = e.toValue(inner[d + 2]);
    Value last =
        s.mulIndex(s.maxIndex(s.subIndex(extent, s.index(1)), s.index(0)),
                   s.index(stride));
    // All that the windows of the transposed direction reach.
    Value full = s.addIndex(last, s.index(reach + 1 + spread.more[d]));
    Value before = s.index(spread.pads[d]), count;
    bool same =
        spread.automatic == "SAME_UPPER" || spread.automatic == "SAME_LOWER";
    if (spread.goal || same) {
      count = spread.goal ? s.index((*spread.goal)[d])
                          : s.mulIndex(extent, s.index(stride));
      Value total = s.maxIndex(s.subIndex(full, count), s.index(0));
      Value half = s.divIndex(total, s.index(2));
      before =
          spread.automatic == "SAME_UPPER" ? half : s.subIndex(total, half);
    } else {
      int64_t around = spread.pads[d] + spread.pads[rank + d];
      if (spread.automatic == "VALID")
        around = 0, before = s.index(0);
      count = s.subIndex(full, s.index(around));
      // More padding than a window reaches may take away too much.
      if (around > reach + 1 + spread.more[d])
        e.requireSizes(OpFoldResult(s.select(
            s.compareIndex(mlir::arith::CmpIPredicate::eq, extent, s.index(0)),
            s.index(0), count)));
      count = s.maxIndex(count, s.index(0));
    }
    // Without input there is nothing at all.
    if (!spread.goal)
      count = s.select(
          s.compareIndex(mlir::arith::CmpIPredicate::eq, extent, s.index(0)),
          s.index(0), count);
    Value behind = s.addIndex(s.addIndex(before, count), s.index(reach));
    Value needed = s.addIndex(last, s.index(reach + 1));
    room[d + 2] = OpFoldResult(s.maxIndex(behind, needed));
    offsets[d + 2] = builder.getIndexAttr(reach);
    steps[d + 2] = builder.getIndexAttr(stride);
    starts[d + 2] = OpFoldResult(before);
    part[d + 2] = OpFoldResult(s.addIndex(count, s.index(reach)));
    windows.counts.push_back(count);
  }
  windows.counts = e.simplify(windows.counts);
  Tensor spaced = e.fill(x.type, e.simplify(room), 0);
  spaced.value = mlir::tensor::InsertSliceOp::create(
      builder, e.getLoc(), x.value, spaced.value, offsets, inner, steps);
  e.setExtents(spaced.value, e.simplify(room));
  spaced = e.slice(spaced, e.simplify(starts), e.simplify(part));

  // [C, M / group, K...] to [M, C / group, K...], turned round.
  int64_t perGroup = weight.getShape()[1], inputs = channels / group;
  Extents shape = e.extents(weight);
  shape[0] = builder.getIndexAttr(perGroup * group);
  shape[1] = builder.getIndexAttr(inputs);
  Tensor turned =
      e.generate(weight.type, shape, [&](Scalars &in, ValueRange at) {
        Value width = in.index(perGroup);
        Value first = in.mulIndex(in.divIndex(at[0], width), in.index(inputs));
        SmallVector<Value> from{in.addIndex(first, at[1]),
                                in.remIndex(at[0], width)};
        for (size_t d = 0; d < rank; ++d)
          from.push_back(
              in.subIndex(in.index(spread.kernel[d] - 1), at[d + 2]));
        return e.load(weight, from);
      });
  FailureOr<Tensor> y =
      addChannels(node, convolve(e, spaced, turned, windows, group),
                  node.getInput(2), x.type);
  if (failed(y))
    return failure();
  node.setOutput(0, *y);
  return success();
}

void registerTransposedConvolutionOps(Registry &registry) {
  registry.add({
      {"ConvTranspose", 1, 2, 3, convertConvTranspose,
       "weights of dynamic shape"},
  });
}

} // namespace seqc::onnx
