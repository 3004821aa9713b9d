/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * origin -- who declared a package, and so who may say what its revisions are: this store for its
 * own; elsewhere, for one that is served unchanged (curated), or whose revision-authority names our
 * brand (delegated).
 *
 * Floor    server/domain. Blocks where a declaration is not the brand's: the signer is asked for
 *          the accounts of its roles.
 * Source   device.md 9.5, design "Trust".
 * Tests    tests/flow/test_curated.py
 */
#include "server/domain/world.h"

struct origin {
        const struct assertion *declaration; /* newest; NULL: none yet. Lives with the catalog */
        bool is_foreign;                     /* declared by another account than our store key's */
        char brand_id[64];                   /* whom our brand key signs for; "" without one */
};
/* RC_BUSY: the signer does not answer. */
MUST_USE enum rc origin_find(struct world *world, const struct catalog *catalog,
                             const char *snap_id, struct arena *arena, struct origin *ret,
                             struct err *err);
/* Whether our brand may sign a revision of that provenance. */
bool origin_lets_brand(const struct origin *origin, const char *provenance, uint64_t revision);
/* A push of these bytes has no way to a revision: RC_FORBIDDEN "declared-elsewhere". digest NULL:
 * of any bytes. */
MUST_USE enum rc origin_check_push(struct world *world, const struct catalog *catalog,
                                   const char *snap_id, const char *name,
                                   const struct digest *digest, struct arena *arena,
                                   struct err *err);
/* The snap-revision of these bytes in any provenance; NULL. */
const struct assertion *revision_assertion_find(const struct catalog *catalog,
                                                const struct digest *digest, const char *provenance,
                                                struct arena *arena);
