#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_storectl.py -- storectl from its command line: help, exit codes, the offline verbs on real
folders (also damaged ones), and its requests against a stand-in for the store.

Prints `ok NAME` or `not ok NAME reason` for each case. Python's own library and openssl(1) only.
"""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from storectl_lab import (BUILD, SNAP_ID, STORECTL, TOP, Failed, StandIn, Store, command_names,
                          digest_b64, error, expect, expect_in, file_part, run, run_json,
                          secret_file)

CASES = []


def case(function):
    CASES.append(function)
    return function


class Lab:
    """What is made once: a store with two revisions, and developer keys."""

    def __init__(self, work):
        self.work = work
        self.sesame = secret_file(work / "sesame", "open sesame")
        self.made = run_json("init", work / "store", "--brand", "acme", "--domain", "store.example",
                             "--passphrase-file", self.sesame, "--one-user")
        self.keys = {"STOREHOUSE_KEYS": str(work / "devkeys"),
                     "STOREHOUSE_PASSPHRASE_FILE": str(self.sesame)}
        run("key", "create", "default", **self.keys)
        self.store = Store(work / "store")
        self.store.account = "acme"
        self.store.put_package("app")
        self.store.put_revision(1, b"first" * 1000)
        self.store.put_revision(2, b"second" * 1000)
        self.store.release(2)

    def copy(self, name):
        folder = self.work / name / "store"
        shutil.copytree(self.work / "store", folder)
        shutil.copy(self.sesame, folder.parent / "sesame")
        store = Store(folder)
        store.account = "acme"
        store.blobs = {number: folder / path.relative_to(self.store.dir)
                       for number, path in self.store.blobs.items()}
        return store


# --- the command line ---

@case
def help_fits_a_screen(lab):
    for words in [[], ["--help"], ["help"], *[["help", *name.split()] for name in command_names()],
                  *[[*name.split(), "--help"] for name in command_names()]]:
        lines = run(*words)[0].splitlines()
        if len(lines) > 25 or not lines or max(map(len, lines)) > 80:
            raise Failed(f"help {words}: {len(lines)} lines, widest {max(map(len, lines))}")


@case
def completion_completes(lab):
    script = lab.work / "completion"
    script.write_text(run("completion", "bash")[0])
    for line, want in ((["storectl", "pu"], "push"), (["storectl", "key", "re"], "register"),
                       (["storectl", "push", "--rel"], "--release"),
                       (["storectl", "token", "create", "--perm"], "--permissions"),
                       (["storectl", "status", "--js"], "--json")):
        text = subprocess.run(
            ["bash", "-c", f"source {script}; COMP_WORDS=({' '.join(line)}); "
             f"COMP_CWORD={len(line) - 1}; _storectl; echo \"${{COMPREPLY[@]}}\""],
            capture_output=True, text=True, check=True).stdout
        expect(text.split(), [want], str(line))


@case
def wrong_lines_are_usage(lab):
    for words, part in ((["psuh"], "did you mean push?"), (["push"], "push wants FILE"),
                        (["key"], "wants one command more"), (["key", "x"], "unknown command"),
                        (["status", "a", "b"], "does not take b"),
                        (["status", "a", "--jsn"], "did you mean --json?"),
                        (["release", "a", "x", "stable"], "x is no revision"),
                        (["release", "a", "1", "bad/bad/bad/bad"], ""),
                        (["release", "a", "1", "stable,"], "missing after the comma"),
                        (["release", "a", "1", "stable", "--progressive", "101"], "0 to 100"),
                        (["register", "Bad_Name"], "no package name"),
                        (["status", "a", "--url", "ftp://x"], "must begin with"),
                        (["status", "a"], "no store is named"),
                        (["init", "/nonexistent/x"], "wants --brand"),
                        (["completion", "fish"], "bash only")):
        out, err = run(*words, code=2)
        expect(out, "", f"{words} prints on the output")
        expect_in(part, err, str(words))
        expect(len(err.splitlines()), 2, f"{words}: {err}")
        expect_in("\ntry: ", err, str(words))


@case
def errors_are_json_too(lab):
    answer = run_json("psuh", code=2)["error"]
    expect(answer["exit"], 2)
    expect_in("did you mean push?", answer["message"])


@case
def version_and_config(lab):
    expect_in("storectl 0.", run("--version")[0])
    expect_in("http-port", run("config", "explain", "http-port")[0])
    run("config", "explain", "nothing", code=6)
    example = lab.work / "example.conf"
    example.write_text(run("config", "example")[0])
    run("config", "check", example)
    example.write_text("http-port = 70000\n")
    expect_in("line 1", run("config", "check", example, code=1)[1])
    run("config", "check", "--data", lab.store.dir)


@case
def full_output_is_a_failure(lab):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([STORECTL, "manual"], stdout=full, stderr=subprocess.PIPE, check=False)
    expect(done.returncode, 1, "exit code")


# --- init ---

@case
def init_makes_what_it_says(lab):
    folder = lab.store.dir
    modes = {"admin.token": 0o600, "keys": 0o700, "keys/store.key": 0o600, "keys/roles": 0o600,
             "offline": 0o700, "offline/root.key": 0o600, "offline/ca.key": 0o600,
             "secrets/server.key": 0o600, "storehouse.db": 0o600, "tls/server.key": 0o600,
             "tls/ca.pem": 0o644, "storehouse.conf": 0o644, "trust/roots": 0o644,
             "client.conf": 0o644}
    for name, mode in modes.items():
        expect(oct(stat.S_IMODE((folder / name).stat().st_mode)), oct(mode), name)
    roots = [line.split() for line in (folder / "trust/roots").read_text().splitlines()
             if not line.startswith("#")]
    expect(roots, [["acme", lab.made["root-key"]]])
    if len({lab.made[key] for key in ("root-key", "store-key", "brand-key")}) != 3:
        raise Failed("three roles, fewer keys")
    expect_in("until: ", (folder / "trust/store-account-key.assert").read_text())
    token = (folder / "admin.token").read_text().strip()
    with sqlite3.connect(folder / "storehouse.db") as db:
        secret, account, kind = db.execute("SELECT secret,account_id,kind FROM token").fetchone()
    db.close()
    expect((secret, account, kind), (hashlib.sha3_384(token.encode()).digest(), "acme", "admin"))
    subprocess.run(["openssl", "verify", "-CAfile", folder / "tls/ca.pem", "-verify_hostname",
                    "store.example", folder / "tls/server.pem"], check=True, capture_output=True)
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "admin.token":
            data = path.read_bytes()
            if b"open sesame" in data or (token.encode() in data) or \
                    (b"PRIVATE KEY" in data and path.name not in ("server.key", "ca.key")):
                raise Failed(f"a secret in {path}")


@case
def init_needs_an_empty_folder(lab):
    before = sorted(path.name for path in lab.store.dir.iterdir())
    expect_in("not empty", run("init", lab.store.dir, "--brand", "x1", code=1)[1])
    expect(sorted(path.name for path in lab.store.dir.iterdir()), before)


@case
def init_takes_back_what_failed(lab):
    folder = lab.work / "failing"
    folder.mkdir()
    run("init", folder, "--root-from", lab.work / "nothing", code=1)
    expect(list(folder.iterdir()), [])
    long = lab.work / ("x" * 100)
    expect_in("too long", run("init", long, "--root-from", make_kit(lab, "kit-long"), code=2)[1])
    expect(list(long.iterdir()), [])


@case
def init_makes_a_passphrase(lab):
    made = run_json("init", lab.work / "own", "--root-from", make_kit(lab, "kit-own"),
                    "--http-port", "0", "--one-user")
    expect((made["passphrase-on-disk"], made["account-id"]), (True, "kitroot"))
    expect(made["store-key"], made["brand-key"])
    path = lab.work / "own/keys/passphrase"
    expect(oct(stat.S_IMODE(path.stat().st_mode)), "0o600")
    if len(path.read_text().strip()) < 32:
        raise Failed("a short passphrase")
    expect(run_json("--data", lab.work / "own", "fsck")["problem-count"], 0)


@case
def init_refuses_a_mixed_root(lab):
    kit = make_kit(lab, "kit-mixed")
    shutil.copy(make_kit(lab, "kit-other") / "store.pem", kit / "store.pem")
    expect_in("two keys", run("init", lab.work / "mixed", "--root-from", kit, code=1)[1])
    kit = make_kit(lab, "kit-forged")
    path = kit / "store-account-key.assert"
    path.write_text(path.read_text().replace("name: store", "name: stare"))
    expect_in("store-account-key.assert",
              run("init", lab.work / "forged", "--root-from", kit, code=1)[1])
    run("init", lab.work / "another", "--root-from", make_kit(lab, "kit-third"), "--brand",
        "someone", code=1)


@case
def init_gives_files_to_two_users(lab):
    if os.geteuid() != 0:
        run("init", lab.work / "users", "--brand", "acme", "--server-user", "64001", code=2)
        return
    folder = lab.work / "users"
    made = run_json("init", folder, "--root-from", make_kit(lab, "kit-users"), "--server-user",
                    "64001", "--signer-user", "64002", "--passphrase-file", lab.sesame)
    expect(made["two-users"], True)
    owners = {".": 0, "trust": 0, "trust/roots": 0, "storehouse.conf": 0, "keys": 64002,
              "keys/store.key": 64002, "run": 64002, "storehouse.db": 64001, "blobs": 64001,
              "secrets/server.key": 64001, "tls/server.key": 64001, "offline": 0,
              "offline/root.key": 0}
    expect({name: (folder / name).stat().st_uid for name in owners}, owners)
    attack = f"""
