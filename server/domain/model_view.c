/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/model_view.h"
#include "core/model/channel.h"
#include "server/domain/audit.h"
#include "server/domain/register.h"
#include "server/domain/stores.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum rc model_view_name(const struct world *world, const struct catalog *catalog,
                        const char *brand_id, const char *model, struct arena *arena,
                        struct view_model *ret, struct err *err)
{
        const struct assertion *known = NULL;
        const char *pk;

        *ret = (struct view_model){brand_id ? brand_id : world_text(world, SET_BRAND_ID), model,
                                   NULL};
        pk = arena_printf(arena, "16/%s/%s", ret->brand_id, ret->model);
        if (pk)
                known = catalog_get_assertion(catalog, "model", pk, 0);
        if (!known)
                return err_set(err, RC_NOT_FOUND, "no model %.64s of brand %.64s is known here",
                               ret->model, ret->brand_id);
        ret->store_id = arena_strdup(arena, model_store(world, known));
        return ret->store_id ? RC_OK : err_set(err, RC_NOMEM, "no memory for a model");
}

/* What a write needs; bodies may run twice. */
struct viewing {
        const struct actor *actor;
        const struct view_model *model;
        const struct model_rule_change *change;
        const struct catalog_package *package;
        char channel[CHANNEL_MAX + 1];
        bool only_listed;
        usec_t now;
};

static enum rc follow(struct world *world, enum rc written, struct err *err)
{
        return written == RC_OK ? catalog_reload_rules(world->catalog, err) : written;
}

static enum rc audit_and_bump(struct db_tx *tx, const struct viewing *viewing, const char *what,
                              const char *detail, struct err *err)
{
        char object[256];
        uint64_t generation;
        enum rc rc;

        snprintf(object, sizeof(object), "%s/%s", viewing->model->brand_id, viewing->model->model);
        rc = store_generation_bump(tx, &generation, err);
        return rc == RC_OK ? audit_add(tx, viewing->actor->account_id, what, object, viewing->now,
                                       err, "%s", detail)
                           : rc;
}

/* --- the whole --- */

static enum rc set_body(struct db_tx *tx, void *arg, struct err *err)
{
        const struct viewing *viewing = arg;
        const struct model_view_row row = {
                .brand_id = viewing->model->brand_id,
                .model = viewing->model->model,
                .mode = viewing->only_listed ? "listed" : "all",
                .by = viewing->actor->account_id,
                .created = viewing->now,
        };
        const enum rc rc = store_model_view_put(tx, &row, err);

        return rc == RC_OK ? audit_and_bump(tx, viewing, "view-set", row.mode, err) : rc;
}

enum rc model_view_set(struct world *world, const struct actor *actor,
                       const struct view_model *model, bool only_listed, struct err *err)
{
        struct viewing viewing = {.actor = actor,
                                  .model = model,
                                  .only_listed = only_listed,
                                  .now = world_now(world)};

        return follow(world, db_run(world->db, DB_WRITE, set_body, &viewing, err), err);
}

static enum rc reset_body(struct db_tx *tx, void *arg, struct err *err)
{
        const struct viewing *viewing = arg;
        const enum rc rc =
                store_model_view_delete(tx, viewing->model->brand_id, viewing->model->model, err);

        if (rc == RC_NOT_FOUND)
                return RC_OK;
        return rc == RC_OK ? audit_and_bump(tx, viewing, "view-reset", "", err) : rc;
}

enum rc model_view_reset(struct world *world, const struct actor *actor,
                         const struct view_model *model, struct err *err)
{
        struct viewing viewing = {.actor = actor, .model = model, .now = world_now(world)};

        return follow(world, db_run(world->db, DB_WRITE, reset_body, &viewing, err), err);
}

/* --- one package --- */

static const char *const rule_names[] = {
        [VIEW_SILENT] = "", [VIEW_INCLUDE] = "include", [VIEW_EXCLUDE] = "exclude"};

/* The package's rule as the database has it, or one that says nothing; how many the model has. */
static enum rc rule_read(struct db_tx *tx, struct arena *arena, const struct viewing *viewing,
                         struct model_rule_row *ret, size_t *ret_count, struct err *err)
{
        const struct model_rule_row *rows;
        size_t count = 0;
        enum rc rc;

