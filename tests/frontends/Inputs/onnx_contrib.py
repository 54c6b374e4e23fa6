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


def write(path, items, feeds, wanted):
    def describe(name, array):
        return onnx.value(name, onnx._TYPES[array.dtype.name], array.shape)
    graph = onnx.graph(items, [describe(*entry) for entry in feeds.items()],
                       [describe(*entry) for entry in wanted.items()])
    with open(path, "wb") as file:
        file.write(onnx.model(graph, domains=[(DOMAIN, 1)]))


folder = os.path.join(sys.argv[1], "values")
data = os.path.join(folder, "test_data_set_0")
os.makedirs(data)
write(os.path.join(folder, "model.onnx"), nodes, inputs, outputs)
for kind, arrays in (("input", inputs), ("output", outputs)):
    for i, (name, array) in enumerate(arrays.items()):
        with open(os.path.join(data, "%s_%d.pb" % (kind, i)), "wb") as file:
            file.write(onnx.tensor(array, name))

x = {"x": draw(1, 3, 4)}
for name, operator, feeds, attributes in (
        ("heads", "MultiHeadAttention", ["x", "x", "x"], {"num_heads": 3}),
        ("lengths", "GroupQueryAttention", ["x", "x", "x"], {"num_heads": 2, "kv_num_heads": 2}),
        ("packed", "MultiHeadAttention", ["x"], {"num_heads": 2}),
        ("sizes", "MatMulNBits", ["x", "x", "x"], {"K": 4, "N": 2, "bits": 3, "block_size": 16})):
    write(os.path.join(sys.argv[1], name + ".onnx"),
          [onnx.node(operator, feeds, ["y"], domain=DOMAIN, **attributes)], x,
          {"y": draw(1, 3, 4)})
