"""Inputs and results of the step of a search: entries.py FOLDER lanes|compare."""

import os
import sys

import numpy

FOLDER = sys.argv[1]
LANES = [0, 1, 0]


def load(name):
    return numpy.load(os.path.join(FOLDER, name + ".npy"))


def save(name, array):
    numpy.save(os.path.join(FOLDER, name + ".npy"), array)


def main():
    if sys.argv[2] == "lanes":
        save("h3", load("h")[LANES])
        save("c3", load("c")[LANES])
        # What has been written so far, the same in lanes 0 and 2.
        tokens = numpy.array([[1, 1, 1], [5, 4, 5], [3, 4, 3], [5, 5, 5]], dtype="int32")
        assert (load("start") == tokens[0, :2]).all()
        save("ids", tokens)
        save("positions", numpy.arange(4))
        return
    logits = load("compiled")
    assert logits.shape == (4, 3, 14), logits.shape
    assert (logits[:, 0] == logits[:, 2]).all(), "lanes of one row differ"
    assert numpy.abs(logits[:, 0] - logits[:, 1]).max() > 1e-3, "lanes of two rows do not differ"
    for name, other in (("compiled", "interpreted"), ("last", "last_interpreted")):
        assert numpy.abs(load(name) - load(other)).max() < 1e-4, name


if __name__ == "__main__":
    main()
