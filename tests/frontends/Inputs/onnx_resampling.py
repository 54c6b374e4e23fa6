"""Writes folders of ONNX tests for Resize, Upsample and GridSample with results in float64.

  onnx_resampling.py FOLDER SUPPORT
"""

import os
import sys

import numpy as np

sys.path.insert(0, sys.argv[2])
import onnx_writer as onnx  # noqa: E402

RANDOM = np.random.default_rng(3)


def write(name, operator, inputs, fixed, expected, opset, dynamic=False, **attributes):
    """`fixed` are initializers: name to array; an input of None is absent."""
    kind = "good" if expected is not None else "refused"
    folder = os.path.join(sys.argv[1], kind, name, "test_data_set_0")
    os.makedirs(folder, exist_ok=True)
    names = list(inputs) + list(fixed)
    nodes = [onnx.node(operator, [n if (inputs | fixed)[n] is not None else "" for n in names],
                       ["y"], name="it", **attributes)]
    values = [onnx.value(n, onnx.FLOAT, [f"{n}{d}" if dynamic and d != array.ndim - 1 else size
                                         for d, size in enumerate(array.shape)])
              for n, array in inputs.items()]
    result = [onnx.value("y", onnx.FLOAT, [None] * (expected.ndim if expected is not None else 4))]
    graph = onnx.graph(nodes, values, result,
                       {n: array for n, array in fixed.items() if array is not None})
    with open(os.path.join(folder, "..", "model.onnx"), "wb") as file:
        file.write(onnx.model(graph, opset=opset))
    if expected is None:
        return
    for i, (n, array) in enumerate(inputs.items()):
        with open(os.path.join(folder, f"input_{i}.pb"), "wb") as file:
            file.write(onnx.tensor(array, n))
    with open(os.path.join(folder, "output_0.pb"), "wb") as file:
        file.write(onnx.tensor(expected.astype(np.float32), "y"))


def cubic(distance, a=-0.75):
    s = abs(distance)
    if s <= 1:
        return (a + 2) * s**3 - (a + 3) * s**2 + 1
    return a * s**3 - 5 * a * s**2 + 8 * a * s - 4 * a if s < 2 else 0


ROUNDINGS = {"round_prefer_floor": lambda x: np.ceil(x - 0.5),
             "round_prefer_ceil": lambda x: np.floor(x + 0.5), "floor": np.floor, "ceil": np.ceil,
             "simple": np.floor, "even": np.rint}


def weights(x, count, mode, exclude=False, rounding="round_prefer_floor"):
    """What each of `count` elements adds at coordinate x."""
    row = np.zeros(count)
    if mode == "nearest":
        row[int(np.clip(ROUNDINGS[rounding](x), 0, count - 1))] = 1
        return row
    reach = 2 if mode == "cubic" else 1
    for tap in range(int(np.floor(x)) - reach + 1, int(np.floor(x)) + reach + 1):
        weight = cubic(x - tap) if mode == "cubic" else 1 - abs(x - tap)
        if not exclude or 0 <= tap < count:
            row[np.clip(tap, 0, count - 1)] += weight
    return row / row.sum() if exclude else row


def coordinate(i, before, after, scale, mode):
    half = (i + 0.5) / scale - 0.5
    return {"half_pixel": half, "asymmetric": i / scale, "tf_half_pixel_for_nn": half + 0.5,
            "pytorch_half_pixel": half if after > 1 else 0,
            # The last of a length that is not rounded down.
            "align_corners": i * (before - 1) / (before * scale - 1) if after > 1 else 0,
            "half_pixel_symmetric":
                before / 2 * (1 - after / (scale * before)) + half}[mode]


def resized(x, axes, scales, sizes, mode, where, **options):
    for axis, scale, after in zip(axes, scales, sizes):
        before = x.shape[axis]
        rows = [weights(coordinate(i, before, after, scale, where), before, mode, **options)
                for i in range(after)]
        x = np.moveaxis(np.tensordot(np.array(rows), x, (1, axis)), 0, axis)
    return x


