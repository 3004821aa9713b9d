/* SPDX-License-Identifier: Apache-2.0 */
#include "server/store/db.h"
#include "core/base/fs.h"
#include "server/store/conn.h"
#include "server/store/migrate.h"
#include "server/store/stmt.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DB_FILE       "storehouse.db"
#define READERS_MAX   8
#define RUNS_MAX      3 /* of one body, while another process holds the database */
#define LEND_MAX_USEC (10 * USEC_PER_SEC)

struct db {
        char path[PATH_MAX];
        pthread_mutex_t lock; /* guards everything below */
        pthread_cond_t reader_back;
        pthread_cond_t writer_back;
        struct conn *idle[READERS_MAX];
        size_t idle_count;
        size_t reader_count; /* idle and lent */
        struct conn *writer;
        bool writer_is_lent;
};

static enum rc db_new(const char *data_dir, struct db **ret, struct err *err)
{
        pthread_condattr_t attr;
        struct db *db = calloc(1, sizeof(*db));

        if (!db)
                return err_set(err, RC_NOMEM, "no memory for the database");
        if (snprintf(db->path, sizeof(db->path), "%s/" DB_FILE, data_dir) >=
            (int)sizeof(db->path)) {
                free(db);
                return err_set(err, RC_INVALID, "the path of the data folder is too long");
        }
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_mutex_init(&db->lock, NULL);
        pthread_cond_init(&db->reader_back, &attr);
        pthread_cond_init(&db->writer_back, &attr);
        pthread_condattr_destroy(&attr);
        *ret = db;
        return RC_OK;
}

void db_freep(struct db **db)
{
        if (!*db)
                return;
        assert(!(*db)->writer_is_lent && (*db)->idle_count == (*db)->reader_count);
        /* The writer last: who closes last folds the log into the file, and readers may not write.
         */
        for (size_t i = 0; i < (*db)->idle_count; i++)
                conn_freep(&(*db)->idle[i]);
        conn_freep(&(*db)->writer);
        pthread_cond_destroy(&(*db)->reader_back);
        pthread_cond_destroy(&(*db)->writer_back);
        pthread_mutex_destroy(&(*db)->lock);
        free(*db);
        *db = NULL;
}

/* An empty file of our mode; the engine gives its log and index the mode of this file. */
static enum rc make_file(const char *path, const char *data_dir, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        enum rc rc;

        rc = fs_make_dirs(data_dir, 0700, err);
        if (rc != RC_OK)
                return rc;
        rc = fs_open(path, O_RDWR | O_CREAT | O_EXCL, 0600, &fd, err);
        if (rc == RC_EXISTS)
                return RC_OK;
        return rc == RC_OK ? fs_sync_dir(data_dir, err) : rc;
}

static enum rc bring_up(struct conn *conn, bool create, struct err *err)
{
        struct db_tx tx = {conn, DB_WRITE};
        enum rc rc;

        rc = conn_begin(conn, DB_WRITE, err);
        if (rc != RC_OK)
                return rc;
        rc = migrate_run(&tx, create, err);
        if (rc == RC_OK)
                rc = conn_commit(conn, err);
        else
                conn_rollback(conn);
        /* Only now is it known to be ours, and the mode stays with the file. */
        return rc == RC_OK ? conn_set_wal(conn, err) : rc;
}

enum rc db_open(const char *data_dir, bool create, struct db **ret, struct err *err)
{
        CLEANUP(db_freep) struct db *db = NULL;
        enum rc rc;

        assert(data_dir && ret);
        rc = db_new(data_dir, &db, err);
        if (rc == RC_OK && create)
                rc = make_file(db->path, data_dir, err);
        if (rc != RC_OK)
                return rc;
        if (!fs_exists(db->path))
                return err_set(err, RC_NOT_FOUND, "there is no database at %s", db->path);
        rc = conn_open(db->path, DB_WRITE, &db->writer, err);
        if (rc == RC_OK)
                rc = bring_up(db->writer, create, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "%s", db->path);
        *ret = db;
        db = NULL;
        return RC_OK;
}

/* Waits for *cond until deadline; false when it has passed. */
static bool wait_until(pthread_cond_t *cond, pthread_mutex_t *lock, usec_t deadline)
{
        const struct timespec at = {deadline / USEC_PER_SEC, deadline % USEC_PER_SEC * 1000};

        return pthread_cond_timedwait(cond, lock, &at) != ETIMEDOUT;
}

static enum rc lend_writer(struct db *db, struct conn **ret, struct err *err)
{
        const usec_t deadline = clock_uptime() + LEND_MAX_USEC;

        while (db->writer_is_lent)
                if (!wait_until(&db->writer_back, &db->lock, deadline) && db->writer_is_lent)
                        return err_set(err, RC_BUSY, "another write is taking too long");
        db->writer_is_lent = true;
        *ret = db->writer;
        return RC_OK;
}

/* *ret stays NULL where a new connection is due: opened by the caller, outside the lock. */
static enum rc lend_reader(struct db *db, struct conn **ret, struct err *err)
{
        const usec_t deadline = clock_uptime() + LEND_MAX_USEC;

