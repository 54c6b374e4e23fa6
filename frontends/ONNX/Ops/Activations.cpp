//===- Activations.cpp - Activation functions -----------------------------===//

#include "frontends/ONNX/Ops/Norms.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace llvm;
namespace math = mlir::math;

namespace seqc::onnx {

using mlir::Value;
using mlir::ValueRange;

/// Applies `element` to the floats of the only input.
static LogicalResult mapFloats(Node &node, Emitter::ElementFn element) {
  if (failed(node.requireFloat(0)))
    return failure();
  (void)node.hasAttribute("consumed_inputs");
  Tensor x = node.getInput(0);
  node.setOutput(0, node.getEmitter().elementwise(x.type, {x}, element));
  return success();
}

static DataType getElementType(Node &node) {
  return getComputeType(node.getInput(0).type);
}

static Value isNegative(Scalars &s, DataType type, Value x) {
  return s.compare(Compare::Less, type, x, s.constant(type, 0));
}

/// log(1 + exp(x)), which never overflows.
static Value softplus(Scalars &s, DataType type, Value x) {
  Value small = s.op<math::Log1pOp>(s.exp(s.neg(type, s.abs(type, x))));
  return s.add(type, s.max(type, x, s.constant(type, 0)), small);
}

/// min(1, max(0, alpha * x + beta)).
static Value hardSigmoid(Scalars &s, DataType type, Value x, double alpha,
                         double beta) {
  Value line = s.add(type, s.mul(type, x, s.constant(type, alpha)),
                     s.constant(type, beta));
  return s.min(type, s.max(type, line, s.constant(type, 0)),
               s.constant(type, 1));
}

static LogicalResult convertRelu(Node &node) {
  (void)node.hasAttribute("consumed_inputs");
  DataType type = getElementType(node);
  Tensor x = node.getInput(0);
  node.setOutput(0, node.getEmitter().elementwise(
                        x.type, {x}, [&](Scalars &s, ValueRange v) {
                          return s.max(type, v[0], s.constant(type, 0));
                        }));
  return success();
}

static LogicalResult convertLeakyRelu(Node &node) {
  DataType type = getElementType(node);
  float alpha = node.getFloat("alpha", 0.01f);
  return mapFloats(node, [&](Scalars &s, ValueRange x) {
    return s.select(isNegative(s, type, x[0]),
                    s.mul(type, x[0], s.constant(type, alpha)), x[0]);
  });
}

/// PRelu: before opset 7 a slope per channel is aligned at dimension 1.
static LogicalResult convertPRelu(Node &node) {
  Emitter &e = node.getEmitter();
  (void)node.hasAttribute("consumed_inputs");
  Tensor x = node.getInput(0), slope = node.getInput(1);
  if (x.type != slope.type)
    return node.error("its inputs are " + getName(x.type) + " and " +
                      getName(slope.type) + "; required is one type");
  if (node.getOpset() < 7 && slope.getRank() == 1 && slope.getShape()[0] != 1)
    for (int64_t d = 2; d < x.getRank(); ++d)
      slope = e.unsqueeze(slope, slope.getRank());
  DataType type = getElementType(node);
  node.setOutput(
      0, e.elementwise(x.type, {x, slope}, [&](Scalars &s, ValueRange v) {
        Value zero = s.constant(type, 0);
        return s.select(s.compare(Compare::Less, type, v[0], zero),
                        s.mul(type, v[0], v[1]), v[0]);
      }));
  return success();
}

static LogicalResult convertElu(Node &node) {
  DataType type = getElementType(node);
  float alpha = node.getFloat("alpha", 1);
  return mapFloats(node, [&](Scalars &s, ValueRange x) {
    Value curve =
        s.mul(type, s.op<math::ExpM1Op>(x[0]), s.constant(type, alpha));
    return s.select(isNegative(s, type, x[0]), curve, x[0]);
  });
}

static LogicalResult convertSelu(Node &node) {
  DataType type = getElementType(node);
  bool first = node.getOpset() < 6;
  float alpha = node.getFloat("alpha", first ? 1.6732f : 1.67326319f);
  float gamma = node.getFloat("gamma", first ? 1.0507f : 1.05070102f);
  return mapFloats(node, [&](Scalars &s, ValueRange x) {
    Value curve =
        s.mul(type, s.op<math::ExpM1Op>(x[0]), s.constant(type, alpha));
    return s.mul(type, s.select(isNegative(s, type, x[0]), curve, x[0]),
                 s.constant(type, gamma));
  });
}

static LogicalResult convertCelu(Node &node) {
  DataType type = getElementType(node);
  float alpha = node.getFloat("alpha", 1);
  return mapFloats(node, [&](Scalars &s, ValueRange x) {
    Value a = s.constant(type, alpha);
    Value curve = s.mul(type, a, s.op<math::ExpM1Op>(s.div(type, x[0], a)));
    return s.select(isNegative(s, type, x[0]), curve, x[0]);
  });
}

static LogicalResult convertSigmoid(Node &node) {
  DataType type = getElementType(node);
  return mapFloats(
      node, [&](Scalars &s, ValueRange x) { return s.sigmoid(type, x[0]); });
}

static LogicalResult convertHardSigmoid(Node &node) {
  DataType type = getElementType(node);
  float alpha = node.getFloat("alpha", 0.2f), beta = node.getFloat("beta", 0.5);
  return mapFloats(node, [&](Scalars &s, ValueRange x) {
    return hardSigmoid(s, type, x[0], alpha, beta);
  });
}

static LogicalResult convertHardSwish(Node &node) {
  DataType type = getElementType(node);
  return mapFloats(node, [&](Scalars &s, ValueRange x) {
    return s.mul(type, x[0], hardSigmoid(s, type, x[0], 1.0 / 6, 0.5));
  });
}

static LogicalResult convertSoftplus(Node &node) {
  DataType type = getElementType(node);
  return mapFloats(
      node, [&](Scalars &s, ValueRange x) { return softplus(s, type, x[0]); });
}

static LogicalResult convertSoftsign(Node &node) {
  DataType type = getElementType(node);
  return mapFloats(node, [&](Scalars &s, ValueRange x) {
    return s.div(type, x[0],
                 s.add(type, s.constant(type, 1), s.abs(type, x[0])));
  });
}

static LogicalResult convertTanh(Node &node) {
  return mapFloats(node,
                   [&](Scalars &s, ValueRange x) { return s.tanh(x[0]); });
}

static LogicalResult convertThresholdedRelu(Node &node) {
  DataType type = getElementType(node);
  float alpha = node.getFloat("alpha", 1);
  return mapFloats(node, [&](Scalars &s, ValueRange x) {
    return s.select(
        s.compare(Compare::Greater, type, x[0], s.constant(type, alpha)), x[0],
        s.constant(type, 0));
  });
}

static LogicalResult convertGelu(Node &node) {
  DataType type = getElementType(node);
  std::string method = node.getString("approximate", "none");
  if (method != "none" && method != "tanh")
    return node.error("'approximate' is '" + method +
                      "'; required is 'none' or 'tanh'");
  return mapFloats(node, [&](Scalars &s, ValueRange x) {
    Value inner;
    if (method == "tanh") {
      Value cube = s.mul(type, s.mul(type, x[0], x[0]), x[0]);
      inner = s.add(type, x[0], s.mul(type, cube, s.constant(type, 0.044715)));
      inner =
          s.tanh(s.mul(type, inner, s.constant(type, 0.79788456080286535588)));
    } else {
      inner = s.op<math::ErfOp>(
          s.mul(type, x[0], s.constant(type, 0.70710678118654752440)));
    }
    Value half = s.mul(type, x[0], s.constant(type, 0.5));
    return s.mul(type, half, s.add(type, inner, s.constant(type, 1)));
  });
}

static LogicalResult convertMish(Node &node) {
  DataType type = getElementType(node);
  return mapFloats(node, [&](Scalars &s, ValueRange x) {
    return s.mul(type, x[0], s.tanh(softplus(s, type, x[0])));
  });
}

static LogicalResult convertSwish(Node &node) {
  DataType type = getElementType(node);
  float alpha = node.getFloat("alpha", 1);
  return mapFloats(node, [&](Scalars &s, ValueRange x) {
    Value scaled = s.mul(type, x[0], s.constant(type, alpha));
    return s.mul(type, x[0], s.sigmoid(type, scaled));
  });
}

/// The gate, activated, times the other input.
static LogicalResult convertSwiGLU(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor gate = node.getInput(0), x = node.getInput(1);
  if (failed(node.requireFloat(0)))
    return failure();
  if (gate.type != x.type || gate.getRank() != x.getRank())
    return node.error("its inputs are " + getName(gate.type) + " of rank " +
                      Twine(gate.getRank()) + " and " + getName(x.type) +
                      " of rank " + Twine(x.getRank()) +
                      "; required are inputs of one type and shape");
  DataType type = getComputeType(x.type);
  float alpha = node.getFloat("alpha", 1);
  node.setOutput(
      0, e.elementwise(x.type, {gate, x}, [&](Scalars &s, ValueRange v) {
        Value scaled = s.mul(type, v[0], s.constant(type, alpha));
        Value active = s.mul(type, v[0], s.sigmoid(type, scaled));
        return s.mul(type, active, v[1]);
      }));
  return success();
}

//===----------------------------------------------------------------------===//
// Softmax and its kin
//===----------------------------------------------------------------------===//

/// The dimensions that are normalised together: before opset 13 everything
/// from `axis` on.
static LogicalResult getNormalized(Node &node, SmallVector<int64_t> &dims) {
  if (failed(node.requireFloat(0)))
    return failure();
  bool last = node.getOpset() >= 13;
  int64_t rank = node.getInput(0).getRank();
  int64_t axis = node.getInt("axis", last ? -1 : 1);
  std::optional<int64_t> first = node.getAxis(axis, rank);
  if (!first)
    return failure();
  dims.push_back(*first);
  for (int64_t d = *first + 1; d < rank && !last; ++d)
    dims.push_back(d);
  return success();
}

template <bool logarithm> static LogicalResult convertSoftmax(Node &node) {
  SmallVector<int64_t> dims;
  if (failed(getNormalized(node, dims)))
    return failure();
  Tensor x = node.getInput(0);
  node.setOutput(0, softmax(node.getEmitter(), x, dims, x.type, logarithm));
  return success();
}

/// 1 for the first greatest element, 0 for the others.
static LogicalResult convertHardmax(Node &node) {
  Emitter &e = node.getEmitter();
  SmallVector<int64_t> dims;
  if (failed(getNormalized(node, dims)))
    return failure();
  Tensor x = node.getInput(0);
  DataType type = getComputeType(x.type), integer = DataType::Int64;
  Tensor most = e.reduce(x, dims, Combine::Max, /*keep=*/true);
  Extents sizes = e.extents(x);
  Tensor order = e.generate(integer, sizes, [&](Scalars &s, ValueRange at) {
    Value number = s.index(0);
    for (int64_t d : dims)
      number = s.addIndex(s.mulIndex(number, e.toValue(sizes[d])), at[d]);
    return s.fromIndex(integer, number);
  });
  Tensor candidates =
      e.elementwise(integer, {x, most, order}, [&](Scalars &s, ValueRange v) {
        return s.select(s.compare(Compare::Equal, type, v[0], v[1]), v[2],
                        s.greatest(integer));
      });
  Tensor first = e.reduce(candidates, dims, Combine::Min, /*keep=*/true);
  node.setOutput(
      0, e.elementwise(x.type, {order, first}, [&](Scalars &s, ValueRange v) {
        return s.select(s.compare(Compare::Equal, integer, v[0], v[1]),
                        s.constant(type, 1), s.constant(type, 0));
      }));
  return success();
}

void registerActivationsOps(Registry &registry) {
  registry.add({
      {"Relu", 1, 1, 1, convertRelu},
      {"LeakyRelu", 1, 1, 1, convertLeakyRelu},
      {"PRelu", 1, 2, 2, convertPRelu},
      {"Elu", 1, 1, 1, convertElu},
      {"Selu", 1, 1, 1, convertSelu},
      {"Celu", 12, 1, 1, convertCelu},
      {"Sigmoid", 1, 1, 1, convertSigmoid},
      {"HardSigmoid", 1, 1, 1, convertHardSigmoid},
      {"HardSwish", 14, 1, 1, convertHardSwish},
      {"Softplus", 1, 1, 1, convertSoftplus},
      {"Softsign", 1, 1, 1, convertSoftsign},
      {"Tanh", 1, 1, 1, convertTanh},
      {"ThresholdedRelu", 10, 1, 1, convertThresholdedRelu},
      {"Gelu", 20, 1, 1, convertGelu},
      {"Mish", 18, 1, 1, convertMish},
      {"Swish", 24, 1, 1, convertSwish},
      {"SwiGLU", 28, 2, 2, convertSwiGLU},
      {"Softmax", 1, 1, 1, convertSoftmax<false>},
      {"LogSoftmax", 1, 1, 1, convertSoftmax<true>},
      {"Hardmax", 1, 1, 1, convertHardmax},
  });
}

} // namespace seqc::onnx
