-- SPDX-License-Identifier: Apache-2.0

-- name: device_insert
-- in: brand_id, model, serial, key_id, request_id, content, revoked, created, last_seen
INSERT INTO device (brand_id, model, serial, key_id, request_id, content, revoked, created,
        last_seen)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: device_get
-- in: brand_id, model, serial
-- out: as device_insert takes
SELECT brand_id, model, serial, key_id, request_id, content, revoked, created, last_seen
FROM device WHERE brand_id = $1 AND model = $2 AND serial = $3;

-- name: device_get_by_request
-- in: request_id
-- out: as device_insert takes
SELECT brand_id, model, serial, key_id, request_id, content, revoked, created, last_seen
FROM device WHERE request_id = $1;

-- name: device_get_by_key
-- in: brand_id, model, key_id
-- out: as device_insert takes; the newest that is not revoked, else the newest
SELECT brand_id, model, serial, key_id, request_id, content, revoked, created, last_seen
FROM device WHERE brand_id = $1 AND model = $2 AND key_id = $3
ORDER BY revoked, created DESC, serial DESC LIMIT 1;

-- name: device_list
-- in: brand_id, model, serial to come after, most rows
-- out: as device_insert takes; by brand_id, model, serial
SELECT brand_id, model, serial, key_id, request_id, content, revoked, created, last_seen
FROM device WHERE (brand_id, model, serial) > ($1, $2, $3)
ORDER BY brand_id, model, serial LIMIT $4;

-- name: device_count
-- out: number of devices
SELECT count(*) FROM device;

-- A time that is behind the one there (two processes flush) changes nothing.
-- name: device_seen
-- in: brand_id, model, serial, last_seen
UPDATE device SET last_seen = $4
WHERE brand_id = $1 AND model = $2 AND serial = $3 AND last_seen < $4;

-- name: device_revoke
-- in: brand_id, model, serial, revoked
UPDATE device SET revoked = $4 WHERE brand_id = $1 AND model = $2 AND serial = $3;
