/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/model_keep.h"
#include "server/domain/keep.h"
#include "server/domain/scope.h"
#include "server/domain/stores.h"
#include <string.h>

const char *model_store(const struct world *world, const struct assertion *model)
{
        const char *store = assertion_text(model, "store");

        return store && *store ? store : world_text(world, SET_STORE_ID);
}

bool brand_names_packages(const struct world *world, const char *brand_id)
{
        return strcmp(brand_id, world_text(world, SET_BRAND_ID)) == 0 ||
               scope_lists(world_text(world, SET_MODEL_BRANDS), brand_id);
}

enum rc model_check(struct world *world, const struct catalog *catalog,
                    const struct assertion *model, struct arena *arena, struct err *err)
{
        struct world_trust trust = {.world = world, .catalog = catalog};
        struct trust_source source;
        enum rc rc;

        world_trust_source(&trust, &source);
        rc = trust_check(model, &source, TRUST_IGNORE_EXPIRY, world_now(world), arena, err);
        if (rc == RC_NOT_FOUND)
                return err_set(err, RC_UNTRUSTED,
                               "the model %s/%s is signed by a key that this store does not know",
                               model->pk[1], model->pk[2]);
        if (rc != RC_OK)
                return rc;
        if (!stores_is_here(world, catalog, model_store(world, model)))
                return err_set(err, RC_FORBIDDEN, "the model %s/%s belongs to another store",
                               model->pk[1], model->pk[2]);
        return RC_OK;
}

/* --- keeping --- */

/* Anybody with a certified key can sign models and revisions of them. */
static enum rc guest_check(struct db_tx *tx, struct world *world, const struct assertion *model,
                           struct err *err)
{
        const int64_t max = world_int(world, SET_MAX_GUEST_MODELS);
        uint64_t count = 0;
        enum rc rc;

        if (brand_names_packages(world, model->pk[1]))
                return RC_OK;
        rc = store_assertion_count(tx, "model", model->pk[1], &count, err);
        if (rc != RC_OK || count < (uint64_t)max)
                return rc;
        return err_set_code(err, RC_FORBIDDEN, "too-many-models",
                            "the brand %s has its %lld models here", model->pk[1], (long long)max);
}

enum rc model_keep_tx(struct db_tx *tx, struct world *world, const struct assertion *model,
                      struct arena *arena, struct err *err)
{
        struct assertion_row known;
        uint64_t generation;
        bool added = false;
        enum rc rc;

        rc = store_assertion_get(tx, arena, "model",
                                 pk_join(arena, model->pk, model->type->pk_count), model->format,
                                 &known, err);
        if (rc == RC_OK && known.revision >= model->revision)
                return RC_OK;
        if (rc == RC_OK || rc == RC_NOT_FOUND)
                rc = guest_check(tx, world, model, err);
        if (rc == RC_OK)
                rc = assertion_keep_tx(tx, model, true, world_now(world), arena, &added, err);
        return rc == RC_OK && added ? store_generation_bump(tx, &generation, err) : rc;
}

struct model_keeping {
        struct world *world;
        const struct assertion *model;
        struct arena *arena;
};

static enum rc model_keep_body(struct db_tx *tx, void *arg, struct err *err)
{
        const struct model_keeping *keeping = arg;

        return model_keep_tx(tx, keeping->world, keeping->model, keeping->arena, err);
}

const struct assertion *model_known(const struct catalog *catalog, const struct assertion *model,
                                    struct arena *arena)
{
        const char *pk = pk_join(arena, model->pk, model->type->pk_count);

        return pk ? catalog_get_assertion(catalog, "model", pk, model->format) : NULL;
}

enum rc model_keep(struct world *world, const struct catalog *catalog,
                   const struct assertion *model, struct arena *arena, struct err *err)
{
        const struct assertion *known = model_known(catalog, model, arena);
        struct model_keeping keeping = {world, model, arena};
        enum rc rc;

        if (known && known->revision >= model->revision)
                return RC_OK;
        rc = db_run(world->db, DB_WRITE, model_keep_body, &keeping, err);
        if (rc != RC_OK)
                return rc;
        return catalog_reload_assertion(world->catalog, "model",
                                        pk_join(arena, model->pk, model->type->pk_count), err);
}
