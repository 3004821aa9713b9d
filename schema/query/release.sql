-- SPDX-License-Identifier: Apache-2.0

-- name: release_event_insert
-- in: snap_id, arch, track, risk, branch, revision, percentage, base_revision, paused, expires, made_by, created
-- out: id
INSERT INTO release_event (snap_id, arch, track, risk, branch, revision, percentage,
        base_revision, paused, expires, made_by, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id;

-- name: channel_open
-- in: snap_id, arch, track, risk, branch, event_id
INSERT INTO channel_map (snap_id, arch, track, risk, branch, event_id)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (snap_id, arch, track, risk, branch) DO UPDATE SET event_id = excluded.event_id;

-- name: channel_close
-- in: snap_id, arch, track, risk, branch
DELETE FROM channel_map
WHERE snap_id = $1 AND arch = $2 AND track = $3 AND risk = $4 AND branch = $5;

-- name: release_list
-- in: snap_id
-- out: id, then as release_event_insert takes; open channels by track, arch, risk, branch
SELECT e.id, e.snap_id, e.arch, e.track, e.risk, e.branch, e.revision, e.percentage,
        e.base_revision, e.paused, e.expires, e.made_by, e.created
FROM channel_map m JOIN release_event e ON e.id = m.event_id
WHERE m.snap_id = $1
ORDER BY m.track, m.arch, m.risk, m.branch;

-- name: release_history
-- in: snap_id, offset, most rows
-- out: id, then as release_event_insert takes; newest first
SELECT id, snap_id, arch, track, risk, branch, revision, percentage, base_revision, paused,
        expires, made_by, created
FROM release_event WHERE snap_id = $1 ORDER BY id DESC LIMIT $3 OFFSET $2;

-- name: release_past
-- in: snap_id, most events of one channel, most of all
-- out: id, then as release_event_insert takes; by track, arch, risk, branch, and each newest first
SELECT id, snap_id, arch, track, risk, branch, revision, percentage, base_revision, paused,
        expires, made_by, created
FROM (SELECT ranked.* FROM (
        SELECT e.*, ROW_NUMBER() OVER (PARTITION BY e.arch, e.track, e.risk, e.branch
                ORDER BY e.id DESC) AS place
        FROM release_event e WHERE e.snap_id = $1) AS ranked
        WHERE ranked.place <= $2 ORDER BY ranked.id DESC LIMIT $3) AS kept
ORDER BY track, arch, risk, branch, id DESC;

-- The events that close what is over; release_expire_close then takes them off the map.
-- name: release_expire_events
-- in: now
INSERT INTO release_event (snap_id, arch, track, risk, branch, revision, percentage,
        base_revision, paused, expires, made_by, created)
SELECT e.snap_id, e.arch, e.track, e.risk, e.branch, NULL, -1, NULL, 0, 0, '', $1
FROM channel_map m JOIN release_event e ON e.id = m.event_id
WHERE e.expires > 0 AND e.expires <= $1
ORDER BY e.id;

-- name: release_expire_close
-- in: now
DELETE FROM channel_map
WHERE event_id IN (SELECT id FROM release_event WHERE expires > 0 AND expires <= $1);
