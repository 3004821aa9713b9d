/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A full disk: a file system of 3 MiB is filled through the store. Every refusal says RC_NOSPACE,
 * what was acknowledged before stays, and room made is room used. Needs to mount; 77 where it may
 * not.
 */
#include "server/store/blob.h"
#include "server/store/store.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define TRIES_MAX 4000

/* A mount that nobody else sees, and that ends with this process. */
static bool mount_small(const char *dir)
{
        return unshare(CLONE_NEWNS) == 0 &&
               mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
               mount("none", dir, "tmpfs", 0, "size=3m,mode=0700") == 0;
}

static enum rc put_number(struct db_tx *tx, void *arg, struct err *err)
{
        const unsigned *number = arg;
        uint64_t generation;
        char value[2000];
        char name[32];
        enum rc rc;

        memset(value, 'x', sizeof(value) - 1);
        value[sizeof(value) - 1] = '\0';
        snprintf(name, sizeof(name), "n%u", *number);
        rc = store_meta_put(tx, name, value, err);
        return rc == RC_OK ? store_generation_bump(tx, &generation, err) : rc;
}

static enum rc count_numbers(struct db_tx *tx, void *arg, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(16 * MIB);
        unsigned *count = arg;
        const char *value;
        uint64_t generation = 0;
        enum rc rc;

        rc = store_generation_get(tx, &generation, err);
        for (*count = 0; rc == RC_OK; (*count)++) {
                char name[32];

                snprintf(name, sizeof(name), "n%u", *count);
                rc = store_meta_get(tx, arena, name, &value, err);
                if (rc == RC_NOT_FOUND)
                        return generation == *count
                                       ? RC_OK
                                       : err_set(err, RC_BUG, "%u values, generation %lu", *count,
                                                 (unsigned long)generation);
        }
        return rc;
}

static enum rc put_blob(struct blob_store *blobs, unsigned number, struct digest *ret,
                        struct err *err)
{
        CLEANUP(blob_writer_freep) struct blob_writer *writer = NULL;
        char data[40000];
        uint64_t bytes;
        enum rc rc;

        memset(data, (int)number, sizeof(data));
        memcpy(data, &number, sizeof(number));
        rc = blob_create(blobs, sizeof(data), &writer, err);
        if (rc == RC_OK)
                rc = blob_write(writer, data, sizeof(data), err);
        return rc == RC_OK ? blob_commit(blobs, &writer, ret, &bytes, err) : rc;
}

static void check_numbers(struct db *db, unsigned want)
{
        unsigned count = 0;
        struct err err;

        CHECK_RC(db_run(db, DB_READ, count_numbers, &count, &err), RC_OK, &err);
        CHECK_INT(count, want);
        CHECK_RC(db_check(db, &err), RC_OK, &err);
}

/* Returns how many writes were acknowledged before the disk was full. */
static unsigned fill_database(struct db *db)
{
        enum rc rc = RC_OK;
        struct err err;
        unsigned number = 0;

        while (number < TRIES_MAX) {
                rc = db_run(db, DB_WRITE, put_number, &number, &err);
                if (rc != RC_OK)
                        break;
                number++;
        }
        CHECK_RC(rc, RC_NOSPACE, &err);
        return number;
}

static void full_of_blobs(struct blob_store *blobs)
{
        struct digest id = {0};
        struct digest first = {0};
        uint64_t bytes = 0;
        unsigned number = 0;
        enum rc rc = RC_OK;
        struct err err;
        int fd = -1;

        check_promise(
                "a full disk refuses a blob, keeps the others, and takes one when there is room");
        for (; number < TRIES_MAX && rc == RC_OK; number++) {
                rc = put_blob(blobs, number, &id, &err);
                if (number == 0)
                        first = id;
        }
        CHECK(number > 2);
        CHECK_RC(rc, RC_NOSPACE, &err);
        CHECK_RC(blob_open(blobs, &id, &fd, &bytes, &err), RC_OK, &err);
        CHECK_INT(bytes, 40000);
        close(fd);
        CHECK_RC(blob_sweep(blobs, 0, &err), RC_OK, &err);
        CHECK_RC(blob_remove(blobs, &first, &err), RC_OK, &err);
        CHECK_RC(put_blob(blobs, TRIES_MAX, &id, &err), RC_OK, &err);
}

static void full_database(struct db *db, const char *dir)
{
        const char *ballast = scratch_path(dir, "ballast");
        char data[4096] = {0};
        unsigned kept;
        struct err err;
        int fd;

        check_promise("a full disk refuses a write whole, keeps the others, and heals with room");
        fd = open(ballast, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        for (int i = 0; i < 100; i++)
                CHECK(write(fd, data, sizeof(data)) == (ssize_t)sizeof(data));
        close(fd);
        kept = fill_database(db);
        CHECK(kept > 10);
        check_numbers(db, kept);
        CHECK_RC(db_run(db, DB_WRITE, put_number, &kept, &err), RC_NOSPACE, &err);
        CHECK_RC(db_backup(db, scratch_path(dir, "copy"), &err), RC_NOSPACE, &err);
        CHECK(access(scratch_path(dir, "copy"), F_OK) < 0);
        CHECK(unlink(ballast) == 0);
        CHECK_RC(db_run(db, DB_WRITE, put_number, &kept, &err), RC_OK, &err);
        check_numbers(db, kept + 1);
}

int main(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        CLEANUP(db_freep) struct db *db = NULL;
        CLEANUP(blob_store_freep) struct blob_store *blobs = NULL;
        const char *data = scratch_path(dir, "data");
        struct err err;

        if (!mount_small(dir)) {
                printf("skipped: cannot mount a small file system: %s\n", strerror(errno));
                return 77;
        }
        CHECK_RC(crypto_init(&err), RC_OK, &err);
        CHECK_RC(db_open(data, true, &db, &err), RC_OK, &err);
        CHECK_RC(blob_store_open(data, 0, &blobs, &err), RC_OK, &err);
        if (db && blobs) {
                full_database(db, dir);
                full_of_blobs(blobs);
                check_promise("blobs that fill the disk do not harm the database");
                CHECK_RC(db_check(db, &err), RC_OK, &err);
        }
        db_freep(&db);
        umount2(dir, MNT_DETACH);
        return check_end();
}
