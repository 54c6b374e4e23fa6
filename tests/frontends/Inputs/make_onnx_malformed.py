"""Writes ONNX models that the format forbids, or that only look so: make_onnx_malformed.py FOLDER."""

import os
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
import onnx_writer as onnx  # noqa: E402
from onnx_writer import FLOAT, INT64, Graph, function, graph, model, node, value  # noqa: E402

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
X, Y = [value("x", FLOAT, ["n", 3])], [value("y", FLOAT, ["n", 3])]
ADD = node("Add", ["x", "x"], ["y"], name="sum")
ONES = numpy.ones(3, "float32")


def one(*nodes, inputs=X, outputs=Y, initializers=None, more=b"", **options):
    return model(graph(list(nodes), inputs, outputs, initializers) + more, **options)


def twice(name, domain):
    return function(name, domain, ["a"], ["b"], [node("Add", ["a", "a"], ["b"])])


def without_opset(ir):
    return onnx._field(1, ir) + onnx._field(7, graph([ADD], X, Y))


def branch(*nodes, output=FLOAT, inputs=()):
    return Graph(graph(list(nodes), list(inputs), [value("b", output, ["n", 3])]))


def choose(then_branch):
    return one(node("If", ["c"], ["y"], name="choice", then_branch=then_branch,
                    else_branch=branch(node("Neg", ["x"], ["b"]))),
               inputs=X + [value("c", onnx.BOOL, [])])


def defaulted(shape):
    return one(ADD, inputs=X + [value("w", FLOAT, shape)], initializers={"w": ONES}, ir=8)


def own(inputs=("a",), outputs=("b",), attributes=(), more=b""):
    made = function("Twice", "own", inputs, outputs, [node("Add", ["a", "a"], ["b"])], attributes)
    return one(CALL, domains=OWN, functions=[made + more])


def soft(output):
    return node("Softmax", ["x"], [output], name="soft", axis=0) + onnx._field(5, onnx.attribute("axis", 1))


CALL = node("Twice", ["x"], ["y"], domain="own")
OWN = [("own", 1)]
cases = {
    # A name is given once.
    "node-and-input": one(ADD, node("Neg", ["y"], ["x"])),
    "node-and-initializer": one(ADD, node("Neg", ["y"], ["w"]), initializers={"w": ONES}),
    "node-and-inner-input": one(node("Scan", ["x"], ["y"], num_scan_inputs=1, body=Graph(graph(
        [node("Neg", ["r"], ["r"])], [value("r", FLOAT, [3])], [value("r", FLOAT, [3])])))),
    "node-and-parameter": one(CALL, domains=OWN, functions=[
        function("Twice", "own", ["a"], ["b"], [node("Add", ["a", "a"], ["b"]), node("Neg", ["b"], ["a"])])]),
    "functions": one(CALL, domains=OWN, functions=[twice("Twice", "own"), twice("Twice", "own")]),
    "attributes": one(soft("y")),
    "inner-attributes": choose(branch(soft("b"))),
    "function-attributes": one(CALL, domains=OWN, functions=[function("Twice", "own", ["x"], ["b"], [soft("b")])]),
    "parameters": own(inputs=["a", "a"]),
    "results": own(outputs=["b", "b"]),
    "formal-attributes": own(attributes=["k", "k"]),
    "defaults": own(attributes=["k"], more=onnx._field(11, onnx.attribute("k", 1))),
    "inputs": one(ADD, inputs=X + X),
    "initializers": one(ADD, initializers={"w": ONES}, more=onnx._field(5, onnx.tensor(ONES, "w"))),
    "outputs": one(ADD, outputs=Y + Y),
    # Names are text.
    "input-name": one(ADD, inputs=X + [value(b"x\xff", FLOAT, [3])]),
    "output-name": one(ADD, node("Neg", ["x"], [b"y\xff"]), outputs=Y + [value(b"y\xff", FLOAT, [3])]),
    "extent-name": one(ADD, inputs=X + [value("z", FLOAT, [b"n\xc3"])]),
    "part-name": one(ADD, inputs=X + [onnx._field(1, "z") + onnx._field(2, onnx._field(4, onnx._field(
        1, onnx._field(1, onnx._field(1, FLOAT) + onnx._field(2, onnx._field(1, onnx._field(2, b"n\xc3")))))))]),
    # Versions.
    "opsets": one(ADD, domains=[("ai.onnx", 13)]),
    "no-opset": without_opset(10),
    "ir": one(ADD, ir=-1),
    "ir-zero": one(ADD, ir=0),
    # Declared types.
    "output-type": one(ADD, outputs=[value("y", INT64, ["n", 3])]),
    "input-as-output": one(ADD, outputs=Y + [value("x", INT64, ["n", 3])]),
    "sequence": one(ADD, outputs=[onnx.sequence_value("y", FLOAT)]),
    "value-info": model(graph([node("Neg", ["x"], ["m"], name="minus"), node("Neg", ["m"], ["y"])], X, Y)
                        + onnx._field(13, value("m", INT64, ["n", 3]))),
    "initializer-type": one(ADD, inputs=X + [value("w", INT64, [3])], initializers={"w": ONES}),
    "initializer-shape": defaulted([2]),
    "initializer-rank": defaulted([1, "n"]),
    "initializer-scalar": defaulted([]),
    "inner-shape": one(node("If", ["c"], ["y"], then_branch=Graph(graph(
        [node("Add", ["x", "w"], ["b"])], [value("w", FLOAT, [4])], [value("b", FLOAT, ["n", 3])], {"w": ONES})),
        else_branch=branch(node("Neg", ["x"], ["b"]))), inputs=X + [value("c", onnx.BOOL, [])]),
    # More than memory holds.
    "too-large": one(node("Expand", ["x", "s"], ["b"], name="wide"), node("Softmax", ["b"], ["y"], name="soft"),
                     inputs=[value("x", FLOAT, [1])], outputs=[value("y", FLOAT, None)],
                     initializers={"s": numpy.array([1 << 46])}),
    # What looks so only: the same opset twice, a file older than the field, an input as output, an inner
    # graph that reuses a name from outside or declares a wrong type, values of no type, an overload, extents that turn out otherwise.
    "good-same-opset": one(ADD, domains=[("ai.onnx", 21)]),
    "good-old": without_opset(2),
    "good-passed": one(ADD, outputs=Y + X),
    "good-shadow": choose(branch(node("Add", ["x", "x"], ["m"]), node("Identity", ["m"], ["b"]))),
    "good-branch": choose(branch(node("Add", ["x", "x"], ["b"], name="inner"), output=INT64)),
    "good-untyped": one(ADD, outputs=[value("y", 0, ["n", 3])]),
    "good-overload": one(CALL, domains=OWN, functions=[
        twice("Twice", "own"), twice("Twice", "own") + onnx._field(13, "other")]),
    "good-open": defaulted([None]),
    "good-symbol": defaulted(["k"]),
    "good-extents": one(ADD, outputs=[value("y", FLOAT, ["n", 7])]),
}
for name, content in cases.items():
    with open(os.path.join(folder, name + ".onnx"), "wb") as file:
        file.write(content)
