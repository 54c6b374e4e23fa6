"""Inputs of a call and folders of tests that are not what they claim."""

import io
import json
import struct
import zipfile

import numpy

from case import BAD, DIFFERS, DONE, ENVIRONMENT, EXTREMES, HUGE, UNSUPPORTED, Case, kind, npy, npy_bytes, spoil
from onnx_writer import FLOAT, INT64, graph, model, node, tensor, value

MODEL = model(graph([node("Gather", ["x", "i"], ["y"], axis=0)],
                    [value("x", FLOAT, ["n", 2]), value("i", INT64, ["m"])],
                    [value("y", FLOAT, ["m", 2])]))
GOOD = numpy.arange(6, dtype=numpy.float32).reshape(3, 2)


def _archive(random, content):
    """An .npz with `content` as its x, whose records may lie."""
    file = io.BytesIO()
    method = random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    with zipfile.ZipFile(file, "w") as out:
        # A name alone would bring the time of day into the bytes.
        out.writestr(zipfile.ZipInfo("x.npy"), content, method)
        if random.random() < 0.2:
            out.writestr(zipfile.ZipInfo("x.npy/"), b"")
    archive = bytearray(file.getvalue())
    central = archive.rfind(b"PK\x01\x02")
    if random.random() < 0.7:
        # Sizes and place as the central directory claims them.
        at = central + random.choice([20, 24, 42])
        archive[at:at + 4] = struct.pack("<I", random.choice(EXTREMES) % (1 << 32))
    return bytes(archive)


def _claims(random):
    shape = [random.choice(EXTREMES) for _ in range(random.choice([1, 2, 2, 9, 40]))]
    return npy_bytes(random.choice(["<f4", ">f4", "<f8", "|O", "<U9", "", "<f999999999", "|V4"]), shape,
                     GOOD.tobytes())


@kind
def arrays_that_lie(random):
    """.npy and .npz files whose headers do not fit their data."""
    content = random.choice([npy(GOOD), _claims(random), spoil(random, npy(GOOD)),
                             npy_bytes("<f4", [random.choice(HUGE), 2], GOOD.tobytes())])
    name = "x.npy"
    if random.random() < 0.5:
        name, content = "x.npz", _archive(random, content)
        if random.random() < 0.3:
            content = spoil(random, content)
    return Case({"m.onnx": MODEL, name: content},
                ["run", "m.onnx", "--interpret", "--input", f"x={name}", "--input", "i=0,1"],
                {DONE, BAD, UNSUPPORTED, ENVIRONMENT})


@kind
def values_that_lie(random):
    """Literals, .json, .txt and .pb files that hold no such tensor."""
    literal = random.choice(["", "1,2,", "[[1,2],[3]]", "[" * 5000, "1e999", "nan", "0x10", "[]", "true",
                             "random:", "random:1x" + str(1 << 62), "random:0x2", "random:3x2:x",
                             f"random:{random.choice(HUGE)}", "random:-1x2", "{}", "@x", "x.none"])
    form = random.randrange(4)
    files, word = {"m.onnx": MODEL}, literal
    if form == 1:
        files["x.json"] = random.choice([literal.encode(), b"[" * 100000, b'{"a": 1}', b"[1, 2",
                                         json.dumps(GOOD.tolist()).encode(), b"\xff\xfe"])
        word = "x.json"
    elif form == 2:
        files["x.txt"] = random.choice([literal.encode(), b"\x00" * 50, b"1 2 3", b"\n" * 10000])
        word = "x.txt"
    elif form == 3:
        files["x.pb"] = random.choice([spoil(random, tensor(GOOD, "x")), tensor(GOOD.astype("f8")),
                                       b"", b"\x08" + b"\xff" * 9 + b"\x01\x10\x01"])
        word = "x.pb"
    indices = random.choice(["0,1", "5", "-4", str(1 << 62), "[]"])
    return Case(files, ["run", "m.onnx", "--interpret", "--input", f"x={word}", "--input",
                        f"i={indices}"], {DONE, BAD, UNSUPPORTED, ENVIRONMENT})


@kind
def folders_of_tests(random):
    """cases.json with missing, wrong or nested parts."""
    good = {"model": "m.onnx", "cases": [{"kind": "single", "inputs": {"x": "x.npy", "i": "i.npy"},
                                          "expected": {"y": "x.npy"}}]}
    form = random.randrange(5)
    if form == 0:
        content = json.dumps(good).encode()
        content = spoil(random, content)
    elif form == 1:
        content = b'{"a":' * random.choice([100, 100000])
    elif form == 2:
        case = good["cases"][0]
        case[random.choice(sorted(case))] = random.choice([None, [], {}, 5, "x", {"x": 5}, {"": ""}])
        content = json.dumps(good).encode()
    elif form == 3:
        good["model"] = random.choice(["", "none.onnx", "..", "/dev/null", "x.npy", 5, None])
        content = json.dumps(good).encode()
    else:
        case = good["cases"][0]
        case.update(kind="sequence", steps=random.choice(EXTREMES + ["3", None, 2.5]),
                    per_step_inputs={"x": "x.npy"}, carry_output_to_input={"y": "q"})
        content = json.dumps(good).encode()
    return Case({"m.onnx": MODEL, "cases.json": content, "x.npy": npy(GOOD),
                 "i.npy": npy(numpy.arange(3))}, ["test", "."], {DONE, DIFFERS, BAD})
