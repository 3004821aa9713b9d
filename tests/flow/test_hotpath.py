#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_hotpath.py -- polling devices wait for nobody: with the signer stopped and the database's
writer held, refresh, assertions, listings and downloads are answered as ever; what writes says that
it cannot, or waits; and afterwards all goes on.

Prints `ok NAME` or `not ok NAME reason` for each case. STOREHOUSE_BUILD (or BUILD) names the
binaries' folder.
"""
import concurrent.futures
import contextlib
import os
import pathlib
import signal
import sqlite3
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from device_lib import (Device, Failed, Store, call, expect, expect_in, install, installed, main,
                        refresh, refresh_body, snap_make, wait_for)

CASES = []
REFRESH = "/v2/snaps/refresh"
REQUESTS = 200
SLOWEST = 2.0  # seconds; idle it is a few milliseconds, and the machine may be busy
POOL = 4  # the setting pool-threads


def case(function):
    CASES.append(function)
    return function


class World:
    def __init__(self, folder):
        self.folder = folder
        self.store = Store(folder, settings=f"pool-threads = {POOL}\npool-queue = 8\n"
                                            "fleet-flush-sec = 86400\n")
        self.store.start()
        try:
            self.fill()
        except BaseException:
            self.close()
            raise

    def fill(self):
        store = self.store
        for name, words in (("tool", []), ("secret", ["--private"])):
            store.storectl("register", name, *words)
            store.storectl("push", snap_make(self.folder, name, "1", 60000), "--release", "stable",
                           "--unsigned")
        self.id = store.admin("GET", "/v1/snap/tool").json()["metadata"]["id"]
        answer = store.admin("POST", "/api/v1/models",
                             {"headers": {"model": "widget", "architecture": "amd64",
                                          "classic": "true"}})
        self.device = Device(store, self.folder, "widget", "acme", "widget",
                             answer.json()["assertion"])
        self.device.register()
        self.device.open_session()
        self.late = Device(store, self.folder, "late", "acme", "widget", self.device.model_text)
        token = (store.dir / "admin.token").read_text().strip()
        self.token = {"Authorization": f"Macaroon {token}", "Content-Type": "application/json"}

    def polls(self):
        """What devices ask all day: (method, path, body, headers, status)."""
        device = self.device.headers()
        body = refresh_body([installed(self.id, 1)], [refresh(self.id), install("secret")])
        answer = self.store.call("POST", REFRESH, body, device)
        url = answer.json()["results"][1]["snap"]["download"]["url"]
        return [("POST", REFRESH, body, device, 200),
                ("POST", REFRESH, refresh_body([], [install("tool")]), {}, 200),
                ("GET", f"/v2/assertions/snap-declaration/16/{self.id}", None, device, 200),
                ("GET", "/v2/assertions/account/nobody", None, {}, 404),
                ("GET", "/v2/snaps/info/tool", None, device, 200),
                ("GET", "/v2/snaps/find?q=tool", None, {}, 200),
                ("GET", "/api/v1/snaps/names", None, device, 200),
                ("GET", f"/api/v1/snaps/download/{self.id}_1.snap", None, {}, 200),
                ("GET", url.split(str(self.store.port), 1)[1], None, {}, 200),
                ("POST", "/api/v1/snaps/auth/nonces", None, {}, 200),
                ("POST", "/api/v1/snaps/auth/request-id", None, {}, 200),
                # Signed in with a token: resolved from memory.
                ("POST", REFRESH, body, {**device, **self.token}, 200)]

    def close(self):
        self.store.close()


def timed(port, poll):
    method, path, body, headers, status = poll
    begun = time.monotonic()
    answer = call(port, method, path, body, headers)
    took = time.monotonic() - begun
    expect(answer.status, status, path)
    return took, path


def poll_all(w, what):
    polls = w.polls()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda i: timed(w.store.port, polls[i % len(polls)]),
                             range(REQUESTS)))
    slowest = max(done)
    if slowest[0] > SLOWEST:
        raise Failed(f"{what}: {slowest[1]} took {slowest[0]:.2f} s")
    expect(len(done), REQUESTS)


@contextlib.contextmanager
def signer_held(w):
    pid = w.store.children()["signer"]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def writer_held(w):
    database = sqlite3.connect(w.store.dir / "storehouse.db", isolation_level=None, timeout=10)
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        database.execute("ROLLBACK")
        database.close()


def write(w, name, timeout=40):
    """A registration of a name: the signer and the writer are both needed."""
    return call(w.store.port, "POST", "/v1/snap", {"name": name}, w.token, timeout)


def expire(w, timeout=40):
    return call(w.store.port, "POST", "/api/v1/tokens", {"ttl-sec": 60}, w.token, timeout)


@case
def polls_are_quick_to_begin_with(w):
    poll_all(w, "idle")


@case
def a_stopped_signer_holds_no_poll(w):
    with signer_held(w), concurrent.futures.ThreadPoolExecutor(2) as pool:
        writing = pool.submit(write, w, "while-stopped")
        time.sleep(0.3)
        poll_all(w, "signer stopped")
        answer = writing.result()
        expect(answer.status, 503, answer.body[:200])
        poll_all(w, "signer stopped, after the write gave up")
    wait_for("signing", lambda: write(w, "after-stopped").status in (200, 409))


@case
def a_registration_meanwhile_is_asked_to_come_back(w):
    request = w.late.serial_request(w.late.request_id())
    with signer_held(w):
        answer = w.late.register_with(request)
        expect(answer.status, 202, answer.body[:200])
    answer = wait_for("the serial", lambda: (lambda a: a if a.status == 200 else None)(
        w.late.register_with(request)), 30)
    expect_in("type: serial\n", answer.text())


@case
def a_held_writer_holds_no_poll(w):
    with writer_held(w), concurrent.futures.ThreadPoolExecutor(2) as pool:
        writing = pool.submit(expire, w)
        time.sleep(0.3)
        poll_all(w, "writer held")
        if writing.done():
            expect(writing.result().status, 503, writing.result().body[:200])
    answer = writing.result()
    if answer.status not in (201, 503):
        raise Failed(f"the write ended with {answer.status} {answer.body[:200]}")
    expect(expire(w).status, 201, "afterwards")


@case
def a_full_pool_holds_no_poll(w):
    count = POOL + 8 + 12
    with signer_held(w), concurrent.futures.ThreadPoolExecutor(count) as pool:
        writing = [pool.submit(write, w, f"crowd-{i}") for i in range(count)]
        time.sleep(0.5)
        begun = time.monotonic()
        poll_all(w, "pool full")
        refused = [one for one in writing if one.done()]
        if len(refused) < 12 and time.monotonic() - begun < 5:
            raise Failed(f"{len(refused)} of {count} were told that the pool is full")
        for one in refused:
            expect(one.result().status, 503, one.result().body[:200])
    for one in writing:
        if one.result().status not in (200, 409, 503):
            raise Failed(f"{one.result().status} {one.result().body[:200]}")


@case
def both_held_and_released(w):
    with signer_held(w), writer_held(w), concurrent.futures.ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, w, f"both-{i}") for i in range(4)]
        time.sleep(0.3)
        poll_all(w, "both held")
    for one in writing:
        if one.result().status not in (200, 503):
            raise Failed(f"{one.result().status} {one.result().body[:200]}")
    answer = wait_for("a write", lambda: (lambda a: a if a.status == 200 else None)(
        write(w, f"on-{time.monotonic_ns()}")), 30)
    expect(answer.status, 200)
    path = snap_make(w.folder, "tool", "2", 60000)
    w.store.storectl("push", path, "--release", "stable", "--unsigned")
    answer = w.device.call("POST", REFRESH, refresh_body([installed(w.id, 1)], [refresh(w.id)]))
    expect(answer.json()["results"][0]["snap"]["revision"], 2)
    poll_all(w, "afterwards")


@case
def polls_that_change_nothing_write_nothing(w):
    def written():
        found = [w.store.dir / f"storehouse.db{end}" for end in ("", "-wal")]
        return [(path.stat().st_mtime_ns, path.stat().st_size) for path in found if path.exists()]
    time.sleep(1)
    before = written()
    for _ in range(3):
        poll_all(w, "counting")
    expect(written(), before, "the database's files")
    expect(expire(w).status, 201)
    if written() == before:
        raise Failed("a write is not seen in the database's files: this case shows nothing")


if __name__ == "__main__":
    main(CASES, World)
