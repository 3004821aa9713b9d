/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * db -- the database: connections, transactions, migrations, named statements.
 *
 * Invariants
 *  1. SQL lives in schema/query/ and schema/sqlite/ only; statements are named by enum query.
 *  2. A write is one db_run(DB_WRITE): BEGIN IMMEDIATE, the body, COMMIT with synchronous=FULL.
 * What was acknowledged survives kill -9 and power loss.
 *  3. A body may run twice (SQLITE_BUSY): it has no effect outside its transaction.
 *  4. One connection per thread at a time, lent from a bounded pool.
 *  5. Every committed write that changes what devices see raises the catalog generation
 *     (db_generation) in the same transaction, through store_generation_bump.
 *
 * Floor    server/store; includes core/base, core/crypto (digest), core/model. Only db_sqlite.c
 *          includes sqlite3.h.
 * Owner    struct db: who opens closes. Rows are copied into the caller's arena.
 * Threads  struct db is shared and safe; a struct db_tx belongs to its body.
 * Outcomes RC_NOT_FOUND, RC_EXISTS (unique), RC_CONFLICT (foreign key, check), RC_INVALID (a number
 * over INT64_MAX), RC_BUSY, RC_CORRUPT, RC_NOSPACE, RC_IO. Tests    tests/unit/test_db.c,
 * tests/unit/test_store.c, tests/fault/test_kill.c
 */
#include "core/base/arena.h"
#include "core/base/clock.h"
#include "core/crypto/hash.h"

struct db;
struct db_tx;

/* Opens (and creates, when create is set) DIR/storehouse.db and brings the schema up to date.
 * RC_CORRUPT: not a database or damaged; RC_STALE: made by a newer version of the software. */
MUST_USE enum rc db_open(const char *data_dir, bool create, struct db **ret, struct err *err);
void db_freep(struct db **db);

enum db_mode { DB_READ, DB_WRITE };
typedef enum rc (*db_body)(struct db_tx *tx, void *arg, struct err *err);
/* Runs body in a transaction: committed when it gives RC_OK, rolled back otherwise. */
MUST_USE enum rc db_run(struct db *db, enum db_mode mode, db_body body, void *arg, struct err *err);
/* SQLite's own check (PRAGMA integrity_check, foreign_key_check). RC_CORRUPT with the first
 * finding. */
MUST_USE enum rc db_check(struct db *db, struct err *err);
/* A consistent copy while in use (VACUUM INTO). RC_EXISTS. */
MUST_USE enum rc db_backup(struct db *db, const char *path, struct err *err);
