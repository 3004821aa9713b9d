#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_links.py BUILD -- what each binary in a build folder links, against the table.

Two things are read: the shared libraries (ldd, so also those that a library brings along) and the
symbols of what is linked in statically (readelf). libxdelta and LZO are GPL: they belong to the worker
alone, and device makers must be able to ship store-delta and store-agent without them.

    check_links.py --self-test      needs cc and liblzo2
"""
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tree  # noqa: E402

GPL_LIBRARIES = r"liblzo|libxdelta"
XDELTA = r"_?xd3_\w+"
LZO = r"lzo1x_\w+|lzo_\w+|__lzo_\w+"
PARSERS = r"libsquashfs|libyaml"

# binary: libraries it must not load, symbols it must not hold, what must be there (so that a check
# that sees nothing is found out)
BINARIES = {
    "storehouse": {
        "no_libraries": rf"{GPL_LIBRARIES}|{PARSERS}",
        "no_symbols": rf"{XDELTA}|{LZO}",
        "libraries": ("libmicrohttpd", "libsqlite3"),
    },
    "storehouse-signer": {
        "no_libraries": rf"{GPL_LIBRARIES}|{PARSERS}|libmicrohttpd|libsqlite3|libcurl",
        "no_symbols": rf"{XDELTA}|{LZO}|MHD_\w+|sqlite3_\w+|curl_\w+",
        "libraries": ("libgnutls",),
    },
    "storehouse-worker": {
        "no_libraries": r"libmicrohttpd|libsqlite3|libcurl|libgnutls-dane",
        "no_symbols": r"MHD_\w+|sqlite3_\w+|curl_\w+",
        "libraries": ("liblzo",),
        "symbols": (r"xd3_encode_\w+",),
    },
    "storectl": {
        "no_libraries": rf"{GPL_LIBRARIES}|{PARSERS}|libmicrohttpd",
        "no_symbols": rf"{XDELTA}|{LZO}",
        "libraries": ("libcurl",),
    },
    "store-delta": {
        "no_libraries": rf"{GPL_LIBRARIES}|{PARSERS}|libmicrohttpd|libsqlite3|libcurl",
        "no_symbols": rf"{XDELTA}|{LZO}",
        "libraries": ("libc.so",),
    },
    "store-delta-static": {
        "no_libraries": r".",
        "no_symbols": rf"{XDELTA}|{LZO}|gnutls_\w+|json_\w+",
        "symbols": (r"lzma_\w+", r"inside_apply_to"),
        # an option leaves it out
        "optional": True,
    },
    "demo-device": {
        "no_libraries": rf"{GPL_LIBRARIES}|{PARSERS}|libmicrohttpd|libsqlite3",
        "no_symbols": rf"{XDELTA}|{LZO}",
        "libraries": ("libcurl",),
    },
    "store-agent": {
        "no_libraries": rf"{GPL_LIBRARIES}|{PARSERS}|libmicrohttpd|libsqlite3",
        "no_symbols": rf"{XDELTA}|{LZO}",
        "libraries": ("libc.so",),
        # joins with the agent
        "optional": True,
    },
}


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def libraries_of(path):
    return sorted(set(re.findall(r"^\s*(\S+\.so[.\d]*)\s", output("ldd", str(path)), re.M)))


def symbols_of(path):
    """Names in both symbol tables, versions cut off."""
    rows = re.findall(r"^\s*\d+:\s+\S+\s+\d+\s+\w+\s+\w+\s+\w+.*?\s(\S+)$",
                      output("readelf", "-sW", str(path)), re.M)
    return {name.split("@")[0] for name in rows}


def find_binary(build, name):
    """The executable of that name in the build folder, not one of a subproject or an object folder."""
    for path in sorted(pathlib.Path(build).rglob(name)):
        if path.is_file() and path.read_bytes()[:4] == b"\x7fELF":
            return path
    return None


def check_binary(name, row, path):
    libraries, symbols = libraries_of(path), symbols_of(path)
    if "main" not in symbols:
        yield f"{name}: has no symbol table: it cannot be judged"
        return
    for library in libraries:
        if re.match(row["no_libraries"], library):
            yield f"{name}: must not load {library}"
    found = sorted(s for s in symbols if re.fullmatch(row["no_symbols"], s))
    if found:
        yield f"{name}: must not hold {found[0]} ({len(found)} such symbols)"
    for wanted in row.get("libraries", ()):
        if not any(library.startswith(wanted) for library in libraries):
            yield f"{name}: should load {wanted}"
    for wanted in row.get("symbols", ()):
        if not any(re.fullmatch(wanted, s) for s in symbols):
            yield f"{name}: should hold {wanted}"


def check(build, binaries):
    complaints = []
    for name, row in binaries.items():
        path = find_binary(build, name)
        if path:
            complaints += check_binary(name, row, path)
        elif not row.get("optional"):
            complaints.append(f"{name}: is not built")
    return complaints


SELF_TEST_SOURCES = {
    "clean": "int main(void) { return 0; }\n",
    "loads": "int __lzo_init_v2(unsigned, int, int, int, int, int, int, int, int, int);\n"
             "int main(void) { return __lzo_init_v2(0, 0, 0, 0, 0, 0, 0, 0, 0, 0); }\n",
    "holds": "static int xd3_encode_input(int a) { return a; }\n"
             "int main(int argc, char **argv) { (void)argv; return xd3_encode_input(argc); }\n",
    "stripped": "int main(void) { return 0; }\n",
    "lacks": "int main(void) { return 0; }\n",
}


def self_test():
    row = {"no_libraries": GPL_LIBRARIES, "no_symbols": XDELTA}
    rows = {name: dict(row) for name in SELF_TEST_SOURCES}
    rows["lacks"].update(libraries=("liblzo",), symbols=(r"xd3_\w+",))
    rows["absent"] = row
    rows["later"] = {**row, "optional": True}
    with tempfile.TemporaryDirectory() as build:
        for name, text in SELF_TEST_SOURCES.items():
            source = pathlib.Path(build) / f"{name}.c"
            source.write_text(text, "utf-8")
            libraries = ["-llzo2"] if name == "loads" else []
            strip = ["-s"] if name == "stripped" else []
            subprocess.run(["cc", "-O0", *strip, "-o", source.with_suffix(""), source, *libraries],
                           check=True)
        return tree.compare_complaints("check_links.py", check(build, rows), (
            "loads: must not load liblzo2", "holds: must not hold xd3_encode_input",
            "stripped: has no symbol table", "lacks: should load liblzo", "lacks: should hold xd3_",
            "absent: is not built"))


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    return tree.report("check_links.py", check(arguments[0], BINARIES))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
