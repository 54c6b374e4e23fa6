"""Writes a node test of com.microsoft's operators with numpy's results, and models with one fault
each, into the folder that is the argument."""

import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../support"))
import onnx_writer as onnx  # noqa: E402

rng = np.random.default_rng(3)
DOMAIN = "com.microsoft"


def draw(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def softmax(x):
    x = np.exp(x - x.max(-1, keepdims=True))
    return x / x.sum(-1, keepdims=True)


def split(x, heads):
    return x.reshape(x.shape[0], x.shape[1], heads, -1).transpose(0, 2, 1, 3)


def merge(x):
    return x.transpose(0, 2, 1, 3).reshape(x.shape[0], x.shape[2], -1)


inputs, nodes, outputs = {}, [], {}


def case(operator, feeds, wanted, **attributes):
    names = []
    for feed in feeds:
        names.append("" if feed is None else "x%d" % len(inputs))
        if feed is not None:
            inputs[names[-1]] = feed
    name = "y%d" % len(outputs)
    nodes.append(onnx.node(operator, names, [name], domain=DOMAIN, **attributes))
    outputs[name] = wanted.astype(np.float32)


a, b = draw(2, 3, 4), draw(5, 4)
case("FusedMatMul", [a, b], 0.5 * a @ b.T, alpha=0.5, transB=1)
c = draw(2, 4, 5)
case("FusedMatMul", [a, c], a @ c)
case("QuickGelu", [a], a / (1 + np.exp(-1.702 * a)))
bias = draw(4)
v = a + bias
case("FastGelu", [a, bias],
     v / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (v + 0.044715 * v ** 3))))
gamma, beta, skip = draw(4), draw(4), draw(2, 3, 4)
v = a + skip
norm = (v - v.mean(-1, keepdims=True)) / np.sqrt(v.var(-1, keepdims=True) + 1e-5)
case("SkipLayerNormalization", [a, skip, gamma, beta], norm * gamma + beta, epsilon=1e-5)
case("SkipSimplifiedLayerNormalization", [a, skip, gamma],
     v / np.sqrt((v * v).mean(-1, keepdims=True) + 1e-5) * gamma, epsilon=1e-5)

# Two heads; the second row has two keys.
q, k, w = draw(2, 3, 4), draw(2, 4, 4), draw(2, 4, 4)
length = np.array([4, 2], np.int32)
scores = split(q, 2) @ split(k, 2).transpose(0, 1, 3, 2) / np.sqrt(2)
scores[1, :, :, 2:] -= 10000
case("MultiHeadAttention", [q, k, w, None, length], merge(softmax(scores) @ split(w, 2)),
     num_heads=2)

# One group of two query heads; a cache of 3 of which 2 and 1 live; one step.
q, k, w = draw(2, 1, 8), draw(2, 1, 4), draw(2, 1, 4)
keys, values = draw(2, 1, 3, 4), draw(2, 1, 3, 4)
result = np.zeros((2, 1, 8))
for row, past in ((0, 2), (1, 1)):
    ks = np.concatenate([keys[row, 0, :past], k[row]])
    vs = np.concatenate([values[row, 0, :past], w[row]])
    result[row, 0] = (softmax(q[row, 0].reshape(2, 4) @ ks.T / 2) @ vs).reshape(-1)
case("GroupQueryAttention", [q, k, w, keys, values, np.array([2, 1], np.int32),
                             np.array(3, np.int32)], result, num_heads=2, kv_num_heads=1)

cosines, sines = draw(6, 2), draw(6, 2)
places = np.array([[0, 3, 5]], np.int64)
x = draw(1, 3, 8)
h = split(x, 2)
cs, sn = cosines[places][:, None], sines[places][:, None]
turned = np.concatenate([h[..., :2] * cs - h[..., 2:] * sn, h[..., 2:] * cs + h[..., :2] * sn], -1)
case("RotaryEmbedding", [x, places, cosines, sines], merge(turned))

