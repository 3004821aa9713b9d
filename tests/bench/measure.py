# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks stand on: a store of their own, nginx beside it, wrk, and packages to serve."""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.setdefault("BUILD", os.environ.get("STOREHOUSE_BUILD", os.path.join(ROOT, "build")))
sys.path.insert(0, f"{ROOT}/tests/flow")
import device_lib  # noqa: E402  the device and the store that the flow tests use
YAML = """name: {name}
version: '1.0'
summary: A package of the benchmark, number {number}
description: |
  This text is about as long as the description of a small package: a few sentences that say what the program
  does, for whom, and where its documents are. It is repeated in every answer that asks for it.
architectures: [amd64]
confinement: strict
grade: stable
base: core22
apps:
  {name}:
    command: bin/{name}
    plugs: [network, network-bind, home]
"""


def prepare():
    subprocess.run([f"{ROOT}/deploy/packages", "bench"], check=True, stdout=subprocess.DEVNULL)
    if not os.path.exists(f"{BUILD}/storehouse"):
        subprocess.run([f"{ROOT}/deploy/packages", "build"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([f"{ROOT}/tools/dev/fetch-sources"], check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["meson", "setup", "--buildtype=release", BUILD, ROOT], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD], check=True, stdout=subprocess.DEVNULL)


def wait_for(url, process):
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"what should answer at {url} ended with {process.returncode}")
        try:
            return urllib.request.urlopen(url, timeout=2).read()
        except urllib.error.HTTPError:
            return None
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing answers at {url}")


def wait_while_busy(url, body, headers):
    """Until a POST is answered with something else than 503."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers), timeout=5):
                return
        except urllib.error.HTTPError as error:
            if error.code != 503:
                raise
        time.sleep(0.1)
    raise SystemExit(f"{url} is busy for ever")


def revision_pair(folder):
    """Two revisions of a package: a base of binaries of this machine, and the same with one file changed."""
    files = []
    for side in ("old", "new"):
        tree = os.path.join(folder, "pair-" + side)
        os.makedirs(tree + "/meta")
        os.makedirs(tree + "/bin")
        for name in ("bash", "tar", "grep", "find", "openssl", "xz", "perl"):
            source = f"/usr/bin/{name}"
            if os.path.exists(source):
                subprocess.run(["cp", "-L", source, f"{tree}/bin/{name}"], check=True)
        with open(tree + "/meta/snap.yaml", "w", encoding="utf-8") as out:
            out.write(YAML.format(name="pair", number=0))
        with open(tree + "/bin/changed", "wb") as out:
            out.write(os.urandom(200000))
        os.utime(tree + "/meta/snap.yaml", (1735689600, 1735689600))
        files.append(pack(tree, os.path.join(folder, f"pair-{side}.snap")))
    return files


def pack(tree, target, compression="xz"):
    subprocess.run(["mksquashfs", tree, target, "-noappend", "-comp", compression, "-no-fragments", "-no-progress",
                    "-all-root", "-no-xattrs", "-quiet"], check=True, stdout=subprocess.DEVNULL)
    return target


def made_folder(folder, name):
    made = pathlib.Path(folder) / name
    made.mkdir(mode=0o755)
    return made


class Store(device_lib.Store):
    """A fresh store on loopback, over plain HTTP; what the flow tests drive, and packages in numbers."""

    def __init__(self, folder):
        super().__init__(made_folder(folder, "store"), brand="bench", 
                         settings="log-level = warning\nsigner-rate-per-min = 60000\n")
        self.folder = folder
        self.url = f"http://127.0.0.1:{self.port}"
        self.made = []
        self.start()

    def ask(self, method, path, body=None, kind="application/json"):
        """An administrator's call that must succeed; its JSON."""
        answer = self.admin(method, path, body, kind)
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {answer.body[:300]}")
        return answer.json()

    def post_raw(self, path, body, headers):
        answer = self.call("POST", path, body, headers)
        if answer.status != 200:
            raise SystemExit(f"POST {path}: {answer.status} {answer.body[:300]}")
        return answer.body

    def upload(self, file):
        boundary = "storehousebench"
        with open(file, "rb") as source:
            content = source.read()
        head = (f"--{boundary}\r\nContent-Disposition: form-data; name=\"binary\"; filename=\"p.snap\"\r\n"
                "Content-Type: application/octet-stream\r\n\r\n").encode()
        answer = self.ask("POST", "/unscanned-upload/", head + content + f"\r\n--{boundary}--\r\n".encode(),
                          f"multipart/form-data; boundary={boundary}")
        return answer["upload_id"]

    def push(self, name, file):
        """The number of the revision, once it is approved."""
        status = self.ask("POST", f"/v1/snap/{name}/revisions", {"upload-id": self.upload(file)})["status-url"]
        for _ in range(1200):
            review = self.ask("GET", status)["revisions"][0]
            if review["status"] == "rejected":
                raise SystemExit(f"{name} was rejected: {review['errors']}")
            if review["status"] == "approved":
                break
            time.sleep(0.05)
        return review["revision"]

    def publish(self, name, file, channel="stable"):
        snap_id = self.ask("POST", "/v1/snap", {"name": name})["id"]
        self.ask("POST", f"/v1/snap/{name}/releases", [{"channel": channel, "revision": self.push(name, file)}])
        return {"name": name, "id": snap_id, "file": file}

    def small(self, number):
        name = f"bench-{number}"
        tree = os.path.join(self.folder, name)
        os.makedirs(tree + "/meta")
        with open(tree + "/meta/snap.yaml", "w", encoding="utf-8") as out:
            out.write(YAML.format(name=name, number=number))
        return self.publish(name, pack(tree, tree + ".snap", "gzip"))

    def packages(self, count):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            self.made += pool.map(self.small, range(len(self.made), count))
        return self.made[:count]

    def large_package(self, megabytes):
        tree = os.path.join(self.folder, "large")
        os.makedirs(tree + "/meta")
        with open(tree + "/meta/snap.yaml", "w", encoding="utf-8") as out:
            out.write(YAML.format(name="large", number=0))
        with open(tree + "/data", "wb") as out:
            for _ in range(megabytes):
                out.write(os.urandom(1000000))
        package = self.publish("large", pack(tree, tree + ".snap", "gzip"))
        answer = self.ask("GET", "/v2/snaps/info/large?fields=download")
        package["url"] = answer["channel-map"][0]["download"]["url"]
        package["bytes"] = answer["channel-map"][0]["download"]["size"]
        return package

    def curate(self, packages):
        """A validation set of another account over all packages, half of them at their revision, and a progressive
        release of the first package, which the set leaves open."""
        brand = device_lib.Brand(self, pathlib.Path(self.folder), "keeper")
        entries = "".join(f"  -\n    name: {p['name']}\n    id: {p['id']}\n    presence: optional\n"
                          + ("    revision: 1\n" if number % 2 else "") for number, p in enumerate(packages))
        text = device_lib.sign(brand.key, "type: validation-set\nauthority-id: keeper\nseries: 16\naccount-id: keeper\n"
                                          f"name: fleet\nsequence: 1\nsnaps:\n{entries}timestamp: "
                                          + time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) + "\n")
        self.ask("POST", "/api/v1/assertions", text, "application/x.ubuntu.assertion")
        tree = packages[0]["file"].removesuffix(".snap")
        with open(tree + "/more", "w", encoding="utf-8") as out:
            out.write("a second revision")
        second = self.push(packages[0]["name"], pack(tree, tree + "-2.snap", "gzip"))
        self.ask("POST", f"/v1/snap/{packages[0]['name']}/releases",
                 [{"channel": "stable", "revision": second, "progressive": {"percentage": 50}}])

    def device_headers(self, sets=False):
        """The headers of a registered device with a session; with sets, its model enforces that of curate()."""
        name = "bench-curated" if sets else "bench-model"
        wanted = {"model": name, "architecture": "amd64", "classic": "true"}
        if sets:
            wanted["validation-sets"] = [{"account-id": "keeper", "name": "fleet", "mode": "enforce"}]
        model = self.ask("POST", "/api/v1/models", {"headers": wanted})
        device = device_lib.Device(self, pathlib.Path(self.folder), "device-" + name, "bench", name,
                                   model["assertion"])
        device.register()
        device.open_session()
        return device.headers()

    def peak_bytes(self):
        """VmHWM of the server process."""
        with open(f"/proc/{self.children()['server']}/status", encoding="utf-8") as file:
            return int(re.search(r"VmHWM:\s+(\d+) kB", file.read()).group(1)) * 1024


