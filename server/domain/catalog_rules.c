/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/catalog_rules.h"
#include "server/domain/catalog_node.h"
#include <stdlib.h>
#include <string.h>

#define RULES_ARENA_MAX (64 * MIB)

struct catalog_rules {
        atomic_uint references;
        struct arena *arena;
        struct store_rules *stores; /* by store_id */
        size_t store_count;
        struct model_view *views; /* by brand, model */
        size_t view_count;
};

static enum rc rules_nomem(struct err *err)
{
        return err_set(err, RC_NOMEM, "no memory for the rules of stores and models");
}

/* --- making --- */

static void rules_freep(struct catalog_rules **rules)
{
        if (!*rules)
                return;
        arena_freep(&(*rules)->arena);
        free(*rules);
        *rules = NULL;
}

struct catalog_rules *catalog_rules_ref(struct catalog_rules *rules)
{
        if (rules)
                atomic_fetch_add(&rules->references, 1);
        return rules;
}

void catalog_rules_unref(struct catalog_rules *rules)
{
        if (rules && atomic_fetch_sub(&rules->references, 1) == 1)
                rules_freep(&rules);
}

/* The parents of one store; they stand together in the rows. */
static bool parents_take(struct arena *arena, const struct rule_rows *rows,
                         struct store_rules *store)
{
        const char **parents = arena_alloc_array(arena, rows->include_count, sizeof(*parents));

        if (!parents)
                return false;
        for (size_t i = 0; i < rows->include_count; i++) {
                if (strcmp(rows->includes[i].store_id, store->store_id))
                        continue;
                parents[store->parent_count] = arena_strdup(arena, rows->includes[i].parent_id);
                if (!parents[store->parent_count++])
                        return false;
        }
        store->parents = parents;
        return true;
}

static bool packages_take(struct arena *arena, const struct rule_rows *rows,
                          struct store_rules *store)
{
        const char **excluded = arena_alloc_array(arena, rows->store_rule_count, sizeof(char *));
        const char **included = arena_alloc_array(arena, rows->store_rule_count, sizeof(char *));

        if (!excluded || !included)
                return false;
        for (size_t i = 0; i < rows->store_rule_count; i++) {
                const struct store_rule_row *row = &rows->store_rules[i];
                const char *snap_id;

                if (strcmp(row->store_id, store->store_id))
                        continue;
                snap_id = arena_strdup(arena, row->snap_id);
                if (!snap_id)
                        return false;
                if (strcmp(row->rule, "include") == 0)
                        included[store->included_count++] = snap_id;
                else
                        excluded[store->excluded_count++] = snap_id;
        }
        store->excluded = excluded;
        store->included = included;
        return true;
}

static bool stores_take(struct catalog_rules *rules, const struct rule_rows *rows)
{
        struct arena *arena = rules->arena;

        rules->stores = arena_alloc_array(arena, rows->store_count, sizeof(*rules->stores));
        for (size_t i = 0; rules->stores && i < rows->store_count; i++) {
                struct store_rules *store = &rules->stores[rules->store_count++];

                store->store_id = arena_strdup(arena, rows->stores[i].store_id);
                store->title = arena_strdup(arena, rows->stores[i].title);
                if (!store->store_id || !store->title || !parents_take(arena, rows, store) ||
                    !packages_take(arena, rows, store))
                        return false;
        }
        return rules->stores != NULL;
}

static enum view_rule rule_of(const char *text)
{
        if (strcmp(text, "include") == 0)
                return VIEW_INCLUDE;
        return strcmp(text, "exclude") == 0 ? VIEW_EXCLUDE : VIEW_SILENT;
}

static bool model_rules_take(struct arena *arena, const struct rule_rows *rows,
                             struct model_view *view)
{
        struct model_rule *rules;
        size_t count = 0;

        for (size_t i = 0; i < rows->model_rule_count; i++)
                count += strcmp(rows->model_rules[i].brand_id, view->brand_id) == 0 &&
                         strcmp(rows->model_rules[i].model, view->model) == 0;
        rules = arena_alloc_array(arena, count, sizeof(*rules));
        for (size_t i = 0; rules && i < rows->model_rule_count; i++) {
                const struct model_rule_row *row = &rows->model_rules[i];
                struct model_rule *rule = &rules[view->rule_count];

                if (strcmp(row->brand_id, view->brand_id) || strcmp(row->model, view->model))
                        continue;
                rule->snap_id = arena_strdup(arena, row->snap_id);
                rule->rule = rule_of(row->rule);
                rule->pin.revision = row->revision;
                rule->pin.channel = arena_strdup(arena, row->channel);
                if (!rule->snap_id || !rule->pin.channel)
                        return false;
                view->rule_count++;
        }
        view->rules = rules;
        return rules != NULL;
}

