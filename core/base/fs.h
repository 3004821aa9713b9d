/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fs -- files, folders and descriptors, with errno turned into rc at once.
 *
 * Floor    core/base; includes libc only.
 * Owner    buffers and descriptors returned are the caller's (free, CLEANUP(fs_closep)).
 * Units    bytes; modes as in chmod(2). Every descriptor is close-on-exec.
 * Outcomes RC_NOT_FOUND (ENOENT, ENOTDIR), RC_EXISTS (EEXIST), RC_FORBIDDEN (EACCES, EPERM),
 * RC_TOO_BIG, and the faults of err_errno. Tests    tests/unit/test_fs.c
 */
#include "core/base/rc.h"
#include <stdint.h>
#include <sys/types.h>

void fs_closep(int *fd); /* ignores negative descriptors */
void fs_freep(void *pointer_to_pointer);

MUST_USE enum rc fs_open(const char *path, int flags, mode_t mode, int *ret, struct err *err);
/* Reads a whole file of at most max bytes; *ret is NUL-terminated and the caller's to free. */
MUST_USE enum rc fs_read_file(const char *path, size_t max, char **ret, size_t *ret_bytes,
                              struct err *err);
/* The same from an open descriptor, from its current offset to the end. */
MUST_USE enum rc fs_read_fd(int fd, size_t max, char **ret, size_t *ret_bytes, struct err *err);
/* Writes next to path, syncs, renames over it, syncs the folder: all or nothing. */
MUST_USE enum rc fs_write_file(const char *path, const void *data, size_t bytes, mode_t mode,
                               struct err *err);
/* Writes everything or fails; EINTR is repeated. */
MUST_USE enum rc fs_write_all(int fd, const void *data, size_t bytes, struct err *err);
/* Reads exactly bytes; RC_END when the end came first (also in the middle). */
MUST_USE enum rc fs_read_exact(int fd, void *data, size_t bytes, struct err *err);
/* mkdir -p; a folder that exists is RC_OK. */
MUST_USE enum rc fs_make_dirs(const char *path, mode_t mode, struct err *err);
MUST_USE enum rc fs_sync_dir(const char *path, struct err *err);
/* Removes a file; an absent one is RC_OK. */
MUST_USE enum rc fs_remove(const char *path, struct err *err);
bool fs_exists(const char *path);
/* Free bytes of the file system that holds path, for unprivileged users. */
MUST_USE enum rc fs_free_bytes(const char *path, uint64_t *ret, struct err *err);
/* The folder that holds the running binary, without a final slash. */
MUST_USE enum rc fs_binary_dir(char *ret, size_t size, struct err *err);
/* Calls each(context, path) for the files of a folder whose names end with suffix, by name, hidden
 * ones left out; stops on anything but RC_OK. RC_TOO_MANY: more than FS_FILES_MAX of them. */
#define FS_FILES_MAX 1024
MUST_USE enum rc fs_each_file(const char *dir, const char *suffix,
                              enum rc (*each)(void *context, const char *path, struct err *err),
                              void *context, struct err *err);
