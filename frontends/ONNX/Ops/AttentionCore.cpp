//===- AttentionCore.cpp - What attention operators share -----------------===//

#include "frontends/ONNX/Ops/AttentionCore.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <cmath>

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;
using mlir::ValueRange;

std::optional<Tensor> splitHeads(Node &node, Tensor x, int64_t heads) {
  Emitter &e = node.getEmitter();
  int64_t width = x.getRank() == 3 ? x.getShape()[2] : -1;
  if (heads <= 0 || width < 0 || width % heads != 0) {
    (void)node.error("a tensor of rank " + Twine(x.getRank()) +
                     " and last extent " + Twine(width) +
                     " cannot be split into " + Twine(heads) +
                     " heads; required is rank 3 and a static multiple");
    return std::nullopt;
  }
  mlir::OpBuilder &b = e.getBuilder();
  Tensor split =
      e.reshape(x, {e.extent(x, 0), e.extent(x, 1), b.getIndexAttr(heads),
                    b.getIndexAttr(width / heads)});
  return e.transpose(split, {0, 2, 1, 3});
}

Tensor mergeHeads(Emitter &e, Tensor x) {
  Tensor rows = e.transpose(x, {0, 2, 1, 3});
  return e.reshape(rows, {e.extent(rows, 0), e.extent(rows, 1),
                          e.product({e.extent(rows, 2), e.extent(rows, 3)})});
}

Value prependPast(Node &node, AttentionCall &call, size_t first) {
  Emitter &e = node.getEmitter();
  Value past;
  if (Tensor key = node.getInput(first)) {
    past = e.extentValue(key, 2);
    call.key = e.concat({key, call.key}, 2);
  }
  if (Tensor value = node.getInput(first + 1))
    call.value = e.concat({value, call.value}, 2);
  return past;
}

LogicalResult setResults(Node &node, const AttentionCall &call) {
  std::optional<Tensor> result = attend(node, call);
  if (!result)
    return failure();
  node.setOutput(0, mergeHeads(node.getEmitter(), *result));
  node.setOutput(1, call.key);
  node.setOutput(2, call.value);
  return success();
}

Tensor padRank(Emitter &e, Tensor mask, int64_t rank) {
  while (mask.getRank() < rank)
    mask = e.unsqueeze(mask, 0);
  return mask;
}

/// Extents of the scores, 1 where `given` is statically 1 and kept so.
static Extents scoreExtents(Emitter &e, const AttentionCall &call) {
  return {e.extent(call.query, 0), e.extent(call.query, 1),
          e.extent(call.query, 2), e.extent(call.key, 2)};
}

/// Reads an element of a rank-4 tensor that is broadcast to the scores, and
/// `outside` beyond the end of its keys.
static Value readBroadcast(Emitter &e, Scalars &s, Tensor x, ValueRange at,
                           ArrayRef<OpFoldResult> goal, Value outside) {
  SmallVector<Value> position;
  Value inside;
  for (int64_t d = 0; d < 4; ++d) {
    OpFoldResult size = e.extent(x, d);
    if (mlir::getConstantIntValue(size) == 1 &&
        mlir::getConstantIntValue(goal[d]) != 1) {
      position.push_back(s.index(0));
      continue;
    }
    if (Emitter::isSame(size, goal[d])) {
      position.push_back(at[d]);
      continue;
    }
    Value extent = e.toValue(size);
    Value one =
        s.compareIndex(mlir::arith::CmpIPredicate::eq, extent, s.index(1));
    Value i = s.select(one, s.index(0), at[d]);
    if (d == 3) {
      inside = s.compareIndex(mlir::arith::CmpIPredicate::slt, i, extent);
      i = s.minIndex(i, s.maxIndex(s.subIndex(extent, s.index(1)), s.index(0)));
    }
    position.push_back(i);
  }
  Value element = e.load(x, position);
  return inside ? s.select(inside, element, outside) : element;
}

