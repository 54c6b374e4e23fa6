"""Writes folders of ONNX tests for transposed and quantised convolutions and for pooling, with
results of plain loops in float64, and models with one fault each.

  onnx_windows.py FOLDER SUPPORT
"""

import itertools
import os
import sys

import numpy as np

sys.path.insert(0, sys.argv[2])
import onnx_writer as onnx  # noqa: E402

RANDOM = np.random.default_rng(11)


def write(name, operator, inputs, expected, opset=21, fixed=(), dynamic=False, **attributes):
    """Inputs in order, None for absent ones; those in `fixed` are initializers. `expected` is a
    list of results, or None for a model with a fault."""
    kind = "good" if expected is not None else "bad"
    folder = os.path.join(sys.argv[1], kind, name, "test_data_set_0")
    os.makedirs(folder, exist_ok=True)
    names = ["x%d" % i if array is not None else "" for i, array in enumerate(inputs)]
    results = ["y%d" % i for i in range(len(expected or [0]))]
    fed = [i for i in range(len(inputs)) if names[i] and i not in fixed]
    values = [onnx.value(names[i], onnx._TYPES[inputs[i].dtype.name],
                         ["%s_%d" % (names[i], d) if dynamic and i == 0 and d != 1 else size
                          for d, size in enumerate(inputs[i].shape)]) for i in fed]
    outputs = [onnx.value(n, onnx._TYPES[y.dtype.name], [None] * y.ndim)
               for n, y in zip(results, expected or [np.zeros((1,) * 4, np.float32)])]
    graph = onnx.graph([onnx.node(operator, names, results, name="it", **attributes)], values,
                       outputs, {names[i]: inputs[i] for i in fixed})
    with open(os.path.join(folder, "..", "model.onnx"), "wb") as file:
        file.write(onnx.model(graph, opset=opset))
    for i, n in enumerate(fed if expected is not None else []):
        with open(os.path.join(folder, "input_%d.pb" % i), "wb") as file:
            file.write(onnx.tensor(inputs[n], names[n]))
    for i, y in enumerate(expected or []):
        with open(os.path.join(folder, "output_%d.pb" % i), "wb") as file:
            file.write(onnx.tensor(y, results[i]))


def floats(*shape):
    return RANDOM.uniform(-1, 1, shape).astype(np.float32)


def transposed(x, w, bias=None, strides=None, dilations=None, pads=None, more=None, group=1,
               goal=None, upper=False, same=False):
    """Every element is added where the kernel puts it; the surplus is cut off."""
    rank = x.ndim - 2
    strides, dilations = strides or [1] * rank, dilations or [1] * rank
    more, pads = more or [0] * rank, pads or [0] * 2 * rank
    per_group = w.shape[1]
    full = [strides[d] * (x.shape[d + 2] - 1) + dilations[d] * (w.shape[d + 2] - 1) + 1 + more[d]
            for d in range(rank)]
    y = np.zeros((x.shape[0], per_group * group, *full))
    for c in range(x.shape[1]):
        first = c // (x.shape[1] // group) * per_group
        for at in itertools.product(*map(range, x.shape[2:])):
            for k in itertools.product(*map(range, w.shape[2:])):
                to = tuple(at[d] * strides[d] + k[d] * dilations[d] for d in range(rank))
                y[(slice(None), slice(first, first + per_group), *to)] += np.outer(
                    x[(slice(None), c, *at)].astype(float), w[(c, slice(None), *k)])
    if same:
        goal = [strides[d] * x.shape[d + 2] for d in range(rank)]
    for d in range(rank):
        before, count = pads[d], full[d] - pads[d] - pads[rank + d]
        if goal:
            total, count = max(full[d] - goal[d], 0), goal[d]
            before = total // 2 if upper else total - total // 2
        y = np.concatenate([y, np.zeros_like(y)], d + 2)
        y = np.take(y, range(before, before + count), d + 2)
    if bias is not None:
        y += bias.reshape(-1, *[1] * rank)
    return [y.astype(np.float32)]


