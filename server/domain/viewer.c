/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/viewer.h"
#include "server/domain/scope.h"
#include <string.h>

const char *visibility_text(enum visibility visibility)
{
        static const char *const texts[] = {
                [VISIBLE_PUBLIC] = "public in this store",
                [VISIBLE_INHERITED] = "public in a store that this one includes",
                [VISIBLE_VIEW] = "shown to this model by the operator",
                [VISIBLE_MODEL] = "private, listed by the device's model",
                [VISIBLE_BRAND] = "private, and the device's brand operates the store",
                [VISIBLE_TOKEN] = "private, and the token's account may see it",
                [VISIBLE_GRANT] = "the download address was signed",
                [HIDDEN_IMAGE] = "an image, and the request is none that takes images",
                [HIDDEN_STORE] = "belongs to another store",
                [HIDDEN_EXCLUDED] = "left out of what this store includes",
                [HIDDEN_SHADOWED] = "a nearer store has another package of that name",
                [HIDDEN_PRIVATE] = "private, and nothing shows a right to see it",
                [HIDDEN_MODEL] = "a gadget or kernel that the device's model does not name",
                [HIDDEN_VIEW] = "not shown to this model by the operator",
        };
        return texts[visibility];
}

/* `name=track` forms of gadget and kernel headers: only what stands before '='. */
static bool name_matches(const char *header, const char *name)
{
        const size_t length = strlen(name);

        return header && strncmp(header, name, length) == 0 &&
               (header[length] == '\0' || header[length] == '=');
}

static bool snaps_list(const struct value *snaps, const char *name, const char *snap_id,
                       struct model_entry *ret)
{
        if (!snaps || snaps->kind != VALUE_LIST)
                return false;
        for (size_t i = 0; i < snaps->count; i++) {
                const char *entry_name = value_text(&snaps->items[i], "name");
                const char *entry_id = value_text(&snaps->items[i], "id");
                const char *channel = value_text(&snaps->items[i], "default-channel");

                if (!entry_name || strcmp(entry_name, name))
                        continue;
                if (entry_id && strcmp(entry_id, snap_id))
                        continue;
                *ret = (struct model_entry){entry_name, entry_id ? entry_id : "",
                                            channel ? channel : ""};
                return true;
        }
        return false;
}

static bool track_header(const struct assertion *model, const char *header, const char *name,
                         struct model_entry *ret)
{
        const char *text = assertion_text(model, header);
        const char *equals;

        if (!name_matches(text, name))
                return false;
        equals = strchr(text, '=');
        *ret = (struct model_entry){name, "", equals ? equals + 1 : ""};
        return true;
}

bool model_lists(const struct assertion *model, const char *name, const char *snap_id,
                 struct model_entry *ret)
{
        const struct value *required = assertion_value(model, "required-snaps");

        if (snaps_list(assertion_value(model, "snaps"), name, snap_id, ret) ||
            track_header(model, "gadget", name, ret) || track_header(model, "kernel", name, ret) ||
            track_header(model, "base", name, ret))
                return true;
        for (size_t i = 0; required && required->kind == VALUE_LIST && i < required->count; i++) {
                if (required->items[i].kind != VALUE_TEXT || strcmp(required->items[i].text, name))
                        continue;
                *ret = (struct model_entry){name, "", ""};
                return true;
        }
        return false;
}

/* --- from store to store --- */

static bool ids_know(const char *const *ids, size_t count, const char *id)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(ids[i], id) == 0)
                        return true;
        return false;
}

/* The stores that are reached from one, nearest first: ids[0] is where the walk began. */
struct walk {
        const char *ids[STORES_MAX];
        size_t count;
};

static void walk_add(struct walk *walk, const char *store_id)
{
        if (walk->count < STORES_MAX && !ids_know(walk->ids, walk->count, store_id))
                walk->ids[walk->count++] = store_id;
}

