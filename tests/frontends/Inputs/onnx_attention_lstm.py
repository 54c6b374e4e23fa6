"""Writes folders of ONNX tests of com.microsoft.AttnLSTM: its equations in float64 are what they
expect.

  onnx_attention_lstm.py FOLDER
"""

import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import onnx_writer as onnx  # noqa: E402
from onnx_recurrent import Activation  # noqa: E402

NAMES = ["X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P", "QW", "MW", "V", "M",
         "memory_seq_lens", "AW"]
DOMAIN = "com.microsoft"
rng = np.random.default_rng(11)


def draw(*shape):
    return (rng.standard_normal(shape) * 0.6).astype(np.float32)


def softmax(x):
    x = np.exp(x - x.max())
    return x / x.sum()


def run_row(x, p, d, h, c, functions, clip, input_forget, memory):
    """Hidden states of one row's own steps, in the order in which they are taken, and the last
    states."""
    size = h.size
    wb, rb = np.split(np.zeros(8 * size) if p["B"] is None else p["B"][d], 2)
    peep = np.zeros((3, size)) if p["P"] is None else p["P"][d].reshape(3, size)
    keys = memory @ p["MW"][d]
    attention = np.zeros(p["W"].shape[2] - x.shape[1])

    def act(i, value):
        return functions[i](value if clip is None else np.clip(value, -clip, clip))

    states = []
    for xt in x:
        sums = p["W"][d] @ np.concatenate([xt, attention]) + wb + p["R"][d] @ h + rb
        i, o, f, g = sums.reshape(4, size)
        i = act(0, i + peep[0] * c)
        f = 1 - i if input_forget else act(0, f + peep[2] * c)
        c = f * c + i * act(1, g)
        h = act(0, o + peep[1] * c) * act(2, c)
        align = softmax((p["V"][d] * np.tanh(keys + h @ p["QW"][d])).sum(1))
        attention = align @ memory
        if p["AW"] is not None:
            attention = np.concatenate([h, attention]) @ p["AW"][d]
        states.append(h)
    return states, h, c


def evaluate(p, direction, functions, clip, input_forget):
    p = {name: None if a is None or a.dtype == np.int32 else a.astype(np.float64)
         for name, a in p.items()} | {name: p[name] for name in ("sequence_lens",
                                                                 "memory_seq_lens")}
    steps, batch, _ = p["X"].shape
    directions, size = p["R"].shape[0], p["R"].shape[2]
    y = np.zeros((steps, directions, batch, size))
    last = np.zeros((2, directions, batch, size))
    for d in range(directions):
        reverse = direction == "reverse" or d == 1
        for b in range(batch):
            n = steps if p["sequence_lens"] is None else p["sequence_lens"][b]
            m = p["M"].shape[1] if p["memory_seq_lens"] is None else p["memory_seq_lens"][b]
            order = np.arange(n)[::-1] if reverse else np.arange(n)
            start = [np.zeros(size) if p[name] is None else p[name][d, b]
                     for name in ("initial_h", "initial_c")]
            states, *ends = run_row(p["X"][order, b], p, d, *start, functions[3 * d:3 * d + 3],
                                    clip, input_forget, p["M"][b, :m])
            for t, h in zip(order, states):
                y[t, d, b] = h
            last[:, d, b] = ends
    return [y, last[0], last[1]]


def write(path, inputs, outputs, attributes, dynamic=False):
    """A model of the node with the given inputs (weights are initializers, but for `dynamic`, and of
    static shape, but for "weights")."""
    feeds = {name: a for name, a in inputs.items()
             if a is not None and (dynamic or name in ("X", "M") or "_" in name)}
    weights = {name: a for name, a in inputs.items() if a is not None and name not in feeds}
    open_extents = {"X": ["t", "b", None], "M": ["b", "m", None], "sequence_lens": ["b"],
                    "memory_seq_lens": ["b"], "initial_h": [None, "b", None],
                    "initial_c": [None, "b", None]}
    if dynamic == "weights":
        open_extents.update(QW=[None, None, "d"], MW=[None, None, "d"], V=[None, "d"])

    def declare(name, a):
        shape = list(a.shape)
        if dynamic and name in open_extents:
            shape = [n if o is None else o for n, o in zip(shape, open_extents[name])]
        return onnx.value(name, onnx._TYPES[a.dtype.name], shape)

    results = ["Y", "Y_h", "Y_c"]
    names = [name if inputs.get(name) is not None else "" for name in NAMES]
    node = onnx.node("AttnLSTM", names, results, name="it", domain=DOMAIN, **attributes)
    graph = onnx.graph([node], [declare(*entry) for entry in feeds.items()],
                       [onnx.value(name, onnx.FLOAT, [None] * rank)
                        for name, rank in zip(results, (4, 3, 3))], weights)
    data = os.path.join(sys.argv[1], path, "test_data_set_0")
    os.makedirs(data)
    with open(os.path.join(data, "..", "model.onnx"), "wb") as file:
        file.write(onnx.model(graph, opset=14, domains=[(DOMAIN, 1)]))
    for kind, arrays in (("input", feeds), ("output", dict(zip(results, outputs)))):
        for i, (name, array) in enumerate(arrays.items()):
            with open(os.path.join(data, f"{kind}_{i}.pb"), "wb") as file:
                file.write(onnx.tensor(array, name))


