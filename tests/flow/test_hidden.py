#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_hidden.py -- no device gets what its store or its model hides, by any address: packages whose
visibility changes at random, looked for by every viewer in every way after every change.

What should be visible is worked out here from what was set, not asked of the store. A viewer finds a
package in every way or in none. Prints `ok NAME` or `not ok NAME reason` for each case.
"""
import hashlib
import json
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from device_lib import (Brand, Device, Store, b64url, expect, install, installed, main, refresh,
                        refresh_body, snap_make)

CASES = []
REFRESH = "/v2/snaps/refresh"
NAMES = ["amber", "birch", "cedar", "dogwood", "elder", "fir"]
LISTED = "cedar"  # by zeta's model
ROUNDS = 12


def case(function):
    CASES.append(function)
    return function


class World:
    """Six packages of acme. Viewers: nobody; widget of acme, the operator; thing of zeta, whose
    model lists one package and may; other of zeta, whose model lists none; a store without
    packages; an administrator's token."""

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
        store = self.store
        self.ids, self.files = {}, {}
        for name in NAMES:
            store.storectl("register", name)
            path = snap_make(self.folder, name, "1", size=2000)
            store.storectl("push", path, "--release", "stable", "--unsigned")
            self.files[name] = b64url(hashlib.sha3_384(path.read_bytes()).digest())
            self.ids[name] = store.admin("GET", f"/v1/snap/{name}").json()["metadata"]["id"]
        answer = store.admin("POST", "/api/v1/models", {"headers": {
            "model": "widget", "architecture": "amd64", "classic": "true"}})
        expect(answer.status, 201, answer.text())
        widget = Device(store, self.folder, "widget", "acme", "widget", answer.json()["assertion"])
        widget.register()
        widget.open_session()
        zeta = Brand(store, self.folder, "zeta")
        self.viewers = {
            "nobody": Device(store, self.folder, "nobody", "none", "none", "").headers(),
            "elsewhere": {"Snap-Device-Store": "elsewhere", "Snap-Device-Architecture": "amd64"},
            "widget": widget.headers(),
            "admin": {"Snap-Device-Architecture": "amd64", "Authorization":
                      "Macaroon " + (store.dir / "admin.token").read_text().strip()},
        }
        for model, extra in (("thing", f"required-snaps:\n  - {LISTED}\n"), ("other", "")):
            device = Device(store, self.folder, model, "zeta", model, zeta.model(model, extra))
            device.own_serial(zeta.key, f"{model}-1")
            device.open_session()
            self.viewers[model] = device.headers()
        self.private = {name: False for name in NAMES}
        self.rules = {}  # (model, name): "include" or "exclude"

    def close(self):
        self.store.close()


def should_see(w, viewer, name):
    """What was set, in words: the view of a model goes first; then public, or a right."""
    if viewer == "elsewhere":
        return False
    if viewer in ("widget", "thing", "other"):
        rule = w.rules.get((viewer, name))
        if rule:
            return rule == "include"
    if not w.private[name]:
        return True
    return viewer in ("widget", "admin") or (viewer == "thing" and name == LISTED)


def change(w, random_):
    """One thing that an operator does."""
    name = random_.choice(NAMES)
    if random_.random() < 0.4:
        w.private[name] = not w.private[name]
        answer = w.store.admin("PATCH", f"/v1/snap/{name}", {"private": w.private[name]})
        expect(answer.status, 200, answer.text())
        return f"{name} private: {w.private[name]}"
    model = random_.choice(["widget", "thing", "other"])
    rule = random_.choice(["include", "exclude", "none"])
    brand = "" if model == "widget" else "?brand=zeta"
    answer = w.store.admin("POST", f"/api/v1/views/{model}/packages{brand}",
                           {"package": name, "rule": rule})
    expect(answer.status, 200, answer.text())
    w.rules.pop((model, name), None)
    if rule != "none":
        w.rules[model, name] = rule
    return f"{model}: {rule} {name}"


def actions_find(call, name, snap_id):
    actions = [install(name), refresh(snap_id), refresh(snap_id, revision=1),
               {**install(name, 2, revision=1)},
               {"action": "download", "instance-key": "d", "name": name, "epoch": None},
               {"action": "install", "instance-key": "i", "snap-id": snap_id, "epoch": None},
               {"action": "fetch-assertions", "key": "g", "assertions": [
                   {"type": "snap-declaration", "primary-key": ["16", snap_id]}]}]
    answer = call("POST", REFRESH, refresh_body([installed(snap_id, 1)], actions))
    expect(answer.status, 200, answer.text()[:300])
    got = answer.json()["results"]
    found = {f"action {i} {action['action']}": got[i]["result"] == action["action"]
             for i, action in enumerate(actions[:-1])}
    found["fetch-assertions"] = bool(got[-1]["assertion-stream-urls"])
    return found


