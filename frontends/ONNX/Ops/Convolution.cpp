//===- Convolution.cpp - Convolutions -------------------------------------===//
//
// Conv and its forms for quantised numbers. A convolution is a product: its
// windows are laid out as the columns (or, if there are few, the rows) of a
// matrix. Transposed convolutions, which are convolutions of an input spread
// out by its strides, have a file of their own.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/Convolution.h"

#include "frontends/ONNX/Ops/Family.h"
#include "frontends/ONNX/Ops/QuantizedElement.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::AffineExpr;
using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

/// Windows up to which a convolution reads its weights in panels: for few of
/// them, panels of windows would be narrow.
static constexpr int64_t kFewWindows = 16;

/// The windows as columns, [n, g, c, k..., o...], or as rows, [n, o..., g, c,
/// k...], of x [n, g, c, d...].
static Tensor collectWindows(Emitter &e, Tensor x, const Windows &windows,
                             bool asRows) {
  mlir::OpBuilder &builder = e.getBuilder();
  unsigned rank = windows.getRank();
  // Loops in the order of the result.
  Extents sizes = e.extents(x), counts(windows.counts);
  sizes.resize(3);
  for (int64_t size : windows.kernel)
    sizes.push_back(e.fixed(size));
  unsigned firstInner = asRows ? 1 + rank : 1,
           firstCount = asRows ? 1 : 3 + rank;
  sizes.insert(sizes.begin() + firstCount, counts.begin(), counts.end());
  auto dim = [&](unsigned d) { return builder.getAffineDimExpr(d); };
  SmallVector<AffineExpr> from{dim(0), dim(firstInner), dim(firstInner + 1)};
  for (unsigned d = 0; d < rank; ++d)
    from.push_back(dim(firstCount + d) * windows.strides[d] +
                   dim(firstInner + 2 + d) * windows.dilations[d]);
  unsigned loops = sizes.size();
  auto map = mlir::AffineMap::get(loops, 0, from, builder.getContext());
  mlir::Operation *op = e.generic(
      x.value, e.empty(sizes, x.type),
      {map, builder.getMultiDimIdentityMap(loops)},
      [](Scalars &, ValueRange v) { return SmallVector<Value>{v[0]}; });
  return e.withExtents(op->getResult(0), x.type, sizes);
}

/// out[n, g, m, o...] = sum over c, k of
/// x[n, g, c, o * stride + k * dilation...] * weight[g, m, c, k...]: a product
/// of the weight and the windows.
static Tensor multiplyWindows(Emitter &e, Tensor x, Tensor weight,
                              const Windows &windows) {
  DataType type = getComputeType(x.type);
  x = e.convert(x, type), weight = e.convert(weight, type);
  Extents wanted{e.extent(x, 0), e.extent(x, 1), e.extent(weight, 1)};
  llvm::append_range(wanted, windows.counts);
  OpFoldResult places = e.product(windows.counts),
               depth = e.product(ArrayRef(e.extents(weight)).drop_front(2));
  std::optional<int64_t> few = mlir::getConstantIntValue(places);
  if (mlir::getConstantIntValue(wanted[1]) == 1 && few && *few < kFewWindows) {
    // Panels of weights: rows of windows times the weight.
    Tensor rows = e.reshape(collectWindows(e, x, windows, /*asRows=*/true),
                            {e.product({wanted[0], places}), depth});
    Tensor product = e.contract(
        rows, "mk", e.reshape(weight, {wanted[2], depth}), "nk", "mn");
    product = e.reshape(product, {wanted[0], places, wanted[2]});
    return e.reshape(e.transpose(product, {0, 2, 1}), wanted);
  }
  Tensor columns = e.reshape(collectWindows(e, x, windows, /*asRows=*/false),
                             {wanted[0], wanted[1], depth, places});
  Tensor matrix = e.reshape(weight, {wanted[1], wanted[2], depth});
  return e.reshape(e.contract(matrix, "gmk", columns, "bgko", "bgmo"), wanted);
}

