#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_publisher.py -- publishers and administrators against a real store on loopback: from an
account to a delta, and what must not work.

Prints `ok NAME` or `not ok NAME reason` for each case; names on the command line choose cases.
STOREHOUSE_LONG=1 repeats the kills more often; STOREHOUSE_SEED chooses their times.
"""
import http.client
import os
import pathlib
import random
import shutil
import socket
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from publisher_lab import (Failed, Store, clock, digest_b64, expect, expect_in, multipart, snap,
                           squash)

CASES = []


def case(function):
    CASES.append(function)
    return function


class Lab:
    """What the cases share: a store that runs, two publishers, one package with two revisions."""

    def __init__(self, work):
        self.work = work
        self.store = Store(work)
        self.store.start()
        self.ann, self.ann_token = self.store.account("ann")
        self.bob, self.bob_token = self.store.account("bob")
        self.store.key_make("annkey", self.ann, self.ann_token)
        self.store.key_make("bobkey", self.bob, self.bob_token)
        self.app_id = self.register("app", self.ann_token)
        self.first = self.snap(version="1.0", fill=os.urandom(200_000))
        self.second = self.snap(version="2.0", fill=(work / "tree/data").read_bytes() + b"more")
        expect(self.store.push("app", self.first, self.ann_token), (1, None), "first push")
        expect(self.store.push("app", self.second, self.ann_token), (2, None), "second push")

    def snap(self, **what):
        return snap(self.work, **what)

    def register(self, name, token, **more):
        return self.store.must(200, "POST", "/v1/snap", {"name": name, **more}, token)["id"]

    def token(self, parent, **scope):
        return self.store.must(201, "POST", "/api/v1/tokens", scope, parent)

    def revision_count(self, name="app"):
        return len(self.store.must(200, "GET", f"/v1/snap/{name}/revisions")["revisions"])

    def refused(self, upload_id, status, code=None, name="app", token=None, **more):
        """A push that must not be taken, and leaves the upload as it was."""
        answer = self.store.ask("POST", f"/v1/snap/{name}/revisions",
                                {"upload-id": upload_id, **more}, token or self.ann_token)
        expect(answer.status, status, f"push {answer}")
        if code:
            expect(answer.code(), code, "push")
        return answer


# --- tokens ---

@case
def test_token_is_shown_in_every_form(lab):
    store = lab.store
    for form in ("Macaroon {}", "macaroon {}", "Bearer {}", "BEARER {}", 'Macaroon "{}"',
                 'Macaroon root="{}"', "Macaroon root={}"):
        who = store.must(200, "GET", "/v1/tokens/whoami", token=form.format(lab.ann_token))
        expect(who["account"]["username"], "ann", form)
    expect(who["permissions"], None, "unrestricted is null")
    expect("expires" in who, False, "no expiry on premises")
    expect(store.must(200, "GET", "/publishergw/v1/tokens/whoami", token=lab.ann_token), who,
           "the prefix")


@case
def test_token_exchange(lab):
    store = lab.store
    session = store.ask("POST", "/v1/tokens/offline/exchange", {"macaroon": lab.ann_token})
    expect(session.status, 200, session)
    text = session.json["macaroon"]
    expect(store.must(200, "GET", "/v1/tokens/whoami", token=text)["account"]["id"], lab.ann, "who")
    again = store.ask("POST", "/v1/tokens/offline/exchange", {"macaroon": text})
    expect((again.status, again.code()), (401, "macaroon-permission-required"), "a session again")


@case
def test_token_refused(lab):
    store = lab.store
    wrong = lab.ann_token[:-1] + ("A" if lab.ann_token[-1] != "A" else "Q")
    for bad in (wrong, "Basic " + lab.ann_token, "Macaroon ", 'Macaroon "', "Bearer sht_", "x y",
                lab.ann_token + "A", "Macaroon " + "a" * 4000):
        answer = store.ask("GET", "/v1/snap", token=bad)
        expect(answer.status, 401, f"{bad[:40]}: {answer}")
        expect(answer.code(), "macaroon-permission-required", bad[:40])
    expect(store.ask("GET", "/v1/snap").status, 401, "none")


@case
def test_token_revoked_with_its_sessions(lab):
    store = lab.store
    made = lab.token(lab.ann_token, description="ci")
    session = store.ask("POST", "/v1/tokens/offline/exchange",
                        {"macaroon": made["token"]}).json["macaroon"]
    expect(store.ask("GET", "/v1/snap", token=session).status, 200, "before")
    expect(store.ask("DELETE", f"/api/v1/tokens/{made['id']}", token=lab.bob_token).status, 404,
           "somebody else's")
    store.must(204, "DELETE", f"/api/v1/tokens/{made['id']}", token=lab.ann_token)
    for gone in (made["token"], session):
        expect(store.ask("GET", "/v1/snap", token=gone).status, 401, "revoked")
    listed = store.must(200, "GET", "/api/v1/tokens", token=lab.ann_token)["tokens"]
    expect([t for t in listed if t["id"] == made["id"]], [], "not listed")
    expect(any("token" in t or "secret" in t for t in listed), False, "no secrets in a list")


@case
def test_token_expires(lab):
    store = lab.store
    made = lab.token(lab.ann_token, **{"ttl-sec": 1})
    expect(store.ask("GET", "/v1/snap", token=made["token"]).status, 200, "alive")
    time.sleep(1.2)
    expect(store.ask("GET", "/v1/snap", token=made["token"]).status, 401, "over")


@case
def test_token_never_grows(lab):
    store = lab.store
    narrow = lab.token(lab.ann_token, permissions=["package-view", "admin"], packages=["app"],
                       **{"ttl-sec": 3600})
    for more in ({"permissions": ["package-push"]}, {"packages": ["other"]},
                 {"account": lab.bob}, {"permissions": ["package-view", "admin", "account-key"]}):
        answer = store.ask("POST", "/api/v1/tokens", more, narrow["token"])
        expect(answer.status, 403, f"{more}: {answer}")
    child = lab.token(narrow["token"])
    expect(child["expires"], narrow["expires"], "a child dies with its parent")
    who = store.must(200, "GET", "/v1/tokens/whoami", token=child["token"])
    expect((who["permissions"], who["packages"]), (["package-view", "admin"], ["app"]), "inherited")
    expect(store.ask("GET", "/api/v1/status", token=child["token"]).status, 403,
           "no administrator by a permission alone")
    plain = lab.token(lab.ann_token, permissions=["package-push"])["token"]
    expect(store.ask("POST", "/api/v1/tokens", {}, plain).status, 403, "a CI token makes none")
    expect(store.ask("POST", "/api/v1/tokens", {"permissions": ["fly"]}, lab.ann_token).status, 400,
           "unknown permission")
    expect(store.ask("POST", "/api/v1/tokens", {"packages": ["a,b"]}, lab.ann_token).status, 400,
           "a comma in a name")
    expect(store.ask("POST", "/api/v1/tokens", {"package": ["app"]}, lab.ann_token).status, 400,
           "a misspelt scope must not make an unscoped token")


@case
def test_token_scopes(lab):
    store = lab.store
    lab.register("scoped", lab.ann_token)
    view = lab.token(lab.ann_token, permissions=["package-view"])["token"]
    for method, path, body in (("POST", "/v1/snap", {"name": "nope"}),
                               ("PATCH", "/v1/snap/app", {"title": "x"}),
                               ("DELETE", "/v1/snap/scoped", None),
                               ("POST", "/v1/snap/app/tracks", [{"name": "9"}]),
                               ("POST", "/v1/snap/app/revisions", {"upload-id": "x"}),
                               ("POST", "/v1/snap/app/releases",
                                [{"channel": "edge", "revision": 1}]),
                               ("POST", f"/api/v1/accounts/{lab.ann}/keys",
                                {"account-key-request": "x"})):
        answer = store.ask(method, path, body, view)
        expect((answer.status, answer.code()), (403, "macaroon-permission-required"),
               f"{method} {path}")
    only = lab.token(lab.ann_token, packages=["scoped"])["token"]
    expect(store.ask("GET", "/v1/snap/app", token=only).status, 403, "another package")
    names = [p["name"] for p in store.must(200, "GET", "/v1/snap", token=only)["results"]]
    expect(names, ["scoped"], "its own package")


@case
def test_channel_scopes(lab):
    store = lab.store
    store.must(200, "POST", "/v1/snap/app/tracks", [{"name": "2.x"}], lab.ann_token)
    for scope, channel, status in (
            (["edge"], "edge", 200), (["edge"], "latest/edge", 200), (["edge"], "stable", 403),
            (["edge"], "2.x/edge", 403), (["edge"], "edge/fix", 403), (["edge/fix"], "edge/fix", 200),
            (["2.x/*"], "2.x/beta", 200), (["2.x/*"], "beta", 403), (["*/edge"], "2.x/edge", 200),
            (["*/edge"], "2.x/stable", 403), (["*"], "2.x/stable", 200),
            (["latest/stable", "edge"], "stable", 200)):
        token = lab.token(lab.ann_token, channels=scope)["token"]
        answer = store.release("app", [{"channel": channel, "revision": 1}], token, status)
        if status == 403:
            expect(answer.code(), "macaroon-permission-required", f"{scope} {channel}")
            expect_in("channel", answer.json["error-list"][0]["message"], "says what")
    for channel in ("2.x/beta", "2.x/edge", "2.x/stable", "edge/fix", "edge", "stable"):
        store.release("app", [{"channel": channel, "revision": None}])


# --- accounts and keys ---

@case
def test_accounts(lab):
    store = lab.store
    made = store.must(201, "POST", "/api/v1/accounts", {
        "username": "carol", "display-name": "Carol \u00e9", "email": "c@x", "validation": "verified"})
    shown = store.must(200, "GET", "/api/v1/accounts/carol")
    expect({**made, "keys": []}, shown, "by username")
    expect(store.must(200, "GET", f"/api/v1/accounts/{made['account-id']}"), shown, "by id")
    expect_in(made, store.must(200, "GET", "/api/v1/accounts")["accounts"], "listed")
    served = store.ask("GET", f"/v2/assertions/account/{made['account-id']}")
    expect((served.status, b"username: carol\n" in served.body), (200, True), "its assertion")
    for body, status in (({"username": "carol"}, 409), ({"username": "Carol"}, 400),
                         ({"username": "x-"}, 400), ({}, 400), ({"username": 7}, 400),
                         ({"username": "dave", "account-id": made["account-id"]}, 409),
                         ({"username": "dave", "account-id": "a b"}, 400),
                         ({"username": "dave", "validation": "holy"}, 400),
                         ({"username": "dave", "display-name": "a\nb"}, 400),
                         ({"username": "dave", "account-id": "acme"}, 409)):
        expect(store.ask("POST", "/api/v1/accounts", body, store.admin).status, status, body)
    expect(store.ask("GET", "/api/v1/accounts", token=lab.ann_token).status, 403, "not for all")


@case
def test_keys(lab):
    store = lab.store
    store.storectl("key", "create", "second")
    request = store.storectl("key", "export", "second", "--account", lab.ann)
    path = f"/api/v1/accounts/{lab.ann}/keys"
    expect(store.ask("POST", path, {"account-key-request": request}, lab.bob_token).status, 403,
           "somebody else's account")
    made = store.must(201, "POST", path, {"account-key-request": request}, lab.ann_token)
    again = store.must(201, "POST", path, {"account-key-request": request}, lab.ann_token)
    expect(again, made, "the same key again")
    keys = store.must(200, "GET", "/api/v1/accounts/ann")["keys"]
    expect(sorted(key["name"] for key in keys), ["annkey", "second"], "its keys")
    broken = request.replace("name: second", "name: sekond")
    answer = store.ask("POST", path, {"account-key-request": broken}, lab.ann_token)
    expect(answer.status, 400, f"changed after it was signed: {answer}")
    other = f"/api/v1/accounts/{lab.bob}/keys"
    expect(store.ask("POST", other, {"account-key-request": request}, lab.bob_token).status, 400,
           "for another account")
    store.storectl("key", "create", "brandkey")
    request = store.storectl("key", "export", "brandkey", "--account", "acme")
    answer = store.ask("POST", "/api/v1/accounts/acme/keys", {"account-key-request": request},
                       store.admin)
    expect((answer.status, answer.code()), (403, "refused"), "a key of the trusted account")
    expect_in("offline", answer.json["error-list"][0]["message"], "says what to do")


# --- names ---

@case
def test_names(lab):
    store = lab.store
    made = lab.register("some-name", lab.ann_token, private=True)
    shown = store.must(200, "GET", "/v1/snap/some-name", token=lab.ann_token)["metadata"]
    expect((shown["id"], shown["private"], shown["status"], shown["publisher"]["username"]),
           (made, True, "registered", "ann"), "shown")
    for key in ("title", "default-track", "summary", "description", "tracks", "store", "type"):
        expect(key in shown, True, key)
    for name, token, code in (("some-name", lab.ann_token, "already_owned"),
                              ("some-name", lab.bob_token, "already_registered"),
                              ("snapd", lab.ann_token, "reserved_name"),
                              ("Bad_Name", lab.ann_token, "invalid")):
        answer = store.ask("POST", "/v1/snap", {"name": name}, token)
        expect(answer.code(), code, name)
    expect(store.ask("POST", "/v1/snap", {"name": "other", "snap-id": "B" * 32},
                     lab.ann_token).status, 403, "ids are for administrators")
    expect(lab.register("core24", store.admin), "dwTAh7MZZ01zyriOZErqd1JynQLiOGvM", "well known")
    expect(lab.register("chosen", store.admin, **{"snap-id": "B" * 32}), "B" * 32, "chosen")
    declared = f"/v2/assertions/snap-declaration/16/{made}"
    served = store.ask("GET", declared, token=lab.ann_token)
    expect((served.status, b"snap-name: some-name\n" in served.body), (200, True), "declared")
    expect(store.ask("GET", declared).status, 404, "private: its declaration too")
    expect(store.ask("GET", "/v1/snap/some-name", token=lab.bob_token).status, 404,
           "private: looks like absent")
    expect(store.ask("GET", "/v1/snap/app", token=lab.bob_token).status, 403, "public: not yours")
    expect(store.must(200, "DELETE", "/v1/snap/some-name", token=lab.ann_token),
           {"package-id": made}, "deleted")
    expect(lab.register("some-name", lab.bob_token), made, "the name keeps its id")
    served = store.ask("GET", declared)
    expect_in(f"publisher-id: {lab.bob}\n", served.body.decode(), "declared anew")
    expect(store.ask("DELETE", "/v1/snap/app", token=lab.ann_token).status, 409, "has revisions")


@case
def test_metadata_and_tracks(lab):
    store = lab.store
    changed = store.must(200, "PATCH", "/v1/snap/app", {
        "title": "An App", "summary": "short", "private": False}, lab.ann_token)["metadata"]
    expect((changed["title"], changed["summary"]), ("An App", "short"), "changed")
    store.must(200, "POST", "/v1/snap/app/tracks", [{"name": "lts", "version-pattern": "1.*"}],
               lab.ann_token)
    shown = store.must(200, "PATCH", "/v1/snap/app", {"default-track": "lts"}, lab.ann_token)
    expect(shown["metadata"]["default-track"], "lts", "default track")
    store.must(200, "PATCH", "/v1/snap/app", {"default-track": ""}, lab.ann_token)
    for body, status in (({"default-track": "nope"}, 400), ({"title": "x" * 200}, 400),
                         ({"title": 5}, 400), ({"private": "yes"}, 400), ([], 400)):
        expect(store.ask("PATCH", "/v1/snap/app", body, lab.ann_token).status, status, body)
    for body, status in (([{"name": "lts"}], 409), ([{"name": "a b"}], 400),
                         ([{"name": "stable"}], 400), ([{"name": "t" * 29}], 400), ([], 400),
                         ({"name": "x"}, 400), ([{"name": f"t{i}"} for i in range(101)], 400),
                         ([{"name": f"t{i}"} for i in range(99)], 429),
                         ([{"name": "new"}, {"name": "new"}], 409)):
        expect(store.ask("POST", "/v1/snap/app/tracks", body, lab.ann_token).status, status,
               str(body)[:60])
    names = [t["name"] for t in
             store.must(200, "GET", "/v1/snap/app", token=lab.ann_token)["metadata"]["tracks"]]
    expect("new" in names, False, "all or none")
    expect(names[0], "latest", "latest comes first")


# --- uploads and pushes ---

@case
def test_same_bytes_same_revision(lab):
    store = lab.store
    expect(store.push("app", lab.first, lab.ann_token), (1, None), "the same bytes")
    upload = store.upload(lab.first)
    for _ in range(2):
        store.must(200, "POST", "/v1/snap/app/revisions", {"upload-id": upload}, lab.ann_token)
        expect(store.review("app", upload, lab.ann_token), (1, None), "the same push again")
    lab.register("copycat", lab.bob_token)
    stolen = lab.snap(name="copycat", version="1")
    expect(store.push("copycat", stolen, lab.bob_token), (1, None), "its own")
    expect(store.push("copycat", lab.first, lab.bob_token)[1], "name-mismatch", "another's bytes")


@case
def test_revision_is_told(lab):
    store = lab.store
    listed = store.must(200, "GET", "/v1/snap/app/revisions", token=lab.ann_token)["revisions"]
    newest, first = listed[0], listed[-1]
    expect(first["revision"], 1, "newest first")
    expect((first["version"], first["architectures"], first["build-signed"], first["errors"]),
           ("1.0", ["amd64"], False, None), "first")
    expect((first["epoch"], first["confinement"], first["grade"], first["size"]),
           ({"read": [0], "write": [0]}, "strict", "stable", len(lab.first)), "first")
    expect("apps" in newest or "type" in newest, False, "clients refuse these here")
    page = store.must(200, "GET", "/v1/snap/app/revisions?offset=1&limit=1", token=lab.ann_token)
    expect(page["revisions"], listed[1:2], "a page")
    expect(store.ask("GET", "/v1/snap/app/revisions?limit=x", token=lab.ann_token).status, 400,
           "a bad page")
    served = store.ask("GET", f"/v2/assertions/snap-revision/{digest_b64(lab.first)}")
    for line in (f"snap-id: {lab.app_id}\n", "snap-revision: 1\n", f"developer-id: {lab.ann}\n"):
        expect_in(line, served.body.decode(), "its assertion")


@case
def test_push_refused(lab):
    store = lab.store
    fresh = store.upload(lab.snap(version="3.0", fill=os.urandom(100)))
    lab.refused("A" * 32, 404)
    lab.refused("../../etc", 404)
    lab.refused(fresh, 403, token=lab.bob_token)
    lab.refused(fresh, 404, name="not-there")
    lab.refused(fresh, 400, version="1.0")
    answer = store.ask("POST", "/v1/snap/app/revisions?dry-run=1",
                       {"name": "app", "size": 2 ** 40}, lab.ann_token)
    expect((answer.status, answer.code()), (413, "too-big"), "dry run")
    expect(store.ask("POST", "/v1/snap/app/revisions?dry-run=1", {"name": "b"},
                     lab.ann_token).status, 400, "dry run of another name")
    expect(store.ask("POST", "/v1/snap/app/revisions?dry-run=1", {"name": "app"},
                     lab.bob_token).status, 403, "dry run of another's")
    store.must(200, "POST", "/v1/snap/app/revisions?dry-run=1",
               {"name": "app", "version": "3.0", "architecture": "amd64"}, lab.ann_token)
    lab.register("twice", lab.ann_token)
    store.must(200, "POST", "/v1/snap/app/revisions", {"upload-id": fresh}, lab.ann_token)
    lab.refused(fresh, 409, "conflict", name="twice")
    expect(store.review("app", fresh, lab.ann_token)[1], None, "it goes on")


@case
def test_tokens_of_an_account_are_bounded(lab):
    """All tokens are kept in memory: an account that makes them without end stops itself only."""
    store = lab.store
    heidi, token = store.account("heidi")
    store.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999) "
              "INSERT INTO token (secret, account_id, kind, permissions, packages, channels, "
              "description, expires, created, revoked) SELECT randomblob(48), ?, 'session', '', '', "
              "'', '', 4000000000000000, 1, 0 FROM n", heidi)
    exchange = "/v1/tokens/offline/exchange"
    expect(store.ask("POST", exchange, {"macaroon": token}).status, 429, "a session")
    expect(store.ask("POST", "/api/v1/tokens", {}, token=token).status, 429, "a token")
    store.must(200, "POST", exchange, {"macaroon": lab.ann_token})
    store.sql("UPDATE token SET expires = 2 WHERE account_id = ? AND kind = 'session'", heidi)
    store.must(200, "POST", exchange, {"macaroon": token})
    left = store.sql("SELECT count(*) FROM token WHERE account_id = ?", heidi)
    expect(left, [(2,)], "sessions that are over are forgotten")


@case
def test_narrow_token_revokes_no_wider_one(lab):
    """What leaked from a build machine must not lock its owner out."""
    store = lab.store
    wide = lab.token(lab.ann_token, description="the owner's")
    for scope in ({"permissions": ["package-push"]}, {"packages": ["app"]},
                  {"channels": ["edge"]}):
        narrow = lab.token(lab.ann_token, **scope)
        expect(store.ask("DELETE", f"/api/v1/tokens/{wide['id']}", token=narrow["token"]).status,
               403, scope)
        store.must(204, "DELETE", f"/api/v1/tokens/{narrow['id']}", token=narrow["token"])
        expect(store.ask("GET", "/v1/snap", token=narrow["token"]).status, 401, "itself")
    admin = store.must(201, "POST", "/api/v1/tokens", {"permissions": ["package-view"]},
                       store.admin)
    for token in store.must(200, "GET", "/api/v1/tokens", token=store.admin)["tokens"]:
        if token["id"] != admin["id"]:
            expect(store.ask("DELETE", f"/api/v1/tokens/{token['id']}",
                             token=admin["token"]).status, 403, "the administrator's own")
    store.must(204, "DELETE", f"/api/v1/tokens/{admin['id']}", token=store.admin)
    store.must(204, "DELETE", f"/api/v1/tokens/{wide['id']}", token=lab.ann_token)


@case
def test_upload_belongs_to_its_token(lab):
    store = lab.store
    data = lab.snap(version="3.1", fill=os.urandom(100))
    own = store.upload(data, lab.bob_token)
    lab.refused(own, 404)
    expect(store.ask("POST", "/unscanned-upload/", *multipart(data)[:1], token="Macaroon sht_x",
                     kind=multipart(data)[1]).status, 401, "a bad token is not nobody")


@case
def test_upload_over(lab):
    store = lab.store
    upload = store.upload(lab.snap(version="3.2", fill=os.urandom(100)))
    store.sql("UPDATE upload SET expires = 1 WHERE upload_id = ?", upload)
    lab.refused(upload, 404)


def expect_nothing_half(store):
    """What was begun is gone, once its connection is: an answer may come before that."""
    wait = time.monotonic() + 60
    while list(store.dir.glob("blobs/tmp/*")) and time.monotonic() < wait:
        time.sleep(0.05)
    expect(list(store.dir.glob("blobs/tmp/*")), [], "nothing half is kept")


@case
def test_strangers_leave_room_for_uploads(lab):
    """Files may come without a token: half of the places, and some bytes, are for those with one."""
    store = lab.store
    data = lab.snap(version="3.3", fill=os.urandom(100))
    body, kind = multipart(data)
    head = (f"POST /unscanned-upload/ HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    socks = []
    try:
        for _ in range(8):  # of 16 places
            socks.append(socket.create_connection(("127.0.0.1", store.port), timeout=10))
            socks[-1].sendall(head + body[:1000])
        wait = time.monotonic() + 10
        while len(list(store.dir.glob("blobs/tmp/*"))) < 8 and time.monotonic() < wait:
            time.sleep(0.05)
        store.upload(data, status=503)
        store.upload(data, lab.ann_token)
    finally:
        for sock in socks:
            sock.close()
    for count, size in ((512, 1), (1, 8 * 8 * 1024 * 1024)):
        store.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "
                  "INSERT INTO upload SELECT 'stranger-' || i, NULL, zeroblob(48), ?, NULL, "
                  "'uploaded', NULL, '', '', '', 4000000000000000, 1 FROM n", count, size)
        store.upload(data, status=429)
        store.upload(data, lab.ann_token)
        store.sql("DELETE FROM upload WHERE upload_id LIKE 'stranger-%'")
    expect_nothing_half(store)
    store.upload(data)


@case
def test_upload_refused(lab):
    store = lab.store
    before = store.blob_names()
    store.upload(b"", status=400)
    store.upload(b"x" * 100, status=400, part="other")
    store.upload(b"x" * (8 * 1024 * 1024 + 1), status=413)
    body, kind = multipart(b"y" * 1000)
    expect(store.ask("POST", "/unscanned-upload/", body[:-40], kind=kind).status, 400, "cut short")
    expect(store.blob_names(), before, "nothing is kept")
    expect_nothing_half(store)
    store.upload(b"x" * (8 * 1024 * 1024))


@case
def test_hostile_packages(lab):
    store = lab.store
    before = lab.revision_count()
    bomb = lab.work / "bomb"
    (bomb / "meta").mkdir(parents=True)
    (bomb / "meta/snap.yaml").write_bytes(b"name: app\nversion: 1\n" + b"#" * (64 << 20))
    for what, data, code in (
            ("another name", lab.snap(name="zapp"), "name-mismatch"),
            ("cut", lab.first[:len(lab.first) // 2], None), ("noise", os.urandom(5000), None),
            ("one byte", b"h", None), ("zeros", bytes(100_000), None),
            ("bomb", squash(lab.work, bomb), None),
            ("another type", lab.snap(yaml="type: gadget\n"), "type-mismatch"),
            ("version", lab.snap(version="a b"), None),
            ("long version", lab.snap(version="1" * 33), None),
            ("architecture", lab.snap(archs="[pdp11]"), None),
            ("provenance", lab.snap(yaml="provenance: theirs\n"), "provenance"),
            ("not yaml", lab.snap(yaml="a: [\n"), None),
            ("twice", lab.snap(yaml="name: app\n"), None)):
        revision, error = store.push("app", data, lab.ann_token)
        expect(revision, None, what)
        if code:
            expect(error, code, what)
    expect(lab.revision_count(), before, "no revision came of it")
    revision, _ = store.push("app", lab.snap(version="4.0", fill=os.urandom(100)), lab.ann_token)
    expect(revision is not None, True, "the server goes on")


@case
def test_signed_builds(lab):
    store = lab.store
    data = lab.snap(version="5.0", fill=os.urandom(1000))
    upload = store.upload(data)
    good = store.build("annkey", lab.ann, lab.app_id, data)
    for what, text in (
            ("another's key", store.build("bobkey", lab.bob, lab.app_id, data)),
            ("another's key in her name", store.build("bobkey", lab.ann, lab.app_id, data)),
            ("another file", store.build("annkey", lab.ann, lab.app_id, data + b"x")),
            ("another size", store.build("annkey", lab.ann, lab.app_id, data,
                                         **{"snap-size": "7"})),
            ("another package", store.build("annkey", lab.ann, "C" * 32, data)),
            ("a changed word", good.replace("grade: stable", "grade: devel")),
            ("two", good + "\n" + good), ("no build", store.wide("mallory")),
            ("rubbish", "rubbish"), ("beside it", good + "\n" + store.sign({
                "type": "snap-declaration", "authority-id": "acme", "series": "16",
                "snap-id": "D" * 32, "snap-name": "dd", "publisher-id": lab.ann,
                "timestamp": clock()}))):
        answer = store.ask("POST", "/v1/snap/app/revisions",
                           {"upload-id": upload, "snap-build": text}, lab.ann_token)
        expect(answer.status, 400, f"{what}: {answer}")
    state = store.sql("SELECT status, snap_id FROM upload WHERE upload_id = ?", upload)
    expect(state, [("uploaded", None)], "nothing changed")
    store.must(200, "POST", "/v1/snap/app/revisions", {"upload-id": upload, "snap-build": good},
               lab.ann_token)
    revision, _ = store.review("app", upload, lab.ann_token)
    listed = store.must(200, "GET", "/v1/snap/app/revisions", token=lab.ann_token)["revisions"]
    expect([r["build-signed"] for r in listed if r["revision"] == revision], [True], "signed")


@case
def test_images(lab):
    store = lab.store
    lab.register("firmware", lab.ann_token, type="image")
    data = os.urandom(3000)
    upload = store.upload(data)
    lab.refused(upload, 400, name="firmware")
    lab.refused(upload, 400, name="firmware", version="1 0", architecture="armhf")
    lab.refused(upload, 400, name="firmware", version="1.0", architecture="pdp11")
    expect(store.push("firmware", data, lab.ann_token, version="1.0", architecture="armhf"),
           (1, None), "pushed")
    shown = store.must(200, "GET", "/v1/snap/firmware", token=lab.ann_token)["metadata"]
    expect(shown["type"], "image", "type")
    store.release("firmware", [{"channel": "stable", "revision": 1}], lab.ann_token)
    expect(store.channels("firmware"), {("latest/stable", "armhf"): [1]}, "released")


# --- releases ---

@case
def test_release_map(lab):
    store = lab.store
    store.release("app", [{"channel": "edge", "revision": 1}, {"channel": "beta", "revision": "1"},
                          {"channel": "edge/fix-1", "revision": 2}], lab.ann_token)
    store.release("app", [{"channel": "edge", "revision": 2}], lab.ann_token)
    answer = store.must(200, "GET", "/v1/snap/app/releases", token=lab.ann_token)
    found = {e["channel"]: e for e in answer["channel-map"]}
    expect({name: e["revision"] for name, e in found.items()},
           {"latest/edge": 2, "latest/beta": 1, "latest/edge/fix-1": 2}, "map")
    for entry in found.values():
        expect(entry["progressive"], {"paused": None, "percentage": None,
                                      "current-percentage": None}, "null, not missing")
        expect((entry["base"], entry["resources"]), (None, []), "base")
    expect(found["latest/edge"]["expiration-date"], None, "no end")
    days = time.strptime(found["latest/edge/fix-1"]["expiration-date"], "%Y-%m-%dT%H:%M:%SZ")
    left = (time.mktime(days) - time.mktime(time.gmtime())) / 86400
    expect(29.9 < left < 30.1, True, "a branch lives thirty days")
    channels = {c["name"]: c for c in answer["package"]["channels"]}
    expect([channels[n]["fallback"] for n in ("latest/stable", "latest/beta", "latest/edge/fix-1")],
           [None, "latest/candidate", "latest/edge"], "fallbacks")
    expect(sorted(r["revision"] for r in answer["revisions"]), [1, 2], "revisions that are mapped")
    store.release("app", [{"channel": c, "revision": None} for c in
                          ("edge", "beta", "edge/fix-1", "candidate")], lab.ann_token)
    expect(store.channels("app"), {}, "closed")


@case
def test_release_is_atomic(lab):
    store = lab.store
    store.release("app", [{"channel": "stable", "revision": 1}], lab.ann_token)
    before = store.channels("app")
    history = store.sql("SELECT count(*) FROM release_event")
    good = {"channel": "edge", "revision": 2}
    for bad, status, code in (
            ({"channel": "edge", "revision": 99}, 404, "resource-not-found"),
            ({"channel": "nope/edge", "revision": 1}, 400, "invalid-channel"),
            ({"channel": "not a channel", "revision": 1}, 400, "invalid-channel"),
            ({"channel": "fast", "revision": 1}, 400, None),
            ({"channel": "beta", "revision": 0}, 400, None),
            ({"channel": "beta", "revision": -1}, 400, None),
            ({"channel": "beta", "revision": "1x"}, 400, None),
            ({"channel": "beta", "revision": True}, 400, None),
            ({"channel": "beta", "revision": 2 ** 70}, 400, None), ({"channel": "beta"}, 400, None),
            ({"channel": 5, "revision": 1}, 400, None), ("beta", 400, None), (good, 400, None),
            ({"channel": "beta", "revision": 1, "progressive": {"percentage": 0}}, 400, None),
            ({"channel": "beta", "revision": 1, "progressive": {"percentage": 101}}, 400, None),
            ({"channel": "beta", "revision": 1, "progressive": 5}, 400, None)):
        answer = store.release("app", [good, bad], lab.ann_token, status)
        if code:
            expect(answer.code(), code, str(bad))
        expect(store.channels("app"), before, f"nothing was released with {bad}")
    store.release("app", [good], lab.bob_token, 403)
    store.release("app", [{"channel": "edge", "revision": 1}] * 129, lab.ann_token, 400)
    expect(store.sql("SELECT count(*) FROM release_event"), history, "no history either")


@case
def test_release_progressive(lab):
    store = lab.store
    store.release("app", [{"channel": "candidate", "revision": 1}], lab.ann_token)
    store.release("app", [{"channel": "candidate", "revision": 2,
                           "progressive": {"percentage": 20}}], lab.ann_token)
    entries = [e for e in store.must(200, "GET", "/v1/snap/app/releases",
                                     token=lab.ann_token)["channel-map"]
               if e["channel"] == "latest/candidate"]
    expect([(e["revision"], e["progressive"]["percentage"]) for e in entries],
           [(1, None), (2, 20)], "the base, then the target")
    store.release("app", [{"channel": "candidate", "revision": 2,
                           "progressive": {"percentage": 60}}], lab.ann_token)
    expect(store.channels("app")[("latest/candidate", "amd64")], [1, 2], "the base stays")
    store.release("app", [{"channel": "candidate", "revision": 2,
                           "progressive": {"percentage": 100}}], lab.ann_token)
    expect(store.channels("app")[("latest/candidate", "amd64")], [2], "everybody")


@case
def test_deltas_follow(lab):
    store = lab.store
    store.release("app", [{"channel": "stable", "revision": 1}], lab.ann_token)
    store.release("app", [{"channel": "stable", "revision": 2}], lab.ann_token)
    path = "/api/v1/packages/app/deltas"
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = {(d["source"], d["target"]): d
                 for d in store.must(200, "GET", path, token=lab.ann_token)["deltas"]}
        if (1, 2) in found:
            break
        time.sleep(0.1)
    expect(found[(1, 2)]["state"], "ready", "delta")
    expect(found[(1, 2)]["size"] < found[(1, 2)]["target-size"] // 2, True, "and is small")
    expect(store.ask("GET", path, token=lab.bob_token).status, 403, "not for others")


# --- imports ---

@case
def test_import_any_order_all_or_nothing(lab):
    store = lab.store
    account = store.wide("wanda", username="wanda")
    declared = store.sign({"type": "snap-declaration", "authority-id": "acme", "series": "16",
                           "snap-id": "E" * 32, "snap-name": "elsewhere", "publisher-id": "wanda",
                           "timestamp": clock()})
    broken = store.wide("wendy").replace("display-name: wendy", "display-name: wondy")
    answer = store.offer(declared + "\n" + account + "\n" + broken)
    expect(answer.status, 400, f"{answer}")
    expect_in("account/wendy", answer.json["error-list"][0]["message"], "names the one")
    expect(store.ask("GET", "/api/v1/accounts/wanda", token=store.admin).status, 404, "nothing kept")
    answer = store.offer(declared + "\n" + account)
    expect((answer.status, sorted(a["result"] for a in answer.json["assertions"])),
           (200, ["added", "added"]), "the order does not matter")
    served = store.ask("GET", "/v2/assertions/snap-declaration/16/" + "E" * 32)
    expect(served.body.decode().rstrip("\n"), declared.rstrip("\n"), "served as it came")
    answer = store.offer(account)
    expect(answer.json["assertions"][0]["result"], "known", "again")
    expect(lab.register("elsewhere", store.admin), "E" * 32, "registered as it is declared")
    shown = store.must(200, "GET", "/v1/snap/elsewhere")["metadata"]
    expect(shown["publisher"]["id"], "wanda", "its publisher is who is declared")


@case
def test_import_revisions(lab):
    store = lab.store
    third = store.wide("rita", revision="3")
    first = store.wide("rita", revision="1", **{"display-name": "Old"})
    other = store.wide("rita", revision="3", **{"display-name": "Other"})
    expect(store.offer(third).json["assertions"][0]["result"], "added", "third")
    expect(store.offer(first).json["assertions"][0]["result"], "older", "first")
    answer = store.offer(other)
    expect((answer.status, answer.code()), (409, "conflict"), "the same revision, other words")
    served = store.ask("GET", "/v2/assertions/account/rita")
    expect(served.body.decode().rstrip("\n"), third.rstrip("\n"), "the newest is served")


@case
def test_import_continues_numbers(lab):
    store = lab.store
    data = lab.snap(name="carried", version="1", fill=os.urandom(100))
    snap_id = lab.register("carried", lab.ann_token)
    carried = store.sign({"type": "snap-revision", "authority-id": "acme",
                          "snap-sha3-384": digest_b64(data), "snap-id": snap_id,
                          "snap-size": str(len(data)), "snap-revision": "41",
                          "developer-id": lab.ann, "timestamp": clock()})
    expect(store.offer(carried).status, 200, "import")
    expect(store.push("carried", data, lab.ann_token), (41, None), "its own number")
    fresh = lab.snap(name="carried", version="2", fill=os.urandom(100))
    expect(store.push("carried", fresh, lab.ann_token), (42, None), "ours go on behind it")
    lab.register("thief", lab.bob_token)
    stolen = lab.snap(name="thief", version="2", fill=os.urandom(100))
    foreign = store.sign({"type": "snap-revision", "authority-id": "acme",
                          "snap-sha3-384": digest_b64(stolen), "snap-id": snap_id,
                          "snap-size": str(len(stolen)), "snap-revision": "50",
                          "developer-id": lab.ann, "timestamp": clock()})
    expect(store.offer(foreign).status, 200, "import")
    expect(store.push("thief", stolen, lab.bob_token)[1], "duplicate-content", "another's bytes")


@case
def test_import_refused(lab):
    store = lab.store
    good = store.wide("vera")
    request = store.storectl("key", "export", "annkey", "--account", lab.ann)
    for what, text in (
            ("empty", ""), ("rubbish", "no assertion"), ("carriage returns",
                                                         good.replace("\n", "\r\n")),
            ("a header twice", good.replace("validation:", "display-name: x\nvalidation:")),
            ("a broken signature", good[:-20] + good[-20:].swapcase()),
            ("no signature", good.split("\n\n")[0] + "\n"),
            ("a NUL", good.replace("display-name: vera", "display-name: ve\0ra")),
            ("a tail", good + "\n\n\nrubbish"),
            ("a developer as authority", store.sign({
                "type": "account", "authority-id": lab.ann, "account-id": "eve",
                "display-name": "eve", "validation": "verified", "timestamp": clock()}, "annkey")),
            ("an unknown key", good.replace("sign-key-sha3-384: ", "sign-key-sha3-384: A", 1)),
            ("a missing account", store.sign({
                "type": "snap-declaration", "authority-id": "acme", "series": "16",
                "snap-id": "F" * 32, "snap-name": "ff", "publisher-id": "nobody-here",
                "timestamp": clock()})),
            ("a request", request), ("an unknown type", good.replace("type: account", "type: b")),
            ("very many", "\n".join([good] * 1001))):
        answer = store.offer(text)
        expect(answer.status in (400, 413), True, f"{what}: {answer}")
    expect(store.offer("x" * (9 << 20)).status, 413, "too long")
    expect(store.offer(good, lab.ann_token).status, 403, "for administrators")
    expect(store.ask("GET", "/v2/assertions/account/vera").status, 404, "nothing was kept")
    expect(store.offer(good).status, 200, "the good one")


@case
def test_models(lab):
    store = lab.store
    headers = {"model": "box", "architecture": "amd64", "base": "core24", "store": "acme",
               "snaps": [{"name": "pc", "id": "G" * 32, "type": "gadget",
                          "default-channel": "24/stable"},
                         {"name": "pc-kernel", "id": "H" * 32, "type": "kernel",
                          "default-channel": "24/stable"}]}
    made = store.must(201, "POST", "/api/v1/models", {"headers": headers})
    expect(made["ref"], "model/16/acme/box", "ref")
    expect_in("  -\n    default-channel: 24/stable\n", made["assertion"], "a list of maps")
    listed = store.must(200, "GET", "/api/v1/models")["models"]
    expect([(m["model"], m["revision"], m["base"]) for m in listed], [("box", 0, "core24")], "listed")
    store.must(201, "POST", "/api/v1/models", {"headers": headers})
    expect(store.must(200, "GET", "/api/v1/models")["models"][0]["revision"], 1, "the next revision")
    deep = "x"
    for _ in range(12):
        deep = [deep]
    for bad in ({**headers, "brand-id": "other"}, {**headers, "type": "account"},
                {**headers, "authority-id": "ann"}, {"architecture": "amd64"},
                {**headers, "model": "Bad Model"}, {**headers, "snaps": deep},
                {**headers, "x": None}, {**headers, "x": 1.5}):
        answer = store.ask("POST", "/api/v1/models", {"headers": bad}, store.admin)
        expect(answer.status in (400, 403), True, f"{str(bad)[:80]}: {answer}")
    expect(store.ask("POST", "/api/v1/models", {"headers": headers}, lab.ann_token).status, 403,
           "for administrators")


# --- everything else ---

@case
def test_bodies(lab):
    store = lab.store
    deep = "[" * 100 + "]" * 100
    for path in ("/v1/snap", "/v1/snap/app/releases", "/v1/snap/app/tracks", "/api/v1/tokens",
                 "/v1/snap/app/revisions", "/api/v1/models", "/api/v1/accounts",
                 "/v1/tokens/offline/exchange"):
        for body in ("", "{", "null", "7", '"x"', deep, '{"a":' * 40 + "1" + "}" * 40, "{}", "[1]",
                     '{"name":"x","name":"y"}', '{"name":"a\\u0000b"}', b"\xff\xfe{}",
                     '{"name":["app"]}', '[{"channel":{}}]'):
            if path == "/api/v1/tokens" and body == "{}":
                continue
            answer = store.ask("POST", path, body, store.admin)
            expect(answer.status, 400, f"{path} {body[:30]!r}: {answer}")
            answer.code()
        big = store.ask("POST", path, b'{"x":"' + b"y" * (512 << 10) + b'"}', store.admin)
        expect(big.status, 413, f"{path} with half a MiB")


@case
def test_status_and_audit(lab):
    store = lab.store
    status = store.must(200, "GET", "/api/v1/status")
    expect((status["store"], status["brand"], status["signer"]["ok"]), ("acme", "acme", True), "")
    expect(len(status["signer"]["store-key"]), 64, "the store's key")
    for key in ("version", "generation", "packages", "revisions", "devices", "jobs", "free-bytes",
                "uptime-sec"):
        expect(key in status, True, key)
    expect(isinstance(status["worker"]["sandbox"], bool), True, "sandbox")
    expect(store.ask("GET", "/api/v1/status", token=lab.ann_token).status, 403, "for administrators")
    entries = store.must(200, "GET", "/api/v1/audit")["entries"]
    ids = [e["id"] for e in entries]
    expect(ids, sorted(ids, reverse=True), "newest first")
    older = store.must(200, "GET", f"/api/v1/audit?before={ids[-1]}")["entries"]
    expect(all(e["id"] < ids[-1] for e in older), True, "the page before")
    actions = {e["action"] for e in entries + older}
    for action in ("push", "approved", "token-create"):
        expect(action in actions, True, action)
    expect(store.ask("GET", "/api/v1/audit?before=x", token=store.admin).status, 400, "bad page")
    first = store.must(200, "POST", "/api/v1/sessions/expire", {})["epoch"]
    expect(store.must(200, "POST", "/api/v1/sessions/expire", {})["epoch"], first + 1, "epoch")


@case
def test_storectl_pushes(lab):
    store = lab.store
    file = lab.work / "app_6.0_amd64.snap"
    file.write_bytes(lab.snap(version="6.0", fill=os.urandom(1000)))
    store.storectl("push", file, "--key", "annkey", "--release", "edge", token=lab.ann_token)
    revisions = store.must(200, "GET", "/v1/snap/app/revisions", token=lab.ann_token)["revisions"]
    expect((revisions[0]["version"], revisions[0]["build-signed"]), ("6.0", True), "pushed")
    expect(store.channels("app")[("latest/edge", "amd64")], [revisions[0]["revision"]], "released")


@case
def test_one_package_can_require_signed_builds(lab):
    store = lab.store
    lab.register("sealed", lab.ann_token)
    data = lab.snap(name="sealed", version="1")
    answer = store.must(200, "PATCH", "/v1/snap/sealed", {"require-snap-build": True}, lab.ann_token)
    expect(answer["metadata"]["require-snap-build"], True, "it says so")
    refused = store.ask("POST", "/v1/snap/sealed/revisions", {"upload-id": store.upload(data)}, lab.ann_token)
    expect((refused.status, refused.code()), (403, "snap-build-required"), "an unsigned push")
    lifted = store.ask("PATCH", "/v1/snap/sealed", {"require-snap-build": False}, lab.ann_token)
    expect(lifted.status, 403, "its publisher cannot lift it")
    expect(store.must(200, "GET", "/v1/snap/sealed", token=lab.ann_token)["metadata"]["require-snap-build"],
           True, "it is still there")
    store.must(200, "PATCH", "/v1/snap/sealed", {"require-snap-build": False}, store.admin)
    expect(store.push("sealed", data, lab.ann_token), (1, None), "after the administrator lifted it")


@case
def test_signed_builds_can_be_required(lab):
    store = lab.store
    store.stop()
    conf = store.dir / "storehouse.conf"
    text = conf.read_text()
    try:
        conf.write_text(text + "require-snap-build = yes\n")
        store.start()
        data = lab.snap(version="7.0", fill=os.urandom(1000))
        upload = store.upload(data)
        lab.refused(upload, 403, "snap-build-required")
        build = store.build("annkey", lab.ann, lab.app_id, data)
        store.must(200, "POST", "/v1/snap/app/revisions",
                   {"upload-id": upload, "snap-build": build}, lab.ann_token)
        expect(store.review("app", upload, lab.ann_token)[1], None, "with one")
    finally:
        conf.write_text(text)
        store.stop()
        store.start()


@case
def test_killed_between_push_and_review(lab):
    store = lab.store
    seed = int(os.environ.get("STOREHOUSE_SEED") or 20261123)
    rounds = 20 if os.environ.get("STOREHOUSE_LONG") == "1" else 4
    dice = random.Random(seed)
    seen = set()
    for number in range(rounds):
        data = lab.snap(version=f"8.{number}", fill=os.urandom(500_000))
        upload = store.upload(data)
        store.must(200, "POST", "/v1/snap/app/revisions", {"upload-id": upload}, lab.ann_token)
        time.sleep(dice.choice((0, 0, 0.005, 0.02, 0.05)))
        store.kill()
        store.start()
        what = f"seed {seed}, round {number}"
        revision, error = store.review("app", upload, lab.ann_token)
        expect((error, revision in seen), (None, False), what)
        seen.add(revision)
        served = store.ask("GET", f"/v2/assertions/snap-revision/{digest_b64(data)}")
        expect_in(f"snap-revision: {revision}\n", served.body.decode(), what)
    numbers = [r["revision"] for r in
               store.must(200, "GET", "/v1/snap/app/revisions", token=lab.ann_token)["revisions"]]
    expect(len(numbers), len(set(numbers)), "no number twice")


@case
def test_killed_among_releases(lab):
    """Whatever release was answered with success is in the channel map after kill -9 at any moment."""
    store = lab.store
    seed = int(os.environ.get("STOREHOUSE_SEED") or 20261123)
    rounds = 20 if os.environ.get("STOREHOUSE_LONG") == "1" else 4
    dice = random.Random(seed + 1)
    lab.register("steady", lab.ann_token)
    expect(store.push("steady", lab.snap(name="steady", version="1"), lab.ann_token), (1, None), "push")
    acknowledged = set()
    for number in range(rounds):
        def release(stop, round_number=number):
            for step in range(400):
                if stop.is_set():
                    return
                channel = f"latest/edge/r{round_number}-{step}"
                try:
                    answer = store.ask("POST", "/v1/snap/steady/releases",
                                       [{"channel": channel, "revision": 1}], lab.ann_token)
                except (OSError, http.client.HTTPException):
                    return
                if answer.status == 200:
                    acknowledged.add(channel)

        stop = threading.Event()
        writer = threading.Thread(target=release, args=(stop,))
        writer.start()
        time.sleep(dice.uniform(0.02, 0.3))
        store.kill()
        stop.set()
        writer.join()
        store.start()
        there = {entry["channel"] for entry in
                 store.must(200, "GET", "/v1/snap/steady/releases", token=lab.ann_token)["channel-map"]}
        expect(acknowledged - there, set(), f"seed {seed}, round {number}: lost")
    expect(bool(acknowledged), True, "something was acknowledged")


@case
def test_signer_forgets_nothing(lab):
    """A database that is older than the signer's memory: numbers go on behind what was issued."""
    store = lab.store
    lab.register("restored", lab.ann_token)
    expect(store.push("restored", lab.snap(name="restored", version="1"), lab.ann_token), (1, None),
           "before")
    store.stop()
    backup = lab.work / "backup"
    shutil.copytree(store.dir, backup, ignore=shutil.ignore_patterns("run"))
    store.start()
    lost = lab.snap(name="restored", version="2", fill=b"lost")
    expect(store.push("restored", lost, lab.ann_token), (2, None), "lost later")
    store.stop()
    for file in store.dir.glob("storehouse.db*"):
        file.unlink()
    shutil.copy2(backup / "storehouse.db", store.dir / "storehouse.db")
    store.start()
    fresh = lab.snap(name="restored", version="3", fill=b"fresh")
    expect(store.push("restored", fresh, lab.ann_token), (3, None), "another file, another number")
    expect(store.push("restored", lost, lab.ann_token), (2, None), "the lost one, its own number")


