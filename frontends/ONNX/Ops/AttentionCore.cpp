//===- AttentionCore.cpp - What attention operators share -----------------===//

#include "frontends/ONNX/Ops/AttentionCore.h"
#include "frontends/Common/Loops.h"
#include "frontends/ONNX/Ops/AttentionExtents.h"
#include "frontends/ONNX/Ops/InputTypes.h"

#include "dialect/Seq/IR/SeqOps.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <cmath>

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;

std::optional<Tensor> splitHeads(Node &node, Tensor x, int64_t heads) {
  Emitter &e = node.getEmitter();
  OpFoldResult width;
  std::optional<int64_t> fixed;
  if (x.getRank() == 3) {
    width = e.extent(x, 2);
    fixed = mlir::getConstantIntValue(width);
  }
  if (heads <= 0 || !width || (fixed && *fixed % heads != 0)) {
    (void)node.error(
        "a tensor of rank " + Twine(x.getRank()) +
        (fixed ? " and last extent " + Twine(*fixed) : Twine(std::string())) +
        " cannot be split into " + Twine(heads) +
        " heads; required is rank 3 and a multiple");
    return std::nullopt;
  }
  mlir::OpBuilder &b = e.getBuilder();
  OpFoldResult features = divideExtent(e, width, b.getIndexAttr(heads),
                                       "its last extent {0} is no multiple of "
                                       "its {1} heads");
  Tensor split = e.reshape(
      x, {e.extent(x, 0), e.extent(x, 1), b.getIndexAttr(heads), features});
  return e.transpose(split, {0, 2, 1, 3});
}

Tensor mergeHeads(Emitter &e, Tensor x) {
  Tensor rows = e.transpose(x, {0, 2, 1, 3});
  return e.reshape(rows, {e.extent(rows, 0), e.extent(rows, 1),
                          e.product({e.extent(rows, 2), e.extent(rows, 3)})});
}

Tensor padRank(Emitter &e, Tensor mask, int64_t rank) {
  while (mask.getRank() < rank)
    mask = e.unsqueeze(mask, 0);
  return mask;
}

Extents scoreExtents(Emitter &e, const AttentionCall &call) {
  return {e.extent(call.query, 0), e.extent(call.query, 1),
          e.extent(call.query, 2), e.extent(call.key, 2)};
}

