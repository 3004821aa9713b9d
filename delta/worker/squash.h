/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * squash -- one file out of a squashfs image that nobody vouches for.
 *
 * Floor    delta/worker; includes core/base. libsquashfs decompresses (squash_codec.c) and walks
 * metadata blocks (squash.c, squash_dir.c); directories, inodes and file blocks are read here, with
 *          nothing allocated by a size that the image states.
 * Owner    CLEANUP(squash_freep); the descriptor stays the caller's.
 * Bounds   tables inside bytes_used, bytes_used inside the file; SQUASH_ENTRIES_MAX directory
 * entries read in all; SQUASH_TABLE_MAX rows of a table; a file's bytes by the caller's bound.
 *          Metadata is read forward only, so loops among inodes or directories end.
 * Source   the kernel's Documentation/filesystems/squashfs.rst; the on-disk structures of
 * sqfs/inode.h. Outcomes RC_INVALID with a code "squashfs-...", RC_NOT_FOUND (squash_read_file),
 * RC_IO, RC_NOMEM. Tests    tests/unit/test_inspect.c, tests/fuzz/fuzz_inspect.c
 */
#include "core/base/rc.h"
#include <stdint.h>

#define SQUASH_ENTRIES_MAX 100000
#define SQUASH_TABLE_MAX   ((uint32_t)1 << 20)

struct squash;

/* Checks the superblock, and reads the id, fragment and export tables once. */
MUST_USE enum rc squash_open(int fd, struct squash **ret, struct err *err);
void squash_freep(struct squash **squash);
/* "xz", "gzip", "lzo", ... */
const char *squash_compression(const struct squash *squash);
/* Reads the regular file name of a folder ("meta", "meta/gui"). The bytes are the caller's to free
 * and end with a NUL that is not counted. RC_NOT_FOUND: no such folder or file. */
MUST_USE enum rc squash_read_file(struct squash *squash, const char *folder, const char *name,
                                  size_t max_bytes, char **ret, size_t *ret_bytes, struct err *err);