import os
os.chdir({str(folder)!r}); os.setgid(64001); os.setuid(64001)
open('mine', 'w').close()
for act in (lambda: os.rename('trust', 'old'), lambda: os.rename('keys', 'old'),
            lambda: os.listdir('keys'), lambda: open('trust/roots', 'a'),
            lambda: os.remove('storehouse.conf'), lambda: open('admin.token'),
            lambda: os.listdir('offline')):
    try:
        act()
    except PermissionError:
        continue
    raise SystemExit('the server may too much')
"""
    for path in (folder, *folder.parents):
        if path != folder and not path.stat().st_mode & 1:
            path.chmod(path.stat().st_mode | 0o11)
    done = subprocess.run([sys.executable, "-c", attack], capture_output=True, text=True,
                          check=False)
    expect(done.returncode, 0, done.stderr)
    run("init", lab.work / "one", "--brand", "acme", "--one-user", "--create-users", code=2)
    doctor = json.loads(subprocess.run([STORECTL, "--json", "--data", folder, "doctor"],
                                       capture_output=True, check=False).stdout)
    expect([row["check"] for row in doctor["findings"] if row["state"] == "fail"], ["server"])
    (folder / "trust").chmod(0o755)
    os.chown(folder / "trust", 64001, 64001)
    os.chown(folder / "keys/store.key", 64001, 64001)
    ill = states(Store(folder))
    for want in (("trust", "fail"), ("key", "fail"), ("users", "ok")):
        expect_in(want, list(ill))
    run("init", lab.work / "one", "--brand", "acme", "--server-user", "64001", "--signer-user",
        "64001", code=1)


def make_kit(lab, name):
    """A root that was made before: a folder as --root-from takes it."""
    kit = lab.work / name
    if kit.exists():
        return kit
    kit.mkdir()
    (kit / "account-id").write_text("kitroot\n")
    for role in ("root", "store"):
        pem = kit / f"{role}.pem"
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", pem, "2048"], check=True,
                       capture_output=True)
    helper = BUILD / "tests/lib/kit_sign"
    for role in ("root", "store"):
        done = subprocess.run([helper, kit / "root.pem", kit / f"{role}.pem", "kitroot", role],
                              capture_output=True, text=True, check=True)
        (kit / f"{role}-account-key.assert").write_text(done.stdout)
    done = subprocess.run([helper, kit / "root.pem", "kitroot"], capture_output=True, text=True,
                          check=True)
    (kit / "root-account.assert").write_text(done.stdout)
    return kit


# --- fsck, backup, trust export, tls renew, doctor ---

def problems(store, *words, code=1):
    answer = run_json("--data", store.dir, "fsck", *words, code=code)
    return [(row["kind"], row["object"], row["text"]) for row in answer["problems"]]


@case
def fsck_passes_a_whole_store(lab):
    answer = run_json("--data", lab.store.dir, "fsck")
    expect((answer["problem-count"], answer["unreferenced"]), (0, []))
    expect(answer["checked"], {"packages": 1, "revisions": 2, "deltas": 0, "assertions": 8,
                               "files": 2})
    out, _ = run("--data", lab.store.dir, "fsck")
    expect_in("No problem found\n", out)


@case
def fsck_finds_changed_bytes(lab):
    store = lab.copy("flip")
    data = bytearray(store.blobs[1].read_bytes())
    data[100] ^= 1
    store.blobs[1].chmod(0o600)
    store.blobs[1].write_bytes(data)
    expect(problems(store), [("blob", "app revision 1", "its bytes are not those of its digest")])
    expect(problems(store, "--fast", code=0), [])
    store.blobs[1].write_bytes(data[:-1])
    expect_in("4999 bytes, and should have 5000", problems(store, "--fast")[0][2])
    store.blobs[1].unlink()
    expect(problems(store, "--fast"), [("blob", "app revision 1", "its bytes are not there")])


@case
def fsck_finds_changed_rows(lab):
    for name, sql, kind, part in (
            ("row-size", "UPDATE revision SET bytes=4999 WHERE number=1", "revision",
             "snap-size is 5000 in the snap-revision and 4999"),
            ("row-developer", "UPDATE revision SET developer_id='evil' WHERE number=2", "revision",
             "developer-id is acme in the snap-revision and evil"),
            ("row-digest", "UPDATE revision SET digest=zeroblob(48) WHERE number=2", "revision",
             "there is no snap-revision for it"),
            ("row-name", "UPDATE package SET name='other'", "package", "names app"),
            ("row-channel", "PRAGMA foreign_keys=OFF; DROP TRIGGER release_event_is_a_fact; "
             "UPDATE release_event SET revision=7", "channel", "points to revision 7"),
            ("row-gone", "DELETE FROM assertion WHERE type='snap-declaration'", "package",
             "there is no snap-declaration")):
        store = lab.copy(name)
        with sqlite3.connect(store.dir / "storehouse.db") as db:
            db.executescript(sql)
        db.close()
        found = problems(store)
        if not any(row[0] == kind and part in row[2] for row in found):
            raise Failed(f"{name}: {found}")


@case
def fsck_finds_a_forged_assertion(lab):
    store = lab.copy("forged-row")
    with sqlite3.connect(store.dir / "storehouse.db") as db:
        db.execute("DROP TRIGGER assertion_is_a_fact")
        db.execute("UPDATE assertion SET content=CAST(replace(CAST(content AS TEXT),"
                   "'snap-revision: 1','snap-revision: 9') AS BLOB) WHERE type='snap-revision'")
    db.close()
    kinds = [row[0] for row in problems(store)]
    expect_in("assertion", kinds)
    other = lab.copy("foreign-root")
    (other.dir / "trust/roots").write_text(f"acme {lab.made['store-key']}\n")
    found = problems(other)
    if len([row for row in found if row[0] == "assertion"]) < 1:
        raise Failed(f"another root, and all is well: {found}")


@case
def fsck_lists_loose_files(lab):
    store = lab.copy("loose")
    path = store.put_blob(b"nobody's")
    answer = run_json("--data", store.dir, "fsck")
    expect(answer["unreferenced"], [path.name])


@case
def fsck_and_others_say_what_is_missing(lab):
    run("fsck", code=2)
    run("--data", lab.work / "nowhere", "fsck", code=6)
    empty = lab.work / "empty"
    empty.mkdir()
    run("--data", empty, "fsck", code=1)
    store = lab.copy("broken")
    (store.dir / "storehouse.db").write_bytes(b"not a database" * 100)
    for ending in ("-wal", "-shm"):
        path = store.dir / f"storehouse.db{ending}"
        if path.exists():
            path.unlink()
    run("--data", store.dir, "fsck", code=1)


@case
def backup_copies_the_database(lab):
    target = lab.work / "copy.db"
    run("--data", lab.store.dir, "backup", target)
    expect(oct(stat.S_IMODE(target.stat().st_mode)), "0o600")
    with sqlite3.connect(target) as db:
        expect(db.execute("SELECT count(*) FROM revision").fetchone(), (2,))
    db.close()
    expect_in("there already", run("--data", lab.store.dir, "backup", target, code=1)[1])


@case
def trust_export_writes_a_root(lab):
    target = lab.work / "exported"
    made = run_json("--data", lab.store.dir, "trust", "export", target)
    expect(made["root-key"], lab.made["root-key"])
    for name in ("root-account.assert", "root-account-key.assert"):
        expect((target / name).read_text(), (lab.store.dir / "trust" / name).read_text())
        expect_in((target / name).read_text(), (target / "storehouse_root.go").read_text())
    expect_in("snap-bootstrap", (target / "README.txt").read_text())


@case
def tls_renew_makes_a_certificate(lab):
    store = lab.copy("tls")
    old = (store.dir / "tls/server.pem").read_text()
    run("--data", store.dir, "tls", "renew", code=2)
    run("--data", store.dir, "tls", "renew", "--domain", "new.example")
    if (store.dir / "tls/server.pem").read_text() == old:
        raise Failed("the certificate is the old one")
    subprocess.run(["openssl", "verify", "-CAfile", store.dir / "tls/ca.pem", "-verify_hostname",
                    "new.example", store.dir / "tls/server.pem"], check=True, capture_output=True)
    (store.dir / "offline/ca.key").unlink()
    run("--data", store.dir, "tls", "renew", "--domain", "new.example", code=1)


def states(store, url=None):
    words = ["--url", url] if url else []
    answer = run_json("--data", store.dir, *words, "doctor", code=1)
    return {(row["check"], row["state"]) for row in answer["findings"]}


@case
def doctor_tells_health(lab):
    stand_in = StandIn()
    stand_in.set("GET", "/api/v1/status", 200, {
        "version": "1", "signer": {"ok": True}, "worker": {"sandbox": True},
        "jobs": {"waiting": 0, "failed": 0}})
    well = run_json("--data", lab.store.dir, "--url", stand_in.url, "doctor")
    expect(well["fail"], 0)
    found = {(row["check"], row["state"]) for row in well["findings"]}
    for want in (("offline", "warn"), ("users", "warn"), ("tls", "ok"), ("signer", "ok"),
                 ("trust", "ok"), ("database", "ok"), ("key life", "ok")):
        expect_in(want, list(found))
    stand_in.set("GET", "/api/v1/status", 200, {
        "version": "1", "signer": {"ok": False}, "worker": {"sandbox": False, "reason": "told to"},
        "jobs": {"waiting": 0, "failed": 3}})
    ill = states(lab.store, stand_in.url)
    for want in (("signer", "fail"), ("sandbox", "warn"), ("jobs", "warn")):
        expect_in(want, list(ill))
    stand_in.stop()


@case
def doctor_finds_open_doors(lab):
    for name, path, mode, check in (("open-keys", "keys", 0o755, "keys"),
                                    ("open-key", "keys/store.key", 0o644, "key"),
                                    ("open-trust", "trust", 0o777, "trust"),
                                    ("open-db", "storehouse.db", 0o644, "database"),
                                    ("open-token", "admin.token", 0o644, "admin token"),
                                    ("open-secret", "secrets/server.key", 0o640, "secrets")):
        store = lab.copy(name)
        (store.dir / path).chmod(mode)
        expect_in((check, "fail"), list(states(store)), name)
    store = lab.copy("no-conf")
    (store.dir / "storehouse.conf").write_text("nonsense = 1\n")
    expect_in(("settings", "fail"), list(states(store)))


# --- keys and models ---

@case
def keys_are_kept_sealed(lab):
    folder = pathlib.Path(lab.keys["STOREHOUSE_KEYS"])
    expect(oct(stat.S_IMODE((folder / "default.key").stat().st_mode)), "0o600")
    if b"PRIVATE" in (folder / "default.key").read_bytes():
        raise Failed("the key is not sealed")
    expect_in("already", run("key", "create", "default", code=1, **lab.keys)[1])
    expect([row["name"] for row in run_json("key", "list", **lab.keys)["keys"]], ["default"])
    run("key", "export", "nothing", code=6, **lab.keys)
    run("key", "create", "../evil", code=2, **lab.keys)
    request = run("key", "export", "default", "--account", "dev", **lab.keys)[0]
    expect_in("type: account-key-request\n", request)
    wrong = secret_file(lab.work / "wrong", "not it")
    run("key", "export", "default", "--account", "dev", "--passphrase-file", wrong, code=1,
        **lab.keys)
    wrong.chmod(0o644)
    run("key", "export", "default", "--account", "dev", "--passphrase-file", wrong, code=1,
        **lab.keys)


@case
def models_are_signed_here(lab):
    source = lab.work / "model.json"
    source.write_text(json.dumps({
        "series": "16", "authority-id": "acme", "brand-id": "acme", "model": "box",
        "architecture": "amd64", "classic": "true", "distribution": "debian"}))
    out = lab.work / "box.model"
    run("model", "sign", source, "--key", lab.store.dir / "keys/brand.key", "--passphrase-file",
        lab.sesame, "--out", out)
    expect_in(f"sign-key-sha3-384: {lab.made['brand-key']}", out.read_text())
    source.write_text("{\"model\": null}")
    run("model", "sign", source, "--key", lab.store.dir / "keys/brand.key", "--passphrase-file",
        lab.sesame, code=1)
    source.write_text("[" * 2000)
    run("model", "sign", source, "--key", lab.store.dir / "keys/brand.key", "--passphrase-file",
        lab.sesame, code=1)


# --- against a store ---

def stand_in_with_token(lab):
    stand_in = StandIn()
    token = secret_file(lab.work / "token", "sht_secret")
    return stand_in, ["--url", stand_in.url, "--token-file", token]


@case
def exit_codes_tell_why(lab):
    stand_in, where = stand_in_with_token(lab)
    path = "/v1/snap/app/releases"
    for status, document, code in (
            (401, error("macaroon-permission-required", "who?"), 4),
            (403, error("resource-forbidden", "not you"), 4),
            (404, error("resource-not-found", "no package"), 6),
            (400, error("bad-request", "no"), 3), (409, error("conflict", "no"), 3),
            (413, error("too-big", "no"), 3), (429, error("rate-limit-exceeded", "later"), 5),
            (500, error("internal-error", "oops"), 5), (503, error("busy", "later"), 5),
            (302, {"to": "http://127.0.0.1:9/steal"}, 5), (200, b"<html>", 5),
            (200, {"channel-map": 1}, 1), (None, None, 5)):
        stand_in.set("GET", path, status, document)
        out, err = run(*where, "status", "app", code=code)
        expect(out, "", f"status {status}")
        expect(len(err.splitlines()) in (1, 2), True, f"status {status}: {err}")
        if "sht_secret" in err:
            raise Failed("the token is printed")
    expect(any("/steal" in row[1] for row in stand_in.seen), False, "a redirect was followed")
    stand_in.stop()
    run(*where, "status", "app", code=5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        run("--url", f"http://127.0.0.1:{silent.getsockname()[1]}", "status", "app", code=5)


@case
def messages_cannot_steer_the_terminal(lab):
    stand_in, where = stand_in_with_token(lab)
    stand_in.set("GET", "/v1/snap/app/releases", 400, error("bad-request", "\x1b]0;owned\x07 \x9b2J"))
    err = run(*where, "status", "app", code=3)[1]
    if any(ord(c) < 32 and c != "\n" or 0x7F <= ord(c) < 0xA0 for c in err):
        raise Failed(repr(err))
    stand_in.stop()


@case
def the_token_stays_with_its_store(lab):
    stand_in = StandIn()
    other = lab.work / "clientconf"
    other.mkdir()
    secret_file(other / "tok", "sht_secret")
    (other / "client.conf").write_text("url = http://127.0.0.1:9\ntoken-file = tok\n")
    run("--data", other, "--url", stand_in.url, "whoami")
    expect("Authorization" in stand_in.headers("GET", "/v1/tokens/whoami")[0], False)
    (other / "client.conf").write_text(f"url = {stand_in.url}\ntoken-file = tok\n")
    run("--data", other, "whoami")
    expect(stand_in.headers("GET", "/v1/tokens/whoami")[1]["Authorization"], "Macaroon sht_secret")
    secret_file(other / "tok", "two\nlines")
    run("--data", other, "whoami", code=4)
    stand_in.stop()


RELEASES = {"channel-map": [{"channel": "latest/edge", "architecture": "amd64", "revision": 1}],
            "package": {"channels": [{"track": "latest"}, {"track": "1.0"}]},
            "revisions": [{"revision": 1, "version": "1.0"}]}


def prepare_push(stand_in, reviews):
    """The store's side of a push; reviews: the answers to the polls, the last one repeats."""
    left = list(reviews)
    stand_in.set("POST", "/v1/snap/app/revisions?dry-run=1", 200, {"ok": True})
    stand_in.set("GET", "/v1/snap/app", 200, {"metadata": {"id": SNAP_ID, "name": "app"}})
    stand_in.set("POST", "/unscanned-upload/", 200, {"successful": True, "upload_id": "u1"})
    stand_in.set("POST", "/v1/snap/app/revisions", 200,
                 {"status-url": "/v1/snap/app/revisions/review?upload-id=u1"})
    stand_in.rule("GET", "/v1/snap/app/revisions/review?upload-id=u1", lambda body: (
        200, {"revisions": [left.pop(0) if len(left) > 1 else left[0]]}))
    stand_in.set("POST", "/v1/snap/app/releases", 200, {"released": []})
    stand_in.set("GET", "/v1/snap/app/releases", 200, RELEASES)


