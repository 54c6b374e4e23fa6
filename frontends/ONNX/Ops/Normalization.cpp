//===- Normalization.cpp - Normalization ----------------------------------===//
//
// Mean and variance along some dimensions, then an affine map. Everything is
// computed in getComputeType: sums of halves would lose too much.
//
//===----------------------------------------------------------------------===//

#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Ops/Norms.h"
#include "frontends/ONNX/Registry.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

/// (x - mean) * factor * scale + bias, where mean and bias may be absent. The
/// result is of type `result`.
static Tensor apply(Emitter &e, DataType result, Tensor x, Tensor mean,
                    Tensor factor, Tensor scale, Tensor bias) {
  DataType type = getComputeType(x.type);
  // Operands of one computation have one type.
  SmallVector<Tensor> inputs = {x, factor};
  for (Tensor t : {mean, scale, bias})
    if (t)
      inputs.push_back(t);
  for (Tensor &t : inputs)
    if (getComputeType(t.type) != type)
      t = e.convert(t, type);
  Tensor value = e.elementwise(type, inputs, [&](Scalars &s, ValueRange in) {
    size_t next = 2;
    Value y = in[0];
    if (mean)
      y = s.sub(type, y, in[next++]);
    y = s.mul(type, y, in[1]);
    if (scale)
      y = s.mul(type, y, in[next++]);
    if (bias)
      y = s.add(type, y, in[next++]);
    return y;
  });
  return e.convert(value, result);
}

/// Dimensions from `first` on.
static SmallVector<int64_t> from(int64_t first, int64_t rank) {
  return llvm::to_vector(llvm::seq<int64_t>(first, rank));
}

/// A vector with one number for each of the channels, dimension 1 of `x`.
static FailureOr<Tensor> perChannel(Node &node, size_t i, Tensor x) {
  Tensor t = node.getInput(i);
  Emitter &e = node.getEmitter();
  if (t.getRank() != 1 || x.getRank() < 2 ||
      (!t.getType().isDynamicDim(0) && !x.getType().isDynamicDim(1) &&
       t.getShape()[0] != x.getShape()[1]))
    return node.error("input " + Twine(i) +
                      " does not have one element for each channel "
                      "(dimension 1) of input 0");
  if (t.getType().isDynamicDim(0))
    t = e.castShape(t, {x.getShape()[1]});
  return t;
}

/// The same, laid along dimension 1 of a tensor of the rank of `x`.
static FailureOr<Tensor> alongChannels(Node &node, size_t i, Tensor x) {
  FailureOr<Tensor> t = perChannel(node, i, x);
  if (failed(t))
    return failure();
  Emitter &e = node.getEmitter();
  Extents sizes(x.getRank() - 1, e.getBuilder().getIndexAttr(1));
  sizes[0] = e.extent(x, 1);
  return e.reshape(*t, sizes);
}

/// Results after the first one, rounded.
static void setOptional(Node &node, size_t i, Tensor value, DataType type) {
  if (node.wantsOutput(i))
    node.setOutput(i, node.getEmitter().convert(value, type));
}

//===----------------------------------------------------------------------===//
// Along the last dimensions
//===----------------------------------------------------------------------===//

namespace {
/// The attributes of a normalization over the dimensions from an axis on.
struct LastDims {
  SmallVector<int64_t> dims;
  float epsilon;
  /// The type of the moments.
  DataType stash;
};
} // namespace

static FailureOr<LastDims> getLastDims(Node &node) {
  int64_t rank = node.getInput(0).getRank();
  std::optional<int64_t> axis = node.getAxis(node.getInt("axis", -1), rank);
  float epsilon = node.getFloat("epsilon", 1e-5f);
  auto stash = static_cast<DataType>(node.getInt("stash_type", 1));
  if (failed(requireFloats(node, 1)) || !axis)
    return failure();
  if (!isFloat(stash))
    return node.unsupported("'stash_type' " + getName(stash) +
                            " is not supported");
  return LastDims{from(*axis, rank), epsilon, stash};
}

static LogicalResult convertLayerNormalization(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  FailureOr<LastDims> last = getLastDims(node);
  if (failed(last))
    return failure();
  DataType type = x.type;
  if (last->stash == DataType::Double)
    x = e.convert(x, last->stash);
  Norm norm{seq::NormKind::Layer, last->dims.front(), last->epsilon};
  node.setOutput(
      0, normalize(e, norm, x, node.getInput(1), node.getInput(2), type));
  if (!node.wantsOutput(1) && !node.wantsOutput(2))
    return success();
  Moments moments = getMoments(e, x, last->dims);
  setOptional(node, 1, moments.mean, last->stash);
  setOptional(node, 2, invertRoot(e, moments.variance, last->epsilon),
              last->stash);
  return success();
}

