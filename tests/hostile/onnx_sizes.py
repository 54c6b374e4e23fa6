"""Sizes that wrap, sizes that are only declared, and bounds that are no sizes."""

import math

import numpy

from case import BAD, DONE, ENVIRONMENT, EXTREMES, HUGE, UNSUPPORTED, Case, kind, npy
from onnx_writer import FLOAT, INT64, graph, model, node, value


def _file(nodes, inputs, outputs, initializers=None, opset=21, **more):
    return model(graph(nodes, inputs, outputs, initializers), opset=opset, **more)


def _integers(*numbers):
    return numpy.array(numbers, numpy.int64)


def _growing(random, rank):
    """A node that makes a huge tensor `y` from `x` of extents 1, its initialisers and `y`'s size."""
    sizes = [1] * rank
    for at in random.sample(range(rank), random.randint(1, rank)):
        sizes[at] = random.choice(HUGE + [1 << 31, 1 << 33])
    if math.prod(sizes) < 1 << 40:
        sizes[0] = random.choice(HUGE)
    product = math.prod(sizes)
    operator = random.choice(["Expand", "Tile", "ConstantOfShape", "Pad", "Resize"])
    if operator == "ConstantOfShape":
        return node("ConstantOfShape", ["s"], ["y"]), {"s": _integers(*sizes)}, product
    if operator == "Pad":
        return (node("Pad", ["x", "s"], ["y"]),
                {"s": _integers(*([0] * rank + [size - 1 for size in sizes]))}, product)
    if operator == "Resize":
        return (node("Resize", ["x", "", "", "s"], ["y"], mode="nearest"),
                {"s": _integers(*sizes)}, product)
    return node(operator, ["x", "s"], ["y"]), {"s": _integers(*sizes)}, product


@kind
def sizes_that_wrap(random):
    """Static shapes of 2^40 and more elements, and what computes on them."""
    rank = random.randint(1, 4)
    first, initializers, product = _growing(random, rank)
    nodes, last = [first], "y"
    for i in range(random.randint(0, 3)):
        name = f"t{i}"
        operator = random.choice(["Softmax", "Tanh", "Transpose", "ReduceMax", "CumSum", "Neg",
                                  "Identity"])
        if operator == "ReduceMax":
            nodes.append(node(operator, [last], [name], keepdims=1))
        elif operator == "CumSum":
            initializers["axis"] = _integers(rank - 1)
            nodes.append(node(operator, [last, "axis"], [name]))
        elif operator == "Softmax":
            nodes.append(node(operator, [last], [name], axis=random.randrange(rank)))
        else:
            nodes.append(node(operator, [last], [name]))
        last = name
    content = _file(nodes, [value("x", FLOAT, [1] * rank)],
                    [value(last, FLOAT, [None] * rank)], initializers)
    command = random.choice([["run", "m.onnx", "--input", "x=random:" + "x".join("1" * rank)],
                             ["compile", "m.onnx", "-o", "m.so"],
                             ["run", "m.onnx", "--interpret", "--input",
                              "x=random:" + "x".join("1" * rank)]])
    # Code for more memory than this machine has is still code, up to 2^46 bytes a tensor.
    addressable = 4 * product <= 1 << 46
    return Case({"m.onnx": content}, command,
                {BAD, ENVIRONMENT} | ({DONE} if addressable and command[0] == "compile" else set()))


@kind
def options_that_wrap(random):
    """Numbers of the command line that no search can hold."""
    content = _file([node("Tanh", ["x"], ["y"])], [value("x", FLOAT, ["n", 2])],
                    [value("y", FLOAT, ["n", 2])])
    option = random.choice(["--max-length", "--beam", "--threads", "--n-best", "--top-k", "--seed"])
    return Case({"m.onnx": content},
                ["run", "m.onnx", f"{option}={random.choice(EXTREMES)}", "--input", "x=random:2x2"],
                {DONE, BAD, ENVIRONMENT})


# Operators with an input that holds one number per dimension, and the inputs in front of it.
SHAPE_LIKE = {
    "Reshape": ["x", "s"], "Expand": ["x", "s"], "Tile": ["x", "s"], "ConstantOfShape": ["s"],
    "Pad": ["x", "s"], "Slice": ["x", "s", "s"], "Squeeze": ["x", "s"], "Unsqueeze": ["x", "s"],
    "Split": ["x", "s"], "SplitToSequence": ["x", "s"], "Resize": ["x", "", "", "s"],
    "Col2Im": ["x", "s", "s"], "ReduceSum": ["x", "s"], "ReduceMax": ["x", "s"],
    "ReduceMean": ["x", "s"], "CenterCropPad": ["x", "s"], "Upsample": ["x", "s"],
}


