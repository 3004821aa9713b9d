#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_discovery.py -- how people and devices find packages: search, the channel map, categories,
names, links and pictures, over HTTP against a real store on loopback.

Prints `ok NAME` or `not ok NAME reason` for each case; names on the command line choose cases.
"""
import hashlib
import http.client
import json
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import urllib.parse
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from publisher_lab import Failed, Store, expect, expect_in, snap, squash

CASES = []


def case(function):
    CASES.append(function)
    return function


# --- pictures ---

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width=64, height=64, shade=0, extra=b""):
    rows = b"".join(b"\0" + bytes([shade]) * width for _ in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def jpeg(width=64, height=64):
    return (b"\xff\xd8\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\0" +
            b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" + b"\x12\x34" + b"\xff\xd9")


def digest(data):
    return hashlib.sha3_384(data).hexdigest()


class Seen:
    """One answer to a device, with its headers."""

    def __init__(self, answer):
        self.status, self.body = answer.status, answer.read()
        self.headers = {name.lower(): value for name, value in answer.getheaders()}

    def json(self):
        return json.loads(self.body)

    def shape(self):
        return self.status, self.body, {name: value for name, value in self.headers.items()
                                        if name not in ("date", "x-request-id")}


class Lab:
    """A store, two publishers, and the packages that most cases look at."""

    def __init__(self, work):
        self.work = work
        self.store = Store(work)
        self.store.start()
        self.ann, self.ann_token = self.store.account("ann")
        self.bob, self.bob_token = self.store.account("bob")
        self.ids = {}

    def get(self, path, method="GET", **headers):
        """As a device asks: no token, no session."""
        link = http.client.HTTPConnection("127.0.0.1", self.store.port, timeout=60)
        try:
            link.request(method, path, headers={name.replace("_", "-"): value
                                                for name, value in headers.items()})
            return Seen(link.getresponse())
        finally:
            link.close()

    def path_of(self, url):
        base = f"http://127.0.0.1:{self.store.port}"
        expect(url.startswith(base + "/"), True, f"{url} is on the request's own host")
        return url[len(base):]

    def make(self, name, channels=("stable",), token=None, files=None, private=False, **what):
        """Registers, pushes and releases a package; gives its revision."""
        token = token or self.ann_token
        if name not in self.ids:
            self.ids[name] = self.store.must(200, "POST", "/v1/snap",
                                             {"name": name, "private": private}, token)["id"]
        data = snap(self.work, name=name, **what)
        if files:
            for path, content in files.items():
                target = self.work / "tree" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
            data = squash(self.work, self.work / "tree")
        revision, code = self.store.push(name, data, token)
        expect(code, None, f"push of {name}")
        if channels:
            self.store.release(name, [{"channel": channel, "revision": revision}
                                      for channel in channels], token)
        return revision

    def patch(self, name, change, token=None, status=200):
        answer = self.store.ask("PATCH", f"/v1/snap/{name}", change, token or self.ann_token)
        expect(answer.status, status, f"{change}: {answer}")
        return answer.json.get("metadata")

    def picture(self, name, data, kind="icon", token=None):
        return self.store.ask("PUT", f"/api/v1/packages/{name}/media?type={kind}", data,
                              token or self.ann_token, "application/octet-stream")

    def find(self, **query):
        seen = self.get("/v2/snaps/find?" + urllib.parse.urlencode(
            {name.replace("_", "-"): value for name, value in query.items()}))
        expect((seen.status, seen.headers["content-type"]), (200, "application/json"), str(query))
        return seen.json()["results"]

    def found(self, **query):
        return [result["name"] for result in self.find(**query)]

    def object(self, name, fields=""):
        query = f"?fields={fields}" if fields else ""
        return self.get(f"/v2/snaps/info/{name}{query}").json()["snap"]

    def file(self, name, data):
        path = self.work / name
        path.write_bytes(data)
        return path


def no_nulls(value, where=""):
    """Absent is absent: a null is fatal to the client in some places, so it is sent in none."""
    if value is None:
        raise Failed(f"null at {where}")
    if isinstance(value, dict):
        for name, item in value.items():
            no_nulls(item, f"{where}.{name}")
    if isinstance(value, list):
        for item in value:
            no_nulls(item, where + "[]")


TYPES = {"app", "application", "base", "gadget", "kernel", "os", "snapd"}


def strict(snap_object):
    """What fails a client's whole answer (device.md 0.5), and the forms of 2.3."""
    no_nulls(snap_object, snap_object.get("name", "?"))
    expect(snap_object["type"] in TYPES, True, "type")
    expect(type(snap_object["revision"]), int, "revision")
    expect(snap_object["prices"], {}, "prices")
    expect(sorted(snap_object["epoch"]), ["read", "write"], "epoch")
    expect(type(snap_object["download"]["size"]), int, "size")
    for kind, urls in snap_object["links"].items():
        expect(type(urls) is list and all(type(url) is str for url in urls), True, kind)
    for category in snap_object["categories"]:
        expect((type(category["name"]), type(category["featured"])), (str, bool), "category")
    for media in snap_object["media"]:
        expect((media["type"] in ("icon", "screenshot"), type(media["width"]), type(media["height"])),
               (True, int, int), "media")
    for field in ("title", "summary", "description", "license", "contact", "website", "created-at",
                  "version", "base", "confinement"):
        expect(type(snap_object[field]), str, field)
    expect(type(snap_object["private"]), bool, "private")


