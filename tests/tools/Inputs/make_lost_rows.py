"""Writes searches whose logits depend on the text: make_lost_rows.py DIR

A text of `a` is answered; with `n` a logit is NaN, with `i` infinite, with `d` all are -inf.
`greedy.yaml`, `beam.yaml`, `sample.yaml` and `ids.yaml` (ids in, ids out) are descriptions with
layers, `transducer.yaml` stands around an ONNX graph.
"""

import json
import os
import struct
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "support"))

from onnx_writer import FLOAT, INT64, graph, model, node, value  # noqa: E402

FOLDER = sys.argv[1]
NAN, INF = float("nan"), float("inf")
# What padding and letters add to the logits of </s>, x and y.
ADDED = np.array([[0, 0, 0], [0, 0, 0], [0, 0, NAN], [0, INF, 0], [-INF, -INF, -INF]], np.float32)
# After </s>, which starts, comes x, after x comes y, after y the end.
FOLLOW = np.array([[0, 3, 1], [0, 1, 3], [3, 1, 0]], np.float32)
HEAD = """name: lost
vocabularies:
  letters: {tokens: ["<pad>", a, n, i, d]}
  written: {tokens: ["</s>", x, y], end: "</s>"}
inputs:
"""
SEARCH = """layers:
  source: {kind: embedding, input: ids, size: 3}
  added: {kind: pool, mode: last, input: source}
generate:
  %s
  start: %s
  max_length: 5
%s  step:
    follow: {kind: embedding, input: token, size: 3}
    sum: {kind: equation, value: "follow + added"}
  logits: sum
"""


def write(name, text):
    with open(os.path.join(FOLDER, name), "w", encoding="utf-8") as file:
        file.write(text)


def main():
    os.makedirs(FOLDER, exist_ok=True)
    header, data = {}, b""
    for name, array in (("source.weight", ADDED), ("follow.weight", FOLLOW)):
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    settings = {"greedy": "", "beam": "  beam: 3\n  n_best: 2\n",
                "sample": "  search: sample\n  temperature: 0.01\n", "ids": ""}
    for name, lines in settings.items():
        with open(os.path.join(FOLDER, name + ".safetensors"), "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + data)
        isText = name != "ids"
        take = "vocabulary: letters" if isText else "size: 5"
        give = "vocabulary: written" if isText else "size: 3\n  end: 0"
        write(name + ".yaml", HEAD + f"  ids: {{{take}, lengths: lengths}}\n"
              + SEARCH % (give, '"</s>"' if isText else "0", lines))
    # The table of a letter, the row of a token. After </s> comes x, else </s>, the blank.
    step = np.array([[0, 3, 0], [3, 0, 0], [3, 0, 0]], np.float32)
    table = np.stack([step + row for row in ADDED])
    nodes = [node("Gather", ["src", "t"], ["letter"], axis=1), node("Squeeze", ["letter"], ["one"]),
             node("Gather", ["table", "one"], ["rows"]), node("Squeeze", ["token"], ["last"]),
             node("Gather", ["rows", "last"], ["z"]), node("Unsqueeze", ["z", "zero"], ["logits"])]
    with open(os.path.join(FOLDER, "step.onnx"), "wb") as file:
        file.write(model(graph(
            nodes, [value("src", INT64, [1, "n"]), value("token", INT64, [1]),
                    value("t", INT64, [1])], [value("logits", FLOAT, [1, 3])],
            {"table": table, "zero": np.array([0], np.int64)})))
    write("transducer.yaml", HEAD + """  ids: {vocabulary: letters}
generate:
  vocabulary: written
  search: transducer
  blank: "</s>"
  max_length: 5
  logits: step.logits
  step:
    step: {onnx: step.onnx, inputs: {src: ids, token: token, t: time}}
""")


if __name__ == "__main__":
    main()
