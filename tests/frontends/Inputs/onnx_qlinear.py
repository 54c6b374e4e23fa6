"""Writes node tests of com.microsoft's quantised operators with the results of numpy into
FOLDER/good, and checks the messages of wrong models in FOLDER/bad.

  onnx_qlinear.py FOLDER
"""

import os
import sys

import numpy as np

from onnx_diagnostics import F, check, one, w

rng = np.random.default_rng(5)
TYPES = {"float32": w.FLOAT, "uint8": w.UINT8, "int8": w.INT8, "int32": w.INT32}
DOMAIN = "com.microsoft"
U, S = w.UINT8, w.INT8


def case(name, operator, feeds, wanted, **attributes):
    folder = os.path.join(sys.argv[1], "good", name, "test_data_set_0")
    os.makedirs(folder, exist_ok=True)
    names = [f"x{i}" if feed is not None else "" for i, feed in enumerate(feeds)]
    given = [(n, feed) for n, feed in zip(names, feeds) if n]
    outputs = [f"y{i}" for i in range(len(wanted))]
    content = w.graph([w.node(operator, names, outputs, name="n", domain=DOMAIN, **attributes)],
                      [w.value(n, TYPES[feed.dtype.name], feed.shape) for n, feed in given],
                      [w.value(n, TYPES[array.dtype.name], [None] * array.ndim)
                       for n, array in zip(outputs, wanted)])
    with open(os.path.join(folder, "..", "model.onnx"), "wb") as file:
        file.write(w.model(content, domains=[(DOMAIN, 1)]))
    for kind, arrays in (("input", [feed for _, feed in given]), ("output", wanted)):
        for i, array in enumerate(arrays):
            with open(os.path.join(folder, f"{kind}_{i}.pb"), "wb") as file:
                file.write(w.tensor(np.asarray(array, order="C"), f"{kind}{i}"))


def quantized(*shape, dtype=np.uint8):
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max + 1, shape).astype(dtype)


def scale(value):
    return np.float32(value)


def real(x, by, zero):
    return (x.astype(np.float64) - (0 if zero is None else float(zero))) * float(by)


def rounded(y, by, zero, dtype):
    """Scales are no ties: steps of the inputs never meet the middle of two results."""
    limits = np.iinfo(dtype)
    y = np.rint(y / float(by)) + (0 if zero is None else float(zero))
    return np.clip(y, limits.min, limits.max).astype(dtype)


def elementwise():
    for dtype, za, zb, zy in ((np.uint8, 120, 7, 99), (np.int8, -3, None, 11)):
        a, b = quantized(2, 3, 4, dtype=dtype), quantized(3, 1, dtype=dtype)
        parameters = [None if z is None else np.array(z, dtype) for z in (za, zb, zy)]
        feeds = [a, scale(0.031), parameters[0], b, scale(0.017), parameters[1], scale(0.0437),
                 parameters[2]]
        x, y = real(a, scale(0.031), za), real(b, scale(0.017), zb)
        name = np.dtype(dtype).name
        case(f"add_{name}", "QLinearAdd", feeds, [rounded(x + y, scale(0.0437), zy, dtype)])
        case(f"mul_{name}", "QLinearMul", feeds, [rounded(x * y, scale(0.0437), zy, dtype)])
        unary = [a, scale(0.031), parameters[0], scale(0.0071), parameters[2]]
        case(f"sigmoid_{name}", "QLinearSigmoid", unary,
             [rounded(1 / (1 + np.exp(-x)), scale(0.0071), zy, dtype)])
        case(f"leaky_{name}", "QLinearLeakyRelu", unary,
             [rounded(np.where(x < 0, 0.2 * x, x), scale(0.0071), zy, dtype)], alpha=0.2)
        for opset, dims in ((13, 1), (11, (1, 2))):
            e = np.exp(x - x.max(dims, keepdims=True))
            case(f"softmax_{name}_{opset}", "QLinearSoftmax", unary,
                 [rounded(e / e.sum(dims, keepdims=True), scale(0.0071), zy, dtype)], axis=1,
                 opset=opset)
        c = quantized(2, 5, 4, dtype=dtype)
        joined = np.concatenate([x, real(c, scale(0.011), zb)], 1)
        case(f"concat_{name}", "QLinearConcat",
             [scale(0.0253), parameters[2], a, scale(0.031), parameters[0], c, scale(0.011),
              parameters[1]], [rounded(joined, scale(0.0253), zy, dtype)], axis=1)


