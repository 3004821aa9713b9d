/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * serve -- the signer's socket: accepts the server's user, reads whole frames, answers each.
 * A peer that is slow, silent or talks nonsense costs the others nothing but its own connection.
 *
 * Floor    server/signer; includes core/base.
 * Owner    descriptors are the caller's.
 * Threads  one; nothing here blocks but the poll.
 * Bounds   SERVE_CONNECTIONS_MAX connections, the longest idle one makes room; a frame that has
 *          begun is complete after SERVE_FRAME_SEC, an answer taken after the same time.
 * Tests    tests/unit/test_signer_attack.c
 */
#include "server/signer/issue.h"
#include <signal.h>
#include <sys/types.h>

#define SERVE_CONNECTIONS_MAX 64
#define SERVE_FRAME_SEC       10

struct serve {
        struct signer *signer;
        int listen_fd;
        uid_t peers[3]; /* who may connect */
        size_t peer_count;
        const volatile sig_atomic_t *stop;
        pid_t parent; /* ends with it; 0: does not */
};

/* A listening socket at path, which nobody but owner (and root) can connect to. The socket
 * file of a signer that has ended is replaced. RC_BUSY: somebody listens; RC_EXISTS: no socket. */
MUST_USE enum rc serve_listen(const char *path, uid_t owner, gid_t group, int *ret,
                              struct err *err);
/* Until *stop is set or the parent is gone. */
MUST_USE enum rc serve_run(const struct serve *serve, struct err *err);
