"""Graphs that break a rule of the format, or strain whoever walks them."""

import numpy

from case import BAD, DONE, ENVIRONMENT, EXTREMES, UNSUPPORTED, Case, kind, spoil
from onnx_writer import BOOL, FLOAT, INT64, Graph, function, graph, model, node, tensor, value


def _plain(**more):
    return dict(nodes=[node("Tanh", ["x"], ["y"])], inputs=[value("x", FLOAT, ["n", 2])],
                outputs=[value("y", FLOAT, ["n", 2])], **more)


def _write(nodes, inputs, outputs, initializers=None, **more):
    return model(graph(nodes, inputs, outputs, initializers), **more)


@kind
def rules_of_the_format(random):
    """One rule broken: exit 2."""
    parts, more = _plain(), {}
    fault = random.randrange(10)
    if fault == 0:
        more = {"domains": [("", 20)]}
    elif fault == 1:
        more = {"ir": random.choice([-1, -(1 << 63)])}
    elif fault == 2:
        twice = function("F", "own", ["a"], ["b"], [node("Neg", ["a"], ["b"])])
        parts["nodes"] = [node("F", ["x"], ["y"], domain="own")]
        more = {"functions": [twice, twice], "domains": [("own", 1)]}
    elif fault == 3:
        parts["outputs"] = [value("y", random.choice([INT64, BOOL]), ["n", 2])]
    elif fault == 4:
        parts["nodes"] = [node("Tanh", ["nowhere"], ["y"])]
    elif fault == 5:
        parts["nodes"] = [node("Tanh", ["x"], ["y"]), node("Neg", ["x"], ["y"])]
    elif fault == 6:
        parts["nodes"] = [node("Add", ["x", "b"], ["a"]), node("Neg", ["a"], ["b"]),
                          node("Neg", ["b"], ["y"])]
    elif fault == 7:
        parts["inputs"] = parts["inputs"] * 2
    elif fault == 8:
        parts["outputs"] = [value("z", FLOAT, ["n", 2])]
    else:
        wrong = tensor(numpy.ones(3, numpy.float32), "w")
        parts["initializers"] = {"w": wrong[:-random.randint(1, 11)]}
        parts["nodes"] = [node("Add", ["x", "w"], ["y"])]
    return Case({"m.onnx": _write(**parts, **more)}, ["compile", "m.onnx", "-o", "m.so"], {BAD})


@kind
def data_elsewhere(random):
    """External data outside of the file, of the folder, or of sense."""
    location = random.choice(["w.bin", "../w.bin", "/etc/hostname", "none.bin", ".", ""])
    offset = random.choice(EXTREMES)
    array = numpy.ones((2, 2), numpy.float32)
    content = _write([node("MatMul", ["x", "w"], ["y"])], [value("x", FLOAT, ["n", 2])],
                     [value("y", FLOAT, ["n", 2])],
                     {"w": tensor(array, "w", external=(location, offset))})
    sound = location == "w.bin" and offset == 0
    return Case({"m.onnx": content, "w.bin": array.tobytes()},
                ["compile", "m.onnx", "-o", "m.so"], {DONE} if sound else {BAD})


@kind
def spoilt_bytes(random):
    """A sound model with changed bytes."""
    parts = random.choice([_plain(), dict(
        nodes=[node("LSTM", ["x", "w", "r"], ["y", "h", "c"], hidden_size=2)],
        inputs=[value("x", FLOAT, ["t", "b", 3])], outputs=[value("y", FLOAT, [None] * 4)],
        initializers={"w": numpy.ones((1, 8, 3), numpy.float32),
                      "r": numpy.ones((1, 8, 2), numpy.float32)}), dict(
        nodes=[node("Softmax", ["x"], ["s"], axis=1), node("Slice", ["s", "b", "e"], ["y"])],
        inputs=[value("x", FLOAT, [2, 3])], outputs=[value("y", FLOAT, [1, 2])],
        initializers={"b": numpy.array([0, 0]), "e": numpy.array([1, 2])})])
    content = spoil(random, _write(**parts))
    return Case({"m.onnx": content}, ["compile", "m.onnx", "-o", "m.so"],
                {DONE, BAD, UNSUPPORTED, ENVIRONMENT})


