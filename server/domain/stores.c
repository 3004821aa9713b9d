/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/stores.h"
#include "core/model/name.h"
#include "server/domain/audit.h"
#include "server/domain/issue.h"
#include "server/domain/keep.h"
#include <inttypes.h>
#include <string.h>

#define TITLE_MAX 160

bool stores_is_here(const struct world *world, const struct catalog *catalog, const char *store_id)
{
        return strcmp(store_id, world_text(world, SET_STORE_ID)) == 0 ||
               catalog_find_store(catalog, store_id);
}

static enum rc no_store(const char *store_id, struct err *err)
{
        return err_set(err, RC_NOT_FOUND, "there is no store \"%.64s\" on this server", store_id);
}

const struct catalog_package *stores_find_package(const struct catalog *catalog,
                                                  const char *store_id, const char *package)
{
        const char *stores[STORES_MAX];
        const size_t count = catalog_stores_of(catalog, store_id, stores);
        const struct catalog_package *found = NULL;

        for (size_t i = 0; i < count && !found; i++)
                found = catalog_find_name(catalog, stores[i], package);
        return found ? found : catalog_find_id(catalog, package);
}

/* --- the assertion --- */

/* What a write needs; bodies may run twice. */
struct storing {
        struct world *world;
        const struct actor *actor;
        struct arena *arena;
        const char *store_id;
        const char *parent_id;
        const char *title;
        const char *operator_id;
        const char *snap_id;
        const char *package;
        const char *rule;
        const struct assertion *issued;
        bool is_on;
        usec_t now;
};

/* friendly-stores as the catalog's rules have it. */
static struct value friends_of(const struct catalog *catalog, const char *store_id,
                               struct arena *arena)
{
        const char *stores[STORES_MAX];
        const size_t count = catalog_stores_of(catalog, store_id, stores);
        struct value *items = arena_alloc_array(arena, count, sizeof(*items));
        struct value ret = {.kind = VALUE_LIST, .items = items};

        for (size_t i = 1; items && i < count; i++)
                items[ret.count++] = (struct value){.kind = VALUE_TEXT, .text = stores[i]};
        return ret;
}

static enum rc assertion_ask(struct storing *storing, const struct catalog *catalog,
                             const struct assertion *known, uint64_t revision,
                             struct assertion **ret, struct err *err)
{
        static const char *const kept[] = {"location", "url"};
        CLEANUP(buf_fini) struct buf evidence = BUF_INIT(512 * KIB);
        const struct assertion *account =
                catalog_get_assertion(catalog, "account", storing->operator_id, 0);
        const char *names[6] = {"operator-id", "revision", "store"};
        struct value values[6] = {
                {.kind = VALUE_TEXT, .text = storing->operator_id},
                {.kind = VALUE_TEXT, .text = arena_printf(storing->arena, "%" PRIu64, revision)},
                {.kind = VALUE_TEXT, .text = storing->store_id},
                friends_of(catalog, storing->store_id, storing->arena),
        };
        struct value headers = {.kind = VALUE_MAP, .count = 3, .items = values, .names = names};
        struct signer_request request = {
                .role = SIGNER_STORE, .type = "store", .headers = &headers};
        enum rc rc = RC_OK;

        if (!values[1].text || !values[3].items)
                return err_set(err, RC_NOMEM, "no memory for a store");
        if (values[3].count)
                names[headers.count++] = "friendly-stores";
        for (size_t i = 0; known && i < ARRAY_COUNT(kept); i++)
                if (assertion_text(known, kept[i])) {
                        names[headers.count] = kept[i];
                        values[headers.count++] = (struct value){
                                .kind = VALUE_TEXT, .text = assertion_text(known, kept[i])};
                }
        if (account)
                rc = chain_append(catalog, account, true, storing->arena, &evidence, err);
        if (rc != RC_OK)
                return rc;
        request.evidence = evidence.data;
        request.evidence_bytes = evidence.len;
        return issue_checked(storing->world, &request, storing->arena, ret, err);
}

static enum rc assertion_next(struct storing *storing, const struct catalog *catalog,
                              struct err *err)
{
        const struct assertion *known =
                catalog_get_assertion(catalog, "store", storing->store_id, 0);
        uint64_t revision = known ? known->revision + 1 : 0;
        struct assertion *issued = NULL;
        enum rc rc;