/// Extents of a mask over scores: 1 for batch and heads where no part needs
/// them.
static Extents maskExtents(Emitter &e, const AttentionCall &call,
                           ArrayRef<Tensor> parts, bool perBatch) {
  Extents goal = scoreExtents(e, call);
  for (int64_t d = 0; d < 2; ++d) {
    bool one = d != 0 || !perBatch;
    for (Tensor part : parts)
      one &= !part || part.getShape()[d] == 1;
    if (one)
      goal[d] = e.getBuilder().getIndexAttr(1);
  }
  return goal;
}

void addMask(Emitter &e, AttentionCall &call, Tensor given) {
  if (!given)
    return;
  Tensor full = padRank(e, given, 4);
  Extents goal = maskExtents(e, call, {full}, false),
          scores = scoreExtents(e, call);
  for (int64_t d = 0; d < 3; ++d)
    e.requireBroadcast(e.extent(full, d), scores[d], /*goal=*/true);
  if (given.type == DataType::Bool) {
    call.mask =
        e.generate(DataType::Bool, goal, [&](Scalars &s, ValueRange at) {
          return readBroadcast(e, s, full, at, goal, s.boolean(false));
        });
    return;
  }
  DataType type = call.query.type;
  Tensor numbers = e.convert(full, getComputeType(type));
  DataType wide = numbers.type;
  Tensor padded = e.generate(wide, goal, [&](Scalars &s, ValueRange at) {
    return readBroadcast(e, s, numbers, at, goal, s.infinity(wide, true));
  });
  call.mask =
      e.elementwise(DataType::Bool, {padded}, [&](Scalars &s, ValueRange x) {
        return s.compare(Compare::NotEqual, wide, x[0], s.infinity(wide, true));
      });
  call.bias = padded;
}

void restrict(Emitter &e, AttentionCall &call, bool perBatch,
              function_ref<Value(Scalars &, ValueRange)> may) {
  Tensor before = call.mask;
  Extents goal = maskExtents(e, call, {before}, perBatch);
  call.mask = e.generate(DataType::Bool, goal, [&](Scalars &s, ValueRange at) {
    Value ok = may(s, at);
    if (before)
      ok = s.logicalAnd(
          ok, readBroadcast(e, s, before, at, goal, s.boolean(false)));
    return ok;
  });
}

static double scaleOf(const AttentionCall &call) {
  if (call.scale != 0)
    return call.scale;
  return 1 / std::sqrt(static_cast<double>(call.query.getShape()[3]));
}

Tensor attentionScores(Emitter &e, const AttentionCall &call, bool withCap) {
  DataType type = getComputeType(call.query.type);
  Tensor query = e.convert(call.query, type), key = e.convert(call.key, type);
  mlir::OpBuilder &b = e.getBuilder();
  // One group of query heads per key head.
  int64_t heads = query.getShape()[1], groups = key.getShape()[1];
  Tensor grouped = e.reshape(query, {e.extent(query, 0), b.getIndexAttr(groups),
                                     b.getIndexAttr(heads / groups),
                                     e.extent(query, 2), e.extent(query, 3)});
  Tensor scores = e.contract(grouped, "bghqd", key, "bgkd", "bghqk");
  scores = e.reshape(scores, scoreExtents(e, call));
  return e.elementwise(type, {scores}, [&](Scalars &s, ValueRange x) {
    Value score = s.mul(type, x[0], s.constant(type, scaleOf(call)));
    if (!withCap || call.softcap == 0)
      return score;
    Value cap = s.constant(type, call.softcap);
    return s.mul(type, cap, s.tanh(s.div(type, score, cap)));
  });
}

