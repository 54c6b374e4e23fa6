"""Writes node tests for products, recurrent layers and normalization: one graph of many nodes each,
and float64 results. The argument is the folder; models with one fault each go there too."""

import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../support"))
import onnx_writer as onnx  # noqa: E402
from onnx_reductions import Case  # noqa: E402

rng = np.random.default_rng(11)


def draw(*shape):
    return rng.uniform(-1, 1, shape).astype(np.float32)


def single(exact):
    return np.asarray(exact).astype(np.float32)


def products(folder):
    case = Case()
    shapes = {"v": [3], "m": [2, 3], "w": [3, 4], "u": [4, 3], "b": [2, 1, 2, 3], "d": [5, 3, 4],
              "e": [2, 5, 4, 3], "f": [3, 3], "c": [4], "g": [1, 5, 3, 4], "z": [0, 3]}
    x = {name: draw(*shape) for name, shape in shapes.items()}
    for name, array in x.items():
        case.feed(name, array)
    case.constant("k", draw(3, 4))
    x["k"] = case.constants["k"]
    wide = {name: array.astype(np.float64) for name, array in x.items()}
    for a, b in "vv vw mv mw bw bk bd ev vd ew bg zk".split():
        case.add("MatMul", [a, b], [single(wide[a] @ wide[b])])
    case.add("Gemm", ["m", "u", "c"], [single(0.5 * wide["m"] @ wide["u"].T - 2 * wide["c"])],
             alpha=0.5, beta=-2.0, transB=1)
    case.add("Gemm", ["w", "v2"], [single(wide["w"].T @ wide["w"])], transA=1)
    case.nodes.insert(0, onnx.node("Identity", ["w"], ["v2"]))
    for equation, names in (("ij,jk->ik", "mw"), ("ij,jk", "mw"), ("ii->i", "f"), ("ii", "f"),
                            ("...ij,...jk->...ik", "bg"), ("ij,jk,k->i", "mwc"),
                            ("bchw->cwbh", "b"), ("i,j->ji", "vc"), ("ij,ij->j", "mm"),
                            ("abij,cjk->kac", "bd"), ("i...->...", "d")):
        operands = [wide[name] for name in names]
        case.add("Einsum", list(names), [single(np.einsum(equation, *operands))],
                 equation=equation)
    integers = rng.integers(-5, 5, (2, 3))
    case.feed("i", integers)
    case.add("MatMul", ["i", "i3"], [integers @ integers.T])
    case.nodes.insert(0, onnx.node("Transpose", ["i"], ["i3"]))
    case.write(os.path.join(folder, "products"), 14)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, w, r, b, lengths, h0, c0, p, clip):
    """One direction over [T, B, I]; steps beyond a length keep the state."""
    size, h, c = r.shape[1], h0, c0
    outputs = []
    for t in range(len(x)):
        gates = x[t] @ w.T + h @ r.T + b[:4 * size] + b[4 * size:]
        i, o, f, g = np.split(gates, 4, axis=1)
        pi, po, pf = np.split(p, 3)
        cut = lambda a: np.clip(a, -clip, clip)  # noqa: E731
        new = sigmoid(cut(f + pf * c)) * c + sigmoid(cut(i + pi * c)) * np.tanh(cut(g))
        live = (t < lengths)[:, None]
        state = sigmoid(cut(o + po * new)) * np.tanh(cut(new))
        h, c = np.where(live, state, h), np.where(live, new, c)
        outputs.append(np.where(live, state, 0))
    return np.stack(outputs), h, c


def recurrent(folder):
    case = Case()
    steps, batch, features, size = 4, 3, 2, 3
    x, w, r = draw(steps, batch, features), draw(1, 12, features), draw(1, 12, size)
    b, h0, c0, p = draw(1, 24), draw(1, batch, size), draw(1, batch, size), draw(1, 9)
    lengths = np.array([4, 2, 1], np.int32)
    y, h, c = lstm(*(a.astype(np.float64) for a in (x, w[0], r[0], b[0])), lengths, h0[0], c0[0],
                   p[0], 0.8)
    wanted = [single(y[:, None]), single(h[None]), single(c[None])]
    case.feed("x", x, ["t", "n", features])
    case.feed("lengths", lengths, ["n"])
    case.feed("h0", h0, [1, "n", size])
    for name, array in (("w", w), ("r", r), ("b", b), ("c0", c0), ("p", p)):
        case.constant(name, array)
    case.add("LSTM", ["x", "w", "r", "b", "lengths", "h0", "c0", "p"], wanted, clip=0.8,
             hidden_size=size)
    # Batch first; the default functions by name.
    case.feed("xb", x.swapaxes(0, 1), ["n", "t", features])
    case.feed("hb", h0.swapaxes(0, 1), ["n", 1, size])
    case.constant("cb", c0.swapaxes(0, 1))
    case.add("LSTM", ["xb", "w", "r", "b", "lengths", "hb", "cb", "p"],
             [wanted[0].transpose(2, 0, 1, 3), wanted[1].swapaxes(0, 1),
              wanted[2].swapaxes(0, 1)],
             clip=0.8, hidden_size=size, layout=1, activations=["Sigmoid", "Tanh", "tanh"])
    # Factors that no activation takes are ignored.
    state, outputs = np.zeros((batch, size)), []
    for t in range(steps):
        state = x[t] @ w[0, :3].T + state @ r[0, :3].T
        state = np.where(state < 0, 0.3 * state, state)
        outputs.append(state)
    case.constant("w1", w[:, :3])
    case.constant("r1", r[:, :3])
    case.add("RNN", ["x", "w1", "r1"], [single(np.stack(outputs)[:, None]), single(state[None])],
             hidden_size=size, activations=["LeakyRelu"], activation_alpha=[0.3, 0.5])
    case.write(os.path.join(folder, "recurrent"), 14)