def cropped(x, axes, roi, sizes, mode, value):
    outside = []
    for k, (axis, after) in enumerate(zip(axes, sizes)):
        most, start, end = x.shape[axis] - 1, *np.asarray(roi, float)[[k, len(axes) + k]]
        where = [most * (start + i * (end - start) / (after - 1) if after > 1
                         else (start + end) / 2) for i in range(after)]
        rows = [weights(at, most + 1, mode) for at in where]
        x = np.moveaxis(np.tensordot(np.array(rows), x, (1, axis)), 0, axis)
        outside += [(axis, i) for i, at in enumerate(where) if not 0 <= at <= most]
    for axis, i in outside:
        np.moveaxis(x, axis, 0)[i] = value
    return x


def resizes():
    x = RANDOM.standard_normal((1, 2, 4, 5)).astype(np.float32)
    scales = np.array([1, 1, 2.625, 0.7], np.float32)
    sizes = [1, 2, 10, 3]
    for mode in ("nearest", "linear", "cubic"):
        for where in ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel",
                      "half_pixel_symmetric", "tf_half_pixel_for_nn"):
            want = resized(x.astype(float), range(4)[2:], scales[2:], sizes[2:], mode, where)
            for dynamic in (False, True):
                write(f"resize_{mode}_{where}_{int(dynamic)}", "Resize", {"x": x},
                      {"roi": None, "scales": scales}, want, 19, dynamic, mode=mode,
                      coordinate_transformation_mode=where)
    for rounding in list(ROUNDINGS)[:4]:
        want = resized(x.astype(float), [2, 3], [2, 3], [8, 15], "nearest", "half_pixel",
                       rounding=rounding)
        write(f"resize_{rounding}", "Resize", {"x": x},
              {"roi": None, "scales": None, "sizes": np.array([8, 15])}, want, 18, axes=[2, 3],
              nearest_mode=rounding)
    want = resized(x.astype(float), [2, 3], [2.25, 1.4], [9, 7], "cubic", "half_pixel",
                   exclude=True)
    write("resize_exclude", "Resize", {"x": x},
          {"roi": None, "scales": None, "sizes": np.array([1, 2, 9, 7])}, want, 13, True,
          mode="cubic", exclude_outside=1)
    for policy, after in (("not_larger", [7, 9]), ("not_smaller", [8, 10])):
        scale = 1.75 if policy == "not_larger" else 2
        want = resized(x.astype(float), [2, 3], [scale] * 2, after, "linear", "half_pixel")
        write(f"resize_{policy}", "Resize", {"x": x},
              {"roi": None, "scales": None, "sizes": np.array([7, 10])}, want, 18, mode="linear",
              axes=[2, 3], keep_aspect_ratio_policy=policy)
    up = np.array([1, 1, 2, 3], np.float32)
    want = resized(x.astype(float), [2, 3], [2, 3], [8, 15], "nearest", "asymmetric",
                   rounding="floor")
    write("upsample_7", "Upsample", {"x": x}, {}, want, 7, scales=[1.0, 1.0, 2.0, 3.0])
    write("upsample_9", "Upsample", {"x": x}, {"scales": up}, want, 9)
    write("resize_10", "Resize", {"x": x}, {"scales": up}, want, 10)
    crop = {"coordinate_transformation_mode": "tf_crop_and_resize"}
    write("bad/region", "Resize", {"x": x}, {"roi": np.zeros(6, np.float32), "scales": up}, None,
          19, **crop)
    for mode in ("nearest", "linear"):
        roi, after = np.array([0.25, -0.1, 1, 0.8], np.float32), [5, 7]
        write(f"resize_crop_{mode}", "Resize", {"x": x},
              {"roi": roi, "scales": None, "sizes": np.array(after)},
              cropped(x.astype(float), [2, 3], roi, after, mode, 2.5), 18, axes=[2, 3], mode=mode,
              extrapolation_value=2.5, **crop)
        roi = np.array([0, 0, 0.5, 0.25, 1, 1, 0.5, 0.5], np.float32)
        write(f"resize_crop_point_{mode}", "Resize", {"x": x},
              {"roi": roi, "scales": None, "sizes": np.array([1, 2, 1, 4])},
              cropped(x.astype(float), range(4), roi, [1, 2, 1, 4], mode, 0), 13, mode=mode,
              **crop)
    for name, attributes in (("antialias", {"antialias": 1}), ("mode", {"mode": "area"})):
        write(f"unsupported/{name}", "Resize", {"x": x}, {"roi": None, "scales": up}, None, 19,
              **attributes)
    write("bad/scales", "Resize", {"x": x}, {"roi": None, "scales": up[:2]}, None, 19)


