//===- LinearAttention.cpp - Attention with a state of fixed size ---------===//

#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/Ops/AttentionCore.h"
#include "frontends/ONNX/Ops/Convolution.h"
#include "frontends/ONNX/Ops/InputTypes.h"
#include "frontends/ONNX/Registry.h"
#include "frontends/ONNX/onnx.pb.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
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

/// Attribute 'state_window' of domain com.microsoft: how many states a state
/// tensor holds, the last ones of as many steps, in a dimension in front of the
/// others; 0 for the last one without such a dimension.
static FailureOr<int64_t> readStateWindow(Node &node) {
  int64_t window =
      node.getDomain().empty() ? 0 : node.getInt("state_window", 0);
  if (window < 0 || window > 8)
    return node.error("attribute 'state_window' is " + Twine(window) +
                      "; required is 0 to 8");
  return window;
}

/// The last of the states that `past` holds, in the extents `sizes`.
static Tensor lastState(Emitter &e, Tensor past, int64_t window,
                        ArrayRef<mlir::OpFoldResult> sizes) {
  mlir::OpBuilder &b = e.getBuilder();
  if (window > 0) {
    e.requireEqual(e.extent(past, 0), b.getIndexAttr(window),
                   "the number of its states");
    past = e.squeeze(
        e.sliceDim(past, 0, b.getIndexAttr(window - 1), b.getIndexAttr(1)), 0);
  }
  for (auto [d, size] : llvm::enumerate(sizes))
    e.requireEqual(e.extent(past, d), size, "an extent of its past state");
  return past;
}

/// The type of the next state: that of the past one, or what the graph declares
/// where there is none; the type of the inputs where it declares nothing.
static DataType getStateType(Node &node) {
  if (Tensor past = node.getInput(3))
    return past.type;
  DataType declared = DataType::Undefined;
  if (node.wantsOutput(1))
    declared = node.getImporter().getDeclaredType(node.getProto().output(1));
  return isFloat(declared) ? declared : node.getInput(0).type;
}

/// [time, batch, heads, n] with each head `count` times in a row.
static Tensor repeatHeads(Emitter &e, Tensor x, int64_t count) {
  if (count == 1)
    return x;
  Extents sizes = e.extents(x);
  sizes[2] = e.getBuilder().getIndexAttr(x.getShape()[2] * count);
  return e.generate(x.type, sizes, [&](Scalars &s, ValueRange at) {
    return e.load(x, {at[0], at[1], s.divIndex(at[2], s.index(count)), at[3]});
  });
}

