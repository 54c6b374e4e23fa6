"""Writes folders of ONNX tests for Fourier transforms, windows, mel weights, rotary embeddings and
gates with results in float64, and models with one fault each.

  onnx_signal.py FOLDER SUPPORT
"""

import os
import sys

import numpy as np

sys.path.insert(0, sys.argv[2])
import onnx_writer as onnx  # noqa: E402

RANDOM = np.random.default_rng(5)
ONNX_DOUBLE = 11


def write(name, operator, inputs, expected, opset, fixed=(), dynamic=False, kind="bad",
          **attributes):
    """Inputs in order, None for absent ones; those in `fixed` are initializers. `expected` is None
    for a model with a fault."""
    good = expected is not None
    folder = os.path.join(sys.argv[1], "good" if good else kind, name, "test_data_set_0")
    os.makedirs(folder, exist_ok=True)
    names = ["x%d" % i if array is not None else "" for i, array in enumerate(inputs)]
    fed = [i for i in range(len(inputs)) if names[i] and i not in fixed]
    values = [onnx.value(names[i], onnx._TYPES[inputs[i].dtype.name],
                         [size if not dynamic or i or (good and d == inputs[i].ndim - 1)
                          else "%s_%d" % (names[i], d) for d, size in enumerate(inputs[i].shape)])
              for i in fed]
    y = expected if good else np.zeros((1,), np.float32)
    outputs = [onnx.value("y", onnx._TYPES[y.dtype.name], [None] * y.ndim)]
    graph = onnx.graph([onnx.node(operator, names, ["y"], name="it", **attributes)], values,
                       outputs, {names[i]: inputs[i] for i in fixed})
    with open(os.path.join(folder, "..", "model.onnx"), "wb") as file:
        file.write(onnx.model(graph, opset=opset))
    if not good:
        return
    for i, n in enumerate(fed):
        with open(os.path.join(folder, "input_%d.pb" % i), "wb") as file:
            file.write(onnx.tensor(inputs[n], names[n]))
    with open(os.path.join(folder, "output_0.pb"), "wb") as file:
        file.write(onnx.tensor(y, "y"))



def floats(*shape):
    return RANDOM.uniform(-1, 1, shape).astype(np.float32)


def number(value):
    return np.array(value, np.int64)


def parts(z):
    return np.stack([z.real, z.imag], -1).astype(np.float32)


def whole(x):
    x = x.astype(float)
    return x[..., 0] + 1j * x[..., 1] if x.shape[-1] == 2 else x[..., 0]


