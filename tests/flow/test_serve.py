#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_serve.py -- `storehouse serve` as a process: it ends when told, starts its helpers again,
and says clearly why it cannot begin.

Prints `ok NAME` or `not ok NAME reason` for each case. STOREHOUSE_BUILD (or BUILD) names the
binaries' folder.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from device_lib import (BUILD, HOST, Device, Failed, Store, expect, expect_in, free_port, install,
                        main, refresh_body, wait_for)

CASES = []
REFRESH = "/v2/snaps/refresh"


def case(function):
    CASES.append(function)
    return function


class World:
    """One store that runs, and copies of its folder that are spoiled."""

    def __init__(self, folder):
        self.folder = folder
        self.store = Store(folder)
        self.clean = folder / "clean"
        shutil.copytree(self.store.dir, self.clean)
        owners_copy(self.store.dir, self.clean)
        self.store.start()
        self.store.storectl("register", "tool")

    def close(self):
        self.store.close()

    def copy(self, name):
        """A folder like a fresh store's, on a port of its own."""
        folder = self.folder / name
        shutil.copytree(self.clean, folder)
        owners_copy(self.clean, folder)
        port_set(folder, free_port())
        return folder


def owners_copy(source, target):
    for path in [source, *source.rglob("*")]:
        stat = path.stat()
        os.chown(target / path.relative_to(source), stat.st_uid, stat.st_gid)


def port_set(folder, port):
    conf = folder / "storehouse.conf"
    lines = [line for line in conf.read_text().splitlines() if not line.startswith("http-port")]
    conf.write_text("\n".join([*lines, f"http-port = {port}", ""]))


def serve(*words, seconds=40):
    """Runs to its end; (exit code, all that it said, seconds)."""
    begun = time.monotonic()
    process = subprocess.Popen([str(BUILD / "storehouse"), *map(str, words)],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               stdin=subprocess.DEVNULL)
    try:
        text = process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        process.terminate()
        text = process.communicate()[0]
        raise Failed(f"{words} still runs after {seconds} s: {text[-500:]}") from None
    return process.returncode, text, time.monotonic() - begun


def cannot_start(folder, part, seconds=15):
    code, text, took = serve("serve", "--data", folder)
    expect(code, 1, text[-500:])
    expect_in(part, text)
    if took > seconds:
        raise Failed(f"took {took:.0f} s to say so: {text[-500:]}")
    for line in text.splitlines():
        if not line.startswith("level="):
            raise Failed(f"a line without form: {line}")
    if any(word in text for word in ("Sanitizer", "Assertion", "Segmentation")):
        raise Failed(text[-500:])
    return text


# --- ending ---

@case
def sigterm_and_sigint_end_it(w):
    for how in (signal.SIGTERM, signal.SIGINT):
        helpers = w.store.children()
        expect(sorted(helpers), ["server", "signer"])
        begun = time.monotonic()
        expect(w.store.stop(how), 0, how)
        if time.monotonic() - begun > 15:
            raise Failed(f"{how} took {time.monotonic() - begun:.0f} s")
        for name, pid in helpers.items():
            if pathlib.Path(f"/proc/{pid}").exists():
                raise Failed(f"the {name} lives on")
        with socket.socket() as probe:
            if probe.connect_ex((HOST, w.store.port)) == 0:
                raise Failed("the port is still open")
        w.store.start()


@case
def sighup_does_not_end_it(w):
    before = w.store.children()
    w.store.process.send_signal(signal.SIGHUP)
    os.kill(before["server"], signal.SIGHUP)
    time.sleep(0.5)
    expect(w.store.call("HEAD", "/").status, 200)
    expect(w.store.children(), before)


