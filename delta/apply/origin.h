/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * origin -- what a delta copies from: the source's bytes, and behind them what the listed blocks of
 * it expand to.
 *
 * Floor    delta/apply; includes core/base.
 * Owner    CLEANUP(origin_freep). The descriptor stays the caller's.
 * Bounds   cache_bytes of expanded blocks, the oldest goes first; expand_max bytes are expanded in
 *          all, so that a delta that jumps about ends.
 * Outcomes RC_INVALID (a block outside of the source, or that is no compressed data), RC_TOO_BIG
 *          (expand_max), RC_IO, RC_NOMEM.
 * Tests    tests/unit/test_inside_bad.c
 */
#include "delta/apply/reader.h"
#include "delta/apply/table.h"

struct origin;

struct origin_options {
        int fd;
        uint64_t source_bytes;
        uint32_t block_count;
        uint64_t block_bytes; /* what the blocks expand to together */
        uint32_t block_max;   /* and one of them */
        uint64_t cache_bytes;
        uint64_t expand_max;
};

/* Reads the rows of the blocks from the table. */
MUST_USE enum rc origin_new(const struct origin_options *options, struct table *table,
                            struct origin **ret, struct err *err);
void origin_freep(struct origin **origin);
/* Where the space ends: source_bytes + block_bytes. */
uint64_t origin_bytes(const struct origin *origin);
/* at + bytes lies in the space (asserted). */
MUST_USE enum rc origin_read(struct origin *origin, uint64_t at, uint8_t *ret, size_t bytes,
                             struct err *err);
