"""Writes folders of ONNX tests whose extents, ranks or numbers of elements only a call knows; numpy
computes what they expect.

  onnx_open_extents.py FOLDER SUPPORT
"""

import os
import sys

import numpy

sys.path.insert(0, sys.argv[2])
import onnx_writer as onnx  # noqa: E402

TYPES = {"float32": onnx.FLOAT, "int64": onnx.INT64, "bool": onnx.BOOL}
RANDOM = numpy.random.default_rng(10)
FLOAT = onnx.FLOAT


def numbers(*shape):
    return RANDOM.uniform(-1, 1, shape).astype(numpy.float32)


def write(name, nodes, declared, outputs, sets=(), fixed=None, opset=17, **more):
    """A model, and a data set for each (inputs, results) of `sets`."""
    folder = os.path.join(sys.argv[1], name)
    os.makedirs(folder)
    content = onnx.graph(nodes, declared, [onnx.value(key, kind, None) for key, kind in outputs],
                         fixed)
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(onnx.model(content, opset=opset, **more))
    for number, (inputs, results) in enumerate(sets):
        data = os.path.join(folder, f"test_data_set_{number}")
        os.makedirs(data)
        for kind, arrays in (("input", inputs), ("output", results)):
            for i, array in enumerate(arrays):
                with open(os.path.join(data, f"{kind}_{i}.pb"), "wb") as file:
                    file.write(onnx.tensor(array))


def softmax(x):
    with numpy.errstate(invalid="ignore"):
        powers = numpy.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def attend(q, k, v, bias=0, scale=None):
    """Attention of [batch, heads, time, features] in float64; heads of keys are repeated."""
    q, k, v = (part.astype(numpy.float64) for part in (q, k, v))
    times = q.shape[1] // k.shape[1]
    k, v = k.repeat(times, 1), v.repeat(times, 1)
    scores = q @ k.swapaxes(-1, -2) * (scale or 1 / numpy.sqrt(q.shape[-1]))
    return (softmax(scores + bias) @ v).astype(numpy.float32)


