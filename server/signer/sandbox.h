/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * sandbox -- what the signer gives up before it looks at the first request: being dumped or traced,
 * root, and every system call that it does not need.
 *
 * Floor    server/signer; includes core/base; seccomp.h in sandbox.c only.
 * Owner    nothing.
 * Threads  call before any thread is started.
 * Source   seccomp(2), prctl(2), capabilities(7).
 * Tests    tests/unit/test_signer_attack.c: a forbidden call kills.
 */
#include "core/base/rc.h"
#include <sys/types.h>

/* No core dumps, no debugger of the same user, memory locked where the limits allow it. */
MUST_USE enum rc sandbox_hide(struct err *err);
/* Leaves root for good: all three ids, no groups, no new privileges. */
MUST_USE enum rc sandbox_drop(uid_t uid, gid_t gid, struct err *err);
/* From here on: talk over descriptors that are open, accept, sync, compute. Anything else kills. */
MUST_USE enum rc sandbox_close(struct err *err);