@case
def test_log_is_clean(lab):
    log = lab.store.log()
    for word in ("ERROR: AddressSanitizer", "runtime error:", "LeakSanitizer", "rc=BUG",
                 "rc=CORRUPT", "rc=IO"):
        expect(word in log, False, word)
    for secret in (lab.ann_token, lab.store.admin, "open sesame"):
        expect(secret in log, False, "a secret")


def main():
    if not shutil.which("mksquashfs"):
        print("not ok publisher mksquashfs is missing")
        return 1
    chosen = [c for c in CASES if len(sys.argv) == 1 or c.__name__ in sys.argv[1:]]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="publisher.") as folder:
        work = pathlib.Path(folder)
        work.chmod(0o755)
        lab = None
        try:
            lab = Lab(work)
            for function in chosen:
                try:
                    function(lab)
                    print(f"ok {function.__name__}", flush=True)
                except Exception as why:  # pylint: disable=broad-except
                    failed += 1
                    print(f"not ok {function.__name__} {type(why).__name__}: {why}", flush=True)
            lab.store.stop()
            print("ok server_stops")
        except Exception as why:  # pylint: disable=broad-except
            failed += 1
            print(f"not ok publisher {type(why).__name__}: {why}")
        finally:
            if os.environ.get("STOREHOUSE_KEEP_LOG") and (work / "serve.log").exists():
                shutil.copy(work / "serve.log", os.environ["STOREHOUSE_KEEP_LOG"])
            if lab and lab.store.process:
                lab.store.kill()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
