"""Writes folders of ONNX tests for values at the edge: a single update, starts before an axis, rows of
-inf and NaN, denormals, defaults of inputs. Expected values follow from the operators' text, computed by
numpy in double precision or written down.

  onnx_exact.py SUBJECT FOLDER SUPPORT
"""

import os
import sys

import numpy

sys.path.insert(0, sys.argv[3])
import onnx_writer as onnx  # noqa: E402

TYPES = {"float32": onnx.FLOAT, "int64": onnx.INT64, "bool": onnx.BOOL}
F32, I64 = numpy.float32, numpy.int64
INF, NAN = numpy.inf, numpy.nan


def write(name, nodes, inputs, cases, fixed=None, dynamic=False, shapes=None, **rest):
    """A model with a data set per case: arrays by the names of inputs, and of outputs. Without `fixed`
    values an input is given; `rest` goes to the model."""
    folder = os.path.join(sys.argv[2], name)
    os.makedirs(folder)
    fixed, shapes = fixed or {}, shapes or {}

    def declare(names, arrays, is_open):
        return [onnx.value(key, TYPES[arrays[key].dtype.name],
                           shapes.get(key, [None] * arrays[key].ndim if is_open
                                      else arrays[key].shape)) for key in names]

    known = {**fixed, **cases[0][0], **cases[0][1]}
    content = onnx.graph(nodes, declare(inputs, known, dynamic),
                         declare(cases[0][1], known, True), fixed)
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(onnx.model(content, **{"opset": 18, **rest}))
    for i, (given, wanted) in enumerate(cases):
        path = os.path.join(folder, f"test_data_set_{i}")
        os.makedirs(path)
        for kind, names, arrays in (("input", inputs, given), ("output", list(wanted), wanted)):
            for j, key in enumerate(names):
                if key in arrays:
                    with open(os.path.join(path, f"{kind}_{j}.pb"), "wb") as file:
                        file.write(onnx.tensor(arrays[key], key))


def single_updates():
    """ScatterND whose indices have rank 1: one element, or one slice."""
    x = numpy.arange(24, dtype=F32).reshape(2, 3, 4) + 1
    rules = {"none": lambda old, new: new, "add": numpy.add, "mul": numpy.multiply,
             "max": numpy.maximum, "min": numpy.minimum}
    for reduction, rule in rules.items():
        given, wanted, nodes = {"x": x}, {}, []
        for i, place in enumerate(((1, -1, 2), (1, 2), (-2,), ())):
            given[f"i{i}"] = numpy.array(place, I64)
            given[f"u{i}"] = numpy.full(x[place].shape, 9.5, F32)
            wanted[f"y{i}"] = x.copy()
            wanted[f"y{i}"][place] = rule(x[place], given[f"u{i}"])
            nodes.append(onnx.node("ScatterND", ["x", f"i{i}", f"u{i}"], [f"y{i}"],
                                   reduction=reduction))
        lengths = {key: given[key].shape for key in given if key[0] == "i"}
        for word in ("static", "dynamic"):
            write(f"good/{reduction}_{word}", nodes, list(given), [(given, wanted)],
                  dynamic=word == "dynamic", shapes=lengths)
    nodes = [onnx.node("ScatterND", ["x", "i", "u"], ["y"])]
    given = {"x": numpy.zeros((0, 4), F32), "i": numpy.array([0, 1], I64), "u": numpy.array(1, F32)}
    write("outside", nodes, ["x", "i", "u"], [(given, {"y": given["x"]})], dynamic=True,
          shapes={"i": [2]})


def slice_starts():
    """Slice with a negative step: a start before the axis is its first element."""
    x = numpy.arange(15, dtype=F32).reshape(3, 5)
    none = numpy.zeros((3, 0), F32)
    least, most = -2**63, 2**63 - 1
    lists, wanted, nodes = {"axes": numpy.array([1], I64)}, {}, []
    for i, (source, start, end, step, y) in enumerate((
            ("x", -9, least, -1, x[:, :1]), ("x", -6, -9, -1, x[:, :1]), ("x", -9, least, -2, x[:, :1]),
            ("x", least, least, -1, x[:, :1]), ("x", -9, 0, -1, none), ("x", -9, -5, -1, none),
            ("x", -5, least, -1, x[:, :1]), ("x", 9, -3, -1, x[:, :2:-1]),
            ("x", most, least, -2, x[:, ::-2]), ("x", -9, 3, 2, x[:, :3:2]), ("x", -9, -7, 1, none),
            ("none", -9, least, -1, none), ("none", 3, least, -1, none), ("none", 0, most, 1, none))):
        for letter, number in (("s", start), ("e", end), ("d", step)):
            lists[f"{letter}{i}"] = numpy.array([number], I64)
        nodes.append(onnx.node("Slice", [source, f"s{i}", f"e{i}", "axes", f"d{i}"], [f"y{i}"]))
        wanted[f"y{i}"] = y
    given = {"x": x, "none": none}
    for word in ("static", "dynamic"):
        write(f"fixed_{word}", nodes, list(given), [(given, wanted)], lists, word == "dynamic")
        write(f"given_{word}", nodes, [*given, *lists], [({**given, **lists}, wanted)],
              dynamic=word == "dynamic", shapes={key: [1] for key in lists})