# --- pictures ---

@case
def icon_is_set_and_served(lab):
    lab.make("painted")
    data = png(64, 32)
    expect(lab.object("painted")["media"], [], "before")
    lab.store.storectl("set", "painted", "--icon", lab.file("icon.png", data), token=lab.ann_token)
    icon, = lab.object("painted", "media")["media"]
    expect((icon["type"], icon["width"], icon["height"]), ("icon", 64, 32))
    path = lab.path_of(icon["url"])
    expect(path, f"/media/{digest(data)}.png", "public, immutable")
    seen = lab.get(path)
    expect((seen.status, seen.body), (200, data))
    expect((seen.headers["content-type"], seen.headers["content-length"]),
           ("image/png", str(len(data))), "snapd takes no chunks")
    expect("transfer-encoding" in seen.headers, False)
    expect_in("immutable", seen.headers["cache-control"])
    expect(seen.headers["x-content-type-options"], "nosniff")
    again = lab.get(path, If_None_Match=seen.headers["etag"])
    expect((again.status, again.body), (304, b""), "nothing new")
    head = lab.get(path, method="HEAD")
    expect((head.status, head.headers["content-length"]), (200, str(len(data))))
    for wrong in (path[:-4] + ".jpg", path[:-4], path + "x", path.replace("/media/", "/media/0"),
                  "/media/" + "0" * 96 + ".png", "/media/.png", "/media/x",
                  path[:-4].upper() + ".png"):
        expect(lab.get(wrong).status, 404, wrong)


@case
def icon_is_replaced_and_removed(lab):
    lab.make("repainted")
    expect(lab.picture("repainted", png(shade=1)).status, 200)
    first = lab.path_of(lab.object("repainted")["media"][0]["url"])
    expect(lab.picture("repainted", jpeg(100, 50)).status, 200)
    icon, = lab.object("repainted")["media"]
    expect((icon["width"], icon["height"], icon["url"][-4:]), (100, 50, ".jpg"))
    expect(lab.get(lab.path_of(icon["url"])).headers["content-type"], "image/jpeg")
    expect(lab.get(first).status, 404, "the one before")
    lab.store.storectl("set", "repainted", "--remove-icon", token=lab.ann_token)
    expect(lab.object("repainted")["media"], [])
    lab.store.storectl("set", "repainted", "--remove-icon", token=lab.ann_token)


