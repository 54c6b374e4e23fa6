# Part of the seqc project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random equations over named vectors, as text and in float64."""

import math

import numpy as np

from reference import sigmoid, softmax

erf = np.vectorize(math.erf, otypes=[float])


# --- Functions --------------------------------------------------------------------

ELEMENTWISE = {
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "elu": lambda x: np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "gelu": lambda x: 0.5 * x * (1 + erf(x / np.sqrt(2))),
    "softmax": softmax,
}

# ONNX's activations: name, default alpha, default beta.
ACTIVATIONS = {
    "relu": (None, None, lambda x, a, b: np.maximum(x, 0)),
    "tanh": (None, None, lambda x, a, b: np.tanh(x)),
    "sigmoid": (None, None, lambda x, a, b: sigmoid(x)),
    "softsign": (None, None, lambda x, a, b: x / (1 + np.abs(x))),
    "softplus": (None, None, lambda x, a, b: np.log1p(np.exp(x))),
    "leaky_relu": (0.01, None, lambda x, a, b: np.where(x < 0, a * x, x)),
    "elu": (1.0, None, lambda x, a, b: np.where(x < 0, a * (np.exp(x) - 1), x)),
    "hard_sigmoid": (0.2, 0.5, lambda x, a, b: np.clip(a * x + b, 0, 1)),
    "scaled_tanh": (0.5, 0.7, lambda x, a, b: a * np.tanh(b * x)),
    "affine": (0.5, 0.1, lambda x, a, b: a * x + b),
}


# --- Equations ---------------------------------------------------------------------


class Equations:
    """Random expressions over named vectors; weights are made where they are named."""

    def __init__(self, draw, weights, prefix, suffix=""):
        self.draw, self.weights, self.prefix, self.suffix = draw, weights, prefix, suffix
        self.count = 0

    def weight(self, *shape):
        name = f"W{self.count}"
        self.count += 1
        full = f"{self.prefix}.{name}"
        get = lambda suffix: self.weights.get(full + suffix, *shape)
        return name, get

    def vector(self, size, names, depth):
        """Text and evaluation `f(values, suffix)` of a vector of `size`."""
        kinds = ["product"] * 2 + ["concat"] + ["name"] * 2
        if depth > 0:
            kinds += ["function"] * 3 + ["sum"] * 3 + ["number", "extreme", "negate"]
        kind = self.draw.choice(kinds)
        fitting = [n for n, s in names.items() if s == size]
        if kind == "name" and not fitting:
            kind = "product"
        if kind == "name":
            name = self.draw.choice(fitting)
            return name, lambda v, s: v[name]
        if kind in ("product", "concat"):
            chosen = [self.draw.choice(list(names)) for _ in range(1 + (kind == "concat"))]
            total = sum(names[n] for n in chosen)
            name, get = self.weight(size, total)
            inner = chosen[0] if kind == "product" else f"[{'; '.join(chosen)}]"
            return (f"{name} {inner}",
                    lambda v, s: get(s) @ np.concatenate([v[n] for n in chosen]))
        if kind == "function":
            function = str(self.draw.choice(["sigmoid", "tanh", "relu", "softplus", "abs",
                                             "exp", "log", "sqrt"]))
            t, f = self.vector(size, names, depth - 1)
            if function == "exp":
                t, f = f"-abs({t})", lambda v, s, f=f: -np.abs(f(v, s))
            if function in ("log", "sqrt"):
                t, f = f"1 + abs({t})", lambda v, s, f=f: 1 + np.abs(f(v, s))
            return f"{function}({t})", lambda v, s: ELEMENTWISE[function](f(v, s))
        if kind == "negate":
            t, f = self.vector(size, names, depth - 1)
            return f"-({t})", lambda v, s: -f(v, s)
        if kind == "extreme":
            which = str(self.draw.choice(["min", "max"]))
            t, f = self.vector(size, names, depth - 1)
            u, g = self.vector(size, names, depth - 1)
            pick = np.minimum if which == "min" else np.maximum
            return f"{which}({t}, {u})", lambda v, s: pick(f(v, s), g(v, s))
        if kind == "number":
            t, f = self.number(names, depth - 1)
            u, g = self.vector(size, names, depth - 1)
            return f"tanh({t}) * ({u})", lambda v, s: np.tanh(f(v, s)) * g(v, s)
        t, f = self.vector(size, names, depth - 1)
        u, g = self.vector(size, names, depth - 1)
        which = str(self.draw.choice(["+", "-", "*", "/"]))
        if which == "+":
            return f"0.5 * ({t}) + {u}", lambda v, s: 0.5 * f(v, s) + g(v, s)
        if which == "-":
            return f"{t} - ({u})", lambda v, s: f(v, s) - g(v, s)
        if which == "*":
            return f"({t}) * sigmoid({u})", lambda v, s: f(v, s) * sigmoid(g(v, s))
        return (f"({t}) / (1 + abs({u}))", lambda v, s: f(v, s) / (1 + np.abs(g(v, s))))

    def number(self, names, depth):
        kind = str(self.draw.choice(["sum", "mean", "min", "max", "dot", "weight"]))
        if kind == "weight":
            name, get = self.weight(1)
            return name, lambda v, s: get(s)[0]
        chosen = str(self.draw.choice(list(names)))
        t, f = self.vector(names[chosen], names, depth - 1 if depth > 0 else 0)
        if kind == "dot":
            name, get = self.weight(names[chosen])
            if self.draw.rand() < 0.5:
                return f"dot({name}, {t})", lambda v, s: get(s) @ f(v, s)
            return f"{name} · ({t})", lambda v, s: get(s) @ f(v, s)
        reduce = {"sum": np.sum, "mean": np.mean, "min": np.min, "max": np.max}[kind]
        return f"{kind}({t})", lambda v, s: reduce(f(v, s))
