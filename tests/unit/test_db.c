/* SPDX-License-Identifier: Apache-2.0 */
/* The database: opening, schema, transactions, threads, damage, copies. */
#include "core/base/fs.h"
#include "server/store/conn.h"
#include "server/store/store.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Changes a database behind the back of db.c. */
static void tamper(const char *dir, const char *sql)
{
        CLEANUP(conn_freep) struct conn *conn = NULL;
        struct err err;

        CHECK_RC(conn_open(scratch_path(dir, "storehouse.db"), DB_WRITE, &conn, &err), RC_OK, &err);
        if (conn)
                CHECK_RC(conn_script(conn, sql, &err), RC_OK, &err);
}

static void check_opens(const char *dir, bool create, enum rc want)
{
        CLEANUP(db_freep) struct db *db = NULL;
        struct err err;

        CHECK_RC(db_open(dir, create, &db, &err), want, &err);
        CHECK((db != NULL) == (want == RC_OK));
}

static void made_and_opened(void)
{
        CLEANUP(scratch_freep) char *top = scratch_new();
        const char *dir = scratch_path(top, "data");
        struct stat state;

        check_promise("a database is made only where asked for, and is ours alone to read");
        check_opens(dir, false, RC_NOT_FOUND);
        check_opens(dir, true, RC_OK);
        check_opens(dir, true, RC_OK);
        check_opens(dir, false, RC_OK);
        CHECK(stat(dir, &state) == 0 && (state.st_mode & 07777) == 0700);
        CHECK(stat(scratch_path(dir, "storehouse.db"), &state) == 0 &&
              (state.st_mode & 07777) == 0600);
}

static void refused_databases(void)
{
        static const struct {
                const char *name;
                const char *sql;
                enum rc want;
        } rows[] = {
                {"newer", "INSERT INTO migration VALUES (9999, 'later', printf('%064d', 1))",
                 RC_STALE},
                {"edited", "UPDATE migration SET sha256 = printf('%064d', 1) WHERE number = 1",
                 RC_CORRUPT},
                {"gap", "UPDATE migration SET number = 77 WHERE number = 1", RC_CORRUPT},
                {"untouched", "SELECT 1", RC_OK},
        };

        check_promise("a newer, edited or foreign database is refused and says why");
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                CLEANUP(scratch_freep) char *dir = scratch_new();

                check_case("%s", rows[i].name);
                check_opens(dir, true, RC_OK);
                tamper(dir, rows[i].sql);
                check_opens(dir, true, rows[i].want);
                check_opens(dir, false, rows[i].want);
        }
}

static void foreign_files(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        const char *path = scratch_path(dir, "storehouse.db");
        char noise[8192];
        struct err err;

        check_promise("what is not a database of ours is refused and stays as it is");
        memset(noise, 'x', sizeof(noise));
        CHECK_RC(fs_write_file(path, noise, sizeof(noise), 0600, &err), RC_OK, &err);
        check_opens(dir, true, RC_CORRUPT);
        CHECK_RC(fs_write_file(path, "", 0, 0600, &err), RC_OK, &err);
        check_opens(dir, false, RC_CORRUPT);
        tamper(dir, "CREATE TABLE other (a)");
        check_opens(dir, true, RC_CORRUPT);
        tamper(dir, "DROP TABLE other");
        check_opens(dir, true, RC_OK);
}

static void every_statement_prepares(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        CLEANUP(conn_freep) struct conn *conn = NULL;
        struct err err;

        check_promise("every statement prepares on the schema built from 0001, with $1 .. $n");
        check_opens(dir, true, RC_OK);
        CHECK_RC(conn_open(scratch_path(dir, "storehouse.db"), DB_WRITE, &conn, &err), RC_OK, &err);
        for (int i = 0; i < Q_COUNT; i++) {
                struct stmt *stmt = conn_stmt(conn, (enum query)i);

                check_case("%s", query_table[i].name);
                /* A statement that did not prepare knows no parameters: the bind below says why. */
                stmt_bind_null(stmt, STMT_PARAMS_MAX + 1);
                bool row;
                CHECK_RC(stmt_step(stmt, &row, &err), RC_BUG, &err);
                CHECK(strstr(err.text, "has no parameter $17"));
        }
}