def review(status, revision=None, errors=None):
    return {"upload-id": "u1", "status": status, "revision": revision, "errors": errors}


@case
def push_signs_sends_and_releases(lab):
    stand_in, where = stand_in_with_token(lab)
    prepare_push(stand_in, [review("uploaded"), review("reviewing"), review("approved", 4)])
    data = os.urandom(3_000_000)
    package = lab.work / "app_1.0_amd64.snap"
    package.write_bytes(data)
    made = run_json(*where, "push", package, "--release", "edge,1.0/beta", **lab.keys)
    expect((made["revision"], made["build-signed"], made["channels"]),
           (4, True, ["latest/edge", "1.0/beta"]))
    expect(made["sha3-384"], hashlib.sha3_384(data).hexdigest())
    asked = json.loads(stand_in.bodies("POST", "/v1/snap/app/revisions?dry-run=1")[0])
    expect(asked, {"name": "app", "version": "1.0", "architecture": "amd64", "size": len(data),
                   "sha3-384": made["sha3-384"]})
    head, sent = file_part(stand_in.bodies("POST", "/unscanned-upload/")[0])
    expect_in('name="binary"', head)
    expect(sent == data, True, "the bytes")
    build = json.loads(stand_in.bodies("POST", "/v1/snap/app/revisions")[0])["snap-build"]
    for line in ("type: snap-build", "authority-id: dev", f"snap-sha3-384: {digest_b64(data)}",
                 f"snap-size: {len(data)}", f"snap-id: {SNAP_ID}"):
        expect_in(line + "\n", build)
    released = json.loads(stand_in.bodies("POST", "/v1/snap/app/releases")[0])
    expect(released, [{"channel": "latest/edge", "revision": 4},
                      {"channel": "1.0/beta", "revision": 4}])
    stand_in.stop()


