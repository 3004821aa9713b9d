/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs: what is committed is there under its digest, what is not leaves no trace. */
#include "core/base/fs.h"
#include "server/store/blob.h"
#include "tests/lib/check.h"
#include "tests/lib/scratch.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tally {
        size_t count;
        uint64_t bytes;
        enum rc answer;
};

static enum rc tally_one(void *context, const struct digest *id, uint64_t bytes, struct err *err)
{
        struct tally *tally = context;

        (void)id;
        tally->count++;
        tally->bytes += bytes;
        return tally->answer == RC_OK ? RC_OK : err_set(err, tally->answer, "stopped");
}

static struct tally tally_of(struct blob_store *store)
{
        struct tally tally = {0};
        struct err err;

        CHECK_RC(blob_each(store, tally_one, &tally, &err), RC_OK, &err);
        return tally;
}

static enum rc put(struct blob_store *store, const char *text, struct digest *ret, struct err *err)
{
        CLEANUP(blob_writer_freep) struct blob_writer *writer = NULL;
        uint64_t bytes = 0;
        enum rc rc;

        rc = blob_create(store, 1000, &writer, err);
        if (rc == RC_OK)
                rc = blob_write(writer, text, strlen(text), err);
        if (rc == RC_OK)
                rc = blob_commit(store, &writer, ret, &bytes, err);
        CHECK(rc != RC_OK || bytes == strlen(text));
        return rc;
}

static void blob_path(const char *dir, const struct digest *id, char path[400])
{
        char hex[DIGEST_HEX_CHARS + 1];

        digest_hex(id, hex);
        snprintf(path, 400, "%s/blobs/%.2s/%s", dir, hex, hex);
}

static void check_content(struct blob_store *store, const struct digest *id, const char *want)
{
        CLEANUP(fs_closep) int fd = -1;
        CLEANUP(fs_freep) char *data = NULL;
        size_t got = 0;
        uint64_t bytes = 0;
        struct err err;

        CHECK_RC(blob_open(store, id, &fd, &bytes, &err), RC_OK, &err);
        CHECK_RC(fs_read_fd(fd, 1000, &data, &got, &err), RC_OK, &err);
        CHECK_BYTES(data, got, want, strlen(want));
        CHECK_INT(bytes, strlen(want));
        CHECK(write(fd, "x", 1) < 0);
}

static void committed_is_found(struct blob_store *store, const char *dir)
{
        struct digest id;
        struct digest want;
        struct stat state;
        struct err err;
        char path[400];

        check_promise(
                "a committed blob is found by the SHA3-384 of its bytes, readable by us alone");
        CHECK_RC(put(store, "hello", &id, &err), RC_OK, &err);
        sha3_384("hello", 5, &want);
        CHECK(digest_equal(&id, &want));
        check_content(store, &id, "hello");
        blob_path(dir, &id, path);
        CHECK(stat(path, &state) == 0 && (state.st_mode & 07777) == 0600);
        CHECK(stat(scratch_path(dir, "blobs"), &state) == 0 && (state.st_mode & 07777) == 0700);
        CHECK_RC(put(store, "", &id, &err), RC_OK, &err);
        check_content(store, &id, "");
}

static void same_bytes_once(struct blob_store *store, const char *dir)
{
        struct stat first = {0};
        struct stat second = {0};
        struct digest id;
        struct err err;
        char path[400];

        check_promise("the same bytes again keep the file that is there; a cut one is replaced");
        CHECK_RC(put(store, "hello", &id, &err), RC_OK, &err);
        blob_path(dir, &id, path);
        CHECK(stat(path, &first) == 0);
        CHECK_RC(put(store, "hello", &id, &err), RC_OK, &err);
        CHECK(stat(path, &second) == 0);
        CHECK_INT(second.st_ino, first.st_ino);
        CHECK(truncate(path, 2) == 0);
        CHECK_RC(put(store, "hello", &id, &err), RC_OK, &err);
        check_content(store, &id, "hello");
}

/* Files in blobs/tmp. */
static int unfinished(const char *dir)
{
        DIR *tmp = opendir(scratch_path(dir, "blobs/tmp"));
        int count = 0;

        CHECK(tmp);
        while (tmp && readdir(tmp))
                count++;
        closedir(tmp);
        return count - 2; /* without . and .. */
}

static void uncommitted_leaves_nothing(struct blob_store *store, const char *dir)
{
        struct blob_writer *writer = NULL;
        const struct tally before = tally_of(store);
        struct digest id;
        uint64_t bytes = 77;
        struct err err;

        check_promise("a writer freed before its commit, or refused, leaves no trace");
        CHECK_RC(blob_create(store, 10, &writer, &err), RC_OK, &err);
        CHECK_RC(blob_write(writer, "0123456789", 10, &err), RC_OK, &err);
        CHECK_RC(blob_write(writer, "x", 1, &err), RC_TOO_BIG, &err);
        CHECK_INT(blob_writer_bytes(writer), 10);
        CHECK_INT(unfinished(dir), 1);
        blob_writer_freep(&writer);
        CHECK(!writer);
        CHECK_INT(unfinished(dir), 0);

        CHECK_RC(blob_create(store, 3, &writer, &err), RC_OK, &err);
        CHECK(write(blob_writer_fd(writer), "0123", 4) == 4);
        CHECK_RC(blob_commit(store, &writer, &id, &bytes, &err), RC_TOO_BIG, &err);
        CHECK(!writer);
        CHECK_INT(bytes, 77);
        CHECK_INT(unfinished(dir), 0);
        CHECK_INT(tally_of(store).count, before.count);
}

