"""Makes a compilation crash at several moments: it ends with exit code 4, says what it was doing,
leaves a reproducer that replays, and nothing else: crash.py SEQC MODEL FOLDER."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time

seqc, model, folder = sys.argv[1:4]
os.makedirs(os.path.join(folder, "tmp"), exist_ok=True)
out = os.path.join(folder, "out")
os.makedirs(out, exist_ok=True)
command = [seqc, "compile", model, "-o", os.path.join(out, "model")]
environment = dict(os.environ, TMPDIR=os.path.join(folder, "tmp"))
# The shortest of three: the first one also reads programs from the disk.
times = []
for _ in range(3):
    begin = time.monotonic()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    times.append(time.monotonic() - begin)
os.remove(os.path.join(out, "model"))
whole = min(times)
crashes, replayed = 0, 0
# A busy machine shifts the moments: more rounds, until the signal came inside of phases.
for number in range(12 * 10):
    if number >= 12 and crashes >= 2 and replayed >= 1:
        break
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, text=True)
    time.sleep(whole * (number % 12 + 1) / 12)
    process.send_signal(signal.SIGSEGV)
    _, text = process.communicate()
    if process.returncode == 4:
        crashes += 1
        assert "seqc: error: a fault in seqc itself" in text, text
        replay = re.search(r"replay it with\n  (seqc-opt .*)", text)
        if replay:
            subprocess.run(shlex.split(replay[1]), check=True, stdout=subprocess.DEVNULL)
            replayed += 1
    else:
        # Before the program has its handlers, the signal ends it.
        assert process.returncode in (0, -signal.SIGSEGV), process.returncode
    # The output is complete if the crash came after its last phase.
    left = os.listdir(out)
    assert left in ([], ["model"]), left
    if left:
        os.remove(os.path.join(out, "model"))
assert crashes >= 2 and replayed >= 1, (crashes, replayed)
print("crashed", crashes, "replayed", replayed)