@kind
def extents_only_declared(random):
    """A shape-like input whose declared extent fits no tensor."""
    operator = random.choice(sorted(SHAPE_LIKE))
    extent = random.choice([1000, 65536, 1 << 31, 1 << 40, 1 << 62, (1 << 63) - 1])
    content = _file([node(operator, SHAPE_LIKE[operator], ["y"])],
                    [value("x", FLOAT, [3, 2]), value("s", INT64, [extent])],
                    [value("y", FLOAT, [])])
    return Case({"m.onnx": content}, ["compile", "m.onnx", "-o", "m.so"], {BAD, UNSUPPORTED})


@kind
def extents_negative(random):
    """Declared extents below zero mean that nothing is known."""
    shape = [random.choice([-1, -1, -5, -(1 << 63), 2]) for _ in range(2)]
    content = _file([node("Tanh", ["x"], ["y"])], [value("x", FLOAT, shape)],
                    [value("y", FLOAT, [-1, -1])])
    return Case({"m.onnx": content}, ["run", "m.onnx", "--input", "x=random:2x2"], {DONE})


@kind
def bounds_that_are_no_sizes(random):
    """Slices with an end far beyond the axis, as exporters write it."""
    end = random.choice([10 ** 9, (1 << 31) - 1, (1 << 63) - 1, 1 << 40])
    start, step = random.choice([(0, 1), (1, 1), (-3, 1), (0, 2), (-1, -1), (5, 1)])
    if step < 0:
        end = random.choice([-(1 << 63), -(1 << 31), -10 ** 9])
    nodes = [node("Slice", ["x", "b", "e", "a", "t"], ["z"]), node("Tanh", ["z"], ["w"]),
             node("MatMul", ["w", "m"], ["y"])]
    initializers = {"b": _integers(start), "e": _integers(end), "a": _integers(0),
                    "t": _integers(step), "m": numpy.ones((3, 2), numpy.float32)}
    content = _file(nodes, [value("x", FLOAT, ["n", 3])], [value("y", FLOAT, ["k", 2])],
                    initializers)
    rows = random.choice([0, 1, 4, 9])
    command = ["run", "m.onnx", "--input", f"x=random:{rows}x3"]
    if random.random() < 0.5:
        command.append("--interpret")
    return Case({"m.onnx": content}, command, {DONE})


def _sized(random):
    """Operators whose result has a size that only a call decides: nodes, inputs, files."""
    choice = random.randrange(8)
    big = random.choice(HUGE)
    if choice == 0:
        return [node("Tile", ["x", "s"], ["y"])], {"s": _integers(big, random.choice([1, 2, big]))}
    if choice == 1:
        return [node("Expand", ["x", "s"], ["y"])], {"s": _integers(big, 2)}
    if choice == 2:
        return [node("ConstantOfShape", ["s"], ["y"])], {"s": _integers(big, 2)}
    if choice == 3:
        pads = random.choice([[0, 0, big, 0], [-9, 0, 0, 0], [0, 0, 0, -9]])
        return [node("Pad", ["x", "s"], ["y"])], {"s": _integers(*pads)}
    if choice == 4:
        scales = random.choice([[-1.0, 1.0], [float("nan"), 1.0], [1e30, 1.0],
                                [float("inf"), 1.0]])
        return ([node("Resize", ["x", "", "s"], ["y"], mode="nearest")],
                {"s": numpy.array(scales, numpy.float32)})
    if choice == 5:
        return ([node("Resize", ["x", "", "", "s"], ["y"], mode="nearest")],
                {"s": _integers(random.choice([big, -1, -big]), 2)})
    if choice == 6:
        return ([node("Range", ["b", "e", "t"], ["y"])],
                {"b": numpy.int64(-(1 << 63)), "e": numpy.int64((1 << 63) - 1),
                 "t": numpy.int64(random.choice([1, 2]))})
    return ([node("Range", ["b", "e", "t"], ["y"])],
            {"b": numpy.float32(0), "e": numpy.float32(random.choice([1e30, float("inf")])),
             "t": numpy.float32(1)})


@kind
def sizes_of_a_call(random):
    """The same as inputs of a call, or as initialisers: an error, never an empty tensor."""
    nodes, sized = _sized(random)
    is_range = "b" in sized
    result = INT64 if is_range and sized["b"].dtype == numpy.int64 else FLOAT
    inputs, initializers, files, command = [], {}, {}, ["run", "m.onnx"]
    if not is_range and b"ConstantOfShape" not in nodes[0]:
        inputs.append(value("x", FLOAT, [2, 2]))
        command += ["--input", "x=random:2x2"]
    if random.random() < 0.6:
        for name, array in sized.items():
            array = numpy.asarray(array)
            inputs.append(value(name, FLOAT if array.dtype == numpy.float32 else INT64,
                                list(array.shape)))
            files[name + ".npy"] = npy(array)
            command += ["--input", f"{name}={name}.npy"]
    else:
        initializers = sized
    if random.random() < 0.4:
        command.append("--interpret")
    files["m.onnx"] = _file(nodes, inputs, [value("y", result, [None] * (1 if is_range else 2))],
                            initializers)
    return Case(files, command, {BAD, ENVIRONMENT})
