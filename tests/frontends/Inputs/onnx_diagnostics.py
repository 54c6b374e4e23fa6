"""One wrong ONNX model for each message of the converters that no other test expects.

  onnx_diagnostics.py FOLDER    writes the models, imports each and compares exit code and message
"""

import os
import subprocess
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
import onnx_writer as w  # noqa: E402

F, I, B = w.FLOAT, w.INT64, w.BOOL
ONES = numpy.ones((2, 3), numpy.float32)
MICROSOFT = {"domains": [("com.microsoft", 1)]}


def ints(*numbers):
    return numpy.array(numbers, numpy.int64)


def graph(nodes, inputs, initializers=None, outputs=("y",)):
    return w.graph(nodes, [w.value(name, *kind) for name, kind in inputs.items()],
                   [w._field(1, name) for name in outputs], initializers)


def one(operator, inputs, initializers=None, opset=21, ir=10, domain="", outputs=("y",), prefix=(),
        **attributes):
    """A model of the node `n` behind the nodes `prefix`; None among inputs is one left out."""
    names = [name or "" for name in inputs]
    given = {name: kind for name, kind in inputs.items() if name and kind}
    content = graph([*prefix, w.node(operator, names, list(outputs), name="n", domain=domain,
                                     **attributes)], given, initializers, outputs)
    return w.model(content, opset=opset, ir=ir, **(MICROSOFT if domain else {}))


def listed(operator, elements, opset=21, **attributes):
    """A node on a sequence of inputs."""
    names = [f"e{k}" for k in range(len(elements))]
    prefix = [w.node("SequenceConstruct", names, ["s"])] if names else [
        w.node("SequenceEmpty", [], ["s"])]
    content = graph([*prefix, w.node(operator, ["s"], ["y"], name="n", **attributes)],
                    dict(zip(names, elements)))
    return w.model(content, opset=opset)


def mapped(names, body_inputs, body_nodes, lengths):
    """SequenceMap over sequences of the given lengths."""
    prefix, inputs = [], {"x": (F, [2])}
    for name, length in zip(names, lengths):
        prefix.append(w.node("SequenceConstruct", ["x"] * length, [name]))
    body = w.Graph(w.graph(body_nodes, [w.value(text, F, [2]) for text in body_inputs],
                           [w.value("r", F, [2])]))
    return w.model(graph([*prefix, w.node("SequenceMap", names, ["y"], name="n", body=body)],
                         inputs))


def forks(count):
    """Conditions that each decide on a rank."""
    nodes, inputs = [], {"v0": (F, [2])}
    for i in range(count):
        inputs[f"c{i}"] = (B, [])
        then, other = (w.Graph(w.graph([w.node(operator, names, ["r"])], [], [w._field(1, "r")]))
                       for operator, names in (("Unsqueeze", [f"v{i}", "zero"]),
                                               ("Identity", [f"v{i}"])))
        nodes.append(w.node("If", [f"c{i}"], [f"v{i + 1}"], name="n", then_branch=then,
                            else_branch=other))
    nodes.append(w.node("Size", [f"v{count}"], ["y"]))
    return w.model(graph(nodes, inputs, {"zero": ints(0)}))


