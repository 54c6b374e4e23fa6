"""Writes models with If: make_onnx_if.py FOLDER."""

import os
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
from onnx_writer import BOOL, FLOAT, INT64, Graph, graph, model, node, value  # noqa: E402

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
X = value("x", FLOAT, ["n"])
Y = value("y", FLOAT, [None])


def branch(*nodes, output="r"):
    """A branch that reads x from outside."""
    return Graph(graph(list(nodes), [], [value(output, FLOAT, [None])]))


double = branch(node("Add", ["x", "x"], ["r"]))
twice = branch(node("Concat", ["x", "x"], ["r"], axis=0))
strange = branch(node("Frobnicate", ["x"], ["r"]))
whole = branch(node("Cast", ["x"], ["r"], to=INT64))
C = value("c", BOOL, [])


def write(name, then, other, inputs, initializers=None):
    content = graph([node("If", ["c"], ["y"], then_branch=then, else_branch=other)],
                    inputs, [Y], initializers)
    with open(os.path.join(folder, name + ".onnx"), "wb") as file:
        file.write(model(content))


write("chosen", double, twice, [C, X])
write("known", double, strange, [X], {"c": numpy.array(True)})
write("types", double, whole, [C, X])
write("number", double, double, [value("c", FLOAT, []), X])
