/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * xdelta -- libxdelta as two functions: a delta from two byte ranges, and back into a function.
 *
 * Floor    delta/worker; includes core/base. The only place that includes xdelta3.h (GPL).
 * Owner    nothing outlives a call.
 * Bounds   source and target at most XDELTA_INPUT_MAX; the delta at most max_bytes (the encoder
 * stops there), the rebuilt target at most max_bytes. Units    bytes. Outcomes RC_TOO_BIG (over
 * max_bytes, or an input too large), RC_INVALID (no delta, or a damaged one), RC_NOMEM, and what
 * put returns. Tests    tests/unit/test_worker.c
 */
#include "core/base/rc.h"
#include <stdint.h>

#define XDELTA_INPUT_MAX GIB /* the library counts with 32 bits, some of them signed */

struct bytes_view {
        const uint8_t *data;
        size_t bytes;
};

typedef enum rc (*xdelta_put)(void *arg, const void *data, size_t bytes, struct err *err);

/* Level 9, no secondary compression, no application header, a checksum in every window: every snapd
 * applies it, and equal inputs give equal deltas. */
MUST_USE enum rc xdelta_encode(struct bytes_view source, struct bytes_view target,
                               uint64_t max_bytes, xdelta_put put, void *arg, struct err *err);
MUST_USE enum rc xdelta_decode(struct bytes_view source, struct bytes_view delta,
                               uint64_t max_bytes, xdelta_put put, void *arg, struct err *err);
