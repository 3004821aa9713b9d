#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_curated.py -- packages that were signed elsewhere, on our channels, unchanged: what is taken and
served byte for byte, and everything that is refused with nothing left behind. The other root is
written from the protocol alone (root_lib.py); the store's own root is another one.
"""
import hashlib
import json

from device_lib import (Device, Store, b64url, expect, expect_in, header, install, main,
                        refresh_body, snap_make, stream)
from root_lib import Root

ID = "A" * 31
cases = []


def case(function):
    cases.append(function)
    return function


class World(Root):
    """The store acme, and beside it the root org, which it trusts, and rogue, which it does not."""

    def __init__(self, folder):
        super().__init__(folder)
        self.rogue = Root(folder, "rogue")
        self.store = Store(folder, settings="model-brands = listed\n")
        self.trust_write(self.store.dir)
        self.store.start()

    def snap_id(self, letter):
        return ID + letter

    def chain_of(self, data, name, letter, number, maker="maker", root=None, **more):
        """What `snap download` writes beside the file."""
        root = root or self
        return stream(root.account_key("store", root.name), root.person(maker),
                      root.declaration(name, self.snap_id(letter), maker),
                      root.revision(data, self.snap_id(letter), number, maker, **more))

    def file(self, name, version, **more):
        path = snap_make(self.folder, name, version, **more)
        return path, path.read_bytes()

    def upload(self, data):
        edge = "edge-of-the-form"
        body = (f"--{edge}\r\nContent-Disposition: form-data; name=\"binary\"; "
                "filename=\"x.snap\"\r\n\r\n").encode() + data + f"\r\n--{edge}--\r\n".encode()
        answer = self.store.call("POST", "/unscanned-upload/", body,
                                 {"Content-Type": f"multipart/form-data; boundary={edge}"})
        expect(answer.status, 200, answer.text())
        return answer.json()["upload_id"]

    def bring(self, data, chain):
        return self.store.admin("POST", "/api/v1/packages/import",
                                {"upload-id": self.upload(data), "assertions": chain})

    def brought(self, data, chain):
        answer = self.bring(data, chain)
        expect(answer.status, 200, answer.text()[:400])
        return answer.json()

    def refused(self, data, chain, part, status=400, code=None):
        """Refused, and nothing of it is there."""
        before = self.state()
        answer = self.bring(data, chain)
        expect(answer.status, status, answer.text()[:400])
        row = answer.json()["error-list"][0]
        expect_in(part, row["message"])
        if code:
            expect(row["code"], code, row)
        expect(self.state(), before, "what the store holds")

    def state(self):
        status = self.store.admin("GET", "/api/v1/status").json()
        return {name: status[name] for name in ("generation", "packages", "revisions")}

    def get(self, path):
        return self.store.call("GET", path)

    def offered(self, name, channel="stable"):
        body = refresh_body((), [install(name, channel=channel)],
                            fields=["revision", "download", "snap-yaml", "publisher", "snap-id"])
        return self.store.call("POST", "/v2/snaps/refresh", body).json()["results"][0]

    def release(self, name, number, channel="stable", status=200):
        answer = self.store.admin("POST", f"/v1/snap/{name}/releases",
                                  [{"channel": channel, "revision": number}])
        expect(answer.status, status, answer.text()[:300])

    def close(self):
        self.store.close()


@case
def a_package_of_another_root_is_served_as_it_came(w):
    path, data = w.file("far", "1")
    chain = w.chain_of(data, "far", "a", 7)
    got = w.brought(data, chain)
    expect((got["name"], got["snap-id"], got["revision"], got["publisher-id"], got["authority-id"],
            got["result"]), ("far", w.snap_id("a"), 7, "maker", "org", "added"))
    w.release("far", 7)
    snap = w.offered("far")["snap"]
    expect((snap["revision"], snap["snap-id"], snap["publisher"]["id"]),
           (7, w.snap_id("a"), "maker"))
    answer = w.get(snap["download"]["url"].split(str(w.store.port), 1)[1])
    expect(hashlib.sha3_384(answer.body).hexdigest(), hashlib.sha3_384(data).hexdigest())
    digest = b64url(hashlib.sha3_384(data).digest())
    for ref, kind in ((f"snap-revision/{digest}", "snap-revision"),
                      (f"snap-declaration/16/{w.snap_id('a')}", "snap-declaration"),
                      ("account/maker", "account"),
                      (f"account-key/{w.keys['store'].id}", "account-key")):
        expect_in(w.get(f"/v2/assertions/{ref}").text().strip(), chain, kind)


@case
def the_same_import_again_changes_nothing(w):
    path, data = w.file("far", "1")
    chain = w.chain_of(data, "far", "a", 7)
    before = w.state()
    got = w.brought(data, chain)
    expect((got["revision"], got["result"]), (7, "known"))
    expect({row["result"] for row in got["assertions"]}, {"known"})
    expect(w.state(), before, "what the store holds")


@case
def foreign_numbers_stay(w):
    path, data = w.file("far", "2")
    expect(w.brought(data, w.chain_of(data, "far", "a", 31))["revision"], 31)
    path, data = w.file("far", "0.9")
    expect(w.brought(data, w.chain_of(data, "far", "a", 4))["revision"], 4, "an older one later")
    path, data = w.file("far", "3")
    w.refused(data, w.chain_of(data, "far", "a", 31), "with other bytes", 409)
    rows = w.store.admin("GET", "/v1/snap/far/revisions").json()["revisions"]
    expect([row["revision"] for row in rows], [31, 7, 4])


@case
def what_was_not_signed_is_refused(w):
    path, data = w.file("near", "1")
    good = w.chain_of(data, "near", "n", 1)
    # another file, another size, another name
    w.refused(data + b"x", good, "speaks of this file", code="digest-mismatch")
    w.refused(data, w.chain_of(data, "near", "n", 1, size=len(data) + 1), "were signed",
              code="size-mismatch")
    w.refused(data, w.chain_of(data, "other-name", "n", 1), "its name is near",
              code="name-mismatch")
    w.refused(data, stream(w.account("maker"), w.person("maker")), "speaks of this file",
              code="digest-mismatch")
    # chains that end nowhere, or in nobody's root
    w.refused(data, w.chain_of(data, "near", "n", 1, root=w.rogue), "is not known",
              code="missing-prerequisite")
    w.refused(data, stream(w.rogue.chain(), w.chain_of(data, "near", "n", 1, root=w.rogue)), "",
              code="missing-prerequisite")
    w.refused(data, good.replace("display-name: maker", "display-name: faker"), "signature")
    w.refused(data, stream(w.account_key("store", "org"), w.person("maker"),
                           w.revision(data, w.snap_id("n"), 1, "maker")), "snap-declaration",
              code="missing-prerequisite")
    w.refused(data, stream(w.account_key("store", "org"), w.person("maker"),
                           w.declaration("near", w.snap_id("n"), "maker"),
                           w.revision(data, w.snap_id("n"), 1, "maker", by="maker")),
              "trusted account")
    w.refused(data, stream(w.account_key("store", "org"), w.person("maker"),
                           w.declaration("", w.snap_id("n"), "maker"),
                           w.revision(data, w.snap_id("n"), 1, "maker")), "revoked", code="revoked")
    expect(w.offered("near")["error"]["code"], "name-not-found")
    # no package at all, and no such upload
    w.refused(b"not a squashfs" * 500, w.chain_of(b"not a squashfs" * 500, "near", "n", 1), "")
    answer = w.store.admin("POST", "/api/v1/packages/import",
                           {"upload-id": "x" * 32, "assertions": good})
    expect(answer.status, 404, answer.text())
    # the good one passes after all this
    expect(w.brought(data, good)["result"], "added")


@case
def an_expired_key_ends_a_chain(w):
    path, data = w.file("late", "1")
    old = w.account_key("old", "org", until="2021-01-01T00:00:00Z")
    w.refused(data, stream(old, w.person("maker"),
                           w.make("snap-declaration", "old", "series: 16\n"
                                  f"snap-id: {w.snap_id('l')}\nsnap-name: late\n"
                                  "publisher-id: maker\n", authority="org"),
                           w.make("snap-revision", "old",
                                  f"snap-sha3-384: {b64url(hashlib.sha3_384(data).digest())}\n"
                                  f"snap-id: {w.snap_id('l')}\nsnap-size: {len(data)}\n"
                                  "snap-revision: 1\ndeveloper-id: maker\n", authority="org")),
              "not in its life", code=None)


@case
def names_and_ids_are_not_taken_over(w):
    w.store.storectl("register", "mine")
    path, data = w.file("mine", "1")
    w.refused(data, w.chain_of(data, "mine", "m", 1), "another package's", 409)
    # bytes that a package of ours has are no others'
    w.store.storectl("push", path, "--unsigned")
    expect(w.store.admin("GET", "/v1/snap/mine/revisions").json()["revisions"][0]["revision"], 1)


def acme_id(w, name):
    return w.store.admin("GET", f"/v1/snap/{name}").json()["metadata"]["id"]


@case
def a_root_speaks_for_its_own_only(w):
    """A root that is trusted for some packages takes over nothing of ours, nor of another root."""
    def refused(part, *assertions):
        before = w.state()
        answer = w.store.admin("POST", "/api/v1/assertions", stream(*assertions),
                               "application/x.ubuntu.assertion")
        expect((answer.status, w.state()), (400, before), answer.text()[:300])
        expect_in(part, answer.text())
    made = w.store.admin("POST", "/api/v1/accounts", {"username": "guest"}).json()
    ours, snap_id, store = made["account-id"], acme_id(w, "mine"), w.account_key("store", "org")
    maker = w.person("maker")
    # an account of ours; a key for one, for our root account, and for our brand
    refused("signed the one that is known", w.make("account", "root", f"account-id: {ours}\n"
            "display-name: x\nvalidation: verified\n", revision=9))
    for account in (ours, "acme"):
        refused("has no say in account", w.account_key("evil", account))
        refused("has no say in account", store, w.account_key("evil", account, by="store"))
    # a package of ours: its declaration, a revision of it, its developers
    refused("signed the one that is known", store, maker,
            w.declaration("mine", snap_id, "maker", revision=99))
    path, data = w.file("mine", "66")
    refused("has no say in snap-declaration", store, maker, w.revision(data, snap_id, 66, "maker"))
    refused("has no say in", store, maker,
            w.make("snap-developer", "store", f"snap-id: {snap_id}\npublisher-id: {ours}\n"
                   "developers:\n  -\n    developer-id: maker\n    since: 2020-01-01T00:00:00Z\n",
                   stamp=None))
    # a package of theirs in our name
    refused("has no say in account", store, w.declaration("gift", w.snap_id("z"), "acme"))
    # bytes of ours as another package
    data = w.file("mine", "1")[1]
    refused("signed the one that is known", store, maker,
            w.declaration("thief", w.snap_id("y"), "maker"),
            w.revision(data, w.snap_id("y"), 1, "maker"))
    # our store, for an operator of theirs: private packages are for the operator's devices
    refused("has no say in the store acme", store, maker,
            w.make("store", "store", "store: acme\noperator-id: maker\n", revision=9))
    expect(w.store.admin("GET", "/v1/snap/mine").json()["metadata"]["publisher"]["id"], "acme")


@case
def pushes_to_an_imported_package_are_refused(w):
    path, data = w.file("far", "9")
    out = w.store.storectl("push", path, "--unsigned", "--json", code=4)
    expect_in("declared by org", json.loads(out)["error"]["message"])
    upload = w.upload(data)
    answer = w.store.admin("POST", "/v1/snap/far/revisions", {"upload-id": upload})
    expect((answer.status, answer.json()["error-list"][0]["code"]), (403, "declared-elsewhere"))
    answer = w.store.admin("POST", "/v1/snap/far/revisions?dry-run=1",
                           {"name": "far", "sha3-384": hashlib.sha3_384(data).hexdigest()})
    expect((answer.status, answer.json()["error-list"][0]["code"]), (403, "declared-elsewhere"))
    # what it has is still the newest word: nothing was issued over it
    text = w.get(f"/v2/assertions/snap-declaration/16/{w.snap_id('a')}").text()
    expect(header(text, "authority-id"), "org")


@case
def a_newer_declaration_is_followed(w):
    def offer(text):
        answer = w.store.admin("POST", "/api/v1/assertions", text, "application/x.ubuntu.assertion")
        expect(answer.status, 200, answer.text()[:300])
    offer(stream(w.person("buyer"), w.declaration("far-out", w.snap_id("a"), "buyer", revision=2)))
    expect(w.offered("far")["error"]["code"], "name-not-found")
    snap = w.offered("far-out")["snap"]
    expect((snap["publisher"]["id"], snap["revision"]), ("buyer", 7))
    # an older word that comes late changes nothing
    offer(w.declaration("far", w.snap_id("a"), "maker", revision=1))
    expect(w.offered("far-out")["snap"]["publisher"]["id"], "buyer")
    # nor does a name that is another package's here
    answer = w.store.admin("POST", "/api/v1/assertions",
                           w.declaration("mine", w.snap_id("a"), "buyer", revision=3),
                           "application/x.ubuntu.assertion")
    expect((answer.status, "another package" in answer.text()), (409, True), answer.text())
    expect(w.offered("far-out")["snap"]["revision"], 7)
    offer(w.declaration("far", w.snap_id("a"), "maker", revision=4))
    expect(w.offered("far")["snap"]["publisher"]["id"], "maker")


# --- provenance ---

def delegation(**scope):
    lines = "revision-authority:\n  -\n    account-id: brand\n    provenance:\n      - prod\n"
    for name, value in scope.items():
        name = name.replace("_", "-")
        lines += f"    {name}:\n      - {value}\n" if name.startswith("on") else \
            f"    {name}: {value}\n"
    return lines


@case
def a_delegated_revision_is_taken_by_its_provenance(w):
    path, data = w.file("own-build", "1", extra="provenance: prod\n")

    def chain(more, number=3, by="brand", provenance="prod", declared=True):
        return stream(w.account_key("store", "org"), w.person("maker"), w.person("brand"),
                      w.person("rival"),
                      w.declaration("own-build", w.snap_id("p"), "maker", more=more),
                      w.revision(data, w.snap_id("p"), number, "brand", by=by,
                                 provenance=provenance))

    w.refused(data, chain(""), "revision-authority")
    w.refused(data, chain(delegation(), by="rival"), "revision-authority")
    w.refused(data, chain(delegation(min_revision=4)), "revision-authority")
    w.refused(data, chain(delegation(max_revision=2)), "revision-authority")
    w.refused(data, chain(delegation(on_store="elsewhere")), "not for the store",
              code="provenance")
    # signed under another provenance than the file says, the default one among them
    w.refused(data, chain(delegation().replace("prod", "test"), provenance="test"),
              "nobody signed", code="provenance")
    w.refused(data, stream(w.account_key("store", "org"), w.person("maker"),
                           w.declaration("own-build", w.snap_id("p"), "maker"),
                           w.revision(data, w.snap_id("p"), 3, "maker")), "nobody signed",
              code="provenance")
    got = w.brought(data, chain(delegation(on_store="acme", min_revision=2)))
    expect((got["provenance"], got["authority-id"], got["revision"]), ("prod", "brand", 3))
    w.release("own-build", 3)
    snap = w.offered("own-build")["snap"]
    expect_in("provenance: prod", snap["snap-yaml"])
    digest = b64url(hashlib.sha3_384(data).digest())
    text = w.get(f"/v2/assertions/snap-revision/{digest}/prod").text()
    expect((header(text, "authority-id"), header(text, "provenance")), ("brand", "prod"))
    expect(w.get(f"/v2/assertions/snap-revision/{digest}").status, 404, "the default provenance")


@case
def a_delegation_is_for_the_devices_it_names(w):
    model = w.store.admin("POST", "/api/v1/models", {"headers": {
        "model": "widget", "architecture": "amd64", "classic": "true", "store": "acme"}})
    device = Device(w.store, w.folder, "widget", "acme", "widget", model.json()["assertion"])
    device.register()
    device.open_session()

    def answer_for(letter, more):
        path, data = w.file(f"scoped-{letter}", "1", extra="provenance: prod\n")
        w.brought(data, stream(
            w.account_key("store", "org"), w.person("maker"), w.person("brand"),
            w.declaration(f"scoped-{letter}", w.snap_id(letter), "maker", more=more),
            w.revision(data, w.snap_id(letter), 1, "brand", by="brand", provenance="prod")))
        w.release(f"scoped-{letter}", 1)
        body = refresh_body((), [install(f"scoped-{letter}", channel="stable")])
        return device.call("POST", "/v2/snaps/refresh", body).json()["results"][0]

    expect(answer_for("e", delegation(on_brand="acme"))["result"], "install")
    expect(answer_for("f", delegation(on_model="acme/widget"))["result"], "install")
    expect(answer_for("g", delegation(on_store="acme"))["result"], "install")
    for letter, more in (("h", delegation(on_brand="zeta")),
                         ("i", delegation(on_model="acme/other"))):
        expect(answer_for(letter, more)["error"]["code"], "revision-not-found", more)
        # who has no model is not judged by one: an image is built for some device
        expect(w.offered(f"scoped-{letter}")["snap"]["revision"], 1)


@case
def a_plain_file_is_not_taken_by_a_delegated_revision(w):
    path, data = w.file("own-plain", "1")
    w.refused(data, stream(w.account_key("store", "org"), w.person("maker"), w.person("brand"),
                           w.declaration("own-plain", w.snap_id("q"), "maker", more=delegation()),
                           w.revision(data, w.snap_id("q"), 1, "brand", by="brand",
                                      provenance="prod")), "nobody signed", code="provenance")


@case
def our_brand_signs_what_is_delegated_to_it(w):
    snap_id = w.snap_id("d")
    declared = w.declaration("ours-too", snap_id, "maker",
                             more=delegation(min_revision=40).replace("brand", "acme", 1))
    answer = w.store.admin("POST", "/api/v1/assertions",
                           stream(w.account_key("store", "org"), w.person("maker"), declared),
                           "application/x.ubuntu.assertion")
    expect(answer.status, 200, answer.text()[:300])
    w.store.storectl("register", "ours-too")
    expect(w.store.admin("GET", "/v1/snap/ours-too").json()["metadata"]["id"], snap_id)
    path, plain = w.file("ours-too", "1")
    out = json.loads(w.store.storectl("push", path, "--unsigned", "--json", code=3))
    expect_in("declared by org", out["error"]["message"], "the default provenance")
    path, other = w.file("ours-too", "2", extra="provenance: test\n")
    out = json.loads(w.store.storectl("push", path, "--unsigned", "--json", code=3))
    expect_in("provenance test", out["error"]["message"], "a provenance that is not delegated")
    path, data = w.file("ours-too", "3", extra="provenance: prod\n")
    out = json.loads(w.store.storectl("push", path, "--unsigned", "--release", "stable", "--json"))
    expect(out["revision"], 40, "numbers begin where the delegation does")
    digest = b64url(hashlib.sha3_384(data).digest())
    text = w.get(f"/v2/assertions/snap-revision/{digest}/prod").text()
    expect([header(text, name) for name in ("authority-id", "developer-id", "provenance",
                                            "snap-revision")], ["acme", "acme", "prod", "40"])
    expect(w.offered("ours-too")["snap"]["revision"], 40)
    # the declaration is still the other's
    expect(w.get(f"/v2/assertions/snap-declaration/16/{snap_id}").text(), declared)


@case
def storectl_imports_and_releases(w):
    path, data = w.file("tool", "5")
    chain = w.folder / "tool.assert"
    chain.write_text(w.chain_of(data, "tool", "t", 12))
    out = json.loads(w.store.storectl("import", path, chain, "--release", "stable,1/edge", "--json",
                                      code=3))
    expect_in("is stored, but: the package tool has no track 1", out["error"]["message"])
    out = json.loads(w.store.storectl("import", path, chain, "--release", "stable,edge", "--json"))
    expect((out["revision"], out["authority-id"], out["channels"]),
           (12, "org", ["latest/stable", "latest/edge"]))
    expect(w.offered("tool", "edge")["snap"]["revision"], 12)
    text = w.store.storectl("import", path, chain)
    expect_in("is here already", text)
    other, _ = w.file("tool", "6")
    out = json.loads(w.store.storectl("import", other, chain, "--json", code=3))
    expect_in("no snap-revision in the stream", out["error"]["message"])
    chain.write_text(w.chain_of(data, "tool", "t", 12, root=w.rogue))
    out = json.loads(w.store.storectl("import", path, chain, "--json", code=3))
    expect_in("is not known", out["error"]["message"])
    chain.write_text("nothing")
    w.store.storectl("import", path, chain, code=1)
    # an export with its chain is what another store of that root takes
    out = w.store.storectl("assert", "export", "snap-declaration", "16", w.snap_id("t"), "--chain")
    expect([header(part, "type") for part in out.split("\n\ntype: ") if part][0], "account-key")


@case
def a_listed_brand_may_operate_our_store(w):
    """What stock clients need: our store, by the one root that they believe."""
    def offer(operator):
        return w.store.admin("POST", "/api/v1/assertions",
                             stream(w.account_key("store", "org"), w.person(operator),
                                    w.make("store", "store", f"store: acme\noperator-id: {operator}\n")),
                             "application/x.ubuntu.assertion")
    expect(offer("maker").status, 400, "not in model-brands")
    expect(w.get("/v2/auth/store/assertions").status, 404)
    expect(offer("listed").status, 200)
    expect_in("operator-id: listed", w.get("/v2/auth/store/assertions").text())


@case
def only_administrators_import(w):
    made = w.store.admin("POST", "/api/v1/accounts", {"username": "dev"}).json()
    token = w.store.admin("POST", "/api/v1/tokens", {"account": made["account-id"]}).json()["token"]
    for headers, want in (({}, 401), ({"Authorization": f"Macaroon {token}"}, 403)):
        answer = w.store.call("POST", "/api/v1/packages/import", {"upload-id": "x",
                                                                  "assertions": "x"}, headers)
        expect(answer.status, want)


if __name__ == "__main__":
    main(cases, World)
