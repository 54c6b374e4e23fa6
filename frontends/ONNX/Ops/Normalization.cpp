//===- Normalization.cpp - Normalization ----------------------------------===//
//
// Mean and variance along some dimensions, then an affine map. Everything is
// computed in getComputeType: sums of halves would lose too much.
//
//===----------------------------------------------------------------------===//

#include "frontends/Common/Norms.h"
#include "frontends/ONNX/Ops/Family.h"

using namespace llvm;

namespace seqc::onnx {

/// (x - mean) * factor * scale + bias, rounded to `result`.
static Tensor apply(Emitter &e, DataType result, Tensor x, Tensor mean,
                    Tensor factor, Tensor scale, Tensor bias) {
  DataType type = getComputeType(x.type);
  // Operands of one computation have one type.
  SmallVector<Tensor> inputs = {x, mean, factor, scale, bias};
  for (Tensor &t : inputs)
    if (getComputeType(t.type) != type)
      t = e.convert(t, type);
  return map(e, result, inputs, [](ArrayRef<Number> v) {
    return (v[0] - v[1]) * v[2] * v[3] + v[4];
  });
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

/// Inputs 1 to `count` as such vectors or, with `along`, laid along dimension 1
/// of a tensor of the rank of `x`.
static FailureOr<SmallVector<Tensor>> readChannels(Node &node, size_t count,
                                                   Tensor x, bool along) {
  Emitter &e = node.getEmitter();
  SmallVector<Tensor> vectors;
  for (size_t i = 1; i <= count; ++i) {
    FailureOr<Tensor> t = perChannel(node, i, x);
    if (failed(t))
      return failure();
    Extents sizes(x.getRank() - 1, Number(e, 1));
    sizes[0] = e.extent(x, 1);
    vectors.push_back(along ? e.reshape(*t, sizes) : *t);
  }
  return vectors;
}

/// Results after the first one, rounded.
static void setOptional(Node &node, size_t i, Tensor value, DataType type) {
  if (node.wantsOutput(i))
    node.setOutput(i, node.getEmitter().convert(value, type));
}

//===----------------------------------------------------------------------===//
// Along the last dimensions
//===----------------------------------------------------------------------===//

/// Outputs behind a normalised tensor: the mean of a layer norm, which is output
/// 1, and the inverse of the deviation or root at `inverse`.
static void setMoments(Node &node, const Norm &norm, Tensor x, size_t inverse,
                       DataType type) {
  Emitter &e = node.getEmitter();
  if (!node.wantsOutput(1) && !node.wantsOutput(inverse))
    return;
  SmallVector<int64_t> dims = from(norm.axis, x.getRank());
  Moments moments;
  if (norm.kind == seq::NormKind::Layer) {
    moments = getMoments(e, x, dims);
    setOptional(node, 1, moments.mean, type);
  } else {
    moments.variance = getMeanSquare(e, x, dims);
  }
  setOptional(node, inverse, invertRoot(e, moments.variance, norm.epsilon),
              type);
}

/// Layer and RMS norms. A layer norm has the type of its input, an RMS norm that
/// of its scale.
template <seq::NormKind kind>
static LogicalResult convertNorm(Node &node, Emitter &e) {
  constexpr bool isLayer = kind == seq::NormKind::Layer;
  Tensor x = node.getInput(0), scale = node.getInput(1);
  DataType type = isLayer ? x.type : scale.type;
  int64_t axis = node.getAxis("axis", -1, x.getRank());
  float epsilon = node.getFloat("epsilon", 1e-5F);
  auto stash = static_cast<DataType>(node.getInt("stash_type", 1));
  if (!isFloat(stash))
    return node.unsupported("'stash_type' " + getName(stash) +
                            " is not supported");
  if (stash == DataType::Double)
    x = e.convert(x, stash);
  Norm norm{kind, axis, epsilon};
  setMoments(node, norm, x, isLayer ? 2 : 1, stash);
  return node.give(normalize(e, norm, x, scale, node.getInput(2), type));
}

/// Skip(Simplified)LayerNormalization: of the sum of two branches and a bias,
/// which is output 3.
template <seq::NormKind kind>
static LogicalResult convertSkip(Node &node, Emitter &e) {
  constexpr bool isLayer = kind == seq::NormKind::Layer;
  Tensor beta = isLayer ? node.getInput(3) : Tensor(), sum = node.getInput(0);
  for (size_t i : {1, isLayer ? 4 : 3})
    sum = add(e, sum, node.getInput(i));
  float epsilon = node.getFloat("epsilon", 1e-12F);
  Norm norm{kind, sum.getRank() - 1, epsilon};
  setMoments(node, norm, sum, 2, getComputeType(sum.type));
  node.setOutput(3, sum);
  return node.give(normalize(e, norm, sum, node.getInput(2), beta, sum.type));
}

//===----------------------------------------------------------------------===//
// Per channel
//===----------------------------------------------------------------------===//

static LogicalResult convertBatchNormalization(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  float epsilon = node.getFloat("epsilon", 1e-5f);
  float momentum = node.getFloat("momentum", 0.9f);
  bool training = node.getInt("training_mode", 0) != 0;
  if (node.getOpset() < 7)
    training = node.getInt("is_test", 0) == 0 && node.getNumOutputs() > 1;
  if (node.getOpset() < 9 && node.getInt("spatial", 1) == 0)
    return node.unsupported("'spatial' 0 is not supported");
  (void)node.getInts("consumed_inputs");
  DataType type = x.type;
  bool flat = x.getRank() == 1;
  if (flat)
    x = e.unsqueeze(x, 1);
  FailureOr<SmallVector<Tensor>> vectors =
      readChannels(node, 4, x, /*along=*/true);
  if (failed(vectors))
    return failure();
  Tensor scale = (*vectors)[0], bias = (*vectors)[1], mean = (*vectors)[2],
         variance = (*vectors)[3];
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
      return map(e, compute, {a, b}, [&](Number old, Number next) {
        return old * momentum + next * (1 - momentum);
      });
    };
    setOptional(node, 1, blend(mean, moments.mean), kept);
    setOptional(node, 2, blend(variance, moments.variance), kept);
    mean = moments.mean, variance = moments.variance;
  }
  Tensor factor = invertRoot(e, e.convert(variance, compute), epsilon);
  Tensor y = apply(e, type, x, mean, factor, scale, bias);
  return node.give(flat ? e.squeeze(y, 1) : y);
}

