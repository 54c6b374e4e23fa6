"""Writes folders of ONNX tests for Loop and Scan; numpy computes what they expect.

  onnx_loops.py FOLDER SUPPORT
"""

import os
import sys

import numpy

sys.path.insert(0, sys.argv[2])
import onnx_writer as onnx  # noqa: E402
from onnx_writer import Graph, node  # noqa: E402

TYPES = {"float32": onnx.FLOAT, "int64": onnx.INT64, "bool": onnx.BOOL, "float16": onnx.FLOAT16}
F = onnx.FLOAT
I64 = numpy.int64


def write(name, nodes, inputs, outputs, fixed=(), is_open=True, opset=21):
    folder = os.path.join(sys.argv[1], name, "test_data_set_0")
    os.makedirs(folder)
    inputs = {key: numpy.asarray(array) for key, array in inputs.items()}
    outputs = {key: numpy.asarray(array) for key, array in outputs.items()}
    given = {key: array for key, array in inputs.items() if key not in fixed}

    def declare(arrays, free):
        return [onnx.value(key, TYPES[array.dtype.name],
                           [None] * array.ndim if free else array.shape)
                for key, array in arrays.items()]

    content = onnx.graph(nodes, declare(given, is_open), declare(outputs, True),
                         {key: inputs[key] for key in fixed})
    with open(os.path.join(folder, "..", "model.onnx"), "wb") as file:
        file.write(onnx.model(content, opset=opset))
    for kind, arrays in (("input", given), ("output", outputs)):
        for i, (key, array) in enumerate(arrays.items()):
            with open(os.path.join(folder, f"{kind}_{i}.pb"), "wb") as file:
                file.write(onnx.tensor(array, key))


def body(nodes, inputs, outputs, **initializers):
    """A body whose values say nothing of their shapes but the rank."""
    return Graph(onnx.graph(nodes, [onnx.value(key, kind, [None] * rank)
                                    for key, kind, rank in inputs],
                            [onnx.value(key, F, []) for key in outputs],
                            {key: numpy.asarray(array) for key, array in initializers.items()}))


COUNT, GOES = ("i", onnx.INT64, 0), ("go", onnx.BOOL, 0)
X = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
STEP = X / 4 + 1

# A trip count that is given, zero or constant; a value from outside; the state as stacked output.
adding = body([node("Add", ["s", "step"], ["t"]), node("Identity", ["go"], ["on"]),
               node("Mul", ["s", "step"], ["e"])],
              [COUNT, GOES, ("s", F, 2)], ["on", "t", "e"])
for trips in (0, 1, 5):
    stack = numpy.array([(X + k * STEP) * STEP for k in range(trips)],
                        numpy.float32).reshape(trips, 2, 3)
    for fixed, how in (([], "given"), (["m"], "constant")):
        for is_open in (True, False):
            write(f"good/trips_{trips}_{how}_{'open' if is_open else 'static'}",
                  [node("Loop", ["m", "", "x"], ["y", "ys"], body=adding)],
                  {"m": I64(trips), "x": X, "step": STEP}, {"y": X + trips * STEP, "ys": stack},
                  fixed, is_open)
write("good/not_begun", [node("Loop", ["m", "c", "x"], ["y", "ys"], body=adding)],
      {"m": I64(7), "c": False, "x": X, "step": STEP},
      {"y": X, "ys": numpy.zeros((0, 2, 3), numpy.float32)})

# Until a condition ends it: far beyond the room that the stack has at first.
until = body([node("Add", ["s", "step"], ["t"]), node("ReduceMax", ["t"], ["top"], keepdims=0),
              node("Less", ["top", "limit"], ["on"]), node("Cast", ["i"], ["number"], to=F)],
             [COUNT, GOES, ("s", F, 2)], ["on", "t", "t", "number"])
for steps in (1, 16, 17, 40):
    for is_open in (True, False):
        write(f"good/until_{steps}_{'open' if is_open else 'static'}",
              [node("Loop", ["", "", "x"], ["y", "ys", "ns"], body=until)],
              {"x": X, "step": numpy.ones((1, 1), numpy.float32),
               "limit": numpy.float32(5 + steps)},
              {"y": X + steps, "ys": numpy.array([X + k + 1 for k in range(steps)]),
               "ns": numpy.arange(steps, dtype=numpy.float32)}, is_open=is_open)
