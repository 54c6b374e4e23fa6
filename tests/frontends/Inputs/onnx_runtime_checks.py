"""Calls ONNX models with extents and indices that do not fit, which only the call shows.

  onnx_runtime_checks.py FOLDER [NAME...]    writes models there and runs them, compiled and
                                             interpreted; ends with 1 if one behaves otherwise

Each case holds a model with dynamic extents, one call that is right and calls that are wrong. Wrong
ones end with exit code 2 and a message that names the node, what was found and what is required.
"""

import os
import subprocess
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
import onnx_writer as w  # noqa: E402

F, I = w.FLOAT, w.INT64
CASES = {}


def case(name, operator, inputs, good, bad, outputs=1, constants=None, opset=21, rank=None,
         operands=None, before=(), **attributes):
    """`inputs` are (dtype, shape) of x0, x1, ...; `good` arrays for them, `bad` pairs of arrays
    and a part of the message. `operands` are what the operator takes if that is something else
    than inputs and constants in order, `before` nodes in front of it."""
    CASES[name] = (operator, inputs, good, bad, outputs, constants or {}, opset, rank, operands,
                   before, attributes)


def f(*shape):
    return numpy.arange(numpy.prod(shape, dtype=int), dtype=numpy.float32).reshape(shape)


def i(*numbers):
    return numpy.array(numbers, numpy.int64)


D = None
HUGE = 1 << 33
case("add", "Add", [(F, [D, D]), (F, [D, D])], [f(2, 3), f(1, 3)],
     [([f(2, 3), f(3, 3)], "have extents 3 and 2 in one dimension"),
      ([f(2, 3), f(2, 2)], "have extents 2 and 3 in one dimension")])
case("add-static", "Add", [(F, [D]), (F, [3])], [f(3), f(3)],
     [([f(4), f(3)], "extents"), ([f(0), f(3)], "extents")])
case("where", "Where", [(w.BOOL, [D]), (F, [D]), (F, [D])],
     [numpy.ones(2, bool), f(2), f(2)],
     [([numpy.ones(2, bool), f(3), f(2)], "extents 3 and 2"),
      ([numpy.ones(4, bool), f(2), f(2)], "extents 2 and 4")])
case("matmul", "MatMul", [(F, [D, D]), (F, [D, D])], [f(2, 3), f(3, 4)],
     [([f(2, 3), f(4, 4)], "is 4; required is 3"), ([f(2, 3), f(2, 4)], "is 2; required is 3")])
case("matmul-static", "MatMul", [(F, [D, D]), (F, [8, 4])], [f(2, 8), f(8, 4)],
     [([f(2, 9), f(8, 4)], "; required is "), ([f(2, 7), f(8, 4)], "; required is ")])
case("matmul-batch", "MatMul", [(F, [D, D, D]), (F, [D, D, D])], [f(2, 2, 3), f(1, 3, 4)],
     [([f(2, 2, 3), f(3, 3, 4)], "extent"), ([f(2, 2, 3), f(2, 2, 4)], "required is 3")])
case("gemm", "Gemm", [(F, [D, D]), (F, [D, D]), (F, [D])], [f(2, 3), f(3, 4), f(4)],
     [([f(2, 3), f(4, 4), f(4)], "required is"), ([f(2, 3), f(3, 4), f(3)], "extent")])
case("einsum", "Einsum", [(F, [D, D]), (F, [D, D])], [f(2, 3), f(3, 4)],
     [([f(2, 3), f(4, 4)], "")], equation="ij,jk->ik")
case("reshape", "Reshape", [(F, [D, D]), (I, [2])], [f(2, 3), i(3, 2)],
     [([f(2, 3), i(4, 2)], "a tensor of 6 elements cannot be reshaped to one of 8"),
      ([f(2, 3), i(-2, -3)], "its shape has extent -2"),
      ([f(0, 3), i(-5, 0)], "its shape has extent -5"), ([f(0, 3), i(2, -7)], "extent -7"),
      ([f(0, 3), i(-1, -1)], "its shape has -1 twice; required is at most one"),
      ([f(2, 3), i(-1, -1)], "its shape has -1 twice"),
      ([f(2, 3), i(4, -1)], "cannot be reshaped"),
      ([f(0, 3), i(1 << 32, 1 << 32)], "cannot be reshaped"),
      ([f(2, 3), i(1 << 62, 8)], "6 elements cannot be reshaped to one of more than 2^46")])
