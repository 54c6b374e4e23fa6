"""Writes folders of ONNX tests for gathers, scatters and results of run-time sizes; numpy computes
what they expect.

  onnx_indexing.py FOLDER SUPPORT
"""

import os
import sys

import numpy

sys.path.insert(0, sys.argv[2])
import onnx_writer as onnx  # noqa: E402

RANDOM = numpy.random.default_rng(7)
TYPES = {"float32": onnx.FLOAT, "int64": onnx.INT64, "int32": onnx.INT32, "bool": onnx.BOOL,
         "float16": onnx.FLOAT16, "uint8": onnx.UINT8}


def write(name, model, inputs=(), outputs=()):
    folder = os.path.join(sys.argv[1], name, "test_data_set_0")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "..", "model.onnx"), "wb") as file:
        file.write(model)
    for kind, arrays in (("input", inputs), ("output", outputs)):
        for i, array in enumerate(arrays):
            with open(os.path.join(folder, f"{kind}_{i}.pb"), "wb") as file:
                file.write(onnx.tensor(array, f"{kind}{i}"))


def build(operator, inputs, outputs, dynamic=False, opset=24, shapes=None, **attributes):
    def declare(kind, arrays):
        values = []
        for i, array in enumerate(arrays):
            shape = list(array.shape)
            if kind == "output":
                shape = [None] * array.ndim
            elif dynamic:
                shape = [f"{kind}{i}_{d}" for d in range(array.ndim)]
                if shapes and shapes.get(i):
                    shape = shapes[i]
            values.append(onnx.value(f"{kind}{i}", TYPES[array.dtype.name], shape))
        return values

    names = [f"input{i}" for i in range(len(inputs))]
    results = [f"output{i}" for i in range(len(outputs))]
    nodes = [onnx.node(operator, names, results, name="it", **attributes)]
    return onnx.model(onnx.graph(nodes, declare("input", inputs), declare("output", outputs)),
                      opset=opset)


def case(name, operator, inputs, outputs, shapes=None, **attributes):
    for dynamic in (False, True):
        write(os.path.join("good", name) + ("_dynamic" if dynamic else "_static"),
              build(operator, inputs, outputs, dynamic, shapes=shapes, **attributes), inputs,
              outputs)


def numbers(*shape, dtype=numpy.float32):
    return RANDOM.integers(-4, 5, shape).astype(dtype)


def indices(*shape, below, dtype=numpy.int64):
    return RANDOM.integers(-below, below, shape).astype(dtype)


def gathers():
    x = numbers(4, 3, 5)
    at = numpy.array([[0, -1, 2], [-3, 2, 1]], numpy.int64)
    case("gather", "Gather", [x, at], [numpy.take(x, at, 1)], axis=1)
    table, ids = numbers(5, 3), numpy.array([[0, -1], [4, 2]], numpy.int64)
    case("gather_rows", "Gather", [table, ids], [table[ids]], axis=0)
    at = indices(4, 6, 5, below=3, dtype=numpy.int32)
    case("gather_elements", "GatherElements", [x, at],
         [numpy.take_along_axis(x, at.astype(numpy.int64), 1)], axis=1)
    case("gather_elements_from_end", "GatherElements", [x, at],
         [numpy.take_along_axis(x, at.astype(numpy.int64), 1)], axis=-2)
    empty = numpy.zeros((0, 3), numpy.float32)
    none = numpy.zeros((0, 3), numpy.int64)
    case("gather_nothing", "GatherElements", [empty, none], [empty])
    case("gather_no_rows", "Gather", [empty, none], [numpy.zeros((0, 3, 3), numpy.float32)])
    at = indices(2, 6, 2, below=3)
    shapes = {1: ["a", "b", 2]}
    case("gather_nd", "GatherND", [x, at], [x[at[..., 0], at[..., 1]]], shapes=shapes)
    at = indices(4, 2, 1, below=3)
    case("gather_nd_batch", "GatherND", [x, at],
         [numpy.stack([x[b][at[b, :, 0]] for b in range(4)])], shapes={1: ["a", "b", 1]},
         batch_dims=1)
    at = numpy.array([[3, -3], [-1, 1]], numpy.int64)
    case("gather_nd_rows", "GatherND", [x, at], [x[at[:, 0], at[:, 1]]], shapes={1: ["a", 2]})


REDUCTIONS = {"none": lambda old, new: new, "add": lambda old, new: old + new,
              "mul": lambda old, new: old * new, "max": max, "min": min}