static void parents_add(const struct catalog *catalog, const struct store_rules *rules,
                        const char *store_id, struct walk *walk)
{
        const struct assertion *assertion;
        const struct value *friends;

        for (size_t i = 0; rules && i < rules->parent_count; i++)
                walk_add(walk, rules->parents[i]);
        if (rules)
                return;
        assertion = catalog_get_assertion(catalog, "store", store_id, 0);
        friends = assertion ? assertion_value(assertion, "friendly-stores") : NULL;
        for (size_t i = 0; friends && friends->kind == VALUE_LIST && i < friends->count; i++)
                if (friends->items[i].kind == VALUE_TEXT)
                        walk_add(walk, friends->items[i].text);
}

size_t catalog_stores_of(const struct catalog *catalog, const char *store_id,
                         const char *ret[STORES_MAX])
{
        struct walk walk = {.ids = {store_id}, .count = 1};

        for (size_t i = 0; i < walk.count; i++)
                parents_add(catalog, catalog_find_store(catalog, walk.ids[i]), walk.ids[i], &walk);
        memcpy(ret, walk.ids, walk.count * sizeof(*ret));
        return walk.count;
}

/* Whether the package gets from its store to this one. Otherwise what stopped it last. */
static enum visibility store_reaches(const struct catalog *catalog, const char *store_id,
                                     const struct catalog_package *package)
{
        struct walk walk = {.ids = {store_id}, .count = 1};
        enum visibility stopped = HIDDEN_STORE;
        const char *offered[STORES_MAX];

        if (strcmp(store_id, package->store_id) == 0)
                return VISIBLE_PUBLIC;
        if (!ids_know(offered, catalog_stores_of(catalog, store_id, offered), package->store_id))
                return HIDDEN_STORE;
        for (size_t i = 0; i < walk.count; i++) {
                const struct store_rules *rules = catalog_find_store(catalog, walk.ids[i]);

                if (store_rules_exclude(rules, package->snap_id))
                        stopped = HIDDEN_EXCLUDED;
                else if (package->is_private && !store_rules_include(rules, package->snap_id))
                        stopped = HIDDEN_PRIVATE;
                else
                        parents_add(catalog, rules, walk.ids[i], &walk);
                if (ids_know(walk.ids, walk.count, package->store_id))
                        return VISIBLE_INHERITED;
        }
        return stopped;
}

const struct catalog_package *catalog_find_visible(const struct catalog *catalog,
                                                   const struct viewer *viewer, const char *name)
{
        const struct catalog_package *first = catalog_find_name(catalog, viewer->store_id, name);
        const char *stores[STORES_MAX];
        size_t count;

        if (first)
                return first;
        count = catalog_stores_of(catalog, viewer->store_id, stores);
        for (size_t i = 1; i < count; i++) {
                const struct catalog_package *package = catalog_find_name(catalog, stores[i], name);

                if (!package)
                        continue;
                if (visibility_is_visible(store_reaches(catalog, viewer->store_id, package)))
                        return package;
                first = first ? first : package;
        }
        return first;
}

enum visibility catalog_store_offers(const struct catalog *catalog, const char *store_id,
                                     const struct catalog_package *package)
{
        const struct viewer anybody = {.store_id = store_id, .arch = ""};
        const enum visibility reached = store_reaches(catalog, store_id, package);

        if (reached != VISIBLE_INHERITED)
                return reached;
        return catalog_find_visible(catalog, &anybody, package->name) == package ? VISIBLE_INHERITED
                                                                                 : HIDDEN_SHADOWED;
}

/* --- what belongs to a model --- */

const struct model_view *viewer_view(const struct catalog *catalog, const struct viewer *viewer)
{
        return viewer->brand_id ? catalog_find_view(catalog, viewer->brand_id, viewer->model_name)
                                : NULL;
}

