# SPDX-License-Identifier: Apache-2.0
"""device_lib.py -- a store on loopback and devices that talk to it; for the test_*.py beside it.

A device here has an RSA key of its own, writes and signs its assertions from the format's
description alone, and shares no code with the server. Python's own library, openssl(1) for RSA and
mksquashfs(1) for packages.
"""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(os.environ.get("BUILD") or os.environ.get("STOREHOUSE_BUILD") or "build")
HOST = "127.0.0.1"
STAMP = "2026-06-01T00:00:00Z"


class Failed(Exception):
    pass


def expect(got, want, what=""):
    if got != want:
        raise Failed(f"{what}: {got!r} is not {want!r}"[:1500])


def expect_in(part, whole, what=""):
    if part not in whole:
        raise Failed(f"{what}: {part!r} is not in {whole!r}"[:1500])


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def wait_for(what, test, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = test()
        if value:
            return value
        time.sleep(0.05)
    raise Failed(f"waited {seconds} s for {what}")


def log_is_clean(log):
    """Nothing in the server's log that a sanitizer, an assert or a fault of ours puts there."""
    bad = [line for line in log.splitlines()
           if re.search(r"Sanitizer|runtime error:|Assertion .* failed|rc=BUG|rc=CORRUPT", line)]
    print(f"not ok the_log_is_clean {bad[0][:300]}" if bad else "ok the_log_is_clean", flush=True)
    return not bad


def run_cases(cases, make):
    """Prints a line for each case; returns main's exit code."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="sh-flow-") as folder:
        os.chmod(folder, 0o755)
        world = make(pathlib.Path(folder))
        try:
            for case in cases:
                try:
                    case(world)
                    print(f"ok {case.__name__}", flush=True)
                except Exception as error:  # a case must not end the others
                    failed += 1
                    text = f"{type(error).__name__}: {error}" if not isinstance(error, Failed) \
                        else str(error)
                    print(f"not ok {case.__name__} {' '.join(text.split())}", flush=True)
        finally:
            world.close()
        failed += not log_is_clean(world.store.log())
    print(f"{len(cases) + 1 - failed} of {len(cases) + 1} held")
    return 1 if failed else 0


# --- HTTP ---

class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body.decode("utf-8"))

    def text(self):
        return self.body.decode("utf-8")

    def header(self, name):
        return self.headers.get(name)

    def shape(self):
        """All that an onlooker sees, without what differs by request."""
        kept = {k: v for k, v in self.headers.items()
                if k.lower() not in ("date", "x-request-id")}
        return self.status, kept, self.body


def call(port, method, path, body=None, headers=None, timeout=30):
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


# --- a store ---

class Store:
    """`storehouse serve` on a data folder of its own."""

    def __init__(self, folder, brand="acme", settings=""):
        self.dir = folder / "data"
        self.log_path = folder / "log"
        self.work = folder
        self.port = free_port()
        self.process = None
        self.storectl("init", self.dir, "--brand", brand, "--http-port", str(self.port),
                      "--https-port", "0", data=False)
        if settings:
            with open(self.dir / "storehouse.conf", "a") as conf:
                conf.write(settings)

    def storectl(self, *words, code=0, data=True):
        line = [str(BUILD / "storectl"), *map(str, words)]
        if data:
            line += ["--data", str(self.dir)]
        done = subprocess.run(line, capture_output=True, text=True, timeout=120,
                              env={**os.environ, "STOREHOUSE_KEYS": str(self.work / "devkeys")})
        if done.returncode != code:
            raise Failed(f"storectl {words} ended with {done.returncode}: {done.stderr}")
        return done.stdout

    def spawn(self, log=None):
        with open(log or self.log_path, "ab") as out:
            return subprocess.Popen([str(BUILD / "storehouse"), "serve", "--data", str(self.dir)],
                                    stdout=out, stderr=out, stdin=subprocess.DEVNULL)

    def start(self):
        self.process = self.spawn()
        self.wait_up()

    def wait_up(self, seconds=60):
        def up():
            if self.process.poll() is not None:
                raise Failed(f"the server ended: {self.log()[-600:]}")
            try:
                return call(self.port, "HEAD", "/", timeout=5).status == 200
            except OSError:
                return False
        wait_for("the server", up, seconds)

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            code = self.process.wait(60)
            self.process = None
            return code
        return None

    def log(self):
        return self.log_path.read_text(errors="replace")

    def children(self):
        """{'signer': pid, 'server': pid} of the running helpers."""
        found = {}
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                stat = (entry / "stat").read_text()
                name, parent = re.match(r"\d+ \((.*)\) \S (\d+)", stat).groups()
            except (OSError, AttributeError):
                continue
            if int(parent) == self.process.pid:
                found["server" if name == "storehouse" else "signer"] = int(entry.name)
        return found

    def call(self, method, path, body=None, headers=None, timeout=30):
        return call(self.port, method, path, body, headers, timeout)

    def admin(self, method, path, body=None, kind="application/json"):
        token = (self.dir / "admin.token").read_text().strip()
        return self.call(method, path, body, {"Authorization": f"Macaroon {token}",
                                              "Content-Type": kind})

    def close(self):
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.process.kill()


def snap_make(folder, name, version, size=2000, kind="app", arch=None, extra=""):
    """A small snap; the same name, version and size give the same bytes."""
    top = folder / f"{name}-{version}-tree"
    shutil.rmtree(top, ignore_errors=True)
    (top / "meta").mkdir(parents=True)
    text = f"name: {name}\nversion: '{version}'\nsummary: a {name}\ndescription: it is {name}\n" \
           f"type: {kind}\nconfinement: strict\ngrade: stable\n"
    if arch:
        text += f"architectures: [{arch}]\n"
    (top / "meta/snap.yaml").write_text(text + extra)
    block = b"".join(hashlib.sha512(b"%s %d" % (name.encode(), i)).digest()
                     for i in range(size // 64))
    (top / "data").write_bytes(block)
    (top / "version").write_text(version)
    path = folder / f"{name}_{version}.snap"
    path.unlink(missing_ok=True)
    subprocess.run(["mksquashfs", str(top), str(path), "-noappend", "-comp", "xz", "-all-root",
                    "-no-xattrs", "-quiet", "-no-progress", "-mkfs-time", "0", "-all-time", "0"],
                   check=True, stdout=subprocess.DEVNULL)
    return path


# --- assertions: device.md 8, written again ---

def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def wrap(data):
    text = base64.b64encode(data).decode()
    return "\n".join(text[i:i + 76] for i in range(0, len(text), 76))


def packet(tag, body):
    length = len(body)
    if length < 192:
        head = bytes([length])
    elif length < 8384:
        head = bytes([192 + ((length - 192) >> 8), (length - 192) & 255])
    else:
        head = b"\xff" + struct.pack(">I", length)
    return bytes([0xC0 | tag]) + head + body


def mpi(data):
    number = int.from_bytes(data, "big")
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return struct.pack(">H", number.bit_length()) + raw


class Key:
    """An RSA key; openssl(1) makes it and signs with it."""

    def __init__(self, folder, name, bits=2048):
        self.pem = folder / f"{name}.pem"
        subprocess.run(["openssl", "genrsa", "-out", str(self.pem), str(bits)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        out = subprocess.run(["openssl", "rsa", "-in", str(self.pem), "-noout", "-modulus"],
                             check=True, capture_output=True, text=True).stdout
        modulus = bytes.fromhex(out.strip().split("=")[1])
        body = b"\x04\x56\x85\xc1\x80\x01" + mpi(modulus) + mpi(b"\x01\x00\x01")
        self.public = b"\x01" + packet(6, body)
        self.id = b64url(hashlib.sha3_384(self.public).digest())
        self.text = wrap(self.public)

    def signature(self, content, when=1780000000):
        hashed = b"\x04\x00\x01\x0a\x00\x06\x05\x02" + struct.pack(">I", when)
        signed = content + hashed + b"\x04\xff" + struct.pack(">I", len(hashed))
        raw = subprocess.run(["openssl", "dgst", "-sha512", "-sign", str(self.pem)], input=signed,
                             check=True, capture_output=True).stdout
        left = hashlib.sha512(signed).digest()[:2]
        return wrap(b"\x01" + packet(2, hashed + b"\x00\x00" + left + mpi(raw)))


def block(text, indent=4):
    return "".join("\n" + " " * indent + line for line in text.split("\n"))


def sign(key, headers, body=None, claim=None):
    """headers: 'name: value' lines. claim: another key id to write than the signing key's."""
    text = headers.rstrip("\n") + "\n"
    if body:
        text += f"body-length: {len(body.encode())}\n"
    text += f"sign-key-sha3-384: {claim or key.id}"
    if body:
        text += f"\n\n{body}"
    return text + "\n\n" + key.signature(text.encode()) + "\n"


def stream(*texts):
    return "\n".join(texts)


def split_stream(text):
    return [part for part in re.split(r"\n\n(?=type: )", text) if part.strip()]


def header(text, name):
    found = re.search(rf"^{name}: (.*)$", text, re.M)
    return found.group(1) if found else None


class Device:
    """brand/model with a key; registers, opens sessions, asks."""

    def __init__(self, store, folder, name, brand, model, model_text, bits=2048):
        self.store, self.brand, self.model = store, brand, model
        self.model_text, self.serial, self.serial_text = model_text, None, None
        self.key = Key(folder, name, bits)
        self.session = None

    def request_id(self, path="/api/v1/snaps/auth/request-id"):
        return self.store.call("POST", path).json()["request-id"]

    def serial_request(self, request_id, key=None, extra=""):
        key = key or self.key
        return sign(key, f"type: serial-request\nbrand-id: {self.brand}\n"
                         f"device-key:{block(key.text)}\nmodel: {self.model}\n"
                         f"request-id: {request_id}\n{extra}")

    def register_with(self, request, path="/api/v1/snaps/auth/devices", model_text=None, *more,
                      **headers):
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.store.call("POST", path,
                               stream(request, model_text or self.model_text, *more),
                               {"Content-Type": "application/x.ubuntu.assertion",
                                "Snap-Device-Capabilities": "serial-stream", **names})

    def register(self):
        request = self.serial_request(self.request_id())
        answer = self.register_with(request)
        if answer.status != 200:
            raise Failed(f"registration: {answer.status} {answer.text()}")
        self.serial_text = split_stream(answer.text())[-1]
        self.serial = header(self.serial_text, "serial")
        return answer

    def own_serial(self, brand_key, serial):
        """A serial that the brand itself signed, without the store."""
        self.serial = serial
        self.serial_text = sign(brand_key, f"type: serial\nauthority-id: {self.brand}\n"
                                           f"brand-id: {self.brand}\nmodel: {self.model}\n"
                                           f"serial: {serial}\ndevice-key:{block(self.key.text)}\n"
                                           f"device-key-sha3-384: {self.key.id}\n"
                                           f"timestamp: {STAMP}\n")

    def nonce(self):
        return self.store.call("POST", "/api/v1/snaps/auth/nonces").json()["nonce"]

    def session_request(self, nonce=None, key=None, claim=None, **changes):
        names = {"brand-id": self.brand, "model": self.model, "serial": self.serial,
                 "nonce": nonce or self.nonce(), "timestamp": "2001-01-01T00:00:00Z"}
        names.update({name.replace("_", "-"): value for name, value in changes.items()})
        return sign(key or self.key, "type: device-session-request\n" +
                    "".join(f"{name}: {value}\n" for name, value in names.items()), claim=claim)

    def session_with(self, request=None, serial=None, model=None):
        return self.store.call("POST", "/api/v1/snaps/auth/sessions",
                               {"device-session-request": request or self.session_request(),
                                "serial-assertion": serial or self.serial_text,
                                "model-assertion": model or self.model_text})

    def open_session(self):
        answer = self.session_with()
        if answer.status != 200:
            raise Failed(f"session: {answer.status} {answer.text()}")
        self.session = answer.json()["macaroon"]

    def headers(self, dialect=2, **more):
        prefix = "Snap-Device-" if dialect == 2 else "X-Ubuntu-"
        names = {prefix + "Architecture": "amd64", prefix + "Series": "16"}
        if self.session:
            names["Snap-Device-Authorization" if dialect == 2 else "X-Device-Authorization"] = \
                f'Macaroon root="{self.session}"'
        return {**names, **{name.replace("_", "-"): value for name, value in more.items()}}

    def call(self, method, path, body=None, dialect=2, **more):
        return self.store.call(method, path, body, self.headers(dialect, **more))


def refresh_body(context=(), actions=(), **more):
    return {"context": list(context), "actions": list(actions), **more}


def installed(snap_id, revision, tracking="latest/stable", **more):
    return {"snap-id": snap_id, "instance-key": snap_id, "revision": revision,
            "tracking-channel": tracking, "epoch": {"read": [0], "write": [0]}, **more}


def install(name, number=1, **more):
    return {"action": "install", "instance-key": f"install-{number}", "name": name,
            "epoch": None, **more}


def refresh(snap_id, **more):
    return {"action": "refresh", "instance-key": snap_id, "snap-id": snap_id, **more}


class Brand:
    """An account with a key of its own that the store certified: it signs its own models."""

    def __init__(self, store, folder, name):
        self.id = name
        self.key = Key(folder, f"brand-{name}", 4096)
        answer = store.admin("POST", "/api/v1/accounts",
                             {"username": name, "account-id": name, "display-name": name})
        expect(answer.status, 201, answer.text())
        request = sign(self.key, f"type: account-key-request\naccount-id: {name}\nname: brand\n"
                                 f"public-key-sha3-384: {self.key.id}\n"
                                 f"since: 2020-01-01T00:00:00Z\n", body=self.key.text)
        answer = store.admin("POST", f"/api/v1/accounts/{name}/keys",
                             {"account-key-request": request})
        expect(answer.status, 201, answer.text())

    def model(self, name, extra="", revision=0):
        """Signed by the brand; its timestamp is now, after the key's since."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return sign(self.key, f"type: model\nauthority-id: {self.id}\n" +
                    (f"revision: {revision}\n" if revision else "") +
                    f"series: 16\nbrand-id: {self.id}\nmodel: {name}\narchitecture: amd64\n"
                    f"classic: true\n{extra}timestamp: {now}\n")


def main(cases, make):
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(run_cases(cases, make))