def normalization(folder):
    case = Case()
    x, s, b = draw(2, 4, 3), draw(4), draw(4)
    case.feed("x", x, ["n", "c", "t"])
    case.feed("s", s)
    case.feed("b", b)
    case.feed("l", draw(3))
    x, s, b, last = (a.astype(np.float64) for a in (x, s, b, case.inputs[-1][1]))

    def norm(x, axes, epsilon=1e-5):
        mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
        return (x - mean) / np.sqrt(var + epsilon)

    per = (slice(None), None)
    root = 1 / np.sqrt(x.var(2, keepdims=True) + 1e-5)
    case.add("LayerNormalization", ["x", "l", "l"],
             [single(norm(x, 2) * last + last), single(x.mean(2, keepdims=True)), single(root)])
    case.add("LayerNormalization", ["x", "l"], [single(norm(x, (1, 2), 0.1) * last)], axis=1,
             epsilon=0.1)
    mean = np.sqrt((x * x).mean(2, keepdims=True) + 1e-5)
    case.add("RMSNormalization", ["x", "l"], [single(x / mean * last)])
    case.add("InstanceNormalization", ["x", "s", "b"], [single(norm(x, 2) * s[per] + b[per])])
    grouped = norm(x.reshape(2, 2, 2, 3), (2, 3)).reshape(x.shape)
    case.add("GroupNormalization", ["x", "s", "b"], [single(grouped * s[per] + b[per])],
             num_groups=2)
    case.add("BatchNormalization", ["x", "s", "b", "s", "v"],
             [single((x - s[per]) / np.sqrt(np.abs(b[per]) + 1e-5) * s[per] + b[per])])
    case.feed("v", single(np.abs(b)))
    case.add("BatchNormalization", ["x", "s", "b", "s", "v"],
             [single(norm(x, (0, 2)) * s[per] + b[per]),
              single(0.25 * s + 0.75 * x.mean((0, 2))),
              single(0.25 * np.abs(b) + 0.75 * x.var((0, 2)))],
             training_mode=1, momentum=0.25)
    case.add("LpNormalization", ["x"], [single(x / abs(x).sum(1, keepdims=True))], axis=1, p=1)
    case.add("MeanVarianceNormalization", ["x"], [single(norm(x, (0, 2), 0))], axes=[0, -1])
    case.write(os.path.join(folder, "normalization"), 23)


def faults(folder):
    F = onnx.FLOAT

    def write(name, operator, shapes, kinds=(), **attributes):
        names = ["x%d" % i for i in range(len(shapes))]
        inputs = [onnx.value(key, kinds[i] if i < len(kinds) else F, shape)
                  for i, (key, shape) in enumerate(zip(names, shapes))]
        content = onnx.graph([onnx.node(operator, names, ["y"], **attributes)], inputs,
                             [onnx.value("y", F, [None])])
        with open(os.path.join(folder, name + ".onnx"), "wb") as file:
            file.write(onnx.model(content, opset=23))

    rnn = [[4, 3, 2], [1, 5, 2], [1, 5, 5]]
    write("01", "MatMul", [[2, 3], [4, 5]])
    write("02", "MatMul", [[2, 3], []])
    write("03", "MatMul", [[2, 3], [3]], [F, onnx.DOUBLE])
    write("04", "Gemm", [[2, 3], [3]])
    write("05", "Gemm", [[2, 3], [3, 4], [1, 2, 4]])
    write("06", "Gemm", [[2, 3], [3, 4]], [F, onnx.DOUBLE])
    write("07", "Einsum", [[2, 3]], equation="ij,jk")
    write("08", "Einsum", [[2, 3]], equation="ijk")
    write("09", "Einsum", [[2, 3]], equation="ij->ik")
    write("10", "Einsum", [[2, 3]], equation="ii")
    write("11", "RNN", rnn, direction="up")
    write("12", "RNN", rnn, clip=-1.0)
    write("13", "RNN", rnn, activations=["Tanh", "Tanh"])
    write("14", "RNN", rnn[:2] + [[1, 5, 4]], hidden_size=5)
    write("15", "RNN", rnn, [onnx.INT32])
    write("16", "RNN", rnn + [[1, 10], [3]], [F, F, F, F, onnx.INT8])
    write("17", "InstanceNormalization", [[1, 3, 2], [4], [3]])
    write("18", "GroupNormalization", [[1, 3, 2], [3], [3]], num_groups=2)
    write("19", "LpNormalization", [[3]], p=3)
    write("20", "LpNormalization", [[3]], [onnx.INT32])
    write("gap1", "RNN", rnn, activations=["Sine"])
    write("gap2", "RNN", [[4, 3, None], [None] * 3, [None] * 3])
    write("gap3", "LayerNormalization", [[2, 3], [3]], stash_type=7)


if __name__ == "__main__":
    products(sys.argv[1])
    recurrent(sys.argv[1])
    normalization(sys.argv[1])
    faults(sys.argv[1])
