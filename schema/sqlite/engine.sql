-- SPDX-License-Identifier: Apache-2.0
-- What only this engine says. Another engine has a file of the same names.

-- name: engine_begin_read
BEGIN DEFERRED;

-- name: engine_begin_write
BEGIN IMMEDIATE;

-- name: engine_commit
COMMIT;

-- name: engine_rollback
ROLLBACK;

-- name: engine_sync_full
PRAGMA synchronous = FULL;

-- name: engine_read_only
PRAGMA query_only = ON;

-- Pages whose cells do not add up are found when read, not when followed.
-- name: engine_cell_check
PRAGMA cell_size_check = ON;

-- name: engine_wal
-- out: journal mode that it is in now
PRAGMA journal_mode = WAL;

-- name: engine_check_pages
-- out: "ok" or a finding, a row each
PRAGMA integrity_check(1);

-- name: engine_check_references
-- out: table, rowid, parent table, foreign key: a row for each that leads nowhere
PRAGMA foreign_key_check;

-- name: engine_copy
-- in: path of the copy
VACUUM INTO $1;

-- name: engine_has_tables
-- out: number of tables, 1 when the migration table is one of them
SELECT count(*), coalesce(max(name = 'migration'), 0) FROM sqlite_schema WHERE type = 'table';
