/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/sign.h"
#include "core/model/assertion_format.h"
#include "core/model/assertion_type.h"
#include "server/domain/audit.h"
#include "server/domain/issue.h"
#include "server/domain/keep.h"
#include "server/domain/origin.h"
#include <inttypes.h>
#include <string.h>

#define HEADERS_EXTRA 8
#define EVIDENCE_MAX  (512 * KIB)

struct signing {
        struct world *world;
        const struct actor *actor;
        struct arena *arena;
        const struct catalog *catalog;
        const struct sign_row *row;
        const struct assertion_type *type;
        /* The headers so far. */
        const char **names;
        struct value *items;
        size_t count;
        size_t room;
        const struct assertion *known; /* what is not named stays as it says; NULL */
        struct buf evidence;
        struct assertion *issued;
};

/* What may be signed, and what each needs. */
struct sign_row {
        const char *type;
        enum signer_role role;
        const char *brand_header; /* NULL, or the header that is the brand when not given */
        bool builds_on;           /* headers that are not given stay as they were */
        enum rc (*complete)(struct signing *signing, struct err *err);
};

/* --- headers --- */

static const struct value *header_find(const struct signing *signing, const char *name)
{
        for (size_t i = 0; i < signing->count; i++)
                if (strcmp(signing->names[i], name) == 0)
                        return &signing->items[i];
        return NULL;
}

static const char *text_find(const struct signing *signing, const char *name)
{
        const struct value *value = header_find(signing, name);

        return value && value->kind == VALUE_TEXT ? value->text : NULL;
}

static enum rc header_put(struct signing *signing, const char *name, const struct value *value,
                          struct err *err)
{
        if (signing->count == signing->room)
                return err_set(err, RC_TOO_MANY, "too many headers");
        signing->names[signing->count] = name;
        signing->items[signing->count++] = *value;
        return RC_OK;
}

/* Only where it is not given. */
static enum rc text_put(struct signing *signing, const char *name, const char *text,
                        struct err *err)
{
        const struct value value = {.kind = VALUE_TEXT, .text = text};

        if (!text)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        return header_find(signing, name) ? RC_OK : header_put(signing, name, &value, err);
}

static enum rc given_put(struct signing *signing, const struct sign_ask *ask, struct err *err)
{
        enum rc rc = RC_OK;

        signing->room = ask->headers->count + HEADERS_EXTRA;
        signing->names = arena_alloc_array(signing->arena, signing->room, sizeof(const char *));
        signing->items = arena_alloc_array(signing->arena, signing->room, sizeof(struct value));
        if (!signing->names || !signing->items)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        for (size_t i = 0; rc == RC_OK && i < ask->headers->count; i++)
                rc = header_put(signing, ask->headers->names[i], &ask->headers->items[i], err);
        return rc;
}

/* --- what a type needs --- */

static enum rc evidence_add(struct signing *signing, const char *type, const char *pk,
                            struct err *err)
{
        const struct assertion *found =
                pk ? catalog_get_assertion(signing->catalog, type, pk,
                                           assertion_type_find(type)->max_format)
                   : NULL;

        /* What is not known here the signer refuses, and says so. */
        return found ? chain_append(signing->catalog, found, true, signing->arena,
                                    &signing->evidence, err)
                     : RC_OK;
}

/* A package by its id or its name; what it is called and whose it is are not changed here. */
static enum rc declaration_complete(struct signing *signing, struct err *err)
{
        const char *snap_id = text_find(signing, "snap-id");
        const char *name = text_find(signing, "snap-name");
        const char *store = world_text(signing->world, SET_STORE_ID);
        const struct catalog_package *package =
                snap_id ? catalog_find_id(signing->catalog, snap_id)
                : name  ? catalog_find_name(signing->catalog, store, name)
                        : NULL;
        struct origin origin;
        enum rc rc;

