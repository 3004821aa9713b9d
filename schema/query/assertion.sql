-- SPDX-License-Identifier: Apache-2.0

-- name: assertion_insert
-- in: type, pk, revision, format, authority, imported, content, created
INSERT INTO assertion (type, pk, revision, format, authority, imported, content, created)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);

-- name: assertion_get
-- in: type, pk, highest format
-- out: as assertion_insert takes; the newest revision
SELECT type, pk, revision, format, authority, imported, content, created
FROM assertion WHERE type = $1 AND pk = $2 AND format <= $3
ORDER BY revision DESC LIMIT 1;

-- name: assertion_all
-- out: as assertion_insert takes; by type, pk, revision
SELECT type, pk, revision, format, authority, imported, content, created
FROM assertion ORDER BY type, pk, revision;

-- name: assertion_all_of_pk
-- in: type, pk
-- out: as assertion_insert takes; by revision
SELECT type, pk, revision, format, authority, imported, content, created
FROM assertion WHERE type = $1 AND pk = $2 ORDER BY revision;

-- name: assertion_all_of_type
-- in: type
-- out: as assertion_insert takes; by pk, revision
SELECT type, pk, revision, format, authority, imported, content, created
FROM assertion WHERE type = $1 ORDER BY type, pk, revision;

-- name: assertion_count
-- in: type, authority
-- out: how many revisions of assertions of that type and authority
SELECT count(*) FROM assertion WHERE type = $1 AND authority = $2;