case("reshape-mixed", "Reshape", [(F, [D, D]), (I, [1])], [f(0, 3), i(3)],
     [([f(0, 3), i(-1)], "its shape has -1 twice"), ([f(0, 3), i(-2)], "its shape has extent -2")],
     constants={"c0": i(-1)}, before=[w.node("Concat", ["c0", "x1"], ["s"], axis=0)],
     operands=["x0", "s"])
case("reshape-keep", "Reshape", [(F, [D]), (I, [2])], [f(0), i(0, 3)],
     [([f(0), i(3, 0)], "extent 0 at position 1 keeps a dimension that a tensor of rank 1")])
case("reshape-zero", "Reshape", [(F, [D, D]), (I, [2])], [f(0, 3), i(3, 0)],
     [([f(0, 3), i(0, -1)], "its shape has -1 and 0"),
      ([f(0, 3), i(-1, 0)], "its shape has -1 and 0")], allowzero=1)
case("reshape-flat", "Reshape", [(F, [D, D]), (I, [1])], [f(2, 3), i(6)],
     [([f(2, 3), i(7)], "a tensor of 6 elements cannot be reshaped to one of 7"),
      ([f(2, 3), i(-6)], "its shape has extent -6")])
case("reshape-flat-rest", "Reshape", [(F, [D, D]), (I, [1])], [f(2, 3), i(-1)],
     [([f(2, 3), i(0)], "6 elements cannot be reshaped to one of 2")])
case("reshape-static", "Reshape", [(F, [D])], [f(6)],
     [([f(7)], "a tensor of 7 elements cannot be reshaped to one of 6")],
     constants={"x1": i(2, 3)})
case("reshape-rest", "Reshape", [(F, [D])], [f(6)],
     [([f(7)], "cannot be reshaped")], constants={"x1": i(4 - 2, -1)})
case("squeeze", "Squeeze", [(F, [D, D])], [f(1, 3)],
     [([f(2, 3)], "6"), ([f(0, 3)], "")], constants={"x1": i(0)})
case("squeeze-run", "Squeeze", [(F, [D, D, D]), (I, [2])], [f(1, 3, 1), i(0, -1)],
     [([f(1, 3, 1), i(0, 0)], "its axes name dimension 0 twice"),
      ([f(1, 1, 1), i(2, -1)], "its axes name dimension 2 twice")])
case("unsqueeze", "Unsqueeze", [(F, [D]), (I, [2])], [f(3), i(0, 2)],
     [([f(3), i(0, 0)], "its axes name dimension 0 twice"), ([f(3), i(1, -2)], "dimension 1 twice"),
      ([f(3), i(0, 3)], "an axis is 3; required is -3 to 2")])
case("depth-to-space", "DepthToSpace", [(F, [D, D, D, D])], [f(1, 4, 1, 1)],
     [([f(0, 5, 1, 1)], "dimension 1 has extent 5; required is a multiple of 4")], blocksize=2)
case("space-to-depth", "SpaceToDepth", [(F, [D, D, D, D])], [f(1, 1, 2, 2)],
     [([f(0, 1, 3, 2)], "dimension 2 has extent 3; required is a multiple of 2")], blocksize=2)
case("split-list", "SplitToSequence", [(F, [D]), (I, [2])], [f(5), i(2, 3)],
     [([f(5), i(2, 2)], "the sum of its parts is 4; required is 5"),
      ([f(5), i(2, 4)], "the size of a part is 4"), ([f(5), i(-1, 6)], "the size of a part is -1")])
