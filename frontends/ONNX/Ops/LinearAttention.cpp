//===- LinearAttention.cpp - Attention with a state of fixed size ---------===//

#include "dialect/Seq/IR/SeqOps.h"
#include "frontends/ONNX/GraphImporter.h"
#include "frontends/ONNX/Ops/Convolution.h"
#include "frontends/ONNX/Ops/Family.h"
#include "frontends/ONNX/onnx.pb.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace llvm;

namespace seqc::onnx {

using mlir::OpFoldResult;
using mlir::Value;

/// [batch, time, heads * n] as [time, batch, heads, n].
static Tensor splitSteps(Emitter &e, Tensor x, int64_t heads) {
  Tensor split = e.reshape(x, {e.extent(x, 0), e.extent(x, 1), Number(e, heads),
                               Number(e, x.getShape()[2] / heads)});
  return e.transpose(split, {1, 0, 2, 3});
}

/// Attribute 'state_window' of domain com.microsoft: how many states a state
/// tensor holds, the last ones of as many steps, in a dimension in front of the
/// others; 0 for the last one without such a dimension.
static int64_t readStateWindow(Node &node) {
  return node.getDomain().empty()
             ? 0
             : readBetween(node, "state_window", 0, 0, 8, "0 to 8");
}

/// The last of the states that input 3 holds, in the extents `sizes`; null if
/// there is none.
static FailureOr<Tensor> lastState(Node &node, int64_t window,
                                   ArrayRef<OpFoldResult> sizes) {
  Emitter &e = node.getEmitter();
  Tensor past = node.getInput(3);
  if (!past)
    return past;
  int64_t rank = sizes.size() + (window > 0 ? 1 : 0);
  if (past.getRank() != rank)
    return node.error("its past state has rank " + Twine(past.getRank()) +
                      "; required is " + Twine(rank));
  if (window > 0) {
    e.requireEqual(e.extent(past, 0), Number(e, window),
                   "the number of its states");
    past =
        e.squeeze(e.sliceDim(past, 0, Number(e, window - 1), Number(e, 1)), 0);
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
  sizes[2] = Number(e, x.getShape()[2] * count);
  return define(e, x.type, sizes, [&](ArrayRef<Number> at) {
    return load(e, x, {at[0], at[1], at[2] / count, at[3]});
  });
}

namespace {
/// The operands of a linear recurrence, time first.
struct Recurrence {
  Tensor state, decay, lookup, erase, key, value, query;

  /// Those that have a slice per step.
  std::array<Tensor *, 6> steps() {
    return {&decay, &lookup, &erase, &key, &value, &query};
  }
};
} // namespace

/// The state after the last step, and what the steps give: what their queries
/// read, or without queries their states.
static std::pair<Tensor, Tensor> emitRecurrence(Emitter &e,
                                                const Recurrence &r) {
  Extents sizes = {e.extent(r.value, 0), e.extent(r.state, 0)};
  Extents state = e.extents(r.state);
  int64_t heads = r.state.getShape()[1];
  if (r.query) {
    heads = std::max(heads, r.query.getShape()[2]);
    sizes.append({e.fixed(heads), state[3]});
  } else {
    sizes.append(state.begin() + 1, state.end());
  }
  auto op = seq::LinearRecurrenceOp::create(
      e.getBuilder(), e.getLoc(), r.state.getType(),
      e.typeOf(sizes, r.state.type), seq::Semiring::Real, r.state.value,
      /*matrix=*/Value(), r.decay.value, r.lookup.value, r.erase.value,
      r.key.value, r.value.value, r.query.value,
      /*lengths=*/Value(), /*reverse=*/false);
  return {e.withExtents(op.getFinal(), r.state.type, state),
          e.withExtents(op.getOutputs(), r.state.type, sizes)};
}

/// The states after the last `window` steps, zeros in front of them where
/// there are fewer.
static Tensor lastStates(Emitter &e, Recurrence r, int64_t window) {
  Number steps(e, e.extent(r.value, 0)), before = max(steps - window, 0);
  Number count = steps - before;
  r.query = Tensor();
  Recurrence first = r, rest = r;
  for (auto [head, tail] : llvm::zip_equal(first.steps(), rest.steps())) {
    if (!*head)
      continue;
    *head = e.sliceDim(*head, 0, Number(e, 0), before);
    *tail = e.sliceDim(*tail, 0, before, count);
  }
  rest.state = emitRecurrence(e, first).first;
  Tensor states = emitRecurrence(e, rest).second;
  Extents slots = e.extents(states), offsets(slots.size(), Number(e, 0));
  slots[0] = Number(e, window);
  offsets[0] = window - count;
  return e.insert(states, e.fill(states.type, slots, 0), offsets);
}

/// How the state of LinearAttention changes, from its attributes.
struct UpdateRule {
  bool gated = false, delta = false;
};

static FailureOr<UpdateRule> readUpdateRule(Node &node) {
  std::string rule = readChoice(node, "update_rule", "gated_delta",
                                {"linear", "gated", "delta", "gated_delta"});
  UpdateRule update{rule == "gated" || rule == "gated_delta",
                    rule == "delta" || rule == "gated_delta"};
  if ((update.gated && !node.hasInput(4)) ||
      (update.delta && !node.hasInput(5)))
    return node.error("rule '" + rule + "' lacks its decay or beta");
  return update;
}

/// Input `i` as [time, batch, heads, features], for states of `groups` heads.
static FailureOr<Tensor> readSteps(Node &node, unsigned i, int64_t groups,
                                   int64_t queryHeads, int64_t queryFeatures) {
  Emitter &e = node.getEmitter();
  Tensor x = node.getInput(i);
  if (x.getType().isDynamicDim(2))
    return node.unsupported("input " + Twine(i) +
                            " with a dynamic number of features is not "
                            "supported");
  int64_t features = x.getShape()[2];
  int64_t count = i == 0 ? queryHeads : groups;
  if (i == 5 && features == 1)
    count = 1;
  // In domain com.microsoft keys may have fewer heads than states.
  if (i == 1 && !node.getDomain().empty() && features > 0 && queryFeatures > 0)
    if (int64_t found = features / queryFeatures;
        found > 0 && groups % found == 0)
      count = found;
  if (features == 0 || features % count != 0)
    return node.error("the " + Twine(features) + " features of input " +
                      Twine(i) + " cannot be split into " + Twine(count) +
                      " heads; required is a multiple");
  return splitSteps(e, e.convert(x, getComputeType(node.getInput(0).type)),
                    count);
}

/// The state S [features of keys, features of values] of each head decays, is
/// written at the key (the value, or what the state lacks of it) and read at
/// the query. In domain com.microsoft, queries and keys may have fewer heads
/// than states; states in a row then share them.
static LogicalResult convertLinearAttention(Node &node, Emitter &e) {
  int64_t heads = node.getInt("q_num_heads", 0);
  int64_t groups = node.getInt("kv_num_heads", 0);
  bool contrib = !node.getDomain().empty();
  (void)node.getInt("chunk_size", 64);
  FailureOr<UpdateRule> rule = readUpdateRule(node);
  if (failed(rule))
    return failure();
  int64_t window = readStateWindow(node);
  if (heads <= 0 || groups <= 0 ||
      (heads % groups != 0 && !(contrib && groups % heads == 0)))
    return node.error("attribute 'q_num_heads' is " + Twine(heads) +
                      " and 'kv_num_heads' is " + Twine(groups) +
                      "; required is a multiple");
  DataType outer = node.getInput(0).type, type = getComputeType(outer);
  Recurrence r;
  Tensor beta;
  for (auto [i, part] : {std::pair(0u, &r.query),
                         {1u, &r.key},
                         {2u, &r.value},
                         {4u, &r.decay},
                         {5u, &beta}}) {
    if (i > 2 && !(i == 4 ? rule->gated : rule->delta))
      continue;
    FailureOr<Tensor> steps =
        readSteps(node, i, groups, heads, r.query ? r.query.getShape()[3] : 0);
    if (failed(steps))
      return failure();
    *part = *steps;
  }
  Extents stateSizes = {e.extent(r.query, 1), Number(e, groups),
                        e.extent(r.key, 3), e.extent(r.value, 3)};
  FailureOr<Tensor> past = lastState(node, window, stateSizes);
  if (failed(past))
    return failure();
  r.state = *past ? e.convert(*past, type) : e.fill(type, stateSizes, 0);
  r.state = e.castShape(r.state, Emitter::shapeOf(e.simplify(stateSizes)));
  double scale = node.getFloat("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(static_cast<double>(r.query.getShape()[3]));
  auto times = [](Number a, Number b) { return a * b; };
  r.query = map(e, type, {r.query, e.scalar(type, scale)}, times);
  if (rule->gated)
    r.decay = e.unsqueeze(
        map(e, type, {r.decay}, [](Number v) { return exp(v); }), 4);
  if (rule->delta) {
    r.lookup = r.key;
    r.erase =
        map(e, type,
            {repeatHeads(e, r.key, groups / r.key.getShape()[2]), beta}, times);
    r.value = map(e, type, {r.value, beta}, times);
  }
  auto [last, rows] = emitRecurrence(e, r);
  rows = e.transpose(rows, {1, 0, 2, 3});
  rows = e.reshape(rows, {e.extent(rows, 0), e.extent(rows, 1),
                          e.product({e.extent(rows, 2), e.extent(rows, 3)})});
  node.setOutput(0, e.convert(rows, outer));
  if (node.wantsOutput(1) && window > 0)
    last = lastStates(e, r, window);
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
  conv.window = readStateWindow(node);
  int64_t dims = node.getInt("ndim", 1);
  conv.silu = readChoice(node, "activation", "none",
                         {"none", "silu", "swish"}) != "none";
  if (!node.getDomain().empty()) {
    conv.dilation = readBetween(node, "dilation", 1, 1, INT64_MAX, "1 or more");
    conv.channelsLast =
        readBetween(node, "channels_last", 0, 0, 1, "0 or 1") != 0;
  }
  if (dims < 1 || dims > 3 || (conv.channelsLast && dims != 1))
    return node.error("attribute 'ndim' is " + Twine(dims) +
                      "; required is 1 to 3, and 1 with 'channels_last'");
  if (dims != 1)
    return node.unsupported("a convolution along " + Twine(dims) +
                            " dimensions is not supported");
  return success();
}

/// [batch, time, channels...] as [batch, channels, time].
static Tensor channelsFirst(Emitter &e, Tensor x) {
  Extents sizes = e.extents(x);
  OpFoldResult channels = e.product(ArrayRef(sizes).drop_front(2));
  return e.transpose(e.reshape(x, {sizes[0], sizes[1], channels}), {0, 2, 1});
}

/// Kernels are short: up to this many taps are a term each.
static constexpr int64_t kMostTerms = 64;

/// The sums over the taps of `weight` [channels, 1, taps] in `padded`.
static Tensor sumTaps(Emitter &e, Tensor padded, Tensor weight, Tensor bias,
                      int64_t dilation, OpFoldResult steps) {
  DataType type = getComputeType(padded.type);
  Tensor sum = bias ? e.convert(e.unsqueeze(bias, 1), type) : Tensor();
  int64_t taps = weight.getShape()[2];
  if (taps > kMostTerms) {
    Windows windows{{taps}, {1}, {dilation}, {}, {}, {steps}};
    Tensor products =
        convolve(e, e.convert(padded, type), e.convert(weight, type), windows,
                 /*group=*/weight.getShape()[0]);
    return add(e, products, sum);
  }
  for (int64_t tap = 0; tap < taps; ++tap) {
    Tensor part = e.sliceDim(padded, 2, Number(e, tap * dilation), steps),
           factor = e.squeeze(
               e.sliceDim(weight, 2, Number(e, tap), Number(e, 1)), 1);
    SmallVector<Tensor> inputs = {e.convert(part, type),
                                  e.convert(factor, type)};
    if (sum)
      inputs.push_back(sum);
    sum = map(e, type, inputs, [](ArrayRef<Number> v) {
      return v.size() > 2 ? v[2] + v[0] * v[1] : v[0] * v[1];
    });
  }
  return sum;
}

/// A convolution of each channel with what came before, which is also given
/// back as state.
static LogicalResult convertCausalConv(Node &node, Emitter &e) {
  Tensor x = node.getInput(0), weight = node.getInput(1);
  Tensor bias = node.getInput(2);
  CausalConv conv;
  if (failed(readCausalConv(node, conv)) ||
      (!conv.channelsLast && failed(node.requireRank(0, 3))))
    return failure();
  if (weight.getShape()[2] == 0)
    return node.error("its kernel has 0 taps; required is at least 1");
  if (weight.getType().isDynamicDim(2))
    return node.unsupported("a kernel of dynamic extent is not supported");
  if (weight.getShape()[2] > kMostTerms && !weight.getType().hasStaticShape())
    return node.unsupported("a kernel of " + Twine(weight.getShape()[2]) +
                            " taps for channels of unknown number is not "
                            "supported");
  int64_t reach;
  if (llvm::MulOverflow(weight.getShape()[2] - 1, conv.dilation, reach))
    return node.error("a kernel of " + Twine(weight.getShape()[2]) +
                      " taps with dilation " + Twine(conv.dilation) +
                      " reaches too far back");
  DataType outer = x.type;
  Extents given = e.extents(x), held = given;
  held[conv.channelsLast ? 1 : 2] = Number(e, reach);
  FailureOr<Tensor> past = lastState(node, conv.window, held);
  if (failed(past))
    return failure();
  // [batch, channels, time], and back to the extents that the node has.
  auto enter = [&](Tensor t) {
    return t && conv.channelsLast ? channelsFirst(e, t) : t;
  };
  auto leave = [&](Tensor t, ArrayRef<OpFoldResult> sizes) {
    return conv.channelsLast ? e.reshape(e.transpose(t, {0, 2, 1}), sizes) : t;
  };
  x = enter(x);
  Tensor before = enter(*past);
  OpFoldResult steps = e.extent(x, 2);
  e.requireEqual(e.extent(weight, 0), e.extent(x, 1),
                 "the number of its kernels");
  e.requireEqual(e.extent(weight, 1), Number(e, 1),
                 "the second extent of its weight");
  Extents state = {e.extent(x, 0), e.extent(x, 1), Number(e, reach)};
  if (!before)
    before = e.fill(outer, state, 0);
  Tensor padded = reach > 0 ? e.concat({before, x}, 2) : x;
  Tensor sum = sumTaps(e, padded, weight, bias, conv.dilation, steps);
  sum = map(e, outer, {sum},
            [&](Number v) { return conv.silu ? v * sigmoid(v) : v; });
  node.setOutput(0, leave(sum, given));
  if (!node.wantsOutput(1))
    return success();
  // The state behind the step that is `back` steps before the last one, zeros
  // in front of the first step.
  auto stateBefore = [&](int64_t back) {
    Tensor kept = before;
    if (reach > 0 && back == 0) {
      kept = e.sliceDim(padded, 2, steps, state[2]);
    } else if (reach > 0) {
      Number end = Number(e, steps) - back;
      kept = define(e, outer, state, [&](ArrayRef<Number> at) {
        return select(end > 0,
                      load(e, padded, {at[0], at[1], max(end, 0) + at[2]}), 0);
      });
    }
    return leave(kept, held);
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
  StringRef features = "features of dynamic extent";
  // The state may have a type of its own, which the next state has too.
  auto attention =
           takes(kFloats(3), kSame(3), kSame(3), kFloats, kSame(3), kSame(3)),
       convolution = takes(kFloats.atLeast(3), kSame(3), kSame(1), kSame);
  registry.add({
      {"LinearAttention", 27, 3, 6, convertLinearAttention, attention,
       features},
      {"CausalConvWithState", 27, 2, 4, convertCausalConv, convolution,
       "kernels of dynamic extent, more than 64 taps of channels of unknown "
       "number"},
  });
  registry.addContrib({
      {"LinearAttention", 1, 3, 6, convertLinearAttention, attention, features},
      {"CausalConvWithState", 1, 2, 4, convertCausalConv, convolution,
       "kernels of dynamic extent, more than one spatial dimension, more "
       "than 64 taps of channels of unknown number"},
  });
}

} // namespace seqc::onnx
