/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * inside_build -- the encoder of storehouse-1 deltas.
 *
 * Floor    delta/inside; includes core/base, core/crypto, delta/apply. It opens nothing: it runs in
 * the pure sandbox. Owner    descriptors stay the caller's. CLEANUP(fs_freep) for the bytes.
 * Threads  uses as many as asked, which end before it returns. Equal inputs and options give equal
 *          bytes, whatever the number of threads.
 * Bounds   memory: content_budget, and about 150 MB a thread, besides the two files (mapped).
 * Outcomes RC_INVALID with a code "image-..." (a squashfs that is none), RC_TOO_BIG, RC_NOT_WORTH
 *          (over max_bytes), RC_END (cancelled), RC_IO, RC_NOMEM.
 * Tests    tests/unit/test_inside.c
 */
#include "delta/apply/inside.h"

#define INSIDE_BUDGET ((uint64_t)512 * MIB)

struct inside_build {
        int source_fd;
        int target_fd;
        unsigned profile;
        unsigned threads;        /* 0: one */
        uint64_t content_budget; /* of the source's expanded blocks; 0: INSIDE_BUDGET */
        uint64_t max_bytes;      /* of the delta; 0: any */
        uint32_t as_they_are;    /* bits 1 << codec: blocks of it travel packed */
        /* Told now and then, on the calling thread; false cancels. */
        bool (*progress)(void *arg, uint64_t done, uint64_t all);
        void *progress_arg;
};

struct inside_built {
        uint8_t *bytes;
        size_t count;
        /* what it is made of */
        uint32_t same_blocks, packed_blocks, plain_blocks;
        uint64_t packed_content_bytes;
};

MUST_USE enum rc inside_build(const struct inside_build *job, struct inside_built *ret,
                              struct err *err);
