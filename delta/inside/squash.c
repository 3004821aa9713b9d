/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/inside/squash.h"
#include "delta/apply/codec.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUPER_BYTES    96
#define BLOCK_MIN      4096
#define BLOCK_STORED   ((uint32_t)1 << 24) /* of a size: the block is not compressed */
#define FRAGMENT_BYTES 16
#define NO_FRAGMENT    UINT32_MAX
#define FLAG_OPTIONS   0x400
#define ID_BYTES       4
#define EXPORT_BYTES   8
#define XATTR_ID_BYTES 16
#define XATTR_HEAD     16

enum rc squash_bad(struct err *err, const char *code, const char *what)
{
        return err_set_code(err, RC_INVALID, code, "%s", what);
}

bool squash_is_image(const uint8_t *bytes, uint64_t size)
{
        return size >= SUPER_BYTES && memcmp(bytes, "hsqs", 4) == 0;
}

/* squashfs' numbers of the compressors; 0: one that is not looked into. */
static enum rc find_codec(uint16_t id, uint8_t *ret, const char **ret_kind, struct err *err)
{
        static const struct {
                uint8_t codec;
                const char *kind;
        } rows[] = {
                {0, NULL},
                {CODEC_ZLIB, "squashfs gzip"},
                {CODEC_LZMA, "squashfs lzma"},
                {0, "squashfs lzo"},
                {CODEC_XZ, "squashfs xz"},
                {CODEC_LZ4, "squashfs lz4"},
                {CODEC_ZSTD, "squashfs zstd"},
        };

        if (id >= ARRAY_COUNT(rows) || !rows[id].kind)
                return err_set_code(err, RC_INVALID, "image-compressor",
                                    "the image uses compressor %u, which is unknown", id);
        *ret = rows[id].codec;
        *ret_kind = rows[id].kind;
        return RC_OK;
}

static enum rc read_super(struct image *image, struct squash_super *ret, struct err *err)
{
        const uint8_t *in = image->bytes;

        ret->inodes = get_u32(in + 4);
        ret->block_bytes = get_u32(in + 12);
        ret->fragments = get_u32(in + 16);
        ret->flags = get_u16(in + 24);
        ret->ids = get_u16(in + 26);
        ret->root = get_u64(in + 32);
        ret->bytes_used = get_u64(in + 40);
        ret->id_table = get_u64(in + 48);
        ret->xattr_table = get_u64(in + 56);
        ret->inode_table = get_u64(in + 64);
        ret->folder_table = get_u64(in + 72);
        ret->fragment_table = get_u64(in + 80);
        ret->export_table = get_u64(in + 88);
        if (get_u16(in + 28) != 4 || get_u16(in + 30) != 0)
                return squash_bad(err, "image-version", "the image is not squashfs 4.0");
        if (ret->block_bytes < BLOCK_MIN || ret->block_bytes > CODEC_BLOCK_MAX ||
            ret->block_bytes & (ret->block_bytes - 1))
                return squash_bad(err, "image-super", "the image's block size is none");
        if (ret->bytes_used > image->size || ret->bytes_used < SUPER_BYTES)
                return squash_bad(err, "image-truncated", "the image is shorter than it says");
        if (ret->inodes > SQUASH_INODES_MAX || ret->fragments > IMAGE_BLOCKS_MAX)
                return squash_bad(err, "image-super", "the image has too many inodes or fragments");
        return find_codec(get_u16(in + 20), &ret->codec, &image->kind, err);
}

/* A table that is found through a list of its metadata blocks; the list ends at *ret_list plus
 * 8 bytes a block. *ret_first: where the first of them begins. */
static enum rc list_first(const struct image *image, const struct squash_super *super,
                          uint64_t list, uint64_t rows, size_t row_bytes, uint64_t *ret_first,
                          struct err *err)
{
        const uint64_t blocks = (rows * row_bytes + SQUASH_META_BLOCK - 1) / SQUASH_META_BLOCK;

        if (list > super->bytes_used || blocks > (super->bytes_used - list) / 8)
                return squash_bad(err, "image-table", "a table lies outside of the image");
        *ret_first = blocks ? get_u64(image->bytes + list) : list;
        if (*ret_first > list)
                return squash_bad(err, "image-table", "a table's list points behind itself");
        return RC_OK;
}

struct tables {
        struct squash_table inodes, folders, fragments;
};

static void tables_fini(struct tables *tables)
{
        squash_table_fini(&tables->inodes);
        squash_table_fini(&tables->folders);
        squash_table_fini(&tables->fragments);
}