        if (!package)
                return err_set(err, RC_NOT_FOUND, "no package \"%.64s\" is registered here",
                               snap_id ? snap_id
                               : name  ? name
                                       : "");
        rc = origin_find(signing->world, signing->catalog, package->snap_id, signing->arena,
                         &origin, err);
        if (rc == RC_OK && origin.is_foreign)
                return err_set_code(err, RC_FORBIDDEN, "declared-elsewhere",
                                    "%.64s is declared by %.64s", package->name,
                                    origin.declaration->authority);
        if (rc == RC_OK)
                rc = text_put(signing, "snap-id", package->snap_id, err);
        if (rc == RC_OK)
                rc = text_put(signing, "snap-name", package->name, err);
        if (rc == RC_OK)
                rc = text_put(signing, "publisher-id", package->publisher_id, err);
        if (rc != RC_OK)
                return rc;
        if (strcmp(text_find(signing, "snap-name"), package->name) != 0 ||
            strcmp(text_find(signing, "publisher-id"), package->publisher_id) != 0)
                return err_set(err, RC_INVALID,
                               "%.64s is published by %.64s: neither is changed by a declaration",
                               package->name, package->publisher_id);
        return evidence_add(signing, "account", package->publisher_id, err);
}

static enum rc store_complete(struct signing *signing, struct err *err)
{
        enum rc rc;

        rc = text_put(signing, "store", world_text(signing->world, SET_STORE_ID), err);
        if (rc == RC_OK)
                rc = text_put(signing, "operator-id", world_text(signing->world, SET_BRAND_ID),
                              err);
        return rc == RC_OK
                       ? evidence_add(signing, "account", text_find(signing, "operator-id"), err)
                       : rc;
}

static enum rc validation_complete(struct signing *signing, struct err *err)
{
        static const char *const ids[] = {"snap-id", "approved-snap-id"};
        enum rc rc = RC_OK;

        for (size_t i = 0; rc == RC_OK && i < ARRAY_COUNT(ids); i++) {
                const char *id = text_find(signing, ids[i]);

                if (!id)
                        return err_set(err, RC_INVALID, "the header \"%s\" is missing", ids[i]);
                rc = evidence_add(signing, "snap-declaration",
                                  arena_printf(signing->arena, "16/%s", id), err);
        }
        return rc;
}

static const struct sign_row sign_rows[] = {
        {"model", SIGNER_BRAND, "brand-id", false, NULL},
        {"validation-set", SIGNER_BRAND, "account-id", false, NULL},
        {"validation", SIGNER_BRAND, NULL, false, validation_complete},
        {"system-user", SIGNER_BRAND, "brand-id", false, NULL},
        {"store", SIGNER_STORE, NULL, true, store_complete},
        {"snap-declaration", SIGNER_STORE, NULL, true, declaration_complete},
};

static const struct sign_row *row_find(const char *type)
{
        for (size_t i = 0; i < ARRAY_COUNT(sign_rows); i++)
                if (strcmp(sign_rows[i].type, type) == 0)
                        return &sign_rows[i];
        return NULL;
}

/* --- completing --- */

static enum rc key_find(const struct signing *signing, const char **ret, struct err *err)
{
        const char *parts[ASSERTION_PK_MAX];

        for (size_t i = 0; i < signing->type->pk_count; i++) {
                parts[i] = text_find(signing, signing->type->pk[i]);
                if (!parts[i])
                        return err_set(err, RC_INVALID, "the header \"%s\" is missing",
                                       signing->type->pk[i]);
        }
        *ret = pk_join(signing->arena, parts, signing->type->pk_count);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "no memory for an assertion");
}

static enum rc headers_complete(struct signing *signing, uint64_t *ret_next, struct err *err)
{
        const struct sign_row *row = signing->row;
        const struct assertion *known;
        const char *pk = NULL;
        enum rc rc = RC_OK;

        if (strcmp(signing->type->pk[0], "series") == 0)
                rc = text_put(signing, "series", "16", err);
        if (rc == RC_OK && row->brand_header)
                rc = text_put(signing, row->brand_header, world_text(signing->world, SET_BRAND_ID),
                              err);
        if (rc == RC_OK && row->complete)
                rc = row->complete(signing, err);
        if (rc == RC_OK)
                rc = key_find(signing, &pk, err);
        if (rc != RC_OK)
                return rc;
        known = catalog_get_assertion(signing->catalog, row->type, pk, signing->type->max_format);
        *ret_next = known ? known->revision + 1 : 0;
        signing->known = row->builds_on ? known : NULL;
        return RC_OK;
}

