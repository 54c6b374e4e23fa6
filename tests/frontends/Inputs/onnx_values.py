"""Writes folders of ONNX tests of operators with states, caches and masks, what float64 numpy gives
by their texts, and models with one fault each.

  onnx_values.py FOLDER
"""

import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import onnx_writer as onnx  # noqa: E402

CONTRIB = "com.microsoft"
rng = np.random.default_rng(5)


def draw(*shape):
    return (rng.standard_normal(shape) * 0.5).astype(np.float32)


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


class Model:
    """Nodes of one model, each with inputs and outputs of its own."""

    def __init__(self, opset):
        self.opset, self.nodes, self.feeds, self.wanted = opset, [], {}, {}

    def case(self, operator, feeds, wanted, open_dims=None, domain="", **attributes):
        """`open_dims` maps inputs to dimensions whose extents only a call gives."""
        names, results = [], []
        for i, feed in enumerate(feeds):
            names.append("" if feed is None else f"x{len(self.feeds)}")
            if feed is not None:
                shape = list(feed.shape)
                for d in (open_dims or {}).get(i, ()):
                    shape[d] = f"{names[-1]}_{d}"
                self.feeds[names[-1]] = feed, shape
        for array in wanted:
            results.append(f"y{len(self.wanted)}")
            self.wanted[results[-1]] = array
        self.nodes.append(onnx.node(operator, names, results, name="it", domain=domain,
                                    **attributes))

    def write(self, name, initializers=None):
        data = os.path.join(sys.argv[1], name, "test_data_set_0")
        os.makedirs(data)
        graph = onnx.graph(
            self.nodes,
            [onnx.value(key, onnx._TYPES[a.dtype.name], shape)
             for key, (a, shape) in self.feeds.items()],
            [onnx.value(key, onnx._TYPES[a.dtype.name], [None] * a.ndim)
             for key, a in self.wanted.items()], initializers)
        with open(os.path.join(data, "..", "model.onnx"), "wb") as file:
            file.write(onnx.model(graph, opset=self.opset, domains=[(CONTRIB, 1)]))
        arrays = {"input": {key: a for key, (a, _) in self.feeds.items()}, "output": self.wanted}
        for kind, tensors in arrays.items():
            for i, (key, array) in enumerate(tensors.items()):
                with open(os.path.join(data, f"{kind}_{i}.pb"), "wb") as file:
                    file.write(onnx.tensor(array, key))


def bad(name, operator, feeds, opset=25, domain="", **attributes):
    model = Model(opset)
    model.case(operator, feeds, [np.zeros((), np.float32)], domain=domain, **attributes)
    model.write(os.path.join("bad", name))


def refused(name, operator, feeds, opset=25, domain="", open_dims=None, **attributes):
    """A model that is right with a call that is not."""
    model = Model(opset)
    model.case(operator, feeds, [np.zeros((), np.float32)], open_dims, domain=domain, **attributes)
    model.write(os.path.join("refused", name))


#===------------------------------------------------------------------------===#
# Caches
#===------------------------------------------------------------------------===#

def scatters(model):
    model.case("TensorScatter", [np.zeros((1, 3, 1), np.float32),
                                 np.full((1, 1, 1), 7, np.float32), np.array([4])],
               [np.array([[[0], [7], [0]]], np.float32)], mode="circular")
    cache, new = draw(4, 3, 5, 2), draw(4, 3, 2, 2)
    at = np.array([5, -1, 2 ** 63 - 1, -2 ** 63])
    result = cache.copy()
    for b, start in enumerate(at.tolist()):
        for i in range(2):
            result[b, :, (start + i) % 5] = new[b, :, i]
    for dims in (None, {0: range(4), 1: range(4), 2: [0]}):
        model.case("TensorScatter", [cache, new, at], [result], dims, mode="circular")


#===------------------------------------------------------------------------===#
# Attention
#===------------------------------------------------------------------------===#

def attend(q, k, v, bias=0.0):
    q, k, v = (x.astype(np.float64) for x in (q, k, v))
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]) + bias
    return (softmax(scores) @ v).astype(np.float32)


