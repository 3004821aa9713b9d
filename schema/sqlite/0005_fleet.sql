-- SPDX-License-Identifier: Apache-2.0
-- Who may register, what devices say of themselves, whose sessions count no more, and alarms.

-- A model without a row is open.
CREATE TABLE model_policy (
        brand_id TEXT NOT NULL CHECK (length(brand_id) BETWEEN 1 AND 64),
        model TEXT NOT NULL CHECK (length(model) BETWEEN 1 AND 128),
        mode TEXT NOT NULL CONSTRAINT mode_is_known
                CHECK (mode IN ('open', 'serials', 'keys', 'pending')),
        api_key BLOB CONSTRAINT api_key_is_48_bytes CHECK (length(api_key) = 48),
        quota INTEGER NOT NULL CHECK (quota >= -1),
        proposed INTEGER NOT NULL CHECK (proposed IN (0, 1)),
        changed INTEGER NOT NULL CHECK (changed >= 0),
        PRIMARY KEY (brand_id, model)
) STRICT;

-- serial '' : a key that gets any serial; key_id '' : a serial that any one key may take.
CREATE TABLE device_allow (
        brand_id TEXT NOT NULL CHECK (length(brand_id) BETWEEN 1 AND 64),
        model TEXT NOT NULL CHECK (length(model) BETWEEN 1 AND 128),
        serial TEXT NOT NULL CHECK (length(serial) <= 128),
        key_id TEXT NOT NULL CHECK (length(key_id) <= 128),
        note TEXT NOT NULL CHECK (length(note) <= 256),
        created INTEGER NOT NULL CHECK (created >= 0),
        PRIMARY KEY (brand_id, model, serial, key_id),
        CONSTRAINT allow_names_something CHECK (serial <> '' OR key_id <> '')
) STRICT;
CREATE INDEX device_allow_by_key ON device_allow (brand_id, model, key_id) WHERE key_id <> '';

-- Devices that proved their key and have no serial yet. reserved: the signer is being asked.
CREATE TABLE registration (
        brand_id TEXT NOT NULL CHECK (length(brand_id) BETWEEN 1 AND 64),
        model TEXT NOT NULL CHECK (length(model) BETWEEN 1 AND 128),
        key_id TEXT NOT NULL CHECK (length(key_id) BETWEEN 1 AND 128),
        request_id TEXT NOT NULL UNIQUE CHECK (length(request_id) BETWEEN 1 AND 1024),
        proposed TEXT NOT NULL CHECK (length(proposed) <= 128),
        serial TEXT CHECK (length(serial) BETWEEN 1 AND 128),
        state TEXT NOT NULL CONSTRAINT registration_state_is_known
                CHECK (state IN ('waiting', 'approved', 'denied', 'reserved')),
        created INTEGER NOT NULL CHECK (created >= 0),
        asked INTEGER NOT NULL CHECK (asked >= 0),
        PRIMARY KEY (brand_id, model, key_id),
        UNIQUE (brand_id, model, serial),
        CONSTRAINT reserved_has_serial CHECK ((state = 'reserved') = (serial IS NOT NULL))
) STRICT;
CREATE INDEX registration_by_state ON registration (state, asked);

CREATE TABLE remodel (
        from_brand_id TEXT NOT NULL CHECK (length(from_brand_id) BETWEEN 1 AND 64),
        from_model TEXT NOT NULL CHECK (length(from_model) BETWEEN 1 AND 128),
        to_brand_id TEXT NOT NULL CHECK (length(to_brand_id) BETWEEN 1 AND 64),
        to_model TEXT NOT NULL CHECK (length(to_model) BETWEEN 1 AND 128),
        created INTEGER NOT NULL CHECK (created >= 0),
        PRIMARY KEY (from_brand_id, from_model, to_brand_id, to_model)
) STRICT;

-- serial '': the whole model. Sessions opened at `stale_before` or earlier are over.
CREATE TABLE device_block (
        brand_id TEXT NOT NULL CHECK (length(brand_id) BETWEEN 1 AND 64),
        model TEXT NOT NULL CHECK (length(model) BETWEEN 1 AND 128),
        serial TEXT NOT NULL CHECK (length(serial) <= 128),
        revoked INTEGER NOT NULL CHECK (revoked IN (0, 1)),
        stale_before INTEGER NOT NULL CHECK (stale_before >= 0),
        PRIMARY KEY (brand_id, model, serial)
) STRICT;
INSERT INTO device_block (brand_id, model, serial, revoked, stale_before)
SELECT brand_id, model, serial, 1, 0 FROM device WHERE revoked = 1;

-- What a device said last. A registered device has its row from the first day, with last_seen 0.
-- state: lines, see server/domain/fleet_state.c.
CREATE TABLE check_in (
        brand_id TEXT NOT NULL CHECK (length(brand_id) BETWEEN 1 AND 64),
        model TEXT NOT NULL CHECK (length(model) BETWEEN 1 AND 128),
        serial TEXT NOT NULL CHECK (length(serial) BETWEEN 1 AND 128),
        first_seen INTEGER NOT NULL CHECK (first_seen >= 0),
        last_seen INTEGER NOT NULL CHECK (last_seen >= 0),
        snapd_version TEXT NOT NULL CHECK (length(snapd_version) <= 64),
        pending INTEGER NOT NULL CHECK (pending >= 0),
        state TEXT NOT NULL CHECK (length(state) <= 262144),
        PRIMARY KEY (brand_id, model, serial)
) STRICT;
INSERT INTO check_in (brand_id, model, serial, first_seen, last_seen, snapd_version, pending, state)
SELECT brand_id, model, serial, 0, 0, '', 0, '' FROM device;

-- key: another key asked for a serial that has one; state: one serial speaks for two devices.
CREATE TABLE device_alarm (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        brand_id TEXT NOT NULL CHECK (length(brand_id) BETWEEN 1 AND 64),
        model TEXT NOT NULL CHECK (length(model) BETWEEN 1 AND 128),
        serial TEXT NOT NULL CHECK (length(serial) BETWEEN 1 AND 128),
        kind TEXT NOT NULL CONSTRAINT alarm_kind_is_known CHECK (kind IN ('key', 'state')),
        detail TEXT NOT NULL CHECK (length(detail) <= 1024),
        times INTEGER NOT NULL CHECK (times > 0),
        first INTEGER NOT NULL CHECK (first >= 0),
        last INTEGER NOT NULL CHECK (last >= 0),
        UNIQUE (brand_id, model, serial, kind)
) STRICT;
