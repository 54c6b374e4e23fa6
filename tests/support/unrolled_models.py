"""Writes recurrent cells step by step, the way exporters trace a loop over time, or as Loop or Scan, with random
weights, and test data that numpy computed in float64.

    unrolled_models.py KIND FOLDER [--steps=20 --batch=2 --features=5 --hidden=6 --opset=13 --axis=0
        --outputs=stack --input=gather --layers=1 --reverse --spoil=WHAT --form=loop
        --zeros --static]

KIND is lstm (Gemm and Split), joined (one product of input and state), gru, rnn or decay (no product).
"""

import argparse
import os
import sys

import numpy

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import onnx_writer as ow  # noqa: E402
from transformer_models import Builder  # noqa: E402


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


class Cells(Builder):
    """Each cell gives the names of its new states and a function that computes them in numpy."""

    def numbers(self, name):
        return self.constants[name].astype(numpy.float64)

    def lstm(self, features, hidden):
        w, r = self.weight(4 * hidden, features), self.weight(4 * hidden, hidden)
        bw, br = self.weight(4 * hidden), self.weight(4 * hidden)

        def step(x, h, c, spoil):
            weights = self.other = self.weight(4 * hidden, hidden) if spoil == "weights" else r
            gates = self("Add", self("Gemm", x, w, bw, transB=1), self("Gemm", h, weights, br, transB=1))
            i, f, g, o = self("Split", gates, outputs=4, axis=1)
            i, f, g, o = self("Sigmoid", i), self("Sigmoid", f), self("Tanh", g), self("Sigmoid", o)
            c = self("Add", self("Mul", f, c), self("Mul", i, g))
            return self("Mul", o, self("Relu" if spoil == "operator" else "Tanh", c)), c

        def compute(x, h, c, spoil=None):
            weights = self.other if spoil == "weights" else r
            gates = x @ self.numbers(w).T + self.numbers(bw) + h @ self.numbers(weights).T + self.numbers(br)
            i, f, g, o = numpy.split(gates, 4, -1)
            c = sigmoid(f) * c + sigmoid(i) * numpy.tanh(g)
            return sigmoid(o) * (numpy.maximum(c, 0) if spoil == "operator" else numpy.tanh(c)), c
        return 2, step, compute

    def joined(self, features, hidden):
        w, b = self.weight(features + hidden, 4 * hidden), self.weight(4 * hidden)

        def step(x, h, c, spoil):
            gates = self("Add", self("MatMul", self("Concat", x, h, axis=1), w), b)
            i, g, f, o = self("Split", gates, outputs=4, axis=1)
            f = self("Sigmoid", self("Add", f, self.constant(1.0)))
            c = self("Add", self("Mul", c, f), self("Mul", self("Sigmoid", i), self("Tanh", g)))
            return self("Mul", self("Tanh", c), self("Sigmoid", o)), c

        def compute(x, h, c, spoil=None):
            gates = numpy.concatenate([x, h], -1) @ self.numbers(w) + self.numbers(b)
            i, g, f, o = numpy.split(gates, 4, -1)
            c = sigmoid(f + 1) * c + sigmoid(i) * numpy.tanh(g)
            return sigmoid(o) * numpy.tanh(c), c
        return 2, step, compute

    def gru(self, features, hidden):
        w, r = [self.weight(features, hidden) for _ in range(3)], [self.weight(hidden, hidden) for _ in range(3)]

        def step(x, h, _, spoil):
            z, s = (self("Sigmoid", self("Add", self("MatMul", x, w[k]), self("MatMul", h, r[k]))) for k in (0, 1))
            n = self("Tanh", self("Add", self("MatMul", x, w[2]), self("MatMul", self("Mul", s, h), r[2])))
            return self("Add", self("Mul", self("Sub", self.constant(1.0), z), n), self("Mul", z, h)), None

        def compute(x, h, _, spoil=None):
            z, s = (sigmoid(x @ self.numbers(w[k]) + h @ self.numbers(r[k])) for k in (0, 1))
            n = numpy.tanh(x @ self.numbers(w[2]) + (s * h) @ self.numbers(r[2]))
            return (1 - z) * n + z * h, None
        return 1, step, compute

    def rnn(self, features, hidden):
        w, r = self.weight(features, hidden), self.weight(hidden, hidden)

        def step(x, h, _, spoil):
            product = self("MatMul", x, w)
            return self("Tanh", self("Add", product, self("MatMul", h, r)) if h else product), None

        def compute(x, h, _, spoil=None):
            return numpy.tanh(x @ self.numbers(w) + h @ self.numbers(r)), None
        return 1, step, compute

    def decay(self, features, hidden):
        rate = self.constant(self.random.uniform(0.5, 1.0, features))

        def step(x, h, _, spoil):
            return self("Add", self("Mul", h, rate), x), None

        def compute(x, h, _, spoil=None):
            return h * self.numbers(rate) + x, None
        return 1, step, compute


