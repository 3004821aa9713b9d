/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/import.h"
#include "core/base/fs.h"
#include "server/domain/audit.h"
#include "server/domain/keep.h"
#include "server/domain/manifest_keeper.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *import_result_name(enum import_result result)
{
        static const char *const names[] = {"added", "known", "older"};

        return names[result];
}

struct importing {
        struct world *world;
        const char *by;
        const struct believed *believed;
        struct imported *results;
        struct arena *arena;
        usec_t now;
        size_t added;
};

/* --- rows beside the assertions --- */

static enum rc account_row_add(struct db_tx *tx, const struct importing *importing,
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
                .validation = validation ? validation : "unproven",
                .created = importing->now,
        };
        struct account_row known;
        enum rc rc;

        rc = store_account_get(tx, importing->arena, row.account_id, &known, err);
        if (rc != RC_NOT_FOUND)
                return rc;
        /* Another account has the name here: the id is a name that nobody else can have. */
        rc = store_account_get_by_username(tx, importing->arena, row.username, &known, err);
        if (rc == RC_OK)
                row.username = row.account_id;
        if (rc != RC_OK && rc != RC_NOT_FOUND)
                return rc;
        return store_account_insert(tx, &row, err);
}

/* A declaration from elsewhere says who publishes a package that is known here. */
static enum rc package_follow(struct db_tx *tx, const struct importing *importing,
                              const struct assertion *declaration, struct err *err)
{
        const char *publisher = assertion_text(declaration, "publisher-id");
        struct account_row account;
        struct package_row package;
        enum rc rc;

        rc = store_package_get(tx, importing->arena, declaration->pk[1], &package, err);
        if (rc == RC_OK && publisher && strcmp(package.publisher_id, publisher) != 0) {
                rc = store_account_get(tx, importing->arena, publisher, &account, err);
                if (rc != RC_OK)
                        return rc == RC_NOT_FOUND ? RC_OK : rc;
                package.publisher_id = publisher;
                return store_package_update(tx, &package, err);
        }
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc row_follow(struct db_tx *tx, const struct importing *importing,
                          const struct assertion *assertion, enum import_result result,
                          struct err *err)
{
        if (strcmp(assertion->type->name, "account") == 0)
                return account_row_add(tx, importing, assertion, err);
        if (strcmp(assertion->type->name, "snap-declaration") == 0 && result == IMPORT_ADDED)
                return package_follow(tx, importing, assertion, err);
        return RC_OK;
}

/* --- keeping --- */

/* Among those that its readers can read: what a newer format says is no news to an older device. */
static enum rc is_older(struct db_tx *tx, const struct importing *importing,
                        const struct assertion *assertion, bool *ret, struct err *err)
{
        const char *pk = pk_join(importing->arena, assertion->pk, assertion->type->pk_count);
        struct assertion_row newest;
        enum rc rc;

        if (!pk)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        rc = store_assertion_get(tx, importing->arena, assertion->type->name, pk,
                                 (unsigned)assertion->format, &newest, err);
        *ret = rc == RC_OK && newest.revision > assertion->revision;
        return rc == RC_NOT_FOUND ? RC_OK : rc;
}

static enum rc one_keep(struct db_tx *tx, struct importing *importing, size_t index,
                        struct err *err)
{
        const struct assertion *assertion = importing->believed->items[index];
        struct imported *result = &importing->results[index];
        bool added = false;
        bool older = false;
        enum rc rc;

        rc = is_older(tx, importing, assertion, &older, err);
        if (rc == RC_OK && !older)
                rc = assertion_keep_tx(tx, assertion, true, importing->now, importing->arena,
                                       &added, err);
        if (rc != RC_OK)
                return rc;
        result->result = older ? IMPORT_OLDER : added ? IMPORT_ADDED : IMPORT_KNOWN;
        importing->added += added;
        return row_follow(tx, importing, assertion, result->result, err);
}

static enum rc import_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct importing *importing = arg;
        uint64_t generation;
        enum rc rc = RC_OK;

        importing->added = 0;
        for (size_t i = 0; rc == RC_OK && i < importing->believed->count; i++)
                rc = one_keep(tx, importing, i, err);
        if (rc != RC_OK || !importing->added)
                return rc;
        rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, importing->by, "import", importing->results[0].ref, importing->now,
                         err, "%zu assertions", importing->added);
}