static enum rc write_meta(struct db_tx *tx, void *arg, struct err *err)
{
        return store_meta_put(tx, arg, "1", err);
}

static enum rc write_and_fail(struct db_tx *tx, void *arg, struct err *err)
{
        const enum rc rc = store_meta_put(tx, arg, "1", err);

        return rc == RC_OK ? err_set(err, RC_REFUSED, "changed my mind") : rc;
}

static enum rc find_meta(struct db_tx *tx, void *arg, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
        const char *value;

        return store_meta_get(tx, arena, arg, &value, err);
}

static enum rc forget_to_bind(struct db_tx *tx, void *arg, struct err *err)
{
        (void)arg;
        return store_generation_raise(tx, UINT64_MAX, &(uint64_t){0}, err);
}

static enum rc run_named(struct db *db, enum db_mode mode, db_body body, const char *name,
                         struct err *err)
{
        char copy[32];

        snprintf(copy, sizeof(copy), "%s", name);
        return db_run(db, mode, body, copy, err);
}

static void transactions_are_whole(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        CLEANUP(db_freep) struct db *db = NULL;
        struct err err;

        check_promise("a body that fails leaves nothing; a reader cannot write");
        CHECK_RC(db_open(dir, true, &db, &err), RC_OK, &err);
        CHECK_RC(run_named(db, DB_WRITE, write_and_fail, "a", &err), RC_REFUSED, &err);
        CHECK_RC(run_named(db, DB_READ, find_meta, "a", &err), RC_NOT_FOUND, &err);
        CHECK_TEXT(err.text, "no such setting (a)");
        CHECK_RC(run_named(db, DB_WRITE, write_meta, "a", &err), RC_OK, &err);
        CHECK_RC(run_named(db, DB_READ, find_meta, "a", &err), RC_OK, &err);
        CHECK_RC(run_named(db, DB_READ, write_meta, "b", &err), RC_BUG, &err);
        CHECK_RC(db_run(db, DB_WRITE, forget_to_bind, NULL, &err), RC_INVALID, &err);
        CHECK_RC(run_named(db, DB_READ, find_meta, "b", &err), RC_NOT_FOUND, &err);
        CHECK_RC(db_check(db, &err), RC_OK, &err);
}

/* Longer than one wait of the engine, so that the second try is needed. */
static void *let_go_late(void *arg)
{
        struct conn *holder = arg;

        usleep(4300000);
        conn_rollback(holder);
        return NULL;
}

static void another_process(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        CLEANUP(conn_freep) struct conn *holder = NULL;
        CLEANUP(db_freep) struct db *db = NULL;
        pthread_t thread;
        struct err err;

        check_promise("a writer of another process is waited for; readers do not notice it");
        CHECK_RC(db_open(dir, true, &db, &err), RC_OK, &err);
        CHECK_RC(conn_open(scratch_path(dir, "storehouse.db"), DB_WRITE, &holder, &err), RC_OK,
                 &err);
        CHECK_RC(conn_begin(holder, DB_WRITE, &err), RC_OK, &err);
        CHECK_RC(run_named(db, DB_READ, find_meta, "again", &err), RC_NOT_FOUND, &err);
        CHECK(pthread_create(&thread, NULL, let_go_late, holder) == 0);
        CHECK_RC(run_named(db, DB_WRITE, write_meta, "again", &err), RC_OK, &err);
        pthread_join(thread, NULL);
        CHECK_RC(run_named(db, DB_READ, find_meta, "again", &err), RC_OK, &err);
}

#define WRITERS    3
#define READERS    12
#define BUMPS_EACH 40

struct crowd {
        struct db *db;
        atomic_int failed;
        atomic_bool over;
        atomic_ulong reads;
};

static enum rc bump(struct db_tx *tx, void *arg, struct err *err)
{
        uint64_t generation;
        char text[24];
        enum rc rc;

        (void)arg;
        rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        snprintf(text, sizeof(text), "%lu", (unsigned long)generation);
        return store_meta_put(tx, "mirror", text, err);
}

