"""What lit needs to know: which files are tests, which tools they see, what the machine has.

Substitutions beyond lit's own:
  %source     the repository's root
  %build      the build folder
  %examples   the repository's examples folder
  %python     the Python that has the test packages
  %corpus     the folder of further ONNX tests

Parameters (`lit --param NAME=1`):
  roundtrip   every seqc-opt call also prints, parses and compares its input
"""

import importlib.util
import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from lit_format import SeqcTest  # noqa: E402

config.name = "seqc"
config.test_format = SeqcTest(execute_external=True)
config.suffixes = [".mlir", ".test", ".yaml"]
config.excludes = ["Inputs", "inputs", "unit", "CMakeLists.txt"]
# A larger collection of ONNX tests, used where it is.
corpus = os.environ.get("SEQC_CORPUS") or os.path.join(
    os.path.dirname(config.seqc_source_dir), "shared", "corpus")
if not os.path.isdir(os.path.join(corpus, "onnx-node")):
    config.excludes.append("corpus.test")
config.test_source_root = os.path.dirname(os.path.abspath(__file__))
config.test_exec_root = os.path.join(config.seqc_build_dir, "tests", "lit")

config.substitutions += [
    ("%source", config.seqc_source_dir),
    ("%build", config.seqc_build_dir),
    ("%examples", os.path.join(config.seqc_source_dir, "examples")),
    ("%python", config.python),
    ("%corpus", corpus),
]
if lit_config.params.get("roundtrip"):
    config.substitutions.append((r"\bseqc-opt\b", "seqc-opt --verify-roundtrip"))

config.environment["PATH"] = os.pathsep.join(
    [
        os.path.join(config.seqc_build_dir, "bin"),
        config.llvm_bin_dir,
        os.environ.get("PATH", "/usr/bin:/bin"),
    ]
)
config.environment["SEQC_SOURCE_DIR"] = config.seqc_source_dir
config.environment["SEQC_BUILD_DIR"] = config.seqc_build_dir
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
# A cache of the tests' own, so that they neither read nor fill the user's.
config.environment["XDG_CACHE_HOME"] = os.path.join(config.test_exec_root, "cache")
if config.sanitize:
    # Containers and arenas cross into libMLIR, which is not instrumented.
    config.environment["ASAN_OPTIONS"] = (
        "detect_container_overflow=0:allow_user_poisoning=0:detect_leaks=0"
    )

# Conversions that loop for ever must fail, not hang. lit needs a package for that.
if importlib.util.find_spec("psutil"):
    # A collection of a thousand models takes minutes on a slow machine with other tests beside it.
    lit_config.maxIndividualTestTime = 1200


def cpu_flags():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("flags"):
                return set(line.split(":", 1)[1].split())
    return set()


flags = cpu_flags()
if {"avx2", "fma", "bmi2", "f16c"} <= flags:
    config.available_features.add("x86-64-v3")
if {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"} <= flags:
    config.available_features.add("x86-64-v4")
if config.have_onednn:
    config.available_features.add("onednn")
if shutil.which("valgrind"):
    config.available_features.add("valgrind")
if shutil.which("qemu-x86_64"):
    config.available_features.add("qemu")
if os.geteuid() == 0:
    config.available_features.add("root")
if config.sanitize:
    config.available_features.add("sanitizer")
