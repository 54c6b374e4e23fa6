//===- ContribQLinear.cpp - Quantised operators of com.microsoft ----------===//
//
// Each is defined as the operator on the numbers that its inputs stand for,
// rounded to the result's scale and zero point. An absent zero point is 0.
//
//===----------------------------------------------------------------------===//

#include "frontends/Common/Activations.h"
#include "frontends/Common/Norms.h"
#include "frontends/ONNX/Ops/Family.h"
#include "frontends/ONNX/Ops/QuantizedElement.h"
#include "frontends/ONNX/Ops/QuantizedProduct.h"

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;

static constexpr DataType kReal = DataType::Float;

static LogicalResult checkType(Node &node, Tensor x) {
  if (x.type == DataType::UInt8 || x.type == DataType::Int8)
    return success();
  return node.error("a quantised input is " + getName(x.type) +
                    "; required is uint8 or int8");
}

/// The scale at input `i` and the zero point behind it, of numbers of `type`.
/// Vectors are allowed for columns.
static FailureOr<Parameters> getParameters(Node &node, size_t i, DataType type,
                                           bool columns = false) {
  Emitter &e = node.getEmitter();
  Parameters result{node.getInput(i), node.getInput(i + 1)};
  if (!result.scale)
    return node.error("input " + Twine(i) + " is missing; required is a scale");
  for (Tensor *given : {&result.scale, &result.zero}) {
    if (!*given)
      continue;
    DataType wanted = given == &result.scale ? kReal : type;
    if (given->type != wanted)
      return node.error("a scale or zero point is " + getName(given->type) +
                        "; required is " + getName(wanted));
    bool single = isOne(*given);
    if (!single && !(columns && given->getRank() == 1))
      return node.error("a scale or zero point is not one number");
    if (single)
      *given = e.reshape(*given, {});
  }
  return result;
}

/// The numbers that input `i` stands for, with its parameters behind it.
static FailureOr<Tensor> readInput(Node &node, size_t i) {
  Tensor x = node.getInput(i);
  if (!x)
    return node.error("input " + Twine(i) +
                      " is missing; required is a tensor");
  if (failed(checkType(node, x)))
    return failure();
  FailureOr<Parameters> by = getParameters(node, i + 1, x.type);
  if (failed(by))
    return failure();
  return dequantize(node.getEmitter(), x, *by);
}

/// Rounds `y` to the parameters at input `i` and gives it as the result.
static LogicalResult setResult(Node &node, Tensor y, size_t i, DataType type) {
  FailureOr<Parameters> by = getParameters(node, i, type);
  if (failed(by))
    return failure();
  return node.give(quantize(node.getEmitter(), y, *by, type));
}

/// QLinearAdd and QLinearMul: a, b and the result, each with its parameters.
template <auto formula>
static LogicalResult convertBinary(Node &node, Emitter &e) {
  FailureOr<Tensor> a = readInput(node, 0), b = readInput(node, 3);
  if (failed(a) || failed(b))
    return failure();
  Extents left = e.extents(*a), right = e.extents(*b);
  for (auto [x, y] : llvm::zip(llvm::reverse(left), llvm::reverse(right)))
    if (!e.requireBroadcast(x, y))
      return success();
  return setResult(node, map(e, kReal, {*a, *b}, formula), 6,
                   node.getInput(0).type);
}

/// QLinearSigmoid and QLinearLeakyRelu.
static LogicalResult convertActivation(Node &node, Emitter &e) {
  const Activation &function =
      *findActivation(node.getOperator().drop_front(strlen("QLinear")));
  SmallVector<float> factors;
  for (auto [name, otherwise] : function.factors)
    factors.push_back(node.getFloat(name, otherwise));
  FailureOr<Tensor> x = readInput(node, 0);
  if (failed(x))
    return failure();
  return setResult(node, activate(e, function, *x, factors), 3,
                   node.getInput(0).type);
}

/// QLinearSoftmax: along one dimension, or, in the form of opsets before 13,
/// along all from `axis` on.
static LogicalResult convertSoftmax(Node &node, Emitter &e) {
  bool old = node.getInt("opset", 13) < 13;
  FailureOr<Tensor> x = readInput(node, 0);
  if (failed(x))
    return failure();
  int64_t axis = node.getAxis("axis", -1, x->getRank());
  auto dims =
      to_vector(llvm::seq<int64_t>(axis, old ? x->getRank() : axis + 1));
  Tensor y = softmax(e, *x, dims, kReal);
  return setResult(node, y, 3, node.getInput(0).type);
}

