"""Ten damaged ONNX models of each kind, and what seqc makes of them.

  onnx_damaged.py FOLDER [KIND...]

Each kind has its exit code and a part of its message, which names the file. No process ends by a
signal or takes a gigabyte of memory. Where damage may go unnoticed (a flipped bit in a weight),
0 is a right answer too.
"""

import os
import random
import resource
import subprocess
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
import onnx_writer as w  # noqa: E402

F, I = w.FLOAT, w.INT64
MOST_MEMORY = 1 << 30
KINDS = {}


def kind(codes, *parts):
    def add(function):
        KINDS[function.__name__.replace("_", "-")] = (function, codes, parts)
        return function
    return add


def model(nodes, inputs=None, outputs=None, initializers=None, **more):
    return w.model(w.graph(nodes, inputs or [w.value("x", F, [2, 3])],
                           outputs or [w.value("y", F, [2, 3])], initializers), **more)


def sound(number=0):
    """A model of a product, an addition and shape arithmetic."""
    values = numpy.random.default_rng(number)
    return model(
        [w.node("MatMul", ["x", "m"], ["a"]), w.node("Add", ["a", "b"], ["c"]),
         w.node("Shape", ["x"], ["s"]), w.node("Reshape", ["c", "s"], ["d"]),
         w.node("Softmax", ["d"], ["y"], axis=-1)],
        initializers={"m": values.standard_normal((3, 3)).astype(numpy.float32),
                      "b": values.standard_normal(3).astype(numpy.float32)})