def products():
    for turn_a, turn_b, columns in ((0, 0, True), (1, 1, True), (0, 1, False)):
        a, b = quantized(*((6, 3) if turn_a else (3, 6))), quantized(
            *((5, 6) if turn_b else (6, 5)), dtype=np.int8)
        za = np.uint8(131)
        sb = (np.linspace(0.01, 0.02, 5) if columns else np.array(0.013)).astype(np.float32)
        zb = (rng.integers(-9, 9, 5) if columns else np.array(4)).astype(np.int8)
        bias = rng.integers(-900, 900, 5).astype(np.int32)
        left = a.astype(np.float64) - 131
        right = b.astype(np.float64) - (zb[:, None] if turn_b and columns else zb)
        y = ((left.T if turn_a else left) @ (right.T if turn_b else right) + bias) * (
            float(scale(0.02)) * sb.astype(np.float64) * 0.5)
        feeds = [a, scale(0.02), za, b, sb, zb, bias]
        extra = {"transA": turn_a, "transB": turn_b, "alpha": 0.5}
        case(f"gemm_{turn_a}{turn_b}", "QGemm", feeds + [scale(0.37), np.uint8(100)],
             [rounded(y, scale(0.37), 100, np.uint8)], **extra)
        case(f"gemm_float_{turn_a}{turn_b}", "QGemm", feeds, [y.astype(np.float32)], **extra)


def lstm():
    time, batch, features, hidden = 3, 2, 4, 5

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    for columns in (False, True):
        x = rng.standard_normal((time, batch, features)).astype(np.float32)
        weights, reals = [], []
        for rows in (features, hidden):
            weight = quantized(2, rows, 4 * hidden, dtype=np.int8)
            shape = (2, 4 * hidden) if columns else (2,)
            by = rng.uniform(0.002, 0.006, shape).astype(np.float32)
            zero = rng.integers(-4, 4, shape).astype(np.int8)
            wide = (2, 1, 4 * hidden) if columns else (2, 1, 1)
            reals.append((weight - zero.reshape(wide).astype(np.float64))
                         * by.reshape(wide).astype(np.float64))
            weights.append((weight, by, zero))
        bias = rng.standard_normal((2, 8 * hidden)).astype(np.float32)
        y, states, cells = (np.zeros((time, 2, batch, hidden)), np.zeros((2, batch, hidden)),
                            np.zeros((2, batch, hidden)))
        for d in range(2):
            h, c = states[d], cells[d]
            for t in range(time)[::-1 if d else 1]:
                gates = (x[t] @ reals[0][d] + h @ reals[1][d] + bias[d, :4 * hidden]
                         + bias[d, 4 * hidden:])
                i, o, f, g = np.split(gates, 4, -1)
                c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
                h = sigmoid(o) * np.tanh(c)
                y[t, d] = h
            states[d], cells[d] = h, c
        case(f"lstm_{'columns' if columns else 'whole'}", "DynamicQuantizeLSTM",
             [x, weights[0][0], weights[1][0], bias, None, None, None, None, *weights[0][1:],
              *weights[1][1:]], [array.astype(np.float32) for array in (y, states, cells)],
             direction="bidirectional", hidden_size=hidden)


