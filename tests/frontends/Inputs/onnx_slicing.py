"""Writes folders of ONNX tests for shapes, slices, padding and sequences; numpy computes what they
expect. Lists such as axes come as initializers (fixed) and as inputs (open), where the extents of
the tensors are open too.

  onnx_slicing.py FOLDER SUPPORT
"""

import os
import sys

import numpy

sys.path.insert(0, sys.argv[2])
import onnx_writer as onnx  # noqa: E402

TYPES = {"float32": onnx.FLOAT, "int64": onnx.INT64, "bool": onnx.BOOL, "float16": onnx.FLOAT16}
LAST, FIRST = 2**63 - 1, -2**63


def write(name, nodes, inputs, outputs, fixed=(), dynamic=False, opset=24):
    folder = os.path.join(sys.argv[1], name, "test_data_set_0")
    os.makedirs(folder)
    given = {key: array for key, array in inputs.items() if key not in fixed}

    def declare(arrays, is_open):
        return [onnx.value(key, TYPES[array.dtype.name],
                           [None] * array.ndim if is_open(key) else array.shape)
                for key, array in arrays.items()]

    # The length of a list tells ranks and stays fixed.
    content = onnx.graph(nodes, declare(given, lambda key: dynamic and key == "x"),
                         declare(outputs, lambda key: True),
                         {key: inputs[key] for key in fixed})
    with open(os.path.join(folder, "..", "model.onnx"), "wb") as file:
        file.write(onnx.model(content, opset=opset))
    for kind, arrays in (("input", given), ("output", outputs)):
        for i, (key, array) in enumerate(arrays.items()):
            with open(os.path.join(folder, f"{kind}_{i}.pb"), "wb") as file:
                file.write(onnx.tensor(array, key))


def case(name, operator, x, lists, *outputs, opset=24, **attributes):
    inputs = {"x": x}
    names = ["x"]
    for i, item in enumerate(lists):
        names.append("" if item is None else f"list{i}")
        if item is not None:
            item = item if isinstance(item, numpy.ndarray) else numpy.array(item, numpy.int64)
            inputs[names[-1]] = item
    results = {f"y{i}": array for i, array in enumerate(outputs)}
    nodes = [onnx.node(operator, names, list(results), name="it", **attributes)]
    extra = [key for key in inputs if key != "x"]
    write(f"good/{name}_fixed", nodes, inputs, results, extra, opset=opset)
    write(f"good/{name}_open", nodes, inputs, results, dynamic=True, opset=opset)


X = numpy.arange(60, dtype=numpy.float32).reshape(3, 4, 5)
NONE = numpy.zeros((0, 4), numpy.float32)

case("slice", "Slice", X, [[1, -3], [LAST, 4], [0, -1]], X[1:, :, -3:4])
case("slice_backwards", "Slice", X, [[-1, 9], [FIRST, 0], [1, 2], [-1, -2]], X[:, ::-1, :0:-2])
case("slice_steps", "Slice", X, [[1, 0], [4, 5], [1, 2], [2, 3]], X[:, 1:4:2, 0:5:3])
case("slice_far", "Slice", X, [[-99, 1], [99, LAST], [0, 1], [1, LAST]], X[:, 1:2])
case("slice_least_step", "Slice", X, [[-1], [FIRST], [2], [FIRST]], X[:, :, 4:])
case("slice_nothing", "Slice", X, [[3, 4], [1, 2], [2, 1], [1, -1]], X[:, 4:2:-1, 3:1])
case("slice_empty", "Slice", NONE, [[0], [5], [0], [-1]], NONE)
case("slice_attributes", "Slice", X, [], X[1:, :, :-1], opset=9, axes=[0, 2], starts=[1, 0],
     ends=[9, -1])

case("split_sizes", "Split", X, [[1, 0, 4]], X[..., :1], X[..., 1:1], X[..., 1:], axis=-1)
case("split_count", "Split", X, [], X[..., :2], X[..., 2:4], X[..., 4:], axis=2, num_outputs=3)
case("split_equal", "Split", X, [], X[:, :2], X[:, 2:], axis=1, opset=13)
case("split_attribute", "Split", X, [], X[:, :3], X[:, 3:], axis=1, split=[3, 1], opset=11)

SEVEN = numpy.array(7, numpy.float32)
case("pad", "Pad", X, [[0, 1, 2, 1, 0, 3], SEVEN],
     numpy.pad(X, ((0, 1), (1, 0), (2, 3)), constant_values=7))
case("pad_negative", "Pad", X, [[-1, 2, 0, 1, -2, -4], None],
     numpy.pad(X[1:, :2, :1], ((0, 1), (2, 0), (0, 0))))
case("pad_beyond", "Pad", X, [[-9, 0, 0, 8, 0, 0], SEVEN], numpy.full((2, 4, 5), 7, numpy.float32))
case("pad_attributes", "Pad", X, [], numpy.pad(X, ((1, 0), (0, 0), (0, 2)), constant_values=2),
     opset=10, pads=[1, 0, 0, 0, 0, 2], value=2.0)
case("pad_half", "Pad", X.astype(numpy.float16), [[0, 0, 1, 0, 0, 1]],
     numpy.pad(X, ((0, 0), (0, 0), (1, 1))).astype(numpy.float16))
for mode in ("reflect", "edge", "wrap"):
    case(f"pad_{mode}", "Pad", X, [[2, 3, 1, 4], None, [-1, 0]],
         numpy.pad(X, ((3, 4), (0, 0), (2, 1)), mode=mode), mode=mode)

