-- SPDX-License-Identifier: Apache-2.0
-- The first schema. Never edited after a release: its SHA-256 is recorded where it was applied.
--
-- Units: times are microseconds since 1970 UTC, 0 is "none"; sizes are bytes; digests are raw
-- SHA3-384 (48 bytes); truth is 0 or 1; lists in a text are joined by ','.
-- Absent: '' for texts; NULL only where a foreign key or a uniqueness must not see the value.
-- Facts are written by people and kept; derived tables are marked, and can be built again.

CREATE TABLE migration (
        number INTEGER NOT NULL PRIMARY KEY CHECK (number > 0),
        name TEXT NOT NULL,
        sha256 TEXT NOT NULL CONSTRAINT sha256_is_hex CHECK (length(sha256) = 64)
) STRICT;

-- Small named values.
CREATE TABLE meta (
        name TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 128),
        value TEXT NOT NULL CHECK (length(value) <= 65536)
) STRICT;

-- One row: how often what devices see has changed. It never falls.
CREATE TABLE catalog (
        id INTEGER NOT NULL PRIMARY KEY CONSTRAINT one_row CHECK (id = 1),
        generation INTEGER NOT NULL CHECK (generation >= 0)
) STRICT;
INSERT INTO catalog (id, generation) VALUES (1, 0);
CREATE TRIGGER catalog_never_falls BEFORE UPDATE ON catalog
WHEN NEW.generation <= OLD.generation
BEGIN SELECT RAISE(ABORT, 'the catalog generation only rises'); END;
CREATE TRIGGER catalog_is_kept BEFORE DELETE ON catalog
BEGIN SELECT RAISE(ABORT, 'the catalog row is kept'); END;

CREATE TABLE account (
        account_id TEXT NOT NULL PRIMARY KEY CHECK (length(account_id) BETWEEN 1 AND 64),
        username TEXT NOT NULL UNIQUE CHECK (length(username) BETWEEN 1 AND 128),
        display_name TEXT NOT NULL CHECK (length(display_name) <= 512),
        email TEXT NOT NULL CHECK (length(email) <= 320),
        validation TEXT NOT NULL
                CONSTRAINT validation_is_known CHECK (validation IN ('unproven', 'starred', 'verified')),
        created INTEGER NOT NULL CHECK (created >= 0)
) STRICT;

-- Facts. Every revision of every assertion but serials; the bytes exactly as they came.
CREATE TABLE assertion (
        type TEXT NOT NULL CHECK (length(type) BETWEEN 1 AND 64),
        pk TEXT NOT NULL CHECK (length(pk) BETWEEN 1 AND 4096),
        revision INTEGER NOT NULL CHECK (revision >= 0),
        format INTEGER NOT NULL CHECK (format >= 0),
        authority TEXT NOT NULL,
        imported INTEGER NOT NULL CHECK (imported IN (0, 1)),
        content BLOB NOT NULL CONSTRAINT content_is_bounded CHECK (length(content) BETWEEN 1 AND 8388608),
        created INTEGER NOT NULL CHECK (created >= 0),
        PRIMARY KEY (type, pk, revision)
) STRICT;
CREATE TRIGGER assertion_is_a_fact BEFORE UPDATE ON assertion
BEGIN SELECT RAISE(ABORT, 'an assertion is never changed'); END;

CREATE TABLE package (
        snap_id TEXT NOT NULL PRIMARY KEY CHECK (length(snap_id) BETWEEN 1 AND 64),
        store_id TEXT NOT NULL CHECK (length(store_id) BETWEEN 1 AND 64),
        name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
        publisher_id TEXT NOT NULL REFERENCES account (account_id),
        type TEXT NOT NULL CHECK (length(type) <= 32),
        is_private INTEGER NOT NULL CHECK (is_private IN (0, 1)),
        title TEXT NOT NULL CHECK (length(title) <= 4096),
        summary TEXT NOT NULL CHECK (length(summary) <= 4096),
        description TEXT NOT NULL CHECK (length(description) <= 65536),
        default_track TEXT NOT NULL CHECK (length(default_track) <= 28),
        created INTEGER NOT NULL CHECK (created >= 0),
        UNIQUE (store_id, name)
) STRICT;
CREATE INDEX package_by_publisher ON package (publisher_id);

CREATE TABLE track (
        snap_id TEXT NOT NULL REFERENCES package (snap_id) ON DELETE CASCADE,
        name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 28),
        version_pattern TEXT NOT NULL CHECK (length(version_pattern) <= 256),
        created INTEGER NOT NULL CHECK (created >= 0),
        PRIMARY KEY (snap_id, name)
) STRICT;

