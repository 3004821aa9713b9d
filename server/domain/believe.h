/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * believe -- a stream of assertions from outside, in any order: all of them proved, or none.
 *
 * Floor    server/domain. Owner: the assertions live in the arena.
 * Bounds   count assertions; passes over them, so that a bad order costs bounded work.
 * Tests    tests/flow/test_publisher.py
 */
#include "server/domain/world.h"

#define BELIEVE_PASSES_MAX 16

struct believed {
        struct assertion **items; /* prerequisites before what needs them */
        size_t count;
};

/* Proves what is known, and what stands in the stream itself. RC_INVALID, RC_TOO_BIG (over max),
 * RC_UNTRUSTED (also: something it needs is missing), RC_EXPIRED; the text names the assertion. */
MUST_USE enum rc believe_stream(struct world *world, const struct catalog *catalog,
                                const char *text, size_t bytes, size_t max, unsigned trust_flags,
                                struct arena *arena, struct believed *ret, struct err *err);
