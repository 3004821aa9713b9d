#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""test_fleet.py -- who may register, whose sessions count, what devices say of themselves: every
policy with its refusals, remodels, clones, revocations, check-ins over a restart, and ten thousand
registrations that prove nothing.

Prints `ok NAME` or `not ok NAME reason` for each case. STOREHOUSE_BUILD (or BUILD) names the
binaries' folder.
"""
import concurrent.futures
import json
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from device_lib import (BUILD, Brand, Device, Failed, Key, Store, block, expect, expect_in, header,
                        install, installed, main, refresh, refresh_body, sign, snap_make,
                        split_stream, stream, wait_for)

CASES = []
REFRESH = "/v2/snaps/refresh"
SOFT = "device-authorization-needs-refresh"
NEW = "2.57.6"
BOGUS = 10000


def case(function):
    CASES.append(function)
    return function


class World:
    """tool: 1 and 2 in stable, 3 in edge. Models of acme: a new one for each case. zeta: a guest
    brand, whose key the store certified."""

    def __init__(self, folder):
        self.folder = folder
        self.store = Store(folder, settings="max-guest-models = 3\nfleet-flush-sec = 86400\n"
                                            "max-registrations-waiting = 3\nlog-level = warning\n")
        self.store.start()
        self.count = 0
        self.keys = []
        try:
            self.fill()
        except BaseException:
            self.close()
            raise

    def fill(self):
        store = self.store
        store.storectl("register", "tool")
        for version, channel in (("1", "stable"), ("2", "stable"), ("3", "edge")):
            path = snap_make(self.folder, "tool", version, size=4000)
            store.storectl("push", path, "--release", channel, "--unsigned")
        self.tool = store.admin("GET", "/v1/snap/tool").json()["metadata"]["id"]
        self.zeta = Brand(store, self.folder, "zeta")
        self.nobody = Device(store, self.folder, "nobody", "none", "none", "")

    def issue_model(self, name, **more):
        headers = {"model": name, "architecture": "amd64", "classic": "true", **more}
        answer = self.store.admin("POST", "/api/v1/models", {"headers": headers})
        expect(answer.status, 201, answer.text())
        return answer.json()["assertion"]

    def model(self, **policy):
        """A new model of acme with that policy: (name, assertion)."""
        self.count += 1
        name = f"model{self.count}"
        text = self.issue_model(name)
        if policy:
            self.policy(name, **policy)
        return name, text

    def policy(self, name, **change):
        body = {field.replace("_", "-"): value for field, value in change.items()}
        answer = self.store.admin("PATCH", f"/api/v1/models/acme/{name}/policy", body)
        expect(answer.status, 200, answer.text())
        return answer.json()

    def device(self, model, bits=2048, brand="acme"):
        self.count += 1
        return Device(self.store, self.folder, f"d{self.count}", brand, model[0], model[1], bits)

    def allow(self, name, csv, status=200, remove=False):
        answer = self.store.admin("POST", f"/api/v1/models/acme/{name}/devices" +
                                  ("/remove" if remove else ""), csv, kind="text/csv")
        expect(answer.status, status, answer.text())
        return answer.json()

    def rows(self, *names):
        """How many rows those tables have."""
        database = sqlite3.connect(f"file:{self.store.dir}/storehouse.db?mode=ro", uri=True)
        try:
            return [database.execute(f"SELECT count(*) FROM {name}").fetchone()[0]
                    for name in names]
        finally:
            database.close()

    def audit(self):
        return self.store.admin("GET", "/api/v1/audit").json()["entries"]

    def crash(self):
        """kill -9, and a start once the server behind is gone too: it would answer the new one's
        first question."""
        left = list(self.store.children().values())
        self.store.stop(signal.SIGKILL)
        wait_for("the end of the helpers", lambda: not any(map(is_alive, left)), 60)
        self.store.start()

    def close(self):
        self.store.close()


def is_alive(pid):
    try:
        return bool(pathlib.Path(f"/proc/{pid}/cmdline").read_bytes())  # a zombie has none
    except OSError:
        return False


def ask(device, proposed=None, request_id=None, **headers):
    """One registration attempt."""
    request = device.serial_request(request_id or device.request_id(),
                                    extra=f"serial: {proposed}\n" if proposed else "")
    return device.register_with(request, **headers)


def taken(answer, serial=None):
    expect(answer.status, 200, answer.body[:400])
    text = split_stream(answer.text())[-1]
    expect(header(text, "type"), "serial")
    if serial:
        expect(header(text, "serial"), serial)
    return text


def refused(answer, status, *parts):
    """4xx is final for a client, and it shows the message (device.md 6.3)."""
    expect(answer.status, status, answer.body[:300])
    if not 400 <= status < 500:
        raise Failed(f"{status} is not final for a client")
    expect(answer.header("Content-Type"), "application/json")
    body = answer.json()
    for part in parts:
        expect_in(part, body["message"])
    expect(body["error_list"][0]["message"], body["message"])


def waits(answer):
    expect(answer.status, 202, answer.body[:300])


def admitted(device, **headers):
    """Registers a device and opens a session."""
    device.serial_text = taken(ask(device, **headers))
    device.serial = header(device.serial_text, "serial")
    device.open_session()
    return device


# --- policies ---

@case
def a_model_is_open_until_it_is_told_otherwise(w):
    model = w.model()
    shown = w.store.admin("GET", f"/api/v1/models/acme/{model[0]}/policy").json()
    expect((shown["mode"], shown["quota"], shown["api-key"], shown["proposed-serials"]),
           ("open", None, False, True))
    device = w.device(model)
    request = device.serial_request(device.request_id(), extra="serial: SN-1\n")
    first = taken(device.register_with(request), "SN-1")
    expect(taken(device.register_with(request)), first, "asked again")
    # A new request of the same key is the same device.
    expect(taken(ask(device, "SN-2")), first, "the same key")
    entry = w.audit()[0]
    expect((entry["action"], entry["object"], entry["by"]), ("serial", "SN-1", "device"))
    expect_in(device.key.id, entry["detail"])


@case
def malformed_serials_are_not_taken(w):
    model = w.model()
    for proposed in ("SN__1", "-SN", "SN--1", "S N", "SN/1", "x" * 65):
        device = w.device(model)
        serial = header(taken(ask(device, proposed)), "serial")
        if serial == proposed or not re.fullmatch(r"[A-Za-z0-9]+(?:[:+-][A-Za-z0-9]+)*", serial):
            raise Failed(f"{proposed!r} became {serial!r}")
    w.policy(model[0], proposed_serials=False)
    device = w.device(model)
    if header(taken(ask(device, "SN-9")), "serial") == "SN-9":
        raise Failed("a proposal was taken that no policy allows")


@case
def a_list_of_serials(w):
    model = w.model(mode="serials")
    got = w.allow(model[0], "serial,note\nA-1,first\nA-2,\"with, comma\"\n")
    expect((got["added"], got["unchanged"]), (2, 0))
    expect(w.allow(model[0], "serial\r\nA-1\r\n\r\nA-3\r\n")["added"], 1)
    first, second = w.device(model), w.device(model)
    refused(ask(first), 403, "not on the list", model[0])
    refused(ask(first, "A-9"), 403, "A-9", "not on the list")
    taken(ask(first, "A-1"), "A-1")
    # One serial, one key.
    refused(ask(second, "A-1"), 409, "another key")
    taken(ask(second, "A-2"), "A-2")
    expect(w.allow(model[0], "serial\nA-3\nA-4\n", remove=True)["removed"], 1)
    refused(ask(w.device(model), "A-3"), 403, "not on the list")
    listed = w.store.admin("GET", f"/api/v1/models/acme/{model[0]}/devices").json()["devices"]
    expect([(one["serial"], one["note"]) for one in listed],
           [("A-1", "first"), ("A-2", "with, comma")])
    # A serial that is bound to a key.
    bound, other = w.device(model), w.device(model)
    w.allow(model[0], f"key-id,serial\n{bound.key.id},B-1\n")
    refused(ask(other, "B-1"), 403, "not on the list")
    taken(ask(bound, "B-1"), "B-1")


@case
def a_list_of_keys(w):
    model = w.model(mode="keys")
    plain, named, other = w.device(model), w.device(model), w.device(model)
    w.allow(model[0], f"key-id,serial\n{plain.key.id},\n{named.key.id},K-7\n")
    refused(ask(other, "K-7"), 403, "key", "not on the list")
    taken(ask(plain, "P-1"), "P-1")
    taken(ask(named), "K-7")
    wrong = w.device(model)
    w.allow(model[0], f"key-id,serial\n{wrong.key.id},K-8\n")
    refused(ask(wrong, "K-9"), 403, "not on the list")


@case
def lists_that_are_malformed_change_nothing(w):
    model = w.model(mode="serials")
    key = "A" * 64
    for csv, parts in (("", ["line 1"]), ("A-1\nA-2\n", ["line 1", "A-1"]),
                       ("note\nx\n", ["line 1"]), ("serial,serial\na,b\n", ["twice"]),
                       ("serial\nA-1\nA 2\nA-3\n-\n", ["line 3", "line 5"]),
                       ("serial,key-id\nA-1,short\n", ["line 2", "key id"]),
                       ("serial,key-id\n,\n", ["line 2", "neither"]),
                       ("serial\nA-1,A-2\n", ["line 2"]), ("serial\n\"A-1\n", ["line 2"]),
                       ("serial\nA-1\x00\n", ["line 2"]), ("serial\n" + "x" * 2000, ["line 2"]),
                       ("serial,note\nA-1," + "n" * 300, ["line 2", "too long"]),
                       ("serial\n" + "_\n" * 50, ["line 2", "line 4", "and 47 more"])):
        got = w.allow(model[0], csv, 400)
        for part in parts:
            expect_in(part, got["error-list"][0]["message"], repr(csv[:40]))
    shown = w.store.admin("GET", f"/api/v1/models/acme/{model[0]}/policy").json()
    expect(shown["listed"], 0, "nothing half done")
    w.allow(model[0], "\ufeffserial , key-id\n A-1 , " + key + "\n")
    expect(w.store.admin("GET", f"/api/v1/models/acme/{model[0]}/policy").json()["listed"], 1)
    for path in ("/api/v1/models/acme/No_Model/devices", "/api/v1/models/a/x/devices"):
        expect(w.store.admin("POST", path, "serial\nA-1\n").status, 400, path)
    expect(w.store.call("POST", f"/api/v1/models/acme/{model[0]}/devices", "serial\nX\n").status,
           401)


@case
def an_api_key(w):
    model = w.model()
    made = w.policy(model[0], api_key="new")
    key = made["new-api-key"]
    expect((made["api-key"], len(key)), (True, 43))
    shown = w.store.admin("GET", f"/api/v1/models/acme/{model[0]}/policy").json()
    expect("new-api-key" in shown, False)
    device = w.device(model)
    request_id = device.request_id()
    for wrong in ({}, {"X_Device_API_Key": ""}, {"X_Device_API_Key": key[:-1]},
                  {"X_Device_API_Key": key + "A"}, {"X_Device_API_Key": "A" * 43}):
        refused(ask(device, request_id=request_id, **wrong), 403, "X-Device-API-Key")
    taken(ask(device, request_id=request_id, X_Device_API_Key=key))
    again = w.policy(model[0], api_key="new")["new-api-key"]
    refused(ask(w.device(model), X_Device_API_Key=key), 403, "API key")
    taken(ask(w.device(model), X_Device_API_Key=again))
    w.policy(model[0], api_key="none")
    taken(ask(w.device(model)))
    database = (w.store.dir / "storehouse.db").read_bytes()
    for secret in (key, again):
        if secret.encode() in database or secret in w.store.log():
            raise Failed("the key's text was kept")


@case
def a_quota(w):
    model = w.model(quota=2)
    devices = [w.device(model) for _ in range(8)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, devices))
    won = [device for device, answer in zip(devices, answers) if answer.status == 200]
    expect(len(won), 2, [answer.status for answer in answers])
    for answer in answers:
        if answer.status != 200:
            refused(answer, 403, "has its 2 devices")
    shown = w.store.admin("GET", f"/api/v1/models/acme/{model[0]}/policy").json()
    expect((shown["registered"], shown["waiting"]), (2, 0))
    # Who is there may ask again; a place becomes free when one is revoked.
    taken(ask(won[0]))
    serial = header(taken(ask(won[1])), "serial")
    answer = w.store.admin("POST", "/api/v1/devices/revoke", {"serials": [serial]})
    expect(answer.status, 200, answer.text())
    taken(ask(w.device(model)))
    refused(ask(won[1]), 403, "revoked")
    w.policy(model[0], quota=None)
    taken(ask(w.device(model)))


@case
def an_operator_says_yes(w):
    model = w.model(mode="pending")
    first, second = w.device(model), w.device(model)
    request = first.serial_request(first.request_id(), extra="serial: W-1\n")
    waits(first.register_with(request))
    before = w.rows("registration")
    waits(first.register_with(request))
    expect(w.rows("registration"), before, "asked again")
    second_request = second.serial_request(second.request_id())
    waits(second.register_with(second_request))
    listed = w.store.admin("GET", "/api/v1/registrations").json()["registrations"]
    expect([(one["proposed-serial"], one["state"]) for one in listed
            if one["model"] == model[0]].count(("W-1", "waiting")), 1)
    expect(w.store.admin("POST", "/api/v1/registrations/W-9/approve").status, 404)
    expect(w.store.admin("POST", "/api/v1/registrations/W-1/approve").json()["state"], "approved")
    # That was for the serial which the operator saw: another one has to be looked at again.
    waits(first.register_with(first.serial_request(first.request_id(), extra="serial: W-2\n")))
    expect(w.store.admin("POST", "/api/v1/registrations/W-1/approve").status, 404)
    waits(first.register_with(request))
    expect(w.store.admin("POST", "/api/v1/registrations/W-1/approve").json()["state"], "approved")
    taken(first.register_with(request), "W-1")
    answer = w.store.admin("POST", f"/api/v1/registrations/{second.key.id}/deny")
    expect(answer.json()["state"], "denied")
    refused(second.register_with(second_request), 403, "denied")
    refused(ask(second), 403, "denied")
    # The operator may change his mind.
    w.store.admin("POST", f"/api/v1/registrations/{second.key.id}/approve")
    taken(ask(second))


@case
def those_that_wait_are_bounded(w):
    model = w.model(mode="pending")
    devices = [w.device(model) for _ in range(5)]
    for device in devices:
        waits(ask(device))
    listed = w.store.admin("GET", "/api/v1/registrations").json()["registrations"]
    expect(len(listed), 3, "max-registrations-waiting")
    # Whoever fills this keeps nobody of another model out.
    taken(ask(w.device(w.model())))
    waits(ask(w.device(w.model(mode="pending"))))
    listed = [one for one in w.store.admin("GET", "/api/v1/registrations").json()["registrations"]
              if one["model"] == model[0]]
    for one in listed:
        w.store.admin("POST", f"/api/v1/registrations/{one['device-key-sha3-384']}/deny")
    taken(ask(w.device(w.model())))


@case
def policies_that_are_no_policies(w):
    name, _ = w.model()
    for body in ({"mode": "closed"}, {"mode": 7}, {"quota": -1}, {"quota": "many"},
                 {"api-key": "hunter2"}, {"proposed-serials": "yes"}, []):
        answer = w.store.admin("PATCH", f"/api/v1/models/acme/{name}/policy", body)
        expect(answer.status, 400, body)
    shown = w.store.admin("GET", f"/api/v1/models/acme/{name}/policy").json()
    expect((shown["mode"], shown["quota"], shown["api-key"]), ("open", None, False))
    for path in ("/api/v1/devices", "/api/v1/registrations", "/api/v1/alarms",
                 f"/api/v1/models/acme/{name}/policy", "/api/v1/remodels"):
        expect(w.store.call("GET", path).status, 401, path)


# --- requests ---

@case
def requests_that_prove_nothing(w):
    model = w.model()
    device, other = w.device(model), w.device(model)
    before = w.rows("device", "registration", "check_in", "device_alarm", "assertion")
    request_id = device.request_id()
    stranger = Key(w.folder, "stranger")
    own_model = sign(stranger, re.sub(r"sign-key.*", "", model[1], flags=re.S))
    refused(ask(device, request_id="made-up"), 400, "request-id")
    refused(ask(device, request_id=request_id[:-2] + "AA"), 400, "request-id")
    refused(device.register_with(device.serial_request(request_id), model_text=own_model), 400,
            "does not know")
    forged = sign(other.key, f"type: serial-request\nbrand-id: acme\ndevice-key:"
                             f"{block(device.key.text)}\nmodel: {model[0]}\n"
                             f"request-id: {request_id}\n", claim=device.key.id)
    refused(device.register_with(forged), 400, "signature")
    # The model of another brand or name.
    zeta = w.zeta.model("thing", "serial-authority:\n  - acme\n")
    refused(device.register_with(device.serial_request(request_id), model_text=zeta), 400,
            "the model is another")
    expect(w.rows("device", "registration", "check_in", "device_alarm", "assertion"), before,
           "something was stored")
    taken(ask(device, request_id=request_id))
    # Replayed by another device.
    refused(ask(other, request_id=request_id), 409, "another device")
    # A small key, whatever it proves.
    refused(ask(w.device(model, bits=1024)), 403, "2048 bits")
    expect(w.rows("registration WHERE state = 'reserved'")[0], 0,
           "a refusal of the signer leaves no reservation")


@case
def a_wrong_clock_is_no_obstacle(w):
    model = w.model()
    device = w.device(model)
    taken(ask(device))
    device.serial_text = taken(ask(device))
    device.serial = header(device.serial_text, "serial")
    for stamp in ("1970-01-01T00:00:00Z", "2199-12-31T23:59:59Z"):
        expect(device.session_with(device.session_request(timestamp=stamp)).status, 200, stamp)


@case
def serial_authority_is_respected(w):
    # zeta lets acme issue its serials.
    model = ("thing", w.zeta.model("thing", "serial-authority:\n  - acme\n"))
    device = w.device(model, brand="zeta")
    device.serial_text = taken(ask(device))
    expect(header(device.serial_text, "authority-id"), "acme")
    device.serial = header(device.serial_text, "serial")
    device.open_session()
    # It does not for another model.
    closed = ("closed", w.zeta.model("closed"))
    refused(ask(w.device(closed, brand="zeta")), 403, "serial-authority")
    # A serial that acme signed for it all the same is none.
    forged = w.device(closed, brand="zeta")
    own = sign(device.key, re.sub(r"sign-key.*", "", device.serial_text, flags=re.S))
    expect(forged.session_with(serial=own.replace("model: thing", "model: closed"),
                               request="x").status, 400)
    # acme lets zeta issue serials for one of its models.
    name = "shared"
    text = w.issue_model(name, **{"serial-authority": ["zeta"]})
    shared = w.device((name, text))
    foreign = f"type: serial\nauthority-id: zeta\nbrand-id: acme\nmodel: {{}}\nserial: Z-1\n" \
              f"device-key:{block(shared.key.text)}\ndevice-key-sha3-384: {shared.key.id}\n" \
              f"timestamp: 2026-06-01T00:00:00Z\n"
    shared.serial, shared.serial_text = "Z-1", sign(w.zeta.key, foreign.format(name))
    shared.open_session()
    other = w.model()
    stranger = w.device(other)
    stranger.key, stranger.serial = shared.key, "Z-1"
    stranger.serial_text = sign(w.zeta.key, foreign.format(other[0]))
    answer = stranger.session_with()
    expect(answer.status, 400, answer.text())
    expect_in("serial-authority", answer.text())


@case
def guests_keep_few_models(w):
    # max-guest-models is 3; one is there from the case before, each revision counts.
    kept = w.rows("assertion WHERE type = 'model' AND authority = 'zeta'")[0]
    expect(kept, 1)
    extra = "serial-authority:\n  - acme\n"
    device = w.device(("m0", w.zeta.model("m0", extra)), brand="zeta")
    # A model alone leaves no trace.
    expect(w.store.call("POST", "/api/v1/snaps/auth/devices",
                        stream(device.model_text, device.model_text)).status, 400)
    expect(w.rows("assertion WHERE type = 'model' AND authority = 'zeta'")[0], kept)
    admitted(device)
    device.model_text = w.zeta.model("m0", extra, revision=1)
    device.open_session()
    device.model_text = w.zeta.model("m0", extra, revision=2)
    answer = device.session_with()
    expect((answer.status, answer.json()["error-list"][0]["code"]), (403, "too-many-models"))
    late = w.device(("m9", w.zeta.model("m9", extra)), brand="zeta")
    before = w.rows("device", "assertion")
    refused(ask(late), 403, "has its 3 models")
    expect(w.rows("device", "assertion"), before, "nothing half done")
    # The operator's own are not counted.
    admitted(w.device(w.model()))


# --- remodels ---

def remodel_request(device, target, original=None, **changes):
    """A registration of device for the model target = (name, text), by its serial of before."""
    names = {"original-brand-id": device.brand, "original-model": device.model,
             "original-serial": device.serial, **changes}
    request = sign(device.key, f"type: serial-request\nbrand-id: {changes.pop('brand', 'acme')}\n"
                               f"device-key:{block(device.key.text)}\nmodel: {target[0]}\n"
                               f"request-id: {device.request_id()}\n" +
                   "".join(f"{name}: {value}\n" for name, value in names.items() if value))
    parts = [original] if original else []
    return device.register_with(request, "/api/v1/snaps/auth/devices", target[1], *parts)


@case
def remodels_are_allowed_by_name(w):
    old, new = w.model(), w.model()
    device = admitted(w.device(old))
    refused(remodel_request(device, new, device.serial_text), 403, "may not become", new[0])
    answer = w.store.admin("POST", "/api/v1/remodels",
                           {"from-brand-id": "acme", "from-model": old[0], "to-brand-id": "acme",
                            "to-model": new[0]})
    expect(answer.status, 200, answer.text())
    text = taken(remodel_request(device, new, device.serial_text), device.serial)
    expect((header(text, "model"), header(text, "device-key-sha3-384")), (new[0], device.key.id))
    expect_in(f"was {device.serial} of acme/{old[0]}", w.audit()[0]["detail"])
    remodelled = Device(w.store, w.folder, "same", "acme", *new)
    remodelled.key, remodelled.serial, remodelled.serial_text = device.key, device.serial, text
    remodelled.open_session()
    device.open_session()  # until it has changed over, it is what it was
    # The serial's name is taken at the new model: another is made.
    crowd = w.device(old)
    taken(ask(w.device(new), "TAKEN-1"), "TAKEN-1")
    crowd.serial_text = taken(ask(crowd, "TAKEN-1"), "TAKEN-1")
    crowd.serial = "TAKEN-1"
    if header(taken(remodel_request(crowd, new, crowd.serial_text)), "serial") == "TAKEN-1":
        raise Failed("a serial's name was given twice")
    # An allowed remodel needs no list, but a quota holds.
    w.policy(new[0], mode="serials", quota=3)
    refused(remodel_request(admitted(w.device(old)), new, None), 400, "brings that serial")
    late = admitted(w.device(old))
    refused(remodel_request(late, new, late.serial_text), 403, "has its 3 devices")
    w.policy(new[0], quota=None)
    taken(remodel_request(late, new, late.serial_text))


@case
def remodels_that_are_none(w):
    old, new = w.model(), w.model()
    w.store.admin("POST", "/api/v1/remodels", {"from-brand-id": "acme", "from-model": old[0],
                                               "to-brand-id": "acme", "to-model": new[0]})
    device, other = admitted(w.device(old)), admitted(w.device(old))
    # Another device's serial, also under its own name.
    refused(remodel_request(device, new, other.serial_text), 400, "original-serial")
    refused(remodel_request(device, new, other.serial_text,
                            **{"original-serial": other.serial}), 400, "another device key")
    # A serial nobody signed.
    forged = sign(device.key, re.sub(r"sign-key.*", "", device.serial_text, flags=re.S))
    refused(remodel_request(device, new, forged), 400, "original serial")
    # Headers without a serial, a serial without headers, the same model.
    refused(remodel_request(device, new), 400, "original-brand-id")
    plain = sign(device.key, f"type: serial-request\nbrand-id: acme\n"
                             f"device-key:{block(device.key.text)}\nmodel: {new[0]}\n"
                             f"request-id: {device.request_id()}\n")
    refused(device.register_with(plain, "/api/v1/snaps/auth/devices", new[1], device.serial_text),
            400, "original-brand-id")
    refused(remodel_request(device, old, device.serial_text), 400, "to another model")
    refused(device.register_with(device.serial_request(device.request_id()),
                                 "/api/v1/snaps/auth/devices", None, device.serial_text,
                                 device.serial_text), 400, "a registration is")
    # A revoked device does not come back as another model.
    w.store.admin("POST", "/api/v1/devices/revoke", {"serials": [device.serial]})
    refused(remodel_request(device, new, device.serial_text), 403, "revoked")
    expect(w.store.admin("POST", "/api/v1/remodels/remove",
                         {"from-brand-id": "acme", "from-model": old[0], "to-brand-id": "acme",
                          "to-model": new[0]}).status, 200)
    refused(remodel_request(other, new, other.serial_text), 403, "may not become")


# --- clones ---

def alarms(w, serial):
    return [(one["kind"], one["times"]) for one in
            w.store.admin("GET", f"/api/v1/alarms?serial={serial}").json()["alarms"]]


@case
def another_key_for_a_serial_is_an_alarm(w):
    model = w.model()
    taken(ask(w.device(model), "CLONE-1"), "CLONE-1")
    thief = w.device(model)
    before = w.store.admin("GET", "/api/v1/status").json()["fleet"]["alarms"]
    refused(ask(thief, "CLONE-1"), 409, "CLONE-1", "another key")
    refused(ask(thief, "CLONE-1"), 409, "another key")
    expect(alarms(w, "CLONE-1"), [("key", 2)])
    expect(w.store.admin("GET", "/api/v1/status").json()["fleet"]["alarms"], before + 1)
    entries = [one for one in w.audit() if one["action"] == "clone-alarm"
               and one["object"] == "CLONE-1"]
    expect(len(entries), 1, "the audit tells it once")
    expect_in(thief.key.id[:40], w.store.admin("GET", "/api/v1/devices/CLONE-1").json()
              ["alarms"][0]["detail"])
    one, = w.store.admin("GET", "/api/v1/alarms?serial=CLONE-1").json()["alarms"]
    expect(w.store.admin("DELETE", f"/api/v1/alarms/{one['id']}").status, 204)
    expect(w.store.admin("DELETE", f"/api/v1/alarms/{one['id']}").status, 404)
    expect(alarms(w, "CLONE-1"), [])


def poll(device, revision, *actions, context=None, date="2026-06-01T00:00:00Z", **headers):
    context = [{**installed(device.tool, revision), "refreshed-date": date}] \
        if context is None else context
    answer = device.call("POST", REFRESH, refresh_body(context, actions or
                                                       [refresh(device.tool)]), **headers)
    expect(answer.status, 200, answer.body[:200])
    return answer.json()


@case
def check_ins_that_contradict_each_other_are_an_alarm(w):
    model = w.model()
    clone, honest = admitted(w.device(model)), admitted(w.device(model))
    clone.tool = honest.tool = w.tool
    for revision, date in ((1, "2026-06-01T00:00:00Z"), (2, "2026-06-02T00:00:00Z")) * 3:
        poll(clone, revision, date=date)
    for revision, date in ((1, "2026-06-01T00:00:00Z"), (2, "2026-06-02T00:00:00Z"),
                           (1, "2026-06-01T00:00:00Z"), (3, "2026-06-04T00:00:00Z")):
        poll(honest, revision, date=date)
    expect(alarms(w, clone.serial), [("state", 1)])
    expect(alarms(w, honest.serial), [], "a revert")


# --- sessions ---

@case
def one_device_is_revoked(w):
    model = w.model()
    device, other = admitted(w.device(model)), admitted(w.device(model))
    device.tool = other.tool = w.tool
    answer = w.store.admin("POST", "/api/v1/devices/revoke", {"serials": [device.serial]})
    expect((answer.status, answer.json()["devices"]), (200, 1))
    for path, method in ((REFRESH, "POST"), ("/v2/snaps/info/tool", "GET"),
                         ("/v2/assertions/account/acme", "GET")):
        answer = device.call(method, path, refresh_body() if method == "POST" else None)
        expect(answer.status, 401, path)
        # The client asks for a new session, and there it is told the end of it.
        expect(answer.header("WWW-Authenticate"), "Macaroon refresh_device_session=1")
    answer = device.session_with()
    expect(answer.status, 403, answer.text())
    expect_in("was revoked", answer.json()["error-list"][0]["message"])
    refused(ask(device), 403, "revoked")
    poll(other, 1)
    # It lasts over a restart.
    w.crash()
    expect(device.call("GET", "/v2/snaps/info/tool").status, 401)
    expect(device.session_with().status, 403)
    poll(other, 1)
    shown = w.store.admin("GET", f"/api/v1/devices/{device.serial}").json()
    expect(shown["revoked"], True)
    # Taken back: a new session is opened; the one of before stays over.
    expect(w.store.admin("POST", "/api/v1/devices/unrevoke",
                         {"serials": [device.serial], "model": model[0]}).status, 200)
    expect(device.call("GET", "/v2/snaps/info/tool").status, 401)
    device.open_session()
    poll(device, 1)


@case
def a_model_is_revoked(w):
    model, others = w.model(), w.model()
    devices = [admitted(w.device(model)) for _ in range(2)]
    other = admitted(w.device(others))
    expect(w.store.admin("POST", "/api/v1/devices/revoke", {"model": model[0]}).status, 200)
    for device in devices:
        expect(device.call("GET", "/v2/snaps/info/tool").status, 401)
        answer = device.session_with()
        expect(answer.status, 403)
        expect_in("was revoked", answer.text())
    refused(ask(w.device(model)), 403, "revoked")
    expect(other.call("GET", "/v2/snaps/info/tool").status, 200)
    expect(w.store.admin("POST", "/api/v1/devices/unrevoke", {"model": model[0]}).status, 200)
    devices[0].open_session()
    expect(devices[0].call("GET", "/v2/snaps/info/tool").status, 200)


@case
def sessions_are_ended_for_one_and_for_a_model(w):
    model = w.model()
    first, second = admitted(w.device(model)), admitted(w.device(model))
    other = admitted(w.device(w.model()))
    expire = "/api/v1/sessions/expire"
    expect(w.store.admin("POST", expire, {"serials": [first.serial]}).status, 200)
    expect([one.call("GET", "/v2/snaps/info/tool").status for one in (first, second, other)],
           [401, 200, 200])
    first.open_session()
    expect(w.store.admin("POST", expire, {"model": model[0]}).status, 200)
    expect([one.call("GET", "/v2/snaps/info/tool").status for one in (first, second, other)],
           [401, 401, 200])
    first.open_session()
    second.open_session()
    expect(w.store.admin("POST", expire, {}).status, 200)
    expect([one.call("GET", "/v2/snaps/info/tool").status for one in (first, second, other)],
           [401, 401, 401])
    for body in ({"serials": ["no-such"]}, {"serials": ["no-such"], "model": model[0]}):
        expect(w.store.admin("POST", expire, body).status, 404, body)
    for body in ({"serials": [""]}, {"serials": "x"}, {"serials": [7]}, {"brand-id": "acme"}):
        expect(w.store.admin("POST", expire, body).status, 400, body)


@case
def both_ways_to_a_new_session(w):
    device = admitted(w.device(w.model()))
    device.tool = w.tool
    old = device.session
    w.store.stop()
    with open(w.store.dir / "storehouse.conf", "a") as conf:
        conf.write("session-ttl-sec = 60\n")
    w.store.start()
    device.open_session()
    fresh = device.session
    # A session of 60 seconds; one whose age is over is made by what a test may: the clock of the
    # assertion does not count, so the token of a minute is awaited by the server's own clock.
    body = refresh_body([installed(w.tool, 1)], [refresh(w.tool)])
    wait_for("the end of the session", lambda: device.call("GET", "/v2/snaps/info/tool").status
             == 401, 90)
    # Soft: a refresh that can be read answers 200 and nothing but the code.
    answer = device.call("POST", REFRESH, body)
    expect((answer.status, answer.header("WWW-Authenticate")), (200, None))
    expect([one["code"] for one in answer.json()["error-list"]], [SOFT])
    expect(answer.json()["results"], [])
    # Hard: everything else, and a refresh that cannot be read is what it always was.
    for method, path in (("GET", "/v2/snaps/info/tool"), ("GET", "/v2/snaps/find"),
                         ("GET", f"/v2/assertions/account/acme"),
                         ("GET", f"/api/v1/snaps/download/{w.tool}_1.snap")):
        answer = device.call(method, path)
        expect(answer.status, 401, path)
        expect(answer.header("WWW-Authenticate"), "Macaroon refresh_device_session=1", path)
    expect(device.call("POST", REFRESH, "{").status, 400)
    # What the operator took back is hard on every path.
    device.open_session()
    if device.session in (old, fresh):
        raise Failed("not a new session")
    w.store.admin("POST", "/api/v1/sessions/expire", {"serials": [device.serial]})
    expect(device.call("POST", REFRESH, body).status, 401)
    # Rubbish is hard too.
    device.session = "AAAA"
    expect(device.call("POST", REFRESH, body).status, 401)


# --- check-ins ---

@case
def what_devices_say_is_known(w):
    model = w.model()
    device = admitted(w.device(model))
    agent = f"snapd/{NEW} (series 16; classic; testing) debian/12 (amd64) linux/6.1"
    cohort = device.call("POST", "/v2/cohorts", {"snaps": ["tool"]}).json()["cohort-keys"]["tool"]
    context = [{**installed(w.tool, 1), "cohort-key": cohort, "ignore-validation": True,
                "refreshed-date": "2026-06-01T00:00:00Z"}]
    device.tool = w.tool
    poll(device, 1, refresh(w.tool), install("no-such"), context=context, User_Agent=agent)
    shown = w.store.admin("GET", f"/api/v1/devices/{device.serial}").json()
    expect((shown["snapd-version"], shown["model"], shown["revoked"]), (NEW, model[0], False))
    one, = shown["packages"]
    expect({name: one[name] for name in ("name", "revision", "channel", "offered", "held",
                                         "ignore-validation", "epoch")},
           {"name": "tool", "revision": 1, "channel": "latest/stable", "offered": 2, "held": False,
            "ignore-validation": True, "epoch": "0"})
    expect(one["cohort-key"], cohort)
    expect([(one["package"], one["code"]) for one in shown["errors"]],
           [("no-such", "name-not-found")])
    listed = w.store.admin("GET", f"/api/v1/devices?model={model[0]}&pending=true").json()
    expect([one["serial"] for one in listed["devices"]], [device.serial])
    # Updated: nothing is pending; all of it survives a server that is killed after it was asked.
    poll(device, 2, date="2026-06-03T00:00:00Z")
    listed = w.store.admin("GET", f"/api/v1/devices?model={model[0]}&pending=true").json()
    expect(listed["devices"], [])
    before = w.store.admin("GET", f"/api/v1/devices/{device.serial}").json()
    expect(before["packages"][0]["offered"], None)
    w.crash()
    after = wait_for("the fleet", lambda: w.store.admin(
        "GET", f"/api/v1/devices/{device.serial}").json())
    expect(after, before)
    # And an orderly end loses nothing at all.
    poll(device, 3, context=[{**installed(w.tool, 3), "tracking-channel": "edge",
                              "held": {"by": ["system"]}}])
    expect(w.store.stop(), 0)
    w.store.start()
    shown = w.store.admin("GET", f"/api/v1/devices/{device.serial}").json()
    one, = shown["packages"]
    expect((one["revision"], one["channel"], one["held"]), (3, "latest/edge", True))


@case
def who_has_no_session_is_not_noted(w):
    before = w.rows("check_in")
    device = admitted(w.device(w.model()))
    bare = {"Snap-Device-Architecture": "amd64", "Snap-Device-Store": "acme"}
    body = refresh_body([installed(w.tool, 1)], [refresh(w.tool)])
    expect(w.store.call("POST", REFRESH, body, bare).status, 200)
    shown = w.store.admin("GET", f"/api/v1/devices/{device.serial}").json()
    expect((shown["last-seen"], shown["packages"]), (None, []))
    expect(w.rows("check_in")[0], before[0] + 1)


@case
def lists_of_devices_have_pages(w):
    model = w.model()
    serials = []
    for number in range(5):
        device = w.device(model)
        taken(ask(device, f"PAGE-{number}"))
        serials.append(f"PAGE-{number}")
    got, path = [], f"/api/v1/devices?model={model[0]}&limit=2"
    after = ""
    for _ in range(4):
        page = w.store.admin("GET", path + after).json()
        got += [one["serial"] for one in page["devices"]]
        if not page["next"]:
            break
        after = f"&after={page['next']}"
    expect(got, serials)
    listed = w.store.admin("GET", f"/api/v1/devices?model={model[0]}"
                                  f"&seen-before=2001-01-01T00:00:00Z").json()["devices"]
    expect(len(listed), 5, "never seen is seen before any time")
    for query in ("limit=0", "limit=x", "limit=100000", "seen-before=yesterday", "after=x"):
        expect(w.store.admin("GET", f"/api/v1/devices?{query}").status, 400, query)
    expect(w.store.admin("GET", "/api/v1/devices/no-such").status, 404)
    # One serial of two models.
    other = w.model()
    taken(ask(w.device(other), "PAGE-1"), "PAGE-1")
    expect(w.store.admin("GET", "/api/v1/devices/PAGE-1").status, 409)
    expect(w.store.admin("GET", f"/api/v1/devices/PAGE-1?model={other[0]}").status, 200)


# --- storectl ---

@case
def storectl_runs_a_fleet(w):
    name, text = w.model()
    csv = w.folder / "devices.csv"
    csv.write_text("serial,note\nF-1,first\n")

    def ctl(*words, code=0):
        return w.store.storectl(*words, code=code)

    expect_in("open", ctl("model", "policy", name))
    key = json.loads(ctl("model", "policy", f"acme/{name}", "--mode", "serials", "--quota", "2",
                         "--api-key", "new", "--json"))["new-api-key"]
    expect_in("serials", ctl("model", "policy", name))
    expect_in("Added 1, 0 unchanged", ctl("device", "allow", name, csv))
    expect_in("Added 0, 1 unchanged", ctl("device", "allow", name, csv))
    expect_in("first", ctl("device", "allow", name))
    csv.write_text("serial\n__\n")
    ctl("device", "allow", name, csv, code=3)
    ctl("device", "allow", name, w.folder / "none.csv", code=1)
    ctl("device", "allow", name, "--remove", code=2)
    ctl("model", "policy", name, "--quota", "few", code=2)
    device = w.device((name, text))
    device.tool = w.tool
    device.serial_text = taken(ask(device, "F-1", X_Device_API_Key=key), "F-1")
    device.serial = "F-1"
    device.open_session()
    poll(device, 1, User_Agent="snapd/2.57.6 (series 16)")
    listed = ctl("device", "list", "--model", name, "--pending")
    for part in ("Serial", "F-1", f"acme/{name}", "2.57.6"):
        expect_in(part, listed)
    shown = ctl("device", "show", "F-1", "--model", name)
    for part in ("tool", "latest/stable", "F-1", device.key.id):
        expect_in(part, shown)
    expect(json.loads(ctl("device", "list", "--model", name, "--seen-before", "7d",
                          "--json"))["devices"], [])
    ctl("device", "list", "--seen-before", "soon", code=2)
    ctl("device", "show", "no-such", code=6)
    w.policy(name, mode="pending", api_key="none")
    late = w.device((name, text))
    waits(ask(late, "F-2"))
    expect_in("F-2", ctl("device", "pending"))
    expect_in("Denied F-2", ctl("device", "deny", "F-2"))
    expect_in("F-2", ctl("device", "pending", "--state", "denied"))
    expect_in("Approved", ctl("device", "approve", late.key.id))
    taken(ask(late, "F-2"), "F-2")
    ctl("device", "approve", "F-9", code=6)
    expect_in("Revoked: F-1", ctl("device", "revoke", "F-1", "--model", name))
    expect_in("revoked", ctl("device", "list", "--model", name))
    ctl("device", "revoke", code=2)
    ctl("device", "unrevoke", "F-1")
    device.open_session()
    ctl("sessions", "expire", "--device", "F-1", "--model", name)
    expect(device.call("GET", "/v2/snaps/info/tool").status, 401)
    ctl("sessions", "expire", "--model", name)
    other, _ = w.model()
    expect_in("may become", ctl("model", "allow-remodel", name, f"acme/{other}"))
    expect_in(f"acme/{other}", ctl("model", "allow-remodel"))
    expect_in("no longer", ctl("model", "allow-remodel", name, other, "--remove"))
    ctl("model", "allow-remodel", name, other, "--remove", code=6)
    ctl("model", "allow-remodel", name, code=2)
    w.policy(name, mode="open", quota=None)
    refused(ask(w.device((name, text)), "F-1"), 409, "another key")
    shown = ctl("device", "alarms")
    expect_in("F-1", shown)
    expect_in("ALARM key", ctl("device", "show", "F-1", "--model", name))
    number = [one["id"] for one in json.loads(ctl("device", "alarms", "--json"))["alarms"]
              if one["serial"] == "F-1"][0]
    ctl("device", "alarms", "--clear", number)
    ctl("device", "alarms", "--clear", number, code=6)
    expect_in("Alarms", ctl("store"))


# --- many ---

@case
def ten_thousand_registrations_that_prove_nothing(w):
    model = w.model()
    device = admitted(w.device(model))
    device.tool = w.tool
    tables = ("device", "registration", "check_in", "device_alarm", "assertion", "audit")
    before = w.rows(*tables)
    used = device.request_id()
    good = device.serial_request(used)
    kinds = [stream(good.replace(used, used[:-4] + "AAAA"), model[1]), "x" * 2000,
             stream(good.replace("model: ", "model: x"), model[1]), stream(good, good),
             stream(re.sub(r"\n\n.*", "\n\nAXNpZw==\n", good, flags=re.S), model[1])]
    statuses = {}

    def one(number):
        answer = w.store.call("POST", "/api/v1/snaps/auth/devices", kinds[number % len(kinds)],
                              timeout=120)
        return answer.status

    def polls():
        return [poll(device, 1)["results"][0]["snap"]["revision"] for _ in range(50)]

    with concurrent.futures.ThreadPoolExecutor(200) as pool, \
            concurrent.futures.ThreadPoolExecutor(1) as quiet:
        seen = quiet.submit(polls)
        for status in pool.map(one, range(BOGUS)):
            statuses[status] = statuses.get(status, 0) + 1
        expect(set(seen.result()), {2}, "a refresh meanwhile")
    # 400 where it was looked at, 202 where the pool was full: the client comes back.
    expect(set(statuses) <= {400, 202, 503}, True, statuses)
    expect(statuses[400] > 0, True, statuses)
    expect(w.rows(*tables), before, "something was stored")
    resident = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(
        f"/proc/{w.store.children()['server']}/status").read_text()).group(1))
    print(f"# {statuses}, {resident // 1024} MB resident")
    taken(ask(device))


if __name__ == "__main__":
    main(CASES, World)