static LogicalResult convertInstanceNormalization(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  float epsilon = node.getFloat("epsilon", 1e-5f);
  (void)node.getInts("consumed_inputs");
  int64_t channels = x.getRank() < 2 ? 0 : x.getShape()[1];
  FailureOr<SmallVector<Tensor>> affine =
      readChannels(node, 2, x, /*along=*/channels <= 0);
  if (failed(affine))
    return failure();
  Tensor scale = (*affine)[0], bias = (*affine)[1];
  // Groups of one channel each, where their number is known.
  Norm norm{seq::NormKind::Group, 1, epsilon, channels};
  if (channels > 0)
    return node.give(normalize(e, norm, x, scale, bias, x.type));
  Moments moments = getMoments(e, x, from(2, x.getRank()));
  return node.give(apply(e, x.type, x, moments.mean,
                         invertRoot(e, moments.variance, epsilon), scale,
                         bias));
}

/// Groups of channels are normalized together. Scale and bias are per group
/// before opset 21 and per channel since.
static LogicalResult convertGroupNormalization(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  float epsilon = node.getFloat("epsilon", 1e-5f);
  int64_t groups = node.getInt("num_groups", 0);
  auto stash = static_cast<DataType>(node.getInt("stash_type", 1));
  if (groups <= 0 ||
      (!x.getType().isDynamicDim(1) && x.getShape()[1] % groups != 0))
    return node.error("'num_groups' is " + Twine(groups) +
                      "; required is a divisor of the number of channels");
  DataType type = x.type;
  if (stash == DataType::Double)
    x = e.convert(x, stash);
  Extents whole = e.extents(x), split = whole;
  Number each = Number(e, whole[1]) / groups;
  e.requireEqual(each * groups, whole[1],
                 "the number of channels in equal groups");
  Norm norm{seq::NormKind::Group, 1, epsilon, groups};
  bool perGroup = node.getOpset() < 21;
  Tensor unit = x;
  if (perGroup) {
    // [N, C, ...] as [N, groups, C / groups, ...].
    split[1] = each;
    split.insert(split.begin() + 1, Number(e, groups));
    unit = normalize(e, norm, x, {}, {}, getComputeType(x.type));
    unit = e.reshape(unit, e.simplify(split));
  }
  FailureOr<SmallVector<Tensor>> affine = readChannels(node, 2, unit, perGroup);
  if (failed(affine))
    return failure();
  Tensor scale = (*affine)[0], bias = (*affine)[1];
  if (!perGroup)
    return node.give(normalize(e, norm, x, scale, bias, type));
  Tensor moved = map(
      e, type, {unit, e.convert(scale, unit.type), e.convert(bias, unit.type)},
      [](Number v, Number s, Number b) { return v * s + b; });
  return node.give(e.reshape(moved, whole));
}

