"""Writes models that dequantise both factors of a product, with the results of float64 by the
operators' definitions, into FOLDER: kinds of bytes, scales and zero points for a tensor and for
columns, weights of both layouts, rows of several dimensions, and blocks that products cannot use.

  onnx_qdq.py FOLDER
"""

import os
import sys

import numpy as np

import onnx_diagnostics  # noqa: F401  (finds the writer)
import onnx_writer as w

rng = np.random.default_rng(23)
TYPES = {"float32": w.FLOAT, "uint8": w.UINT8, "int8": w.INT8}


def write(name, nodes, inputs, weights, wanted, batch=False):
    """`inputs` and `wanted` map names to arrays; with `batch` the first extent is dynamic."""
    folder = os.path.join(sys.argv[1], name, "test_data_set_0")
    os.makedirs(folder, exist_ok=True)

    def value(key, array):
        shape = list(array.shape)
        return w.value(key, TYPES[array.dtype.name], ["n"] + shape[1:] if batch else shape)

    content = w.graph(nodes, [value(*item) for item in inputs.items()],
                      [value(*item) for item in wanted.items()], weights)
    with open(os.path.join(folder, "..", "model.onnx"), "wb") as file:
        file.write(w.model(content))
    for kind, arrays in (("input", inputs), ("output", wanted)):
        for i, array in enumerate(arrays.values()):
            with open(os.path.join(folder, f"{kind}_{i}.pb"), "wb") as file:
                file.write(w.tensor(np.asarray(array, order="C"), f"{kind}{i}"))


def numbers(shape, dtype):
    limits = np.iinfo(dtype)
    return rng.integers(limits.min, limits.max + 1, shape).astype(dtype)


def parameters(name, kind, count=()):
    """A scale and a zero point; the tensors of a DequantizeLinear."""
    scale = (rng.random(count) / 50 + 0.001).astype(np.float32)
    return {name + "s": scale, name + "z": np.asarray(numbers(count, kind))}


def dequantize(name, **attributes):
    return w.node("DequantizeLinear", [name, name + "s", name + "z"], [name + "f"], **attributes)


def real(given, name, x, axis=None):
    """What bytes stand for."""
    scale, zero = (given[name + suffix].astype(np.float64) for suffix in "sz")
    if scale.ndim:
        shape = [-1 if d == axis else 1 for d in range(x.ndim)]
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return (x.astype(np.float64) - zero) * scale


def rounded(y, scale, zero, kind):
    limits = np.iinfo(kind)
    y = np.rint((y.astype(np.float32) / scale).astype(np.float32)) + float(zero)
    return np.clip(y, limits.min, limits.max).astype(kind)


def products():
    kinds = [(a, b) for a in (np.uint8, np.int8) for b in (np.int8, np.uint8)]
    for left, right in kinds:
        for columns in (False, True):
            x, q = numbers((5, 70), left), numbers((70, 37), right)
            given = {"w": q, **parameters("x", left), **parameters("w", right, (37,) if columns else ())}
            if columns and right is np.int8:
                given["wz"] = np.zeros(37, right)
            y = real(given, "x", x) @ real(given, "w", q, 1)
            write(f"matmul_{left.__name__}_{right.__name__}" + ("_columns" if columns else ""),
                  [dequantize("x"), dequantize("w", axis=1), w.node("MatMul", ["xf", "wf"], ["y"])],
                  {"x": x}, given, {"y": y.astype(np.float32)}, batch=True)

    # A scale and a zero point for each row of the left factor.
    x, q = numbers((4, 24), np.uint8), numbers((24, 16), np.int8)
    given = {"w": q, **parameters("x", np.uint8, (4,)), **parameters("w", np.int8)}
    y = real(given, "x", x, 0) @ real(given, "w", q)
    write("rows", [dequantize("x", axis=0), dequantize("w"), w.node("MatMul", ["xf", "wf"], ["y"])],
          {"x": x}, given, {"y": y.astype(np.float32)})

    # A weight [N, K] of its own kinds of scales, a bias, and both factors of the product scaled.
    x, q = numbers((3, 130), np.uint8), numbers((9, 130), np.uint8)
    given = {"w": q, "c": rng.standard_normal(9).astype(np.float32), **parameters("x", np.uint8),
             **parameters("w", np.uint8, (9,))}
    y = 0.5 * (real(given, "x", x) @ real(given, "w", q, 0).T) + 2 * given["c"]
    write("gemm", [dequantize("x"), dequantize("w", axis=0),
                   w.node("Gemm", ["xf", "wf", "c"], ["y"], transB=1, alpha=0.5, beta=2.0)],
          {"x": x}, given, {"y": y.astype(np.float32)})
    y = real(given, "x", x) @ real(given, "w", q, 0).T
    write("transposed", [dequantize("x"), dequantize("w", axis=0),
                         w.node("Transpose", ["wf"], ["wt"], perm=[1, 0]),
                         w.node("MatMul", ["xf", "wt"], ["y"])],
          {"x": x}, given, {"y": y.astype(np.float32)})

    # Blocks along the depth have no common scale.
    q = numbers((32, 16), np.int8)
    x = numbers((3, 32), np.uint8)
    blocks = (rng.random((2, 16)) / 50 + 0.001).astype(np.float32)
    given = {"w": q, "ws": blocks, "wz": np.zeros((2, 16), np.int8), **parameters("x", np.uint8)}
    y = real(given, "x", x) @ (q.astype(np.float64) * np.repeat(blocks.astype(np.float64), 16, 0))
    write("blocks", [dequantize("x"), dequantize("w", axis=0, block_size=16),
                     w.node("MatMul", ["xf", "wf"], ["y"])],
          {"x": x}, given, {"y": y.astype(np.float32)})


def layers():
    """Floats that are rounded to bytes in front of two layers, and behind them."""
    x = rng.standard_normal((2, 3, 20)).astype(np.float32)
    given = {"as": np.float32(0.031), "az": np.uint8(120), "hs": np.float32(0.0437), "hz": np.int8(-3),
             "os": np.float32(0.0371), "oz": np.uint8(131),
             "w": numbers((20, 48), np.int8), "ws": (rng.random(48) / 400 + 0.001).astype(np.float32),
             "wz": np.zeros(48, np.int8), "c": rng.standard_normal(48).astype(np.float32),
             "v": numbers((48, 10), np.int8), "vs": np.float32(0.0031), "vz": np.int8(5)}
    a = rounded(x, given["as"], given["az"], np.uint8)
    h = np.maximum(real(given, "a", a) @ real(given, "w", given["w"], 1) + given["c"], 0)
    h = rounded(h, given["hs"], given["hz"], np.int8)
    y = real(given, "h", h) @ real(given, "v", given["v"])
    o = rounded(y, given["os"], given["oz"], np.uint8)
    nodes = [w.node("QuantizeLinear", ["x", "as", "az"], ["a"]), dequantize("a"),
             dequantize("w", axis=1), w.node("MatMul", ["af", "wf"], ["p"]),
             w.node("Add", ["p", "c"], ["pc"]), w.node("Relu", ["pc"], ["r"]),
             w.node("QuantizeLinear", ["r", "hs", "hz"], ["h"]), dequantize("h"), dequantize("v"),
             w.node("MatMul", ["hf", "vf"], ["y"]), w.node("QuantizeLinear", ["y", "os", "oz"], ["o"])]
    write("layers", nodes, {"x": x}, given, {"y": y.astype(np.float32), "o": o}, batch=True)


products()
layers()