@case
def screenshots_are_few(lab):
    lab.make("shown")
    shots = [png(300, 200, shade=shade) for shade in range(6)]
    for shot in shots[:5]:
        expect(lab.picture("shown", shot, "screenshot").status, 200)
    expect(lab.picture("shown", shots[0], "screenshot").status, 200, "the same one again")
    expect(lab.picture("shown", shots[5], "screenshot").status, 429, "one too many")
    expect(lab.picture("shown", png()).status, 200)
    media = lab.object("shown")["media"]
    expect([one["type"] for one in media], ["icon"] + ["screenshot"] * 5, "the icon first")
    expect({lab.get(lab.path_of(one["url"])).status for one in media}, {200})
    lab.store.must(200, "DELETE",
                   f"/api/v1/packages/shown/media?type=screenshot&sha3-384={digest(shots[1])}",
                   token=lab.ann_token)
    left = [one["url"].split("/")[-1] for one in lab.object("shown")["media"][1:]]
    expect(left, [digest(shot) + ".png" for shot in shots[2:5] + shots[:1]], "in their order")
    lab.store.storectl("set", "shown", "--remove-screenshots", token=lab.ann_token)
    expect([one["type"] for one in lab.object("shown")["media"]], ["icon"])


HOSTILE = [
    ("nothing", b"", "media-size"),
    ("text", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "media-kind"),
    ("a script", b"<html><script>alert(1)</script>", "media-kind"),
    ("cut", png()[:-10], "media-truncated"),
    ("a wrong checksum", png()[:-20] + b"\0" + png()[-19:], "media-crc"),
    ("2^31 wide", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1 << 31, 1 << 31, 8, 0, 0, 0, 0)) +
     chunk(b"IDAT", zlib.compress(b"x" * 99)) + chunk(b"IEND", b""), "media-dimensions"),
    ("a bomb of pixels", b"\x89PNG\r\n\x1a\n" +
     chunk(b"IHDR", struct.pack(">IIBBBBB", 4096, 4096, 8, 6, 0, 0, 0)) +
     chunk(b"IDAT", zlib.compress(b"x" * 99)) + chunk(b"IEND", b""), "media-truncated"),
    ("too wide for an icon", png(1025, 64), "media-dimensions"),
    ("too small for an icon", png(8, 8), "media-dimensions"),
    ("it moves", png(extra=chunk(b"acTL", b"\0\0\0\2\0\0\0\0")), "media-animated"),
    ("a zip file behind", png() + b"PK\x05\x06" + bytes(18), "media-trailing"),
    ("a page behind a JPEG", jpeg() + b"<html>", "media-trailing"),
    ("a JPEG without its end", jpeg()[:-2], "media-truncated"),
    ("too many bytes", png(512, 512) + bytes(300_000), "media-size"),
]


@case
def hostile_pictures_are_refused(lab):
    lab.make("target")
    for what, data, code in HOSTILE:
        answer = lab.picture("target", data)
        expect((answer.status, answer.code()), (400, code), what)
    expect(lab.object("target")["media"], [], "nothing half done")
    expect(lab.store.sql("SELECT count(*) FROM media JOIN package USING (snap_id) "
                         "WHERE name = 'target'"), [(0,)])
    expect(lab.picture("target", bytes(3 << 20)).status, 413, "over every bound")
    expect(lab.picture("target", png(), "banner").status, 400)
    expect(lab.picture("target", png(), "").status, 400)
    message = subprocess_error(lab, "set", "target", "--icon", lab.file("bad.png", b"GIF89a"))
    expect_in("neither PNG nor JPEG", message)


def subprocess_error(lab, *words, code=3):
    """What storectl says when it fails."""
    from publisher_lab import BUILD
    token = lab.work / "token"
    token.write_text(lab.ann_token)
    token.chmod(0o600)
    done = subprocess.run([BUILD / "storectl", *map(str, words), "--url",
                           f"http://127.0.0.1:{lab.store.port}", "--token-file", token],
                          capture_output=True, timeout=60, check=False)
    expect(done.returncode, code, done.stderr.decode())
    return done.stderr.decode()


@case
def only_its_publisher_paints_a_package(lab):
    lab.make("mine")
    lab.make("hidden-mine", private=True)
    for name, status in (("mine", 403), ("hidden-mine", 404), ("absent", 404)):
        answer = lab.picture(name, png(), token=lab.bob_token)
        expect(answer.status, status, f"{name} {answer}")
        expect(lab.store.ask("DELETE", f"/api/v1/packages/{name}/media?type=icon",
                             token=lab.bob_token).status, status, name)
    expect(lab.store.ask("PUT", "/api/v1/packages/mine/media?type=icon", png()).status, 401)
    narrow = lab.store.must(201, "POST", "/api/v1/tokens", {"permissions": ["package-view"]},
                            lab.ann_token)["token"]
    expect(lab.picture("mine", png(), token=narrow).status, 403, "may only look")