def softmax_attention(q, k, v, scale, mask=None, shows=None, low=None):
    with numpy.errstate(all="ignore"):
        scores = q.astype(float) @ k.astype(float).swapaxes(-1, -2) * scale
        if shows is not None:
            scores = numpy.where(shows, scores, float(low))
        if mask is not None:
            scores = scores + mask
        scores = numpy.exp(scores - scores.max(-1, keepdims=True))
        return (scores / scores.sum(-1, keepdims=True) @ v.astype(float)).astype(F32)


def attention_rows():
    """The nodes of a softmax attention: rows without anything to see, and with NaN."""
    random = numpy.random.default_rng(7)
    q, k, v = (random.standard_normal((2, 3, 5, 4)).astype(F32) for _ in range(3))
    mask = numpy.zeros((2, 1, 5, 5), F32)
    mask[0, :, 1], mask[1, :, :, 3], mask[0, :, 2, :4] = -INF, -INF, -INF
    shows = mask == 0
    strange = [q.copy() for _ in range(3)]
    strange[0][0, 1, 2, 3] = NAN
    strange[1][1, 0, 4] = -INF
    strange[2][1, 2, 0] = 1e30
    small = mask.copy()
    small[mask != 0] = numpy.finfo(F32).min
    products = [onnx.node("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]),
                onnx.node("MatMul", ["q", "kt"], ["qk"]),
                onnx.node("Mul", ["qk", "half"], ["s"])]
    ends = [onnx.node("Softmax", ["m"], ["p"], axis=-1), onnx.node("MatMul", ["p", "v"], ["y"])]
    half = numpy.array(0.5, F32)

    def check(name, middle, sides, fixed, **meaning):
        givens = [{"q": first, "k": k, "v": v, **sides} for first in (q, *strange)]
        cases = [(given, {"y": softmax_attention(given["q"], k, v, 0.5, **meaning)})
                 for given in givens]
        open_shapes = {"mask": ["b", 1, 1 if "shows" in sides else "t", "t"],
                       "shows": ["b", 1, "t", "t"], "y": [None] * 4,
                       **{key: ["b", 3, "t", 4] for key in "qkv"}}
        for word, shapes in (("static", {}), ("dynamic", open_shapes)):
            write(f"{name}_{word}", products + middle + ends, list(givens[0]), cases,
                  {"half": half, **fixed}, shapes=shapes)

    check("bare", [onnx.node("Identity", ["s"], ["m"])], {}, {})
    for name, added in (("inf", mask), ("least", small)):
        check(f"add_{name}", [onnx.node("Add", ["s", "mask"], ["m"])], {"mask": added}, {}, mask=added)
    for name, low in (("inf", -INF), ("least", numpy.finfo(F32).min), ("some", -1e4), ("one", 1.0)):
        turned, masked = name in ("least", "one"), name in ("inf", "some")
        branches = ["low", "s"] if turned else ["s", "low"]
        middle = [onnx.node("Where", ["shows", *branches], ["n" if masked else "m"])]
        sides = {"shows": ~shows if turned else shows}
        if masked:
            middle.append(onnx.node("Add", ["n", "mask"], ["m"]))
            sides["mask"] = small[:, :, :1]
        check(f"where_{name}", middle, sides, {"low": numpy.array(low, F32)}, shows=shows, low=low,
              mask=sides.get("mask"))


def denormals():
    """Arithmetic on denormals, and a product, which flushes them, beside it."""
    tiny = numpy.float32(1e-45)
    x = numpy.array([tiny, -tiny, 1e-40, 0, 1, -1e-38, 3e-39, 2, -0.0], F32)
    wide = x.astype(float)
    up = F32(2**100)

    nodes, given, wanted, fixed = [], {"x": x}, {}, {"up": up}

    def check(name, made, y, of=None, **more):
        """The outcome `name` of nodes that read x, or `of`."""
        if of is not None:
            given[f"x_{name}"] = of
        nodes.extend(made)
        wanted[name] = y
        fixed.update(more)

    def scaled(name, operator, *more, of="x"):
        """2^100 times a result, so that a comparison sees it."""
        return [onnx.node(operator, [of, *more], [f"t_{name}"]),
                onnx.node("Mul", [f"t_{name}", "up"], [name])]

    check("sign", [onnx.node("Sign", ["x"], ["sign"])], numpy.sign(wide).astype(F32))
    check("bool", [onnx.node("Cast", ["x"], ["bool"], to=onnx.BOOL)], wide != 0)
    check("equal", [onnx.node("Equal", ["x", "zero"], ["equal"])], wide == 0, zero=F32(0))
    check("less", [onnx.node("Less", ["x", "tiny"], ["less"])], wide < 1e-45, tiny=tiny)
    positive = numpy.abs(x)
    with numpy.errstate(divide="ignore"):
        check("log", [onnx.node("Log", ["x_log"], ["log"])],
              numpy.log(positive.astype(float)).astype(F32), positive)
    low = numpy.array([-80, -87.2, -87.5, -88, -90, -95, -100, -103.2, -104.5, -200, -INF, 0, 1], F32)
    check("exp", scaled("exp", "Exp", of="x_exp"),
          (numpy.exp(low.astype(float)) * float(up)).astype(F32), low)
    check("double", [onnx.node("Cast", ["x"], ["t_double"], to=onnx.DOUBLE),
                     onnx.node("Mul", ["t_double", "far"], ["u_double"]),
                     onnx.node("Cast", ["u_double"], ["double"], to=onnx.FLOAT)],
          (wide * 2.0**100).astype(F32), far=numpy.float64(2.0**100))
    for operator, y in (("Abs", numpy.abs(wide)), ("Neg", -wide), ("Relu", numpy.maximum(wide, 0)),
                        ("Tanh", numpy.tanh(wide)), ("Identity", wide)):
        check(operator, scaled(operator, operator), (y * float(up)).astype(F32))
    check("Sqrt", scaled("Sqrt", "Sqrt", of="x_Sqrt"),
          (numpy.sqrt(positive.astype(float)) * float(up)).astype(F32), positive)
    step, half, four = F32(1e-40), F32(0.5), F32(4)
    for operator, other, y in (
            ("Add", step, wide + float(step)), ("Sub", step, wide - float(step)),
            ("Mul", half, (x * half).astype(float)), ("Div", four, (x / four).astype(float)),
            ("Max", tiny, numpy.maximum(wide, float(tiny)))):
        check(operator, scaled(operator, operator, f"c_{operator}"), (y * float(up)).astype(F32),
              **{f"c_{operator}": other})
    for size in (1, 300):
        def many(arrays):
            return {key: numpy.tile(array, size) for key, array in arrays.items()}
        for word in ("static", "dynamic"):
            write(f"alone_{size}_{word}", nodes, list(given), [(many(given), many(wanted))], fixed,
                  word == "dynamic")
    # On both sides of a product.
    rows = numpy.array([[1, 2], [3, 4]], F32)
    rest = [onnx.node("Sign", ["x"], ["before"]), onnx.node("MatMul", ["w", "w"], ["p"]),
            onnx.node("Cast", ["x"], ["after"], to=onnx.BOOL),
            onnx.node("Log", ["a"], ["log"])]
    wanted = {"before": numpy.sign(wide).astype(F32), "p": rows @ rows, "after": wide != 0,
              "log": numpy.log(numpy.array([1e-45, 2], F32).astype(float)).astype(F32)}
    given = {"x": x, "w": rows, "a": numpy.array([1e-45, 2], F32)}
    for dynamic in (False, True):
        write(f"beside_a_product_{'dynamic' if dynamic else 'static'}", rest, ["x", "w", "a"],
              [(given, wanted)], dynamic=dynamic)


def initializers():
    """Initializers that are inputs: given, some given, none given."""
    x = numpy.arange(6, dtype=F32).reshape(2, 3)
    w, b = numpy.arange(12, dtype=F32).reshape(3, 4) - 5, numpy.array([1, -1, 2, 0], F32)
    nodes = [onnx.node("MatMul", ["x", "w"], ["t"]), onnx.node("Add", ["t", "b"], ["y"])]
    cases = [({"x": x}, {"y": x @ w + b}), ({"x": x, "w": -w}, {"y": x @ -w + b}),
             ({"x": x, "b": b + 7}, {"y": x @ w + b + 7}),
             ({"x": x, "w": w * 2, "b": b * 2}, {"y": (x @ w + b) * 2}), ({"x": x}, {"y": x @ w + b})]
    fixed = {"w": w, "b": b}
    write("weights", nodes, ["x", "w", "b"], cases, fixed, ir=4)
    write("weights_first", nodes, ["b", "w", "x"], cases, fixed, ir=8)
    write("open_extents", nodes, ["x", "w", "b"],
          cases + [({"x": x, "w": w[:, :2], "b": b[:2]}, {"y": x @ w[:, :2] + b[:2]})], fixed,
          shapes={"x": ["n", 3], "w": [3, "m"], "b": ["m"]})
    # Enough elements for the weights section.
    w = numpy.linspace(-1, 1, 3 * 200, dtype=F32).reshape(3, 200)
    write("large", nodes[:1], ["x", "w"],
          [({"x": x}, {"t": x @ w}), ({"x": x, "w": w + 1}, {"t": x @ (w + 1)})], {"w": w})
    # What the shape of a result depends on.
    s = numpy.array([3, 2], I64)
    write("shape", [onnx.node("Reshape", ["x", "s"], ["y"])], ["x", "s"],
          [({"x": x}, {"y": x.reshape(3, 2)}), ({"x": x, "s": s[::-1].copy()}, {"y": x}),
           ({"x": x, "s": numpy.array([1, -1], I64)}, {"y": x.reshape(1, 6)})], {"s": s})
    body = onnx.graph([onnx.node("Add", ["state", "state"], ["next"]),
                       onnx.node("Identity", ["going"], ["goes"])],
                      [onnx.value("i", onnx.INT64, []), onnx.value("going", onnx.BOOL, []),
                       onnx.value("state", onnx.FLOAT, [2, 3])],
                      [onnx.value("goes", onnx.BOOL, []), onnx.value("next", onnx.FLOAT, [2, 3])])
    write("trips", [onnx.node("Loop", ["n", "", "x"], ["y"], body=onnx.Graph(body))], ["x", "n"],
          [({"x": x}, {"y": x * 8}), ({"x": x, "n": numpy.array(1, I64)}, {"y": x * 2}),
           ({"x": x, "n": numpy.array(0, I64)}, {"y": x})], {"n": numpy.array(3, I64)})
    # A body's own defaults stand behind what the node gives.
    body = onnx.graph([onnx.node("Add", ["state", "c"], ["t"]), onnx.node("Add", ["t", "state"], ["next"]),
                       onnx.node("Identity", ["going"], ["goes"])],
                      [onnx.value("i", onnx.INT64, []), onnx.value("going", onnx.BOOL, []),
                       onnx.value("state", onnx.FLOAT, [2, 3])],
                      [onnx.value("goes", onnx.BOOL, []), onnx.value("next", onnx.FLOAT, [2, 3])],
                      {"state": numpy.full((2, 3), 50, F32), "c": numpy.array(1, F32)})
    write("body", [onnx.node("Loop", ["n", "", "x"], ["y"], body=onnx.Graph(body))], ["x"],
          [({"x": x}, {"y": 4 * x + 3})], {"n": numpy.array(2, I64)})
    # Before version 4 initializers had to be inputs, and are constants.
    w = fixed["w"]
    write("old", nodes, ["x", "w", "b"], cases[:1], fixed, ir=3)
    # Not in a folder that is tested as a whole.
    nodes = [onnx.node("Conv", ["x", "k"], ["y"]), onnx.node("Mul", ["y", "c"], ["z"])]
    image, kernel = numpy.ones((1, 1, 4), F32), numpy.ones((1, 1, 2), F32)
    sys.argv[2] += "-apart"
    write("fixed_kernel", nodes, ["x", "k", "c"],
          [({"x": image}, {"z": numpy.full((1, 1, 3), 6, F32)}),
           ({"x": image, "c": F32(1)}, {"z": numpy.full((1, 1, 3), 2, F32)})],
          {"k": kernel, "c": F32(3)}, shapes={"k": [1, 1, "width"]})
    write("old_given", nodes, ["x", "k", "c"],
          [({"x": image, "k": kernel * 2}, {"z": numpy.full((1, 1, 3), 12, F32)})],
          {"k": kernel, "c": F32(3)}, ir=3)


def product():
    """A product whose only element other than zero is denormal."""
    a, b = numpy.zeros((4, 64), F32), numpy.zeros((64, 32), F32)
    a[0, 0], b[0, 0] = 1e-30, 1e-10
    write("product", [onnx.node("MatMul", ["a", "b"], ["y"])], ["a", "b"], [({"a": a, "b": b}, {"y": a @ b})])


{"updates": single_updates, "starts": slice_starts, "attention": attention_rows,
 "denormals": denormals, "product": product, "initializers": initializers}[sys.argv[1]]()
