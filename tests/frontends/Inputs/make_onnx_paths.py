"""Writes models whose ranks depend on an If, and models with sequences: make_onnx_paths.py FOLDER."""

import os
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
from onnx_writer import (BOOL, FLOAT, INT64, Graph, graph, model, node,  # noqa: E402
                         optional_value, sequence_value, value)

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
NUMBERS = {"zero": numpy.zeros(1, "int64"), "one": numpy.ones(1, "int64"),
           "scalar": numpy.array(0, "int64")}


def write(name, nodes, inputs, outputs):
    with open(os.path.join(folder, name + ".onnx"), "wb") as file:
        file.write(model(graph(nodes, inputs, outputs, NUMBERS)))


def branch(*nodes, output=value("r", FLOAT, [None])):
    return Graph(graph(list(nodes), [], [output]))


# A column is squeezed, as exporters write it.
squeeze = [
    node("Shape", ["x"], ["s"]), node("Gather", ["s", "one"], ["e"]),
    node("Equal", ["e", "one"], ["c"]),
    node("If", ["c"], ["v"], then_branch=branch(node("Squeeze", ["x", "one"], ["r"])),
         else_branch=branch(node("Identity", ["x"], ["r"]))),
]
X = value("x", FLOAT, ["n", "t"])
# Right with both ranks: the rank itself, and a sum.
write("both", squeeze + [node("Shape", ["v"], ["q"]), node("Size", ["q"], ["rank"]),
                         node("ReduceSum", ["v"], ["sum"], keepdims=0)],
      [X], [value("rank", INT64, []), value("sum", FLOAT, [])])
# Right with rank 1 or with rank 2 only.
write("row", squeeze + [node("Unsqueeze", ["v", "zero"], ["u"]),
                        node("Transpose", ["u"], ["y"], perm=[1, 0])],
      [X], [value("y", FLOAT, [None, None])])
write("matrix", squeeze + [node("Transpose", ["v"], ["y"], perm=[1, 0])],
      [X], [value("y", FLOAT, [None, None])])
# What only one path does cannot be read.
write("unknown", squeeze + [node("Frobnicate", ["v"], ["y"])], [X], [value("y", FLOAT, [])])

S, P = sequence_value("s", FLOAT, [None]), value("p", INT64, [])
A = value("a", FLOAT, ["n"])
write("insert", [node("SequenceInsert", ["s", "a", "p"], ["o"])],
      [sequence_value("s", FLOAT), A, P], [sequence_value("o", FLOAT)])
write("erase", [node("SequenceErase", ["s", "p"], ["o"]), node("SequenceLength", ["o"], ["l"])],
      [S, P], [sequence_value("o", FLOAT, [None]), value("l", INT64, [])])
write("take", [node("SequenceAt", ["s", "p"], ["o"])], [S, P], [value("o", FLOAT, [None])])
write("take_any", [node("SequenceAt", ["s", "p"], ["o"])], [sequence_value("s", FLOAT), P],
      [value("o", FLOAT, [None])])
write("join", [node("ConcatFromSequence", ["s"], ["o"], axis=0)], [S],
      [value("o", FLOAT, [None])])
write("stack", [node("ConcatFromSequence", ["s"], ["o"], axis=1, new_axis=1)], [S],
      [value("o", FLOAT, [None, None])])
write("split", [node("SplitToSequence", ["a", "p"], ["o"])], [A, P],
      [sequence_value("o", FLOAT, [None])])
body = Graph(graph([node("Add", ["i", "i"], ["j"])], [value("i", FLOAT, [None])],
                   [value("j", FLOAT, [None])]))
write("map", [node("SequenceMap", ["s"], ["o"], body=body)], [S],
      [sequence_value("o", FLOAT, [None])])
# Branches that give sequences of other lengths.
write("choose", [node("If", ["c"], ["o"],
                      then_branch=branch(node("SequenceConstruct", ["a"], ["r"])),
                      else_branch=branch(node("SequenceConstruct", ["a", "a"], ["r"])))],
      [value("c", BOOL, []), A], [sequence_value("o", FLOAT, [None])])
# An optional tensor and a default for it.
write("default", [
    node("OptionalHasElement", ["m"], ["h"]),
    node("If", ["h"], ["o"], then_branch=branch(node("OptionalGetElement", ["m"], ["r"])),
         else_branch=branch(node("Identity", ["a"], ["r"])))],
    [optional_value("m", FLOAT, [2]), A], [value("o", FLOAT, [None])])
write("get", [node("OptionalGetElement", ["m"], ["o"])], [optional_value("m", FLOAT, [2])],
      [value("o", FLOAT, [2])])
