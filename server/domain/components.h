/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * components -- which component goes with which revision of a snap. A component's own revisions
 * come from pushes (publish.h) that name it.
 *
 * Invariants
 *  1. A pair is of a revision that declares the component, with the type that it has.
 *  2. Its snap-resource-pair is there before devices are told of it; all pairs of one call or none.
 *
 * Floor    server/domain. Threads: safe; every call blocks (signer, database).
 * Source   device.md 2.3 (resources), 8.8 (snap-resource-pair).
 * Tests    tests/flow/test_components.py
 */
#include "server/domain/token.h"

struct component_ask {
        const char *name;
        uint64_t number;
};
/* RC_NOT_FOUND (package, revision, component), RC_INVALID (not declared so), RC_FORBIDDEN (the
 * revision is released where the actor may not release), RC_REFUSED. The same pair again is RC_OK.
 */
MUST_USE enum rc components_pair(struct world *world, const struct actor *actor,
                                 const char *package, uint64_t revision,
                                 const struct component_ask *asks, size_t count,
                                 struct arena *arena, struct err *err);

struct components {
        const struct component_row *rows; /* by name, newest first */
        size_t count;
        const struct component_pair_row *pairs; /* by revision, name */
        size_t pair_count;
};
MUST_USE enum rc components_list(struct world *world, const struct actor *actor,
                                 const char *package, struct arena *arena, struct components *ret,
                                 struct err *err);