codes = rng.integers(0, 16, (3, 2, 16)).astype(np.uint8)
scale = draw(3, 2)
dense = ((codes.astype(np.float64) - 8) * scale[..., None]).reshape(3, 32)[:, :20]
x = draw(2, 20)
case("MatMulNBits", [x, codes[..., ::2] | codes[..., 1::2] << 4, scale], x @ dense.T, K=20, N=3,
     bits=4, block_size=16)
order = rng.permutation(np.arange(20) % 2).astype(np.int32)
zeros = rng.integers(0, 16, (3, 2)).astype(np.uint8)
dense = (codes.reshape(3, 32)[:, :20] - zeros[:, order].astype(np.float64)) * scale[:, order]
case("MatMulNBits", [x, codes[..., ::2] | codes[..., 1::2] << 4, scale,
                     zeros[:, 0] | zeros[:, 1] << 4, order], x @ dense.T, K=20, N=3, bits=4,
     block_size=16)

x = draw(2, 4)
weight = rng.integers(-128, 128, (4, 3)).astype(np.int8)
step = (max(x.max(), 0) - min(x.min(), 0)) / np.float32(255)
zero = np.clip(np.rint(-min(x.min(), 0) / step), 0, 255)
codes = np.clip(np.rint(x / step) + zero, 0, 255)
case("DynamicQuantizeMatMul", [x, weight, np.array(0.02, np.float32)],
     (codes - zero) @ weight * step * 0.02)


# Packed queries, keys and values with their biases; a mask of first and last keys.
bias = draw(24)
x = draw(2, 3, 2, 3, 4)
q, k, w = (split((x[:, :, :, i] + bias[8 * i:8 * i + 8].reshape(2, 4)).reshape(2, 3, 8), 2)
           for i in range(3))
case("MultiHeadAttention", [x, None, None, bias],
     merge(softmax(q @ k.transpose(0, 1, 3, 2) / 2) @ w), num_heads=2)
x, y = draw(2, 2, 8), draw(2, 3, 2, 2, 4)
mask = np.array([[1, 0, 1], [0, 1, 1]], np.int32)
scores = split(x, 2) @ y[:, :, :, 0].transpose(0, 2, 3, 1) * 0.7 - 9.0 * (1 - mask[:, None, None])
case("MultiHeadAttention", [x, y, None, None, mask],
     merge(softmax(scores) @ y[:, :, :, 1].transpose(0, 2, 1, 3)), num_heads=2, scale=0.7,
     mask_filter_value=-9.0)
outputs["y%d" % len(outputs)] = scores.astype(np.float32)
nodes[-1] = onnx.node("MultiHeadAttention",
                      ["x%d" % (len(inputs) - 3), "x%d" % (len(inputs) - 2), "", "",
                       "x%d" % (len(inputs) - 1)],
                      ["y%d" % (len(outputs) - 2), "", "", "y%d" % (len(outputs) - 1)],
                      domain=DOMAIN, num_heads=2, scale=0.7, mask_filter_value=-9.0)


def attention(x, weight, keys, values, ok, start=0):
    """What operator Attention gives with keys and values of earlier steps."""
    q, k, w = (split(part, 2) for part in np.split(x @ weight + start, 3, -1))
    k, w = np.concatenate([keys, k], 2), np.concatenate([values, w], 2)
    return merge(softmax(q @ k.transpose(0, 1, 3, 2) / 2 - 10000.0 * (1 - ok)) @ w)


x, weight, none = draw(2, 3, 5), draw(5, 24), np.zeros((2, 2, 0, 4))
ok = np.array([[1, 1, 0], [0, 1, 1]])[:, None, None]
case("Attention", [x, weight, np.zeros(24, np.float32), np.array([2, 3, 0, 1], np.int32)],
     attention(x, weight, none, none, ok), num_heads=2)
case("Attention", [x, weight, np.zeros(24, np.float32), np.array([2, 3] + 6 * [0], np.int32)],
     attention(x, weight, none, none, np.array([[1, 1, 0], [1, 1, 1]])[:, None, None]),
     num_heads=2)