/// The state S [features of keys, features of values] of each head decays, is
/// written at the key (the value, or what the state lacks of it) and read at
/// the query. In domain com.microsoft, queries and keys may have fewer heads
/// than states; states in a row then share them.
static LogicalResult convertLinearAttention(Node &node) {
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &b = e.getBuilder();
  mlir::Location loc = e.getLoc();
  int64_t heads = node.getInt("q_num_heads", 0);
  int64_t groups = node.getInt("kv_num_heads", 0);
  bool contrib = !node.getDomain().empty();
  std::string rule = node.getString("update_rule", "gated_delta");
  (void)node.getInt("chunk_size", 64);
  bool gated = rule == "gated" || rule == "gated_delta";
  bool delta = rule == "delta" || rule == "gated_delta";
  if (!gated && !delta && rule != "linear")
    return node.error("attribute 'update_rule' is '" + rule +
                      "'; required is linear, gated, delta or gated_delta");
  FailureOr<int64_t> window = readStateWindow(node);
  if (failed(window))
    return failure();
  if (heads <= 0 || groups <= 0 ||
      (heads % groups != 0 && !(contrib && groups % heads == 0)))
    return node.error("attribute 'q_num_heads' is " + Twine(heads) +
                      " and 'kv_num_heads' is " + Twine(groups) +
                      "; required is a multiple");
  // The state may have a type of its own, which the next state has too.
  if (failed(requireOneFloat(node, {0, 1, 2, 4, 5})))
    return failure();
  if (node.hasInput(3) && failed(requireOneFloat(node, {3})))
    return failure();
  DataType outer = node.getInput(0).type, type = getComputeType(outer);
  SmallVector<Tensor> parts;
  for (unsigned i : {0u, 1u, 2u, 4u, 5u}) {
    Tensor x = node.getInput(i);
    int64_t count = i == 0 ? heads : groups;
    if (x && i == 5 && x.getRank() == 3 && x.getShape()[2] == 1)
      count = 1;
    if (x && x.getRank() == 3 && x.getType().isDynamicDim(2))
      return node.unsupported("input " + Twine(i) +
                              " with a dynamic number of features is not "
                              "supported");
    if (x && i == 1 && contrib && x.getRank() == 3 && x.getShape()[2] > 0 &&
        parts[0].getShape()[3] > 0) {
      int64_t found = x.getShape()[2] / parts[0].getShape()[3];
      if (found > 0 && groups % found == 0)
        count = found;
    }
    if (x && (x.getRank() != 3 || x.getShape()[2] % count != 0))
      return node.error("input " + Twine(i) + " has rank " +
                        Twine(x.getRank()) + " and cannot be split into " +
                        Twine(count) +
                        " heads; required is rank 3 and a multiple");
    parts.push_back(x ? splitSteps(e, e.convert(x, type), count) : Tensor());
  }
  if ((gated && !parts[3]) || (delta && !parts[4]))
    return node.error("rule '" + rule + "' lacks its decay or beta");
  parts[0] = repeatHeads(e, parts[0], std::max<int64_t>(groups / heads, 1));
  parts[1] = repeatHeads(e, parts[1], groups / parts[1].getShape()[2]);
  heads = std::max(heads, groups);
  Tensor query = parts[0], key = parts[1], value = parts[2];
  int64_t repeat = heads / groups;
  double scale = node.getFloat("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(static_cast<double>(query.getShape()[3]));
  Extents stateSizes = {e.extent(query, 1), b.getIndexAttr(groups),
                        e.extent(key, 3), e.extent(value, 3)};
  Tensor past = node.getInput(3);
  if (past && past.getRank() != (*window > 0 ? 5 : 4))
    return node.error("its past state has rank " + Twine(past.getRank()) +
                      "; required is " + Twine(*window > 0 ? 5 : 4));
  Tensor state = past ? e.convert(lastState(e, past, *window, stateSizes), type)
                      : e.fill(type, stateSizes, 0);
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
  Value steps = e.extentValue(query, 0);
  SmallVector<Value> carried = {state.value, out};
  Extents slots = e.extents(state);
  slots[0] = b.getIndexAttr(*window);
  if (*window > 0)
    carried.push_back(e.fill(type, slots, 0).value);
  auto loop =
      mlir::scf::ForOp::create(b, loc, s.index(0), steps, s.index(1), carried);
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
    SmallVector<Value> left = {kept, next};
    if (*window > 0) {
      // The slot of the step's place among the last ones; what steps before
      // them leave in the first one is overwritten.
      Scalars in = e.scalars();
      Value slot = in.subIndex(in.addIndex(t, in.index(*window)), steps);
      offsets[0] = in.maxIndex(slot, in.index(0));
      left.push_back(mlir::tensor::InsertSliceOp::create(
          b, loc, held.value, loop.getRegionIterArg(2), offsets, whole, ones));
    }
    mlir::scf::YieldOp::create(b, loc, left);
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
  if (*window > 0) {
    last = {loop.getResult(2), type};
    e.setExtents(last.value, slots);
  }
  node.setOutput(1, e.convert(last, getStateType(node)));
  return success();
}

/// What attributes of CausalConvWithState say.
struct CausalConv {
  int64_t dilation = 1, window = 0;
  /// Whether time comes before the channels, which may have any rank then.
  bool channelsLast = false;
  bool silu = false;
};

static LogicalResult readCausalConv(Node &node, CausalConv &conv) {
  FailureOr<int64_t> window = readStateWindow(node);
  if (failed(window))
    return failure();
  conv.window = *window;
  bool contrib = !node.getDomain().empty();
  int64_t dims = node.getInt("ndim", 1);
  int64_t last = contrib ? node.getInt("channels_last", 0) : 0;
  conv.dilation = contrib ? node.getInt("dilation", 1) : 1;
  std::string activation = node.getString("activation", "none");
  conv.silu = activation == "silu" || activation == "swish";
  if (!conv.silu && activation != "none")
    return node.error("attribute 'activation' is '" + activation +
                      "'; required is none, silu or swish");
  if (conv.dilation < 1)
    return node.error("attribute 'dilation' is " + Twine(conv.dilation) +
                      "; required is 1 or more");
  if (last != 0 && last != 1)
    return node.error("attribute 'channels_last' is " + Twine(last) +
                      "; required is 0 or 1");
  conv.channelsLast = last != 0;
  if (dims < 1 || dims > 3 || (conv.channelsLast && dims != 1))
    return node.error("attribute 'ndim' is " + Twine(dims) +
                      "; required is 1 to 3, and 1 with 'channels_last'");
  if (dims != 1)
    return node.unsupported("a convolution along " + Twine(dims) +
                            " dimensions is not supported");
  return success();
}

/// [batch, time, channels...] as [batch, channels, time], and back to extents
/// `sizes` of the former.
static Tensor channelsFirst(Emitter &e, Tensor x) {
  Extents sizes = e.extents(x);
  OpFoldResult channels = e.product(ArrayRef(sizes).drop_front(2));
  return e.transpose(e.reshape(x, {sizes[0], sizes[1], channels}), {0, 2, 1});
}
static Tensor channelsLast(Emitter &e, Tensor x, ArrayRef<OpFoldResult> sizes) {
  return e.reshape(e.transpose(x, {0, 2, 1}), sizes);
}

/// Kernels are short: up to this many taps are a term each.
static constexpr int64_t kMostTerms = 64;

/// The sums over the taps of `weight` [channels, 1, taps] in `padded`.
static Tensor sumTaps(Emitter &e, Tensor padded, Tensor weight, Tensor bias,
                      int64_t dilation, OpFoldResult steps) {
  mlir::OpBuilder &b = e.getBuilder();
  DataType type = getComputeType(padded.type);
  Tensor sum = bias ? e.convert(e.unsqueeze(bias, 1), type) : Tensor();
  int64_t taps = weight.getShape()[2];
  if (taps <= kMostTerms) {
    for (int64_t tap = 0; tap < taps; ++tap) {
      Tensor factor = e.squeeze(
          e.sliceDim(weight, 2, b.getIndexAttr(tap), b.getIndexAttr(1)), 1);
      SmallVector<Tensor> inputs = {
          e.convert(
              e.sliceDim(padded, 2, b.getIndexAttr(tap * dilation), steps),
              type),
          e.convert(factor, type)};
      if (sum)
        inputs.push_back(sum);
      sum = e.elementwise(type, inputs, [&](Scalars &s, ValueRange v) {
        Value product = s.mul(type, v[0], v[1]);
        return v.size() > 2 ? s.add(type, v[2], product) : product;
      });
    }
    return sum;
  }
  Windows windows;
  windows.kernel = {taps};
  windows.strides = {1};
  windows.dilations = {dilation};
  windows.counts = {steps};
  Tensor products =
      convolve(e, e.convert(padded, type), e.convert(weight, type), windows,
               /*group=*/weight.getShape()[0]);
  if (!sum)
    return products;
  return e.elementwise(type, {products, sum}, [&](Scalars &s, ValueRange v) {
    return s.add(type, v[0], v[1]);
  });
}

/// A convolution of each channel with what came before, which is also given
/// back as state.
static LogicalResult convertCausalConv(Node &node) {
  Emitter &e = node.getEmitter();
  mlir::OpBuilder &b = e.getBuilder();
  Tensor x = node.getInput(0), weight = node.getInput(1);
  Tensor bias = node.getInput(2), past = node.getInput(3);
  CausalConv conv;
  if (failed(requireOneFloat(node, {0, 1, 2, 3})) ||
      failed(readCausalConv(node, conv)))
    return failure();
  if ((conv.channelsLast ? x.getRank() < 3 : x.getRank() != 3) ||
      weight.getRank() != 3 || weight.getShape()[2] == 0)
    return node.error("its input has rank " + Twine(x.getRank()) +
                      " and its weight " + Twine(weight.getRank()) +
                      "; required is 3 and a kernel of at least 1");
  if (weight.getType().isDynamicDim(2))
    return node.unsupported("a kernel of dynamic extent is not supported");
  if (bias && bias.getRank() != 1)
    return node.error("its bias has rank " + Twine(bias.getRank()) +
                      "; required is 1");
  if (weight.getShape()[2] > kMostTerms && !weight.getType().hasStaticShape())
    return node.unsupported("a kernel of " + Twine(weight.getShape()[2]) +
                            " taps for channels of unknown number is not "
                            "supported");
  int64_t rank = x.getRank(), reach;
  if (llvm::MulOverflow(weight.getShape()[2] - 1, conv.dilation, reach))
    return node.error("a kernel of " + Twine(weight.getShape()[2]) +
                      " taps with dilation " + Twine(conv.dilation) +
                      " reaches too far back");
  if (past && past.getRank() != rank + (conv.window > 0 ? 1 : 0))
    return node.error("its past state has rank " + Twine(past.getRank()) +
                      "; required is " +
                      Twine(rank + (conv.window > 0 ? 1 : 0)));
  DataType outer = x.type, type = getComputeType(outer);
  Extents given = e.extents(x), held = given;
  held[conv.channelsLast ? 1 : 2] = b.getIndexAttr(reach);
  if (past)
    past = lastState(e, past, conv.window, held);
  if (conv.channelsLast) {
    x = channelsFirst(e, x);
    past = past ? channelsFirst(e, past) : Tensor();
  }
  OpFoldResult steps = e.extent(x, 2);
  e.requireEqual(e.extent(weight, 0), e.extent(x, 1),
                 "the number of its kernels");
  e.requireEqual(e.extent(weight, 1), b.getIndexAttr(1),
                 "the second extent of its weight");
  Extents state = {e.extent(x, 0), e.extent(x, 1), b.getIndexAttr(reach)};
  Tensor before = past ? past : e.fill(outer, state, 0);
  Tensor padded = reach > 0 ? e.concat({before, x}, 2) : x;
  Tensor sum = sumTaps(e, padded, weight, bias, conv.dilation, steps);
  sum = e.elementwise(outer, {sum}, [&](Scalars &s, ValueRange v) {
    return conv.silu ? s.mul(type, v[0], s.sigmoid(type, v[0])) : v[0];
  });
  node.setOutput(0, conv.channelsLast ? channelsLast(e, sum, given) : sum);
  if (!node.wantsOutput(1))
    return success();
  // The state behind the step that is `back` steps before the last one, zeros
  // in front of the first step.
  auto stateBefore = [&](int64_t back) {
    Tensor kept = before;
    if (reach > 0 && back == 0) {
      kept = e.sliceDim(padded, 2, steps, state[2]);
    } else if (reach > 0) {
      kept = e.generate(outer, state, [&](Scalars &s, ValueRange at) {
        Value end = s.subIndex(e.toValue(steps), s.index(back));
        Value exists =
            s.compareIndex(mlir::arith::CmpIPredicate::sgt, end, s.index(0));
        Value from = s.addIndex(s.maxIndex(end, s.index(0)), at[2]);
        return s.select(exists, e.load(padded, {at[0], at[1], from}),
                        s.constant(outer, 0));
      });
    }
    return conv.channelsLast ? channelsLast(e, kept, held) : kept;
  };
  if (conv.window == 0) {
    node.setOutput(1, stateBefore(0));
    return success();
  }
  SmallVector<Tensor> states;
  for (int64_t back = conv.window - 1; back >= 0; --back)
    states.push_back(e.unsqueeze(stateBefore(back), 0));
  node.setOutput(1, e.concat(states, 0));
  return success();
}

void registerLinearAttentionOps(Registry &registry) {
  for (auto [since, domain] :
       {std::pair<int64_t, StringRef>(27, ""), {1, "com.microsoft"}})
    registry.add({
        {"LinearAttention", since, 3, 6, convertLinearAttention,
         "features of dynamic extent", domain},
        {"CausalConvWithState", since, 2, 4, convertCausalConv,
         domain.empty() ? "kernels of dynamic extent, more than 64 taps of "
                          "channels of unknown number"
                        : "kernels of dynamic extent, more than one spatial "
                          "dimension, more than 64 taps "
                          "of channels of unknown number",
         domain},
    });
}

} // namespace seqc::onnx