def wrong():
    """(name, exit code, part of the message, model)"""
    def model(operator, inputs, **attributes):
        return one(operator, inputs, domain=DOMAIN, **attributes)

    unary = {"x": (U, [2, 3]), "s": (F, []), "z": (U, [])}
    result = {"t": (F, []), "u": (U, [])}
    yield "type", 2, "a quantised input is float; required is uint8 or int8", model(
        "QLinearSigmoid", {**unary, "x": (F, [2, 3]), **result})
    yield "scale", 2, "input 3 is missing; required is a scale", model("QLinearSigmoid", unary)
    yield "operand", 2, "input 3 is missing; required is a tensor", model("QLinearAdd", unary)
    yield "zero", 2, "a scale or zero point is int8; required is uint8", model(
        "QLinearSigmoid", {**unary, "z": (S, []), **result})
    yield "many", 2, "a scale or zero point is not one number", model(
        "QLinearSigmoid", {**unary, "s": (F, [3]), **result})
    pair = {"b": (U, [2, 4]), "sb": (F, []), "zb": (U, [])}
    yield "broadcast", 2, "have extents 3 and 4 in one dimension", model(
        "QLinearMul", {**unary, **pair, **result})
    yield "concat-count", 2, "it has 6 inputs; required are 2 and 3 for each tensor", model(
        "QLinearConcat", {**result, **unary, "b": (U, [2, 4])}, axis=1)
    yield "concat-rank", 2, "its inputs have ranks 2 and 1; required is one rank", model(
        "QLinearConcat", {**result, **unary, **pair, "b": (U, [2])}, axis=1)
    yield "concat-extent", 2, "an extent of an input is 4; required is 3", model(
        "QLinearConcat", {**result, **unary, **pair}, axis=0)
    factor = {"b": (U, [3, 4]), "sb": (F, []), "zb": (U, [])}
    yield "gemm-rank", 2, "its factors have ranks 2 and 3; required is 2", model(
        "QGemm", {**unary, **factor, "b": (U, [1, 3, 4])})
    yield "gemm-inner", 2, "the inner extent of its second factor is 2; required is 3", model(
        "QGemm", {**unary, **pair})
    yield "gemm-bias", 2, "its bias is float; required is int32", model(
        "QGemm", {**unary, **factor, "c": (F, [4])})
    yield "gemm-bias-rank", 2, "its bias has rank 3; required is at most 2", model(
        "QGemm", {**unary, **factor, "c": (w.INT32, [1, 2, 4])})
    yield "gemm-scales", 2, "the number of scales or zero points is 3; required is 4", model(
        "QGemm", {**unary, **factor, "sb": (F, [3])})

    bits = {"x": (F, [2, 16]), "w": (U, [3, 1, 8]), "s": (F, [3]), "z": (U, [3])}
    sizes = {"K": 16, "N": 3, "block_size": 16}
    yield "groups-type", 2, "its order of groups is float; required is int32", model(
        "MatMulNBits", {**bits, "g": (F, [16])}, **sizes)
    yield "groups", 2, "its order of groups does not have the 16 elements", model(
        "MatMulNBits", {**bits, "g": (w.INT32, [4])}, **sizes)

    heads = {"x": (U, [1, 3, 4]), "w": (S, [4, 24]), "b": (F, [24]), "sx": (F, []), "sw": (F, [])}
    yield "attention-type", 2, "its input is float, its weight int8; required are int8 or uint8", model(
        "QAttention", {**heads, "x": (F, [1, 3, 4])}, num_heads=2)
    yield "attention-scale", 2, "input 3 has rank 1; required is one number", model(
        "QAttention", {**heads, "sx": (F, [24])}, num_heads=2)
    yield "attention-bias", 2, "input 2 has rank 2; required is one for each column", model(
        "QAttention", {**heads, "b": (F, [1, 24])}, num_heads=2)
    yield "attention-columns", 2, "the number of entries of input 4 is 23; required is 24", model(
        "QAttention", {**heads, "sw": (F, [23])}, num_heads=2)

    def lstm_inputs(**changes):
        names = ("x", "w", "r", "b", "l", "h", "c", "p", "ws", "wz", "rs", "rz")
        types = {"x": (F, [3, 2, 4]), "w": (S, [1, 4, 20]), "r": (S, [1, 5, 20]), "b": (F, [1, 40]),
                 "l": (w.INT32, [2]), "h": (F, [1, 2, 5]), "c": (F, [1, 2, 5]), "p": (F, [1, 15]),
                 "ws": (F, [1]), "wz": (S, [1]), "rs": (F, [1]), "rz": (S, [1])}
        types.update(changes)
        return {name: types[name] for name in names if types[name]}

    yield "lstm-scale", 2, "input 2 has no scale or no zero point; required are both", model(
        "DynamicQuantizeLSTM", lstm_inputs(rz=None), hidden_size=5)
    yield "lstm-type", 2, "input 1 is float of rank 3; required is uint8 or int8 of rank 3", model(
        "DynamicQuantizeLSTM", lstm_inputs(w=(F, [1, 4, 20])), hidden_size=5)
    yield "lstm-zero", 2, "a scale or zero point of input 1 is uint8 of rank 1", model(
        "DynamicQuantizeLSTM", lstm_inputs(wz=(U, [1])), hidden_size=5)
    yield "lstm-columns", 2, "an extent of a scale or zero point is 19; required is 20", model(
        "DynamicQuantizeLSTM", lstm_inputs(ws=(F, [1, 19])), hidden_size=5)


if __name__ == "__main__":
    elementwise()
    products()
    lstm()
    sys.exit(check(wrong(), os.path.join(sys.argv[1], "bad")))