Tensor addMaskToScores(Emitter &e, const AttentionCall &call, Tensor scores,
                       llvm::function_ref<Value(Scalars &)> hidden) {
  DataType type = scores.type;
  if (call.bias)
    scores = e.elementwise(
        type, {scores, e.convert(call.bias, type)},
        [&](Scalars &s, ValueRange x) { return s.add(type, x[0], x[1]); });
  if (call.mask)
    scores =
        e.elementwise(type, {scores, call.mask}, [&](Scalars &s, ValueRange x) {
          return s.select(x[1], x[0], hidden(s));
        });
  return scores;
}

std::optional<Tensor> attend(Node &node, AttentionCall call,
                             Tensor *probabilities) {
  Emitter &e = node.getEmitter();
  ArrayRef<int64_t> q = call.query.getShape(), k = call.key.getShape(),
                    v = call.value.getShape();
  if (q[1] <= 0 || k[1] <= 0 || v[1] != k[1] || q[1] % k[1] != 0 || q[3] <= 0 ||
      k[3] != q[3] || v[3] < 0) {
    auto text = [](ArrayRef<int64_t> shape) {
      return Twine(shape[1]).str() + " x " + Twine(shape[3]).str();
    };
    (void)node.error(
        "its heads and features are " + text(q) + " of queries, " + text(k) +
        " of keys and " + text(v) +
        " of values; required are static extents, equal features of queries "
        "and keys and a multiple of the key heads");
    return std::nullopt;
  }
  e.requireEqual(e.extent(call.key, 0), e.extent(call.query, 0),
                 "the batch of its keys");
  e.requireEqual(e.extent(call.value, 0), e.extent(call.query, 0),
                 "the batch of its values");
  // Both may be known where that of the queries is not.
  e.requireEqual(e.extent(call.value, 0), e.extent(call.key, 0),
                 "the batch of its values");
  e.requireEqual(e.extent(call.value, 2), e.extent(call.key, 2),
                 "the number of its values");
  DataType outer = call.query.type, type = getComputeType(outer);
  call.query = e.convert(call.query, type);
  call.key = e.convert(call.key, type);
  call.value = e.convert(call.value, type);
  Tensor bias = call.bias;
  if (bias)
    bias = e.convert(bias, type);
  if (bias && !call.maskedScore) {
    // What is masked anyway must not turn a row into NaN.
    bias = e.elementwise(type, {bias}, [&](Scalars &s, ValueRange x) {
      Value lowest = s.infinity(type, true);
      return s.select(s.compare(Compare::Equal, type, x[0], lowest),
                      s.constant(type, 0), x[0]);
    });
  }
  Extents scores = scoreExtents(e, call), sizes = e.extents(call.query);
  sizes[3] = e.extent(call.value, 3);
  auto typeOf = [&](ArrayRef<OpFoldResult> extents) {
    SmallVector<int64_t> shape;
    for (OpFoldResult size : extents)
      shape.push_back(
          mlir::getConstantIntValue(size).value_or(mlir::ShapedType::kDynamic));
    return mlir::RankedTensorType::get(shape, e.storage(type));
  };
  mlir::OpBuilder &b = e.getBuilder();
  auto op = seq::AttentionOp::create(
      b, e.getLoc(), typeOf(sizes),
      probabilities ? typeOf(scores) : mlir::Type(), seq::Score::Scaled,
      call.query.value, call.key.value, call.value.value, Value(),
      call.mask.value, bias.value, Value(), Value(),
      b.getF64FloatAttr(scaleOf(call)),
      call.softcap != 0 ? b.getF64FloatAttr(call.softcap) : mlir::FloatAttr(),
      seq::Causal::None, mlir::DenseI64ArrayAttr(), seq::Normalizer::Softmax,
      call.maskedScore && call.mask ? b.getF64FloatAttr(*call.maskedScore)
                                    : mlir::FloatAttr());
  e.setExtents(op.getOutput(), sizes);
  if (probabilities) {
    e.setExtents(op.getProbabilities(), scores);
    *probabilities = e.convert({op.getProbabilities(), type}, outer);
  }
  return e.convert({op.getOutput(), type}, outer);
}

} // namespace seqc::onnx