@case
def private_pictures_need_a_signed_address(lab):
    lab.make("quiet", private=True)
    data = png(40, 40, shade=9)
    expect(lab.picture("quiet", data).status, 200)
    listed, = [one for one in lab.store.must(
        200, "GET", "/v2/snaps/find?q=quiet", token=lab.ann_token)["results"]]
    path = lab.path_of(listed["snap"]["media"][0]["url"])
    bare, ticket = path.split("?ticket=")
    seen = lab.get(path)
    expect((seen.status, seen.body), (200, data), "signed")
    expect(seen.headers["cache-control"], "private, no-store")
    absent = lab.get("/media/" + "a" * 96 + ".png")
    expect(lab.get(bare).shape(), absent.shape(), "hidden is absent, byte for byte")
    expect(lab.get(bare + "?ticket=" + ticket[:-2] + "AA").shape(), absent.shape())
    lab.make("quiet-too", private=True)
    other, = lab.store.must(200, "GET", "/v2/snaps/find?q=quiet-too",
                            token=lab.ann_token)["results"]
    wrong = other["snap"]["download"]["url"].split("?ticket=")[1]
    expect(lab.get(bare + "?ticket=" + wrong).shape(), absent.shape(), "another package's ticket")
    expect(lab.get(f"{bare}?ticket=").shape(), absent.shape())
    lab.make("loud")
    expect(lab.picture("loud", data).status, 200)
    seen = lab.get(bare)
    expect((seen.status, seen.body), (200, data), "a public package has the same picture")
    expect_in("public", seen.headers["cache-control"])


@case
def icon_inside_a_snap_is_shown(lab):
    data = png(48, 48, shade=3)
    lab.make("self-painted", files={"meta/gui/icon.png": data})
    icon, = lab.object("self-painted")["media"]
    expect(lab.path_of(icon["url"]), f"/media/{digest(data)}.png")
    expect(lab.get(lab.path_of(icon["url"])).body, data)
    shown = json.loads(lab.store.storectl("show", "self-painted", "--json", token=lab.ann_token))
    expect([one["origin"] for one in shown["metadata"]["media"]], ["package"])
    expect(lab.picture("self-painted", png(32, 32)).status, 200)
    icon, = lab.object("self-painted")["media"]
    expect(icon["width"], 32, "what people set goes before")
    lab.store.storectl("set", "self-painted", "--remove-icon", token=lab.ann_token)
    icon, = lab.object("self-painted")["media"]
    expect(icon["width"], 48, "its own again")
    lab.make("self-painted", version="2", files={"meta/gui/icon.png": jpeg(80, 80)})
    icon, = lab.object("self-painted")["media"]
    expect((icon["width"], icon["url"][-4:]), (80, ".jpg"), "by the newest release")


@case
def bad_icon_inside_fails_nothing(lab):
    for name, path, content in (("svg-icon", "meta/gui/icon.svg", b"<svg/>"),
                                ("long-icon", "meta/gui/icon.png", png() + bytes(300_000)),
                                ("tail-icon", "meta/gui/icon.png", png() + b"PK"),
                                ("gui-file", "meta/gui", b"not a folder")):
        lab.make(name, files={path: content})
        expect(lab.object(name)["media"], [], name)
        entries = lab.store.must(200, "GET", "/api/v1/audit")["entries"]
        detail, = [one["detail"] for one in entries
                   if one["object"] == name and one["action"] == "approved"]
        expect_in("its icon is not shown", detail, name)


# --- texts and links ---

