/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * inside -- the decoder of storehouse-1 deltas: those that look inside compressed images.
 *
 * Floor    delta/apply; includes core/base. No GPL code, no parser of images.
 * Owner    descriptors stay the caller's. After a failure what was put is rubbish: the caller drops
 * it. Threads  no shared state. Bounds   memory by the delta's profile, 64 MiB or 16 MiB; the
 * target at most max_target_bytes; time linear in content_bytes, which is bounded by the target's
 * size. Source   delta/FORMAT.md. Outcomes RC_INVALID (malformed, damaged: nothing was put; or
 * found while applying), RC_UNSUPPORTED (version, profile, codec, a library here that packs
 * otherwise: nothing was put), RC_CONFLICT (another source: nothing was put; or the target came out
 * wrong), RC_TOO_BIG, RC_IO, RC_NOMEM. Tests    tests/unit/test_inside_bad.c,
 * tests/unit/test_inside.c, tests/fuzz/fuzz_inside.c
 */
#include "delta/apply/inside_header.h"

#define INSIDE_PIECE (64 * KIB) /* of a segment that is not packed */

/* Takes the next bytes of the target, in order. What it returns, if not RC_OK, ends the run. */
typedef enum rc (*inside_put)(void *arg, const void *data, size_t bytes, struct err *err);
/* Answers a fingerprint instead of codec_fingerprint; for tests, and agents that know theirs. */
typedef enum rc (*inside_print)(void *arg, unsigned codec, uint8_t ret[CODEC_PRINT_BYTES],
                                struct err *err);

struct inside_options {
        uint64_t max_target_bytes;
        inside_put put;
        void *put_arg;
        inside_print print; /* NULL: codec_fingerprint */
        void *print_arg;
};

bool inside_is_delta(const uint8_t *bytes, size_t count);
/* Reads the header and proves the checksums of both streams; applies nothing. */
MUST_USE enum rc inside_info(int delta_fd, struct inside_header *ret, struct err *err);
MUST_USE enum rc inside_apply_to(int source_fd, int delta_fd, const struct inside_options *options,
                                 uint64_t *ret_bytes, struct err *err);
