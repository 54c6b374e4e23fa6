"""Runs commands with standard error full, closed, and a pipe that nobody reads:
standard_files.py MODEL BAD_MODEL EXECUTABLE WANTED_MLIR FOLDER."""

import os
import subprocess
import sys

model, bad, executable, wanted, folder = sys.argv[1:6]
out = os.path.join(folder, "out.mlir")
written = os.path.join(folder, "y.json")
value = ["--input", "x=1,2,3,4"]
# Exit code and command.
COMMANDS = [
    (0, ["seqc", "compile", model, "-o", out]), (2, ["seqc", "compile", bad, "-o", out]),
    (0, ["seqc", "run", model, *value]), (2, ["seqc", "run", model]),
    (0, ["seqc", "check", model]), (0, ["seqc", "inspect", model]), (2, ["seqc", "inspect", bad]),
    (2, ["seqc", "frobnicate"]), (0, [executable, *value, "--output", "y=" + written]),
    (2, [executable, "--input", "z=1"]), (0, ["seqc-opt", wanted, "--canonicalize"]),
    (2, ["seqc-opt", model])]


def gone():
    """The end of a pipe that has no reader."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def main():
    count = 0
    for how in ("full", "closed", "gone"):
        for code, command in COMMANDS:
            for path in (out, written):
                if os.path.exists(path):
                    os.remove(path)
            if how == "closed":
                # Standard input too: a file that is opened must not become standard error.
                done = subprocess.run(["sh", "-c", 'exec "$@" <&- 2>&-', "sh", *command],
                                      stdout=subprocess.PIPE)
            else:
                target = os.open("/dev/full", os.O_WRONLY) if how == "full" else gone()
                done = subprocess.run(command, stdout=subprocess.PIPE, stderr=target)
                os.close(target)
            if done.returncode != code:
                sys.exit(f"{how}: exit code {done.returncode}, required is {code}: {command}")
            if command[1] == "compile" and code == 0:
                with open(out, "rb") as got, open(wanted, "rb") as want:
                    assert got.read() == want.read(), how
            if command[0] == executable and code == 0:
                with open(written, encoding="utf-8") as got:
                    assert got.read().strip().startswith("["), how
            count += 1
    print(count, "commands")


if __name__ == "__main__":
    main()
