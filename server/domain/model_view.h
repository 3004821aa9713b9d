/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * model_view -- what an operator decides for one model: everything that its store has or only what
 * is listed, packages shown and left out, and where packages stay. viewer.h applies it.
 *
 * Floor    server/domain. Threads: safe; every call blocks (database).
 * Tests    tests/flow/test_views.py
 */
#include "server/domain/token.h"
#include "server/domain/viewer.h"

#define VIEW_PACKAGES_MAX 10000 /* rules of one model */

/* A model that this server knows. */
struct view_model {
        const char *brand_id;
        const char *model;
        const char *store_id;
};
/* brand_id NULL: the brand of the settings. RC_NOT_FOUND. Texts live in arena, or as long as the
 * arguments and world. */
MUST_USE enum rc model_view_name(const struct world *world, const struct catalog *catalog,
                                 const char *brand_id, const char *model, struct arena *arena,
                                 struct view_model *ret, struct err *err);

/* only_listed: what is included here and what the model itself names; bases and snapd stay. */
MUST_USE enum rc model_view_set(struct world *world, const struct actor *actor,
                                const struct view_model *model, bool only_listed, struct err *err);
/* Forgets all that was decided for the model. Nothing decided is RC_OK. */
MUST_USE enum rc model_view_reset(struct world *world, const struct actor *actor,
                                  const struct view_model *model, struct err *err);

/* What to change of one package's rule; NULL stays as it is. A pin of neither ends it. */
struct model_rule_change {
        const char *package; /* a name or a snap id */
        const enum view_rule *rule;
        const struct view_pin *pin;
};
/* RC_NOT_FOUND (package, or the pinned revision), RC_INVALID (a channel; a package that does not
 * get to the model's store), RC_TOO_MANY. */
MUST_USE enum rc model_view_change(struct world *world, const struct actor *actor,
                                   const struct view_model *model,
                                   const struct model_rule_change *change, struct err *err);