static bool views_take(struct catalog_rules *rules, const struct rule_rows *rows)
{
        struct arena *arena = rules->arena;

        rules->views = arena_alloc_array(arena, rows->view_count, sizeof(*rules->views));
        for (size_t i = 0; rules->views && i < rows->view_count; i++) {
                struct model_view *view = &rules->views[rules->view_count++];

                view->brand_id = arena_strdup(arena, rows->views[i].brand_id);
                view->model = arena_strdup(arena, rows->views[i].model);
                view->only_listed = strcmp(rows->views[i].mode, "listed") == 0;
                if (!view->brand_id || !view->model || !model_rules_take(arena, rows, view))
                        return false;
        }
        return rules->views != NULL;
}

enum rc catalog_rules_make(const struct rule_rows *rows, struct catalog_rules **ret,
                           struct err *err)
{
        CLEANUP(rules_freep) struct catalog_rules *rules = calloc(1, sizeof(*rules));

        if (!rules)
                return rules_nomem(err);
        atomic_init(&rules->references, 1);
        rules->arena = arena_new(RULES_ARENA_MAX);
        if (!rules->arena || !stores_take(rules, rows) || !views_take(rules, rows))
                return rules_nomem(err);
        *ret = rules;
        rules = NULL;
        return RC_OK;
}

enum rc catalog_rules_load(struct db_tx *tx, struct catalog_rules **ret, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(RULES_ARENA_MAX);
        struct rule_rows rows = {0};
        enum rc rc;

        if (!arena)
                return rules_nomem(err);
        rc = store_store_list(tx, arena, &rows.stores, &rows.store_count, err);
        if (rc == RC_OK)
                rc = store_include_list(tx, arena, &rows.includes, &rows.include_count, err);
        if (rc == RC_OK)
                rc = store_rule_list(tx, arena, &rows.store_rules, &rows.store_rule_count, err);
        if (rc == RC_OK)
                rc = store_model_view_list(tx, arena, &rows.views, &rows.view_count, err);
        if (rc == RC_OK)
                rc = store_model_rule_list(tx, arena, &rows.model_rules, &rows.model_rule_count,
                                           err);
        return rc == RC_OK ? catalog_rules_make(&rows, ret, err) : rc;
}

/* --- finding --- */

const struct store_rules *catalog_find_store(const struct catalog *catalog, const char *store_id)
{
        size_t low = 0;
        size_t high = catalog_store_count(catalog);

        while (low < high) {
                const size_t middle = low + (high - low) / 2;
                const struct store_rules *at = &catalog->rules->stores[middle];
                const int order = strcmp(store_id, at->store_id);

                if (order == 0)
                        return at;
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

size_t catalog_store_count(const struct catalog *catalog)
{
        return catalog->rules ? catalog->rules->store_count : 0;
}

const struct store_rules *catalog_store_at(const struct catalog *catalog, size_t index)
{
        return &catalog->rules->stores[index];
}

static bool ids_have(const char *const *ids, size_t count, const char *snap_id)
{
        size_t low = 0;

        while (low < count) {
                const size_t middle = low + (count - low) / 2;
                const int order = strcmp(snap_id, ids[middle]);

                if (order == 0)
                        return true;
                if (order < 0)
                        count = middle;
                else
                        low = middle + 1;
        }
        return false;
}

bool store_rules_exclude(const struct store_rules *store, const char *snap_id)
{
        return store && ids_have(store->excluded, store->excluded_count, snap_id);
}

bool store_rules_include(const struct store_rules *store, const char *snap_id)
{
        return store && ids_have(store->included, store->included_count, snap_id);
}

const struct model_view *catalog_find_view(const struct catalog *catalog, const char *brand_id,
                                           const char *model)
{
        size_t low = 0;
        size_t high = catalog_view_count(catalog);

        while (low < high) {
                const size_t middle = low + (high - low) / 2;
                const struct model_view *at = &catalog->rules->views[middle];
                const int by_brand = strcmp(brand_id, at->brand_id);
                const int order = by_brand ? by_brand : strcmp(model, at->model);

                if (order == 0)
                        return at;
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

size_t catalog_view_count(const struct catalog *catalog)
{
        return catalog->rules ? catalog->rules->view_count : 0;
}

const struct model_view *catalog_view_at(const struct catalog *catalog, size_t index)
{
        return &catalog->rules->views[index];
}

const struct model_rule *model_view_find(const struct model_view *view, const char *snap_id)
{
        size_t low = 0;
        size_t high = view->rule_count;

        while (low < high) {
                const size_t middle = low + (high - low) / 2;
                const int order = strcmp(snap_id, view->rules[middle].snap_id);

                if (order == 0)
                        return &view->rules[middle];
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}
