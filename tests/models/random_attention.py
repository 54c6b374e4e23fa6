# Part of the seqc project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random attention layers, drawn and evaluated for random_models.py."""

import numpy as np

from random_equations import Equations
from reference import sigmoid, softmax


class Value:
    """What a name stands for: its kind, and how a row's value follows from others."""

    def __init__(self, kind, size, time=None):
        self.kind, self.size, self.time = kind, size, time


class AttentionLayers:
    """The attention layers of a random model; `Model` has what they are drawn from."""

    def live(self, i, queries, keys, length, layer):
        """The keys that query `i` sees."""
        j = np.arange(keys)
        seen = j < length
        causal, window = layer.get("causal", False), layer.get("window")
        at = i + keys - queries if causal == "bottom_right" else i
        if causal:
            seen &= j <= at
        if window is not None:
            left, right = window if isinstance(window, list) else (window, window)
            if left >= 0:
                seen &= j >= at - left
            if right >= 0:
                seen &= j <= at + right
        return seen

    def attend(self, row, layer, scores, values, length):
        """Weights and sums of one row; `scores` [queries, keys]."""
        normalizer = layer.get("normalizer", "softmax")
        if "softcap" in layer:
            scores = layer["softcap"] * np.tanh(scores / layer["softcap"])
        p = np.zeros(scores.shape)
        for i, score in enumerate(scores):
            seen = self.live(i, len(scores), len(values), length, layer)
            if not seen.any():
                continue
            p[i, seen] = {"softmax": softmax, "negated_softmax": lambda s: softmax(-s),
                          "sigmoid": sigmoid, "none": lambda s: s}[normalizer](score[seen])
        return p, p @ values

    def masking(self, layer, sequence):
        if self.chance(0.5):
            layer["normalizer"] = self.pick(["softmax", "negated_softmax", "sigmoid", "none"])
        if self.chance(0.2):
            layer["softcap"] = 1.5
        if sequence and self.chance(0.5):
            layer["causal"] = self.pick([True, "top_left", "bottom_right"])
        if sequence and self.chance(0.4):
            layer["window"] = self.pick([0, 1, [2, 0], [-1, 1], [1, -1], [-1, -1]])

    def sources(self):
        query = self.any_features()
        key = self.pick(self.names("sequence"))
        value = self.pick(self.names("sequence", self.values[key].time))
        return query, key, value

    def finish_attention(self, name, layer, query, key, size, evaluate):
        q = self.values[query]
        self.add(name, layer, Value(q.kind, size, q.time), evaluate)

    def attention(self, name):
        query, key, value = self.sources()
        q, k, v = (self.values[n] for n in (query, key, value))
        scores = ["general", "additive", "concat", "sum", "mlp", "random"]
        if q.size == k.size:
            scores += ["dot", "scaled", "products"]
        score = self.pick(scores)
        layer = {"kind": "attention", "query": query, "key": key, "value": value,
                 "score": score}
        if key == query and self.chance(0.5):
            del layer["key"]
        if value == key and self.chance(0.5):
            del layer["value"]
        get = lambda part, *shape, **o: self.weights.get(f"{name}.{part}", *shape, **o)
        size = self.size()
        if score == "additive":
            layer["size"] = size
        scale = 1 / np.sqrt(q.size)
        if score == "scaled" and self.chance(0.5):
            layer["scale"] = scale = 0.3
        run = None
        if score == "random":
            equations = Equations(self.draw, self.weights, name)
            known = {"q": q.size, "k": k.size}
            layer["score"], run = equations.number(known, 2)
            if not ("q" in layer["score"] or "k" in layer["score"]):
                return
        layer["score"] = {
            "concat": "v · tanh(W [q; k])", "sum": "v · [q; k]",
            "mlp": "v · tanh(W2 relu(W1 [q; k] + b1) + b2) + b3",
            "products": "sum(tanh(q * k))"}.get(score, layer["score"])
        # The bias of v is added to the score; it is seen without a softmax only.
        self.masking(layer, q.kind == "sequence")
        biased = score == "additive" and self.chance(0.4) and "softcap" not in layer

        def one(a, b):
            if score == "dot":
                return a @ b
            if score == "scaled":
                return scale * (a @ b)
            if score == "general":
                return a @ get("weight", q.size, k.size) @ b
            if score == "additive":
                s = get("query.weight", size, q.size) @ a + get("key.weight", size, k.size) @ b
                if biased:
                    s = s + get("query.bias", size) + get("key.bias", size)
                s = get("v.weight", 1, size)[0] @ np.tanh(s)
                return s + get("v.bias", 1)[0] if biased else s
            if score == "random":
                return run({"q": a, "k": b}, "")
            both = np.concatenate([a, b])
            if score == "concat":
                return get("v", size) @ np.tanh(get("W", size, q.size + k.size) @ both)
            if score == "sum":
                return get("v", q.size + k.size) @ both
            if score == "mlp":
                x = np.maximum(get("W1", size, q.size + k.size) @ both + get("b1", size), 0)
                x = np.tanh(get("W2", 3, size) @ x + get("b2", 3))
                return get("v", 3) @ x + get("b3", 1)[0]
            return np.tanh(a * b).sum()

        def evaluate(row):
            queries = np.atleast_2d(row[query]) if q.kind == "vector" else row[query]
            scores = np.array([[one(a, b) for b in row[key]] for a in queries]
                              ).reshape(len(queries), row.steps[k.time])
            p, y = self.attend(row, layer, scores, row[value], row.lengths[k.time])
            row[name], row[f"{name}.weights"] = (y[0], p[0]) if q.kind == "vector" else (y, p)

        self.finish_attention(name, layer, query, key, v.size, evaluate)
        self.values[f"{name}.weights"] = Value("weights", 0, (q.time, k.time))

    def heads(self, name):
        query, key, value = self.sources()
        q, k, v = (self.values[n] for n in (query, key, value))
        heads = self.pick([h for h in (1, 2, 3, 4) if q.size % h == 0])
        layer = {"kind": "attention", "query": query, "key": key, "value": value,
                 "heads": heads}
        self.masking(layer, q.kind == "sequence")
        e, d = q.size, q.size // heads
        joint = k.size == e and v.size == e
        bias = self.chance(0.7)

        def evaluate(row):
            queries = np.atleast_2d(row[query]) if q.kind == "vector" else row[query]
            parts = []
            for i, (x, part) in enumerate(((queries, "q"), (row[key], "k"), (row[value], "v"))):
                if joint:
                    w = self.weights.get(f"{name}.in_proj_weight", 3 * e, e)[i * e:i * e + e]
                else:
                    w = self.weights.get(f"{name}.{part}_proj_weight", e, x.shape[-1])
                x = x @ w.T
                if bias:
                    x = x + self.weights.get(f"{name}.in_proj_bias", 3 * e,
                                             scale=0.3)[i * e:i * e + e]
                parts.append(x)
            y, ps = np.zeros((len(queries), e)), []
            for h in range(heads):
                qh, kh, vh = (x[:, h * d:h * d + d] for x in parts)
                p, y[:, h * d:h * d + d] = self.attend(
                    row, layer, qh @ kh.T / np.sqrt(d), vh, row.lengths[k.time])
                ps.append(p)
            y = y @ self.weights.get(f"{name}.out_proj.weight", e, e).T
            if bias:
                y = y + self.weights.get(f"{name}.out_proj.bias", e, scale=0.3)
            row[name] = y[0] if q.kind == "vector" else y
            row[f"{name}.weights"] = (np.mean(ps, axis=0)[0] if q.kind == "vector"
                                      else np.array(ps))

        self.finish_attention(name, layer, query, key, e, evaluate)
        if q.kind == "vector":
            self.values[f"{name}.weights"] = Value("weights", 0, (None, k.time))
