"""Writes writer.yaml and writer.safetensors, a small model from text to text: make_writer.py DIR [SETTING...]

It reads letters and writes letters, by `search: greedy` unless a SETTING, a line of the section
`generate`, says otherwise. Weights are random but always the same.
"""

import json
import os
import random
import struct
import sys

LETTERS = "abcdefgh"
WRITTEN = "abcdefghijklmnopqrstuvwx"
STATE = 6
MODEL = f"""name: writer
weights: writer.safetensors
vocabularies:
  letters: {{tokens: ["<pad>"], characters: "{LETTERS}"}}
  written: {{tokens: ["<s>", "</s>"], characters: "{WRITTEN}", start: "<s>", end: "</s>"}}
inputs:
  ids: {{vocabulary: letters, lengths: lengths, max_length: 20}}
layers:
  source: {{kind: embedding, input: ids, size: {STATE}}}
  encoder: {{kind: gru, size: {STATE}}}
generate:
  vocabulary: written
  max_length: 12
"""
STEP = f"""  step:
    target: {{kind: embedding, input: token, size: {STATE}}}
    decoder: {{kind: gru, size: {STATE}, initial: {{h: encoder.last_h}}}}
    output: {{kind: linear, size: written}}
"""


def main():
    folder, settings = sys.argv[1], sys.argv[2:]
    os.makedirs(folder, exist_ok=True)
    count = len(WRITTEN) + 2
    shapes = {"source.weight": (len(LETTERS) + 1, STATE), "target.weight": (count, STATE),
              "output.weight": (count, STATE), "output.bias": (count,)}
    for layer in ("encoder", "decoder"):
        for name in ("weight_ih_l0", "weight_hh_l0"):
            shapes[f"{layer}.{name}"] = (3 * STATE, STATE)
        for name in ("bias_ih_l0", "bias_hh_l0"):
            shapes[f"{layer}.{name}"] = (3 * STATE,)
    numbers = random.Random(20)
    header, data = {}, b""
    for name, shape in shapes.items():
        size = shape[0] * (shape[1] if len(shape) > 1 else 1)
        values = [numbers.gauss(0, 1.2) for _ in range(size)]
        if name == "output.bias":
            values[1] -= 2  # not too many short texts
        begin = len(data)
        data += struct.pack(f"<{size}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    with open(os.path.join(folder, "writer.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)
    with open(os.path.join(folder, "writer.yaml"), "w", encoding="utf-8") as file:
        file.write(MODEL + "".join(f"  {setting}\n" for setting in settings) + STEP)


if __name__ == "__main__":
    main()