def transforms():
    real, pair = floats(2, 7, 5, 1), floats(2, 7, 5, 2)
    for axis in (0, 1, 2, -2):
        at = axis if axis >= 0 else axis + 4  # with the dimension of the parts
        for inverse in (0, 1):
            formula = np.fft.ifft if inverse else np.fft.fft
            y = parts(formula(whole(pair), axis=at))
            write("dft_17_%d_%d" % (axis + 2, inverse), "DFT", [pair], y, 17, axis=axis,
                  inverse=inverse)
            # The axis as constant, and at run time.
            write("dft_20_%d_%d" % (axis + 2, inverse), "DFT", [pair, None, number(axis)], y, 20,
                  fixed=(2,), dynamic=True, inverse=inverse)
            write("dft_run_%d_%d" % (axis + 2, inverse), "DFT", [pair, None, number(axis)], y, 20,
                  inverse=inverse)
    write("dft_default", "DFT", [real], parts(np.fft.fft(whole(real), axis=1)), 19)
    write("dft_default_20", "DFT", [real], parts(np.fft.fft(whole(real), axis=2)), 20)
    for length in (4, 7, 10):
        y = np.fft.rfft(whole(real), length, axis=1)
        write("dft_one_%d" % length, "DFT", [real, number(length)], parts(y), 17, fixed=(1,),
              onesided=1)
        write("dft_one_run_%d" % length, "DFT", [real, number(length), number(1)], parts(y), 20,
              fixed=(2,), onesided=1, dynamic=True)
        x = np.fft.rfft(whole(real)[:, :5], axis=1)
        y = np.fft.irfft(parts(x)[..., 0] + 1j * parts(x)[..., 1], length, axis=1)
        write("dft_back_%d" % length, "DFT", [parts(x), number(length), number(-3)],
              y[..., None].astype(np.float32), 20, fixed=(1, 2), onesided=1, inverse=1)
        write("dft_back_run_%d" % length, "DFT", [parts(x), number(length), number(-3)],
              y[..., None].astype(np.float32), 20, onesided=1, inverse=1, dynamic=True)
    x = np.fft.rfft(whole(floats(2, 8, 3, 1)), axis=1)
    y = np.fft.irfft(parts(x)[..., 0] + 1j * parts(x)[..., 1], axis=1)
    write("dft_back", "DFT", [parts(x), None, number(1)], y[..., None].astype(np.float32), 20,
          fixed=(2,), onesided=1, inverse=1)
    double = RANDOM.uniform(-1, 1, (3, 6, 2))
    z = np.fft.fft(whole(double), axis=1)
    write("dft_double", "DFT", [double], np.stack([z.real, z.imag], -1), 20)
    empty = np.zeros((0, 4, 1), np.float32)
    write("dft_empty", "DFT", [empty], np.zeros((0, 4, 2), np.float32), 20, dynamic=True)

    signal, window = floats(2, 37, 1), floats(8)
    frames = np.stack([whole(signal)[:, i:i + 8] for i in range(0, 30, 3)], 1)
    write("stft", "STFT", [signal, number(3), window, number(8)],
          parts(np.fft.rfft(frames * window)), 17, fixed=(1, 2, 3))
    write("stft_run", "STFT", [signal, number(3), window, number(8)],
          parts(np.fft.rfft(frames * window)), 17, dynamic=True)
    write("stft_window", "STFT", [signal, number(3), window],
          parts(np.fft.fft(frames * window)), 17, onesided=0)
    write("stft_plain", "STFT", [signal, number(3), None, number(8)], parts(np.fft.rfft(frames)),
          17, fixed=(3,))
    both = floats(1, 20, 2)
    frames = np.stack([whole(both)[:, i:i + 5] for i in range(0, 16, 5)], 1)
    write("stft_complex", "STFT", [both, number(5), None, number(5)], parts(np.fft.fft(frames)),
          17, onesided=0)
    write("stft_short", "STFT", [signal, number(3), None, number(40)],
          np.zeros((2, 0, 21, 2), np.float32), 17)


