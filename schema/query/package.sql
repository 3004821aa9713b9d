-- SPDX-License-Identifier: Apache-2.0

-- name: package_insert
-- in: snap_id, store_id, name, publisher_id, type, is_private, title, summary, description, default_track, require_build, created
INSERT INTO package (snap_id, store_id, name, publisher_id, type, is_private, title, summary,
        description, default_track, require_build, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: package_update
-- in: as package_insert takes, without created
UPDATE package
SET store_id = $2, name = $3, publisher_id = $4, type = $5, is_private = $6, title = $7,
        summary = $8, description = $9, default_track = $10, require_build = $11
WHERE snap_id = $1;

-- name: package_delete
-- in: snap_id
DELETE FROM package WHERE snap_id = $1;

-- name: package_get
-- in: snap_id
-- out: as package_insert takes
SELECT snap_id, store_id, name, publisher_id, type, is_private, title, summary, description,
        default_track, require_build, created
FROM package WHERE snap_id = $1;

-- name: package_get_by_name
-- in: store_id, name
-- out: as package_insert takes
SELECT snap_id, store_id, name, publisher_id, type, is_private, title, summary, description,
        default_track, require_build, created
FROM package WHERE store_id = $1 AND name = $2;

-- name: package_list
-- out: as package_insert takes; by name
SELECT snap_id, store_id, name, publisher_id, type, is_private, title, summary, description,
        default_track, require_build, created
FROM package ORDER BY name, store_id;

-- name: track_insert
-- in: snap_id, name, version_pattern, created
INSERT INTO track (snap_id, name, version_pattern, created) VALUES ($1, $2, $3, $4);

-- name: track_list
-- in: snap_id
-- out: as track_insert takes; latest first, then by name
SELECT snap_id, name, version_pattern, created
FROM track WHERE snap_id = $1
ORDER BY CASE WHEN name = 'latest' THEN 0 ELSE 1 END, name;

-- name: revision_next
-- in: snap_id
-- out: the number after the highest
SELECT coalesce(max(number), 0) + 1 FROM revision WHERE snap_id = $1;

-- name: revision_insert
-- in: snap_id, number, digest, bytes, info_json, version, archs, provenance, developer_id, build_signed, created
INSERT INTO revision (snap_id, number, digest, bytes, info_json, version, archs, provenance,
        developer_id, build_signed, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: revision_get
-- in: snap_id, number
-- out: as revision_insert takes
SELECT snap_id, number, digest, bytes, info_json, version, archs, provenance, developer_id,
        build_signed, created
FROM revision WHERE snap_id = $1 AND number = $2;

-- name: revision_get_by_digest
-- in: snap_id, digest
-- out: as revision_insert takes; the newest
SELECT snap_id, number, digest, bytes, info_json, version, archs, provenance, developer_id,
        build_signed, created
FROM revision WHERE snap_id = $1 AND digest = $2 ORDER BY number DESC LIMIT 1;

-- name: revision_list
-- in: snap_id
-- out: as revision_insert takes; newest first
SELECT snap_id, number, digest, bytes, info_json, version, archs, provenance, developer_id,
        build_signed, created
FROM revision WHERE snap_id = $1 ORDER BY number DESC;

-- name: delta_put
-- in: snap_id, source, target, format, state, digest, bytes, target_bytes, cpu_usec, reason, created
INSERT INTO delta (snap_id, source, target, format, state, digest, bytes, target_bytes, cpu_usec,
        reason, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (snap_id, source, target, format) DO UPDATE
SET state = excluded.state, digest = excluded.digest, bytes = excluded.bytes,
        target_bytes = excluded.target_bytes, cpu_usec = excluded.cpu_usec,
        reason = excluded.reason, created = excluded.created;

-- name: delta_get
-- in: snap_id, source, target, format
-- out: as delta_put takes
SELECT snap_id, source, target, format, state, digest, bytes, target_bytes, cpu_usec, reason,
        created
FROM delta WHERE snap_id = $1 AND source = $2 AND target = $3 AND format = $4;

-- name: delta_list
-- in: snap_id
-- out: as delta_put takes; by target, source, format
SELECT snap_id, source, target, format, state, digest, bytes, target_bytes, cpu_usec, reason,
        created
FROM delta WHERE snap_id = $1 ORDER BY target, source, format;