-- Facts. The blob of the digest is durable before the row commits.
CREATE TABLE revision (
        snap_id TEXT NOT NULL REFERENCES package (snap_id),
        number INTEGER NOT NULL CHECK (number > 0),
        digest BLOB NOT NULL CONSTRAINT digest_is_48_bytes CHECK (length(digest) = 48),
        bytes INTEGER NOT NULL CHECK (bytes >= 0),
        info_json TEXT NOT NULL CHECK (length(info_json) <= 1048576),
        version TEXT NOT NULL CHECK (length(version) <= 256),
        archs TEXT NOT NULL CHECK (length(archs) <= 1024),
        provenance TEXT NOT NULL CHECK (length(provenance) BETWEEN 1 AND 256),
        developer_id TEXT NOT NULL,
        build_signed INTEGER NOT NULL CHECK (build_signed IN (0, 1)),
        created INTEGER NOT NULL CHECK (created >= 0),
        PRIMARY KEY (snap_id, number),
        UNIQUE (snap_id, digest, provenance)
) STRICT;
CREATE INDEX revision_by_digest ON revision (digest);

-- Facts: the history of every channel. revision NULL closes it.
-- risk: 0 stable, 1 candidate, 2 beta, 3 edge. percentage -1: not progressive.
CREATE TABLE release_event (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        snap_id TEXT NOT NULL,
        arch TEXT NOT NULL CHECK (length(arch) BETWEEN 1 AND 32),
        track TEXT NOT NULL,
        risk INTEGER NOT NULL CHECK (risk BETWEEN 0 AND 3),
        branch TEXT NOT NULL CHECK (length(branch) <= 64),
        revision INTEGER,
        percentage INTEGER NOT NULL
                CONSTRAINT percentage_is_in_bounds CHECK (percentage BETWEEN -1 AND 100),
        base_revision INTEGER,
        paused INTEGER NOT NULL CHECK (paused IN (0, 1)),
        expires INTEGER NOT NULL CHECK (expires >= 0),
        made_by TEXT NOT NULL,
        created INTEGER NOT NULL CHECK (created >= 0),
        FOREIGN KEY (snap_id, track) REFERENCES track (snap_id, name),
        FOREIGN KEY (snap_id, revision) REFERENCES revision (snap_id, number),
        FOREIGN KEY (snap_id, base_revision) REFERENCES revision (snap_id, number)
) STRICT;
CREATE INDEX release_event_by_package ON release_event (snap_id, id);
CREATE INDEX release_event_by_expiry ON release_event (expires) WHERE expires > 0;
CREATE TRIGGER release_event_is_a_fact BEFORE UPDATE ON release_event
BEGIN SELECT RAISE(ABORT, 'a release event is never changed'); END;

-- Derived: the newest event of each channel that is open.
CREATE TABLE channel_map (
        snap_id TEXT NOT NULL,
        arch TEXT NOT NULL,
        track TEXT NOT NULL,
        risk INTEGER NOT NULL,
        branch TEXT NOT NULL,
        event_id INTEGER NOT NULL UNIQUE REFERENCES release_event (id),
        PRIMARY KEY (snap_id, arch, track, risk, branch)
) STRICT;

-- secret: the digest of the token's text; the text itself is not kept.
CREATE TABLE token (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        secret BLOB NOT NULL UNIQUE CONSTRAINT secret_is_48_bytes CHECK (length(secret) = 48),
        account_id TEXT NOT NULL REFERENCES account (account_id),
        kind TEXT NOT NULL CONSTRAINT token_kind_is_known CHECK (kind IN ('admin', 'session')),
        permissions TEXT NOT NULL CHECK (length(permissions) <= 4096),
        packages TEXT NOT NULL CHECK (length(packages) <= 65536),
        channels TEXT NOT NULL CHECK (length(channels) <= 65536),
        description TEXT NOT NULL CHECK (length(description) <= 1024),
        expires INTEGER NOT NULL CHECK (expires >= 0),
        created INTEGER NOT NULL CHECK (created >= 0),
        revoked INTEGER NOT NULL CHECK (revoked IN (0, 1))
) STRICT;
CREATE INDEX token_by_account ON token (account_id, id);