def make(directions, steps=5, batch=3, features=4, size=3, depth=5, width=2, entries=6, layer=None,
         full=True):
    joined = width if layer is None else layer
    inputs = {"X": draw(steps, batch, features),
              "W": draw(directions, 4 * size, features + joined),
              "R": draw(directions, 4 * size, size),
              "QW": draw(directions, size, depth), "MW": draw(directions, width, depth),
              "V": draw(directions, depth), "M": draw(batch, entries, width),
              "AW": None if layer is None else draw(directions, size + width, layer)}
    for name in NAMES:
        inputs.setdefault(name, None)
    if full:
        inputs["B"] = draw(directions, 8 * size)
        inputs["P"] = draw(directions, 3 * size)
        inputs["initial_h"] = draw(directions, batch, size)
        inputs["initial_c"] = draw(directions, batch, size)
    return inputs


def case(name, inputs, direction="forward", activations=None, clip=None, input_forget=0,
         dynamic=False):
    attributes = {"direction": direction, "hidden_size": inputs["R"].shape[2]}
    directions = inputs["R"].shape[0]
    if activations:
        attributes["activations"] = [f for f, _, _ in activations]
        factors = [[x[i] for x in activations if x[i] is not None] for i in (1, 2)]
        for key, list_ in zip(("activation_alpha", "activation_beta"), factors):
            if list_:
                attributes[key] = list_
    functions = [Activation(*entry) for entry in activations or
                 [("Sigmoid", None, None), ("Tanh", None, None), ("Tanh", None, None)] * directions]
    if clip is not None:
        attributes["clip"] = clip
    if input_forget:
        attributes["input_forget"] = 1
    outputs = evaluate(inputs, direction, functions, clip, input_forget)
    write(os.path.join("good", name), inputs, [a.astype(np.float32) for a in outputs], attributes,
          dynamic)


if __name__ == "__main__":
    case("plain", make(1, full=False))
    case("layer", make(1, layer=4), clip=0.7)
    inputs = make(1)
    inputs["sequence_lens"] = np.array([2, 5, 3], np.int32)
    # What lies behind the end of a row's memory is no part of it.
    inputs["memory_seq_lens"] = np.array([6, 1, 4], np.int32)
    inputs["M"][1, 1:] = np.nan
    inputs["M"][2, 4:] = np.inf
    case("lengths", inputs, dynamic=True)
    case("reverse", inputs, "reverse", input_forget=1)
    inputs = make(2, layer=3)
    inputs["sequence_lens"] = np.array([4, 0, 5], np.int32)
    inputs["memory_seq_lens"] = np.array([2, 3, 6], np.int32)
    case("bidirectional", inputs, "bidirectional", dynamic=True,
         activations=[("HardSigmoid", 0.3, 0.4), ("ScaledTanh", 0.9, 0.8), ("Tanh", None, None),
                      ("Sigmoid", None, None), ("Softsign", None, None), ("Affine", 0.5, 0.1)])
    # Scores beyond what exp() holds: the greatest one is subtracted first.
    inputs = make(1, full=False)
    inputs["V"] = inputs["V"] * np.float32(1000)
    case("great_scores", inputs)
    case("one", make(1, steps=1, batch=1, entries=1), dynamic=True)

    inputs = make(1, full=False)
    for name, change in (("missing", {"MW": None}), ("columns", {"W": draw(1, 12, 4)}),
                         ("memory", {"M": draw(2, 6, 2)}), ("layer", {"AW": draw(1, 4, 2)}),
                         ("types", {"QW": inputs["QW"].astype(np.float64)})):
        write(os.path.join("bad", name), inputs | change, [], {"hidden_size": 3})
    write(os.path.join("bad", "layout"), inputs, [], {"hidden_size": 3, "layout": 1})
    write(os.path.join("bad", "open"), inputs, [], {"hidden_size": 3}, dynamic="weights")
