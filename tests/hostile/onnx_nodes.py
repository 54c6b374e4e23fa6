"""Single nodes with operands and attributes that mostly do not fit."""

import numpy

from case import BAD, DONE, ENVIRONMENT, EXTREMES, FLOATS, UNSUPPORTED, Case, kind, npy
from onnx_writer import (BOOL, DOUBLE, FLOAT, FLOAT16, INT8, INT32, INT64, UINT8, graph, model, node,
                         value)

# Operator: its operands (f float, i integers, b booleans, q 8-bit integers, ? optional from here
# on), its results, and its attributes with their kinds (i, I for lists, f, s).
OPERATORS = {
    "ArgMax": ("f", 1, {"axis": "i", "keepdims": "i", "select_last_index": "i"}),
    "Attention": ("fff?b", 1, {"is_causal": "i", "q_num_heads": "i", "kv_num_heads": "i",
                               "scale": "f", "softcap": "f"}),
    "AveragePool": ("f", 1, {"kernel_shape": "I", "strides": "I", "pads": "I", "ceil_mode": "i"}),
    "BatchNormalization": ("fffff", 1, {"epsilon": "f", "momentum": "f"}),
    "Cast": ("f", 1, {"to": "i"}),
    "Clip": ("f?ff", 1, {}),
    "Compress": ("fb", 1, {"axis": "i"}),
    "Concat": ("fff", 1, {"axis": "i"}),
    "Conv": ("ff?f", 1, {"kernel_shape": "I", "strides": "I", "pads": "I", "dilations": "I",
                         "group": "i"}),
    "ConvTranspose": ("ff?f", 1, {"strides": "I", "pads": "I", "output_padding": "I",
                                  "output_shape": "I", "group": "i", "dilations": "I"}),
    "CumSum": ("fi", 1, {"exclusive": "i", "reverse": "i"}),
    "DepthToSpace": ("f", 1, {"blocksize": "i", "mode": "s"}),
    "Einsum": ("ff", 1, {"equation": "s"}),
    "Expand": ("fi", 1, {}),
    "EyeLike": ("f", 1, {"k": "i", "dtype": "i"}),
    "Flatten": ("f", 1, {"axis": "i"}),
    "GRU": ("fff?ff", 2, {"hidden_size": "i", "direction": "s", "linear_before_reset": "i",
                          "clip": "f"}),
    "Gather": ("fi", 1, {"axis": "i"}),
    "GatherElements": ("fi", 1, {"axis": "i"}),
    "GatherND": ("fi", 1, {"batch_dims": "i"}),
    "Gemm": ("ff?f", 1, {"alpha": "f", "beta": "f", "transA": "i", "transB": "i"}),
    "GridSample": ("ff", 1, {"mode": "s", "padding_mode": "s", "align_corners": "i"}),
    "GroupNormalization": ("fff", 1, {"num_groups": "i", "epsilon": "f"}),
    "InstanceNormalization": ("fff", 1, {"epsilon": "f"}),
    "LRN": ("f", 1, {"size": "i", "alpha": "f", "beta": "f"}),
    "LSTM": ("fff?fi", 3, {"hidden_size": "i", "direction": "s", "clip": "f", "layout": "i"}),
    "LayerNormalization": ("ff?f", 1, {"axis": "i", "epsilon": "f"}),
    "LpPool": ("f", 1, {"kernel_shape": "I", "p": "i", "strides": "I"}),
    "MatMul": ("ff", 1, {}),
    "MatMulInteger": ("qq", 1, {}),
    "MaxPool": ("f", 2, {"kernel_shape": "I", "strides": "I", "pads": "I", "storage_order": "i"}),
    "Mod": ("ii", 1, {"fmod": "i"}),
    "Multinomial": ("f", 1, {"sample_size": "i"}),
    "OneHot": ("iif", 1, {"axis": "i"}),
    "Pad": ("fi?f", 1, {"mode": "s"}),
    "QuantizeLinear": ("ff?q", 1, {"axis": "i", "block_size": "i"}),
    "RNN": ("fff?ff", 2, {"hidden_size": "i", "direction": "s", "clip": "f"}),
    "Range": ("iii", 1, {}),
    "ReduceSum": ("f?i", 1, {"keepdims": "i", "noop_with_empty_axes": "i"}),
    "Reshape": ("fi", 1, {"allowzero": "i"}),
    "Resize": ("f?ff", 1, {"mode": "s", "coordinate_transformation_mode": "s",
                           "cubic_coeff_a": "f"}),
    "ReverseSequence": ("fi", 1, {"batch_axis": "i", "time_axis": "i"}),
    "RoiAlign": ("ffi", 1, {"output_height": "i", "output_width": "i", "sampling_ratio": "i"}),
    "RotaryEmbedding": ("fff?i", 1, {"num_heads": "i", "rotary_embedding_dim": "i",
                                     "interleaved": "i"}),
    "STFT": ("fi?f", 1, {"onesided": "i"}),
    "ScatterElements": ("fif", 1, {"axis": "i", "reduction": "s"}),
    "ScatterND": ("fif", 1, {"reduction": "s"}),
    "Shape": ("f", 1, {"start": "i", "end": "i"}),
    "Slice": ("fii?ii", 1, {}),
    "Softmax": ("f", 1, {"axis": "i"}),
    "SpaceToDepth": ("f", 1, {"blocksize": "i"}),
    "Split": ("f?i", 2, {"axis": "i", "num_outputs": "i"}),
    "Squeeze": ("f?i", 1, {}),
    "TensorScatter": ("ff?i", 1, {"axis": "i", "mode": "s"}),
    "Tile": ("fi", 1, {}),
    "TopK": ("fi", 2, {"axis": "i", "largest": "i", "sorted": "i"}),
    "Transpose": ("f", 1, {"perm": "I"}),
    "Trilu": ("f?i", 1, {"upper": "i"}),
    "Unsqueeze": ("fi", 1, {}),
    "Where": ("bff", 1, {}),
}

