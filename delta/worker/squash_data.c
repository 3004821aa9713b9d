/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/worker/squash.h"
#include "delta/worker/squash_inside.h"
#include <sqfs/block.h>
#include <stdlib.h>
#include <string.h>

#define META_BLOCK_BYTES  8192
#define NO_FRAGMENT       UINT32_MAX
#define BLOCK_RAW         ((uint32_t)1 << 24) /* stored as it is */
#define BLOCK_BYTES(size) ((size) & (BLOCK_RAW - 1))

struct scratch {
        uint8_t *packed;
        uint8_t *plain;
};

static void scratch_fini(struct scratch *scratch)
{
        free(scratch->packed);
        free(scratch->plain);
}

static enum rc read_image(struct squash *squash, uint64_t offset, void *ret, size_t bytes,
                          struct err *err)
{
        int code;

        if (offset > squash->super.bytes_used || bytes > squash->super.bytes_used - offset)
                return squash_corrupt("a block lies outside of it", err);
        code = squash->file.base.read_at(&squash->file.base, offset, ret, bytes);
        return code ? squash_failed(code, "blocks", err) : RC_OK;
}

/* A block of size (with its flag) into scratch->plain; *ret_bytes is what came out. */
static enum rc read_block(struct squash *squash, uint64_t offset, uint32_t size,
                          struct scratch *scratch, size_t *ret_bytes, struct err *err)
{
        const uint32_t bytes = BLOCK_BYTES(size);
        int32_t done;
        enum rc rc;

        if (size & ~(BLOCK_RAW | (BLOCK_RAW - 1)) || bytes > squash->super.block_size)
                return squash_corrupt("a block is too large", err);
        rc = read_image(squash, offset, size & BLOCK_RAW ? scratch->plain : scratch->packed, bytes,
                        err);
        if (rc != RC_OK)
                return rc;
        if (size & BLOCK_RAW) {
                *ret_bytes = bytes;
                return RC_OK;
        }
        done = squash->compressor->do_block(squash->compressor, scratch->packed, bytes,
                                            scratch->plain, squash->super.block_size);
        if (done < 0)
                return squash_failed(done, "blocks", err);
        *ret_bytes = (size_t)done;
        return RC_OK;
}

static enum rc read_fragment_row(struct squash *squash, uint32_t index, sqfs_fragment_t *ret,
                                 struct err *err)
{
        CLEANUP(squash_reader_freep) sqfs_meta_reader_t *reader = NULL;
        const uint32_t per_block = META_BLOCK_BYTES / sizeof(*ret);
        uint64_t block;
        enum rc rc;
        int code;

        if (index >= squash->super.fragment_entry_count ||
            squash->super.fragment_table_start == UINT64_MAX)
                return squash_corrupt("a fragment is not in its table", err);
        rc = read_image(squash,
                        squash->super.fragment_table_start + index / per_block * sizeof(block),
                        &block, sizeof(block), err);
        if (rc != RC_OK)
                return rc;
        rc = squash_reader_new(squash, squash->super.directory_table_start,
                               squash->super.bytes_used, &reader, err);
        if (rc != RC_OK)
                return rc;
        code = sqfs_meta_reader_seek(reader, block, index % per_block * sizeof(*ret));
        if (code)
                return squash_failed(code, "fragments", err);
        return squash_meta_read(reader, ret, sizeof(*ret), err);
}

static enum rc read_fragment(struct squash *squash, const struct squash_inode *inode,
                             struct scratch *scratch, uint8_t *ret, size_t bytes, struct err *err)
{
        sqfs_fragment_t row;
        size_t have;
        enum rc rc;

        rc = read_fragment_row(squash, inode->fragment, &row, err);
        if (rc != RC_OK)
                return rc;
        rc = read_block(squash, row.start_offset, row.size, scratch, &have, err);
        if (rc != RC_OK)
                return rc;
        if (inode->fragment_offset > have || bytes > have - inode->fragment_offset)
                return squash_corrupt("a fragment is too short", err);
        memcpy(ret, scratch->plain + inode->fragment_offset, bytes);
        return RC_OK;
}

static enum rc read_blocks(struct squash *squash, const struct squash_inode *inode,
                           struct scratch *scratch, uint8_t *ret, size_t bytes, struct err *err)
{
        uint64_t offset = inode->blocks_start;

        while (bytes) {
                const size_t now = min_u64(bytes, squash->super.block_size);
                uint32_t size;
                size_t have;
                enum rc rc = squash_meta_read(inode->reader, &size, sizeof(size), err);

                if (rc != RC_OK)
                        return rc;
                if (!size) { /* a hole */
                        memset(ret, 0, now);
                } else {
                        rc = read_block(squash, offset, size, scratch, &have, err);
                        if (rc != RC_OK)
                                return rc;
                        if (have != now)
                                return squash_corrupt("a block has another size than stated", err);
                        memcpy(ret, scratch->plain, now);
                }
                offset += BLOCK_BYTES(size);
                ret += now;
                bytes -= now;
        }
        return RC_OK;
}