class Nginx:
    """nginx with two workers and sendfile, as it would serve files in earnest."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "nginx")
        self.files = self.folder + "/files"
        os.makedirs(self.files)
        os.chmod(folder, 0o755)
        port = device_lib.free_port()
        self.url = f"http://127.0.0.1:{port}"
        with open(self.folder + "/nginx.conf", "w", encoding="utf-8") as out:
            out.write(f"""worker_processes 2; pid {self.folder}/pid; error_log {self.folder}/error.log; daemon off; user root;
events {{ worker_connections 1024; }}
http {{ access_log {self.folder}/access.log; sendfile on; tcp_nopush on; keepalive_requests 1000000;
server {{ listen 127.0.0.1:{port}; root {self.files}; }} }}
""")
        self.process = subprocess.Popen(["nginx", "-c", self.folder + "/nginx.conf", "-p", self.folder],
                                        stderr=subprocess.DEVNULL)
        wait_for(self.url + "/", self.process)

    def put(self, name, content):
        with open(f"{self.files}/{name}", "wb") as out:
            out.write(content)

    def link(self, name, file):
        os.link(file, f"{self.files}/{name}")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Bench:
    """Both servers, started when first asked for."""

    def __init__(self, folder, seconds):
        self.dir = folder
        self.seconds = seconds
        self.build = BUILD
        self._store = self._nginx = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for part in (self._store, self._nginx):
            if part:
                part.stop()

    @property
    def store(self):
        self._store = self._store or Store(self.dir)
        return self._store

    @property
    def nginx(self):
        self._nginx = self._nginx or Nginx(self.dir)
        return self._nginx

    def wrk(self, url, body=None, headers=None):
        """Answers a second over 32 connections; every answer must be a success."""
        script = os.path.join(self.dir, "wrk.lua")
        with open(script, "w", encoding="utf-8") as out:
            if body is not None:
                out.write(f"wrk.method = 'POST'\nwrk.body = [==[{body}]==]\n")
            for name, value in (headers or {}).items():
                out.write(f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}\n")
        got = subprocess.run(["wrk", "-t2", "-c32", f"-d{self.seconds}s", "-s", script, url], check=True,
                             capture_output=True, text=True).stdout
        if "Non-2xx" in got:
            raise SystemExit(f"{url} answered with errors:\n{got}")
        return float(re.search(r"Requests/sec:\s+([\d.]+)", got).group(1))

    def fetch(self, url, size):
        """Bytes a second of four downloads side by side, three times in a row."""
        start = time.monotonic()
        running = [subprocess.Popen(["curl", "-sf", "-o", "/dev/null", url, "-o", "/dev/null", url, "-o", "/dev/null",
                                     url]) for _ in range(4)]
        if any(process.wait() for process in running):
            raise SystemExit(f"a download of {url} failed")
        return 12 * size / (time.monotonic() - start)
