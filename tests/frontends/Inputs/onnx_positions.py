"""Writes node tests of losses, boxes, columns, determinants, n-grams and TopK with the results of
numpy in float64 into FOLDER/good, and checks the messages of wrong models in FOLDER/bad.

  onnx_positions.py FOLDER
"""

import itertools
import os
import sys

import numpy as np

from onnx_diagnostics import F, I, check, ints, one, w

rng = np.random.default_rng(11)
TYPES = {"float32": w.FLOAT, "int64": w.INT64, "int32": w.INT32}


def case(name, operator, feeds, wanted, opset=22, **attributes):
    """One test with static extents and one with symbols; a feed of None is absent."""
    for dynamic in (False, True):
        folder = os.path.join(sys.argv[1], "good", f"{name}_{'open' if dynamic else 'fixed'}",
                              "test_data_set_0")
        os.makedirs(folder, exist_ok=True)
        names = [f"x{i}" if feed is not None else "" for i, feed in enumerate(feeds)]
        given = [(n, feed) for n, feed in zip(names, feeds) if n]
        # Extents of lists decide ranks.
        values = [w.value(n, TYPES[feed.dtype.name], feed.shape if not dynamic or feed.ndim < 2
                          or operator == "DeformConv" and n == "x1"
                          else [f"{n}_{d}" for d in range(feed.ndim)]) for n, feed in given]
        results = [w.value(f"y{i}", TYPES[array.dtype.name], [None] * array.ndim)
                   for i, array in enumerate(wanted)]
        node = w.node(operator, names, [f"y{i}" for i in range(len(wanted))], name="n",
                      **attributes)
        with open(os.path.join(folder, "..", "model.onnx"), "wb") as file:
            file.write(w.model(w.graph([node], values, results), opset=opset))
        for kind, arrays in (("input", [feed for _, feed in given]), ("output", wanted)):
            for i, array in enumerate(arrays):
                with open(os.path.join(folder, f"{kind}_{i}.pb"), "wb") as file:
                    file.write(w.tensor(np.asarray(array, order="C"), f"{kind}{i}"))