/* The two values are written together, so they are seen together. */
static enum rc compare(struct db_tx *tx, void *arg, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(4096);
        uint64_t generation;
        const char *text;
        enum rc rc;

        (void)arg;
        rc = store_generation_get(tx, &generation, err);
        if (rc != RC_OK || generation == 0)
                return rc;
        rc = store_meta_get(tx, arena, "mirror", &text, err);
        if (rc != RC_OK)
                return rc;
        return strtoul(text, NULL, 10) == generation ? RC_OK
                                                     : err_set(err, RC_BUG, "torn read: %s", text);
}

static void *write_much(void *arg)
{
        struct crowd *crowd = arg;
        struct err err;

        for (int i = 0; i < BUMPS_EACH; i++)
                if (db_run(crowd->db, DB_WRITE, bump, NULL, &err) != RC_OK)
                        atomic_fetch_add(&crowd->failed, 1);
        return NULL;
}

static void *read_much(void *arg)
{
        struct crowd *crowd = arg;
        struct err err;

        do {
                if (db_run(crowd->db, DB_READ, compare, NULL, &err) != RC_OK)
                        atomic_fetch_add(&crowd->failed, 1);
                atomic_fetch_add(&crowd->reads, 1);
        } while (!atomic_load(&crowd->over));
        return NULL;
}

static enum rc read_generation(struct db_tx *tx, void *arg, struct err *err)
{
        return store_generation_get(tx, arg, err);
}

static void crowds(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        CLEANUP(db_freep) struct db *db = NULL;
        pthread_t threads[WRITERS + READERS];
        struct crowd crowd = {0};
        uint64_t generation = 0;
        struct err err;

        check_promise("many threads read whole states while others write; no write is lost");
        CHECK_RC(db_open(dir, true, &db, &err), RC_OK, &err);
        crowd.db = db;
        for (int i = 0; i < WRITERS + READERS; i++)
                CHECK(pthread_create(&threads[i], NULL, i < WRITERS ? write_much : read_much,
                                     &crowd) == 0);
        for (int i = 0; i < WRITERS; i++)
                pthread_join(threads[i], NULL);
        atomic_store(&crowd.over, true);
        for (int i = WRITERS; i < WRITERS + READERS; i++)
                pthread_join(threads[i], NULL);
        CHECK_INT(crowd.failed, 0);
        CHECK(crowd.reads >= READERS);
        CHECK_RC(db_run(db, DB_READ, read_generation, &generation, &err), RC_OK, &err);
        CHECK_INT(generation, WRITERS * BUMPS_EACH);
}

static void copies(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        CLEANUP(scratch_freep) char *other = scratch_new();
        CLEANUP(db_freep) struct db *db = NULL;
        CLEANUP(db_freep) struct db *copy = NULL;
        const char *path = scratch_path(other, "storehouse.db");
        struct stat state;
        struct err err;

        check_promise("a copy is whole, opens as a database, is ours alone, and replaces nothing");
        CHECK_RC(db_open(dir, true, &db, &err), RC_OK, &err);
        CHECK_RC(run_named(db, DB_WRITE, write_meta, "kept", &err), RC_OK, &err);
        CHECK_RC(db_backup(db, path, &err), RC_OK, &err);
        CHECK(stat(path, &state) == 0 && (state.st_mode & 07777) == 0600);
        CHECK_RC(db_backup(db, path, &err), RC_EXISTS, &err);
        CHECK_RC(db_backup(db, scratch_path(other, "no/where"), &err), RC_NOT_FOUND, &err);
        CHECK_RC(run_named(db, DB_WRITE, write_meta, "later", &err), RC_OK, &err);
        CHECK_RC(db_open(other, false, &copy, &err), RC_OK, &err);
        CHECK_RC(run_named(copy, DB_READ, find_meta, "kept", &err), RC_OK, &err);
        CHECK_RC(run_named(copy, DB_READ, find_meta, "later", &err), RC_NOT_FOUND, &err);
        CHECK_RC(db_check(copy, &err), RC_OK, &err);
}

static enum rc fill(struct db_tx *tx, void *arg, struct err *err)
{
        enum rc rc = RC_OK;

        (void)arg;
        for (int i = 0; i < 2000 && rc == RC_OK; i++) {
                char name[32];

                snprintf(name, sizeof(name), "name-%d", i);
                rc = store_meta_put(tx, name, "a value of some length, so that pages fill", err);
        }
        return rc;
}

