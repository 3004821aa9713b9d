-- SPDX-License-Identifier: Apache-2.0
-- Policies, lists, registrations on their way, blocks, check-ins, alarms.

-- name: policy_get
-- in: brand_id, model
-- out: as policy_put takes
SELECT brand_id, model, mode, api_key, quota, proposed, changed FROM model_policy
WHERE brand_id = $1 AND model = $2;

-- name: policy_put
-- in: brand_id, model, mode, api_key, quota, proposed, changed
INSERT INTO model_policy (brand_id, model, mode, api_key, quota, proposed, changed)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (brand_id, model) DO UPDATE SET mode = excluded.mode, api_key = excluded.api_key,
        quota = excluded.quota, proposed = excluded.proposed, changed = excluded.changed;

-- name: policy_counts
-- in: brand_id, model
-- out: registered and not revoked, reserved, waiting, listed
SELECT (SELECT count(*) FROM device WHERE brand_id = $1 AND model = $2 AND revoked = 0),
        (SELECT count(*) FROM registration
         WHERE brand_id = $1 AND model = $2 AND state = 'reserved'),
        (SELECT count(*) FROM registration
         WHERE brand_id = $1 AND model = $2 AND state = 'waiting'),
        (SELECT count(*) FROM device_allow WHERE brand_id = $1 AND model = $2);

-- name: allow_insert
-- in: brand_id, model, serial, key_id, note, created
INSERT INTO device_allow (brand_id, model, serial, key_id, note, created)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (brand_id, model, serial, key_id) DO NOTHING;

-- name: allow_delete
-- in: brand_id, model, serial, key_id
DELETE FROM device_allow WHERE brand_id = $1 AND model = $2 AND serial = $3 AND key_id = $4;

-- name: allow_find_serial
-- in: brand_id, model, serial, key_id
-- out: as allow_insert takes; a row for this very key before one for any
SELECT brand_id, model, serial, key_id, note, created FROM device_allow
WHERE brand_id = $1 AND model = $2 AND serial = $3 AND key_id IN ($4, '')
ORDER BY key_id DESC LIMIT 1;

-- name: allow_find_key
-- in: brand_id, model, key_id
-- out: as allow_insert takes; a row with a serial before one for any
SELECT brand_id, model, serial, key_id, note, created FROM device_allow
WHERE brand_id = $1 AND model = $2 AND key_id = $3 AND key_id <> ''
ORDER BY serial DESC LIMIT 1;

-- name: allow_list
-- in: brand_id, model, serial and key_id to come after, most rows
-- out: as allow_insert takes; by serial, key_id
SELECT brand_id, model, serial, key_id, note, created FROM device_allow
WHERE brand_id = $1 AND model = $2 AND (serial, key_id) > ($3, $4)
ORDER BY serial, key_id LIMIT $5;

-- name: registration_put
-- in: brand_id, model, key_id, request_id, proposed, serial, state, created (of a new one), asked
INSERT INTO registration (brand_id, model, key_id, request_id, proposed, serial, state, created,
        asked)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (brand_id, model, key_id) DO UPDATE SET request_id = excluded.request_id,
        proposed = excluded.proposed, serial = excluded.serial, state = excluded.state,
        asked = excluded.asked;

-- name: registration_get
-- in: brand_id, model, key_id
-- out: as registration_put takes
SELECT brand_id, model, key_id, request_id, proposed, serial, state, created, asked
FROM registration WHERE brand_id = $1 AND model = $2 AND key_id = $3;

-- name: registration_get_by_request
-- in: request_id
-- out: as registration_put takes
SELECT brand_id, model, key_id, request_id, proposed, serial, state, created, asked
FROM registration WHERE request_id = $1;

-- name: registration_get_by_serial
-- in: brand_id, model, serial
-- out: as registration_put takes
SELECT brand_id, model, key_id, request_id, proposed, serial, state, created, asked
FROM registration WHERE brand_id = $1 AND model = $2 AND serial = $3;

-- name: registration_find
-- in: a proposed serial or a key id, most rows
-- out: as registration_put takes
SELECT brand_id, model, key_id, request_id, proposed, serial, state, created, asked
FROM registration WHERE (key_id = $1 OR proposed = $1) AND state <> 'reserved'
ORDER BY brand_id, model, key_id LIMIT $2;

-- name: registration_list
-- in: a state, brand_id, model, key_id to come after, most rows
-- out: as registration_put takes; by brand_id, model, key_id
SELECT brand_id, model, key_id, request_id, proposed, serial, state, created, asked
FROM registration WHERE state = $1 AND (brand_id, model, key_id) > ($2, $3, $4)
ORDER BY brand_id, model, key_id LIMIT $5;

-- name: registration_count
-- out: those that wait for an operator or for the signer
SELECT count(*) FROM registration WHERE state <> 'denied';

-- name: registration_delete
-- in: brand_id, model, key_id
DELETE FROM registration WHERE brand_id = $1 AND model = $2 AND key_id = $3;

-- name: registration_expire
-- in: the time at which a device must have asked last
DELETE FROM registration WHERE state <> 'denied' AND asked < $1;

-- name: remodel_insert
-- in: from_brand_id, from_model, to_brand_id, to_model, created
INSERT INTO remodel (from_brand_id, from_model, to_brand_id, to_model, created)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT (from_brand_id, from_model, to_brand_id, to_model) DO NOTHING;

-- name: remodel_get
-- in: from_brand_id, from_model, to_brand_id, to_model
-- out: as remodel_insert takes
SELECT from_brand_id, from_model, to_brand_id, to_model, created FROM remodel
WHERE from_brand_id = $1 AND from_model = $2 AND to_brand_id = $3 AND to_model = $4;

