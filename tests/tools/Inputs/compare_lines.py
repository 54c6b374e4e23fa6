"""Compares lines of text and scores, separated by tabs: compare_lines.py A B; scores agree to 1e-4."""

import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t") for line in file]


def main():
    a, b = read(sys.argv[1]), read(sys.argv[2])
    same = len(a) == len(b) and all(
        x[0] == y[0] and len(x) == len(y)
        and all(abs(float(p) - float(q)) <= 1e-4 * (1 + abs(float(p))) for p, q in zip(x[1:], y[1:]))
        for x, y in zip(a, b))
    if not same:
        print(f"{sys.argv[1]} and {sys.argv[2]} differ:", *a, *b, sep="\n")
    return not same


if __name__ == "__main__":
    sys.exit(main())