static LogicalResult convertRMSNormalization(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  FailureOr<LastDims> last = getLastDims(node);
  if (failed(last))
    return failure();
  if (last->stash == DataType::Double)
    x = e.convert(x, last->stash);
  // The result has the type of the scale.
  Norm norm{seq::NormKind::Rms, last->dims.front(), last->epsilon};
  node.setOutput(
      0, normalize(e, norm, x, node.getInput(1), {}, node.getInput(1).type));
  return success();
}

//===----------------------------------------------------------------------===//
// Per channel
//===----------------------------------------------------------------------===//

static LogicalResult convertBatchNormalization(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  float epsilon = node.getFloat("epsilon", 1e-5f);
  float momentum = node.getFloat("momentum", 0.9f);
  bool training = node.getInt("training_mode", 0) != 0;
  if (node.getOpset() < 7)
    training = node.getInt("is_test", 0) == 0 && node.getNumOutputs() > 1;
  if (node.getOpset() < 9 && node.getInt("spatial", 1) == 0)
    return node.unsupported("'spatial' 0 is not supported");
  (void)node.getInts("consumed_inputs");
  if (failed(requireFloats(node, 1)))
    return failure();
  DataType type = x.type;
  bool flat = x.getRank() == 1;
  if (flat)
    x = e.unsqueeze(x, 1);
  Tensor vectors[4];
  for (size_t i = 0; i < 4; ++i) {
    FailureOr<Tensor> vector = alongChannels(node, i + 1, x);
    if (failed(vector))
      return failure();
    vectors[i] = *vector;
  }
  auto [scale, bias, mean, variance] = vectors;
  // Statistics may be of another float type than the data.
  DataType compute = getComputeType(type);
  DataType kept = mean.type;
  if (training) {
    SmallVector<int64_t> dims = {0};
    llvm::append_range(dims, from(2, x.getRank()));
    Moments moments = getMoments(e, x, dims);
    auto blend = [&](Tensor running, Tensor now) {
      running = e.convert(running, compute);
      // Both have one element per channel.
      Extents sizes = {e.extent(x, 1)};
      Tensor a = e.reshape(running, sizes), b = e.reshape(now, sizes);
      return e.elementwise(compute, {a, b}, [&](Scalars &s, ValueRange in) {
        return s.add(compute,
                     s.mul(compute, in[0], s.constant(compute, momentum)),
                     s.mul(compute, in[1], s.constant(compute, 1 - momentum)));
      });
    };
    setOptional(node, 1, blend(mean, moments.mean), kept);
    setOptional(node, 2, blend(variance, moments.variance), kept);
    mean = moments.mean, variance = moments.variance;
  }
  Tensor factor = invertRoot(e, e.convert(variance, compute), epsilon);
  Tensor y = apply(e, type, x, mean, factor, scale, bias);
  node.setOutput(0, flat ? e.squeeze(y, 1) : y);
  return success();
}

static LogicalResult convertInstanceNormalization(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  float epsilon = node.getFloat("epsilon", 1e-5f);
  (void)node.getInts("consumed_inputs");
  if (failed(requireFloats(node, 1)))
    return failure();
  int64_t channels = x.getRank() < 2 ? 0 : x.getShape()[1];
  // Groups of one channel each, where their number is known.
  if (channels > 0) {
    FailureOr<Tensor> scale = perChannel(node, 1, x),
                      bias = perChannel(node, 2, x);
    if (failed(scale) || failed(bias))
      return failure();
    Norm norm{seq::NormKind::Group, 1, epsilon, channels};
    node.setOutput(0, normalize(e, norm, x, *scale, *bias, x.type));
    return success();
  }
  FailureOr<Tensor> scale = alongChannels(node, 1, x),
                    bias = alongChannels(node, 2, x);
  if (failed(scale) || failed(bias))
    return failure();
  Moments moments = getMoments(e, x, from(2, x.getRank()));
  node.setOutput(0, apply(e, x.type, x, moments.mean,
                          invertRoot(e, moments.variance, epsilon), *scale,
                          *bias));
  return success();
}

