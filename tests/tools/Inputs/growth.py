"""Counts the work of compilations of graphs of two sizes and fails where it grows faster than the graph.

    growth.py FOLDER KIND...

Work is basic blocks executed, which valgrind counts: the same in every run and on every machine, however busy. What
a compilation of next to nothing costs is subtracted.
"""

import concurrent.futures
import math
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.environ["SEQC_SOURCE_DIR"], "tests", "support"))
import growth_models  # noqa: E402

# Kind, smaller size, last phase, greatest exponent of growth from there to twice the size.
TABLE = {
    "residual": (24, "import", 1.3),
    "loops": (6, "bufferize", 1.4),
    "concat": (24, "llvm", 1.3),
    "concat_products": (16, "llvm", 1.3),
    "softmax": (12, "llvm", 1.3),
    "matmul": (16, "llvm", 1.3),
    "sequence": (12, "llvm", 1.3),
    "elementwise": (60, "llvm", 1.3),
}


def count(folder, kind, size, phase):
    """Basic blocks that the compilation of one graph executes."""
    path = os.path.join(folder, f"{kind}_{size}.onnx")
    growth_models.write(kind, size, path)
    command = ["valgrind", "--tool=none", "--stats=yes", "seqc", "compile", "--quiet", f"--stop-after={phase}",
               path, "-o", path + ".mlir"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=250)
    except subprocess.TimeoutExpired:
        return math.inf
    found = re.search(r"scheduler: ([\d,]+) event checks", run.stderr)
    if run.returncode or not found:
        sys.exit(f"{kind} {size}: exit status {run.returncode}\n{run.stdout}\n{run.stderr}")
    return int(found[1].replace(",", ""))


def main(folder, kinds):
    os.makedirs(folder, exist_ok=True)
    tasks = []
    for kind in kinds:
        size, phase, _ = TABLE[kind]
        tasks += [(kind, number, phase) for number in (1, size, 2 * size)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda task: count(folder, *task), tasks))
    failed = False
    for i, kind in enumerate(kinds):
        size, _, most = TABLE[kind]
        least, small, large = counts[3 * i:3 * i + 3]
        exponent = math.log2((large - least) / max(1, small - least))
        print(f"{kind}: {size} take {small}, {2 * size} take {large}, more than 1 (which takes {least}) "
              f"by n^{exponent:.2f}; allowed is n^{most}")
        failed |= exponent > most
    sys.exit(failed)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:] or list(TABLE))
