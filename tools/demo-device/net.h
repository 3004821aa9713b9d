/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * net -- the demo device's requests to the store, over libcurl. The only file with curl in it is
 * net.c.
 *
 * Floor    tools/demo-device; includes core/base only.
 * Owner    who makes a struct net frees it: CLEANUP(net_freep). Answers live in the arena given.
 * Bounds   an answer is at most NET_ANSWER_MAX bytes; a download at most what the caller expects.
 * Outcomes RC_BUSY (not reached), RC_TIMEOUT, RC_UNTRUSTED (the certificate), RC_TOO_BIG. Whatever
 *          HTTP status comes is RC_OK, but net_download wants 200.
 * Tests    tests/flow/test_quickstart.sh
 */
#include "core/base/arena.h"
#include <stdint.h>

#define NET_ANSWER_MAX (4 * MIB)

struct net;

struct net_answer {
        long status;
        const char *body; /* NUL-terminated */
        size_t bytes;
};

struct net_request {
        const char *method;
        const char *path; /* begins with '/' */
        const char *type; /* Content-Type, or NULL */
        const char *accept;
        const char *body; /* or NULL */
        size_t bytes;
};

/* ca: a PEM file, or NULL for the machine's own. */
MUST_USE enum rc net_new(const char *base_url, const char *ca, struct net **ret, struct err *err);
void net_freep(struct net **net);
const char *net_base(const struct net *net);
/* A header that goes with every later request: "Snap-Device-Series: 16". */
MUST_USE enum rc net_add_header(struct net *net, const char *line, struct err *err);
MUST_USE enum rc net_send(struct net *net, const struct net_request *request, struct arena *arena,
                          struct net_answer *ret, struct err *err);
/* Writes url's bytes to fd. RC_TOO_BIG: more than max_bytes came; RC_NOT_FOUND: any status but
 * 200. */
MUST_USE enum rc net_download(struct net *net, const char *url, int fd, uint64_t max_bytes,
                              struct err *err);
