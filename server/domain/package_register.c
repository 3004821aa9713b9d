/* SPDX-License-Identifier: Apache-2.0 */
/* How a name comes to be a package: its id, its row, its declaration. */
#include "core/model/assertion_format.h"
#include "core/model/name.h"
#include "server/domain/audit.h"
#include "server/domain/catalog_rules.h"
#include "server/domain/issue.h"
#include "server/domain/keep.h"
#include "server/domain/origin.h"
#include "server/domain/package.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Devices know these names by these ids; an OEM's own base or snapd keeps them. */
static const struct {
        const char *name;
        const char *snap_id;
} well_known[] = {
        {"core", "99T7MUlRhtI3U0QFgl5mXXESAiSwt776"},
        {"core18", "CSO04Jhav2yK0uz97cr0ipQRyqg0qQL6"},
        {"core20", "DLqre5XGLbDqg9jPtiAhRRjDuPVa5X1q"},
        {"core22", "amcUKQILKXHHTlmSa7NMdnXSx02dNeeT"},
        {"core24", "dwTAh7MZZ01zyriOZErqd1JynQLiOGvM"},
        {"snapd", "PMrrV4ml8uWuEUDBT8dSGnKUYbevVhc4"},
};

static const char *well_known_id(const char *name)
{
        for (size_t i = 0; i < ARRAY_COUNT(well_known); i++)
                if (strcmp(well_known[i].name, name) == 0)
                        return well_known[i].snap_id;
        return NULL;
}

static void id_derive(const struct world *world, const char *store_id, const char *name,
                      char text[SNAP_ID_CHARS + 1])
{
        static const char digits[] =
                "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        uint8_t key[MAC_KEY_BYTES];
        uint8_t tag[MAC_BYTES];

        _Static_assert(MAC_BYTES >= SNAP_ID_CHARS, "a byte a character");
        world_key(world, "snap-id", key);
        mac_make(key, store_id, name, strlen(name), tag);
        for (size_t i = 0; i < SNAP_ID_CHARS; i++)
                text[i] = digits[tag[i] % (sizeof(digits) - 1)];
        text[SNAP_ID_CHARS] = '\0';
        bytes_wipe(key, sizeof(key));
}

/* The newest declaration of that name; it may have been imported. */
static const struct assertion *declaration_named(const struct catalog *catalog, const char *name)
{
        size_t first = 0;
        const size_t count = catalog_assertions_of(catalog, "snap-declaration", &first);

        for (size_t i = first; i < first + count; i++) {
                const struct catalog_assertion *entry = catalog_assertion_at(catalog, i);
                const struct assertion *newest = entry->revisions[entry->count - 1];
                const char *text = assertion_text(newest, "snap-name");

                if (text && strcmp(text, name) == 0)
                        return newest;
        }
        return NULL;
}

static const struct assertion *declaration_of(const struct catalog *catalog, const char *snap_id,
                                              struct arena *arena)
{
        const char *pk = arena_printf(arena, "16/%s", snap_id);

        return pk ? catalog_get_assertion(catalog, "snap-declaration", pk,
                                          assertion_type_find("snap-declaration")->max_format)
                  : NULL;
}

/* --- the row --- */

struct registering {
        struct package_row row;
        const struct actor *actor;
        struct arena *arena;
        bool is_there; /* this actor's row of an earlier, unfinished registration */
};

static enum rc taken(const struct registering *registering, const struct package_row *known,
                     struct err *err)
{
        const bool own = strcmp(known->publisher_id, registering->row.publisher_id) == 0;

        return err_set_code(err, RC_EXISTS, own ? "already_owned" : "already_registered",
                            own ? "you have registered %s already"
                                : "the name %s is registered already",
                            registering->row.name);
}