def build(kind, steps, batch, features, hidden, opset, axis, outputs, source, layers, reverse, spoil, zeros, static):
    b = Cells()
    rows = batch if static else "batch"
    shape = [rows, rows, features]
    shape[axis] = steps
    x = b.random.standard_normal([steps if d == axis else batch for d in range(2)] + [features]).astype(numpy.float32)
    initial, given, wanted = [], {"x": x}, []
    order = list(range(steps))[::-1] if reverse else list(range(steps))
    pieces = b("Split", "x", outputs=steps, axis=axis) if source == "split" else None

    def piece(t):
        if source == "gather":
            return b("Gather", "x", b.constant(t, numpy.int64), axis=axis)
        part = pieces[t] if pieces else b("Slice", "x", b.integers(t), b.integers(t + 1), b.integers(axis))
        return b("Squeeze", part, b.integers(axis))

    if kind == "decay":
        hidden = features
    cells, states, values = [], [], []
    for layer in range(layers):
        cells.append(getattr(b, kind)(features if layer == 0 else hidden, hidden))
        names = [f"{stem}{layer}" for stem in ("h", "c")[:cells[-1][0]]]
        if zeros and kind == "rnn":
            # The first step knows that nothing comes in.
            states.append([None, None])
            values.append([numpy.zeros((batch, hidden)), None])
            continue
        if zeros:
            extent = b("Unsqueeze", b("Gather", b("Shape", "x"), b.constant(1 - axis, numpy.int64), axis=0), b.integers(0))
            zero = b("ConstantOfShape", b("Concat", extent, b.integers(hidden), axis=0))
            states.append(([zero] * len(names) + [None])[:2])
            values.append(([numpy.zeros((batch, hidden))] * len(names) + [None])[:2])
            continue
        for name in names:
            initial.append(name)
            given[name] = b.random.standard_normal((batch, hidden)).astype(numpy.float32)
        states.append((names + [None])[:2])
        values.append([given[name].astype(numpy.float64) for name in names] + [None] * (2 - len(names)))
    gathered = []
    for count, t in enumerate(order):
        place = {"order": {3: 4, 4: 3}}.get(spoil, {}).get(t, t)
        y, v = piece(place), x.take(place, axis).astype(numpy.float64)
        for layer, (_, step, compute) in enumerate(cells):
            other = spoil if count == steps // 2 else None
            states[layer] = step(y, *states[layer], other)
            values[layer] = compute(v, *values[layer], other)
            y, v = states[layer][0], values[layer][0]
        gathered.append((t, y, v))
        if spoil == "inner" and count == 3:
            wanted.append((y, v))
    if outputs in ("stack", "trace"):
        if outputs == "stack":
            gathered.sort(key=lambda item: item[0])
        stacked = b("Concat", *[b("Unsqueeze", name, b.integers(axis)) for _, name, _ in gathered], axis=axis)
        wanted.append((stacked, numpy.stack([value for _, _, value in gathered], axis)))
    wanted += [(name, value) for group in zip(states, values) for name, value in zip(*group) if name]
    interface = [ow.value("x", ow.FLOAT, shape)] + [ow.value(name, ow.FLOAT, [rows, hidden]) for name in initial]
    results = [ow.value(name, ow.FLOAT, [None] * value.ndim) for name, value in wanted]
    content = ow.model(ow.graph(b.nodes, interface, results, b.constants), opset=opset)
    return content, given, wanted


