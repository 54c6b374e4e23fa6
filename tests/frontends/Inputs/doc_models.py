"""Imports the complete models in a document, with weights of zeros.

  doc_models.py FILE.md FOLDER    prints one line for each model; ends with 1 when one is wrong

A model is a yaml block with inputs, and outputs or generate, that names no ONNX files. Which weights
it needs, the importer says: they are added until it asks for no more.
"""

import json
import os
import re
import struct
import subprocess
import sys

BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.M | re.S)
MISSING = re.compile(r"weight '([^']+)' is not in .*?; required are floats of shape \[([\d, ]*)\]")


def write_weights(path, shapes):
    header, offset = {}, 0
    for name, shape in shapes.items():
        size = 4
        for extent in shape:
            size *= extent
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + bytes(offset))


def check(text, folder):
    """The verdict on one model: None, or the importer's complaint."""
    os.makedirs(folder, exist_ok=True)
    model = os.path.join(folder, "model.yaml")
    with open(model, "w", encoding="utf-8") as file:
        file.write(text)
    with open(os.path.join(folder, "words.txt"), "w", encoding="utf-8") as file:
        file.write("<unk>\nthe\ncat\n")
    shapes = {}
    for _ in range(3):
        write_weights(os.path.join(folder, "model.safetensors"), shapes)
        result = subprocess.run(
            ["seqc", "compile", model, "-o", os.path.join(folder, "model.mlir"),
             "--stop-after=import"], capture_output=True, text=True, check=False)
        if result.returncode == 0:
            return None
        missing = MISSING.findall(result.stderr)
        if not missing:
            break
        for name, shape in missing:
            shapes[name] = [int(extent) for extent in shape.split(",") if extent.strip()]
    return result.stderr


def main():
    document, folder = sys.argv[1:]
    with open(document, encoding="utf-8") as file:
        text = file.read()
    wrong = 0
    for block in BLOCK.finditer(text):
        model = block.group(1)
        line = text.count("\n", 0, block.start()) + 1
        complete = re.search(r"^inputs:", model, re.M) and re.search(
            r"^(outputs|generate):", model, re.M) and "onnx:" not in model
        if not complete:
            print(f"part {os.path.basename(document)}:{line}")
            continue
        complaint = check(model, os.path.join(folder, str(line)))
        print(f"{'wrong' if complaint else 'good'} {os.path.basename(document)}:{line}")
        if complaint:
            print(complaint)
            wrong = 1
    sys.exit(wrong)


if __name__ == "__main__":
    main()
