# SPDX-License-Identifier: Apache-2.0
"""root_lib.py -- a root of trust of somebody else's, for the test_*.py beside it: an account that
certifies keys and accounts and signs whatever a case needs, rightly or wrongly.
"""
import hashlib

from device_lib import Key, b64url, sign, stream

STAMP = "2020-06-01T00:00:00Z"


class Root:
    """The trusted account `name` with the keys root and store; people are accounts with a key each."""

    def __init__(self, folder, name="org"):
        self.folder, self.name = folder, name
        self.keys = {}
        self.key("root")
        self.key("store")

    def key(self, name):
        if name not in self.keys:
            self.keys[name] = Key(self.folder, f"{self.name}-{name}", 2048)
        return self.keys[name]

    def account(self, name, by="root", validation="unproven"):
        return sign(self.key(by), f"type: account\nauthority-id: {self.name}\naccount-id: {name}\n"
                                  f"display-name: {name}\nvalidation: {validation}\n"
                                  f"timestamp: {STAMP}\n")

    def account_key(self, name, account, by="root", since="2020-01-01T00:00:00Z", until=None,
                    label=None):
        key = self.key(name)
        return sign(self.key(by), f"type: account-key\nauthority-id: {self.name}\n"
                                  f"public-key-sha3-384: {key.id}\naccount-id: {account}\n"
                                  f"name: {label or name}\nsince: {since}\n" +
                    (f"until: {until}\n" if until else ""), body=key.text)

    def chain(self):
        """What a store needs to trust this root: its account and its key."""
        return stream(self.account_key("root", self.name), self.account(self.name))

    def trust_write(self, data):
        """The root among those that a data folder trusts, as `storectl trust add` does it."""
        with open(data / "trust" / "roots", "a") as roots:
            roots.write(f"{self.name} {self.keys['root'].id}\n")
        (data / "trust" / f"{self.name}.assert").write_text(self.chain())

    def person(self, name):
        """An account and its key, as a stream."""
        return stream(self.account(name), self.account_key(name, name))

    def make(self, kind, by, headers, revision=0, form=0, stamp=STAMP, body=None, authority=None):
        authority = authority or (self.name if by in ("root", "store") else by)
        return sign(self.key(by), f"type: {kind}\n" + (f"format: {form}\n" if form else "") +
                    f"authority-id: {authority}\n" + (f"revision: {revision}\n" if revision else "")
                    + headers + (f"timestamp: {stamp}\n" if stamp else ""), body=body)

    def declaration(self, name, snap_id, publisher, more="", revision=0, form=0, by="store"):
        return self.make("snap-declaration", by,
                         f"series: 16\nsnap-id: {snap_id}\nsnap-name: {name}\n"
                         f"publisher-id: {publisher}\n{more}", revision, form)

    def revision(self, data, snap_id, number, developer, by="store", provenance=None, size=None,
                 digest=None, stamp=STAMP):
        return self.make("snap-revision", by,
                         f"snap-sha3-384: {digest or b64url(hashlib.sha3_384(data).digest())}\n" +
                         (f"provenance: {provenance}\n" if provenance else "") +
                         f"snap-id: {snap_id}\nsnap-size: {size or len(data)}\n"
                         f"snap-revision: {number}\ndeveloper-id: {developer}\n", stamp=stamp)
