"""Writes node tests for reductions, selection and quantisation: one graph of many nodes each, and
numpy's results. The argument is the folder; models with one fault each go there too."""

import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../support"))
import onnx_writer as onnx  # noqa: E402

rng = np.random.default_rng(7)


class Case:
    """A model and its data in the layout of ONNX's node tests."""

    def __init__(self):
        self.nodes, self.inputs, self.outputs, self.constants = [], [], [], {}

    def feed(self, name, array, shape=None):
        self.inputs.append((name, np.asarray(array), shape))
        return name

    def constant(self, name, array):
        self.constants[name] = np.asarray(array)
        return name

    def add(self, operator, inputs, wanted, **attributes):
        names = ["y%d" % (len(self.outputs) + i) for i in range(len(wanted))]
        self.nodes.append(onnx.node(operator, inputs, names, **attributes))
        self.outputs += zip(names, map(np.asarray, wanted))

    def write(self, folder, opset):
        data = os.path.join(folder, "test_data_set_0")
        os.makedirs(data)

        def describe(name, array, shape=None):
            kind = onnx._TYPES[array.dtype.name]
            return onnx.value(name, kind, shape or [None] * array.ndim)

        graph = onnx.graph(self.nodes, [describe(*entry) for entry in self.inputs],
                           [describe(*entry) for entry in self.outputs], self.constants)
        with open(os.path.join(folder, "model.onnx"), "wb") as file:
            file.write(onnx.model(graph, opset=opset))
        for kind, entries in (("input", self.inputs), ("output", self.outputs)):
            for i, entry in enumerate(entries):
                with open(os.path.join(data, "%s_%d.pb" % (kind, i)), "wb") as file:
                    file.write(onnx.tensor(entry[1], entry[0]))


REDUCTIONS = {
    "ReduceSum": lambda x, **k: x.sum(**k),
    "ReduceMean": lambda x, **k: x.mean(**k),
    "ReduceMax": lambda x, **k: x.max(**k),
    "ReduceMin": lambda x, **k: x.min(**k),
    "ReduceProd": lambda x, **k: x.prod(**k),
    "ReduceL1": lambda x, **k: abs(x).sum(**k),
    "ReduceL2": lambda x, **k: np.sqrt((x * x).sum(**k)),
    "ReduceLogSum": lambda x, **k: np.log(x.sum(**k)),
    "ReduceLogSumExp": lambda x, **k: np.log(np.exp(x).sum(**k)),
    "ReduceSumSquare": lambda x, **k: (x * x).sum(**k),
}


def reductions(folder):
    exact = rng.uniform(0.5, 2, (2, 3, 4))
    x = exact.astype(np.float32)
    # Axes as attributes, as constants and at run time.
    for name, opset in (("attributes", 11), ("constants", 18), ("values", 20)):
        case = Case()
        case.feed("x", x, ["n", "m", 4])
        if opset == 11:
            extra, attributes = [], {"axes": [0, -1]}
        else:
            make = case.constant if opset == 18 else case.feed
            extra, attributes = [make("axes", np.array([-1, 0]))], {}
        for operator, formula in REDUCTIONS.items():
            for keep in (0, 1):
                wanted = formula(exact, axis=(0, 2), keepdims=bool(keep)).astype(np.float32)
                if opset == 20 and operator not in ("ReduceMean", "ReduceMax", "ReduceLogSumExp"):
                    continue
                case.add(operator, ["x"] + extra, [wanted], keepdims=keep, **attributes)
        if opset == 20:
            case.inputs = [(n, a, s or list(a.shape)) for n, a, s in case.inputs]
        if opset == 18:
            integers = np.array([[7, -3], [0, 2]], np.int32)
            case.feed("i", integers)
            case.add("ReduceMean", ["i"], [np.array([[1]], np.int32)])
            case.add("ReduceL2", ["i"], [np.array([[7]], np.int32)])
            case.add("ReduceSumSquare", ["x"], [(exact * exact).astype(np.float32)],
                     noop_with_empty_axes=1)
            huge = case.feed("huge", np.array([500, 501, -np.inf], np.float32))
            case.add("ReduceLogSumExp", [huge],
                     [np.array([501 + np.log1p(np.exp(-1))], np.float32)])
            none = case.feed("none", np.zeros((2, 0), np.float32))
            case.add("ReduceSum", [none, case.constant("one", np.array([1]))],
                     [np.zeros((2, 1), np.float32)])
            case.add("ReduceMax", [none, "one"], [np.full((2, 1), -np.inf, np.float32)])
        case.write(os.path.join(folder, name), opset)

    case = Case()
    case.feed("x", x, ["n", "m", 4])
    for where in ("constant", "feed"):
        axis = getattr(case, where)(where, np.array(-2))
        if where == "feed":
            case.inputs[-1] = (axis, np.array(-2), [])
        sums, products = exact.cumsum(1), exact.cumprod(1)
        case.add("CumSum", ["x", axis], [sums.astype(np.float32)])
        case.add("CumSum", ["x", axis], [(exact.sum(1, keepdims=True) - sums).astype(np.float32)],
                 exclusive=1, reverse=1)
        case.add("CumProd", ["x", axis], [products.astype(np.float32)])
        case.add("CumProd", ["x", axis], [(products / exact).astype(np.float32)], exclusive=1)
    case.write(os.path.join(folder, "scans"), 26)


