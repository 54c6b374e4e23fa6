"""One ONNX node for each input whose rank a converter asks for, with another rank there.

  onnx_rank_faults.py FOLDER    writes the models, imports each and compares exit code and message
"""

import copy
import sys

import onnx_diagnostics
import onnx_operators

# (operator, inputs and attributes of a sound node as onnx_operators has them, opset, faults); a fault is the
# number of an input, the extents it gets, and the rank that is required.
MICROSOFT = "com.microsoft."
HEADS, GROUPS = {"num_heads": 2}, {"num_heads": 2, "kv_num_heads": 1}
NODES = [
    (MICROSOFT + "EmbedLayerNormalization", "j2x3 j2x3 f5x4 f6x4 f2x4 f4 f4 j2x3 j1x3", {}, 21,
     [(0, [3], "2"), (1, [2], "2"), (2, [], "2"), (3, [], "2"), (4, [None], "2"), (5, [3, 4], "1"), (6, [], "1"),
      (7, [], "2"), (8, [2, 1, 3], "2")]),
    (MICROSOFT + "SkipLayerNormalization", "f1x2x3 f1x2x3 f3 f3 f3", {}, 21,
     [(0, [], "at least 1"), (2, [1, 3], "1"), (3, [], "1"), (4, [2, 3], "1")]),
    (MICROSOFT + "SkipSimplifiedLayerNormalization", "f1x2x3 f1x2x3 f3 f3", {}, 21,
     [(0, [], "at least 1"), (2, [1, 3], "1"), (3, [2, 3], "1")]),
    ("Attention", "f1x2x3x4 f1x2x5x4 f1x2x5x4 f3x5 f1x2x0x4 f1x2x0x4", {}, 24,
     [(3, [1, 1, 1, 3, 5], "at most 4"), (4, [1], "4"), (5, [], "4")]),
    ("Attention", "f1x2x3x4 f1x2x5x4 f1x2x5x4 - - - i1", {}, 24, [(6, [], "1"), (6, [1, 1], "1")]),
    (MICROSOFT + "Attention", "f2x3x8 f8x24 f24 j2 f2x2x2x0x4 f2x2x3x3", HEADS, 21,
     [(2, [], "1"), (5, [1, 2, 2, 3, 3], "at most 4")]),
    (MICROSOFT + "QAttention", "u2x3x8 s8x24 f24 f. f. j2x3 u. s.", HEADS, 21,
     [(2, [1, 24], "1"), (3, [1, 1], "at most 1"), (4, [1, 24], "at most 1"), (6, [2, 1, 1], "at most 1"),
      (7, [1, 8, 24], "at most 1")]),
    (MICROSOFT + "MultiHeadAttention", "f2x3x8 f2x4x8 f2x4x8 - - f2x2x3x4", HEADS, 21,
     [(5, [1, 2, 2, 3, 4], "at most 4")]),
    (MICROSOFT + "GroupQueryAttention", "f2x1x8 f2x1x4 f2x1x4 f2x1x3x4 f2x1x3x4 j2 j. - - - f2x2x1x3", GROUPS, 21,
     [(5, [], "at least 1"), (10, [1, 1, 1, 1, 3], "at most 4")]),
    (MICROSOFT + "RotaryEmbedding", "f1x3x8 i1x3 f6x2 f6x2", {}, 21,
     [(0, [3, 8], "3 to 4"), (0, [], "3 to 4"), (1, [1, 3, 1], "at most 2")]),
    (MICROSOFT + "MatMulNBits", "f2x16 u3x1x8 f3 - - f3", {"K": 16, "N": 3, "bits": 4, "block_size": 16}, 21,
     [(0, [], "at least 1"), (5, [1, 3], "1")]),
    (MICROSOFT + "DynamicQuantizeMatMul", "f2x3 s3x4 f4 s4 f4", {}, 21, [(3, [1, 1, 4], "at most 1")]),
    (MICROSOFT + "MatMulIntegerToFloat", "u2x3 s3x4 f. f4 u. s4 f4", {}, 21,
     [(4, [1, 1, 3], "at most 1"), (5, [1, 3, 4], "at most 1")]),
    ("Scan", "i2 f2x4 f2x3x4", onnx_operators.SCAN, 8, [(0, [], "1"), (0, [2, 1], "1")]),
]


def models():
    """(name, exit code, part of the message, model); each node is right before one input changes."""
    for number, (operator, inputs, attributes, opset, faults) in enumerate(NODES):
        form = onnx_operators.Form(operator, inputs, attributes, opset=opset)
        yield f"{form.name}-{number}", 0, "", onnx_operators.write(form, form.inputs)
        for at, extents, required in faults:
            wrong = [*form.inputs]
            wrong[at] = copy.copy(wrong[at])
            wrong[at].shape = extents
            yield (f"{form.name}-{number}-{at}-{len(extents)}", 2,
                   f"input {at} has rank {len(extents)}; required is {required}\n", onnx_operators.write(form, wrong))


if __name__ == "__main__":
    sys.exit(onnx_diagnostics.check(models(), sys.argv[1]))
