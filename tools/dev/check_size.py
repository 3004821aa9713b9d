#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_size.py [ROOT] -- C files within 500 lines, functions within 80, four of five within 40.

A function is counted from the `{` in the first column to the `}` in the first column, as clang-format
leaves it. Exceptions are named with the length that they have: they can only shrink.

    check_size.py --self-test
"""
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tree  # noqa: E402

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 80
SHORT_FUNCTION_LINES = 40
SHORT_SHARE_PERCENT = 80
# Under this many functions a share says nothing.
SHARE_FROM_COUNT = 20

# "path" or "path:function": lines it has today
EXCEPTIONS = {}


def functions(text):
    """(name, lines of the body) of each function in text."""
    lines = tree.code_only(text).splitlines()
    start, name = None, ""
    for number, line in enumerate(lines):
        if line.startswith("{"):
            head = " ".join(lines[max(0, number - 8):number])
            names = re.findall(r"(\w+)\s*\(", re.split(r"[;}]", head)[-1])
            start, name = number, names[0] if names else "?"
        elif line.startswith("}") and start is not None:
            yield name, number - start - 1
            start = None


def check(root, exceptions):
    complaints, lengths, used = [], [], set()

    def measure(key, lines, limit, what):
        if lines <= limit:
            return
        used.add(key)
        if lines > exceptions.get(key, limit):
            complaints.append(f"{key}: {what} of {lines} lines, at most {exceptions.get(key, limit)}")

    for path in tree.c_files(root):
        text = tree.read(root, path)
        measure(path, len(text.splitlines()), MAX_FILE_LINES, "a file")
        for name, lines in functions(text):
            lengths.append(lines)
            measure(f"{path}:{name}", lines, MAX_FUNCTION_LINES, "a function")
    for key in sorted(set(exceptions) - used):
        complaints.append(f"{key}: no longer needs its exception")
    short = sum(1 for lines in lengths if lines <= SHORT_FUNCTION_LINES)
    if len(lengths) >= SHARE_FROM_COUNT and short * 100 < len(lengths) * SHORT_SHARE_PERCENT:
        complaints.append(f"{short} of {len(lengths)} functions within {SHORT_FUNCTION_LINES} lines: "
                          f"under {SHORT_SHARE_PERCENT} %")
    return complaints


def body(name, lines):
    return f"int {name}(void)\n{{\n" + "        x();\n" * lines + "}\n"


def self_test():
    files = {
        "core/base/good.c": body("good", 80) + "struct a {\n        int b;\n};\n",
        "core/base/long.c": body("short_one", 3) + body("long_one", 81),
        "core/base/file.c": "int a;\n" * 501,
        "core/base/known.c": body("known", 90),
        "core/base/grown.c": body("grown", 91),
        "core/base/many.c": "".join(body(f"m{i}", 41) for i in range(20)),
    }
    exceptions = {"core/base/known.c:known": 90, "core/base/grown.c:grown": 90,
                  "core/base/good.c:good": 99}
    expected = ("core/base/long.c:long_one: a function of 81 lines", "core/base/file.c: a file of 501 lines", "core/base/grown.c:grown: a function of 91",
                "core/base/good.c:good: no longer needs", "1 of 25 functions within 40",
                "core/base/many.c: a file of")
    with tempfile.TemporaryDirectory() as root:
        tree.write_files(root, files)
        return tree.compare_complaints("check_size.py", check(root, exceptions), expected)


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = arguments[0] if arguments else pathlib.Path(__file__).resolve().parents[2]
    return tree.report("check_size.py", check(root, EXCEPTIONS))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
