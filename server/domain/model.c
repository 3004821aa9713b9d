/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/model.h"
#include "server/domain/audit.h"
#include "server/domain/issue.h"
#include "server/domain/keep.h"
#include <inttypes.h>
#include <string.h>

struct keeping {
        const struct assertion *model;
        const struct actor *actor;
        struct arena *arena;
        usec_t now;
};

static enum rc keep_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct keeping *keeping = arg;
        uint64_t generation;
        enum rc rc;

        rc = assertion_keep_tx(tx, keeping->model, false, keeping->now, keeping->arena, NULL, err);
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, keeping->actor->account_id, "model", keeping->model->pk[2],
                         keeping->now, err, "revision %" PRIu64, keeping->model->revision);
}

/* The headers given, and those that follow from where we are. */
static enum rc headers_complete(struct world *world, const struct value *given, const char *model,
                                struct arena *arena, struct value *ret, struct err *err)
{
        const char *brand = world_text(world, SET_BRAND_ID);
        const char *pk = arena_printf(arena, "16/%s/%s", brand, model);
        const char **names = arena_alloc_array(arena, given->count + 3, sizeof(const char *));
        struct value *items = arena_alloc_array(arena, given->count + 3, sizeof(*items));
        const struct catalog *catalog;
        const struct assertion *known;
        const char *next = "0";
        size_t count = 0;

        if (!pk || !names || !items)
                return err_set(err, RC_NOMEM, "no memory for a model");
        catalog = catalog_acquire(world->catalog);
        known = catalog_get_assertion(catalog, "model", pk,
                                      assertion_type_find("model")->max_format);
        if (known)
                next = arena_printf(arena, "%" PRIu64, known->revision + 1);
        catalog_release(world->catalog, catalog);
        if (!next)
                return err_set(err, RC_NOMEM, "no memory for a model");
        const struct {
                const char *name;
                const char *text;
        } own[] = {{"brand-id", brand}, {"revision", next}, {"series", "16"}};

        for (size_t i = 0; i < given->count; i++) {
                names[count] = given->names[i];
                items[count++] = given->items[i];
        }
        for (size_t i = 0; i < ARRAY_COUNT(own); i++) {
                if (value_find(given, own[i].name))
                        continue;
                names[count] = own[i].name;
                items[count++] = (struct value){.kind = VALUE_TEXT, .text = own[i].text};
        }
        *ret = (struct value){.kind = VALUE_MAP, .count = count, .items = items, .names = names};
        return RC_OK;
}

enum rc model_issue(struct world *world, const struct actor *actor, const struct value *headers,
                    struct arena *arena, const struct assertion **ret, struct err *err)
{
        struct keeping keeping = {.actor = actor, .arena = arena, .now = world_now(world)};
        const char *model = value_text(headers, "model");
        struct signer_request request = {.role = SIGNER_BRAND, .type = "model"};
        struct assertion *issued = NULL;
        struct value complete;
        enum rc rc;

        if (!model)
                return err_set(err, RC_INVALID, "the header \"model\" is missing");
        rc = headers_complete(world, headers, model, arena, &complete, err);
        if (rc != RC_OK)
                return rc;
        request.headers = &complete;
        rc = issue_checked(world, &request, arena, &issued, err);
        if (rc == RC_NOT_FOUND)
                return err_set_code(err, RC_FORBIDDEN, "brand-key-offline",
                                    "the brand's key is not here: sign the model where it is, and "
                                    "import it");
        if (rc != RC_OK)
                return rc;
        keeping.model = issued;
        rc = db_run(world->db, DB_WRITE, keep_body, &keeping, err);
        if (rc == RC_OK)
                rc = catalog_reload_assertion(world->catalog, "model",
                                              pk_join(arena, issued->pk, issued->type->pk_count),
                                              err);
        if (rc == RC_OK)
                *ret = issued;
        return rc;
}
