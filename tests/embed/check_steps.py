"""Compares what steps gave with the whole sequence: check_steps.py FOLDER."""

import os
import sys

import numpy


def main():
    load = lambda name: numpy.load(os.path.join(sys.argv[1], name + ".npy"))  # noqa: E731
    for steps, whole in (("ys", "y"), ("hs", "hn"), ("cs", "cn")):
        got, want = load(steps).reshape(-1), load(whole).reshape(-1)
        assert got.shape == want.shape, f"{steps}: {got.shape}, {want.shape}"
        assert numpy.abs(got - want).max() < 1e-6, f"{steps}: {numpy.abs(got - want).max()}"


if __name__ == "__main__":
    main()