static enum rc register_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct registering *registering = arg;
        struct package_row *row = &registering->row;
        struct package_row known;
        uint64_t generation;
        enum rc rc;

        rc = store_package_get_by_name(tx, registering->arena, row->store_id, row->name, &known,
                                       err);
        if (rc == RC_OK) {
                registering->is_there = strcmp(known.publisher_id, row->publisher_id) == 0;
                rc = taken(registering, &known, err);
                row->snap_id = known.snap_id;
                return rc;
        }
        if (rc != RC_NOT_FOUND)
                return rc;
        rc = store_package_get(tx, registering->arena, row->snap_id, &known, err);
        if (rc == RC_OK && strcmp(known.name, row->name) == 0)
                return err_set(err, RC_EXISTS,
                               "the name %s is registered already in the store %s of this server",
                               row->name, known.store_id);
        if (rc == RC_OK)
                return err_set(err, RC_EXISTS, "the id %s belongs to another package",
                               row->snap_id);
        if (rc == RC_NOT_FOUND)
                rc = store_package_insert(tx, row, err);
        if (rc == RC_CONFLICT)
                return err_set(err, RC_NOT_FOUND, "no account \"%.64s\"", row->publisher_id);
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, registering->actor->account_id, "package-register", row->name,
                         row->created, err, "%s", row->snap_id);
}

static enum rc undo_body(struct db_tx *tx, void *arg, struct err *err)
{
        return store_package_delete(tx, arg, err);
}

/* --- the declaration --- */

struct declaring {
        const struct assertion *declaration;
        struct arena *arena;
        usec_t now;
};

static enum rc declare_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct declaring *declaring = arg;
        uint64_t generation;
        enum rc rc;

        rc = assertion_keep_tx(tx, declaring->declaration, false, declaring->now, declaring->arena,
                               NULL, err);
        return rc == RC_OK ? store_generation_bump(tx, &generation, err) : rc;
}

static enum rc declaration_issue(struct world *world, const struct catalog *catalog,
                                 const struct package_row *row, const struct assertion *known,
                                 uint64_t revision, struct arena *arena, struct assertion **ret,
                                 struct err *err)
{
        CLEANUP(buf_fini) struct buf evidence = BUF_INIT(512 * KIB);
        const struct assertion *account =
                catalog_get_assertion(catalog, "account", row->publisher_id, 0);
        const char *const names[] = {"publisher-id", "revision", "series", "snap-id", "snap-name"};
        const struct value values[] = {
                {.kind = VALUE_TEXT, .text = row->publisher_id},
                {.kind = VALUE_TEXT, .text = arena_printf(arena, "%" PRIu64, revision)},
                {.kind = VALUE_TEXT, .text = "16"},
                {.kind = VALUE_TEXT, .text = row->snap_id},
                {.kind = VALUE_TEXT, .text = row->name},
        };
        struct value headers = {
                .kind = VALUE_MAP, .count = ARRAY_COUNT(values), .items = values, .names = names};
        struct signer_request request = {
                .role = SIGNER_STORE, .type = "snap-declaration", .headers = &headers};
        enum rc rc = RC_OK;

        if (!values[1].text)
                return err_set(err, RC_NOMEM, "no memory for a declaration");
        /* A new name or publisher takes no rule away that was declared before. */
        if (known)
                rc = issue_build_on(&headers, known, arena, &headers, err);
        if (rc != RC_OK)
                return rc;
        request.format = assertion_format_needed("snap-declaration", &headers);
        if (account) {
                rc = chain_append(catalog, account, true, arena, &evidence, err);
                if (rc != RC_OK)
                        return rc;
                request.evidence = evidence.data;
                request.evidence_bytes = evidence.len;
        }
        return issue_checked(world, &request, arena, ret, err);
}

/* Whoever declared it elsewhere goes on saying whose it is: nothing of ours comes over it. */
static enum rc not_foreign(struct world *world, const struct catalog *catalog,
                           const struct package_row *row, struct arena *arena, struct err *err)
{
        struct origin origin;
        const enum rc rc = origin_find(world, catalog, row->snap_id, arena, &origin, err);

        if (rc != RC_OK || !origin.is_foreign)
                return rc;
        return err_set_code(err, RC_FORBIDDEN, "declared-elsewhere",
                            "%.64s is declared by %.64s with another name or publisher", row->name,
                            origin.declaration->authority);
}

