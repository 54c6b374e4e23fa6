"""Interrupts a compilation at many moments; each time the output is whole or absent, and nothing
else is left: interrupt.py SEQC MODEL FOLDER."""

import os
import signal
import subprocess
import sys
import time

seqc, model, folder = sys.argv[1:4]
os.makedirs(folder, exist_ok=True)
output = os.path.join(folder, "out")


def heed_interrupts():
    """Test runners ignore interrupts, which children inherit."""
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, signal.SIG_DFL)


command = [seqc, "compile", model, "-o", output]
# The shortest of three: the first one also reads programs from the disk.
times = []
for _ in range(3):
    begin = time.monotonic()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    times.append(time.monotonic() - begin)
whole = min(times)
with open(output, "rb") as file:
    wanted = file.read()
interrupted = 0
for number, kind in enumerate([signal.SIGINT, signal.SIGTERM] * 8):
    os.remove(output)
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, preexec_fn=heed_interrupts)
    time.sleep(whole * (number + 0.5) / 16)
    process.send_signal(kind)
    code = process.wait()
    # A linker that was running ends with its parent; give it the moment this takes.
    time.sleep(0.05)
    interrupted += code != 0
    left = sorted(os.listdir(folder))
    if code == 0 or "out" in left:
        with open(output, "rb") as file:
            assert file.read() == wanted, f"{kind} leaves half of the output"
        left.remove("out")
    assert not left, f"{kind} leaves {left}"
    with open(output, "ab"):
        pass
assert interrupted >= 4, f"only {interrupted} compilations were interrupted"
print("interrupted", interrupted)