@case
def push_stops_where_it_must(lab):
    expect_in("No such file", run("push", "absent", code=1)[1], "first of all the file")
    package = lab.work / "app_1.0_amd64.snap"
    package.write_bytes(b"x" * 1000)
    for name, prepare, words, code, uploads in (
            ("asked first", lambda s: s.set("POST", "/v1/snap/app/revisions?dry-run=1", 403,
                                            error("resource-forbidden", "no")), [], 4, 0),
            ("no such track", lambda s: None, ["--release", "edge,2.0/edge"], 6, 0),
            ("rejected", lambda s: prepare_push(s, [review("rejected", None, [
                {"code": "bad", "message": "no squashfs"}])]), [], 3, 1),
            ("held", lambda s: prepare_push(s, [review("reviewing")]), ["--timeout", "1"], 7, 1),
            ("approved without a number", lambda s: prepare_push(s, [review("approved")]), [], 1, 1),
            ("sent elsewhere", lambda s: s.set("POST", "/v1/snap/app/revisions", 200, {
                "status-url": "//evil.example/x"}), [], 1, 1),
            ("no upload-id", lambda s: s.set("POST", "/unscanned-upload/", 200, {}), [], 1, 1)):
        stand_in, where = stand_in_with_token(lab)
        prepare_push(stand_in, [review("approved", 1)])
        prepare(stand_in)
        _, err = run(*where, "push", package, "--unsigned", *words, code=code)
        expect(len(stand_in.bodies("POST", "/unscanned-upload/")), uploads, name)
        for case_name, text in (("rejected", "no squashfs"),
                                ("no such track", "storectl track create app 2.0")):
            if name == case_name:
                expect_in(text, err)
        stand_in.stop()


