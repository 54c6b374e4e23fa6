"""Searches around ONNX graphs: one small encoder-decoder written as exporters write it, once as a
graph that is called with the whole prefix, once as decoder and decoder with past; a transducer with
a predictor that keeps a state; a recurrent decoder. Texts that the compiled descriptions write are
compared with loops in numpy (float64).

usage: onnx_search.py FOLDER [models]      with `models`, only writes them
"""

import os
import subprocess
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "support"))
sys.path.insert(0, os.path.join(HERE, "..", "..", "models"))

from onnx_writer import FLOAT, INT64, STRING, graph, model, node, value  # noqa: E402
from reference import beam, greedy  # noqa: E402

FOLDER = sys.argv[1]
SOURCE, TARGET, SIZE = "-abcdef", "uvwxyz", 8
SOURCES = len(SOURCE)
TOKENS = len(TARGET) + 2  # <s> and </s> first
NAMES = ["<s>", "</s>"] + list(TARGET)
START, END, MOST = 0, 1, 9
TEXTS = ["a", "fed", "abcabc", "deadbeef", "cafe", "bbbbbbbbbbbbb"]
random = np.random.default_rng(49)
W = {name: (random.standard_normal(shape) * scale).astype(np.float32) for name, shape, scale in (
    ("source", (SOURCES, SIZE), 1.5), ("target", (TOKENS, SIZE), 1.5), ("wk", (SIZE, SIZE), 0.5),
    ("wv", (SIZE, SIZE), 0.7), ("wq", (SIZE, SIZE), 0.5), ("wc", (SIZE, SIZE), 0.6),
    ("wek", (SIZE, SIZE), 0.8), ("wo", (SIZE, TOKENS), 1.6), ("position", (32, SIZE), 0.9))}


def save(name, nodes, inputs, outputs, weights, extra=None):
    """Writes a model; constants of shape arithmetic come with every one."""
    initializers = {key: W[key] for key in weights}
    initializers.update(extra or {})
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(model(graph(nodes, inputs, outputs, initializers)))


def write(name, text):
    with open(os.path.join(FOLDER, name), "w", encoding="utf-8") as file:
        file.write(text)


# --- Encoder-decoder ---------------------------------------------------------------


def embed(table, ids, positions, name):
    """Token and position embeddings; `positions` is a 1-D value."""
    return [node("Gather", [table, ids], [name + "_t"]),
            node("Gather", ["position", positions], [name + "_p"]),
            node("Add", [name + "_t", name + "_p"], [name])]


def attend(query, keys, values, name, mask=None):
    nodes = [node("Transpose", [keys], [name + "_kt"], perm=[0, 2, 1]),
             node("MatMul", [query, name + "_kt"], [name + "_raw"])]
    scores = name + "_raw"
    if mask:
        nodes.append(node("Add", [scores, mask], [name + "_masked"]))
        scores = name + "_masked"
    return nodes + [node("Softmax", [scores], [name + "_w"], axis=-1),
                    node("MatMul", [name + "_w", values], [name])]


def counted(ids, begin, name):
    """0-D numbers `name`_n, the length of ids, and 1-D positions begin, begin + 1, ..."""
    nodes = [node("Shape", [ids], [name + "_s"]),
             node("Gather", [name + "_s", "one"], [name + "_n"], axis=0)]
    if begin == "zero":
        return nodes + [node("Range", ["zero", name + "_n", "one"], [name])]
    return nodes + [node("Add", [begin, name + "_n"], [name + "_e"]),
                    node("Range", [begin, name + "_e", "one"], [name])]


NUMBERS = {"zero": np.int64(0), "one": np.int64(1), "lowest": np.float32(-1e9),
           "nothing": np.float32(0), "first": np.array([1], np.int64)}


def write_encoder():
    # The mask hides nothing in a batch of one; the graph uses it all the same.
    nodes = counted("ids", "zero", "at") + embed("source", "ids", "at", "x") + [
        node("Tanh", ["x"], ["t"]),
        node("Cast", ["mask"], ["f"], to=FLOAT),
        node("Unsqueeze", ["f", "last"], ["f3"]),
        node("Mul", ["t", "f3"], ["hidden"])]
    save("encoder.onnx", nodes,
         [value("ids", INT64, ["batch", "source"]), value("mask", INT64, ["batch", "source"])],
         [value("hidden", FLOAT, ["batch", "source", SIZE])], ["source", "position"],
         {**NUMBERS, "last": np.array([-1], np.int64)})