case("expand", "Expand", [(F, [D, D]), (I, [2])], [f(1, 3), i(4, 3)],
     [([f(2, 3), i(4, 3)], "extent"), ([f(1, 3), i(4, 2)], "extent"),
      ([f(1, 3), i(-4, 3)], ""), ([f(0, 3), i(5, 3)], "extent")])
case("concat", "Concat", [(F, [D, D]), (F, [D, D])], [f(2, 3), f(4, 3)],
     [([f(2, 3), f(4, 5)], "the extent of dimension 1 is 5; required is 3"),
      ([f(2, 3), f(4, 1)], "the extent of dimension 1 is 1; required is 3")], axis=0)
case("gather", "Gather", [(F, [D, D]), (I, [D])], [f(4, 3), i(0, -4, 3)],
     [([f(4, 3), i(0, 4)], "an index is 4; required is -4 to 3"),
      ([f(4, 3), i(-5, 0)], "an index is -5; required is -4 to 3"),
      ([f(0, 3), i(0)], "an index is 0"),
      ([f(4, 3), i(-(1 << 63))], "an index is"), ([f(4, 3), i((1 << 63) - 1)], "an index is")])
case("gather-static", "Gather", [(F, [D, D])], [f(4, 3)], [([f(3, 3)], "an index is 3")],
     constants={"x1": i(0, 3)})
case("gather-elements", "GatherElements", [(F, [D, D]), (I, [D, D])],
     [f(4, 3), numpy.zeros((2, 3), numpy.int64)],
     [([f(4, 3), numpy.full((2, 3), 4)], "an index is 4"),
      ([f(4, 3), numpy.zeros((2, 4), numpy.int64)], "do not lie in an extent of 3")])
case("gather-nd", "GatherND", [(F, [D, D]), (I, [D, 2])], [f(4, 3), i(3, 2).reshape(1, 2)],
     [([f(4, 3), i(3, 3).reshape(1, 2)], "an index is 3; required is -3 to 2"),
      ([f(4, 3), i(-5, 0).reshape(1, 2)], "an index is -5; required is -4 to 3")])
case("scatter", "ScatterElements", [(F, [D]), (I, [D]), (F, [D])], [f(4), i(1, 3), f(2)],
     [([f(4), i(1, 4), f(2)], "an index is 4"), ([f(4), i(1, 3), f(1)], "do not lie"),
      ([f(0), i(0), f(1)], "an index is 0")])
case("scatter-nd", "ScatterND", [(F, [D, D]), (I, [D, 1]), (F, [D, D])],
     [f(4, 2), i(1, 3).reshape(2, 1), f(2, 2)],
     [([f(4, 2), i(1, 4).reshape(2, 1), f(2, 2)], "an index is 4"),
      ([f(4, 2), i(1, 3).reshape(2, 1), f(2, 3)], "is 3; required is 2"),
      ([f(4, 2), i(1, 3).reshape(2, 1), f(1, 2)], "is 1; required is 2")])
case("tensor-scatter", "TensorScatter", [(F, [D, D, D]), (F, [D, D, D]), (I, [D])],
     [f(2, 4, 3), f(2, 1, 3), i(0, 3)],
     [([f(2, 4, 3), f(2, 1, 3), i(0, 4)], "position holds 4, but 0 to 3 is required [R1]"),
      ([f(2, 4, 3), f(2, 5, 3), i(0, 0)], "has 5 entries for a capacity of 4"),
      ([f(2, 4, 3), f(1, 1, 3), i(0, 3)], "is 1; required is 2")], opset=24)
case("split", "Split", [(F, [D]), (I, [2])], [f(5), i(2, 3)],
     [([f(5), i(2, 4)], "the sum of its parts is 6; required is 5"),
      ([f(5), i(-1, 6)], ""), ([f(5), i(1, 1)], "is 2; required is 5")], outputs=2)
