/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "server/store/blob.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS         256       /* blobs/00 .. blobs/ff, by the first byte of the digest */
#define FREE_LOOK_BYTES (4 * MIB) /* how much is written between two looks at the free space */
#define ROOT_MAX        (PATH_MAX - 128)

struct blob_store {
        uint64_t min_free_bytes;
        char root[ROOT_MAX]; /* DIR/blobs */
};

struct blob_writer {
        struct blob_store *store;
        struct hash *hash;
        int fd;
        bool is_lent; /* blob_writer_fd was asked for: only the file knows what is in it */
        uint64_t bytes;
        uint64_t max_bytes;
        uint64_t look_at; /* look at the free space when so many bytes are written */
        char path[PATH_MAX];
};

enum rc blob_store_open(const char *data_dir, uint64_t min_free_bytes, struct blob_store **ret,
                        struct err *err)
{
        CLEANUP(blob_store_freep) struct blob_store *store = calloc(1, sizeof(*store));
        char path[PATH_MAX];
        enum rc rc;

        if (!store)
                return err_set(err, RC_NOMEM, "no memory for the blob store");
        store->min_free_bytes = min_free_bytes;
        if (snprintf(store->root, sizeof(store->root), "%s/blobs", data_dir) >=
            (int)sizeof(store->root))
                return err_set(err, RC_INVALID, "the path of the data folder is too long");
        snprintf(path, sizeof(path), "%s/tmp", store->root);
        rc = fs_make_dirs(path, 0700, err);
        /* All of them now and synced once, so that a commit syncs one folder only. */
        for (unsigned i = 0; i < FOLDERS && rc == RC_OK; i++) {
                snprintf(path, sizeof(path), "%s/%02x", store->root, i);
                if (mkdir(path, 0700) < 0 && errno != EEXIST)
                        rc = err_errno(err, "cannot make the folder %s", path);
        }
        if (rc == RC_OK)
                rc = fs_sync_dir(store->root, err);
        if (rc == RC_OK)
                rc = fs_sync_dir(data_dir, err);
        if (rc != RC_OK)
                return rc;
        *ret = store;
        store = NULL;
        return RC_OK;
}

void blob_store_freep(struct blob_store **store)
{
        free(*store);
        *store = NULL;
}

static void path_of(const struct blob_store *store, const struct digest *id, char path[PATH_MAX])
{
        char hex[DIGEST_HEX_CHARS + 1];

        digest_hex(id, hex);
        snprintf(path, PATH_MAX, "%s/%.2s/%s", store->root, hex, hex);
}

static enum rc check_free(const struct blob_store *store, struct err *err)
{
        uint64_t free_bytes = 0;
        enum rc rc;

        rc = fs_free_bytes(store->root, &free_bytes, err);
        if (rc != RC_OK)
                return rc;
        if (free_bytes < store->min_free_bytes)
                return err_set(err, RC_NOSPACE,
                               "only %" PRIu64 " bytes are free, %" PRIu64 " are to stay free",
                               free_bytes, store->min_free_bytes);
        return RC_OK;
}

enum rc blob_open(struct blob_store *store, const struct digest *id, int *ret_fd,
                  uint64_t *ret_bytes, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        char path[PATH_MAX];
        struct stat state;
        enum rc rc;

        path_of(store, id, path);
        rc = fs_open(path, O_RDONLY | O_NOFOLLOW, 0, &fd, err);
        if (rc == RC_NOT_FOUND)
                return err_set(err, RC_NOT_FOUND, "no blob %.16s...", strrchr(path, '/') + 1);
        if (rc != RC_OK)
                return rc;
        if (fstat(fd, &state) < 0)
                return err_errno(err, "cannot look at %s", path);
        if (!S_ISREG(state.st_mode))
                return err_set(err, RC_CORRUPT, "%s is not a file", path);
        *ret_fd = fd;
        *ret_bytes = (uint64_t)state.st_size;
        fd = -1;
        return RC_OK;
}

enum rc blob_create(struct blob_store *store, uint64_t max_bytes, struct blob_writer **ret,
                    struct err *err)
{
        CLEANUP(blob_writer_freep) struct blob_writer *writer = NULL;
        enum rc rc;