for trips, begins in ((3, True), (0, True), (9, False), (2**63 - 1, False)):
    steps = trips if begins else 0
    write(f"good/until_most_{trips}_{begins}",
          [node("Loop", ["m", "c", "x"], ["y", "ys", "ns"], body=until)],
          {"m": I64(trips), "c": begins, "x": X, "step": numpy.ones((2, 3), numpy.float32),
           "limit": numpy.float32(99)},
          {"y": X + steps,
           "ys": numpy.array([X + k + 1 for k in range(steps)]).reshape(steps, 2, 3)
           .astype(numpy.float32), "ns": numpy.arange(steps, dtype=numpy.float32)})

# Two states that change places; one that stays; one of integers.
fibonacci = body([node("Identity", ["go"], ["on"]), node("Add", ["a", "b"], ["next"]),
                  node("Identity", ["b"], ["first"]), node("Identity", ["k"], ["same"]),
                  node("Add", ["n", "i"], ["sum"])],
                 [COUNT, GOES, ("a", F, 1), ("b", F, 1), ("k", F, 1), ("n", onnx.INT64, 0)],
                 ["on", "first", "next", "same", "sum", "a", "b"])
a, b, rows = numpy.float32([0, 1]), numpy.float32([1, 3]), []
for _ in range(9):
    rows.append((a, b))
    a, b = b, a + b
write("good/crossing",
      [node("Loop", ["m", "", "a0", "b0", "a0", "n0"], ["a", "b", "k", "n", "as", "bs"],
            body=fibonacci)],
      {"m": I64(9), "a0": rows[0][0], "b0": rows[0][1], "n0": I64(0)},
      {"a": a, "b": b, "k": rows[0][0], "n": I64(36), "as": numpy.array([r[0] for r in rows]),
       "bs": numpy.array([r[1] for r in rows])}, is_open=False)

# A state that grows, with a trip count and with a condition.
for how, condition in (("trips", node("Identity", ["go"], ["on"])),
                       ("until", node("Less", ["i", "last"], ["on"]))):
    growing = body([node("Concat", ["s", "x"], ["t"], axis=0), condition,
                    node("ReduceSum", ["t"], ["e"], keepdims=0)],
                   [COUNT, GOES, ("s", F, 2)], ["on", "t", "e"])
    for is_open in (True, False):
        write(f"good/growing_{how}_{'open' if is_open else 'static'}",
              [node("Loop", ["m" if how == "trips" else "", "", "x"], ["y", "es"],
                    body=growing)],
              {"m": I64(4), "last": I64(3), "x": X},
              {"y": numpy.tile(X, (5, 1)),
               "es": numpy.float32([15 * k for k in range(2, 6)])}, is_open=is_open)

# Elements whose extent is found in the body.
for how in ("trips", "until"):
    cut = body([node("Slice", ["x", "zero", "k"], ["e"]), node("Identity", ["k"], ["same"]),
                condition if how == "until" else node("Identity", ["go"], ["on"])],
               [COUNT, GOES, ("k", onnx.INT64, 1)], ["on", "same", "e"], zero=numpy.zeros(1, I64))
    write(f"good/cut_{how}", [node("Loop", ["m" if how == "trips" else "", "", "k0"], ["k", "y"],
                                   body=cut)],
          {"m": I64(4), "last": I64(3), "k0": numpy.array([1], I64), "x": X},
          {"k": numpy.array([1], I64), "y": numpy.tile(X[:1], (4, 1, 1))}, is_open=False)

# A loop in a loop, as often as the outer one has counted, and a choice in it.
choice = [Graph(onnx.graph([node("Add", ["t", "x"], ["r"])], [], [onnx.value("r", F, [])])),
          Graph(onnx.graph([node("Sub", ["t", "x"], ["r"])], [], [onnx.value("r", F, [])]))]
inner = body([node("Mod", ["j", "two"], ["rest"]), node("Equal", ["rest", "zero"], ["even"]),
              node("If", ["even"], ["u"], then_branch=choice[0], else_branch=choice[1]),
              node("Identity", ["go2"], ["on2"])],
             [("j", onnx.INT64, 0), ("go2", onnx.BOOL, 0), ("t", F, 2)], ["on2", "u", "u"],
             two=I64(2), zero=I64(0))