def scatters():
    for name, combine in REDUCTIONS.items():
        types = [numpy.float32, numpy.int32] + [numpy.float16] * (name == "add")
        for dtype in types:
            x, updates = numbers(4, 5, dtype=dtype), numbers(3, 5, dtype=dtype)
            at = indices(3, 5, below=5)
            result = x.copy()
            for i, j in numpy.ndindex(3, 5):
                result[i, at[i, j]] = combine(result[i, at[i, j]], updates[i, j])
            case(f"scatter_elements_{name}_{x.dtype.name}", "ScatterElements", [x, at, updates],
                 [result], axis=1, reduction=name)
            x, updates = numbers(4, 3, 5, dtype=dtype), numbers(2, 5, 5, dtype=dtype)
            at = indices(2, 5, 2, below=3)
            result = x.copy()
            for i in numpy.ndindex(2, 5):
                a, b = at[i]
                for k in range(5):
                    result[a, b, k] = combine(result[a, b, k], updates[i][k])
            case(f"scatter_nd_{name}_{x.dtype.name}", "ScatterND", [x, at, updates], [result],
                 shapes={1: ["a", "b", 2]}, reduction=name)
    empty = numpy.zeros((0, 3), numpy.float32)
    at, updates = numpy.zeros((0, 3), numpy.int64), numbers(0, 3)
    case("scatter_nothing", "ScatterElements", [empty, at, updates], [empty])
    case("scatter_nd_nothing", "ScatterND", [empty, at[:, :1], updates], [empty],
         shapes={1: ["a", 1]})
    cache, updates = numbers(3, 2, 6, 2), numbers(3, 2, 4, 2)
    for mode, starts in ("linear", [1, 2, 0]), ("circular", [1, 5, 0]):
        result = cache.copy()
        for b, start in enumerate(starts):
            for i in range(4):
                result[b, :, (start + i) % 6] = updates[b, :, i]
        case(f"tensor_scatter_{mode}", "TensorScatter",
             [cache, updates, numpy.array(starts, numpy.int64)], [result], mode=mode)
    result = cache.copy()
    result[:, :, :4] = updates
    case("tensor_scatter_first", "TensorScatter", [cache, updates], [result])


def unique(name, x, axis=None, by_value=True):
    _, first, inverse, counts = numpy.unique(x, True, True, True, axis=axis)
    inverse = inverse.reshape(-1)
    if not by_value:
        order = numpy.argsort(first, kind="stable")
        first, counts = first[order], counts[order]
        inverse = numpy.argsort(order)[inverse]
    picked = x.reshape(-1)[first] if axis is None else numpy.take(x, first, axis)
    attributes = {"sorted": int(by_value)}
    if axis is not None:
        attributes["axis"] = axis
    case(name, "Unique", [x],
         [picked] + [part.astype(numpy.int64) for part in (first, inverse, counts)], **attributes)


def sizes():
    for shape in ((), (3,), (4, 0, 2), (2, 3, 4)):
        x = (RANDOM.integers(0, 2, shape) * 2.5).astype(numpy.float32)
        found = numpy.array(numpy.nonzero(x)) if shape else numpy.zeros((0, int(x != 0)), int)
        case(f"nonzero_{len(shape)}", "NonZero", [x], [found.astype(numpy.int64)])
    case("nonzero_none", "NonZero", [numpy.zeros((2, 3), bool)],
         [numpy.zeros((2, 0), numpy.int64)])
    x, condition = numbers(3, 4, 2), numpy.array([True, False, True])
    case("compress", "Compress", [x, condition], [numpy.compress(condition, x, 1)], axis=1)
    case("compress_flat", "Compress", [x, condition], [numpy.compress(condition, x)])
    long = numpy.array([False, True, True, True, True, True])
    case("compress_long", "Compress", [x, long], [x[1:]], axis=0)
    for by_value in (True, False):
        kind = "sorted" if by_value else "unsorted"
        for count in (0, 1, 2, 37):
            unique(f"unique_{kind}_{count}", numbers(count), None, by_value)
        unique(f"unique_{kind}_flat", numbers(3, 5, dtype=numpy.int64), None, by_value)
        x = RANDOM.integers(0, 2, (2, 11, 2)).astype(numpy.int32)
        unique(f"unique_{kind}_rows", x, 1, by_value)
    number = numpy.array([numpy.nan, 2, -numpy.inf, numpy.nan, 2], numpy.float32)
    unique("unique_nan", number)


def error(name, model):
    write(os.path.join("bad", name), model)


def errors():
    x, at = numbers(3, 4), numpy.zeros((2, 2), numpy.int64)
    error("indices", build("GatherElements", [x, x], [x]))
    error("rank", build("GatherElements", [x, at[0]], [x]))
    error("depth", build("GatherND", [x, numpy.zeros((2, 3), numpy.int64)], [x]))
    error("scalar", build("GatherND", [x, at[0, 0]], [x]))
    error("dynamic", build("GatherND", [x, at], [x], dynamic=True))
    error("reduction", build("ScatterND", [x, at, x[0, :2]], [x], reduction="mean"))
    error("axis", build("TensorScatter", [x, x], [x], axis=0))
    error("mode", build("TensorScatter", [x, x], [x], axis=1, mode="mirror"))
    error("updates", build("TensorScatter", [x, x.astype(numpy.float16)], [x], axis=1))
    error("capacity", build("TensorScatter", [x, numbers(3, 5)], [x], axis=1))
    error("condition", build("Compress", [x, x[0]], [x]))


gathers()
scatters()
sizes()
errors()
