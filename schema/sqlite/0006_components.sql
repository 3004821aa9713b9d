-- SPDX-License-Identifier: Apache-2.0
-- Components: further files of a snap, and which of them goes with which revision.

-- Facts. The blob of the digest is durable before the row commits.
CREATE TABLE component (
        snap_id TEXT NOT NULL REFERENCES package (snap_id),
        name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
        number INTEGER NOT NULL CHECK (number > 0),
        digest BLOB NOT NULL CONSTRAINT digest_is_48_bytes CHECK (length(digest) = 48),
        bytes INTEGER NOT NULL CHECK (bytes >= 0),
        type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 32),
        version TEXT NOT NULL CHECK (length(version) <= 256),
        summary TEXT NOT NULL CHECK (length(summary) <= 1024),
        description TEXT NOT NULL CHECK (length(description) <= 65536),
        developer_id TEXT NOT NULL,
        created INTEGER NOT NULL CHECK (created >= 0),
        PRIMARY KEY (snap_id, name, number),
        UNIQUE (snap_id, name, digest)
) STRICT;
CREATE INDEX component_by_digest ON component (digest);

-- Facts: the newest pair of a revision and a component's name is the one that devices are told.
CREATE TABLE component_pair (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        snap_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        name TEXT NOT NULL,
        number INTEGER NOT NULL,
        made_by TEXT NOT NULL,
        created INTEGER NOT NULL CHECK (created >= 0),
        FOREIGN KEY (snap_id, revision) REFERENCES revision (snap_id, number),
        FOREIGN KEY (snap_id, name, number) REFERENCES component (snap_id, name, number)
) STRICT;
CREATE INDEX component_pair_by_revision ON component_pair (snap_id, revision, name, id);
