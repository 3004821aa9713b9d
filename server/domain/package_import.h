/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * package_import -- a package that was signed elsewhere, put on our channels unchanged: the bytes
 * of an upload, and the stream of assertions that came with them.
 *
 * Invariants
 *  1. The bytes are those that a believed snap-revision speaks of: digest and size; the chain ends
 *     in a configured root; what the file says of its name and provenance is what was signed.
 *  2. Number, id, name and publisher are those that were signed; nothing is issued here.
 *  3. Assertions, package, revision and audit are one transaction. The same import again changes
 *     nothing.
 *
 * Floor    server/domain. Threads: safe; blocks (database, worker).
 * Source   device.md 8.8, 9.5; design "Trust", curated.
 * Tests    tests/flow/test_curated.py
 */
#include "server/domain/import.h"

struct package_import_ask {
        const char *upload_id;
        const char *stream;
        size_t stream_bytes;
};

struct package_imported {
        const char *name;
        const char *snap_id;
        const char *publisher_id;
        const char *authority; /* who signed the revision */
        const char *provenance;
        uint64_t revision;
        bool is_new; /* false: this revision was here already */
        const struct imported *assertions;
        size_t assertion_count;
};

/* For administrators. RC_NOT_FOUND (upload), RC_INVALID, RC_UNTRUSTED, RC_EXPIRED, RC_CONFLICT (the
 * name, the number or the bytes are another package's here). */
MUST_USE enum rc package_import(struct world *world, const struct actor *actor,
                                const struct package_import_ask *ask, struct arena *arena,
                                struct package_imported *ret, struct err *err);
