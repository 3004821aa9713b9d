/* SPDX-License-Identifier: Apache-2.0 */
#include "server/domain/token.h"
#include "core/model/name.h"
#include "server/domain/audit.h"
#include "server/domain/scope.h"
#include "server/domain/token_table.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define KIND_ADMIN      "admin"
#define KIND_SESSION    "session"
#define DESCRIPTION_MAX 512
#define LIST_MAX        2048
#define TOKENS_MAX      1000 /* of an account: all are in memory, and each use of one looks there */
#define SESSION_OF      "session of token %" PRId64

static const char all_permissions[] =
        "package-register,package-view,package-push,package-release,package-manage,account-key,"
        "admin";

static enum rc unknown(struct err *err)
{
        return err_set(err, RC_UNAUTHORIZED, "the token is not valid here");
}

/* --- resolving --- */

enum rc token_resolve(struct world *world, struct arena *arena, const char *text,
                      struct token_row *ret, struct err *err)
{
        struct token_row row;
        struct digest secret;
        enum rc rc;

        if (strlen(text) != TOKEN_CHARS ||
            strncmp(text, TOKEN_PREFIX, sizeof(TOKEN_PREFIX) - 1) != 0)
                return unknown(err);
        sha3_384(text, TOKEN_CHARS, &secret);
        rc = token_table_find(world->tokens, &secret, arena, &row, err);
        if (rc == RC_NOT_FOUND)
                return unknown(err);
        if (rc != RC_OK)
                return rc;
        if (row.expires && row.expires <= world_now(world))
                return err_set_code(err, RC_EXPIRED, "macaroon-permission-required",
                                    "the token has expired");
        *ret = row;
        return RC_OK;
}

const char *token_from_header(struct arena *arena, const char *header)
{
        static const char *const schemes[] = {"macaroon", "bearer"};
        const char *value = NULL;
        const char *end;

        for (size_t i = 0; header && i < ARRAY_COUNT(schemes); i++) {
                const size_t length = strlen(schemes[i]);

                if (strncasecmp(header, schemes[i], length) == 0 && header[length] == ' ')
                        value = header + length + strspn(header + length, " ");
        }
        if (!value)
                return NULL;
        if (strncasecmp(value, "root=", 5) == 0)
                value += 5;
        if (*value != '"') {
                end = value + strcspn(value, ", ");
        } else {
                end = strchr(++value, '"');
        }
        return end && end > value ? arena_memdup(arena, value, (size_t)(end - value)) : NULL;
}

enum rc token_resolve_header(struct world *world, struct arena *arena, const char *header,
                             struct token_row *ret, struct err *err)
{
        const char *text = token_from_header(arena, header);

        if (!text)
                return err_set(err, RC_UNAUTHORIZED, "this call needs a token");
        return token_resolve(world, arena, text, ret, err);
}

bool token_is_admin(const struct world *world, const struct token_row *row)
{
        return strcmp(row->account_id, world_text(world, SET_BRAND_ID)) == 0 &&
               scope_has(row->permissions, "admin");
}

/* --- making --- */

static void secret_make(char text[TOKEN_CHARS + 1], struct digest *ret)
{
        uint8_t bytes[TOKEN_BYTES];

        random_fill(bytes, sizeof(bytes));
        memcpy(text, TOKEN_PREFIX, sizeof(TOKEN_PREFIX) - 1);
        base64url_format(bytes, sizeof(bytes), text + sizeof(TOKEN_PREFIX) - 1);
        sha3_384(text, TOKEN_CHARS, ret);
        bytes_wipe(bytes, sizeof(bytes));
}

struct making {
        struct token_row row;
        const char *by;
        int64_t id;
};

static enum rc room_make(struct db_tx *tx, const struct token_row *row, struct err *err)
{
        size_t count = 0;
        enum rc rc;

        rc = store_token_expire(tx, row->created, err);
        if (rc == RC_OK)
                rc = store_token_count(tx, row->account_id, &count, err);
        if (rc == RC_OK && count >= TOKENS_MAX)
                return err_set(err, RC_TOO_MANY, "an account has %d tokens at most: revoke some",
                               TOKENS_MAX);
        return rc;
}

static enum rc make_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct making *making = arg;
        enum rc rc;

        rc = room_make(tx, &making->row, err);
        if (rc == RC_OK)
                rc = store_token_insert(tx, &making->row, &making->id, err);
        if (rc == RC_CONFLICT)
                return err_set(err, RC_NOT_FOUND, "no account \"%.64s\"", making->row.account_id);
        if (rc != RC_OK || strcmp(making->row.kind, KIND_ADMIN) != 0)
                return rc;
        return audit_add(tx, making->by, "token-create", making->row.account_id,
                         making->row.created, err, "token %" PRId64, making->id);
}

static enum rc token_make(struct world *world, struct making *making, struct token_made *ret,
                          struct err *err)
{
        char text[TOKEN_CHARS + 1];
        enum rc rc;

