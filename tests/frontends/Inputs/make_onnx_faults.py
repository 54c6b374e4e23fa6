"""Writes one faulty ONNX model per line of the table below: make_onnx_faults.py FOLDER."""

import os
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
from onnx_writer import (FLOAT, INT64, STRING, Reference, function, graph, model, node,  # noqa: E402
                         tensor, value)

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
X = [value("x", FLOAT, ["n", 3])]
Y = [value("y", FLOAT, ["n", 3])]


def one(*nodes, inputs=None, outputs=None, initializers=None, **options):
    return model(graph(list(nodes), inputs or X, outputs or Y, initializers), **options)


def flex(query, key):
    return one(node("FlexAttention", ["q", "k", "k"], ["y"], domain="ai.onnx.preview"),
               inputs=[value("q", FLOAT, query), value("k", FLOAT, key)],
               outputs=[value("y", FLOAT, query)], domains=[("ai.onnx.preview", 1)])


add = node("Add", ["x", "x"], ["y"], name="sum")
good = one(add)
ones = numpy.ones((2, 3), "float32")
external = {"w": tensor(ones, "w", external=("../outside.bin", 0))}
cases = {
    "good": good,
    "empty": b"",
    "truncated": good[:-7],
    "noise": bytes(range(200)),
    "no-graph": b"\x08\x0a",
    "newer-opset": one(add, opset=99),
    "no-domain": one(node("Thing", ["x"], ["y"], domain="elsewhere")),
    "unknown-operator": one(node("Frobnicate", ["x"], ["y"], name="odd")),
    "undefined": one(node("Add", ["x", "z"], ["y"])),
    "cycle": one(node("Add", ["x", "b"], ["a"]), node("Add", ["a", "x"], ["b"]),
                 node("Add", ["a", "b"], ["y"])),
    "twice": one(add, node("Sub", ["x", "x"], ["y"])),
    "attribute": one(node("Identity", ["x"], ["y"], shine=1)),
    "attribute-type": one(node("Transpose", ["x"], ["y"], perm="ab")),
    "missing-input": one(node("Add", ["x"], ["y"])),
    "many-inputs": one(node("Add", ["x", "x", "x"], ["y"])),
    "types": one(node("Add", ["x", "i"], ["y"]),
                 initializers={"i": numpy.ones(3, "int64")}),
    "axis": one(node("Concat", ["x", "x"], ["y"], axis=5)),
    "permutation": one(node("Transpose", ["x"], ["y"], perm=[0, 0])),
    "reshape": one(node("Reshape", ["w", "s"], ["y"]),
                   initializers={"w": ones, "s": numpy.array([4, 2])}),
    "string-input": one(add, inputs=[value("x", STRING, [3])]),
    "huge": one(add, inputs=[value("x", FLOAT, [1 << 40, 1 << 40])]),
    "no-output": model(graph([add], X, [])),
    "undefined-output": one(add, outputs=[value("q", FLOAT, [3])]),
    "initializer-size": one(node("Add", ["x", "w"], ["y"]),
                            initializers={"w": tensor(ones, "w").replace(b"\x08\x02", b"\x08\x09")}),
    "escape": one(node("Add", ["x", "w"], ["y"]), initializers=external),
    "missing-file": one(node("Add", ["x", "w"], ["y"]), initializers={
        "w": tensor(ones, "w", external=("nowhere.bin", 0))}),
    "short-file": one(node("Add", ["x", "w"], ["y"]), initializers={
        "w": tensor(ones, "w", external=("short.bin", 8))}),
    "recursion": one(node("Loop", ["x"], ["y"], domain="own"), functions=[
        function("Loop", "own", ["a"], ["b"], [node("Loop", ["a"], ["b"], domain="own")])],
        domains=[("own", 1)]),
    "flex-open": flex([1, "h", 5, 4], [1, "h", 5, 4]),
    "flex-heads": flex([1, 3, 5, 4], [1, 2, 5, 4]),
    "many-errors": one(*[node(f"Odd{i}", ["x"], [f"y{i}"]) for i in range(30)],
                       outputs=[value("y0", FLOAT, [3])]),
    "unsorted": one(node("Add", ["x", "twice"], ["y"]), node("Add", ["x", "x"], ["twice"])),
    "called": one(node("Twice", ["x"], ["y"], domain="own", how=numpy.float32(3).item()),
                  functions=[function("Twice", "own", ["a"], ["c"], [
                      node("Constant", [], ["k"], value_float=Reference("how", 1)),
                      node("Mul", ["a", "k"], ["c"])], attributes=["how"])],
                  domains=[("own", 1)]),
}
for name, content in cases.items():
    with open(os.path.join(folder, name + ".onnx"), "wb") as file:
        file.write(content)
with open(os.path.join(folder, "short.bin"), "wb") as file:
    file.write(b"\0" * 16)