/* --- issuing and keeping --- */

static enum rc issue_try(struct signing *signing, const struct sign_ask *ask, uint64_t revision,
                         struct err *err)
{
        const size_t count = signing->count;
        struct value headers = {
                .kind = VALUE_MAP, .items = signing->items, .names = signing->names};
        struct signer_request request = {
                .role = signing->row->role,
                .type = ask->type,
                .headers = &headers,
                .body = ask->body,
                .body_bytes = strlen(ask->body),
                .evidence = signing->evidence.data,
                .evidence_bytes = signing->evidence.len,
        };
        enum rc rc;

        rc = text_put(signing, "revision", arena_printf(signing->arena, "%" PRIu64, revision), err);
        headers.count = signing->count;
        signing->count = count;
        if (rc == RC_OK && signing->known)
                rc = issue_build_on(&headers, signing->known, signing->arena, &headers, err);
        request.format = assertion_format_needed(ask->type, &headers);
        return rc == RC_OK ? issue_checked(signing->world, &request, signing->arena,
                                           &signing->issued, err)
                           : rc;
}

static enum rc issue(struct signing *signing, const struct sign_ask *ask, uint64_t next,
                     struct err *err)
{
        const bool chosen = header_find(signing, "revision") != NULL;
        enum rc rc = issue_try(signing, ask, next, err);

        for (int i = 1; !chosen && issue_was_overtaken(rc, err) && i < ISSUE_TRIES; i++)
                rc = issue_try(signing, ask, ++next, err);
        if (rc != RC_NOT_FOUND)
                return rc;
        return err_set_code(err, RC_FORBIDDEN, "brand-key-offline",
                            "the key that signs a %s is not here: sign it where it is, and import "
                            "it",
                            ask->type);
}

static enum rc keep_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct signing *signing = arg;
        const struct assertion *issued = signing->issued;
        const char *ref = assertion_ref(signing->arena, issued);
        const usec_t now = world_now(signing->world);
        uint64_t generation;
        enum rc rc;

        if (!ref)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        rc = assertion_keep_tx(tx, issued, false, now, signing->arena, NULL, err);
        if (rc == RC_OK)
                rc = store_generation_bump(tx, &generation, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, signing->actor->account_id, "sign", ref, now, err, "revision %" PRIu64,
                         issued->revision);
}

static enum rc keep(struct signing *signing, struct err *err)
{
        const struct assertion *issued = signing->issued;
        struct catalog_store *store = signing->world->catalog;
        const char *pk = pk_join(signing->arena, issued->pk, issued->type->pk_count);
        enum rc rc;

        if (!pk)
                return err_set(err, RC_NOMEM, "no memory for an assertion");
        rc = db_run(signing->world->db, DB_WRITE, keep_body, signing, err);
        if (rc == RC_OK)
                rc = catalog_reload_assertion(store, issued->type->name, pk, err);
        if (rc == RC_OK && strcmp(issued->type->name, "snap-declaration") == 0)
                rc = catalog_reload_package(store, issued->pk[1], err);
        return rc;
}

enum rc assertion_sign(struct world *world, const struct actor *actor, const struct sign_ask *ask,
                       struct arena *arena, const struct assertion **ret, struct err *err)
{
        struct signing signing = {.world = world,
                                  .actor = actor,
                                  .arena = arena,
                                  .row = row_find(ask->type),
                                  .type = assertion_type_find(ask->type),
                                  .evidence = BUF_INIT(EVIDENCE_MAX)};
        uint64_t next = 0;
        enum rc rc;

        if (!signing.row)
                return err_set(err, RC_UNSUPPORTED,
                               "a %.60s is not signed by the store: sign it with its own key, and "
                               "import it",
                               ask->type);
        signing.catalog = catalog_acquire(world->catalog);
        rc = given_put(&signing, ask, err);
        if (rc == RC_OK)
                rc = headers_complete(&signing, &next, err);
        if (rc == RC_OK)
                rc = issue(&signing, ask, next, err);
        if (rc == RC_OK)
                rc = keep(&signing, err);
        catalog_release(world->catalog, signing.catalog);
        buf_fini(&signing.evidence);
        if (rc == RC_OK)
                *ret = signing.issued;
        return rc;
}
