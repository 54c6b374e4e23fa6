"""The runtime does no arithmetic on tensors: compiled code does. So its archives hold no packed
floating-point arithmetic, the oneDNN adapter excepted."""

import glob
import os
import re
import subprocess

# add sub mul div sqrt min max and all fused forms, single and double, of SSE, AVX and AVX-512.
PACKED = re.compile(
    r"\t(v?(?:add|sub|mul|div|sqrt|min|max|addsub|hadd|hsub|dp|rsqrt|rcp|rsqrt14|rcp14)p[sd]"
    r"|vf(?:n?madd|n?msub|maddsub|msubadd)\d*p[sd]|vdpbf16ps)\b")


def is_adapter(path):
    return "onednn" in os.path.basename(path).lower()


def check(tree):
    archives = [a for kind in ("runtime", "cli")
                for a in sorted(glob.glob(os.path.join(tree.build, "lib", f"libseqc_{kind}*.a")))
                if not is_adapter(a)]
    if not archives:
        return [f"{tree.build}/lib: no archive libseqc_runtime*.a; build the runtime first"]
    problems = []
    for archive in archives:
        listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", archive],
                                 capture_output=True, text=True, check=True).stdout
        member = function = "?"
        for line in listing.splitlines():
            header = re.match(r"^(\S+):\s+file format", line)
            if header:
                member = header.group(1)
            label = re.match(r"^[0-9a-f]+ <(.+)>:$", line)
            if label:
                function = label.group(1)
            if is_adapter(member):
                continue
            match = PACKED.search(line)
            if match:
                problems.append(f"{os.path.basename(archive)}({member}): {match.group(1)} in "
                                f"{function}")
    return sorted(set(problems))


def lay_out(source, build, name="libseqc_runtime.a"):
    """Compiles C text into an archive below build/lib, for the self-test."""
    folder = os.path.join(build, "lib")
    os.makedirs(folder, exist_ok=True)
    code = os.path.join(folder, "a.o")
    subprocess.run(["cc", "-O3", "-ffast-math", "-mavx2", "-mfma", "-x", "c", "-c", "-o", code,
                    "-"], input=source, text=True, check=True)
    subprocess.run(["ar", "rcs", os.path.join(folder, name), code], check=True)
    os.remove(code)


_SUM = "void f(float *restrict a, const float *b) { for (int i = 0; i < 64; ++i) a[i] %s b[i]; }\n"
ARCHIVES_GOOD = ["int f(int a) { return a + 1; }\ndouble g(double a) { return a * 2; }\n"]
ARCHIVES_BAD = [_SUM % "+=", _SUM % "*=", _SUM % "/=",
                "void f(double *restrict a, const double *b, const double *c) {"
                " for (int i = 0; i < 64; ++i) a[i] += b[i] * c[i]; }\n"]