@case
def push_tries_again(lab):
    stand_in, where = stand_in_with_token(lab)
    prepare_push(stand_in, [review("approved", 1)])
    answers = [(None, None), (503, error("busy", "later")),
               (200, {"successful": True, "upload_id": "u1"})]
    stand_in.rule("POST", "/unscanned-upload/", lambda body: answers.pop(0))
    package = lab.work / "app_2_amd64.snap"
    package.write_bytes(b"again")
    out, err = run(*where, "push", package, "--unsigned")
    expect_in("Revision 1 of app (5 B, build unsigned)", out)
    expect(err.count("trying again"), 2)
    stand_in.stop()


@case
def push_reads_only_packages(lab):
    stand_in, where = stand_in_with_token(lab)
    (lab.work / "app_0_all.snap").write_bytes(b"")
    (lab.work / "nameless").write_bytes(b"x")
    run(*where, "push", lab.work / "app_0_all.snap", "--unsigned", code=1)
    run(*where, "push", lab.work / "nameless", "--unsigned", code=2)
    run(*where, "push", lab.work / "missing_1_all.snap", "--unsigned", code=1)
    run(*where, "push", lab.work, "--name", "app", "--unsigned", code=1)
    package = lab.work / "app_3_amd64.snap"
    package.write_bytes(b"x")
    prepare_push(stand_in, [review("approved", 1)])
    _, err = run(*where, "push", package, code=1, STOREHOUSE_KEYS=str(lab.work / "no-keys"))
    expect_in("try: storectl key create default", err)
    stand_in.stop()


