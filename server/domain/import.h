/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * import -- assertions that were signed elsewhere, kept and served exactly as they came.
 *
 * Invariants
 *  1. Nothing is kept whose chain does not end in a configured root.
 *  2. A stream is kept whole or not at all; its order does not matter.
 *  3. A revision that is known stays as it is: other bytes for it are a conflict.
 *  4. Of several roots each speaks for what it brought in (core/model/trust_signer.c, first word);
 *     the stores of this server are for the authority of its own brand.
 *
 * Floor    server/domain. Threads: safe; blocks (database).
 * Bounds   IMPORT_BYTES_MAX, IMPORT_COUNT_MAX.
 * Tests    tests/flow/test_publisher.py
 */
#include "server/domain/believe.h"
#include "server/domain/token.h"

#define IMPORT_BYTES_MAX (8 * MIB)
#define IMPORT_COUNT_MAX 1000

enum import_result { IMPORT_ADDED, IMPORT_KNOWN, IMPORT_OLDER };
const char *import_result_name(enum import_result result);

struct imported {
        const char *ref;
        uint64_t revision;
        enum import_result result;
};

/* One stream on its way in, for rules that keep more in the same transaction. prepare believes the
 * stream, keep writes it (in the caller's transaction, which may run twice), follow reloads the
 * catalog after the commit. */
struct import_run {
        struct world *world;
        const char *by;
        struct arena *arena;
        usec_t now;
        struct believed believed;
        struct imported *results; /* believed.count of them */
        size_t added;
};
MUST_USE enum rc import_prepare(struct import_run *run, const char *text, size_t bytes,
                                unsigned trust_flags, struct err *err);
MUST_USE enum rc import_keep_tx(struct db_tx *tx, struct import_run *run, struct err *err);
MUST_USE enum rc import_follow(const struct import_run *run, struct err *err);

/* RC_INVALID, RC_UNTRUSTED, RC_EXPIRED, RC_CONFLICT, RC_UNSUPPORTED (a type that is not imported);
 * the text names the assertion. */
MUST_USE enum rc import_stream(struct world *world, const char *by, const char *text, size_t bytes,
                               unsigned trust_flags, struct arena *arena, struct imported **ret,
                               size_t *ret_count, struct err *err);
/* The public beginnings of the chains: every .assert file in the data folder's trust/. Changes
 * nothing where all is known. */
MUST_USE enum rc import_trust_dir(struct world *world, struct err *err);