static void lent_descriptor(struct blob_store *store)
{
        struct blob_writer *writer = NULL;
        struct digest want;
        struct digest id;
        uint64_t bytes = 0;
        struct err err;

        check_promise("what a worker writes by itself is named by what is in the file");
        CHECK_RC(blob_create(store, 100, &writer, &err), RC_OK, &err);
        CHECK(pwrite(blob_writer_fd(writer), "world", 5, 2) == 5);
        CHECK_INT(blob_writer_bytes(writer), 7);
        CHECK_RC(blob_commit(store, &writer, &id, &bytes, &err), RC_OK, &err);
        sha3_384("\0\0world", 7, &want);
        CHECK(digest_equal(&id, &want));
        CHECK_INT(bytes, 7);
}

static void cut_file_is_refused(struct blob_store *store)
{
        struct blob_writer *writer = NULL;
        struct digest id;
        uint64_t bytes;
        struct err err;
        char path[64];

        check_promise("a file that does not hold what was written is not committed");
        CHECK_RC(blob_create(store, 100, &writer, &err), RC_OK, &err);
        CHECK_RC(blob_write(writer, "0123456789", 10, &err), RC_OK, &err);
        /* The last descriptor opened is the writer's: cut its file behind its back. */
        for (int fd = 3; fd < 64; fd++) {
                struct stat state;

                snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
                if (fstat(fd, &state) == 0 && S_ISREG(state.st_mode) && state.st_size == 10)
                        CHECK(ftruncate(fd, 4) == 0);
        }
        CHECK_RC(blob_commit(store, &writer, &id, &bytes, &err), RC_IO, &err);
}

static void foreign_and_absent(struct blob_store *store, const char *dir)
{
        const struct tally before = tally_of(store);
        struct tally stop = {.answer = RC_CONFLICT};
        struct digest id;
        struct err err;
        uint64_t bytes;
        char path[400];
        int fd = -1;

        check_promise("absent blobs, links and foreign files are not taken for blobs");
        sha3_384("absent", 6, &id);
        CHECK_RC(blob_open(store, &id, &fd, &bytes, &err), RC_NOT_FOUND, &err);
        CHECK_RC(blob_remove(store, &id, &err), RC_OK, &err);
        blob_path(dir, &id, path);
        CHECK(symlink("/etc/passwd", path) == 0);
        CHECK(blob_open(store, &id, &fd, &bytes, &err) != RC_OK);
        CHECK_INT(fd, -1);
        CHECK_INT(tally_of(store).count, before.count);
        CHECK_RC(put(store, "absent", &id, &err), RC_OK, &err);
        check_content(store, &id, "absent");
        CHECK_RC(fs_write_file(scratch_path(dir, "blobs/00/README"), "x", 1, 0600, &err), RC_OK,
                 &err);
        CHECK_INT(tally_of(store).count, before.count + 1);
        CHECK_RC(blob_remove(store, &id, &err), RC_OK, &err);
        CHECK_INT(tally_of(store).count, before.count);
        CHECK_RC(blob_each(store, tally_one, &stop, &err), RC_CONFLICT, &err);
        CHECK_INT(stop.count, 1);
}

static void sweep_by_age(struct blob_store *store, const char *dir)
{
        CLEANUP(blob_writer_freep) struct blob_writer *young = NULL;
        const char *old = scratch_path(dir, "blobs/tmp/abandoned");
        struct timespec times[2] = {{1000, 0}, {1000, 0}};
        struct digest id;
        uint64_t bytes;
        struct err err;

        check_promise("sweeping takes unfinished files that are old, and no other");
        CHECK_RC(blob_create(store, 100, &young, &err), RC_OK, &err);
        CHECK_RC(fs_write_file(old, "x", 1, 0600, &err), RC_OK, &err);
        CHECK_RC(blob_sweep(store, 3600 * USEC_PER_SEC, &err), RC_OK, &err);
        CHECK(fs_exists(old));
        CHECK(utimensat(AT_FDCWD, old, times, 0) == 0);
        CHECK_RC(blob_sweep(store, 3600 * USEC_PER_SEC, &err), RC_OK, &err);
        CHECK(!fs_exists(old));
        CHECK_RC(blob_write(young, "young", 5, &err), RC_OK, &err);
        CHECK_RC(blob_commit(store, &young, &id, &bytes, &err), RC_OK, &err);
        check_content(store, &id, "young");
}

static void reserve_is_kept(const char *dir)
{
        CLEANUP(blob_store_freep) struct blob_store *store = NULL;
        struct blob_writer *writer = NULL;
        struct err err;

        check_promise("below the reserve of free space a blob is refused before it is begun");
        CHECK_RC(blob_store_open(dir, UINT64_MAX, &store, &err), RC_OK, &err);
        CHECK_RC(blob_create(store, 10, &writer, &err), RC_NOSPACE, &err);
        CHECK(!writer);
}

int main(void)
{
        CLEANUP(scratch_freep) char *dir = scratch_new();
        CLEANUP(blob_store_freep) struct blob_store *store = NULL;
        struct err err;

        CHECK_RC(crypto_init(&err), RC_OK, &err);
        CHECK_RC(blob_store_open(dir, 0, &store, &err), RC_OK, &err);
        if (!store)
                return check_end();
        committed_is_found(store, dir);
        same_bytes_once(store, dir);
        uncommitted_leaves_nothing(store, dir);
        lent_descriptor(store);
        cut_file_is_refused(store);
        foreign_and_absent(store, dir);
        sweep_by_age(store, dir);
        reserve_is_kept(dir);
        return check_end();
}
