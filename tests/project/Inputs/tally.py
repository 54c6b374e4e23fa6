"""Counts hand-made results files with the code of ./check."""

import importlib.machinery
import importlib.util
import os
import sys
import tempfile

sys.dont_write_bytecode = True
script = os.path.join(sys.argv[1], "tools", "scripts", "run-checks")
loader = importlib.machinery.SourceFileLoader("run_checks", script)
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("run_checks", loader))
loader.exec_module(module)

MIXED = """<testsuites><testsuite name="A">
<testcase name="a" classname="A" status="run" result="completed"/>
<testcase name="b" classname="A" status="run"/>
<testcase name="c" classname="A" status="run"><failure message="x"/></testcase>
<testcase name="d" classname="A" status="run" result="skipped"><skipped/></testcase>
<testcase name="e" classname="A" status="notrun"/>
</testsuite></testsuites>"""

FILES = {"mixed": MIXED, "absent": None, "broken": MIXED[:100],
         "empty": "<testsuites></testsuites>"}

with tempfile.TemporaryDirectory() as folder:
    for name, text in FILES.items():
        path = os.path.join(folder, name + ".xml")
        if text is not None:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        tally = module.Tally()
        counted = module.count_cases(path, name, tally)
        print(f"{name}: {tally.line()}" + ("" if counted else " (uncounted)"))
        tally.print_failures()
tally = module.Tally()
tally.add("long", "failed", "\n".join(f"line {number}" for number in range(100)))
tally.print_failures(most=2)
