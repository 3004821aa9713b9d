/* SPDX-License-Identifier: Apache-2.0 */
#include "delta/apply/origin.h"
#include "delta/apply/codec.h"
#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NOT_HELD UINT32_MAX

struct origin_block {
        uint64_t offset; /* in the source */
        uint64_t begin;  /* in the space */
        uint32_t packed_bytes;
        uint32_t plain_bytes;
        uint32_t older; /* of those that are held: which was used before this one */
        uint32_t newer;
        uint8_t codec;
        uint8_t *plain; /* NULL: not held */
};

struct origin {
        struct origin_options options;
        struct source source;
        struct origin_block *blocks;
        uint32_t oldest;
        uint32_t newest;
        uint64_t held_bytes;
        uint64_t expanded_bytes;
        uint8_t *packed; /* room for one block's compressed bytes */
        uint32_t last;   /* the block found last */
};

void origin_freep(struct origin **origin)
{
        if (!*origin)
                return;
        for (uint32_t i = 0; (*origin)->blocks && i < (*origin)->options.block_count; i++)
                free((*origin)->blocks[i].plain);
        source_fini(&(*origin)->source);
        free((*origin)->blocks);
        free((*origin)->packed);
        free(*origin);
        *origin = NULL;
}

static enum rc bad_block(struct err *err, uint32_t number)
{
        return err_set(err, RC_INVALID, "block %" PRIu32 " of the delta's table is impossible",
                       number);
}

/* Offsets are told as the distance from the end of the block before, doubled, with the sign below.
 */
static enum rc read_row(struct origin *origin, struct table *table, uint32_t number,
                        uint64_t *offset, uint64_t *begin, uint32_t *packed_max, struct err *err)
{
        struct origin_block *block = &origin->blocks[number];
        uint64_t distance;
        uint64_t packed;
        uint64_t plain;
        enum rc rc;

        rc = table_number(table, &distance, err);
        if (rc == RC_OK)
                rc = table_number(table, &packed, err);
        if (rc == RC_OK)
                rc = table_number(table, &plain, err);
        if (rc != RC_OK)
                return rc;
        block->codec = plain & 7;
        plain >>= 3;
        *offset += distance & 1 ? ~(distance >> 1) : distance >> 1;
        if (!codec_name(block->codec) || !plain || plain > origin->options.block_max || !packed ||
            packed > 2 * (uint64_t)origin->options.block_max ||
            *offset > origin->options.source_bytes ||
            packed > origin->options.source_bytes - *offset ||
            plain > origin->options.source_bytes + origin->options.block_bytes - *begin)
                return bad_block(err, number);
        block->offset = *offset;
        block->begin = *begin;
        block->packed_bytes = (uint32_t)packed;
        block->plain_bytes = (uint32_t)plain;
        *offset += packed;
        *begin += plain;
        if (packed > *packed_max)
                *packed_max = (uint32_t)packed;
        return RC_OK;
}

static enum rc read_rows(struct origin *origin, struct table *table, struct err *err)
{
        uint64_t offset = 0;
        uint64_t begin = origin->options.source_bytes;
        uint32_t packed_max = 1;

        for (uint32_t i = 0; i < origin->options.block_count; i++) {
                const enum rc rc = read_row(origin, table, i, &offset, &begin, &packed_max, err);

                if (rc != RC_OK)
                        return rc;
        }
        if (begin != origin_bytes(origin))
                return err_set(err, RC_INVALID, "the blocks of the delta's table do not add up");
        origin->packed = malloc(packed_max);
        return origin->packed ? RC_OK : err_set(err, RC_NOMEM, "no memory for a block");
}

enum rc origin_new(const struct origin_options *options, struct table *table, struct origin **ret,
                   struct err *err)
{
        CLEANUP(origin_freep) struct origin *origin = calloc(1, sizeof(*origin));
        enum rc rc;

        if (!origin)
                return err_set(err, RC_NOMEM, "no memory for the source");
        origin->options = *options;
        origin->oldest = origin->newest = NOT_HELD;
        origin->blocks = calloc((size_t)options->block_count + 1, sizeof(*origin->blocks));
        if (!origin->blocks)
                return err_set(err, RC_NOMEM, "no memory for %" PRIu32 " blocks",
                               options->block_count);
        rc = source_open(&origin->source, options->fd, err);
        if (rc == RC_OK)
                rc = read_rows(origin, table, err);
        if (rc != RC_OK)
                return rc;
        *ret = origin;
        origin = NULL;
        return RC_OK;
}

