# Part of the seqc project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The models of this folder in float64, each with its test cases.

A function `NAME(folder, weights, random)` writes the cases of NAME.yaml.
"""

import math

import numpy as np

from reference import (beam, greedy, gru, gru_step, linear, lstm, lstm_step, pad_rows,
                       scan, sigmoid, softmax)


def ragged(random, lengths, ids):
    """Random ids, padded with 0."""
    out = np.zeros((len(lengths), max(lengths)), dtype=np.int32)
    for row, length in enumerate(lengths):
        out[row, :length] = random.randint(0, ids, length)
    return out


def embed(w, name, ids, count, size):
    return w.get(f"{name}.weight", count, size, scale=1.0)[ids]


def both(run):
    """The output of two directions side by side, and their last states."""
    forward, first = run("_l0", False)
    backward, second = run("_l0_reverse", True)
    return np.concatenate([forward, backward], axis=1), first, second


def pack_hypotheses(rows, max_new, n_best, time):
    """Results of seq.generate from lists of hypotheses."""
    count = len(rows)
    tokens = np.zeros((count, n_best, max_new), dtype=np.int32)
    lengths = np.zeros((count, n_best), dtype=np.int32)
    scores = np.zeros((count, n_best))
    attention = np.zeros((count, n_best, max_new, time))
    for i, hypotheses in enumerate(rows):
        for j, (ids, score, traces) in enumerate(hypotheses):
            tokens[i, j, :len(ids)] = ids
            lengths[i, j] = len(ids)
            scores[i, j] = score
            for n, trace in enumerate(traces):
                attention[i, j, n, :len(trace)] = trace
    return {"tokens": tokens, "token_lengths": lengths, "scores": scores,
            "attention": attention}


def generate_cases(folder, w, random, decode, ids, max_new, n_best):
    """A batch of mixed lengths, and one row alone."""
    for stem, lengths in (("batch", [5, 1, 8, 3]), ("alone", [6])):
        tokens = ragged(random, lengths, ids)
        rows = [decode(w, tokens[i, :n]) for i, n in enumerate(lengths)]
        folder.single(stem, {"ids": tokens, "lengths": np.array(lengths)},
                      pack_hypotheses(rows, max_new, n_best, max(lengths)))


def lstm_additive(folder, w, random):
    def decode(w, ids):
        xs = embed(w, "source", ids, 11, 6)
        memory, (hf, cf), (hb, cb) = both(
            lambda suffix, reverse: lstm(w, "encoder", xs, 9, suffix, reverse))
        h = np.tanh(linear(w, "bridge_h", np.concatenate([hf, hb]), 8))
        c = np.tanh(linear(w, "bridge_c", np.concatenate([cf, cb]), 8))
        keys = memory @ w.get("attend.key.weight", 7, 18).T

        def step(token, state):
            h, c = state
            query = w.get("attend.query.weight", 7, 8) @ h
            score = np.tanh(keys + query) @ w.get("attend.v.weight", 1, 7)[0]
            p = softmax(score)
            context = p @ memory
            x = np.concatenate([embed(w, "target", token, 10, 5), context])
            h, c = lstm_step(w, "decoder", "_l0", x, h, c)
            return linear(w, "output", np.concatenate([h, context]), 10), (h, c), p

        return [greedy(step, (h, c), 1, 2, 9)]

    generate_cases(folder, w, random, decode, 11, 9, 1)


def lstm_general(folder, w, random):
    def decode(w, ids):
        xs = embed(w, "source", ids, 9, 6)
        first, state0 = lstm(w, "encoder", xs, 8, "_l0")
        memory, state1 = lstm(w, "encoder", first, 8, "_l1")

        def step(token, state):
            (h0, c0), (h1, c1), fed = state
            x = np.concatenate([embed(w, "target", token, 8, 5), fed])
            h0, c0 = lstm_step(w, "decoder", "_l0", x, h0, c0)
            h1, c1 = lstm_step(w, "decoder", "_l1", h0, h1, c1)
            p = softmax(memory @ (w.get("attend.weight", 8, 8).T @ h1))
            joined = np.concatenate([p @ memory, h1])
            fed = np.tanh(w.get("mixed.weight", 6, 16) @ joined)
            return linear(w, "output", fed, 8), ((h0, c0), (h1, c1), fed), p

        state = (state0, state1, np.zeros(6))
        return beam(step, state, 0, 1, 7, width=3, n_best=2, penalty=0.8)

    generate_cases(folder, w, random, decode, 9, 7, 2)


def concat_score(folder, w, random):
    def decode(w, ids):
        memory, (h,) = gru(w, "encoder", embed(w, "source", ids, 9, 5), 6)

        def step(token, h):
            v = w.get("attend.v", 12)
            p = softmax(np.array([v @ np.concatenate([h, k]) for k in memory]))
            x = np.concatenate([embed(w, "target", token, 7, 4), p @ memory])
            h = gru_step(w, "decoder", "_l0", x, h)
            return linear(w, "output", h, 7), h, p

        return [greedy(step, h, 0, 1, 6)]

    generate_cases(folder, w, random, decode, 9, 6, 1)


def gru_self_attention(folder, w, random):
    for stem, lengths in (("batch", [4, 7, 1, 2]), ("alone", [5])):
        ids = ragged(random, lengths, 13)
        logits, weights = [], []
        steps = max(lengths)
        for row, length in enumerate(lengths):
            xs = embed(w, "embedding", ids[row, :length], 13, 7)
            h, _, _ = both(lambda suffix, reverse: gru(w, "encoder", xs, 5, suffix, reverse))
            # Queries beyond the length see the living keys; the layer gives zeros there.
            queries = pad_rows([h], steps)[0]
            p = softmax(np.tanh(queries[:, None, :] * h[None, :, :]).sum(axis=2))
            logits.append(linear(w, "output", p @ h, 4))
            weights.append(pad_rows([p.T], steps)[0].T)
        logits = np.array(logits)
        order = np.sort(logits, axis=2)
        assert np.min(order[:, :, -1] - order[:, :, -2]) > 1e-4, "take another seed"
        folder.single(stem, {"ids": ids, "lengths": np.array(lengths)},
                      {"logits": logits, "tags": np.argmax(logits, axis=2),
                       "weights": np.array(weights)})


def lstm_language(folder, w, random):
    def run(ids, h0, c0):
        """ids [B, T]; the state of every layer goes in and out."""
        batch = ids.shape[0]
        h, c, logits = np.zeros((3, batch, 7)), np.zeros((3, batch, 7)), []
        for b in range(batch):
            xs = embed(w, "embedding", ids[b], 12, 6)
            for layer in range(3):
                xs, (h[layer, b], c[layer, b]) = lstm(
                    w, "lstm", xs, 7, f"_l{layer}", h=h0[layer, b], c=c0[layer, b])
            logits.append(linear(w, "output", xs, 12))
        return np.array(logits), h, c

    h0, c0 = random.uniform(-1, 1, (2, 3, 2, 7)).astype(np.float32).astype(np.float64)
    ids = random.randint(0, 12, (2, 6))
    logits, h, c = run(ids, h0, c0)
    folder.single("whole", {"ids": ids, "h0": h0, "c0": c0},
                  {"logits": logits, "hn": h, "cn": c})
    # The same text a token at a time, the state fed back.
    folder.sequence("tokens", 6, {"h0": h0, "c0": c0}, {"ids": ids.T[:, :, None]},
                    {"hn": "h0", "cn": "c0"},
                    {"logits": logits.transpose(1, 0, 2)[:, :, None, :]}, {"hn": h, "cn": c})


def mlp_score(folder, w, random):
    w1, b1 = w.get("attend.W1", 8, 11, scale=0.6), w.get("attend.b1", 8)
    w2, b2 = w.get("attend.W2", 4, 8, scale=0.6), w.get("attend.b2", 4)
    v, b3 = w.get("attend.v", 4, scale=2.0), w.get("attend.b3", 1)
    queries = random.uniform(-1, 1, (3, 2, 6)).astype(np.float32)
    memory = random.uniform(-1, 1, (3, 7, 5)).astype(np.float32)
    lengths = np.array([7, 4, 0])
    want = {"context": np.zeros((3, 2, 5)), "negated": np.zeros((3, 2, 5)),
            "weights": np.zeros((3, 2, 7))}
    for b, length in enumerate(lengths):
        if length == 0:
            continue  # No living key: zeros.
        keys = memory[b, :length].astype(np.float64)
        for i, q in enumerate(queries[b].astype(np.float64)):
            hidden = [np.tanh(w1 @ np.concatenate([q, k]) + b1) for k in keys]
            score = np.array([v @ np.tanh(w2 @ x + b2) + b3[0] for x in hidden])
            p, n = softmax(score), softmax(-score)
            want["context"][b, i], want["negated"][b, i] = p @ keys, n @ keys
            want["weights"][b, i, :length] = p
    folder.single("batch", {"queries": queries, "memory": memory, "lengths": lengths}, want)


def janet(folder, w, random):
    def run(x, suffix):
        def get(name, *shape):
            return w.get(f"unit.{name}{suffix}", *shape)
        h, ys = np.zeros(9), []
        for step in x:
            f = sigmoid(get("Wf", 9, 6) @ step + get("Uf", 9, 9) @ h + get("bf", 9))
            c = np.tanh(get("Wc", 9, 6) @ step + get("Uc", 9, 9) @ h + get("bc", 9))
            h = f * h + (1 - f) * c
            ys.append(h)
        return h, np.array(ys).reshape(-1, 9)

    lengths = [6, 2, 1, 5]
    ids = ragged(random, lengths, 10)
    steps, lasts = np.zeros((4, 6, 18)), []
    for row, length in enumerate(lengths):
        x = embed(w, "embedding", ids[row, :length], 10, 6)
        last, forward = run(x, "")
        first, backward = run(x[::-1], "_reverse")
        steps[row, :length] = np.concatenate([forward, backward[::-1]], axis=1)
        lasts.append(np.concatenate([last, first]))
    folder.single("batch", {"ids": ids, "lengths": np.array(lengths)},
                  {"steps": steps, "last": np.array(lasts)})


def minimal_gated(folder, w, random):
    def step(x, h):
        f = sigmoid(w.get("unit.Wf", 9, 6) @ x + w.get("unit.Uf", 9, 9) @ h
                    + w.get("unit.bf", 9))
        n = np.tanh(w.get("unit.Wn", 9, 6) @ x + w.get("unit.Un", 9, 9) @ (f * h)
                    + w.get("unit.bn", 9))
        return (1 - f) * h + f * n

    lengths = [6, 2, 0, 5]
    ids = ragged(random, lengths, 10)
    steps, logits = [], []
    for row, length in enumerate(lengths):
        h, ys = np.zeros(9), np.zeros((6, 9))
        for t, x in enumerate(embed(w, "embedding", ids[row, :length], 10, 6)):
            ys[t] = h = step(x, h)
        steps.append(ys)
        mean = ys[:length].mean(axis=0) if length else np.zeros(9)
        logits.append(linear(w, "joined", np.concatenate([mean, h]), 3))
    folder.single("batch", {"ids": ids, "lengths": np.array(lengths)},
                  {"logits": np.array(logits), "label": np.argmax(logits, axis=1),
                   "steps": np.array(steps)})


def two_states(folder, w, random):
    def step(suffix, x, h, m):
        get = lambda name, *shape: w.get(f"cell.{name}{suffix}", *shape)
        pace = sigmoid(get("a", 1)[0])
        m = pace * m + (1 - pace) * np.tanh(get("Wm", 5, 10) @ np.concatenate([x, h]))
        g = sigmoid(get("Wg", 6, 4) @ x + get("Ug", 6, 6) @ h + get("Vg", 6, 5) @ m
                    + get("bg", 6))
        new = np.log(1 + np.exp(get("Wh", 6, 4) @ x + get("bh", 6))) / (1 + m @ m)
        return g * h + (1 - g) * new, m

    lengths = [3, 5, 1]
    x = random.uniform(-1, 1, (3, 5, 4)).astype(np.float32)
    h0 = random.uniform(-1, 1, (2, 3, 6)).astype(np.float32)
    y, hn, mn = np.zeros((3, 5, 12)), np.zeros((2, 3, 6)), np.zeros((2, 3, 5))
    for b, length in enumerate(lengths):
        for d, suffix in enumerate(("", "_reverse")):
            h, m = h0[d, b].astype(np.float64), np.zeros(5)
            for t in range(length)[::-1] if d else range(length):
                h, m = step(suffix, x[b, t].astype(np.float64), h, m)
                y[b, t, 6 * d:6 * d + 6] = h
            hn[d, b], mn[d, b] = h, m
    out = 0.5 * np.tanh(y @ w.get("output.W", 4, 12).T) - x / 2
    folder.single("batch", {"x": x, "lengths": np.array(lengths), "h0": h0},
                  {"y": out, "hn": hn, "mn": mn})


def layer_norm(w, prefix, x):
    n = x.shape[-1]
    x = x - x.mean(axis=-1, keepdims=True)
    x = x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-5)
    return x * w.get(f"{prefix}.weight", n) + w.get(f"{prefix}.bias", n)


def attend_heads(w, prefix, q, memory, heads, live):
    """torch.nn.MultiheadAttention for one row; `live[i, j]`: query i sees key j."""
    e = q.shape[-1]
    projected = [x @ w.get(f"{prefix}.in_proj_weight", 3 * e, e)[i * e:(i + 1) * e].T
                 + w.get(f"{prefix}.in_proj_bias", 3 * e, scale=0.3)[i * e:(i + 1) * e]
                 for i, x in enumerate((q, memory, memory))]
    out, mean = np.zeros((len(q), e)), np.zeros((len(q), len(memory)))
    d = e // heads
    for h in range(heads):
        qh, kh, vh = (x[:, h * d:(h + 1) * d] for x in projected)
        score = np.where(live, qh @ kh.T / np.sqrt(d), -np.inf)
        for i in range(len(q)):
            p = softmax(score[i]) if live[i].any() else np.zeros(len(memory))
            out[i, h * d:(h + 1) * d] = p @ vh
            mean[i] += p / heads
    return linear(w, f"{prefix}.out_proj", out, e), mean


def many_heads(folder, w, random):
    erf = np.vectorize(math.erf)
    lengths, steps = [6, 3, 1], 6
    x = random.uniform(-1, 1, (3, steps, 8)).astype(np.float32)
    want = {"steps": np.zeros((3, steps, 8)), "chances": np.zeros((3, 3)),
            "weights": np.zeros((3, steps))}
    for b, length in enumerate(lengths):
        row = x[b].astype(np.float64)
        normed = layer_norm(w, "normed", row)
        live = np.array([[i - 2 <= j <= i and j < length for j in range(steps)]
                         for i in range(steps)])
        added = row + attend_heads(w, "heads", normed, normed, 2, live)[0]
        wide = linear(w, "wide", added, 12)
        wide = 0.5 * wide * (1 + erf(wide / np.sqrt(2)))
        total = added + linear(w, "back", wide, 8)
        alive = total[:length]
        score = 2 * np.tanh(0.7 * (alive @ alive[-1]) / 2)
        p = softmax(score)
        joined = np.concatenate([alive[-1], total[0], alive.max(axis=0), alive.sum(axis=0),
                                 p @ alive])
        want["steps"][b] = total
        want["chances"][b] = softmax(linear(w, "chances", joined, 3))
        want["weights"][b, :length] = p
    folder.single("batch", {"x": x, "lengths": np.array(lengths)}, want)


def cell_decoder(folder, w, random):
    def cell(prefix, x, h, trace):
        trace = 0.5 * trace + 0.5 * h
        return np.tanh(w.get(f"{prefix}.W", 6, len(x)) @ x + w.get(f"{prefix}.U", 6, 6) @ h
                       + w.get(f"{prefix}.V", 6, 6) @ trace + w.get(f"{prefix}.b", 6)), trace

    def decode(ids, prefix):
        xs = embed(w, "source", ids, 9, 6)
        memory, (last, _) = scan(lambda x, h, trace: cell("encoder", x, h, trace), xs,
                                 (np.zeros(6), np.zeros(6)), reverse=True)
        context = np.maximum(linear(w, "context", last, 4), 0)

        def step(token, state):
            x = np.concatenate([embed(w, "target", token, 8, 5), context])
            state = cell("decoder", x, *state)
            live = np.ones((1, len(memory)), dtype=bool)
            found, p = attend_heads(w, "attend", state[0][None], memory, 3, live)
            logits = linear(w, "output", np.concatenate([state[0], found[0]]), 8)
            return logits, state, p[0]

        state, start = (last, np.zeros(6)), 0
        traces = []
        for token in prefix:
            _, state, trace = step(start, state)
            traces.append(trace)
            start = token
        return beam(step, state, start, 1, 6, width=2, n_best=1, penalty=1.0)

    lengths, prefixes = [4, 2, 5], [[3], [], [5]]
    ids = ragged(random, lengths, 9)
    rows = [decode(ids[i, :n], prefixes[i]) for i, n in enumerate(lengths)]
    prefix = np.array([p + [0] * (1 - len(p)) for p in prefixes])
    folder.single("batch", {"ids": ids.T, "lengths": np.array(lengths), "prefix": prefix,
                            "prefix_lengths": np.array([len(p) for p in prefixes])},
                  pack_hypotheses(rows, 6, 1, max(lengths)))


def projected(folder, w, random):
    clip = lambda x: np.clip(x, -0.8, 0.8)
    gate = lambda x: np.clip(0.3 * clip(x) + 0.4, 0, 1)
    candidate = lambda x: clip(x) / (1 + np.abs(clip(x)))

    def lstmp(name, suffix, x, h, c):
        gates = (w.get(f"{name}.weight_ih{suffix}", 28, len(x)) @ x
                 + w.get(f"{name}.bias_ih{suffix}", 28, scale=0.3)
                 + w.get(f"{name}.weight_hh{suffix}", 28, 3) @ h
                 + w.get(f"{name}.bias_hh{suffix}", 28, scale=0.3))
        i, _, g, o = np.split(gates, 4)
        pi, _, po = np.split(w.get(f"{name}.peephole{suffix}", 21), 3)
        i = gate(i + pi * c)
        c = (1 - i) * c + i * candidate(g)
        o = gate(o + po * c)
        return w.get(f"{name}.weight_hr{suffix}", 3, 7) @ (o * np.tanh(clip(c))), c

    def gru_plain(x, h):
        a = w.get("gru.weight_ih_l0", 18, 6) @ x + w.get("gru.bias_ih_l0", 18, scale=0.3)
        u, d = w.get("gru.weight_hh_l0", 18, 6), w.get("gru.bias_hh_l0", 18, scale=0.3)
        r = sigmoid(a[:6] + u[:6] @ h + d[:6])
        z = sigmoid(a[6:12] + u[6:12] @ h + d[6:12])
        n = np.tanh(a[12:] + u[12:] @ (r * h) + d[12:])
        return ((1 - z) * n + z * h,)

    def rnn_plain(x, h):
        y = w.get("rnn.weight_ih_l0", 4, 6) @ x + w.get("rnn.weight_hh_l0", 4, 4) @ h
        return (np.where(y < 0, 0.1 * y, y),)

    lengths, steps = [5, 0, 3], 5
    x = random.uniform(-1, 1, (steps, 3, 5)).astype(np.float32)
    h0 = random.uniform(-1, 1, (3, 6)).astype(np.float32)
    want = {"y": np.zeros((steps, 3, 4)), "hn": np.zeros((4, 3, 3)), "cn": np.zeros((4, 3, 7)),
            "gn": np.zeros((3, 6)), "labels": np.zeros((steps, 3), dtype=np.int32)}
    for b, length in enumerate(lengths):
        xs = x[:length, b].astype(np.float64)
        for k in range(2):
            parts = []
            for d, suffix in enumerate((f"_l{k}", f"_l{k}_reverse")):
                ys, (h, c) = scan(lambda x, h, c: lstmp("lstm", suffix, x, h, c), xs,
                                  (np.zeros(3), np.zeros(7)), reverse=d == 1)
                parts.append(ys.reshape(length, 3))
                want["hn"][2 * k + d, b], want["cn"][2 * k + d, b] = h, c
            xs = np.concatenate(parts, axis=1)
        xs, (want["gn"][b],) = scan(gru_plain, xs, (h0[b].astype(np.float64),), reverse=True)
        ys, _ = scan(rnn_plain, xs.reshape(length, 6), (np.zeros(4),))
        want["y"][:length, b] = ys.reshape(length, 4)
        want["labels"][:length, b] = np.argmax(ys.reshape(length, 4), axis=1)
    folder.single("batch", {"x": x, "lengths": np.array(lengths), "h": h0}, want)


MODELS = {function.__name__: function
          for function in (lstm_additive, lstm_general, concat_score, gru_self_attention,
                           lstm_language, mlp_score, janet, minimal_gated, two_states,
                           many_heads, cell_decoder, projected)}
