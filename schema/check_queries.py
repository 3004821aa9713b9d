#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_queries.py ROOT -- every statement of schema/ is used by C code, and C code holds no SQL.

1. Each `-- name: x` of schema/query/*.sql and schema/sqlite/engine.sql has a Q_X in server/ (the
   tests do not count: a statement that only a test runs is dead).
2. Each Q_X in server/ has its statement.
3. No string of server/ begins like a statement.

    check_queries.py --self-test    a tree that breaks each rule must be refused
"""
import pathlib
import re
import sys
import tempfile

NAME = re.compile(r"^--\s*name:\s*(\w+)", re.M)
USE = re.compile(r"\bQ_([A-Z0-9_]+)\b")
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
SQL = re.compile(r"\s*(SELECT\s.*\bFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|PRAGMA|VACUUM|"
                 r"CREATE\s+(TABLE|INDEX)|BEGIN\s+(IMMEDIATE|DEFERRED)|ATTACH)\b")
NOT_A_STATEMENT = {"COUNT"}


def check(root):
    """What is wrong, a line each."""
    root = pathlib.Path(root)
    paths = sorted(root.glob("schema/query/*.sql")) + [root / "schema/sqlite/engine.sql"]
    named = {name for path in paths if path.exists()
             for name in NAME.findall(path.read_text("utf-8"))}
    used, wrong = set(), []
    for path in sorted(root.glob("server/**/*.[ch]")):
        text = path.read_text("utf-8")
        used |= {name.lower() for name in USE.findall(text) if name not in NOT_A_STATEMENT}
        wrong += [f"{path.relative_to(root)}: SQL in C: \"{match.group(1)[:40]}\""
                  for match in STRING.finditer(text) if SQL.match(match.group(1))]
    if not named:
        wrong.append("no statement found in schema/")
    wrong += [f"schema: '{name}' is used by nobody" for name in sorted(named - used)]
    wrong += [f"server: Q_{name.upper()} has no statement" for name in sorted(used - named)]
    return wrong


GOOD = {"schema/query/a.sql": "-- name: a_get\nSELECT 1;\n",
        "schema/sqlite/engine.sql": "-- name: engine_x\nPRAGMA x;\n",
        "server/store/a.c": 'f(Q_A_GET); f(Q_ENGINE_X); g("select a file", Q_COUNT);\n'}
BAD = {
    "used by nobody": {"schema/query/a.sql": GOOD["schema/query/a.sql"] + "-- name: b\nSELECT 2;\n"},
    "no statement": {"server/store/a.c": GOOD["server/store/a.c"] + "f(Q_C);\n"},
    "SQL in C": {"server/store/a.c": GOOD["server/store/a.c"] + 'f("DELETE FROM t");\n'},
}


def self_test():
    failures = []
    for what, change in {"": {}, **BAD}.items():
        with tempfile.TemporaryDirectory() as name:
            for path, text in {**GOOD, **change}.items():
                target = pathlib.Path(name, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, "utf-8")
            wrong = check(name)
            if bool(wrong) != bool(what) or (what and what not in wrong[0]):
                failures.append(f"'{what}': {wrong}")
    for failure in failures:
        print(f"check_queries.py --self-test: {failure}", file=sys.stderr)
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    wrong = check(arguments[0])
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
