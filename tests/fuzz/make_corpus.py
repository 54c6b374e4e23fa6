"""Writes small valid files as seeds for the fuzz targets.

  make_corpus.py KIND FOLDER    KIND is onnx or safetensors
"""

import json
import os
import struct
import sys

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))
sys.path.insert(0, os.path.join(HERE, "..", "frontends", "Inputs"))
import onnx_runtime_checks as checks  # noqa: E402
import onnx_writer as w  # noqa: E402


def write_onnx(folder):
    """One model per operator of the run-time checks, and what they leave out: functions, branches,
    loops, initializers, attributes of every type."""
    for name in checks.CASES:
        checks.write(folder, name)
    F, I = w.FLOAT, w.INT64
    ones = numpy.ones((2, 3), numpy.float32)
    branch = w.Graph(w.graph([w.node("Neg", ["x"], ["t"])], [], [w.value("t", F, ["n"])]))
    other = w.Graph(w.graph([w.node("Abs", ["x"], ["t"])], [], [w.value("t", F, ["n"])]))
    body = w.Graph(w.graph(
        [w.node("Identity", ["go"], ["on"]), w.node("Add", ["s", "x"], ["next"]),
         w.node("Identity", ["next"], ["each"])],
        [w.value("i", I, []), w.value("go", w.BOOL, []), w.value("s", F, ["n"])],
        [w.value("on", w.BOOL, []), w.value("next", F, ["n"]), w.value("each", F, ["n"])]))
    step = w.Graph(w.graph(
        [w.node("Add", ["s", "e"], ["next"]), w.node("Identity", ["next"], ["each"])],
        [w.value("s", F, [2]), w.value("e", F, [2])],
        [w.value("next", F, [2]), w.value("each", F, [2])]))
    twice = w.function("Twice", "own", ["a"], ["b"],
                       [w.node("Mul", ["a", "k"], ["b"]),
                        w.node("Constant", [], ["k"], value_float=w.Reference("by", 1))], ["by"])
    n, vector = ["n"], w.value("x", F, ["n"])
    models = {
        "if": w.model(w.graph([w.node("If", ["c"], ["y"], then_branch=branch, else_branch=other)],
                              [vector, w.value("c", w.BOOL, [])], [w.value("y", F, n)])),
        "loop": w.model(w.graph([w.node("Loop", ["m", "", "x"], ["y", "z"], body=body)],
                                [vector, w.value("m", I, [])],
                                [w.value("y", F, n), w.value("z", F, ["m", "n"])])),
        "scan": w.model(w.graph([w.node("Scan", ["s", "x"], ["y", "z"], body=step,
                                        num_scan_inputs=1)],
                                [w.value("s", F, [2]), w.value("x", F, ["t", 2])],
                                [w.value("y", F, [2]), w.value("z", F, ["t", 2])])),
        "function": w.model(w.graph([w.node("Twice", ["x"], ["y"], domain="own", by=2.0)],
                                    [vector], [w.value("y", F, n)]),
                            functions=[twice], domains=[("own", 1)]),
        "initializer": w.model(w.graph([w.node("Add", ["x", "w"], ["y"])],
                                       [w.value("x", F, [2, 3])], [w.value("y", F, [2, 3])],
                                       {"w": ones})),
        "external": w.model(w.graph([w.node("Add", ["x", "w"], ["y"])],
                                    [w.value("x", F, [2, 3])], [w.value("y", F, [2, 3])],
                                    {"w": w.tensor(ones, "w", external=("model.onnx", 0))})),
        "attributes": w.model(w.graph(
            [w.node("Constant", [], ["k"], value=ones),
             w.node("Constant", [], ["f"], value_floats=[1.0, 2.0]),
             w.node("Constant", [], ["i"], value_ints=[0, 1]),
             w.node("Transpose", ["k"], ["t"], perm=[1, 0]),
             w.node("Pad", ["t", "i4"], ["y"], mode="reflect"),
             w.node("Constant", [], ["i4"], value_ints=[1, 0, 0, 1])], [],
            [w.value("y", F, [4, 3]), w.value("f", F, [2]), w.value("i", I, [2])])),
    }
    for name, content in models.items():
        with open(os.path.join(folder, name + ".onnx"), "wb") as file:
            file.write(content)


def write_safetensors(folder):
    """Headers of several tensors, types and orders, with and without metadata."""
    sizes = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1,
             "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1}
    cases = {"empty": {}, "metadata": {"__metadata__": {"format": "pt", "a": "\u00e9\\\""}}}
    for dtype in sizes:
        cases[dtype.lower()] = {"w": (dtype, [2, 3])}
    cases["several"] = {"a.weight": ("F32", [4, 2]), "a.bias": ("F32", [4]), "s": ("I64", []),
                        "none": ("F16", [0, 7]), "__metadata__": {"k": "v"}}
    for name, entries in cases.items():
        header, end = {}, 0
        for key, entry in entries.items():
            if key == "__metadata__":
                header[key] = entry
                continue
            size = sizes[entry[0]] * int(numpy.prod(entry[1], dtype=int))
            header[key] = {"dtype": entry[0], "shape": entry[1], "data_offsets": [end, end + size]}
            end += size
        text = json.dumps(header).encode()
        with open(os.path.join(folder, name + ".safetensors"), "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + bytes(k % 251 for k in range(end)))


def write(kind, folder):
    (write_onnx if kind == "onnx" else write_safetensors)(folder)


if __name__ == "__main__":
    os.makedirs(sys.argv[2], exist_ok=True)
    write(sys.argv[1], sys.argv[2])