Number readBroadcast(Emitter &e, Tensor x, ArrayRef<Number> at,
                     ArrayRef<OpFoldResult> goal,
                     std::optional<Number> outside) {
  SmallVector<Number> position;
  std::optional<Number> inside;
  for (int64_t d = 0; d < 4; ++d) {
    OpFoldResult size = e.extent(x, d);
    if (Emitter::isSame(size, goal[d])) {
      position.push_back(at[d]);
    } else if (d == 3 && outside) {
      inside = at[d] < e.toValue(size);
      position.push_back(select(*inside, at[d], 0));
    } else if (mlir::getConstantIntValue(size) == 1) {
      position.push_back(Number(e, 0));
    } else {
      position.push_back(select(Number(e, size) == 1, 0, at[d]));
    }
  }
  if (!inside)
    return load(e, x, position);
  return select(*inside, loadUnlessEmpty(e, x, position), *outside);
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

void addMask(Emitter &e, AttentionCall &call, Tensor given, ShortMask shorter) {
  if (!given)
    return;
  Tensor full = padRank(e, given, 4);
  Extents goal = maskExtents(e, call, {full}, false),
          scores = scoreExtents(e, call);
  bool hides = shorter == ShortMask::Hide;
  for (int64_t d = 0; d < (hides ? 3 : 4); ++d)
    e.requireBroadcast(e.extent(full, d), scores[d], /*goal=*/true);
  bool isMask = given.type == DataType::Bool;
  DataType type = isMask ? given.type : getComputeType(call.query.type);
  full = e.convert(full, type);
  Tensor padded = define(e, type, goal, [&](ArrayRef<Number> at) {
    Scalars s = at[0].scalars();
    std::optional<Number> outside;
    if (hides)
      outside = Number(isMask ? s.boolean(false) : s.infinity(type, true));
    return readBroadcast(e, full, at, goal, outside);
  });
  if (isMask) {
    call.mask = padded;
    return;
  }
  call.mask = map(e, DataType::Bool, {padded}, [&](Number x) {
    return x != Number(x.scalars().infinity(type, true));
  });
  call.bias = padded;
}

void restrict(Emitter &e, AttentionCall &call, bool perBatch,
              function_ref<Number(ArrayRef<Number>)> may) {
  Tensor before = call.mask;
  Extents goal = maskExtents(e, call, {before}, perBatch);
  call.mask = define(e, DataType::Bool, goal, [&](ArrayRef<Number> at) {
    Number ok = may(at);
    return before ? ok & readBroadcast(e, before, at, goal) : ok;
  });
}

/// The factor of the scores, a number or of the type that is computed with.
static Number scaleOf(Emitter &e, const AttentionCall &call) {
  OpFoldResult features = e.extent(call.query, 3);
  if (call.scale != 0)
    return call.scale;
  if (std::optional<int64_t> fixed = mlir::getConstantIntValue(features))
    return 1 / std::sqrt(static_cast<double>(*fixed));
  return 1 / sqrt(Number(e, features).as(getComputeType(call.query.type)));
}

Tensor attentionScores(Emitter &e, const AttentionCall &call, bool withCap) {
  DataType type = getComputeType(call.query.type);
  Tensor query = e.convert(call.query, type), key = e.convert(call.key, type);
  // One group of query heads per key head.
  Tensor grouped = e.reshape(query, {e.extent(query, 0), e.extent(key, 1),
                                     getHeadRatio(e, query, key),
                                     e.extent(query, 2), e.extent(query, 3)});
  Tensor scores = e.contract(grouped, "bghqd", key, "bgkd", "bghqk");
  scores = e.reshape(scores, scoreExtents(e, call));
  Number scale = scaleOf(e, call);
  return map(e, type, {scores}, [&](Number x) {
    Number score = x * scale;
    if (!withCap || call.softcap == 0)
      return score;
    return call.softcap * tanh(score / call.softcap);
  });
}

Tensor addMaskToScores(Emitter &e, const AttentionCall &call, Tensor scores,
                       Hidden hidden) {
  DataType type = scores.type;
  if (call.bias)
    scores = map(e, type, {scores, e.convert(call.bias, type)},
                 [](Number x, Number more) { return x + more; });
  if (call.mask)
    scores = map(e, type, {scores, call.mask}, [&](Number x, Number may) {
      Scalars s = x.scalars();
      return select(may, x,
                    hidden == Hidden::Zero     ? s.constant(type, 0)
                    : hidden == Hidden::Lowest ? s.neg(type, s.greatest(type))
                                               : s.infinity(type, true));
    });
  return scores;
}

FailureOr<AttentionCall> readAttentionCall(Node &node) {
  if (failed(requireFloats(node, 3)))
    return failure();
  AttentionCall call;
  call.query = node.getInput(0);
  call.key = node.getInput(1);
  call.value = node.getInput(2);
  return call;
}

LogicalResult readPrecision(Node &node, AttentionCall &call) {
  if (!node.hasAttribute("softmax_precision"))
    return success();
  int64_t number = node.getInt("softmax_precision", 0);
  for (DataType type : {DataType::Float, DataType::Float16, DataType::Double,
                        DataType::BFloat16})
    if (number == static_cast<int64_t>(type)) {
      call.precision = type;
      return success();
    }
  return node.error("attribute 'softmax_precision' is " + Twine(number) +
                    "; required is 1 (float), 10 (float16), 11 (double) or 16 "
                    "(bfloat16)");
}

Tensor weighValues(Emitter &e, const AttentionCall &call, Tensor weights) {
  DataType type = getComputeType(call.query.type);
  weights = e.convert(weights, type);
  Tensor grouped =
      e.reshape(weights, {e.extent(weights, 0), e.extent(call.key, 1),
                          getHeadRatio(e, call.query, call.key),
                          e.extent(weights, 2), e.extent(weights, 3)});
  Tensor value = e.convert(call.value, type);
  Tensor sums = e.contract(grouped, "bghqk", value, "bgkd", "bghqd");
  Extents sizes = e.extents(call.query);
  sizes[3] = e.extent(value, 3);
  return e.reshape(sums, sizes);
}

std::optional<Tensor> attend(Node &node, AttentionCall call,
                             Tensor *probabilities) {
  Emitter &e = node.getEmitter();
  if (!checkHeads(node, call))
    return std::nullopt;
  auto require = [&](Tensor found, Tensor wanted, int64_t dim, StringRef what) {
    e.requireEqual(e.extent(found, dim), e.extent(wanted, dim), what);
  };
  require(call.key, call.query, 0, "the batch of its keys");
  require(call.value, call.query, 0, "the batch of its values");
  // Both may be known where that of the queries is not.
  require(call.value, call.key, 0, "the batch of its values");
  require(call.value, call.key, 2, "the number of its values");
  if (!hasStaticHeads(call))
    return attendJoined(node, call, probabilities);
  DataType outer = call.query.type, type = getComputeType(outer);
  bool given = call.precision != DataType::Undefined;
  if (given && getBitWidth(call.precision) > getBitWidth(type))
    type = call.precision;
  call.query = e.convert(call.query, type);
  call.key = e.convert(call.key, type);
  call.value = e.convert(call.value, type);
  if (!given || getBitWidth(call.precision) >= getBitWidth(outer))
    call.precision = type;
  if (call.precision != type || !hasStaticFeatures(call)) {
    Tensor result = attendPlainly(e, call, probabilities);
    if (probabilities)
      *probabilities = e.convert(*probabilities, outer);
    return e.convert(result, outer);
  }
  Tensor bias = call.bias;
  if (bias)
    // What is masked anyway must not turn a row into NaN.
    bias = map(e, type, {e.convert(bias, type)}, [&](Number x) {
      return select(x == Number(x.scalars().infinity(type, true)), 0, x);
    });
  Extents scores = scoreExtents(e, call), sizes = e.extents(call.query);
  sizes[3] = e.extent(call.value, 3);
  auto typeOf = [&](ArrayRef<OpFoldResult> extents) {
    return mlir::RankedTensorType::get(shapeOf(extents), e.storage(type));
  };
  mlir::OpBuilder &b = e.getBuilder();
  auto op = seq::AttentionOp::create(
      b, e.getLoc(), typeOf(sizes),
      probabilities ? typeOf(scores) : mlir::Type(), seq::Score::Scaled,
      call.query.value, call.key.value, call.value.value, Value(),
      call.mask.value, bias.value, /*lengths=*/Value(), /*rows=*/Value(),
      /*starts=*/Value(),
      b.getF64FloatAttr(call.scale != 0 ? call.scale
                                        : 1 / std::sqrt(static_cast<double>(
                                                  call.query.getShape()[3]))),
      call.softcap != 0 ? b.getF64FloatAttr(call.softcap) : mlir::FloatAttr(),
      seq::Causal::None, mlir::DenseI64ArrayAttr(), seq::Normalizer::Softmax,
      /*maskedScore=*/mlir::FloatAttr());
  e.setExtents(op.getOutput(), sizes);
  if (probabilities) {
    e.setExtents(op.getProbabilities(), scores);
    *probabilities = e.convert({op.getProbabilities(), type}, outer);
  }
  return e.convert({op.getOutput(), type}, outer);
}

} // namespace seqc::onnx