/* Overwrites the middle of every page but the first two: headers stay, cells do not. */
static void damage(const char *path)
{
        CLEANUP(fs_closep) int fd = open(path, O_RDWR | O_CLOEXEC);
        char noise[512];
        struct stat state;

        memset(noise, 0xa5, sizeof(noise));
        CHECK(fd >= 0 && fstat(fd, &state) == 0);
        for (off_t at = 2 * 4096; fd >= 0 && at + 4096 <= state.st_size; at += 4096)
                CHECK(pwrite(fd, noise, sizeof(noise), at + 8) == (ssize_t)sizeof(noise));
}

static void damage_is_found(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        CLEANUP(scratch_freep) char *other = scratch_new();
        CLEANUP(db_freep) struct db *db = NULL;
        CLEANUP(db_freep) struct db *copy = NULL;
        const char *path = scratch_path(other, "storehouse.db");
        struct err err;
        enum rc rc;

        check_promise("damage is found by the check, and never taken for data");
        CHECK_RC(db_open(dir, true, &db, &err), RC_OK, &err);
        CHECK_RC(db_run(db, DB_WRITE, fill, NULL, &err), RC_OK, &err);
        CHECK_RC(db_backup(db, path, &err), RC_OK, &err);
        damage(path);
        rc = db_open(other, false, &copy, &err);
        if (rc == RC_OK)
                rc = db_check(copy, &err);
        CHECK_RC(rc, RC_CORRUPT, &err);
        CHECK_RC(db_check(db, &err), RC_OK, &err);
}

static void lost_references_are_found(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        CLEANUP(db_freep) struct db *db = NULL;
        struct err err;

        check_promise("a row that names what is not there is found by the check");
        check_opens(dir, true, RC_OK);
        tamper(dir, "PRAGMA foreign_keys = OFF;"
                    "INSERT INTO track VALUES ('nobody', 'latest', '', 0);");
        CHECK_RC(db_open(dir, false, &db, &err), RC_OK, &err);
        CHECK_RC(db_check(db, &err), RC_CORRUPT, &err);
        CHECK_TEXT(err.text, "a row of track names a row of package that is not there");
}

/* Facts and the generation, against a writer who goes around the functions of store.h. */
static void facts_stay(void)
{
        static const struct {
                const char *sql;
                const char *why;
        } rows[] = {
                {"UPDATE assertion SET format = 1", "an assertion is never changed"},
                {"UPDATE audit SET action = 'x'", "an audit entry is never changed"},
                {"DELETE FROM audit", "an audit entry is never deleted"},
                {"UPDATE catalog SET generation = 1", "the catalog generation only rises"},
                {"DELETE FROM catalog", "the catalog row is kept"},
                {"INSERT INTO meta VALUES (1, x'00')", "cannot store BLOB value"},
                {"INSERT INTO migration VALUES (2, 'x', 'short')", "rule sha256_is_hex"},
        };
        CLEANUP(scratch_freep) char *dir = scratch_new();
        CLEANUP(conn_freep) struct conn *conn = NULL;
        struct err err;

        check_promise("the database itself refuses to change facts and to go back");
        check_opens(dir, true, RC_OK);
        tamper(dir, "INSERT INTO assertion VALUES ('a', 'b', 0, 0, 'c', 0, x'00', 0);"
                    "INSERT INTO audit VALUES (1, 'a', 'b', 'c', '', 0);"
                    "UPDATE catalog SET generation = 5;");
        CHECK_RC(conn_open(scratch_path(dir, "storehouse.db"), DB_WRITE, &conn, &err), RC_OK, &err);
        for (size_t i = 0; conn && i < ARRAY_COUNT(rows); i++) {
                check_case("%s", rows[i].sql);
                CHECK_RC(conn_script(conn, rows[i].sql, &err), RC_CONFLICT, &err);
                CHECK(strstr(err.text, rows[i].why));
        }
}

int main(void)
{
        made_and_opened();
        refused_databases();
        foreign_files();
        every_statement_prepares();
        transactions_are_whole();
        another_process();
        crowds();
        copies();
        damage_is_found();
        lost_references_are_found();
        facts_stay();
        return check_end();
}
