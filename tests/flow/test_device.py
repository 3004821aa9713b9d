#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_device.py -- what devices ask, against a running store: registration, sessions, refresh,
assertions, downloads, deltas; each rule broken once, and nothing private shown to anybody else.

Prints `ok NAME` or `not ok NAME reason` for each case. STOREHOUSE_BUILD (or BUILD) names the
binaries' folder.
"""
import hashlib
import json
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from device_lib import (Brand, Device, Failed, Key, Store, b64url, expect, expect_in, header,
                        install, installed, main, refresh, refresh_body, sign, snap_make,
                        split_stream, stream, wait_for)

CASES = []
ABSENT_ID = "A" * 32
REFRESH = "/v2/snaps/refresh"
ASSERTION = "application/x.ubuntu.assertion"
STREAM_FIELDS = ["revision", "download", "name"]


def case(function):
    CASES.append(function)
    return function


class World:
    """tool: public, 1 and 2 in stable with a delta, 3 in edge. secret: private. listed: private,
    in zeta's model. Devices: widget and second of acme, thing of zeta (both in store acme)."""

    def __init__(self, folder):
        self.folder = folder
        self.store = Store(folder, settings="model-brands = zeta\n")
        self.store.start()
        try:
            self.fill()
        except BaseException:
            self.close()
            raise

    def fill(self):
        store, folder = self.store, self.folder
        self.ids = {}
        self.files = {}
        for name, words in (("tool", []), ("secret", ["--private"]), ("listed", ["--private"])):
            store.storectl("register", name, *words)
        self.push("tool", "1", "stable")
        self.push("tool", "2", "stable", "--wait-deltas")
        self.push("tool", "3", "edge")
        self.push("secret", "1", "stable")
        self.push("listed", "1", "stable")
        for name in ("tool", "secret", "listed"):
            self.ids[name] = store.admin("GET", f"/v1/snap/{name}").json()["metadata"]["id"]
        self.widget_model = self.issue_model("widget")
        self.widget = Device(store, folder, "widget", "acme", "widget", self.widget_model)
        self.widget.register()
        self.widget.open_session()
        self.second = Device(store, folder, "second", "acme", "widget", self.widget_model)
        self.second.register()
        self.zeta = Brand(store, folder, "zeta")
        self.thing_model = self.zeta.model("thing", "required-snaps:\n  - listed\n")
        self.thing = Device(store, folder, "thing", "zeta", "thing", self.thing_model)
        self.thing.own_serial(self.zeta.key, "Z1")
        self.thing.open_session()
        self.nobody = Device(store, folder, "nobody", "none", "none", "")

    def push(self, name, version, channel, *words):
        path = snap_make(self.folder, name, version, size=60000)
        self.files[name, version] = path.read_bytes()
        self.store.storectl("push", path, "--release", channel, "--unsigned", *words)

    def issue_model(self, name):
        answer = self.store.admin("POST", "/api/v1/models",
                                  {"headers": {"model": name, "architecture": "amd64",
                                               "classic": "true"}})
        expect(answer.status, 201, answer.text())
        return answer.json()["assertion"]

    def close(self):
        self.store.close()


def code_of(answer):
    return answer.json()["error-list"][0]["code"]


def results(answer):
    expect(answer.status, 200, answer.body[:400])
    return answer.json()["results"]


def ask(device, *actions, context=(), **more):
    return results(device.call("POST", REFRESH, refresh_body(context, actions), **more))


def digest_of(data):
    return hashlib.sha3_384(data).hexdigest()


# --- registration ---

@case
def registration_by_both_address_forms(w):
    for first, second in (("/api/v1/snaps/auth/request-id", "/api/v1/snaps/auth/devices"),
                          ("/api/v1/snaps/auth/request-id", "/api/v1/snaps/auth/serial"),
                          ("/v1/request-id", "/v1/serial")):
        device = Device(w.store, w.folder, "fresh", "acme", "widget", w.widget_model)
        answer = w.store.call("POST", first)
        expect(answer.status, 200, first)
        request = device.serial_request(answer.json()["request-id"])
        answer = device.register_with(request, second)
        expect(answer.status, 200, f"{second} {answer.body[:300]}")
        expect(answer.header("Content-Type"), ASSERTION)
        # The client said that it takes a stream: all that the serial stands on is in it, but for
        # what a device with our root has built in.
        parts = split_stream(answer.text())
        expect([header(part, "type") for part in parts], ["account-key", "serial"])
        expect(header(parts[0], "public-key-sha3-384"), header(parts[1], "sign-key-sha3-384"))
        parts = parts[1:]
        for name, want in (("brand-id", "acme"), ("model", "widget"), ("authority-id", "acme"),
                           ("device-key-sha3-384", device.key.id)):
            expect(header(parts[0], name), want, name)
        expect(answer.body[-1:], b"\n")
        # The chain is there for the asking.
        key = header(parts[0], "sign-key-sha3-384")
        expect(w.store.call("GET", f"/v2/assertions/account-key/{key}").status, 200, "signer's key")
        # Repeated unchanged: the same serial, no second one.
        expect(device.register_with(request, second).text(), answer.text(), "asked again")


@case
def registration_takes_a_proposed_serial_once(w):
    device = Device(w.store, w.folder, "proposer", "acme", "widget", w.widget_model)
    other = Device(w.store, w.folder, "proposer2", "acme", "widget", w.widget_model)
    request = device.serial_request(device.request_id(), extra="serial: SN-0042\n")
    expect(header(device.register_with(request).text(), "serial"), "SN-0042")
    request = other.serial_request(other.request_id(), extra="serial: SN-0042\n")
    refused(other.register_with(request), 409, "another key")


def refused(answer, status, part):
    expect(answer.status, status, answer.body[:300])
    expect(answer.header("Content-Type"), "application/json")
    body = answer.json()
    expect_in(part, body["message"])
    expect(body["error_list"][0]["message"], body["message"])


