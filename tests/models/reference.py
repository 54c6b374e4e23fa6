# Part of the seqc project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Layers and searches in float64, written from their definitions.

Nothing here is shared with the compiler or its interpreter. Weights are float32
values, as they are stored; all arithmetic on them is float64.
"""

import json
import os
import struct

import numpy as np


# --- Elementwise ---------------------------------------------------------------


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


# --- Recurrent layers, one row at a time -----------------------------------------
# PyTorch's names and gate orders: i f g o, and r z n.


class Weights:
    """Named float32 arrays, drawn on first use from one generator."""

    def __init__(self, seed):
        self.random = np.random.RandomState(seed)
        self.tensors = {}

    def get(self, name, *shape, scale=None):
        if name not in self.tensors:
            scale = scale or 1.0 / np.sqrt(shape[-1])
            values = self.random.uniform(-scale, scale, size=shape)
            self.tensors[name] = values.astype(np.float32)
        assert self.tensors[name].shape == shape, name
        return self.tensors[name].astype(np.float64)


def lstm_step(w, prefix, suffix, x, h, c):
    n = c.shape[-1]
    gates = (w.get(f"{prefix}.weight_ih{suffix}", 4 * n, len(x)) @ x
             + w.get(f"{prefix}.bias_ih{suffix}", 4 * n, scale=0.3)
             + w.get(f"{prefix}.weight_hh{suffix}", 4 * n, len(h)) @ h
             + w.get(f"{prefix}.bias_hh{suffix}", 4 * n, scale=0.3))
    i, f, g, o = np.split(gates, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(w, prefix, suffix, x, h):
    n = len(h)
    a = (w.get(f"{prefix}.weight_ih{suffix}", 3 * n, len(x)) @ x
         + w.get(f"{prefix}.bias_ih{suffix}", 3 * n, scale=0.3))
    b = (w.get(f"{prefix}.weight_hh{suffix}", 3 * n, n) @ h
         + w.get(f"{prefix}.bias_hh{suffix}", 3 * n, scale=0.3))
    (ar, az, an), (br, bz, bn) = np.split(a, 3), np.split(b, 3)
    z = sigmoid(az + bz)
    return (1 - z) * np.tanh(an + sigmoid(ar + br) * bn) + z * h


def scan(step, xs, states, reverse=False):
    """Runs `step(x, *states) -> states` over a row; all first states, and the last."""
    outputs = []
    for x in xs[::-1] if reverse else xs:
        states = step(x, *states)
        outputs.append(states[0])
    if reverse:
        outputs.reverse()
    return np.array(outputs).reshape(len(xs), len(states[0])), states


def lstm(w, prefix, xs, size, suffix="_l0", reverse=False, h=None, c=None):
    h = np.zeros(size) if h is None else h
    c = np.zeros(size) if c is None else c
    return scan(lambda x, h, c: lstm_step(w, prefix, suffix, x, h, c), xs, (h, c), reverse)


def gru(w, prefix, xs, size, suffix="_l0", reverse=False):
    return scan(lambda x, h: (gru_step(w, prefix, suffix, x, h),), xs, (np.zeros(size),),
                reverse)


def linear(w, prefix, x, size):
    return (x @ w.get(f"{prefix}.weight", size, x.shape[-1]).T
            + w.get(f"{prefix}.bias", size, scale=0.3))


def pad_rows(rows, length):
    """Stacks rows of different length, zeros at the end."""
    out = np.zeros((len(rows), length) + rows[0].shape[1:])
    for i, row in enumerate(rows):
        out[i, :len(row)] = row
    return out


# --- Search ----------------------------------------------------------------------


def greedy(step, state, start, end, max_new):
    """Tokens, score and trace of one row; `step(token, state) -> logits, state, trace`."""
    tokens, score, traces, token = [], 0.0, [], start
    while len(tokens) < max_new:
        logits, state, trace = step(token, state)
        order = np.sort(logits)
        assert order[-1] - order[-2] > 1e-4, "a near tie: take another seed"
        token = int(np.argmax(logits))
        score += log_softmax(logits)[token]
        tokens.append(token)
        traces.append(trace)
        if token == end:
            break
    return tokens, score / len(tokens), traces


def beam(step, state, start, end, max_new, width, n_best, penalty):
    """The hypotheses of one row, best first: (tokens, score, traces)."""
    live, pool = [(0.0, [], state, [])], []
    for n in range(1, max_new + 1):
        candidates = []
        for beam_index, (score, tokens, state, traces) in enumerate(live):
            logits, new_state, trace = step(tokens[-1] if tokens else start, state)
            for token, lp in enumerate(log_softmax(logits)):
                candidates.append((score + lp, beam_index, token, new_state, trace))
        candidates.sort(key=lambda c: (-c[0], c[1], c[2]))
        gaps = np.diff([c[0] for c in candidates[:2 * width]])
        assert np.all(np.abs(gaps) > 1e-5), "a near tie: take another seed"

        def extend(c):
            _, tokens, _, traces = live[c[1]]
            return tokens + [c[2]], traces + [c[4]]

        for c in candidates[:width]:
            if c[2] == end or n == max_new:
                tokens, traces = extend(c)
                pool.append((c[0] / n ** penalty, tokens, traces))
                pool.sort(key=lambda p: -p[0])  # stable: ties stay in order of arrival
                del pool[width:]
        going_on = [c for c in candidates if c[2] != end][:width]
        live = [(c[0], extend(c)[0], c[3], extend(c)[1]) for c in going_on]
        if len(pool) == width and live[0][0] / n ** penalty <= pool[-1][0]:
            break
    return [(tokens, score, traces) for score, tokens, traces in pool[:n_best]]


# --- Files -----------------------------------------------------------------------


def write_safetensors(path, tensors):
    header, blobs, offset = {}, [], 0
    for name, values in tensors.items():
        blob = values.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


class Folder:
    """A test folder: arrays as .npy files and a cases.json that names them."""

    def __init__(self, path, model):
        self.path, self.model, self.cases = path, model, []
        os.makedirs(path, exist_ok=True)

    def save(self, stem, arrays):
        files = {}
        for name, values in arrays.items():
            values = np.asarray(values)
            kind = np.float32 if values.dtype.kind == "f" else np.int32
            files[name] = f"{stem}_{name}.npy"
            np.save(os.path.join(self.path, files[name]),
                    np.ascontiguousarray(values, dtype=kind))
        return files

    def single(self, stem, inputs, expected, **tolerances):
        self.cases.append({"kind": "single", "inputs": self.save(stem + "_in", inputs),
                           "expected": self.save(stem + "_out", expected), **tolerances})

    def sequence(self, stem, steps, initial, per_step, carry, expected_per_step,
                 expected_final):
        self.cases.append({
            "kind": "sequence", "steps": steps,
            "constant_or_initial_inputs": self.save(stem + "_init", initial),
            "per_step_inputs": self.save(stem + "_step", per_step),
            "carry_output_to_input": carry,
            "expected_per_step": self.save(stem + "_want", expected_per_step),
            "expected_final": self.save(stem + "_final", expected_final)})

    def finish(self):
        with open(os.path.join(self.path, "cases.json"), "w", encoding="utf-8") as file:
            json.dump({"model": self.model, "cases": self.cases}, file, indent=1)
