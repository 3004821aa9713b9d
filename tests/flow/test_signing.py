#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_signing.py -- `storectl assert sign`, `show` and `export`, and `trust add`: what the store's
signer issues for an administrator, what it never issues, and further roots of trust.
"""
import json
import pathlib
import subprocess

from device_lib import (BUILD, Failed, Store, expect, expect_in, free_port, header, main, snap_make,
                        split_stream)
from root_lib import Root

CANONICAL = pathlib.Path(__file__).resolve().parents[2] / "deploy/trust/canonical.assert"
cases = []


def case(function):
    cases.append(function)
    return function


class World:
    def __init__(self, folder):
        self.folder = folder
        self.store = Store(folder, settings="sign-system-users = yes\n")
        self.store.start()
        self.ids = {}
        for name in ("gate", "gated"):
            self.store.storectl("register", name)
            self.ids[name] = self.store.admin(
                "GET", f"/v1/snap/{name}").json()["metadata"]["id"]

    def sign(self, kind, headers, code=0, **more):
        file = self.folder / "headers.json"
        file.write_text(json.dumps(headers))
        out = self.store.storectl("assert", "sign", file, kind, "--json", code=code)
        answer = json.loads(out)
        return answer["assertion"] if code == 0 else answer["error"]["message"]

    def served(self, path):
        answer = self.store.call("GET", f"/v2/assertions/{path}")
        expect(answer.status, 200, path)
        return answer.text()

    def close(self):
        self.store.close()


@case
def validation_sets_move_by_revision(w):
    snaps = [{"name": "gate", "id": w.ids["gate"], "revision": 3}]
    for revision in (None, "1"):
        text = w.sign("validation-set", {"name": "fleet", "sequence": 1, "snaps": snaps})
        expect((header(text, "authority-id"), header(text, "account-id"), header(text, "series"),
                header(text, "revision")), ("acme", "acme", "16", revision))
        expect(w.served("validation-set/16/acme/fleet/1"), text)
    text = w.sign("validation-set", {"name": "fleet", "sequence": 2, "snaps": snaps})
    expect(w.served("validation-set/16/acme/fleet?sequence=latest"), text)
    expect_in("twice", w.sign("validation-set", {"name": "fleet", "sequence": 3,
                                                 "snaps": snaps * 2}, code=3))
    expect_in("sequence", w.sign("validation-set", {"name": "fleet", "snaps": snaps}, code=3))
    expect_in("own-brand", w.sign("validation-set", {"account-id": "zeta", "name": "fleet",
                                                     "sequence": 1, "snaps": snaps}, code=4))


@case
def declarations_keep_what_is_not_named(w):
    def shown(name):
        return w.served(f"snap-declaration/16/{w.ids[name]}")
    text = w.sign("snap-declaration", {"snap-name": "gate", "refresh-control": [w.ids["gated"]]})
    expect((header(text, "revision"), header(text, "format"), header(text, "publisher-id")),
           ("1", None, "acme"))
    expect(shown("gate"), text)
    text = w.sign("snap-declaration", {"snap-name": "gate", "aliases": [
        {"name": "g", "target": "gate"}]})
    expect_in(f"refresh-control:\n  - {w.ids['gated']}", text, "what was said before")
    expect(header(text, "revision"), "2")
    text = w.sign("snap-declaration", {"snap-id": w.ids["gate"], "refresh-control": [], "plugs": {
        "network-control": {"allow-auto-connection": [{"on-store": ["acme"]},
                                                      {"plug-names": ["net"]}]}}})
    expect("refresh-control" in text, False, "an empty list takes it away")
    expect((header(text, "format"), header(text, "revision")), ("4", "3"), "the lowest format")
    # a device that reads less gets what it can read
    path = f"/v2/assertions/snap-declaration/16/{w.ids['gate']}?max-format=3"
    expect(header(w.store.call("GET", path).text(), "revision"), "2")
    # a new owner or name is no matter of a declaration
    for change in ({"publisher-id": "other"}, {"snap-name": "mine"}):
        expect_in("neither is changed", w.sign("snap-declaration", {"snap-id": w.ids["gate"],
                                                                    **change}, code=3))
    expect_in("no package", w.sign("snap-declaration", {"snap-name": "none"}, code=6))
    expect_in("delegates-to-others", w.sign("snap-declaration", {
        "snap-name": "gate", "revision-authority": [{"account-id": "acme",
                                                     "provenance": ["prod"]}]}, code=4))
    # a push afterwards keeps it all
    path = snap_make(w.folder, "gate", "1")
    w.store.storectl("push", path, "--unsigned")
    expect(header(shown("gate"), "revision"), "3")


@case
def gates_are_opened_by_their_publisher(w):
    text = w.sign("validation", {"snap-id": w.ids["gate"], "approved-snap-id": w.ids["gated"],
                                 "approved-snap-revision": 7})
    expect(w.served(f"validation/16/{w.ids['gate']}/{w.ids['gated']}/7"), text)
    text = w.sign("validation", {"snap-id": w.ids["gate"], "approved-snap-id": w.ids["gated"],
                                 "approved-snap-revision": 7, "revoked": True})
    expect((header(text, "revision"), header(text, "revoked")), ("1", "true"))
    expect_in("gating-own", w.sign("validation", {
        "snap-id": "A" * 32, "approved-snap-id": w.ids["gated"], "approved-snap-revision": 7},
        code=4))


@case
def the_store_says_where_it_is(w):
    text = w.sign("store", {"url": "https://store.example"})
    expect((header(text, "store"), header(text, "operator-id"), header(text, "url")),
           ("acme", "acme", "https://store.example"))
    text = w.sign("store", {"friendly-stores": ["other"]})
    expect((header(text, "url"), header(text, "revision")), ("https://store.example", "1"))
    parts = split_stream(w.store.call("GET", "/v2/auth/store/assertions").text())
    expect(header(parts[-1], "revision"), "1")
    expect_in("operator", w.sign("store", {"store": "s2", "operator-id": "nobody"}, code=4))


@case
def users_are_for_named_models(w):
    user = {"email": "a@b.example", "username": "a", "password": "$6$salt$hash",
            "since": "2026-01-01T00:00:00Z", "until": "2026-12-31T00:00:00Z"}
    expect_in("user-bounded", w.sign("system-user", user, code=4))
    expect_in("SHA-512", w.sign("system-user", {**user, "models": ["m"], "password": "x"}, code=3))
    text = w.sign("system-user", {**user, "models": ["m"]})
    expect(header(text, "format"), None)
    text = w.sign("system-user", {**user, "models": ["m"], "serials": ["s1"]})
    expect((header(text, "format"), header(text, "revision")), ("1", "1"))


@case
def the_signer_never_signs_the_rest(w):
    for kind, headers in (("repair", {"repair-id": 1, "summary": "s"}),
                          ("account", {"account-id": "x", "display-name": "x"}),
                          ("account-key", {"account-id": "acme"}), ("serial", {"serial": "s"}),
                          ("snap-revision", {"snap-id": w.ids["gate"]}),
                          ("preseed", {"model": "m"}), ("base-declaration", {"series": "16"})):
        expect_in("not signed by the store", w.sign(kind, headers, code=3), kind)
    for headers, part in (({"authority-id": "zeta"}, ""), ({"timestamp": "2020-01-01T00:00:00Z"},
                                                           "")):
        answer = w.store.admin("POST", "/api/v1/assertions/sign", {
            "type": "validation-set", "headers": {"name": "x", "sequence": "1", "snaps": [
                {"name": "gate", "id": w.ids["gate"]}], **headers}})
        expect(answer.status, 403, answer.text())
    made = w.store.admin("POST", "/api/v1/accounts", {"username": "dev"}).json()
    token = w.store.admin("POST", "/api/v1/tokens", {"account": made["account-id"]}).json()["token"]
    answer = w.store.call("POST", "/api/v1/assertions/sign", {"type": "store", "headers": {}},
                          {"Authorization": f"Macaroon {token}"})
    expect(answer.status, 403)


@case
def a_key_that_is_here_signs_what_it_may(w):
    file = w.folder / "repair.json"
    file.write_text(json.dumps({"authority-id": "acme", "brand-id": "acme", "repair-id": 1,
                                "summary": "mends", "body": "#!/bin/sh\necho mended\n"}))
    out = w.folder / "repair.assert"
    passphrase = next((w.store.dir / "keys").glob("passphrase"))
    w.store.storectl("assert", "sign", file, "repair", "--key", w.store.dir / "keys/brand.key",
                     "--passphrase-file", passphrase, "--out", out)
    w.store.storectl("assert", "import", out)
    answer = w.store.call("GET", "/v2/repairs/acme/1", headers={"Accept": "application/json"})
    expect(answer.json()["headers"]["summary"], "mends")
    shown = w.store.storectl("assert", "show", "repair", "acme", "1")
    expect_in("summary", shown)
    expect_in("echo mended", shown)
    shown = json.loads(w.store.storectl("assert", "show", "repair", "acme", "--json"))
    expect((shown["headers"]["repair-id"], shown["revision"]), ("1", 0), "the newest point")
    expect(w.store.storectl("assert", "export", "repair", "acme", "1"), out.read_text())
    chain = w.store.storectl("assert", "export", "repair", "acme", "1", "--chain")
    known = set()
    for part in split_stream(chain):
        own, by = header(part, "public-key-sha3-384"), header(part, "sign-key-sha3-384")
        expect(by in known or own == by, True, "each stands on what came before")
        known.add(own)
    expect(header(split_stream(chain)[-1], "type"), "repair")
    w.store.storectl("assert", "show", "repair", "acme", "9", code=6)
    w.store.storectl("assert", "show", "nothing", "acme", code=2)


@case
def roots_are_added_by_what_they_are(w):
    data = w.folder / "second"
    subprocess.run([BUILD / "storectl", "init", data, "--brand", "bravo", "--one-user"],
                   check=True, capture_output=True)

    def trust(*words, code=0):
        done = subprocess.run([BUILD / "storectl", "trust", *map(str, words), "--data", data],
                              capture_output=True, text=True, check=False)
        if done.returncode != code:
            raise Failed(f"trust {words}: {done.returncode} {done.stderr}")
        return done.stdout + done.stderr

    root, thief = Root(w.folder, "org"), Root(w.folder, "thief")
    file = w.folder / "org.assert"
    for text, part in ((root.account("org"), "not just a root"),
                       (root.chain() + "\n" + root.person("maker"), "not just a root"),
                       (root.account_key("root", "org") + "\n" + root.account("maker"),
                        "not of one root"),
                       (root.account_key("root", "org") + "\n" + root.account("org").replace(
                           "display-name: org", "display-name: orgy"), "signature"),
                       (root.account_key("store", "org") + "\n" + root.account("org"),
                        "the root org")):
        file.write_text(text)
        expect_in(part, trust("add", file, code=1))
    file.write_text(root.chain())
    trust("add", file)
    trust("add", file)
    # Canonical's key is known by its id: account and key of that name do not pass for it
    mock = Root(w.folder, "canonical")
    file.write_text(mock.chain())
    expect_in("is another one", trust("add", file, code=1))
    trust("add", CANONICAL)
    rows = json.loads(trust("list", "--json"))["roots"]
    expect([row["account-id"] for row in rows], ["bravo", "org", "canonical"])
    expect(rows[2]["root-key"][:9], "-CvQKAwRQ")
    expect(thief.keys["root"].id in trust("list"), False)
    # the server and its signer start with all of them
    conf = data / "storehouse.conf"
    port = free_port()
    conf.write_text(conf.read_text().replace("https-port = 8443", "https-port = 0").replace(
        "http-port = 8080", f"http-port = {port}"))
    second = Store.__new__(Store)
    second.dir, second.log_path, second.work = data, w.folder / "second.log", w.folder
    second.port, second.process = port, None
    second.start()
    try:
        answer = second.call("GET", "/v2/assertions/account-key/" + rows[2]["root-key"])
        expect((answer.status, header(answer.text(), "account-id")), (200, "canonical"))
        answer = second.admin("POST", "/api/v1/assertions",
                              root.account_key("store", "org") + "\n" + root.person("maker"),
                              "application/x.ubuntu.assertion")
        expect(answer.status, 200, answer.text())
        answer = second.admin("POST", "/api/v1/assertions", thief.person("maker2"),
                              "application/x.ubuntu.assertion")
        expect(answer.json()["error-list"][0]["code"], "missing-prerequisite")
    finally:
        second.stop()


if __name__ == "__main__":
    main(cases, World)
