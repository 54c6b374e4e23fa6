"""Descriptions with keys, values and structure changed, beside weights of a type of their own."""

import json
import struct

import numpy

from case import BAD, DONE, EXTREMES, UNSUPPORTED, Case, kind, spoil

LISTENER = """
vocabularies:
  words: {tokens: ["<pad>", "<unk>", red, green], unknown: "<unk>", unit: word}
inputs:
  ids: {vocabulary: words, lengths: lengths}
layers:
  embedding: {kind: embedding, size: 3}
  encoder: {kind: gru, size: 2, direction: bidirectional}
  pooled: {kind: pool, mode: mean}
  output: {kind: linear, size: 2}
  mood: {kind: label, labels: [sad, glad]}
outputs: {logits: output, mood: mood}
"""
SPEAKER = """
inputs:
  ids: {size: 5, lengths: lengths}
layers:
  source: {kind: embedding, size: 3}
  encoder: {kind: lstm, size: 2}
generate:
  size: 4
  start: 1
  end: 2
  max_length: 6
  step:
    target: {kind: embedding, size: 3}
    attend: {kind: attention, score: dot, query: decoder.previous, key: encoder}
    decoder: {kind: lstm, input: [target, attend], size: 2, initial: encoder}
    output: {kind: linear, input: [decoder, attend], size: 4}
"""
CELL = """
inputs:
  x: {dims: [batch, time, 3]}
cells:
  gated:
    states: {h: 2}
    equations:
      - z = sigmoid(Wz [x; h] + bz)
      - h = z * h + (1 - z) * tanh(Wh [x; h])
layers:
  run: {kind: gated}
outputs: {y: run}
"""


def _gates(count, size, features, suffix, name):
    return {f"{name}.weight_ih_l0{suffix}": (count * size, features),
            f"{name}.weight_hh_l0{suffix}": (count * size, size),
            f"{name}.bias_ih_l0{suffix}": (count * size,),
            f"{name}.bias_hh_l0{suffix}": (count * size,)}


MODELS = [
    (LISTENER, {"embedding.weight": (4, 3), **_gates(3, 2, 3, "", "encoder"),
                **_gates(3, 2, 3, "_reverse", "encoder"), "output.weight": (2, 4),
                "output.bias": (2,)}, ["red green"]),
    (SPEAKER, {"source.weight": (5, 3), **_gates(4, 2, 3, "", "encoder"), "target.weight": (4, 3),
               **_gates(4, 2, 5, "", "decoder"), "output.weight": (4, 4), "output.bias": (4,)},
     ["--input", "ids=1,2,3"]),
    (CELL, {"run.Wz": (2, 5), "run.bz": (2,), "run.Wh": (2, 5)}, ["--input", "x=random:1x3x3"]),
]
VALUES = ["", "null", "true", "[]", "{}", "[[[[]]]]", "-1", "0", "1e308", "nan", ".inf", "\"\"", "'",
          "&a *a", "!!python/object x", "\t", "kind", "encoder.last_h", "ids.length", "../x", "é" * 50,
          "{kind: {kind: {kind: kind}}}", "0x7fffffffffffffff", "1_000", "x: y: z", "| \n  text"]