Tensor convolve(Emitter &e, Tensor padded, Tensor weight,
                const Windows &windows, int64_t group) {
  int64_t outputs = weight.getShape()[0];
  Extents split = e.extents(padded), panels = e.extents(weight);
  split[1] = panels[1];
  split.insert(split.begin() + 1, Number(e, group));
  panels[0] = Number(e, outputs / group);
  panels.insert(panels.begin(), Number(e, group));
  Tensor result = multiplyWindows(e, e.reshape(padded, split),
                                  e.reshape(weight, panels), windows);
  Extents sizes = e.extents(result);
  sizes.erase(sizes.begin() + 1);
  sizes[1] = Number(e, outputs);
  return e.reshape(result, sizes);
}

Tensor asChannels(Node &node, Tensor x, Tensor given, int64_t count,
                  StringRef what) {
  Emitter &e = node.getEmitter();
  Extents column(x.getRank() - 1, Number(e, 1));
  column[0] = Number(e, count);
  int64_t own = given.getRank() == 1 ? given.getShape()[0] : -1;
  if (own == count || mlir::ShapedType::isDynamic(own))
    return e.reshape(given, column);
  (void)node.error("its " + what + " does not have the " + Twine(count) +
                   " elements of one dimension that its weight requires");
  return e.fill(given.type, column, 0);
}

Tensor addChannels(Node &node, Tensor y, Tensor bias, DataType result) {
  Emitter &e = node.getEmitter();
  if (bias)
    y = add(e, y, asChannels(node, y, bias, y.getShape()[1], "bias"));
  return e.convert(y, result);
}

int64_t readGroup(Node &node, int64_t channels, StringRef what) {
  int64_t group = node.getInt("group", 1);
  if (group >= 1 && channels % group == 0)
    return group;
  (void)node.error("attribute 'group' is " + Twine(group) +
                   "; required is a divisor of the " + Twine(channels) + " " +
                   what + " channels");
  return 1;
}

LogicalResult requireChannels(Node &node, Tensor x, int64_t count) {
  if (x.getType().isDynamicDim(1) || x.getShape()[1] == count)
    return success();
  return node.error("its input has " + Twine(x.getShape()[1]) +
                    " channels; its weight requires " + Twine(count));
}

LogicalResult checkWeight(Node &node, Tensor x, Tensor weight) {
  if (x.getRank() < 3 || weight.getRank() != x.getRank())
    return node.error("its input has rank " + Twine(x.getRank()) +
                      " and its weight rank " + Twine(weight.getRank()) +
                      "; required are equal ranks of at least 3");
  if (!weight.getType().hasStaticShape())
    return node.unsupported("a weight of dynamic shape is not supported");
  if (weight.getType().getNumElements() == 0)
    return node.error("its weight has no elements; required is at least 1");
  SmallVector<int64_t> kernel(weight.getShape().drop_front(2));
  if (std::optional<SmallVector<int64_t>> given = node.getInts("kernel_shape"))
    if (*given != kernel)
      return node.error("attribute 'kernel_shape' differs from the shape of "
                        "the weight");
  return success();
}

/// What Conv and its forms make of x [N, C, D...] and weight [M, C / group,
/// K...], of which `x` and `weight` hold the numbers to multiply.
static FailureOr<Tensor> readAndConvolve(Node &node, Tensor x, Tensor weight) {
  if (failed(checkWeight(node, x, weight)))
    return failure();
  Emitter &e = node.getEmitter();
  int64_t group = readGroup(node, weight.getShape()[0], "output");
  if (failed(requireChannels(node, x, weight.getShape()[1] * group)))
    return failure();
  Windows windows = readWindows(node, x, weight.getShape().drop_front(2));
  Tensor padded = padForWindows(e, x, windows, Number(e, x.type, 0));
  return convolve(e, padded, weight, windows, group);
}