# A buffer of which four entries live, and a mask of all pairs up to time 8.
past = draw(2, 2, 2, 7, 4)
mask = rng.integers(0, 2, (2, 1, 8, 8)).astype(np.int32)
case("Attention", [x, weight, np.zeros(24, np.float32), mask, past, None, np.array([4], np.int32)],
     attention(x, weight, past[0][:, :, :4], past[1][:, :, :4], mask[:, :, 4:7, :7]),
     num_heads=2, past_present_share_buffer=1)
codes = rng.integers(0, 256, (2, 3, 5)).astype(np.uint8)
weights = rng.integers(-128, 128, (5, 24)).astype(np.int8)
case("QAttention", [codes, weights, np.zeros(24, np.float32), np.array(0.02, np.float32),
                    np.array(0.01, np.float32), np.array([2, 3, 0, 1], np.int32),
                    np.array(120, np.uint8), np.array(3, np.int8)],
     attention((codes - 120.0) * 0.02, (weights - 3.0) * 0.01, none, none, ok), num_heads=2)
# A weight with a scale and a zero point for each column, and a past.
past, by = draw(2, 2, 2, 3, 4), rng.uniform(0.005, 0.02, 24).astype(np.float32)
zeros, start = rng.integers(100, 156, 24).astype(np.uint8), draw(24)
weights = rng.integers(0, 256, (5, 24)).astype(np.uint8)
case("QAttention", [codes, weights, start, np.array([0.02], np.float32), by, None,
                    np.array([120], np.uint8), zeros, past],
     attention((codes - 120.0) * 0.02, (weights - zeros.astype(float)) * by, past[0], past[1], 1,
               start), num_heads=2)

# One step for a buffer of six: the past takes four.
q, k, w, keys, values = draw(2, 1, 8), draw(2, 1, 8), draw(2, 1, 8), draw(2, 2, 6, 4), draw(2, 2, 6, 4)
ks = np.concatenate([keys[:, :, :4], split(k + bias[8:16], 2)], 2)
vs = np.concatenate([values[:, :, :4], split(w + bias[16:], 2)], 2)
case("DecoderMaskedMultiHeadAttention",
     [q, k, w, None, None, keys, values, np.array([4], np.int32), None, None, bias],
     merge(softmax(split(q + bias[:8], 2) @ ks.transpose(0, 1, 3, 2) / 2) @ vs), num_heads=2,
     past_present_share_buffer=1)

# Two beams each: an entry of the past is read from the row that wrote it, the fresh one is the row's.
beams = rng.integers(0, 2, (2, 2, 6)).astype(np.int32)


def follow(x, length):
    """What rows of beams see of a past [rows, heads, time, features]."""
    rows, steps = np.arange(4)[:, None], np.arange(length)
    writers = rows // 2 * 2 + beams[rows // 2, rows % 2, steps]
    return x[writers, :, steps].transpose(0, 2, 1, 3)


beams[:, :, 4:] = 7  # Nothing has been written there.
q, k, w, keys, values = draw(4, 1, 8), draw(4, 1, 8), draw(4, 1, 8), draw(4, 2, 6, 4), draw(4, 2, 6, 4)
ks, vs = (np.concatenate([follow(past, 4), split(x, 2)], 2) for past, x in ((keys, k), (values, w)))
case("DecoderMaskedMultiHeadAttention",
     [q, k, w, None, None, keys, values, np.array([4], np.int32), np.array([2], np.int32), beams],
     merge(softmax(split(q, 2) @ ks.transpose(0, 1, 3, 2) / 2) @ vs), num_heads=2,
     past_present_share_buffer=1)
keys, values = keys[:, :, :4], values[:, :, :4]
case("MultiHeadAttention", [q, k, w, None, None, None, keys, values, None, beams[:, :, :4]],
     merge(softmax(split(q, 2) @ ks.transpose(0, 1, 3, 2) / 2) @ vs), num_heads=2)

# Packed and turned; a window; a sink for each head. The second row is two steps long.
x, cosines, sines, sink = draw(2, 4, 16), draw(5, 2), draw(5, 2), draw(2)
q, k, w = split(x[..., :8], 2), x[:, None, :, 8:12], x[:, None, :, 12:]


