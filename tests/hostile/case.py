"""One hostile input: files, a command over them, and how the command may end.

A kind is a function from a random generator to a Case; @kind registers it. The same generator gives
the same case, so that seed and number of a case are all that is needed to make it again.
"""

import os
import struct
import sys

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

# Exit codes: what they mean stands in docs/reference/command-line.md.
DONE, DIFFERS, BAD, UNSUPPORTED, ENVIRONMENT = 0, 1, 2, 3, 5

KINDS = {}


class Case:
    """`files` are names and bytes (an iterable of bytes where they are long); `command` are the words
    after `seqc`, run in the folder of the files; `ends` are the exit codes that are right."""

    def __init__(self, files, command, ends):
        self.files = files
        self.command = command
        self.ends = frozenset(ends)


def kind(function):
    """Registers a kind under the name of its function."""
    KINDS[function.__name__] = function
    return function


# Numbers at which sizes, counts and indices go wrong.
EXTREMES = [-(1 << 63), -(1 << 62), -(1 << 32), -(1 << 31), -1000, -2, -1, 0, 1, 2, 3, 7, 1000, 65536,
            (1 << 31) - 1, 1 << 31, 1 << 32, 10 ** 9, 1 << 40, 1 << 60, 1 << 62, (1 << 63) - 1]
# Those that no memory holds as elements.
HUGE = [1 << 40, 1 << 44, 1 << 60, 1 << 61, 1 << 62, (1 << 63) - 1]
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-45, -1e-45, 1e30, -1e30, 3.4e38, float("inf"),
          float("-inf"), float("nan")]


def npy(array):
    """The bytes of an .npy file."""
    array = numpy.asarray(array)
    return npy_bytes(array.dtype.str, array.shape, array.tobytes())


def npy_bytes(dtype, shape, data):
    """An .npy file that claims a type and a shape, whatever the data are."""
    header = repr({"descr": dtype, "fortran_order": False, "shape": tuple(shape)}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def spoil(random, content):
    """`content` with some bytes changed, removed, repeated or cut off."""
    content = bytearray(content)
    for _ in range(random.choice([1, 1, 2, 4, 16])):
        if not content:
            break
        at = random.randrange(len(content))
        action = random.randrange(5)
        if action == 0:
            content[at] = random.randrange(256)
        elif action == 1:
            content[at] ^= 1 << random.randrange(8)
        elif action == 2:
            del content[at:at + random.choice([1, 2, 8, 64])]
        elif action == 3:
            content[at:at] = content[at:at + random.choice([1, 4, 32])]
        else:
            content[at] = random.choice([0, 0x7f, 0x80, 0xff])
    if random.random() < 0.1:
        del content[random.randrange(len(content) + 1):]
    return bytes(content)
