/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * squash -- what the files that read a squashfs image share.
 *
 * Floor    delta/inside.
 * Bounds   tables lie inside the image; SQUASH_META_MAX bytes of one table; each folder is read
 * once (a second way to it is refused), SQUASH_ENTRIES_MAX entries in all. Nothing recurses. Source
 * the kernel's Documentation/filesystems/squashfs.rst.
 */
#include "delta/inside/image.h"

#define SQUASH_META_MAX    (512 * MIB)
#define SQUASH_META_BLOCK  8192
#define SQUASH_ENTRIES_MAX ((uint32_t)1 << 23)
#define SQUASH_INODES_MAX  ((uint32_t)1 << 22)
#define SQUASH_NONE        UINT64_MAX

struct squash_super {
        uint32_t inodes;
        uint32_t block_bytes;
        uint32_t fragments;
        uint16_t flags;
        uint16_t ids;
        uint64_t root;
        uint64_t bytes_used;
        uint64_t id_table, xattr_table, inode_table, folder_table, fragment_table, export_table;
        uint8_t codec;
};

/* One table of the image, expanded: where each of its blocks begins, on disk and in data. */
struct squash_table {
        uint8_t *data;
        size_t bytes;
        uint64_t start;
        struct squash_table_block {
                uint32_t disk; /* from start */
                uint32_t at;   /* in data */
        } * blocks;
        uint32_t block_count;
};

struct squash_inode {
        uint16_t type; /* 1 .. 14 */
        uint32_t number;
        uint64_t size;
        uint64_t start;  /* a file: of its blocks; a folder: of its listing's metadata block */
        uint32_t offset; /* a folder: in that block; a file: in its fragment */
        uint32_t fragment;
        size_t blocks_at; /* a file: its list of block sizes in the inode table */
        uint32_t block_count;
        size_t end; /* of the inode in the table */
};

void squash_table_fini(struct squash_table *meta);
/* Every metadata block between start and end becomes a block of the image and a piece of a part
 * called name; expand: its bytes are kept in ret too (NULL: not needed). */
MUST_USE enum rc squash_table_read(struct image *image, const struct squash_super *super,
                                   uint64_t start, uint64_t end, const char *name,
                                   struct squash_table *ret, struct err *err);
/* The place in meta->data of a reference: offset from the table's start on disk, and in the block.
 */
MUST_USE enum rc squash_table_seek(const struct squash_table *meta, uint64_t disk, uint32_t offset,
                                   size_t *ret, struct err *err);
MUST_USE enum rc squash_inode_parse(const struct squash_super *super,
                                    const struct squash_table *inodes, size_t at,
                                    struct squash_inode *ret, struct err *err);
/* names[number]: a hash of a path that leads to the inode, 0 where no folder names it. The caller
 * frees it. */
MUST_USE enum rc squash_names_read(const struct squash_super *super,
                                   const struct squash_table *inodes,
                                   const struct squash_table *folders, uint64_t **ret,
                                   struct err *err);
enum rc squash_bad(struct err *err, const char *code, const char *what);

static inline uint16_t get_u16(const uint8_t *at)
{
        return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t get_u32(const uint8_t *at)
{
        return get_u16(at) | (uint32_t)get_u16(at + 2) << 16;
}

static inline uint64_t get_u64(const uint8_t *at)
{
        return get_u32(at) | (uint64_t)get_u32(at + 4) << 32;
}
