/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/components.h"
#include "server/domain/audit.h"
#include "server/domain/issue.h"
#include "server/domain/keep.h"
#include "server/domain/package.h"
#include "server/domain/scope.h"
#include <inttypes.h>
#include <string.h>

#define EVIDENCE_MAX (512 * KIB)

struct pairing {
        struct world *world;
        const struct actor *actor;
        struct arena *arena;
        const char *name; /* the package's */
        uint64_t revision;
        const struct component_ask *asks;
        size_t count;
        struct package_row package;
        struct component_row rows[PACKAGE_COMPONENTS_MAX];
        const struct assertion *issued[PACKAGE_COMPONENTS_MAX]; /* NULL: known already */
        bool is_known[PACKAGE_COMPONENTS_MAX];                  /* the pair is the current one */
        struct components list;
        usec_t now;
};

/* --- what is there --- */

static enum rc open_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct pairing *pairing = arg;
        enum rc rc;

        rc = package_open(tx, pairing->world, pairing->actor, pairing->name, pairing->arena,
                          &pairing->package, err);
        for (size_t i = 0; rc == RC_OK && i < pairing->count; i++) {
                const struct component_ask *ask = &pairing->asks[i];

                rc = store_component_get(tx, pairing->arena, pairing->package.snap_id, ask->name,
                                         ask->number, &pairing->rows[i], err);
                if (rc == RC_NOT_FOUND)
                        return err_set(err, rc, "%s has no component %.40s with revision %" PRIu64,
                                       pairing->name, ask->name, ask->number);
        }
        return rc;
}

static enum rc declared_check(const struct catalog_revision *revision,
                              const struct component_row *row, struct err *err)
{
        for (size_t i = 0; i < revision->info.component_count; i++) {
                const struct package_component *component = &revision->info.components[i];

                if (strcmp(component->name, row->name))
                        continue;
                if (strcmp(component->type, row->type) == 0)
                        return RC_OK;
                return err_set(err, RC_INVALID, "revision %" PRIu64 " wants %s of type %s, not %s",
                               revision->number, row->name, component->type, row->type);
        }
        return err_set(err, RC_INVALID,
                       "the snap.yaml of revision %" PRIu64 " declares no component %s",
                       revision->number, row->name);
}

static bool is_current(const struct catalog_revision *revision, const struct component_row *row)
{
        for (size_t i = 0; i < revision->resource_count; i++)
                if (strcmp(revision->resources[i].name, row->name) == 0)
                        return revision->resources[i].number == row->number;
        return false;
}

/* --- the assertions --- */

/* The revision's assertion and what it stands on: the signer may not know a revision that was
 * signed elsewhere. */
static enum rc evidence_make(const struct pairing *pairing, const struct catalog *catalog,
                             const struct catalog_revision *revision, struct buf *out,
                             struct err *err)
{
        char digest[DIGEST_B64_CHARS + 1];
        const struct assertion *known;
        const char *pk;

        digest_b64(&revision->digest, digest);
        pk = arena_printf(pairing->arena, "%s/%s", digest, revision->info.provenance);
        known = pk ? catalog_get_assertion(catalog, "snap-revision", pk, 0) : NULL;
        return known ? chain_append(catalog, known, true, pairing->arena, out, err) : RC_OK;
}

static enum rc pair_issue(struct pairing *pairing, const struct catalog *catalog, size_t index,
                          const struct buf *evidence, struct err *err)
{
        const struct component_row *row = &pairing->rows[index];
        const char *const names[] = {"developer-id", "resource-name", "resource-revision",
                                     "revision",     "snap-id",       "snap-revision"};
        const char *number = arena_printf(pairing->arena, "%" PRIu64, row->number);
        const char *revision = arena_printf(pairing->arena, "%" PRIu64, pairing->revision);
        const char *pk = number && revision
                                 ? arena_printf(pairing->arena, "%s/%s/%s/%s/global-upload",
                                                row->snap_id, row->name, number, revision)
                                 : NULL;
        const struct value values[ARRAY_COUNT(names)] = {
                {.text = pairing->package.publisher_id},
                {.text = row->name},
                {.text = number},
                {.text = "0"},
                {.text = row->snap_id},
                {.text = revision},
        };
        const struct value headers = {
                .kind = VALUE_MAP, .count = ARRAY_COUNT(values), .items = values, .names = names};
        const struct signer_request request = {
                .role = SIGNER_STORE,
                .type = "snap-resource-pair",
                .headers = &headers,
                .evidence = evidence->data,
                .evidence_bytes = evidence->len,
        };
        struct assertion *issued = NULL;
        enum rc rc;

        if (!pk)
                return err_set(err, RC_NOMEM, "no memory for a pair");
        if (catalog_get_assertion(catalog, "snap-resource-pair", pk, 0))
                return RC_OK;
        rc = issue_checked(pairing->world, &request, pairing->arena, &issued, err);
        pairing->issued[index] = issued;
        return rc;
}

/* A pair changes what devices on the revision's channels are offered: like a release to them. */
static enum rc channels_check(const struct actor *actor, const struct catalog_package *package,
                              const struct catalog_revision *revision, struct err *err)
{
        for (size_t i = 0; i < package->release_count; i++) {
                const struct catalog_release *release = &package->releases[i];

                if (release->revision != revision && release->base != revision)
                        continue;
                if (!scope_has(actor->permissions, "package-release") ||
                    !scope_allows_channel(actor->channels, &release->channel))
                        return err_set_code(err, RC_FORBIDDEN, "macaroon-permission-required",
                                            "revision %" PRIu64
                                            " is released, and the token may not release there",
                                            revision->number);
        }
        return RC_OK;
}

