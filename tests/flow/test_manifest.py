#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signed refresh manifests over HTTP: asked and unasked, rotation, a process that lags, a restored
backup, a fast-forward and the new epoch after it, a signer that does not answer.

usage: BUILD=build tests/flow/test_manifest.py

Signatures are checked with openssl(1), apart from our own verifier.
"""
import base64
import datetime
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from device_lib import (BUILD, Device, Store, expect, expect_in, header, install, installed,  # noqa: E402
                        refresh, refresh_body, run_cases, snap_make, split_stream, wait_for)

NONCE = "0123456789abcdefghij"
DER_HEAD = bytes.fromhex("302a300506032b6570032100")  # SubjectPublicKeyInfo of Ed25519


class World:
    def __init__(self, folder):
        self.folder = folder
        # A key of 20 seconds is replaced every ten: rotation can be waited for.
        self.store = Store(folder, settings="delta-percent = 100\nmanifest-key-life-sec = 20\n")
        self.store.start()
        answer = self.store.admin("POST", "/api/v1/models",
                                  {"headers": {"model": "gizmo", "architecture": "amd64",
                                               "classic": "true"}})
        expect(answer.status, 201, answer.text())
        self.device = Device(self.store, folder, "dev", "acme", "gizmo",
                             answer.json()["assertion"])
        self.device.register()
        self.device.open_session()
        self.ids = {}
        self.files = {}
        for name in ("hello", "tool"):
            self.publish(name, 1)
        self.publish("hello", 2)

    def publish(self, name, version):
        path = snap_make(self.folder, name, str(version), size=200000)
        self.files[name, version] = path
        self.store.storectl("register", name)
        self.store.storectl("push", path, "--release", "stable", "--unsigned", "--wait-deltas")
        info = self.store.call("GET", f"/v2/snaps/info/{name}", headers={"Snap-Device-Series": "16"})
        self.ids[name] = info.json()["snap-id"]

    def body(self, manifest=None, context=None, actions=None):
        hello, tool = self.ids["hello"], self.ids["tool"]
        body = refresh_body(
            context if context is not None else [installed(hello, 1), installed(tool, 1)],
            actions if actions is not None else [refresh(hello)])
        if manifest is not None:
            body["manifest"] = manifest
        return body

    def ask(self, manifest=None, session=True, **more):
        body = self.body(manifest, **more)
        if not session:
            return self.store.call("POST", "/v2/snaps/refresh", body,
                                   {"Snap-Device-Architecture": "amd64"})
        return self.device.call("POST", "/v2/snaps/refresh", body,
                                Snap_Accept_Delta_Format="xdelta3")

    def manifest(self, **asked):
        """The parts of a manifest's stream, as soon as the store can sign one."""
        def got():
            answer = self.ask({"nonce": NONCE, **asked})
            if answer.status == 503:
                return None
            expect(answer.status, 200, answer.text())
            return answer
        return split_stream(wait_for("a manifest", got).json()["manifest"])

    def file(self, stream, name="manifest"):
        path = self.folder / name
        path.write_text(stream)
        return path

    def verify(self, path, code=0, **changes):
        """What our own verifier says of a file: its document, or the failure's."""
        options = {"root": self.store.dir / "trust", "nonce": NONCE, "model": "acme/gizmo",
                   "serial": self.device.serial, "store": "acme", **changes}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        line = [str(BUILD / "storectl"), "manifest", "verify", str(path), *map(str, words), "--json"]
        done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)
        expect(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout or done.stderr)

    def generation(self):
        return self.store.admin("GET", "/api/v1/status").json()["generation"]

    def write(self, statement):
        """Another process that writes to the database."""
        with sqlite3.connect(self.store.dir / "storehouse.db", timeout=20) as db:
            db.execute(statement)
            db.commit()
        db.close()

    def close(self):
        self.store.close()


def parts_of(text):
    """content, signature of one assertion."""
    content, signature = text.rstrip("\n").rsplit("\n\n", 1)
    return content, signature


def key_of(agent_key):
    return base64.b64decode("".join(parts_of(agent_key)[0].split("\n\n", 1)[1].split()))


def openssl_verifies(world, content, signature, key):
    raw = base64.b64decode("".join(signature.split()))
    expect(raw[:1] + key[:1], b"\x02\x02", "the scheme")
    files = {"content": content.encode(), "sig": raw[1:], "key.der": DER_HEAD + key[1:]}
    for name, data in files.items():
        (world.folder / name).write_bytes(data)
    done = subprocess.run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-keyform", "DER",
                           "-inkey", "key.der", "-sigfile", "sig", "-in", "content"],
                          cwd=world.folder, capture_output=True, text=True, check=False)
    return done.returncode == 0


