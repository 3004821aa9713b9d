/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * sealed -- applies a delta in a process of its own that may compute, read and write what is open
 * already, and nothing else.
 *
 * Floor    tools/store-delta; includes core/base, delta/apply. No library: the filter is spelled
 * out, so that it is in static builds too. Owner    descriptors stay the caller's. Outcomes those
 * of the format; RC_CRASHED (the process was stopped: by a call that is forbidden, or for want of
 * memory), RC_UNSUPPORTED (this machine gives no filter). Tests    tests/unit/test_store_delta.c
 */
#include "delta/apply/format.h"

struct sealed_job {
        const struct delta_format *format;
        int source_fd;
        int delta_fd;
        int out_fd;
        uint64_t max_target_bytes;
        bool open; /* goes on where the machine gives no filter */
};

MUST_USE enum rc sealed_apply(const struct sealed_job *job, uint64_t *ret_bytes, struct err *err);
/* In this process, for good: the filter alone. */
MUST_USE enum rc sealed_enter(struct err *err);
