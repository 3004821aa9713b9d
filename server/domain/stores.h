/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * stores -- the stores of this server beside the one of the settings: made, and told what they
 * include of others. What follows from it is viewer.h's to say.
 *
 * Invariants
 *  1. No circle of includes, STORES_MAX stores, chains of STORE_DEPTH_MAX: checked in the
 *     transaction that writes.
 *  2. The newest store assertion names as friendly-stores what the store includes, however far:
 *     snapd's interface rules go by it. It follows the rules; a signer that is away leaves it
 * behind (RC_BUSY), and the same call again brings it up.
 *
 * Floor    server/domain. Threads: safe; every call that writes blocks (signer, database).
 * Source   device.md 8.8 (store).
 * Tests    tests/flow/test_views.py
 */
#include "server/domain/token.h"
#include "server/domain/viewer.h"

#define STORE_DEPTH_MAX    8
#define STORE_INCLUDES_MAX 1024 /* of all stores together */

/* The store of the settings, or one that was made here. */
bool stores_is_here(const struct world *world, const struct catalog *catalog, const char *store_id);

struct stores_ask {
        const char *store_id;
        const char *title;       /* "" none */
        const char *operator_id; /* "" the brand of the settings */
};
/* Issues its assertion. RC_EXISTS, RC_INVALID, RC_NOT_FOUND (operator), RC_TOO_MANY, RC_REFUSED. */
MUST_USE enum rc stores_create(struct world *world, const struct actor *actor,
                               const struct stores_ask *ask, struct arena *arena, struct err *err);

/* From now on store_id offers what parent_id offers; is_on false takes it back. The same again is
 * RC_OK. RC_NOT_FOUND (either store), RC_CONFLICT (a circle), RC_TOO_MANY. */
MUST_USE enum rc stores_include(struct world *world, const struct actor *actor,
                                const char *store_id, const char *parent_id, bool is_on,
                                struct arena *arena, struct err *err);

/* Leaves a package of an included store out, takes a private one in, or neither. package is a name
 * or a snap id. RC_NOT_FOUND (store, package), RC_INVALID (the store's own). */
MUST_USE enum rc stores_rule(struct world *world, const struct actor *actor, const char *store_id,
                             const char *package, enum view_rule rule, struct err *err);

/* The package that a store's operator means: by snap id, or the nearest of that name among the
 * stores that this one includes, itself too, hidden or not. NULL. */
const struct catalog_package *stores_find_package(const struct catalog *catalog,
                                                  const char *store_id, const char *package);