def draw(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def single(array):
    return np.asarray(array, np.float32)


def nll(log, target, weight, ignore, reduction):
    losses, weights = np.zeros(target.shape), np.zeros(target.shape)
    for at in np.ndindex(target.shape):
        if ignore is not None and target[at] == ignore:
            continue
        weights[at] = 1 if weight is None else weight[target[at]]
        losses[at] = -log[(at[0], target[at], *at[1:])] * weights[at]
    return {"none": losses, "sum": losses.sum(), "mean": losses.sum() / weights.sum()}[reduction]


def losses():
    for i, (shape, weighted, ignore, reduction) in enumerate([
            ((4, 5), False, None, "mean"), ((4, 5, 3), True, None, "sum"),
            ((2, 5, 3, 2), True, 1, "mean"), ((2, 5, 3), False, -7, "none"),
            ((2, 5, 3), True, 9, "mean")]):
        x = draw(*shape)
        target = rng.integers(0, shape[1], (shape[0], *shape[2:])).astype(
            np.int64 if i % 2 else np.int32)
        if ignore is not None:
            target.flat[1] = ignore
        weight = np.abs(draw(shape[1])) if weighted else None
        extra = {"reduction": reduction} | ({} if ignore is None else {"ignore_index": ignore})
        feeds = [x, target] + ([weight] if weighted else [])
        wide = x.astype(np.float64)
        case(f"nll_{i}", "NegativeLogLikelihoodLoss", feeds,
             [single(nll(wide, target, weight, ignore, reduction))], opset=13 + 9 * (i % 2),
             **extra)
        wide = wide - np.log(np.exp(wide).sum(1, keepdims=True))
        case(f"cross_entropy_{i}", "SoftmaxCrossEntropyLoss", feeds,
             [single(nll(wide, target, weight, ignore, reduction))]
             + ([single(wide)] if i % 2 else []), opset=13, **extra)


def determinants():
    for shape in ((3, 3), (2, 4, 4), (2, 2, 1, 1), (0, 3, 3)):
        x = draw(*shape)
        case(f"det_{len(shape)}_{shape[0]}", "Det", [x],
             [single(np.linalg.det(x.astype(np.float64)))])
    x = draw(2, 5, 5)
    x[0, 0, 0] = 0
    x[1, 2] = x[1, 4]
    case("det_pivots", "Det", [x], [single(np.linalg.det(x.astype(np.float64)))])


def sliding(image, kernel, strides, dilations, pads):
    n = len(image)
    return [(image[d] + pads[d] + pads[n + d] - dilations[d] * (kernel[d] - 1) - 1) // strides[d]
            + 1 for d in range(n)]


def columns():
    for i, (image, kernel, strides, dilations, pads) in enumerate([
            ((5, 4), (2, 2), (1, 1), (1, 1), (0, 0, 0, 0)),
            ((6, 7), (3, 2), (2, 1), (1, 2), (1, 0, 1, 2)), ((9,), (3,), (2,), (1,), (1, 0)),
            ((4, 3, 5), (1, 2, 3), (1, 1, 2), (2, 1, 1), (0,) * 6)]):
        counts = sliding(image, kernel, strides, dilations, pads)
        x = draw(2, 3 * int(np.prod(kernel)), int(np.prod(counts)))
        y = np.zeros((2, 3, *image))
        parts = x.reshape(2, 3, *kernel, *counts)
        for k in np.ndindex(*kernel):
            for at in np.ndindex(*counts):
                goal = [at[d] * strides[d] + k[d] * dilations[d] - pads[d]
                        for d in range(len(image))]
                if all(0 <= g < size for g, size in zip(goal, image)):
                    y[(..., *goal)] += parts[(slice(None), slice(None), *k, *at)]
        case(f"col2im_{i}", "Col2Im", [x, ints(*image), ints(*kernel)], [single(y)],
             strides=strides, dilations=dilations, pads=pads)


def between(x, where):
    """x [D...] at a position between elements; zero outside."""
    low, total = [int(np.floor(p)) for p in where], 0
    for corner in itertools.product((0, 1), repeat=len(low)):
        at = [lo + c for lo, c in zip(low, corner)]
        if all(0 <= a < size for a, size in zip(at, x.shape)):
            total += x[tuple(at)] * np.prod([1 - abs(p - a) for p, a in zip(where, at)])
    return total


def deformed():
    for i, (image, kernel, strides, dilations, pads, group, groups, more) in enumerate([
            ((4, 5), (2, 2), (1, 1), (1, 1), (0, 0, 0, 0), 1, 1, False),
            ((5, 6), (3, 2), (2, 1), (1, 2), (1, 1, 1, 0), 2, 2, True),
            ((7,), (3,), (1,), (1,), (1, 1), 1, 2, True)]):
        counts, taps = sliding(image, kernel, strides, dilations, pads), int(np.prod(kernel))
        x, weight = draw(2, 4, *image), draw(6, 4 // group, *kernel)
        offset = draw(2, groups, taps, len(image), *counts)
        mask, bias = (draw(2, groups, taps, *counts), draw(6)) if more else (None, None)
        y = np.zeros((2, 6, *counts))
        for n, m, *at in np.ndindex(*y.shape):
            for c in range(4 // group):
                channel = c + m // (6 // group) * (4 // group)
                g = channel // (4 // groups)
                for t, k in enumerate(np.ndindex(*kernel)):
                    where = [at[d] * strides[d] + k[d] * dilations[d] - pads[d]
                             + float(offset[(n, g, t, d, *at)]) for d in range(len(image))]
                    element = between(x[n, channel].astype(np.float64), where)
                    if more:
                        element *= mask[(n, g, t, *at)]
                    y[(n, m, *at)] += element * weight[(m, c, *k)]
            if more:
                y[(n, m, *at)] += bias[m]
        feeds = [x, weight, offset.reshape(2, -1, *counts)]
        if more:
            feeds += [bias, mask.reshape(2, -1, *counts)]
        case(f"deform_{i}", "DeformConv", feeds, [single(y)], strides=strides,
             dilations=dilations, pads=pads, group=group, offset_group=groups)


def overlap(a, b):
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    shared = np.prod(np.maximum(sides, 0))
    return shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared)


def boxes():
    corners = rng.uniform(0, 3, (2, 12, 4)).astype(np.float32)
    scores = rng.permutation(2 * 3 * 12).reshape(2, 3, 12).astype(np.float32) / 72
    sorted_corners = np.concatenate([np.minimum(corners[..., :2], corners[..., 2:]),
                                     np.maximum(corners[..., :2], corners[..., 2:])], -1)
    centers = np.concatenate([(sorted_corners[..., [1, 0]] + sorted_corners[..., [3, 2]]) / 2,
                              sorted_corners[..., [3, 2]] - sorted_corners[..., [1, 0]]], -1)
    for i, (most, limit, least, centered) in enumerate([
            (3, 0.3, 0.25, 0), (20, 0.5, None, 0), (4, 0.2, 0.1, 1), (0, 0.5, 0.0, 0)]):
        chosen = []
        for batch, kind in np.ndindex(2, 3):
            taken = []
            for k in np.argsort(-scores[batch, kind]):
                if len(taken) < most and (least is None or scores[batch, kind, k] > least) and all(
                        overlap(sorted_corners[batch, k], sorted_corners[batch, t]) <= limit
                        for t in taken):
                    taken.append(k)
            chosen += [[batch, kind, k] for k in taken]
        feeds = [centers if centered else corners, scores, ints(most), single([limit])]
        case(f"nms_{i}", "NonMaxSuppression",
             feeds + ([] if least is None else [single([least])]),
             [np.array(chosen, np.int64).reshape(-1, 3)], opset=11, center_point_box=centered)


def sample(x, y, z):
    """x [H, W] between elements; the border reaches one element further."""
    if not (-1 <= y <= x.shape[0] and -1 <= z <= x.shape[1]):
        return 0
    y, z = np.clip(y, 0, x.shape[0] - 1), np.clip(z, 0, x.shape[1] - 1)
    return between(x, (y, z))


def regions():
    x = draw(2, 2, 6, 7).astype(np.float64)
    rois = single([[1, 1, 5, 4], [-3, 0, 9, 12], [4, 4, 4.2, 4.1]])
    batches = ints(0, 1, 1)
    for i, (opset, half, ratio, scale) in enumerate([(22, True, 2, 1.0), (10, False, 0, 0.5),
                                                     (16, True, 0, 0.75)]):
        y = np.zeros((3, 2, 3, 2))
        shift = 0.5 if half else 0
        for r, c, p, q in np.ndindex(*y.shape):
            left, top, right, bottom = rois[r].astype(np.float64) * scale - shift
            high, wide = bottom - top, right - left
            if not half:
                high, wide = max(high, 1), max(wide, 1)
            bins = high / 3, wide / 2
            counts = [ratio or max(int(np.ceil(size)), 0) for size in bins]
            for a, b in np.ndindex(*counts):
                y[r, c, p, q] += sample(x[batches[r], c],
                                        top + (p + (a + 0.5) / counts[0]) * bins[0],
                                        left + (q + (b + 0.5) / counts[1]) * bins[1])
            y[r, c, p, q] /= max(counts[0] * counts[1], 1)
        extra = {} if opset < 16 else {"coordinate_transformation_mode": "half_pixel"}
        case(f"roi_{i}", "RoiAlign", [single(x), rois, batches], [single(y)], opset=opset,
             output_height=3, output_width=2, sampling_ratio=ratio, spatial_scale=scale, **extra)


def greatest():
    """Few elements are selected, many are sorted; equal ones come by index."""
    for i, (shape, axis, k, largest) in enumerate([
            ((3, 100, 2), 1, 5, 1), ((2, 150, 3), 1, 70, 1), ((200,), 0, 200, 0),
            ((2, 129), -1, 40, 0), ((2, 65, 1), 1, 33, 1)]):
        x = rng.integers(-20, 20, shape).astype(np.float32)
        key = -x if largest else x
        order = np.argsort(key, axis, kind="stable")
        taken = np.take(order, range(k), axis)
        case(f"topk_{i}", "TopK", [x, ints(k)],
             [np.take_along_axis(x, taken, axis), taken.astype(np.int64)], opset=11, axis=axis,
             largest=largest)


def grams():
    pool, starts, goals = [2, 3, 5, 4, 5, 6, 7, 8, 6, 7], [0, 4], [0, 1, 2, 3, 6, 4, 5]
    weights = [float(g) / 2 + 1 for g in goals]
    for i, (shape, mode, least, most, skips) in enumerate([
            ((9,), "TF", 1, 1, 0), ((3, 8), "TFIDF", 1, 2, 3), ((2, 6), "IDF", 2, 2, 1),
            ((2, 1), "TF", 1, 2, 5)]):
        x = rng.integers(2, 9, shape).astype(np.int64 if i % 2 else np.int32)
        rows = x.reshape(-1, shape[-1])
        y = np.zeros((len(rows), 7))
        number = 0
        for n, begin, end in ((1, 0, 4), (2, 4, 10)):
            for k in range(begin, end, n):
                for r, start, skip in itertools.product(range(len(rows)), range(shape[-1]),
                                                        range(1 if n == 1 else skips + 1)):
                    taken = list(rows[r, start:start + (n - 1) * (skip + 1) + 1:skip + 1])
                    if least <= n <= most and taken == pool[k:k + n]:
                        y[r, goals[number]] += 1
                number += 1
        if mode != "TF":
            y = np.minimum(y, 1) if mode == "IDF" else y
            y[:, goals] *= weights
        case(f"grams_{i}", "TfIdfVectorizer", [x], [single(y.reshape(*shape[:-1], 7))], opset=9,
             mode=mode, min_gram_length=least, max_gram_length=most, max_skip_count=skips,
             ngram_counts=starts, ngram_indexes=goals, pool_int64s=pool, weights=weights)


def wrong():
    """(name, exit code, part of the message, model)"""
    x, t = (F, [2, 3]), (I, [2])
    loss = "NegativeLogLikelihoodLoss"
    yield "loss-type", 2, "input 0 is int64; required is a floating-point type", one(
        loss, {"x": (I, [2, 3]), "t": t})
    yield "loss-target", 2, "input 1 is float; required is int32 or int64", one(
        loss, {"x": x, "t": (F, [2])})
    yield "loss-rank", 2, "input 1 has rank 2; required is 1", one(
        loss, {"x": x, "t": (I, [2, 3])})
    yield "loss-weight", 2, "input 2 has rank 2; required is 1", one(
        loss, {"x": x, "t": t, "w": x})
    yield "loss-weights", 2, "the number of its weights is 4; required is 3", one(
        loss, {"x": x, "t": t, "w": (F, [4])})
    yield "loss-extent", 2, "an extent of its targets is 3; required is 2", one(
        "SoftmaxCrossEntropyLoss", {"x": x, "t": (I, [3])})
    yield "loss-reduction", 2, "attribute 'reduction' is 'most'", one(
        loss, {"x": x, "t": t}, reduction="most")
    yield "det-rank", 2, "input 0 has rank 1; required is at least 2", one("Det", {"x": (F, [3])})
    yield "det-width", 2, "the width of its matrices is 3; required is 2", one("Det", {"x": x})
    col = {"x": (F, [1, 4, 4]), "i": None, "b": None}
    yield "col-rank", 2, "input 0 has rank 2; required is 3", one(
        "Col2Im", {**col, "x": x}, {"i": ints(3, 3), "b": ints(2, 2)})
    yield "col-list", 3, "input 1 (image_shape) of dynamic length is not supported", one(
        "Col2Im", {**col, "i": (I, ["n"])}, {"b": ints(2, 2)})
    yield "col-ranks", 2, "its image has 2 dimensions and its block 1", one(
        "Col2Im", col, {"i": ints(3, 3), "b": ints(2)})
    yield "col-count", 2, "the number of its columns is 4; required is 6", one(
        "Col2Im", col, {"i": ints(3, 4), "b": ints(2, 2)})
    yield "col-rows", 2, "the number of rows, in whole blocks, is 5; required is 4", one(
        "Col2Im", {**col, "x": (F, [1, 5, 4])}, {"i": ints(3, 3), "b": ints(2, 2)})
    conv = {"x": (F, [1, 2, 4, 4]), "w": (F, [2, 2, 2, 2]), "o": (F, [1, 8, 3, 3])}
    yield "deform-type", 2, "inputs 0 and 1 are float and double; required is one type", one(
        "DeformConv", {**conv, "w": (w.DOUBLE, [2, 2, 2, 2])})
    yield "deform-group", 2, "its groups are 3 and, of offsets, 1", one(
        "DeformConv", conv, group=3)
    yield "deform-offset", 2, "an extent of its offset is 9; required is 8", one(
        "DeformConv", {**conv, "o": (F, [1, 9, 3, 3])})
    yield "deform-ranks", 2, "its offset has rank 3; required is 4", one(
        "DeformConv", {**conv, "o": (F, [1, 8, 9])})
    yield "deform-deep", 3, "deformable convolution of rank 5 is not supported", one(
        "DeformConv", {"x": (F, [1, 1] + [2] * 5), "w": (F, [1, 1] + [1] * 5),
                       "o": (F, [1, 5] + [2] * 5)})
    nms = {"b": (F, [1, 4, 4]), "s": (F, [1, 1, 4])}
    yield "nms-rank", 2, "input 1 has rank 2; required is 3", one(
        "NonMaxSuppression", {**nms, "s": x})
    yield "nms-type", 2, "input 2 is float; required is int64", one(
        "NonMaxSuppression", {**nms, "m": (F, [])})
    yield "nms-limit", 2, "its threshold of the overlap is not one number", one(
        "NonMaxSuppression", {**nms, "m": (I, []), "o": (F, [2])})
    yield "nms-boxes", 2, "the last extent of its boxes is 5; required is 4", one(
        "NonMaxSuppression", {**nms, "b": (F, [1, 4, 5])})
    pool = {"mode": "TF", "max_gram_length": 1, "ngram_counts": [0], "ngram_indexes": [0, 1],
            "pool_int64s": [5, 6]}
    for name, code, part, changes in (
            ("text", 3, "a pool of strings is not supported", {"pool_strings": ["a"]}),
            ("mode", 2, "attribute 'mode' is 'IF'; required is TF, IDF or TFIDF", {"mode": "IF"}),
            ("length", 2, "its n-grams have 1 to 3 items, with 0 skipped", {"max_gram_length": 3}),
            ("pool", 2, "attribute 'ngram_counts' does not divide its pool of 2 items",
             {"ngram_counts": [0, 1]}),
            ("count", 2, "its pool has 2 n-grams; required is one index for each",
             {"ngram_indexes": [0]}),
            ("goal", 2, "attribute 'ngram_indexes' holds -1", {"ngram_indexes": [0, -1]})):
        yield f"grams-{name}", code, part, one("TfIdfVectorizer", {"x": (I, [4])},
                                               **(pool | changes))
    yield "grams-rank", 2, "input 0 has rank 3; required is 1 to 2", one(
        "TfIdfVectorizer", {"x": (I, [2, 2, 4])}, **pool)
    roi = {"x": (F, [1, 1, 4, 4]), "r": (F, [2, 4]), "i": (I, [2])}
    yield "roi-rank", 2, "input 2 has rank 2; required is 1", one(
        "RoiAlign", {**roi, "i": (I, [2, 1])})
    yield "roi-mode", 2, "attribute 'mode' is 'min'; required is avg or max", one("RoiAlign", roi, mode="min")
    yield "roi-bins", 2, "it makes 0 x 1 bins of 0 samples", one("RoiAlign", roi, output_height=0)


if __name__ == "__main__":
    for part in (losses, determinants, columns, deformed, boxes, regions, greatest, grams):
        part()
    sys.exit(check(wrong(), os.path.join(sys.argv[1], "bad")))
