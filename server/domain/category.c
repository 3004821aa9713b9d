/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/category.h"
#include "core/model/name.h"
#include "server/domain/audit.h"
#include <string.h>

#define NAME_OF_NONE "none" /* on the command line */

struct changing {
        struct world *world;
        const struct actor *actor;
        const char *name;
        struct arena *arena;
        struct category_detail *list;
        size_t count;
        usec_t now;
};

static const char *store_of(const struct changing *changing)
{
        return actor_store(changing->world, changing->actor);
}

static enum rc list_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct changing *changing = arg;
        const struct category_row *rows;
        size_t count;
        enum rc rc;

        rc = store_category_list(tx, changing->arena, &rows, &count, err);
        if (rc != RC_OK)
                return rc;
        changing->count = 0;
        changing->list = arena_alloc_array(changing->arena, count, sizeof(*changing->list));
        if (!changing->list)
                return err_set(err, RC_NOMEM, "no memory for the categories");
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                struct category_detail *detail = &changing->list[changing->count];

                if (strcmp(rows[i].store_id, store_of(changing)))
                        continue;
                *detail =
                        (struct category_detail){.name = rows[i].name, .created = rows[i].created};
                rc = store_category_count_uses(tx, rows[i].store_id, rows[i].name,
                                               &detail->package_count, err);
                changing->count++;
        }
        return rc;
}

enum rc category_list(struct world *world, const struct actor *actor, struct arena *arena,
                      const struct category_detail **ret, size_t *ret_count, struct err *err)
{
        struct changing changing = {.world = world, .actor = actor, .arena = arena};
        const enum rc rc = db_run(world->db, DB_READ, list_body, &changing, err);

        if (rc != RC_OK)
                return rc;
        *ret = changing.list;
        *ret_count = changing.count;
        return RC_OK;
}

static enum rc change_end(struct db_tx *tx, struct changing *changing, const char *action,
                          struct err *err)
{
        uint64_t generation;
        const enum rc rc = store_generation_bump(tx, &generation, err);

        if (rc != RC_OK)
                return rc;
        return audit_add(tx, changing->actor->account_id, action, changing->name, changing->now,
                         err, "%s", "");
}

static enum rc add_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct changing *changing = arg;
        const struct category_row row = {store_of(changing), changing->name, changing->now};
        enum rc rc = list_body(tx, changing, err);

        if (rc == RC_OK && changing->count >= CATEGORIES_MAX)
                return err_set(err, RC_TOO_MANY, "a store has %d categories at most",
                               CATEGORIES_MAX);
        if (rc == RC_OK)
                rc = store_category_insert(tx, &row, err);
        if (rc == RC_EXISTS)
                return err_set_code(err, rc, "conflict", "there is a category %s already",
                                    changing->name);
        return rc == RC_OK ? change_end(tx, changing, "category-add", err) : rc;
}

static enum rc remove_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct changing *changing = arg;
        size_t uses = 0;
        enum rc rc;

        rc = store_category_count_uses(tx, store_of(changing), changing->name, &uses, err);
        if (rc == RC_OK && uses)
                return err_set(err, RC_CONFLICT,
                               "%zu packages are in the category %s: take them out first", uses,
                               changing->name);
        if (rc == RC_OK)
                rc = store_category_delete(tx, store_of(changing), changing->name, err);
        if (rc == RC_NOT_FOUND)
                return err_set(err, rc, "there is no category \"%.40s\"", changing->name);
        return rc == RC_OK ? change_end(tx, changing, "category-remove", err) : rc;
}

static enum rc change_run(struct world *world, const struct actor *actor, const char *name,
                          db_body body, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(4 * MIB);
        struct changing changing = {.world = world,
                                    .actor = actor,
                                    .name = name,
                                    .arena = arena,
                                    .now = world_now(world)};
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for the categories");
        if (!name_is_snap(name) || strcmp(name, CATEGORY_FEATURED) == 0 ||
            strcmp(name, NAME_OF_NONE) == 0)
                return err_set(err, RC_INVALID,
                               "\"%.40s\" is no name for a category: lowercase letters, digits "
                               "and single dashes, not " CATEGORY_FEATURED " or " NAME_OF_NONE,
                               name);
        if (!*actor_store(world, actor))
                return err_set(err, RC_NOT_FOUND, "there is no such store here");
        rc = db_run(world->db, DB_WRITE, body, &changing, err);
        return rc == RC_OK ? catalog_reload_categories(world->catalog, err) : rc;
}

enum rc category_add(struct world *world, const struct actor *actor, const char *name,
                     struct err *err)
{
        return change_run(world, actor, name, add_body, err);
}

enum rc category_remove(struct world *world, const struct actor *actor, const char *name,
                        struct err *err)
{
        return change_run(world, actor, name, remove_body, err);
}
