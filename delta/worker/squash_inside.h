/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* squash_inside -- what the files of squash share. Floor: delta/worker. */
#include "core/base/rc.h"
#include <sqfs/compressor.h>
#include <sqfs/io.h>
#include <sqfs/meta_reader.h>
#include <sqfs/super.h>
#include <stdint.h>

struct squash_file {
        sqfs_file_t base; /* first: libsquashfs hands it back */
        int fd;
        uint64_t bytes;
};

struct squash {
        struct squash_file file;
        struct sqfs_super_t super;
        sqfs_compressor_t *compressor;
        const char *compression;
        uint32_t entries_read;
};

/* Where a folder or a file begins, by its inode. */
struct squash_inode {
        uint16_t type; /* SQFS_INODE_DIR, SQFS_INODE_FILE or another basic type */
        /* a folder */
        uint64_t dir_block;
        uint16_t dir_offset;
        uint64_t size; /* of the listing, or of the file */
        /* a file */
        uint64_t blocks_start;
        uint32_t fragment;
        uint32_t fragment_offset;
        /* where the list of block sizes begins in the inode table: the reader stands there */
        sqfs_meta_reader_t *reader;
};

/* libsquashfs' error number as a refusal. */
enum rc squash_failed(int code, const char *what, struct err *err);
enum rc squash_corrupt(const char *what, struct err *err);

MUST_USE enum rc squash_codec_new(uint16_t id, uint32_t block_bytes, sqfs_compressor_t **ret,
                                  const char **ret_name, struct err *err);

/* A reader of metadata blocks between two offsets of the image. */
MUST_USE enum rc squash_reader_new(struct squash *squash, uint64_t start, uint64_t end,
                                   sqfs_meta_reader_t **ret, struct err *err);
void squash_reader_freep(sqfs_meta_reader_t **reader);
MUST_USE enum rc squash_meta_read(sqfs_meta_reader_t *reader, void *ret, size_t bytes,
                                  struct err *err);

/* reference: as in a directory entry, block << 16 | offset. The reader is the caller's, and stands
 * behind the inode afterwards. */
MUST_USE enum rc squash_inode_read(struct squash *squash, sqfs_meta_reader_t *reader,
                                   uint64_t reference, struct squash_inode *ret, struct err *err);
/* RC_NOT_FOUND: the folder has no such name. */
MUST_USE enum rc squash_dir_find(struct squash *squash, const struct squash_inode *dir,
                                 const char *name, uint64_t *ret_reference, struct err *err);
/* The whole file into ret (size bytes); the inode's reader stands at the block list. */
MUST_USE enum rc squash_data_read(struct squash *squash, const struct squash_inode *inode,
                                  uint8_t *ret, struct err *err);
/* Every row of the id, fragment and export tables is where it must be. */
MUST_USE enum rc squash_tables_check(struct squash *squash, struct err *err);

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
        return a < b ? a : b;
}
