"""Writes node tests of products with weights of 2, 4 and 8 bits in blocks with the results of numpy in float64, into
FOLDER: rows and columns that fit no vector, a last block that is not full, zero points of every form.

  onnx_codes.py FOLDER
"""

import itertools
import os
import sys

import numpy as np

import onnx_diagnostics  # noqa: F401  (finds the writer)
import onnx_writer as w

rng = np.random.default_rng(30)
TYPES = {"float32": w.FLOAT, "float16": w.FLOAT16, "uint8": w.UINT8, "int32": w.INT32}


def write(name, feeds, given, wanted, shape=None, **attributes):
    """`feeds` are inputs of the node; those whose number is in `given` are inputs of the model. `shape` is what the
    model says of its first input."""
    folder = os.path.join(sys.argv[1], name, "test_data_set_0")
    os.makedirs(folder, exist_ok=True)
    names = [f"x{i}" if feed is not None else "" for i, feed in enumerate(feeds)]
    inputs = [i for i, n in enumerate(names) if n and i in given]
    content = w.graph([w.node("MatMulNBits", names, ["y"], name="n", domain="com.microsoft", **attributes)],
                      [w.value(names[i], TYPES[feeds[i].dtype.name], shape if shape and i == 0 else feeds[i].shape)
                       for i in inputs],
                      [w.value("y", TYPES[wanted.dtype.name], [None] * wanted.ndim)],
                      {n: feeds[i] for i, n in enumerate(names) if n and i not in given})
    with open(os.path.join(folder, "..", "model.onnx"), "wb") as file:
        file.write(w.model(content, domains=[("com.microsoft", 1)]))
    for kind, arrays in (("input", [feeds[i] for i in inputs]), ("output", [wanted])):
        for i, array in enumerate(arrays):
            with open(os.path.join(folder, f"{kind}_{i}.pb"), "wb") as file:
                file.write(w.tensor(np.asarray(array, order="C"), f"{kind}{i}"))


def stored(codes, bits):
    """Codes along the last dimension in bytes, the first in the lowest bits."""
    each = 8 // bits
    padded = np.zeros(codes.shape[:-1] + (-(-codes.shape[-1] // each) * each,), np.uint8)
    padded[..., :codes.shape[-1]] = codes
    parts = padded.reshape(codes.shape[:-1] + (-1, each)) << (np.arange(each, dtype=np.uint8) * bits)
    return np.bitwise_or.reduce(parts, axis=-1).astype(np.uint8)


def product(x, codes, zeros, scales, bias, depth):
    """The definition: dequantise, multiply, add."""
    numbers = (codes.astype(np.float64) - zeros[..., None]) * scales.astype(np.float64)[..., None]
    y = x.astype(np.float64) @ numbers.reshape(len(codes), -1)[:, :depth].T
    return (y if bias is None else y + bias).astype(x.dtype)


# Leading extents of the rows, depth, columns, bits, block.
SIZES = [((1,), 64, 16, 4, 32), ((1,), 40, 33, 4, 16), ((), 96, 130, 4, 32), ((2, 3), 130, 65, 4, 64),
         ((4,), 32, 64, 4, 32), ((13,), 256, 80, 4, 128), ((8,), 100, 20, 4, 16), ((1, 9), 300, 48, 4, 256),
         ((3,), 64, 31, 2, 16), ((1,), 200, 64, 2, 32), ((1,), 64, 18, 8, 32), ((11,), 48, 17, 8, 16),
         ((1,), 24, 5, 8, 8), ((5,), 24, 5, 2, 8)]
KINDS = ["none", "codes", "floats", "middle", "one"]


def main():
    kinds = itertools.cycle(KINDS)
    for number, (size, round) in enumerate(itertools.product(SIZES, range(3))):
        lead, depth, columns, bits, block = size
        blocks = -(-depth // block)
        codes = rng.integers(0, 1 << bits, (columns, blocks, block)).astype(np.uint8)
        scales = (rng.uniform(0.5, 1.5, (columns, blocks)) / (1 << bits)).astype(np.float32)
        x = rng.standard_normal(lead + (depth,)).astype(np.float32)
        kind = next(kinds)
        middle = 1 << (bits - 1)
        zeros, given = np.full((columns, blocks), float(middle)), None
        if kind == "floats":
            zeros = rng.uniform(0, 1 << bits, (columns, blocks)).astype(np.float32)
            given = zeros
        elif kind != "none":
            if kind == "codes":
                zeros = rng.integers(0, 1 << bits, (columns, blocks))
            elif kind == "one":
                zeros = np.full((columns, blocks), middle - 1)
            given = stored(zeros.astype(np.uint8), bits)
            if number % 2:
                given = given.reshape(-1)
        bias = rng.standard_normal(columns).astype(np.float32) if round == 1 else None
        write(f"{number}_{kind}", [x, stored(codes, bits), scales if number % 2 else scales.reshape(-1), given, None,
                                   bias],
              # What is computed at run time is packed there.
              {0, 1, 2, 3} if number % 7 == 6 else {0}, product(x, codes, zeros.astype(np.float64), scales, bias, depth),
              shape=[None] * len(lead) + [depth if number % 3 else None], K=depth, N=columns, bits=bits,
              block_size=block, accuracy_level=number % 5)


main()