outer = body([node("Loop", ["i", "", "s"], ["v", "vs"], body=inner),
              node("ReduceSum", ["vs"], ["e"], keepdims=0), node("Identity", ["go"], ["on"])],
             [COUNT, GOES, ("s", F, 2)], ["on", "v", "e"])
state, sums = X, []
for i in range(5):
    total = 0
    for j in range(i):
        state = state + X if j % 2 == 0 else state - X
        total = total + state
    sums.append(numpy.sum(total))
write("good/nested", [node("Loop", ["m", "", "x"], ["y", "es"], body=outer)],
      {"m": I64(5), "x": X}, {"y": state, "es": numpy.float32(sums)})

# What only a graph 21 levels inside of the body reads of the trip is read.
def branch(*nodes):
    return Graph(onnx.graph(nodes, [], [onnx.value("r", F, [])]))


deep = branch(node("Cast", ["i"], ["f"], to=F), node("Add", ["p", "f"], ["r"]))
for _ in range(21):
    deep = branch(node("If", ["c"], ["r"], then_branch=deep,
                       else_branch=branch(node("Identity", ["p"], ["r"]))))
deep = Graph(onnx.graph(
    [node("Gather", ["rows", "i"], ["p"], axis=0), node("Identity", ["go"], ["on"]),
     node("If", ["c"], ["q"], then_branch=deep, else_branch=branch(node("Identity", ["p"], ["r"]))),
     node("Add", ["s", "p"], ["t"])],
    [onnx.value("i", onnx.INT64, []), onnx.value("go", onnx.BOOL, []), onnx.value("s", F, [3])],
    [onnx.value("on", onnx.BOOL, []), onnx.value("t", F, [3]), onnx.value("q", F, [3])]))
write("good/deep", [node("Loop", ["m", "c", "x"], ["y", "qs"], body=deep)],
      {"rows": X, "x": X[0], "m": I64(2), "c": numpy.bool_(True)},
      {"y": X[0] + X[0] + X[1], "qs": X + numpy.float32([[0], [1]])}, ["m", "c"], is_open=False)

# Scan: axes and directions, several states, no steps.
SEQUENCE = numpy.arange(24, dtype=numpy.float32).reshape(2, 4, 3) / 8
OTHER = SEQUENCE[:, ::-1].transpose(1, 0, 2) - 1
scanning = body([node("Mul", ["p", "p"], ["pp"]), node("Add", ["a", "pp"], ["a1"]),
                 node("Sub", ["b", "q"], ["b1"]), node("Add", ["a1", "b1"], ["e"])],
                [("a", F, 2), ("b", F, 2), ("p", F, 2), ("q", F, 2)], ["a1", "b1", "e", "b1"])
for steps in (4, 0):
    for is_open in (True, False):
        p, q = SEQUENCE[:, :steps], OTHER[:steps]
        a, b, es, bs = X, STEP, [], []
        for t in range(steps):
            a, b = a + p[:, t]**2, b - q[steps - 1 - t]
            es.append(a + b)
            bs.append(b)
        es = numpy.array(es[::-1], numpy.float32).reshape(steps, 2, 3)
        bs = numpy.array(bs, numpy.float32).reshape(steps, 2, 3)
        write(f"good/scan_{steps}_{'open' if is_open else 'static'}",
              [node("Scan", ["a", "b", "p", "q"], ["ya", "yb", "es", "bs"], body=scanning,
                    num_scan_inputs=2, scan_input_axes=[-2, 0], scan_input_directions=[0, 1],
                    scan_output_axes=[0, -1], scan_output_directions=[1, 0])],
              {"a": X, "b": STEP, "p": p, "q": q},
              {"ya": a, "yb": b, "es": es, "bs": numpy.moveaxis(bs, 0, -1)}, is_open=is_open)

# Scan 8: a batch of sequences with lengths, or none; halves.
running = body([node("Add", ["s", "p"], ["t"])], [("s", F, 1), ("p", F, 1)], ["t", "t"])
BATCH = numpy.arange(24).reshape(2, 4, 3)
for kind in ("float32", "float16"):
    for lengths in ([4, 2], [0, 4], None):
        x = BATCH.astype(kind)
        ends = lengths or [4, 4]
        whole = numpy.cumsum(x, axis=1).astype(kind)
        final = numpy.array([whole[k, n - 1] if n else x[k, 0] * 0 for k, n in enumerate(ends)])
        for k, n in enumerate(ends):
            whole[k, n:] = 0
        inputs = {"n": numpy.array(lengths, I64)} if lengths else {}
        write(f"good/scan8_{kind}_{''.join(map(str, ends))}_{bool(lengths)}",
              [node("Scan", ["n" if lengths else "", "s", "x"], ["y", "ys"], body=running,
                    num_scan_inputs=1)],
              {**inputs, "s": numpy.zeros((2, 3), kind), "x": x}, {"y": final, "ys": whole},
              opset=8)