def selection(folder):
    x = rng.integers(0, 4, (2, 5, 3)).astype(np.float32)
    case = Case()
    case.feed("x", x, ["n", "m", 3])
    case.add("ArgMax", ["x"], [x.argmax(1)], axis=1, keepdims=0)
    case.add("ArgMin", ["x"], [x.argmin(2)[..., None]], axis=-1)
    case.add("ArgMax", ["x"], [4 - x[:, ::-1].argmax(1)], axis=1, keepdims=0, select_last_index=1)
    count = case.feed("k", np.array([4]), [1])
    for largest in (0, 1):
        order = np.argsort(-x if largest else x, axis=1, kind="stable")[:, :4]
        case.add("TopK", ["x", count], [np.take_along_axis(x, order, 1), order], axis=1,
                 largest=largest)
    odd = np.array([1, np.nan, 3], np.float32)
    case.feed("odd", odd)
    two = case.constant("two", np.array([2]))
    case.add("ArgMax", ["odd"], [np.array([1])])
    case.add("TopK", ["odd", two], [odd[[1, 2]], np.array([1, 2])])
    case.add("TopK", ["odd", two], [odd[[0, 2]], np.array([0, 2])], largest=0)
    case.write(folder, 18)


def quantization(folder):
    x = np.array([[-300, -1.5, 0.5], [2.5, 1.25, 300]], np.float32)
    case = Case()
    case.feed("x", x, ["n", 3])
    one = case.constant("one", np.float32(1))
    steps = case.constant("steps", np.array([2, 0.5], np.float32))
    zeros = case.constant("zeros", np.array([3, -4], np.int8))
    case.add("QuantizeLinear", ["x", one], [np.array([[0, 0, 0], [2, 1, 255]], np.uint8)])
    rounded = np.rint(x / np.array([[2], [0.5]])) + np.array([[3], [-4]])
    codes = np.clip(rounded, -128, 127).astype(np.int8)
    case.add("QuantizeLinear", ["x", steps, zeros], [codes], axis=0)
    case.feed("codes", codes)
    numbers = (codes.astype(float) - [[3], [-4]]) * [[2], [0.5]]
    case.add("DequantizeLinear", ["codes", steps, zeros], [numbers.astype(np.float32)], axis=0)
    blocks = case.constant("blocks", np.array([[1, 2], [3, 4]], np.float32))
    numbers = codes.astype(float) * [[1, 1, 2], [3, 3, 4]]
    case.add("DequantizeLinear", ["codes", blocks], [numbers.astype(np.float32)], axis=1,
             block_size=2)
    zero = case.feed("flat", np.zeros(2, np.float32))
    case.add("DynamicQuantizeLinear", [zero],
             [np.zeros(2, np.uint8), np.float32(1), np.uint8(0)])
    a = rng.integers(0, 255, (2, 1, 3, 4)).astype(np.uint8)
    b = rng.integers(-128, 127, (5, 4, 2)).astype(np.int8)
    case.feed("a", a), case.feed("b", b)
    case.constant("row", np.array(7, np.uint8)), case.constant("column", np.array([1, -2], np.int8))
    product = (a.astype(int) - 7) @ (b.astype(int) - [1, -2])
    case.add("MatMulInteger", ["a", "b", "row", "column"], [product.astype(np.int32)])
    case.constant("scale", np.float32(0.25)), case.constant("out", np.float32(64))
    case.constant("middle", np.array(-5, np.int8))
    wanted = np.clip(np.rint(product * (0.25 / 64)) - 5, -128, 127).astype(np.int8)
    case.add("QLinearMatMul", ["a", "scale", "row", "b", "one", "column", "out", "middle"], [wanted])
    case.write(folder, 21)