def decoder_core(keys, values):
    """From x, q, k, v to logits; names of what self-attention sees."""
    return attend("q", keys, values, "own", "causal" if keys == "k" else None) + [
        node("Add", ["x", "own"], ["h"]),
        node("MatMul", ["h", "wc"], ["qc"]),
        *attend("qc", "ek", "hidden", "cross"),
        node("Add", ["h", "cross"], ["sum"]),
        node("Tanh", ["sum"], ["act"]),
        node("MatMul", ["act", "wo"], ["logits"])]


PROJECTIONS = [node("MatMul", ["x", "wq"], ["q"]), node("MatMul", ["x", "wk"], ["k"]),
               node("MatMul", ["x", "wv"], ["v"])]
CAUSAL = [node("Unsqueeze", ["at", "zeros"], ["row"]), node("Unsqueeze", ["at", "ones"], ["column"]),
          node("Greater", ["row", "column"], ["later"]),
          node("Where", ["later", "lowest", "nothing"], ["causal"])]
DECODER_WEIGHTS = ["target", "position", "wk", "wv", "wq", "wc", "wo"]
AXES = {"zeros": np.array([0], np.int64), "ones": np.array([1], np.int64)}


def write_decoders():
    tokens = value("tokens", INT64, ["batch", "n"])
    hidden = value("hidden", FLOAT, ["batch", "source", SIZE])
    logits = value("logits", FLOAT, ["batch", "n", TOKENS])
    whole = (counted("tokens", "zero", "at") + embed("target", "tokens", "at", "x") + PROJECTIONS
             + CAUSAL + [node("MatMul", ["hidden", "wek"], ["ek"])])
    save("prefix.onnx", whole + decoder_core("k", "v"), [tokens, hidden], [logits],
         DECODER_WEIGHTS + ["wek"], {**NUMBERS, **AXES})
    cache = lambda name, extent: value(name, FLOAT, ["batch", extent, SIZE])
    # As exporters write them: the first decoder gives all caches, later ones their own.
    save("first.onnx",
         whole + decoder_core("k", "v") + [node("Identity", ["k"], ["present.0.key"]),
                                           node("Identity", ["v"], ["present.0.value"]),
                                           node("Identity", ["ek"], ["present.0.encoder"])],
         [tokens, hidden],
         [logits, cache("present.0.key", "n"), cache("present.0.value", "n"),
          cache("present.0.encoder", "source")], DECODER_WEIGHTS + ["wek"], {**NUMBERS, **AXES})
    later = [node("Shape", ["past.0.key"], ["past_s"]),
             node("Gather", ["past_s", "one"], ["past_n"], axis=0)]
    later += counted("tokens", "past_n", "at") + embed("target", "tokens", "at", "x") + PROJECTIONS
    later += [node("Concat", ["past.0.key", "k"], ["present.0.key"], axis=1),
              node("Concat", ["past.0.value", "v"], ["present.0.value"], axis=1),
              node("Identity", ["past.0.encoder"], ["ek"])]
    save("past.onnx", later + decoder_core("present.0.key", "present.0.value"),
         [tokens, hidden, cache("past.0.key", "past"), cache("past.0.value", "past"),
          cache("past.0.encoder", "source")],
         [logits, cache("present.0.key", "all"), cache("present.0.value", "all")],
         DECODER_WEIGHTS, NUMBERS)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def make_decoder(text):
    """`step(token, prefix) -> logits, prefix, None` in float64."""
    w = {key: array.astype(np.float64) for key, array in W.items()}
    ids = [SOURCE.index(c) for c in text]
    hidden = np.tanh(w["source"][ids] + w["position"][:len(ids)])

    def step(token, prefix):
        prefix = prefix + [token]
        x = w["target"][prefix] + w["position"][:len(prefix)]
        q, k, v = x[-1] @ w["wq"], x @ w["wk"], x @ w["wv"]
        h = x[-1] + softmax(q @ k.T) @ v
        cross = softmax(h @ w["wc"] @ (hidden @ w["wek"]).T) @ hidden
        return np.tanh(h + cross) @ w["wo"], prefix, None

    return step


# --- A decoder with a state, a transducer -------------------------------------------------