def windows():
    n = np.arange(10)
    terms = {"HannWindow": (0.5, -0.5, 0), "HammingWindow": (25 / 46, -21 / 46, 0),
             "BlackmanWindow": (0.42, -0.5, 0.08)}
    for operator, (a, b, c) in terms.items():
        for periodic in (0, 1):
            turn = 2 * np.pi * n / (10 if periodic else 9)
            y = a + b * np.cos(turn) + c * np.cos(2 * turn)
            write("%s_%d" % (operator, periodic), operator, [number(10)], y.astype(np.float32), 17,
                  periodic=periodic)
        write(operator + "_double", operator, [number(10)], y, 17, fixed=(0,),
              output_datatype=ONNX_DOUBLE)
    write("window_empty", "HannWindow", [np.array(0, np.int32)], np.zeros(0, np.float32), 17)

    bins, length, rate, low, high = 6, 64, 8000, 100.0, 3900.0
    edge = [2595 * np.log10(1 + f / 700) for f in (low, high)]
    mel = edge[0] + np.arange(bins + 2) * (edge[1] - edge[0]) / (bins + 2)
    place = np.floor((length + 1) * 700 * (10 ** (mel / 2595) - 1) / rate).astype(int)
    y = np.zeros((length // 2 + 1, bins))
    for i in range(bins):
        lower, center, higher = place[i:i + 3]
        for j in range(lower, center + 1):
            y[j, i] = (j - lower) / (center - lower) if center > lower else 1
        for j in range(center, higher):
            y[j, i] = (higher - j) / (higher - center)
    inputs = [number(bins), number(length), number(rate), np.array(low, np.float32),
              np.array(high, np.float32)]
    write("mel", "MelWeightMatrix", inputs, y.astype(np.float32), 17)
    write("mel_fixed", "MelWeightMatrix", inputs, y, 17, fixed=range(5),
          output_datatype=ONNX_DOUBLE)


def rotations():
    x, angles = floats(2, 3, 4, 8), RANDOM.uniform(-3, 3, (10, 3))
    place = RANDOM.integers(0, 10, (2, 4))

    def turn(angle, interleaved):
        """Angles [batch, 1, time, pairs]."""
        y, width = x.astype(float), 2 * angle.shape[-1]
        first, second = ((slice(0, width, 2), slice(1, width, 2)) if interleaved
                         else (slice(0, width // 2), slice(width // 2, width)))
        a, b = y[..., first].copy(), y[..., second].copy()
        y[..., first] = a * np.cos(angle) - b * np.sin(angle)
        y[..., second] = a * np.sin(angle) + b * np.cos(angle)
        return y.astype(np.float32)

    def caches(angle):
        return [np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)]

    full = RANDOM.uniform(-3, 3, (2, 4, 4))
    for interleaved in (0, 1):
        write("rotary_part_%d" % interleaved, "RotaryEmbedding",
              [x, *caches(angles), place], turn(angles[place][:, None], interleaved), 23,
              interleaved=interleaved, rotary_embedding_dim=6)
        write("rotary_rows_%d" % interleaved, "RotaryEmbedding", [x, *caches(full)],
              turn(full[:, None], interleaved), 23, interleaved=interleaved)
    flat = x.transpose(0, 2, 1, 3).reshape(2, 4, 24)
    y = turn(full[:, None], 0).transpose(0, 2, 1, 3).reshape(2, 4, 24)
    write("rotary_flat", "RotaryEmbedding", [flat, *caches(full)], y, 23, num_heads=3)

    gate, value = floats(3, 4), floats(3, 4)
    wide = gate.astype(float)
    for alpha in (1.0, 1.7):
        y = wide / (1 + np.exp(-alpha * wide)) * value
        write("swiglu_%g" % alpha, "SwiGLU", [gate, value], y.astype(np.float32), 28, alpha=alpha)
    write("swiglu_half", "SwiGLU", [gate.astype(np.float16), value.astype(np.float16)],
          (wide / (1 + np.exp(-wide)) * value).astype(np.float16), 28)

    write("rotary_rank", "RotaryEmbedding", [x[0, 0], *caches(full)], None, 23)
    write("rotary_cache", "RotaryEmbedding", [x, *caches(angles)], None, 23)
    write("rotary_places", "RotaryEmbedding", [x, *caches(angles), place[0]], None, 23)
    write("rotary_width", "RotaryEmbedding", [x, *caches(angles), place], None, 23,
          rotary_embedding_dim=4)
    write("swiglu_type", "SwiGLU", [gate, value.astype(np.float16)], None, 28)


def faults():
    real, pair, one = floats(2, 6, 1), floats(2, 6, 2), number(1)
    write("dft_rank", "DFT", [floats(4)], None, 20)
    write("dft_parts", "DFT", [floats(2, 6, 3)], None, 20)
    write("dft_last", "DFT", [real, None, number(-1)], None, 20, fixed=(2,))
    write("dft_axis", "DFT", [real], None, 17, axis=4)
    write("dft_side", "DFT", [pair], None, 20, onesided=1)
    write("dft_back", "DFT", [real], None, 20, onesided=1, inverse=1)
    write("dft_many", "DFT", [real, np.array([1, 2])], None, 20)
    write("dft_length", "DFT", [real, number(0)], None, 20, fixed=(1,))
    write("stft_rank", "STFT", [floats(2, 6, 1, 1), one, None, one], None, 17)
    write("stft_side", "STFT", [pair, one, None, one], None, 17)
    write("stft_window", "STFT", [real, one, floats(2, 2)], None, 17)
    write("stft_missing", "STFT", [real, one], None, 17)
    write("stft_fit", "STFT", [real, one, floats(3), number(4)], None, 17, fixed=(3,))
    write("mel_edge", "MelWeightMatrix", [one, one, one, floats(2), floats(1)], None, 17)
    write("dft_dynamic", "DFT", [real], None, 20, kind="gap", dynamic=True)
    write("window_type", "HannWindow", [one], None, 17, kind="gap", output_datatype=8)


if __name__ == "__main__":
    transforms()
    windows()
    rotations()
    faults()
