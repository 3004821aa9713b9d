/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

void fs_closep(int *fd)
{
        if (*fd >= 0)
                close(*fd);
        *fd = -1;
}

void fs_freep(void *pointer_to_pointer)
{
        void **pointer = pointer_to_pointer;

        free(*pointer);
        *pointer = NULL;
}

/* An outcome for the errno values that the world causes, a fault for the rest. */
static enum rc fs_fail(struct err *err, const char *verb, const char *path)
{
        const int saved = errno;
        const enum rc fault = err_errno(err, "cannot %s %s", verb, path);

        switch (saved) {
        case ENOENT:
        case ENOTDIR:
                return RC_NOT_FOUND;
        case EEXIST:
                return RC_EXISTS;
        case EACCES:
        case EPERM:
                return RC_FORBIDDEN;
        default:
                return fault;
        }
}

enum rc fs_open(const char *path, int flags, mode_t mode, int *ret, struct err *err)
{
        int fd;

        do
                fd = open(path, flags | O_CLOEXEC, mode);
        while (fd < 0 && errno == EINTR);
        if (fd < 0)
                return fs_fail(err, "open", path);
        *ret = fd;
        return RC_OK;
}

enum rc fs_read_fd(int fd, size_t max, char **ret, size_t *ret_bytes, struct err *err)
{
        CLEANUP(fs_freep) char *data = NULL;
        size_t used = 0;
        size_t room = 0;

        for (;;) {
                ssize_t got;

                if (used == room) {
                        room = room ? room * 2 : 4096;
                        room = room > max + 1 ? max + 1 : room;
                        char *grown = realloc(data, room + 1);
                        if (!grown)
                                return err_set(err, RC_NOMEM, "no memory to read a file");
                        data = grown;
                }
                got = read(fd, data + used, room - used);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return err_errno(err, "cannot read");
                if (got == 0)
                        break;
                used += (size_t)got;
                if (used > max)
                        return err_set(err, RC_TOO_BIG, "larger than %zu bytes", max);
        }
        data[used] = '\0';
        *ret = data;
        data = NULL;
        if (ret_bytes)
                *ret_bytes = used;
        return RC_OK;
}

enum rc fs_read_file(const char *path, size_t max, char **ret, size_t *ret_bytes, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        enum rc rc;

        rc = fs_open(path, O_RDONLY, 0, &fd, err);
        if (rc != RC_OK)
                return rc;
        rc = fs_read_fd(fd, max, ret, ret_bytes, err);
        return rc == RC_OK ? RC_OK : err_prefix(err, rc, "%s", path);
}

enum rc fs_write_all(int fd, const void *data, size_t bytes, struct err *err)
{
        const char *at = data;

        while (bytes) {
                const ssize_t put = write(fd, at, bytes);

                if (put < 0 && errno == EINTR)
                        continue;
                if (put < 0)
                        return err_errno(err, "cannot write");
                at += put;
                bytes -= (size_t)put;
        }
        return RC_OK;
}

enum rc fs_read_exact(int fd, void *data, size_t bytes, struct err *err)
{
        char *at = data;

        while (bytes) {
                const ssize_t got = read(fd, at, bytes);

                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0)
                        return err_errno(err, "cannot read");
                if (got == 0)
                        return err_set(err, RC_END, "the other side closed");
                at += got;
                bytes -= (size_t)got;
        }
        return RC_OK;
}

static enum rc parent_of(const char *path, char *ret, size_t size, struct err *err)
{
        const char *slash = strrchr(path, '/');
        const int length = slash == path ? 1 : slash ? (int)(slash - path) : 1;

        if (snprintf(ret, size, "%.*s", length, slash ? path : ".") >= (int)size)
                return err_set(err, RC_INVALID, "path too long: %s", path);
        return RC_OK;
}

enum rc fs_sync_dir(const char *path, struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        enum rc rc;

        rc = fs_open(path, O_RDONLY | O_DIRECTORY, 0, &fd, err);
        if (rc != RC_OK)
                return rc;
        if (fsync(fd) < 0)
                return err_errno(err, "cannot sync %s", path);
        return RC_OK;
}

static enum rc write_temporary(const char *path, const void *data, size_t bytes, mode_t mode,
                               struct err *err)
{
        CLEANUP(fs_closep) int fd = -1;
        enum rc rc;

        rc = fs_open(path, O_WRONLY | O_CREAT | O_EXCL, mode, &fd, err);
        if (rc != RC_OK)
                return rc;
        rc = fs_write_all(fd, data, bytes, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "%s", path);
        if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
                return err_errno(err, "cannot sync %s", path);
        return RC_OK;
}