uint64_t origin_bytes(const struct origin *origin)
{
        return origin->options.source_bytes + origin->options.block_bytes;
}

static void take_out(struct origin *origin, uint32_t number)
{
        struct origin_block *block = &origin->blocks[number];

        if (block->older == NOT_HELD)
                origin->oldest = block->newer;
        else
                origin->blocks[block->older].newer = block->newer;
        if (block->newer == NOT_HELD)
                origin->newest = block->older;
        else
                origin->blocks[block->newer].older = block->older;
}

static void put_newest(struct origin *origin, uint32_t number)
{
        struct origin_block *block = &origin->blocks[number];

        block->newer = NOT_HELD;
        block->older = origin->newest;
        if (origin->newest == NOT_HELD)
                origin->oldest = number;
        else
                origin->blocks[origin->newest].newer = number;
        origin->newest = number;
}

static void make_room(struct origin *origin, uint32_t bytes)
{
        while (origin->oldest != NOT_HELD &&
               origin->held_bytes + bytes > origin->options.cache_bytes) {
                struct origin_block *block = &origin->blocks[origin->oldest];

                take_out(origin, origin->oldest);
                origin->held_bytes -= block->plain_bytes;
                free(block->plain);
                block->plain = NULL;
        }
}

static enum rc expand(struct origin *origin, uint32_t number, struct err *err)
{
        struct origin_block *block = &origin->blocks[number];
        size_t bytes = 0;
        enum rc rc;

        if (block->plain_bytes > origin->options.expand_max - origin->expanded_bytes)
                return err_set(err, RC_TOO_BIG, "the delta expands blocks of the source too often");
        origin->expanded_bytes += block->plain_bytes;
        make_room(origin, block->plain_bytes);
        rc = source_read(&origin->source, block->offset, origin->packed, block->packed_bytes, err);
        if (rc != RC_OK)
                return rc;
        block->plain = malloc(block->plain_bytes);
        if (!block->plain)
                return err_set(err, RC_NOMEM, "no memory for a block");
        rc = codec_expand(block->codec, origin->packed, block->packed_bytes, block->plain,
                          block->plain_bytes, &bytes, err);
        if (rc == RC_OK && bytes != block->plain_bytes)
                rc = err_set(err, RC_INVALID, "a block of the source expands to %zu bytes", bytes);
        if (rc != RC_OK) {
                free(block->plain);
                block->plain = NULL;
                return err_prefix(err, rc, "the source's block at %" PRIu64, block->offset);
        }
        origin->held_bytes += block->plain_bytes;
        put_newest(origin, number);
        return RC_OK;
}

static uint32_t block_at(struct origin *origin, uint64_t at)
{
        const struct origin_block *blocks = origin->blocks;
        uint32_t low = 0;
        uint32_t high = origin->options.block_count;

        if (at >= blocks[origin->last].begin &&
            at < blocks[origin->last].begin + blocks[origin->last].plain_bytes)
                return origin->last;
        while (high - low > 1) {
                const uint32_t middle = low + (high - low) / 2;

                if (blocks[middle].begin <= at)
                        low = middle;
                else
                        high = middle;
        }
        origin->last = low;
        return low;
}

enum rc origin_read(struct origin *origin, uint64_t at, uint8_t *ret, size_t bytes, struct err *err)
{
        assert(at <= origin_bytes(origin) && bytes <= origin_bytes(origin) - at);

        if (at < origin->options.source_bytes) {
                const uint64_t left = origin->options.source_bytes - at;
                const size_t now = bytes < left ? bytes : (size_t)left;
                const enum rc rc = source_read(&origin->source, at, ret, now, err);

                if (rc != RC_OK)
                        return rc;
                at += now;
                ret += now;
                bytes -= now;
        }
        while (bytes) {
                const uint32_t number = block_at(origin, at);
                struct origin_block *block = &origin->blocks[number];
                const uint32_t skip = (uint32_t)(at - block->begin);
                const size_t now =
                        bytes < block->plain_bytes - skip ? bytes : block->plain_bytes - skip;

                if (!block->plain) {
                        const enum rc rc = expand(origin, number, err);

                        if (rc != RC_OK)
                                return rc;
                } else if (origin->newest != number) {
                        take_out(origin, number);
                        put_newest(origin, number);
                }
                memcpy(ret, block->plain + skip, now);
                at += now;
                ret += now;
                bytes -= now;
        }
        return RC_OK;
}
