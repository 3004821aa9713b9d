# SPDX-License-Identifier: Apache-2.0
"""publisher_lab -- what test_publisher.py needs: a real store on loopback, requests to it, packages
made with mksquashfs, and assertions signed with the store's and with developers' keys.
"""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STOREHOUSE_BUILD") or os.environ.get("BUILD") or TOP / "build")
ASSERTION = "application/x.ubuntu.assertion"
NOW = "2026-01-01T00:00:00Z"


class Failed(Exception):
    pass


def expect(got, want, what=""):
    if got != want:
        raise Failed(f"{what}: {str(got)[:300]!r} is not {want!r}")


def expect_in(part, whole, what=""):
    if part not in whole:
        raise Failed(f"{what}: {part!r} is not in {str(whole)[:500]!r}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def digest_b64(data):
    return base64.urlsafe_b64encode(hashlib.sha3_384(data).digest()).decode().rstrip("=")


def family(pid):
    """A process and what it started, parents first."""
    found = [pid]
    for known in found:
        try:
            children = pathlib.Path(f"/proc/{known}/task/{known}/children").read_text()
        except OSError:
            continue
        found += [int(child) for child in children.split()]
    return found


def is_running(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def multipart(data, part="binary", name="x.snap"):
    edge = "----edge-of-the-form"
    head = (f"--{edge}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\n"
            "Content-Type: application/octet-stream\r\n\r\n").encode()
    return head + data + f"\r\n--{edge}--\r\n".encode(), f"multipart/form-data; boundary={edge}"


class Answer:
    def __init__(self, status, body):
        self.status, self.body = status, body
        try:
            self.json = json.loads(body) if body else None
        except ValueError:
            self.json = None

    def code(self):
        """The error's code, which both spellings must have alike (publisher.md 2.0)."""
        expect(self.json.get("error-list"), self.json.get("error_list"), "both spellings")
        return self.json["error-list"][0]["code"]

    def __str__(self):
        return f"{self.status} {self.body[:300]}"


class Store:
    """`storectl init`, then `storehouse serve`, until stop() or kill()."""

    def __init__(self, work):
        self.work, self.dir = work, work / "store"
        self.process = None
        self.port = free_port()
        self.sesame = work / "sesame"
        self.sesame.write_text("open sesame\n")
        self.sesame.chmod(0o600)
        self.storectl("init", self.dir, "--brand", "acme", "--http-port", self.port, "--https-port",
                      0, "--passphrase-file", self.sesame, "--one-user")
        with open(self.dir / "storehouse.conf", "a", encoding="utf-8") as conf:
            conf.write("http-address = 127.0.0.1\nmax-package-bytes = 8388608\n"
                       "min-free-bytes = 0\n")
        self.admin = (self.dir / "admin.token").read_text().strip()

    # --- the server ---

    def start(self):
        self.process = subprocess.Popen(
            [BUILD / "storehouse", "serve", "--data", self.dir], stdin=subprocess.DEVNULL,
            stdout=open(self.work / "serve.log", "ab"), stderr=subprocess.STDOUT)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                if self.ask("GET", "/api/v1/status", token=self.admin).status == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise Failed("the server did not start: " + self.log()[-600:])

    def log(self):
        return (self.work / "serve.log").read_text(errors="replace")

    def stop(self):
        if not self.process:
            return
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.process = None
        expect(code, 0, "exit code of the server")

    def kill(self):
        """kill -9 for the server and the helpers that it started, all at once."""
        pids = family(self.process.pid)
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(60)
        self.process = None
        until = time.monotonic() + 20
        while any(is_running(pid) for pid in pids):
            if time.monotonic() > until:
                raise Failed("killed processes are still there")
            time.sleep(0.005)

    def sql(self, text, *values):
        with sqlite3.connect(self.dir / "storehouse.db", timeout=20) as db:
            rows = db.execute(text, values).fetchall()
        db.close()
        return rows

    def blob_names(self):
        return {path.name for path in self.dir.glob("blobs/??/*")}

    # --- requests ---

    def ask(self, method, path, body=None, token="", kind="application/json"):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if body is not None:
            headers["Content-Type"] = kind
        if token:
            headers["Authorization"] = token if " " in token else f"Macaroon {token}"
        try:
            link.request(method, path, body, headers)
            answer = link.getresponse()
            return Answer(answer.status, answer.read())
        finally:
            link.close()

    def must(self, status, method, path, body=None, token="", kind="application/json"):
        answer = self.ask(method, path, body, token or self.admin, kind)
        if answer.status != status:
            raise Failed(f"{method} {path}: {answer}, not {status}")
        return answer.json

    def upload(self, data, token="", status=200, part="binary"):
        body, kind = multipart(data, part)
        answer = self.ask("POST", "/unscanned-upload/", body, token, kind)
        expect(answer.status, status, f"upload {answer}")
        return answer.json.get("upload_id")

    def review(self, name, upload_id, token="", seconds=60):
        """How the review ended: (revision, None) or (None, error code)."""
        until = time.monotonic() + seconds
        path = f"/v1/snap/{name}/revisions/review?upload-id={upload_id}"
        while time.monotonic() < until:
            state = self.must(200, "GET", path, token=token)["revisions"][0]
            expect(state["upload-id"], upload_id, "review")
            if state["status"] == "approved":
                expect(state["errors"], None, "errors of an approved upload")
                return state["revision"], None
            if state["status"] == "rejected":
                expect(state["revision"], None, "revision of a rejected upload")
                return None, state["errors"][0]["code"]
            time.sleep(0.05)
        raise Failed(f"the review of {name} did not end: {state}")

    def push(self, name, data, token="", **more):
        upload_id = self.upload(data)
        self.must(200, "POST", f"/v1/snap/{name}/revisions", {"upload-id": upload_id, **more},
                  token)
        return self.review(name, upload_id, token)

    def release(self, name, items, token="", status=200):
        answer = self.ask("POST", f"/v1/snap/{name}/releases", items, token or self.admin)
        expect(answer.status, status, f"release {answer}")
        return answer

    def channels(self, name, token=""):
        """{(channel, architecture): [revisions]} as the map shows it."""
        found = {}
        for entry in self.must(200, "GET", f"/v1/snap/{name}/releases", token=token)["channel-map"]:
            found.setdefault((entry["channel"], entry["architecture"]), []).append(entry["revision"])
        return found

    # --- people and keys ---

    def account(self, username):
        """A publisher: (account id, token)."""
        made = self.must(201, "POST", "/api/v1/accounts", {"username": username})
        token = self.must(201, "POST", "/api/v1/tokens", {"account": made["account-id"]})["token"]
        return made["account-id"], token

    def storectl(self, *words, token=None, status=0):
        env = {name: value for name, value in os.environ.items()
               if not name.startswith("STOREHOUSE_")}
        env.update(HOME="/nonexistent", STOREHOUSE_KEYS=str(self.work / "keys"),
                   STOREHOUSE_PASSPHRASE_FILE=str(self.sesame))
        if token:
            file = self.work / "token"
            file.write_text(token)
            file.chmod(0o600)
            words += ("--url", f"http://127.0.0.1:{self.port}", "--token-file", file)
        done = subprocess.run([BUILD / "storectl", *map(str, words)], env=env, capture_output=True,
                              timeout=300, check=False, stdin=subprocess.DEVNULL)
        if done.returncode != status:
            raise Failed(f"storectl {' '.join(map(str, words))}: {done.stderr.decode()[-400:]}")
        return done.stdout.decode()

    def key_make(self, name, account, token):
        """A developer's key, known to the store."""
        self.storectl("key", "create", name)
        request = self.storectl("key", "export", name, "--account", account)
        self.must(201, "POST", f"/api/v1/accounts/{account}/keys",
                  {"account-key-request": request}, token)

    def sign(self, headers, key=None):
        """Any assertion, with the store's own key or a developer's."""
        source = self.work / "headers.json"
        source.write_text(json.dumps(headers))
        file = self.dir / "keys/store.key" if key is None else self.work / "keys" / f"{key}.key"
        return self.storectl("model", "sign", source, "--key", file, "--passphrase-file",
                             self.sesame)

    def build(self, key, account, snap_id, data, **changes):
        return self.sign({"type": "snap-build", "authority-id": account,
                          "snap-sha3-384": digest_b64(data), "snap-id": snap_id, "grade": "stable",
                          "snap-size": str(len(data)), "timestamp": clock(), **changes}, key)

    def wide(self, account, **changes):
        """An account assertion of the trusted account, as it could come from elsewhere."""
        return self.sign({"type": "account", "authority-id": "acme", "account-id": account,
                          "display-name": account, "validation": "unproven",
                          "timestamp": clock(), **changes})

    def offer(self, text, token=""):
        return self.ask("POST", "/api/v1/assertions", text.encode() if isinstance(text, str)
                        else text, token or self.admin, ASSERTION)


def clock():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def snap(work, name="app", version="1", fill=b"", yaml="", archs="[amd64]"):
    """A real package; yaml is added to its snap.yaml."""
    folder = work / "tree"
    subprocess.run(["rm", "-rf", folder], check=True)
    (folder / "meta").mkdir(parents=True)
    (folder / "meta/snap.yaml").write_text(
        f"name: {name}\nversion: '{version}'\nsummary: s\ndescription: d\n"
        f"architectures: {archs}\n{yaml}")
    if fill:
        (folder / "data").write_bytes(fill)
    return squash(work, folder)


def squash(work, folder):
    file = work / "made.snap"
    file.unlink(missing_ok=True)
    subprocess.run(["mksquashfs", folder, file, "-noappend", "-comp", "xz", "-quiet", "-no-progress",
                    "-all-root"], check=True, stdout=subprocess.DEVNULL)
    return file.read_bytes()
