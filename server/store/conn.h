/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * conn -- one connection of an engine, and its statements. Internal to server/store: db.c lends
 * connections, migrate.c builds the schema, stmt.c turns structs into rows and back.
 *
 * Statements are prepared at first use and kept. Binding is sticky: bind freely, the first failure
 * comes out of stmt_step. Bound texts and bytes must live until the statement is reset.
 *
 * Floor    server/store; implemented in db_sqlite.c, the only file that includes sqlite3.h.
 * Owner    who opens a connection frees it; statements belong to their connection.
 * Threads  a connection and its statements belong to one thread at a time.
 * Units    parameters are numbered from 1 as in the SQL ($1), columns from 0.
 * Tests    tests/unit/test_db.c
 */
#include "schema/queries.h"
#include "server/store/db.h"

struct conn;
struct stmt;

#define STMT_PARAMS_MAX 16

/* path must exist. DB_READ refuses every write. RC_CORRUPT, RC_IO, RC_NOMEM. */
MUST_USE enum rc conn_open(const char *path, enum db_mode mode, struct conn **ret, struct err *err);
void conn_freep(struct conn **conn);
/* The write-ahead log; stays with the file. Not inside a transaction. */
MUST_USE enum rc conn_set_wal(struct conn *conn, struct err *err);

MUST_USE enum rc conn_begin(struct conn *conn, enum db_mode mode, struct err *err);
/* RC_CONFLICT, RC_BUSY, RC_NOSPACE, RC_IO: nothing was kept, and the transaction is over. Also when
 * the engine had ended the transaction before (a full disk) and the body did not care. */
MUST_USE enum rc conn_commit(struct conn *conn, struct err *err);
void conn_rollback(struct conn *conn);
/* The engine answered "busy" since conn_begin: running the body again may help. */
bool conn_was_busy(const struct conn *conn);
/* Several statements without parameters: a migration. */
MUST_USE enum rc conn_script(struct conn *conn, const char *sql, struct err *err);

/* Never NULL; the statement is reset and ready to bind. */
struct stmt *conn_stmt(struct conn *conn, enum query query);
void stmt_bind_int(struct stmt *stmt, int at, int64_t value);
void stmt_bind_u64(struct stmt *stmt, int at, uint64_t value); /* RC_INVALID over INT64_MAX */
void stmt_bind_text(struct stmt *stmt, int at, const char *text);
void stmt_bind_bytes(struct stmt *stmt, int at, const void *data, size_t bytes);
void stmt_bind_null(struct stmt *stmt, int at);
/* *ret_row: a row is there to be read; else the statement is through. Then, and on failure, it is
 * reset. */
MUST_USE enum rc stmt_step(struct stmt *stmt, bool *ret_row, struct err *err);
void stmt_reset(struct stmt *stmt);
/* Rows that the statement, stepped to its end, has inserted, changed or deleted. */
uint64_t stmt_changes(const struct stmt *stmt);

int stmt_columns(const struct stmt *stmt);
bool stmt_is_null(const struct stmt *stmt, int column);
int64_t stmt_int(const struct stmt *stmt, int column);
/* Borrowed until the next step; never NULL. */
const char *stmt_text(const struct stmt *stmt, int column, size_t *ret_bytes);
const void *stmt_bytes(const struct stmt *stmt, int column, size_t *ret_bytes);
/* For messages: what was bound first, e.g. "canonical, hello". */
void stmt_describe(const struct stmt *stmt, char *text, size_t size);