@case
def links_come_from_store_or_snap(lab):
    lab.make("linked", yaml="links:\n  website: [https://own.example/a, https://own.example/b]\n"
             "  issues: https://own.example/i\n  contact: ['not an address', ann@own.example]\n"
             "  donation: ['javascript:alert(1)']\n")
    got = lab.object("linked")
    expect(got["links"], {"website": ["https://own.example/a", "https://own.example/b"],
                          "issues": ["https://own.example/i"], "contact": ["ann@own.example"]})
    expect((got["website"], got["contact"]), ("https://own.example/a", "ann@own.example"))
    lab.store.storectl("set", "linked", "--website", "https://set.example", "--source-code",
                       "https://set.example/git", "--source-code", "https://two.example",
                       "--contact", "mailto:help@set.example", token=lab.ann_token)
    got = lab.object("linked", "links,website,contact")
    expect(got["links"], {"contact": ["mailto:help@set.example"],
                          "source-code": ["https://set.example/git", "https://two.example"],
                          "website": ["https://set.example"], "issues": ["https://own.example/i"]})
    expect((got["website"], got["contact"]), ("https://set.example", "mailto:help@set.example"))
    lab.store.storectl("set", "linked", "--website", "none", token=lab.ann_token)
    expect(lab.object("linked")["website"], "https://own.example/a", "its own again")
    for bad in ({"website": ["javascript:alert(1)"]}, {"website": ["https://"]}, {"a b": []},
                {"website": "https://a.example"}, {"website": [7]}, [], "x",
                {"website": ["https://a.example"] * 33}, {f"kind{n}": [] for n in range(40)}):
        lab.patch("linked", {"links": bad}, status=400)
    expect(lab.object("linked")["website"], "https://own.example/a", "nothing half done")
    lab.patch("linked", {"links": {"website": ["https://evil.example"]}}, lab.bob_token, 403)


@case
def texts_are_edited(lab):
    lab.make("worded", yaml="title: Own title\nlicense: MIT\n")
    got = lab.object("worded")
    expect((got["title"], got["summary"], got["license"]), ("Own title", "s", "MIT"))
    lab.store.storectl("set", "worded", "--title", "Shown", "--summary", "In short",
                       "--description", "At \"length\"\n& <so>", token=lab.ann_token)
    got = lab.object("worded")
    expect((got["title"], got["summary"], got["description"]),
           ("Shown", "In short", "At \"length\"\n& <so>"))
    lab.patch("worded", {"title": "\u00e4" * 40})
    lab.patch("worded", {"title": "x" * 41}, status=400)
    expect(lab.object("worded")["title"], "\u00e4" * 40)
    expect("store-url" in got, False, "the store has no pages")


# --- search ---

@case
def find_has_the_exact_form(lab):
    lab.make("formed", channels=("stable", "edge"), yaml="apps:\n  formed:\n    command: x\n"
             "    common-id: org.formed\n")
    lab.picture("formed", png())
    result, = lab.find(q="formed")
    expect(sorted(result), ["name", "revision", "snap", "snap-id"])
    strict(result["snap"])
    expect((result["snap-id"], result["revision"]["channel"]), (lab.ids["formed"], "stable"))
    expect(result["snap"]["common-ids"], ["org.formed"])
    expect(result["snap"]["publisher"]["username"], "ann")
    for query in ("", "?q=", "?scope=wide&novelty=1&q=formed", "?q=%00", "?channel=no/such/thing/at/all",
                  "?name=&q=&category=", "?q=" + "x" * 3000):
        seen = lab.get("/v2/snaps/find" + query)
        if seen.status != 400 or query != "?q=%00":
            expect((seen.status, seen.headers["content-type"]), (200, "application/json"), query)
            expect(type(seen.json()["results"]), list)
    expect(lab.found(channel="no/such/thing/at/all"), [], "a channel that is none has nothing")
    expect(int(lab.get("/v2/snaps/find").headers["snap-store-version"]) >= 55, True)


@case
def find_ranks(lab):
    lab.make("zebra")
    lab.make("zebra-crossing")
    lab.make("street", yaml="title: Zebra street\n")
    lab.make("animals")
    lab.patch("animals", {"summary": "such as the zebra"})
    lab.make("zoo", token=lab.bob_token)
    lab.patch("zoo", {"description": "Here one sees a zebra too"}, lab.bob_token)
    expect(lab.found(q="zebra"), ["zebra", "zebra-crossing", "street", "animals", "zoo"])
    expect(lab.found(q="ZEB"), ["zebra", "zebra-crossing", "street", "animals", "zoo"])
    expect(lab.found(q="zebra zoo"), ["zoo"])
    expect(lab.found(q="zebra-crossing"), ["zebra-crossing"])
    expect(lab.found(q="ebra"), [])
    expect(lab.found(name="zebra"), ["zebra", "zebra-crossing"])
    expect(lab.found(q="bob zebra"), ["zoo"], "the publisher is a word too")
    lab.patch("animals", {"summary": "without them"})
    expect(lab.found(q="zebra"), ["zebra", "zebra-crossing", "street", "zoo"], "changed words")