@case
def lists_are_printed(lab):
    stand_in, where = stand_in_with_token(lab)
    stand_in.set("GET", "/v1/snap/app/releases", 200, RELEASES)
    stand_in.set("GET", "/v1/snap/app/revisions", 200, {"revisions": [
        {"revision": 1, "version": "1.0", "created-at": "2026-01-01T00:00:00Z",
         "architectures": ["amd64"], "build-signed": False}]})
    expect(run(*where, "status", "app")[0].splitlines()[-1], "latest  amd64  edge       1.0      1")
    expect(run(*where, "revisions", "app")[0].splitlines(), [
        "Rev.  Uploaded              Arches  Version  Channels  Build",
        "1     2026-01-01T00:00:00Z  amd64   1.0      edge*     unsigned"])
    expect(run_json(*where, "status", "app"), RELEASES)
    expect(run(*where, "--quiet", "status", "app")[0], "")
    stand_in.stop()


@case
def register_may_be_repeated(lab):
    stand_in, where = stand_in_with_token(lab)
    stand_in.set("POST", "/v1/snap", 409, error("already_owned", "yours"))
    stand_in.set("GET", "/v1/snap/app", 200, {"metadata": {"id": SNAP_ID}})
    expect(run_json(*where, "register", "app"), {"id": SNAP_ID, "name": "app", "already": True})
    stand_in.set("POST", "/v1/snap", 409, error("already_registered", "someone's"))
    run(*where, "register", "app", code=3)
    stand_in.stop()


