#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_components.py -- components of snaps, against a running store: pushed, reviewed, paired with
revisions, told to devices that ask for them, fetched and proved; each rule broken once.

Prints `ok NAME` or `not ok NAME reason` for each case. STOREHOUSE_BUILD (or BUILD) names the
binaries' folder.
"""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from device_lib import (Device, Store, expect, expect_in, header, install, installed, main, refresh,
                        refresh_body, snap_make, split_stream)

CASES = []
REFRESH = "/v2/snaps/refresh"
DECLARES = "components:\n  words: {type: standard}\n  mods: {type: kernel-modules}\n"


def case(function):
    CASES.append(function)
    return function


def component_make(folder, name, version, snap="app", kind="standard", text=None):
    """SNAP+NAME_VERSION.comp, a squashfs with meta/component.yaml."""
    top = folder / f"{snap}+{name}-{version}-tree"
    shutil.rmtree(top, ignore_errors=True)
    (top / "meta").mkdir(parents=True)
    said = text if text is not None else \
        f"component: {snap}+{name}\ntype: {kind}\nversion: '{version}'\nsummary: some {name}\n"
    (top / "meta/component.yaml").write_text(said)
    (top / "data").write_text(f"{name} {version}\n" * 100)
    path = folder / f"{snap}+{name}_{version}.comp"
    path.unlink(missing_ok=True)
    subprocess.run(["mksquashfs", str(top), str(path), "-noappend", "-comp", "xz", "-all-root",
                    "-no-xattrs", "-quiet", "-no-progress", "-mkfs-time", "0", "-all-time", "0"],
                   check=True, stdout=subprocess.DEVNULL)
    return path


class World:
    def __init__(self, folder):
        self.folder = folder
        self.store = Store(folder)
        self.store.start()
        try:
            self.fill()
        except BaseException:
            self.store.close()
            raise

    def fill(self):
        store, folder = self.store, self.folder
        store.storectl("register", "app")
        store.storectl("register", "hidden", "--private")
        answer = store.admin("POST", "/api/v1/models",
                             {"headers": {"model": "widget", "architecture": "amd64",
                                          "classic": "true"}})
        self.widget = Device(store, folder, "widget", "acme", "widget", answer.json()["assertion"])
        self.widget.register()
        self.widget.open_session()
        self.id = store.admin("GET", "/v1/snap/app").json()["metadata"]["id"]

    def close(self):
        self.store.close()


def ask(w, action, context=(), fields=("revision", "resources", "download"), who=None, **more):
    body = refresh_body(context, [action], fields=list(fields), **more)
    call = who.call if who else w.store.call
    headers = {} if who else {"Snap-Device-Architecture": "amd64"}
    answer = call("POST", REFRESH, body) if who else call("POST", REFRESH, body, headers)
    expect(answer.status, 200, answer.text())
    return answer.json()["results"][0]


def digest_b64(data):
    return base64.urlsafe_b64encode(hashlib.sha3_384(data).digest()).decode().rstrip("=")


def fetch(w, url, **headers):
    return w.store.call("GET", url[url.index("/api/"):], None, headers)


@case
def a_snap_comes_with_its_components(w):
    snap = snap_make(w.folder, "app", "1", extra=DECLARES)
    words = component_make(w.folder, "words", "1.0")
    mods = component_make(w.folder, "mods", "5", kind="kernel-modules")
    done = json.loads(w.store.storectl("push", snap, "--unsigned", "--release", "stable",
                                       "--component", f"words={words}", "--component",
                                       f"mods={mods}", "--json"))
    expect(done["components"], {"words": 1, "mods": 1}, "what went with it")
    got = ask(w, install("app"))["snap"]["resources"]
    expect([(row["name"], row["type"], row["revision"], row["version"]) for row in got],
           [("mods", "component/kernel-modules", 1, "5"), ("words", "component/standard", 1, "1.0")],
           "resources")
    row = got[1]
    expect((row["description"], row["download"]["deltas"]), ("some words", []), "the rest")
    data = fetch(w, row["download"]["url"]).body
    expect(data, words.read_bytes(), "its bytes")
    expect((len(data), hashlib.sha3_384(data).hexdigest()),
           (row["download"]["size"], row["download"]["sha3-384"]), "size and digest")
    part = fetch(w, row["download"]["url"], Range="bytes=10-19")
    expect((part.status, part.body), (206, data[10:20]), "a part of it")


@case
def who_does_not_ask_gets_the_answer_of_before(w):
    plain = ask(w, install("app"), fields=["revision", "download"])["snap"]
    expect("resources" in plain, False, "not asked for")
    with_all = w.store.call("POST", REFRESH, refresh_body([], [install("app")]),
                            {"Snap-Device-Architecture": "amd64"}).json()["results"][0]["snap"]
    expect("resources" in with_all, False, "no fields named")
    info = w.store.call("GET", "/v2/snaps/info/app?fields=resources").json()
    expect(len(info["channel-map"][0]["resources"]), 2, "info, by name")


@case
def the_assertions_prove_it(w):
    row = ask(w, install("app"))["snap"]["resources"][1]
    digest = base64.urlsafe_b64encode(bytes.fromhex(row["download"]["sha3-384"])).decode()
    text = w.store.call(
        "GET", f"/v2/assertions/snap-resource-revision/{w.id}/words/{digest.rstrip('=')}").text()
    expect((header(text, "resource-revision"), header(text, "resource-size")),
           ("1", str(row["download"]["size"])), "the revision")
    path = f"/v2/assertions/snap-resource-pair/{w.id}/words/1/1"
    text = w.store.call("GET", path).text()
    expect((header(text, "resource-name"), header(text, "snap-revision")), ("words", "1"), "the pair")
    kinds = [header(part, "type") for part in split_stream(
        w.store.call("GET", path + "?with=prerequisites").text())]
    for kind in ("account", "account-key", "snap-declaration", "snap-resource-pair"):
        expect_in(kind, kinds, "the chain")
    expect(w.store.call("GET", f"/v2/assertions/snap-resource-pair/{w.id}/words/1/2").status, 404,
           "a pair that is none")


@case
def a_component_goes_on_alone(w):
    ctl = w.store.storectl
    words = component_make(w.folder, "words", "1.1")
    done = json.loads(ctl("push", words, "--unsigned", "--json"))
    expect((done["component"], done["revision"]), ("words", 2), "a revision of its own")
    expect(json.loads(ctl("push", words, "--unsigned", "--json"))["revision"], 2,
           "the same bytes, the same revision")
    expect(ask(w, install("app"))["snap"]["resources"][1]["revision"], 1, "not told yet")
    old = ask(w, install("app"))["snap"]["resources"][1]["download"]["url"]
    ctl("pair", "app", "1", "words=2")
    context = [installed(w.id, 1, resources=[{"name": "words", "type": "component/standard",
                                              "revision": 1}])]
    got = ask(w, refresh(w.id), context)["snap"]
    expect((got["revision"], got["resources"][1]["revision"], got["resources"][1]["version"]),
           (1, 2, "1.1"), "the same snap, a newer component")
    expect(fetch(w, old).status, 200, "the old one stays")
    ctl("pair", "app", "1", "words=1")
    expect(ask(w, install("app"))["snap"]["resources"][1]["revision"], 1, "and back")
    ctl("pair", "app", "1", "words=2")
    listed = json.loads(ctl("components", "app", "--json"))["components"]
    expect([(row["name"], row["revision"], row["snap-revisions"]) for row in listed],
           [("mods", 1, [1]), ("words", 2, [1]), ("words", 1, [])], "the list")


@case
def a_new_revision_says_what_goes_with_it(w):
    snap = snap_make(w.folder, "app", "2", extra=DECLARES)
    w.store.storectl("push", snap, "--unsigned", "--release", "edge", "--component", "words=2")
    edge = ask(w, install("app", channel="edge"))["snap"]
    expect([(row["name"], row["revision"]) for row in edge["resources"]], [("words", 2)], "edge")
    stable = ask(w, install("app", channel="stable"))["snap"]
    expect([(row["name"], row["revision"]) for row in stable["resources"]],
           [("mods", 1), ("words", 2)], "stable keeps its own")


@case
def a_component_is_as_visible_as_its_snap(w):
    ctl = w.store.storectl
    snap = snap_make(w.folder, "hidden", "1", extra=DECLARES)
    words = component_make(w.folder, "words", "9", snap="hidden")
    ctl("push", snap, "--unsigned", "--release", "stable", "--component", f"words={words}")
    snap_id = w.store.admin("GET", "/v1/snap/hidden").json()["metadata"]["id"]
    expect(ask(w, install("hidden"))["error"]["code"], "name-not-found", "a stranger")
    url = ask(w, install("hidden"), who=w.widget)["snap"]["resources"][0]["download"]["url"]
    expect_in("?ticket=", url, "the address")
    expect(fetch(w, url).body, words.read_bytes(), "with its ticket")
    expect(fetch(w, url.split("?")[0]).status, 404, "without it")
    for path in (f"snap-resource-pair/{snap_id}/words/1/1",
                 f"snap-resource-revision/{snap_id}/words/{digest_b64(words.read_bytes())}"):
        expect(w.store.call("GET", f"/v2/assertions/{path}").status, 404, "a stranger's " + path)
        expect(w.widget.call("GET", f"/v2/assertions/{path}").status, 200, "the device's " + path)


@case
def files_that_are_no_component(w):
    def pushed(name, path, want, code=3):
        upload = w.store.storectl("push", path, "--unsigned", "--json", code=code)
        expect(json.loads(upload)["error"]["code"], want, name)

    pushed("another snap's", component_make(w.folder, "words", "66", text=(
        "component: other+words\ntype: standard\n")), "name-mismatch")
    pushed("another name", component_make(w.folder, "words", "67", text=(
        "component: app+verbs\ntype: standard\n")), "name-mismatch")
    pushed("another type", component_make(w.folder, "words", "68", text=(
        "component: app+words\ntype: app\n")), "component-yaml-type")
    pushed("a provenance", component_make(w.folder, "words", "69", text=(
        "component: app+words\ntype: standard\nprovenance: mine\n")), "provenance")
    snap = snap_make(w.folder, "app", "70")
    path = w.folder / "app+words_70.comp"
    path.write_bytes(snap.read_bytes())
    pushed("a snap", path, "component-yaml-missing")
    path = w.folder / "app+words_71.comp"
    path.write_bytes(b"hsqs" + b"\x00" * 200)
    w.store.storectl("push", path, "--unsigned", code=3)
    snap_path = w.folder / "app_72.snap"
    snap_path.write_bytes(component_make(w.folder, "words", "72").read_bytes())
    pushed("a component as a snap", snap_path, "snap-yaml-missing")
    listed = json.loads(w.store.storectl("components", "app", "--json"))["components"]
    expect(len(listed), 3, "nothing was kept")


@case
def pairs_that_are_none(w):
    ctl = w.store.storectl
    ctl("pair", "app", "1", "words=77", code=6)
    ctl("pair", "app", "77", "words=1", code=6)
    ctl("pair", "app", "1", "verbs=1", code=6)
    ctl("pair", "app", "1", "words", code=2)
    ctl("pair", "app", "one", "words=1", code=2)
    verbs = component_make(w.folder, "verbs", "1")
    ctl("push", verbs, "--unsigned")
    ctl("pair", "app", "1", "verbs=1", code=3)
    mods = component_make(w.folder, "mods", "6")
    ctl("push", mods, "--unsigned")
    ctl("pair", "app", "1", "words=1", "mods=2", code=3)
    got = ask(w, install("app", channel="stable"))["snap"]["resources"]
    expect([(row["name"], row["revision"]) for row in got], [("mods", 1), ("words", 2)],
           "all of them or none")


@case
def a_token_for_edge_does_not_change_stable(w):
    token = w.folder / "edge.token"
    w.store.storectl("token", "create", "--channels", "edge", "--out", token, "--permissions",
                     "package-push,package-release,package-view")
    w.store.storectl("pair", "app", "2", "words=1", "--token-file", token)
    w.store.storectl("pair", "app", "1", "words=1", "--token-file", token, code=4)
    w.store.storectl("token", "create", "--out", w.folder / "push.token", "--permissions",
                     "package-push")
    w.store.storectl("pair", "app", "2", "words=2", "--token-file", w.folder / "push.token", code=4)


@case
def it_is_all_there_after_a_kill(w):
    before = ask(w, install("app", channel="stable"))["snap"]["resources"]
    os.kill(w.store.children()["server"], signal.SIGKILL)
    w.store.wait_up()
    expect(ask(w, install("app", channel="stable"))["snap"]["resources"], before, "the same answer")
    w.store.storectl("fsck")


if __name__ == "__main__":
    main(CASES, World)