@kind
def deep_branches(random):
    """If in If, down to a depth that a parser may refuse."""
    depth = random.choice([2, 10, 40, 120, 400])
    parts = None
    for level in range(depth, 0, -1):
        out = f"o{level}"
        inner = [node("Neg", ["x"], [out])] if parts is None else parts
        branch = Graph(graph(inner, [], [value(out, FLOAT, ["n", 2])]))
        # Few levels are nested on both sides, since each doubles the file.
        other = branch if level <= 4 else Graph(
            graph([node("Tanh", ["x"], [out])], [], [value(out, FLOAT, ["n", 2])]))
        parts = [node("If", ["c"], [f"o{level - 1}" if level > 1 else "y"], then_branch=branch,
                      else_branch=other)]
    content = _write(parts, [value("x", FLOAT, ["n", 2]), value("c", BOOL, [])],
                     [value("y", FLOAT, ["n", 2])])
    return Case({"m.onnx": content}, ["compile", "m.onnx", "--stop-after=decompose", "-o", "m.mlir"],
                {DONE, BAD, UNSUPPORTED})


@kind
def deep_loops(random):
    """Loop in Loop: work must not double with each level."""
    depth = random.choice([1, 3, 8, 16, 30])
    body = [node("Tanh", ["v0"], ["o0"]), node("Identity", ["c0"], ["k0"])]
    for level in range(depth):
        inner = Graph(graph(body, [value(f"i{level}", INT64, []), value(f"c{level}", BOOL, []),
                                   value(f"v{level}", FLOAT, ["n", 2])],
                            [value(f"k{level}", BOOL, []), value(f"o{level}", FLOAT, ["n", 2])]))
        outer = level + 1
        body = [node("Loop", ["trips", "", f"v{outer}" if outer < depth else "x"],
                     [f"o{outer}" if outer < depth else "y"], body=inner)]
        if outer < depth:
            body.append(node("Identity", [f"c{outer}"], [f"k{outer}"]))
    content = _write(body, [value("x", FLOAT, ["n", 2]), value("trips", INT64, [])],
                     [value("y", FLOAT, ["n", 2])])
    return Case({"m.onnx": content}, ["compile", "m.onnx", "-o", "m.so"], {DONE, BAD, UNSUPPORTED})


@kind
def long_chains(random):
    """Many nodes in a row, many inputs of one node."""
    count = random.choice([10, 60, 200])
    form = random.randrange(4)
    initializers = {}
    if form == 0:
        nodes = [node("Concat", ["x"] * count, ["y"], axis=0)]
    elif form == 1:
        nodes = [node("Softmax", ["x" if i == 0 else f"t{i}"],
                      ["y" if i == count - 1 else f"t{i + 1}"]) for i in range(count)]
    elif form == 2:
        initializers["w"] = numpy.eye(2, dtype=numpy.float32)
        nodes = [node("MatMul", ["x" if i == 0 else f"t{i}", "w"],
                      ["y" if i == count - 1 else f"t{i + 1}"]) for i in range(count)]
    else:
        nodes = [node("Add", ["x" if i == 0 else f"t{i}"] * 2,
                      ["y" if i == count - 1 else f"t{i + 1}"]) for i in range(count)]
    content = _write(nodes, [value("x", FLOAT, ["n", 2])], [value("y", FLOAT, [None, 2])],
                     initializers)
    return Case({"m.onnx": content}, ["compile", "m.onnx", "-o", "m.so"], {DONE})


@kind
def residual_shapes(random):
    """Residual blocks over dynamic time, whose extents are read at the end."""
    blocks = random.choice([2, 12, 40])
    nodes, last = [], "x"
    for i in range(blocks):
        nodes += [node("Conv", [last, "w"], [f"c{i}"], pads=[1, 1]),
                  node("Add", [last, f"c{i}"], [f"a{i}"])]
        last = f"a{i}"
    nodes += [node("Shape", [last], ["s"]), node("Gather", ["s", "two"], ["t"]),
              node("Concat", ["one", "t"], ["g"], axis=0), node("Reshape", [last, "g"], ["y"])]
    content = _write(nodes, [value("x", FLOAT, [1, 2, "t"])], [value("y", FLOAT, [None, None])],
                     {"w": numpy.ones((2, 2, 3), numpy.float32), "two": numpy.array([2]),
                      "one": numpy.array([-1])})
    return Case({"m.onnx": content}, ["inspect", "m.onnx"], {DONE})