def safetensors(header, data):
    """The bytes of a file with this header (text or a mapping)."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def weights(shapes, number=0.1):
    """A sound file, its header and its data."""
    header, data = {}, b""
    for name, shape in shapes.items():
        content = numpy.full(shape, number, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(shape),
                        "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    return header, data


def _change(random, text):
    lines = text.split("\n")
    at = random.randrange(len(lines))
    action = random.randrange(7)
    if action == 0:
        del lines[at]
    elif action == 1:
        lines.insert(at, lines[random.randrange(len(lines))])
    elif action == 2 and ":" in lines[at]:
        lines[at] = lines[at].split(":")[0] + ": " + random.choice(VALUES)
    elif action == 3:
        words = lines[at].split(" ")
        words[random.randrange(len(words))] = random.choice(VALUES + [str(e) for e in EXTREMES])
        lines[at] = " ".join(words)
    elif action == 4:
        lines[at] = " " * random.randint(0, 9) + lines[at].lstrip()
    elif action == 5:
        digits = [i for i, c in enumerate(lines[at]) if c.isdigit()]
        if digits:
            i = random.choice(digits)
            lines[at] = lines[at][:i] + str(random.choice(EXTREMES)) + lines[at][i + 1:]
    else:
        lines[at] = lines[at].replace("size", random.choice(["sise", "Size", "size size", "?"]))
    return "\n".join(lines)


@kind
def descriptions_changed(random):
    """Keys, values, numbers and indentation of a description changed."""
    text, shapes, call = random.choice(MODELS)
    for _ in range(random.choice([0, 1, 1, 2, 4])):
        text = _change(random, text)
    content = text.encode()
    if random.random() < 0.15:
        content = spoil(random, content)
    command = random.choice([["run", "m.yaml", *call], ["run", "m.yaml", "--interpret", *call],
                             ["inspect", "m.yaml"], ["compile", "m.yaml", "-o", "m.so"]])
    return Case({"m.yaml": content, "m.safetensors": safetensors(*weights(shapes))}, command,
                {DONE, BAD, UNSUPPORTED})


@kind
def descriptions_nested(random):
    """Nesting, aliases and lengths that a parser must bound."""
    form = random.randrange(4)
    depth = random.choice([50, 1000, 100000])
    if form == 0:
        text = "layers: " + "[" * depth
    elif form == 1:
        text = "\n".join(" " * i + "a:" for i in range(min(depth, 3000)))
    elif form == 2:
        text = "a: &a [x]\n" + "\n".join(f"b{i}: &b{i} [*a, *a]" for i in range(100))
    else:
        text = "inputs: {x: {dims: [batch, " + "9" * depth + "]}}\noutputs: {y: x}"
    return Case({"m.yaml": text.encode()}, ["inspect", "m.yaml"],
                {UNSUPPORTED} if form == 2 else {BAD})


@kind
def weights_changed(random):
    """Headers of weights that lie about shapes, types, places or themselves."""
    text, shapes, call = random.choice(MODELS)
    header, data = weights(shapes)
    name = random.choice(sorted(header))
    entry, fault = header[name], random.randrange(8)
    if fault == 0:
        entry["shape"] = [random.choice(EXTREMES) for _ in entry["shape"]]
    elif fault == 1:
        entry["data_offsets"][random.randrange(2)] = random.choice(EXTREMES)
    elif fault == 2:
        entry["dtype"] = random.choice(["F64", "I64", "F128", "", "f32", None, 3])
    elif fault == 3:
        header[name] = random.choice([None, [], "text", 5, {}])
    elif fault == 4:
        del header[name]
    elif fault == 5:
        data = data[:-random.randint(1, len(data))]
    else:
        content = safetensors(header, data)
        if fault == 6:
            content = struct.pack("<Q", random.choice(EXTREMES) % (1 << 64)) + content[8:]
        else:
            depth = random.choice([100, 100000])
            content = safetensors(b'{"a":' * depth + b"1" + b"}" * depth, b"")
        return Case({"m.yaml": text.encode(), "m.safetensors": content}, ["run", "m.yaml", *call],
                    {BAD})
    # A shape may stay what it was, and a file may hold more than is read.
    return Case({"m.yaml": text.encode(), "m.safetensors": safetensors(header, data)},
                ["run", "m.yaml", *call], {DONE, BAD} if fault == 0 else {BAD})


@kind
def searches_without_numbers(random):
    """Weights of NaN and infinity make logits that no search can follow."""
    text, shapes, call = MODELS[1]
    number = random.choice([float("nan"), float("inf"), float("-inf")])
    command = ["run", "m.yaml", *call]
    if random.random() < 0.5:
        command.append(f"--beam={random.choice([1, 2, 3])}")
    if random.random() < 0.5:
        command.append("--interpret")
    return Case({"m.yaml": text.encode(), "m.safetensors": safetensors(*weights(shapes, number))},
                command, {BAD})