bool viewer_pin(const struct catalog *catalog, const struct viewer *viewer,
                const struct catalog_package *package, struct view_pin *ret)
{
        const struct model_view *view = viewer_view(catalog, viewer);
        const struct model_rule *rule = view ? model_view_find(view, package->snap_id) : NULL;

        if (!rule || (!rule->pin.revision && !*rule->pin.channel))
                return false;
        *ret = rule->pin;
        return true;
}

static bool type_is(const struct catalog_package *package, const char *type)
{
        return strcmp(package->type, type) == 0;
}

/* What a device cannot do without is no choice: hiding it takes a rule that excludes it. */
static bool is_foundation(const struct catalog_package *package)
{
        return type_is(package, "snapd") || type_is(package, "os") || type_is(package, "base");
}

/* VISIBLE_VIEW, HIDDEN_VIEW, HIDDEN_MODEL; VISIBLE_PUBLIC where the model says nothing. */
static enum visibility model_visibility(const struct catalog *catalog, const struct viewer *viewer,
                                        const struct catalog_package *package)
{
        const struct model_view *view = viewer_view(catalog, viewer);
        const struct model_rule *rule = view ? model_view_find(view, package->snap_id) : NULL;
        struct model_entry entry;

        if (!viewer->brand_id)
                return VISIBLE_PUBLIC;
        if (rule && rule->rule != VIEW_SILENT)
                return rule->rule == VIEW_INCLUDE ? VISIBLE_VIEW : HIDDEN_VIEW;
        if (model_lists(viewer->model, package->name, package->snap_id, &entry))
                return VISIBLE_PUBLIC;
        if (type_is(package, "gadget") || type_is(package, "kernel"))
                return HIDDEN_MODEL;
        return view && view->only_listed && !is_foundation(package) ? HIDDEN_VIEW : VISIBLE_PUBLIC;
}

/* --- private packages --- */

static bool brand_operates(const struct catalog *catalog, const char *brand_id,
                           const char *store_id)
{
        const struct assertion *store = catalog_get_assertion(catalog, "store", store_id, 0);
        const char *operator_id = store ? assertion_text(store, "operator-id") : NULL;

        return operator_id && strcmp(brand_id, operator_id) == 0;
}

static enum visibility private_visibility(const struct catalog *catalog,
                                          const struct viewer *viewer,
                                          const struct catalog_package *package)
{
        struct model_entry entry;

        if (viewer->account_id &&
            (!viewer->token_packages || scope_has(viewer->token_packages, package->name)) &&
            (viewer->is_admin || strcmp(viewer->account_id, package->publisher_id) == 0))
                return VISIBLE_TOKEN;
        if (!viewer->brand_id)
                return HIDDEN_PRIVATE;
        /* A private package of another store got here because this one was told to take it in. */
        if (strcmp(viewer->brand_id, package->publisher_id) == 0 ||
            brand_operates(catalog, viewer->brand_id, package->store_id) ||
            brand_operates(catalog, viewer->brand_id, viewer->store_id))
                return VISIBLE_BRAND;
        return viewer->model_counts &&
                               model_lists(viewer->model, package->name, package->snap_id, &entry)
                       ? VISIBLE_MODEL
                       : HIDDEN_PRIVATE;
}

enum visibility viewer_sees(const struct catalog *catalog, const struct viewer *viewer,
                            const struct catalog_package *package)
{
        enum visibility stored;
        enum visibility model;

        if (viewer->granted_snap_id && strcmp(viewer->granted_snap_id, package->snap_id) == 0)
                return VISIBLE_GRANT;
        if (!viewer->takes_images && type_is(package, PACKAGE_IMAGE_TYPE))
                return HIDDEN_IMAGE;
        stored = catalog_store_offers(catalog, viewer->store_id, package);
        if (!visibility_is_visible(stored))
                return stored;
        model = model_visibility(catalog, viewer, package);
        if (model != VISIBLE_PUBLIC)
                return model;
        return package->is_private ? private_visibility(catalog, viewer, package) : stored;
}