        rc = check_free(store, err);
        if (rc != RC_OK)
                return rc;
        writer = calloc(1, sizeof(*writer));
        if (!writer)
                return err_set(err, RC_NOMEM, "no memory for a blob");
        writer->fd = -1;
        writer->store = store;
        writer->max_bytes = max_bytes;
        writer->look_at = FREE_LOOK_BYTES;
        writer->hash = hash_new_sha3_384();
        if (!writer->hash)
                return err_set(err, RC_NOMEM, "no memory for a digest");
        snprintf(writer->path, sizeof(writer->path), "%s/tmp/XXXXXX", store->root);
        writer->fd = mkostemp(writer->path, O_CLOEXEC);
        if (writer->fd < 0)
                return err_errno(err, "cannot begin a blob");
        *ret = writer;
        writer = NULL;
        return RC_OK;
}

void blob_writer_freep(struct blob_writer **writer)
{
        if (!*writer)
                return;
        /* Committed ones have given up their path. */
        if ((*writer)->fd >= 0 && (*writer)->path[0])
                (void)!unlink((*writer)->path);
        fs_closep(&(*writer)->fd);
        hash_freep(&(*writer)->hash);
        free(*writer);
        *writer = NULL;
}

enum rc blob_write(struct blob_writer *writer, const void *data, size_t bytes, struct err *err)
{
        enum rc rc;

        assert(!writer->is_lent);
        if (bytes > writer->max_bytes - writer->bytes)
                return err_set(err, RC_TOO_BIG, "more than %" PRIu64 " bytes", writer->max_bytes);
        if (writer->bytes + bytes >= writer->look_at) {
                rc = check_free(writer->store, err);
                if (rc != RC_OK)
                        return rc;
                writer->look_at = writer->bytes + bytes + FREE_LOOK_BYTES;
        }
        rc = fs_write_all(writer->fd, data, bytes, err);
        if (rc != RC_OK)
                return rc;
        hash_update(writer->hash, data, bytes);
        writer->bytes += bytes;
        return RC_OK;
}

int blob_writer_fd(struct blob_writer *writer)
{
        writer->is_lent = true;
        return writer->fd;
}

uint64_t blob_writer_bytes(const struct blob_writer *writer)
{
        struct stat state;

        if (writer->is_lent && fstat(writer->fd, &state) == 0)
                return (uint64_t)state.st_size;
        return writer->bytes;
}

/* What the file holds, proved against its size: a write that failed half-way is not committed. */
static enum rc writer_finish(struct blob_writer *writer, struct digest *ret, struct err *err)
{
        struct stat state;
        enum rc rc = RC_OK;

        if (writer->is_lent)
                rc = sha3_384_fd(writer->fd, ret, &writer->bytes, err);
        else
                hash_finish(writer->hash, ret);
        if (rc != RC_OK)
                return rc;
        if (writer->bytes > writer->max_bytes)
                return err_set(err, RC_TOO_BIG, "more than %" PRIu64 " bytes", writer->max_bytes);
        if (fsync(writer->fd) < 0 || fstat(writer->fd, &state) < 0)
                return err_errno(err, "cannot sync a blob");
        if ((uint64_t)state.st_size != writer->bytes)
                return err_set(err, RC_IO,
                               "a blob has %" PRIu64 " bytes and not the %" PRIu64
                               " that were written",
                               (uint64_t)state.st_size, writer->bytes);
        return RC_OK;
}