case("split-equal", "Split", [(F, [D])], [f(6)], [([f(5)], "")], outputs=2, opset=13)
case("slice", "Slice", [(F, [D]), (I, [1]), (I, [1]), (I, [1]), (I, [1])],
     [f(5), i(-100), i(1 << 40), i(0), i(1)],
     [([f(5), i(0), i(5), i(0), i(0)], "step"),
      ([f(5), i(0), i(5), i(3), i(1)], "an axis is 3; required is -1 to 0")])
case("slice-axes", "Slice", [(F, [D, D])] + [(I, [2])] * 3, [f(2, 3), i(0, 0), i(1, 1), i(0, 1)],
     [([f(2, 3), i(0, 0), i(1, 1), i(1, -1)], "its axes name dimension 1 twice")])
case("pad-axes", "Pad", [(F, [D, D]), (I, [4]), (F, []), (I, [2])],
     [f(2, 3), i(1, 0, 0, 1), numpy.float32(0), i(0, 1)],
     [([f(2, 3), i(1, 0, 0, 1), numpy.float32(0), i(0, -2)], "its axes name dimension 0 twice")])
case("tile", "Tile", [(F, [D]), (I, [1])], [f(3), i(2)],
     [([f(3), i(-1)], "is -1; required is 0 or more"), ([f(3), i(1 << 61)], "")])
case("pad", "Pad", [(F, [D]), (I, [2])], [f(3), i(1, -1)],
     [([f(3), i(1 << 40, 1 << 40)], "")])
case("range", "Range", [(I, []), (I, []), (I, [])],
     [numpy.array(0), numpy.array(5), numpy.array(2)],
     [([numpy.array(0), numpy.array(5), numpy.array(0)], ""),
      ([numpy.array(0), numpy.array((1 << 62)), numpy.array(1)], "")])
case("constant-of-shape", "ConstantOfShape", [(I, [2])], [i(2, 3)],
     [([i(-2, 3)], "is -2; required is 0 or more"), ([i(1 << 40, 1 << 40)], "")], rank=2)
case("one-hot", "OneHot", [(I, [D]), (I, []), (F, [2])], [i(0, 5), numpy.array(4), f(2)],
     [([i(0), numpy.array(-4), f(2)], "-4")])
case("topk", "TopK", [(F, [D]), (I, [1])], [f(5), i(3)],
     [([f(5), i(6)], "6"), ([f(5), i(-1)], "-1")], outputs=2)
case("reverse", "ReverseSequence", [(F, [D, D]), (I, [D])], [f(4, 2), i(4, 1)],
     [([f(4, 2), i(5, 1)], "a length is 5"), ([f(4, 2), i(-1, 1)], "a length is -1"),
      ([f(4, 2), i(4)], "the number of its lengths is 1; required is 2")])
case("layer-norm", "LayerNormalization", [(F, [D, D]), (F, [D]), (F, [D])],
     [f(2, 4), f(4), f(4)],
     [([f(2, 4), f(5), f(4)], "5"), ([f(2, 4), f(4), f(3)], "3")])
case("batch-norm", "BatchNormalization", [(F, [D, D, D])] + [(F, [D])] * 4,
     [f(2, 4, 3), f(4), f(4), f(4), f(4)],
     [([f(2, 4, 3), f(4), f(4), f(4), f(3)], "3"), ([f(2, 4, 3), f(5), f(4), f(4), f(4)], "5")])
case("conv", "Conv", [(F, [D, D, D]), (F, [4, 2, 3]), (F, [D])], [f(1, 2, 5), f(4, 2, 3), f(4)],
     [([f(1, 3, 5), f(4, 2, 3), f(4)], ""), ([f(1, 2, 5), f(4, 2, 3), f(3)], "")])
