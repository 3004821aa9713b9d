/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * sandbox -- the pure sandbox: a process that keeps the files it was handed, computes, and answers.
 *
 * Floor    delta/worker; includes core/base. seccomp.h in sandbox.c only.
 * Threads  the process has one. There is no way back.
 * Bounds   what stays: the descriptors below keep_count, the calls of the table in sandbox.c (none
 * that opens, connects, runs or forks), the memory, time and file size given. A forbidden call
 *          kills the process (SIGSYS).
 * Outcomes RC_UNSUPPORTED (this machine gives no seccomp, or a limit cannot be set), RC_NOT_FOUND
 *          (no such user).
 * Tests    tests/unit/test_sandbox.c (forbidden calls kill)
 */
#include "core/base/rc.h"
#include <stdint.h>

struct sandbox_options {
        const char *user;      /* dropped to when root; NULL or "" stays */
        int keep_count;        /* descriptors 0 .. keep_count - 1 stay open */
        uint64_t memory_bytes; /* address space; 0: no limit */
        unsigned seconds;      /* of CPU; 0: no limit */
        unsigned threads;      /* over 1: the process may make threads, and no processes */
        uint64_t file_bytes;   /* the largest file that may be written */
        bool optional;         /* goes on where seccomp is missing */
};

struct sandbox_state {
        bool seccomp;
        bool namespaces; /* without network, IPC and host name of the machine */
};

MUST_USE enum rc sandbox_enter(const struct sandbox_options *options, struct sandbox_state *ret,
                               struct err *err);