        if (known)
                storing->operator_id = assertion_text(known, "operator-id");
        rc = assertion_ask(storing, catalog, known, revision, &issued, err);
        for (int i = 1; issue_was_overtaken(rc, err) && i < ISSUE_TRIES; i++)
                rc = assertion_ask(storing, catalog, known, ++revision, &issued, err);
        storing->issued = issued;
        return rc;
}

static enum rc assertion_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct storing *storing = arg;
        uint64_t generation;
        enum rc rc;

        rc = assertion_keep_tx(tx, storing->issued, false, storing->now, storing->arena, NULL, err);
        return rc == RC_OK ? store_generation_bump(tx, &generation, err) : rc;
}

static bool friends_equal(const struct assertion *known, const struct value *want)
{
        const struct value *have = assertion_value(known, "friendly-stores");
        const size_t count = have && have->kind == VALUE_LIST ? have->count : 0;

        if (count != want->count)
                return false;
        for (size_t i = 0; i < count; i++)
                if (have->items[i].kind != VALUE_TEXT ||
                    strcmp(have->items[i].text, want->items[i].text))
                        return false;
        return true;
}

/* Brings one store's assertion up to what its rules say. */
static enum rc store_declare(struct world *world, const char *store_id, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(MIB);
        struct storing storing = {.world = world,
                                  .arena = arena,
                                  .store_id = store_id,
                                  .operator_id = world_text(world, SET_BRAND_ID),
                                  .now = world_now(world)};
        const struct catalog *catalog;
        const struct assertion *known;
        struct value want;
        enum rc rc = RC_OK;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a store");
        catalog = catalog_acquire(world->catalog);
        known = catalog_get_assertion(catalog, "store", store_id, 0);
        want = friends_of(catalog, store_id, arena);
        if (!known || !friends_equal(known, &want))
                rc = assertion_next(&storing, catalog, err);
        catalog_release(world->catalog, catalog);
        if (rc != RC_OK || !storing.issued)
                return rc;
        rc = db_run(world->db, DB_WRITE, assertion_body, &storing, err);
        return rc == RC_OK ? catalog_reload_assertion(world->catalog, "store", store_id, err) : rc;
}

/* Every store that has rules: what one includes changes what others get through it. */
static enum rc stores_declare(struct world *world, struct err *err)
{
        const struct catalog *catalog = catalog_acquire(world->catalog);
        enum rc rc = RC_OK;

        for (size_t i = 0; rc == RC_OK && i < catalog_store_count(catalog); i++)
                rc = store_declare(world, catalog_store_at(catalog, i)->store_id, err);
        catalog_release(world->catalog, catalog);
        return rc == RC_OK || rc_is_fault(rc)
                       ? rc
                       : err_prefix(err, rc,
                                    "it is done, but a store's assertion could not follow (repeat "
                                    "this later)");
}

/* --- making one --- */

static enum rc create_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct storing *storing = arg;
        const struct store_row row = {storing->store_id, storing->title, storing->now};
        const struct store_row *rows;
        size_t count = 0;
        enum rc rc;

        rc = store_store_list(tx, storing->arena, &rows, &count, err);
        if (rc == RC_OK && count + 1 >= STORES_MAX)
                return err_set(err, RC_TOO_MANY, "a server has %d stores at most", STORES_MAX);
        if (rc == RC_OK)
                rc = store_store_insert(tx, &row, err);
        if (rc == RC_EXISTS)
                return err_set(err, rc, "there is a store %.64s already", storing->store_id);
        if (rc == RC_OK)
                rc = assertion_body(tx, arg, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, storing->actor->account_id, "store-create", storing->store_id,
                         storing->now, err, "operator %s", storing->operator_id);
}

static enum rc operator_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct storing *storing = arg;
        struct account_row account;
        enum rc rc;

        rc = store_account_get(tx, storing->arena, storing->operator_id, &account, err);
        return rc == RC_NOT_FOUND
                       ? err_set(err, rc, "there is no account \"%.64s\"", storing->operator_id)
                       : rc;
}

static enum rc create_check(const struct world *world, const struct catalog *catalog,
                            const struct stores_ask *ask, struct err *err)
{
        if (!name_is_store(ask->store_id))
                return err_set(err, RC_INVALID,
                               "a store's id is up to 64 of a-z, A-Z, 0-9, - and _");
        if (stores_is_here(world, catalog, ask->store_id))
                return err_set(err, RC_EXISTS, "there is a store %.64s already", ask->store_id);
        if (strlen(ask->title) > TITLE_MAX)
                return err_set(err, RC_INVALID, "a title has %d bytes at most", TITLE_MAX);
        return RC_OK;
}

