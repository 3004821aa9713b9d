/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * keep -- puts one believed assertion into the database and the catalog; and gathers the chain that
 * an assertion stands on.
 *
 * Floor    server/domain. Threads: safe; assertion_keep blocks (database).
 */
#include "server/domain/world.h"

/* The row of an assertion; texts borrow from it and from arena. */
MUST_USE enum rc assertion_to_row(const struct assertion *assertion, bool imported, usec_t now,
                                  struct arena *arena, struct assertion_row *ret, struct err *err);
/* Inside a transaction of the caller. RC_OK also when this very text is there already; RC_CONFLICT:
 * the same revision with another text. *ret_added tells which (may be NULL). */
MUST_USE enum rc assertion_keep_tx(struct db_tx *tx, const struct assertion *assertion,
                                   bool imported, usec_t now, struct arena *arena, bool *ret_added,
                                   struct err *err);
/* A transaction of its own, marked as imported, and the catalog reloaded. Must be believed already.
 */
MUST_USE enum rc assertion_keep(struct world *world, const struct assertion *assertion,
                                struct err *err);

/* Appends what the assertion stands on (keys, accounts, declaration ...), as far as the catalog
 * knows it, each once, prerequisites before what needs them; then the assertion itself when
 * with_self. At most CHAIN_MAX assertions. */
#define CHAIN_MAX 64
MUST_USE enum rc chain_append(const struct catalog *catalog, const struct assertion *assertion,
                              bool with_self, struct arena *arena, struct buf *out,
                              struct err *err);
/* The same for a device: without the roots that it has to know already. Sent to it, they would be
 * refused as copies of what is built in. */
MUST_USE enum rc chain_append_for_device(const struct world *world, const struct catalog *catalog,
                                         const struct assertion *assertion, struct arena *arena,
                                         struct buf *out, struct err *err);
/* Only the account-keys that the assertion stands on, nearest first. */
MUST_USE enum rc chain_append_keys(const struct catalog *catalog, const struct assertion *assertion,
                                   struct arena *arena, struct buf *out, struct err *err);
