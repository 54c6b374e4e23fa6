"""Writes ONNX models of one recurrent layer of 16 or 4096 steps, KIND_HIDDEN_STEPS.onnx.

  onnx_steps.py FOLDER SUPPORT
"""

import os
import sys

import numpy

sys.path.insert(0, sys.argv[2])
import onnx_writer as onnx  # noqa: E402
from onnx_writer import node  # noqa: E402

random = numpy.random.default_rng(5)


def weights(*shape):
    return random.uniform(-0.1, 0.1, shape).astype(numpy.float32)


for kind, gates in (("RNN", 1), ("GRU", 3), ("LSTM", 4)):
    for hidden in (33, 128):
        rows = gates * hidden
        given = {"w": weights(1, rows, 64), "r": weights(1, rows, hidden),
                 "b": weights(1, 2 * rows)}
        for steps in (16, 4096):
            content = onnx.graph(
                [node(kind, ["x", "w", "r", "b"], ["y"], hidden_size=hidden)],
                [onnx.value("x", onnx.FLOAT, (steps, 1, 64))],
                [onnx.value("y", onnx.FLOAT, (steps, 1, 1, hidden))], given)
            path = os.path.join(sys.argv[1], f"{kind.lower()}_{hidden}_{steps}.onnx")
            with open(path, "wb") as file:
                file.write(onnx.model(content, opset=21))
