/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * index -- where in the source a few bytes occur: a table of buckets by their hash.
 *
 * Floor    delta/inside.
 * Owner    CLEANUP(index_fini).
 * Threads  read-only once filled.
 * Bounds   INDEX_BUCKET positions of one hash are kept, the first ones; 6 bytes of memory for each
 *          position indexed, at the most.
 * Tests    tests/unit/test_inside.c
 */
#include "core/base/rc.h"
#include <stdint.h>

#define INDEX_BUCKET 8

struct index {
        uint32_t *slots; /* position + 1; 0: free */
        uint32_t buckets;
        unsigned shift;
        unsigned seed_bytes; /* 8 or 24 */
        unsigned stride;
};

/* For about that many bytes, every stride-th position of them. */
MUST_USE enum rc index_init(struct index *index, uint64_t bytes, unsigned seed_bytes,
                            unsigned stride, struct err *err);
void index_fini(struct index *index);
/* Positions from .. end of base, so far as a whole seed fits. */
void index_add(struct index *index, const uint8_t *base, uint32_t from, uint32_t end);
/* The bucket of the seed at bytes: INDEX_BUCKET slots. */
const uint32_t *index_find(const struct index *index, const uint8_t *bytes);
