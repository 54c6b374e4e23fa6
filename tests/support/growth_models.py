"""Writes graphs of a given size, whose compilation must not cost more than the size is worth.

    growth_models.py KIND SIZE OUT.onnx
    growth_models.py translator LAYERS FOLDER
"""

import os
import sys

import numpy

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from transformer_models import Builder  # noqa: E402
from onnx_writer import BOOL, FLOAT, INT64, Graph, graph, model, node, sequence_value, value  # noqa: E402


def _weight(*shape):
    """Numbers that no initializer shares by accident, small enough for long chains."""
    count = int(numpy.prod(shape))
    return (numpy.arange(count, dtype=numpy.float32) % 7 - 3).reshape(shape) / (8 * shape[-1])


def _line(nodes, inputs, out, initializers=None):
    return graph(nodes, inputs, [out], initializers)


def residual(count):
    """Blocks a = a + Conv(a) over dynamic time, then Shape and Reshape to [time, batch, 4]."""
    nodes, weights = [], {"order": numpy.array([2, 0, 1], numpy.int64)}
    for i in range(count):
        weights[f"w{i}"] = _weight(4, 4, 3)
        nodes += [node("Conv", [f"a{i}", f"w{i}"], [f"c{i}"], pads=[1, 1]),
                  node("Add", [f"a{i}", f"c{i}"], [f"a{i + 1}"])]
    nodes += [node("Shape", [f"a{count}"], ["shape"]),
              node("Gather", ["shape", "order"], ["to"]),
              node("Reshape", [f"a{count}", "to"], ["y"])]
    return _line(nodes, [value("a0", FLOAT, ["n", 4, "t"])], value("y", FLOAT, ["t", "n", 4]),
                 weights)


def loops(count):
    """Loops in one another, the innermost of which adds."""
    inner = node("Add", [f"x{count}", "one"], [f"y{count}"])
    for i in reversed(range(count)):
        body = graph([inner, node("Identity", [f"c{i + 1}"], [f"d{i + 1}"])],
                     [value(f"i{i + 1}", INT64, []), value(f"c{i + 1}", BOOL, []),
                      value(f"x{i + 1}", FLOAT, ["n"])],
                     [value(f"d{i + 1}", BOOL, []), value(f"y{i + 1}", FLOAT, ["n"])])
        inner = node("Loop", ["trips", "", f"x{i}"], [f"y{i}"], body=Graph(body))
    return _line([inner], [value("x0", FLOAT, ["n"]), value("trips", INT64, [])], value("y0", FLOAT, ["n"]),
                 {"one": numpy.ones(1, numpy.float32)})


def concat(count):
    """Inputs joined."""
    names = [f"x{i}" for i in range(count)]
    return _line([node("Concat", names, ["y"], axis=1)],
                 [value(name, FLOAT, ["n", 4]) for name in names],
                 value("y", FLOAT, ["n", 4 * count]))


def concat_products(count):
    """Products of one input joined."""
    names = [f"p{i}" for i in range(count)]
    return _line([node("MatMul", ["x", f"w{i}"], [name]) for i, name in enumerate(names)]
                 + [node("Concat", names, ["y"], axis=1)],
                 [value("x", FLOAT, ["n", 8])], value("y", FLOAT, ["n", 8 * count]),
                 {f"w{i}": _weight(8, 8) for i in range(count)})


def softmax(count):
    """A chain of Softmax."""
    return _line([node("Softmax", [f"x{i}"], [f"x{i + 1}"], axis=-1) for i in range(count)],
                 [value("x0", FLOAT, ["n", 16])], value(f"x{count}", FLOAT, ["n", 16]))


def matmul(count):
    """A chain of MatMul."""
    return _line([node("MatMul", [f"x{i}", f"w{i}"], [f"x{i + 1}"]) for i in range(count)],
                 [value("x0", FLOAT, ["n", 16])], value(f"x{count}", FLOAT, ["n", 16]),
                 {f"w{i}": _weight(16, 16) for i in range(count)})


def sequence(count):
    """A loop whose body appends several tensors to a sequence."""
    body = graph([node("SequenceInsert", [f"s{i}", "x"], [f"s{i + 1}"]) for i in range(count)]
                 + [node("Identity", ["c"], ["d"])],
                 [value("i", INT64, []), value("c", BOOL, []), sequence_value("s0", FLOAT)],
                 [value("d", BOOL, []), sequence_value(f"s{count}", FLOAT)])
    return _line([node("SequenceEmpty", [], ["none"]),
                  node("Loop", ["trips", "", "none"], ["all"], body=Graph(body)),
                  node("ConcatFromSequence", ["all"], ["y"], axis=0)],
                 [value("x", FLOAT, [4]), value("trips", INT64, [])], value("y", FLOAT, ["m"]))


