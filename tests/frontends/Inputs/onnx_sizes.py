"""Writes ONNX models whose sizes are beyond every memory or below zero, and calls them.

  onnx_sizes.py FOLDER SUPPORT    ends with 1 if a model or a call behaves otherwise

Those of `STATIC` end while they are compiled, with exit code 2; those of `CALLS` compile, and their
call ends with exit code 2 or 5, interpreted too. Messages name the node 'checked'.
"""

import os
import subprocess
import sys

import numpy

sys.path.insert(0, sys.argv[2])
import onnx_writer as w  # noqa: E402

F, I = w.FLOAT, w.INT64
BIG, ALL = 1 << 62, (1 << 63) - 1
STATIC, CALLS = {}, {}


def one(operator, inputs, constants=None, opset=21, outputs=("y",), **attributes):
    """One node; `inputs` are {name: (dtype, shape)} or None for a constant or what is left out."""
    node = w.node(operator, [name if not name.startswith("-") else "" for name in inputs],
                  list(outputs), name="checked", **attributes)
    given = [w.value(name, *kind) for name, kind in inputs.items() if kind]
    return w.model(w.graph([node], given, [w._field(1, "y")], constants or {}), opset)


def ints(*numbers):
    return numpy.array(numbers, numpy.int64)


def floats(*numbers):
    return numpy.array(numbers, numpy.float32)


def scalar(number, kind=numpy.int64):
    return numpy.array(number, kind)


def resize(constants=None, extent=4, **inputs):
    return one("Resize", {"x": (F, [extent]), "-r": None, **inputs}, constants, mode="nearest")


def chain():
    nodes = [w.node("Expand", ["x", "s"], ["a"], name="checked"),
             w.node("Softmax", ["a"], ["b"], axis=1), w.node("ReduceMax", ["b"], ["y"], keepdims=0)]
    return w.model(w.graph(nodes, [w.value("x", F, [1, 1])], [w._field(1, "y")],
                           {"s": ints(1 << 31, 1 << 31)}), 18)


X, LIST = (F, [3, 2]), (I, [1 << 40])
STATIC["expand"] = chain()
STATIC["outer"] = one("Einsum", {"a": (F, [1 << 21]), "b": (F, [1 << 21]), "c": (F, [1 << 21])},
                      equation="i,j,k->ijk")
STATIC["tile"] = one("Tile", {"x": (F, [4]), "r": None}, {"r": ints(BIG)})
STATIC["pad"] = one("Pad", {"x": (F, [4]), "p": None}, {"p": ints(-3, -3)})
STATIC["pad-far"] = one("Pad", {"x": (F, [4]), "p": None}, {"p": ints(0, 1 << 60)})
STATIC["range"] = one("Range", {"a": None, "b": None, "c": None},
                      {"a": scalar(-ALL - 1), "b": scalar(ALL), "c": scalar(1)})
STATIC["range-inf"] = one("Range", {"a": None, "b": None, "c": None},
                          {"a": scalar(0, "f4"), "b": scalar(numpy.inf, "f4"),
                           "c": scalar(1, "f4")})
for title, factor in ("negative", -1), ("nan", numpy.nan), ("large", 1e30):
    STATIC["resize-" + title] = resize({"s": floats(factor)}, s=None)
STATIC["resize-size"] = resize({"s": ints(-3)}, **{"-s": None, "s": None})
for axes in 3, 1000, 1 << 40:
    STATIC[f"sum-{axes}"] = one("ReduceSum", {"x": X, "l": (I, [axes])})
for operator in "Reshape", "Expand", "Tile", "Pad", "Squeeze", "Unsqueeze", "Split", \
        "SplitToSequence":
    STATIC["list-" + operator] = one(operator, {"x": X, "l": LIST})
STATIC["list-fill"] = one("ConstantOfShape", {"l": LIST})
STATIC["list-slice"] = one("Slice", {"x": X, "l": LIST, "m": LIST})
STATIC["list-slice-axes"] = one("Slice", {"x": X, "s": (I, [1]), "e": (I, [1]), "l": LIST})
STATIC["list-scales"] = one("Resize", {"x": X, "-r": None, "l": (F, [1 << 40])}, mode="nearest")
STATIC["list-sizes"] = one("Resize", {"x": X, "-r": None, "-s": None, "l": LIST}, mode="nearest")
STATIC["list-image"] = one("Col2Im", {"x": (F, [1, 5, 5]), "l": LIST, "m": LIST})
STATIC["list-block"] = one("Col2Im", {"x": (F, [1, 5, 5]), "l": (I, [2]), "m": LIST})