        secret_make(text, &making->row.secret);
        making->row.created = world_now(world);
        rc = db_run(world->db, DB_WRITE, make_body, making, err);
        if (rc == RC_OK)
                rc = token_table_reload(world->tokens, world->db, err);
        if (rc != RC_OK)
                return rc;
        memcpy(ret->text, text, sizeof(text));
        ret->id = making->id;
        ret->expires = making->row.expires;
        return RC_OK;
}

/* What is not narrowed anew stays as narrow as the actor is. */
static const char *narrowed(const char *asked, const char *own)
{
        return *asked ? asked : own;
}

bool token_model(struct arena *arena, const char *permissions, const char **ret_brand,
                 const char **ret_model)
{
        const char *item;
        size_t length;

        while ((item = scope_next(&permissions, &length))) {
                const size_t prefix = strlen(MODEL_SCOPE);
                char *text;

                if (length <= prefix || strncmp(item, MODEL_SCOPE, prefix) != 0)
                        continue;
                text = arena_memdup(arena, item + prefix, length - prefix);
                *ret_brand = strsep(&text, "/");
                *ret_model = text;
                return *ret_brand && name_is_account(*ret_brand) && *ret_model &&
                       name_is_model(*ret_model);
        }
        return false;
}

/* A model's token may look, and nothing else. */
static enum rc model_check(const struct actor *actor, const char *permissions, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(16 * KIB);
        const char *brand = NULL;
        const char *model = NULL;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a token");
        if (!actor->is_admin)
                return err_set(err, RC_FORBIDDEN, "only administrators make tokens for models");
        if (!token_model(arena, permissions, &brand, &model) || strchr(permissions, ','))
                return err_set(err, RC_INVALID,
                               "a token for a model has the one permission " MODEL_SCOPE
                               "BRAND/MODEL");
        return RC_OK;
}

static enum rc permissions_check(const struct actor *actor, const char *permissions,
                                 struct err *err)
{
        if (!*permissions || scope_is_within(permissions, all_permissions))
                return RC_OK;
        if (strstr(permissions, MODEL_SCOPE))
                return model_check(actor, permissions, err);
        return err_set(err, RC_INVALID, "permissions are some of %s", all_permissions);
}

static enum rc ask_check(const struct actor *actor, const struct token_ask *ask,
                         const struct making *making, struct err *err)
{
        const struct token_row *row = &making->row;
        enum rc rc;

        if (strlen(ask->description) > DESCRIPTION_MAX || strlen(row->permissions) > LIST_MAX ||
            strlen(row->packages) > LIST_MAX || strlen(row->channels) > LIST_MAX)
                return err_set(err, RC_INVALID, "a list or the description is too long");
        rc = permissions_check(actor, row->permissions, err);
        if (rc != RC_OK)
                return rc;
        if (ask->life_sec < 0 || ask->life_sec > TOKEN_LIFE_MAX)
                return err_set(err, RC_INVALID, "a token lives for ten years at most");
        if (strcmp(row->account_id, actor->account_id) != 0 && !actor->is_admin)
                return err_set(err, RC_FORBIDDEN, "only administrators make tokens for others");
        /* Who may make a token for a model is an administrator, and holds no such permission. */
        if ((!strstr(row->permissions, MODEL_SCOPE) &&
             !scope_is_within(row->permissions, actor->permissions)) ||
            !scope_is_within(row->packages, actor->packages) ||
            !scope_is_within(row->channels, actor->channels))
                return err_set_code(err, RC_FORBIDDEN, "macaroon-permission-required",
                                    "a token cannot allow more than the one that makes it");
        return RC_OK;
}

static usec_t earlier(usec_t a, usec_t b)
{
        if (!a || !b)
                return a ? a : b;
        return a < b ? a : b;
}

enum rc token_create(struct world *world, const struct actor *actor, const struct token_ask *ask,
                     struct token_made *ret, struct err *err)
{
        const usec_t life = ask->life_sec ? world_now(world) + ask->life_sec * USEC_PER_SEC : 0;
        struct making making = {
                .by = actor->account_id,
                .row = {.account_id = narrowed(ask->account_id, actor->account_id),
                        .kind = KIND_ADMIN,
                        .permissions = narrowed(ask->permissions, actor->permissions),
                        .packages = narrowed(ask->packages, actor->packages),
                        .channels = narrowed(ask->channels, actor->channels),
                        .description = ask->description,
                        .expires = earlier(life, actor->expires)},
        };
        enum rc rc;

        rc = ask_check(actor, ask, &making, err);
        return rc == RC_OK ? token_make(world, &making, ret, err) : rc;
}