def when(text):
    return datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").timestamp()


# --- asked and unasked ---

def unasked_the_answer_is_as_before(world):
    plain = world.ask()
    expect(plain.status, 200)
    world.manifest()
    again = world.ask()
    expect(again.body, plain.body, "the answer to who asks for nothing")
    expect(world.ask(session=False).status, 200)
    asked = world.ask({"nonce": NONCE})
    expect(asked.body.startswith(plain.body[:-1] + b',"manifest":"type: refresh-manifest'), True,
           "what comes before the manifest")
    expect("manifest" in again.json(), False)


def a_manifest_is_signed_by_a_key_of_a_day(world):
    manifest, agent, *rest = world.manifest()
    content, signature = parts_of(manifest)
    expect(header(manifest, "sign-key-sha3-384"), header(agent, "public-key-sha3-384"))
    expect(openssl_verifies(world, content, signature, key_of(agent)), True, "the signature")
    expect(openssl_verifies(world, content.replace("epoch: 0", "epoch: 1"), signature,
                            key_of(agent)), False, "a changed manifest")
    expect(header(agent, "purpose"), "manifest")
    expect(when(header(agent, "until")) - when(header(agent, "since")), 20)
    expect(when(header(manifest, "expiry")) <= when(header(agent, "until")), True)
    expect(sorted(header(part, "type") for part in rest), ["account", "account-key", "account-key"])


def it_says_the_whole_answer(world):
    answer = world.ask({"nonce": NONCE}, actions=[refresh(world.ids["hello"]), install("nothing")])
    manifest = split_stream(answer.json()["manifest"])[0]
    for name, value in (("brand-id", "acme"), ("model", "gizmo"), ("serial", world.device.serial),
                        ("store", "acme"), ("nonce", NONCE), ("epoch", "0"),
                        ("sequence", str(world.generation()))):
        expect(header(manifest, name), value, name)
    snap = answer.json()["results"][0]["snap"]
    lines = [line.split() for line in parts_of(manifest)[0].split("\n\n", 1)[1].splitlines()]
    said = {line[1]: line for line in lines if line[0] != "delta"}
    expect(list(said), sorted(said), "the order of the keys")
    hello, tool = world.ids["hello"], world.ids["tool"]
    expect(set(said), {hello, tool, "install-1"}, "the complete set")
    expect(said[hello][2:5], ["hello", hello, "2"])
    expect(base64.urlsafe_b64decode(said[hello][5]).hex(), snap["download"]["sha3-384"], "digest")
    expect(said[hello][6:], [str(snap["download"]["size"]), "latest/stable"])
    expect(said[tool][4], "1", "what is installed and was not acted on")
    expect(said["install-1"], ["absent", "install-1", "no-package"])
    delta = snap["download"]["deltas"][0]
    expect([line for line in lines if line[0] == "delta"],
           [["delta", "xdelta3", "1",
             base64.urlsafe_b64encode(bytes.fromhex(delta["sha3-384"])).decode(),
             str(delta["size"])]])


def bad_requests_are_told(world):
    hello = world.ids["hello"]
    rows = [({}, "nonce"), ({"nonce": "short"}, "nonce"), ({"nonce": "a" * 65}, "nonce"),
            ({"nonce": "0123456789abcde\n"}, "nonce"), ({"nonce": NONCE, "sequence": -1}, "sequence"),
            ({"nonce": NONCE, "epoch": 1 << 31}, "epoch"), ({"nonce": 7}, "nonce"),
            ({"nonce": NONCE, "sequence": "1"}, "sequence"), ([], "manifest"), ("x", "manifest")]
    for manifest, word in rows:
        answer = world.ask(manifest)
        expect((manifest, answer.status), (manifest, 400))
        expect_in(word, answer.json()["error-list"][0]["message"], manifest)
    expect(world.ask(None).status, 200)
    twice = world.ask({"nonce": NONCE}, actions=[refresh(hello), refresh(hello)])
    expect((twice.status, twice.json()["error-list"][0]["code"]), (400, "manifest-instance-key"))
    blank = world.ask({"nonce": NONCE}, actions=[{**install("x"), "instance-key": "a b"}])
    expect((blank.status, blank.json()["error-list"][0]["code"]), (400, "manifest-instance-key"))
    nobody = world.ask({"nonce": NONCE}, session=False)
    expect((nobody.status, nobody.json()["error-list"][0]["code"]),
           (401, "manifest-needs-session"))