-- account_id NULL: anonymous. snap_id NULL: not pushed yet.
CREATE TABLE upload (
        upload_id TEXT NOT NULL PRIMARY KEY CHECK (length(upload_id) BETWEEN 1 AND 64),
        account_id TEXT REFERENCES account (account_id),
        digest BLOB NOT NULL CONSTRAINT digest_is_48_bytes CHECK (length(digest) = 48),
        bytes INTEGER NOT NULL CHECK (bytes >= 0),
        snap_id TEXT REFERENCES package (snap_id) ON DELETE CASCADE,
        status TEXT NOT NULL CONSTRAINT upload_status_is_known
                CHECK (status IN ('uploaded', 'reviewing', 'approved', 'rejected')),
        revision INTEGER CHECK (revision > 0),
        error_code TEXT NOT NULL CHECK (length(error_code) <= 256),
        error_text TEXT NOT NULL CHECK (length(error_text) <= 65536),
        request_json TEXT NOT NULL CHECK (length(request_json) <= 1048576),
        expires INTEGER NOT NULL CHECK (expires >= 0),
        created INTEGER NOT NULL CHECK (created >= 0),
        CONSTRAINT approved_has_revision CHECK (status <> 'approved' OR revision IS NOT NULL)
) STRICT;
CREATE INDEX upload_by_package ON upload (snap_id);
CREATE INDEX upload_by_account ON upload (account_id);
CREATE INDEX upload_by_status ON upload (status, expires);

-- The queue. A job that is done is deleted; one that was given up stays, as failed, until the same
-- work is asked for again. boot_id: the process that has it, while running.
CREATE TABLE job (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 32),
        subject TEXT NOT NULL CHECK (length(subject) BETWEEN 1 AND 512),
        payload TEXT NOT NULL CHECK (length(payload) <= 1048576),
        priority INTEGER NOT NULL,
        attempts INTEGER NOT NULL CHECK (attempts >= 0),
        run_after INTEGER NOT NULL CHECK (run_after >= 0),
        created INTEGER NOT NULL CHECK (created >= 0),
        state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'failed')),
        boot_id TEXT NOT NULL,
        reason TEXT NOT NULL CHECK (length(reason) <= 4096),
        UNIQUE (kind, subject)
) STRICT;
CREATE INDEX job_by_state ON job (state, priority DESC, run_after, id);

-- Derived: what the worker made, or why it did not.
CREATE TABLE delta (
        snap_id TEXT NOT NULL,
        source INTEGER NOT NULL,
        target INTEGER NOT NULL,
        format TEXT NOT NULL CHECK (length(format) BETWEEN 1 AND 64),
        state TEXT NOT NULL
                CONSTRAINT delta_state_is_known CHECK (state IN ('ready', 'refused', 'failed')),
        digest BLOB CONSTRAINT digest_is_48_bytes CHECK (length(digest) = 48),
        bytes INTEGER NOT NULL CHECK (bytes >= 0),
        target_bytes INTEGER NOT NULL CHECK (target_bytes >= 0),
        cpu_usec INTEGER NOT NULL CHECK (cpu_usec >= 0),
        reason TEXT NOT NULL CHECK (length(reason) <= 4096),
        created INTEGER NOT NULL CHECK (created >= 0),
        PRIMARY KEY (snap_id, source, target, format),
        FOREIGN KEY (snap_id, source) REFERENCES revision (snap_id, number),
        FOREIGN KEY (snap_id, target) REFERENCES revision (snap_id, number),
        CONSTRAINT delta_has_two_ends CHECK (source <> target),
        CONSTRAINT ready_has_digest CHECK ((state = 'ready') = (digest IS NOT NULL))
) STRICT;
CREATE INDEX delta_by_target ON delta (snap_id, target);

-- request_id NULL: not registered here (imported). content: the serial assertion.
CREATE TABLE device (
        brand_id TEXT NOT NULL CHECK (length(brand_id) BETWEEN 1 AND 64),
        model TEXT NOT NULL CHECK (length(model) BETWEEN 1 AND 128),
        serial TEXT NOT NULL CHECK (length(serial) BETWEEN 1 AND 128),
        key_id TEXT NOT NULL CHECK (length(key_id) BETWEEN 1 AND 128),
        request_id TEXT UNIQUE CHECK (length(request_id) <= 1024),
        content BLOB NOT NULL CONSTRAINT content_is_bounded CHECK (length(content) BETWEEN 1 AND 1048576),
        revoked INTEGER NOT NULL CHECK (revoked IN (0, 1)),
        created INTEGER NOT NULL CHECK (created >= 0),
        last_seen INTEGER NOT NULL CHECK (last_seen >= 0),
        PRIMARY KEY (brand_id, model, serial)
) STRICT;
CREATE INDEX device_by_key ON device (brand_id, model, key_id);

-- Facts: who changed what. It outlives accounts and packages, so it refers to neither.
CREATE TABLE audit (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        made_by TEXT NOT NULL CHECK (length(made_by) <= 128),
        action TEXT NOT NULL CHECK (length(action) BETWEEN 1 AND 64),
        object TEXT NOT NULL CHECK (length(object) <= 4096),
        detail TEXT NOT NULL CHECK (length(detail) <= 65536),
        created INTEGER NOT NULL CHECK (created >= 0)
) STRICT;
CREATE TRIGGER audit_is_a_fact BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'an audit entry is never changed'); END;
CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'an audit entry is never deleted'); END;