# Sequences that a loop appends to.
appending = Graph(onnx.graph(
    [node("Identity", ["go"], ["on"]), node("SequenceInsert", ["s", "x"], ["t"]),
     node("Cast", ["i"], ["e"], to=F)],
    [onnx.value("i", onnx.INT64, []), onnx.value("go", onnx.BOOL, []), onnx.value("s", F, [])],
    [onnx.value("on", onnx.BOOL, []), onnx.value("t", F, []), onnx.value("e", F, [])]))
appended = [node("SequenceEmpty", [], ["none"]), node("SequenceConstruct", ["x"], ["parts"])]
write("good/sequence", appended + [node("Loop", ["m", "", "none"], ["all", "es"], body=appending),
                                   node("ConcatFromSequence", ["all"], ["y"], axis=1)],
      {"m": I64(3), "x": X}, {"y": numpy.tile(X, (1, 3)), "es": numpy.float32([0, 1, 2])}, ["m"])

# The same as often as a call says, or more often than a body is copied.
for name, trips, fixed in (("call", 3, []), ("many", 1500, ["m"])):
    write(f"good/sequence_{name}",
          appended + [node("Loop", ["m", "", "none"], ["all", "es"], body=appending),
                      node("ConcatFromSequence", ["all"], ["y"], axis=1)],
          {"m": I64(trips), "x": X},
          {"y": numpy.tile(X, (1, trips)), "es": numpy.arange(trips, dtype=numpy.float32)}, fixed)
# Tensors that are read again, tensors that grow, and until the sequence is long enough.
unknown = [onnx.value("i", onnx.INT64, []), onnx.value("go", onnx.BOOL, []), onnx.value("s", F, [])]
ends = [onnx.value("on", onnx.BOOL, []), onnx.value("t", F, [])]
again = Graph(onnx.graph(
    [node("SequenceAt", ["s", "i"], ["old"]), node("Add", ["old", "step"], ["new"]),
     node("SequenceInsert", ["s", "new"], ["t"]), node("Identity", ["go"], ["on"])], unknown, ends))
write("good/sequence_again",
      appended + [node("Loop", ["m", "", "parts"], ["all"], body=again),
                  node("ConcatFromSequence", ["all"], ["y"], axis=0, new_axis=1)],
      {"m": I64(3), "x": X, "step": STEP},
      {"y": numpy.stack([X + k * STEP for k in range(4)]).astype(numpy.float32)})
growing = Graph(onnx.graph(
    [node("Add", ["i", "one"], ["more"]), node("Slice", ["x", "nought", "more"], ["part"]),
     node("SequenceInsert", ["s", "part", "nought"], ["t"]), node("SequenceLength", ["t"], ["length"]),
     node("Less", ["length", "m"], ["on"])], unknown, ends,
    {"one": numpy.array([1]), "nought": numpy.array([0])}))
write("good/sequence_growing",
      appended + [node("Loop", ["", "", "none"], ["all"], body=growing),
                  node("ConcatFromSequence", ["all"], ["y"], axis=0)],
      {"m": I64(4), "x": numpy.arange(15, dtype=numpy.float32).reshape(5, 3)},
      {"y": numpy.concatenate([numpy.arange(3 * k, dtype=numpy.float32).reshape(k, 3)
                               for k in (4, 3, 2, 1)])})
# Several tensors of other lengths in one iteration: at the end that is named, before the last one
# and behind the first one.
placing = Graph(onnx.graph(
    [node("Add", ["i", "one"], ["more"]), node("Slice", ["x", "i", "more"], ["row"]),
     node("Slice", ["x", "nought", "more"], ["rows"]), node("SequenceLength", ["s"], ["length"]),
     node("SequenceInsert", ["s", "rows", "length"], ["a"]),
     node("SequenceInsert", ["a", "row", "back"], ["b"]),
     node("SequenceInsert", ["b", "row", "front"], ["t"]), node("Identity", ["go"], ["on"])],
    unknown, ends, {"one": numpy.array([1]), "nought": numpy.array([0]), "back": I64(-1),
                    "front": I64(1)}))
