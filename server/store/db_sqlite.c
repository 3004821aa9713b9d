/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/conn.h"
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUSY_WAIT_MSEC  4000
#define VALUE_MAX_BYTES (16 * 1024 * 1024)
#define DESCRIBE_KEYS   3

struct stmt {
        struct conn *conn;
        sqlite3_stmt *handle;
        enum query query;
        enum rc failed; /* sticky, of the binds; the sentence is conn->why */
        bool stepping;
        uint32_t bound;                    /* bit n: parameter n has its value */
        int params;                        /* $1 .. $params */
        uint8_t slot[STMT_PARAMS_MAX + 1]; /* $n is SQLite's parameter slot[n] */
        const char *key_text[DESCRIBE_KEYS];
        int64_t key_number[DESCRIBE_KEYS];
};

struct conn {
        sqlite3 *handle;
        enum db_mode mode;
        bool busy;      /* the engine said so since conn_begin */
        enum rc lost;   /* why the engine ended the transaction by itself, or RC_OK */
        struct err why; /* the first failed bind, or what lost is about */
        struct stmt stmts[Q_COUNT];
};

/* "UNIQUE constraint failed: package.store_id, package.name" -> "store_id, name". */
static void columns_of(const char *message, char *text, size_t size)
{
        const char *at = strstr(message, "failed: ");
        size_t used = 0;

        text[0] = '\0';
        at = at ? at + strlen("failed: ") : "";
        while (*at && used + 2 < size) {
                const size_t word = strcspn(at, ",");
                const char *dot = memchr(at, '.', word);
                const char *from = dot ? dot + 1 : at;
                const int got = snprintf(text + used, size - used, "%s%.*s", used ? ", " : "",
                                         (int)(at + word - from), from);

                used += got > 0 ? (size_t)got : 0;
                at += word;
                at += strspn(at, ", ");
        }
}

static enum rc fail_constraint(struct conn *conn, const char *what, struct err *err)
{
        const char *message = sqlite3_errmsg(conn->handle);
        char columns[120];

        columns_of(message, columns, sizeof(columns));
        switch (sqlite3_extended_errcode(conn->handle)) {
        case SQLITE_CONSTRAINT_UNIQUE:
        case SQLITE_CONSTRAINT_PRIMARYKEY:
        case SQLITE_CONSTRAINT_ROWID:
                return err_set(err, RC_EXISTS, "%s: there is one already with the same %s", what,
                               columns);
        case SQLITE_CONSTRAINT_FOREIGNKEY:
                return err_set(err, RC_CONFLICT,
                               "%s: it names something that is not there, or is still in use",
                               what);
        case SQLITE_CONSTRAINT_CHECK:
                return err_set(err, RC_CONFLICT, "%s: a value breaks the rule %s", what, columns);
        default: /* a trigger says it in its own words */
                return err_set(err, RC_CONFLICT, "%s: %.120s", what, message);
        }
}

static enum rc fault_of(const struct conn *conn, int code)
{
        switch (code & 0xff) {
        case SQLITE_FULL:
                return RC_NOSPACE;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
        case SQLITE_FORMAT:
                return RC_CORRUPT;
        case SQLITE_NOMEM:
                return RC_NOMEM;
        case SQLITE_TOOBIG:
                return RC_TOO_BIG;
        case SQLITE_IOERR:
        case SQLITE_CANTOPEN:
                /* The shared index of the log is grown by other calls than those that give FULL. */
                return sqlite3_system_errno(conn->handle) == ENOSPC ? RC_NOSPACE : RC_IO;
        case SQLITE_READONLY:
                return conn->mode == DB_READ ? RC_BUG : RC_IO;
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_PROTOCOL:
        case SQLITE_NOLFS:
                return RC_IO;
        default:
                return RC_BUG;
        }
}

/* Turns what SQLite answered into an rc and a sentence; remembers what db.c asks about later. */
static enum rc conn_fail(struct conn *conn, int code, const char *what, struct err *err)
{
        enum rc rc;

        if ((code & 0xff) == SQLITE_CONSTRAINT)
                return fail_constraint(conn, what, err);
        if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED) {
                conn->busy = true;
                return err_set(err, RC_BUSY, "%s: another process holds the database", what);
        }
        rc = fault_of(conn, code);
        if (conn->lost == RC_OK) {
                conn->lost = rc;
                (void)err_set(&conn->why, rc, "%s: %.120s", what, sqlite3_errmsg(conn->handle));
        }
        return err_set(err, rc, "%s: %.120s", what, sqlite3_errmsg(conn->handle));
}

