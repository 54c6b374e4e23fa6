"""Writes ONNX models of RNN, GRU and LSTM with random attributes, and what they give in float64.

    onnx_recurrent.py FOLDER --models 500 --per-file 10 [--seed 1]

Every model is one node with inputs of its own; `--per-file` of them share a file, so that
compiling them does not take longer than computing them. The equations are those of the operators'
documents; weights are contractive, so that an error does not grow along the sequence, and values
that come near a jump of an activation are drawn again.
"""

import argparse
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))
import onnx_writer as ox

# How near to a jump of ThresholdedRelu a float32 evaluation may take the other side.
JUMP_MARGIN = 1e-3

# name: (default alpha, default beta, function)
ACTIVATIONS = {
    "Relu": (None, None, lambda x, a, b: np.maximum(x, 0)),
    "Tanh": (None, None, lambda x, a, b: np.tanh(x)),
    "Sigmoid": (None, None, lambda x, a, b: 1 / (1 + np.exp(-x))),
    "Affine": (1.0, 0.0, lambda x, a, b: a * x + b),
    "LeakyRelu": (0.01, None, lambda x, a, b: np.where(x >= 0, x, a * x)),
    "ThresholdedRelu": (1.0, None, lambda x, a, b: np.where(x > a, x, 0)),
    "ScaledTanh": (1.0, 1.0, lambda x, a, b: a * np.tanh(b * x)),
    "HardSigmoid": (0.2, 0.5, lambda x, a, b: np.clip(a * x + b, 0, 1)),
    "Elu": (1.0, None, lambda x, a, b: np.where(x >= 0, x, a * np.expm1(np.minimum(x, 0)))),
    "Softsign": (None, None, lambda x, a, b: x / (1 + np.abs(x))),
    "Softplus": (None, None, lambda x, a, b: np.logaddexp(x, 0)),
}
# Neither slope above 1 nor values without bound where they multiply a state.
GATES = ["Sigmoid", "HardSigmoid", "Tanh", "Softsign", "ScaledTanh"]
KINDS = {"RNN": (1, ["Tanh"]), "GRU": (3, ["Sigmoid", "Tanh"]),
         "LSTM": (4, ["Sigmoid", "Tanh", "Tanh"])}


class NearJump(Exception):
    pass


class Activation:
    def __init__(self, name, alpha=None, beta=None):
        default_alpha, default_beta, self.function = ACTIVATIONS[name]
        self.name = name
        self.alpha = default_alpha if alpha is None else alpha
        self.beta = default_beta if beta is None else beta

    def __call__(self, x):
        if self.name == "ThresholdedRelu" and np.any(np.abs(x - self.alpha) < JUMP_MARGIN):
            raise NearJump
        return self.function(x, self.alpha, self.beta)


def evaluate_direction(kind, case, d, x):
    """Y [time, batch, size] and the last states of direction `d` on x [time, batch, features]."""
    wide = {key: None if array is None else array.astype(np.float64)
            for key, array in case["inputs"].items()}
    w, r, size = wide["W"][d], wide["R"][d], case["size"]
    gates = KINDS[kind][0]
    steps, batch = x.shape[:2]
    bias = np.zeros(2 * gates * size) if wide["B"] is None else wide["B"][d]
    wb, rb = np.split(bias, 2)
    zero = np.zeros((batch, size))
    h, c = (zero if wide[key] is None else wide[key][:, d] if case["layout"] else wide[key][d]
            for key in ("initial_h", "initial_c"))
    peephole = np.zeros((3, size)) if wide["P"] is None else wide["P"][d].reshape(3, size)
    lengths = case["inputs"]["sequence_lens"]
    lengths = np.full(batch, steps) if lengths is None else lengths
    reverse = case["direction"] == "reverse" or d == 1
    functions = case["functions"][d * len(KINDS[kind][1]):][:len(KINDS[kind][1])]

    def act(i, value):
        bound = case["clip"]
        return functions[i](value if bound is None else np.clip(value, -bound, bound))

    y = np.zeros((steps, batch, size))
    for step in range(steps):
        alive = step < lengths
        at = np.where(alive, lengths - 1 - step if reverse else step, 0)
        rows = np.arange(batch)
        xs = x[at, rows] @ w.T + wb
        part = lambda a, i: a[..., i * size:(i + 1) * size]
        if kind == "RNN":
            h_next, c_next = act(0, xs + h @ r.T + rb), c
        elif kind == "GRU":
            z = act(0, part(xs, 0) + h @ part(r.T, 0) + part(rb, 0))
            reset = act(0, part(xs, 1) + h @ part(r.T, 1) + part(rb, 1))
            if case["linear_before_reset"]:
                inner = reset * (h @ part(r.T, 2) + part(rb, 2))
            else:
                inner = (reset * h) @ part(r.T, 2) + part(rb, 2)
            h_next, c_next = (1 - z) * act(1, part(xs, 2) + inner) + z * h, c
        else:
            total = xs + h @ r.T + rb
            p_in, p_out, p_forget = peephole
            i = act(0, part(total, 0) + p_in * c)
            f = 1 - i if case["input_forget"] else act(0, part(total, 2) + p_forget * c)
            c_next = f * c + i * act(1, part(total, 3))
            h_next = act(0, part(total, 1) + p_out * c_next) * act(2, c_next)
        mask = alive[:, None]
        h, c = np.where(mask, h_next, h), np.where(mask, c_next, c)
        y[at[alive], rows[alive]] = h[alive]
    return y, h, c