def bad(folder):
    """One faulty node a model."""
    floats = np.zeros((2, 3), np.float32)
    bytes_ = np.zeros((2, 3), np.uint8)
    faults = {
        "bool": ("ReduceSum", {"x": np.zeros(2, bool)}, {}),
        "axis": ("CumSum", {"x": floats, "axis": np.zeros(2, np.int64)}, {}),
        "rank": ("CumSum", {"x": np.float32(0), "axis": np.int64(0)}, {}),
        "number": ("TopK", {"x": floats, "k": np.zeros(2, np.int64)}, {}),
        "much": ("TopK", {"x": floats, "k": np.array([4])}, {}),
        "block": ("QuantizeLinear", {"x": floats, "s": floats}, {"block_size": -1}),
        "blocks": ("QuantizeLinear", {"x": floats, "s": floats[0]}, {"block_size": 2}),
        "matrix": ("QuantizeLinear", {"x": floats, "s": floats}, {}),
        "point": ("DequantizeLinear", {"x": bytes_, "s": np.float32(1), "z": np.int8(0)}, {}),
        "range": ("DynamicQuantizeLinear", {"x": bytes_}, {}),
        "factor": ("MatMulInteger", {"a": bytes_, "b": bytes_[0], "z": np.int8(0)}, {}),
        "scalar": ("MatMulInteger", {"a": bytes_, "b": np.uint8(0)}, {}),
        "inner": ("MatMulInteger", {"a": bytes_, "b": bytes_}, {}),
        "scale": ("QLinearMatMul", {"a": bytes_, "sa": bytes_[0], "za": np.uint8(0),
                                    "b": bytes_, "sb": np.float32(1), "zb": np.uint8(0),
                                    "sy": np.float32(1), "zy": np.uint8(0)}, {}),
        "wide": ("QuantizeLinear", {"x": floats, "s": np.float32(1), "z": np.int32(0)}, {}),
        "byte": ("QuantizeLinear", {"x": floats, "s": np.uint8(1)}, {}),
        "fit": ("QuantizeLinear", {"x": floats, "s": floats[0, :2]}, {}),
        "fits": ("QuantizeLinear", {"x": floats, "s": floats}, {"block_size": 2}),
        "batch": ("MatMulInteger", {"a": np.zeros((2, 3, 3), np.uint8),
                                    "b": np.zeros((3, 3, 3), np.uint8)}, {}),
        "from": ("DequantizeLinear", {"x": floats, "s": np.float32(1)}, {}),
    }
    for name, (operator, arrays, attributes) in faults.items():
        first = next(iter(arrays))
        kind = onnx._TYPES[arrays[first].dtype.name]
        constants = {key: array for key, array in arrays.items() if key != first}
        graph = onnx.graph([onnx.node(operator, list(arrays), ["y"], **attributes)],
                           [onnx.value(first, kind, arrays[first].shape)],
                           [onnx.value("y", onnx.FLOAT, [None])], constants)
        with open(os.path.join(folder, name + ".onnx"), "wb") as file:
            file.write(onnx.model(graph, opset=21))
    graph = onnx.graph([onnx.node("ReduceSum", ["x", "axes"], ["y"])],
                       [onnx.value("x", onnx.FLOAT, [2, 3]), onnx.value("axes", onnx.INT64, ["n"])],
                       [onnx.value("y", onnx.FLOAT, [None, None])])
    with open(os.path.join(folder, "count.onnx"), "wb") as file:
        file.write(onnx.model(graph, opset=21))


if __name__ == "__main__":
    reductions(sys.argv[1])
    selection(os.path.join(sys.argv[1], "selection"))
    quantization(os.path.join(sys.argv[1], "quantization"))
    bad(sys.argv[1])