rows = numpy.arange(15, dtype=numpy.float32).reshape(5, 3)
placed = [rows]
for k in range(4):
    placed.append(rows[:k + 1])
    placed.insert(-1, rows[k:k + 1])
    placed.insert(1, rows[k:k + 1])
write("good/sequence_places",
      appended + [node("Loop", ["m", "", "parts"], ["all"], body=placing),
                  node("ConcatFromSequence", ["all"], ["y"], axis=0)],
      {"m": I64(4), "x": rows}, {"y": numpy.concatenate(placed)})

# A cell with weights, as converters write it; two lengths for the size of the code.
random = numpy.random.default_rng(1)
WIDTH, ROWS = 32, 16
W, R = (random.standard_normal((WIDTH, 4 * WIDTH)).astype(numpy.float32) / 8 for _ in range(2))


def logistic(x):
    return 1 / (1 + numpy.exp(-x))


cell_nodes = [node("MatMul", ["p", "w"], ["xw"]), node("MatMul", ["h", "r"], ["hr"]),
              node("Add", ["xw", "hr"], ["z"]),
              node("Split", ["z"], ["zi", "zf", "zo", "zg"], axis=1, num_outputs=4),
              node("Sigmoid", ["zi"], ["gi"]), node("Sigmoid", ["zf"], ["gf"]),
              node("Sigmoid", ["zo"], ["go_"]), node("Tanh", ["zg"], ["gg"]),
              node("Mul", ["gf", "c"], ["kept"]), node("Mul", ["gi", "gg"], ["new"]),
              node("Add", ["kept", "new"], ["c1"]), node("Tanh", ["c1"], ["tc"]),
              node("Mul", ["go_", "tc"], ["h1"])]
cell = body(cell_nodes, [("h", F, 2), ("c", F, 2), ("p", F, 2)], ["h1", "c1", "h1"])
looped = body([node("Gather", ["x", "i"], ["p"], axis=0), node("Identity", ["go"], ["on"])]
              + cell_nodes, [COUNT, GOES, ("h", F, 2), ("c", F, 2)], ["on", "h1", "c1", "h1"])
for steps in (16, 4096):
    x = random.standard_normal((steps, ROWS, WIDTH)).astype(numpy.float32)
    h = c = zero = numpy.zeros((ROWS, WIDTH), numpy.float32)
    hs = []
    for t in range(steps):
        i, f, o, g = numpy.split((x[t] @ W + h @ R).astype(numpy.float64), 4, axis=1)
        c = (logistic(f) * c + logistic(i) * numpy.tanh(g)).astype(numpy.float32)
        h = (logistic(o) * numpy.tanh(c)).astype(numpy.float32)
        hs.append(h)
    write(f"cells/scan_{steps}", [node("Scan", ["s", "s", "x"], ["h", "c", "hs"], body=cell,
                                       num_scan_inputs=1)],
          {"s": zero, "x": x, "w": W, "r": R}, {"h": h, "c": c, "hs": numpy.array(hs)},
          ["w", "r", "s"], is_open=False)
    write(f"cells/loop_{steps}", [node("Loop", ["m", "", "s", "s"], ["h", "c", "hs"],
                                       body=looped)],
          {"m": I64(steps), "s": zero, "x": x, "w": W, "r": R},
          {"h": h, "c": c, "hs": numpy.array(hs)}, ["w", "r", "s", "m"], is_open=False)


# What is wrong.
def bad(name, *nodes, **inputs):
    write(f"bad/{name}", list(nodes), {"m": I64(3), "x": X, "s": X[0], **inputs}, {"y": X})


S = [COUNT, GOES, ("s1", F, 2)]
KEEP = node("Identity", ["go"], ["on"])


def loop(inputs, graph, outputs=("y",)):
    return node("Loop", inputs, list(outputs), name="it", body=graph)