/// Groups of channels are normalized together. Scale and bias are per group
/// before opset 21 and per channel since.
static LogicalResult convertGroupNormalization(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  float epsilon = node.getFloat("epsilon", 1e-5f);
  int64_t groups = node.getInt("num_groups", 0);
  auto stash = static_cast<DataType>(node.getInt("stash_type", 1));
  if (failed(requireFloats(node, 1)))
    return failure();
  if (x.getRank() < 2 || groups <= 0 ||
      (!x.getType().isDynamicDim(1) && x.getShape()[1] % groups != 0))
    return node.error("'num_groups' is " + Twine(groups) +
                      "; required is a divisor of the number of channels");
  DataType type = x.type;
  if (stash == DataType::Double)
    x = e.convert(x, stash);
  Scalars s = e.scalars();
  Extents whole = e.extents(x), split = whole;
  Value each = s.divIndex(e.toValue(whole[1]), s.index(groups));
  e.requireEqual(OpFoldResult(s.mulIndex(each, s.index(groups))), whole[1],
                 "the number of channels in equal groups");
  Norm norm{seq::NormKind::Group, 1, epsilon, groups};
  if (node.getOpset() >= 21) {
    FailureOr<Tensor> scale = perChannel(node, 1, x),
                      bias = perChannel(node, 2, x);
    if (failed(scale) || failed(bias))
      return failure();
    node.setOutput(0, normalize(e, norm, x, *scale, *bias, type));
    return success();
  }
  // [N, C, ...] as [N, groups, C / groups, ...].
  split[1] = OpFoldResult(each);
  split.insert(split.begin() + 1, e.getBuilder().getIndexAttr(groups));
  Tensor unit = normalize(e, norm, x, {}, {}, getComputeType(x.type));
  unit = e.reshape(unit, e.simplify(split));
  FailureOr<Tensor> scale = alongChannels(node, 1, unit),
                    bias = alongChannels(node, 2, unit);
  if (failed(scale) || failed(bias))
    return failure();
  Tensor ones = e.scalar(unit.type, 1);
  node.setOutput(
      0, e.reshape(apply(e, type, unit, {}, ones, *scale, *bias), whole));
  return success();
}

//===----------------------------------------------------------------------===//
// Others
//===----------------------------------------------------------------------===//

/// Divides by the sum of absolute values or the Euclidean norm; zeros stay.
static LogicalResult convertLpNormalization(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  int64_t p = node.getInt("p", 2);
  std::optional<int64_t> axis =
      node.getAxis(node.getInt("axis", -1), x.getRank());
  if (failed(requireFloats(node, 1)) || !axis)
    return failure();
  if (p != 1 && p != 2)
    return node.error("'p' is " + Twine(p) + "; required is 1 or 2");
  DataType type = getComputeType(x.type);
  Tensor parts = e.elementwise(type, {x}, [&](Scalars &s, ValueRange in) {
    return p == 1 ? s.abs(type, in[0]) : s.mul(type, in[0], in[0]);
  });
  Tensor norm = e.reduce(parts, {*axis}, Combine::Sum, /*keep=*/true);
  node.setOutput(
      0, e.elementwise(x.type, {x, norm}, [&](Scalars &s, ValueRange in) {
        Value zero = s.constant(type, 0);
        Value size = p == 1 ? in[1] : s.sqrt(in[1]);
        return s.select(s.compare(Compare::Equal, type, size, zero), zero,
                        s.div(type, in[0], size));
      }));
  return success();
}

static LogicalResult convertMeanVarianceNormalization(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  SmallVector<int64_t> dims;
  std::optional<SmallVector<int64_t>> axes = node.getInts("axes");
  if (node.getOpset() < 9 && !axes)
    axes = node.getInt("across_channels", 0) != 0
               ? SmallVector<int64_t>{0, 1, 2, 3}
               : SmallVector<int64_t>{0, 2, 3};
  for (int64_t given : axes.value_or(SmallVector<int64_t>{0, 2, 3})) {
    std::optional<int64_t> axis = node.getAxis(given, x.getRank());
    if (!axis)
      return failure();
    if (!llvm::is_contained(dims, *axis))
      dims.push_back(*axis);
  }
  llvm::sort(dims);
  if (failed(requireFloats(node, 1)))
    return failure();
  DataType type = getComputeType(x.type);
  Moments moments = getMoments(e, x, dims);
  node.setOutput(
      0, e.elementwise(x.type, {x, moments.mean, moments.variance},
                       [&](Scalars &s, ValueRange in) {
                         Value deviation =
                             s.add(type, s.sqrt(in[2]), s.constant(type, 1e-9));
                         return s.div(type, s.sub(type, in[0], in[1]),
                                      deviation);
                       }));
  return success();
}

void registerNormalizationOps(Registry &registry) {
  registry.add({
      {"LayerNormalization", 17, 2, 3, convertLayerNormalization},
      {"RMSNormalization", 23, 2, 2, convertRMSNormalization},
      {"BatchNormalization", 1, 5, 5, convertBatchNormalization},
      {"InstanceNormalization", 1, 3, 3, convertInstanceNormalization},
      {"GroupNormalization", 18, 3, 3, convertGroupNormalization},
      {"LpNormalization", 1, 1, 1, convertLpNormalization},
      {"MeanVarianceNormalization", 9, 1, 1, convertMeanVarianceNormalization},
  });
}

} // namespace seqc::onnx
