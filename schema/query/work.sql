-- SPDX-License-Identifier: Apache-2.0
-- Uploads and the queue of jobs.

-- name: upload_insert
-- in: upload_id, account_id, digest, bytes, snap_id, status, revision, error_code, error_text, request_json, expires, created
INSERT INTO upload (upload_id, account_id, digest, bytes, snap_id, status, revision, error_code,
        error_text, request_json, expires, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: upload_update
-- in: as upload_insert takes, without created
UPDATE upload
SET account_id = $2, digest = $3, bytes = $4, snap_id = $5, status = $6, revision = $7,
        error_code = $8, error_text = $9, request_json = $10, expires = $11
WHERE upload_id = $1;

-- name: upload_get
-- in: upload_id
-- out: as upload_insert takes
SELECT upload_id, account_id, digest, bytes, snap_id, status, revision, error_code, error_text,
        request_json, expires, created
FROM upload WHERE upload_id = $1;

-- name: upload_count_open
-- out: number of uploads that are not decided
SELECT count(*) FROM upload WHERE status IN ('uploaded', 'reviewing');

-- name: upload_count_anonymous
-- out: number of uploads that nobody has pushed and that came without a token, their bytes
SELECT count(*), coalesce(sum(bytes), 0) FROM upload
WHERE status = 'uploaded' AND account_id IS NULL;

-- name: upload_expire
-- in: now
DELETE FROM upload
WHERE status = 'uploaded' AND snap_id IS NULL AND expires > 0 AND expires <= $1;

-- name: digest_is_used
-- in: digest
-- out: 1 when a revision, a component, a delta, a picture, or an upload that is not decided names it
SELECT CASE WHEN EXISTS (SELECT 1 FROM revision WHERE digest = $1)
        OR EXISTS (SELECT 1 FROM component WHERE digest = $1)
        OR EXISTS (SELECT 1 FROM delta WHERE digest = $1)
        OR EXISTS (SELECT 1 FROM media WHERE digest = $1)
        OR EXISTS (SELECT 1 FROM upload WHERE digest = $1 AND status IN ('uploaded', 'reviewing'))
        THEN 1 ELSE 0 END;

-- Asking again for work that was given up starts it anew.
-- name: job_forget_failed
-- in: kind, subject
DELETE FROM job WHERE kind = $1 AND subject = $2 AND state = 'failed';

-- name: job_insert
-- in: kind, subject, payload, priority, attempts, run_after, created
INSERT INTO job (kind, subject, payload, priority, attempts, run_after, created, state, boot_id,
        reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', '', '');

-- name: job_take
-- in: boot_id, now
-- out: id, then as job_insert takes
UPDATE job SET state = 'running', boot_id = $1, attempts = attempts + 1
WHERE id = (
        SELECT id FROM job
        WHERE (state = 'waiting' AND run_after <= $2) OR (state = 'running' AND boot_id <> $1)
        ORDER BY priority DESC, run_after, id LIMIT 1)
RETURNING id, kind, subject, payload, priority, attempts, run_after, created;

-- Only what is at least this urgent, so that long work elsewhere cannot stand in its way.
-- name: job_take_urgent
-- in: boot_id, now, priority
-- out: as job_take gives
UPDATE job SET state = 'running', boot_id = $1, attempts = attempts + 1
WHERE id = (
        SELECT id FROM job
        WHERE ((state = 'waiting' AND run_after <= $2) OR (state = 'running' AND boot_id <> $1))
                AND priority >= $3
        ORDER BY priority DESC, run_after, id LIMIT 1)
RETURNING id, kind, subject, payload, priority, attempts, run_after, created;

-- name: job_done
-- in: id
DELETE FROM job WHERE id = $1;

-- name: job_retry
-- in: id, reason, run_after
UPDATE job SET state = 'waiting', boot_id = '', reason = $2, run_after = $3 WHERE id = $1;

-- name: job_give_up
-- in: id, reason
UPDATE job SET state = 'failed', boot_id = '', reason = $2 WHERE id = $1;

-- name: job_count
-- out: waiting or running, failed
SELECT coalesce(sum(CASE WHEN state = 'failed' THEN 0 ELSE 1 END), 0),
        coalesce(sum(CASE WHEN state = 'failed' THEN 1 ELSE 0 END), 0)
FROM job;
