#!/usr/bin/python3
# Part of the seqc project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes test folders of random descriptions: random_models.py OUT COUNT [SEED]

OUT/N gets a description whose layers, attributes, wiring and equations are drawn at
random, seeded weights, and batches of different sizes with the outputs that a float64
evaluation of the same draw gives; `seqc test OUT` runs them.
"""

import os
import sys

import numpy as np

import reference
from random_attention import AttentionLayers, Value
from random_equations import ACTIVATIONS, ELEMENTWISE, Equations


# --- Descriptions ---------------------------------------------------------------


def text(value):
    """A value in YAML's flow style."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(text(v) for v in value) + "]"
    if isinstance(value, str) and not value.replace("_", "").replace(".", "").isalnum():
        return f'"{value}"'
    return str(value)


# --- Layers --------------------------------------------------------------------------


class Model(AttentionLayers):
    """A random description, and its evaluation row by row."""

    def __init__(self, seed):
        self.draw = np.random.RandomState(seed)
        self.weights = reference.Weights(seed + 1)
        self.inputs, self.layers, self.cells, self.outputs = {}, {}, {}, {}
        self.values = {}     # name: Value
        self.steps = []      # evaluations, in order: f(row) fills row.values
        self.time_first = False
        self.build()

    # Drawing.
    def chance(self, p):
        return self.draw.rand() < p

    def size(self):
        return int(self.draw.choice([1, 2, 3, 4, 5, 7, 8, 9, 16, 17]))

    def pick(self, items):
        items = list(items)
        return items[self.draw.randint(len(items))]

    def names(self, kind, time=None):
        return [n for n, v in self.values.items()
                if v.kind == kind and (time is None or v.time == time)]

    def add(self, name, layer, value, evaluate):
        self.layers[name] = layer
        self.values[name] = value
        self.steps.append(evaluate)

    def build(self):
        self.time_first = self.chance(0.3)
        self.lengths = {}
        times = ["time"] + (["frames"] if self.chance(0.4) else [])
        for time in times:
            if self.chance(0.75):
                self.lengths[time] = time[0] + "_lengths"
            self.add_input(time)
        if self.chance(0.5):
            size = self.size()
            self.inputs["fixed"] = {"dims": ["batch", size]}
            self.values["fixed"] = Value("vector", size)
        makers = [self.linear, self.activation, self.layer_norm, self.recurrent,
                  self.recurrent, self.recurrent, self.cell, self.cell, self.attention,
                  self.attention, self.heads, self.pool, self.equation, self.concat]
        while len(self.layers) < self.draw.randint(2, 9):
            self.pick(makers)(f"layer{len(self.layers)}")
        for name, value in list(self.values.items()):
            if name in self.inputs or value.kind == "tokens":
                continue
            if self.chance(0.7) or name == list(self.values)[-1]:
                self.outputs[f"out{len(self.outputs)}"] = name
        if not self.outputs:
            self.outputs["out"] = self.pick(self.layers)

    def add_input(self, time):
        dims = [time, "batch"] if self.time_first else ["batch", time]
        name = f"in_{time}"
        if self.chance(0.4):
            count, size = int(self.draw.randint(2, 12)), self.size()
            self.inputs[name] = {"size": count}
            if self.time_first or self.chance(0.5) or time != "time":
                self.inputs[name]["dims"] = dims
            self.values[name] = Value("tokens", count, time)
            layer = f"layer{len(self.layers)}"

            def evaluate(row):
                table = self.weights.get(f"{layer}.weight", count, size, scale=1.0)
                row[layer] = table[row[name]]

            self.add(layer, {"kind": "embedding", "input": name, "size": size},
                     Value("sequence", size, time), evaluate)
        else:
            size = self.size()
            self.inputs[name] = {"dims": dims + [size]}
            self.values[name] = Value("sequence", size, time)
        if time in self.lengths:
            self.inputs[name]["lengths"] = self.lengths[time]

    def any_features(self):
        return self.pick(self.names("sequence") + self.names("vector"))

    def linear(self, name):
        source, size, bias = self.any_features(), self.size(), self.chance(0.7)
        value = self.values[source]
        layer = {"kind": "linear", "input": source, "size": size}
        if not bias:
            layer["bias"] = False
        function = None
        if self.chance(0.5):
            function = self.pick([f for f in ELEMENTWISE if f not in ("log", "sqrt")])
            layer["activation"] = function

        def evaluate(row):
            y = row[source] @ self.weights.get(f"{name}.weight", size, value.size).T
            if bias:
                y = y + self.weights.get(f"{name}.bias", size, scale=0.3)
            row[name] = ELEMENTWISE[function](y) if function else y

        self.add(name, layer, Value(value.kind, size, value.time), evaluate)

    def activation(self, name):
        source = self.any_features()
        value = self.values[source]
        function = self.pick([f for f in ELEMENTWISE if f not in ("log", "exp", "sqrt")])

        def evaluate(row):
            row[name] = ELEMENTWISE[function](row[source])

        self.add(name, {"kind": "activation", "input": source, "function": function},
                 Value(value.kind, value.size, value.time), evaluate)

    def layer_norm(self, name):
        source = self.any_features()
        value = self.values[source]
        if value.size < 3:
            return
        layer = {"kind": "layer_norm", "input": source}
        epsilon = 1e-5
        if self.chance(0.5):
            layer["epsilon"] = epsilon = 0.01

        def evaluate(row):
            x = row[source] - row[source].mean(axis=-1, keepdims=True)
            x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + epsilon)
            row[name] = (x * self.weights.get(f"{name}.weight", value.size)
                         + self.weights.get(f"{name}.bias", value.size))

        self.add(name, layer, Value(value.kind, value.size, value.time), evaluate)

    def concat(self, name):
        time = self.pick({v.time for v in self.values.values() if v.kind == "sequence"})
        parts = [self.pick(self.names("sequence", time) + self.names("vector"))
                 for _ in range(self.draw.randint(2, 4))]
        kinds = [self.values[p].kind for p in parts]
        kind = "sequence" if "sequence" in kinds else "vector"
        size = self.size()

        def evaluate(row):
            steps = row.steps[time]
            columns = [row[p] if self.values[p].kind == kind
                       else np.tile(row[p], (steps, 1)) for p in parts]
            x = np.concatenate(columns, axis=-1)
            y = x @ self.weights.get(f"{name}.weight", size, x.shape[-1]).T
            row[name] = y + self.weights.get(f"{name}.bias", size, scale=0.3)

        self.add(name, {"kind": "linear", "input": parts, "size": size},
                 Value(kind, size, time if kind == "sequence" else None), evaluate)

    def equation(self, name):
        source = self.any_features()
        kind, time = self.values[source].kind, self.values[source].time
        known = {n: v.size for n, v in self.values.items()
                 if n == source or (v.kind == kind and v.time == time and self.chance(0.5))
                 or (v.kind == "vector" and self.chance(0.3))}
        size = self.size()
        expression, run = Equations(self.draw, self.weights, name).vector(size, known, 3)
        used = [n for n in known if n in expression]
        if not any(self.values[n].kind == kind for n in used):
            return

        def evaluate(row):
            def at(t):
                return {n: row[n][t] if self.values[n].kind == "sequence" else row[n]
                        for n in known}
            if kind == "vector":
                row[name] = run(at(0), "")
            else:
                row[name] = np.array([run(at(t), "") for t in range(row.steps[time])]
                                     ).reshape(row.steps[time], size)

        self.add(name, {"kind": "equation", "value": expression}, Value(kind, size, time),
                 evaluate)

    def pool(self, name):
        source = self.pick(self.names("sequence"))
        value = self.values[source]
        mode = self.pick(["last", "first", "mean", "max", "sum"])

        def evaluate(row):
            x = row[source][:row.lengths[value.time]]
            row[name] = {"first": lambda: x[0], "last": lambda: x[-1],
                         "mean": lambda: x.mean(axis=0), "max": lambda: x.max(axis=0),
                         "sum": lambda: x.sum(axis=0)
                         }[mode]() if len(x) else np.zeros(value.size)

        self.add(name, {"kind": "pool", "input": source, "mode": mode},
                 Value("vector", value.size), evaluate)

    # Recurrences.
    def run_directions(self, row, source, time, ways, step, states):
        """All directions over the living steps; outputs side by side, last states."""
        x = row[source][:row.lengths[time]]
        outputs, finals = [], []
        for d, reverse in enumerate(ways):
            y, last = reference.scan(lambda *a: step(d, *a), x, states(d), reverse)
            outputs.append(y)
            finals.append(last)
        y = np.concatenate(outputs, axis=1)
        full = np.zeros((row.steps[time], y.shape[1]))
        full[:len(y)] = y
        return full, finals

    def directions(self):
        word = self.pick(["forward", "forward", "reverse", "bidirectional"])
        return word, {"forward": [False], "reverse": [True],
                      "bidirectional": [False, True]}[word]

    def recurrent(self, name):
        source = self.pick(self.names("sequence"))
        value = self.values[source]
        kind, size = self.pick(["rnn", "gru", "lstm"]), self.size()
        gates = {"rnn": 1, "gru": 3, "lstm": 4}[kind]
        word, ways = self.directions()
        depth = int(self.draw.choice([1, 1, 1, 2, 3]))
        layer = {"kind": kind, "input": source, "size": size}
        if word != "forward":
            layer["direction"] = word
        if depth > 1:
            layer["depth"] = depth
        bias = not self.chance(0.2)
        if not bias:
            layer["bias"] = False
        projection = self.size() if kind == "lstm" and self.chance(0.25) else 0
        if projection:
            layer["projection"] = projection
        peepholes = kind == "lstm" and self.chance(0.2)
        input_forget = kind == "lstm" and self.chance(0.2)
        before = kind != "gru" or not self.chance(0.4)
        for key, given in (("peepholes", peepholes), ("input_forget", input_forget)):
            if given:
                layer[key] = True
        if not before:
            layer["linear_before_reset"] = False
        clip = None
        if self.chance(0.2):
            layer["clip"] = clip = 0.7
        count = {"rnn": 1, "gru": 2, "lstm": 3}[kind]
        names = {"rnn": ["tanh"], "gru": ["sigmoid", "tanh"],
                 "lstm": ["sigmoid", "tanh", "tanh"]}[kind] * len(ways)
        parameters = [(None, None)] * len(names)
        if self.chance(0.35):
            times = len(ways) if self.chance(0.5) else 1
            chosen = [self.pick(ACTIVATIONS) for _ in range(count * times)]
            layer["activations"] = chosen if len(chosen) > 1 or self.chance(0.5) else chosen[0]
            parameters = [(a, b) for a, b, _ in (ACTIVATIONS[n] for n in chosen)]
            if any(n in ("affine", "scaled_tanh") for n in chosen) or self.chance(0.5):
                alphas = [round(self.draw.uniform(0.1, 0.6), 2) for a, _ in parameters
                          if a is not None]
                betas = [round(self.draw.uniform(0.1, 0.6), 2) for _, b in parameters
                         if b is not None]
                if alphas:
                    layer["activation_alpha"] = alphas
                if betas:
                    layer["activation_beta"] = betas
                alphas, betas = iter(alphas), iter(betas)
                parameters = [(a if a is None else next(alphas),
                               b if b is None else next(betas)) for a, b in parameters]
            repeat = count * len(ways) // len(chosen)
            names, parameters = chosen * repeat, parameters * repeat
        out = projection or size
        initial = {}
        if self.chance(0.4):
            stacks = len(ways) * depth
            for state, state_size in (("h", out), ("c", size))[:1 + (kind == "lstm")]:
                if self.chance(0.7):
                    input_name = f"{name}_{state}"
                    self.inputs[input_name] = {"dims": [stacks, "batch", state_size]}
                    self.values[input_name] = Value("state", state_size)
                    initial[state] = input_name
            if initial:
                layer["initial"] = initial

        def f(d, i, x):
            x = np.clip(x, -clip, clip) if clip else x
            a, b = parameters[d * count + i]
            return ACTIVATIONS[names[d * count + i]][2](x, a, b)

        def get(part, suffix, *shape, **options):
            return self.weights.get(f"{name}.{part}{suffix}", *shape, **options)

        def step(k, d, x, h, c=None):
            suffix = f"_l{k}" + ("_reverse" if ways == [False, True] and d else "")
            w = get("weight_ih", suffix, gates * size, len(x)) @ x
            u_matrix = get("weight_hh", suffix, gates * size, out)
            wb = get("bias_ih", suffix, gates * size, scale=0.3) if bias else 0 * w
            rb = get("bias_hh", suffix, gates * size, scale=0.3) if bias else 0 * w
            a, r = np.split(w + wb, gates), np.split(u_matrix @ h + rb, gates)
            if kind == "rnn":
                return (f(d, 0, a[0] + r[0]),)
            if kind == "gru":
                reset, update = f(d, 0, a[0] + r[0]), f(d, 0, a[1] + r[1])
                if before:
                    new = f(d, 1, a[2] + reset * r[2])
                else:
                    u = np.split(u_matrix, 3)[2]
                    new = f(d, 1, a[2] + u @ (reset * h) + np.split(rb, 3)[2])
                return ((1 - update) * new + update * h,)
            pi, pf, po = (np.split(get("peephole", suffix, 3 * size), 3) if peepholes
                          else [np.zeros(size)] * 3)
            i = f(d, 0, a[0] + r[0] + pi * c)
            forget = 1 - i if input_forget else f(d, 0, a[1] + r[1] + pf * c)
            c = forget * c + i * f(d, 1, a[2] + r[2])
            h = f(d, 0, a[3] + r[3] + po * c) * f(d, 2, c)
            if projection:
                h = get("weight_hr", suffix, projection, size) @ h
            return h, c

        def evaluate(row):
            row["hidden"] = row[source]
            sizes = {"h": out, "c": size}
            kept = {"h": [], "c": []}
            for k in range(depth):
                def begin(d):
                    at = k * len(ways) + d
                    states = [row[initial[s]][at] if s in initial else np.zeros(n)
                              for s, n in sizes.items()]
                    return tuple(states if kind == "lstm" else states[:1])
                row["hidden"], finals = self.run_directions(
                    row, "hidden", value.time, ways, lambda d, *s: step(k, d, *s), begin)
                for last in finals:
                    for state, array in zip("hc", last):
                        kept[state].append(array)
            row[name] = row["hidden"]
            for state, arrays in kept.items():
                if arrays:
                    row[f"{name}.{state}"] = np.array(arrays)
                    row[f"{name}.last_{state}"] = np.concatenate(arrays[-len(ways):])

        self.add(name, layer, Value("sequence", out * len(ways), value.time), evaluate)
        for state, n in (("h", out), ("c", size))[:1 + (kind == "lstm")]:
            self.values[f"{name}.{state}"] = Value("state", n)
            self.values[f"{name}.last_{state}"] = Value("vector", n * len(ways))

    def cell(self, name):
        source = self.pick(self.names("sequence"))
        value = self.values[source]
        word, ways = self.directions()
        kind = f"cell_{name}"
        states = {s: self.size() for s in ["h", "m", "n"][:self.draw.randint(1, 4)]}
        equations = Equations(self.draw, self.weights, name)
        known = {"x": value.size, **states}
        lines, runs = [], []
        for i in range(self.draw.randint(0, 3)):
            size = self.size()
            t, f = equations.vector(size, known, 2)
            lines.append(f"g{i} = {t}")
            runs.append((f"g{i}", f))
            known[f"g{i}"] = size
        for state in self.draw.permutation(list(states)):
            state = str(state)
            t, f = equations.vector(states[state], known, 2)
            lines.append(f"{state} = 0.4 * {state} + tanh({t}) / 2")
            runs.append((state, lambda v, s, f=f, state=state:
                         0.4 * v[state] + np.tanh(f(v, s)) / 2))
        output = self.pick(states)
        cell = {"input": "x", "states": list(states), "equations": lines}
        if output != "h" or self.chance(0.3):
            cell["output"] = output
        self.cells[kind] = cell
        sizes = set(states.values())
        layer = {"kind": kind, "input": source,
                 "size": sizes.pop() if len(sizes) == 1 and self.chance(0.5) else dict(states)}
        if word != "forward":
            layer["direction"] = word
        order = [output] + [s for s in states if s != output]

        def step(d, x, *before):
            names = dict(zip(order, before))
            names["x"] = x
            for target, f in runs:
                names[target] = f(names, "_reverse" if d else "")
            return tuple(names[s] for s in order)

        def evaluate(row):
            row[name], finals = self.run_directions(
                row, source, value.time, ways, step,
                lambda d: tuple(np.zeros(states[s]) for s in order))
            for i, state in enumerate(order):
                row[f"{name}.{state}"] = np.array([last[i] for last in finals])
                row[f"{name}.last_{state}"] = np.concatenate([last[i] for last in finals])

        self.add(name, layer, Value("sequence", states[output] * len(ways), value.time),
                 evaluate)
        for state, n in states.items():
            self.values[f"{name}.{state}"] = Value("state", n)
            self.values[f"{name}.last_{state}"] = Value("vector", n * len(ways))

    # Running.
    def description(self):
        lines = []
        if self.cells:
            lines.append("cells:")
            for name, cell in self.cells.items():
                lines.append(f"  {name}:")
                for key, value in cell.items():
                    if key == "equations":
                        lines.append("    equations:")
                        lines += [f'      - "{line}"' for line in value]
                    else:
                        lines.append(f"    {key}: {text(value)}")
        for title, items in (("inputs", self.inputs), ("layers", self.layers)):
            lines.append(f"{title}:")
            lines += [f"  {name}: {text(value)}" for name, value in items.items()]
        lines.append(f"outputs: {text(self.outputs)}")
        return "\n".join(lines) + "\n"

    def case(self, folder, stem, batch, steps, with_lengths):
        """Draws a batch, evaluates it row by row, and writes both."""
        arrays, lengths = {}, {}
        extents = {"time": steps, "frames": max(steps - 2, 1) if steps else 0}
        for time, name in self.lengths.items():
            if with_lengths:
                n = self.draw.randint(0, extents[time] + 1, batch)
                n[self.draw.randint(batch)] = extents[time]
                lengths[time] = arrays[name] = n
        for name, spec in self.inputs.items():
            value = self.values[name]
            if value.kind in ("tokens", "sequence"):
                shape = [batch, extents[value.time]]
                if value.kind == "sequence":
                    shape.append(value.size)
            elif value.kind == "vector":
                shape = [batch, value.size]
            else:
                shape = [spec["dims"][0], batch, value.size]
            arrays[name] = (self.draw.randint(0, value.size, shape) if value.kind == "tokens"
                            else self.draw.uniform(-1, 1, shape).astype(np.float32))
        results = {name: [] for name in self.outputs.values()}
        for b in range(batch):
            row = Row(extents, {t: int(lengths[t][b]) if t in lengths else extents[t]
                                for t in extents})
            for name in self.inputs:
                value = arrays[name][:, b] if self.values[name].kind == "state" \
                    else arrays[name][b]
                row[name] = value if value.dtype.kind == "i" else value.astype(np.float64)
            for evaluate in self.steps:
                evaluate(row)
            for name in results:
                results[name].append(row[name])
        want = {}
        for output, name in self.outputs.items():
            value = np.array(results[name])
            kind = self.values[name].kind
            if kind == "state":
                value = value.swapaxes(0, 1)
            elif kind == "sequence" and self.time_first:
                value = value.swapaxes(0, 1)
            want[output] = value
        for name in self.inputs:
            if self.time_first and self.values[name].kind in ("tokens", "sequence"):
                arrays[name] = arrays[name].swapaxes(0, 1)
        assert all(np.isfinite(v).all() for v in want.values())
        folder.single(stem, arrays, want)


class Row(dict):
    """The values of one row by name, and its extents and lengths."""

    def __init__(self, steps, lengths):
        super().__init__()
        self.steps, self.lengths = steps, lengths


def main():
    out, count = sys.argv[1], int(sys.argv[2])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    for seed in range(first, first + count):
        model = Model(seed)
        folder = reference.Folder(os.path.join(out, str(seed)), "model.yaml")
        for stem, batch, steps, with_lengths in (
                ("ragged", 3, 5, True), ("one", 1, 1, False), ("full", 2, 19, False),
                ("many", 6, 3, True), ("empty", 2, 0, False)):
            model.case(folder, stem, batch, steps, with_lengths)
        with open(os.path.join(folder.path, "model.yaml"), "w", encoding="utf-8") as file:
            file.write(model.description())
        reference.write_safetensors(os.path.join(folder.path, "model.safetensors"),
                                    model.weights.tensors)
        folder.finish()


if __name__ == "__main__":
    main()