        *ret = (struct model_rule_row){.brand_id = viewing->model->brand_id,
                                       .model = viewing->model->model,
                                       .snap_id = viewing->package->snap_id,
                                       .rule = "",
                                       .channel = ""};
        rc = store_model_rule_list(tx, arena, &rows, &count, err);
        *ret_count = 0;
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                if (strcmp(rows[i].brand_id, ret->brand_id) || strcmp(rows[i].model, ret->model))
                        continue;
                ++*ret_count;
                if (strcmp(rows[i].snap_id, ret->snap_id) == 0)
                        *ret = rows[i];
        }
        return rc;
}

static enum rc rule_write(struct db_tx *tx, const struct viewing *viewing,
                          const struct model_rule_row *row, struct err *err)
{
        enum rc rc;

        if (!*row->rule && !row->revision && !*row->channel) {
                rc = store_model_rule_delete(tx, row->brand_id, row->model, row->snap_id, err);
                return rc == RC_NOT_FOUND ? RC_OK : rc;
        }
        rc = store_model_view_ensure(tx, row->brand_id, row->model, viewing->actor->account_id,
                                     viewing->now, err);
        return rc == RC_OK ? store_model_rule_put(tx, row, err) : rc;
}

static enum rc change_body(struct db_tx *tx, void *arg, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(64 * MIB);
        const struct viewing *viewing = arg;
        const struct model_rule_change *change = viewing->change;
        struct model_rule_row row;
        const char *detail;
        size_t count = 0;
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a view");
        rc = rule_read(tx, arena, viewing, &row, &count, err);
        if (rc != RC_OK)
                return rc;
        if (count >= VIEW_PACKAGES_MAX)
                return err_set(err, RC_TOO_MANY, "a model has rules for %d packages at most",
                               VIEW_PACKAGES_MAX);
        if (change->rule)
                row.rule = rule_names[*change->rule];
        if (change->pin) {
                row.revision = change->pin->revision;
                row.channel = viewing->channel;
        }
        row.by = viewing->actor->account_id;
        row.created = viewing->now;
        rc = rule_write(tx, viewing, &row, err);
        if (rc != RC_OK)
                return rc;
        detail = arena_printf(arena, "%s: %s, revision %" PRIu64 ", channel %s",
                              viewing->package->name, *row.rule ? row.rule : "neither",
                              row.revision, *row.channel ? row.channel : "-");
        return audit_and_bump(tx, viewing, "view-package", detail ? detail : "", err);
}

static enum rc pin_check(struct viewing *viewing, struct err *err)
{
        const struct view_pin *pin = viewing->change->pin;
        struct channel channel;
        enum rc rc;

        if (!pin)
                return RC_OK;
        if (pin->revision && *pin->channel)
                return err_set(err, RC_INVALID,
                               "a package is pinned to a revision or to a channel");
        if (pin->revision && !catalog_find_revision(viewing->package, pin->revision))
                return err_set(err, RC_NOT_FOUND, "%s has no revision %" PRIu64,
                               viewing->package->name, pin->revision);
        if (!*pin->channel)
                return RC_OK;
        rc = channel_parse(pin->channel, &channel, err);
        if (rc == RC_OK)
                channel_format(&channel, viewing->channel);
        return rc;
}

static enum rc change_check(struct viewing *viewing, const struct catalog *catalog, struct err *err)
{
        const char *store_id = viewing->model->store_id;
        const struct catalog_package *package =
                stores_find_package(catalog, store_id, viewing->change->package);
        enum visibility offered;

        if (!package)
                return err_set(err, RC_NOT_FOUND,
                               "the store %.64s of this model has no package \"%.64s\"", store_id,
                               viewing->change->package);
        offered = catalog_store_offers(catalog, store_id, package);
        if (!visibility_is_visible(offered))
                return err_set(err, RC_INVALID,
                               "%s does not get to the store %.64s of this model: %s",
                               package->name, store_id, visibility_text(offered));
        viewing->package = package;
        return pin_check(viewing, err);
}

enum rc model_view_change(struct world *world, const struct actor *actor,
                          const struct view_model *model, const struct model_rule_change *change,
                          struct err *err)
{
        struct viewing viewing = {
                .actor = actor, .model = model, .change = change, .now = world_now(world)};
        const struct catalog *catalog = catalog_acquire(world->catalog);
        enum rc rc;

        rc = change_check(&viewing, catalog, err);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_WRITE, change_body, &viewing, err);
        catalog_release(world->catalog, catalog);
        return follow(world, rc, err);
}