def ways(w, viewer, name):
    """{way: found}."""
    def call(method, path, body=None):
        return w.store.call(method, path, body, w.viewers[viewer])

    snap_id = w.ids[name]
    found = actions_find(call, name, snap_id)
    for path in (f"/v2/snaps/info/{name}", f"/v2/snaps/info/{name}?fields=channel-map",
                 f"/v2/assertions/snap-declaration/16/{snap_id}",
                 f"/v2/assertions/snap-revision/{w.files[name]}",
                 f"/v2/assertions/snap-revision/{w.files[name]}?with=prerequisites",
                 f"/api/v1/snaps/download/{snap_id}_1.snap"):
        answer = call("GET", path)
        expect(answer.status in (200, 404), True, f"{path}: {answer.status}")
        found[path.replace(snap_id, "ID")] = answer.status == 200
    answer = call("POST", "/v2/cohorts", {"snaps": [name]})
    expect(answer.status in (200, 404), True, f"cohorts: {answer.status}")
    found["cohorts"] = answer.status == 200
    for path in (f"/v2/snaps/find?q={name}", f"/v2/snaps/find?name={name[:-1]}"):
        found[path] = any(row["name"] == name for row in call("GET", path).json()["results"])
    return found


def listings_are_clean(w, viewer):
    """Nowhere in a listing a name or an id that the viewer should not see."""
    for path in ("/v2/snaps/find", "/v2/snaps/find?q=a", "/api/v1/snaps/names",
                 "/v2/snaps/categories", "/api/v1/snaps/sections"):
        text = w.store.call("GET", path, None, w.viewers[viewer]).text()
        for name in NAMES:
            if not should_see(w, viewer, name):
                expect(name in text or w.ids[name] in text, False, f"{viewer} reads {name}: {path}")


def look(w, after):
    for viewer in w.viewers:
        for name in NAMES:
            want = should_see(w, viewer, name)
            wrong = sorted(way for way, seen in ways(w, viewer, name).items() if seen != want)
            expect(wrong, [], f"{after}; {viewer} {'finds' if want else 'does not find'} {name}, "
                              "but for")
        listings_are_clean(w, viewer)


@case
def at_first_everything_is_public(w):
    look(w, "at first")


@case
def caches_keep_what_is_for_everybody_only(w):
    """Sessions and stores are named in headers that no cache between knows of."""
    for path in ("/v2/snaps/info/amber", "/v2/snaps/find?q=amber", "/api/v1/snaps/names",
                 "/v2/snaps/categories", "/v2/snaps/info/nothing", "/media/0.png",
                 "/api/v1/snaps/download/none_1.snap"):
        expect(w.store.call("GET", path).header("Cache-Control"), "no-store", path)


@case
def whatever_changes_every_way_agrees(w):
    random_ = random.Random(20260602)
    for number in range(ROUNDS):
        done = [change(w, random_) for _ in range(3)]
        look(w, f"round {number}: {', '.join(done)}")


@case
def old_keys_and_addresses_open_nothing(w):
    """What was handed out while it was visible: a cohort key, and a revision number."""
    w.store.admin("PATCH", "/v1/snap/amber", {"private": False})
    for model in ("other",):
        w.store.admin("POST", f"/api/v1/views/{model}/packages?brand=zeta",
                      {"package": "amber", "rule": "none"})
    answer = w.store.call("POST", "/v2/cohorts", {"snaps": ["amber"]}, w.viewers["nobody"])
    key = answer.json()["cohort-keys"]["amber"]
    w.store.admin("PATCH", "/v1/snap/amber", {"private": True})
    actions = [install("amber", 1, **{"cohort-key": key}), install("amber", 2, revision=1),
               install("nosuch", 3, **{"cohort-key": key})]
    for viewer in ("nobody", "other"):
        got = w.store.call("POST", REFRESH, refresh_body([], actions),
                           w.viewers[viewer]).json()["results"]
        expect([item["error"]["code"] for item in got], ["name-not-found"] * 3, viewer)
        expect(json.dumps(got[0]).replace("amber", "?").replace("install-1", "!"),
               json.dumps(got[2]).replace("nosuch", "?").replace("install-3", "!"), viewer)


if __name__ == "__main__":
    main(CASES, World)