-- name: remodel_delete
-- in: from_brand_id, from_model, to_brand_id, to_model
DELETE FROM remodel
WHERE from_brand_id = $1 AND from_model = $2 AND to_brand_id = $3 AND to_model = $4;

-- name: remodel_list
-- out: as remodel_insert takes
SELECT from_brand_id, from_model, to_brand_id, to_model, created FROM remodel
ORDER BY from_brand_id, from_model, to_brand_id, to_model;

-- name: block_get
-- in: brand_id, model, serial ('': the model)
-- out: as block_put takes
SELECT brand_id, model, serial, revoked, stale_before FROM device_block
WHERE brand_id = $1 AND model = $2 AND serial = $3;

-- name: block_put
-- in: brand_id, model, serial, revoked, stale_before
INSERT INTO device_block (brand_id, model, serial, revoked, stale_before)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (brand_id, model, serial) DO UPDATE SET revoked = excluded.revoked,
        stale_before = excluded.stale_before;

-- name: block_list
-- out: as block_put takes; by brand_id, model, serial
SELECT brand_id, model, serial, revoked, stale_before FROM device_block
ORDER BY brand_id, model, serial;

-- Sessions that are over by their age need no row any more.
-- name: block_expire
-- in: the time before which no session was opened that is still good
DELETE FROM device_block WHERE revoked = 0 AND stale_before < $1;

-- name: check_in_begin
-- in: brand_id, model, serial
INSERT INTO check_in (brand_id, model, serial, first_seen, last_seen, snapd_version, pending, state)
VALUES ($1, $2, $3, 0, 0, '', 0, '') ON CONFLICT (brand_id, model, serial) DO NOTHING;

-- What another process knows of an earlier first or a later last time stays.
-- name: check_in_put
-- in: brand_id, model, serial, first_seen, last_seen, snapd_version, pending, state
INSERT INTO check_in (brand_id, model, serial, first_seen, last_seen, snapd_version, pending, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (brand_id, model, serial) DO UPDATE SET
        first_seen = CASE WHEN check_in.first_seen BETWEEN 1 AND excluded.first_seen
                THEN check_in.first_seen ELSE excluded.first_seen END,
        last_seen = CASE WHEN check_in.last_seen > excluded.last_seen
                THEN check_in.last_seen ELSE excluded.last_seen END,
        snapd_version = excluded.snapd_version, pending = excluded.pending, state = excluded.state;

-- name: check_in_seen
-- in: brand_id, model, serial, last_seen
UPDATE check_in SET last_seen = $4
WHERE brand_id = $1 AND model = $2 AND serial = $3 AND last_seen < $4;

-- name: check_in_get
-- in: brand_id, model, serial
-- out: as check_in_put takes
SELECT brand_id, model, serial, first_seen, last_seen, snapd_version, pending, state
FROM check_in WHERE brand_id = $1 AND model = $2 AND serial = $3;

-- name: check_in_list
-- in: brand_id, model, serial to come after, most rows
-- out: as check_in_put takes; those that ever checked in, by brand_id, model, serial
SELECT brand_id, model, serial, first_seen, last_seen, snapd_version, pending, state
FROM check_in WHERE (brand_id, model, serial) > ($1, $2, $3) AND last_seen > 0
ORDER BY brand_id, model, serial LIMIT $4;

-- name: device_look
-- in: brand_id, model, serial to come after; brand, model and serial ('' any); seen before (0 any);
--     least pending; most rows
-- out: brand_id, model, serial, key_id, revoked, registered, first_seen, last_seen, snapd_version,
--      pending, alarms; by brand_id, model, serial
SELECT c.brand_id, c.model, c.serial, coalesce(d.key_id, ''), coalesce(b.revoked, 0),
        coalesce(d.created, 0), c.first_seen, c.last_seen, c.snapd_version, c.pending,
        (SELECT count(*) FROM device_alarm a
         WHERE a.brand_id = c.brand_id AND a.model = c.model AND a.serial = c.serial)
FROM check_in c
LEFT JOIN device d ON d.brand_id = c.brand_id AND d.model = c.model AND d.serial = c.serial
LEFT JOIN device_block b
        ON b.brand_id = c.brand_id AND b.model = c.model AND b.serial = c.serial
WHERE (c.brand_id, c.model, c.serial) > ($1, $2, $3)
        AND ($4 = '' OR c.brand_id = $4) AND ($5 = '' OR c.model = $5)
        AND ($6 = '' OR c.serial = $6) AND ($7 = 0 OR c.last_seen < $7) AND c.pending >= $8
ORDER BY c.brand_id, c.model, c.serial LIMIT $9;

-- name: alarm_raise
-- in: brand_id, model, serial, kind, detail, times, first, last
-- out: how often it was raised by now
INSERT INTO device_alarm (brand_id, model, serial, kind, detail, times, first, last)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (brand_id, model, serial, kind) DO UPDATE SET
        times = device_alarm.times + excluded.times, detail = excluded.detail,
        last = excluded.last
RETURNING times;

-- name: alarm_list
-- in: brand_id, model, serial ('' any each), most rows
-- out: id, brand_id, model, serial, kind, detail, times, first, last; newest first
SELECT id, brand_id, model, serial, kind, detail, times, first, last FROM device_alarm
WHERE ($1 = '' OR brand_id = $1) AND ($2 = '' OR model = $2) AND ($3 = '' OR serial = $3)
ORDER BY last DESC, id DESC LIMIT $4;

-- name: alarm_count
-- out: number of alarms
SELECT count(*) FROM device_alarm;

-- name: alarm_delete
-- in: id
DELETE FROM device_alarm WHERE id = $1;
