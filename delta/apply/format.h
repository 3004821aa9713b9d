/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * format -- the delta formats that a device can apply, a row each; our own first.
 *
 * Floor    delta/apply. What builds them stands beside the encoders (delta/worker/delta.c), under
 * the same names: a device links no encoder. A format that is defined by programs that it runs
 *          (snap-1-1-xdelta3) has a row there and none here.
 * Owner    descriptors stay the caller's. After a failure what was put is rubbish.
 * Outcomes those of inside.h and vcdiff.h; RC_INVALID (no format has such a beginning).
 * Tests    tests/unit/test_store_delta.c, tests/unit/test_inside.c
 */
#include "core/base/rc.h"
#include <stdint.h>

typedef enum rc (*delta_put)(void *arg, const void *data, size_t bytes, struct err *err);

struct delta_format {
        const char *name;
        bool uses_prints; /* applying depends on codec fingerprints */
        bool (*is_one)(const uint8_t *head, size_t bytes);
        /* The size of the target as the delta states it; the whole delta is looked through. */
        enum rc (*measure)(int delta_fd, uint64_t *ret_target_bytes, struct err *err);
        enum rc (*apply)(int source_fd, int delta_fd, uint64_t max_target_bytes, delta_put put,
                         void *arg, uint64_t *ret_bytes, struct err *err);
};

#define DELTA_FORMATS 2
extern const struct delta_format delta_formats[DELTA_FORMATS];

/* NULL: no such format. */
const struct delta_format *delta_format_find(const char *name);
MUST_USE enum rc delta_format_detect(int delta_fd, const struct delta_format **ret,
                                     struct err *err);
