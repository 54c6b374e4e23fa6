"""Writes node tests of integer products with the results of numpy, exact, into FOLDER: bytes of both
kinds, extents that fit no vector, zero points of every form, factors that are given and weights.

  onnx_integer_products.py FOLDER
"""

import itertools
import os
import sys

import numpy as np

import onnx_diagnostics  # noqa: F401  (finds the writer)
import onnx_writer as w

rng = np.random.default_rng(11)
TYPES = {"float32": w.FLOAT, "uint8": w.UINT8, "int8": w.INT8, "int32": w.INT32}


def write(name, operator, feeds, weights, wanted, domain=""):
    """`feeds` are inputs of the node; those whose number is in `weights` are initializers."""
    folder = os.path.join(sys.argv[1], name, "test_data_set_0")
    os.makedirs(folder, exist_ok=True)
    names = [f"x{i}" if feed is not None else "" for i, feed in enumerate(feeds)]
    given = [(n, f) for i, (n, f) in enumerate(zip(names, feeds)) if n and i not in weights]
    fixed = [(n, f) for i, (n, f) in enumerate(zip(names, feeds)) if n and i in weights]
    content = w.graph([w.node(operator, names, ["y"], name="n", domain=domain)],
                      [w.value(n, TYPES[f.dtype.name], f.shape) for n, f in given],
                      [w.value("y", TYPES[wanted.dtype.name], [None] * wanted.ndim)],
                      {n: f for n, f in fixed})
    with open(os.path.join(folder, "..", "model.onnx"), "wb") as file:
        file.write(w.model(content, domains=[("com.microsoft", 1)]))
    for kind, arrays in (("input", [f for _, f in given]), ("output", [wanted])):
        for i, array in enumerate(arrays):
            with open(os.path.join(folder, f"{kind}_{i}.pb"), "wb") as file:
                file.write(w.tensor(np.asarray(array, order="C"), f"{kind}{i}"))


def numbers(shape, dtype, extreme=False):
    limits = np.iinfo(dtype)
    if extreme:
        return rng.choice([limits.min, limits.max], shape).astype(dtype)
    return rng.integers(limits.min, limits.max + 1, shape).astype(dtype)


def product(a, b, za, zb):
    a, b = a.astype(np.int64), b.astype(np.int64)
    if za is not None:
        a = a - (za.astype(np.int64)[:, None] if za.ndim == 1 and za.size > 1 else za.astype(np.int64))
    if zb is not None:
        b = b - zb.astype(np.int64)
    return (a @ b).astype(np.int32)


def integers():
    kinds = itertools.cycle(itertools.product((np.uint8, np.int8), (np.uint8, np.int8)))
    zeros = itertools.cycle(("none", "one", "lines", "left", "right"))
    shapes = [(1, 1, 1), (1, 4, 64), (2, 3, 5), (3, 7, 16), (4, 64, 33), (5, 130, 100), (9, 12, 65),
              (17, 8, 128), (6, 5, 48), (1, 255, 31)]
    for round, (shape, weight) in enumerate(itertools.product(shapes, (False, True, True))):
        (m, k, n), (left, right), zero = shape, next(kinds), next(zeros)
        a, b = numbers((m, k), left, round % 3 == 2), numbers((k, n), right, round % 3 == 2)
        count = (m, n) if zero == "lines" else ((), ())
        za = numbers(count[0], left) if zero in ("one", "lines", "left") else None
        zb = numbers(count[1], right) if zero in ("one", "lines", "right") else None
        write(f"integers_{round}_{'x'.join(map(str, shape))}_{zero}_{left.__name__}_{right.__name__}"
              + ("_weight" if weight else ""), "MatMulInteger", [a, b, za, zb],
              (1, 3) if weight else (), product(a, b, za, zb))
    # Sums of two products of bytes do not fit 16 bits.
    a = np.full((5, 96), 255, np.uint8)
    b = np.concatenate([np.full((96, 20), -128, np.int8), np.full((96, 20), 127, np.int8)], 1)
    write("most", "MatMulInteger", [a, b], (1,), product(a, b, None, None))
    # Zero points that are known to be 0, and rows in two dimensions.
    a, b = numbers((2, 3, 20), np.uint8), numbers((20, 40), np.int8)
    write("rows", "MatMulInteger", [a, b, np.array(7, np.uint8), np.zeros(40, np.int8)], (1, 2, 3),
          product(a.reshape(6, 20), b, np.array(7), None).reshape(2, 3, 40))


def dynamic():
    for name, (m, k, n), bias, kind in (("small", (3, 10, 7), True, np.int8), ("wide", (5, 64, 96), False, np.int8),
                                        ("unsigned", (2, 33, 50), True, np.uint8), ("one", (1, 128, 65), True, np.int8)):
        x = rng.standard_normal((m, k)).astype(np.float32)
        b = numbers((k, n), kind)
        scale = (rng.random(n) / 100 + 0.001).astype(np.float32)
        zb = np.zeros(n, kind) if kind == np.int8 else numbers(n, kind)
        extra = [rng.standard_normal(n).astype(np.float32)] if bias else []
        step = np.float32((max(x.max(), 0) - min(x.min(), 0)) / np.float32(255))
        zero = np.uint8(np.clip(np.rint(-min(x.min(), 0) / step), 0, 255))
        q = np.clip(np.rint(x / step) + np.float32(zero), 0, 255).astype(np.uint8)
        y = product(q, b, np.array(zero), zb).astype(np.float64) * (step * scale)
        if bias:
            y = y + extra[0]
        write("dynamic_" + name, "DynamicQuantizeMatMul", [x, b, scale, zb] + extra, (1, 2, 3, 4),
              y.astype(np.float32), "com.microsoft")


integers()
dynamic()