case("lstm", "LSTM", [(F, [D, D, 2]), (F, [1, 12, 2]), (F, [1, 12, 3]), (F, [1, 24]),
                      (w.INT32, [D]), (F, [1, D, 3])],
     [f(4, 2, 2), f(1, 12, 2), f(1, 12, 3), f(1, 24), numpy.array([4, 2], numpy.int32),
      f(1, 2, 3)],
     [([f(4, 2, 2), f(1, 12, 2), f(1, 12, 3), f(1, 24), numpy.array([5, 2], numpy.int32),
        f(1, 2, 3)], "5"),
      ([f(4, 2, 2), f(1, 12, 2), f(1, 12, 3), f(1, 24), numpy.array([4, -2], numpy.int32),
        f(1, 2, 3)], "-2"),
      ([f(4, 2, 2), f(1, 12, 2), f(1, 12, 3), f(1, 24), numpy.array([4], numpy.int32),
        f(1, 2, 3)], "1; required is 2"),
      ([f(4, 2, 2), f(1, 12, 2), f(1, 12, 3), f(1, 24), numpy.array([4, 2], numpy.int32),
        f(1, 1, 3)], "1; required is 2")], hidden_size=3)
case("attention", "Attention", [(F, [D, 2, D, 4]), (F, [D, 2, D, 4]), (F, [D, 2, D, 4])],
     [f(1, 2, 3, 4), f(1, 2, 5, 4), f(1, 2, 5, 4)],
     [([f(1, 2, 3, 4), f(1, 2, 5, 4), f(1, 2, 6, 4)], "6"),
      ([f(1, 2, 3, 4), f(1, 2, 5, 4), f(1, 2, 4, 4)], "4"),
      ([f(2, 2, 3, 4), f(1, 2, 5, 4), f(1, 2, 5, 4)], "1; required is 2")], opset=23)
case("attention-mask", "Attention",
     [(F, [D, 2, D, 4]), (F, [D, 2, D, 4]), (F, [D, 2, D, 4]), (F, [D, D])],
     [f(1, 2, 3, 4), f(1, 2, 5, 4), f(1, 2, 5, 4), f(3, 5)],
     [([f(1, 2, 3, 4), f(1, 2, 5, 4), f(1, 2, 5, 4), f(2, 5)], "")], opset=23)
case("cumsum", "CumSum", [(F, [D, D]), (I, [])], [f(2, 3), numpy.array(1)],
     [([f(2, 3), numpy.array(2)], "2"), ([f(2, 3), numpy.array(-3)], "-3")])
case("reduce-axes", "ReduceSum", [(F, [D, D]), (I, [2])], [f(1, 1), i(0, 1)],
     [([f(1, 1), i(1, -1)], "its axes name dimension 1 twice"),
      ([f(0, 3), i(0, 0)], "its axes name dimension 0 twice")], keepdims=0)
case("reduce-kept", "ReduceSum", [(F, [D, D]), (I, [2])], [f(2, 3), i(1, 1)],
     [([f(2, 3), i(1, 2)], "an axis is 2")])
# Lengths and steps of transforms.
N = numpy.int64
for window in "Hann", "Hamming", "Blackman":
    case(window, window + "Window", [(I, [])], [N(0)],
         [([N(-1)], "its size is -1; required is at least 0")])
case("dft", "DFT", [(F, [1, D, 1]), (I, [])], [f(1, 4, 1), N(3)],
     [([f(1, 4, 1), N(0)], "its dft_length is 0; required is at least 1"),
      ([f(1, 4, 1), N(-1)], "its dft_length is -1; required is at least 1")], opset=17)
case("dft-axis", "DFT", [(F, [1, D, 1]), (I, []), (I, [])], [f(1, 4, 1), N(4), N(-2)],
     [([f(1, 4, 1), N(4), N(2)], "its axis is the last dimension"),
      ([f(1, 4, 1), N(4), N(-1)], "its axis is the last dimension"),
      ([f(1, 4, 1), N(4), N(3)], "its axis is 3; required is -3 to 2"),
      ([f(1, 4, 1), N(4), N(-4)], "its axis is -4; required is -3 to 2")])