def turn(h):
    a, b = h[..., :2], h[..., 2:]
    c, s = cosines[:4], sines[:4]
    return np.concatenate([a * c - b * s, b * c + a * s], -1)


scores = 2 * np.tanh(turn(q) @ turn(k).transpose(0, 1, 3, 2) / 2 / 2)
i, j = np.arange(4)[:, None], np.arange(4)
alive = np.stack([(j <= i) & (j > i - 2) & (j < length) for length in (4, 2)])[:, None]
weights = np.exp(scores) * alive
full = weights / (weights.sum(-1, keepdims=True) + np.exp(sink)[:, None, None])
plain = np.exp(scores) * (np.stack([(j <= i) & (j < length) for length in (4, 2)])[:, None])
plain /= plain.sum(-1, keepdims=True) + 1
group = [x, None, None, None, None, np.array([3, 1], np.int32), np.array(4, np.int32), cosines,
         sines]
settings = {"num_heads": 2, "kv_num_heads": 1, "do_rotary": 1, "softcap": 2.0}
case("GroupQueryAttention", group + [None, None, sink], merge(full @ w), local_window_size=2,
     **settings)
case("GroupQueryAttention", group, merge(plain @ w), smooth_softmax=1, **settings)

a, b = draw(3, 2, 6, 4), draw(2, 6, 5, 4)
case("FusedMatMul", [a, b.transpose(2, 0, 1, 3)], a.transpose(1, 2, 0, 3) @ b.transpose(0, 1, 3, 2),
     transBatchA=1, transBatchB=1, transB=1)
a, b = draw(4), draw(4, 5)
case("FusedMatMul", [a, b], a @ b * 0.5, alpha=0.5)
a, c = draw(3, 4), draw(5)
v = a @ b * 0.5 + c
case("FusedGemm", [a, b, c], np.where(v < 0, 0.1 * v, v), alpha=0.5, activation="LeakyRelu",
     activation_alpha=0.1)
x, weight, more = draw(1, 2, 6), draw(3, 2, 1), draw(1, 3, 6)
case("FusedConv", [x, weight, None, more],
     np.clip(np.einsum("nct,oc->not", x, weight[..., 0]) + more, -0.5, 1.5), activation="Clip",
     activation_params=[-0.5, 1.5])

codes = rng.integers(0, 16, (6, 32)).astype(np.uint8)
scale, zeros = draw(6, 2), rng.integers(0, 16, (6, 2)).astype(np.uint8)
rows = np.array([[1, -1], [5, 0]], np.int64)
dense = (codes - zeros.repeat(16, 1).astype(np.float64)) * scale.repeat(16, 1)
case("GatherBlockQuantized", [codes[:, ::2] | codes[:, 1::2] << 4, rows, scale,
                              zeros[:, :1] | zeros[:, 1:] << 4], dense[rows], block_size=16)
codes = rng.integers(-128, 128, (6, 32)).astype(np.int8)
case("GatherBlockQuantized", [codes, rows, scale], (codes * scale.repeat(16, 1))[rows],
     bits=8, block_size=16)
case("DequantizeLinear", [codes, scale[:, 0], codes[:, 0]],
     (codes - codes[:, :1].astype(np.float64)) * scale[:, :1], axis=0)
x = draw(2, 3)
case("Trilu", [x], np.triu(x))

# The state is written at each key and read at each query; a convolution with what came before.
x, k, w, state = draw(1, 3, 4), draw(1, 3, 4), draw(1, 3, 4), draw(1, 2, 2, 2)
held, steps = state.astype(np.float64), []
for t in range(3):
    held = held + k[:, t].reshape(1, 2, 2, 1) * w[:, t].reshape(1, 2, 1, 2)
    steps.append(0.5 * np.einsum("bhk,bhkv->bhv", x[:, t].reshape(1, 2, 2), held).reshape(1, 4))
case("LinearAttention", [x, k, w, state], np.stack(steps, 1), update_rule="linear", q_num_heads=2,
     kv_num_heads=2, scale=0.5)