/// QLinearConcat: the result's parameters, then tensors with theirs.
static LogicalResult convertConcat(Node &node, Emitter &e) {
  SmallVector<Tensor> parts;
  // The last zero point may be left out.
  if (node.getNumInputs() < 4 || (node.getNumInputs() - 2) % 3 == 1)
    return node.error("it has " + Twine(node.getNumInputs()) +
                      " inputs; required are 2 and 3 for each tensor");
  for (size_t i = 2; i < node.getNumInputs(); i += 3) {
    FailureOr<Tensor> part = readInput(node, i);
    if (failed(part))
      return failure();
    parts.push_back(*part);
  }
  int64_t axis = node.getAxis("axis", 0, parts[0].getRank());
  Extents sizes = e.extents(parts[0]);
  for (Tensor part : ArrayRef(parts).drop_front()) {
    if (part.getRank() != parts[0].getRank())
      return node.error("its inputs have ranks " + Twine(parts[0].getRank()) +
                        " and " + Twine(part.getRank()) +
                        "; required is one rank");
    for (auto [d, size] : enumerate(e.extents(part)))
      if (static_cast<int64_t>(d) != axis &&
          !e.requireEqual(size, sizes[d], "an extent of an input"))
        return success();
  }
  return setResult(node, e.concat(parts, axis), 0, node.getInput(2).type);
}

/// QGemm: a * b * alpha plus a bias of int32 in the products' scale; the result
/// stays float without a scale of its own.
static LogicalResult convertGemm(Node &node, Emitter &e) {
  float alpha = node.getFloat("alpha", 1);
  bool turnA = node.getInt("transA", 0) != 0,
       turnB = node.getInt("transB", 0) != 0;
  Tensor a = node.getInput(0), b = node.getInput(3), bias = node.getInput(6);
  FailureOr<Parameters> byA = getParameters(node, 1, a.type),
                        byB = getParameters(node, 4, b.type, /*columns=*/true);
  if (failed(byA) || failed(byB))
    return failure();
  // Columns are dimension 0 of a transposed factor.
  auto alongColumns = [&](Tensor given, bool turned) {
    return given && turned && given.getRank() == 1 ? e.unsqueeze(given, 1)
                                                   : given;
  };
  OpFoldResult columns = e.extent(b, turnB ? 0 : 1);
  for (Tensor given : {byB->scale, byB->zero})
    if (given && given.getRank() == 1)
      e.requireEqual(e.extent(given, 0), columns,
                     "the number of scales or zero points");
  e.requireEqual(e.extent(b, turnB ? 1 : 0), e.extent(a, turnA ? 0 : 1),
                 "the inner extent of its second factor");
  Tensor product;
  if (!turnA) {
    FailureOr<Tensor> rows =
        multiplyRows(node, {a, byA->zero}, {b, byB->zero}, turnB);
    if (failed(rows))
      return failure();
    product = *rows;
  } else {
    product =
        e.contract(subtractZeroPoint(e, a, byA->zero), "km",
                   subtractZeroPoint(e, b, alongColumns(byB->zero, turnB)),
                   turnB ? "nk" : "kn", "mn");
  }
  if (bias) {
    Extents own = e.extents(bias), goal = e.extents(product);
    for (auto [x, y] : llvm::zip(llvm::reverse(own), llvm::reverse(goal)))
      if (!e.requireBroadcast(x, y, /*goal=*/true))
        return success();
    product = add(e, product, bias);
  }
  Tensor y = map(e, kReal, {product, byA->scale, byB->scale},
                 [&](Number x, Number a, Number b) {
                   return x.as(kReal) * (a * b * alpha);
                 });
  if (node.hasInput(7))
    return setResult(node, y, 7,
                     node.hasInput(8) ? node.getInput(8).type : a.type);
  return node.give(y);
}

void registerContribQLinearOps(Registry &registry) {
  registry.addContrib({
      {"QLinearAdd", 1, 2, 8,
       convertBinary<[](Number a, Number b) { return a + b; }>},
      {"QLinearMul", 1, 2, 8,
       convertBinary<[](Number a, Number b) { return a * b; }>},
      {"QLinearSigmoid", 1, 2, 5, convertActivation},
      {"QLinearLeakyRelu", 1, 2, 5, convertActivation},
      {"QLinearSoftmax", 1, 2, 5, convertSoftmax, takes(kAny.atLeast(1))},
      {"QLinearConcat", 1, 1, kVariadic, convertConcat},
      {"QGemm", 1, 6, 9, convertGemm,
       takes(kBytes(2), kAny, kAny, kBytes(2), kAny, kAny, kInt32(0, 2))},
  });
}

} // namespace seqc::onnx
