/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * run -- one child process: started with a few descriptors, read until it ends, killed when it must
 * be.
 *
 * Floor    server/worker; includes core/base.
 * Owner    descriptors stay the caller's; *answer is the caller's to buf_fini.
 * Threads  any. The child gets its own process group, default signals, no environment.
 * Bounds   answer->max bytes; options->seconds.
 * Outcomes RC_CRASHED (cannot be started, killed by a signal, talks too much), RC_TIMEOUT, RC_IO.
 * Tests    tests/unit/test_worker.c
 */
#include "core/base/buf.h"
#include "server/worker/client.h"

#define RUN_FILES_MAX 3

struct run_job {
        const struct worker_options *options;
        char *const *arguments; /* ends with NULL; [0] is the binary */
        int files[RUN_FILES_MAX];
        size_t file_count;
        uint64_t memory_bytes; /* 0: no limit */
};

MUST_USE enum rc run_child(const struct run_job *job, struct buf *answer, struct err *err);