/* Tables that are only copied or compared: their rows mean nothing here. */
static enum rc read_listed(struct image *image, const struct squash_super *super, uint64_t list,
                           uint64_t rows, size_t row_bytes, const char *name, uint64_t *folder_end,
                           struct squash_table *ret, struct err *err)
{
        uint64_t first;
        enum rc rc;

        if (list == SQUASH_NONE || !rows)
                return RC_OK;
        rc = list_first(image, super, list, rows, row_bytes, &first, err);
        if (rc != RC_OK)
                return rc;
        if (first < *folder_end && first >= super->folder_table)
                *folder_end = first;
        return squash_table_read(image, super, first, list, name, ret, err);
}

static enum rc read_xattrs(struct image *image, const struct squash_super *super,
                           uint64_t *folder_end, struct err *err)
{
        struct squash_table meta = {.data = NULL};
        uint64_t start;
        uint64_t first;
        enum rc rc;

        if (super->xattr_table == SQUASH_NONE)
                return RC_OK;
        if (super->xattr_table > super->bytes_used ||
            super->bytes_used - super->xattr_table < XATTR_HEAD)
                return squash_bad(err, "image-table", "a table lies outside of the image");
        start = get_u64(image->bytes + super->xattr_table);
        rc = list_first(image, super, super->xattr_table + XATTR_HEAD,
                        get_u32(image->bytes + super->xattr_table + 8), XATTR_ID_BYTES, &first,
                        err);
        if (rc != RC_OK)
                return rc;
        if (start < *folder_end && start >= super->folder_table)
                *folder_end = start;
        rc = squash_table_read(image, super, start, first, "xattrs", &meta, err);
        squash_table_fini(&meta);
        if (rc != RC_OK)
                return rc;
        rc = squash_table_read(image, super, first,
                               first < super->xattr_table ? super->xattr_table : first, "xattr ids",
                               &meta, err);
        squash_table_fini(&meta);
        return rc;
}

static enum rc read_tables(struct image *image, const struct squash_super *super,
                           struct tables *ret, struct err *err)
{
        uint64_t folder_end = super->bytes_used;
        const uint64_t ends[] = {super->id_table, super->xattr_table, super->fragment_table,
                                 super->export_table};
        struct squash_table meta = {.data = NULL};
        enum rc rc;

        for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
                if (ends[i] >= super->folder_table && ends[i] < folder_end)
                        folder_end = ends[i];
        }
        rc = squash_table_read(image, super, super->inode_table, super->folder_table, "inodes",
                               &ret->inodes, err);
        if (rc == RC_OK)
                rc = read_listed(image, super, super->fragment_table, super->fragments,
                                 FRAGMENT_BYTES, "fragments", &folder_end, &ret->fragments, err);
        if (rc == RC_OK)
                rc = read_listed(image, super, super->export_table, super->inodes, EXPORT_BYTES,
                                 "export", &folder_end, &meta, err);
        squash_table_fini(&meta);
        if (rc == RC_OK)
                rc = read_listed(image, super, super->id_table, super->ids, ID_BYTES, "ids",
                                 &folder_end, &meta, err);
        squash_table_fini(&meta);
        if (rc == RC_OK)
                rc = read_xattrs(image, super, &folder_end, err);
        if (rc == RC_OK)
                rc = squash_table_read(image, super, super->folder_table, folder_end, "folders",
                                       &ret->folders, err);
        return rc;
}

/* How much a block of fragments holds is said nowhere. */
static enum rc measure_fragment(struct image *image, const struct squash_super *super,
                                const struct piece *piece, uint8_t *room, struct err *err)
{
        struct block *block = &image->blocks[piece->block];
        size_t bytes = 0;
        enum rc rc;

        if (!block->codec)
                return RC_OK;
        rc = codec_expand(block->codec, image->bytes + block->offset, block->packed_bytes, room,
                          super->block_bytes, &bytes, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "the fragments at %" PRIu64, block->offset);
        block->plain_bytes = (uint32_t)bytes;
        return RC_OK;
}

/* A block of a file or of fragments, as its size word says. */
static enum rc add_data(struct image *image, const struct squash_super *super, uint64_t offset,
                        uint32_t word, uint32_t plain_bytes, struct piece *ret, struct err *err)
{
        const uint32_t bytes = word & ~BLOCK_STORED;
        const bool stored = word & BLOCK_STORED;
        const struct block block = {.offset = offset,
                                    .packed_bytes = bytes,
                                    .plain_bytes = stored ? bytes : plain_bytes,
                                    .codec = stored ? 0 : super->codec};

        if (!bytes || bytes > super->block_bytes || bytes > super->bytes_used ||
            offset > super->bytes_used - bytes)
                return squash_bad(err, "image-outside",
                                  "a block of a file lies outside of the image");
        *ret = (struct piece){.bytes = PIECE_REST};
        return image_add_block(image, &block, &ret->block, err);
}

