# SPDX-License-Identifier: Apache-2.0
"""storectl_lab -- what test_storectl.py needs: running storectl, a stand-in for the store that
answers as doc/api.md says (or as badly as it is told), and rows put into a database by hand.
"""
import base64
import hashlib
import http.server
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import threading
import urllib.parse

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STOREHOUSE_BUILD", TOP / "build"))
STORECTL = BUILD / "storectl"
USEC = 1_000_000
SNAP_ID = "A" * 32


class Failed(Exception):
    pass


def expect(got, want, what=""):
    if got != want:
        raise Failed(f"{what}: {got!r} is not {want!r}")


def expect_in(part, whole, what=""):
    if part not in whole:
        raise Failed(f"{what}: {part!r} is not in {whole[:600]!r}")


def run(*words, code=0, stdin=b"", **env):
    """Runs storectl; its exit code must be `code`. Gives (stdout, stderr) as text."""
    clean = {name: value for name, value in os.environ.items()
             if not name.startswith("STOREHOUSE_") and name != "XDG_CONFIG_HOME"}
    clean.update({"HOME": "/nonexistent"}, **env)
    done = subprocess.run([STORECTL, *map(str, words)], input=stdin, env=clean, timeout=120,
                          capture_output=True, check=False)
    out, err = done.stdout.decode(), done.stderr.decode()
    if done.returncode != code:
        raise Failed(f"storectl {' '.join(map(str, words))}: exit code {done.returncode}, not "
                     f"{code}: {err[-400:]}")
    return out, err


def run_json(*words, code=0, **env):
    return json.loads(run("--json", *words, code=code, **env)[0])


def secret_file(path, text):
    path.write_text(text + "\n")
    path.chmod(0o600)
    return path


# --- a database with a package in it ---

def digest_b64(data):
    return base64.urlsafe_b64encode(hashlib.sha3_384(data).digest()).decode().rstrip("=")


class Store:
    """A folder made by init, with the passphrase `sesame`; packages are put in by hand."""

    def __init__(self, folder):
        self.dir = folder
        self.blobs = {}
        self.account = None

    def sql(self, text, *values):
        with sqlite3.connect(self.dir / "storehouse.db") as db:
            db.execute(text, values)
        db.close()

    def sign(self, headers):
        """An assertion of any type, signed with the store's key."""
        source = self.dir.parent / "headers.json"
        source.write_text(json.dumps({"authority-id": self.account, **headers}))
        return run("model", "sign", source, "--key", self.dir / "keys/store.key",
                   "--passphrase-file", self.dir.parent / "sesame")[0]

    def put_assertion(self, kind, pk, text):
        self.sql("INSERT INTO assertion VALUES (?,?,0,0,?,0,?,0)", kind, pk, self.account,
                 text.encode())

    def put_blob(self, data):
        name = hashlib.sha3_384(data).hexdigest()
        path = self.dir / "blobs" / name[:2] / name
        path.write_bytes(data)
        return path

    def put_package(self, name):
        self.sql("INSERT INTO package VALUES (?,?,?,?,'app',0,'','','','',0,0)", SNAP_ID,
                 self.account, name, self.account)
        self.sql("INSERT INTO track VALUES (?,'latest','',0)", SNAP_ID)
        self.put_assertion("snap-declaration", f"16/{SNAP_ID}", self.sign({
            "type": "snap-declaration", "series": "16", "snap-id": SNAP_ID, "snap-name": name,
            "publisher-id": self.account}))

    def put_revision(self, number, data):
        path = self.put_blob(data)
        self.sql("INSERT INTO revision VALUES (?,?,?,?,'{}','1','all','global-upload',?,0,0)",
                 SNAP_ID, number, hashlib.sha3_384(data).digest(), len(data), self.account)
        self.put_assertion("snap-revision", f"{digest_b64(data)}/global-upload", self.sign({
            "type": "snap-revision", "snap-sha3-384": digest_b64(data), "snap-id": SNAP_ID,
            "snap-size": str(len(data)), "snap-revision": str(number),
            "developer-id": self.account}))
        self.blobs[number] = path

    def release(self, number, risk=0):
        with sqlite3.connect(self.dir / "storehouse.db") as db:
            event = db.execute(
                "INSERT INTO release_event (snap_id,arch,track,risk,branch,revision,percentage,"
                "base_revision,paused,expires,made_by,created) VALUES "
                "(?,'all','latest',?,'',?,-1,NULL,0,0,?,0)",
                (SNAP_ID, risk, number, self.account)).lastrowid
            db.execute("INSERT INTO channel_map VALUES (?,'all','latest',?,'',?)",
                       (SNAP_ID, risk, event))
        db.close()


# --- a stand-in for the server ---

class StandIn:
    """Answers on loopback. `rules` maps (method, path) to (status, document) or to a function of
    the request; what came is kept in `seen`."""

    def __init__(self):
        self.rules, self.seen, self.uploads = {}, [], []
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.set("GET", "/v1/tokens/whoami", 200, {
            "account": {"id": "dev", "username": "dev", "email": "", "display-name": "Dev"},
            "permissions": None, "channels": None, "packages": None, "errors": []})

    def set(self, method, path, status, document):
        self.rules[(method, path)] = lambda request: (status, document)

    def rule(self, method, path, function):
        self.rules[(method, path)] = function

    def bodies(self, method, path):
        return [body for verb, where, body, _ in self.seen if (verb, where) == (method, path)]

    def headers(self, method, path):
        return [head for verb, where, _, head in self.seen if (verb, where) == (method, path)]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def _handler(stand_in):  # noqa: N805
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def _answer(self):
                path = urllib.parse.unquote(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                stand_in.seen.append((self.command, path, body, dict(self.headers)))
                rule = stand_in.rules.get((self.command, path))
                status, document = rule(body) if rule else (404, error("resource-not-found",
                                                                       f"no {path}"))
                if status is None:  # hangs up without a word
                    self.close_connection = True
                    return
                data = document if isinstance(document, bytes) else json.dumps(document).encode()
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", document["to"])
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_DELETE = do_PATCH = _answer

        return Handler


def error(code, message):
    row = [{"code": code, "message": message}]
    return {"error-list": row, "error_list": row}


def file_part(body):
    """The bytes of the one file part of a multipart body, and its head."""
    boundary = body[:body.index(b"\r\n")]
    head, data = body[len(boundary) + 2:].split(b"\r\n\r\n", 1)
    return head.decode(), data[:data.rindex(b"\r\n" + boundary)]


def command_names():
    """Every command, as the manual lists them."""
    manual = run("manual")[0]
    part = manual[manual.index(".SH COMMANDS"):manual.index(".SH EXIT CODES")]
    return [name.replace("\\-", "-") for name in re.findall(r"^\.SS (.+)$", part, re.M)]
