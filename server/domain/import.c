/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/import.h"
#include "core/base/fs.h"
#include "server/domain/audit.h"
#include "server/domain/keep.h"
#include "server/domain/manifest_keeper.h"
#include "server/domain/model_keep.h"
#include "server/domain/stores.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *import_result_name(enum import_result result)
{
        static const char *const names[] = {"added", "known", "older"};

        return names[result];
}

/* --- rows beside the assertions --- */

static enum rc account_row_add(struct db_tx *tx, const struct import_run *run,
                               const struct assertion *account, struct err *err)
{
        const char *username = assertion_text(account, "username");
        const char *display_name = assertion_text(account, "display-name");
        const char *validation = assertion_text(account, "validation");
        struct account_row row = {
                .account_id = account->pk[0],
                .username = username && *username ? username : account->pk[0],
                .display_name = display_name ? display_name : account->pk[0],
                .email = "",
                /* "certified" is what the first accounts were: the table has the newer word. */
                .validation = !validation                            ? "unproven"
                              : strcmp(validation, "certified") == 0 ? "verified"
                                                                     : validation,
                .created = run->now,
        };
        struct account_row known;
        enum rc rc;

        rc = store_account_get(tx, run->arena, row.account_id, &known, err);
        if (rc != RC_NOT_FOUND)
                return rc;
        /* Another account has the name here: the id is a name that nobody else can have. */
        rc = store_account_get_by_username(tx, run->arena, row.username, &known, err);
        if (rc == RC_OK)
                row.username = row.account_id;
        if (rc != RC_OK && rc != RC_NOT_FOUND)
                return rc;
        return store_account_insert(tx, &row, err);
}

