"""Compares what forms of the model of make_writer.py write with what a loop in numpy writes.

compare_samples.py FOLDER EXECUTABLE OBJECT.so, where FOLDER holds the model. The executable, the
shared object and the interpreter must write the loop's texts for many seeds and settings, and scores
within rounding. Where a border of the loop lies so near the number drawn that rounding decides,
nothing is compared; that must be rare.
"""

import json
import os
import random
import struct
import subprocess
import sys

import numpy as np

from make_writer import LETTERS, STATE, WRITTEN

# Temperature, top-k, top-p, and what is given besides.
SETTINGS = [
    (1, 50, 1, []), (1, 3, 1, []), (1, 0, 0.5, []), (2.5, 5, 0.9, []),
    (0.25, 7, 0.6, ["--length-penalty=0.5"]), (0, 50, 1, []),
    (4, 0, 0.99, ["--max-length=4", "--length-penalty=0"]),
]
MARGIN = 1e-5
MOST = 12


def read_weights(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack("<Q", data[:8])[0]
    weights = {}
    for name, entry in json.loads(data[8:8 + size]).items():
        begin, end = (8 + size + offset for offset in entry["data_offsets"])
        values = np.frombuffer(data[begin:end], "<f4").astype(np.float64)
        weights[name] = values.reshape(entry["shape"])
    return weights


def gru(weights, layer, x, h):
    a = weights[layer + ".weight_ih_l0"] @ x + weights[layer + ".bias_ih_l0"]
    b = weights[layer + ".weight_hh_l0"] @ h + weights[layer + ".bias_hh_l0"]
    gates = 1 / (1 + np.exp(-(a + b)[:2 * STATE]))
    r, z = gates[:STATE], gates[STATE:]
    return (1 - z) * np.tanh(a[2 * STATE:] + r * b[2 * STATE:]) + z * h


def philox(counter, key):
    """The first word of Philox 4x32-10."""
    low = 0xFFFFFFFF
    c, k = list(counter), list(key)
    for _ in range(10):
        left, right = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [right >> 32 ^ c[1] ^ k[0], right & low, left >> 32 ^ c[3] ^ k[1], left & low]
        k = [k[0] + 0x9E3779B9 & low, k[1] + 0xBB67AE85 & low]
    return c[0]


def draw(z, temperature, top_k, top_p, u):
    """The token, and how far the number was from a border."""
    ranked = sorted(range(len(z)), key=lambda t: (-z[t], t))
    if temperature == 0:
        return ranked[0], z[ranked[0]] - z[ranked[1]]
    margin = 1.0
    if top_k:
        if top_k < len(z):
            margin = z[ranked[top_k - 1]] - z[ranked[top_k]]
        ranked = ranked[:top_k]
    weights = np.exp((z[ranked] - z[ranked[0]]) / temperature)
    if top_p < 1:
        before = (np.cumsum(weights) - weights) / weights.sum()
        margin = min(margin, np.abs(before - top_p).min())
        ranked, weights = ranked[:(before < top_p).sum()], weights[before < top_p]
    order = np.argsort(ranked)
    up_to = np.cumsum(weights[order]) / weights.sum()
    return ranked[order[(up_to > u).argmax()]], min(margin, np.abs(up_to[:-1] - u).min(initial=1))


def write(weights, text, row, seed, settings):
    """The text that is written, its score and the least margin."""
    temperature, top_k, top_p, more = settings
    options = dict(option[2:].split("=") for option in more)
    h = np.zeros(STATE)
    for letter in text:
        h = gru(weights, "encoder", weights["source.weight"][LETTERS.index(letter) + 1], h)
    token, tokens, score, margin = 0, [], 0.0, 1.0
    while token != 1 and len(tokens) < int(options.get("max-length", MOST)):
        h = gru(weights, "decoder", weights["target.weight"][token], h)
        z = weights["output.weight"] @ h + weights["output.bias"]
        counter = (len(tokens), row, 0, 0)
        u = (philox(counter, (seed & 0xFFFFFFFF, seed >> 32)) >> 8) / 2 ** 24
        token, near = draw(z, temperature, top_k, top_p, u)
        margin = min(margin, near)
        tokens.append(token)
        score += z[token] - z.max() - np.log(np.exp(z - z.max()).sum())
    score /= len(tokens) ** float(options.get("length-penalty", 1))
    return "".join(WRITTEN[t - 2] for t in tokens if t > 1), score, margin


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return [(line[0], float(line[1])) for line in lines]


def main():
    folder, program, library = sys.argv[1:]
    weights = read_weights(os.path.join(folder, "writer.safetensors"))
    numbers = random.Random(4)
    texts = ["".join(numbers.choices(LETTERS, k=numbers.randint(1, 9))) for _ in range(64)]
    model = os.path.join(folder, "writer.yaml")
    forms = {"interpreter": ["seqc", "run", model, "--sample", "--interpret", "--quiet"],
             "executable": [program], "one by one": [program, "--batch=1"],
             "shared object": ["seqc", "run", library, "--threads=2", "--batch=7"]}
    wrong = unclear = 0
    for number, settings in enumerate(SETTINGS):
        seed = numbers.getrandbits(64) if number else 0
        wanted = [write(weights, text, row, seed, settings) for row, text in enumerate(texts)]
        unclear += sum(margin < MARGIN for _, _, margin in wanted)
        words = [f"--temperature={settings[0]}", f"--top-k={settings[1]}", f"--top-p={settings[2]}",
                 f"--seed={seed}", "--scores", *settings[3], *texts]
        for name, command in forms.items():
            for (text, score, margin), (found, other) in zip(wanted, run(command + words)):
                if margin >= MARGIN and (text != found or abs(score - other) > 1e-4):
                    wrong += 1
                    print(f"{name} {settings} seed {seed}: want {text} {score}, got {found} {other}")
    rare = unclear < 0.02 * len(SETTINGS) * len(texts)
    print(f"{len(SETTINGS)} settings, {wrong} texts differ"
          + ("" if rare else f", {unclear} are unclear"))
    return wrong != 0 or not rare


if __name__ == "__main__":
    sys.exit(main())
