"""Models with weights stored as F16, BF16 and F64: each gives bit for bit the outputs of the same model
with the converted weights stored as F32: stored_weights.py SEQC MODELS FOLDER

MODELS is what tests/models/generate.py wrote."""

import json
import os
import shutil
import struct
import subprocess
import sys

import numpy


def read(path):
    with open(path, "rb") as file:
        content = file.read()
    begin = 8 + struct.unpack("<Q", content[:8])[0]
    tensors = {}
    for name, entry in json.loads(content[8:begin]).items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            tensors[name] = numpy.frombuffer(content[begin + first:begin + last],
                                             "<f4").reshape(entry["shape"])
    return tensors


def write(path, dtype, tensors):
    header, data = {}, b""
    for name, values in tensors.items():
        begin = len(data)
        data += values.tobytes()
        header[name] = {"dtype": dtype, "shape": values.shape, "data_offsets": [begin, len(data)]}
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def store(dtype, values):
    """What a file of the type holds, and the f32 that it stands for."""
    if dtype == "F16":
        # Half of them become subnormal numbers.
        scale = numpy.where(numpy.arange(values.size).reshape(values.shape) % 2, 1, 1e-6)
        stored = (values * scale).astype("<f2")
        return stored, stored.astype("<f4")
    if dtype == "BF16":
        bits = values.view("<u4") & numpy.uint32(0xffff0000)
        return (bits >> 16).astype("<u2"), bits.view("<f4")
    # Not exact in single precision.
    stored = values.astype("<f8") * (1 + 1e-9)
    return stored, stored.astype("<f4")


def outputs(seqc, folder, name, case, options):
    out = os.path.join(folder, "out")
    os.makedirs(out, exist_ok=True)
    command = [seqc, "run", os.path.join(folder, name + ".yaml"), "--quiet", *options]
    for tensor, file in case["inputs"].items():
        command += ["--input", f"{tensor}={os.path.join(folder, file)}"]
    for tensor in case["expected"]:
        command += ["--output", f"{tensor}={os.path.join(out, tensor + '.npy')}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return {tensor: numpy.load(os.path.join(out, tensor + ".npy")) for tensor in case["expected"]}


def main():
    seqc, models, work = sys.argv[1:4]
    same = 0
    for name in "minimal_gated", "gru_self_attention", "lstm_language":
        source = os.path.join(models, name)
        with open(os.path.join(source, "cases.json"), encoding="utf-8") as file:
            case = next(case for case in json.load(file)["cases"] if case["kind"] == "single")
        weights = read(os.path.join(source, name + ".safetensors"))
        for dtype in "F16", "BF16", "F64":
            pairs = {key: store(dtype, values) for key, values in weights.items()}
            results = []
            for kind, part in (dtype, 0), ("F32", 1):
                folder = os.path.join(work, name, dtype, kind)
                shutil.copytree(source, folder)
                write(os.path.join(folder, name + ".safetensors"), kind,
                      {key: pair[part] for key, pair in pairs.items()})
                results.append([outputs(seqc, folder, name, case, options)
                                for options in ([], ["--interpret"])])
            for stored, converted in zip(*results):
                for tensor, values in stored.items():
                    assert values.tobytes() == converted[tensor].tobytes(), (name, dtype, tensor)
                same += 1
    print(same, "agree")


main()