static enum rc add_fragment_tail(struct image *image, const struct squash_super *super,
                                 const struct squash_inode *inode, const struct piece *fragments,
                                 struct err *err)
{
        const uint32_t bytes = (uint32_t)(inode->size % super->block_bytes);
        struct piece piece;

        if (inode->fragment == NO_FRAGMENT || !bytes)
                return RC_OK;
        if (inode->fragment >= super->fragments || inode->offset > super->block_bytes - bytes)
                return squash_bad(err, "image-fragment", "a file's tail lies in no fragment");
        piece = fragments[inode->fragment];
        if (image->blocks[piece.block].plain_bytes < inode->offset + bytes)
                return squash_bad(err, "image-fragment", "a file's tail lies in no fragment");
        piece.at = inode->offset;
        piece.bytes = bytes;
        return image_add_piece(image, &piece, err);
}

static enum rc add_file(struct image *image, const struct squash_super *super,
                        const struct squash_table *inodes, const struct squash_inode *inode,
                        const struct piece *fragments, struct err *err)
{
        uint64_t offset = inode->start;
        uint64_t left = inode->size;
        enum rc rc = RC_OK;

        for (uint32_t i = 0; rc == RC_OK && i < inode->block_count; i++) {
                const uint32_t word = get_u32(inodes->data + inode->blocks_at + 4 * (size_t)i);
                const uint32_t plain =
                        left < super->block_bytes ? (uint32_t)left : super->block_bytes;
                struct piece piece;

                left -= plain;
                if (!word)
                        continue; /* a hole */
                rc = add_data(image, super, offset, word, plain, &piece, err);
                if (rc == RC_OK)
                        rc = image_add_piece(image, &piece, err);
                offset += word & ~BLOCK_STORED;
        }
        return rc == RC_OK ? add_fragment_tail(image, super, inode, fragments, err) : rc;
}

static enum rc add_files(struct image *image, const struct squash_super *super,
                         const struct tables *tables, const struct piece *fragments,
                         struct err *err)
{
        uint64_t *names = NULL;
        enum rc rc = squash_names_read(super, &tables->inodes, &tables->folders, &names, err);

        for (size_t at = 0; rc == RC_OK && at < tables->inodes.bytes;) {
                struct squash_inode inode;

                rc = squash_inode_parse(super, &tables->inodes, at, &inode, err);
                if (rc != RC_OK)
                        break;
                at = inode.end;
                if (inode.type != 2 && inode.type != 9)
                        continue;
                rc = image_begin_part(image, names[inode.number], err);
                if (rc == RC_OK)
                        rc = add_file(image, super, &tables->inodes, &inode, fragments, err);
        }
        free(names);
        return rc;
}

static enum rc add_fragments(struct image *image, const struct squash_super *super,
                             const struct tables *tables, struct piece *ret, struct err *err)
{
        uint8_t *room = malloc(super->block_bytes);
        enum rc rc = RC_OK;

        if (!room)
                return err_set(err, RC_NOMEM, "no memory for a block of fragments");
        if (tables->fragments.bytes < (size_t)super->fragments * FRAGMENT_BYTES)
                rc = squash_bad(err, "image-fragment", "the table of fragments is too short");
        for (uint32_t i = 0; rc == RC_OK && i < super->fragments; i++) {
                const uint8_t *row = tables->fragments.data + (size_t)i * FRAGMENT_BYTES;

                rc = add_data(image, super, get_u64(row), get_u32(row + 8), 0, &ret[i], err);
                if (rc == RC_OK)
                        rc = measure_fragment(image, super, &ret[i], room, err);
        }
        free(room);
        return rc;
}

enum rc squash_read_image(struct image *image, struct err *err)
{
        CLEANUP(tables_fini) struct tables tables = {.inodes = {.data = NULL}};
        struct squash_super super;
        struct piece *fragments;
        enum rc rc;

        memset(&super, 0, sizeof(super));
        rc = read_super(image, &super, err);
        if (rc != RC_OK || !super.codec)
                return rc;
        rc = read_tables(image, &super, &tables, err);
        if (rc != RC_OK)
                return rc;
        fragments = calloc((size_t)super.fragments + 1, sizeof(*fragments));
        if (!fragments)
                return err_set(err, RC_NOMEM, "no memory for %" PRIu32 " fragments",
                               super.fragments);
        rc = add_fragments(image, &super, &tables, fragments, err);
        if (rc == RC_OK)
                rc = add_files(image, &super, &tables, fragments, err);
        free(fragments);
        return rc;
}
