# SPDX-License-Identifier: Apache-2.0
"""tree.py -- what the checks share: the C files of a tree, their text, and the way to report."""
import os
import pathlib
import re
import sys

C_FOLDERS = ("core", "delta", "schema", "server", "tools", "tests")

# One pass that knows comments, strings and character constants from code.
LEXEME = re.compile(
    r"(//[^\n]*|/\*.*?\*/)"
    r"|(\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*')",
    re.S)


def c_files(root):
    """Every .c and .h below the code folders, as paths relative to root, sorted."""
    found = []
    for folder in C_FOLDERS:
        for base, folders, names in os.walk(pathlib.Path(root) / folder):
            folders[:] = sorted(f for f in folders if not f.startswith((".", "build")))
            for name in names:
                if name.endswith((".c", ".h")):
                    found.append((pathlib.Path(base) / name).relative_to(root).as_posix())
    return sorted(found)


def read(root, path):
    return (pathlib.Path(root) / path).read_text("utf-8", errors="replace")


def code_only(text, keep_strings=False):
    """text with comments (and the inside of strings) blanked; lines stay where they are."""
    def blank(match):
        if match.group(2):
            if keep_strings:
                return match.group(0)
            quote = match.group(2)[0]
            return quote + " " * (len(match.group(2)) - 2) + quote
        return re.sub(r"[^\n]", " ", match.group(0))
    return LEXEME.sub(blank, text)


def is_below(path, prefix):
    """path is prefix itself, or inside that folder."""
    return path == prefix or path.startswith(prefix.rstrip("/") + "/")


def report(name, complaints):
    """Prints what is wrong; the exit code."""
    for complaint in complaints:
        print(f"{name}: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


def write_files(root, files):
    """A small tree for a self-test: path -> text."""
    for path, text in files.items():
        target = pathlib.Path(root) / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


def compare_complaints(name, complaints, expected):
    """Self-test: each expected piece of text is found in exactly one complaint, and none is left."""
    failures = []
    left = list(complaints)
    for piece in expected:
        hits = [complaint for complaint in left if piece in complaint]
        if len(hits) != 1:
            failures.append(f"wanted one complaint with '{piece}', got {hits}")
        for hit in hits:
            left.remove(hit)
    failures += [f"unexpected: {complaint}" for complaint in left]
    return report(f"{name} --self-test", failures)
