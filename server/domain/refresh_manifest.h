/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * refresh_manifest -- one device's answers as a signed refresh manifest (doc/manifest.md).
 *
 * Floor    server/domain. Does not block: no database, no signer; the key is in memory.
 * Owner    everything is lent for the call; the stream is the caller's.
 * Outcomes RC_UNAUTHORIZED (no device session), RC_INVALID (an instance-key that cannot stand in a
 *          manifest, or stands there twice), RC_BUSY with code "manifest-behind" (this process is
 *          behind what the device has seen; it is looked after) or "manifest-no-key", RC_TOO_BIG.
 * Tests    tests/flow/test_manifest.py
 */
#include "core/manifest/manifest.h"
#include "server/domain/decide.h"
#include "server/domain/world.h"

/* What the device sends to have one. */
struct manifest_ask {
        const char *nonce;
        uint64_t epoch;    /* the highest that it has believed */
        uint64_t sequence; /* in that epoch */
        usec_t life; /* how long the manifest is to hold, as far as its key does; 0: as long */
};

/* One instance-key and its answer. */
struct manifest_entry {
        const char *key;
        const struct decide_answer *answer; /* NULL: what was asked could not be read */
        uint64_t source;                    /* the installed revision; 0: none */
};

/* Orders the entries. The catalog is the one that the answers point into. */
MUST_USE enum rc refresh_manifest_make(struct world *world, const struct catalog *catalog,
                                       const struct viewer *viewer, const struct manifest_ask *ask,
                                       struct manifest_entry *entries, size_t count,
                                       struct buf *out, struct err *err);