enum rc stores_create(struct world *world, const struct actor *actor, const struct stores_ask *ask,
                      struct arena *arena, struct err *err)
{
        const char *brand = world_text(world, SET_BRAND_ID);
        struct storing storing = {.world = world,
                                  .actor = actor,
                                  .arena = arena,
                                  .store_id = ask->store_id,
                                  .title = ask->title,
                                  .operator_id = *ask->operator_id ? ask->operator_id : brand,
                                  .now = world_now(world)};
        const struct catalog *catalog = catalog_acquire(world->catalog);
        enum rc rc;

        rc = create_check(world, catalog, ask, err);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_READ, operator_body, &storing, err);
        if (rc == RC_OK)
                rc = assertion_next(&storing, catalog, err);
        catalog_release(world->catalog, catalog);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_WRITE, create_body, &storing, err);
        if (rc == RC_OK)
                rc = catalog_reload_assertion(world->catalog, "store", ask->store_id, err);
        return rc == RC_OK ? catalog_reload_rules(world->catalog, err) : rc;
}

/* --- including --- */

/* Whether one gets from a store to another by the rows. */
static bool rows_reach(const struct store_include_row *rows, size_t count, const char *from,
                       const char *to)
{
        const char *seen[STORES_MAX] = {from};
        size_t seen_count = 1;

        for (size_t at = 0; at < seen_count; at++) {
                if (strcmp(seen[at], to) == 0)
                        return true;
                for (size_t i = 0; i < count; i++) {
                        size_t known = 0;

                        if (strcmp(rows[i].store_id, seen[at]))
                                continue;
                        while (known < seen_count && strcmp(seen[known], rows[i].parent_id))
                                known++;
                        if (known == seen_count && seen_count < STORES_MAX)
                                seen[seen_count++] = rows[i].parent_id;
                }
        }
        return false;
}

/* The longest chain of includes; rows make no circle. depths[i] is that above rows[i]. */
static size_t rows_depth(const struct store_include_row *rows, size_t count, size_t *depths)
{
        size_t deepest = 0;

        for (size_t round = 0; round <= STORE_DEPTH_MAX; round++)
                for (size_t i = 0; i < count; i++) {
                        depths[i] = 1;
                        for (size_t k = 0; k < count; k++)
                                if (depths[k] >= depths[i] &&
                                    strcmp(rows[k].store_id, rows[i].parent_id) == 0)
                                        depths[i] = depths[k] + 1;
                        deepest = depths[i] > deepest ? depths[i] : deepest;
                }
        return deepest;
}

/* The rows with the new one behind them, if they may stand. */
static enum rc include_check(const struct storing *storing, const struct store_include_row *rows,
                             size_t count, struct err *err)
{
        struct store_include_row *all = arena_alloc_array(storing->arena, count + 1, sizeof(*all));
        size_t *depths = arena_alloc_array(storing->arena, count + 1, sizeof(*depths));

        if (!all || !depths)
                return err_set(err, RC_NOMEM, "no memory for a store");
        if (count >= STORE_INCLUDES_MAX)
                return err_set(err, RC_TOO_MANY, "the stores of a server include %d others at most",
                               STORE_INCLUDES_MAX);
        if (rows_reach(rows, count, storing->parent_id, storing->store_id))
                return err_set(err, RC_CONFLICT,
                               "%.64s includes %.64s already, directly or through others: stores "
                               "cannot include each other",
                               storing->parent_id, storing->store_id);
        if (count)
                memcpy(all, rows, count * sizeof(*all));
        all[count] = (struct store_include_row){.store_id = storing->store_id,
                                                .parent_id = storing->parent_id};
        if (rows_depth(all, count + 1, depths) > STORE_DEPTH_MAX)
                return err_set(err, RC_TOO_MANY, "stores include each other %d deep at most",
                               STORE_DEPTH_MAX);
        return RC_OK;
}

static enum rc include_write(struct db_tx *tx, struct storing *storing, bool is_there,
                             const struct store_include_row *rows, size_t count, struct err *err)
{
        struct store_include_row row = {.store_id = storing->store_id,
                                        .parent_id = storing->parent_id,
                                        .by = storing->actor->account_id,
                                        .created = storing->now};
        enum rc rc;

        if (is_there)
                return store_include_delete(tx, row.store_id, row.parent_id, err);
        rc = include_check(storing, rows, count, err);
        for (size_t i = 0; i < count; i++)
                if (strcmp(rows[i].store_id, row.store_id) == 0 && rows[i].place >= row.place)
                        row.place = rows[i].place + 1;
        if (rc == RC_OK)
                rc = store_store_ensure(tx, row.store_id, row.created, err);
        return rc == RC_OK ? store_include_insert(tx, &row, err) : rc;
}