@case
def registration_refuses(w):
    device = Device(w.store, w.folder, "refused", "acme", "widget", w.widget_model)
    other = Key(w.folder, "otherkey")
    stranger = Key(w.folder, "strangerkey")
    used = device.request_id()
    expect(device.register_with(device.serial_request(used)).status, 200)
    # A request-id that another key used.
    refused(device.register_with(device.serial_request(used, key=other)), 409, "another device")
    # A wrong signature: signed by one key, with the other's inside.
    fresh = device.request_id()
    forged = sign(other, f"type: serial-request\nbrand-id: acme\ndevice-key:\n    " +
                  device.key.text.replace("\n", "\n    ") +
                  f"\nmodel: widget\nrequest-id: {fresh}\n", claim=device.key.id)
    refused(device.register_with(forged), 400, "signature")
    # The text was changed after it was signed.
    changed = device.serial_request(fresh).replace("model: widget", "model: gadget")
    refused(device.register_with(changed), 400, "")
    # A request-id that was made up.
    refused(device.register_with(device.serial_request("REQ-42")), 400, "not issued here")
    # A model that an unknown key signed.
    fake = sign(stranger, re.sub(r"sign-key.*", "", w.widget_model, flags=re.S))
    refused(device.register_with(device.serial_request(fresh), model_text=fake), 400, "know")
    # A model of another name than the request's.
    refused(device.register_with(device.serial_request(fresh), model_text=w.thing_model), 400,
            "another")
    # Not the assertions of a registration.
    for body in ("", "x", w.widget_model, stream(w.widget_model, device.serial_request(fresh))):
        answer = w.store.call("POST", "/api/v1/snaps/auth/devices", body)
        expect(answer.status, 400, repr(body[:40]))
        expect(bool(answer.json()["message"]), True)
    # Nothing of this used the request-id up.
    expect(device.register_with(device.serial_request(fresh)).status, 200)


@case
def registration_of_a_brand_whose_key_is_not_here(w):
    device = Device(w.store, w.folder, "zdevice", "zeta", "thing", w.thing_model)
    answer = device.register_with(device.serial_request(device.request_id()))
    if answer.status not in (400, 403):
        raise Failed(f"{answer.status} {answer.body[:300]}")


# --- sessions ---

@case
def session_opens(w):
    answer = w.widget.session_with()
    expect(answer.status, 200, answer.body[:300])
    token = answer.json()["macaroon"]
    if not re.fullmatch(r"[A-Za-z0-9_-]+", token):
        raise Failed(f"a token that cannot stand in a header: {token}")


def session_refused(answer, statuses=(400, 403)):
    if answer.status not in statuses:
        raise Failed(f"{answer.status} {answer.body[:200]}")
    if "macaroon" in answer.json() or not answer.json()["error-list"][0]["message"]:
        raise Failed(f"{answer.body[:200]}")


@case
def session_checks_each_violated_once(w):
    d = w.widget
    session_refused(d.session_with(d.session_request(key=w.second.key)))
    session_refused(d.session_with(d.session_request(key=w.second.key, claim=d.key.id)))
    session_refused(d.session_with(serial=w.second.serial_text))
    session_refused(d.session_with(d.session_request(serial="X")))
    session_refused(d.session_with(d.session_request(model="thing")))
    session_refused(d.session_with(d.session_request(brand_id="zeta")))
    session_refused(d.session_with(model=w.thing_model))
    session_refused(d.session_with(d.session_request(nonce="made-up")))
    session_refused(d.session_with(serial=d.serial_text.replace("timestamp: 20", "timestamp: 21")))
    forged = sign(d.key, re.sub(r"sign-key.*", "", d.serial_text, flags=re.S))
    session_refused(d.session_with(serial=forged))
    once = d.session_request()
    expect(d.session_with(once).status, 200)
    session_refused(d.session_with(once), (409,))
    for body in ("", "[]", "{}", '{"device-session-request":1}', "not json", "[" * 100):
        expect(w.store.call("POST", "/api/v1/snaps/auth/sessions", body).status, 400, body[:30])


@case
def nonce_and_request_id_take_any_empty_body(w):
    for path in ("/api/v1/snaps/auth/nonces", "/api/v1/snaps/auth/request-id"):
        one, two = w.store.call("POST", path), w.store.call("POST", path, "", {"Accept": ""})
        expect((one.status, two.status), (200, 200))
        if one.body == two.body:
            raise Failed("twice the same")
        expect(w.store.call("POST", path, "x" * 100000).status, 413, "too long a body")


@case
def expired_sessions_are_renewed(w):
    device = Device(w.store, w.folder, "expiring", "acme", "widget", w.widget_model)
    device.register()
    device.open_session()
    old = device.session
    expect(len(ask(device, install("secret"))), 1)
    expect(w.store.admin("POST", "/api/v1/sessions/expire", {}).status, 200)
    for path, method in ((REFRESH, "POST"), ("/v2/snaps/info/tool", "GET"),
                         ("/v2/assertions/store/acme", "GET"), ("/v2/snaps/find", "GET")):
        for dialect in (1, 2):
            answer = device.call(method, path, refresh_body() if method == "POST" else None,
                                 dialect)
            expect(answer.status, 401, path)
            expect(answer.header("WWW-Authenticate"), "Macaroon refresh_device_session=1", path)
            expect(code_of(answer), "device-authorization-needs-refresh")
    for wrong in ('Macaroon root=""', 'Macaroon root="AAAA"', "Macaroon", "Bearer x",
                  'Macaroon root="' + "A" * 5000 + '"', f'Macaroon root="{old[:-2]}"'):
        answer = w.store.call("GET", "/v2/snaps/info/tool", None,
                              {"Snap-Device-Authorization": wrong})
        expect(answer.status, 401, wrong[:40])
    device.open_session()
    expect(ask(device, install("secret"))[0]["result"], "install")
    w.widget.open_session()
    w.thing.open_session()


# --- refresh ---

