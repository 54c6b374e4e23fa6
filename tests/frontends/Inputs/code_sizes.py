"""Compares the code of pairs of object files: code_sizes.py A B [C D]..., at most 1 % apart."""

import struct
import sys


def code_size(path):
    """Bytes of all executable sections of a 64-bit ELF file."""
    with open(path, "rb") as file:
        data = file.read()
    start, = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    total = 0
    for i in range(count):
        flags, = struct.unpack_from("<Q", data, start + i * size + 8)
        if flags & 4:
            total += struct.unpack_from("<Q", data, start + i * size + 32)[0]
    return total


for one, other in zip(sys.argv[1::2], sys.argv[2::2]):
    a, b = code_size(one), code_size(other)
    print(f"{one}: {a} bytes, {other}: {b} bytes")
    if not a or abs(a - b) > a / 100:
        sys.exit("the sizes differ by more than 1 %")