def each_release_raises_the_sequence(world):
    before = int(header(world.manifest()[0], "sequence"))
    world.store.storectl("release", "tool", "1", "beta")
    after = int(header(world.manifest()[0], "sequence"))
    expect(after > before, True, f"sequence {before} -> {after}")
    world.store.storectl("close", "tool", "beta")
    expect(int(header(world.manifest()[0], "sequence")) > after, True)


# --- lagging, restored, fast-forwarded ---

def a_process_that_lags_loads_anew(world):
    seen = int(header(world.manifest()[0], "sequence"))
    # Another process releases: it writes and raises the generation, and this one is not told.
    world.write("UPDATE catalog SET generation = generation + 5")
    answer = world.ask({"nonce": NONCE, "sequence": seen + 5})
    expect((answer.status, answer.json()["error-list"][0]["code"]), (503, "manifest-behind"))
    expect(int(answer.header("Retry-After")) > 0, True)
    expect(world.ask().status, 200, "the ordinary answer meanwhile")
    expect(int(header(world.manifest(sequence=seen + 5)[0], "sequence")), seen + 5)


def a_device_that_has_seen_more_gets_no_manifest(world):
    ahead = world.generation() + 1000000
    answer = world.ask({"nonce": NONCE, "sequence": ahead})
    expect((answer.status, answer.json()["error-list"][0]["code"]), (503, "manifest-behind"))
    expect(world.ask({"nonce": NONCE, "sequence": ahead}).status, 503, "again")
    expect(world.ask({"nonce": NONCE, "epoch": 1}).status, 503, "an epoch that nobody began")
    expect(world.ask({"nonce": NONCE}).status, 200)


# --- storectl: as the device's verifier, and in the place of a device without a network ---

def our_verifier_believes_it(world):
    stream = world.ask({"nonce": NONCE}).json()["manifest"]
    path = world.file(stream)
    said = world.verify(path)
    expect((said["verified"], said["serial"], said["epoch"]), (True, world.device.serial, 0))
    expect([p["instance-key"] for p in said["packages"]], sorted(world.ids.values()))
    shown = json.loads(world.store.storectl("manifest", "show", path, "--json", data=False))
    expect(shown["packages"], said["packages"])
    for changes, check in (({"nonce": "another-nonce-of-mine"}, "nonce"),
                           ({"model": "acme/gadget"}, "model"), ({"model": "rival/gizmo"}, "brand"),
                           ({"serial": "s-2"}, "serial"), ({"store": "other"}, "store")):
        expect_in(f"check {check} failed", json.dumps(world.verify(path, 3, **changes)), changes)
    for old, new, check in ((" 2 ", " 1 ", "signature"), ("epoch: 0", "epoch: 1", "signature"),
                            ("purpose: manifest", "purpose: developer", "chain"),
                            ("type: refresh-manifest", "type: refresh-manifesto", "form")):
        expect_in(f"check {check} failed",
                  json.dumps(world.verify(world.file(stream.replace(old, new, 1), "bad"), 3)), new)
    expect_in("set-missing", json.dumps(world.verify(path, 3, package="0")), "a set")


def an_operator_asks_for_a_device_without_network(world):
    path = world.folder / "carried"
    world.store.storectl("manifest", "fetch", world.device.serial, "--model", "gizmo", "--nonce",
                         NONCE, "--package", "hello=1", "--package", "tool@edge", "--package",
                         "nothing", "--out", path)
    said = world.verify(path)
    told = {p["instance-key"]: p for p in said["packages"]}
    expect(told["hello"]["revision"], 2, "what is installed is refreshed")
    expect(told["hello"]["deltas"], 1)
    expect(told["tool"]["channel"], "latest/stable")
    expect(told["nothing"]["absent"], "no-package")
    asked = {"nonce": NONCE, "model": "gizmo", "packages": [{"name": "hello"}]}
    for changes, status in (({"model": "nobody"}, 404), ({"nonce": "x"}, 400), ({"packages": 7}, 400),
                            ({"packages": [{}]}, 400), ({"life-sec": 1}, 400),
                            ({"packages": [{"name": "hello"}, {"name": "hello"}]}, 400)):
        answer = world.store.admin("POST", f"/api/v1/devices/{world.device.serial}/manifest",
                                   {**asked, **changes})
        expect((changes, answer.status), (changes, status))
    expect(world.store.call("POST", f"/api/v1/devices/{world.device.serial}/manifest",
                            asked).status, 401)


# --- the key ---

def the_key_changes_by_itself(world):
    first = header(world.manifest()[1], "public-key-sha3-384")

    def changed():
        parts = world.manifest()
        expect(world.verify(world.file("\n\n".join(parts)))["verified"], True)
        return header(parts[1], "public-key-sha3-384") != first
    wait_for("another key", changed, 60)


