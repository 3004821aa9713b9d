#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""check_floors.py [ROOT] -- the floors of doc/architecture.md, checked on the include graph.

1. FLOORS: a file includes headers of its own floor and of those in its row, nothing else.
2. THIRD_PARTY: a library's header is named in its place only, and reaches (through any number of our
   headers) only the floors of its row.
3. NEVER: what must not be reached at all, directly or through another header.
4. CLOSED: single headers of a lower floor that a floor has no use for (a clock in the model).
5. CALLS: functions with a side effect, each with the places that may call it.

    check_floors.py --self-test     a tree with one violation of each kind must be refused
"""
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import tree  # noqa: E402

BASE, CRYPTO, KEYS, MODEL = "core/base", "core/crypto", "core/keys", "core/model"
CORE_MANIFEST = "core/manifest"
STORE, DOMAIN, HTTP, API = "server/store", "server/domain", "server/http", "server/api"
SIGNER, CLIENT, MANIFEST = "server/signer", "server/signer/client", "server/manifest"
CONSOLE, WORKER_CLIENT, SERVER = "server/console", "server/worker", "server"
APPLY, INSIDE, WORKER, SCHEMA = "delta/apply", "delta/inside", "delta/worker", "schema"
STORECTL, AGENT, DELTA_TOOL, TESTS = "tools/storectl", "tools/agent", "tools/store-delta", "tests"
DEMO_DEVICE = "tools/demo-device"
EVERYTHING = "*"

# floor: the floors it may include. The longest prefix of a path is its floor.
FLOORS = {
    BASE: (),
    CRYPTO: (BASE,),
    KEYS: (BASE, CRYPTO),
    MODEL: (BASE, CRYPTO),
    CORE_MANIFEST: (BASE, CRYPTO, MODEL),
    SCHEMA: (),
    STORE: (BASE, CRYPTO, MODEL, SCHEMA),
    SIGNER: (BASE, CRYPTO, KEYS, MODEL),
    CLIENT: (BASE, MODEL),
    MANIFEST: (BASE, CRYPTO, KEYS, MODEL, CORE_MANIFEST),
    WORKER_CLIENT: (BASE, CRYPTO, MODEL),
    DOMAIN: (BASE, CRYPTO, MODEL, CORE_MANIFEST, STORE, CLIENT, WORKER_CLIENT, MANIFEST),
    HTTP: (BASE,),
    CONSOLE: (BASE, HTTP),
    API: (BASE, MODEL, CORE_MANIFEST, DOMAIN, HTTP, CONSOLE, WORKER_CLIENT),
    SERVER: (BASE, CRYPTO, MODEL, STORE, CLIENT, WORKER_CLIENT, MANIFEST, DOMAIN, HTTP, API, CONSOLE),
    APPLY: (BASE, CRYPTO),
    INSIDE: (BASE, APPLY),
    WORKER: (BASE, CRYPTO, MODEL, APPLY, INSIDE),
    STORECTL: (BASE, CRYPTO, KEYS, MODEL, CORE_MANIFEST, STORE, DOMAIN, CLIENT),
    AGENT: (BASE, CRYPTO, KEYS, MODEL, CORE_MANIFEST, APPLY),
    DEMO_DEVICE: (BASE, CRYPTO, KEYS, MODEL, CORE_MANIFEST),
    DELTA_TOOL: (BASE, CRYPTO, APPLY, WORKER_CLIENT),
    TESTS: (EVERYTHING,),
}

# Written at build time: they have no file in the tree.
GENERATED = ("schema/queries.h", "schema/migrations.h")

# One header that two processes agree on, although the floors are apart.
SHARED = {
    "server/signer/protocol.h": (CLIENT,),
}

# header (a pattern): the places that name it, and the floors that it may reach through our headers.
THIRD_PARTY = (
    (r"jansson\.h", ("core/base/jsonx.h",),
     ("core/base/jsonx.c", API, SIGNER, CLIENT, SERVER, WORKER, WORKER_CLIENT, STORECTL, AGENT,
      DEMO_DEVICE, TESTS)),
    (r"sodium(/.*)?\.h", ("core/base/secret.c", "core/base/random.c", CRYPTO, KEYS, SIGNER), ()),
    (r"gnutls/.*", (CRYPTO, KEYS), ()),
    (r"sqlite3\.h", (STORE,), ()),
    (r"microhttpd\.h", (HTTP,), ()),
    (r"seccomp\.h", (SIGNER, WORKER, "core/base/sandbox.c"), ()),
    (r"curl/.*", (STORECTL, AGENT, DEMO_DEVICE, "server/store/blob_s3.c"), ()),
    (r"xdelta3\.h", ("delta/worker/xdelta.c",), ()),
    (r"lzo/.*|minilzo\.h|sqfs/.*|yaml\.h", (WORKER,), ()),
    (r"lzma\.h|zlib\.h|zstd.*\.h|lz4.*\.h", (APPLY, INSIDE, WORKER), ()),
)

# from these floors none of those folders is reached, through whatever header
NEVER = (
    ((API, DOMAIN, HTTP, STORE, CONSOLE, CLIENT, WORKER_CLIENT, WORKER, APPLY), (KEYS,)),
    ((SERVER,), (KEYS,)),
    ((KEYS, SIGNER, CLIENT, WORKER_CLIENT), (STORE, DOMAIN, HTTP, API)),
    ((WORKER, APPLY, DELTA_TOOL), (STORE, DOMAIN, HTTP, API, KEYS)),
)

# floor: headers of floors it may include that it has no business with
CLOSED = {
    MODEL: ("core/base/fs.h", "core/base/random.h", "core/base/log.h", "core/base/jsonx.h",
            "core/base/frame.h", "core/base/sandbox.h"),
    CORE_MANIFEST: ("core/base/fs.h", "core/base/random.h", "core/base/log.h", "core/base/jsonx.h",
                    "core/base/frame.h", "core/base/sandbox.h"),
    CRYPTO: ("core/base/log.h", "core/base/jsonx.h"),
    KEYS: ("core/base/log.h", "core/base/jsonx.h"),
    STORE: ("core/base/log.h", "core/base/jsonx.h"),
    DOMAIN: ("core/base/log.h", "core/base/jsonx.h"),
    HTTP: ("core/base/jsonx.h",),
    APPLY: ("core/base/log.h", "core/base/jsonx.h"),
}

# system headers that a floor has no business with
CLOSED_SYSTEM = {
    MODEL: r"time\.h|fcntl\.h|unistd\.h|dirent\.h|netdb\.h|poll\.h|pthread\.h|sys/(socket|stat|random|"
           r"time|epoll|un|mman|wait)\.h|netinet/.*|arpa/.*",
}

FILE_CALLS = "fopen|open|openat|creat|unlink|rename|mkdir|opendir|stat|lstat|fstatat"
SOCKET_CALLS = "socket|connect|bind|listen|accept|accept4|socketpair|getaddrinfo"
RUN_CALLS = "fork|vfork|clone|execv|execve|execvp|execl|execlp|posix_spawn|posix_spawnp"

# calls (names): the places that may make them (None: nowhere), or `not in` the places given
CALLS = (
    ("gets|strcpy|strcat|sprintf|vsprintf|strtok|alloca|system|popen|rand|srand|random|tmpnam|mktemp",
     "nowhere", ()),
    ("time|clock_gettime|gettimeofday|clock_now",
     "not in", (MODEL, CORE_MANIFEST, CRYPTO, STORE, APPLY)),
    ("time|clock_gettime|gettimeofday", "only in", ("core/base/clock.c", TESTS)),
    ("getrandom|getentropy|randombytes_buf|randombytes", "only in",
     ("core/base/random.c", "core/base/secret.c", CRYPTO, KEYS, TESTS)),
    (FILE_CALLS, "not in", (MODEL, CORE_MANIFEST, CRYPTO, DOMAIN, API, CONSOLE, APPLY)),
    (SOCKET_CALLS, "not in", (BASE, CRYPTO, KEYS, MODEL, CORE_MANIFEST, STORE, DOMAIN, API, CONSOLE, APPLY)),
    (RUN_CALLS, "not in", (BASE, CRYPTO, KEYS, MODEL, CORE_MANIFEST, STORE, DOMAIN, API, HTTP, CONSOLE, CLIENT, APPLY)),
)

LIBC = re.compile(
    r"(aio|arpa/inet|assert|byteswap|ctype|dirent|dlfcn|elf|endian|errno|fcntl|fnmatch|ftw|getopt|grp|"
    r"ifaddrs|inttypes|libgen|limits|locale|malloc|math|net/if|netdb|netinet/(in|tcp|ip)|paths|poll|"
    r"pthread|pwd|regex|sched|search|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|"
    r"stdint|stdio|stdlib|stdnoreturn|string|strings|sysexits|syslog|termios|threads|time|unistd|"
    r"utime|wchar|wctype|sys/[a-z_0-9]+|linux/[a-z_0-9/]+|asm/[a-z_0-9]+)\.h")

INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]", re.M)


def floor_of(path):
    """The floor of a path: the longest row of FLOORS that it is below, or None."""
    rows = [floor for floor in FLOORS if tree.is_below(path, floor)]
    return max(rows, key=len) if rows else None


def is_in(path, places):
    """path lies in one of places: a file, or a floor (not a floor below that one)."""
    return any(path == place or floor_of(path) == place for place in places)


class Graph:
    """The includes of every file, and what is reached from each."""

    def __init__(self, root):
        self.files = tree.c_files(root)
        self.text = {path: tree.read(root, path) for path in self.files}
        self.local, self.system = {}, {}
        for path, text in self.text.items():
            found = INCLUDE.findall(tree.code_only(text, keep_strings=True))
            self.local[path] = [name for kind, name in found if kind == '"']
            self.system[path] = [name for kind, name in found if kind == "<"]

    def reached(self, path):
        """Files reached through any number of includes: file -> the header named first."""
        ret, todo = {}, [(name, name) for name in self.local[path]]
        while todo:
            name, first = todo.pop()
            if name in ret:
                continue
            ret[name] = first
            todo += [(below, first) for below in self.local.get(name, ())]
        ret.pop(path, None)
        return ret


def check_local(graph, path):
    floor = floor_of(path)
    if floor is None:
        yield f"{path}: stands on no floor"
        return
    allowed = FLOORS[floor]
    for name in graph.local[path]:
        if name not in graph.local and name not in GENERATED:
            yield f"{path}: \"{name}\" is no file from the root of the tree"
            continue
        target = floor_of(name)
        if name in CLOSED.get(floor, ()):
            yield f"{path}: {floor} has no use for {name}"
        elif target != floor and EVERYTHING not in allowed and target not in allowed \
                and floor not in SHARED.get(name, ()):
            yield f"{path}: {floor} may not include {name} ({target})"


def check_system(graph, path):
    closed = CLOSED_SYSTEM.get(floor_of(path))
    for name in graph.system[path]:
        rows = [row for row in THIRD_PARTY if re.fullmatch(row[0], name)]
        if rows and not is_in(path, rows[0][1] + (TESTS,)):
            yield f"{path}: <{name}> is named in {', '.join(rows[0][1])} only"
        elif not rows and not LIBC.fullmatch(name):
            yield f"{path}: <{name}> is neither the C library's nor in the table of libraries"
        elif closed and re.fullmatch(closed, name):
            yield f"{path}: {floor_of(path)} has no use for <{name}>"


def check_reached(graph, path):
    """Libraries that come along with one of our headers, and folders that must not be reached."""
    floor, reached = floor_of(path), graph.reached(path)
    for pattern, named, reaches in THIRD_PARTY:
        if is_in(path, named + reaches + (TESTS,)):
            continue
        for name, first in sorted(reached.items()):
            if any(re.fullmatch(pattern, header) for header in graph.system.get(name, ())):
                yield f"{path}: \"{first}\" brings a library's header along ({name})"
    for floors, targets in NEVER:
        if floor not in floors:
            continue
        for name, first in sorted(reached.items()):
            if floor_of(name) in targets and first != name:
                yield f"{path}: \"{first}\" reaches {name}, which {floor} never may"


def check_calls(graph, path):
    code = tree.code_only(graph.text[path])
    for names, rule, places in CALLS:
        here = is_in(path, places)
        if (rule == "only in" and here) or (rule == "not in" and not here):
            continue
        # a member or a name that ends like it is another function
        for match in re.finditer(rf"(?<![\w.>])({names})\s*\(", code):
            line = code.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: {match.group(1)}() is not for {floor_of(path)}"


def check(root):
    graph = Graph(root)
    complaints = []
    for path in graph.files:
        for rule in (check_local, check_system, check_reached, check_calls):
            complaints += rule(graph, path)
    return sorted(set(complaints))


SELF_TEST_TREE = {
    "core/base/rc.h": "#include <stddef.h>\n",
    "core/base/fs.h": "#include \"core/base/rc.h\"\n",
    "core/base/jsonx.h": "#include <jansson.h>\n",
    "core/base/bad_up.c": "#include \"core/model/name.h\"\n",
    "core/base/bad_relative.c": "#include \"rc.h\"\n",
    "core/base/bad_unknown.c": "#include <boost/any.h>\n",
    "core/crypto/verify.c": "#include <gnutls/crypto.h>\n#include \"core/base/rc.h\"\n",
    "core/keys/seal.h": "#include \"core/base/rc.h\"\n",
    "core/model/name.h": "#include \"core/base/rc.h\"\n",
    "core/model/good.c": "/* time( fopen( */\nstatic const char *x = \"open(\";\n"
                         "int f(void) { return my_open(1) + x->open(2); }\n",
    "core/model/bad_closed.c": "#include \"core/base/fs.h\"\n",
    "core/model/bad_system.c": "#include <sys/socket.h>\n",
    "core/model/bad_call.c": "void f(void)\n{\n        open (\"x\");\n}\n",
    "server/store/db.h": "#include \"schema/queries.h\"\n#include \"core/model/name.h\"\n",
    "server/store/bad_place.c": "#include <microhttpd.h>\n",
    "server/domain/names.h": "#include \"server/store/db.h\"\n",
    "server/domain/bad_keys.c": "#include \"core/keys/seal.h\"\n",
    "server/domain/leak.h": "#include \"core/base/jsonx.h\"\n",
    "server/http/listener.c": "#include <microhttpd.h>\n",
    "server/api/good.c": "#include \"server/domain/names.h\"\n#include \"core/base/jsonx.h\"\n",
    "server/api/bad_store.c": "#include \"server/store/db.h\"\n",
    "server/signer/issue.h": "#include \"core/keys/seal.h\"\n",
    "server/signer/protocol.h": "#include \"core/base/rc.h\"\n",
    "server/signer/client/client.c": "#include \"server/signer/protocol.h\"\n",
    "server/signer/client/bad_issue.c": "#include \"server/signer/issue.h\"\n",
    "server/main.c": "#include \"server/domain/names.h\"\nint main(void) { return fork(); }\n",
    "server/bad_clock.c": "long f(void) { return time(0); }\n",
    "delta/worker/bad_xdelta.c": "#include <xdelta3.h>\n",
    "delta/worker/xdelta.c": "#include <xdelta3.h>\n",
    "delta/elsewhere.c": "",
    "tools/store-delta/bad_lzo.c": "#include <lzo/lzo1x.h>\n",
    "tools/storectl/bad_string.c": "void f(char *a) { strcpy(a, \"x\"); }\n",
    "tests/unit/test_any.c": "#include \"core/keys/seal.h\"\n#include <sqlite3.h>\n",
}
SELF_TEST_COMPLAINTS = (
    "core/base/bad_up.c: core/base may not include core/model/name.h",
    "core/base/bad_relative.c: \"rc.h\" is no file",
    "core/base/bad_unknown.c: <boost/any.h> is neither",
    "core/model/bad_closed.c: core/model has no use for core/base/fs.h",
    "core/model/bad_system.c: core/model has no use for <sys/socket.h>",
    "core/model/bad_call.c:3: open() is not for core/model",
    "server/store/bad_place.c: <microhttpd.h> is named in server/http only",
    "server/domain/bad_keys.c: server/domain may not include core/keys/seal.h",
    "server/domain/leak.h: server/domain has no use for core/base/jsonx.h",
    "server/domain/leak.h: \"core/base/jsonx.h\" brings a library's header along",
    "server/api/bad_store.c: server/api may not include server/store/db.h",
    "client/bad_issue.c: server/signer/client may not include server/signer/issue.h",
    "client/bad_issue.c: \"server/signer/issue.h\" reaches core/keys/seal.h",
    "server/bad_clock.c:1: time() is not for server",
    "delta/worker/bad_xdelta.c: <xdelta3.h> is named in delta/worker/xdelta.c only",
    "delta/elsewhere.c: stands on no floor",
    "tools/store-delta/bad_lzo.c: <lzo/lzo1x.h> is named in delta/worker only",
    "tools/storectl/bad_string.c:1: strcpy() is not for tools/storectl",
)


def self_test():
    with tempfile.TemporaryDirectory() as root:
        tree.write_files(root, SELF_TEST_TREE)
        return tree.compare_complaints("check_floors.py", check(root), SELF_TEST_COMPLAINTS)


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    root = arguments[0] if arguments else pathlib.Path(__file__).resolve().parents[2]
    return tree.report("check_floors.py", check(root))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
