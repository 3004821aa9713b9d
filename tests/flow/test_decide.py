#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_decide.py -- which revision a device gets, over HTTP: cohorts, validation sets, gating,
holds, progressive releases, channels, and `storectl why` of it all.

Prints `ok NAME` or `not ok NAME reason` for each case. STOREHOUSE_BUILD (or BUILD) names the
binaries' folder.
"""
import json
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import device_lib  # noqa: E402
from device_lib import (BUILD, Brand, Device, Failed, Key, Store, expect, expect_in, install,
                        installed, main, refresh, refresh_body, sign, snap_make, split_stream)

CASES = []
REFRESH = "/v2/snaps/refresh"
ASSERTION = "application/x.ubuntu.assertion"
NOW = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def case(function):
    CASES.append(function)
    return function


class KeyFile(Key):
    """A key that was made by somebody else."""

    def __init__(self, pem, key_id):
        self.pem, self.id = pem, key_id


class KitStore(Store):
    """A store whose root and store key we hold: what an operator signs on his own machine."""

    def __init__(self, folder, settings=""):
        kit = folder / "kit"
        kit.mkdir()
        (kit / "account-id").write_text("acme\n")
        sign_kit = BUILD / "tests/lib/kit_sign"
        for role in ("root", "store"):
            subprocess.run(["openssl", "genrsa", "-traditional", "-out", kit / f"{role}.pem",
                            "2048"], check=True, capture_output=True)
        for role in ("root", "store"):
            text = subprocess.run([sign_kit, kit / "root.pem", kit / f"{role}.pem", "acme", role],
                                  capture_output=True, text=True, check=True).stdout
            (kit / f"{role}-account-key.assert").write_text(text)
        text = subprocess.run([sign_kit, kit / "root.pem", "acme"], capture_output=True, text=True,
                              check=True).stdout
        (kit / "root-account.assert").write_text(text)
        self.kit = kit
        super().__init__(folder, settings=settings)
        key_id = device_lib.header((kit / "store-account-key.assert").read_text(),
                                   "public-key-sha3-384")
        self.key = KeyFile(kit / "store.pem", key_id)

    def storectl(self, *words, code=0, data=True):
        if words[0] == "init":
            at = words.index("--brand")
            words = words[:at] + ("--root-from", self.kit) + words[at + 2:]
        return super().storectl(*words, code=code, data=data)


class World:
    """tool has revisions 1 to 4, each case releases what it needs. gate: a package that may gate it.
    secret is private. Devices: widget of acme; fleet1 of zeta/fleet, whose model enforces the set
    zeta/base; loose of zeta/loose."""

    def __init__(self, folder):
        self.folder = folder
        self.store = KitStore(folder, settings="model-brands = zeta\n")
        self.store.start()
        try:
            self.fill()
        except BaseException:
            self.close()
            raise

    def fill(self):
        store = self.store
        self.ids = {}
        for name, words in (("tool", ["1", "2", "3", "4"]), ("gate", ["1"]), ("secret", ["1"])):
            store.storectl("register", name, *(["--private"] if name == "secret" else []))
            for version in words:
                path = snap_make(self.folder, name, version, size=3000)
                store.storectl("push", path, "--unsigned")
            self.ids[name] = store.admin("GET", f"/v1/snap/{name}").json()["metadata"]["id"]
        self.tool = self.ids["tool"]
        store.storectl("release", "gate", "1", "stable")
        store.storectl("release", "secret", "1", "stable")
        self.widget = self.device("acme", "widget", self.issue("widget"))
        self.zeta = Brand(store, self.folder, "zeta")
        self.fleet1 = self.zeta_device("fleet", "validation-sets:\n  -\n    name: base\n"
                                                "    mode: enforce\n")
        self.loose = self.zeta_device("loose")
        self.nobody = Device(store, self.folder, "nobody", "none", "none", "")

    def issue(self, name):
        answer = self.store.admin("POST", "/api/v1/models", {"headers": {
            "model": name, "architecture": "amd64", "classic": "true"}})
        expect(answer.status, 201, answer.text())
        return answer.json()["assertion"]

    def device(self, brand, model, text):
        device = Device(self.store, self.folder, f"{brand}-{model}", brand, model, text)
        device.register()
        device.open_session()
        return device

    def zeta_device(self, name, extra=""):
        text = self.zeta.model(name, extra)
        device = Device(self.store, self.folder, name, "zeta", name, text)
        device.own_serial(self.zeta.key, f"{name}-1")
        device.open_session()
        return device

    def release(self, revision, channel, name="tool", **more):
        item = {"channel": channel, "revision": revision, **more}
        answer = self.store.admin("POST", f"/v1/snap/{name}/releases", [item])
        expect(answer.status, 200, answer.text())

    def add(self, *texts, status=200):
        answer = self.store.admin("POST", "/api/v1/assertions", device_lib.stream(*texts), ASSERTION)
        expect(answer.status, status, answer.text())
        return answer

    def set_of(self, number, *entries, name="base"):
        lines = ""
        for snap, presence, revision in entries:
            lines += f"  -\n    name: {snap}\n    id: {self.ids[snap]}\n    presence: {presence}\n"
            lines += f"    revision: {revision}\n" if revision else ""
        return sign(self.zeta.key, f"type: validation-set\nauthority-id: zeta\nseries: 16\n"
                                   f"account-id: zeta\nname: {name}\nsequence: {number}\n"
                                   f"snaps:\n{lines}timestamp: {NOW}\n")

    def close(self):
        self.store.close()


def ask(device, *actions, context=(), status=200, **more):
    answer = device.call("POST", REFRESH, refresh_body(context, actions), **more)
    expect(answer.status, status, answer.text()[:400])
    return answer.json()["results"]


def given(result):
    """The revision, or the code of the error."""
    return result["error"]["code"] if result["result"] == "error" else result["snap"]["revision"]


def one(device, action, current=None, tracking="latest/stable", others=(), headers=None, **more):
    context = [installed(action["snap-id"], current, tracking, **more)] if current else []
    result, = ask(device, action, context=context + list(others), **(headers or {}))
    return result


def cohorts(device, *names, **more):
    return device.call("POST", "/v2/cohorts", json.dumps({"snaps": list(names)}), **more)


def key_of(device, name="tool"):
    answer = cohorts(device, name)
    expect(answer.status, 200, answer.text())
    return answer.json()["cohort-keys"][name]


# --- cohorts ---

@case
def a_cohort_key_pins_what_was_released(w):
    w.release(1, "stable")
    first = key_of(w.nobody)
    w.release(2, "stable")
    w.release(3, "edge")
    second = key_of(w.widget)
    w.release(4, "stable")
    for device in (w.nobody, w.widget, w.loose):
        for key, channel, want in ((first, "stable", 1), (second, "stable", 2),
                                   (second, "edge", 3), (first, "edge", 1)):
            got, = ask(device, install("tool", channel=channel, **{"cohort-key": key}))
            expect(given(got), want, (key == first, channel))
    w.first, w.second = first, second


@case
def a_cohort_is_followed_and_left(w):
    kept = {"cohort-key": w.second}
    expect(given(one(w.widget, refresh(w.tool), 1, **kept)), 2, "all are refreshed")
    expect(given(one(w.widget, refresh(w.tool), 2, **kept)), 2, "nothing new in the cohort")
    expect(given(one(w.widget, refresh(w.tool, channel="latest/stable", **kept), 2, **kept)), 2,
           "one is refreshed")
    expect(given(one(w.widget, refresh(w.tool, channel="latest/stable"), 2, **kept)), 4, "left")
    expect(given(one(w.widget, refresh(w.tool, channel="stable",
                                       **{"cohort-key": w.first}), 2, **kept)), 1, "another key")
    expect(given(one(w.widget, refresh(w.tool, revision=3), 2, **kept)), 3, "a revision")


@case
def a_cohort_key_that_is_none(w):
    broken = ("A" if w.first[0] != "A" else "B") + w.first[1:]
    other = key_of(w.nobody, "gate")
    for key in ("x", broken, other, w.first + "A", w.first[:-1], "A" * 4000, "ä"):
        got, = ask(w.nobody, install("tool", **{"cohort-key": key}))
        expect(given(got), "invalid-cohort-key", key[:30])
        expect(got["name"], "tool", "an error names its package")
    got, again = ask(w.nobody, install("tool", 1, **{"cohort-key": "x"}), install("tool", 2))
    expect((given(got), given(again)), ("invalid-cohort-key", 4), "one action's error")
    expect(given(one(w.widget, refresh(w.tool), 1, **{"cohort-key": "x"})), "invalid-cohort-key",
           "in the context")
    expect(given(one(w.widget, refresh(w.tool), 1, **{"cohort-key": 5})), 4, "of no form")


@case
def cohorts_of_what_is_not_there(w):
    for device in (w.nobody, w.loose):
        absent, hidden = cohorts(device, "nosuch"), cohorts(device, "secret")
        expect(absent.status, 404, absent.text())
        expect(hidden.body.replace(b"secret", b"nosuch"), absent.body, "hidden is absent")
        expect(cohorts(device, "tool", "secret").status, 404, "one of several")
    expect(cohorts(w.widget, "secret").status, 200, "the operator's device sees it")
    for body in ("", "[]", "{", "{}", '{"snaps":"tool"}', '{"snaps":[5]}', '{"snaps":[null]}',
                 '{"snaps":' + json.dumps(["tool"] * 300) + "}"):
        answer = w.nobody.call("POST", "/v2/cohorts", body)
        expect(answer.status, 400, body[:40])
    expect(cohorts(w.nobody).json(), {"cohort-keys": {}}, "none at all")
    expect(w.nobody.call("GET", "/v2/cohorts").status, 405, "GET")
    w.store.storectl("register", "named")
    expect(cohorts(w.nobody, "named").status, 404, "never pushed")


# --- progressive releases ---

@case
def progress_is_only_ever_more(w):
    w.release(2, "beta")
    got = []
    for percentage in (1, 30, 60, 99):
        w.release(3, "beta", progressive={"percentage": percentage})
        got.append(given(one(w.widget, refresh(w.tool), 2, "beta")))
        expect(given(one(w.nobody, install("tool", channel="beta"))), 2, "without a serial")
        expect(given(one(w.widget, refresh(w.tool), 3, "beta")), 3, "who has it keeps it")
    expect(got, sorted(got), "nothing is taken away")
    held = key_of(w.nobody)
    w.release(3, "beta")
    expect(given(one(w.widget, refresh(w.tool), 2, "beta")), 3, "all of them")
    got, = ask(w.widget, install("tool", channel="beta", **{"cohort-key": held}))
    expect(given(got), 2, "a cohort pins the base")
    w.release(4, "beta", progressive={"percentage": 1})
    expect(given(one(w.loose, refresh(w.tool), 3, "beta")) in (3, 4), True, "the next one")


# --- validation sets ---

@case
def a_set_that_the_action_names(w):
    w.add(w.set_of(1, ("tool", "required", 2)), w.set_of(2, ("tool", "required", 3)),
          w.set_of(1, ("tool", "invalid", 0), name="never"))
    point = ["16", "zeta", "base"]
    for sets, want in (([point + ["1"]], 2), ([point + ["2"]], 3), ([point], 3),
                       ([point + ["3"]], "resource-not-found"),
                       ([["16", "zeta", "nosuch", "1"]], "resource-not-found"),
                       ([point + ["1"], point + ["2"]], "inconsistent-data"),
                       ([["16", "zeta", "never", "1"]], "inconsistent-data"), ([], 4)):
        got, = ask(w.loose, install("tool", **{"validation-sets": sets}))
        expect(given(got), want, sets)
        got = one(w.loose, refresh(w.tool, **{"validation-sets": sets}), 1)
        expect(given(got), want, f"refresh {sets}")
    got = one(w.loose, refresh(w.tool, revision=2, **{"validation-sets": [point + ["1"]]}), 4)
    expect(given(got), 2, "as snapd asks")
    got = one(w.loose, refresh(w.tool, revision=3, **{"validation-sets": [point + ["1"]]}), 4)
    expect(given(got), "inconsistent-data", "a revision that contradicts")
    expect_in("zeta/base/1", got["error"]["message"], "the message names the set")


@case
def a_set_that_cannot_be_read(w):
    for sets in ([["16", "zeta"]], [[]], [["16", "zeta", "base", "x"]], [["16", "zeta", "base", "0"]],
                 [["17", "zeta", "base", "1"]], [["16", "zeta", "a/b", "1"]], [[1, 2, 3, 4]],
                 ["16/zeta/base/1"], [["16", "zeta", "base", "1", "2"]], "all", [point_long()],
                 [["16", "zeta", "base", "1"]] * 17):
        got, again = ask(w.loose, install("tool", 1, **{"validation-sets": sets}),
                         install("tool", 2))
        expect((given(got), given(again)), ("bad-argument", 4), sets)
        got = one(w.loose, refresh(w.tool), 1, **{"validation-sets": sets})
        expect(given(got), 4, "in a context it says nothing")


def point_long():
    return ["16", "zeta", "b" * 65, "1"]


@case
def a_set_that_the_model_enforces(w):
    expect(given(one(w.fleet1, refresh(w.tool), 1)), 3, "the newest point")
    expect(given(one(w.fleet1, install("tool", channel="edge"))), 3, "also to install")
    expect(given(one(w.loose, refresh(w.tool), 1)), 4, "another model")
    expect(given(one(w.fleet1, refresh(w.tool), 1,
                     **{"validation-sets": [["16", "zeta", "base", "1"]]})), 2, "its own point")
    expect(given(one(w.fleet1, refresh(w.tool, revision=4), 1)), "inconsistent-data", "another")
    expect(given(one(w.fleet1, refresh(w.tool, **{"ignore-validation": True}), 1)), 4, "ignored")
    expect(given(one(w.fleet1, refresh(w.tool), 1, **{"ignore-validation": True})), 4,
           "ignored for good")
    expect(given(one(w.fleet1, refresh(w.tool, **{"ignore-validation": False}), 1,
                     **{"ignore-validation": True})), 3, "the action's word goes before")
    w.add(w.set_of(3, ("tool", "required", 2)))
    expect(given(one(w.fleet1, refresh(w.tool), 3)), 2, "a new point, also back")


@case
def every_point_of_a_set_is_served(w):
    base = "/v2/assertions/validation-set/16/zeta/base"
    for number in (1, 2, 3):
        for path in (f"{base}/{number}", f"{base}?sequence={number}&max-format=0"):
            answer = w.loose.call("GET", path)
            expect((answer.status, device_lib.header(answer.text(), "sequence")),
                   (200, str(number)), path)
    key = {"type": "validation-set", "sequence-key": ["16", "zeta", "base"]}
    for more, chained in (({"if-sequence-equal-or-newer-than": 1, "if-newer-than": 0}, True),
                          ({"sequence": 2}, True), ({"sequence": 2, "if-newer-than": 0}, None),
                          ({"if-sequence-equal-or-newer-than": 3, "if-newer-than": 0}, None)):
        got, = ask(w.loose, {"action": "fetch-assertions", "key": "g",
                             "assertions": [{**key, **more}]})
        urls = got["assertion-stream-urls"]
        expect(len(urls), 0 if chained is None else 1, more)
        if not urls:
            continue
        text = w.loose.call("GET", urls[0][urls[0].index("/v2/"):]).text()
        types = sorted(device_lib.header(part, "type") for part in split_stream(text))
        expect_in("validation-set", types, more)
        expect_in("account-key", types, "the keys that a new point stands on come with it")
        expect_in("account", types, more)


# --- gating ---

def declaration(w, name, revision, control):
    text = w.store.call("GET", f"/v2/assertions/snap-declaration/16/{w.ids[name]}").text()
    publisher = device_lib.header(text, "publisher-id")
    lines = "refresh-control:\n" + "".join(f"  - {w.ids[item]}\n" for item in control)
    return sign(w.store.key, f"type: snap-declaration\nauthority-id: acme\nrevision: {revision}\n"
                             f"series: 16\nsnap-id: {w.ids[name]}\npublisher-id: {publisher}\n"
                             f"{lines if control else ''}snap-name: {name}\ntimestamp: {NOW}\n")


def validation(w, revision, assertion_revision=0, revoked=False):
    number = f"revision: {assertion_revision}\n" if assertion_revision else ""
    return sign(w.store.key, f"type: validation\nauthority-id: acme\n{number}series: 16\n"
                             f"snap-id: {w.ids['gate']}\napproved-snap-id: {w.tool}\n"
                             f"approved-snap-revision: {revision}\n"
                             f"{'revoked: true' if revoked else 'revoked: false'}\n"
                             f"timestamp: {NOW}\n")


@case
def a_gate_is_open_for_what_it_validated(w):
    gate = installed(w.ids["gate"], 1)
    w.add(declaration(w, "gate", 10, ["tool"]))
    expect(given(one(w.loose, refresh(w.tool), 1)), 4, "the gate is not installed")
    expect(given(one(w.loose, refresh(w.tool), 1, others=[gate])), 1, "nothing is validated")
    expect(given(one(w.loose, refresh(w.tool, channel="stable"), 1, others=[gate])), 1, "named")
    expect(given(one(w.loose, install("tool"), others=[gate])), 4, "installs are not gated")
    w.add(validation(w, 2))
    expect(given(one(w.loose, refresh(w.tool), 1, others=[gate])), 2, "an earlier one")
    expect(given(one(w.loose, refresh(w.tool), 2, others=[gate])), 2, "no newer one")
    got = one(w.loose, refresh(w.tool, revision=3), 2, others=[gate])
    expect(given(got), "inconsistent-data", "a revision that is asked for")
    expect_in("not validated by gate", got["error"]["message"], "it says by whom")
    expect(given(one(w.loose, refresh(w.tool, **{"ignore-validation": True}), 1, others=[gate])), 4,
           "ignored")
    w.add(validation(w, 4))
    expect(given(one(w.loose, refresh(w.tool), 1, others=[gate])), 4, "validated")
    w.add(validation(w, 4, 1, revoked=True))
    expect(given(one(w.loose, refresh(w.tool), 1, others=[gate])), 2, "revoked")
    w.add(declaration(w, "gate", 11, []))
    expect(given(one(w.loose, refresh(w.tool), 1, others=[gate])), 4, "no gate any more")


# --- held ---

@case
def what_a_device_holds_stays(w):
    held = {"held": {"by": ["system"]}}
    gate = installed(w.ids["gate"], 1)
    expect(given(one(w.loose, refresh(w.tool), 1, **held)), 1, "everything is refreshed")
    expect(given(one(w.loose, refresh(w.tool), 1, others=[gate], **held)), 4, "it was named")
    expect(given(one(w.loose, refresh(w.tool), 1, others=[gate],
                     headers={"Snap_Refresh_Reason": "scheduled"}, **held)), 1, "scheduled")
    expect(given(one(w.loose, refresh(w.tool, channel="stable"), 1, **held)), 4, "its channel was")
    for nothing in ({"held": {"by": []}}, {"held": {}}, {"held": None}, {"held": "yes"},
                    {"held": {"by": "system"}}, {"held": [1]}):
        expect(given(one(w.loose, refresh(w.tool), 1, **nothing)), 4, nothing)


# --- channels as users know them ---

@case
def tracks_branches_and_hints(w):
    w.store.storectl("track", "create", "tool", "2.0")
    w.release(3, "2.0/candidate")
    w.release(2, "edge/fix")
    w.release(None, "edge")
    for channel, want, effective in (("stable", 4, "latest/stable"), ("latest", 4, "latest/stable"),
                                     ("2.0/edge", 3, "2.0/candidate"),
                                     ("edge", 3, "latest/beta"),
                                     ("edge/fix", 2, "latest/edge/fix"),
                                     ("edge/none", 3, "latest/beta"),
                                     ("latest/edge/fix", 2, "latest/edge/fix")):
        got, = ask(w.nobody, install("tool", channel=channel))
        expect((given(got), got.get("effective-channel")), (want, effective), channel)
        expect("redirect-channel" in got, False, channel)
    for channel in ("2.0", "2.0/stable", "3.0", "a/b/c/d", "hot", "2.0/hot"):
        got, = ask(w.nobody, install("tool", channel=channel))
        expect(given(got), "revision-not-found", channel)
        hints = [(hint["architecture"], hint["channel"])
                 for hint in got["error"]["extra"]["releases"]]
        expect_in(("all", "2.0/candidate"), hints, "where something is")
        expect(("all", "latest/edge") in hints, False, "closed is no hint")
    when = [item["expiration-date"] for item in
            w.store.admin("GET", "/v1/snap/tool/releases").json()["channel-map"]
            if item["channel"] == "latest/edge/fix"]
    days = (time.mktime(time.strptime(when[0][:19], "%Y-%m-%dT%H:%M:%S")) -
            time.mktime(time.gmtime())) / 86400
    expect(29.5 < days < 30.5, True, f"a branch lives 30 days, not {days}")


@case
def a_default_track_redirects_who_installs(w):
    answer = w.store.admin("PATCH", "/v1/snap/tool", {"default-track": "2.0"})
    expect(answer.status, 200, answer.text())
    for channel, want, redirect in (("candidate", 3, "2.0/candidate"), ("edge", 3, "2.0/edge"),
                                    ("latest/stable", 4, None), ("2.0/edge", 3, None)):
        got, = ask(w.nobody, install("tool", channel=channel))
        expect((given(got), got.get("redirect-channel")), (want, redirect), channel)
    got = one(w.loose, refresh(w.tool), 1, "stable")
    expect((given(got), got.get("redirect-channel")), (4, None), "what is installed stays there")
    answer = w.store.admin("PATCH", "/v1/snap/tool", {"default-track": ""})
    expect(answer.status, 200, answer.text())


@case
def any_revision_that_was_ever_referenced(w):
    for revision in (1, 2, 3, 4):
        for action in ("install", "download"):
            got, = ask(w.nobody, {**install("tool", revision=revision), "action": action})
            expect(given(got), revision, action)
        got, = ask(w.nobody, install("tool", revision=revision, channel="2.0/candidate"))
        expect(given(got), revision, "also beside a channel")
    got, = ask(w.nobody, install("tool", revision=5))
    expect(given(got), "revision-not-found")


# --- storectl why ---

def why(w, *words, code=0):
    out = w.store.storectl("why", *words, "--json", code=code)
    return json.loads(out)


@case
def why_a_device_gets_it(w):
    one(w.loose, refresh(w.tool), 1, "latest/beta", others=[installed(w.ids["gate"], 1)])
    answer = why(w, "loose-1", "tool")
    expect(answer["device"]["model"], "loose")
    expect((answer["asked"]["installed"], answer["asked"]["tracking"]), (1, "latest/beta"),
           "as it reported")
    expect([step["reason"] for step in answer["steps"]][:2], ["visible", "channel"])
    expect(answer["result"]["revision"], given(one(w.loose, refresh(w.tool), 1, "latest/beta")),
           "the same answer")
    answer = why(w, "fleet-1", "tool", "--model", "fleet", "--installed", "1")
    expect(answer["result"]["revision"], given(one(w.fleet1, refresh(w.tool), 1)), "a set")
    expect_in("set-pinned", [step["reason"] for step in answer["steps"]])
    text = w.store.storectl("why", "zeta/fleet", "tool")
    for part in ("Model    zeta/fleet", "Package  tool, not installed",
                 "the validation set 16/zeta/base/3 pins revision 2",
                 "Result   revision 2 (version 2, "):
        expect_in(part, text)
    answer = why(w, "widget", "tool", "--channel", "edge/fix")
    expect((answer["result"]["channel"], answer["result"]["revision"]), ("latest/edge/fix", 2))
    answer = why(w, "loose", "secret")
    expect((answer["result"]["outcome"], answer["steps"][0]["reason"]), ("no-package", "hidden"))
    answer = why(w, "loose", "tool", "--cohort", "x")
    expect((answer["result"]["outcome"], answer["result"]["code"]),
           ("refused", "invalid-cohort-key"))
    answer = why(w, "loose", "nosuch")
    expect(answer["steps"][0]["reason"], "absent")


@case
def why_of_nobody(w):
    why(w, "nosuch", "tool", code=6)
    why(w, "fleet-1", "tool", "--brand", "nosuch", code=6)
    why(w, "loose", "tool", "--arch", "vax", code=3)
    why(w, "loose", "tool", "--installed", "x", code=3)
    other = Device(w.store, w.folder, "loose-too", "zeta", "fleet", w.fleet1.model_text)
    other.own_serial(w.zeta.key, "loose-1")
    other.open_session()
    one(other, refresh(w.tool), 1)
    why(w, "loose-1", "tool", code=3)
    expect(why(w, "loose-1", "tool", "--model", "fleet")["device"]["model"], "fleet")
    expect(w.store.call("GET", "/api/v1/why?who=loose&package=tool").status, 401)
    expect(w.store.admin("GET", "/api/v1/why?who=loose").status, 400)


# --- restarts ---

@case
def keys_outlive_a_restart(w):
    before = [given(one(w.nobody, install("tool", **{"cohort-key": key})))
              for key in (w.first, w.second)]
    w.store.stop()
    w.store.start()
    after = [given(one(w.nobody, install("tool", **{"cohort-key": key})))
             for key in (w.first, w.second)]
    expect(after, before)
    expect(after, [1, 2])


if __name__ == "__main__":
    main(CASES, World)