def a_signer_that_is_held_holds_up_no_refresh(world):
    plain = world.ask().body
    signer = world.store.children()["signer"]
    os.kill(signer, signal.SIGSTOP)
    try:
        expect(world.ask({"nonce": NONCE}).status, 200, "with the key that is there")
        over = wait_for("the key's end", lambda: (
            lambda answer: answer if answer.status == 503 else None)(world.ask({"nonce": NONCE})), 60)
        expect(over.json()["error-list"][0]["code"], "manifest-no-key")
        expect(int(over.header("Retry-After")) > 0, True)
        for _ in range(20):
            again = world.ask()
            expect((again.status, again.body), (200, plain), "an ordinary refresh")
    finally:
        os.kill(signer, signal.SIGCONT)
    world.manifest()


# --- a backup, and a fast-forward ---

def a_restored_backup_goes_on_above(world):
    backup = world.folder / "backup.db"
    world.store.storectl("backup", backup)
    world.store.storectl("release", "tool", "1", "candidate")
    seen = int(header(world.manifest()[0], "sequence"))
    world.store.storectl("restore", backup, code=1)  # it runs
    world.store.stop()
    database = world.store.dir / "storehouse.db"
    owner = database.stat()
    shutil.copy(backup, database)
    os.chown(database, owner.st_uid, owner.st_gid)
    world.store.start()
    world.manifest()
    answer = world.ask({"nonce": NONCE, "sequence": seen})
    expect((answer.status, answer.json()["error-list"][0]["code"]), (503, "manifest-behind"),
           "a backup that was only copied")
    world.store.stop()
    world.store.storectl("restore", backup)
    world.store.start()
    after = int(header(world.manifest(sequence=seen)[0], "sequence"))
    expect(after > seen, True, f"{seen} -> {after}")
    world.store.storectl("release", "tool", "1", "candidate")
    later = int(header(world.manifest(sequence=after)[0], "sequence"))
    world.store.stop()
    world.store.storectl("restore", backup)
    world.store.start()
    expect(int(header(world.manifest(sequence=later)[0], "sequence")) > later, True, "once more")
    bad = world.file("no database at all", "bad.db")
    world.store.stop()
    world.store.storectl("restore", bad, code=1)
    world.store.start()
    expect(world.ask().status, 200, "after a restore that was refused")


def the_root_recovers_from_a_fast_forward(world):
    state = world.folder / "state"
    world.verify(world.file("\n\n".join(world.manifest())), state=state)
    expect_in("epoch: 0\n", state.read_text())
    # A server that was taken over made the device believe a sequence that nobody reaches.
    far = 9 * 10**15
    state.write_text(f"storehouse-manifest-state 1\nstore: acme\nepoch: 0\nsequence: {far}\n")
    honest = world.file("\n\n".join(world.manifest()), "honest")
    expect_in("sequence-behind", json.dumps(world.verify(honest, 3, state=state)))
    expect(world.ask({"nonce": NONCE, "sequence": far}).status, 503)
    keys = world.store.dir / "keys"
    world.store.storectl("manifest", "raise-epoch", "--key", keys / "store.key",
                         "--passphrase-file", keys / "passphrase", "--epoch", "1", code=3)
    world.store.storectl("manifest", "raise-epoch", "--key", world.store.dir / "offline/root.key",
                         "--passphrase-file", keys / "passphrase")
    parts = world.manifest(sequence=far)
    expect(header(parts[0], "epoch"), "1")
    expect(world.verify(world.file("\n\n".join(parts)), state=state)["epoch"], 1)
    expect_in("epoch: 1\n", state.read_text())
    expect_in("epoch-behind", json.dumps(world.verify(honest, 3, state=state)))
    world.store.stop()
    world.store.start()
    expect(header(world.manifest(epoch=1)[0], "epoch"), "1", "after a restart")


CASES = [unasked_the_answer_is_as_before, a_manifest_is_signed_by_a_key_of_a_day,
         it_says_the_whole_answer, bad_requests_are_told, each_release_raises_the_sequence,
         a_process_that_lags_loads_anew, a_device_that_has_seen_more_gets_no_manifest,
         our_verifier_believes_it, an_operator_asks_for_a_device_without_network,
         the_key_changes_by_itself, a_signer_that_is_held_holds_up_no_refresh,
         a_restored_backup_goes_on_above, the_root_recovers_from_a_fast_forward]

if __name__ == "__main__":
    sys.exit(run_cases(CASES, World))
