"""The dates example, from its description to ISO dates.

PyTorch's answers were stored by the training script; compiled code of both back ends, on one and on
two threads, and the reference interpreter have to give the same ones.
"""

import json
import math
import os
import re
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from results import BUILD, HAVE_ONEDNN, SOURCE, Skipped, run, run_cases, tool  # noqa: E402

EXAMPLE = os.path.join(SOURCE, "examples", "dates")
MODEL = os.path.join(EXAMPLE, "dates.yaml")
FOLDER = tempfile.mkdtemp(prefix="seqc-dates-")

with open(os.path.join(EXAMPLE, "expected.tsv"), encoding="utf-8") as file:
    EXPECTED = [line.rstrip("\n").split("\t") for line in file]
TEXTS = [row[0] for row in EXPECTED]
FROM_PYTORCH = [row[2] for row in EXPECTED]


def compiled(name, *options):
    """The path of a compiled model; compiled once."""
    path = os.path.join(FOLDER, name)
    if not os.path.exists(path):
        run([tool("seqc"), "compile", MODEL, "-o", path, "--quiet", *options])
    return path


def answers(command, texts):
    return run(command, input="\n".join(texts) + "\n").splitlines()


def same(got, want, texts):
    wrong = [(t, w, g) for t, w, g in zip(texts, want, got) if w != g]
    assert len(got) == len(want), f"{len(got)} answers to {len(want)} texts"
    assert not wrong, f"{len(wrong)} of {len(want)} differ, first {wrong[0]}"


def held_out_dates():
    """At least 99.5 % of 10,000 held-out dates, all forms equally often."""
    pairs = [line.split("\t") for line in run(
        [sys.executable, os.path.join(EXAMPLE, "dates_data.py"), "--held-out", "10000"]
    ).splitlines()]
    assert len(pairs) == 10000, f"{len(pairs)} pairs"
    got = answers([compiled("dates")], [text for text, _ in pairs])
    assert len(got) == len(pairs), f"{len(got)} answers"
    right = sum(iso == answer for (_, iso), answer in zip(pairs, got))
    assert right >= 9950, f"{right} of 10,000 are right; 9,950 are required"


def same_as_pytorch(name, options, threads):
    def case():
        if "--backend=onednn" in options and not HAVE_ONEDNN:
            raise Skipped("built without oneDNN")
        same(answers([compiled(name, *options), "--threads", threads], TEXTS), FROM_PYTORCH, TEXTS)
    return case


def interpreter_same_as_pytorch():
    assert len(TEXTS) == 2000, f"{len(TEXTS)} texts"
    same(answers([tool("seqc"), "run", MODEL, "--interpret", "--quiet"], TEXTS), FROM_PYTORCH,
         TEXTS)


def portable_same_as_pytorch():
    """Code for all CPU levels, the best of which the loader takes."""
    same(answers([compiled("portable", "--target-cpu=portable")], TEXTS), FROM_PYTORCH, TEXTS)


def older_cpu_same_as_pytorch(level, cpu):
    """The levels below this machine's, on an emulated CPU that has nothing more."""
    def case():
        emulator = shutil.which("qemu-x86_64")
        if not emulator:
            raise Skipped("no qemu-x86_64")
        path = compiled(level, f"--target-cpu={level}")
        same(answers([emulator, "-cpu", cpu, path], TEXTS[:100]), FROM_PYTORCH[:100], TEXTS[:100])
    return case


def beams(command, texts):
    """(token texts, scores) of each text's n-best list."""
    results = json.loads(run([*command, "--n-best", "4", "--scores", "--json"],
                             input="\n".join(texts) + "\n"))
    return [([r["text"] for r in item["results"]], [r["score"] for r in item["results"]])
            for item in results]


def beam_same_as_interpreter():
    """Beam 4 with its four best. Scores of different rounding may swap where they are equal."""
    texts = TEXTS[:400]
    search = ["--beam", "4", "--n-best", "4"]
    got = beams([compiled("beam", *search)], texts)
    want = beams([tool("seqc"), "run", MODEL, "--interpret", "--quiet", *search], texts)
    assert len(got) == len(want) == len(texts)
    for text, (got_texts, got_scores), (want_texts, want_scores) in zip(texts, got, want):
        for score, other in zip(got_scores, want_scores):
            assert math.isclose(score, other, rel_tol=1e-4, abs_tol=1e-5), (text, score, other)
        for at, (one, other) in enumerate(zip(got_texts, want_texts)):
            near = [o for o in range(4) if abs(want_scores[o] - want_scores[at]) < 1e-5]
            assert one in [want_texts[o] for o in near], (text, one, other)


