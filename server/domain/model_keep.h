/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * model_keep -- which models this store serves, and how many of them it keeps.
 *
 * A model is kept when a device of it registered or opened a session, after all proofs. Of a brand
 * that is not the operator's at most max-guest-models are kept, each revision counted: whoever has
 * a certified key can sign as many as they like.
 *
 * Floor    server/domain. Threads: safe; model_keep blocks (database).
 * Tests    tests/flow/test_fleet.py, tests/unit/test_session.c
 */
#include "server/domain/world.h"

/* Whether this store serves the model: its chain ends in a trusted root, and its store is ours.
 * RC_UNTRUSTED, RC_FORBIDDEN. */
MUST_USE enum rc model_check(struct world *world, const struct catalog *catalog,
                             const struct assertion *model, struct arena *arena, struct err *err);
/* The store that a model's devices see: its store header, or this server's own. */
const char *model_store(const struct world *world, const struct assertion *model);
/* Whether this brand's models may name private packages: the operator's, and those in the setting
 * model-brands. An account of a root that is trusted for its packages is none of them. */
bool brand_names_packages(const struct world *world, const char *brand_id);

/* The model as the catalog knows it, of any revision; NULL. */
const struct assertion *model_known(const struct catalog *catalog, const struct assertion *model,
                                    struct arena *arena);
/* RC_FORBIDDEN (too-many-models): the brand has its models here. An older revision than the known
 * one is not kept. */
MUST_USE enum rc model_keep(struct world *world, const struct catalog *catalog,
                            const struct assertion *model, struct arena *arena, struct err *err);
/* The same inside a transaction of the caller, who reloads the catalog after it. */
MUST_USE enum rc model_keep_tx(struct db_tx *tx, struct world *world, const struct assertion *model,
                               struct arena *arena, struct err *err);
