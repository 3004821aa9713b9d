#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_views.py -- who sees what, against a running store: stores that include others, the view of a
model, and images. Each package is looked for by every way in; a viewer finds it by all of them or by none.

Prints `ok NAME` or `not ok NAME reason` for each case. STOREHOUSE_BUILD (or BUILD) names the
binaries' folder.
"""
import base64
import hashlib
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from device_lib import (Device, Store, expect, expect_in, header, install, installed, main,
                        refresh, refresh_body, snap_make)

CASES = []
REFRESH = "/v2/snaps/refresh"


def case(function):
    CASES.append(function)
    return function


class World:
    """acme has tool, spare, secret (private) and gift (private); child includes acme and has kid.
    Devices: widget of acme in acme, pad of acme in child."""

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
        store = self.store
        store.storectl("store", "create", "child", "--title", "A child")
        store.storectl("store", "include", "child", "acme")
        self.ids, self.files = {}, {}
        for name, words in (("tool", []), ("spare", []), ("secret", ["--private"]),
                            ("gift", ["--private"]), ("kid", ["--store", "child"])):
            where = words if "--store" in words else []
            store.storectl("register", name, *words)
            path = snap_make(self.folder, name, "1", size=4000)
            store.storectl("push", path, "--release", "stable", "--unsigned", *where)
            self.files[name] = path.read_bytes()
            listed = json.loads(store.storectl("packages", "--json"))["results"]
            self.ids[name] = next(row["id"] for row in listed if row["name"] == name)
        self.widget = self.device("widget", "")
        self.pad = self.device("pad", "child")

    def device(self, model, store):
        headers = {"model": model, "architecture": "amd64", "classic": "true"}
        if store:
            headers["store"] = store
        answer = self.store.admin("POST", "/api/v1/models", {"headers": headers})
        expect(answer.status, 201, answer.text())
        device = Device(self.store, self.folder, model, "acme", model, answer.json()["assertion"])
        device.register()
        device.open_session()
        return device

    def close(self):
        self.store.close()


def stranger(w, store=None):
    """Asks with a store header and nothing else."""
    return lambda method, path, body=None: w.store.call(
        method, path, body, {"Snap-Device-Architecture": "amd64",
                             **({"Snap-Device-Store": store} if store else {})})


def digest_key(data):
    return base64.urlsafe_b64encode(hashlib.sha3_384(data).digest()).decode().rstrip("=")


def ways(w, call, name):
    """By which ways the caller finds the package; without the download, which is by address."""
    snap_id, data = w.ids[name], w.files[name]
    context = [installed(snap_id, 1)]
    got = call("POST", REFRESH, refresh_body(context, [
        install(name), refresh(snap_id),
        {"action": "download", "instance-key": "d", "name": name, "epoch": None,
         "channel": "stable"}])).json()["results"]
    found = {
        "install": got[0]["result"] == "install",
        "refresh": got[1]["result"] == "refresh",
        "download": got[2]["result"] == "download",
        "info": call("GET", f"/v2/snaps/info/{name}").status == 200,
        "find": any(row["name"] == name
                    for row in call("GET", f"/v2/snaps/find?q={name}").json()["results"]),
        "names": any(row["package_name"] == name for row in call(
            "GET", "/api/v1/snaps/names").json()["_embedded"]["clickindex:package"]),
        "declaration": call("GET", f"/v2/assertions/snap-declaration/16/{snap_id}").status == 200,
        "revision": call("GET", f"/v2/assertions/snap-revision/{digest_key(data)}").status == 200,
    }
    return {way for way, seen in found.items() if seen}, found


def sees(w, call, name, want):
    seen, all_ways = ways(w, call, name)
    if want:
        expect(seen, set(all_ways), f"{name} is seen by every way in")
    else:
        expect(seen, set(), f"{name} is hidden from every way in")


# --- stores ---

@case
def a_store_offers_what_it_includes(w):
    child, acme = stranger(w, "child"), stranger(w)
    for name in ("tool", "spare", "kid"):
        sees(w, child, name, True)
    sees(w, acme, "kid", False)
    sees(w, acme, "tool", True)
    for name in ("secret", "gift"):
        sees(w, child, name, False)
        sees(w, acme, name, False)


@case
def a_store_that_nobody_made_has_nothing(w):
    for name in ("tool", "kid"):
        sees(w, stranger(w, "no-such"), name, False)


@case
def what_is_hidden_answers_as_what_is_absent(w):
    child = stranger(w)
    for path in ("/v2/snaps/info/{}", "/v2/assertions/snap-declaration/16/{}"):
        hidden = child("GET", path.format("kid" if "info" in path else w.ids["kid"]))
        absent = child("GET", path.format("not" if "info" in path else "A" * 32))
        expect(hidden.status, absent.status, path)
        expect(hidden.body.replace(b"kid", b"not").replace(w.ids["kid"].encode(), b"A" * 32),
               absent.body, path)


@case
def the_store_assertion_names_what_is_included(w):
    text = w.store.call("GET", "/v2/assertions/store/child").text()
    expect(header(text, "operator-id"), header(
        w.store.call("GET", "/v2/assertions/model/16/acme/pad").text(), "brand-id"), "operator")
    expect_in("friendly-stores:\n  - acme\n", text, "friendly stores")


@case
def a_device_of_another_store_lives(w):
    expect(header(w.pad.model_text, "store"), "child", "the model's store")
    sees(w, w.pad.call, "kid", True)
    sees(w, w.pad.call, "tool", True)
    sees(w, w.widget.call, "kid", False)
    got = w.pad.call("POST", REFRESH, refresh_body([], [install("kid")])).json()["results"][0]
    url = got["snap"]["download"]["url"]
    # The one that fetches may send nothing but the address.
    path = url[url.index("/api/"):]
    expect(w.store.call("GET", path).body, w.files["kid"], "bytes by the signed address")
    expect(w.store.call("GET", path.split("?")[0]).status, 404, "without its ticket")


@case
def excluded_is_gone_for_the_child_only(w):
    w.store.storectl("store", "exclude", "child", "spare")
    sees(w, stranger(w, "child"), "spare", False)
    sees(w, w.pad.call, "spare", False)
    sees(w, stranger(w), "spare", True)
    w.store.storectl("store", "exclude", "child", "spare", "--undo")
    sees(w, stranger(w, "child"), "spare", True)


@case
def private_arrives_only_when_admitted(w):
    sees(w, w.pad.call, "gift", False)
    w.store.storectl("store", "admit", "child", "gift")
    sees(w, stranger(w, "child"), "gift", False)
    sees(w, w.pad.call, "gift", True)
    sees(w, w.pad.call, "secret", False)
    w.store.storectl("store", "admit", "child", "gift", "--undo")
    sees(w, w.pad.call, "gift", False)


@case
def circles_and_strangers_are_refused(w):
    ctl = w.store.storectl
    ctl("store", "include", "acme", "child", code=3)
    ctl("store", "include", "child", "child", code=3)
    ctl("store", "include", "child", "no-such", code=6)
    ctl("store", "include", "no-such", "acme", code=6)
    ctl("store", "create", "child", code=3)
    ctl("store", "create", "acme", code=3)
    ctl("store", "create", "a b", code=2)
    ctl("store", "create", "third", "--operator", "nobody", code=6)
    ctl("store", "exclude", "child", "kid", code=3)
    ctl("store", "exclude", "child", "no-such", code=6)
    ctl("store", "show", "no-such", code=6)
    names = [row["store"] for row in json.loads(ctl("store", "list", "--json"))["stores"]]
    expect(names, ["acme", "child"], "nothing half done")


@case
def a_chain_has_an_end_and_a_way_back(w):
    ctl = w.store.storectl
    last = "child"
    for number in range(1, 8):
        ctl("store", "create", f"deep{number}")
        ctl("store", "include", f"deep{number}", last)
        last = f"deep{number}"
    sees(w, stranger(w, last), "tool", True)
    ctl("store", "create", "deep8")
    ctl("store", "include", "deep8", last, code=5)
    ctl("store", "include", "child", "deep3", code=3)
    text = w.store.call("GET", "/v2/assertions/store/deep2").text()
    expect_in("friendly-stores:\n  - deep1\n  - child\n  - acme\n", text, "all of the chain")
    ctl("store", "include", "deep1", "child", "--undo")
    sees(w, stranger(w, last), "tool", False)
    expect("friendly-stores" in w.store.call("GET", "/v2/assertions/store/deep1").text(), False,
           "the assertion follows")
    expect_in("friendly-stores:\n  - deep1\noper",
              w.store.call("GET", "/v2/assertions/store/deep2").text(), "and those behind it")


@case
def a_name_is_registered_once(w):
    error = w.store.storectl("register", "tool", "--store", "child", "--json", code=3)
    expect_in("registered already in the store acme", error, "the reason")
    w.store.storectl("register", "x", "--store", "no-such", code=6)
    w.store.storectl("status", "kid", code=6)
    expect_in("latest", w.store.storectl("status", "kid", "--store", "child"), "status")


# --- views ---

@case
def a_model_sees_a_private_package_that_it_was_given(w):
    ctl = w.store.storectl
    ctl("view", "include", "pad", "secret", code=3)
    ctl("store", "admit", "child", "secret")
    ctl("view", "include", "pad", "secret")
    sees(w, w.pad.call, "secret", True)
    sees(w, stranger(w, "child"), "secret", False)
    sees(w, stranger(w), "secret", False)
    ctl("view", "include", "pad", "secret", "--undo")
    ctl("store", "admit", "child", "secret", "--undo")
    sees(w, w.pad.call, "secret", False)


@case
def a_model_does_not_see_what_is_left_out(w):
    w.store.storectl("view", "exclude", "widget", "tool")
    sees(w, w.widget.call, "tool", False)
    sees(w, w.pad.call, "tool", True)
    sees(w, stranger(w), "tool", True)
    w.store.storectl("view", "exclude", "widget", "tool", "--undo")
    sees(w, w.widget.call, "tool", True)


@case
def a_model_sees_only_what_is_listed(w):
    ctl = w.store.storectl
    ctl("view", "set", "acme/widget", "listed")
    ctl("view", "include", "widget", "spare")
    sees(w, w.widget.call, "spare", True)
    for name in ("tool", "secret"):
        sees(w, w.widget.call, name, False)
    shown = json.loads(ctl("view", "show", "widget", "--json"))
    expect((shown["mode"], [row["name"] for row in shown["packages"]]), ("listed", ["spare"]), "")
    ctl("view", "reset", "widget")
    sees(w, w.widget.call, "tool", True)
    expect(json.loads(ctl("view", "list", "--json"))["views"][0]["model"], "pad", "what is left")


@case
def pins_are_written_and_taken_back(w):
    ctl = w.store.storectl

    def pin():
        rows = json.loads(ctl("view", "show", "widget", "--json"))["packages"]
        return [(row["name"], row["pin"]) for row in rows]

    ctl("view", "pin", "widget", "tool", "1")
    expect(pin(), [("tool", {"revision": 1})], "a revision")
    ctl("view", "pin", "widget", "tool", "edge")
    expect(pin(), [("tool", {"channel": "latest/edge"})], "a channel, whole")
    ctl("view", "pin", "widget", "tool", "7", code=6)
    ctl("view", "pin", "widget", "tool", "not/a/chan/nel", code=2)
    ctl("view", "pin", "widget", "no-such", "1", code=6)
    ctl("view", "pin", "no-such", "tool", "1", code=6)
    expect(pin(), [("tool", {"channel": "latest/edge"})], "a refusal changes nothing")
    ctl("view", "unpin", "widget", "tool")
    expect(pin(), [], "no rule is left")


@case
def only_administrators_decide(w):
    w.store.storectl("account", "create", "dev")
    token = w.folder / "dev.token"
    w.store.storectl("token", "create", "--account", "dev", "--out", token)
    for words in (("store", "list"), ("store", "create", "mine"), ("view", "list"),
                  ("store", "include", "acme", "child"), ("view", "set", "widget", "listed"),
                  ("view", "include", "widget", "secret"), ("register", "mine", "--store", "child")):
        w.store.storectl(*words, "--token-file", token, code=4)


@case
def an_image_build_sees_what_its_model_sees(w):
    ctl = w.store.storectl
    token = w.folder / "build.token"
    ctl("token", "create", "--model", "acme/pad", "--out", token)
    ctl("store", "admit", "child", "secret")
    ctl("view", "include", "pad", "secret")
    ctl("view", "exclude", "pad", "spare")

    def build(method, path, body=None):
        return w.store.call(method, path, body, {
            "Authorization": f"Macaroon {token.read_text().strip()}"})

    for name, want in (("secret", True), ("kid", True), ("tool", True), ("spare", False)):
        sees(w, build, name, want)
        sees(w, w.pad.call, name, want)
    got = build("POST", REFRESH, refresh_body([], [install("secret")])).json()["results"][0]
    path = got["snap"]["download"]["url"]
    expect(w.store.call("GET", path[path.index("/api/"):]).body, w.files["secret"], "its bytes")
    for words in (("packages",), ("status", "tool"), ("store", "list"), ("register", "mine"),
                  ("push", w.folder / "tool_1.snap", "--unsigned"), ("token", "create")):
        ctl(*words, "--token-file", token, code=4)
    ctl("token", "create", "--model", "acme/nothing", "--out", w.folder / "none.token")
    token = w.folder / "none.token"
    sees(w, build, "secret", False)
    for words in (("--model", "pad"), ("--model", "acme/pad,admin"), ("--model", "acme/pad/x")):
        ctl("token", "create", *words, code=3)
    answer = w.store.admin("POST", "/api/v1/tokens", {"permissions": ["admin", "model:acme/pad"]})
    expect(answer.status, 400, "a model and more")
    ctl("view", "reset", "pad")
    ctl("store", "admit", "child", "secret", "--undo")


# --- images ---

def image_bytes(number):
    """Not a squashfs, nor anything else that could be parsed."""
    block = b"".join(hashlib.sha512(b"image %d" % i).digest() for i in range(2000))
    return b"\x00\xffimage" + block + b"%d" % number


@case
def an_image_is_for_those_who_take_images(w):
    ctl, name = w.store.storectl, "firmware"
    ctl("register", name, "--type", "image")
    for number in (1, 2):
        path = w.folder / f"update-{number}.raucb"
        path.write_bytes(image_bytes(number))
        ctl("push", path, "--type", "image", "--name", name, "--version", f"{number}.0", "--arch",
            "amd64,arm64", "--release", "stable", "--unsigned", "--wait-deltas")
    expect_in("2.0", ctl("status", name), "status")
    rows = json.loads(ctl("revisions", name, "--json"))["revisions"]
    expect([(row["version"], row["architectures"]) for row in rows],
           [("2.0", ["amd64", "arm64"]), ("1.0", ["amd64", "arm64"])], "revisions")
    w.ids[name] = next(row["id"] for row in json.loads(ctl("packages", "--json"))["results"]
                       if row["name"] == name)
    w.files[name] = image_bytes(2)
    for device in (w.widget, w.pad):
        def with_word(method, path, body=None, device=device):
            return device.call(method, path, body, Storehouse_Accept="image")

        sees(w, device.call, name, False)
        sees(w, with_word, name, True)
        sees(w, with_word, "tool", True)
    for store in (None, "child"):
        sees(w, stranger(w, store), name, False)
    text = w.store.call("GET", f"/v2/assertions/snap-declaration/16/{w.ids[name]}", None,
                        {"Storehouse-Accept": "deltas, image"}).text()
    expect(header(text, "snap-name"), name, "the word in a list")


@case
def an_image_comes_whole_in_part_and_as_a_delta(w):
    name = "firmware"
    word = {"Storehouse-Accept": "image", "Snap-Device-Architecture": "arm64",
            "Snap-Accept-Delta-Format": "xdelta3"}
    got = w.store.call("POST", REFRESH, refresh_body(
        [installed(w.ids[name], 1)], [refresh(w.ids[name])]), word).json()["results"][0]
    expect((got["snap"]["type"], got["snap"]["version"], got["snap"]["revision"]),
           ("image", "2.0", 2), "the answer")
    expect(len(got["snap"]["download"]["deltas"]), 1, "a delta")
    path = got["snap"]["download"]["url"]
    path = path[path.index("/api/"):]
    expect(w.store.call("GET", path, None, word).body, image_bytes(2), "whole")
    expect(w.store.call("GET", path, None, {**word, "Range": "bytes=5-9"}).body,
           image_bytes(2)[5:10], "in part")
    expect(w.store.call("GET", path).status, 404, "snapd has no address of it")
    delta = got["snap"]["download"]["deltas"][0]
    path = delta["url"][delta["url"].index("/api/"):]
    expect(hashlib.sha3_384(w.store.call("GET", path, None, word).body).hexdigest(),
           delta["sha3-384"], "its delta")
    expect(w.store.call("GET", path).status, 404, "nor of its delta")


@case
def an_image_is_pushed_as_one(w):
    ctl = w.store.storectl
    path = w.folder / "update-1.raucb"
    ctl("push", path, "--type", "image", "--name", "firmware", "--unsigned", code=2)
    ctl("push", path, "--type", "rootfs", "--name", "firmware", "--unsigned", code=2)
    ctl("push", path, "--name", "firmware", "--version", "1", "--unsigned", code=2)
    for arch in ("amd64,vax", "amd64,amd64", "amd64,"):
        ctl("push", path, "--type", "image", "--name", "firmware", "--version", "1", "--arch", arch,
            "--unsigned", code=3)
    ctl("push", path, "--type", "image", "--name", "tool", "--version", "1", "--arch", "all",
        "--unsigned", code=3)
    ctl("push", path, "--name", "firmware", "--unsigned", code=3)
    expect(len(json.loads(ctl("revisions", "firmware", "--json"))["revisions"]), 2, "two revisions")


@case
def rules_survive_a_restart(w):
    w.store.storectl("view", "exclude", "widget", "tool")
    w.store.storectl("store", "exclude", "child", "spare")
    expect(w.store.stop(), 0, "the end")
    w.store.start()
    for device in (w.widget, w.pad):
        device.open_session()
    sees(w, w.widget.call, "tool", False)
    sees(w, stranger(w, "child"), "spare", False)
    sees(w, w.pad.call, "kid", True)


if __name__ == "__main__":
    main(CASES, World)
