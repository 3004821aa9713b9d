#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_words.py [ROOT] -- nothing in the tree points at the machine on which it was written.

Looks at the files that git tracks (all files where there is no git): no path of a work folder, of a
home folder or of a temporary build, no host of a private package mirror, no private key but those
under tests/.

    check_words.py --self-test
"""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tree  # noqa: E402

# The patterns are written so that they do not find themselves.
WORDS = (
    (r"(?<![\w.-])/wor[k]/", "a path of a work folder"),
    (r"\.\./share[d]\b", "a path outside the tree"),
    (r"(?<![\w/.-])share[d]/(design|house|protocol|research|hooks|delta-corpus|snapd-kit)",
     "a path outside the tree"),
    (r"(?<![\w.-])/hom[e]/[a-z]", "a home folder"),
    (r"(?<![\w.$}-])/roo[t]/[\w.]", "a home folder"),
    (r"(?<![\w.-])/User[s]/[A-Za-z]", "a home folder"),
    (r"/tm[p]/(build-|briefs)", "a temporary folder of one machine"),
    (r"[\w-]+\.pk[g]\.dev\b", "the host of a private mirror"),
)
PRIVATE_KEY = re.compile(r"-----BEGI[N] [A-Z ]*PRIVATE KEY-----")
MAX_FILE_BYTES = 4 * 1024 * 1024


def tracked(root):
    """Paths relative to root."""
    git = subprocess.run(["git", "-C", str(root), "ls-files", "-z"], capture_output=True, check=False)
    if git.returncode == 0:
        return sorted(path for path in git.stdout.decode().split("\0") if path)
    root = pathlib.Path(root)
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*")
                  if path.is_file() and not re.match(r"build[^/]*/", path.relative_to(root).as_posix()))


def check(root):
    complaints = []
    for path in tracked(root):
        file = pathlib.Path(root) / path
        if not file.is_file() or file.stat().st_size > MAX_FILE_BYTES:
            continue
        data = file.read_bytes()
        if b"\0" in data:
            continue
        for number, line in enumerate(data.decode("utf-8", errors="replace").splitlines(), 1):
            for pattern, what in WORDS:
                match = re.search(pattern, line)
                if match:
                    complaints.append(f"{path}:{number}: {what}: {match.group(0)}")
            if PRIVATE_KEY.search(line) and not path.startswith("tests/"):
                complaints.append(f"{path}:{number}: a private key")
    return complaints


def self_test():
    slash = "/"
    files = {
        "good.txt": "shared/ folders, a workshop/ and src/work" + slash + "x, $HOME, ~/x, HOME=/root\n",
        "work.c": f"/* see {slash}work{slash}main */\n",
        "up.md": f"[x](..{slash}shared)\n",
        "kit.md": f"read shared{slash}protocol{slash}device.md\n",
        "home.sh": f"cd {slash}home{slash}someone\n",
        "root.sh": f"cat {slash}root{slash}.profile\n",
        "build.py": f"{slash}tmp{slash}build-x\n",
        "mirror.txt": "deb https://europe-apt." + "pkg" + ".dev/x\n",
        "key.pem": "-----BEGIN " + "RSA PRIVATE KEY-----\n",
        "tests/key.pem": "-----BEGIN " + "RSA PRIVATE KEY-----\n",
    }
    with tempfile.TemporaryDirectory() as root:
        tree.write_files(root, files)
        return tree.compare_complaints("check_words.py", check(root), [
            f"{path}:1:" for path in files if path not in ("good.txt", "tests/key.pem", "key.pem")
        ] + ["key.pem:1: a private key"])


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = arguments[0] if arguments else pathlib.Path(__file__).resolve().parents[2]
    return tree.report("check_words.py", check(root))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