/* Whether this is the last word on what it speaks of: variants for older readers come late. */
static enum rc is_newest(struct db_tx *tx, const struct import_run *run,
                         const struct assertion *assertion, bool *ret, struct err *err)
{
        const char *pk = pk_join(run->arena, assertion->pk, assertion->type->pk_count);
        struct assertion_row newest;
        enum rc rc;

        if (!pk)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        rc = store_assertion_get(tx, run->arena, assertion->type->name, pk,
                                 assertion->type->max_format, &newest, err);
        *ret = rc == RC_OK && newest.revision <= assertion->revision;
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc name_follow(struct db_tx *tx, const struct import_run *run, const char *name,
                           struct package_row *package, struct err *err)
{
        struct package_row other;
        enum rc rc;

        if (!name || !*name || strcmp(package->name, name) == 0)
                return RC_OK;
        rc = store_package_get_by_name(tx, run->arena, package->store_id, name, &other, err);
        if (rc == RC_OK)
                return err_set(err, RC_CONFLICT,
                               "%.64s is renamed to %.64s, which is another package here",
                               package->name, name);
        package->name = name;
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

/* A declaration from elsewhere says what a package that is known here is called, and whose it is.
 */
static enum rc package_follow(struct db_tx *tx, const struct import_run *run,
                              const struct assertion *declaration, struct err *err)
{
        const char *publisher = assertion_text(declaration, "publisher-id");
        struct account_row account;
        struct package_row package;
        bool newest = false;
        enum rc rc;

        rc = is_newest(tx, run, declaration, &newest, err);
        if (rc != RC_OK || !newest)
                return rc;
        rc = store_package_get(tx, run->arena, declaration->pk[1], &package, err);
        if (rc != RC_OK)
                return rc == RC_NOT_FOUND ? RC_OK : rc;
        rc = name_follow(tx, run, assertion_text(declaration, "snap-name"), &package, err);
        if (rc == RC_OK)
                rc = store_account_get(tx, run->arena, publisher, &account, err);
        if (rc != RC_OK)
                return rc == RC_NOT_FOUND ? RC_OK : rc;
        package.publisher_id = publisher;
        return store_package_update(tx, &package, err);
}

static enum rc row_follow(struct db_tx *tx, const struct import_run *run,
                          const struct assertion *assertion, enum import_result result,
                          struct err *err)
{
        if (strcmp(assertion->type->name, "account") == 0)
                return account_row_add(tx, run, assertion, err);
        if (strcmp(assertion->type->name, "snap-declaration") == 0 && result == IMPORT_ADDED)
                return package_follow(tx, run, assertion, err);
        return RC_OK;
}

/* --- keeping --- */

/* Among those that its readers can read: what a newer format says is no news to an older device. */
static enum rc is_older(struct db_tx *tx, const struct import_run *run,
                        const struct assertion *assertion, bool *ret, struct err *err)
{
        const char *pk = pk_join(run->arena, assertion->pk, assertion->type->pk_count);
        struct assertion_row newest;
        enum rc rc;

        if (!pk)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        rc = store_assertion_get(tx, run->arena, assertion->type->name, pk,
                                 (unsigned)assertion->format, &newest, err);
        *ret = rc == RC_OK && newest.revision > assertion->revision;
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc one_keep(struct db_tx *tx, struct import_run *run, size_t index, struct err *err)
{
        const struct assertion *assertion = run->believed.items[index];
        struct imported *result = &run->results[index];
        bool added = false;
        bool older = false;
        enum rc rc;

        rc = is_older(tx, run, assertion, &older, err);
        if (rc == RC_OK && !older)
                rc = assertion_keep_tx(tx, assertion, true, run->now, run->arena, &added, err);
        if (rc != RC_OK)
                return rc;
        result->result = older ? IMPORT_OLDER : added ? IMPORT_ADDED : IMPORT_KNOWN;
        run->added += added;
        return row_follow(tx, run, assertion, result->result, err);
}

enum rc import_keep_tx(struct db_tx *tx, struct import_run *run, struct err *err)
{
        uint64_t generation;
        enum rc rc = RC_OK;

        run->added = 0;
        for (size_t i = 0; rc == RC_OK && i < run->believed.count; i++)
                rc = one_keep(tx, run, i, err);
        if (rc != RC_OK || !run->added)
                return rc;
        rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, run->by, "import", run->results[0].ref, run->now, err,
                         "%zu assertions", run->added);
}

static enum rc import_body(struct db_tx *tx, void *arg, struct err *err)
{
        return import_keep_tx(tx, arg, err);
}

/* Packages whose declaration came: their publisher may have changed. */
enum rc import_follow(const struct import_run *run, struct err *err)
{
        struct catalog_store *store = run->world->catalog;
        enum rc rc = RC_OK;

        for (size_t i = 0; rc == RC_OK && i < run->believed.count; i++) {
                const struct assertion *item = run->believed.items[i];
                const char *pk = pk_join(run->arena, item->pk, item->type->pk_count);

                if (run->results[i].result != IMPORT_ADDED)
                        continue;
                if (!pk)
                        return err_set(err, RC_NOMEM, "no memory for an assertion");
                rc = catalog_reload_assertion(store, item->type->name, pk, err);
                if (strcmp(item->type->name, "manifest-epoch") == 0)
                        manifest_keeper_wake(run->world->manifest_keeper);
                if (rc == RC_OK && strcmp(item->type->name, "snap-declaration") == 0)
                        rc = catalog_reload_package(store, item->pk[1], err);
        }
        return rc;
}

static bool names_same_key(const struct assertion *a, const struct assertion *b)
{
        const char *name = assertion_text(a, "name");
        const char *other = assertion_text(b, "name");

        return a != b && strcmp(a->type->name, "account-key") == 0 && a->type == b->type && name &&
               other && strcmp(name, other) == 0 &&
               strcmp(assertion_text(a, "account-id"), assertion_text(b, "account-id")) == 0 &&
               strcmp(a->pk[0], b->pk[0]) != 0;
}

/* A device refuses the second of two keys that an account gives one name (device.md 8.8). */
static enum rc key_names_check(const struct import_run *run, const struct catalog *catalog,
                               struct err *err)
{
        const struct believed *believed = &run->believed;
        size_t first = 0;
        const size_t count = catalog_assertions_of(catalog, "account-key", &first);

        for (size_t i = 0; i < believed->count; i++) {
                const struct assertion *item = believed->items[i];
                bool taken = false;

                if (strcmp(item->type->name, "account-key") != 0)
                        continue;
                for (size_t k = 0; !taken && k < i; k++)
                        taken = names_same_key(item, believed->items[k]);
                for (size_t k = first; !taken && k < first + count; k++) {
                        const struct catalog_assertion *known = catalog_assertion_at(catalog, k);

                        taken = names_same_key(item, known->revisions[known->count - 1]);
                }
                if (taken)
                        return err_set(err, RC_CONFLICT, "%s has another key named %.64s",
                                       assertion_text(item, "account-id"),
                                       assertion_text(item, "name"));
        }
        return RC_OK;
}

/* The operator's devices see what is private. With several roots another one than that of our brand
 * may speak of a store here, as stock clients need it, but only for a brand that we let see it. */
static enum rc store_check(const struct world *world, const struct catalog *catalog,
                           const struct assertion *item, struct err *err)
{
        const struct assertion *brand =
                catalog_get_assertion(catalog, "account", world_text(world, SET_BRAND_ID), 0);

        if (strcmp(item->type->name, "store") != 0 || !brand ||
            strcmp(brand->authority, item->authority) == 0 ||
            brand_names_packages(world, assertion_text(item, "operator-id")) ||
            !stores_is_here(world, catalog, item->pk[0]))
                return RC_OK;
        return err_set(err, RC_UNTRUSTED,
                       "%.60s has no say in the store %.64s of this server: its operator %.60s is "
                       "not in the setting model-brands",
                       item->authority, item->pk[0], assertion_text(item, "operator-id"));
}

static enum rc types_check(const struct world *world, const struct catalog *catalog,
                           const struct believed *believed, struct err *err)
{
        for (size_t i = 0; i < believed->count; i++) {
                const struct assertion *item = believed->items[i];
                const enum rc rc = store_check(world, catalog, item, err);

                if (rc != RC_OK)
                        return rc;
                if (strcmp(item->type->name, "serial") == 0)
                        return err_set(err, RC_UNSUPPORTED,
                                       "serials are registered by their devices, not imported");
                if (!item->authority || item->type->pk_count == 0)
                        return err_set(err, RC_UNSUPPORTED, "%s is a request and is not kept",
                                       item->type->name);
        }
        return RC_OK;
}

static enum rc results_prepare(struct import_run *run, struct err *err)
{
        const struct believed *believed = &run->believed;

        run->results = arena_alloc_array(run->arena, believed->count, sizeof(*run->results));
        if (!run->results)
                return err_set(err, RC_NOMEM, "no memory for assertions");
        for (size_t i = 0; i < believed->count; i++) {
                run->results[i].ref = assertion_ref(run->arena, believed->items[i]);
                run->results[i].revision = believed->items[i]->revision;
                if (!run->results[i].ref)
                        return err_set(err, RC_NOMEM, "no memory for assertions");
        }
        return RC_OK;
}

enum rc import_prepare(struct import_run *run, const char *text, size_t bytes, unsigned trust_flags,
                       struct err *err)
{
        const struct catalog *catalog;
        enum rc rc;

        if (bytes > IMPORT_BYTES_MAX)
                return err_set(err, RC_TOO_BIG, "more than %zu bytes at once",
                               (size_t)IMPORT_BYTES_MAX);
        run->now = world_now(run->world);
        catalog = catalog_acquire(run->world->catalog);
        rc = believe_stream(run->world, catalog, text, bytes, IMPORT_COUNT_MAX, trust_flags,
                            run->arena, &run->believed, err);
        if (rc == RC_OK)
                rc = key_names_check(run, catalog, err);
        if (rc == RC_OK)
                rc = types_check(run->world, catalog, &run->believed, err);
        catalog_release(run->world->catalog, catalog);
        return rc == RC_OK ? results_prepare(run, err) : rc;
}

enum rc import_stream(struct world *world, const char *by, const char *text, size_t bytes,
                      unsigned trust_flags, struct arena *arena, struct imported **ret,
                      size_t *ret_count, struct err *err)
{
        struct import_run run = {.world = world, .by = by, .arena = arena};
        enum rc rc;

        rc = import_prepare(&run, text, bytes, trust_flags, err);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_WRITE, import_body, &run, err);
        if (rc == RC_OK)
                rc = import_follow(&run, err);
        if (rc != RC_OK)
                return rc;
        *ret = run.results;
        *ret_count = run.believed.count;
        return RC_OK;
}

/* --- the trust folder --- */

static enum rc trust_file_append(void *context, const char *path, struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        struct buf *out = context;
        size_t bytes = 0;
        enum rc rc;

        rc = fs_read_file(path, IMPORT_BYTES_MAX, &text, &bytes, err);
        if (rc != RC_OK)
                return rc;
        assertion_stream_put(out, text, bytes);
        return buf_finish(out, err);
}

enum rc import_trust_dir(struct world *world, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(64 * MIB);
        CLEANUP(buf_fini) struct buf stream = BUF_INIT(IMPORT_BYTES_MAX);
        struct imported *results = NULL;
        const char *dir;
        size_t count = 0;
        enum rc rc;

        if (!arena || !(dir = arena_printf(arena, "%s/trust", world_text(world, SET_DATA_DIR))))
                return err_set(err, RC_NOMEM, "no memory for the trust folder");
        rc = fs_each_file(dir, ".assert", trust_file_append, &stream, err);
        if (rc != RC_OK)
                return rc;
        if (!stream.len)
                return err_set(err, RC_NOT_FOUND, "there is no assertion in %.200s", dir);
        /* A key that has expired meanwhile still begins chains that were signed in its life. */
        rc = import_stream(world, world_text(world, SET_BRAND_ID), stream.data, stream.len,
                           TRUST_IGNORE_EXPIRY, arena, &results, &count, err);
        return rc == RC_OK ? RC_OK : err_prefix(err, rc, "trust folder");
}
