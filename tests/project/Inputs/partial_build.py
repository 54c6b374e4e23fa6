"""Copies what `cmake --install` needs of a build folder, as if some of it had not been built:
partial_build.py FROM TO MISSING..., names of files that are left out."""

import os
import re
import shutil
import sys

source, target, *missing = sys.argv[1:]
scripts = [os.path.join(source, "cmake_install.cmake")]
while scripts:
    script = scripts.pop()
    with open(script, encoding="utf-8") as file:
        content = file.read()
    for path in set(re.findall(re.escape(source) + r"/[-\w./+]+", content)):
        if os.path.basename(path) == "cmake_install.cmake":
            scripts.append(path)
        elif os.path.isfile(path) and os.path.basename(path) not in missing:
            copy = os.path.join(target, os.path.relpath(path, source))
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copy(path, copy)
    copy = os.path.join(target, os.path.relpath(script, source))
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    with open(copy, "w", encoding="utf-8") as file:
        file.write(content.replace(source, target))