@case
def one_bad_action_does_not_fail_the_others(w):
    tool = w.ids["tool"]
    got = ask(w.widget, refresh(tool), install("nosuch", 1), {"action": "dance"},
              install("tool", 2, channel="a/b/c/d"), {"action": "install", "instance-key": "k"},
              install("tool", 3, epoch="bad"), install(7, 4), install("tool", 5, revision="x"),
              {"action": "refresh", "instance-key": "unknown", "snap-id": tool},
              install("tool", 6), context=[installed(tool, 1)])
    expect([(one["result"], one.get("error", {}).get("code")) for one in got],
           [("refresh", None), ("error", "name-not-found"), ("error", "bad-argument"),
            ("error", "revision-not-found"), ("error", "missing-key"), ("error", "bad-argument"),
            ("error", "bad-argument"), ("error", "bad-argument"), ("error", "missing-context"),
            ("install", None)])
    expect([one["instance-key"] for one in got],
           [tool, "install-1", "", "install-2", "k", "install-3", "install-4", "install-5",
            "unknown", "install-6"])
    for one in got:
        if one["result"] == "error":
            expect(sorted(one["error"]), ["code", "extra", "message"])
            expect(type(one["name"]), str)


@case
def what_a_client_needs_of_a_result(w):
    got, = ask(w.widget, install("tool"))
    snap = got["snap"]
    expect((got["effective-channel"], got["name"], got["snap-id"]),
           ("latest/stable", "tool", w.ids["tool"]))
    expect((type(snap["revision"]), snap["revision"], snap["type"], snap["prices"], snap["epoch"]),
           (int, 2, "app", {}, {"read": [0], "write": [0]}))
    data = w.files["tool", "2"]
    expect((snap["download"]["size"], snap["download"]["sha3-384"]), (len(data), digest_of(data)))
    expect(w.store.call("GET", snap["download"]["url"].split(str(w.store.port))[1]).body, data)


@case
def the_current_revision_is_no_update(w):
    tool = w.ids["tool"]
    got, = ask(w.widget, refresh(tool), context=[installed(tool, 2)])
    expect((got["result"], got["snap"]["revision"]), ("refresh", 2))
    got, = ask(w.widget, refresh(tool), context=[installed(tool, 1, "9.9/stable")])
    expect((got["result"], got["snap"]["revision"]), ("refresh", 1), "a channel that is gone")
    got, = ask(w.widget, refresh(tool, channel="9.9/stable"), context=[installed(tool, 1)])
    expect(got["error"]["code"], "revision-not-found")
    expect_in({"architecture": "all", "channel": "latest/stable"}, got["error"]["extra"]["releases"])
    got, = ask(w.widget, {"action": "refresh", "instance-key": ABSENT_ID, "snap-id": ABSENT_ID},
               context=[installed(ABSENT_ID, 1)])
    expect((got["error"]["code"], got["snap-id"]), ("id-not-found", ABSENT_ID))
    expect(ask(w.widget), [], "nothing asked")


@case
def instance_keys_are_echoed(w):
    tool = w.ids["tool"]
    key = f"{tool}:abcDEF_-"
    context = [installed(tool, 2), {**installed(tool, 1), "instance-key": key}]
    got = ask(w.widget, {"action": "refresh", "instance-key": key, "snap-id": tool}, refresh(tool),
              context=context)
    expect([one["instance-key"] for one in got], [key, tool])
    got, = ask(w.widget, install("tool", **{"instance-key": 'q"\\\u20ac\n'}))
    expect(got["instance-key"], 'q"\\\u20ac\n')


@case
def both_header_dialects(w):
    for dialect in (1, 2):
        expect(ask(w.widget, install("secret"), dialect=dialect)[0]["result"], "install", dialect)
    for name in ("Snap-Device-Store", "X-Ubuntu-Store"):
        body = refresh_body([], [install("tool")])
        for store, want in (("acme", "install"), ("", "install"), ("elsewhere", "error")):
            answer = w.store.call("POST", REFRESH, body, {name: store})
            expect(results(answer)[0]["result"], want, f"{name}: {store}")


@case
def hostile_bodies(w):
    for what, body in {
        "empty": b"", "not json": b"{", "an array": b"[]", "a number": b"1", "null": b"null",
        "no actions": b"{}", "actions no list": b'{"actions":{}}',
        "action no object": b'{"actions":[1]}', "context no list": b'{"actions":[],"context":1}',
        "context entry no object": b'{"actions":[],"context":[1]}',
        "not UTF-8": b'{"actions":[{"action":"\xff\xfe"}]}', "NUL": b'{"actions":["\\u0000"]}',
        "deep": b'{"actions":' + b"[" * 20000 + b"]" * 20000 + b"}",
        "deep objects": b'{"actions":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}",
        "twice": b'{"actions":[],"actions":[]}', "cut": b'{"actions":[{"action":"install"',
        "big number": b'{"actions":[],"context":[{"instance-key":"a","snap-id":"a",'
                      b'"revision":99999999999999999999}]}',
        "negative": b'{"actions":[],"context":[{"instance-key":"a","snap-id":"a","revision":-1}]}',
    }.items():
        answer = w.widget.call("POST", REFRESH, body)
        expect(answer.status, 400, what)
        expect(bool(answer.json()["error-list"][0]["message"]), True, what)
        expect(answer.header("Content-Type"), "application/json", what)


@case
def words_are_cut_between_characters(w):
    for letter in ("\u20ac", "\u00e9", "x", "\U0001f600"):
        for count in (9, 10, 13, 14, 20, 21, 40, 41, 60):
            got, = ask(w.widget, {"action": letter * count, "instance-key": "k"})
            expect(got["result"], "error", letter * count)
    for path in ("/v2/snaps/info/" + "%E2%82%AC" * 40, "/v2/snaps/info/%ff%fe",
                 "/v2/snaps/info/x%00y", "/v2/assertions/" + "%E2%82%AC" * 40 + "/x",
                 "/v2/assertions/account/" + "%E2%82%AC" * 100, "/v2/assertions/account/%c3"):
        answer = w.widget.call("GET", path)
        if answer.status not in (400, 404):
            raise Failed(f"{path}: {answer.status}")
        answer.json()