case("stft", "STFT", [(F, [1, D, 1]), (I, []), (F, [D]), (I, [])],
     [f(1, 8, 1), N(2), f(4), N(4)],
     [([f(1, 8, 1), N(0), f(4), N(4)], "its frame_step is 0; required is at least 1"),
      ([f(1, 8, 1), N(-2), f(4), N(4)], "its frame_step is -2; required is at least 1"),
      ([f(1, 8, 1), N(2), f(4), N(0)], "its frame_length is 0; required is at least 1"),
      ([f(1, 8, 1), N(2), f(4), N(-4)], "its frame_length is -4; required is at least 1"),
      ([f(1, 8, 1), N(2), f(3), N(4)], "elements of its window is 3; required is 4")])
# Frames longer than the signal: none, as with a constant length.
case("stft-long", "STFT", [(F, [1, D, 1]), (I, []), (I, [])], [f(1, 3, 1), N(2), N(4)],
     [([f(1, 3, 1), N(0), N(4)], "its frame_step is 0")], operands=["x0", "x1", "", "x2"])
MEL = [N(4), N(16), N(8000), numpy.float32(0), numpy.float32(4000)]
MEL_FAULTS = [(0, N(-1), "its num_mel_bins is -1; required is at least 1"),
              (1, N(-4), "its dft_length is -4; required is at least 1"),
              (2, N(0), "its sample_rate is 0; required is at least 1"),
              (3, numpy.float32(-1), "its lower_edge_hertz is no number of 0 or more"),
              (3, numpy.float32("nan"), "its lower_edge_hertz is no number of 0 or more"),
              (3, numpy.float32(5000), "its upper_edge_hertz is no number of its lower_edge_hertz"),
              (4, numpy.float32("inf"), "its upper_edge_hertz is no number of its lower_edge_hertz")]
case("mel", "MelWeightMatrix", [(I, [])] * 3 + [(F, [])] * 2, MEL,
     [(MEL[:at] + [found] + MEL[at + 1:], part) for at, found, part in MEL_FAULTS])
TABLES = [(F, [D, 2]), (F, [D, 2]), (F, [2]), (F, [2])]
ROWS = [f(3, 2), f(2, 2), f(2), f(2)]
case("embed", "EmbedLayerNormalization", [(w.INT32, [D, D])] + TABLES,
     [numpy.zeros((1, 2), numpy.int32), *ROWS],
     [([numpy.zeros((1, 3), numpy.int32), *ROWS],
       "its table of positions has 2 rows; required are 3")],
     operands=["x0", "", "x1", "x2", "", "x3", "x4"], domain="com.microsoft")
case("embed-positions", "EmbedLayerNormalization",
     [(w.INT32, [D, D])] + TABLES + [(w.INT32, [1, D])],
     [numpy.zeros((1, 2), numpy.int32), *ROWS, numpy.array([[1, 0]], numpy.int32)],
     [([numpy.zeros((1, 2), numpy.int32), *ROWS, numpy.array([[1, 2]], numpy.int32)],
       "a position is 2; required is 0 to 1")],
     operands=["x0", "", "x1", "x2", "", "x3", "x4", "", "x5"], domain="com.microsoft")
IDS = numpy.zeros((2, 2), numpy.int32)
case("embed-widths", "EmbedLayerNormalization",
     [(w.INT32, [D, D]), (w.INT32, [D, D])] + [(F, [D, D])] * 3 + [(F, [D])] * 2 + [(w.INT32, [D, D])],
     [IDS, IDS, f(3, 2), f(2, 2), f(1, 2), f(2), f(2), numpy.array([[1, 0]], numpy.int32)],
     [([IDS, IDS, f(3, 2), f(2, 1), f(1, 2), f(2), f(2), IDS], "the width of a table is 1; required is 2"),
      ([IDS, IDS, f(3, 2), f(2, 2), f(1, 3), f(2), f(2), IDS], "the width of a table is 3; required is 2"),
      ([IDS, IDS[:, :0], f(3, 2), f(2, 2), f(1, 2), f(2), f(2), IDS], "extent 0 does not broadcast to 2"),
      ([IDS, IDS, f(3, 2), f(2, 2), f(1, 2), f(2), f(2), numpy.zeros((3, 2), numpy.int32)],
       "extent 3 does not broadcast to 2")],
     operands=["x0", "x1", "x2", "x3", "x4", "x5", "x6", "", "x7"], domain="com.microsoft")

