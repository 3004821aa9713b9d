/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * release -- revisions into channels: a list of releases is one transaction, and either every item
 * of it is seen by devices or none.
 *
 * Floor    server/domain. Threads: safe; blocks (database).
 * Source   publisher.md 2.3, 3 (releases); device.md 2.1 (channels).
 * Tests    tests/flow/test_publisher.py
 */
#include "server/domain/token.h"

#define RELEASE_ITEMS_MAX 128
#define RELEASE_OPEN_MAX  1000 /* channels that one package has open, over all architectures */
#define BRANCH_LIFE_SEC   ((int64_t)30 * 24 * 3600)
#define DELTA_FORMAT      "xdelta3"

struct release_ask {
        const char *channel;
        uint64_t revision; /* 0 closes */
        int percentage;    /* -1 or 100: everybody; 1 to 99: progressive */
        bool paused;
};

/* RC_INVALID (invalid-channel, a track that is not there, a percentage), RC_NOT_FOUND (package,
 * revision), RC_FORBIDDEN (macaroon-permission-required: the token's channels), RC_TOO_BIG (over
 * RELEASE_OPEN_MAX). */
MUST_USE enum rc release_list(struct world *world, const struct actor *actor, const char *name,
                              const struct release_ask *asks, size_t count, struct err *err);

/* What a delta job is about: "SNAP-ID/SOURCE/TARGET/FORMAT". */
struct delta_ref {
        const char *snap_id;
        uint64_t source;
        uint64_t target;
        const char *format;
};
MUST_USE enum rc delta_ref_parse(const char *text, struct arena *arena, struct delta_ref *ret,
                                 struct err *err);
/* The deltas of an actor's package, by target, source, format. */
MUST_USE enum rc release_deltas(struct world *world, const struct actor *actor, const char *name,
                                struct arena *arena, const struct delta_row **ret,
                                size_t *ret_count, struct err *err);