@case
def bounds_of_a_batch(w):
    answer = w.widget.call("POST", REFRESH, refresh_body([], [install("tool", i)
                                                              for i in range(10000)]))
    expect((answer.status, bool(answer.json()["error-list"])), (400, True), "10,000 actions")
    expect(len(ask(w.widget, *[install("tool", i) for i in range(1000)])), 1000)
    answer = w.widget.call("POST", REFRESH, b'{"actions":[],"x":"' + b"y" * (5 << 20) + b'"}')
    expect(answer.status, 413, "5 MiB")
    expect(ask(w.widget, install("tool"))[0]["result"], "install", "afterwards")


@case
def unknown_fields_and_members_are_ignored(w):
    body = refresh_body([{**installed(w.ids["tool"], 1), "held": {"by": ["system"]}, "new": 1,
                          "validation-sets": [["16", "a", "b", "1"]]}],
                        [{**refresh(w.ids["tool"]), "novelty": {"a": []}, "ignore-validation": True}],
                        fields=["revision", "no-such", 7, "links"], novelty=[1])
    got, = results(w.widget.call("POST", REFRESH, body))
    expect(sorted(got["snap"]), ["links", "name", "revision", "snap-id"])


# --- fetch-assertions ---

def fetch(w, *wanted, device=None, formats=None, key="g"):
    action = {"action": "fetch-assertions", "key": key, "assertions": list(wanted)}
    body = refresh_body([], [action])
    if formats is not None:
        body["assertion-max-formats"] = formats
    got, = results((device or w.widget).call("POST", REFRESH, body))
    expect((got["result"], got["key"]), ("fetch-assertions", key))
    return got


def path_of(w, url):
    expect(url.startswith(f"http://127.0.0.1:{w.store.port}/v2/assertions/"), True, url)
    return url.split(str(w.store.port), 1)[1]


@case
def fetch_assertions_known_newer_missing(w):
    tool = w.ids["tool"]
    declaration = {"type": "snap-declaration", "primary-key": ["16", tool]}
    got = fetch(w, {**declaration, "if-newer-than": 0})
    expect((got["assertion-stream-urls"], got.get("error-list")), ([], None), "known")
    got = fetch(w, declaration)
    url, = got["assertion-stream-urls"]
    parts = split_stream(w.widget.call("GET", path_of(w, url)).text())
    expect("snap-declaration" in [header(part, "type") for part in parts], True)
    expect([header(part, "type") for part in parts][-1], "snap-declaration", "prerequisites first")
    got = fetch(w, {"type": "snap-declaration", "primary-key": ["16", ABSENT_ID]})
    error, = got["error-list"]
    expect((error["code"], error["type"], error["primary-key"]),
           ("not-found", "snap-declaration", ["16", ABSENT_ID]))
    expect(got["assertion-stream-urls"], [])
    got = fetch(w, {"type": "no-such", "primary-key": ["x"]}, declaration,
                {"type": "account", "primary-key": []}, {"type": "account", "primary-key": ["a/b"]},
                {"type": "account", "primary-key": "acme"}, 7, {"type": "account"},
                {"type": "account", "primary-key": ["acme", "b"]},
                {"type": "account", "sequence-key": ["acme"]})
    expect((len(got["assertion-stream-urls"]), len(got["error-list"])), (1, 8))
    for body in ({"action": "fetch-assertions"}, {"action": "fetch-assertions", "key": 1},
                 {"action": "fetch-assertions", "key": "k", "assertions": 5}):
        got, = results(w.widget.call("POST", REFRESH, refresh_body([], [body])))
        expect(len(got["error-list"]), 1, body)


def sequence_of(w, number, revision=0):
    return sign(w.zeta.key, "type: validation-set\nauthority-id: zeta\n" +
                (f"revision: {revision}\n" if revision else "") +
                f"series: 16\naccount-id: zeta\nname: fleet\nsequence: {number}\nsnaps:\n  -\n"
                f"    id: {w.ids['tool']}\n    name: tool\n    revision: {number}\n"
                f"timestamp: {header(w.thing_model, 'timestamp')}\n")


@case
def sequences(w):
    for text in (sequence_of(w, 1), sequence_of(w, 2), sequence_of(w, 2, 1), sequence_of(w, 10)):
        answer = w.store.admin("POST", "/api/v1/assertions", text, ASSERTION)
        expect(answer.status, 200, answer.body[:300])
    base = "/v2/assertions/validation-set/16/zeta/fleet"

    def point(path):
        answer = w.widget.call("GET", path)
        expect(answer.status, 200, path)
        return header(answer.text(), "sequence"), header(answer.text(), "revision")

    for path, want in ((f"{base}?sequence=latest&max-format=0", ("10", None)),
                       (f"{base}?sequence=2&max-format=0", ("2", "1")), (f"{base}/2", ("2", "1")),
                       (f"{base}/1?max-format=0", ("1", None)), (f"{base}/10", ("10", None))):
        expect(point(path), want, path)
    for path in (f"{base}?sequence=3", f"{base}/3", f"{base}?sequence=x", f"{base}?sequence=",
                 f"{base}?sequence=0", base, f"{base}-x?sequence=latest", f"{base}/1/1"):
        expect(w.widget.call("GET", path).status, 404, path)
    key = {"type": "validation-set", "sequence-key": ["16", "zeta", "fleet"]}
    for more, want in (({}, 1), ({"sequence": 2}, 1), ({"sequence": 2, "if-newer-than": 1}, 0),
                       ({"sequence": 2, "if-newer-than": 0}, 1),
                       ({"if-sequence-equal-or-newer-than": 2, "if-newer-than": 1}, 1),
                       ({"if-sequence-equal-or-newer-than": 10, "if-newer-than": 0}, 0),
                       ({"if-sequence-equal-or-newer-than": 11, "if-newer-than": 0}, 0)):
        got = fetch(w, {**key, **more})
        expect((len(got["assertion-stream-urls"]), got.get("error-list")), (want, None), more)
    got = fetch(w, {**key, "sequence": 3})
    expect(got["error-list"][0]["sequence-key"], ["16", "zeta", "fleet"])