x, weight, state = draw(1, 2, 4), draw(2, 1, 3), draw(1, 2, 2)
long = np.concatenate([state, x], 2)
v = sum(long[:, :, i:i + 4] * weight[:, 0, i:i + 1] for i in range(3))
case("CausalConvWithState", [x, weight, None, state], v / (1 + np.exp(-v)), activation="silu")

# Only ones in the mask count.
ids, mask = np.array([[1, 0], [2, 2]], np.int32), np.array([[1, 2], [1, 1]], np.int32)
words, places, gamma, beta = draw(3, 4), draw(2, 4), draw(4), draw(4)
v = words[ids] + places
norm = (v - v.mean(-1, keepdims=True)) / np.sqrt(v.var(-1, keepdims=True) + 1e-12)
case("EmbedLayerNormalization", [ids, None, words, places, None, gamma, beta, mask],
     norm * gamma + beta)
outputs["y%d" % len(outputs)] = np.array([1, 2], np.int32)
outputs["y%d" % len(outputs)] = v.astype(np.float32)
first = len(inputs) - 6
nodes[-1] = onnx.node("EmbedLayerNormalization",
                      ["x%d" % first, "", "x%d" % (first + 1), "x%d" % (first + 2), ""]
                      + ["x%d" % (first + i) for i in (3, 4, 5)],
                      ["y%d" % (len(outputs) - i) for i in (3, 2, 1)], domain=DOMAIN)


def write(path, items, feeds, wanted):
    def describe(name, array):
        return onnx.value(name, onnx._TYPES[array.dtype.name], array.shape)
    graph = onnx.graph(items, [describe(*entry) for entry in feeds.items()],
                       [describe(*entry) for entry in wanted.items()])
    with open(path, "wb") as file:
        file.write(onnx.model(graph, domains=[(DOMAIN, 1), ("seqc", 1)]))


folder = os.path.join(sys.argv[1], "values")
data = os.path.join(folder, "test_data_set_0")
os.makedirs(data)
write(os.path.join(folder, "model.onnx"), nodes, inputs, outputs)
for kind, arrays in (("input", inputs), ("output", outputs)):
    for i, (name, array) in enumerate(arrays.items()):
        with open(os.path.join(data, "%s_%d.pb" % (kind, i)), "wb") as file:
            file.write(onnx.tensor(array, name))

x = {"x": draw(1, 3, 4), "matrix": draw(4, 4), "codes": np.zeros((4, 4), np.uint8),
     "beams": np.zeros((1, 2, 3), np.int32)}
for name, operator, feeds, attributes in (
        ("heads", "MultiHeadAttention", ["x", "x", "x"], {"num_heads": 3}),
        ("lengths", "GroupQueryAttention", ["x", "x", "x"], {"num_heads": 2, "kv_num_heads": 2}),
        ("packed", "MultiHeadAttention", ["x"], {"num_heads": 2}),
        ("half", "GroupQueryAttention", ["x", "x", "", "", "", "x", "x"],
         {"num_heads": 2, "kv_num_heads": 2}),
        ("rotated", "Attention", ["x", "matrix"], {"num_heads": 2, "do_rotary": 1}),
        ("beams", "MultiHeadAttention", ["x"] * 3 + [""] * 6 + ["beams"], {"num_heads": 2}),
        ("activation", "FusedGemm", ["matrix", "matrix"], {"activation": "Relu7"}),
        ("cache", "GroupQueryAttention", ["x", "x", "x", "", "", "x", "x"],
         {"num_heads": 2, "kv_num_heads": 2, "k_quant_type": "PER_TENSOR"}),
        ("plane", "CausalConvWithState", ["x", "x"], {"ndim": 2}),
        ("table", "GatherBlockQuantized", ["codes", "codes", "x"], {"bits": 8}),
        ("sizes", "MatMulNBits", ["x", "x", "x"], {"K": 4, "N": 2, "bits": 3, "block_size": 16})):
    write(os.path.join(sys.argv[1], name + ".onnx"),
          [onnx.node(operator, feeds, ["y"], domain=DOMAIN, **attributes)], x,
          {"y": draw(1, 3, 4)})