def elementwise(count):
    """A chain of Tanh and Add."""
    nodes = []
    for i in range(0, count, 2):
        nodes += [node("Tanh", [f"x{i}"], [f"x{i + 1}"]),
                  node("Add", [f"x{i + 1}", "b"], [f"x{i + 2}"])]
    nodes = nodes[:count]
    return _line(nodes, [value("x0", FLOAT, ["n", 16])], value(f"x{count}", FLOAT, ["n", 16]),
                 {"b": _weight(16)})


def _attend(b, x, memory, hidden, heads, mask=None):
    """Attention of several heads over `memory`, its sum with x normalised."""
    width = hidden // heads
    q = b.split_heads(b.linear(x, hidden, hidden), heads, width)
    k = b.split_heads(b.linear(memory, hidden, hidden), heads, width, (0, 2, 3, 1))
    v = b.split_heads(b.linear(memory, hidden, hidden), heads, width)
    scores = b("Div", b("MatMul", q, k), b.constant(numpy.sqrt(width)))
    scores = b("Add", scores, mask) if mask else scores
    context = b.merge_heads(b("MatMul", b("Softmax", scores, axis=3), v), hidden)
    return b.layer_norm(b("Add", b.linear(context, hidden, hidden), x), hidden)


def _embed(b, ids, hidden):
    table = b.weight(16, hidden)
    return b("Gather", table, ids, axis=0)


def translator(layers, folder, hidden=32, heads=4):
    """An encoder and a decoder, which is called with the whole prefix, under a greedy search."""
    b = Builder(seed=1)
    x = _embed(b, "ids", hidden)
    for _ in range(layers):
        x = _attend(b, x, x, hidden, heads)
        inner = b.gelu(b.linear(x, hidden, 2 * hidden))
        x = b.layer_norm(b("Add", b.linear(inner, 2 * hidden, hidden), x), hidden)
    b.nodes.append(node("Identity", [x], ["hidden"]))
    memory = value("hidden", FLOAT, ["batch", "source", hidden])
    _save(folder, "encoder.onnx", b, [value("ids", INT64, ["batch", "source"])], memory)

    b = Builder(seed=2)
    x = _embed(b, "tokens", hidden)
    length = b("Gather", b("Shape", "tokens"), b.constant(1, numpy.int64), axis=0)
    at = b("Range", b.constant(0, numpy.int64), length, b.constant(1, numpy.int64))
    later = b("Greater", b("Unsqueeze", at, axes=[0]), b("Unsqueeze", at, axes=[1]))
    mask = b("Where", later, b.constant(-1e9), b.constant(0))
    for _ in range(layers):
        x = _attend(b, x, x, hidden, heads, mask)
        x = _attend(b, x, "hidden", hidden, heads)
        inner = b.gelu(b.linear(x, hidden, 2 * hidden))
        x = b.layer_norm(b("Add", b.linear(inner, 2 * hidden, hidden), x), hidden)
    b.nodes.append(node("MatMul", [x, b.weight(hidden, 8)], ["logits"]))
    _save(folder, "decoder.onnx", b, [value("tokens", INT64, ["batch", "n"]), memory],
          value("logits", FLOAT, ["batch", "n", 8]))
    with open(os.path.join(folder, "model.yaml"), "w", encoding="utf-8") as file:
        file.write("""vocabularies:
  read: {characters: "-abcdef"}
  written: {tokens: [<s>, </s>], characters: uvwxyz, start: <s>, end: </s>}
inputs:
  text: {vocabulary: read}
graphs:
  encoder: {onnx: encoder.onnx, inputs: {ids: text}}
generate:
  vocabulary: written
  max_length: 9
  search: greedy
  step:
    decoder: {onnx: decoder.onnx, inputs: {tokens: prefix, hidden: encoder.hidden}}
  logits: decoder.logits
""")


def _save(folder, name, b, inputs, output):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as file:
        file.write(model(graph(b.nodes, inputs, [output], b.constants), opset=11))


KINDS = {kind.__name__: kind for kind in (residual, loops, concat, concat_products, softmax, matmul,
                                          sequence, elementwise)}


def write(kind, size, path):
    """Writes one graph, or the folder of a translator."""
    if kind == "translator":
        translator(size, path)
        return
    with open(path, "wb") as file:
        file.write(model(KINDS[kind](size), opset=18))


if __name__ == "__main__":
    write(sys.argv[1], int(sys.argv[2]), sys.argv[3])