static void handle_configure(sqlite3 *handle)
{
        static const struct {
                int option;
                int value;
        } rows[] = {{SQLITE_DBCONFIG_ENABLE_FKEY, 1},
                    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 1},
                    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                    {SQLITE_DBCONFIG_DEFENSIVE, 1},
                    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                    {SQLITE_DBCONFIG_DQS_DDL, 0},
                    {SQLITE_DBCONFIG_DQS_DML, 0}};

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                int now = -1;

                (void)sqlite3_db_config(handle, rows[i].option, rows[i].value, &now);
                assert(now == rows[i].value);
        }
        sqlite3_extended_result_codes(handle, 1);
        sqlite3_busy_timeout(handle, BUSY_WAIT_MSEC);
        sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, VALUE_MAX_BYTES);
}

/* Runs a statement for its effect; its rows, if any, are not looked at. */
static enum rc conn_do(struct conn *conn, enum query query, struct err *err)
{
        struct stmt *stmt = conn_stmt(conn, query);
        bool row = true;
        enum rc rc = RC_OK;

        while (rc == RC_OK && row)
                rc = stmt_step(stmt, &row, err);
        stmt_reset(stmt);
        return rc;
}

enum rc conn_open(const char *path, enum db_mode mode, struct conn **ret, struct err *err)
{
        CLEANUP(conn_freep) struct conn *conn = calloc(1, sizeof(*conn));
        enum rc rc;
        int code;

        if (!conn)
                return err_set(err, RC_NOMEM, "no memory for a database connection");
        conn->mode = mode;
        code = sqlite3_open_v2(path, &conn->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                               NULL);
        if (!conn->handle)
                return err_set(err, RC_NOMEM, "no memory for a database connection");
        if (code != SQLITE_OK)
                return conn_fail(conn, code, "cannot open the database", err);
        handle_configure(conn->handle);
        rc = conn_do(conn, Q_ENGINE_SYNC_FULL, err);
        if (rc == RC_OK)
                rc = conn_do(conn, Q_ENGINE_CELL_CHECK, err);
        if (rc == RC_OK && mode == DB_READ)
                rc = conn_do(conn, Q_ENGINE_READ_ONLY, err);
        if (rc != RC_OK)
                return rc;
        *ret = conn;
        conn = NULL;
        return RC_OK;
}

void conn_freep(struct conn **conn)
{
        if (!*conn)
                return;
        for (size_t i = 0; i < Q_COUNT; i++)
                sqlite3_finalize((*conn)->stmts[i].handle);
        (void)sqlite3_close((*conn)->handle);
        free(*conn);
        *conn = NULL;
}

enum rc conn_set_wal(struct conn *conn, struct err *err)
{
        struct stmt *stmt = conn_stmt(conn, Q_ENGINE_WAL);
        bool row = false;
        bool is_wal;
        enum rc rc;

        rc = stmt_step(stmt, &row, err);
        if (rc != RC_OK)
                return rc;
        is_wal = row && strcmp(stmt_text(stmt, 0, NULL), "wal") == 0;
        stmt_reset(stmt);
        if (!is_wal)
                return err_set(err, RC_IO,
                               "the file system of the database cannot hold a "
                               "write-ahead log (shared memory is missing)");
        return RC_OK;
}

enum rc conn_begin(struct conn *conn, enum db_mode mode, struct err *err)
{
        assert(mode == DB_READ || conn->mode == DB_WRITE);
        conn->busy = false;
        conn->lost = RC_OK;
        return conn_do(conn, mode == DB_WRITE ? Q_ENGINE_BEGIN_WRITE : Q_ENGINE_BEGIN_READ, err);
}

enum rc conn_commit(struct conn *conn, struct err *err)
{
        enum rc rc;

        if (sqlite3_get_autocommit(conn->handle))
                return err_set(err, conn->lost != RC_OK ? conn->lost : RC_IO, "%s", conn->why.text);
        rc = conn_do(conn, Q_ENGINE_COMMIT, err);
        if (rc != RC_OK)
                conn_rollback(conn);
        return rc;
}