enum rc fs_write_file(const char *path, const void *data, size_t bytes, mode_t mode,
                      struct err *err)
{
        char temporary[PATH_MAX];
        char parent[PATH_MAX];
        enum rc rc;

        if (snprintf(temporary, sizeof(temporary), "%s.%ld.tmp", path, (long)getpid()) >=
            (int)sizeof(temporary))
                return err_set(err, RC_INVALID, "path too long: %s", path);
        unlink(temporary);
        rc = write_temporary(temporary, data, bytes, mode, err);
        if (rc == RC_OK && rename(temporary, path) < 0)
                rc = fs_fail(err, "rename to", path);
        if (rc != RC_OK) {
                unlink(temporary);
                return rc;
        }
        rc = parent_of(path, parent, sizeof(parent), err);
        return rc == RC_OK ? fs_sync_dir(parent, err) : rc;
}

enum rc fs_make_dirs(const char *path, mode_t mode, struct err *err)
{
        char part[PATH_MAX];
        const size_t length = strlen(path);

        if (length == 0 || length >= sizeof(part))
                return err_set(err, RC_INVALID, "not a usable path: \"%.60s\"", path);
        memcpy(part, path, length + 1);
        for (size_t i = 1; i <= length; i++) {
                if (part[i] != '/' && part[i] != '\0')
                        continue;
                const char saved = part[i];
                part[i] = '\0';
                if (mkdir(part, mode) < 0 && errno != EEXIST)
                        return fs_fail(err, "make folder", part);
                part[i] = saved;
        }
        return RC_OK;
}

enum rc fs_remove(const char *path, struct err *err)
{
        if (unlink(path) < 0 && errno != ENOENT)
                return fs_fail(err, "remove", path);
        return RC_OK;
}

bool fs_exists(const char *path)
{
        return access(path, F_OK) == 0;
}

enum rc fs_free_bytes(const char *path, uint64_t *ret, struct err *err)
{
        struct statvfs state;

        if (statvfs(path, &state) < 0)
                return fs_fail(err, "look at", path);
        *ret = (uint64_t)state.f_bavail * state.f_frsize;
        return RC_OK;
}

enum rc fs_binary_dir(char *ret, size_t size, struct err *err)
{
        char self[PATH_MAX];
        const ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

        if (length < 0)
                return err_errno(err, "cannot find the running binary");
        self[length] = '\0';
        return parent_of(self, ret, size, err);
}

/* --- the files of a folder --- */

struct file_names {
        char *names[FS_FILES_MAX];
        size_t count;
};

static void file_names_freep(struct file_names **names)
{
        for (size_t i = 0; *names && i < (*names)->count; i++)
                free((*names)->names[i]);
        free(*names);
}

static void dir_closep(DIR **dir)
{
        if (*dir)
                closedir(*dir);
}

static int name_compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool name_ends(const char *name, const char *suffix)
{
        const size_t length = strlen(name);
        const size_t ending = strlen(suffix);

        return name[0] != '.' && length > ending && strcmp(name + length - ending, suffix) == 0;
}

static enum rc names_read(const char *path, const char *suffix, struct file_names *names,
                          struct err *err)
{
        CLEANUP(dir_closep) DIR *dir = opendir(path);
        const struct dirent *entry;

        if (!dir)
                return fs_fail(err, "open folder", path);
        while ((entry = readdir(dir)) != NULL) {
                if (!name_ends(entry->d_name, suffix))
                        continue;
                if (names->count == FS_FILES_MAX)
                        return err_set(err, RC_TOO_MANY, "%.200s has more than %d files", path,
                                       FS_FILES_MAX);
                names->names[names->count] = strdup(entry->d_name);
                if (!names->names[names->count])
                        return err_set(err, RC_NOMEM, "no memory for the files of a folder");
                names->count++;
        }
        qsort(names->names, names->count, sizeof(names->names[0]), name_compare);
        return RC_OK;
}

enum rc fs_each_file(const char *dir, const char *suffix,
                     enum rc (*each)(void *context, const char *path, struct err *err),
                     void *context, struct err *err)
{
        CLEANUP(file_names_freep) struct file_names *names = calloc(1, sizeof(*names));
        char path[PATH_MAX];
        enum rc rc;

        if (!names)
                return err_set(err, RC_NOMEM, "no memory for the files of a folder");
        rc = names_read(dir, suffix, names, err);
        for (size_t i = 0; rc == RC_OK && i < names->count; i++) {
                if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, names->names[i]) >=
                    sizeof(path))
                        return err_set(err, RC_INVALID, "a path in %.200s is too long", dir);
                rc = each(context, path, err);
        }
        return rc;
}