static enum rc pairs_issue(struct pairing *pairing, const struct catalog *catalog, struct err *err)
{
        CLEANUP(buf_fini) struct buf evidence = BUF_INIT(EVIDENCE_MAX);
        const struct catalog_package *package = catalog_find_id(catalog, pairing->package.snap_id);
        const struct catalog_revision *revision =
                package ? catalog_find_revision(package, pairing->revision) : NULL;
        enum rc rc;

        if (!revision)
                return err_set(err, RC_NOT_FOUND, "%s has no revision %" PRIu64, pairing->name,
                               pairing->revision);
        rc = channels_check(pairing->actor, package, revision, err);
        if (rc == RC_OK)
                rc = evidence_make(pairing, catalog, revision, &evidence, err);
        for (size_t i = 0; rc == RC_OK && i < pairing->count; i++) {
                rc = declared_check(revision, &pairing->rows[i], err);
                pairing->is_known[i] = is_current(revision, &pairing->rows[i]);
        }
        for (size_t i = 0; rc == RC_OK && i < pairing->count; i++)
                rc = pair_issue(pairing, catalog, i, &evidence, err);
        return rc;
}

/* --- keeping --- */

static enum rc keep_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct pairing *pairing = arg;
        uint64_t generation;
        enum rc rc = RC_OK;

        for (size_t i = 0; rc == RC_OK && i < pairing->count; i++) {
                const struct component_row *row = &pairing->rows[i];
                const struct component_pair_row pair = {.snap_id = row->snap_id,
                                                        .revision = pairing->revision,
                                                        .name = row->name,
                                                        .number = row->number,
                                                        .by = pairing->actor->account_id,
                                                        .created = pairing->now};

                if (pairing->issued[i])
                        rc = assertion_keep_tx(tx, pairing->issued[i], false, pairing->now,
                                               pairing->arena, NULL, err);
                if (rc != RC_OK || pairing->is_known[i])
                        continue;
                rc = store_component_pair_insert(tx, &pair, err);
                if (rc == RC_OK)
                        rc = audit_add(tx, pairing->actor->account_id, "component-pair",
                                       pairing->name, pairing->now, err,
                                       "revision %" PRIu64 ": %s %" PRIu64, pairing->revision,
                                       row->name, row->number);
        }
        return rc == RC_OK ? store_generation_bump(tx, &generation, err) : rc;
}

static enum rc catalog_follow(const struct pairing *pairing, struct err *err)
{
        struct catalog_store *store = pairing->world->catalog;
        enum rc rc = RC_OK;

        /* The assertions first: who is told of a component must find them. */
        for (size_t i = 0; rc == RC_OK && i < pairing->count; i++) {
                const struct assertion *issued = pairing->issued[i];

                if (issued)
                        rc = catalog_reload_assertion(
                                store, issued->type->name,
                                pk_join(pairing->arena, issued->pk, issued->type->pk_count), err);
        }
        return rc == RC_OK ? catalog_reload_package(store, pairing->package.snap_id, err) : rc;
}

enum rc components_pair(struct world *world, const struct actor *actor, const char *package,
                        uint64_t revision, const struct component_ask *asks, size_t count,
                        struct arena *arena, struct err *err)
{
        struct pairing *pairing = arena_alloc(arena, sizeof(*pairing));
        const struct catalog *catalog;
        enum rc rc;

        if (!pairing)
                return err_set(err, RC_NOMEM, "no memory for a pair");
        if (count > PACKAGE_COMPONENTS_MAX)
                return err_set(err, RC_TOO_MANY, "a revision has %d components at most",
                               PACKAGE_COMPONENTS_MAX);
        *pairing = (struct pairing){.world = world,
                                    .actor = actor,
                                    .arena = arena,
                                    .name = package,
                                    .revision = revision,
                                    .asks = asks,
                                    .count = count,
                                    .now = world_now(world)};
        rc = db_run(world->db, DB_READ, open_body, pairing, err);
        if (rc != RC_OK)
                return rc;
        catalog = catalog_acquire(world->catalog);
        rc = pairs_issue(pairing, catalog, err);
        catalog_release(world->catalog, catalog);
        if (rc == RC_OK)
                rc = db_run(world->db, DB_WRITE, keep_body, pairing, err);
        return rc == RC_OK ? catalog_follow(pairing, err) : rc;
}

/* --- telling --- */

static enum rc list_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct pairing *pairing = arg;
        struct components *list = &pairing->list;
        enum rc rc;

        rc = package_open(tx, pairing->world, pairing->actor, pairing->name, pairing->arena,
                          &pairing->package, err);
        if (rc == RC_OK)
                rc = store_component_list(tx, pairing->arena, pairing->package.snap_id, &list->rows,
                                          &list->count, err);
        if (rc == RC_OK)
                rc = store_component_pair_list(tx, pairing->arena, pairing->package.snap_id,
                                               &list->pairs, &list->pair_count, err);
        return rc;
}

enum rc components_list(struct world *world, const struct actor *actor, const char *package,
                        struct arena *arena, struct components *ret, struct err *err)
{
        struct pairing *pairing = arena_alloc(arena, sizeof(*pairing));
        enum rc rc;

        if (!pairing)
                return err_set(err, RC_NOMEM, "no memory for the components");
        *pairing =
                (struct pairing){.world = world, .actor = actor, .arena = arena, .name = package};
        rc = db_run(world->db, DB_READ, list_body, pairing, err);
        if (rc == RC_OK)
                *ret = pairing->list;
        return rc;
}
