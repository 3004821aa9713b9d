/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * space -- the source as the encoder searches it: the file's own bytes, and behind them what its
 * compressed blocks expand to, in one stretch of memory.
 *
 * Floor    delta/inside; includes delta/apply (codecs).
 * Owner    CLEANUP(space_fini). The source's descriptor stays the caller's.
 * Threads  space_load_block may run on several threads for different blocks; read-only afterwards.
 * Bounds   positions have 32 bits: source and expanded blocks together stay under 4 GiB, and the
 *          expanded blocks within the budget given; what is over it is left out, and not searched.
 * Tests    tests/unit/test_inside.c
 */
#include "delta/inside/image.h"

#define SPACE_NONE UINT32_MAX

struct space {
        uint8_t *base;
        uint64_t room;
        uint64_t budget_bytes;
        uint32_t raw_bytes;   /* 0 .. raw_bytes: the file */
        uint32_t plain_begin; /* plain_begin .. plain_end: expanded blocks, in the image's order */
        uint32_t plain_end;
        const struct image *image;
        uint32_t *place;  /* by block: where what it expands to begins, or SPACE_NONE */
        uint32_t *placed; /* the blocks that have a place, in order */
        uint32_t placed_count;
};

/* Maps the file; the image of it is read by the caller, and given to space_plan. */
MUST_USE enum rc space_open(int fd, uint64_t budget_bytes, struct space *ret, struct err *err);
void space_fini(struct space *space);
/* Gives the wanted blocks their places. wanted: one byte a block. */
MUST_USE enum rc space_plan(struct space *space, const struct image *image, const uint8_t *wanted,
                            struct err *err);
/* Expands one block into its place, if it has one. RC_INVALID: it is no compressed data. */
MUST_USE enum rc space_load_block(struct space *space, uint32_t block, struct err *err);
/* The end of the stretch (file or expanded) that holds position, and its beginning. */
static inline uint32_t space_end_of(const struct space *space, uint32_t position)
{
        return position < space->plain_begin ? space->raw_bytes : space->plain_end;
}

static inline uint32_t space_begin_of(const struct space *space, uint32_t position)
{
        return position < space->plain_begin ? 0 : space->plain_begin;
}

/* The block whose expanded bytes hold a position behind plain_begin. */
uint32_t space_block_at(const struct space *space, uint32_t position);