static LogicalResult convertConv(Node &node, Emitter &) {
  Tensor x = node.getInput(0), weight = node.getInput(1);
  FailureOr<Tensor> sums = readAndConvolve(node, x, weight);
  if (failed(sums))
    return failure();
  return node.give(addChannels(node, *sums, node.getInput(2), x.type));
}

//===----------------------------------------------------------------------===//
// Quantised numbers
//===----------------------------------------------------------------------===//

/// The one element of a parameter of the whole tensor.
static Tensor asScalar(Node &node, Tensor given, StringRef what) {
  if (isOne(given))
    return node.getEmitter().reshape(given, {});
  (void)node.error("its " + what + " is no single number");
  return node.getEmitter().scalar(given.type, 0);
}

/// The sums of products of integers less their zero points (null tensors for
/// none), in int32.
static FailureOr<Tensor> convolveIntegers(Node &node, Tensor x, Tensor zeroX,
                                          Tensor weight, Tensor zeroWeight) {
  Emitter &e = node.getEmitter();
  // Zero points broadcast only with what checkWeight() lets pass.
  if (failed(checkWeight(node, x, weight)))
    return failure();
  if (zeroX)
    zeroX = asScalar(node, zeroX, "zero point");
  // One for each output channel, which is the weight's first dimension.
  if (zeroWeight)
    zeroWeight = isOne(zeroWeight)
                     ? asScalar(node, zeroWeight, "zero point")
                     : e.unsqueeze(asChannels(node, weight, zeroWeight,
                                              weight.getShape()[0],
                                              "zero point of the weight"),
                                   1);
  return readAndConvolve(node, subtractZeroPoint(e, x, zeroX),
                         subtractZeroPoint(e, weight, zeroWeight));
}

static LogicalResult convertConvInteger(Node &node, Emitter &) {
  return node.give(convolveIntegers(node, node.getInput(0), node.settleInput(2),
                                    node.getInput(1), node.getInput(3)));
}

/// Inputs: x, its scale and zero point, the weight with the same, scale and
/// zero point of the result, and a bias in int32.
static LogicalResult convertQLinearConv(Node &node, Emitter &e) {
  constexpr DataType real = DataType::Float;
  Tensor weight = node.getInput(3), scaleWeight = node.getInput(4);
  FailureOr<Tensor> sums = convolveIntegers(
      node, node.getInput(0), node.settleInput(2), weight, node.getInput(5));
  if (failed(sums))
    return failure();
  Tensor y = addChannels(node, *sums, node.getInput(8), DataType::Int32),
         scaleX = asScalar(node, node.settleInput(1), "scale"),
         scaleY = asScalar(node, node.settleInput(6), "scale"),
         zeroY = asScalar(node, node.settleInput(7), "zero point"),
         scaleW = isOne(scaleWeight)
                      ? asScalar(node, scaleWeight, "scale")
                      : asChannels(node, *sums, scaleWeight,
                                   weight.getShape()[0], "scale of the weight");
  DataType type = zeroY.type;
  return node.give(map(e, type,
                       {y, e.convert(scaleX, real), e.convert(scaleW, real),
                        e.convert(scaleY, real), zeroY},
                       [&](ArrayRef<Number> v) {
                         Scalars s = v[0].scalars();
                         Number scaled = v[0].as(real) * (v[1] * v[2] / v[3]);
                         return Number(s, type,
                                       quantize(s, type, scaled, v[4]));
                       }));
}

void registerConvolutionOps(Registry &registry) {
  StringRef note = "weights of dynamic shape";
  registry.add({
      {"Conv", 1, 2, 3, convertConv, takes(kFloats, kSame), note},
      {"ConvInteger", 10, 2, 4, convertConvInteger,
       takes(kBytes, kBytes, kSame, likeInput(1)), note},
      {"QLinearConv", 10, 8, 9, convertQLinearConv,
       takes(kBytes, kFloats, kSame, kBytes, kFloats, likeInput(3), kFloats,
             kBytes),
       note},
  });
}

} // namespace seqc::onnx
