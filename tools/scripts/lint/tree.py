"""The files that lints read, and small helpers over them."""

import os
import re
import subprocess

SOURCE_SUFFIXES = (".h", ".hpp", ".c", ".cpp", ".cc", ".inc")
SKIPPED_FOLDERS = {".git", "build", "__pycache__", ".cache"}


class Tree:
    """The repository, or a small folder that a self-test laid out like it."""

    def __init__(self, root, build=None):
        self.root = root
        self.build = build or os.path.join(root, "build")

    def files(self, *folders, suffixes=None):
        """Paths relative to the root, sorted; below `folders` if any are given."""
        found = self._tracked()
        if found is None:
            found = self._walked()
        for path in sorted(found):
            if folders and not path.startswith(tuple(f + "/" for f in folders)):
                continue
            if suffixes and not path.endswith(tuple(suffixes)):
                continue
            if os.path.isfile(os.path.join(self.root, path)):
                yield path

    def sources(self, *folders):
        return self.files(*folders, suffixes=SOURCE_SUFFIXES)

    def text(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
            return file.read()

    def _tracked(self):
        """What git knows or would add; None where this is no repository of its own."""
        if not os.path.exists(os.path.join(self.root, ".git")):
            return None
        listing = subprocess.run(
            ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
             "--exclude-standard"],
            cwd=self.root, capture_output=True, check=False)
        if listing.returncode != 0:
            return None
        return {name.decode("utf-8", "replace") for name in listing.stdout.split(b"\0") if name}

    def _walked(self):
        found = set()
        for folder, folders, names in os.walk(self.root):
            folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS]
            for name in names:
                found.add(os.path.relpath(os.path.join(folder, name), self.root))
        return found


def strip_comments(text):
    """Blanks comments of C++ text, keeping strings and line numbers."""

    def blank(match):
        token = match.group(0)
        if token.startswith(("//", "/*")):
            return "".join("\n" if c == "\n" else " " for c in token)
        return token

    pattern = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\''
    return re.sub(pattern, blank, text, flags=re.S)


def line_of(text, offset):
    """The 1-based line of an offset."""
    return text.count("\n", 0, offset) + 1