enum rc squash_data_read(struct squash *squash, const struct squash_inode *inode, uint8_t *ret,
                         struct err *err)
{
        CLEANUP(scratch_fini) struct scratch scratch = {NULL, NULL};
        const size_t tail =
                inode->fragment == NO_FRAGMENT ? 0 : inode->size % squash->super.block_size;
        enum rc rc;

        scratch.packed = malloc(squash->super.block_size);
        scratch.plain = calloc(1, squash->super.block_size);
        if (!scratch.packed || !scratch.plain)
                return err_set(err, RC_NOMEM, "no memory for blocks");
        rc = read_blocks(squash, inode, &scratch, ret, inode->size - tail, err);
        if (rc != RC_OK || !tail)
                return rc;
        return read_fragment(squash, inode, &scratch, ret + (inode->size - tail), tail, err);
}

/* A table: an array of block offsets at start, each block with rows of row_bytes. Reads all of it.
 */
struct table {
        const char *what;
        uint64_t start;
        uint32_t count;
        size_t row_bytes;
};

static enum rc check_fragment_rows(const struct squash *squash, const uint8_t *block, size_t bytes,
                                   struct err *err)
{
        for (size_t at = 0; at + sizeof(sqfs_fragment_t) <= bytes; at += sizeof(sqfs_fragment_t)) {
                sqfs_fragment_t row;

                memcpy(&row, block + at, sizeof(row));
                if (BLOCK_BYTES(row.size) > squash->super.block_size ||
                    row.start_offset > squash->super.bytes_used ||
                    BLOCK_BYTES(row.size) > squash->super.bytes_used - row.start_offset)
                        return squash_corrupt("a fragment lies outside of it", err);
        }
        return RC_OK;
}

static enum rc check_table_block(struct squash *squash, const struct table *table,
                                 sqfs_meta_reader_t *reader, uint64_t offset, size_t bytes,
                                 struct err *err)
{
        uint8_t block[META_BLOCK_BYTES];
        enum rc rc;
        int code = sqfs_meta_reader_seek(reader, offset, 0);

        if (code)
                return squash_failed(code, table->what, err);
        rc = squash_meta_read(reader, block, bytes, err);
        if (rc != RC_OK || table->row_bytes != sizeof(sqfs_fragment_t))
                return rc;
        return check_fragment_rows(squash, block, bytes, err);
}

static enum rc check_table(struct squash *squash, const struct table *table, struct err *err)
{
        CLEANUP(squash_reader_freep) sqfs_meta_reader_t *reader = NULL;
        uint64_t left = table->count * (uint64_t)table->row_bytes;
        uint64_t at = table->start;
        uint64_t before = 0;
        enum rc rc;

        if (table->start == UINT64_MAX || !table->count)
                return table->count && table->start == UINT64_MAX
                               ? squash_corrupt("a table is missing", err)
                               : RC_OK;
        if (table->count > SQUASH_TABLE_MAX)
                return err_set_code(err, RC_INVALID, "squashfs-table",
                                    "the image has %u %s, more than this store takes", table->count,
                                    table->what);
        rc = squash_reader_new(squash, squash->super.directory_table_start, table->start, &reader,
                               err);
        for (; rc == RC_OK && left; at += sizeof(uint64_t)) {
                const size_t now = min_u64(left, META_BLOCK_BYTES);
                uint64_t offset;

                rc = read_image(squash, at, &offset, sizeof(offset), err);
                /* Blocks follow each other: rows cannot share one to look like more. */
                if (rc == RC_OK && offset <= before)
                        rc = squash_corrupt("the blocks of a table overlap", err);
                if (rc == RC_OK)
                        rc = check_table_block(squash, table, reader, offset, now, err);
                before = offset;
                left -= now;
        }
        return rc;
}

enum rc squash_tables_check(struct squash *squash, struct err *err)
{
        const struct sqfs_super_t *super = &squash->super;
        const struct table tables[] = {
                {"ids", super->id_table_start, super->id_count, sizeof(uint32_t)},
                {"fragments", super->fragment_table_start, super->fragment_entry_count,
                 sizeof(sqfs_fragment_t)},
                {"exports", super->export_table_start,
                 super->export_table_start == UINT64_MAX ? 0 : super->inode_count,
                 sizeof(uint64_t)},
        };

        for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
                const enum rc rc = check_table(squash, &tables[i], err);

                if (rc != RC_OK)
                        return rc;
        }
        return RC_OK;
}