void conn_rollback(struct conn *conn)
{
        for (size_t i = 0; i < Q_COUNT; i++)
                stmt_reset(&conn->stmts[i]);
        if (!sqlite3_get_autocommit(conn->handle))
                (void)conn_do(conn, Q_ENGINE_ROLLBACK, NULL);
}

bool conn_was_busy(const struct conn *conn)
{
        return conn->busy;
}

enum rc conn_script(struct conn *conn, const char *sql, struct err *err)
{
        const int code = sqlite3_exec(conn->handle, sql, NULL, NULL, NULL);

        return code == SQLITE_OK ? RC_OK : conn_fail(conn, code, "the migration fails", err);
}

/* SQLite numbers $3, $1 in the order in which it meets them; the SQL means its own numbers. */
static enum rc stmt_map(struct stmt *stmt, struct err *err)
{
        const char *name = query_table[stmt->query].name;

        stmt->params = sqlite3_bind_parameter_count(stmt->handle);
        if (stmt->params > STMT_PARAMS_MAX)
                return err_set(err, RC_BUG, "%s has %d parameters", name, stmt->params);
        for (int i = 1; i <= stmt->params; i++) {
                char text[12];

                snprintf(text, sizeof(text), "$%d", i);
                stmt->slot[i] = (uint8_t)sqlite3_bind_parameter_index(stmt->handle, text);
                if (!stmt->slot[i])
                        return err_set(err, RC_BUG, "%s lacks the parameter $%d", name, i);
        }
        return RC_OK;
}

static enum rc stmt_prepare(struct stmt *stmt, struct err *err)
{
        const struct query_row *row = &query_table[stmt->query];
        int code;
        enum rc rc;

        code = sqlite3_prepare_v3(stmt->conn->handle, row->sql, -1, SQLITE_PREPARE_PERSISTENT,
                                  &stmt->handle, NULL);
        if (code != SQLITE_OK)
                return conn_fail(stmt->conn, code, row->name, err);
        rc = stmt_map(stmt, err);
        if (rc != RC_OK) {
                sqlite3_finalize(stmt->handle);
                stmt->handle = NULL;
        }
        return rc;
}

struct stmt *conn_stmt(struct conn *conn, enum query query)
{
        struct stmt *stmt = &conn->stmts[query];

        assert((unsigned)query < Q_COUNT);
        /* Asked for again while its rows are being read: a bug of ours that would end the reading.
         */
        assert(!stmt->stepping);
        stmt->conn = conn;
        stmt->query = query;
        stmt->failed = RC_OK;
        stmt->bound = 0;
        memset(stmt->key_text, 0, sizeof(stmt->key_text));
        if (!stmt->handle)
                stmt->failed = stmt_prepare(stmt, &conn->why);
        return stmt;
}

/* SQLite's number for $at, or 0 when an earlier step failed; marks it as bound. */
static int stmt_slot(struct stmt *stmt, int at)
{
        if (stmt->failed != RC_OK)
                return 0;
        if (at < 1 || at > stmt->params) {
                stmt->failed = err_set(&stmt->conn->why, RC_BUG, "%s has no parameter $%d",
                                       query_table[stmt->query].name, at);
                return 0;
        }
        stmt->bound |= 1u << at;
        return stmt->slot[at];
}

static void stmt_bound(struct stmt *stmt, int code)
{
        if (code != SQLITE_OK)
                stmt->failed = conn_fail(stmt->conn, code, query_table[stmt->query].name,
                                         &stmt->conn->why);
}

void stmt_bind_int(struct stmt *stmt, int at, int64_t value)
{
        const int slot = stmt_slot(stmt, at);

        if (!slot)
                return;
        stmt_bound(stmt, sqlite3_bind_int64(stmt->handle, slot, value));
        if (at <= DESCRIBE_KEYS)
                stmt->key_number[at - 1] = value;
}

void stmt_bind_u64(struct stmt *stmt, int at, uint64_t value)
{
        if (value <= INT64_MAX) {
                stmt_bind_int(stmt, at, (int64_t)value);
                return;
        }
        if (stmt->failed == RC_OK)
                stmt->failed = err_set(&stmt->conn->why, RC_INVALID,
                                       "the number %" PRIu64 " is too large to be stored", value);
}