# Attention: heads, features or both.
def recognized(name, declared, shape):
    q, k, v = numbers(*shape), numbers(*shape), numbers(*shape)
    bias = numbers(shape[0], 1, shape[2], shape[2])
    # A softmax of nothing but -inf is NaN.
    bias[0, 0, 1] = -numpy.inf
    bias[1, 0, 2, 1:] = -numpy.inf
    nodes = [onnx.node("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]),
             onnx.node("MatMul", ["q", "kt"], ["s"]), onnx.node("Mul", ["s", "half"], ["h"]),
             onnx.node("Add", ["h", "bias"], ["m"]), onnx.node("Softmax", ["m"], ["p"], axis=-1),
             onnx.node("MatMul", ["p", "v"], ["y"])]
    inputs = [onnx.value(key, FLOAT, declared) for key in "qkv"]
    inputs.append(onnx.value("bias", FLOAT, [declared[0], 1, declared[2], declared[2]]))
    write(name, nodes, inputs, [("y", FLOAT)], [([q, k, v, bias], [attend(q, k, v, bias, 0.5)])],
          {"half": numpy.float32(0.5)})


recognized("good/heads", ["b", "h", "t", 4], (2, 3, 5, 4))
recognized("good/features", ["b", 3, "t", "d"], (2, 3, 5, 4))
recognized("good/heads_features", ["b", "h", "t", "d"], (2, 3, 5, 4))

Q, K, V = numbers(2, 4, 3, 6), numbers(2, 2, 5, 6), numbers(2, 2, 5, 3)
LATER = numpy.triu(numpy.full((3, 5), -numpy.inf), 1)
for letters in ("h", "d", "hd"):
    dims = [["b", "h" if "h" in letters else heads, "t", "d" if "d" in letters else features]
            for heads, features in ((4, 6), (2, 6), (2, 3))]
    write(f"good/grouped_{letters}",
          [onnx.node("Attention", ["q", "k", "v"], ["y"], is_causal=1)],
          [onnx.value(key, FLOAT, [None if isinstance(size, str) else size for size in dim])
           for key, dim in zip("qkv", dims)],
          [("y", FLOAT)], [([Q, K, V], [attend(Q, K, V, LATER)])], opset=23)
FLAT = numbers(2, 3, 12)
HEADS = FLAT.reshape(2, 3, 4, 3).swapaxes(1, 2)
SELF = attend(HEADS, HEADS, HEADS).swapaxes(1, 2).reshape(2, 3, 12)
write("good/flat", [onnx.node("Attention", ["x", "x", "x"], ["y"], q_num_heads=4, kv_num_heads=4)],
      [onnx.value("x", FLOAT, ["b", "t", "w"])], [("y", FLOAT)], [([FLAT], [SELF])], opset=23)
write("good/multi_head",
      [onnx.node("MultiHeadAttention", ["x", "x", "x"], ["y"], domain="com.microsoft",
                 num_heads=4)],
      [onnx.value("x", FLOAT, ["b", "t", "w"])], [("y", FLOAT)], [([FLAT], [SELF])],
      domains=[("com.microsoft", 1)])

# Ranks that differ from call to call.
A, B = numbers(2, 1, 3), numbers(2, 4, 3)
SQUEEZE = [onnx.node("Squeeze", ["x"], ["s"]), onnx.node("Abs", ["s"], ["y"]),
           onnx.node("Size", ["s"], ["n"])]
write("good/squeeze", SQUEEZE, [onnx.value("x", FLOAT, ["b", "c", 3])],
      [("y", FLOAT), ("n", onnx.INT64)],
      [([A], [abs(A[:, 0]), numpy.int64(6)]), ([B], [abs(B), numpy.int64(24)]),
       ([A[:1]], [abs(A[0, 0]), numpy.int64(3)])])
write("good/two",
      SQUEEZE + [onnx.node("Squeeze", ["z"], ["u"]), onnx.node("Neg", ["u"], ["w"])],
      [onnx.value("x", FLOAT, ["b", "c", 3]), onnx.value("z", FLOAT, ["b", "c"])],
      [("w", FLOAT), ("y", FLOAT), ("n", onnx.INT64)],
      [([A, B[:, :1, 0]], [-B[:, 0, 0], abs(A[:, 0]), numpy.int64(6)]),
       ([B, B[..., 0]], [-B[..., 0], abs(B), numpy.int64(24)])])


def branch(*nodes):
    return onnx.Graph(onnx.graph(list(nodes), [], [onnx.value("r", FLOAT, None)]))


IF = [onnx.node("Unsqueeze", ["x", "zero"], ["r"])], [onnx.node("Neg", ["x"], ["r"])]
INNER = onnx.node("If", ["d"], ["r"], then_branch=branch(*IF[0]), else_branch=branch(*IF[1]))
COMMON = {"zero": numpy.zeros(1, numpy.int64)}
CALL = [onnx.value("c", onnx.BOOL, []), onnx.value("x", FLOAT, ["n"])]
X, YES, NO = numbers(4), numpy.array(True), numpy.array(False)
write("good/branches",
      [onnx.node("If", ["c"], ["m"], then_branch=branch(*IF[0]), else_branch=branch(*IF[1])),
       onnx.node("Add", ["m", "m"], ["y"])], CALL, [("y", FLOAT)],
      [([YES, X], [2 * X[None]]), ([NO, X], [-2 * X])], COMMON)
write("good/nested",
      [onnx.node("If", ["c"], ["m"], then_branch=branch(INNER),
                 else_branch=branch(onnx.node("ReduceSum", ["x"], ["r"], keepdims=0))),
       onnx.node("Exp", ["m"], ["y"])],
      [onnx.value("d", onnx.BOOL, [])] + CALL, [("y", FLOAT)],
      [([YES, YES, X], [numpy.exp(X[None])]), ([NO, YES, X], [numpy.exp(-X)]),
       ([YES, NO, X], [numpy.exp(X.sum(dtype=numpy.float32))])], COMMON)
write("good/settled",
      [onnx.node("Abs", ["x"], ["a"]), onnx.node("Gemm", ["a", "w"], ["y"])],
      [onnx.value("x", FLOAT, None)], [("y", FLOAT)],
      [([B[0]], [abs(B[0]) @ A[0].T])], {"w": A[0].T.copy()})
write("good/any_rank",
      [onnx.node("Abs", ["x"], ["y"]), onnx.node("Shape", ["x"], ["n"])],
      [onnx.value("x", FLOAT, None)], [("y", FLOAT), ("n", onnx.INT64)],
      [([part], [abs(part), numpy.array(part.shape, numpy.int64)]) for part in (B, X, X[0])])

# Extents below 1 stand for unknown ones, and one name for several.
write("good/minus_one", [onnx.node("Relu", ["x"], ["y"])], [onnx.value("x", FLOAT, [-1, 0, 3])],
      [("y", FLOAT)], [([A], [numpy.maximum(A, 0)]), ([B[:, :0]], [B[:, :0]])])
content = onnx.graph([onnx.node("Concat", ["p", "k"], ["y"], axis=1)],
                     [onnx.value(key, FLOAT, ["b", "s", 3]) for key in "pk"],
                     [onnx.value("y", FLOAT, ["b", "s", 3])])
write("good/one_name", [], [], [], [([A, B], [numpy.concatenate([A, B], 1)])])
with open(os.path.join(sys.argv[1], "good/one_name/model.onnx"), "wb") as file:
    file.write(onnx.model(content))

# Single numbers whose extent is a name.
ONE = ["n"]
write("good/top_k", [onnx.node("TopK", ["x", "k"], ["v", "i"])],
      [onnx.value("x", FLOAT, ["t"]), onnx.value("k", onnx.INT64, ONE)],
      [("v", FLOAT), ("i", onnx.INT64)],
      [([X, numpy.array([2])], [-numpy.sort(-X)[:2], numpy.argsort(-X)[:2]])])
write("good/one_hot", [onnx.node("OneHot", ["i", "d", "v"], ["y"])],
      [onnx.value("i", onnx.INT64, ["t"]), onnx.value("d", onnx.INT64, ONE),
       onnx.value("v", FLOAT, ["two"])], [("y", FLOAT)],
      [([numpy.array([1, 0]), numpy.array([3]), numpy.array([2, 5], numpy.float32)],
        [numpy.array([[2, 5, 2], [5, 2, 2]], numpy.float32)])])
write("good/condition",
      [onnx.node("CumSum", ["x", "a"], ["m"]),
       onnx.node("If", ["c"], ["y"],
                 then_branch=branch(onnx.node("Clip", ["m", "low"], ["r"])),
                 else_branch=branch(onnx.node("Neg", ["m"], ["r"])))],
      [onnx.value("x", FLOAT, ["t"]), onnx.value("a", onnx.INT64, ONE),
       onnx.value("c", onnx.BOOL, ONE), onnx.value("low", FLOAT, [])], [("y", FLOAT)],
      [([X, numpy.array([0]), numpy.array([True]), numpy.float32(0)],
        [numpy.maximum(numpy.cumsum(X), 0)])])

# Recurrent weights whose sizes other inputs tell, and sparse tensors.
STEPS, W, R, BIAS = numbers(3, 2, 3), numbers(1, 4, 3), numbers(1, 4, 4), numbers(1, 8)
state, rows = numpy.zeros((2, 4)), []
for step in STEPS.astype(numpy.float64):
    state = numpy.tanh(step @ W[0].T + state @ R[0].T + BIAS[0, :4] + BIAS[0, 4:])
    rows.append(state[None])
write("good/recurrent", [onnx.node("RNN", ["x", "w", "r", "b"], ["y"])],
      [onnx.value("x", FLOAT, [None, None, 3]), onnx.value("w", FLOAT, [None] * 3),
       onnx.value("r", FLOAT, [None] * 3), onnx.value("b", FLOAT, [1, 8])], [("y", FLOAT)],
      [([STEPS, W, R, BIAS], [numpy.stack(rows).astype(numpy.float32)])])
DENSE = numpy.zeros((2, 3), numpy.float32)
DENSE[0, 2], DENSE[1, 1] = 5, 7
VALUES = numpy.array([5, 7], numpy.float32)
for name, places in (("linear", [2, 4]), ("rows", [[0, 2], [1, 1]])):
    write(f"good/sparse_{name}",
          [onnx.node("Constant", [], ["c"], sparse_value=onnx.Sparse(VALUES, places, [2, 3])),
           onnx.node("Sum", ["x", "s", "c"], ["y"])], [onnx.value("x", FLOAT, ["n", 3])],
          [("y", FLOAT)], [([B[0, :2]], [B[0, :2] + 2 * DENSE])],
          {"s": onnx.Sparse(VALUES, places, [2, 3], "s")})


def bad_sparse(name, places, dims):
    write(f"bad/{name}", [onnx.node("Neg", ["s"], ["y"])], [], [("y", FLOAT)],
          fixed={"s": onnx.Sparse(VALUES, places, dims, "s")})


bad_sparse("outside", [2, 6], [2, 3])
bad_sparse("order", [4, 2], [2, 3])
bad_sparse("places", [[2], [4]], [2, 3])
bad_sparse("large", [2, 4], [1 << 20, 1 << 20])
write("bad/unshaped", [onnx.node("Sum", [f"x{i}" for i in range(9)], ["y"])],
      [onnx.value(f"x{i}", FLOAT, None) for i in range(9)], [("y", FLOAT)])
write("bad/rotary", [onnx.node("RotaryEmbedding", ["x", "c", "c"], ["y"], name="it")],
      [onnx.value("x", FLOAT, ["b", 4, "t", "d"]), onnx.value("c", FLOAT, ["b", "t", 3])],
      [("y", FLOAT)], opset=23)
write("bad/units", [onnx.node("RNN", ["x", "w", "r"], ["y"], name="it")],
      [onnx.value("x", FLOAT, [None, None, 3]), onnx.value("w", FLOAT, [None] * 3),
       onnx.value("r", FLOAT, [None] * 3)], [("y", FLOAT)])
