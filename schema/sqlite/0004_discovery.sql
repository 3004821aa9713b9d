-- SPDX-License-Identifier: Apache-2.0
-- What people find packages by: addresses, categories, pictures.

-- Addresses that the store names; those of a kind replace what its snap.yaml says of that kind.
CREATE TABLE package_link (
        snap_id TEXT NOT NULL REFERENCES package (snap_id) ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
        position INTEGER NOT NULL CHECK (position BETWEEN 0 AND 31),
        url TEXT NOT NULL CHECK (length(url) BETWEEN 1 AND 1024),
        PRIMARY KEY (snap_id, kind, position)
) STRICT;

-- The operator's list. "featured" is always there, without a row.
CREATE TABLE category (
        store_id TEXT NOT NULL CHECK (length(store_id) BETWEEN 1 AND 64),
        name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 40 AND name <> 'featured'),
        created INTEGER NOT NULL CHECK (created >= 0),
        PRIMARY KEY (store_id, name)
) STRICT;

CREATE TABLE package_category (
        snap_id TEXT NOT NULL REFERENCES package (snap_id) ON DELETE CASCADE,
        name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
        PRIMARY KEY (snap_id, name)
) STRICT;
CREATE INDEX package_category_by_name ON package_category (name);

-- revision 0: set by people; else the icon that a revision brought with it. The blob of the digest
-- is durable before the row commits.
CREATE TABLE media (
        snap_id TEXT NOT NULL REFERENCES package (snap_id) ON DELETE CASCADE,
        revision INTEGER NOT NULL CHECK (revision >= 0),
        kind TEXT NOT NULL CONSTRAINT media_kind_is_known CHECK (kind IN ('icon', 'screenshot')),
        position INTEGER NOT NULL CHECK (position BETWEEN 0 AND 15),
        digest BLOB NOT NULL CONSTRAINT digest_is_48_bytes CHECK (length(digest) = 48),
        bytes INTEGER NOT NULL CHECK (bytes BETWEEN 1 AND 2097152),
        format TEXT NOT NULL CONSTRAINT media_format_is_known CHECK (format IN ('png', 'jpeg')),
        width INTEGER NOT NULL CHECK (width BETWEEN 1 AND 4096),
        height INTEGER NOT NULL CHECK (height BETWEEN 1 AND 4096),
        created INTEGER NOT NULL CHECK (created >= 0),
        PRIMARY KEY (snap_id, revision, kind, position)
) STRICT;
CREATE INDEX media_by_digest ON media (digest);