def models():
    """(name, exit code, part of the message, model)"""
    x = {"x": (F, [2, 3])}
    yield "fill", 2, "(ConstantOfShape, opset 21): extent -3 is negative", one(
        "ConstantOfShape", {"s": None}, {"s": ints(2, -3)})
    yield "too-large", 2, "a tensor has more than 2^46 elements", one(
        "ConstantOfShape", {"s": None}, {"s": ints(1 << 40, 1 << 40)})
    yield "overflow", 2, "cannot be reshaped to one of more than 2^46", one(
        "Reshape", {**x, "s": None}, {"s": ints(2, (1 << 63) - 1)})
    yield "zero-and-rest", 2, "its shape has -1 and 0; required is one of them", one(
        "Reshape", {"x": (F, [0, 3]), "s": None}, {"s": ints(0, -1)}, allowzero=1)
    yield "flat", 2, "a tensor of 6 elements cannot be reshaped to one of 7", one(
        "Reshape", {**x, "s": None}, {"s": ints(7)})
    yield "parts", 2, "the sum of its parts is 4; required is 5", one(
        "SplitToSequence", {"x": (F, [5]), "s": None}, {"s": ints(2, 2)})
    yield "edge", 2, "its lower_edge_hertz is no number of 0 or more", one(
        "MelWeightMatrix", {"b": None, "d": None, "r": None, "l": None, "u": None},
        {"b": ints(4), "d": ints(16), "r": ints(8000), "l": numpy.float32([-1]),
         "u": numpy.float32([4000])})
    query = {"q": (F, [1, 4, 8]), "k": (F, [1, 4, 8]), "v": (F, [1, 4, 8])}
    yield "bias", 2, "its bias of 12 entries does not cover the projections", one(
        "MultiHeadAttention", {**query, "b": (F, [12])}, domain="com.microsoft", num_heads=2)
    yield "integers", 2, "input 0 is int8; required is a floating-point type", one(
        "Attention", {name: (w.INT8, [1, 2, 4, 8]) for name in "qkv"} | {"m": (F, [4])}, opset=23)
    yield "caches", 2, "inputs 7 and 8 (caches of cosines and sines) are missing", one(
        "GroupQueryAttention",
        {**query, None: None, "p": (F, [1, 2, 0, 4]), "l": (w.INT32, [1]), "t": (w.INT32, [])},
        domain="com.microsoft", num_heads=2, kv_num_heads=2, do_rotary=1)
    branch = w.Graph(w.graph([w.node("Neg", ["x"], ["t"])], [], [w.value("t", F, [2, 3])]))
    yield "branch", 2, "attribute 'then_branch' or 'else_branch' is missing", one(
        "If", {"c": (B, [])}, prefix=[w.node("Neg", ["x"], ["z"])], then_branch=branch,
        initializers={"x": ONES})
    yield "axis", 2, "axis 2 leaves no room for rank 1", one(
        "Add", {**x, "v": (F, [3])}, opset=6, ir=3, broadcast=1, axis=2)
    yield "range", 2, "input 0 has not exactly one element", one(
        "Range", {"a": (I, [2]), "b": (I, []), "c": (I, [])})
    yield "values", 2, "input 2 (values) has not exactly two elements", one(
        "OneHot", {"i": (I, [4]), "d": (I, []), "v": (F, [3])})
    yield "erase", 2, "(SequenceErase, opset 21): its sequence is empty", listed(
        "SequenceErase", [])
    yield "join-empty", 2, "(ConcatFromSequence, opset 21): its sequence is empty", listed(
        "ConcatFromSequence", [], axis=0)
    yield "join-ranks", 2, "the elements of its sequence differ in rank or type", listed(
        "ConcatFromSequence", [(F, [2]), (F, [2, 3])], axis=0)
    yield "split-type", 2, "input 1 is float; required is an integer type", one(
        "SplitToSequence", {**x, "p": (F, [])})
    yield "split-size", 2, "it splits extent 2 into parts of 0", one(
        "SplitToSequence", {**x, "p": None}, {"p": numpy.array(0)})
    construct = [w.node("SequenceConstruct", ["x"], ["s"])]
    yield "insert-type", 2, "it inserts ", w.model(graph(
        construct + [w.node("SequenceInsert", ["s", "v", "p"], ["y"], name="n")],
        {"x": (F, [2]), "v": (I, [2]), "p": (I, [])}))
    yield "place-type", 2, "its position is float of rank 0; required is one integer", w.model(graph(
        construct + [w.node("SequenceAt", ["s", "p"], ["y"], name="n")],
        {"x": (F, [2]), "p": (F, [])}))
    yield "place-list", 2, "input 1 is no integer", w.model(graph(
        construct + [w.node("SequenceAt", ["s", "s"], ["y"], name="n")], {"x": (F, [2])}))
    yield "parts", 3, "a list of parts whose length is known at run time only", one(
        "SplitToSequence", {**x, "p": (I, [None])})
    yield "many-parts", 2, "input 1 (split) has 16385 elements; required are at most 16384", one(
        "SplitToSequence", {**x, "p": (I, [16385])})
    yield "forks", 3, "more than 8 branches of different rank inside of each other", forks(9)
    yield "optional", 2, "(OptionalGetElement, opset 21): its optional has no element", one(
        "OptionalGetElement", {"o": None}, prefix=[w.node("Optional", [], ["o"])])
    neg = [w.node("Neg", ["a"], ["r"])]
    yield "map-inputs", 2, "its body has other inputs or outputs than the node", mapped(
        ["s"], ["a", "b"], neg, [2])
    yield "map-lengths", 2, "its sequences differ in length", mapped(
        ["s", "t"], ["a", "b"], neg, [2, 1])
    yield "map-output", 2, "output 0 of its body is no tensor", mapped(
        ["s"], ["a"], [w.node("SequenceConstruct", ["a"], ["r"])], [2])
    yield "shape", 2, "(Reshape, opset 21): input 1 (shape) is missing", one("Reshape", x)
    yield "reshape", 2, "its shape has extent -2", one("Reshape", {**x, "s": None},
                                                       {"s": ints(-2, 3)})
    yield "expand", 2, "its shape has extent -3", one("Expand", {**x, "s": None},
                                                      {"s": ints(2, -3)})
    yield "concat", 2, "input 1 has rank 1; required is 2", one(
        "Concat", {**x, "v": (F, [3])}, axis=0)
    yield "unsqueeze", 2, "its axes are missing", one("Unsqueeze", x)
    yield "split", 2, "extent 3 does not split into 2 equal parts", one(
        "Split", x, opset=13, outputs=("y", "z"), axis=1)
    yield "pads", 2, "(Pad, opset 21): input 1 (pads) is missing", one("Pad", x)
    yield "tiles", 2, "(Tile, opset 5): input 2 (axis) is missing", one(
        "Tile", {**x, "t": (I, [1])}, opset=5, ir=3)
    # What is known while the model is read is not left for its calls.
    yield "add", 2, "have extents 4 and 3 in one dimension", one("Add", {**x, "v": (F, [4])})
    yield "join", 2, "the extent of dimension 1 is 4; required is 3", one(
        "Concat", {**x, "v": (F, [2, 4])}, axis=0)
    yield "gather", 2, "an index is 2; required is -2 to 1", one(
        "Gather", {**x, "i": None}, {"i": ints(0, 2)})


def check(cases, folder):
    """Imports each model and compares; gives the exit code. What is right says nothing."""
    os.makedirs(folder, exist_ok=True)
    wrong = count = 0
    for name, code, part, content in cases:
        path = os.path.join(folder, name + ".onnx")
        with open(path, "wb") as file:
            file.write(content)
        result = subprocess.run(
            ["seqc", "compile", path, "--stop-after=import", "-o", "-", "--quiet"],
            capture_output=True, text=True, check=False)
        count += 1
        located = f"{name}.onnx: error: node 'n' ("
        if result.returncode != code or part not in result.stderr or (
                code and located not in result.stderr):
            wrong += 1
            print(f"{name}: exit code {result.returncode}: {result.stderr[:400]}")
    print(f"{count} wrong models, {wrong} told otherwise")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(check(models(), sys.argv[1]))