# --- assertions ---

@case
def assertions_found_and_absent(w):
    tool = w.ids["tool"]
    revision = b64url(hashlib.sha3_384(w.files["tool", "2"]).digest())
    for path in ("account/acme", f"snap-declaration/16/{tool}", f"snap-revision/{revision}",
                 f"snap-revision/{revision}/global-upload", "model/16/acme/widget"):
        answer = w.widget.call("GET", f"/v2/assertions/{path}?max-format=0", dialect=1,
                               Accept=ASSERTION)
        expect((answer.status, answer.header("Content-Type")), (200, ASSERTION), path)
        expect(header(answer.text(), "type"), path.split("/")[0])
        if not answer.body.endswith(b"\n") or answer.body.endswith(b"\n\n"):
            raise Failed(f"{path} does not end in exactly one LF")
        expect(answer.header("Snap-Store-Version"), "72")
    for path in ("account/nobody", f"snap-declaration/16/{ABSENT_ID}", "account-key/x",
                 f"snap-declaration/15/{tool}", "store/elsewhere", "no-such-type/x",
                 f"snap-revision/{revision}/other", f"snap-declaration/16/{tool}/x",
                 "serial/acme/widget/nothing", "serial/acme", "account/acme%2Fx",
                 "repair/acme/1"):
        answer = w.widget.call("GET", f"/v2/assertions/{path}")
        expect((answer.status, answer.header("Content-Type")), (404, "application/json"), path)
        expect(code_of(answer), "not-found", path)
    answer = w.widget.call("GET", f"/v2/assertions/serial/acme/widget/{w.widget.serial}")
    expect(answer.text(), w.widget.serial_text, "a serial")
    expect(w.widget.call("GET", "/v2/assertions/account/acme?max-format=x").status, 400)


@case
def assertions_are_cacheable(w):
    path = f"/v2/assertions/snap-declaration/16/{w.ids['tool']}"
    answer = w.widget.call("GET", path)
    etag = answer.header("ETag")
    expect(bool(etag), True, "ETag")
    again = w.widget.call("GET", path, If_None_Match=etag)
    expect((again.status, again.body, again.header("ETag")), (304, b"", etag))
    expect(w.widget.call("GET", path, If_None_Match='"other"').status, 200)
    head = w.widget.call("HEAD", path)
    expect((head.status, head.body, head.header("Content-Length")),
           (200, b"", str(len(answer.body))))
    expect_in("max-age", answer.header("Cache-Control"))
    secret = w.widget.call("GET", f"/v2/assertions/snap-declaration/16/{w.ids['secret']}")
    expect(secret.status, 200)
    expect_in("private", secret.header("Cache-Control"), "a shared cache must not keep it")


@case
def streams_with_prerequisites(w):
    revision = b64url(hashlib.sha3_384(w.files["tool", "2"]).digest())
    answer = w.widget.call("GET", f"/v2/assertions/snap-revision/{revision}?with=prerequisites")
    types = [header(part, "type") for part in split_stream(answer.text())]
    for wanted in ("snap-revision", "snap-declaration", "account", "account-key"):
        expect_in(wanted, types)
    expect(types[-1], "snap-revision")
    expect(len(types), len(set(split_stream(answer.text()))), "each once")


@case
def max_format_is_respected(w):
    tool = w.ids["tool"]
    got = w.widget.call("GET", f"/v2/assertions/snap-declaration/16/{tool}?max-format=0")
    expect((got.status, header(got.text(), "format")), (200, None))
    answer = w.widget.call("GET", f"/v2/assertions/snap-declaration/16/{tool}?max-format=7")
    expect(answer.status, 200)


# --- downloads ---

def url_of(w, device, name, **more):
    got, = ask(device, install(name, **more))
    expect(got["result"], "install", got)
    url = got["snap"]["download"]["url"]
    return url.split(str(w.store.port), 1)[1]


