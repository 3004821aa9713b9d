/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * plan -- the target as units (its blocks, front to back), what each of them is to be made of, and
 * the jobs that find out.
 *
 * Floor    delta/inside.
 * Owner    CLEANUP(plan_fini); images and space are the caller's and outlive the plan.
 * Threads  plan_make on one; afterwards a job is worked on by one thread, and jobs are apart.
 * Tests    tests/unit/test_inside.c
 */
#include "delta/apply/inside_header.h"
#include "delta/inside/match.h"
#include "delta/inside/repack.h"

enum unit_how {
        UNIT_SAME,   /* the source has these bytes, at twin */
        UNIT_PLAIN,  /* its bytes as they are */
        UNIT_PACKED, /* what it expands to, packed again */
};

/* One for each block of the target. */
struct unit {
        uint8_t how;
        uint32_t twin;
        struct packer packer;
};

/* Which part a stretch of a block belongs to. */
struct claim {
        uint32_t block;
        uint32_t at;
        uint32_t bytes;
        uint32_t part;    /* of the target */
        uint64_t part_at; /* position in it */
};

struct job {
        uint32_t first; /* units */
        uint32_t end;
        struct ops ops;
};

struct plan {
        const struct image *source;
        const struct image *target;
        struct space *space;
        struct unit *units;
        struct claim *claims; /* by block and at, without overlaps */
        uint32_t claim_count;
        uint32_t *first_claim; /* by block; one more at the end */
        struct job *jobs;
        uint32_t job_count;
        struct index far;
        struct repack repack;
        uint32_t *owner; /* by source block: the part that it belongs to */
};

/* Bytes that a unit adds to the content from which the target is made. */
uint32_t plan_unit_bytes(const struct plan *plan, uint32_t unit);

MUST_USE enum rc plan_make(const struct image *source, const struct image *target,
                           struct space *space, const struct inside_limits *limits,
                           uint32_t as_they_are, struct plan *ret, struct err *err);
/* When the source's blocks were loaded: the index of everything. */
MUST_USE enum rc plan_index(struct plan *plan, struct err *err);
void plan_fini(struct plan *plan);
/* Finds packers and copies for the units of one job. */
MUST_USE enum rc plan_run_job(struct plan *plan, uint32_t job, struct err *err);