def build_loop(kind, form, steps, batch, features, hidden, opset, axis, reverse, spoil, **_):
    """One Loop or Scan; any number of steps at run time."""
    b = Cells()
    hidden = features if kind == "decay" else hidden
    shape = ["batch", "batch", features]
    shape[axis] = "time"
    x = b.random.standard_normal([steps if d == axis else batch for d in range(2)] + [features]).astype(numpy.float32)
    count, step, compute = getattr(b, kind)(features, hidden)
    names = ["h", "c"][:count]
    given = {"x": x}
    for name in names:
        given[name] = b.random.standard_normal((batch, hidden)).astype(numpy.float32)
    outside = [b("Gather", b("Shape", "x"), b.constant(axis, numpy.int64), axis=0)] if form == "loop" else []
    going = [b.constant(True, numpy.bool_)] if form == "loop" else []
    outer, b.nodes = b.nodes, []
    piece = "piece"
    if form == "loop":
        number = b("Mod", "number", b.constant(steps, numpy.int64)) if spoil == "number" else "number"
        piece = b("Gather", "x", number, axis=axis)
    states = step(piece, *(["h_in", "c_in"][:count] + [None])[:2], None)
    new = [state for state in states if state]
    state_inputs = [ow.value(name + "_in", ow.FLOAT, [None, hidden]) for name in names]
    if form == "loop":
        going_on = b("Identity", "condition")
        if spoil == "stop":
            going_on = b("Less", "number", b.constant(steps - 3, numpy.int64))
        body = ow.graph(b.nodes, [ow.value("number", ow.INT64, []), ow.value("condition", ow.BOOL, [])] + state_inputs,
                        [ow.value(going_on, ow.BOOL, [])]
                        + [ow.value(name, ow.FLOAT, [None, hidden]) for name in new + new[:1]])
    else:
        body = ow.graph(b.nodes, state_inputs + [ow.value("piece", ow.FLOAT, [None, features])],
                        [ow.value(name, ow.FLOAT, [None, hidden]) for name in new + new[:1]])
    b.nodes = outer
    results = ["last_" + name for name in names] + ["all"]
    if form == "loop":
        b.nodes.append(ow.node("Loop", outside + going + names, results, name="loop", body=ow.Graph(body)))
    else:
        b.nodes.append(ow.node("Scan", names + ["x"], results, name="scan", body=ow.Graph(body), num_scan_inputs=1,
                               scan_input_axes=[axis], scan_input_directions=[int(reverse)],
                               scan_output_axes=[axis], scan_output_directions=[int(reverse)]))
    values, stacked = ([given[name].astype(numpy.float64) for name in names] + [None])[:2], []
    order = list(range(steps))[::-1] if reverse else list(range(steps))
    for t in order[:steps - 2 if spoil == "stop" else steps]:
        values = compute(x.take(t, axis).astype(numpy.float64), *values)
        stacked.append((t, values[0]))
    stacked = [value for _, value in sorted(stacked, key=lambda item: item[0])]
    wanted = list(zip(results, [value for value in values if value is not None]
                      + [numpy.stack(stacked, axis if form == "scan" else 0)]))
    interface = [ow.value("x", ow.FLOAT, shape)] + [ow.value(name, ow.FLOAT, ["batch", hidden]) for name in names]
    outputs = [ow.value(name, ow.FLOAT, [None] * value.ndim) for name, value in wanted]
    return ow.model(ow.graph(b.nodes, interface, outputs, b.constants), opset=opset), given, wanted


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["lstm", "joined", "gru", "rnn", "decay"])
    parser.add_argument("folder")
    for name, value in (("steps", 20), ("batch", 2), ("features", 5), ("hidden", 6), ("opset", 13), ("axis", 0), ("layers", 1)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--outputs", choices=["stack", "trace", "last"], default="stack")
    parser.add_argument("--input", dest="source", choices=["gather", "slice", "split"], default="gather")
    parser.add_argument("--spoil", choices=["weights", "operator", "order", "inner", "number", "stop"])
    parser.add_argument("--form", choices=["unrolled", "loop", "scan"], default="unrolled")
    for name in ("reverse", "zeros", "static"):
        parser.add_argument("--" + name, action="store_true")
    options = vars(parser.parse_args())
    folder = options.pop("folder")
    if options["form"] == "unrolled":
        del options["form"]
        content, given, wanted = build(**options)
    else:
        content, given, wanted = build_loop(**options)
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    with open(os.path.join(folder, "model.onnx"), "wb") as out:
        out.write(content)
    for prefix, items in (("input", given.items()), ("output", wanted)):
        for i, (name, value) in enumerate(items):
            with open(os.path.join(data, f"{prefix}_{i}.pb"), "wb") as out:
                out.write(ow.tensor(value.astype(numpy.float32), name))


if __name__ == "__main__":
    main()
