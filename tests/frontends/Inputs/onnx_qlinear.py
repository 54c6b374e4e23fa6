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


def case(name, operator, feeds, wanted, fixed=(), **attributes):
    """Those of `feeds` whose numbers are in `fixed` are initializers."""
    folder = os.path.join(sys.argv[1], "good", name, "test_data_set_0")
    os.makedirs(folder, exist_ok=True)
    names = [f"x{i}" if feed is not None else "" for i, feed in enumerate(feeds)]
    given = [(n, feed) for i, (n, feed) in enumerate(zip(names, feeds)) if n and i not in fixed]
    weights = {n: feed for i, (n, feed) in enumerate(zip(names, feeds)) if n and i in fixed}
    outputs = [f"y{i}" for i in range(len(wanted))]
    content = w.graph([w.node(operator, names, outputs, name="n", domain=DOMAIN, **attributes)],
                      [w.value(n, TYPES[feed.dtype.name], feed.shape) for n, feed in given],
                      [w.value(n, TYPES[array.dtype.name], [None] * array.ndim)
                       for n, array in zip(outputs, wanted)], weights)
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


def bytes_of(a):
    """What rounding by the range of all elements leaves, and the scale."""
    a = a.astype(np.float32)
    low, high = min(a.min(initial=0), np.float32(0)), max(a.max(initial=0), np.float32(0))
    step = np.float32((high - low) / np.float32(255)) or np.float32(1)
    zero = np.rint(-low / step)
    return (np.clip(np.rint(a / step) + zero, 0, 255) - zero).astype(np.float64), float(step)