case("tile", "Tile", X, [[2, 1, 3]], numpy.tile(X, (2, 1, 3)))
case("tile_none", "Tile", X, [[1, 0, 1]], X[:, :0])
LENGTHS = numpy.array([1, 3, 2, 0], numpy.int64)
REVERSED = X.copy()
for i, length in enumerate(LENGTHS):
    REVERSED[:length, i] = X[:length, i][::-1]
case("reverse", "ReverseSequence", X, [LENGTHS], REVERSED)

case("reshape_rest", "Reshape", X, [[0, -1, 2]], X.reshape(3, 10, 2))
case("reshape_zero", "Reshape", NONE, [[3, 0]], NONE.reshape(3, 0), allowzero=1)
case("unsqueeze", "Unsqueeze", X, [[-1, 1]], X.reshape(3, 1, 4, 5, 1))
case("squeeze", "Squeeze", X[:1, :, :1], [[-1, 0]], X[0, :, 0])
case("squeeze_attribute", "Squeeze", X[:, :, :1], [], X[:, :, 0], opset=11, axes=[-1])
case("expand", "Expand", X[:, :1], [[2, 1, 6, 1]], numpy.broadcast_to(X[:, :1], (2, 3, 6, 5)))
case("expand_none", "Expand", X[:, :1], [[3, 0, 5]], X[:, :0])
case("flatten", "Flatten", X, [], X.reshape(12, 5), axis=-1)
case("flatten_all", "Flatten", X, [], X.reshape(60, 1), axis=3)
case("size", "Size", X, [], numpy.array(60, numpy.int64))
PIXELS = numpy.arange(96, dtype=numpy.float32).reshape(1, 8, 3, 4)
BLOCKS = PIXELS.reshape(1, 2, 2, 2, 3, 4).transpose(0, 3, 4, 1, 5, 2).reshape(1, 2, 6, 8)
case("depth_dcr", "DepthToSpace", PIXELS, [], BLOCKS, blocksize=2)
case("space", "SpaceToDepth", BLOCKS, [], PIXELS, blocksize=2)
case("depth_crd", "DepthToSpace", PIXELS, [],
     PIXELS.reshape(1, 2, 2, 2, 3, 4).transpose(0, 1, 4, 2, 5, 3).reshape(1, 2, 6, 8), blocksize=2,
     mode="CRD")

# Sequences: [rows 0-1, row 2] -> insert -> erase -> at, length, concat.
NUMBERS = {"two": numpy.array(2, numpy.int64), "first": numpy.array(0, numpy.int64),
           "last": numpy.array(-1, numpy.int64)}
write("good/sequence",
      [onnx.node("SplitToSequence", ["x", "two"], ["parts"]),
       onnx.node("SequenceConstruct", ["x"], ["whole"]),
       onnx.node("SequenceAt", ["whole", "first"], ["again"]),
       onnx.node("SequenceInsert", ["parts", "again", "first"], ["three"]),
       onnx.node("SequenceInsert", ["three", "again"], ["four"]),
       onnx.node("SequenceErase", ["four", "last"], ["back"]),
       onnx.node("ConcatFromSequence", ["back"], ["y"], axis=0),
       onnx.node("SequenceLength", ["four"], ["count"]),
       onnx.node("OptionalHasElement", [""], ["has"]),
       onnx.node("Optional", ["x"], ["maybe"]),
       onnx.node("OptionalGetElement", ["maybe"], ["same"]),
       onnx.node("SequenceEmpty", [], ["none"]),
       onnx.node("SequenceLength", ["none"], ["zero"])],
      {"x": X, **NUMBERS},
      {"y": numpy.concatenate([X, X]), "count": numpy.array(4, numpy.int64),
       "has": numpy.array(False), "same": X, "zero": numpy.array(0, numpy.int64)}, list(NUMBERS))
BODY = onnx.graph([onnx.node("Add", ["part", "part"], ["sum"])],
                  [onnx.value("part", onnx.FLOAT, [None, None])],
                  [onnx.value("sum", onnx.FLOAT, [None, None])])
write("good/sequence_map",
      [onnx.node("SplitToSequence", ["x"], ["parts"], keepdims=0),
       onnx.node("SequenceMap", ["parts"], ["sums"], body=onnx.Graph(BODY)),
       onnx.node("ConcatFromSequence", ["sums"], ["y"], axis=-1, new_axis=1)],
      {"x": X}, {"y": numpy.moveaxis(X + X, 0, -1)})


def bad(name, operator, *lists, **attributes):
    names = [f"list{i}" for i in range(len(lists))]
    inputs = {"x": X, **{key: numpy.array(item) for key, item in zip(names, lists)}}
    write(f"bad/{name}", [onnx.node(operator, ["x"] + names, ["y"], name="it", **attributes)],
          inputs, {"y": X}, names)


bad("step", "Slice", [0], [1], [0], [0])
bad("number", "Slice", [0, 1], [1], [0])
bad("twice", "Slice", [0, 1], [1, 1], [0, -3])
bad("floats", "Slice", [0.5], [1], [0])
bad("no-ends", "Slice")
bad("sizes", "Split", [1, 1])
bad("part", "Split", [-3])
bad("outputs", "Split", num_outputs=2)
bad("pads", "Pad", [1, 1])
bad("mode", "Pad", [0] * 6, mode="mirror")
bad("fill", "Pad", [0] * 6, [1, 2])
bad("repeats", "Tile", [1, 1])
bad("axes", "ReverseSequence", [1, 1, 1], batch_axis=1, time_axis=1)
bad("expand", "Expand", [3, 2, 5])
bad("squeeze", "Squeeze", [0])
bad("blocks", "SpaceToDepth", blocksize=2)
bad("no-sequence", "SequenceAt", [0])
