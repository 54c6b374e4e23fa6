"""Runs the models of the corpus beside the source folder, each with a cases.json, in all ways that
seqc makes code: corpus_models.py [RESULTS.xml]. $SEQC_CORPUS is the folder of the collections.

The standalone executable gets the cases as options, the others through `seqc test`.
"""

import json
import os
import re
import subprocess
import tempfile

import numpy

import results

MODELS = os.path.join(os.environ["SEQC_CORPUS"], "models")

WAYS = {
    "O0": ["-O0"],
    "O2": ["-O2"],
    "llvm": ["--backend=llvm"],
    "onednn": ["--backend=onednn"],
    "threads 1": ["--threads", "1"],
    "threads 2": ["--threads", "2"],
    "executable": None,
}


def run(command):
    """The exit code and the last line that a command prints."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return done.returncode, lines


def through_test(seqc, folder, options):
    """What `seqc test` says of a folder."""
    code, lines = run([seqc, "test", folder, "--quiet", *options])
    verdict = [line for line in lines if re.match("PASS|FAIL|UNSUPPORTED", line)]
    return (verdict or lines or [f"exit code {code}"])[-1].replace(folder, "").strip()


def case_options(folder, case):
    """The options of an executable that run a case and compare its outputs."""
    options = []
    for key, option in (("inputs", "--input"), ("constant_or_initial_inputs", "--input"),
                        ("per_step_inputs", "--step")):
        for name, file in case.get(key, {}).items():
            options += [option, f"{name}={os.path.join(folder, file)}"]
    for name, to in case.get("carry_output_to_input", {}).items():
        options += ["--carry", f"{name}={to}"]
    return options


def through_executable(seqc, folder, work):
    """Compiles an executable and runs the cases with it."""
    with open(os.path.join(folder, "cases.json"), encoding="utf-8") as file:
        content = json.load(file)
    program = os.path.join(work, "program")
    code, lines = run([seqc, "compile", os.path.join(folder, content["model"]), "-o", program,
                       "--quiet"])
    if code:
        return f"FAIL compile: exit code {code}: {(lines or [''])[0]}"
    for number, case in enumerate(content["cases"]):
        options = case_options(folder, case)
        for key in ("rtol", "atol"):
            if key in case:
                options += ["--" + key, str(case[key])]
        wanted = {**case.get("expected", {}), **case.get("expected_per_step", {})}
        for name, file in wanted.items():
            options += ["--expect", f"{name}={os.path.join(folder, file)}"]
        # What the last step gives is compared through its file.
        last = {name: os.path.join(work, f"{i}.npy")
                for i, name in enumerate(case.get("expected_final", {}))}
        for name, file in last.items():
            options += ["--final", f"{name}={file}"]
        code, lines = run([program, *options])
        if code:
            return f"FAIL case {number}: exit code {code}: {(lines or [''])[-1]}"
        for name, file in last.items():
            problem = compare(file, os.path.join(folder, case["expected_final"][name]))
            if problem:
                return f"FAIL case {number}: {name} after the last step: {problem}"
    return "PASS"


def compare(got, want):
    """Why a file of floats is not close to another; the contract's rule of sequences."""
    got, want = numpy.load(got), numpy.load(want)
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"{got.dtype} {got.shape} instead of {want.dtype} {want.shape}"
    if got.dtype.kind != "f":
        return "" if (got == want).all() else "integers differ"
    most = 1e-4 * max(1.0, float(numpy.abs(want).max(initial=0)))
    difference = float(numpy.abs(got.astype("f8") - want).max(initial=0))
    return "" if difference <= most else f"differs by {difference:.3g}, allowed is {most:.3g}"


def check(name, way):
    """A case: one model in one way."""
    def case():
        folder = os.path.join(MODELS, name)
        if way == "onednn" and not results.HAVE_ONEDNN:
            raise results.Skipped("built without oneDNN")
        seqc = results.tool("seqc")
        if WAYS[way] is not None:
            verdict = through_test(seqc, folder, WAYS[way])
        else:
            with tempfile.TemporaryDirectory() as work:
                verdict = through_executable(seqc, folder, work)
        assert verdict.startswith("PASS"), verdict
    return case


def list_cases():
    names = [name for name in sorted(os.listdir(MODELS))
             if os.path.exists(os.path.join(MODELS, name, "cases.json"))]
    return [(f"{name}.{way.replace(' ', '')}", check(name, way))
            for name in names for way in WAYS]


if __name__ == "__main__":
    results.run_cases("CorpusModels", list_cases())
