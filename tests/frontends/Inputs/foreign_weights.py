"""Writes files of weights, safetensors and others, a vocabulary and a graph with a mask: foreign_weights.py FOLDER."""

import io
import json
import os
import struct
import sys
import zipfile

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
from onnx_writer import BOOL, INT64, graph, model, node, value  # noqa: E402

folder = sys.argv[1]


def write(name, content):
    with open(os.path.join(folder, name), "wb") as file:
        file.write(content)


def pack(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, bytes(16))
    return buffer.getvalue()


def lstm(layer, inputs, size):
    return {f"{layer}.weight_ih_l0": (4 * size, inputs), f"{layer}.weight_hh_l0": (4 * size, size),
            f"{layer}.bias_ih_l0": (4 * size,), f"{layer}.bias_hh_l0": (4 * size,)}


shapes = {**lstm("encoder", 2, 3), **lstm("decoder", 2, 3), "table.weight": (2, 2)}
header, data = {}, b""
for name, shape in shapes.items():
    content = numpy.zeros(shape, "float32").tobytes()
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
    data += content
text = json.dumps(header).encode()
write("states.safetensors", struct.pack("<Q", len(text)) + text + data)
array = io.BytesIO()
numpy.save(array, numpy.zeros(3, "float32"))
write("array.npy", array.getvalue())
write("zip.npz", pack("encoder.weight.npy"))
write("archive.pt", pack("archive/data.pkl", "archive/data/0"))
write("pickle.pt", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.")
write("pointer.safetensors", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n")
write("marked.txt", b"\xef\xbb\xbfa\nb\n")
write("masked.onnx", model(graph(
    [node("Identity", ["ids"], ["same"]), node("Identity", ["mask"], ["kept"])],
    [value("ids", INT64, ["batch", "n"]), value("mask", BOOL, ["batch", "n"])],
    [value("same", INT64, ["batch", "n"]), value("kept", BOOL, ["batch", "n"])])))
