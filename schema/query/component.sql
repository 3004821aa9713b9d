-- SPDX-License-Identifier: Apache-2.0
-- Components and their pairs.

-- name: component_next
-- in: snap_id, name
-- out: the number after the highest
SELECT coalesce(max(number), 0) + 1 FROM component WHERE snap_id = $1 AND name = $2;

-- name: component_insert
-- in: snap_id, name, number, digest, bytes, type, version, summary, description, developer_id, created
INSERT INTO component (snap_id, name, number, digest, bytes, type, version, summary, description,
        developer_id, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);

-- name: component_get
-- in: snap_id, name, number
-- out: as component_insert takes
SELECT snap_id, name, number, digest, bytes, type, version, summary, description, developer_id,
        created
FROM component WHERE snap_id = $1 AND name = $2 AND number = $3;

-- name: component_get_by_digest
-- in: snap_id, name, digest
-- out: as component_insert takes
SELECT snap_id, name, number, digest, bytes, type, version, summary, description, developer_id,
        created
FROM component WHERE snap_id = $1 AND name = $2 AND digest = $3;

-- name: component_list
-- in: snap_id
-- out: as component_insert takes; by name, newest first
SELECT snap_id, name, number, digest, bytes, type, version, summary, description, developer_id,
        created
FROM component WHERE snap_id = $1 ORDER BY name, number DESC;

-- name: component_pair_insert
-- in: snap_id, revision, name, number, made_by, created
INSERT INTO component_pair (snap_id, revision, name, number, made_by, created)
VALUES ($1, $2, $3, $4, $5, $6);

-- The newest pair of each revision and name.
-- name: component_pair_list
-- in: snap_id
-- out: as component_pair_insert takes; by revision, name
SELECT p.snap_id, p.revision, p.name, p.number, p.made_by, p.created
FROM component_pair p
WHERE p.snap_id = $1 AND p.id = (SELECT max(q.id) FROM component_pair q
        WHERE q.snap_id = p.snap_id AND q.revision = p.revision AND q.name = p.name)
ORDER BY p.revision, p.name;