/* Packages whose declaration came: their publisher may have changed. */
static enum rc catalog_follow(const struct importing *importing, struct err *err)
{
        struct catalog_store *store = importing->world->catalog;
        enum rc rc = RC_OK;

        for (size_t i = 0; rc == RC_OK && i < importing->believed->count; i++) {
                const struct assertion *item = importing->believed->items[i];
                const char *pk = pk_join(importing->arena, item->pk, item->type->pk_count);

                if (importing->results[i].result != IMPORT_ADDED)
                        continue;
                if (!pk)
                        return err_set(err, RC_NOMEM, "no memory for an assertion");
                rc = catalog_reload_assertion(store, item->type->name, pk, err);
                if (strcmp(item->type->name, "manifest-epoch") == 0)
                        manifest_keeper_wake(importing->world->manifest_keeper);
                if (rc == RC_OK && strcmp(item->type->name, "snap-declaration") == 0)
                        rc = catalog_reload_package(store, item->pk[1], err);
        }
        return rc;
}

static enum rc types_check(const struct believed *believed, struct err *err)
{
        for (size_t i = 0; i < believed->count; i++) {
                const struct assertion *item = believed->items[i];

                if (strcmp(item->type->name, "serial") == 0)
                        return err_set(err, RC_UNSUPPORTED,
                                       "serials are registered by their devices, not imported");
                if (!item->authority || item->type->pk_count == 0)
                        return err_set(err, RC_UNSUPPORTED, "%s is a request and is not kept",
                                       item->type->name);
        }
        return RC_OK;
}

static enum rc results_prepare(struct importing *importing, struct err *err)
{
        const struct believed *believed = importing->believed;

        importing->results =
                arena_alloc_array(importing->arena, believed->count, sizeof(*importing->results));
        if (!importing->results)
                return err_set(err, RC_NOMEM, "no memory for assertions");
        for (size_t i = 0; i < believed->count; i++) {
                importing->results[i].ref = assertion_ref(importing->arena, believed->items[i]);
                importing->results[i].revision = believed->items[i]->revision;
                if (!importing->results[i].ref)
                        return err_set(err, RC_NOMEM, "no memory for assertions");
        }
        return RC_OK;
}

enum rc import_stream(struct world *world, const char *by, const char *text, size_t bytes,
                      unsigned trust_flags, struct arena *arena, struct imported **ret,
                      size_t *ret_count, struct err *err)
{
        struct believed believed = {.count = 0};
        struct importing importing = {.world = world,
                                      .by = by,
                                      .believed = &believed,
                                      .arena = arena,
                                      .now = world_now(world)};
        const struct catalog *catalog;
        enum rc rc;

        if (bytes > IMPORT_BYTES_MAX)
                return err_set(err, RC_TOO_BIG, "more than %zu bytes at once",
                               (size_t)IMPORT_BYTES_MAX);
        catalog = catalog_acquire(world->catalog);
        rc = believe_stream(world, catalog, text, bytes, IMPORT_COUNT_MAX, trust_flags, arena,
                            &believed, err);
        catalog_release(world->catalog, catalog);
        if (rc == RC_OK)
                rc = types_check(&believed, err);
        if (rc == RC_OK)
                rc = results_prepare(&importing, err);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_WRITE, import_body, &importing, err);
        if (rc == RC_OK)
                rc = catalog_follow(&importing, err);
        if (rc != RC_OK)
                return rc;
        *ret = importing.results;
        *ret_count = believed.count;
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