@case
def tokens_are_handed_over_once(lab):
    stand_in, where = stand_in_with_token(lab)
    stand_in.set("POST", "/api/v1/tokens", 201,
                 {"id": 5, "token": "sht_new", "expires": "2027-01-01T00:00:00Z"})
    out = run(*where, "token", "create", "--permissions", "package-push,package-release",
              "--channels", "edge", "--days", "10")[0]
    asked = json.loads(stand_in.bodies("POST", "/api/v1/tokens")[0])
    expect(asked, {"permissions": ["package-push", "package-release"], "channels": ["edge"],
                   "ttl-sec": 864000})
    text = out.split("SNAPCRAFT_STORE_CREDENTIALS=")[1].strip()
    expect(json.loads(base64.b64decode(text)), {"t": "macaroon", "v": "sht_new"})
    expect(run(*where, "--quiet", "token", "create")[0], "sht_new\n")
    target = lab.work / "ci.token"
    answer = run(*where, "--json", "token", "create", "--out", target)[0]
    expect("sht_new" in answer, False, "the token is printed too")
    expect((target.read_text(), oct(stat.S_IMODE(target.stat().st_mode))), ("sht_new\n", "0o600"))
    before = len(stand_in.seen)
    run(*where, "token", "create", "--out", target, code=1)
    expect(len(stand_in.seen), before, "a token was made that nobody has")
    stand_in.stop()