def evaluate(kind, case):
    x = case["inputs"]["X"].astype(np.float64)
    if case["layout"]:
        x = x.swapaxes(0, 1)
    parts = [evaluate_direction(kind, case, d, x) for d in range(case["directions"])]
    y = np.stack([part[0] for part in parts], axis=1)
    states = [np.stack([part[i] for part in parts]) for i in (1, 2)]
    if case["layout"]:
        y = y.transpose(2, 0, 1, 3)
        states = [state.swapaxes(0, 1) for state in states]
    return [y] + states[:2 if kind == "LSTM" else 1]


def draw_activations(random, kind, directions):
    """Names, factors as the attributes list them, and the functions; nothing for the defaults."""
    defaults = KINDS[kind][1]
    if random.random() < 0.4:
        return None, [], [], [Activation(name) for name in defaults] * directions
    names = []
    for _ in range(directions):
        for i in range(len(defaults)):
            gate = kind != "RNN" and i == 0
            names.append(str(random.choice(GATES if gate else list(ACTIVATIONS))))
    # Factors belong to the functions that take one, in order; either all are given or none.
    alphas, betas, functions = [], [], []
    with_alpha, with_beta = random.random(2) < 0.7
    for name in names:
        alpha = beta = None
        if ACTIVATIONS[name][0] is not None and with_alpha:
            alpha = float(np.float32(random.uniform(0.2, 0.9)))
            alphas.append(alpha)
        if ACTIVATIONS[name][1] is not None and with_beta:
            beta = float(np.float32(random.uniform(0.1, 0.8)))
            betas.append(beta)
        functions.append(Activation(name, alpha, beta))
    return names, alphas, betas, functions


def draw(random, kind, opset):
    gates = KINDS[kind][0]
    pick = lambda *values: values[random.integers(len(values))]
    maybe = lambda chance: random.random() < chance
    size, features = pick(1, 3, 5, 7, 16, 17, 33), pick(1, 2, 3, 7, 16, 17)
    steps, batch = pick(1, 2, 5, 17, 37), pick(1, 2, 3, 5, 8)
    direction = pick("forward", "reverse", "bidirectional")
    directions = 2 if direction == "bidirectional" else 1
    layout = int(opset >= 14 and maybe(0.3))
    uniform = lambda *shape: random.uniform(-1, 1, shape).astype(np.float32)
    # A row sum of absolute values below 1 in sum over the gates.
    contract = lambda *shape: (uniform(*shape) * 0.9 / (gates * shape[-1]) ** 0.5
                               * min(1, (3 / shape[-1]) ** 0.5)).astype(np.float32)
    state = (batch, directions, size) if layout else (directions, batch, size)
    inputs = {
        "X": uniform(*((batch, steps) if layout else (steps, batch)), features),
        "W": uniform(directions, gates * size, features) / np.float32(features ** 0.5),
        "R": contract(directions, gates * size, size),
        "B": uniform(directions, 2 * gates * size) / 2 if maybe(0.6) else None,
        "sequence_lens": None,
        "initial_h": uniform(*state) if maybe(0.5) else None,
        "initial_c": uniform(*state) if kind == "LSTM" and maybe(0.5) else None,
        "P": uniform(directions, 3 * size) / 4 if kind == "LSTM" and maybe(0.4) else None,
    }
    if maybe(0.5):
        lengths = random.integers(0, steps + 1, batch)
        lengths[random.integers(batch)] = pick(0, 1, steps)
        inputs["sequence_lens"] = lengths.astype(np.int32)
    names, alphas, betas, functions = draw_activations(random, kind, directions)
    attributes = {}
    if maybe(0.7):
        attributes["hidden_size"] = size
    if direction != "forward" or maybe(0.5):
        attributes["direction"] = direction
    if layout:
        attributes["layout"] = 1
    if names:
        attributes["activations"] = names
        if alphas:
            attributes["activation_alpha"] = alphas
        if betas:
            attributes["activation_beta"] = betas
    clip = float(np.float32(random.uniform(0.2, 1.5))) if maybe(0.3) else None
    if clip is not None:
        attributes["clip"] = clip
    linear, coupled = kind == "GRU" and maybe(0.5), kind == "LSTM" and maybe(0.3)
    if linear:
        attributes["linear_before_reset"] = 1
    if coupled:
        attributes["input_forget"] = 1
    return {"inputs": inputs, "attributes": attributes, "functions": functions, "size": size,
            "direction": direction, "directions": directions, "layout": layout, "clip": clip,
            "linear_before_reset": linear, "input_forget": coupled,
            # Extents of X that the file leaves open, weights that come as inputs, results it has.
            "open": maybe(0.5), "weights_as_inputs": maybe(0.2), "results": random.permutation(3 if kind == "LSTM" else 2)[:random.integers(1, 4)]}