def masks(model):
    q, k = np.ones((1, 1, 1, 1), np.float32), np.zeros((1, 1, 3, 1), np.float32)
    v = np.array([3, 6, 9], np.float32).reshape(1, 1, 3, 1)
    model.case("Attention", [q, k, v, np.array([[True]])], [v[:, :, :1]])
    q, k, v = draw(2, 2, 3, 4), draw(2, 2, 5, 4), draw(2, 2, 5, 4)
    hidden = -np.inf
    open_keys = {1: [2], 2: [2]}
    for mask, dims in ((draw(3, 1), None), (draw(3, 1), open_keys | {3: [1]}),
                       (draw(2, 1, 3, 3), open_keys | {3: [3]}), (draw(3, 5), open_keys | {3: [1]})):
        width = mask.shape[-1]
        bias = np.concatenate([mask, np.full(mask.shape[:-1] + (5 - width,), hidden)], -1)
        model.case("Attention", [q, k, v, mask], [attend(q, k, v, bias)], dims)
    mask = np.array([[True, False], [True, True], [False, True]])
    bias = np.where(np.concatenate([mask, np.zeros((3, 3), bool)], 1), 0, hidden)
    past = [draw(2, 2, 2, 4), draw(2, 2, 2, 4)]
    model.case("Attention", [q, k[:, :, 2:], v[:, :, 2:], mask, k[:, :, :2], v[:, :, :2]],
               [attend(q, k, v, bias), k, v])
    # A row whose keys are all hidden gives zeros.
    mask = np.array([[False], [True], [False]])
    result = np.zeros((2, 2, 3, 4), np.float32)
    result[:, :, 1] = v[:, :, 0]
    model.case("Attention", [q, k, v, mask], [result])


