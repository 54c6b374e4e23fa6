"""Writes node tests for convolutions: few and many windows, static and dynamic, groups, strides and
dilations, and float64 results. The argument is the folder."""

import itertools
import os
import sys

import numpy as np

sys.path.insert(0, os.path.dirname(__file__))
from onnx_reductions import Case  # noqa: E402

rng = np.random.default_rng(13)


def convolve(x, weight, group, strides, dilations, pads):
    rank = x.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0)] + [(pads[d], pads[rank + d]) for d in range(rank)])
    kernel = weight.shape[2:]
    counts = [max(0, (x.shape[2 + d] - (kernel[d] - 1) * dilations[d] - 1) // strides[d] + 1)
              for d in range(rank)]
    rows, channels = weight.shape[0] // group, weight.shape[1]
    result = np.zeros((x.shape[0], weight.shape[0], *counts))
    for at in itertools.product(*map(range, kernel)):
        index = tuple(slice(a * d, a * d + (n - 1) * s + 1, s)
                      for a, d, n, s in zip(at, dilations, counts, strides))
        for g in range(group):
            part = x[:, g * channels:(g + 1) * channels][(slice(None), slice(None)) + index]
            matrix = weight[g * rows:(g + 1) * rows][(slice(None), slice(None)) + at]
            result[:, g * rows:(g + 1) * rows] += np.einsum("mc,nc...->nm...", matrix, part)
    return result


def main():
    folder = sys.argv[1]
    # name, input, weight, group, strides, dilations, pads
    shapes = [([1, 6, 9], [24, 6, 3], 1, [2], [1], [1, 1]),
              ([2, 6, 9], [24, 6, 3], 1, [1], [2], [0, 3]),
              ([2, 6, 101], [5, 6, 3], 1, [1], [1], [1, 1]),
              ([1, 6, 77], [10, 3, 4], 2, [3], [2], [2, 0]),
              ([1, 8, 70], [8, 1, 5], 8, [1], [1], [2, 2]),
              ([2, 4, 3], [8, 2, 2], 2, [1], [1], [0, 0]),
              ([2, 3, 9, 21], [5, 3, 3, 2], 1, [2, 1], [1, 2], [1, 0, 1, 2]),
              ([1, 3, 4, 4], [18, 3, 3, 3], 1, [1, 1], [1, 1], [0, 0, 0, 0]),
              ([1, 4, 2, 5, 3], [6, 2, 1, 2, 2], 2, [1, 1, 1], [1, 1, 1], [0] * 6)]
    for name, dynamic in (("static", False), ("dynamic", True)):
        case = Case()
        for i, (shape, kernel, group, strides, dilations, pads) in enumerate(shapes):
            x = rng.uniform(-1, 1, shape).astype(np.float32)
            weight = rng.uniform(-1, 1, kernel).astype(np.float32)
            bias = rng.uniform(-1, 1, kernel[0]).astype(np.float32)
            case.feed(f"x{i}", x, None if dynamic else shape)
            case.constant(f"w{i}", weight), case.constant(f"b{i}", bias)
            exact = convolve(x.astype(np.float64), weight.astype(np.float64), group, strides, dilations, pads)
            exact += bias.reshape([-1] + [1] * (len(shape) - 2))
            case.add("Conv", [f"x{i}", f"w{i}", f"b{i}"], [exact.astype(np.float32)], group=group,
                     strides=strides, dilations=dilations, pads=pads)
        case.write(os.path.join(folder, name), 13)


main()