static enum rc include_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct storing *storing = arg;
        const struct store_include_row *rows;
        uint64_t generation;
        bool is_there = false;
        size_t count = 0;
        enum rc rc;

        rc = store_include_list(tx, storing->arena, &rows, &count, err);
        if (rc != RC_OK)
                return rc;
        for (size_t i = 0; i < count; i++)
                is_there = is_there || (strcmp(rows[i].store_id, storing->store_id) == 0 &&
                                        strcmp(rows[i].parent_id, storing->parent_id) == 0);
        if (is_there == storing->is_on)
                return RC_OK;
        rc = include_write(tx, storing, is_there, rows, count, err);
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, storing->actor->account_id,
                         storing->is_on ? "store-include" : "store-include-end", storing->store_id,
                         storing->now, err, "%s", storing->parent_id);
}

enum rc stores_include(struct world *world, const struct actor *actor, const char *store_id,
                       const char *parent_id, bool is_on, struct arena *arena, struct err *err)
{
        struct storing storing = {.world = world,
                                  .actor = actor,
                                  .arena = arena,
                                  .store_id = store_id,
                                  .parent_id = parent_id,
                                  .is_on = is_on,
                                  .now = world_now(world)};
        const struct catalog *catalog = catalog_acquire(world->catalog);
        const bool has_store = stores_is_here(world, catalog, store_id);
        const bool has_parent = stores_is_here(world, catalog, parent_id);
        enum rc rc;

        catalog_release(world->catalog, catalog);
        if (!has_store || !has_parent)
                return no_store(has_store ? parent_id : store_id, err);
        if (strcmp(store_id, parent_id) == 0)
                return err_set(err, RC_CONFLICT, "a store does not include itself");
        rc = db_run(world->db, DB_WRITE, include_body, &storing, err);
        if (rc == RC_OK)
                rc = catalog_reload_rules(world->catalog, err);
        return rc == RC_OK ? stores_declare(world, err) : rc;
}

/* --- single packages --- */

static enum rc rule_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct storing *storing = arg;
        const struct store_rule_row row = {storing->store_id, storing->snap_id, storing->rule,
                                           storing->actor->account_id, storing->now};
        uint64_t generation;
        enum rc rc;

        rc = store_store_ensure(tx, row.store_id, row.created, err);
        if (rc == RC_OK && *row.rule) {
                rc = store_rule_put(tx, &row, err);
        } else if (rc == RC_OK) {
                rc = store_rule_delete(tx, row.store_id, row.snap_id, err);
                rc = rc == RC_NOT_FOUND ? RC_OK : rc;
        }
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, storing->actor->account_id, "store-rule", storing->store_id,
                         storing->now, err, "%s %s", *row.rule ? row.rule : "neither",
                         storing->package);
}

enum rc stores_rule(struct world *world, const struct actor *actor, const char *store_id,
                    const char *package, enum view_rule rule, struct err *err)
{
        static const char *const names[] = {
                [VIEW_SILENT] = "", [VIEW_INCLUDE] = "include", [VIEW_EXCLUDE] = "exclude"};
        struct storing storing = {.world = world,
                                  .actor = actor,
                                  .store_id = store_id,
                                  .package = package,
                                  .rule = names[rule],
                                  .now = world_now(world)};
        const struct catalog *catalog = catalog_acquire(world->catalog);
        const struct catalog_package *found = stores_find_package(catalog, store_id, package);
        enum rc rc = RC_OK;

        if (!stores_is_here(world, catalog, store_id))
                rc = no_store(store_id, err);
        else if (!found)
                rc = err_set(err, RC_NOT_FOUND,
                             "no store that %.64s includes has a package \"%.64s\"", store_id,
                             package);
        else if (strcmp(found->store_id, store_id) == 0)
                rc = err_set(err, RC_INVALID,
                             "%.64s is the store's own: close its channels, or make it private",
                             found->name);
        if (rc == RC_OK) {
                storing.snap_id = found->snap_id;
                storing.package = found->name;
                rc = db_run(world->db, DB_WRITE, rule_body, &storing, err);
        }
        catalog_release(world->catalog, catalog);
        return rc == RC_OK ? catalog_reload_rules(world->catalog, err) : rc;
}
