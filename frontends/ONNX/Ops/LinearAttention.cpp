//===- LinearAttention.cpp - Attention with a state of fixed size ---------===//

#include "frontends/ONNX/Ops/AttentionCore.h"
#include "frontends/ONNX/Registry.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <cmath>

using namespace llvm;

namespace seqc::onnx {

using mlir::Value;
using mlir::ValueRange;

/// [batch, time, heads * n] as [time, batch, heads, n].
static Tensor splitSteps(Emitter &e, Tensor x, int64_t heads) {
  mlir::OpBuilder &b = e.getBuilder();
  Tensor split =
      e.reshape(x, {e.extent(x, 0), e.extent(x, 1), b.getIndexAttr(heads),
                    b.getIndexAttr(x.getShape()[2] / heads)});
  return e.transpose(split, {1, 0, 2, 3});
}

/// Step `t` of a tensor with time first.
static Tensor stepOf(Emitter &e, Tensor x, Value t) {
  return e.squeeze(e.sliceDim(x, 0, t, e.getBuilder().getIndexAttr(1)), 0);
}

/// The state S [features of keys, features of values] of each head decays, is
/// written at the key (the value, or what the state lacks of it) and read at
/// the query.
static LogicalResult convertLinearAttention(Node &node) {
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &b = e.getBuilder();
  mlir::Location loc = e.getLoc();
  int64_t heads = node.getInt("q_num_heads", 0);
  int64_t groups = node.getInt("kv_num_heads", 0);
  std::string rule = node.getString("update_rule", "gated_delta");
  (void)node.getInt("chunk_size", 64);
  bool gated = rule == "gated" || rule == "gated_delta";
  bool delta = rule == "delta" || rule == "gated_delta";
  if (!gated && !delta && rule != "linear")
    return node.error("attribute 'update_rule' is '" + rule +
                      "'; required is linear, gated, delta or gated_delta");
  DataType outer = node.getInput(0).type, type = getComputeType(outer);
  SmallVector<Tensor> parts;
  for (unsigned i : {0u, 1u, 2u, 4u, 5u}) {
    Tensor x = node.getInput(i);
    int64_t count = i == 0 ? heads : groups;
    if (x && i == 5 && x.getRank() == 3 && x.getShape()[2] == 1)
      count = 1;
    if (x && (x.getRank() != 3 || count <= 0 || x.getShape()[2] < 0 ||
              x.getShape()[2] % count != 0))
      return node.error("input " + Twine(i) + " has rank " +
                        Twine(x.getRank()) + " and cannot be split into " +
                        Twine(count) +
                        " heads; required is rank 3 and a static multiple");
    parts.push_back(x ? splitSteps(e, e.convert(x, type), count) : Tensor());
  }
  if ((gated && !parts[3]) || (delta && !parts[4]) || groups <= 0 ||
      heads % groups != 0)
    return node.error("rule '" + rule + "' with " + Twine(heads) + " and " +
                      Twine(groups) +
                      " heads lacks its decay or beta, or heads are no "
                      "multiple");
  Tensor query = parts[0], key = parts[1], value = parts[2];
  int64_t repeat = heads / groups;
  double scale = node.getFloat("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(static_cast<double>(query.getShape()[3]));
  Extents stateSizes = {e.extent(query, 1), b.getIndexAttr(groups),
                        e.extent(key, 3), e.extent(value, 3)};
  Tensor past = node.getInput(3);
  Tensor state = past ? e.convert(past, type) : e.fill(type, stateSizes, 0);
  SmallVector<int64_t> fixed;
  for (mlir::OpFoldResult size : e.simplify(stateSizes))
    fixed.push_back(
        mlir::getConstantIntValue(size).value_or(mlir::ShapedType::kDynamic));
  state = e.castShape(state, fixed);
  // One more dimension, so that a step writes the state where it lies.
  state = e.unsqueeze(state, 0);
  Extents outSizes = {e.extent(query, 0), e.extent(query, 1),
                      b.getIndexAttr(groups), b.getIndexAttr(repeat),
                      e.extent(value, 3)};
  Value out = e.empty(outSizes, type);
  Scalars s = e.scalars();
  auto loop =
      mlir::scf::ForOp::create(b, loc, s.index(0), e.extentValue(query, 0),
                               s.index(1), ValueRange{state.value, out});
  {
    mlir::OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value t = loop.getInductionVar();
    Tensor held{loop.getRegionIterArg(0), type};
    e.setExtents(held.value, e.extents(state));
    held = e.squeeze(held, 0);
    Tensor k = stepOf(e, key, t), v = stepOf(e, value, t);
    if (gated) {
      Tensor decay = e.unsqueeze(stepOf(e, parts[3], t), 3);
      held = e.elementwise(type, {held, decay}, [&](Scalars &in, ValueRange x) {
        return in.mul(type, x[0], in.exp(x[1]));
      });
    }
    if (delta) {
      Tensor seen = e.contract(held, "bgkv", k, "bgk", "bgv");
      v = e.elementwise(type, {v, seen, stepOf(e, parts[4], t)},
                        [&](Scalars &in, ValueRange x) {
                          return in.mul(type, x[2], in.sub(type, x[0], x[1]));
                        });
    }
    held = e.elementwise(type, {held, e.unsqueeze(k, 3), e.unsqueeze(v, 2)},
                         [&](Scalars &in, ValueRange x) {
                           return in.add(type, x[0], in.mul(type, x[1], x[2]));
                         });
    Tensor q = stepOf(e, query, t);
    q = e.reshape(q, {e.extent(q, 0), b.getIndexAttr(groups),
                      b.getIndexAttr(repeat), e.extent(q, 2)});
    Tensor read = e.contract(q, "bghk", held, "bgkv", "bghv");
    read = e.elementwise(type, {read}, [&](Scalars &in, ValueRange x) {
      return in.mul(type, x[0], in.constant(type, scale));
    });
    read = e.unsqueeze(read, 0);
    Extents offsets(5, b.getIndexAttr(0)), ones(5, b.getIndexAttr(1));
    offsets[0] = t;
    Value next = mlir::tensor::InsertSliceOp::create(
        b, loc, read.value, loop.getRegionIterArg(1), offsets, e.extents(read),
        ones);
    offsets[0] = b.getIndexAttr(0);
    Extents whole = e.extents(state);
    Value kept = mlir::tensor::InsertSliceOp::create(
        b, loc, held.value, loop.getRegionIterArg(0), offsets, whole, ones);
    mlir::scf::YieldOp::create(b, loc, ValueRange{kept, next});
  }
  Tensor last{loop.getResult(0), type}, all{loop.getResult(1), type};
  e.setExtents(last.value, e.extents(state));
  last = e.squeeze(last, 0);
  e.setExtents(all.value, outSizes);
  Tensor rows = e.transpose(all, {1, 0, 2, 3, 4});
  rows = e.reshape(rows, {e.extent(rows, 0), e.extent(rows, 1),
                          e.product({e.extent(rows, 2), e.extent(rows, 3),
                                     e.extent(rows, 4)})});
  node.setOutput(0, e.convert(rows, outer));
  node.setOutput(1, e.convert(last, outer));
  return success();
}

/// A convolution of each channel with what came before, which is also given
/// back as state.
static LogicalResult convertCausalConv(Node &node) {
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &b = e.getBuilder();
  Tensor x = node.getInput(0), weight = node.getInput(1);
  Tensor bias = node.getInput(2), past = node.getInput(3);
  std::string activation = node.getString("activation", "none");
  if (int64_t dims = node.getInt("ndim", 1); dims != 1)
    return node.unsupported("a convolution along " + Twine(dims) +
                            " dimensions is not supported");
  bool silu = activation == "silu" || activation == "swish";
  if (!silu && activation != "none")
    return node.error("attribute 'activation' is '" + activation +
                      "'; required is none, silu or swish");
  if (x.getRank() != 3 || weight.getRank() != 3 || weight.getShape()[2] <= 0)
    return node.error("its input has rank " + Twine(x.getRank()) +
                      " and its weight " + Twine(weight.getRank()) +
                      "; required is 3 and a static kernel");
  DataType outer = x.type, type = getComputeType(outer);
  int64_t kernel = weight.getShape()[2];
  Extents held = {e.extent(x, 0), e.extent(x, 1), b.getIndexAttr(kernel - 1)};
  Tensor before = past ? past : e.fill(outer, held, 0);
  Tensor padded = e.concat({before, x}, 2);
  Tensor start = bias ? e.unsqueeze(bias, 1) : Tensor();
  Tensor sum;
  // A kernel is short: a term per tap.
  for (int64_t tap = 0; tap < kernel; ++tap) {
    Tensor factor = e.squeeze(
        e.sliceDim(weight, 2, b.getIndexAttr(tap), b.getIndexAttr(1)), 1);
    SmallVector<Tensor> inputs = {
        e.convert(e.sliceDim(padded, 2, b.getIndexAttr(tap), e.extent(x, 2)),
                  type),
        e.convert(factor, type)};
    Tensor base = sum ? sum : start;
    if (base)
      inputs.push_back(e.convert(base, type));
    sum = e.elementwise(type, inputs, [&](Scalars &s, ValueRange v) {
      Value product = s.mul(type, v[0], v[1]);
      return v.size() > 2 ? s.add(type, v[2], product) : product;
    });
  }
  sum = e.elementwise(outer, {sum}, [&](Scalars &s, ValueRange v) {
    return silu ? s.mul(type, v[0], s.sigmoid(type, v[0])) : v[0];
  });
  node.setOutput(0, sum);
  node.setOutput(
      1, kernel == 1 ? before : e.sliceDim(padded, 2, e.extent(x, 2), held[2]));
  return success();
}

void registerLinearAttentionOps(Registry &registry) {
  for (auto [since, domain] :
       {std::pair<int64_t, StringRef>(27, ""), {1, "com.microsoft"}})
    registry.add({
        {"LinearAttention", since, 3, 6, convertLinearAttention, "", domain},
        {"CausalConvWithState", since, 2, 4, convertCausalConv, "", domain},
    });
}

} // namespace seqc::onnx
