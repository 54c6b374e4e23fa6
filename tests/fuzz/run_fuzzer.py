"""Runs a fuzz target on fresh seeds.

  run_fuzzer.py PROGRAM FOLDER KIND OPTION...    KIND is onnx or safetensors

Inputs that a target finds wrong are left in FOLDER/findings. Ends as the target does.
"""

import os
import shutil
import subprocess
import sys

import make_corpus


def main():
    program, folder, kind, *options = sys.argv[1:]
    seeds, findings = os.path.join(folder, "seeds"), os.path.join(folder, "findings")
    shutil.rmtree(seeds, ignore_errors=True)
    for path in seeds, findings:
        os.makedirs(path, exist_ok=True)
    make_corpus.write(kind, seeds)
    return subprocess.run([program, *options, f"-artifact_prefix={findings}/", seeds],
                          check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