CALLS["tile"] = (one("Tile", {"x": (F, [None]), "r": (I, [1])}), [floats(1, 2, 3, 4), ints(BIG)])
CALLS["pad"] = (one("Pad", {"x": (F, [None]), "p": (I, [2])}), [floats(1, 2, 3, 4), ints(-3, -3)])
CALLS["pad-nothing"] = (one("Pad", {"x": (F, [None]), "p": (I, [2])}, mode="edge"),
                        [floats(), ints(1, 1)])
RANGE = one("Range", {"a": (I, []), "b": (I, []), "c": (I, [])})
CALLS["range"] = (RANGE, [scalar(-ALL - 1), scalar(ALL), scalar(1)])
CALLS["range-down"] = (RANGE, [scalar(0), scalar(-ALL - 1), scalar(-1)])
CALLS["range-inf"] = (one("Range", {"a": (F, []), "b": (F, []), "c": (F, [])}),
                      [scalar(0, "f4"), scalar(numpy.inf, "f4"), scalar(1, "f4")])
for title, factor in ("negative", -1), ("nan", numpy.nan), ("large", 1e30):
    CALLS["resize-" + title] = (resize(s=(F, [1]), extent=None), [floats(1, 2), floats(factor)])
CALLS["resize-size"] = (resize(**{"-s": None, "s": (I, [1])}), [floats(1, 2, 3, 4), ints(-3)])
CALLS["outer"] = (w.model(w.graph(
    [w.node("Mul", ["a", "b"], ["t"], name="checked"),
     w.node("Mul", ["t", "c"], ["u"], name="checked"),
     w.node("Reshape", ["u", "s"], ["y"], name="checked")],
    [w.value("a", F, [None, 1, 1]), w.value("b", F, [None, 1]), w.value("c", F, [None])],
    [w._field(1, "y")], {"s": ints(-1)}), 18),
    [numpy.zeros((1 << 20, 1, 1), "f4"), numpy.zeros((1 << 20, 1), "f4"), numpy.zeros(1 << 20, "f4")])


def run(command):
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return result.returncode, result.stderr


def main():
    folder, wrong = sys.argv[1], 0
    os.makedirs(folder)
    path = os.path.join(folder, "model.onnx")

    def write(content):
        with open(path, "wb") as file:
            file.write(content)

    def judge(name, found, codes):
        code, message = found
        # The runtime that finds no memory knows no nodes.
        if code in codes and ("'checked'" in message or code == 5):
            return 0
        print(f"{name}: ends with {code}: {message}")
        return 1

    for name, content in STATIC.items():
        write(content)
        wrong += judge(name, run(["seqc", "compile", path, "-o", path + ".out"]), [2])
    for name, (content, arrays) in CALLS.items():
        write(content)
        command = ["seqc", "run", path, "--quiet"]
        for position, array in enumerate(arrays):
            numpy.save(f"{path}.{position}.npy", array)
            command += ["--input", f"{position}={path}.{position}.npy"]
        for options in [], ["--interpret"]:
            wrong += judge(f"{name} {options}", run(command + options), [2, 5])

    x = numpy.arange(5 * 3, dtype=numpy.float32).reshape(5, 3)
    nodes = [w.node("Slice", ["x", "s", "e", "a"], ["t"]), w.node("Softmax", ["t"], ["u"], axis=0),
             w.node("MatMul", ["u", "v"], ["y"])]
    weights = numpy.eye(3, dtype=numpy.float32) * 2
    content = w.graph(nodes, [w.value("x", F, ["n", 3])], [w.value("y", F, ["m", 3])],
                      {"s": ints(1), "e": ints(10**9), "a": ints(0), "v": weights})
    with open(os.path.join(folder, "slice.onnx"), "wb") as file:
        file.write(w.model(content, 18))
    exponents = numpy.exp(x[1:].astype(float) - x[1:].max(axis=0))
    numpy.save(os.path.join(folder, "x.npy"), x)
    numpy.save(os.path.join(folder, "y.npy"),
               (exponents / exponents.sum(axis=0) * 2).astype(numpy.float32))
    print(f"{len(STATIC) + len(CALLS)} models, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
