//===- Patterns.cpp - Tensors that depend on positions --------------------===//

#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace llvm;
namespace arith = mlir::arith;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

/// The only element of input `i`.
static FailureOr<Value> getScalar(Node &node, size_t i) {
  Tensor x = node.settleInput(i);
  if (!x.getType().hasStaticShape() || x.getType().getNumElements() != 1)
    return node.error("input " + Twine(i) + " has not exactly one element");
  return node.getEmitter().elements(x).front();
}

static LogicalResult checkMatrix(Node &node, int64_t least, int64_t most) {
  int64_t rank = node.getInput(0).getRank();
  if (rank >= least && rank <= most)
    return success();
  return node.error("input 0 has rank " + Twine(rank) + "; required is 2" +
                    (least == most ? "" : " or more"));
}

static LogicalResult convertEyeLike(Node &node) {
  if (failed(checkMatrix(node, 2, 2)))
    return failure();
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  auto type =
      static_cast<DataType>(node.getInt("dtype", static_cast<int64_t>(x.type)));
  int64_t k = node.getInt("k", 0);
  if (!e.storage(type))
    return node.unsupported("an identity of " + getName(type) +
                            " is not supported");
  node.setOutput(
      0, e.generate(type, e.extents(x), [&](Scalars &s, ValueRange at) {
        Value diagonal = s.compareIndex(arith::CmpIPredicate::eq, at[1],
                                        s.addIndex(at[0], s.index(k)));
        return s.select(diagonal, s.constant(type, 1), s.constant(type, 0));
      }));
  return success();
}

/// Trilu: a triangle of the last two dimensions.
static LogicalResult convertTrilu(Node &node) {
  if (failed(checkMatrix(node, 2, INT64_MAX)))
    return failure();
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  bool upper = node.getInt("upper", 1) != 0;
  Value k = e.scalars().index(0);
  if (node.hasInput(1)) {
    FailureOr<Value> given = getScalar(node, 1);
    if (failed(given))
      return failure();
    if (!isInteger(node.getInput(1).type))
      return node.error("input 1 is " + getName(node.getInput(1).type) +
                        "; required is int64");
    k = e.scalars().toIndex(node.getInput(1).type, *given);
  }
  int64_t rank = x.getRank();
  node.setOutput(
      0, e.generate(x.type, e.extents(x), [&](Scalars &s, ValueRange at) {
        Value distance = s.subIndex(at[rank - 1], at[rank - 2]);
        Value kept = s.compareIndex(upper ? arith::CmpIPredicate::sge
                                          : arith::CmpIPredicate::sle,
                                    distance, k);
        return s.select(kept, e.load(x, at), s.constant(x.type, 0));
      }));
  return success();
}

/// How many floats lie between `start` and `limit`, as index.
static Value countFloats(Emitter &e, DataType type, Value start, Value limit,
                         Value delta) {
  Scalars s = e.scalars();
  Value exact = s.div(type, s.sub(type, limit, start), delta);
  e.require(s.compare(Compare::LessOrEqual, type, exact,
                      s.constant(type, static_cast<double>(kMostElements))),
            "its range has no end within {0} elements",
            {e.getBuilder().getIndexAttr(kMostElements)});
  DataType wide = DataType::Int64;
  Value count = s.convert(type, wide, s.op<mlir::math::CeilOp>(exact));
  return s.maxIndex(s.toIndex(wide, count), s.index(0));
}

/// How many elements lie between `start` and `limit`, as index.
static Value countRange(Emitter &e, DataType type, Value start, Value limit,
                        Value delta) {
  if (isFloat(type))
    return countFloats(e, type, start, limit, delta);
  Scalars s = e.scalars();
  DataType wide = DataType::Int64;
  bool plain = mlir::getConstantIntValue(start) == 0 &&
               mlir::getConstantIntValue(delta) == 1;
  // 0 to an extent: that extent.
  if (plain)
    if (auto cast = limit.getDefiningOp<arith::IndexCastOp>())
      if (cast.getIn().getDefiningOp<mlir::tensor::DimOp>())
        return cast.getIn();
  start = s.convert(type, wide, start);
  limit = s.convert(type, wide, limit);
  delta = s.convert(type, wide, delta);
  Value zero = s.constantInteger(wide, 0), one = s.constantInteger(wide, 1);
  // A way that folds to an extent is one.
  if (mlir::getConstantIntValue(delta) == 1) {
    Value way = s.toIndex(wide, s.sub(wide, limit, start));
    if (plain || (!mlir::getConstantIntValue(way) && Emitter::isSize(way)))
      return s.maxIndex(way, s.index(0));
  }
  // Ways and steps are numbers without sign: the whole of int64 has a length
  // that is none of its numbers.
  Value up = s.compare(Compare::Less, wide, zero, delta);
  Value from = s.select(up, start, limit), to = s.select(up, limit, start);
  Value some = s.compare(Compare::Less, wide, from, to);
  Value way = s.select(some, s.sub(wide, to, from), one);
  Value step = s.select(up, delta, s.sub(wide, zero, delta));
  // A step of 0 is reported and divides nothing.
  step = s.op<arith::MaxUIOp>(step, one);
  Value last = s.op<arith::DivUIOp>(s.sub(wide, way, one), step);
  Value most = s.constantInteger(wide, kMostElements - 1);
  e.requireMemory(
      s.op<arith::CmpIOp>(arith::CmpIPredicate::ule, last, most),
      "no memory for its range: the way from its start to its limit has more "
      "than 2^46 steps");
  Value count = s.toIndex(wide, s.select(some, s.add(wide, last, one), zero));
  return s.maxIndex(s.minIndex(count, s.index(kMostElements)), s.index(0));
}