//===----------------------------------------------------------------------===//
// Others
//===----------------------------------------------------------------------===//

/// Divides by the sum of absolute values or the Euclidean norm; zeros stay.
static LogicalResult convertLpNormalization(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  int64_t p = node.getInt("p", 2);
  int64_t axis = node.getAxis("axis", -1, x.getRank());
  if (p != 1 && p != 2)
    return node.error("'p' is " + Twine(p) + "; required is 1 or 2");
  Tensor parts = map(e, getComputeType(x.type), {x},
                     [&](Number v) { return p == 1 ? abs(v) : v * v; });
  Tensor norm = e.reduce(parts, {axis}, Combine::Sum, /*keep=*/true);
  return node.give(map(e, x.type, {x, norm}, [&](Number v, Number sum) {
    Number size = p == 1 ? sum : sqrt(sum);
    return select(size == 0, 0, v / size);
  }));
}

static LogicalResult convertMeanVarianceNormalization(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  SmallVector<int64_t> usual = {0, 2, 3};
  if (node.getOpset() < 9 && node.getInt("across_channels", 0) != 0)
    usual.push_back(1);
  Moments moments = getMoments(
      e, x, sortAxes(node, node.getInts("axes").value_or(usual), x.getRank()));
  return node.give(map(e, x.type, {x, moments.mean, moments.variance},
                       [](Number v, Number mean, Number variance) {
                         return (v - mean) / (sqrt(variance) + 1e-9);
                       }));
}

void registerNormalizationOps(Registry &registry) {
  using enum seq::NormKind;
  constexpr InputRule some = kFloats.atLeast(1);
  auto skip = takes(kAny.atLeast(1), kAny, kAny(1), kAny(1), kAny(1));
  registry.add({
      {"LayerNormalization", 17, 2, 3, convertNorm<Layer>, takes(some)},
      {"RMSNormalization", 23, 2, 2, convertNorm<Rms>, takes(some)},
      {"SimplifiedLayerNormalization", 1, 2, 2, convertNorm<Rms>, takes(some)},
      {"BatchNormalization", 1, 5, 5, convertBatchNormalization,
       takes(kFloats)},
      {"InstanceNormalization", 1, 3, 3, convertInstanceNormalization,
       takes(kFloats)},
      {"GroupNormalization", 18, 3, 3, convertGroupNormalization,
       takes(kFloats.atLeast(2))},
      {"LpNormalization", 1, 1, 1, convertLpNormalization, takes(some)},
      {"MeanVarianceNormalization", 9, 1, 1, convertMeanVarianceNormalization,
       takes(kFloats)},
  });
  registry.addContrib({
      {"SimplifiedLayerNormalization", 1, 2, 2, convertNorm<Rms>, takes(some)},
      {"SkipLayerNormalization", 1, 3, 5, convertSkip<Layer>, skip},
      {"SkipSimplifiedLayerNormalization", 1, 3, 4, convertSkip<Rms>, skip},
  });
}

} // namespace seqc::onnx