void stmt_bind_text(struct stmt *stmt, int at, const char *text)
{
        const int slot = stmt_slot(stmt, at);

        if (!slot)
                return;
        stmt_bound(stmt, sqlite3_bind_text64(stmt->handle, slot, text, strlen(text), SQLITE_STATIC,
                                             SQLITE_UTF8));
        if (at <= DESCRIBE_KEYS)
                stmt->key_text[at - 1] = text;
}

void stmt_bind_bytes(struct stmt *stmt, int at, const void *data, size_t bytes)
{
        const int slot = stmt_slot(stmt, at);

        if (!slot)
                return;
        /* NULL data would be SQL's NULL, which is not the same as no bytes. */
        stmt_bound(stmt, sqlite3_bind_blob64(stmt->handle, slot, bytes ? data : "", bytes,
                                             SQLITE_STATIC));
        if (at <= DESCRIBE_KEYS)
                stmt->key_text[at - 1] = "...";
}

void stmt_bind_null(struct stmt *stmt, int at)
{
        const int slot = stmt_slot(stmt, at);

        if (slot)
                stmt_bound(stmt, sqlite3_bind_null(stmt->handle, slot));
}

enum rc stmt_step(struct stmt *stmt, bool *ret_row, struct err *err)
{
        const char *name = query_table[stmt->query].name;
        enum rc rc;
        int code;

        if (stmt->failed != RC_OK) {
                rc = err_set(err, stmt->failed, "%s", stmt->conn->why.text);
                stmt_reset(stmt);
                return rc;
        }
        if (stmt->bound != (2u << stmt->params) - 2u)
                return err_set(err, RC_BUG, "%s: not every parameter was bound", name);
        code = sqlite3_step(stmt->handle);
        if (code == SQLITE_ROW || code == SQLITE_DONE) {
                stmt->stepping = code == SQLITE_ROW;
                *ret_row = code == SQLITE_ROW;
                if (code == SQLITE_DONE)
                        stmt_reset(stmt);
                return RC_OK;
        }
        rc = conn_fail(stmt->conn, code, name, err);
        stmt_reset(stmt);
        return rc;
}

void stmt_reset(struct stmt *stmt)
{
        stmt->stepping = false;
        if (!stmt->handle)
                return;
        (void)sqlite3_reset(stmt->handle);
        /* What was bound is the caller's and may be gone soon. */
        (void)sqlite3_clear_bindings(stmt->handle);
}

uint64_t stmt_changes(const struct stmt *stmt)
{
        return (uint64_t)sqlite3_changes64(stmt->conn->handle);
}

int stmt_columns(const struct stmt *stmt)
{
        return stmt->handle ? sqlite3_column_count(stmt->handle) : 0;
}

bool stmt_is_null(const struct stmt *stmt, int column)
{
        return sqlite3_column_type(stmt->handle, column) == SQLITE_NULL;
}

int64_t stmt_int(const struct stmt *stmt, int column)
{
        return sqlite3_column_int64(stmt->handle, column);
}

const char *stmt_text(const struct stmt *stmt, int column, size_t *ret_bytes)
{
        const char *text = (const char *)sqlite3_column_text(stmt->handle, column);

        if (ret_bytes)
                *ret_bytes = text ? (size_t)sqlite3_column_bytes(stmt->handle, column) : 0;
        return text ? text : "";
}

const void *stmt_bytes(const struct stmt *stmt, int column, size_t *ret_bytes)
{
        const void *data = sqlite3_column_blob(stmt->handle, column);

        *ret_bytes = data ? (size_t)sqlite3_column_bytes(stmt->handle, column) : 0;
        return data ? data : "";
}

void stmt_describe(const struct stmt *stmt, char *text, size_t size)
{
        size_t used = 0;

        text[0] = '\0';
        for (int i = 0; i < DESCRIBE_KEYS && i < stmt->params && used < size; i++) {
                const char *lead = i ? ", " : "";

                if (stmt->key_text[i])
                        used += (size_t)snprintf(text + used, size - used, "%s%.40s", lead,
                                                 stmt->key_text[i]);
                else
                        used += (size_t)snprintf(text + used, size - used, "%s%" PRId64, lead,
                                                 stmt->key_number[i]);
        }
}