def moved_executable():
    """One file, no environment, nothing beyond libc and libm."""
    moved = os.path.join(FOLDER, "elsewhere", "renamed")
    os.makedirs(os.path.dirname(moved))
    shutil.copy(compiled("dates"), moved)
    got = run(["/usr/bin/env", "-i", "./renamed", "20 November 2026", "2026年11月20日"],
              cwd=os.path.dirname(moved))
    assert got == "2026-11-20\n2026-11-20\n", got
    libraries = set(re.findall(r"^\s*(\S+?)(?:\.so\S*)?(?: =>| \()", run(["ldd", moved]), re.M))
    libraries = {os.path.basename(name) for name in libraries}
    assert libraries <= {"linux-vdso", "libc", "libm", "ld-linux-x86-64"}, libraries


def reproducible():
    again = os.path.join(FOLDER, "again")
    run([tool("seqc"), "compile", MODEL, "-o", again, "--quiet"])
    with open(again, "rb") as one, open(compiled("dates"), "rb") as other:
        assert one.read() == other.read(), "two compilations gave different bytes"


def onednn_computes_the_large_products():
    if not HAVE_ONEDNN:
        raise Skipped("built without oneDNN")
    report = json.loads(run([tool("seqc"), "compile", MODEL, "-o", os.path.join(FOLDER, "x"),
                             "--backend=onednn", "--explain", "--json", "--quiet"]))
    chosen = [p for p in report["choices"] if p["choice"] == "onednn"]
    large = [p for p in report["choices"] if p["K"] * p["N"] * p["gates"] >= 4096]
    assert large and all(p in chosen for p in large), report["choices"]


def every_phase_replays():
    """Each dump goes through seqc-opt to the next one, and survives a round trip."""
    dumps = os.path.join(FOLDER, "dumps")
    run([tool("seqc"), "compile", MODEL, "-o", os.path.join(FOLDER, "y"), "--quiet",
         f"--dump-phases={dumps}"])
    script = os.path.join(SOURCE, "tests", "tools", "Inputs", "replay.py")
    environment = dict(os.environ, PATH=os.path.join(BUILD, "bin") + ":" + os.environ["PATH"])
    found = run([sys.executable, script, dumps], env=environment)
    assert "10 dumps, 9 replayed" in found, found
    for name in sorted(os.listdir(dumps)):
        run([tool("seqc-opt"), "--verify-roundtrip", "-o", "/dev/null",
             os.path.join(dumps, name)], env=environment)


def attention_map():
    image = os.path.join(FOLDER, "attention.svg")
    run([compiled("dates"), "--attention", image, "Friday, 20 November 2026"])
    with open(image, encoding="utf-8") as file:
        text = file.read()
    assert text.startswith("<?xml") and text.rstrip().endswith("</svg>")
    # One cell for each pair of a character read and a character written, at least.
    assert text.count("<rect") >= 24 * 10, text.count("<rect")


def bad_texts():
    """Each with status 2 and a message that names the trouble."""
    for text, words in (("20 Nov\u2603mber 2026", "\u2603"), ("", "empty"), ("2" * 500, "500")):
        result = run_bad(text)
        assert words in result, (text, result)


def run_bad(text):
    import subprocess
    result = subprocess.run([compiled("dates"), text], capture_output=True, text=True, check=False)
    assert result.returncode == 2, (text, result.returncode, result.stderr)
    return result.stderr


CASES = [
    ("HeldOutDates", held_out_dates),
    ("LlvmOneThreadSameAsPyTorch", same_as_pytorch("dates", [], "1")),
    ("LlvmTwoThreadsSameAsPyTorch", same_as_pytorch("dates", [], "2")),
    ("OneDnnOneThreadSameAsPyTorch", same_as_pytorch("onednn", ["--backend=onednn"], "1")),
    ("OneDnnTwoThreadsSameAsPyTorch", same_as_pytorch("onednn", ["--backend=onednn"], "2")),
    ("InterpreterSameAsPyTorch", interpreter_same_as_pytorch),
    ("PortableSameAsPyTorch", portable_same_as_pytorch),
    ("LevelV2SameAsPyTorch", older_cpu_same_as_pytorch("x86-64-v2", "Nehalem")),
    ("LevelV3SameAsPyTorch", older_cpu_same_as_pytorch(
        "x86-64-v3", "Haswell,-pcid,-x2apic,-tsc-deadline,-hle,-invpcid,-rtm")),
    ("BeamSameAsInterpreter", beam_same_as_interpreter),
    ("MovedExecutable", moved_executable),
    ("Reproducible", reproducible),
    ("OneDnnComputesTheLargeProducts", onednn_computes_the_large_products),
    ("EveryPhaseReplays", every_phase_replays),
    ("AttentionMap", attention_map),
    ("BadTexts", bad_texts),
]

if __name__ == "__main__":
    try:
        run_cases("Dates", CASES)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
