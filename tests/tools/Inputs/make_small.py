"""Writes small.yaml and small.safetensors, one linear layer, into a folder: make_small.py DIR.

A second word spoils the model: shape, truncated, header, missing-weight, unknown-key. `wide` gives it 500,000
outputs instead of three, 10 MB of weights.
"""

import json
import os
import struct
import sys

MODEL = """name: small
weights: small.safetensors
inputs:
  x: {dims: [batch, 4]}
layers:
  output: {kind: linear, input: x, size: 3}
outputs: {y: output}
"""


def main():
    folder, spoil = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    os.makedirs(folder, exist_ok=True)
    tensors = {"output.weight": ((3, 4), [0.25 * (i % 5) - 0.5 for i in range(12)]),
               "output.bias": ((3,), [1.0, 2.0, 3.0])}
    if spoil == "wide":
        wide = 500000
        tensors = {"output.weight": ((wide, 4), [0.25] * (4 * wide)),
                   "output.bias": ((wide,), [1.0] * wide)}
    if spoil == "shape":
        tensors["output.weight"] = ((4, 3), tensors["output.weight"][1])
    if spoil == "missing-weight":
        del tensors["output.bias"]
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        begin = len(data)
        data += struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    size = 1 << 40 if spoil == "header" else len(text)
    content = struct.pack("<Q", size) + text + data
    if spoil == "truncated":
        content = content[:-8]
    model = MODEL
    if spoil == "wide":
        model = model.replace("size: 3", "size: 500000")
    if spoil == "unknown-key":
        model = model.replace("size: 3", "sise: 3")
    with open(os.path.join(folder, "small.safetensors"), "wb") as file:
        file.write(content)
    with open(os.path.join(folder, "small.yaml"), "w", encoding="utf-8") as file:
        file.write(model)


main()