@case
def find_by_channel_and_architecture(lab):
    lab.make("phased", channels=("edge",), archs="[arm64]")
    lab.make("phased", channels=("beta",), version="2", archs="[amd64]")
    found = lambda **query: [(one["name"], one["revision"]["channel"], one["revision"]["revision"])
                             for one in lab.find(q="phased", **query)]
    expect(found(), [("phased", "beta", 2)], "the safest of all risks")
    expect(found(architecture="arm64"), [("phased", "edge", 1)])
    expect(found(architecture="riscv64"), [])
    expect(found(channel="stable"), [], "narrow")
    expect(found(channel="beta"), [("phased", "beta", 2)])
    expect(found(channel="edge"), [("phased", "edge", 1)])
    lab.store.must(200, "POST", "/v1/snap/phased/tracks", [{"name": "3.0"}], lab.ann_token)
    lab.patch("phased", {"default-track": "3.0"})
    lab.make("phased", channels=("3.0/stable", "edge/fix"), version="3", archs="[amd64]")
    expect(found(), [("phased", "3.0/stable", 3)], "the default track goes first")
    expect(found(channel="stable"), [("phased", "3.0/stable", 3)], "a risk means the default track")
    expect(found(channel="3.0/stable"), [("phased", "3.0/stable", 3)])


@case
def find_by_confinement_and_common_id(lab):
    lab.make("classical", yaml="confinement: classic\napps:\n  a:\n    command: x\n"
             "    common-id: org.kept.App\n")
    expect(lab.found(q="classical"), ["classical"])
    expect(lab.found(q="classical", confinement="strict"), [])
    expect(lab.found(q="classical", confinement="strict,classic"), ["classical"])
    expect(lab.found(common_id="org.kept.App"), ["classical"])
    expect(lab.found(common_id="org.kept"), [])
    names = lab.get("/api/v1/snaps/names?confinement=strict").json()
    expect("classical" in str(names), False)


@case
def find_hides_what_is_hidden(lab):
    lab.make("whisper", private=True)
    absent = lab.get("/v2/snaps/find?q=nothing-of-that-name")
    for query in ("q=whisper", "name=whisper", "q=whisper&private=true"):
        expect(lab.get("/v2/snaps/find?" + query).shape(), absent.shape(), query)
    expect("whisper" in lab.get("/v2/snaps/find").body.decode(), False)
    expect("whisper" in lab.get("/api/v1/snaps/names").body.decode(), False)
    mine = lab.store.must(200, "GET", "/v2/snaps/find?private=true", token=lab.ann_token)
    expect_in("whisper", [one["name"] for one in mine["results"]])
    expect([one["snap"]["private"] for one in mine["results"]], [True] * len(mine["results"]))
    theirs = lab.store.must(200, "GET", "/v2/snaps/find?private=true", token=lab.bob_token)
    expect([one for one in theirs["results"] if one["name"] == "whisper"], [])
    hidden, gone = (lab.get(f"/v2/snaps/info/{name}") for name in ("whisper", "whisperx"))
    expect((hidden.status, hidden.body.replace(b"whisper", b"X")),
           (gone.status, gone.body.replace(b"whisperx", b"X")), "info")


# --- the channel map ---

