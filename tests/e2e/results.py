"""Runs named cases and writes their outcomes as a JUnit file, which ./check counts."""

import os
import subprocess
import sys
import time
import traceback
from xml.sax.saxutils import escape, quoteattr

SOURCE = os.environ.get("SEQC_SOURCE_DIR") or os.path.normpath(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.environ.get("SEQC_BUILD_DIR") or os.path.join(SOURCE, "build")
HAVE_ONEDNN = os.environ.get("SEQC_HAVE_ONEDNN", "ON") == "ON"


class Skipped(Exception):
    """Raised by a case that cannot run here; the text says why."""


def tool(name):
    return os.path.join(BUILD, "bin", name)


def run(command, status=0, **options):
    """The standard output of a command that must end with `status`."""
    result = subprocess.run(command, capture_output=True, text=True, check=False,
                            stdin=None if "input" in options else subprocess.DEVNULL, **options)
    if result.returncode != status:
        raise AssertionError(f"{' '.join(command)[:300]}: ended with {result.returncode}, not "
                             f"{status}: {result.stderr[-1000:]}")
    return result.stdout


def run_cases(suite, cases):
    """Runs (name, function) pairs and ends the process; the first argument is the results file."""
    lines = []
    failed = False
    for name, function in cases:
        started = time.time()
        outcome, mark = "", "passed"
        try:
            function()
        except Skipped as reason:
            outcome, mark = f"<skipped message={quoteattr(str(reason))}/>", f"skipped: {reason}"
        except Exception:  # pylint: disable=broad-except
            failed = True
            text = traceback.format_exc()
            outcome = f"<failure>{escape(text)}</failure>"
            mark = "FAILED\n" + text
        seconds = time.time() - started
        print(f"{suite}.{name}: {mark} ({seconds:.1f} s)", flush=True)
        lines.append(f'<testcase classname="{suite}" name="{name}" time="{seconds:.3f}">'
                     f"{outcome}</testcase>")
    if len(sys.argv) > 1:
        os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
        with open(sys.argv[1], "w", encoding="utf-8") as file:
            file.write(f'<testsuites><testsuite name="{suite}">\n' + "\n".join(lines)
                       + "\n</testsuite></testsuites>\n")
    sys.exit(1 if failed else 0)