enum rc package_declare(struct world *world, const struct package_row *row, struct arena *arena,
                        struct err *err)
{
        struct declaring declaring = {.arena = arena, .now = world_now(world)};
        const struct catalog *catalog = catalog_acquire(world->catalog);
        const struct assertion *known = declaration_of(catalog, row->snap_id, arena);
        struct assertion *issued = NULL;
        uint64_t revision = known ? known->revision + 1 : 0;
        enum rc rc;

        if (known && strcmp(assertion_text(known, "snap-name"), row->name) == 0 &&
            strcmp(assertion_text(known, "publisher-id"), row->publisher_id) == 0) {
                catalog_release(world->catalog, catalog);
                return RC_OK;
        }
        rc = known ? not_foreign(world, catalog, row, arena, err) : RC_OK;
        if (rc == RC_OK)
                rc = declaration_issue(world, catalog, row, known, revision, arena, &issued, err);
        for (int i = 1; issue_was_overtaken(rc, err) && i < ISSUE_TRIES; i++)
                rc = declaration_issue(world, catalog, row, known, ++revision, arena, &issued, err);
        catalog_release(world->catalog, catalog);
        if (rc != RC_OK)
                return rc;
        declaring.declaration = issued;
        rc = db_run(world->db, DB_WRITE, declare_body, &declaring, err);
        if (rc != RC_OK)
                return rc;
        return catalog_reload_assertion(world->catalog, "snap-declaration",
                                        pk_join(arena, issued->pk, issued->type->pk_count), err);
}

/* --- registering --- */

static enum rc ask_check(const struct actor *actor, const struct package_ask *ask, struct err *err)
{
        if (!name_is_snap(ask->name))
                return err_set_code(err, RC_INVALID, "invalid",
                                    "a name is up to 40 of a-z, 0-9 and single dashes");
        if (*ask->type && strcmp(ask->type, PACKAGE_IMAGE_TYPE) != 0)
                return err_set(err, RC_INVALID, "a package is a snap or an image, not \"%.32s\"",
                               ask->type);
        if (*ask->snap_id && !actor->is_admin)
                return err_set(err, RC_FORBIDDEN, "only administrators choose an id");
        if (*ask->snap_id && !name_is_snap_id(ask->snap_id))
                return err_set(err, RC_INVALID, "an id is %d letters and digits", SNAP_ID_CHARS);
        if (!actor->is_admin && well_known_id(ask->name))
                return err_set_code(err, RC_EXISTS, "reserved_name", "the name %s is reserved",
                                    ask->name);
        return RC_OK;
}

/* Whose store it is decides whose names it has. */
static enum rc store_check(const struct world *world, const struct actor *actor,
                           const struct catalog *catalog, struct err *err)
{
        const char *store_id = actor_store(world, actor);
        const struct assertion *store = catalog_get_assertion(catalog, "store", store_id, 0);
        const char *operator_id = store ? assertion_text(store, "operator-id") : NULL;

        if (!*store_id)
                return err_set(err, RC_NOT_FOUND, "there is no such store on this server");
        if (actor->is_admin || strcmp(store_id, world_text(world, SET_STORE_ID)) == 0 ||
            (operator_id && strcmp(operator_id, actor->account_id) == 0))
                return RC_OK;
        return err_set(err, RC_FORBIDDEN,
                       "only administrators and its operator register packages in %.64s", store_id);
}