@case
def info_has_the_default_first(lab):
    lab.make("mapped", channels=("edge", "candidate"), archs="[amd64, arm64]")
    lab.make("mapped", channels=("stable", "beta/hotfix"), version="2", archs="[arm64]")
    lab.store.must(200, "POST", "/v1/snap/mapped/tracks", [{"name": "1"}, {"name": "9"}],
                   lab.ann_token)
    lab.make("mapped", channels=("9/beta", "1/stable"), version="3", archs="[amd64]")

    def entries(query=""):
        body = lab.get("/v2/snaps/info/mapped" + query).json()
        no_nulls(body)
        expect(body["snap"]["revision"], body["channel-map"][0]["revision"], "the default")
        for entry in body["channel-map"]:
            strict(entry)
            expect(entry["channel"]["released-at"][-1], "Z")
        return [(entry["channel"]["name"], entry["channel"]["architecture"], entry["revision"])
                for entry in body["channel-map"]]

    expect(entries("?architecture=amd64"),
           [("candidate", "amd64", 1), ("edge", "amd64", 1), ("1/stable", "amd64", 3),
            ("9/beta", "amd64", 3)])
    expect(entries("?architecture=arm64"),
           [("stable", "arm64", 2), ("candidate", "arm64", 1), ("edge", "arm64", 1)],
           "without the branch, which would stand for beta")
    expect(entries()[:3], [("stable", "arm64", 2), ("candidate", "amd64", 1),
                           ("candidate", "arm64", 1)], "all architectures")
    lab.patch("mapped", {"default-track": "9"})
    expect(entries("?architecture=amd64")[0], ("9/beta", "amd64", 3), "the default track")
    body = lab.get("/v2/snaps/info/mapped?architecture=amd64&fields=channel-map").json()
    expect(sorted(body["channel-map"][0]), ["channel", "name", "revision", "snap-id"])
    absent = lab.get("/v2/snaps/info/mapped?architecture=riscv64")
    expect(absent.status, 404, "nothing for this device")
    download = lab.get("/v2/snaps/info/mapped?fields=download").json()["snap"]["download"]["url"]
    expect(lab.get(lab.path_of(download), method="HEAD").status, 200, "connectivity check")


@case
def one_for_all_and_one_for_each(lab):
    lab.make("wide", archs="[all]")
    lab.make("wide", version="2", channels=(), archs="[amd64]")
    lab.store.release("wide", [{"channel": "stable", "revision": 2}], lab.ann_token)
    maps = {arch: [(entry["channel"]["architecture"], entry["revision"]) for entry in
                   lab.get(f"/v2/snaps/info/wide?architecture={arch}").json()["channel-map"]]
            for arch in ("amd64", "arm64")}
    expect(maps, {"amd64": [("amd64", 2)], "arm64": [("all", 1)]}, "one entry a channel")


# --- categories, sections, names ---

@case
def categories_are_the_operators(lab):
    store = lab.store
    lab.make("saw")
    lab.make("chess")
    expect(json.loads(store.storectl("category", "list", "--json", token=store.admin)),
           {"categories": []})
    for name in ("tools", "games"):
        store.storectl("category", "add", name, token=store.admin)
    expect(store.ask("POST", "/api/v1/categories", {"name": "tools"}, store.admin).status, 409)
    for bad in ("", "Big", "a b", "featured", "none", "x" * 41, "-a"):
        expect(store.ask("POST", "/api/v1/categories", {"name": bad}, store.admin).status, 400, bad)
    expect(store.ask("POST", "/api/v1/categories", {"name": "mine"}, lab.ann_token).status, 403)
    seen = lab.get("/v2/snaps/categories")
    expect((seen.headers["content-type"], seen.json()),
           ("application/json",
            {"categories": [{"name": "featured"}, {"name": "games"}, {"name": "tools"}]}))
    seen = lab.get("/api/v1/snaps/sections")
    expect((seen.headers["content-type"], seen.json()),
           ("application/hal+json", {"_embedded": {"clickindex:sections": [
               {"name": "featured"}, {"name": "games"}, {"name": "tools"}]}}))
    lab.patch("saw", {"categories": ["tools"]}, status=403)
    lab.patch("saw", {"categories": ["nothing"]}, store.admin, 400)
    store.storectl("set", "saw", "--category", "tools", token=store.admin)
    store.storectl("set", "chess", "--category", "games,tools", token=store.admin)
    expect(lab.found(category="tools"), ["chess", "saw"])
    expect(lab.found(category="games"), ["chess"])
    expect(lab.found(category="none"), [])
    expect(lab.object("chess", "categories")["categories"],
           [{"featured": False, "name": "games"}, {"featured": False, "name": "tools"}])
    answer = store.ask("DELETE", "/api/v1/categories/games", token=store.admin)
    expect((answer.status, "1 packages" in str(answer)), (409, True), answer)
    store.storectl("set", "chess", "--category", "none", token=store.admin)
    store.storectl("category", "remove", "games", token=store.admin)
    expect(lab.found(category="tools"), ["saw"])
    expect(store.ask("DELETE", "/api/v1/categories/games", token=store.admin).status, 404)


