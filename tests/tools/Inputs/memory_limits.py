"""Runs commands under limits of address space, from what loads the program up to what the command needs. Each ends with
0, or with 5 and a message.

    memory_limits.py MODEL TEXT EXECUTABLE FOLDER
"""

import os
import resource
import shutil
import subprocess
import sys

KIB, MIB = 1 << 10, 1 << 20
# What no command here needs.
MOST = 16 << 30
STEPS = 10


def run(command, limit, folder):
    """One run that finds nothing of an earlier one."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)

    def restrict():
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, preexec_fn=restrict,
                          env={**os.environ, "XDG_CACHE_HOME": os.path.join(folder, "cache")})


def find_floor(program, folder):
    """The least limit, by a step, under which the program itself is loaded and starts."""
    low, high = 0, MOST
    while high - low > 128 * KIB:
        limit = (low + high) // 2
        good = run([program, "--help"], limit, folder).returncode == 0
        low, high = (low, limit) if good else (limit, high)
    # Arguments and environment are a part of the stack, and the loader ends with an exit code of its own.
    return high + 256 * KIB


def limits_of(command, floor, folder):
    """Limits at which the command is known to fail, and such between them and what it needs."""
    more = MIB
    while run(command, floor + more, folder).returncode != 0:
        if floor + more > MOST:
            sys.exit(f"{command} does not work at all")
        yield floor + more
        more *= 2
    for step in range(STEPS):
        yield floor + more * step // STEPS


def main(model, text, executable, folder):
    out = os.path.join(folder, "out")
    commands = [
        ["seqc", "compile", model, "--quiet", "-o", os.path.join(out, "model.so")],
        ["seqc", "compile", model, "--quiet", "-o", os.path.join(out, "model")],
        ["seqc", "run", model, "--quiet", "--input", "x0=random:9x16"],
        ["seqc", "check", model, "--quiet"],
        ["seqc", "inspect", model],
        ["seqc-opt", text, "--seqc-normalize", "--seqc-tile"],
        ["seqc-opt", text],
        [executable, "--input", "x0=random:90000x16", "--threads", "3", "--output",
         "0=" + os.path.join(out, "y.npy")],
    ]
    floors = {program: find_floor(program, out) for program in {command[0] for command in commands}}
    failed = False
    for command in commands:
        ends = {}
        for limit in limits_of(command, floors[command[0]], out):
            done = run(command, limit, out)
            ends[done.returncode] = ends.get(done.returncode, 0) + 1
            if done.returncode not in (0, 5) or (done.returncode == 5 and b"error: " not in done.stderr):
                failed = True
                print(f"{command} under {limit // KIB} KiB: exit code {done.returncode}\n"
                      + done.stderr.decode(errors="replace"))
        print(f"{command[:2]}: {ends}")
        if 5 not in ends:
            failed = True
            print(f"{command} never lacked memory")
    sys.exit(failed)


main(*sys.argv[1:])
