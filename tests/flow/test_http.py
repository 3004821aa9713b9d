#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_http.py -- a live listener against polite, slow, cut, oversized and hostile clients.

Starts $BUILD/tests/lib/http_demo (BUILD defaults to ./build) on loopback. Prints `ok NAME` or
`not ok NAME reason` for each case; after each the listener must still answer. Python's own library
and openssl(1) only.
"""
import concurrent.futures
import http.client
import os
import pathlib
import random
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import warnings

BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
DEMO = BUILD / "tests/lib/http_demo"
HOST = "127.0.0.1"
MIB = 1024 * 1024
FNV_BASE, FNV_PRIME, FNV_MASK = 0xCBF29CE484222325, 0x100000001B3, (1 << 64) - 1


class Failed(Exception):
    pass


def expect(got, want, what=""):
    if got != want:
        raise Failed(f"{what}: {got!r} is not {want!r}")


def expect_in(part, whole, what=""):
    if part not in whole:
        raise Failed(f"{what}: {part!r} is not in {whole[:300]!r}")


def expect_below(got, bound, what):
    if got >= bound:
        raise Failed(f"{what}: {got:.2f} is not below {bound}")


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class Demo:
    """A running http_demo; its settings are keyword arguments."""

    def __init__(self, **settings):
        self.port = free_port()
        arguments = [f"{key}={value}" for key, value in {"http": self.port, **settings}.items()]
        self.process = subprocess.Popen([DEMO, *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.first = self.process.stdout.readline().strip()

    def __enter__(self):
        expect(self.first, "ready", "start")
        return self

    def __exit__(self, kind, value, trace):
        began = time.monotonic()
        try:
            _, said = self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed("the listener does not stop")
        if kind is None:
            expect(self.process.returncode, 0, f"exit ({said[-2000:]})")
            expect_below(time.monotonic() - began, 6, "seconds to stop")
            expect("Sanitizer" in said, False, said[-3000:])

    def connect(self, timeout=8):
        sock = socket.create_connection((HOST, self.port), timeout=timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def ask(self, method, path, body=None, headers=None, chunked=False):
        """(status, headers, body); header names in lower case."""
        client = http.client.HTTPConnection(HOST, self.port, timeout=15)
        try:
            client.request(method, path, body=body, headers=headers or {}, encode_chunked=chunked)
            answer = client.getresponse()
            return (answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            client.close()

    def stats(self):
        text = self.ask("GET", "/stats")[2].decode()
        return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", text)}

    def alive(self):
        expect(self.ask("GET", "/echo")[0], 200, "alive afterwards")


def read_all(sock):
    """What comes until the end of the stream or a reset."""
    got = b""
    try:
        while piece := sock.recv(65536):
            got += piece
    except ConnectionResetError:
        pass
    return got


def raw(demo, data, half_close=False):
    with demo.connect() as sock:
        sock.sendall(data)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        return read_all(sock)


def chunked(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def fnv(data):
    total = FNV_BASE
    for byte in data:
        total = ((total ^ byte) * FNV_PRIME) & FNV_MASK
    return f"{total:016x}"


CASES = []


def case(function):
    CASES.append(function)
    return function


# --- one request ---

@case
def plain_answers(demo):
    status, headers, body = demo.ask("GET", "/echo?q=a%2Bb+c%26", headers={"Accept": ""})
    expect(status, 200)
    expect(body, b"path=/echo q=a+b c& accept= peer=127.0.0.1 secure=0 body=")
    expect(headers["content-type"], "text/plain", "no charset is added")
    expect(headers["server"], "demo", "common headers")
    expect(len(headers["x-request-id"]), 16)
    expect_in(b"body=hello", demo.ask("POST", "/echo", b"hello")[2])
    expect(demo.ask("POST", "/pool", b"\0binary\xff")[2], b"\0binary\xff")


@case
def methods(demo):
    status, headers, body = demo.ask("HEAD", "/echo")
    expect((status, body), (200, b""))
    with demo.connect() as sock:  # the same request, so that the length is the same
        sock.sendall(b"GET /echo HTTP/1.1\r\nHost: x\r\nAccept-Encoding: identity\r\n"
                     b"Connection: close\r\n\r\n")
        expect(headers["content-length"], str(len(read_all(sock).split(b"\r\n\r\n", 1)[1])))
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
        status, headers, _ = demo.ask(method, "/echo")
        expect((status, headers["allow"]), (405, "GET, HEAD, POST"), method)
    expect(demo.ask("HEAD", "/upload")[0], 405)
    status, headers, body = demo.ask("GET", "/nothing")
    expect((status, body[:12]), (404, b"NOT_FOUND -:"))
    expect(headers["server"], "demo", "common headers of a 404")
    expect("x-request-id" in headers, True)
    expect(demo.ask("OPTIONS", "/nothing")[0], 404)


@case
def failures(demo):
    status, headers, body = demo.ask("GET", "/error/why%20not")
    expect((status, body), (409, b"CONFLICT error: refused why not"))
    expect(headers["x-kept"], "yes", "headers set before a failure stay")
    expect(demo.ask("GET", "/broken")[0], 500, "a body that could not be built")


@case
def hostile_addresses(demo):
    for path in ("/echo/%00", "/echo/%0a", "/echo/..", "/echo/%2e%2e/x", "/echo/%ff", "/echo/%",
                 "/echo/%zz", "/echo?q=%ff", "/echo?q=%00"):
        expect(demo.ask("GET", path)[0], 400, path)
    expect(demo.ask("GET", "/echo/" + "a" * 8200)[0], 413, "a long address")
    expect(demo.ask("GET", "/echo?q=" + "a" * 5000)[0], 413, "a long argument")
    expect(demo.ask("GET", "/echo?" + "&".join(f"a{i}=1" for i in range(65)))[0], 400)
    expect(demo.ask("GET", "/echo?" + "&".join(f"a{i}=1" for i in range(63)) + "&q=z")[0], 200)


@case
def pipelining(demo):
    one = b"GET /echo/%d HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /slow?msec=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    body = b"POST /pool HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
    got = raw(demo, b"".join(one % i for i in range(20)) + body + one % 20 + last)
    expect(got.count(b"HTTP/1.1 200 OK"), 23, "answers")
    order = [int(i) for i in re.findall(rb"path=/echo/(\d+)", got)]
    expect(order, list(range(21)), "order")
    expect(got.endswith(b"slept"), True, "the pool's answer last")


@case
def keep_alive(demo):
    client = http.client.HTTPConnection(HOST, demo.port, timeout=5)
    client.connect()
    sock = client.sock
    for path in ("/echo", "/slow?msec=1", "/error/x", "/nothing", "/file", "/echo"):
        client.request("GET", path)
        client.getresponse().read()
        expect(client.sock is sock, True, f"the same connection after {path}")
    client.close()


# --- files ---

@case
def files(demo):
    data = demo.file
    status, headers, body = demo.ask("GET", "/file")
    expect((status, body == data), (200, True))
    expect((headers["etag"], headers["accept-ranges"]), ('"file-1"', "bytes"))
    status, headers, body = demo.ask("HEAD", "/file", headers={"Range": "bytes=0-4"})
    expect((status, headers["content-length"], body), (200, str(len(data)), b""))
    for text, first, last in (("0-0", 0, 0), ("100-199", 100, 199), ("-7", len(data) - 7, None),
                              (f"{len(data) - 1}-", len(data) - 1, None), ("0-99999999", 0, None)):
        status, headers, body = demo.ask("GET", "/file", headers={"Range": "bytes=" + text})
        last = len(data) - 1 if last is None else last
        expect((status, body == data[first:last + 1]), (206, True), text)
        expect(headers["content-range"], f"bytes {first}-{last}/{len(data)}", text)
    status, headers, body = demo.ask("GET", "/file", headers={"Range": f"bytes={len(data)}-"})
    expect((status, headers["content-range"]), (416, f"bytes */{len(data)}"))
    expect_in(b"RANGE", body)
    for text in ("bytes=5-1", "bytes=0-1,4-5", "lines=1-2", "bytes=x"):
        expect(demo.ask("GET", "/file", headers={"Range": text})[0], 200, text)


@case
def file_conditions(demo):
    for etag, want in (('"file-1"', 304), ('W/"file-1"', 304), ("*", 304), ('"x", "file-1"', 304),
                       ('"file-2"', 200), ("file-1", 200)):
        status, headers, body = demo.ask("GET", "/file", headers={"If-None-Match": etag})
        expect((status, headers["etag"]), (want, '"file-1"'), etag)
        expect(len(body), 0 if want == 304 else len(demo.file), etag)
    for etag, want in (('"file-1"', 206), ('W/"file-1"', 200), ('"other"', 200),
                       ("Mon, 23 Nov 2026 09:00:00 GMT", 200)):
        got = demo.ask("GET", "/file", headers={"Range": "bytes=0-4", "If-Range": etag})[0]
        expect(got, want, etag)
    expect(demo.ask("GET", "/echo", headers={"If-None-Match": '"echo-1"'})[0], 304, "memory")
    expect(demo.ask("POST", "/echo", b"", headers={"If-None-Match": '"echo-1"'})[0], 200, "POST")


@case
def resume_after_break(demo):
    with demo.connect() as sock:
        sock.sendall(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
        head = b""
        while b"\r\n\r\n" not in head:
            head += sock.recv(2000)
        got = head.split(b"\r\n\r\n", 1)[1]
        while len(got) < 100000:
            got += sock.recv(65536)
    _, _, rest = demo.ask("GET", "/file", headers={"Range": f"bytes={len(got)}-",
                                                   "If-Range": '"file-1"'})
    expect(got + rest == demo.file, True, "the parts make the whole")


# --- bodies ---

@case
def body_bounds(demo):
    expect(demo.ask("POST", "/pool", b"x" * 65536)[0], 200, "as large as can be")
    began = time.monotonic()
    with demo.connect() as sock:  # the announced body is never sent
        sock.sendall(b"POST /pool HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n")
        got = read_all(sock)
    expect_in(b"413 Content Too Large", got)
    expect_in(b"Connection: close", got)
    expect_below(time.monotonic() - began, 2, "seconds until the refusal")
    expect(demo.ask("POST", "/echo/x", b"body")[0], 405)
    status, _, body = demo.ask("POST", "/pool", b"x" * 5 * MIB)
    expect((status, body[:8]), (413, b"TOO_BIG "), "the answer arrives though the body is sent")
    expect(demo.ask("GET", "/file", b"body")[0], 413, "a body where none is taken")


@case
def chunked_bodies(demo):
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    pieces = [bytes([65 + i % 26]) * (i % 7 + 1) for i in range(500)]
    got = raw(demo, head % b"/pool" + chunked(*pieces))
    expect(got.endswith(b"\r\n\r\n" + b"".join(pieces)), True, "small chunks")
    expect_in(b"200 OK", raw(demo, head % b"/pool" + chunked()), "an empty one")
    got = raw(demo, head % b"/pool" + chunked(*[b"x" * 1000] * 100))
    expect_in(b"413 Content Too Large", got, "counted")
    for bad in (b"zz\r\nxx\r\n0\r\n\r\n", b"-1\r\nx\r\n0\r\n\r\n", b"3\r\nabcdef\r\n0\r\n\r\n",
                b"ffffffffffffffffff\r\nx\r\n"):
        expect(b"200 OK" in raw(demo, head % b"/pool" + bad, True), False, f"{bad}")
    # Many chunks in one read, while the first of them is with the sink already.
    got = raw(demo, head % b"/upload?msec=100" + chunked(*pieces))
    expect_in(b"bytes=%d sum=%s" % (len(b"".join(pieces)), fnv(b"".join(pieces)).encode()), got)


@case
def ambiguous_bodies(demo):
    hidden = b"GET /echo/smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    for headers in (b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                    b"Content-Length: 0\r\nContent-Length: 44\r\n",
                    b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: identity\r\n",
                    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                    b"Content-Length: +4\r\n", b"Content-Length: 4x\r\n",
                    b"Content-Length: -1\r\n", b"Host: y\r\n"):
        got = raw(demo, b"POST /echo HTTP/1.1\r\nHost: x\r\n" + headers + b"\r\n0\r\n\r\n" + hidden)
        expect_in(b" 400 ", got, f"{headers}")
        expect(b"smuggled" in got, False, f"{headers}")


# --- uploads ---

def form(data, boundary=b"frontier", extra=b"", end=True):
    return (extra + b"--" + boundary + b'\r\nContent-Disposition: form-data; name="note"\r\n\r\n'
            b"spring\r\n--" + boundary + b'\r\nContent-Disposition: form-data; name="binary"; '
            b'filename="a.snap"\r\nContent-Type: application/octet-stream\r\n\r\n' + data
            + (b"\r\n--" + boundary + b"--\r\n" if end else b""))


FORM_TYPE = {"Content-Type": "multipart/form-data; boundary=frontier"}


@case
def uploads(demo):
    small = random.Random(1).randbytes(300000)
    want = f"bytes=300000 sum={fnv(small)}"
    status, _, body = demo.ask("POST", "/upload", form(small), FORM_TYPE)
    expect((status, body.decode()), (200, f"name=binary file=a.snap {want} note=spring"))
    status, _, body = demo.ask("POST", "/upload", small)
    expect((status, body.decode()), (200, f"name= file= {want} note=(none)"))
    pieces = (small[i:i + 777] for i in range(0, len(small), 777))
    status, _, body = demo.ask("POST", "/upload", pieces, {"Transfer-Encoding": "chunked"}, True)
    expect((status, want in body.decode()), (200, True), "chunked")
    status, _, body = demo.ask("POST", "/upload", form(b""), FORM_TYPE)
    expect((status, b"bytes=0 " in body), (200, True), "an empty file")
    expect(demo.stats()["open"], 0)


@case
def big_upload(demo):
    piece = random.Random(2).randbytes(MIB)
    before = demo.ask("POST", "/upload", piece * 50)
    began = time.monotonic()
    status, _, body = demo.ask("POST", "/upload", form(piece * 50), FORM_TYPE)
    took = time.monotonic() - began
    expect((status, f"bytes={50 * MIB} ".encode() in body), (200, True))
    sums = [re.search(rb"sum=(\w+)", text).group(1) for text in (before[2], body)]
    expect(sums[0], sums[1], "raw and form")
    expect_below(took, 12, "seconds for 50 MiB")


@case
def refused_uploads(demo):
    big = b"x" * (8 * MIB)
    for path, body, headers, want in (
            ("/never", big, {}, 401), ("/never", form(big), FORM_TYPE, 401),
            ("/upload?refuse=1", form(big), FORM_TYPE, 507), ("/upload?refuse=1", big, {}, 507),
            ("/upload?fail=1", big, {}, 507), ("/upload", b"x" * (65 * MIB), {}, 413),
            ("/upload", form(b"a", extra=form(b"b", end=False) + b"\r\n"), FORM_TYPE, 400),
            ("/upload", form(b"abc", end=False), FORM_TYPE, 400),
            ("/upload", form(b"abc"), {"Content-Type": "multipart/form-data"}, 400),
            ("/upload", b"not a form at all", FORM_TYPE, 400),
            ("/upload", b"", {}, 400)):
        expect(demo.ask("POST", path, body, headers)[0], want, f"{path} {len(body)} {body[:40]}")
    field = b'--frontier\r\nContent-Disposition: form-data; name="f%d"\r\n\r\n%s\r\n'
    many = b"".join(field % (i, b"v") for i in range(17))
    expect(demo.ask("POST", "/upload", form(b"a", extra=many), FORM_TYPE)[0], 413, "many fields")
    long = field % (0, b"v" * 1025)
    expect(demo.ask("POST", "/upload", form(b"a", extra=long), FORM_TYPE)[0], 413, "a long field")
    wait_for(demo, "open", 0)


@case
def early_refusal(demo):
    """A gate that refuses is not kept waiting for the body."""
    began = time.monotonic()
    with demo.connect() as sock:
        sock.sendall(b"POST /never HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n"
                     b"Expect: 100-continue\r\n\r\n")
        got = read_all(sock)
    expect_in(b"401 Unauthorized", got)
    expect(b"100 Continue" in got, False)
    expect_below(time.monotonic() - began, 2, "seconds")


@case
def continue_first(demo):
    with demo.connect() as sock:
        sock.sendall(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                     b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
        expect_in(b"100 Continue", sock.recv(1000))
        sock.sendall(b"hello")
        expect_in(b"bytes=5 ", read_all(sock))


def wait_for(demo, name, want):
    deadline = time.monotonic() + 3  # below the idle timeout
    while (got := demo.stats()[name]) != want and time.monotonic() < deadline:
        time.sleep(0.02)
    expect(got, want, name)


@case
def cut_uploads(demo):
    wait_for(demo, "open", 0)
    before = demo.stats()["cut"]
    for body in (b"x" * 700000, form(b"x" * 700000, end=False)):
        with demo.connect() as sock:
            kind = b"multipart/form-data; boundary=frontier" if body[:1] == b"-" else b"a/b"
            sock.sendall(b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n"
                         b"Content-Type: " + kind + b"\r\n\r\n" + body)
            wait_for(demo, "open", 1)
        wait_for(demo, "open", 0)
        before += 1
        wait_for(demo, "cut", before)


# --- slow, many, hostile ---

def drip(demo, head, piece, seconds):
    """Sends a piece now and then; the seconds until the other side gives up."""
    began = time.monotonic()
    with demo.connect() as sock:
        try:
            sock.sendall(head)
            while time.monotonic() - began < seconds:
                sock.sendall(piece)
                time.sleep(0.1)
                sock.settimeout(0.01)
                try:
                    if not sock.recv(1000):
                        break
                except TimeoutError:
                    pass
                sock.settimeout(8)
        except (BrokenPipeError, ConnectionResetError):
            pass
    return time.monotonic() - began


@case
def drips(demo):
    demo.alive()
    with Demo(header_deadline=1, body_deadline=1, upload_deadline=2, idle_timeout=1) as short:
        jobs = {
            "head": (b"GET /echo HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n", 1),
            "body": (b"POST /pool HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n", b"x", 1),
            "chunked": (b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
                        b"1\r\nx\r\n", 1),
            "upload": (b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n", b"x", 2),
            "second head": (b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\nGET /echo HTTP/1.1\r\n", b"A: b\r\n",
                            1),
        }
        with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
            waits = {name: pool.submit(drip, short, *job[:2], 6) for name, job in jobs.items()}
        for name, wait in waits.items():
            expect_below(wait.result(), jobs[name][2] + 1.2, f"seconds to drip {name}")
            expect_below(jobs[name][2] - 0.2, wait.result(), f"{name} was cut too early")
        edge = b"Content-Type: multipart/form-data; boundary=e\r\n\r\n--e\r\n"
        waited = drip(short, b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n" + edge,
                      b"A: b\r\n", 6)
        expect_below(waited, 1.8, "seconds for a form without a file")
        with short.connect() as sock:  # a handler may take longer than any deadline
            sock.sendall(b"GET /slow?msec=1800 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            expect_in(b"slept", read_all(sock), "a slow handler")
        expect(short.stats()["open"], 0)
        short.alive()


@case
def full_pool(demo):
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        slow = [pool.submit(demo.ask, "GET", "/slow?msec=700") for _ in range(30)]
        time.sleep(0.2)
        began = time.monotonic()
        for _ in range(20):
            expect(demo.ask("GET", "/echo")[0], 200, "FAST while the pool is full")
        took = time.monotonic() - began
        status, _, body = demo.ask("GET", "/slow")
        expect((status, body[:5]), (503, b"BUSY "), "the error style")
        status, _, body = demo.ask("POST", "/upload", b"x" * MIB)
        expect((status, body[:5]), (503, b"BUSY "), "an upload")
        answers = [wait.result()[0] for wait in slow]
    expect_below(took, 0.6, "seconds for twenty FAST answers")
    expect(set(answers), {200, 503})
    expect(answers.count(200) >= 8, True, f"served {answers.count(200)}")
    expect(demo.ask("GET", "/slow?msec=1")[0], 200, "afterwards")


@case
def slow_readers_of_large_answers(demo):
    """Each lets 16 MiB wait: the memory of all together is bounded, and small answers go on."""
    socks = []
    try:
        for _ in range(12):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(8)
            sock.connect((HOST, demo.port))
            sock.sendall(b"GET /big HTTP/1.1\r\nHost: x\r\n\r\n")
            socks.append(sock)
        heads = [sock.recv(12) for sock in socks]
        expect(heads.count(b"HTTP/1.1 200"), 8, "answers of 16 MiB within 128 MiB")
        expect(heads.count(b"HTTP/1.1 503"), 4, "over it")
        expect(demo.ask("GET", "/echo")[0], 200, "a small answer")
    finally:
        for sock in socks:
            sock.close()
    end = time.monotonic() + 5
    while demo.ask("GET", "/big")[0] != 200:
        expect_below(time.monotonic(), end, "seconds until the memory is free again")
        time.sleep(0.05)


@case
def refused_uploads_hold_no_place(demo):
    socks = [demo.connect() for _ in range(80)]
    try:
        for sock in socks:
            sock.sendall(b"POST /upload?refuse=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\nx")
        end = time.monotonic() + 5
        while True:
            for sock in socks:
                sock.sendall(b"x")
            status = demo.ask("POST", "/upload", b"x" * 1000)[0]
            if status == 200:
                break
            expect_below(time.monotonic(), end, "seconds until an upload has a place")
            time.sleep(0.1)
    finally:
        for sock in socks:
            sock.close()


@case
def many_connections(demo):
    socks = [demo.connect() for _ in range(200)]
    for number, sock in enumerate(socks):
        path = b"/slow?msec=0" if number % 50 == 0 else b"/echo/%d" % number
        sock.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    for number, sock in enumerate(socks):
        expect_in(b"200 OK", sock.recv(4000), f"connection {number}")
    for sock in socks:
        sock.close()


@case
def connection_bounds(demo):
    demo.alive()
    with Demo(max_connections=20, per_ip=0, threads=2) as small:
        socks = []
        for _ in range(60):
            socks.append(small.connect())
        for sock in socks:
            sock.close()
        time.sleep(0.3)
        small.alive()
    with Demo(per_ip=5) as small:
        socks = [small.connect() for _ in range(12)]
        answered = 0
        for sock in socks:
            try:
                sock.sendall(b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                answered += b"200 OK" in read_all(sock)
            except OSError:
                pass
            sock.close()
        expect(answered, 5, "connections of one address")
        time.sleep(0.3)
        small.alive()


@case
def garbage(demo):
    noise = random.Random(3)
    long = b"X-Long: " + b"a" * 200000 + b"\r\n"
    many = b"".join(b"X-%d: y\r\n" % i for i in range(20000))
    for name, data in (
            ("noise", noise.randbytes(5000)), ("zeros", b"\0" * 3000), ("newlines", b"\n" * 3000),
            ("tls on plain", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + noise.randbytes(500)),
            ("http/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ("no version", b"GET /echo\r\n\r\n"),
            ("bad version", b"GET /echo HTTP/9.9\r\nHost: x\r\n\r\n"),
            ("no host", b"GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n"),
            ("long line", b"GET /" + b"a" * 200000 + b" HTTP/1.1\r\n\r\n"),
            ("long header", b"GET /echo HTTP/1.1\r\nHost: x\r\n" + long + b"\r\n"),
            ("many headers", b"GET /echo HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n"),
            ("absolute", b"GET http://x/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            ("asterisk", b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            ("connect", b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            ("no colon", b"GET /echo HTTP/1.1\r\nHost: x\r\nnonsense\r\nConnection: close\r\n\r\n")):
        try:
            got = raw(demo, data, True)
        except OSError:  # cut off before all of it was sent
            got = b""
        expect(b" 200 " in got, False, name)
        demo.alive()


@case
def quick_breaks(demo):
    """Connections that end at every moment of a request."""
    whole = (b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n" + b"x" * 30
             + b"GET /slow?msec=5 HTTP/1.1\r\nHost: x\r\n\r\nGET /file HTTP/1.1\r\nHost: x\r\n\r\n")
    for end in range(0, len(whole), 3):
        with demo.connect() as sock:
            sock.sendall(whole[:end])
    wait_for(demo, "open", 0)


# --- start and stop ---

@case
def refused_starts(demo):
    for settings, want in (({"http": demo.port}, f"port {demo.port} of 127.0.0.1 is in use"),
                           ({"http": 0}, "neither an HTTP nor an HTTPS port"),
                           ({"pool_threads": 0}, "limit of the listener is zero"),
                           ({"https": free_port()}, "needs a certificate")):
        other = Demo(**settings)
        _, said = other.process.communicate(timeout=5)
        expect(other.process.returncode, 1, f"{settings}")
        expect_in(want, said)


@case
def stop_under_load(demo):
    demo.alive()
    with Demo(pool_threads=1) as busy:
        ends = threading.Event()

        def load(path, body):
            while not ends.is_set():
                try:
                    busy.ask("POST" if body else "GET", path, body)
                except OSError:
                    pass
                except http.client.HTTPException:
                    pass

        jobs = [threading.Thread(target=load, args=args) for args in
                [("/slow?msec=300", None), ("/upload", b"x" * 9 * MIB), ("/echo", None)] * 4]
        for job in jobs:
            job.start()
        time.sleep(0.7)
        idle = busy.connect()
        busy.process.stdin.close()
        busy.process.stdin = None
        busy.process.wait(timeout=8)
        ends.set()
        for job in jobs:
            job.join()
        idle.close()


@case
def https(demo):
    demo.alive()
    with tempfile.TemporaryDirectory() as folder:
        cert, key = f"{folder}/cert.pem", f"{folder}/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert,
                        "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
        port = free_port()
        context = ssl.create_default_context(cafile=cert)
        with Demo(https=port, cert=cert, key=key, file=demo.path, header_deadline=1) as secure:
            client = http.client.HTTPSConnection(HOST, port, timeout=10, context=context)
            for method, path, body in (("GET", "/echo", None), ("POST", "/upload", b"x" * 3 * MIB),
                                       ("GET", "/file", None), ("GET", "/slow", None)):
                client.request(method, path, body)
                answer = client.getresponse()
                got = answer.read()
                expect(answer.status, 200, path)
                if path == "/echo":
                    expect_in(b"secure=1", got)
                if path == "/file":
                    expect(got == demo.file, True, "the file")
            client.request("POST", "/pool", b"x" * 5 * MIB)
            expect(client.getresponse().status, 413, "an early answer")
            client.close()
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python knows that it is old, too
                old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
                old.set_ciphers("ALL:@SECLEVEL=0")
            try:
                with socket.create_connection((HOST, port)) as sock, old.wrap_socket(sock):
                    raise Failed("TLS 1.1 was accepted")
            except (ssl.SSLError, OSError):
                pass
            began = time.monotonic()
            with socket.create_connection((HOST, port), timeout=5) as sock:  # no handshake
                read_all(sock)
            expect_below(time.monotonic() - began, 2.5, "seconds for a silent handshake")
            secure.alive()
        pathlib.Path(cert).write_text("not a certificate")
        other = Demo(https=free_port(), cert=cert, key=key)
        _, said = other.process.communicate(timeout=5)
        expect((other.process.returncode, "cannot serve port" in said), (1, True), said)


def run(names):
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/file"
        data = random.Random(4).randbytes(9 * MIB + 321)
        pathlib.Path(path).write_bytes(data)
        with Demo(file=path) as demo:
            demo.file, demo.path = data, path
            for function in CASES:
                if names and function.__name__ not in names:
                    continue
                began = time.monotonic()
                try:
                    function(demo)
                    demo.alive()
                    print(f"ok {function.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
                except Exception as problem:  # whatever it is, the next case is run
                    failed += 1
                    print(f"not ok {function.__name__} {type(problem).__name__}: {problem}",
                          flush=True)
    return failed


def main(names):
    try:
        return 1 if run(names) else 0
    except Failed as problem:  # the end of the listener that all cases share
        print(f"not ok listener {problem}", flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
