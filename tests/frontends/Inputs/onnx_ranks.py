"""Writes folders of ONNX tests for shapes whose number of entries is found at run time or in a loop;
numpy computes what they expect.

  onnx_ranks.py FOLDER
"""

import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import onnx_writer as onnx  # noqa: E402
from onnx_writer import Graph, node, value  # noqa: E402

F, I, B = onnx.FLOAT, onnx.INT64, onnx.BOOL


def write(name, nodes, inputs, outputs, initializers=None, ranks=None, open_inputs=("s",)):
    """The inputs `open_inputs` declare their ranks only; `ranks`, what the file says of outputs."""
    data = os.path.join(sys.argv[1], name, "test_data_set_0")
    os.makedirs(data)
    declare = [value(key, onnx._TYPES[a.dtype.name],
                     [None] * a.ndim if key in open_inputs else a.shape)
               for key, a in inputs.items()]
    results = [value(key, onnx._TYPES[a.dtype.name],
                     [None] * (ranks or {}).get(key, a.ndim)) for key, a in outputs.items()]
    with open(os.path.join(data, "..", "model.onnx"), "wb") as file:
        file.write(onnx.model(onnx.graph(nodes, declare, results, initializers)))
    for kind, arrays in (("input", inputs), ("output", outputs)):
        for i, (key, array) in enumerate(arrays.items()):
            with open(os.path.join(data, f"{kind}_{i}.pb"), "wb") as file:
                file.write(onnx.tensor(array, key))


x = np.arange(6, dtype=np.float32)
shape = np.array([2, 3])

# Each iteration adds a dimension: three are known to be made.
growing = Graph(onnx.graph(
    [node("Concat", ["one", "s"], ["longer"], axis=0),
     node("Reshape", ["x", "longer"], ["t"], name="it"), node("Identity", ["go"], ["on"])],
    [value("i", I, []), value("go", B, []), value("s", I, [None]), value("y", F, [])],
    [value("on", B, []), value("longer", I, [None]), value("t", F, [])],
    {"one": np.array([1])}))
write("good/growing", [node("Loop", ["m", "", "s0", "x"], ["s", "y"], body=growing)],
      {"x": x}, {"y": x.reshape(1, 1, 1, 6)}, {"m": np.array(3), "s0": np.array([6])})

# The number of entries is that of a call, but the body says what its result is.
told = Graph(onnx.graph(
    [node("Reshape", ["x", "s"], ["t"], name="it"), node("Add", ["t", "sum"], ["next"]),
     node("Identity", ["go"], ["on"])],
    [value("i", I, []), value("go", B, []), value("sum", F, [None, None])],
    [value("on", B, []), value("next", F, [None, None]), value("t", F, [None, None])]))
write("good/told", [node("Loop", ["m", "", "zero"], ["y", "ys"], body=told)],
      {"m": np.array(4), "x": x, "s": shape, "zero": np.zeros((2, 3), np.float32)},
      {"y": 4 * x.reshape(2, 3), "ys": np.tile(x.reshape(1, 2, 3), (4, 1, 1))})
every = [node("Reshape", ["x", "s"], ["a"], name="it"), node("ConstantOfShape", ["s"], ["b"]),
         node("Expand", ["one", "s"], ["c"])]
wanted = {"a": x.reshape(2, 3), "b": np.zeros((2, 3), np.float32), "c": np.ones((2, 3), np.float32)}
write("good/outputs", every, {"x": x, "s": shape, "one": np.ones((1,), np.float32)}, wanted)
write("refused/rank", every[:1], {"x": x, "s": np.array([1, 2, 3])},
      {"a": x.reshape(2, 3)})
write("unsupported/reshape", every[:1] + [node("Identity", ["a"], ["y"])], {"x": x, "s": shape},
      {"y": x.reshape(2, 3)})