def convolved(x, w, strides, pads, group=1):
    """A convolution of integers in two dimensions."""
    x = np.pad(x.astype(int), [(0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])])
    size = [(x.shape[d + 2] - w.shape[d + 2]) // strides[d] + 1 for d in (0, 1)]
    y = np.zeros((x.shape[0], w.shape[0], *size), int)
    for m in range(w.shape[0]):
        first = m // (w.shape[0] // group) * w.shape[1]
        for i, j in itertools.product(*map(range, size)):
            part = x[:, first:first + w.shape[1], i * strides[0]:, j * strides[1]:]
            y[:, m, i, j] = (part[:, :, :w.shape[2], :w.shape[3]] * w[m]).sum((1, 2, 3))
    return y


def convolutions():
    x, w, bias = floats(2, 4, 5), floats(4, 3, 3), floats(3)
    write("transposed_1d", "ConvTranspose", [x, w, bias], transposed(x, w, bias), fixed=(1, 2))
    write("transposed_stride", "ConvTranspose", [x, w],
          transposed(x, w, strides=[3], dilations=[2], pads=[1, 2], more=[2]), strides=[3],
          dilations=[2], pads=[1, 2], output_padding=[2], opset=1)
    write("transposed_group", "ConvTranspose", [x, w],
          transposed(x, w, group=2, strides=[2]), group=2, strides=[2], dynamic=True)
    x, w = floats(2, 2, 3, 4), floats(2, 3, 3, 2)
    write("transposed_2d", "ConvTranspose", [x, w],
          transposed(x, w, strides=[2, 3], pads=[1, 0, 0, 1], dilations=[1, 2], more=[1, 0]),
          strides=[2, 3], pads=[1, 0, 0, 1], dilations=[1, 2], output_padding=[1, 0],
          kernel_shape=[3, 2], dynamic=True)
    for pad, upper in (("SAME_UPPER", True), ("SAME_LOWER", False)):
        write("transposed_" + pad.lower(), "ConvTranspose", [x, w],
              transposed(x, w, strides=[2, 1], same=True, upper=upper), strides=[2, 1],
              auto_pad=pad, dynamic=not upper)
        write("transposed_shape_" + pad.lower(), "ConvTranspose", [x, w],
              transposed(x, w, strides=[2, 1], goal=[4, 6], upper=upper), strides=[2, 1],
              auto_pad=pad, output_shape=[4, 6])
    write("transposed_shape", "ConvTranspose", [x, w], transposed(x, w, goal=[8, 4]),
          output_shape=[8, 4])
    write("transposed_valid", "ConvTranspose", [x, w], transposed(x, w), auto_pad="VALID")
    half = [array.astype(np.float16) for array in (x, w)]
    write("transposed_half", "ConvTranspose", half,
          [transposed(*half, strides=[2, 2])[0].astype(np.float16)], strides=[2, 2])
    empty = np.zeros((0, 2, 3, 4), np.float32)
    write("transposed_empty", "ConvTranspose", [empty, w], transposed(empty, w), dynamic=True)

    x = RANDOM.integers(0, 256, (2, 4, 5, 6)).astype(np.uint8)
    w = RANDOM.integers(-128, 128, (6, 2, 3, 2)).astype(np.int8)
    each = RANDOM.integers(-9, 9, 6).astype(np.int8)
    sums = convolved(x.astype(int) - 100, w.astype(int) - each[:, None, None, None], [2, 1],
                     [1, 0, 2, 1], 2)
    write("integers", "ConvInteger", [x, w, np.array(100, np.uint8), each],
          [sums.astype(np.int32)], strides=[2, 1], pads=[1, 0, 2, 1], group=2, fixed=(1, 3))
    plain = convolved(x, w, [1, 1], [0] * 4, 2)
    write("integers_plain", "ConvInteger", [x, w], [plain.astype(np.int32)], group=2, dynamic=True)
    bias = RANDOM.integers(-900, 900, 6).astype(np.int32)
    scales = np.array([0.02, 0.01, 0.03, 0.05, 0.015, 0.025], np.float32)
    zero, scale, result = np.array(100, np.uint8), np.float32(0.03), np.float32(3)
    for name, wide, low, kind in (("byte", scales, 0, np.uint8),
                                  ("one", scales[:1], -128, np.int8)):
        exact = (sums + bias[:, None, None]) * float(scale) / float(result)
        exact = exact * wide.astype(float).reshape(-1, 1, 1) + (7 if low else 120)
        assert abs(exact % 1 - 0.5).min() > 1e-4
        y = np.clip(np.rint(exact), low, low + 255).astype(kind)
        write("quantized_" + name, "QLinearConv",
              [x, np.array([scale], np.float32), zero, w, wide, each,
               np.array(result), np.array(7 if low else 120, kind), bias],
              [y], strides=[2, 1], pads=[1, 0, 2, 1], group=2)


def convolution_faults():
    x, w = floats(1, 4, 5), floats(4, 2, 3)
    write("conv_group", "ConvTranspose", [x, w], None, group=3)
    write("conv_channels", "ConvTranspose", [x, floats(6, 2, 3)], None)
    write("conv_type", "ConvTranspose", [x, w.astype(np.float16)], None)
    write("conv_auto", "ConvTranspose", [x, w], None, auto_pad="SAME")
    write("conv_empty", "ConvTranspose", [x, floats(4, 2, 0)], None, fixed={1})
    write("conv_bias", "ConvTranspose", [x, w, floats(3)], None)
    write("conv_more", "ConvTranspose", [x, w], None, output_padding=[1, 1])
    write("conv_shape", "ConvTranspose", [x, w], None, output_shape=[-1])
    x, w = np.zeros((1, 4, 5), np.uint8), np.zeros((2, 4, 3), np.uint8)
    one, three = np.array(1, np.float32), np.zeros(3, np.uint8)
    write("conv_wide", "ConvInteger", [x.astype(np.int32), w], None)
    write("conv_zero", "ConvInteger", [x, w, three], None)
    write("conv_zeros", "ConvInteger", [x, w, None, three], None)
    write("conv_real", "QLinearConv", [x, one, three[0:1], w, one, three[0:1], one, one], None)


def pooled(x, kernel, strides, dilations, pads, by_columns=False):
    """The greatest elements of windows and their numbers among all elements."""
    rank = len(kernel)
    size = [(x.shape[d + 2] + pads[d] + pads[rank + d] - dilations[d] * (kernel[d] - 1) - 1)
            // strides[d] + 1 for d in range(rank)]
    y, where = np.zeros((*x.shape[:2], *size)), np.zeros((*x.shape[:2], *size), np.int64)
    order = [0, 1, *range(rank + 1, 1, -1)] if by_columns else range(rank + 2)
    shape = [x.shape[d] for d in order]
    for at in np.ndindex(y.shape):
        best = None
        for k in np.ndindex(*kernel):
            i = [at[d + 2] * strides[d] + k[d] * dilations[d] - pads[d] for d in range(rank)]
            if all(0 <= i[d] < x.shape[d + 2] for d in range(rank)):
                here = (*at[:2], *i)
                if best is None or x[here] > x[best]:
                    best = here
        y[at], where[at] = x[best], np.ravel_multi_index([best[d] for d in order], shape)
    return [y.astype(x.dtype), where]


def norms(x, kernel, strides, pads, p):
    rank = len(kernel)
    x = np.pad(abs(x.astype(float)) ** p,
               [(0, 0), (0, 0)] + [(pads[d], pads[rank + d]) for d in range(rank)])
    size = [(x.shape[d + 2] - kernel[d]) // strides[d] + 1 for d in range(rank)]
    y = np.zeros((*x.shape[:2], *size))
    for at in np.ndindex(*size):
        part = tuple(slice(at[d] * strides[d], at[d] * strides[d] + kernel[d])
                     for d in range(rank))
        y[(..., *at)] = x[(slice(None), slice(None), *part)].sum(tuple(range(2, rank + 2)))
    return [(y ** (1 / p)).astype(np.float32)]


def pools():
    x = RANDOM.integers(-4, 5, (2, 3, 5, 6)).astype(np.float32)  # with equals
    for columns in (0, 1):
        write("max_%d" % columns, "MaxPool", [x],
              pooled(x, [3, 2], [2, 1], [1, 2], [1, 0, 1, 1], columns), kernel_shape=[3, 2],
              strides=[2, 1], dilations=[1, 2], pads=[1, 0, 1, 1], storage_order=columns,
              dynamic=columns == 1)
    low = np.full((1, 1, 4), -np.inf, np.float32)
    write("max_low", "MaxPool", [low], pooled(low, [3], [1], [1], [1, 1]), kernel_shape=[3],
          pads=[1, 1])
    byte = RANDOM.integers(0, 256, (1, 2, 4, 4)).astype(np.uint8)
    write("max_byte", "MaxPool", [byte], pooled(byte, [2, 2], [2, 2], [1, 1], [0] * 4),
          kernel_shape=[2, 2], strides=[2, 2])
    empty = np.zeros((0, 3, 5), np.float32)
    write("max_empty", "MaxPool", [empty], pooled(empty, [2], [1], [1], [0, 0]), kernel_shape=[2],
          dynamic=True)

    x = floats(2, 3, 5, 6)
    for p in (1, 2, 3):
        write("norm_%d" % p, "LpPool", [x], norms(x, [2, 3], [2, 1], [1, 0, 0, 2], p), p=p,
              kernel_shape=[2, 3], strides=[2, 1], pads=[1, 0, 0, 2])
        write("norm_all_%d" % p, "GlobalLpPool", [x], norms(x, [5, 6], [1, 1], [0] * 4, p), p=p,
              dynamic=True)
    x = floats(2, 5, 3, 2)
    for size in (1, 3, 4):
        sums = np.zeros(x.shape)
        for c in range(5):
            near = slice(max(0, c - (size - 1) // 2), min(5, c + size // 2 + 1))
            sums[:, c] = (x[:, near].astype(float) ** 2).sum(1)
        y = x / (1.5 + 0.3 / size * sums) ** 0.6
        write("lrn_%d" % size, "LRN", [x], [y.astype(np.float32)], size=size, alpha=0.3, beta=0.6,
              bias=1.5, dynamic=size == 3)

    part, where = pooled(floats(1, 2, 6, 4), [2, 2], [2, 2], [1, 1], [0] * 4)
    y = np.zeros((1, 2, 6, 4), np.float32)
    y.ravel()[where.ravel()] = part.ravel()
    write("back", "MaxUnpool", [part, where], [y], kernel_shape=[2, 2], strides=[2, 2])
    # Indices count the elements of the extents that the attributes imply.
    goal = np.array([1, 2, 7, 5])
    more = np.pad(y, [(0, 0), (0, 0), (0, 1), (0, 1)])
    for fixed in ((), (2,)):
        write("back_goal_%d" % len(fixed), "MaxUnpool", [part, where, goal], [more],
              kernel_shape=[2, 2], strides=[2, 2], fixed=fixed)


def pool_faults():
    x, where = floats(1, 2, 3), np.zeros((1, 2, 3), np.int64)
    write("pool_norm", "LpPool", [x], None, kernel_shape=[2], p=0)
    write("pool_size", "LRN", [x], None, size=0)
    write("pool_rank", "LRN", [x[0, 0]], None, size=1)
    write("pool_indices", "MaxUnpool", [x, where.astype(np.int32)], None, kernel_shape=[2])
    write("pool_shape", "MaxPool", [x], None)
    write("pool_goal", "MaxUnpool", [x, where, np.array([3])], None, kernel_shape=[2])


if __name__ == "__main__":
    convolutions()
    convolution_faults()
    pools()
    pool_faults()