def lstm(name, columns, kind=np.int8, zeros=True, lengths=None, sizes=(3, 2, 4, 128), states=False):
    """Both directions; a row's steps are its first ones, the last of them first in reverse."""
    time, batch, features, hidden = sizes

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    # Small layers are exact.
    rounded_to = bytes_of if 4 * hidden * (features + hidden) >= 65536 else lambda a: (a.astype(np.float64), 1.0)
    x = rng.standard_normal((time, batch, features)).astype(np.float32)
    weights, reals, scales = [], [], []
    middle = 0 if kind == np.int8 else 128
    for rows in (features, hidden):
        weight = quantized(2, rows, 4 * hidden, dtype=kind)
        shape = (2, 4 * hidden) if columns else (2,)
        by = rng.uniform(0.002, 0.006, shape).astype(np.float32)
        zero = (middle + (rng.integers(-4, 4, shape) if zeros else np.zeros(shape))).astype(kind)
        wide = (2, 1, 4 * hidden) if columns else (2, 1, 1)
        reals.append(weight - zero.reshape(wide).astype(np.float64))
        scales.append(by.reshape(wide).astype(np.float64)[:, 0])
        weights.append((weight, by, zero))
    bias = rng.standard_normal((2, 8 * hidden)).astype(np.float32)
    starts = [rng.standard_normal((2, batch, hidden)).astype(np.float32) if states else None
              for _ in range(2)]
    y = np.zeros((time, 2, batch, hidden))
    last = [np.zeros((2, batch, hidden)) if s is None else s.astype(np.float64) for s in starts]
    inputs, step = rounded_to(x)
    own = np.full(batch, time) if lengths is None else np.array(lengths)
    for d in range(2):
        h, c = last[0][d], last[1][d]
        for n in range(time):
            rows = np.flatnonzero(n < own)
            if not rows.size:
                break
            t = own[rows] - 1 - n if d else np.full(rows.size, n)
            state, by = rounded_to(h[rows])
            gates = (inputs[t, rows] @ reals[0][d] * (step * scales[0][d])
                     + state @ reals[1][d] * (by * scales[1][d])
                     + bias[d, :4 * hidden] + bias[d, 4 * hidden:])
            i, o, f, g = np.split(gates, 4, -1)
            c[rows] = sigmoid(f) * c[rows] + sigmoid(i) * np.tanh(g)
            h[rows] = sigmoid(o) * np.tanh(c[rows])
            y[t, d, rows] = h[rows]
    case(f"lstm_{name}", "DynamicQuantizeLSTM",
         [x, weights[0][0], weights[1][0], bias, None if lengths is None else np.array(lengths, np.int32),
          starts[0], starts[1], None, *weights[0][1:], *weights[1][1:]],
         [array.astype(np.float32) for array in (y, *last)], fixed=(1, 2, 8, 9, 10, 11),
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
    yield "gemm-rank", 2, "input 3 has rank 3; required is 2", model(
        "QGemm", {**unary, **factor, "b": (U, [1, 3, 4])})
    yield "gemm-inner", 2, "the inner extent of its second factor is 2; required is 3", model(
        "QGemm", {**unary, **pair})
    yield "gemm-bias", 2, "input 6 is float; required is int32", model(
        "QGemm", {**unary, **factor, "c": (F, [4])})
    yield "gemm-bias-rank", 2, "input 6 has rank 3; required is at most 2", model(
        "QGemm", {**unary, **factor, "c": (w.INT32, [1, 2, 4])})
    yield "gemm-scales", 2, "the number of scales or zero points is 3; required is 4", model(
        "QGemm", {**unary, **factor, "sb": (F, [3])})

    bits = {"x": (F, [2, 16]), "w": (U, [3, 1, 8]), "s": (F, [3]), "z": (U, [3])}
    sizes = {"K": 16, "N": 3, "block_size": 16}
    yield "groups-type", 2, "input 4 is float; required is int32", model(
        "MatMulNBits", {**bits, "g": (F, [16])}, **sizes)
    yield "groups", 2, "its order of groups does not have the 16 elements", model(
        "MatMulNBits", {**bits, "g": (w.INT32, [4])}, **sizes)

    heads = {"x": (U, [1, 3, 4]), "w": (S, [4, 24]), "b": (F, [24]), "sx": (F, []), "sw": (F, [])}
    yield "attention-type", 2, "input 0 is float; required is uint8 or int8", model(
        "QAttention", {**heads, "x": (F, [1, 3, 4])}, num_heads=2)
    yield "attention-scale", 2, "input 3 has rank 1; required is one number", model(
        "QAttention", {**heads, "sx": (F, [24])}, num_heads=2)
    yield "attention-bias", 2, "input 2 has rank 2; required is 1", model(
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
    yield "lstm-input", 2, "input 0 is uint8; required is float", model(
        "DynamicQuantizeLSTM", lstm_inputs(x=(U, [3, 2, 4])), hidden_size=5)
    yield "lstm-open", 3, "weights of dynamic shape are not supported", model(
        "DynamicQuantizeLSTM", lstm_inputs(ws=(F, [None]), w=(S, [None, 4, 20])), hidden_size=5)
    yield "lstm-type", 2, "input 1 is float; required is uint8 or int8", model(
        "DynamicQuantizeLSTM", lstm_inputs(w=(F, [1, 4, 20])), hidden_size=5)
    yield "lstm-zero", 2, "inputs 1 and 9 are int8 and uint8; required is one type", model(
        "DynamicQuantizeLSTM", lstm_inputs(wz=(U, [1])), hidden_size=5)
    yield "lstm-columns", 2, "an extent of a scale or zero point is 19; required is 20", model(
        "DynamicQuantizeLSTM", lstm_inputs(ws=(F, [1, 19])), hidden_size=5)


if __name__ == "__main__":
    elementwise()
    products()
    lstm("small", True, lengths=(2, 3), sizes=(3, 2, 4, 5))
    lstm("whole", False)
    lstm("columns", True)
    lstm("unsigned", True, kind=np.uint8)
    lstm("lengths", True, zeros=False, lengths=(2, 5, 0, 3), sizes=(5, 4, 9, 128), states=True)
    lstm("wide", False, zeros=False, sizes=(7, 3, 33, 144))
    sys.exit(check(wrong(), os.path.join(sys.argv[1], "bad")))
