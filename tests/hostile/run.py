"""Runs hostile inputs and tells which did not end as they must.

  run.py FORK_SERVER [--count=N] [--seed=S] [--only=KIND,…] [--folder=DIR] [--results=FILE.xml] [--jobs=N]
  run.py FORK_SERVER --case=KIND:N [--seed=S] --folder=DIR      makes one again and keeps its files

Each case ends with one of the exit codes of its kind, without a signal, within ten seconds of processor
time and 1.5 GB of memory, and says an error where it fails.
"""

import argparse
import concurrent.futures
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ElementTree

import call_inputs  # noqa: F401  (the imports register the kinds)
import mlir_calls  # noqa: F401
import mlir_texts  # noqa: F401
import onnx_graphs  # noqa: F401
import onnx_nodes  # noqa: F401
import onnx_ranks  # noqa: F401
import onnx_sizes  # noqa: F401
import yaml_texts  # noqa: F401
from case import KINDS

MOST_MILLISECONDS = 10_000
MOST_KIBIBYTES = 1_500_000


def make(name, number, seed):
    """Case `number` of a kind."""
    return KINDS[name](random.Random(f"{seed}:{name}:{number}"))


def lay(case, folder):
    """Writes the files of a case into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for name, content in case.files.items():
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)


class Server:
    """A process that runs commands; started again when it is lost."""

    def __init__(self, program, folder):
        self.folder = folder
        cache = os.path.join(folder, "cache")
        shutil.rmtree(cache, ignore_errors=True)
        library = os.path.join(os.path.dirname(program), "..", "..", "lib")
        # Symbols are bound once, not in each child.
        environment = dict(os.environ, XDG_CACHE_HOME=cache, SEQC_LIB_DIR=os.path.normpath(library), LD_BIND_NOW="1")
        # A failed allocation is a lack of memory, and a finding of the sanitizer no exit code of ours.
        environment["ASAN_OPTIONS"] = (
            "detect_container_overflow=0:allow_user_poisoning=0:detect_leaks=0:exitcode=99:"
            "allocator_may_return_null=1:max_allocation_size_mb=4000:quarantine_size_mb=4:malloc_context_size=1:"
            "max_malloc_fill_size=0")
        environment["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1:exitcode=99"
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=environment)

    def run(self, case):
        """What is wrong with how the case ends, or nothing."""
        work, log = os.path.join(self.folder, "work"), os.path.join(self.folder, "log")
        lay(case, work)
        self.process.stdin.write("\t".join([work, log, *case.command]) + "\n")
        self.process.stdin.flush()
        status, milliseconds, kibibytes = self.process.stdout.readline().rstrip("\n").split("\t")
        with open(log, encoding="utf-8", errors="replace") as file:
            said = file.read()
        problems = []
        ends = " or ".join(str(code) for code in sorted(case.ends))
        if not status.isdigit():
            problems.append(f"ended by {status}; required is exit {ends}")
        elif int(status) not in case.ends:
            problems.append(f"exit {status}; required is {ends}")
        elif int(status) > 1 and "error" not in said:
            problems.append(f"exit {status} without an error on standard error")
        if int(milliseconds) > MOST_MILLISECONDS:
            problems.append(f"{milliseconds} ms of processor time; required is {MOST_MILLISECONDS}")
        if int(kibibytes) > MOST_KIBIBYTES:
            problems.append(f"{kibibytes} KiB; required is {MOST_KIBIBYTES}")
        return "; ".join(problems) and "; ".join(problems) + "\n" + said[:3000]

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def run_all(options, work):
    """Runs the cases on `jobs` servers; the problems by case."""
    problems, lock = {}, threading.Lock()
    pending = iter(work)

    def follow(index):
        folder = os.path.join(options.folder, str(index))
        os.makedirs(folder, exist_ok=True)
        server = Server(options.server, folder)
        while True:
            with lock:
                item = next(pending, None)
            if item is None:
                break
            problem = server.run(make(*item, options.seed))
            if problem:
                with lock:
                    problems[item] = problem
                    print(f"{item[0]}:{item[1]}: {problem}", flush=True)
        server.close()

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        # What fails in a thread fails here.
        list(pool.map(follow, range(options.jobs)))
    return problems


def write_results(path, kinds, problems):
    """JUnit's form: a test for each kind."""
    suite = ElementTree.Element("testsuite", name="HostileInputsTest")
    for name in kinds:
        test = ElementTree.SubElement(suite, "testcase", classname="hostile", name=name, status="run")
        found = [f"{item[1]}: {text}" for item, text in problems.items() if item[0] == name]
        if found:
            ElementTree.SubElement(test, "failure", message="\n".join(found)[:10000])
    ElementTree.ElementTree(suite).write(path)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("server")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", default="")
    parser.add_argument("--case")
    parser.add_argument("--folder", default="")
    parser.add_argument("--results")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()

    options.server = os.path.abspath(options.server)
    kinds = options.only.split(",") if options.only else sorted(KINDS)
    if options.case:
        name, number = options.case.split(":")
        lay(make(name, int(number), options.seed), options.folder)
        print("seqc", *make(name, int(number), options.seed).command)
        return 0
    work = [(kinds[i % len(kinds)], i // len(kinds)) for i in range(options.count)]
    if options.folder:
        options.folder = os.path.abspath(options.folder)
        problems = run_all(options, work)
    else:
        with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
            options.folder = folder
            problems = run_all(options, work)
    if options.results:
        write_results(options.results, kinds, problems)
    print(f"{len(work)} hostile inputs of {len(kinds)} kinds, {len(problems)} ended wrongly")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