@case
def featured_is_chosen_or_the_brands(lab):
    store = lab.store
    lab.make("ours", token=store.admin)
    lab.make("theirs")
    expect(lab.found(category="featured"), ["ours"], "nobody is featured: what the brand publishes")
    lab.patch("theirs", {"featured": True}, status=403)
    store.storectl("set", "theirs", "--featured", "yes", token=store.admin)
    expect(lab.found(category="featured"), ["theirs"])
    expect(lab.object("theirs", "categories")["categories"], [{"featured": True, "name": "featured"}])
    store.storectl("set", "theirs", "--category", "none", token=store.admin)
    expect(lab.found(category="featured"), ["theirs"], "the others were taken away, not this")
    store.storectl("set", "theirs", "--featured", "no", token=store.admin)
    expect(lab.found(category="featured"), ["ours"])


@case
def names_are_a_stream(lab):
    lab.make("named", yaml="apps:\n  named:\n    command: x\n  helper:\n    command: x\n")
    lab.make("branched", channels=("edge/fix",))
    seen = lab.get("/api/v1/snaps/names?confinement=strict,classic")
    expect(seen.body[:37], b'{"_embedded":{"clickindex:package":[{', "these keys come first")
    expect(seen.headers["content-type"], "application/hal+json")
    rows = {row["package_name"]: row for row in seen.json()["_embedded"]["clickindex:package"]}
    no_nulls(rows)
    expect((rows["named"]["apps"], rows["named"]["aliases"], rows["named"]["version"]),
           (["named", "helper"], [], "1"))
    expect("branched" in rows, False, "a branch is for who knows of it")


# --- what stays ---

@case
def everything_survives_a_restart(lab):
    names = [result["name"] for result in lab.find()]
    before = [lab.find(q="zebra"), lab.object("linked"), lab.object("shown"), lab.found(category="tools"),
              lab.get("/v2/snaps/categories").body]
    lab.store.stop()
    lab.store.start()
    after = [lab.find(q="zebra"), lab.object("linked"), lab.object("shown"), lab.found(category="tools"),
             lab.get("/v2/snaps/categories").body]
    expect(after, before)
    expect([result["name"] for result in lab.find()], names)
    for name in names:
        for media in lab.object(name, "media")["media"]:
            expect(lab.get(lab.path_of(media["url"])).status, 200, media["url"])


@case
def fsck_knows_pictures(lab):
    lab.store.storectl("fsck", "--data", lab.store.dir)
    media = lab.object("shown")["media"][0]["url"].split("/")[-1].split(".")[0]
    blob, = lab.store.dir.glob(f"blobs/??/{media}")
    kept = blob.read_bytes()
    blob.chmod(0o600)
    blob.write_bytes(kept[:-1] + b"x")
    try:
        lab.store.storectl("fsck", "--data", lab.store.dir, status=1)
    finally:
        blob.write_bytes(kept)


@case
def the_log_is_clean(lab):
    for word in ("Sanitizer", "runtime error:", "rc=BUG", "rc=CORRUPT", "rc=CRASHED", "Assertion"):
        expect(word in lab.store.log(), False, word)


def main(names):
    failed = 0
    work = pathlib.Path(tempfile.mkdtemp(prefix="sh-discovery-"))
    lab = None
    try:
        lab = Lab(work)
        for function in CASES:
            if names and function.__name__ not in names:
                continue
            try:
                function(lab)
                print(f"ok {function.__name__}", flush=True)
            except Exception as error:  # a case must not end the others
                failed += 1
                text = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
                print(f"not ok {function.__name__} {' '.join(text.split())}", flush=True)
    finally:
        if lab:
            lab.store.stop()
        shutil.rmtree(work, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
