/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * category -- the operator's list of categories, under which devices and people find packages.
 * "featured" is always there, and not in the list.
 *
 * Floor    server/domain. Threads: safe; every call blocks (database).
 * Bounds   CATEGORIES_MAX in a store; PACKAGE_CATEGORIES_MAX of a package.
 * Tests    tests/flow/test_discovery.py
 */
#include "server/domain/package.h"

#define CATEGORIES_MAX 200

struct category_detail {
        const char *name;
        size_t package_count;
        usec_t created;
};
/* Of the actor's store, by name. */
MUST_USE enum rc category_list(struct world *world, const struct actor *actor, struct arena *arena,
                               const struct category_detail **ret, size_t *ret_count,
                               struct err *err);
/* RC_EXISTS, RC_INVALID (the name), RC_TOO_MANY. */
MUST_USE enum rc category_add(struct world *world, const struct actor *actor, const char *name,
                              struct err *err);
/* RC_NOT_FOUND; RC_CONFLICT while packages are in it. */
MUST_USE enum rc category_remove(struct world *world, const struct actor *actor, const char *name,
                                 struct err *err);
