"""Runs the test folders of a collection and compares what is not supported with a list.

    run.py LIST FOLDER... [--jobs N]

LIST names, one a line, the tests that may be UNSUPPORTED, each with the reason after a space; `#`
begins a comment. A reason that begins with "data:" says why a test contradicts itself and has to
FAIL. Any other test that fails, one that is unsupported without being listed and a listed one that
passes are faults.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile


def read_list(path):
    with open(path, encoding="utf-8") as file:
        lines = [line.split("#")[0].strip() for line in file]
    return {line.split()[0]: line.partition(" ")[2] for line in lines if line}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("list")
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--jobs", default="2")
    options = parser.parse_args()
    expected = read_list(options.list)
    with tempfile.TemporaryDirectory() as scratch:
        results = os.path.join(scratch, "results.json")
        status = subprocess.run(
            ["seqc", "test", *options.folders, "--jobs", options.jobs, "--quiet", "--json", results],
            stdout=subprocess.DEVNULL, check=False,
            # Symbols are bound once, not in each of a thousand children.
            env=dict(os.environ, LD_BIND_NOW="1")).returncode
        if status not in (0, 1):
            sys.exit(f"seqc test ended with exit code {status}")
        with open(results, encoding="utf-8") as file:
            tests = json.load(file)["tests"]
    faults, seen = [], {}
    for test in tests:
        name, result = os.path.basename(test["name"]), test["result"]
        seen[name] = result
        if result == "FAIL" and not expected.get(name, "").startswith("data:"):
            faults.append(f"FAIL {name}: {test['reason']}")
        elif result == "UNSUPPORTED" and name not in expected:
            faults.append(f"not listed: {name}: {test['reason']}")
        elif result == "PASS" and name in expected:
            faults.append(f"listed, but it passes: {name}")
    for line in faults:
        print(line)
    count = lambda result: sum(found == result for found in seen.values())
    print(f"{count('PASS')} passed, {count('FAIL')} failed, {count('UNSUPPORTED')} unsupported")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
