//===- Convolution.cpp - Convolutions -------------------------------------===//

#include "frontends/ONNX/Registry.h"
#include "frontends/ONNX/Windows.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::AffineExpr;
using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

/// out[n, g, m, o...] = sum over c, k of
/// x[n, g, c, o * stride + k * dilation...] * weight[g, m, c, k...].
static Tensor convolve(Emitter &e, Tensor x, Tensor weight,
                       const Windows &windows, OpFoldResult groupSize) {
  mlir::OpBuilder &builder = e.getBuilder();
  unsigned rank = windows.getRank(), loops = 4 + 2 * rank;
  auto dim = [&](unsigned d) { return builder.getAffineDimExpr(d); };
  // Loops: n, g, m, o..., c, k...
  unsigned channel = 3 + rank;
  SmallVector<AffineExpr> fromX{dim(0), dim(1), dim(channel)},
      fromWeight{dim(1), dim(2), dim(channel)},
      toResult{dim(0), dim(1), dim(2)};
  Extents sizes{e.extent(x, 0), e.extent(x, 1), groupSize};
  for (unsigned d = 0; d < rank; ++d) {
    AffineExpr o = dim(3 + d), k = dim(channel + 1 + d);
    fromX.push_back(o * windows.strides[d] + k * windows.dilations[d]);
    fromWeight.push_back(k);
    toResult.push_back(o);
    sizes.push_back(windows.counts[d]);
  }
  auto mapOf = [&](ArrayRef<AffineExpr> expressions) {
    return mlir::AffineMap::get(loops, 0, expressions, builder.getContext());
  };
  SmallVector<mlir::utils::IteratorType> iterators(
      loops, mlir::utils::IteratorType::reduction);
  for (unsigned d = 0; d < channel; ++d)
    iterators[d] = mlir::utils::IteratorType::parallel;
  DataType type = getComputeType(x.type);
  Tensor init = e.fill(type, sizes, 0);
  auto op = mlir::linalg::GenericOp::create(
      builder, e.getLoc(), init.value.getType(),
      ValueRange{x.value, weight.value}, ValueRange{init.value},
      ArrayRef<mlir::AffineMap>{mapOf(fromX), mapOf(fromWeight),
                                mapOf(toResult)},
      iterators,
      [&](mlir::OpBuilder &nested, mlir::Location where, ValueRange arguments) {
        Scalars s(nested, where);
        Value product = s.mul(type, s.convert(x.type, type, arguments[0]),
                              s.convert(x.type, type, arguments[1]));
        mlir::linalg::YieldOp::create(nested, where,
                                      s.add(type, arguments[2], product));
      });
  e.setExtents(op.getResult(0), sizes);
  return {op.getResult(0), type};
}

/// Conv: x [N, C, D...], weight [M, C / group, K...], bias [M].
static LogicalResult convertConv(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0), weight = node.getInput(1),
         bias = node.getInput(2);
  if (x.getRank() < 3 || weight.getRank() != x.getRank())
    return node.error("its input has rank " + Twine(x.getRank()) +
                      " and its weight rank " + Twine(weight.getRank()) +
                      "; required are equal ranks of at least 3");
  if (x.type != weight.type || !isFloat(x.type))
    return node.error("its inputs are " + getName(x.type) + " and " +
                      getName(weight.type) + "; required is one float type");
  SmallVector<int64_t> kernel(weight.getShape().drop_front(2));
  if (!weight.getType().hasStaticShape())
    return node.unsupported("a weight of dynamic shape is not supported");
  if (std::optional<SmallVector<int64_t>> given = node.getInts("kernel_shape"))
    if (*given != kernel)
      return node.error("attribute 'kernel_shape' differs from the shape of "
                        "the weight");
  int64_t group = node.getInt("group", 1);
  int64_t outputs = weight.getShape()[0], channels = weight.getShape()[1];
  if (group < 1 || outputs % group != 0)
    return node.error("attribute 'group' is " + Twine(group) +
                      "; required is a divisor of the " + Twine(outputs) +
                      " output channels");
  if (!x.getType().isDynamicDim(1) && x.getShape()[1] != channels * group)
    return node.error("its input has " + Twine(x.getShape()[1]) +
                      " channels; its weight requires " +
                      Twine(channels * group));
  FailureOr<Windows> windows = readWindows(node, x, kernel);
  if (failed(windows))
    return failure();
  mlir::OpBuilder &builder = e.getBuilder();
  Tensor padded =
      padForWindows(e, x, *windows, e.scalars().constant(x.type, 0));
  auto number = [&](int64_t value) -> OpFoldResult {
    return builder.getIndexAttr(value);
  };
  Extents split = e.extents(padded);
  split[1] = number(channels);
  split.insert(split.begin() + 1, number(group));
  Extents panels = e.extents(weight);
  panels[0] = number(outputs / group);
  panels.insert(panels.begin(), number(group));
  Tensor result =
      convolve(e, e.reshape(padded, split), e.reshape(weight, panels), *windows,
               number(outputs / group));
  Extents sizes = e.extents(result);
  sizes.erase(sizes.begin() + 1);
  sizes[1] = number(outputs);
  result = e.reshape(result, sizes);
  if (bias) {
    Extents column(x.getRank() - 1, number(1));
    column[0] = number(outputs);
    DataType type = result.type;
    result = e.elementwise(
        type, {result, e.reshape(bias, column)},
        [&](Scalars &s, ValueRange v) { return s.add(type, v[0], v[1]); });
  }
  node.setOutput(0, e.convert(result, x.type));
  return success();
}

void registerConvolutionOps(Registry &registry) {
  registry.add({
      {"Conv", 1, 2, 3, convertConv, "weights of dynamic shape"},
  });
}

} // namespace seqc::onnx
