"""Writes an ONNX test whose parameters have all types but f32: onnx_weights.py FOLDER SUPPORT."""

import os
import sys

import numpy as np

sys.path.insert(0, sys.argv[2])
import onnx_writer as onnx  # noqa: E402

RANDOM = np.random.default_rng(5)

half = RANDOM.uniform(-1, 1, (32, 64)).astype(np.float16)
double = RANDOM.uniform(-1, 1, (16, 20))
byte = RANDOM.integers(-128, 128, (40, 41)).astype(np.int8)
table = RANDOM.integers(-2**62, 2**62, 2000)
# The upper halves of floats.
bits = (RANDOM.uniform(-1, 1, 300).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
brain = (bits.astype(np.uint32) << 16).view(np.float32)
small = np.arange(4, dtype=np.int64)

weights = {"half": half, "double": double, "byte": byte, "table": table, "small": small,
           "brain": onnx.tensor(bits, "brain", dtype=onnx.BFLOAT16)}
inputs = {"h": RANDOM.uniform(-1, 1, (3, 32)).astype(np.float16),
          "d": RANDOM.uniform(-1, 1, (3, 16)),
          "b": RANDOM.integers(-128, 128, (3, 40)).astype(np.int8),
          "i": np.array([1999, 0, -1, 1000]), "f": RANDOM.uniform(-1, 1, 300).astype(np.float32)}
outputs = {"yh": (inputs["h"].astype(float) @ half.astype(float)).astype(np.float16),
           "yd": inputs["d"] @ double,
           "yb": inputs["b"].astype(np.int32) @ byte.astype(np.int32),
           "yt": table[inputs["i"]] + small, "yf": inputs["f"] + brain}
nodes = [onnx.node("MatMul", ["h", "half"], ["yh"]), onnx.node("MatMul", ["d", "double"], ["yd"]),
         onnx.node("MatMulInteger", ["b", "byte"], ["yb"]),
         onnx.node("Gather", ["table", "i"], ["t"]), onnx.node("Add", ["t", "small"], ["yt"]),
         onnx.node("Cast", ["brain"], ["wide"], to=onnx.FLOAT),
         onnx.node("Add", ["f", "wide"], ["yf"])]


def values(arrays):
    return [onnx.value(name, onnx._TYPES[array.dtype.name], array.shape)
            for name, array in arrays.items()]


folder = os.path.join(sys.argv[1], "types", "test_data_set_0")
os.makedirs(folder)
with open(os.path.join(folder, "..", "model.onnx"), "wb") as file:
    file.write(onnx.model(onnx.graph(nodes, values(inputs), values(outputs), weights), opset=21))
for kind, arrays in (("input", inputs), ("output", outputs)):
    for number, (name, array) in enumerate(arrays.items()):
        with open(os.path.join(folder, f"{kind}_{number}.pb"), "wb") as file:
            file.write(onnx.tensor(array, name))