@case
def downloads_whole_and_in_parts(w):
    path, data = url_of(w, w.widget, "tool"), w.files["tool", "2"]
    size = len(data)
    answer = w.store.call("GET", path)
    expect((answer.status, answer.body == data), (200, True))
    expect(answer.header("Content-Length"), str(size))
    expect_in("immutable", answer.header("Cache-Control"))
    head = w.store.call("HEAD", path)
    expect((head.status, head.body, head.header("Content-Length")), (200, b"", str(size)))
    etag = answer.header("ETag")
    expect(w.store.call("GET", path, None, {"If-None-Match": etag}).status, 304)
    for text, first, last in ((f"bytes=100-", 100, size - 1), ("bytes=0-0", 0, 0),
                              (f"bytes={size - 1}-", size - 1, size - 1),
                              ("bytes=-7", size - 7, size - 1),
                              (f"bytes=5-{size * 2}", 5, size - 1)):
        part = w.store.call("GET", path, None, {"Range": text})
        expect((part.status, part.body == data[first:last + 1]), (206, True), text)
        expect(part.header("Content-Range"), f"bytes {first}-{last}/{size}", text)
    for text in (f"bytes={size}-", f"bytes={size + 100}-", "bytes=-0"):
        part = w.store.call("GET", path, None, {"Range": text})
        expect(part.status, 416, text)
        expect(part.header("Content-Range"), f"bytes */{size}", text)
    cut = data[:size // 3]
    rest = w.store.call("GET", path, None, {"Range": f"bytes={len(cut)}-"})
    expect(digest_of(cut + rest.body), digest_of(data), "resumed")
    expect(rest.header("ETag"), etag)


@case
def downloads_of_nothing(w):
    tool = w.ids["tool"]
    want = w.store.call("GET", f"/api/v1/snaps/download/{ABSENT_ID}_1.snap").shape()
    expect(want[0], 404)
    for name in (f"{tool}_99.snap", f"{tool}_0.snap", f"{tool}_.snap", f"{tool}.snap", "x", "..",
                 f"{tool}_2.snap.snap", f"{tool}_-2.snap", f"{tool}_02.snap", f"{tool}_2.zip",
                 f"{tool}_1_2_bsdiff.delta", f"{tool}_2_1_xdelta3.delta", f"{tool}_1_2_.delta",
                 f"{tool}_1_2_{'x' * 100}.delta", f"{tool}_18446744073709551618.snap",
                 f"{tool[:-1]}_2.snap", f"%2e%2e%2fstorehouse.db", f"{tool}_2%00.snap", "_.snap",
                 "A" * 32, "A" * 32 + "_", "A" * 3000):
        answer = w.store.call("GET", f"/api/v1/snaps/download/{name}")
        if answer.status not in (400, 404):
            raise Failed(f"{name}: {answer.status}")
        if answer.status == 404 and "/" not in name and "%" not in name:
            expect(answer.shape(), want, name)


@case
def private_downloads_need_a_ticket_or_a_session(w):
    secret = w.ids["secret"]
    path, data = url_of(w, w.widget, "secret"), w.files["secret", "1"]
    bare = path.split("?")[0]
    want = w.store.call("GET", f"/api/v1/snaps/download/{ABSENT_ID}_1.snap").shape()
    expect(w.store.call("GET", path).body == data, True, "the ticket")
    part = w.store.call("GET", path, None, {"Range": "bytes=10-"})
    expect((part.status, part.body == data[10:]), (206, True), "the ticket with a range")
    answer = w.widget.call("GET", bare, dialect=1)
    expect((answer.status, answer.body == data), (200, True), "the session")
    expect_in("no-store", answer.header("Cache-Control"))
    expect(w.store.call("GET", bare).shape(), want, "nobody")
    expect(w.thing.call("GET", bare).shape(), want, "another brand")
    head = w.store.call("HEAD", bare)
    expect((head.status, head.body), (404, b""), "HEAD")
    ticket = path.split("ticket=")[1]
    for changed in (ticket[:-1] + ("A" if ticket[-1] != "A" else "B"), ticket[:-1], "", "x",
                    ticket + "A", "A" * len(ticket), ("B" if ticket[0] != "B" else "C") + ticket[1:]):
        answer = w.store.call("GET", f"{bare}?ticket={changed}")
        expect(answer.shape(), want, f"ticket {changed}")
    # A ticket for one package opens no other.
    other = f"/api/v1/snaps/download/{w.ids['listed']}_1.snap?ticket={ticket}"
    expect(w.store.call("GET", other).shape(), want, "another package")
    expect_in(secret, bare)


# --- deltas ---

def deltas(w, formats, current=1, name="tool"):
    more = {} if formats is None else {"Snap_Accept_Delta_Format": formats}
    got, = ask(w.widget, refresh(w.ids[name]), context=[installed(w.ids[name], current)], **more)
    return got["snap"]["download"]["deltas"]


@case
def deltas_are_offered_by_the_rules(w):
    one, = deltas(w, "xdelta3")
    expect((one["format"], one["source"], one["target"], type(one["size"])),
           ("xdelta3", 1, 2, int))
    expect(deltas(w, None), [], "no header")
    expect(deltas(w, ""), [], "an empty header")
    expect(deltas(w, "bsdiff"), [], "another format")
    expect(deltas(w, "xdelta3", 2), [], "nothing newer")
    expect(deltas(w, "xdelta3", 77), [], "from an unknown revision")
    formats = [one["format"] for one in deltas(w, "snap-1-1-xdelta3,xdelta3,xdelta3")]
    expect((len(formats), "xdelta3" in formats), (len(set(formats)), True))
    path = one["url"].split(str(w.store.port), 1)[1]
    answer = w.store.call("GET", path)
    expect((answer.status, len(answer.body), digest_of(answer.body)),
           (200, one["size"], one["sha3-384"]))
    expect(answer.body[:4], b"\xd6\xc3\xc4\x00", "VCDIFF")
    if one["size"] >= len(w.files["tool", "2"]):
        raise Failed("a delta that is no smaller")


@case
def delta_rebuilds_the_package(w):
    one, = deltas(w, "xdelta3")
    (w.folder / "delta").write_bytes(
        w.store.call("GET", one["url"].split(str(w.store.port), 1)[1]).body)
    (w.folder / "old.snap").write_bytes(w.files["tool", "1"])
    import shutil
    import subprocess
    tool = shutil.which("xdelta3")
    if not tool:
        raise Failed("xdelta3 is not installed")
    subprocess.run([tool, "-d", "-f", "-s", str(w.folder / "old.snap"), str(w.folder / "delta"),
                    str(w.folder / "new.snap")], check=True)
    expect((w.folder / "new.snap").read_bytes() == w.files["tool", "2"], True)


# --- listings ---

@case
def content_types_are_exact(w):
    for method, path, want in (
            ("GET", "/v2/snaps/find?q=tool", "application/json"),
            ("GET", "/v2/snaps/categories", "application/json"),
            ("GET", "/v2/snaps/info/tool", "application/json"),
            ("GET", "/v2/snaps/info/nosuch", "application/json"),
            ("GET", "/api/v1/snaps/sections", "application/hal+json"),
            ("GET", "/api/v1/snaps/names?confinement=strict,classic", "application/hal+json"),
            ("POST", "/api/v1/snaps/auth/nonces", "application/json"),
            ("GET", "/no/such/address", "application/json"),
            ("GET", REFRESH, "application/json"),
            ("POST", "/v2/snaps/find", "application/json")):
        answer = w.widget.call(method, path, Accept="")
        expect(answer.header("Content-Type"), want, path)
        expect(answer.header("Snap-Store-Version"), "72", path)
    head = w.store.call("HEAD", "/")
    expect((head.status, head.header("Snap-Store-Version"), head.body), (200, "72", b""))
    expect(w.store.call("GET", REFRESH).status, 405)
    expect(w.store.call("GET", "/v2/repairs/acme/1").status, 404)
    expect(w.store.call("POST", "/v2/cohorts", {"snaps": ["nosuch"]}).status, 404)


@case
def info_find_and_names(w):
    info = w.widget.call("GET", "/v2/snaps/info/tool?fields=revision,download&architecture=amd64")
    body = info.json()
    expect((body["name"], body["snap-id"]), ("tool", w.ids["tool"]))
    first = body["channel-map"][0]
    expect((first["channel"]["name"], first["channel"]["risk"], first["channel"]["track"],
            first["revision"]), ("stable", "stable", "latest", 2))
    expect([one["channel"]["risk"] for one in body["channel-map"]], ["stable", "edge"])
    expect(w.widget.call("GET", "/v2/snaps/info/tool?architecture=riscv64").status, 200)

    def found(query, device=w.widget):
        return sorted(one["name"] for one in
                      device.call("GET", f"/v2/snaps/find?{query}").json()["results"])

    expect(found("q=tool"), ["tool"])
    expect(found("name=to"), ["tool"])
    expect(found("name=ool"), [])
    expect(found("q=nothing-like-it"), [])
    expect(found("q=" + "+".join(["tool"] * 15 + ["zzz"])), [])
    expect(found("q=" + "+".join(["tool"] * 16 + ["zzz"])), ["tool"], "words beyond the bound")
    expect(found(""), ["listed", "secret", "tool"])
    expect(found("", w.nobody), ["tool"])
    expect(found("", w.thing), ["listed", "tool"])
    expect(found("private=true"), ["listed", "secret"])
    expect(found("channel=edge&q=tool"), ["tool"])
    expect(found("channel=beta&q=tool"), [])
    result = w.widget.call("GET", "/v2/snaps/find?q=tool").json()["results"][0]
    expect((result["revision"]["channel"], result["revision"]["revision"]), ("stable", 2))
    names = w.widget.call("GET", "/api/v1/snaps/names").text()
    expect(names.startswith('{"_embedded":{"clickindex:package":['), True)
    expect_in("tool", [one["package_name"] for one in
                       json.loads(names)["_embedded"]["clickindex:package"]])


# --- hidden is absent ---

def same_but_name(w, device, make, hidden, absent):
    """make(name, id) gives an answer; with the names and ids blotted out both must be equal."""
    def blot(answer, name, snap_id):
        status, headers, body = answer.shape()
        return status, headers, body.replace(name.encode(), b"?").replace(snap_id.encode(), b"!")
    seen = blot(make(*hidden), *hidden)
    want = blot(make(*absent), *absent)
    expect(seen, want, make.__name__)


@case
def hidden_equals_absent_at_every_address(w):
    hidden, absent = ("secret", w.ids["secret"]), ("nosuch", ABSENT_ID)
    tool = w.ids["tool"]
    file_digest = b64url(hashlib.sha3_384(w.files["secret", "1"]).digest())
    devices = {"nobody": (w.nobody, {}), "thing": (w.thing, {}),
               "elsewhere": (w.nobody, {"Snap_Device_Store": "elsewhere"})}

    for who, (device, more) in devices.items():
        def get(path):
            return lambda name, snap_id: device.call(
                "GET", path.format(name=name, id=snap_id), **more)

        def post(body):
            return lambda name, snap_id: device.call(
                "POST", REFRESH, json.loads(json.dumps(body).replace("@name", name)
                                            .replace("@id", snap_id)), **more)

        makes = [get("/v2/snaps/info/{name}"), get("/v2/snaps/info/{name}?fields=channel-map"),
                 get("/v2/snaps/find?q={name}"), get("/v2/snaps/find?name={name}"),
                 get("/v2/snaps/find?q={name}&private=true"),
                 get("/v2/assertions/snap-declaration/16/{id}"),
                 get("/v2/assertions/snap-declaration/16/{id}?with=prerequisites"),
                 get("/v2/assertions/validation/16/" + tool + "/{id}/1"),
                 get("/api/v1/snaps/download/{id}_1.snap"),
                 get("/api/v1/snaps/download/{id}_1_2_xdelta3.delta"),
                 post(refresh_body([], [install("@name")])),
                 post(refresh_body([], [install("@name", channel="edge")])),
                 post(refresh_body([], [install("@name", revision=1)])),
                 post(refresh_body([], [{**install("@name"), "action": "download"}])),
                 post(refresh_body([], [{"action": "install", "instance-key": "k",
                                         "snap-id": "@id"}])),
                 post(refresh_body([installed("@id", 1)], [refresh("@id")])),
                 post(refresh_body([installed("@id", 1)], [refresh("@id", revision=1)])),
                 lambda name, snap_id: device.call("POST", "/v2/cohorts", {"snaps": [name]},
                                                   **more),
                 post(refresh_body([], [{"action": "fetch-assertions", "key": "g", "assertions": [
                     {"type": "snap-declaration", "primary-key": ["16", "@id"]},
                     {"type": "snap-declaration", "primary-key": ["16", "@id"],
                      "if-newer-than": 0}]}]))]
        for number, make in enumerate(makes):
            make.__name__ = f"{who} asks {number}"
            same_but_name(w, device, make, hidden, absent)
        for digest in (file_digest,):
            seen = device.call("GET", f"/v2/assertions/snap-revision/{digest}", **more).shape()
            want = device.call("GET", f"/v2/assertions/snap-revision/{'A' * 64}", **more).shape()
            expect(seen[:1] + (seen[2].replace(digest.encode(), b"?"),),
                   want[:1] + (want[2].replace(b"A" * 64, b"?"),), f"{who}: snap-revision")
        for path in ("/v2/snaps/find", "/api/v1/snaps/names", "/v2/snaps/find?q=s",
                     "/v2/snaps/info/tool", "/v2/snaps/categories", "/api/v1/snaps/sections"):
            text = device.call("GET", path, **more).text()
            if "secret" in text or w.ids["secret"] in text:
                raise Failed(f"{who} reads of it in {path}")


def validation_of(w, gating):
    return sign(w.zeta.key, "type: validation\nauthority-id: zeta\nseries: 16\n"
                            f"snap-id: {gating}\napproved-snap-id: {w.ids['secret']}\n"
                            "approved-snap-revision: 1\n"
                            f"timestamp: {header(w.thing_model, 'timestamp')}\n")


@case
def a_hidden_packages_validation_is_hidden(w):
    # zeta does not publish tool: the store must not take it. What is not stored is not shown.
    answer = w.store.admin("POST", "/api/v1/assertions", validation_of(w, w.ids["tool"]), ASSERTION)
    expect(answer.status, 400, answer.body[:300])
    # Its own public package may be the gate of somebody's private one.
    token = w.store.admin("POST", "/api/v1/tokens", {"account": "zeta"}).json()["token"]
    answer = w.store.call("POST", "/v1/snap", {"name": "gate"},
                          {"Authorization": f"Macaroon {token}"})
    expect(answer.status, 200, answer.body)
    gate = answer.json()["id"]
    answer = w.store.admin("POST", "/api/v1/assertions", validation_of(w, gate), ASSERTION)
    expect(answer.status, 200, answer.body[:300])
    path = f"/v2/assertions/validation/16/{gate}/{w.ids['secret']}/1"
    expect(w.widget.call("GET", path).status, 200, "the operator's device")
    expect(w.nobody.call("GET", path).status, 404, "nobody")
    expect(w.thing.call("GET", path).status, 404, "another brand")


@case
def a_model_shows_what_it_lists(w):
    expect(ask(w.thing, install("listed"))[0]["result"], "install")
    expect(ask(w.nobody, install("listed"))[0]["error"]["code"], "name-not-found")
    path = url_of(w, w.thing, "listed")
    expect(w.store.call("GET", path).body == w.files["listed", "1"], True)
    expect(w.thing.call("GET", f"/v2/assertions/snap-declaration/16/{w.ids['listed']}").status, 200)


@case
def a_package_made_public_is_seen_at_once(w):
    w.store.storectl("register", "opening", "--private")
    w.push("opening", "1", "stable")
    expect(ask(w.nobody, install("opening"))[0]["result"], "error")
    expect(w.store.admin("PATCH", "/v1/snap/opening", {"private": False}).status, 200)
    expect(ask(w.nobody, install("opening"))[0]["result"], "install")
    expect(w.store.admin("PATCH", "/v1/snap/opening", {"private": True}).status, 200)
    expect(ask(w.nobody, install("opening"))[0]["error"]["code"], "name-not-found")


@case
def a_token_that_may_not_look_shows_nothing_private(w):
    for permission, status in (("package-view", 200), ("package-push", 404)):
        made = w.store.admin("POST", "/api/v1/tokens", {"permissions": [permission]}).json()
        headers = {"Authorization": f"Macaroon {made['token']}"}
        for path in ("/v2/snaps/info/secret",
                     f"/api/v1/snaps/download/{w.ids['secret']}_1.snap",
                     f"/v2/assertions/snap-declaration/16/{w.ids['secret']}"):
            expect(w.store.call("GET", path, None, headers).status, status, f"{permission} {path}")


@case
def a_model_that_nobody_asked_for_names_nothing(w):
    """A publisher is a brand to whom it likes: own model, own serial, a session; and no right."""
    rogue = Brand(w.store, w.folder, "rogue")
    model = rogue.model("spy", "required-snaps:\n  - listed\n  - secret\n")
    spy = Device(w.store, w.folder, "spy", "rogue", "spy", model)
    spy.own_serial(rogue.key, "R1")
    spy.open_session()
    expect(ask(spy, install("tool"))[0]["result"], "install")
    for name in ("listed", "secret"):
        expect(ask(spy, install(name))[0]["error"]["code"], "name-not-found", name)
        expect(spy.call("GET", f"/v2/snaps/info/{name}").status, 404, name)
        expect(spy.call("GET", f"/v2/assertions/snap-declaration/16/{w.ids[name]}").status, 404)
        path = f"/api/v1/snaps/download/{w.ids[name]}_1.snap"
        expect(spy.call("GET", path).status, 404, name)


@case
def a_release_is_seen_by_the_next_poll(w):
    tool = w.ids["tool"]
    w.store.storectl("release", "tool", "3", "stable")
    got, = ask(w.widget, refresh(tool), context=[installed(tool, 2)])
    expect(got["snap"]["revision"], 3)
    w.store.storectl("release", "tool", "2", "stable")
    got, = ask(w.widget, refresh(tool), context=[installed(tool, 3)])
    expect(got["snap"]["revision"], 2, "a way back that was released")
    w.store.storectl("close", "tool", "edge")
    got, = ask(w.widget, install("tool", channel="edge"))
    expect((got["snap"]["revision"], got["effective-channel"]), (2, "latest/stable"))


@case
def restart_keeps_sessions_and_everything_else(w):
    before = ask(w.widget, install("tool"), install("secret", 2))
    path = url_of(w, w.widget, "secret")
    expect(w.store.stop(), 0)
    w.store.start()
    after = ask(w.widget, install("tool"), install("secret", 2))
    for one, other in zip(before, after):
        for side in (one, other):
            side["snap"]["download"].pop("url")
        expect(other, one)
    expect(w.store.call("GET", path).status, 200, "a ticket lives on")
    wait_for("the second device's session", lambda: w.second.session_with().status == 200)


if __name__ == "__main__":
    main(CASES, World)