PLACE = numpy.zeros(1, numpy.int64)
case("rotary", "RotaryEmbedding", [(F, [D, D, D, 4]), (I, [D]), (F, [D, 2]), (F, [D, D])],
     [f(1, 2, 3, 4), PLACE, f(5, 2), f(5, 2)],
     [([f(1, 2, 3, 4), PLACE[:0], f(5, 2), f(5, 2)], "the number of its positions is 0; required is 1"),
      ([f(1, 2, 3, 4), PLACE, f(5, 2), f(4, 2)], "an extent of its sine cache is 4; required is 5"),
      ([f(1, 2, 3, 4), PLACE, f(5, 2), f(5, 1)], "an extent of its sine cache is 1; required is 2")],
     domain="com.microsoft")
GROUPED = [(F, [D, D, 4]), (F, [D, D, 2]), (F, [D, 1, D, 2]), (w.INT32, [D]), (w.INT32, [])]
PAST = [f(2, 1, 4), f(2, 1, 2), f(2, 1, 3, 2), numpy.array([2, 0], numpy.int32), numpy.array(3, numpy.int32)]
case("group-cache", "GroupQueryAttention", GROUPED, PAST,
     [(PAST[:3] + [numpy.array([3, 0], numpy.int32), PAST[4]], "position holds 3, but 0 to 2 is required [R1]"),
      (PAST[:2] + [f(1, 1, 3, 2)] + PAST[3:], "an extent of its past is 1; required is 2"),
      (PAST[:3] + [numpy.array([2], numpy.int32), PAST[4]], "the number of its lengths is 1; required is 2")],
     outputs=3, operands=["x0", "x1", "x1", "x2", "x2", "x3", "x4"], num_heads=2, kv_num_heads=1,
     domain="com.microsoft")
BEAMS = numpy.array([[[0, 1, 9], [1, 0, 9]]], numpy.int32)
DECODER = [f(2, 1, 4), f(2, 2, 3, 2), numpy.array([2], numpy.int32), BEAMS]
case("beams", "DecoderMaskedMultiHeadAttention",
     [(F, [D, D, 4]), (F, [D, 2, D, 2]), (w.INT32, [1]), (w.INT32, [D, D, D])], DECODER,
     [(DECODER[:3] + [BEAMS + 1], "a beam is 2; required is 0 to 1"),
      (DECODER[:3] + [BEAMS[:, :1]], "the number of its beams is 1; required is 2"),
      (DECODER[:3] + [BEAMS[:, :, :1]], "its beams are given for 1 entries; its past has 2"),
      (DECODER[:2] + [numpy.array([3], numpy.int32), BEAMS],
       "the length of its past is 3; required is 0 to 2")],
     outputs=3, operands=["x0", "x0", "x0", "", "", "x1", "x1", "x2", "", "x3"], num_heads=2,
     domain="com.microsoft")
case("quantize-blocks", "QuantizeLinear", [(F, [D, D]), (F, [D, D])], [f(2, 5), f(2, 3)],
     [([f(2, 5), f(2, 2)], "an extent of its scale is 2; required is 3"),
      ([f(2, 5), f(1, 3)], "an extent of its scale is 1; required is 2")], axis=1, block_size=2)

def body(nodes, inputs, outputs, **initializers):
    return w.Graph(w.graph(nodes, [w.value(*entry) for entry in inputs],
                           [w._field(1, text) for text in outputs], initializers))


RUNNING = body([w.node("Add", ["s", "p"], ["t"])], [("s", F, [D]), ("p", F, [D]), ("q", F, [D])],
               ["t", "q"])
case("scan-steps", "Scan", [(F, [D]), (F, [D, D]), (F, [D, D])], [f(3), f(2, 3), f(2, 5)],
     [([f(3), f(2, 3), f(3, 5)], "the number of steps of scan input 1 is 3; required is 2")],
     outputs=2, num_scan_inputs=2, body=RUNNING)