def write_recurrent():
    # The state lies as PyTorch's, the batch in the middle.
    nodes = [node("Squeeze", ["tokens", "ones"], ["id"]), node("Gather", ["target", "id"], ["x"]),
             node("Squeeze", ["h", "zeros"], ["old"]), node("MatMul", ["old", "wk"], ["r"]),
             node("ReduceMean", ["hidden", "ones"], ["mean"], keepdims=0),
             node("Sum", ["x", "r", "mean"], ["s"]), node("Tanh", ["s"], ["new"]),
             node("Unsqueeze", ["new", "zeros"], ["h_out"]), node("MatMul", ["new", "wo"], ["logits"])]
    save("recurrent.onnx", nodes,
         [value("tokens", INT64, ["batch", 1]), value("h", FLOAT, [1, "batch", SIZE]),
          value("hidden", FLOAT, ["batch", "source", SIZE])],
         [value("logits", FLOAT, ["batch", TOKENS]), value("h_out", FLOAT, [1, "batch", SIZE])],
         ["target", "wk", "wo"], AXES)


def make_recurrent(text):
    w = {key: array.astype(np.float64) for key, array in W.items()}
    ids = [SOURCE.index(c) for c in text]
    mean = np.tanh(w["source"][ids] + w["position"][:len(ids)]).mean(0)

    def step(token, state):
        state = np.tanh(w["target"][token] + state @ w["wk"] + mean)
        return state @ w["wo"], state, None

    return step


# Makes blanks likely enough.
BIAS = np.eye(TOKENS, dtype=np.float32)[START] * 2


def write_transducer():
    save("predictor.onnx",
         [node("Squeeze", ["tokens", "ones"], ["id"]), node("Gather", ["target", "id"], ["x"]),
          node("MatMul", ["h", "wk"], ["r"]), node("Add", ["x", "r"], ["s"]),
          node("Tanh", ["s"], ["h_out"])],
         [value("tokens", INT64, ["batch", 1]), value("h", FLOAT, ["batch", SIZE])],
         [value("h_out", FLOAT, ["batch", SIZE])], ["target", "wk"], AXES)
    save("joiner.onnx",
         [node("Add", ["frame", "predicted"], ["s"]), node("Tanh", ["s"], ["t"]),
          node("MatMul", ["t", "wo"], ["m"]), node("Add", ["m", "bias"], ["logits"])],
         [value("frame", FLOAT, ["batch", SIZE]), value("predicted", FLOAT, ["batch", SIZE])],
         [value("logits", FLOAT, ["batch", TOKENS])], ["wo"], {"bias": BIAS})


def write_pattern():
    """A graph with a GELU in primitive nodes."""
    save("gelu.onnx",
         [node("Gather", ["target", "tokens"], ["x"]), node("Div", ["x", "root"], ["d"]),
          node("Erf", ["d"], ["e"]), node("Add", ["e", "unit"], ["a"]),
          node("Mul", ["x", "a"], ["p"]), node("Mul", ["p", "half"], ["g"]),
          node("MatMul", ["g", "wo"], ["logits"])],
         [value("tokens", INT64, ["batch", "n"])], [value("logits", FLOAT, ["batch", "n", TOKENS])],
         ["target", "wo"], {"root": np.float32(2 ** 0.5), "unit": np.float32(1),
                            "half": np.float32(0.5)})
    write("gelu.yaml", """inputs:
  text: {size: 7}
generate:
  size: 8
  start: 0
  max_length: 9
  logits: g.logits
  step: {g: {onnx: gelu.onnx, inputs: {tokens: token}}}
""")


def write_faults():
    """What descriptions can go wrong with: inputs and outputs that take no state, a graph that
    cannot be built."""
    kept = (("wide", FLOAT, ["batch", "rows", "columns"]), ("narrow", FLOAT, ["batch", "past", 4]),
            ("words", STRING, ["batch", "n"]))
    save("faults.onnx",
         [node("Identity", [name], [name + "_out"]) for name, _, _ in kept]
         + [node("Gather", ["target", "tokens"], ["logits"])],
         [value("tokens", INT64, ["batch", "n"]), *(value(*entry) for entry in kept)],
         [value("logits", FLOAT, ["batch", "n", SIZE])]
         + [value(name + "_out", *rest) for name, *rest in kept], ["target"])
    save("unknown.onnx", [node("Frobnicate", ["tokens"], ["logits"])],
         [value("tokens", INT64, ["batch", "n"])], [value("logits", FLOAT, ["batch", TOKENS])], [])


def transduce(text):
    """The loop as every transducer's host runs it; the blank is <s>."""
    w = {key: array.astype(np.float64) for key, array in W.items()}
    ids = [SOURCE.index(c) for c in text]
    hidden = np.tanh(w["source"][ids] + w["position"][:len(ids)])
    tokens, time, state, token = [], 0, np.zeros(SIZE), START
    while time < len(ids) and len(tokens) < MOST:
        new = np.tanh(w["target"][token] + state @ w["wk"])
        best = int(np.argmax(np.tanh(hidden[time] + new) @ w["wo"] + BIAS))
        if best == START:
            time += 1
        else:
            tokens.append(best)
            state, token = new, best
    return tokens