def reflect(x, low, high):
    while high > low and not low <= x <= high:
        x = 2 * low - x if x < low else 2 * high - x
    return low if high == low else x


def sampled(x, grid, mode, padding, corners):
    result = np.zeros(x.shape[:2] + grid.shape[1:-1])
    for at in np.ndindex(grid.shape[0], *grid.shape[1:-1]):
        total = x[at[0]].astype(float)
        for d, g in enumerate(grid[at][::-1]):
            count = x.shape[d + 2]
            where = (g + 1) / 2 * (count - 1) if corners else ((g + 1) * count - 1) / 2
            low, high = (0, count - 1) if corners else (-0.5, count - 0.5)
            where = np.rint(where) if mode == "nearest" else where
            if padding == "border":
                where = np.clip(where, 0, count - 1)
            elif padding == "reflection":
                where = reflect(where, low, high)
            row = np.zeros(count)
            where = np.rint(where) if mode == "nearest" else where
            reach = {"nearest": 0, "linear": 1, "cubic": 2}[mode]
            for tap in range(int(np.floor(where)) - max(reach - 1, 0),
                             int(np.floor(where)) + reach + 1):
                weight = {0: lambda t: 1.0, 1: lambda t: 1 - abs(t), 2: cubic}[reach](where - tap)
                if padding == "zeros" and not 0 <= tap < count:
                    continue
                if padding == "reflection":
                    tap = reflect(tap, low, high)
                row[int(np.clip(tap, 0, count - 1))] += weight
            total = np.tensordot(row, total, (0, 1))
            total = total[None] if total.ndim == 0 else total
        result[(at[0], slice(None)) + at[1:]] = total
    return result


def samples():
    for rank in (1, 2, 3):
        x = RANDOM.standard_normal((2, 2, 4, 3, 5)[:rank + 2]).astype(np.float32)
        grid = RANDOM.uniform(-1.8, 1.8, (2, 3, 2, 2)[:rank + 1] + (rank,)).astype(np.float32)
        for mode in ("nearest", "linear", "cubic")[:2 if rank == 3 else 3]:
            for padding in ("zeros", "border", "reflection"):
                corners = padding != "border" and mode != "cubic"
                opset = 20
                write(f"grid_{rank}_{mode}_{padding}", "GridSample", {"x": x, "grid": grid}, {},
                      sampled(x, grid, mode, padding, corners), opset, rank == 2, mode=mode,
                      padding_mode=padding, align_corners=int(corners))
    write("bad/rank", "GridSample", {"x": x, "grid": grid[0]}, {}, None, 20)
    write("bad/coordinates", "GridSample", {"x": x, "grid": grid[..., :2]}, {}, None, 20)
    write("bad/mode", "GridSample", {"x": x, "grid": grid}, {}, None, 20, mode="area")
    write("bad/padding", "GridSample", {"x": x, "grid": grid}, {}, None, 20, padding_mode="wrap")


resizes()
samples()