enum rc blob_commit(struct blob_store *store, struct blob_writer **writer, struct digest *ret,
                    uint64_t *ret_bytes, struct err *err)
{
        CLEANUP(blob_writer_freep) struct blob_writer *mine = *writer;
        char folder[PATH_MAX];
        char path[PATH_MAX];
        struct digest id;
        struct stat old;
        enum rc rc;

        *writer = NULL;
        rc = writer_finish(mine, &id, err);
        if (rc != RC_OK)
                return rc;
        path_of(store, &id, path);
        /* The one there is kept: it may be open. One of another size cannot be these bytes (a file
         * system that lost its end): it is replaced. */
        if (lstat(path, &old) < 0 || !S_ISREG(old.st_mode) ||
            (uint64_t)old.st_size != mine->bytes) {
                if (rename(mine->path, path) < 0)
                        return err_errno(err, "cannot name a blob");
                mine->path[0] = '\0';
        }
        /* Also where it was there before: who renamed it may not have synced yet. */
        snprintf(folder, sizeof(folder), "%s/%02x", store->root, id.sha3_384[0]);
        rc = fs_sync_dir(folder, err);
        if (rc != RC_OK)
                return rc;
        *ret = id;
        *ret_bytes = mine->bytes;
        return RC_OK;
}

enum rc blob_remove(struct blob_store *store, const struct digest *id, struct err *err)
{
        char path[PATH_MAX];

        path_of(store, id, path);
        return fs_remove(path, err);
}

static void closedirp(DIR **dir)
{
        if (*dir)
                closedir(*dir);
}

typedef enum rc (*blob_body)(void *context, const struct digest *id, uint64_t bytes,
                             struct err *err);

static enum rc folder_each(const char *path, unsigned first, blob_body each, void *context,
                           struct err *err)
{
        CLEANUP(closedirp) DIR *dir = opendir(path);
        struct dirent *entry;
        enum rc rc = RC_OK;

        if (!dir)
                return err_errno(err, "cannot list %s", path);
        while (rc == RC_OK && (entry = readdir(dir))) {
                struct digest id;
                struct stat state;

                /* Foreign files are left alone, and a blob may go while we look. */
                if (digest_parse_hex(entry->d_name, &id) != RC_OK || id.sha3_384[0] != first ||
                    fstatat(dirfd(dir), entry->d_name, &state, AT_SYMLINK_NOFOLLOW) < 0 ||
                    !S_ISREG(state.st_mode))
                        continue;
                rc = each(context, &id, (uint64_t)state.st_size, err);
        }
        return rc;
}

enum rc blob_each(struct blob_store *store, blob_body each, void *context, struct err *err)
{
        char path[PATH_MAX];
        enum rc rc = RC_OK;

        for (unsigned i = 0; i < FOLDERS && rc == RC_OK; i++) {
                snprintf(path, sizeof(path), "%s/%02x", store->root, i);
                rc = folder_each(path, i, each, context, err);
        }
        return rc;
}

/* The file system's own idea of now: the times that it is compared with are of the same clock.
 * Works on a full disk too, which is when sweeping matters. */
static enum rc folder_now(const char *folder, usec_t *ret, struct err *err)
{
        struct stat state;

        if (utimensat(AT_FDCWD, folder, NULL, 0) < 0 || stat(folder, &state) < 0)
                return err_errno(err, "cannot touch %s", folder);
        *ret = state.st_mtim.tv_sec * USEC_PER_SEC + state.st_mtim.tv_nsec / 1000;
        return RC_OK;
}

enum rc blob_sweep(struct blob_store *store, usec_t age, struct err *err)
{
        CLEANUP(closedirp) DIR *dir = NULL;
        struct dirent *entry;
        char path[PATH_MAX];
        usec_t now = 0;
        enum rc rc;

        snprintf(path, sizeof(path), "%s/tmp", store->root);
        rc = folder_now(path, &now, err);
        if (rc != RC_OK)
                return rc;
        dir = opendir(path);
        if (!dir)
                return err_errno(err, "cannot list %s", path);
        while ((entry = readdir(dir))) {
                struct stat state;

                if (fstatat(dirfd(dir), entry->d_name, &state, AT_SYMLINK_NOFOLLOW) < 0 ||
                    !S_ISREG(state.st_mode) ||
                    state.st_mtim.tv_sec * USEC_PER_SEC + state.st_mtim.tv_nsec / 1000 > now - age)
                        continue;
                if (unlinkat(dirfd(dir), entry->d_name, 0) < 0 && errno != ENOENT)
                        return err_errno(err, "cannot remove %s/%s", path, entry->d_name);
        }
        return RC_OK;
}