enum rc token_exchange(struct world *world, const char *text, struct token_made *ret,
                       struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(256 * KIB);
        char description[64];
        struct token_row row;
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for a token");
        rc = token_resolve(world, arena, text, &row, err);
        if (rc != RC_OK)
                return rc;
        if (strcmp(row.kind, KIND_ADMIN) != 0)
                return err_set(err, RC_UNAUTHORIZED, "a session token is not exchanged again");
        snprintf(description, sizeof(description), SESSION_OF, row.id);

        struct making making = {.by = row.account_id, .row = row};

        making.row.kind = KIND_SESSION;
        making.row.description = description;
        making.row.expires =
                earlier(row.expires, world_now(world) + TOKEN_SESSION_SEC * USEC_PER_SEC);
        return token_make(world, &making, ret, err);
}

/* --- listing and revoking --- */

struct listing {
        struct arena *arena;
        const char *account_id;
        const struct token_row *rows;
        size_t count;
};

static enum rc list_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct listing *listing = arg;

        return store_token_list(tx, listing->arena, listing->account_id, &listing->rows,
                                &listing->count, err);
}

enum rc token_list(struct world *world, const struct actor *actor, const char *account_id,
                   struct arena *arena, const struct token_row **ret, size_t *ret_count,
                   struct err *err)
{
        struct listing listing = {.arena = arena,
                                  .account_id = narrowed(account_id, actor->account_id)};
        enum rc rc;

        if (strcmp(listing.account_id, actor->account_id) != 0 && !actor->is_admin)
                return err_set(err, RC_FORBIDDEN, "only administrators see the tokens of others");
        rc = db_run(world->db, DB_READ, list_body, &listing, err);
        if (rc != RC_OK)
                return rc;
        *ret = listing.rows;
        *ret_count = listing.count;
        return RC_OK;
}

struct revoking {
        struct arena *arena;
        const struct actor *actor;
        int64_t id;
        usec_t now;
};

/* The owner of the token; administrators revoke everybody's. RC_NOT_FOUND. */
static enum rc owner_find(struct db_tx *tx, const struct revoking *revoking, const char **ret,
                          struct err *err)
{
        const struct account_row *accounts;
        const struct token_row *tokens;
        size_t account_count;
        size_t count;
        enum rc rc;

        rc = store_account_list(tx, revoking->arena, &accounts, &account_count, err);
        for (size_t i = 0; rc == RC_OK && i < account_count; i++) {
                const char *account_id = accounts[i].account_id;

                if (!revoking->actor->is_admin &&
                    strcmp(account_id, revoking->actor->account_id) != 0)
                        continue;
                rc = store_token_list(tx, revoking->arena, account_id, &tokens, &count, err);
                for (size_t t = 0; rc == RC_OK && t < count; t++) {
                        if (tokens[t].id != revoking->id)
                                continue;
                        *ret = account_id;
                        return RC_OK;
                }
        }
        return rc == RC_OK
                       ? err_set(err, RC_NOT_FOUND, "no token %" PRId64 " of yours", revoking->id)
                       : rc;
}

/* A token takes back itself and what it could have made; an administrator everything. */
static enum rc reach_check(const struct revoking *revoking, const struct token_row *token,
                           struct err *err)
{
        const struct actor *actor = revoking->actor;

        if (actor->is_admin || token->id == actor->token_id ||
            (scope_is_within(token->permissions, actor->permissions) &&
             scope_is_within(token->packages, actor->packages) &&
             scope_is_within(token->channels, actor->channels)))
                return RC_OK;
        return err_set_code(err, RC_FORBIDDEN, "macaroon-permission-required",
                            "a token cannot revoke one that allows more");
}

static enum rc revoke_body(struct db_tx *tx, void *arg, struct err *err)
{
        struct revoking *revoking = arg;
        const struct token_row *tokens = NULL;
        const char *owner = "";
        char session[64];
        size_t count = 0;
        enum rc rc;

        snprintf(session, sizeof(session), SESSION_OF, revoking->id);
        rc = owner_find(tx, revoking, &owner, err);
        if (rc == RC_OK)
                rc = store_token_list(tx, revoking->arena, owner, &tokens, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                if (tokens[i].id == revoking->id)
                        rc = reach_check(revoking, &tokens[i], err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                if (tokens[i].id == revoking->id || (strcmp(tokens[i].kind, KIND_SESSION) == 0 &&
                                                     strcmp(tokens[i].description, session) == 0))
                        rc = store_token_revoke(tx, tokens[i].id, err);
        if (rc != RC_OK)
                return rc;
        return audit_add(tx, revoking->actor->account_id, "token-revoke", owner, revoking->now, err,
                         "token %" PRId64, revoking->id);
}

enum rc token_revoke(struct world *world, const struct actor *actor, int64_t id, struct err *err)
{
        CLEANUP(arena_freep) struct arena *arena = arena_new(32 * MIB);
        struct revoking revoking = {arena, actor, id, world_now(world)};
        enum rc rc;

        if (!arena)
                return err_set(err, RC_NOMEM, "no memory for tokens");
        rc = db_run(world->db, DB_WRITE, revoke_body, &revoking, err);
        return rc == RC_OK ? token_table_reload(world->tokens, world->db, err) : rc;
}