WORDS = ["", "bidirectional", "reverse", "linear", "cubic", "nearest", "edge", "wrap", "reflect", "add",
         "mul", "circular", "DCR", "ij,jk->ik", "...i,i...", "ii->", "nonsense", "\u00e9" * 40]
LETTERS = {"f": [FLOAT, FLOAT, FLOAT, DOUBLE, FLOAT16], "i": [INT64, INT64, INT64, INT32],
           "b": [BOOL], "q": [UINT8, INT8]}
STORED = {FLOAT: numpy.float32, DOUBLE: numpy.float64, FLOAT16: numpy.float16, INT64: numpy.int64,
          INT32: numpy.int32, BOOL: numpy.bool_, UINT8: numpy.uint8, INT8: numpy.int8}


def _attribute(random, letter):
    number = random.choice(EXTREMES) if random.random() < 0.5 else random.randint(-2, 5)
    if letter == "i":
        return number
    if letter == "I":
        return [random.choice(EXTREMES) if random.random() < 0.2 else random.randint(0, 4)
                for _ in range(random.randint(1, 4))]
    if letter == "f":
        return random.choice(FLOATS)
    return random.choice(WORDS)


def _array(random, kind_of_number, shape):
    dtype = STORED[kind_of_number]
    count = int(numpy.prod(shape, dtype=numpy.int64))
    if numpy.dtype(dtype).kind == "f":
        numbers = [random.choice(FLOATS) if random.random() < 0.2 else random.uniform(-2, 2)
                   for _ in range(count)]
        with numpy.errstate(over="ignore"):
            return numpy.array(numbers, numpy.float64).astype(dtype).reshape(shape)
    numbers = [random.choice(EXTREMES) if random.random() < 0.15 else random.randint(-1, 3)
               for _ in range(count)]
    bits = 8 * numpy.dtype(dtype).itemsize
    if dtype is numpy.bool_:
        return numpy.array([number % 2 for number in numbers], dtype).reshape(shape)
    wrapped = [(number + (1 << 63)) % (1 << bits) for number in numbers]
    return numpy.array(wrapped, numpy.uint64).astype(f"u{bits // 8}").view(dtype).reshape(shape)


@kind
def nodes_that_do_not_fit(random):
    """An operator over tensors of random rank, extents, type and origin."""
    operator = random.choice(sorted(OPERATORS))
    operands, results, attributes = OPERATORS[operator]
    base = [random.choice([0, 1, 2, 2, 3, 4]) for _ in range(4)]
    names, inputs, initializers, files = [], [], {}, {}
    command = ["run", "m.onnx"]
    optional = False
    for letter in operands:
        if letter == "?":
            optional = True
            continue
        if optional and random.random() < 0.4:
            names.append("")
            continue
        name = f"x{len(names)}"
        names.append(name)
        number = random.choice(LETTERS[letter])
        rank = random.choice([0, 1, 1, 1, 2]) if letter == "i" else random.choice([1, 2, 3, 3, 4])
        shape = [random.choice(base[:2] + [base[d % 4]]) for d in range(rank)]
        if letter == "i" and rank == 1:
            shape = [random.choice([0, 1, 2, 3, 4, 8])]
        array = _array(random, number, shape)
        if random.random() < 0.5:
            initializers[name] = array
            continue
        declared = [f"d{d}_{name}" if random.random() < 0.4 else extent
                    for d, extent in enumerate(shape)]
        inputs.append(value(name, number, declared))
        files[name + ".npy"] = npy(array)
        command += ["--input", f"{name}={name}.npy"]
    chosen = {key: _attribute(random, letter) for key, letter in attributes.items()
              if random.random() < 0.6}
    outputs = [f"y{i}" for i in range(results)]
    content = graph([node(operator, names, outputs, **chosen)], inputs,
                    [value("y0", random.choice([FLOAT, FLOAT, INT64]), [None] * random.randint(0, 4))],
                    initializers)
    files["m.onnx"] = model(content, opset=random.choice([7, 11, 13, 18, 21, 24]))
    if random.random() < 0.6:
        command.append("--interpret")
    return Case(files, command, {DONE, BAD, UNSUPPORTED, ENVIRONMENT})
