/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/viewer.h"
#include "server/domain/scope.h"
#include <string.h>

const char *visibility_text(enum visibility visibility)
{
        static const char *const texts[] = {
                [VISIBLE_PUBLIC] = "public in this store",
                [VISIBLE_MODEL] = "private, listed by the device's model",
                [VISIBLE_BRAND] = "private, and the device's brand operates the store",
                [VISIBLE_TOKEN] = "private, and the token's account may see it",
                [VISIBLE_GRANT] = "private, and the download address was signed",
                [HIDDEN_STORE] = "belongs to another store",
                [HIDDEN_PRIVATE] = "private, and nothing shows a right to see it",
                [HIDDEN_MODEL] = "a gadget or kernel that the device's model does not name",
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

/* Whether the viewer's store counts the other one among its friends (its store assertion says). */
static bool store_is_friendly(const struct catalog *catalog, const char *store, const char *other)
{
        const struct assertion *assertion;
        const struct value *friends;

        if (strcmp(store, other) == 0)
                return true;
        assertion = catalog_get_assertion(catalog, "store", store, 0);
        friends = assertion ? assertion_value(assertion, "friendly-stores") : NULL;
        for (size_t i = 0; friends && friends->kind == VALUE_LIST && i < friends->count; i++)
                if (friends->items[i].kind == VALUE_TEXT &&
                    strcmp(friends->items[i].text, other) == 0)
                        return true;
        return false;
}

const struct catalog_package *catalog_find_visible(const struct catalog *catalog,
                                                   const struct viewer *viewer, const char *name)
{
        const struct catalog_package *package = catalog_find_name(catalog, viewer->store_id, name);
        const struct assertion *store;
        const struct value *friends;

        if (package)
                return package;
        store = catalog_get_assertion(catalog, "store", viewer->store_id, 0);
        friends = store ? assertion_value(store, "friendly-stores") : NULL;
        for (size_t i = 0; !package && friends && friends->kind == VALUE_LIST && i < friends->count;
             i++)
                if (friends->items[i].kind == VALUE_TEXT)
                        package = catalog_find_name(catalog, friends->items[i].text, name);
        return package;
}

static enum visibility private_visibility(const struct catalog *catalog,
                                          const struct viewer *viewer,
                                          const struct catalog_package *package)
{
        const struct assertion *store;
        struct model_entry entry;
        const char *operator_id;

        if (viewer->granted_snap_id && strcmp(viewer->granted_snap_id, package->snap_id) == 0)
                return VISIBLE_GRANT;
        if (viewer->account_id &&
            (!viewer->token_packages || scope_has(viewer->token_packages, package->name)) &&
            (viewer->is_admin || strcmp(viewer->account_id, package->publisher_id) == 0))
                return VISIBLE_TOKEN;
        if (!viewer->brand_id)
                return HIDDEN_PRIVATE;
        store = catalog_get_assertion(catalog, "store", package->store_id, 0);
        operator_id = store ? assertion_text(store, "operator-id") : NULL;
        if (strcmp(viewer->brand_id, package->publisher_id) == 0 ||
            (operator_id && strcmp(viewer->brand_id, operator_id) == 0))
                return VISIBLE_BRAND;
        return viewer->model_counts &&
                               model_lists(viewer->model, package->name, package->snap_id, &entry)
                       ? VISIBLE_MODEL
                       : HIDDEN_PRIVATE;
}

enum visibility viewer_sees(const struct catalog *catalog, const struct viewer *viewer,
                            const struct catalog_package *package)
{
        struct model_entry entry;

        if (!store_is_friendly(catalog, viewer->store_id, package->store_id))
                return HIDDEN_STORE;
        if (viewer->brand_id &&
            (strcmp(package->type, "gadget") == 0 || strcmp(package->type, "kernel") == 0) &&
            !model_lists(viewer->model, package->name, package->snap_id, &entry))
                return HIDDEN_MODEL;
        return package->is_private ? private_visibility(catalog, viewer, package) : VISIBLE_PUBLIC;
}
