"""One ONNX node for each input whose rank a converter asks for, with another rank there.

  onnx_rank_faults.py FOLDER    writes the models, imports each and compares exit code and message
"""

import sys

import numpy

import onnx_diagnostics
import onnx_writer as w

F, I32 = w.FLOAT, w.INT32
MICROSOFT = "com.microsoft"

# (operator, domain, opset, the kinds of its inputs in order, attributes, faults); a fault is the number
# of an input, the extents it gets, and the rank that is required then, or the whole message.
NODES = [
    ("EmbedLayerNormalization", MICROSOFT, 21,
     [(I32, ["b", "t"]), (I32, ["b", "t"]), (F, [5, 4]), (F, [6, 4]), (F, [2, 4]), (F, [4]), (F, [4]),
      (I32, ["b", "t"]), (I32, [1, "t"])], {},
     [(0, [3], "2"), (1, ["b"], "2"), (2, [], "2"),
      (3, [], "2"), (4, ["n"], "2"), (5, [3, 4], "1"),
      (6, [], "1"), (7, [], "2"), (8, [2, 1, 3], "2")]),
]


def write(operator, domain, opset, kinds, attributes):
    """A model of one node; an input is left out (None), an initializer (an array), or given."""
    names = ["" if kind is None else f"x{i}" for i, kind in enumerate(kinds)]
    inputs = {name: kind for name, kind in zip(names, kinds) if isinstance(kind, tuple)}
    constants = {name: kind for name, kind in zip(names, kinds) if isinstance(kind, numpy.ndarray)}
    content = onnx_diagnostics.graph([w.node(operator, names, ["y"], name="n", domain=domain, **attributes)],
                                     inputs, constants)
    return w.model(content, opset=opset, **(onnx_diagnostics.MICROSOFT if domain else {}))


def models():
    """(name, exit code, part of the message, model); each node is right before one input changes."""
    for number, (operator, domain, opset, kinds, attributes, faults) in enumerate(NODES):
        yield f"{operator}-{number}", 0, "", write(operator, domain, opset, kinds, attributes)
        for at, extents, part in faults:
            wrong, right = [*kinds], kinds[at]
            wrong[at] = (right[0], extents) if isinstance(right, tuple) else numpy.zeros(extents, right.dtype)
            found = f"input {at} has rank {len(extents)}; required is "
            yield (f"{operator}-{number}-{at}-{len(extents)}", 2, part if " " in part else found + part,
                   write(operator, domain, opset, wrong, attributes))


if __name__ == "__main__":
    sys.exit(onnx_diagnostics.check(models(), sys.argv[1]))
