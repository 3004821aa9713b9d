/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * delta -- the delta job: encode, then prove by every decoder that a device may use.
 *
 * Floor    delta/worker; includes core/base, core/crypto, delta/apply, delta/inside.
 * Owner    descriptors stay the caller's.
 * Bounds   the delta at most max_bytes; source and target at most XDELTA_INPUT_MAX.
 * Outcomes RC_NOT_WORTH (over max_bytes), RC_CONFLICT (a decoder does not give the target back),
 *          RC_TOO_BIG (an input), RC_UNSUPPORTED (format), RC_IO, RC_NOSPACE, RC_NOMEM.
 * Tests    tests/unit/test_worker.c
 */
#include "core/crypto/hash.h"

struct delta_job {
        const char *format; /* a name of delta/apply/format.c */
        bool small;         /* storehouse-1: for devices with little memory */
        unsigned threads;   /* storehouse-1; 0: one */
        int source_fd;
        int target_fd;
        int out_fd; /* open for reading and writing; emptied first */
        struct digest target;
        uint64_t max_bytes;
};

struct delta_done {
        uint64_t bytes;
        struct digest digest;
        uint64_t cpu_usec;
        uint64_t peak_bytes;
};

MUST_USE enum rc delta_build(const struct delta_job *job, struct delta_done *ret, struct err *err);
