#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_assertions.py -- assertions of every type as devices and operators meet them: imported, refused
with the right words, served with the headers that caches and snapd read, repairs, and the stream
that makes a store known to a device. Written from the protocol; signs with keys of its own.
"""
import re
import time

from device_lib import Device, Store, expect, expect_in, header, main, sign, split_stream, stream
from root_lib import Root

ASSERTION = "application/x.ubuntu.assertion"
SNAP_A, SNAP_B = "A" * 32, "B" * 32
DIGEST = "d" * 64
cases = []


def case(function):
    cases.append(function)
    return function


def now(shift=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + shift))


class World(Root):
    """The store acme; a root of another's (org, with a store key) that it trusts; maker and rival,
    accounts of that root with a key each; packages gate (maker's) and other (rival's) declared."""

    def __init__(self, folder):
        super().__init__(folder)
        self.store = Store(folder)
        self.trust_write(self.store.dir)
        self.store.start()
        try:
            self.must(stream(self.account_key("store", "org"), self.person("maker"),
                             self.person("rival"), self.declaration("gate", SNAP_A, "maker"),
                             self.declaration("other", SNAP_B, "rival")))
        except BaseException:
            self.close()
            raise

    def offer(self, *texts):
        return self.store.admin("POST", "/api/v1/assertions", stream(*texts), ASSERTION)

    def must(self, *texts):
        answer = self.offer(*texts)
        expect(answer.status, 200, answer.text()[:400])
        return [row["result"] for row in answer.json()["assertions"]]

    def refused(self, text, part, status=400, code="untrusted-assertion"):
        """Refused, with a text that says why, and nothing of it is there."""
        before = self.store.admin("GET", "/api/v1/status").json()["generation"]
        answer = self.offer(text)
        expect(answer.status, status, answer.text()[:400])
        row = answer.json()["error-list"][0]
        expect_in(part, row["message"], text[:60])
        if code:
            expect(row["code"], code, row)
        expect(self.store.admin("GET", "/api/v1/status").json()["generation"], before, "generation")

    def get(self, path, **headers):
        return self.store.call("GET", path, headers={k.replace("_", "-"): v
                                                     for k, v in headers.items()})

    def close(self):
        self.store.close()


# --- each type: a good one, and each way to be wrong ---

def goods(w):
    """(path, text) of a good one of each type that a store keeps."""
    return {
        "model": ("16/maker/m1", w.make(
            "model", "maker", "series: 16\nbrand-id: maker\nmodel: m1\narchitecture: amd64\n"
                              "gadget: pc\nkernel: pc-kernel\nstore: acme\n")),
        "store": ("elsewhere", w.make(
            "store", "store", "store: elsewhere\noperator-id: maker\nurl: https://store.example\n"
                              "friendly-stores:\n  - acme\n")),
        "snap-revision": (DIGEST, w.make(
            "snap-revision", "store", f"snap-sha3-384: {DIGEST}\nsnap-id: {SNAP_A}\nsnap-size: 7\n"
                                      "snap-revision: 3\ndeveloper-id: maker\n")),
        "snap-developer": (f"{SNAP_A}/maker", w.make(
            "snap-developer", "maker", f"snap-id: {SNAP_A}\npublisher-id: maker\ndevelopers:\n  -\n"
                                       "    developer-id: rival\n"
                                       "    since: 2020-01-01T00:00:00Z\n", stamp=None)),
        "validation": (f"16/{SNAP_A}/{SNAP_B}/4", w.make(
            "validation", "maker", f"series: 16\nsnap-id: {SNAP_A}\napproved-snap-id: {SNAP_B}\n"
                                   "approved-snap-revision: 4\n")),
        "validation-set": ("16/maker/fleet/1", w.make(
            "validation-set", "maker", "series: 16\naccount-id: maker\nname: fleet\nsequence: 1\n"
                                       f"snaps:\n  -\n    name: gate\n    id: {SNAP_A}\n")),
        "repair": ("maker/1", w.make(
            "repair", "maker", "brand-id: maker\nrepair-id: 1\nsummary: mends\nmodels:\n"
                               "  - maker/m1\n", body="#!/bin/sh\necho mended\n")),
        "preseed": ("16/maker/m1/l", w.make(
            "preseed", "maker", "series: 16\nbrand-id: maker\nmodel: m1\nsystem-label: l\n"
                                f"artifact-sha3-384: {DIGEST}\nsnaps:\n  -\n    name: gate\n")),
        "snap-resource-revision": (f"{SNAP_A}/data/{DIGEST}", w.make(
            "snap-resource-revision", "store",
            f"snap-id: {SNAP_A}\nresource-name: data\nresource-sha3-384: {DIGEST}\n"
            "resource-size: 7\nresource-revision: 1\ndeveloper-id: maker\n")),
        "snap-resource-pair": (f"{SNAP_A}/data/1/3", w.make(
            "snap-resource-pair", "store",
            f"snap-id: {SNAP_A}\nresource-name: data\nresource-revision: 1\nsnap-revision: 3\n"
            "developer-id: maker\n")),
        "confdb-schema": ("maker/net", w.make(
            "confdb-schema", "maker", "account-id: maker\nname: net\nviews:\n  wifi: x\n",
            body='{"storage": {}}')),
        "cluster": ("c1/1", w.make(
            "cluster", "maker", "cluster-id: c1\nsequence: 1\n")),
        "hardware-identity": (f"maker/{DIGEST}", w.make(
            "hardware-identity", "maker", f"issuer-id: maker\nhardware-id-key-sha3-384: {DIGEST}\n",
            stamp=None)),
    }


@case
def every_type_is_kept_and_served_as_it_came(w):
    for kind, (path, text) in goods(w).items():
        expect(w.must(text), ["added"], kind)
        expect(w.must(text), ["known"], kind)
        answer = w.get(f"/v2/assertions/{kind}/{path}")
        expect((answer.status, answer.header("Content-Type")), (200, ASSERTION), kind)
        expect(answer.text(), text, kind)


@case
def the_wrong_authority_is_refused(w):
    model = "series: 16\nbrand-id: maker\nmodel: m2\narchitecture: amd64\n"
    for kind, by, headers, why in (
            ("account", "maker", "account-id: new\ndisplay-name: N\nvalidation: unproven\n",
             "trusted account"),
            ("snap-declaration", "maker",
             f"series: 16\nsnap-id: {'C' * 32}\nsnap-name: c\npublisher-id: maker\n",
             "trusted account"),
            ("store", "maker", "store: s2\noperator-id: maker\n", "trusted account"),
            ("snap-revision", "maker",
             f"snap-sha3-384: {'e' * 64}\nsnap-id: {SNAP_A}\nsnap-size: 7\nsnap-revision: 9\n"
             "developer-id: maker\n", "trusted account"),
            ("snap-revision", "maker",
             f"snap-sha3-384: {'e' * 64}\nprovenance: prod\nsnap-id: {SNAP_A}\nsnap-size: 7\n"
             "snap-revision: 9\ndeveloper-id: maker\n", "revision-authority"),
            ("model", "rival", model, "brand-id"),
            ("preseed", "rival", "series: 16\nbrand-id: maker\nmodel: m1\nsystem-label: l2\n"
             f"artifact-sha3-384: {DIGEST}\nsnaps:\n  -\n    name: gate\n", "brand-id"),
            ("validation", "rival",
             f"series: 16\nsnap-id: {SNAP_A}\napproved-snap-id: {SNAP_B}\n"
             "approved-snap-revision: 5\n", "publisher of the gating snap"),
            ("validation-set", "rival", "series: 16\naccount-id: maker\nname: fleet\nsequence: 7\n"
             f"snaps:\n  -\n    name: gate\n    id: {SNAP_A}\n", "account-id"),
            ("repair", "rival", "brand-id: maker\nrepair-id: 7\nsummary: s\n", "brand-id"),
            ("confdb-schema", "rival", "account-id: maker\nname: net2\n", "account-id")):
        w.refused(w.make(kind, by, headers), why)
    w.refused(w.make("snap-developer", "rival", f"snap-id: {SNAP_A}\npublisher-id: maker\n"
                     "developers:\n  -\n    developer-id: rival\n"
                     "    since: 2020-01-01T00:00:00Z\n", stamp=None), "publisher or a trusted")
    # brand mismatch: the key is the maker's, the header says so, but the authority is another's
    w.refused(w.make("model", "maker", model, authority="rival"), "belongs to another account")


@case
def signatures_and_keys_are_checked(w):
    model = "series: 16\nbrand-id: maker\nmodel: m3\narchitecture: amd64\n"
    good = w.make("model", "maker", model)
    w.refused(good.replace("model: m3", "model: m4"), "signature")
    w.refused(sign(w.key("stranger"), "type: model\nauthority-id: maker\n" + model +
                   "timestamp: 2020-06-01T00:00:00Z\n"), "account-key",
              code="missing-prerequisite")
    w.refused(sign(w.keys["rival"], "type: model\nauthority-id: maker\n" + model +
                   "timestamp: 2020-06-01T00:00:00Z\n", claim=w.keys["maker"].id), "signature")
    # the life of the key: over, not begun, and a timestamp outside it
    w.must(w.account_key("short", "maker", until="2021-01-01T00:00:00Z"),
           w.account_key("future", "maker", since=now(86400)))
    for by, stamp, why in (("short", "2020-06-01T00:00:00Z", "not in its life"),
                           ("future", now(2 * 86400), "not in its life"),
                           ("maker", "2019-12-31T23:59:59Z", "outside the life")):
        w.refused(w.make("model", by, model, stamp=stamp, authority="maker"), why)
    # a timestamp ahead of our clock is a matter of the key's life only, as for a device
    expect(w.must(w.make("model", "maker", model, stamp=now(3600))), ["added"])


@case
def prerequisites_must_be_known(w):
    for kind, by, headers, missing in (
            ("snap-declaration", "store",
             f"series: 16\nsnap-id: {'C' * 32}\nsnap-name: c\npublisher-id: nobody\n",
             "account/nobody"),
            ("store", "store", "store: s2\noperator-id: nobody\n", "account/nobody"),
            ("snap-revision", "store", f"snap-sha3-384: {'e' * 64}\nsnap-id: {'C' * 32}\n"
             "snap-size: 7\nsnap-revision: 9\ndeveloper-id: maker\n", "snap-declaration/16/CCC"),
            ("validation", "maker", f"series: 16\nsnap-id: {SNAP_A}\napproved-snap-id: {'C' * 32}\n"
             "approved-snap-revision: 4\n", "snap-declaration/16/CCC")):
        w.refused(w.make(kind, by, headers), missing, code="missing-prerequisite")
    # in one stream, in whatever order, they are found
    late = w.declaration("late", "D" * 32, "newcomer")
    expect(sorted(w.must(late, w.account("newcomer"))), ["added", "added"])
    # a stream is kept whole or not at all
    w.refused(stream(w.account("half"), w.declaration("half", "E" * 32, "nobody2")), "nobody2",
              code="missing-prerequisite")
    expect(w.get("/v2/assertions/account/half").status, 404)


@case
def contradictions_are_refused(w):
    snaps = f"snaps:\n  -\n    name: gate\n    id: {SNAP_A}\n"
    for kind, headers, form, why in (
            ("validation-set", "series: 16\naccount-id: maker\nname: bad\nsequence: 1\nsnaps:\n"
             f"  -\n    name: gate\n    id: {SNAP_A}\n    presence: invalid\n    revision: 2\n", 0,
             "no revision"),
            ("validation-set", f"series: 16\naccount-id: maker\nname: bad\nsequence: 0\n{snaps}", 0,
             "sequence"),
            ("model", "series: 16\nbrand-id: maker\nmodel: bad\narchitecture: amd64\ngadget: pc\n"
             "snaps:\n  -\n    name: pc\n", 0, "exclude"),
            ("repair", "brand-id: maker\nrepair-id: 9\nsummary: s\nmodes:\n  - sleep\n", 0,
             "run or recover"),
            ("model", "series: 16\nbrand-id: maker\nmodel: bad\narchitecture: amd64\n", 3,
             "newer than this store")):
        w.refused(w.make(kind, "maker", headers, form=form), why, code=None)
    w.refused(w.declaration("gate", SNAP_A, "maker", revision=3,
                            more="revision-authority:\n  -\n    account-id: maker\n"
                                 "    provenance:\n      - global-upload\n"), "of its own",
              code=None)


@case
def revisions_only_move_forward(w):
    def set_of(revision, name="gate"):
        return w.make("validation-set", "maker", "series: 16\naccount-id: maker\nname: moves\n"
                      f"sequence: 1\nsnaps:\n  -\n    name: {name}\n    id: {SNAP_A}\n", revision)
    expect(w.must(set_of(2)), ["added"])
    expect(w.must(set_of(1)), ["older"])
    path = "/v2/assertions/validation-set/16/maker/moves/1"
    expect(header(w.get(path).text(), "revision"), "2")
    w.refused(set_of(2, "other"), "another text", 409, "conflict")
    expect(w.must(set_of(3)), ["added"])
    expect(header(w.get(path).text(), "revision"), "3")


@case
def requests_and_serials_are_not_imported(w):
    key = w.key("stranger")
    w.refused(sign(key, "type: account-key-request\naccount-id: maker\nname: x\n"
                        f"public-key-sha3-384: {key.id}\nsince: 2020-01-01T00:00:00Z\n",
                   body=key.text), "not kept", code="unsupported")
    w.refused("type: nothing\nauthority-id: org\n\nAcLB", "nothing", code=None)
    w.refused("", "no assertion", code=None)


# --- serving ---

@case
def formats_are_served_to_who_can_read_them(w):
    plain = w.declaration("gate", SNAP_A, "maker", revision=10)
    first = w.declaration("gate", SNAP_A, "maker", revision=11, form=1,
                          more="plugs:\n  network:\n    allow-installation: true\n")
    fourth = w.declaration("gate", SNAP_A, "maker", revision=12, form=4,
                           more="plugs:\n  network:\n    allow-installation:\n"
                                "      plug-names:\n        - a\n")
    # the newest first: a variant that older devices can read may come later
    for text in (fourth, first, plain):
        expect(w.must(text), ["added"])
    expect(w.must(w.declaration("gate", SNAP_A, "maker", revision=9)), ["older"])
    path = f"/v2/assertions/snap-declaration/16/{SNAP_A}"
    for form, want in ((0, plain), (1, first), (3, first), (4, fourth), (7, fourth)):
        expect(w.get(f"{path}?max-format={form}").text(), want, form)
    expect(w.get(path).text(), fourth)
    expect(w.get(f"{path}?max-format=x").status, 400)
    body = {"context": [], "assertion-max-formats": {"snap-declaration": 3}, "actions": [
        {"action": "fetch-assertions", "key": "k", "assertions": [
            {"type": "snap-declaration", "primary-key": ["16", SNAP_A], "if-newer-than": 10}]}]}
    got = w.store.call("POST", "/v2/snaps/refresh", body).json()["results"][0]
    url, = got["assertion-stream-urls"]
    expect_in("max-format=3", url)
    body["actions"][0]["assertions"][0]["if-newer-than"] = 11
    got = w.store.call("POST", "/v2/snaps/refresh", body).json()["results"][0]
    expect(got["assertion-stream-urls"], [], "nothing newer in format 3")


@case
def caches_are_told(w):
    for path, age in ((f"snap-revision/{DIGEST}", 3600), ("account/maker", 60),
                      (f"snap-declaration/16/{SNAP_A}", 60),
                      ("validation-set/16/maker/fleet?sequence=latest", 60)):
        answer = w.get(f"/v2/assertions/{path}")
        expect(answer.header("Cache-Control"), f"public, max-age={age}", path)
        etag = answer.header("ETag")
        again = w.get(f"/v2/assertions/{path}", If_None_Match=etag)
        expect((again.status, again.body, again.header("ETag")), (304, b"", etag), path)
        expect(w.get(f"/v2/assertions/{path}", If_None_Match='"x"').status, 200, path)
    for path in ("account/nobody", f"snap-declaration/16/{'F' * 32}", "repair/maker/99"):
        answer = w.get(f"/v2/assertions/{path}")
        expect((answer.status, answer.header("Cache-Control"), answer.header("Content-Type")),
               (404, "no-store", "application/json"), path)
        expect(answer.json()["error-list"][0]["code"], "not-found", path)


@case
def what_is_private_stays_out_of_shared_caches(w):
    w.store.storectl("register", "hush", "--private")
    snap_id = w.store.admin("GET", "/v1/snap/hush").json()["metadata"]["id"]
    path = f"/v2/assertions/snap-declaration/16/{snap_id}"
    hidden, absent = w.get(path), w.get(f"/v2/assertions/snap-declaration/16/{'F' * 32}")
    expect((hidden.status, hidden.header("Cache-Control")), (404, "no-store"))
    expect(hidden.text().replace(snap_id, "X"), absent.text().replace("F" * 32, "X"))
    answer = w.store.admin("GET", path)
    expect((answer.status, answer.header("Cache-Control")), (200, "private, max-age=60"))


@case
def users_are_for_devices_of_their_brand(w):
    model = w.make("model", "maker", "series: 16\nbrand-id: maker\nmodel: m1\n"
                   "architecture: amd64\ngadget: pc\nkernel: pc-kernel\nstore: acme\n")
    user = w.make("system-user", "maker", "brand-id: maker\nemail: a@b.example\nusername: a\n"
                  "password: $6$salt$hash\nmodels:\n  - m1\nsince: 2020-01-01T00:00:00Z\n"
                  "until: 2030-01-01T00:00:00Z\n", stamp=None)
    expect(w.must(user), ["added"])
    path = "/v2/assertions/system-user/maker/a@b.example"
    expect(w.get(path).status, 404, "a stranger")
    answer = w.store.admin("GET", path)
    expect((answer.status, answer.text(), answer.header("Cache-Control")),
           (200, user, "private, max-age=60"))
    device = Device(w.store, w.folder, "widget", "maker", "m1", model)
    device.own_serial(w.keys["maker"], "S1")
    device.serial_text = sign(w.keys["maker"], re.sub(
        r"\nsign-key.*", "", device.serial_text, flags=re.S).replace(
        header(device.serial_text, "timestamp"), "2020-06-01T00:00:00Z"))
    device.open_session()
    expect(device.call("GET", path).text(), user, "a device of the brand")
    for headers, why in (("password: plain\n", "SHA-512"), ("serials:\n  - S1\n", "format 1"),
                         ("user-presence: until-expiration\n", "format 2")):
        w.refused(w.make("system-user", "maker", "brand-id: maker\nemail: c@d.example\n"
                         f"username: a\n{headers}models:\n  - m1\nsince: 2020-01-01T00:00:00Z\n"
                         "until: 2030-01-01T00:00:00Z\n", stamp=None), why, code=None)


@case
def repairs_are_served_as_snap_repair_asks(w):
    _, text = goods(w)["repair"]
    for path in ("/v2/repairs/maker/1", "/repairs/maker/1"):
        answer = w.get(path, Accept="application/json")
        expect((answer.status, answer.header("Content-Type"), answer.header("Vary")),
               (200, "application/json", "Accept"), path)
        headers = answer.json()["headers"]
        expect((headers["brand-id"], headers["repair-id"], headers["models"], headers["type"]),
               ("maker", "1", ["maker/m1"], "repair"))
        expect(answer.header("Date") is not None, True, "Date")
        answer = w.get(path, Accept=ASSERTION)
        parts = split_stream(answer.text())
        expect(parts[0].strip(), text.strip(), "the repair comes first")
        expect([header(part, "type") for part in parts[1:]], ["account-key"] * len(parts[1:]))
        expect(header(parts[1], "public-key-sha3-384"), w.keys["maker"].id)
        expect(answer.header("ETag"), '"0"')
        expect(w.get(path, Accept=ASSERTION, If_None_Match='"0"').status, 304)
        expect(w.get(path, Accept=ASSERTION, If_None_Match='"1"').status, 200)
    for path in ("/v2/repairs/maker/2", "/v2/repairs/nobody/1", "/v2/repairs/maker/x",
                 "/repairs/maker/01"):
        answer = w.get(path, Accept="application/json")
        expect((answer.status, answer.header("Content-Type")), (404, "application/json"), path)
        expect(answer.json()["error-list"][0]["code"], "not-found", path)
    expect(w.must(w.make("repair", "maker", "brand-id: maker\nrepair-id: 1\nsummary: mends\n"
                         "disabled: true\n", revision=1, body="#!/bin/sh\n")), ["added"])
    answer = w.get("/v2/repairs/maker/1", Accept=ASSERTION, If_None_Match='"0"')
    expect((answer.status, answer.header("ETag")), (200, '"1"'))


# --- the store's own assertion ---

@case
def a_store_is_made_known_by_its_stream(w):
    answer = w.get("/v2/auth/store/assertions")
    expect((answer.status, answer.json()["error-list"][0]["code"]), (404, "not-found"))
    w.refused(w.make("store", "store", "store: acme\noperator-id: maker\n"
                     "url: https://store.example\n"), "no say", code=None)
    made = w.store.admin("POST", "/api/v1/assertions/sign", {"type": "store", "headers": {
        "url": "https://store.example"}})
    expect(made.status, 201, made.text())
    answer = w.get("/v2/auth/store/assertions")
    expect((answer.status, answer.header("Content-Type")), (200, ASSERTION))
    parts = split_stream(answer.text())
    expect(parts[-1].strip(), made.json()["assertion"].strip(), "the store's comes last")
    expect([header(part, "type") for part in parts], ["account-key", "store"],
           "and the root's account and key are built into devices")
    roots = [line.split()[1] for line in (w.store.dir / "trust/roots").read_text().splitlines()
             if not line.startswith("#")]
    expect([header(part, "public-key-sha3-384") in roots for part in parts], [False, False])
    # each one after what it stands on
    known = set(roots)
    for part in parts:
        expect(header(part, "sign-key-sha3-384") in known, True, header(part, "type"))
        known.add(header(part, "public-key-sha3-384"))


if __name__ == "__main__":
    main(cases, World)