# --- Descriptions ---------------------------------------------------------------

HEAD = f"""vocabularies:
  read: {{characters: "{SOURCE}"}}
  written: {{tokens: [<s>, </s>], characters: {TARGET}, start: <s>, end: </s>}}
inputs:
  text: {{vocabulary: read}}
graphs:
  encoder: {{onnx: encoder.onnx, inputs: {{ids: text, mask: text.mask}}}}
"""

STEPS = {
    "prefix": """  step:
    decoder: {onnx: prefix.onnx, inputs: {tokens: prefix, hidden: encoder.hidden}}
  logits: decoder.logits
""",
    "past": """  first_logits: first.logits
  step:
    decoder:
      onnx: past.onnx
      inputs: {tokens: token, hidden: encoder.hidden, "past.*.encoder": "first.present.*.encoder"}
      caches:
        "present.*.key": {input: "past.*.key", initial: "first.present.*.key"}
        "present.*.value": {input: "past.*.value", initial: "first.present.*.value", axis: 1}
  logits: decoder.logits
""",
    "empty": """  step:
    decoder:
      onnx: past.onnx
      inputs: {tokens: token, hidden: encoder.hidden, past.0.encoder: first.present.0.encoder}
      caches: {"present.*": "past.*"}
  logits: decoder.logits
""",
    "recurrent": """  step:
    decoder:
      onnx: recurrent.onnx
      inputs: {tokens: token, hidden: encoder.hidden}
      states: {h_out: h}
  logits: decoder.logits
""",
}
FIRST = "  first: {onnx: first.onnx, inputs: {tokens: start, hidden: encoder.hidden}}\n"


def describe(step, search):
    return (HEAD + (FIRST if step in ("past", "empty") else "")
            + f"generate:\n  vocabulary: written\n  max_length: {MOST}\n" + search + STEPS[step])


def spell(tokens):
    return "".join(TARGET[t - 2] for t in tokens if t > END)


def check(name, description, want, options=()):
    """Compares lines that the description writes for the texts, interpreted and compiled."""
    write(name + ".yaml", description)
    path = os.path.join(FOLDER, name + ".yaml")
    for more in ([], ["--interpret"]):
        got = subprocess.run(["seqc", "run", path, "--quiet", *more, *options], text=True,
                             input="\n".join(TEXTS) + "\n", capture_output=True, check=False)
        if got.returncode or got.stdout.splitlines() != want:
            print(f"{name} {more}: wrote {got.stdout.splitlines()}, wanted {want}\n{got.stderr}")
            sys.exit(1)
    print(f"{name}: {len(want)} lines, {len(set(want))} differ")


def main():
    os.makedirs(FOLDER, exist_ok=True)
    write_encoder()
    write_decoders()
    write_recurrent()
    write_transducer()
    write_pattern()
    write_faults()
    if sys.argv[2:] == ["models"]:
        for step in STEPS:
            write(step + "_greedy.yaml", describe(step, "  search: greedy\n"))
        return
    for step in STEPS:
        make = make_recurrent if step == "recurrent" else make_decoder
        state = np.zeros(SIZE) if step == "recurrent" else []
        want = [spell(greedy(make(text), state, START, END, MOST)[0]) for text in TEXTS]
        check(step + "_greedy", describe(step, "  search: greedy\n"), want)
        check(step + "_sample", describe(step, "  search: sample\n  top_p: 1.0e-6\n"), want)
        found = [beam(make(text), state, START, END, MOST, 3, 2, 0.7) for text in TEXTS]
        check(step + "_beam", describe(step, "  beam: 3\n  n_best: 2\n  length_penalty: 0.7\n"),
              # An empty line stands between texts.
              [line for row in found for line in ["", *(spell(h[0]) for h in row)]][1:],
              ["--n-best", "2"])
    check("transducer", HEAD + f"""generate:
  vocabulary: written
  search: transducer
  blank: <s>
  max_length: {MOST}
  frames: encoder.hidden
  logits: joiner.logits
  step:
    predictor: {{onnx: predictor.onnx, inputs: {{tokens: token}}, states: {{h_out: h}}}}
    joiner:
      onnx: joiner.onnx
      inputs: {{frame: {{at_time: encoder.hidden}}, predicted: predictor.h_out}}
""", ["".join(NAMES[t] for t in transduce(text)) for text in TEXTS])


if __name__ == "__main__":
    main()