same = body([KEEP, node("Identity", ["s1"], ["t"])], S, ["on", "t"])
bad("endless", loop(["", "", "x"], same))
bad("inputs", loop(["m", "", "x", "x"], same))
bad("outputs", loop(["m", "", "x"], same, ["y", "y2"]))
bad("trips", loop(["x", "", "x"], same))
bad("condition", loop(["m", "m", "x"], same))
bad("body-condition", loop(["m", "", "x"], body([node("Identity", ["s1"], ["t"])], S, ["t", "t"])))
bad("type", loop(["m", "", "x"],
                 body([KEEP, node("Cast", ["s1"], ["t"], to=onnx.INT64)], S, ["on", "t"])))
bad("rank", loop(["m", "", "x"],
                 body([KEEP, node("Flatten", ["s1"], ["f"]), node("Unsqueeze", ["f", "axes"], ["t"])],
                      S, ["on", "t"], axes=numpy.array([0]))))
bad("node", loop(["m", "", "x"],
                 body([KEEP, node("Gemm", ["s1"], ["t"], name="inside")], S, ["on", "t"])))
write("bad/sequence-none", [*appended, loop(["zero", "", "parts"], appending, ["all", "y"])],
      {"zero": I64(0), "x": X}, {"y": X}, ["zero"])
taking = Graph(onnx.graph([KEEP, node("SequenceAt", ["s", "i"], ["t"])], unknown, ends))
write("bad/sequence-unknown", [*appended, loop(["m", "", "parts"], taking)],
      {"m": I64(1), "x": X}, {"y": X})
write("bad/sequence-many",
      [loop(["most", "", "", "x"],
            body([KEEP, node("Identity", ["s2"], ["t"])], [*S, ("s2", F, 2)], ["on", "s1", "t"]),
            ["none", "y"])],
      {"most": I64(5000), "x": X}, {"y": X}, ["most"])
write("bad/sequence-element",
      [*appended, loop(["m", "", "parts"],
                       body([KEEP, node("Identity", ["s1"], ["t"])], S, ["on", "t", "s1"]),
                       ["all", "y"])], {"m": I64(1), "x": X}, {"y": X}, ["m"])
bad("sequence-trips", appended[1], loop(["parts", "", "x"], same))
bad("body-sequence",
    loop(["m", "", "x"], body([KEEP, node("SequenceConstruct", ["s1"], ["t"])], S, ["on", "t"])))


def scan(inputs, graph, outputs=("y", "ys"), **attributes):
    return node("Scan", inputs, list(outputs), name="it", body=graph, **attributes)


step = body([node("Add", ["s1", "p"], ["t"])], [("s1", F, 1), ("p", F, 1)], ["t", "t"])
bad("missing", node("Loop", ["m", "", "x"], ["y"], name="it"))
bad("scan-missing-body", node("Scan", ["s", "x"], ["y"], name="it", num_scan_inputs=1))
bad("scan-count", scan(["s", "x"], step, num_scan_inputs=3))
bad("scan-inputs", scan(["s", "s", "x"], step, num_scan_inputs=1))
bad("scan-outputs", scan(["s", "x"], step, ["y", "a", "b"], num_scan_inputs=1))
bad("scan-axes", scan(["s", "x"], step, num_scan_inputs=1, scan_input_axes=[0, 1]))
bad("scan-axis", scan(["s", "x"], step, num_scan_inputs=1, scan_output_axes=[2]))
bad("scan-direction", scan(["s", "x"], step, num_scan_inputs=1, scan_input_directions=[2]))
bad("scan-missing", scan(["", "x"], step, num_scan_inputs=1))
write("bad/scan-shape",
      [scan(["s", "x"], body([node("Concat", ["s1", "p"], ["t"], axis=0)],
                             [("s1", F, 1), ("p", F, 1)], ["t"]), ["y"], num_scan_inputs=1)],
      {"s": X[0], "x": X}, {"y": X[0]}, is_open=False)
write("bad/scan-steps", [scan(["s", "x", "s"], body([node("Add", ["s1", "p"], ["t"])],
                                                    [("s1", F, 1), ("p", F, 1), ("q", F, 0)],
                                                    ["t"]), ["y"], num_scan_inputs=2)],
      {"s": X[0], "x": X}, {"y": X[0]}, is_open=False)
write("bad/scan8-rank", [scan(["", "s", "s"], step, num_scan_inputs=1)], {"s": X[0]}, {"y": X},
      opset=8)
write("bad/scan8-lengths", [scan(["s", "x", "b"], step, num_scan_inputs=1)],
      {"s": X[0], "x": X, "b": SEQUENCE}, {"y": X}, opset=8)
