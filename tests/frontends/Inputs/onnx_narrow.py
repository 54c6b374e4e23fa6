"""Writes node tests of casts and quantisation to floats of eight bits and four to FOLDER/good, and
checks the messages of wrong models in FOLDER/bad. What is expected comes from a table of all codes.

  onnx_narrow.py FOLDER
"""

import os
import sys

import numpy as np

from onnx_diagnostics import F, check, graph, one, w

rng = np.random.default_rng(9)
# Data type, bits, bits of the mantissa, bias, code of NaN, code of infinity.
FORMATS = {"e4m3fn": (17, 8, 3, 7, 0x7F, None), "e4m3fnuz": (18, 8, 3, 8, 0x80, None),
           "e5m2": (19, 8, 2, 15, 0x7F, 0x7C), "e5m2fnuz": (20, 8, 2, 16, 0x80, None),
           "e2m1": (23, 4, 1, 1, None, None)}


def table(name):
    """The numbers of all codes."""
    _, bits, mantissa, bias, nan, infinity = FORMATS[name]
    numbers = []
    for code in range(1 << bits):
        sign, rest = code >> (bits - 1), code & ((1 << (bits - 1)) - 1)
        exponent, fraction = rest >> mantissa, rest & ((1 << mantissa) - 1)
        number = (fraction / 2 ** mantissa * 2.0 ** (1 - bias) if exponent == 0
                  else (1 + fraction / 2 ** mantissa) * 2.0 ** (exponent - bias))
        if infinity is not None and rest >= infinity:
            number = np.inf if rest == infinity else np.nan
        if nan is not None and (code if nan == 0x80 else rest) == nan:
            number = np.nan
        numbers.append(-number if sign else number)
    return np.array(numbers)


def rounded(name, x, saturate=True):
    """What x becomes: the nearest number of the table, the even code of two."""
    nan, infinity = FORMATS[name][4:]
    codes = table(name)
    finite = [(number, code) for code, number in enumerate(codes) if np.isfinite(number)]
    greatest, least_step = max(finite)[0], None
    below = max(number for number, _ in finite if number < greatest)
    least_step = greatest - below
    result = []
    for value in x.astype(np.float64):
        if np.isnan(value):
            result.append(greatest if nan is None else np.nan)
        elif abs(value) > greatest:
            # Half a step further on would be the next number, if there were one; a tie is even
            # if the greatest code is.
            odd = [code for number, code in finite if number == greatest][0] & 1
            huge = abs(value) > greatest + least_step / 2 or (
                abs(value) == greatest + least_step / 2 and odd)
            if not huge or saturate or nan is None:
                result.append(np.copysign(greatest, value))
            else:
                result.append(np.nan if infinity is None else np.copysign(np.inf, value))
        else:
            result.append(min(finite, key=lambda pair: (abs(pair[0] - value), pair[1] & 1))[0])
    return np.array(result, np.float32)


def samples(name):
    numbers = table(name)
    numbers = np.unique(numbers[np.isfinite(numbers)])
    middles = (numbers[1:] + numbers[:-1]) / 2
    greatest = numbers[-1]
    step = greatest - numbers[-2]
    more = [np.nan, np.inf, -np.inf, greatest + step / 2, greatest + step * 0.49,
            -greatest - step * 0.51, 1e30, 1e-30, -1e-30, 0.0, 3e38]
    return np.concatenate([numbers, middles, middles * 1.0001, rng.standard_normal(50) * 3,
                           more]).astype(np.float32)


def write(name, nodes, x, y, initializers=None):
    folder = os.path.join(sys.argv[1], "good", name, "test_data_set_0")
    os.makedirs(folder, exist_ok=True)
    content = w.graph(nodes, [w.value("x", F, x.shape)], [w.value("y", F, y.shape)], initializers)
    with open(os.path.join(folder, "..", "model.onnx"), "wb") as file:
        file.write(w.model(content, opset=24))
    for kind, array in (("input", x), ("output", y)):
        with open(os.path.join(folder, f"{kind}_0.pb"), "wb") as file:
            file.write(w.tensor(array, kind))


def packed(name, codes, shape):
    """A TensorProto of codes."""
    number, bits = FORMATS[name][:2]
    raw = bytes(codes)
    if bits == 4:
        codes = list(codes) + [0] * (len(codes) % 2)
        raw = bytes(a | b << 4 for a, b in zip(codes[::2], codes[1::2]))
    return (b"".join(w._field(1, extent) for extent in shape) + w._field(2, number)
            + w._field(8, "codes") + w._field(9, raw))


def casts():
    for name, (number, bits, *_) in FORMATS.items():
        x = samples(name)
        for saturate in (1, 0):
            write(f"cast_{name}_{saturate}",
                  [w.node("Cast", ["x"], ["q"], to=number, saturate=saturate),
                   w.node("Transpose", ["q"], ["t"], perm=[0]),
                   w.node("Cast", ["t"], ["y"], to=F)], x, rounded(name, x, bool(saturate)))
        codes = list(range(1 << bits))[:-1]
        numbers = table(name)[:-1].astype(np.float32)
        finite = np.where(np.isfinite(numbers), numbers, 0)
        given = [0 if not np.isfinite(n) else code for n, code in zip(numbers, codes)]
        scale = np.array(0.25, np.float32)
        x = rng.standard_normal(len(codes)).astype(np.float32)
        write(f"dequantize_{name}", [w.node("DequantizeLinear", ["codes", "scale"], ["d"]),
                                     w.node("Mul", ["d", "x"], ["y"])], x, finite * scale * x,
              {"codes": packed(name, given, [len(given)]), "scale": scale})
        x = rng.standard_normal((3, 4)).astype(np.float32) * 4
        scales = np.array([0.5, 0.25, 0.125, 1], np.float32)
        y = rounded(name, (x / scales).reshape(-1)).reshape(3, 4) * scales
        write(f"quantize_{name}",
              [w.node("QuantizeLinear", ["x", "scale"], ["q"], axis=1, output_dtype=number),
               w.node("DequantizeLinear", ["q", "scale"], ["y"], axis=1)], x, y,
              {"scale": scales})


def wrong():
    """(name, exit code, part of the message, model)"""
    cast = [w.node("Cast", ["x"], ["q"], to=17)]
    yield "add", 3, "(Add, opset 21): an input of float8e4m3fn is not supported", w.model(
        graph([*cast, w.node("Add", ["q", "q"], ["s"], name="n"),
               w.node("Cast", ["s"], ["y"], to=F)], {"x": (F, [2])}))
    yield "scales", 3, "a cast to float8e8m0 is not supported", one("Cast", {"x": (F, [2])}, to=24)


if __name__ == "__main__":
    casts()
    sys.exit(check(wrong(), os.path.join(sys.argv[1], "bad")))
