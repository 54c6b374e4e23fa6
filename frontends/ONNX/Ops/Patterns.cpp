//===- Patterns.cpp - Tensors that depend on positions --------------------===//

#include "frontends/ONNX/Ops/Family.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace llvm;
namespace arith = mlir::arith;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;

static LogicalResult convertEyeLike(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  auto type =
      static_cast<DataType>(node.getInt("dtype", static_cast<int64_t>(x.type)));
  int64_t k = node.getInt("k", 0);
  if (!e.storage(type))
    return node.unsupported("an identity of " + getName(type) +
                            " is not supported");
  return node.give(define(e, type, e.extents(x), [&](ArrayRef<Number> at) {
    return (at[1] == at[0] + k).as(type);
  }));
}

/// Trilu: a triangle of the last two dimensions.
static LogicalResult convertTrilu(Node &node, Emitter &e) {
  Tensor x = node.getInput(0);
  bool upper = node.getInt("upper", 1) != 0;
  Number k = node.hasInput(1) ? readInteger(node, 1, "diagonal") : Number(e, 0);
  int64_t rank = x.getRank();
  return node.give(define(e, x.type, e.extents(x), [&](ArrayRef<Number> at) {
    Scalars s = at[0].scalars();
    Number distance = at[rank - 1] - at[rank - 2];
    Number kept = upper ? distance >= k : distance <= k;
    Number own(s, x.type, e.load(x, SmallVector<Value>(at)));
    return select(kept, own, 0);
  }));
}

/// How many floats lie between `start` and `limit`, as index.
static Value countFloats(Emitter &e, Number start, Number limit, Number delta) {
  Number exact = (limit - start) / delta;
  e.require(exact <= static_cast<double>(kMostElements),
            "its range has no end within {0} elements",
            {e.fixed(kMostElements)});
  Number count = exact.apply<mlir::math::CeilOp>().as(DataType::Int64);
  return max(count.toIndex(), 0);
}

/// How many elements lie between `start` and `limit`, as index.
static Value countRange(Emitter &e, Number start, Number limit, Number delta) {
  if (isFloat(start.getType()))
    return countFloats(e, start, limit, delta);
  auto known = [](Number number) {
    return mlir::getConstantIntValue(Value(number));
  };
  bool plain = known(start) == 0 && known(delta) == 1;
  // 0 to an extent: that extent.
  if (plain)
    if (auto cast = Value(limit).getDefiningOp<arith::IndexCastOp>())
      if (cast.getIn().getDefiningOp<mlir::tensor::DimOp>())
        return cast.getIn();
  for (Number *number : {&start, &limit, &delta})
    *number = number->as(DataType::Int64);
  // A way that folds to an extent is one.
  if (known(delta) == 1) {
    Number way = (limit - start).toIndex();
    if (plain || (!known(way) && Emitter::isSize(way)))
      return max(way, 0);
  }
  // Ways and steps are numbers without sign: the whole of int64 has a length
  // that is none of its numbers.
  Number up = delta > 0, one = start.constantLike(1);
  Number from = select(up, start, limit), to = select(up, limit, start);
  Number some = from < to, way = select(some, to - from, one);
  Number step = select(up, delta, -delta);
  // A step of 0 is reported and divides nothing.
  step = step.apply<arith::MaxUIOp>(Value(one));
  Number last = (way - one).apply<arith::DivUIOp>(Value(step));
  Value most = last.constantLike(kMostElements - 1);
  Scalars s = e.scalars();
  e.requireMemory(
      s.op<arith::CmpIOp>(arith::CmpIPredicate::ule, Value(last), most),
      "no memory for its range: the way from its start to its limit has more "
      "than 2^46 steps");
  Number count = select(some, last + one, 0).toIndex();
  return max(min(count, kMostElements), 0);
}

static LogicalResult convertRange(Node &node, Emitter &e) {
  DataType type = node.getInput(0).type, wide = getComputeType(type);
  Number start = readOne(node, 0).as(wide), limit = readOne(node, 1).as(wide),
         delta = readOne(node, 2).as(wide);
  e.require(delta != 0, "its step is 0; required is another number");
  OpFoldResult size = e.simplify({countRange(e, start, limit, delta)})[0];
  std::optional<int64_t> count = mlir::getConstantIntValue(size);
  // Small lists are part of shape arithmetic.
  if (count && *count <= 64) {
    SmallVector<Value> list;
    for (int64_t i = 0; i < *count; ++i)
      list.push_back((start + delta * i).as(type));
    return node.give(e.fromElements(type, {*count}, list));
  }
  return node.give(define(e, type, {size}, [&](ArrayRef<Number> at) {
    return Value(start) + Value(delta) * at[0].as(wide);
  }));
}

/// OneHot: negative indices count from the end, others outside give no one.
static LogicalResult convertOneHot(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), values = node.settleInput(2, 2);
  if (!values.getType().hasStaticShape() ||
      values.getType().getNumElements() != 2)
    return node.error("input 2 (values) has not exactly two elements");
  int64_t axis = node.getAxis("axis", -1, x.getRank() + 1);
  Number depth = readOne(node, 1).as(DataType::Int64).toIndex();
  e.requireSizes({depth});
  depth = max(depth, 0);
  SmallVector<Value> pair = e.elements(values);
  Extents sizes = e.extents(x);
  sizes.insert(sizes.begin() + axis, depth);
  return node.give(define(e, values.type, sizes, [&](ArrayRef<Number> at) {
    SmallVector<Number> from(at);
    from.erase(from.begin() + axis);
    Number i = from.empty() ? Number(at[0].scalars(), x.type, e.load(x, {}))
                            : read(e, x, from);
    i = i.as(DataType::Int64).toIndex();
    Number hit = select(i < 0, i + depth, i) == at[axis];
    return select(hit, Number(at[0].scalars(), values.type, pair[1]), pair[0]);
  }));
}

/// Dropout of inference: everything stays.
static LogicalResult convertDropout(Node &node, Emitter &e) {
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
      {"EyeLike", 9, 1, 1, convertEyeLike, takes(kAny(2))},
      {"Trilu", 14, 1, 2, convertTrilu, takes(kAny.atLeast(2))},
      {"Range", 11, 3, 3, convertRange, takes(kNumbers, kSame, kSame)},
      {"OneHot", 9, 3, 3, convertOneHot},
      {"Dropout", 1, 1, 3, convertDropout, takes(), "training mode"},
  });
  registry.addContrib(
      {{"Trilu", 1, 1, 2, convertTrilu, takes(kAny.atLeast(2))}});
}

} // namespace seqc::onnx