@case
def assertions_are_read_before_they_are_sent(lab):
    stand_in, where = stand_in_with_token(lab)
    stand_in.set("POST", "/api/v1/assertions", 200,
                 {"assertions": [{"ref": "account/acme", "revision": 0, "result": "known"}]})
    source = lab.store.dir / "trust/root-account.assert"
    expect(run(*where, "assert", "import", source)[0], "known  account/acme\n")
    expect(stand_in.bodies("POST", "/api/v1/assertions")[0], source.read_bytes())
    expect(run(*where, "assert", "import", "-", stdin=source.read_bytes())[0],
           "known  account/acme\n")
    broken = lab.work / "broken.assert"
    broken.write_bytes(source.read_bytes()[:100])
    run(*where, "assert", "import", broken, code=1)
    run(*where, "model", "add", source, code=1)
    expect(len(stand_in.bodies("POST", "/api/v1/assertions")), 2)
    stand_in.stop()


def main():
    if not STORECTL.exists():
        print(f"not ok storectl {STORECTL} is not built")
        return 1
    failed = 0
    with tempfile.TemporaryDirectory(prefix="storectl-") as work:
        lab = Lab(pathlib.Path(work))
        for function in CASES:
            try:
                function(lab)
                print(f"ok {function.__name__}", flush=True)
            except (Failed, OSError, subprocess.SubprocessError, ValueError, KeyError,
                    IndexError) as reason:
                text = str(reason).replace("\n", " | ")
                print(f"not ok {function.__name__} {type(reason).__name__}: {text}", flush=True)
                failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
