"""Writes the ONNX models of the embedding tests: make_models.py FOLDER.

step.onnx takes and returns the states of an LSTM and reads one input; whole.onnx is the same LSTM
over a sequence; wide.onnx is one with so many units that threads share its steps; sizes.onnx gives
results whose sizes depend on the values; swap.onnx gives each of two states the other one's values;
cache.onnx writes a row of a cache.
"""

import os
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from onnx_writer import FLOAT, INT64, BOOL, graph, model, node, value  # noqa: E402

INPUT, HIDDEN = 6, 16


def write(folder, name, *content, **kinds):
    with open(os.path.join(folder, name + ".onnx"), "wb") as file:
        file.write(model(graph(*content), **kinds))


def lstm(folder, name, steps, inputs=INPUT, hidden=HIDDEN):
    random = numpy.random.default_rng(7)
    weights = {"w": (1, 4 * hidden, inputs), "r": (1, 4 * hidden, hidden), "b": (1, 8 * hidden)}
    weights = {key: random.normal(0, 0.3, shape).astype("float32")
               for key, shape in weights.items()}
    state = [1, 1, hidden]
    write(folder, name,
          [node("LSTM", ["x", "w", "r", "b", "", "h", "c"], ["y", "hn", "cn"],
                hidden_size=hidden)],
          [value("x", FLOAT, [steps, 1, inputs]), value("h", FLOAT, state),
           value("c", FLOAT, state)],
          [value("y", FLOAT, [steps, 1, 1, hidden]), value("hn", FLOAT, state),
           value("cn", FLOAT, state)], weights)


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    lstm(folder, "step", 1)
    lstm(folder, "whole", "t")
    lstm(folder, "wide", "t", inputs=64, hidden=512)
    random = numpy.random.default_rng(8)
    for name, array in (("x", random.normal(0, 1, (12, 1, INPUT))),
                        ("h", random.normal(0, 1, (1, 1, HIDDEN))),
                        ("c", random.normal(0, 1, (1, 1, HIDDEN)))):
        numpy.save(os.path.join(folder, name + ".npy"), array.astype("float32"))
    write(folder, "sizes",
          [node("NonZero", ["x"], ["where"]), node("Cast", ["x"], ["m"], to=BOOL),
           node("Compress", ["x", "m"], ["kept"], axis=0), node("Unique", ["x"], ["unique"])],
          [value("x", FLOAT, ["n"])],
          [value("where", INT64, [1, None]), value("kept", FLOAT, [None]),
           value("unique", FLOAT, [None])])
    write(folder, "swap",
          [node("Neg", ["b"], ["an"]), node("Neg", ["a"], ["bn"])],
          [value("a", FLOAT, ["n"]), value("b", FLOAT, ["n"])],
          [value("an", FLOAT, ["n"]), value("bn", FLOAT, ["n"])])
    write(folder, "cache",
          [node("TensorScatter", ["past", "row", "at"], ["present"], axis=1)],
          [value("past", FLOAT, [1, 8, 4]), value("row", FLOAT, [1, 1, 4]),
           value("at", INT64, [1])],
          [value("present", FLOAT, [1, 8, 4])], opset=24)


if __name__ == "__main__":
    main()
