"""Replays every dump of a folder with the command in its first line: replay.py FOLDER.

The file that follows must be what the command prints, and every file must survive a round trip.
"""

import os
import shlex
import subprocess
import sys

folder = sys.argv[1]
names = sorted(name for name in os.listdir(folder) if name.endswith(".mlir"))
replayed = 0
for name in names:
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        first = file.readline()
    subprocess.run(["seqc-opt", "--verify-roundtrip", name, "-o", os.devnull], cwd=folder,
                   check=True)
    if not first.startswith("// seqc-opt "):
        continue
    words = shlex.split(first[3:])
    target = words[-1]
    words[-1] = "replayed.out"
    subprocess.run(words, cwd=folder, check=True)
    with open(os.path.join(folder, target), encoding="utf-8") as file:
        wanted = file.read().split("\n", 1)[1]
    with open(os.path.join(folder, "replayed.out"), encoding="utf-8") as file:
        got = file.read()
    assert got == wanted, f"{name}: the replay differs from {target}"
    replayed += 1
print(f"{len(names)} dumps, {replayed} replayed")