def to_bfloat16(x):
    bits = np.asarray(x, np.float32).view(np.uint32)
    return ((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000).view(np.float32)


def precisions(model):
    """Scores are whole numbers that the narrow types round."""
    q = np.full((1, 1, 2, 1), 1, np.float32)
    q[0, 0, 1] = 2
    k = np.array([2049, 2048, 2051], np.float32).reshape(1, 1, 3, 1)
    v = np.array([1, 2, 4], np.float32).reshape(1, 1, 3, 1)
    exact = q.astype(np.float64) @ k.astype(np.float64).swapaxes(-1, -2)
    to_half = lambda x: np.asarray(x, np.float16).astype(np.float64)
    for number, round_ in ((10, to_half), (16, lambda x: to_bfloat16(x).astype(np.float64)),
                           (1, lambda x: x), (11, lambda x: x)):
        weights = round_(softmax(round_(exact)))
        model.case("Attention", [q, k, v],
                   [(weights @ v).astype(np.float32), k, v, weights.astype(np.float32)],
                   softmax_precision=number, scale=1.0, qk_matmul_output_mode=3)
    # In double, what differs by less than a float tells is kept apart.
    q = np.ones((1, 1, 1, 2), np.float64)
    k = np.array([[2.0 ** 26, 1], [2.0 ** 26, 2]], np.float64).reshape(1, 1, 2, 2)
    v = np.array([[1.0], [3]], np.float64).reshape(1, 1, 2, 1)
    for number, scores in ((11, [1.0, 2]), (1, [0.0, 0])):
        model.case("Attention", [q, k, v], [softmax(np.array(scores)).reshape(1, 1, 1, 2) @ v],
                   softmax_precision=number, scale=1.0)


#===------------------------------------------------------------------------===#
# Rotation
#===------------------------------------------------------------------------===#

def turn(x, positions, cosines, sines, width, interleaved=False):
    """x [batch, time, heads, features], the first `width` features turned."""
    x, half = x.astype(np.float64), width // 2
    c = cosines.astype(np.float64)[positions][:, :, None, :half]
    s = sines.astype(np.float64)[positions][:, :, None, :half]
    part = x[..., :width]
    a, b = (part[..., ::2], part[..., 1::2]) if interleaved else np.split(part, 2, -1)
    turned = a * c - b * s, a * s + b * c
    if interleaved:
        turned = np.stack(turned, -1).reshape(part.shape)
    else:
        turned = np.concatenate(turned, -1)
    return np.concatenate([turned, x[..., width:]], -1)


def rotations(model):
    cosines = np.array([[1, 5], [2, 6]], np.float32)
    model.case("RotaryEmbedding", [np.ones((1, 2, 4), np.float32), np.array([[0, 1]]), cosines,
                                   np.zeros((2, 2), np.float32)],
               [np.array([[[1, 1, 1, 1], [2, 2, 1, 1]]], np.float32)], domain=CONTRIB,
               num_heads=1, rotary_embedding_dim=2)
    x, positions = draw(2, 3, 2, 8), np.array([[0, 4, 2], [5, 1, 1]])
    for columns in (2, 4):
        cosines, sines = draw(6, columns), draw(6, columns)
        for interleaved in (columns == 4,):
            result = turn(x, positions, cosines, sines, 4, interleaved).astype(np.float32)
            settings = {"domain": CONTRIB, "num_heads": 2, "rotary_embedding_dim": 4,
                        "interleaved": int(interleaved)}
            model.case("RotaryEmbedding", [x.reshape(2, 3, 16), positions, cosines, sines],
                       [result.reshape(2, 3, 16)], **settings)
            model.case("RotaryEmbedding", [x.transpose(0, 2, 1, 3), positions, cosines, sines],
                       [result.transpose(0, 2, 1, 3)], {0: [0, 2], 1: [0, 1], 2: [0], 3: [0]},
                       **settings)
    # Rows of several sequences, one behind the other, more than a cache has rows.
    x, positions = draw(1, 7, 1, 4), np.array([[0, 1, 2, 3, 0, 1, 2]])
    cosines, sines = draw(4, 2), draw(4, 2)
    model.case("RotaryEmbedding", [x.reshape(1, 7, 4), positions, cosines, sines],
               [turn(x, positions, cosines, sines, 4).reshape(1, 7, 4).astype(np.float32)],
               domain=CONTRIB, is_packed_batching=1)


def group_queries(model):
    """A prompt counts on from the first position of all; a token has its own."""
    cosines, sines = draw(12, 2), draw(12, 2)
    for steps, past, given in ((3, 0, [[3, 9, 1], [7, 7, 7]]), (1, 2, [[4], [9]]),
                               (1, 0, [[4], [9]]), (2, 1, [[4, 9], [2, 5]])):
        q, k, v = draw(2, steps, 2, 4), draw(2, steps, 1, 4), draw(2, steps, 1, 4)
        old = [draw(2, 1, past, 4), draw(2, 1, past, 4)]
        positions, total = np.array(given), steps + past
        places = given[0][0] + np.arange(steps) + np.zeros((2, 1), int) if past == 0 else positions
        tq, tk = (turn(x, places, cosines, sines, 4) for x in (q, k))
        keys = np.concatenate([old[0], tk.transpose(0, 2, 1, 3)], 2)
        values = np.concatenate([old[1], v.transpose(0, 2, 1, 3)], 2)
        bias = np.where(np.arange(total) <= np.arange(steps)[:, None] + past, 0, -np.inf)
        result = attend(tq.transpose(0, 2, 1, 3), keys.repeat(2, 1), values.repeat(2, 1), bias)
        dims = None if past else {0: [1], 1: [1], 2: [1], 9: [1]}
        model.case("GroupQueryAttention",
                   [q.reshape(2, steps, 8), k.reshape(2, steps, 4), v.reshape(2, steps, 4)]
                   + (old if past else [None, None])
                   + [np.full(2, total - 1, np.int32), np.array([total], np.int32), cosines, sines,
                      positions],
                   [result.transpose(0, 2, 1, 3).reshape(2, steps, 8), keys.astype(np.float32),
                    values], dims, domain=CONTRIB, do_rotary=1, num_heads=2, kv_num_heads=1)


def open_group_queries(model):
    """Without the causal mask, queries see every living key of their row, also those behind them."""
    for steps, past, totals, settings in ((3, 0, (3, 2), {}), (2, 3, (5, 4), {"softcap": 1.5}),
                                          (1, 2, (3, 2), {"scale": 0.25}), (4, 1, (5, 4), {})):
        q, k, v = draw(2, 4, steps, 4), draw(2, 2, steps, 4), draw(2, 2, steps, 4)
        old = [draw(2, 2, past, 4), draw(2, 2, past, 4)]
        total, bias = steps + past, draw(1, 4, steps, steps + past)
        present = [np.zeros((2, 2, total, 4), np.float32) for _ in old]
        for kept, before, new in zip(present, old, (k, v)):
            for b in range(2):
                start = totals[b] - steps if past else 0
                kept[b, :, :start] = before[b, :, :start]
                kept[b, :, start:start + steps] = new[b]
        scores = q.astype(np.float64) @ present[0].repeat(2, 1).swapaxes(-1, -2)
        scores *= settings.get("scale", 0.5)
        if "softcap" in settings:
            scores = settings["softcap"] * np.tanh(scores / settings["softcap"])
        scores += bias
        scores[np.broadcast_to(np.arange(total) >= np.array(totals)[:, None, None, None],
                               scores.shape)] = -np.inf
        flat = lambda x: x.transpose(0, 2, 1, 3).reshape(2, steps, -1)
        result = flat(softmax(scores) @ present[1].repeat(2, 1)).astype(np.float32)
        for dims in (None, {0: [0, 1], 1: [0, 1], 2: [0, 1], 3: [0, 2], 4: [0, 2], 5: [0]}):
            model.case("GroupQueryAttention",
                       [flat(q), flat(k), flat(v)] + (old if past else [None, None])
                       + [np.array(totals, np.int32) - 1, np.array(total, np.int32), None, None,
                          None, bias], [result] + present, dims, domain=CONTRIB, causal=0,
                       num_heads=4, kv_num_heads=2, **settings)


#===------------------------------------------------------------------------===#
# States
#===------------------------------------------------------------------------===#

def linear_attention(q, k, v, state, decay, beta, rule, scale):
    """Heads of all are those of the state: q, k [batch, time, heads, dk]. Gives rows and the states
    behind each step."""
    held, rows, states = state.astype(np.float64), [], []
    for t in range(q.shape[1]):
        if "gated" in rule:
            held = held * np.exp(decay[:, t].astype(np.float64))[..., None]
        new = v[:, t].astype(np.float64)
        if "delta" in rule:
            new = (new - np.einsum("bhkv,bhk->bhv", held, k[:, t])) * beta[:, t]
        held = held + k[:, t, :, :, None] * new[:, :, None]
        states.append(held)
        rows.append(scale * np.einsum("bhk,bhkv->bhv", q[:, t], held))
    return np.stack(rows, 1), states


def linear_attentions(model):
    batch, steps, dk, dv = 2, 3, 2, 3
    for rule, heads, keys, groups in (("linear", 1, 2, 2), ("gated", 2, 4, 4), ("delta", 2, 2, 4),
                                      ("gated_delta", 2, 1, 4), ("gated_delta", 4, 2, 2)):
        count = max(heads, groups)
        q, k = draw(batch, steps, heads, dk), draw(batch, steps, keys, dk)
        v, state = draw(batch, steps, groups, dv), draw(batch, groups, dk, dv)
        per_key = rule == "gated"
        decay, beta = -abs(draw(batch, steps, groups, dk if per_key else 1)), draw(batch, steps, 1)
        rows, states = linear_attention(
            q.repeat(count // heads, 2), k.repeat(count // keys, 2), v.repeat(count // groups, 2),
            state.repeat(count // groups, 1), decay.repeat(count // groups, 2), beta[..., None],
            rule, 1 / np.sqrt(dk))
        flat = lambda x: x.reshape(batch, x.shape[1], -1)
        feeds = [flat(q), flat(k), flat(v), state, flat(decay) if "gated" in rule else None,
                 beta if "delta" in rule else None]
        states = [s[:, ::count // groups].astype(np.float32) for s in states]
        settings = {"domain": CONTRIB, "update_rule": rule, "q_num_heads": heads,
                    "kv_num_heads": groups}
        dims = {0: [0, 1], 1: [0, 1], 2: [0, 1], 3: [0], 4: [0, 1], 5: [0, 1]}
        model.case("LinearAttention", feeds, [flat(rows).astype(np.float32), states[-1]],
                   None if heads < groups else dims, state_window=0, **settings)
        for window in {"linear": [2], "gated_delta": [5]}.get(rule, []) if groups > heads else []:
            given = np.concatenate([np.full((window - 1,) + state.shape, np.nan, np.float32),
                                    state[None]])
            kept = [np.zeros_like(state)] * (window - steps) + states[-window:]
            model.case("LinearAttention", feeds[:3] + [given] + feeds[4:],
                       [flat(rows).astype(np.float32), np.stack(kept)], state_window=window,
                       **settings)


def wide_states(model):
    """Rows in half precision with a state of their own type, which the next state has too."""
    batch, steps, heads, dk, dv = 2, 3, 2, 4, 3
    q, k, v = (draw(batch, steps, heads, d).astype(np.float16) for d in (dk, dk, dv))
    decay, beta = -abs(draw(batch, steps, heads, 1)), draw(batch, steps, 1)
    decay, beta = decay.astype(np.float16), beta.astype(np.float16)
    flat = lambda x: x.reshape(batch, steps, -1)
    for kind in (np.float32, np.float16, np.float64):
        state = draw(batch, heads, dk, dv).astype(kind)
        # Without a past, the type that the graph declares.
        for past in (state, None):
            rows, states = linear_attention(
                q, k, v, 0 * state if past is None else state, decay, beta[..., None],
                "gated_delta", 0.5)
            model.case("LinearAttention", [flat(q), flat(k), flat(v), past, flat(decay), beta],
                       [flat(rows).astype(np.float16), states[-1].astype(kind)], domain=CONTRIB,
                       update_rule="gated_delta", q_num_heads=heads, kv_num_heads=heads, scale=0.5)


def convolutions(model):
    """x [batch, channels, time], the state of what came before in front of it."""
    batch, channels = 2, 6
    for steps, taps, dilation in ((5, 3, 2), (1, 2, 3), (4, 1, 1), (3, 70, 1)):
        x, weight, bias = draw(batch, channels, steps), draw(channels, 1, taps), draw(channels)
        reach = (taps - 1) * dilation
        past = draw(batch, channels, reach)
        padded = np.concatenate([past, x], 2).astype(np.float64)
        y = bias[:, None] + sum(padded[:, :, j * dilation:j * dilation + steps] * weight[:, 0, j:j + 1]
                                for j in range(taps))
        y = (y / (1 + np.exp(-y))).astype(np.float32)
        behind = [padded[:, :, t + 1:t + 1 + reach].astype(np.float32) for t in range(steps)]
        settings = {"domain": CONTRIB, "activation": "silu", "dilation": dilation}
        model.case("CausalConvWithState", [x, weight, bias, past], [y, behind[-1]],
                   {0: [0, 2], 3: [0]} if dilation == 2 else None, state_window=0,
                   channels_last=0, ndim=1, **settings)
        if taps == 70:
            continue
        last = lambda a: a.swapaxes(-1, -2)
        wide = lambda a: last(a).reshape(a.shape[:-2] + (a.shape[-1], 2, 3))
        for form, dims in ((last, {0: [0, 1], 3: [0]}), (wide, None))[dilation % 2:]:
            model.case("CausalConvWithState", [form(x), weight, bias, form(past)],
                       [form(y), form(behind[-1])], dims, channels_last=1, **settings)
        for window, form in ((2, lambda a: a), (6, wide)) if taps > 1 and steps > 1 else ():
            given = np.stack([past] * window)
            given[:-1] = np.nan
            kept = [np.zeros_like(past)] * (window - steps) + behind[-window:]
            model.case("CausalConvWithState", [form(x), weight, bias, form(given)],
                       [form(y), form(np.stack(kept))], state_window=window,
                       channels_last=int(form is wide), **settings)


#===------------------------------------------------------------------------===#
# Norms
#===------------------------------------------------------------------------===#

def norms(model):
    """Scales and biases of every shape that broadcasts to the normalised dimensions."""
    x = draw(2, 3, 4)
    for axis in (1, 2):
        dims, wide = tuple(range(axis, 3)), x.astype(np.float64)
        centred = wide - wide.mean(dims, keepdims=True)
        y = centred / np.sqrt((centred ** 2).mean(dims, keepdims=True) + 1e-5)
        for shape in ((), (1,), (4,), (3, 4))[:5 - axis]:
            scale, bias = np.asarray(draw(*shape)) + np.float32(1), np.asarray(draw(*shape))
            model.case("LayerNormalization", [x, scale, bias],
                       [(y * scale + bias).astype(np.float32)], axis=axis)


for name, fill in (("scatters", scatters), ("masks", masks), ("precisions", precisions),
                   ("rotations", rotations), ("group_queries", group_queries),
                   ("open_group_queries", open_group_queries),
                   ("linear_attentions", linear_attentions), ("convolutions", convolutions),
                   ("norms", norms)):
    model = Model(25)
    fill(model)
    model.write(os.path.join("good", name))
model = Model(25)
wide_states(model)
model.write(os.path.join("half", "wide_states"))

# Before opset 24, a mask for one key is one for all keys, and no other is short.
model = Model(23)
v = np.array([3, 6, 9], np.float32).reshape(1, 1, 3, 1)
one = np.ones((1, 1, 1, 1), np.float32)
model.case("Attention", [one, 0 * v, v, np.array([[True]])], [6 * one])
model.write(os.path.join("good", "masks_23"))
bad("mask", "Attention", [one, 0 * v, v, np.array([[True, True]])], opset=23)
bad("precision", "Attention", [one, v, v], softmax_precision=7)
x, cache = draw(1, 3, 4), draw(4, 2)
bad("packed", "RotaryEmbedding", [x, np.array([0]), cache, cache], domain=CONTRIB,
    is_packed_batching=1)
bad("packing", "RotaryEmbedding", [x, np.array([0]), cache, cache], domain=CONTRIB,
    is_packed_batching=2)
bad("width", "RotaryEmbedding", [x, np.array([0]), cache, cache], domain=CONTRIB, num_heads=1,
    rotary_embedding_dim=6)
bad("epsilon", "LayerNormalization", [x, draw(4)], epsilon=-1.0)
bad("scale", "LayerNormalization", [x, np.ones(4, np.int32)])
bad("heads", "LinearAttention", [x, x, x], opset=27, q_num_heads=1, kv_num_heads=2,
    update_rule="linear")
bad("window", "LinearAttention", [x, x, x], domain=CONTRIB, q_num_heads=1, kv_num_heads=2,
    update_rule="linear", state_window=9)
bad("rule", "LinearAttention", [x, x, x], opset=27, q_num_heads=1, kv_num_heads=1,
    update_rule="gated")
wide, whole = x.astype(np.float64), x.astype(np.int64)
state = draw(1, 1, 4, 4)
linear = {"opset": 27, "q_num_heads": 1, "kv_num_heads": 1, "update_rule": "linear"}
bad("keys", "LinearAttention", [x, wide, x], **linear)
bad("integers", "LinearAttention", [whole, whole, whole], **linear)
bad("state", "LinearAttention", [x, x, x, state.astype(np.int32)], **linear)
bad("rank", "LinearAttention", [x, x, x, state[0]], **linear)
bad("features", "LinearAttention", [x, x, x, state[:, :, :3]], **linear)
bad("beta", "LinearAttention", [x, x, x, None, None, wide[..., :1]], **{**linear, "update_rule": "delta"})
bad("carry", "CausalConvWithState", [x, draw(3, 1, 3), None, draw(1, 3, 2).astype(np.float16)], opset=27)
bad("taps", "CausalConvWithState", [whole, whole], opset=27)
bad("causal", "GroupQueryAttention",
    [x, x, x, None, None, np.array([2], np.int32), np.array(3, np.int32)], domain=CONTRIB, causal=0,
    local_window_size=2, num_heads=1, kv_num_heads=1)
bad("dilation", "CausalConvWithState", [x, draw(3, 1, 2)], domain=CONTRIB, dilation=0)
bad("reach", "CausalConvWithState", [x, draw(3, 1, 3)], domain=CONTRIB, dilation=2 ** 62)
refused("single", "RotaryEmbedding", [x, np.array([2]), cache, cache], domain=CONTRIB,
        open_dims={1: [0]})
refused("prompt", "GroupQueryAttention",
        [x, x, x, None, None, np.array([2], np.int32), np.array([3], np.int32), cache, cache,
         np.array([[2, 0, 0]])], domain=CONTRIB, do_rotary=1, num_heads=1, kv_num_heads=1)
refused("past", "CausalConvWithState", [x, draw(3, 1, 3), None, draw(1, 3, 1)], domain=CONTRIB,
        open_dims={3: [2]})
