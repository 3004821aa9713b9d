/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * program -- the second stream of a storehouse-1 delta: new bytes and copies, until the content is
 * whole. Written and read by the same code.
 *
 * Floor    delta/apply; includes core/base.
 * Owner    CLEANUP(program_freep).
 * Bounds   MODEL memory of the profile. A step covers at least one byte of the content.
 * Outcomes RC_INVALID (a step that leaves the content or the origin), what read gives, RC_NOMEM.
 * Source   delta/FORMAT.md, "Program".
 * Tests    tests/unit/test_inside_bad.c
 */
#include "delta/apply/model.h"

/* Reads bytes of the origin. */
typedef enum rc (*program_read)(void *arg, uint64_t at, uint8_t *ret, size_t bytes,
                                struct err *err);

struct program_options {
        bool small;
        uint64_t source_bytes; /* where in the origin the expanded blocks begin */
        uint64_t origin_bytes;
        uint64_t content_bytes;
        program_read read;
        void *read_arg;
};

/* So many new bytes, then so many copied ones. */
struct step {
        uint64_t literal_bytes;
        uint64_t copy_bytes;
        uint64_t from;
        bool exact; /* nothing in the copy differs */
};

struct program;

MUST_USE enum rc program_new(const struct program_options *options, struct program **ret,
                             struct err *err);
void program_freep(struct program **program);
struct mix_coder *program_coder(struct program *program);

/* Encoder: says what follows; then gives the content of the step, in pieces of any size. */
MUST_USE enum rc program_put_step(struct program *program, const struct step *step,
                                  struct err *err);
/* Encodes the bytes, or decodes them into bytes: the next ones of the content. Decoding, steps are
 * read where they are due. */
MUST_USE enum rc program_run(struct program *program, uint8_t *bytes, size_t count,
                             struct err *err);
