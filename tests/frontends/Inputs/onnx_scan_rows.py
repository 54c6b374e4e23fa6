"""Writes folders of ONNX tests for Scans whose outputs are not made of the rows of their inputs, and models whose
operands contradict each other; numpy computes what they expect.

  onnx_scan_rows.py FOLDER SUPPORT
"""

import os
import sys

import numpy

sys.path.insert(0, sys.argv[2])
import onnx_writer as onnx  # noqa: E402
from onnx_writer import Graph, node  # noqa: E402

F = onnx.FLOAT


def save(name, content, inputs=(), outputs=()):
    folder = os.path.join(sys.argv[1], name)
    os.makedirs(os.path.join(folder, "test_data_set_0"))
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(onnx.model(content, opset=23))
    for kind, arrays in (("input", inputs), ("output", outputs)):
        for i, array in enumerate(arrays):
            with open(os.path.join(folder, "test_data_set_0", f"{kind}_{i}.pb"), "wb") as file:
                file.write(onnx.tensor(array.astype(numpy.float32)))


# h' = h + x_t; outputs: W h' with 5 rows where x_t has 2, and the sum over the rows, which has none.
T, B, D = 4, 2, 3
X = numpy.sin(numpy.arange(T * B * D, dtype=numpy.float64)).reshape(T, B, D).astype(numpy.float32)
H = numpy.cos(numpy.arange(B * D, dtype=numpy.float64)).reshape(B, D).astype(numpy.float32)
W = (numpy.arange(5 * B, dtype=numpy.float64).reshape(5, B) / 8 - 0.5).astype(numpy.float32)
BODY = Graph(onnx.graph(
    [node("Add", ["h", "x"], ["g"]), node("MatMul", ["w", "g"], ["wide"]),
     node("ReduceSum", ["g", "first"], ["sum"], keepdims=0)],
    [onnx.value("h", F, [B, D]), onnx.value("x", F, [B, D])],
    [onnx.value("g", F, [B, D]), onnx.value("wide", F, [5, D]), onnx.value("sum", F, [D])],
    {"first": numpy.array([0], numpy.int64)}))
h, wide, total = H.astype(numpy.float64), [], []
for x in X.astype(numpy.float64):
    h = h + x
    wide.append(W.astype(numpy.float64) @ h)
    total.append(h.sum(0))
for name, time in (("static", T), ("dynamic", None)):
    save("good/" + name, onnx.graph(
        [node("Scan", ["h0", "x"], ["last", "wides", "sums"], body=BODY, num_scan_inputs=1)],
        [onnx.value("h0", F, [B, D]), onnx.value("x", F, [time, B, D])],
        [onnx.value("last", F, [B, D]), onnx.value("wides", F, [time, 5, D]),
         onnx.value("sums", F, [time, D])], {"w": W}),
        [H, X], [h, numpy.stack(wide), numpy.stack(total)])


def attention(name, query, key, value, branch=False):
    """One Attention over inputs of shape [batch, 1 head, positions, 4 features]."""
    names = {"q": query, "k": key, "v": value}
    inputs = [onnx.value(n, F, [shape[0], 1, shape[1], 4]) for n, shape in names.items()]
    output = [onnx.value("y", F, [None] * 4)]
    inner = [node("Attention", ["q", "k", "v"], ["y"], name="look")]
    if branch:
        other = Graph(onnx.graph([node("Identity", ["q"], ["y"])], [], output))
        inner = [node("If", ["c"], ["y"], then_branch=Graph(onnx.graph(inner, [], output)), else_branch=other)]
        inputs.append(onnx.value("c", onnx.BOOL, []))
    save(name, onnx.graph(inner, inputs, output))


attention("batch", (None, 2), (3, 2), (5, 2))
attention("query", (2, 2), (3, 2), (3, 2))
attention("positions", (None, 2), (None, 6), (None, 7))
attention("branch", (None, 2), (3, 2), (5, 2), branch=True)
