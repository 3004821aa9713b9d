/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * match -- expresses target bytes by copies of source bytes that are nearly equal, and by what is
 * new.
 *
 * Floor    delta/inside.
 * Owner    CLEANUP(ops_fini).
 * Threads  no shared state but the read-only space and indexes.
 * Source   the idea of bsdiff (Percival): a copy goes on over differences as long as more bytes
 * agree than not. Tests    tests/unit/test_inside.c
 */
#include "delta/inside/index.h"
#include "delta/inside/space.h"

/* First so many new bytes, then a copy; where copy and target differ, the difference is told. */
struct op {
        uint32_t literal_bytes;
        uint32_t copy_bytes;
        uint32_t from; /* a position of the space */
        bool exact;    /* nothing in the copy differs */
};

struct ops {
        struct op *rows;
        size_t count;
        size_t room;
};

void ops_fini(struct ops *ops);
MUST_USE enum rc ops_add(struct ops *ops, struct op op, struct err *err);

struct matcher {
        const struct space *space;
        const struct index *near; /* of the paired part; may be NULL */
        const struct index *far;  /* of everything; may be NULL */
};

/* Adds ops for exactly bytes. guess: where a copy may begin, or SPACE_NONE. */
MUST_USE enum rc match_run(const struct matcher *matcher, const uint8_t *target, uint32_t bytes,
                           uint32_t guess, struct ops *ops, struct err *err);