        while (!db->idle_count && db->reader_count == READERS_MAX)
                if (!wait_until(&db->reader_back, &db->lock, deadline) && !db->idle_count &&
                    db->reader_count == READERS_MAX)
                        return err_set(err, RC_BUSY, "all %d readers of the database are in use",
                                       READERS_MAX);
        if (db->idle_count)
                *ret = db->idle[--db->idle_count];
        else
                db->reader_count++;
        return RC_OK;
}

static void give_back(struct db *db, enum db_mode mode, struct conn *conn)
{
        pthread_mutex_lock(&db->lock);
        if (mode == DB_WRITE) {
                db->writer_is_lent = false;
                pthread_cond_signal(&db->writer_back);
        } else {
                if (conn)
                        db->idle[db->idle_count++] = conn;
                else
                        db->reader_count--;
                pthread_cond_signal(&db->reader_back);
        }
        pthread_mutex_unlock(&db->lock);
}

static enum rc lend(struct db *db, enum db_mode mode, struct conn **ret, struct err *err)
{
        struct conn *conn = NULL;
        enum rc rc;

        pthread_mutex_lock(&db->lock);
        rc = mode == DB_WRITE ? lend_writer(db, &conn, err) : lend_reader(db, &conn, err);
        pthread_mutex_unlock(&db->lock);
        if (rc != RC_OK)
                return rc;
        if (!conn) {
                rc = conn_open(db->path, DB_READ, &conn, err);
                if (rc != RC_OK) {
                        give_back(db, DB_READ, NULL);
                        return rc;
                }
        }
        *ret = conn;
        return RC_OK;
}

static enum rc run_once(struct conn *conn, enum db_mode mode, db_body body, void *arg,
                        struct err *err)
{
        struct db_tx tx = {conn, mode};
        enum rc rc;

        rc = conn_begin(conn, mode, err);
        if (rc != RC_OK)
                return rc;
        rc = body(&tx, arg, err);
        if (rc == RC_OK)
                return conn_commit(conn, err);
        conn_rollback(conn);
        return rc;
}

enum rc db_run(struct db *db, enum db_mode mode, db_body body, void *arg, struct err *err)
{
        struct conn *conn = NULL;
        enum rc rc;

        assert(db && body);
        rc = lend(db, mode, &conn, err);
        if (rc != RC_OK)
                return rc;
        for (int runs = 1;; runs++) {
                rc = run_once(conn, mode, body, arg, err);
                if (rc != RC_BUSY || !conn_was_busy(conn) || runs == RUNS_MAX)
                        break;
        }
        give_back(db, mode, conn);
        return rc;
}

static enum rc check_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct stmt *stmt = stmt_use(tx, Q_ENGINE_CHECK_PAGES);
        bool row = false;
        enum rc rc;

        (void)arg;
        rc = stmt_step(stmt, &row, err);
        if (rc != RC_OK)
                return rc;
        if (!row || strcmp(stmt_text(stmt, 0, NULL), "ok") != 0)
                rc = err_set(err, RC_CORRUPT, "the database is damaged: %.160s",
                             row ? stmt_text(stmt, 0, NULL) : "the check said nothing");
        stmt_reset(stmt);
        if (rc != RC_OK)
                return rc;
        stmt = stmt_use(tx, Q_ENGINE_CHECK_REFERENCES);
        rc = stmt_step(stmt, &row, err);
        if (rc == RC_OK && row)
                rc = err_set(err, RC_CORRUPT, "a row of %s names a row of %s that is not there",
                             stmt_text(stmt, 0, NULL), stmt_text(stmt, 2, NULL));
        stmt_reset(stmt);
        return rc;
}

enum rc db_check(struct db *db, struct err *err)
{
        return db_run(db, DB_READ, check_body, NULL, err);
}

/* A connection of its own: the copy takes long, reads only, and must hold up nobody. */
static enum rc copy_to(const struct db *db, const char *path, struct err *err)
{
        CLEANUP(conn_freep) struct conn *conn = NULL;
        struct db_tx tx;
        struct stmt *stmt;
        enum rc rc;

        rc = conn_open(db->path, DB_WRITE, &conn, err);
        if (rc != RC_OK)
                return rc;
        tx = (struct db_tx){conn, DB_WRITE};
        stmt = stmt_use(&tx, Q_ENGINE_COPY);
        stmt_bind_text(stmt, 1, path);
        return stmt_run(stmt, NULL, err);
}

static enum rc sync_file_and_dir(int fd, const char *path, struct err *err)
{
        char dir[PATH_MAX];
        const char *slash = strrchr(path, '/');

        if (fsync(fd) < 0)
                return err_errno(err, "cannot sync %s", path);
        if (snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1,
                     slash ? path : ".") >= (int)sizeof(dir))
                return err_set(err, RC_INVALID, "the path of the copy is too long");
        return fs_sync_dir(dir, err);
}

enum rc db_backup(struct db *db, const char *path, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        enum rc rc;

        assert(db && path);
        /* The engine takes an empty file; this one is ours alone and nobody's to read. */
        rc = fs_open(path, O_RDWR | O_CREAT | O_EXCL, 0600, &fd, err);
        if (rc != RC_OK)
                return rc;
        rc = copy_to(db, path, err);
        if (rc == RC_OK)
                rc = sync_file_and_dir(fd, path, err);
        if (rc != RC_OK)
                (void)!unlink(path);
        return rc;
}
