"""Writes transformer encoders and decoder blocks in ONNX the way exporters write them, from primitive
nodes with random weights.

    transformer_models.py bert OUT.onnx [--layers=12 --hidden=768 --heads=12 --vocab=30522]
    transformer_models.py llama OUT.onnx [--layers=1 --hidden=64 --heads=8 --kv-heads=2 --interleaved --table --shared]

`--spoil=WHAT` makes one pattern something that it only resembles.
"""

import argparse
import os
import sys

import numpy

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import onnx_writer as ow  # noqa: E402


class Builder:
    """Nodes with names of their own, and the initializers they use."""

    def __init__(self, seed=1, spoil=None):
        self.spoil = spoil
        self.nodes, self.constants, self.count = [], {}, 0
        self.random = numpy.random.default_rng(seed)

    def name(self, stem):
        self.count += 1
        return f"{stem}_{self.count}"

    def __call__(self, operator, *inputs, outputs=1, **attributes):
        names = [self.name(operator) for _ in range(outputs)]
        self.nodes.append(ow.node(operator, list(inputs), names, name=names[0] + "_node", **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, array, dtype=numpy.float32):
        name = self.name("constant")
        self.constants[name] = numpy.asarray(array, dtype)
        return name

    def integers(self, *numbers):
        return self.constant(numbers, numpy.int64)

    def weight(self, *shape, scale=None):
        scale = scale or 1 / numpy.sqrt(shape[0])
        return self.constant(self.random.standard_normal(shape, numpy.float32) * scale)

    def linear(self, x, rows, columns, bias=True):
        y = self("MatMul", x, self.weight(rows, columns))
        return self("Add", self.weight(columns, scale=0.1), y) if bias else y

    def layer_norm(self, x, hidden, epsilon=1e-12):
        mean = self("ReduceMean", x, axes=[1 if self.spoil == "mean" else -1])
        centered = self("Sub", x, mean)
        square = self("Pow", centered, self.constant(2.0))
        variance = self("ReduceMean", square, axes=[-1])
        if self.spoil == "epsilon":
            deviation = self("Add", self("Sqrt", variance), self.constant(epsilon))
        else:
            deviation = self("Sqrt", self("Add", variance, self.constant(epsilon)))
        scaled = self("Mul", self("Div", centered, deviation), self.weight(hidden, scale=1.0))
        return self("Add", scaled, self.weight(hidden, scale=0.1))

    def rms_norm(self, x, hidden, epsilon=1e-6):
        square = self("Pow", x, self.constant(3.0 if self.spoil == "power" else 2.0))
        deviation = self("Sqrt", self("Add", self("ReduceMean", square, axes=[-1]),
                                      self.constant(epsilon)))
        scaled = self("Mul", x, self("Div", self.constant(1.0), deviation))
        return self("Mul", self.weight(hidden, scale=1.0), scaled)

    def gelu(self, x):
        erf = self("Erf", self("Div", x, self.constant(1.5 if self.spoil == "erf" else 1.4142135381698608)))
        return self("Mul", self("Mul", x, self("Add", erf, self.constant(1.0))), self.constant(0.5))

    def split_heads(self, x, heads, width, perm=(0, 2, 1, 3)):
        shape = self("Concat", self("Unsqueeze", self("Gather", self("Shape", x), self.constant(0, numpy.int64), axis=0), axes=[0]),
                     self("Unsqueeze", self("Gather", self("Shape", x), self.constant(1, numpy.int64), axis=0), axes=[0]),
                     self.integers(heads), self.integers(width), axis=0)
        return self("Transpose", self("Reshape", x, shape), perm=list(perm))

    def merge_heads(self, x, hidden):
        return self("Reshape", self("Transpose", x, perm=[0, 2, 1, 3]), self.integers(0, 0, hidden))


def bert(layers=12, hidden=768, heads=12, vocab=30522, positions=512, spoil=None):
    b, width = Builder(spoil=spoil), hidden // heads
    mask = b("Unsqueeze", b("Unsqueeze", "attention_mask", axes=[1]), axes=[2])
    mask = b("Sub", b.constant(1.0), b("Cast", mask, to=ow.FLOAT))
    mask = b("Mul", mask, b.constant(-3.4028234663852886e38))
    words = b("Gather", b.weight(vocab, hidden, scale=0.5), "input_ids", axis=0)
    length = b("Unsqueeze", b("Gather", b("Shape", "input_ids"), b.constant(1, numpy.int64), axis=0), axes=[0])
    table = b("Slice", b.weight(positions, hidden, scale=0.5), b.integers(0), length, b.integers(0))
    x = b.layer_norm(b("Add", words, table), hidden)
    for _ in range(layers):
        q = b.split_heads(b.linear(x, hidden, hidden), heads, width)
        source = b("Neg", x) if spoil == "source" else x
        k = b.split_heads(b.linear(source, hidden, hidden), heads, width, (0, 2, 3, 1))
        v = b.split_heads(b.linear(x, hidden, hidden), heads, width)
        if spoil == "keys":
            v = b("Transpose", k, perm=[0, 1, 3, 2])
        scores = b("Div", b("MatMul", q, k), b.constant(numpy.sqrt(width)))
        weights = b("Softmax", b("Add", scores, mask), axis=2 if spoil == "softmax" else 3)
        context = b.merge_heads(b("MatMul", weights, v), hidden)
        x = b.layer_norm(b("Add", b.linear(context, hidden, hidden), x), hidden)
        inner = b.gelu(b.linear(x, hidden, 4 * hidden))
        x = b.layer_norm(b("Add", b.linear(inner, 4 * hidden, hidden), x), hidden)
    inputs = [ow.value(name, ow.INT64, ["batch", "time"]) for name in ("input_ids", "attention_mask")]
    return ow.model(ow.graph(b.nodes, inputs, [ow.value(x, ow.FLOAT, ["batch", "time", hidden])], b.constants), opset=11)


def llama(layers=1, hidden=64, heads=8, kv_heads=2, interleaved=False, table=False, shared=False, spoil=None):
    b, width = Builder(spoil=spoil), hidden // heads
    x = "x"
    frequencies = b.constant((10000.0 ** (-numpy.arange(0, width, 2) / width))[None])
    angles = b("MatMul", b("Unsqueeze", b("Cast", "position_ids", to=ow.FLOAT), b.integers(2)), frequencies)
    other = b("Mul", angles, b.constant(2.0)) if spoil == "angles" else angles
    if interleaved:
        twice = b("Concat", b("Unsqueeze", angles, b.integers(3)), b("Unsqueeze", other, b.integers(3)), axis=-1)
        if spoil != "angles":
            pair = b("Unsqueeze", angles, b.integers(3))
            twice = b("Concat", pair, pair, axis=-1)
        both = b("Reshape", twice, b.integers(0, 0, width))
    else:
        both = b("Concat", angles, other, axis=-1)
    cos, sin = b("Cos", both), b("Sin", both)
    if table:
        angles = numpy.arange(16)[:, None] * 10000.0 ** (-numpy.arange(0, width, 2) / width)
        angles = numpy.repeat(angles, 2, -1) if interleaved else numpy.concatenate([angles, angles], -1)
        if spoil == "angles":
            angles[3, 1] += 0.5
        cos, sin = (b("Gather", b.constant(part), "position_ids", axis=0) for part in (numpy.cos(angles), numpy.sin(angles)))
    cos, sin = b("Unsqueeze", cos, b.integers(1)), b("Unsqueeze", sin, b.integers(1))

    def half(y, first, last, step):
        return b("Slice", y, b.integers(first), b.integers(last), b.integers(3), b.integers(step))

    def rotate(y):
        low = half(y, 0, 2 ** 63 - 1 if interleaved else width // 2, 1 + interleaved)
        high = half(y, 1 if interleaved else width // 2, 2 ** 63 - 1, 1 + interleaved)
        pair = [high, b("Neg", low)] if spoil == "sign" else [b("Neg", high), low]
        if interleaved:
            pair = [b("Unsqueeze", part, b.integers(4)) for part in pair]
        rotated = b("Concat", *pair, axis=-1)
        if interleaved:
            rotated = b("Reshape", rotated, b("Shape", y))
        return b("Add", b("Mul", y, cos), b("Mul", rotated, sin))

    def heads_of(y, count):
        return b("Transpose", b("Reshape", y, b.integers(0, 0, count, width)), perm=[0, 2, 1, 3])

    def repeat(y):
        shape = b("Shape", y)

        def extent(d):
            return b("Unsqueeze", b("Gather", shape, b.constant(d, numpy.int64), axis=0), b.integers(0))
        groups = heads // kv_heads
        wide = b("Expand", b("Unsqueeze", y, b.integers(2)),
                 b("Concat", extent(0), b.integers(kv_heads), b.integers(groups), extent(2), b.integers(width), axis=0))
        return b("Reshape", wide, b("Concat", extent(0), b.integers(heads), extent(2), b.integers(width), axis=0))

    for _ in range(layers):
        y = b.rms_norm(x, hidden)
        q = rotate(heads_of(b.linear(y, hidden, hidden, False), heads))
        k = rotate(heads_of(b.linear(y, hidden, kv_heads * width, False), kv_heads))
        v = heads_of(b.linear(y, hidden, kv_heads * width, False), kv_heads)
        scores = b("MatMul", q, b("Transpose", repeat(k), perm=[0, 1, 3, 2]))
        scores = b("Mul", scores, b.constant(1 / numpy.sqrt(width)))
        weights = b("Softmax", b("Add", scores, "mask"), axis=-1)
        context = b.merge_heads(b("MatMul", weights, repeat(v)), hidden)
        x = b("Add", x, b.linear(context, hidden, hidden, False))
        y = b.rms_norm(x, hidden)
        gate = b.linear(y, hidden, 2 * hidden, False)
        gate = b("Mul", gate, b("Sigmoid", gate))
        x = b("Add", x, b.linear(b("Mul", gate, b.linear(y, hidden, 2 * hidden, False)), 2 * hidden, hidden, False))
    inputs = [ow.value("x", ow.FLOAT, ["batch", "time", hidden]), ow.value("position_ids", ow.INT64, [1 if shared else "batch", "time"]),
              ow.value("mask", ow.FLOAT, ["batch", 1, "time", "time"])]
    return ow.model(ow.graph(b.nodes, inputs, [ow.value(x, ow.FLOAT, ["batch", "time", hidden])], b.constants), opset=17)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["bert", "llama"])
    parser.add_argument("file")
    for option in ("interleaved", "table", "shared"):
        parser.add_argument("--" + option, action="store_true", default=None)
    parser.add_argument("--spoil", choices=["mean", "epsilon", "power", "erf", "softmax", "source", "keys", "angles", "sign"])
    for option in ("layers", "hidden", "heads", "vocab", "kv-heads"):
        parser.add_argument("--" + option, type=int)
    arguments = {key: value for key, value in vars(parser.parse_args()).items() if value is not None}
    kind, file = arguments.pop("kind"), arguments.pop("file")
    with open(file, "wb") as out:
        out.write({"bert": bert, "llama": llama}[kind](**arguments))


if __name__ == "__main__":
    main()
