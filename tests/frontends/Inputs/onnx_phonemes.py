"""Wraps the models of letters to phonemes, compiles them and compares every word.

usage: onnx_phonemes.py SOURCE FOLDER
"""

import json
import os
import shutil
import subprocess
import sys

SOURCE, FOLDER = sys.argv[1:3]
MODELS = os.path.join(
    os.environ.get("SEQC_CORPUS", os.path.join(SOURCE, "..", "shared", "corpus")), "models")
DESCRIPTION = """vocabularies:
  letters: {{lowercase: true, file: letters.txt}}
  sounds: {{unit: word, file: sounds.txt}}
inputs:
  word: {{vocabulary: letters}}
generate:
  vocabulary: sounds
  search: transducer
  blank: <2>
  max_length: 47
  choice: g2p.pred
  step:
    g2p: {{onnx: {file}, inputs: {{src: word, tgt: prefix, t: time}}}}
"""


def wrap(model, folder, file):
    """Copies a model and writes its description; entries without a text are named by their id."""
    path = os.path.join(folder, file)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    shutil.copy(os.path.join(model, "g2p.onnx"), path)
    with open(os.path.join(model, "tokens.json"), encoding="utf-8") as source:
        tokens = json.load(source)
    for name, key in (("letters", "graphemes"), ("sounds", "phonemes")):
        with open(os.path.join(folder, name + ".txt"), "w", encoding="utf-8") as out:
            out.writelines((text or f"<{i}>") + "\n" for i, text in enumerate(tokens[key]))
    with open(os.path.join(folder, "g2p.yaml"), "w", encoding="utf-8") as out:
        out.write(DESCRIPTION.format(file=file))


def check(name):
    model, folder = os.path.join(MODELS, name), os.path.join(FOLDER, name)
    # One of them lies in a folder below its description.
    wrap(model, folder, "graphs/g2p.onnx" if name == "g2p_german" else "g2p.onnx")
    with open(os.path.join(model, "expected_words.json"), encoding="utf-8") as file:
        words = json.load(file)["words"]
    program = os.path.join(folder, "g2p")
    subprocess.run(["seqc", "compile", os.path.join(folder, "g2p.yaml"), "-o", program, "--quiet"],
                   check=True)
    # The folder may go: the executable is all that is needed.
    shutil.move(program, program + "-alone")
    for entry in ("g2p.yaml", "letters.txt", "sounds.txt"):
        os.remove(os.path.join(folder, entry))
    want = [" ".join(word["expected_phonemes"]) for word in words]
    run = subprocess.run([program + "-alone"], input="\n".join(w["word"] for w in words) + "\n",
                         text=True, capture_output=True, check=True)
    wrong = [(word["word"], a, b) for word, a, b in
             zip(words, run.stdout.splitlines() + [None] * len(words), want) if a != b]
    one = subprocess.run([program + "-alone", words[0]["word"]], text=True, capture_output=True,
                         check=True).stdout
    if wrong or one != want[0] + "\n":
        sys.exit(f"{name}: {len(wrong)} of {len(words)} words are wrong: {wrong[:5]} {one!r}")
    print(f"{name}: {len(words)} words exact")


for candidate in ("g2p_english", "g2p_german"):
    if os.path.exists(os.path.join(MODELS, candidate, "expected_words.json")):
        check(candidate)
    else:
        print(f"{candidate}: not there")