static LogicalResult convertRange(Node &node) {
  Emitter &e = node.getEmitter();
  DataType type = node.getInput(0).type, wide = getComputeType(type);
  Scalars s = e.scalars();
  Value values[3];
  for (size_t i = 0; i < 3; ++i) {
    FailureOr<Value> given = getScalar(node, i);
    if (failed(given))
      return failure();
    DataType found = node.getInput(i).type;
    if (found != type || !(isFloat(type) || isInteger(type)))
      return node.error("input " + Twine(i) + " is " + getName(found) +
                        "; required is one type of numbers");
    values[i] = s.convert(type, wide, *given);
  }
  auto [start, limit, delta] = values;
  e.require(s.compare(Compare::NotEqual, wide, delta, s.constant(wide, 0)),
            "its step is 0; required is another number");
  OpFoldResult size =
      e.simplify({OpFoldResult(countRange(e, wide, start, limit, delta))})[0];
  std::optional<int64_t> count = mlir::getConstantIntValue(size);
  // Small lists are part of shape arithmetic.
  if (count && *count <= 64) {
    SmallVector<Value> list;
    for (int64_t i = 0; i < *count; ++i)
      list.push_back(s.convert(
          wide, type,
          s.add(wide, start, s.mul(wide, delta, s.constant(wide, i)))));
    node.setOutput(0, e.fromElements(type, {*count}, list));
    return success();
  }
  node.setOutput(
      0, e.generate(type, {size}, [&](Scalars &inner, ValueRange at) {
        Value i = inner.convert(DataType::Int64, wide,
                                inner.fromIndex(DataType::Int64, at[0]));
        return inner.convert(wide, type,
                             inner.add(wide, start, inner.mul(wide, delta, i)));
      }));
  return success();
}

/// OneHot: negative indices count from the end, others outside give no one.
static LogicalResult convertOneHot(Node &node) {
  Emitter &e = node.getEmitter();
  Scalars s = e.scalars();
  Tensor x = node.getInput(0), values = node.settleInput(2, 2);
  DataType wide = DataType::Int64;
  FailureOr<Value> given = getScalar(node, 1);
  if (failed(given))
    return failure();
  if (!values.getType().hasStaticShape() ||
      values.getType().getNumElements() != 2)
    return node.error("input 2 (values) has not exactly two elements");
  std::optional<int64_t> axis =
      node.getAxis(node.getInt("axis", -1), x.getRank() + 1);
  if (!axis)
    return failure();
  Value depth = s.toIndex(wide, s.convert(node.getInput(1).type, wide, *given));
  e.requireSizes(OpFoldResult(depth));
  depth = s.maxIndex(depth, s.index(0));
  SmallVector<Value> pair = e.elements(values);
  Extents sizes = e.extents(x);
  sizes.insert(sizes.begin() + *axis, OpFoldResult(depth));
  node.setOutput(
      0, e.generate(values.type, sizes, [&](Scalars &inner, ValueRange at) {
        SmallVector<Value> from(at);
        from.erase(from.begin() + *axis);
        Value i = inner.convert(x.type, wide, e.load(x, from));
        i = inner.wrapIndex(inner.toIndex(wide, i), depth);
        Value hit = inner.compareIndex(arith::CmpIPredicate::eq, i, at[*axis]);
        return inner.select(hit, pair[1], pair[0]);
      }));
  return success();
}

/// Dropout of inference: everything stays.
static LogicalResult convertDropout(Node &node) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(0);
  (void)node.getInt("seed", 0);
  (void)node.getInt("is_test", 1);
  (void)node.hasAttribute("consumed_inputs");
  bool keeps = true;
  if (node.getOpset() < 12) {
    (void)node.getFloat("ratio", 0.5);
  } else if (Tensor training = node.getInput(2)) {
    // Without a ratio that drops something training is inference.
    auto isZero = [&](Tensor tensor) {
      std::optional<SmallVector<double>> numbers =
          tensor ? e.constantNumbers(tensor) : std::nullopt;
      return numbers && numbers->size() == 1 && numbers->front() == 0;
    };
    keeps = isZero(training) || isZero(node.getInput(1));
  }
  if (!keeps)
    return node.unsupported("training mode is not supported");
  node.setOutput(0, x);
  if (node.wantsOutput(1))
    node.setOutput(1, e.fill(node.getOpset() < 10 ? x.type : DataType::Bool,
                             e.extents(x), 1));
  return success();
}

void registerPatternsOps(Registry &registry) {
  registry.add({
      {"EyeLike", 9, 1, 1, convertEyeLike},
      {"Trilu", 14, 1, 2, convertTrilu},
      {"Trilu", 1, 1, 2, convertTrilu, "", "com.microsoft"},
      {"Range", 11, 3, 3, convertRange},
      {"OneHot", 9, 3, 3, convertOneHot},
      {"Dropout", 1, 1, 3, convertDropout, "training mode"},
  });
}

} // namespace seqc::onnx
