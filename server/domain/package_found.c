/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/package_found.h"
#include <string.h>

struct update {
        struct db_tx *tx;
        const struct package_row *package;
        const struct package_change *change;
        struct arena *arena;
};

/* --- addresses --- */

static enum rc link_check(const struct link_change *link, struct err *err)
{
        if (!link_kind_is_valid(link->kind))
                return err_set(err, RC_INVALID, "\"%.32s\" is no kind of link", link->kind);
        for (size_t i = 0; i < link->count; i++)
                if (!link_url_is_valid(link->urls[i]))
                        return err_set(err, RC_INVALID,
                                       "the %s \"%.80s\" is no http, https or mail address",
                                       link->kind, link->urls[i]);
        return RC_OK;
}

static enum rc link_write(const struct update *update, const struct link_change *link,
                          struct err *err)
{
        enum rc rc = link_check(link, err);

        if (rc == RC_OK)
                rc = store_link_delete(update->tx, update->package->snap_id, link->kind, err);
        for (size_t i = 0; rc == RC_OK && i < link->count; i++) {
                const struct link_row row = {update->package->snap_id, link->kind, (int)i,
                                             link->urls[i]};

                rc = store_link_insert(update->tx, &row, err);
        }
        return rc;
}

static enum rc links_write(const struct update *update, struct err *err)
{
        const struct package_change *change = update->change;
        const struct link_row *rows;
        size_t count;
        enum rc rc = RC_OK;

        for (size_t i = 0; rc == RC_OK && i < change->link_count; i++)
                rc = link_write(update, &change->links[i], err);
        if (rc != RC_OK || !change->link_count)
                return rc;
        rc = store_link_list(update->tx, update->arena, update->package->snap_id, &rows, &count,
                             err);
        if (rc == RC_OK && count > LINKS_MAX)
                return err_set(err, RC_INVALID, "a package has %d links at most", LINKS_MAX);
        return rc;
}

/* --- categories --- */

static enum rc category_check(const struct update *update, const char *name, struct err *err)
{
        const struct category_row *rows;
        size_t count;
        const enum rc rc = store_category_list(update->tx, update->arena, &rows, &count, err);

        if (rc != RC_OK)
                return rc;
        for (size_t i = 0; i < count; i++)
                if (strcmp(rows[i].store_id, update->package->store_id) == 0 &&
                    strcmp(rows[i].name, name) == 0)
                        return RC_OK;
        return err_set(err, RC_INVALID, "the store has no category \"%.40s\"", name);
}

static enum rc category_put(const struct update *update, const char *name, struct err *err)
{
        const struct package_category_row row = {update->package->snap_id, name};
        const enum rc rc = store_package_category_insert(update->tx, &row, err);

        return rc == RC_EXISTS ? RC_OK : rc; /* named twice */
}

static bool is_featured(const struct package_category_row *rows, size_t count)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(rows[i].name, CATEGORY_FEATURED) == 0)
                        return true;
        return false;
}

static enum rc categories_write(const struct update *update, struct err *err)
{
        const struct package_change *change = update->change;
        const char *snap_id = update->package->snap_id;
        const struct package_category_row *rows;
        size_t count;
        enum rc rc;

        rc = store_package_category_list(update->tx, update->arena, snap_id, &rows, &count, err);
        if (rc == RC_OK)
                rc = store_package_category_delete(update->tx, snap_id, err);
        for (size_t i = 0; rc == RC_OK && i < change->category_count; i++) {
                rc = category_check(update, change->categories[i], err);
                if (rc == RC_OK)
                        rc = category_put(update, change->categories[i], err);
        }
        for (size_t i = 0; rc == RC_OK && !change->categories && i < count; i++)
                if (strcmp(rows[i].name, CATEGORY_FEATURED))
                        rc = category_put(update, rows[i].name, err);
        if (rc == RC_OK && (change->featured ? *change->featured : is_featured(rows, count)))
                rc = category_put(update, CATEGORY_FEATURED, err);
        return rc;
}

enum rc package_found_update(struct db_tx *tx, const struct actor *actor,
                             const struct package_row *package, const struct package_change *change,
                             struct arena *arena, struct err *err)
{
        const struct update update = {tx, package, change, arena};
        const bool has_categories = change->categories || change->featured;
        enum rc rc;

        if (has_categories && !actor->is_admin)
                return err_set(err, RC_FORBIDDEN,
                               "only an administrator says in which categories a package is");
        if (change->category_count > PACKAGE_CATEGORIES_MAX)
                return err_set(err, RC_INVALID, "a package is in %d categories at most",
                               PACKAGE_CATEGORIES_MAX);
        rc = links_write(&update, err);
        return rc == RC_OK && has_categories ? categories_write(&update, err) : rc;
}