REPLACING = body([w.node("Mul", ["p", "p"], ["t"])], [("s", F, [D]), ("p", F, [D])], ["t", "s"])
case("scan-state", "Scan", [(F, [D]), (F, [D, D])], [f(3), f(2, 3)],
     [([f(3), f(2, 4)], "extent 0 of state 0 behind a step is 4; required is 3"),
      ([f(4), f(2, 3)], "extent 0 of state 0 behind a step is 3; required is 4")],
     outputs=2, num_scan_inputs=1, body=REPLACING)
case("scan8", "Scan", [(I, [D]), (F, [D, D]), (F, [D, D, D])], [i(4, 2), f(2, 3), f(2, 4, 3)],
     [([i(4, 5), f(2, 3), f(2, 4, 3)], "a length is 5; required is 0 to 4"),
      ([i(-1, 4), f(2, 3), f(2, 4, 3)], "a length is -1; required is 0 to 4"),
      ([i(4, 2), f(2, 3), f(3, 4, 3)], "an extent of the batch is 3; required is 2")],
     outputs=2, opset=8, num_scan_inputs=1,
     body=body([w.node("Add", ["s", "p"], ["t"])], [("s", F, [D]), ("p", F, [D])], ["t", "t"]))
# Elements of one number, then of two.
CUTTING = body([w.node("Add", ["k", "one"], ["next"]), w.node("Identity", ["go"], ["on"]),
                w.node("Slice", ["x", "zero", "k"], ["e"])],
               [("i", I, []), ("go", w.BOOL, []), ("k", I, [1])], ["on", "next", "e"],
               one=i(1), zero=i(0), x=f(4))
case("loop-elements", "Loop", [(I, []), (w.BOOL, []), (I, [1])],
     [numpy.array(1), numpy.array(True), i(1)],
     [([numpy.array(2), numpy.array(True), i(1)],
       "elements of a stacked output have extents 1 and 2; required is one shape")],
     outputs=2, body=CUTTING)


def write(folder, name):
    (operator, inputs, _, _, outputs, constants, opset, rank, operands, before,
     attributes) = CASES[name]
    names = [f"x{k}" for k in range(len(inputs))]
    results = [f"y{k}" for k in range(outputs)]
    operands = operands or sorted(set(names) | set(constants), key=lambda text: int(text[1:]))
    bare = [w._field(1, text) for text in results]
    content = w.graph(
        [*before, w.node(operator, operands, results, name="checked", **attributes)],
        [w.value(text, *kind) for text, kind in zip(names, inputs)], bare, constants)
    path = os.path.join(folder, name + ".onnx")
    with open(path, "wb") as file:
        file.write(w.model(content, opset, domains=[("com.microsoft", 1)]))
    return path


def call(path, arrays, *options):
    command = ["seqc", "run", path, "--quiet", *options]
    for k, array in enumerate(arrays):
        file = f"{path}.{k}.npy"
        numpy.save(file, array)
        command += ["--input", f"{k}={file}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return result.returncode, result.stderr


def main():
    folder, chosen = sys.argv[1], sys.argv[2:] or list(CASES)
    os.makedirs(folder, exist_ok=True)
    wrong = 0
    for name in chosen:
        path = write(folder, name)
        for options in [], ["--interpret"]:
            _, _, good, bad, *_ = CASES[name]
            code, message = call(path, good, *options)
            if code != 0:
                wrong += 1
                print(f"{name} {options}: the right call ends with {code}: {message}")
                continue
            for number, (arrays, part) in enumerate(bad):
                code, message = call(path, arrays, *options)
                named = "'checked'" in message or options or code == 5
                if code not in (2, 5) or part not in message or not named:
                    wrong += 1
                    print(f"{name} {options}: wrong call {number} ends with {code}: {message}")
    print(f"{len(chosen)} models, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