def draw_model(random, kind, opset):
    while True:
        case = draw(random, kind, opset)
        try:
            case["want"] = evaluate(kind, case)
        except NearJump:
            continue
        if all(np.all(np.abs(array) < 50) for array in case["want"]):
            return case


def write_file(folder, models, opset):
    nodes, values, results, initializers = [], [], [], {}
    data_in, data_out = [], []
    for n, (kind, case) in enumerate(models):
        names = []
        for key, array in case["inputs"].items():
            name = f"{key}{n}"
            names.append("" if array is None else name)
            if array is None:
                continue
            if key in ("W", "R", "B", "P") and not case["weights_as_inputs"]:
                initializers[name] = array
                continue
            shape = list(array.shape)
            if case["open"] and key in ("X", "sequence_lens", "initial_h", "initial_c"):
                axes = {"X": {"t": 0, "b": 1}, "sequence_lens": {"b": 0}}.get(key, {"b": 1})
                for symbol, axis in axes.items():
                    if case["layout"] and key != "sequence_lens":
                        axis = 1 - axis if key == "X" else 0
                    shape[axis] = f"{symbol}{n}"
            dtype = ox.INT32 if key == "sequence_lens" else ox.FLOAT
            values.append(ox.value(name, dtype, shape))
            data_in.append((name, array))
        while names and not names[-1]:
            names.pop()
        outputs = []
        for i, want in enumerate(case["want"]):
            wanted = i in case["results"]
            outputs.append(f"Y{i}_{n}" if wanted else "")
            if wanted:
                results.append(ox.value(outputs[-1], ox.FLOAT, [None] * want.ndim))
                data_out.append((outputs[-1], want.astype(np.float32)))
        while outputs and not outputs[-1]:
            outputs.pop()
        nodes.append(ox.node(kind, names, outputs, name=f"node{n}", **case["attributes"]))
    data = os.path.join(folder, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    with open(os.path.join(folder, "model.onnx"), "wb") as file:
        file.write(ox.model(ox.graph(nodes, values, results, initializers), opset=opset))
    for what, arrays in (("input", data_in), ("output", data_out)):
        for i, (name, array) in enumerate(arrays):
            with open(os.path.join(data, f"{what}_{i}.pb"), "wb") as file:
                file.write(ox.tensor(array, name))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--models", type=int, default=500)
    parser.add_argument("--per-file", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random = np.random.default_rng(options.seed)
    for first in range(0, options.models, options.per_file):
        opset = int(random.choice([7, 14, 22]))
        models = []
        for n in range(first, min(first + options.per_file, options.models)):
            kind = list(KINDS)[n % len(KINDS)]
            models.append((kind, draw_model(random, kind, opset)))
        write_file(os.path.join(options.folder, f"models_{first:03}"), models, opset)


if __name__ == "__main__":
    main()
