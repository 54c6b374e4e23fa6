"""How the project's lit tests are found and run; a module so that lit's workers can load it."""

import re

import lit.formats
import lit.Test


class SeqcTest(lit.formats.ShTest):
    """Shell tests, with two rules of this project.

    A .yaml file is a test only if it has a RUN line; else it is somebody's input. An .mlir file
    with CHECK lines that never reach FileCheck checks nothing, so it fails.
    """

    def getTestsInDirectory(self, suite, path_in_suite, lit_config, local_config):
        for test in super().getTestsInDirectory(
            suite, path_in_suite, lit_config, local_config
        ):
            path = test.getSourcePath()
            if path.endswith(".yaml"):
                with open(path, encoding="utf-8", errors="replace") as file:
                    if "RUN:" not in file.read():
                        continue
            yield test

    def execute(self, test, lit_config):
        with open(test.getSourcePath(), encoding="utf-8", errors="replace") as file:
            text = file.read()
        runs = "\n".join(re.findall(r"RUN:(.*)", text))
        if re.search(r"^\s*(//|#)\s*CHECK[\w-]*:", text, re.M) and "FileCheck" not in runs:
            return lit.Test.FAIL, "has CHECK lines, but no RUN line calls FileCheck"
        return super().execute(test, lit_config)