@kind({2}, "error:")
def truncated(number, folder):
    content = sound(number)
    return content[:len(content) * number // 11]


@kind({0, 2, 3}, "error:")
def flipped_bits(number, folder):
    content = bytearray(sound(number))
    bits = random.Random(number)
    for _ in range(1 + number):
        content[bits.randrange(len(content))] ^= 1 << bits.randrange(8)
    return bytes(content)


HUGE = [1 << 62, (1 << 63) - 1, 1 << 40, 1 << 32, 3037000500]


@kind({2, 3, 5}, "error:")
def huge_dimension(number, folder):
    extent = HUGE[number % 5]
    if number < 5:
        dims = b"".join(w._field(1, size) for size in (extent, extent, 4))
        tensor = dims + w._field(2, F) + w._field(8, "w") + w._field(9, bytes(64))
        return model([w.node("Add", ["x", "w"], ["y"])], initializers={"w": tensor})
    return model([w.node("Add", ["x", "x"], ["y"])], [w.value("x", F, [extent, extent, 4])],
                 [w.value("y", F, [extent, extent, 4])])


@kind({2}, "error:", "-")
def negative_dimension(number, folder):
    # Of an initializer; for an input it means that nothing is known.
    extents = [[-1, -2, -(1 << 31), -(1 << 62), -(1 << 63)][number % 5], 3]
    if number >= 5:
        extents.reverse()
    dims = b"".join(w._field(1, extent) for extent in extents)
    tensor = dims + w._field(2, F) + w._field(8, "w") + w._field(9, bytes(12))
    return model([w.node("Add", ["x", "w"], ["y"])], initializers={"w": tensor})


def external(location, offset=0, **more):
    tensor = w.tensor(numpy.ones((2, 3), numpy.float32), "w", external=(location, offset))
    return model([w.node("Add", ["x", "w"], ["y"])], initializers={"w": tensor}, **more)


@kind({2}, "initializer 'w'", "cannot be read")
def missing_file(number, folder):
    return external(["gone", "gone.bin", "folder/gone.bin", "a b", "\u00e9.bin", "x" * 200, "-",
                     "gone.onnx", "con", "~gone"][number])


@kind({2}, "initializer 'w'", "external data")
def path_escape(number, folder):
    outside = os.path.join(folder, "outside")
    os.makedirs(outside, exist_ok=True)
    inside = os.path.join(folder, f"path-escape-{number}")
    os.makedirs(inside, exist_ok=True)
    with open(os.path.join(outside, "data.bin"), "wb") as file:
        file.write(bytes(64))

    def link(target, name):
        if not os.path.islink(os.path.join(inside, name)):
            os.symlink(target, os.path.join(inside, name))
        return name

    location = [
        lambda: os.path.join(outside, "data.bin"),
        lambda: "../outside/data.bin",
        lambda: "./../outside/data.bin",
        lambda: link("../outside/data.bin", "link.bin"),
        lambda: link(outside, "folder") + "/data.bin",
        lambda: link("..", "up") + "/outside/data.bin",
        lambda: "a/../../outside/data.bin",
        lambda: "/etc/passwd",
        lambda: link("chain2", "chain") and link("/etc/passwd", "chain2"),
        lambda: "..",
    ][number]()
    return external(location)


@kind({2}, "a graph has no cycles")
def cyclic_graph(number, folder):
    names = [f"v{k}" for k in range(number + 2)]
    nodes = [w.node("Add", ["x", names[k - 1]], [name], name=f"n{k}")
             for k, name in enumerate(names)]
    return model(nodes, outputs=[w.value(names[-1], F, [2, 3])])


@kind({2, 3}, "error:")
def wrong_type(number, folder):
    add = w.node("Add", ["x", "w"], ["y"])
    array = numpy.ones((2, 3))
    if number < 5:
        dtype = ["int64", "int32", "bool", "uint8", "float64"][number]
        return model([add], initializers={"w": array.astype(dtype)})
    return [
        lambda: model([add], initializers={"w": w.tensor(array, "w", dtype=77)}),
        lambda: model([w.node("Softmax", ["x"], ["y"], axis="last")]),
        lambda: model([w.node("Transpose", ["x"], ["y"], perm=1.5)]),
        lambda: model([w.node("Cast", ["x"], ["y"], to=99)]),
        lambda: model([w.node("Reshape", ["x", "w"], ["y"])],
                      initializers={"w": array.astype(numpy.float32)}),
    ][number - 5]()


@kind({3}, "node 'odd'", "not supported")
def unknown_operator(number, folder):
    names = ["Frobnicate", "add", "Add2", "", "\u00e9", "Add" * 50, "%s%n", "{0}", "Conv\t", "RNN "]
    return model([w.node(names[number], ["x"], ["y"], name="odd")])


@kind({2, 3}, "error:")
def deep_nesting(number, folder):
    depth = [10000, 10000, 5000, 3000, 2000, 1000, 500, 200, 150, 120][number]
    if number == 1:
        # Elements of sequences of sequences.
        inner = b""
        for _ in range(depth):
            inner = w._field(4, w._field(1, inner))
        return model([w.node("Identity", ["x"], ["y"])],
                     [w._field(1, "x") + w._field(2, inner)])
    graph = w.graph([w.node("Identity", ["x"], ["t"])], [], [w.value("t", F, [2, 3])])
    for _ in range(depth):
        branch = w.Graph(graph)
        graph = w.graph([w.node("If", ["c"], ["t"], then_branch=branch)], [],
                        [w.value("t", F, [2, 3])])
    return w.model(w.graph([w.node("If", ["c"], ["y"], then_branch=w.Graph(graph))],
                           [w.value("x", F, [2, 3]), w.value("c", w.BOOL, [])],
                           [w.value("y", F, [2, 3])]))


def limit():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def run(path, out):
    command = ["seqc", "compile", path, "-o", out, "-O0", "--quiet"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                          preexec_fn=limit) as process:
        message = process.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, message, usage.ru_maxrss * 1024


def main():
    folder, chosen = sys.argv[1], sys.argv[2:] or list(KINDS)
    os.makedirs(folder, exist_ok=True)
    wrong = count = 0
    for name in chosen:
        make, codes, parts = KINDS[name]
        for number in range(10):
            inside = os.path.join(folder, f"{name}-{number}")
            os.makedirs(inside, exist_ok=True)
            path = os.path.join(inside, "m.onnx")
            with open(path, "wb") as file:
                file.write(make(number, folder))
            out = os.path.join(inside, "out")
            code, message, memory = run(path, out)
            count += 1
            told = code == 0 or ("m.onnx" in message and all(part in message for part in parts))
            if code not in codes or not told or memory > MOST_MEMORY or (
                    code and os.path.exists(out)):
                wrong += 1
                print(f"{name} {number}: exit code {code}, {memory >> 20} MB: {message[:500]}")
    print(f"{count} damaged models, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