@case
def a_silent_client_does_not_hold_the_end_up(w):
    with socket.create_connection((HOST, w.store.port)) as silent:
        silent.sendall(b"POST /v2/snaps/refresh HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        begun = time.monotonic()
        expect(w.store.stop(), 0)
        if time.monotonic() - begun > 25:
            raise Failed(f"took {time.monotonic() - begun:.0f} s")
    w.store.start()


# --- helpers that die ---

def register_works(w, name):
    return w.store.admin("POST", "/v1/snap", {"name": name}).status in (200, 409)


@case
def a_killed_signer_is_started_again(w):
    before = w.store.children()
    os.kill(before["signer"], signal.SIGKILL)
    wait_for("a new signer", lambda: w.store.children().get("signer", before["signer"]) !=
             before["signer"])
    expect(w.store.children()["server"], before["server"], "the server stays")
    wait_for("signing", lambda: register_works(w, "after-signer"))


@case
def a_killed_server_is_started_again(w):
    before = w.store.children()
    os.kill(before["server"], signal.SIGKILL)
    wait_for("a new server", lambda: w.store.children().get("server", before["server"]) !=
             before["server"])
    w.store.wait_up()
    expect(w.store.children()["signer"], before["signer"], "the signer stays")
    wait_for("signing", lambda: register_works(w, "after-server"))


@case
def an_aborting_server_is_started_again(w):
    before = w.store.children()
    os.kill(before["server"], signal.SIGABRT)
    wait_for("a new server", lambda: w.store.children().get("server", before["server"]) !=
             before["server"])
    w.store.wait_up()


@case
def helpers_end_with_their_parent(w):
    helpers = w.store.children()
    expect(sorted(helpers), ["server", "signer"])
    w.store.stop(signal.SIGKILL)
    for name, pid in helpers.items():
        wait_for(f"the end of the {name}",
                 lambda pid=pid: not pathlib.Path(f"/proc/{pid}").exists() or
                 "Z (zombie)" in pathlib.Path(f"/proc/{pid}/status").read_text(), 20)
    w.store.start()


# --- what keeps it from starting ---

@case
def a_taken_port(w):
    folder = w.copy("taken")
    with socket.socket(socket.AF_INET6) as holder:
        holder.bind(("::", 0))
        holder.listen()
        port = holder.getsockname()[1]
        port_set(folder, port)
        expect_in("in use", cannot_start(folder, f"port {port}"))


@case
def a_second_server_on_the_same_folder(w):
    before = w.store.children()
    conf = w.store.dir / "other.conf"
    shutil.copy(w.store.dir / "storehouse.conf", conf)
    text = conf.read_text().replace(str(w.store.port), str(free_port()))
    conf.write_text(text)
    code, text, took = serve("serve", "--config", conf)
    expect(code, 1, text)
    expect_in("already", text)
    expect_in(str(w.store.dir), text)
    if took > 30:
        raise Failed(f"took {took:.0f} s")
    expect(w.store.children(), before, "the first one is left alone")
    expect(w.store.call("HEAD", "/").status, 200)
    wait_for("signing", lambda: register_works(w, "after-second"))


@case
def a_broken_database(w):
    folder = w.copy("rubbish")
    (folder / "storehouse.db").write_bytes(b"this is no database\n" * 1000)
    expect_in("storehouse.db", cannot_start(folder, "database"))
    folder = w.copy("torn")
    path = folder / "storehouse.db"
    data = bytearray(path.read_bytes())
    data[4096:40960] = os.urandom(36864)
    path.write_bytes(data)
    cannot_start(folder, "database")
    folder = w.copy("nodb")
    (folder / "storehouse.db").unlink()
    cannot_start(folder, "storehouse.db")


@case
def files_that_are_missing_or_wrong(w):
    for name, spoil, part in (
            ("nokey", lambda f: (f / "secrets/server.key").unlink(), "server.key"),
            ("shortkey", lambda f: (f / "secrets/server.key").write_bytes(b"short"), "32 bytes"),
            ("noroots", lambda f: (f / "trust/roots").unlink(), "trust"),
            ("emptyroots", lambda f: (f / "trust/roots").write_text("# none\n"), "trust"),
            ("badroots", lambda f: (f / "trust/roots").write_text("acme short\n"), "roots"),
            ("nopass", lambda f: (f / "keys/passphrase").unlink(), "passphrase"),
            ("wrongpass", lambda f: (f / "keys/passphrase").write_text("something else\n"),
             "passphrase"),
            ("noroles", lambda f: (f / "keys/roles").unlink(), "roles"),
            ("badassert", lambda f: (f / "trust/store-account-key.assert").write_text("x\n"),
             "store-account-key.assert")):
        folder = w.copy(name)
        spoil(folder)
        cannot_start(folder, part, 30)


@case
def settings_that_are_missing_or_wrong(w):
    code, text, _ = serve("serve", "--data", w.folder / "nowhere")
    expect(code, 1, text)
    expect_in("storectl init", text)
    for name, line, part in (("badname", "no-such = 1", "no-such"),
                             ("badport", "https-port = 70000", "https-port"),
                             ("badint", "pool-threads = many", "pool-threads"),
                             ("badline", "what is this", "line"),
                             ("baduser", "server-user = no-such-user", "no-such-user")):
        folder = w.copy(name)
        conf = folder / "storehouse.conf"
        keep = [text for text in conf.read_text().splitlines()
                if not text.startswith(line.split(" ")[0])]
        conf.write_text("\n".join([*keep, line, ""]))
        code, text, _ = serve("serve", "--data", folder)
        expect(code, 1, f"{name}: {text[-300:]}")
        expect_in(part, text, name)


@case
def wrong_command_lines(w):
    for words in ([], ["dance"], ["serve"], ["serve", "--no-such"], ["serve", "--config"],
                  ["serve", "--data", "x", "y"]):
        code, text, _ = serve(*words)
        expect(code, 2, words)
        expect_in("try: storehouse --help", text, words)
    for words in (["--help"], ["help"], ["serve", "--help"], ["--version"]):
        code, text, _ = serve(*words)
        expect((code, "storehouse" in text), (0, True), words)


@case
def after_all_that_the_store_serves(w):
    device = Device(w.store, w.folder, "last", "acme", "widget", "")
    answer = device.call("POST", REFRESH, refresh_body([], [install("nosuch")]))
    expect(answer.json()["results"][0]["error"]["code"], "name-not-found")
    expect(w.store.stop(), 0)


if __name__ == "__main__":
    main(CASES, World)