/* The signer gives a name to one package; only what was declared elsewhere can have it again. */
static enum rc name_check(const struct world *world, const struct catalog *catalog,
                          const struct package_row *row, struct arena *arena, struct err *err)
{
        const struct catalog_package *other =
                catalog_find_name(catalog, world_text(world, SET_STORE_ID), row->name);

        if (declaration_of(catalog, row->snap_id, arena))
                return RC_OK;
        for (size_t i = 0; !other && i < catalog_store_count(catalog); i++)
                other = catalog_find_name(catalog, catalog_store_at(catalog, i)->store_id,
                                          row->name);
        if (!other || strcmp(other->store_id, row->store_id) == 0)
                return RC_OK;
        return err_set_code(err, RC_EXISTS, "already_registered",
                            "the name %s is registered already in the store %s of this server",
                            row->name, other->store_id);
}

/* An administrator registers what was declared elsewhere as it is declared: same id, same
 * publisher. */
static enum rc row_make(struct world *world, const struct actor *actor,
                        const struct package_ask *ask, struct arena *arena, struct package_row *row,
                        struct err *err)
{
        const struct catalog *catalog = catalog_acquire(world->catalog);
        const struct assertion *declared = declaration_named(catalog, ask->name);
        const char *known_id = well_known_id(ask->name);
        const char *publisher = actor->account_id;
        char derived[SNAP_ID_CHARS + 1];
        const char *snap_id = derived;
        enum rc rc;

        id_derive(world, actor_store(world, actor), ask->name, derived);
        if (actor->is_admin) {
                snap_id = *ask->snap_id ? ask->snap_id
                          : declared    ? declared->pk[1]
                          : known_id    ? known_id
                                        : derived;
                if (declared && strcmp(declared->pk[1], snap_id) == 0)
                        publisher = assertion_text(declared, "publisher-id");
        }
        *row = (struct package_row){
                .snap_id = arena_strdup(arena, snap_id),
                .store_id = actor_store(world, actor),
                .name = ask->name,
                .publisher_id = arena_strdup(arena, publisher),
                .type = ask->type,
                .is_private = ask->is_private,
                .title = "",
                .summary = "",
                .description = "",
                .default_track = "",
                .created = world_now(world),
        };
        rc = row->snap_id && row->publisher_id ? store_check(world, actor, catalog, err)
                                               : err_set(err, RC_NOMEM, "no memory for a package");
        if (rc == RC_OK)
                rc = name_check(world, catalog, row, arena, err);
        catalog_release(world->catalog, catalog);
        return rc;
}

/* The row is there: with a declaration it is taken, without one an earlier try is finished now. */
static enum rc register_finish(struct world *world, const struct registering *registering,
                               enum rc inserted, struct err *err)
{
        const struct package_row *row = &registering->row;
        struct err ignored = {.text = ""};
        const struct catalog *catalog;
        bool declared;
        enum rc rc;

        if (inserted == RC_EXISTS) {
                catalog = catalog_acquire(world->catalog);
                declared = declaration_of(catalog, row->snap_id, registering->arena) != NULL;
                catalog_release(world->catalog, catalog);
                if (declared || !registering->is_there)
                        return inserted;
        }
        rc = package_declare(world, row, registering->arena, err);
        if (rc != RC_OK && inserted == RC_OK)
                (void)!db_run(world->db, DB_WRITE, undo_body, (void *)row->snap_id, &ignored);
        return rc;
}

enum rc package_register(struct world *world, const struct actor *actor,
                         const struct package_ask *ask, struct arena *arena,
                         const char **ret_snap_id, struct err *err)
{
        struct registering registering = {.actor = actor, .arena = arena};
        enum rc rc;

        rc = ask_check(actor, ask, err);
        if (rc == RC_OK)
                rc = row_make(world, actor, ask, arena, &registering.row, err);
        if (rc != RC_OK)
                return rc;
        rc = db_run(world->db, DB_WRITE, register_body, &registering, err);
        if (rc == RC_OK || rc == RC_EXISTS)
                rc = register_finish(world, &registering, rc, err);
        if (rc == RC_OK)
                rc = catalog_reload_package(world->catalog, registering.row.snap_id, err);
        if (rc == RC_OK)
                *ret_snap_id = registering.row.snap_id;
        return rc;
}
