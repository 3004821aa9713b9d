/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/tokens: make, list, revoke. */
#include "core/model/name.h"
#include "server/api/publisher.h"
#include "server/domain/account.h"
#include <string.h>

#define DESCRIPTION_TEXT_MAX 512

static json_t *json_token(const struct token_row *row)
{
        return json_pack("{s:I, s:s, s:s, s:o, s:o, s:o, s:s, s:o, s:o}", "id", (json_int_t)row->id,
                         "kind", row->kind, "account-id", row->account_id, "permissions",
                         json_list(row->permissions, true), "packages",
                         json_list(row->packages, true), "channels", json_list(row->channels, true),
                         "description", row->description, "expires", json_time(row->expires),
                         "created-at", json_time(row->created));
}

/* An id or a username, as its id. */
static enum rc account_resolve(struct world *world, struct request *request, const char *name,
                               const char **ret, struct err *err)
{
        struct account_row row;
        enum rc rc;

        *ret = "";
        if (!*name)
                return RC_OK;
        rc = account_find(world, name, request->arena, &row, err);
        if (rc == RC_OK)
                *ret = row.account_id;
        /* Who is no administrator learns nothing of who is here. */
        if (rc == RC_NOT_FOUND && !request_identity(request)->is_admin)
                return err_set(err, RC_FORBIDDEN, "only administrators ask for other accounts");
        return rc;
}

enum rc token_list_get(void *context, struct request *request, struct response *response,
                       struct err *err)
{
        const struct actor actor = request_actor(request);
        const char *asked = request_query(request, "account");
        const struct token_row *rows = NULL;
        const char *account_id = "";
        struct page page = {0, 0};
        size_t count = 0;
        json_t *list;
        enum rc rc;

        rc = account_resolve(context, request, asked ? asked : "", &account_id, err);
        if (rc == RC_OK)
                rc = token_list(context, &actor, account_id, request->arena, &rows, &count, err);
        if (rc == RC_OK)
                rc = request_page(request, count, &page, err);
        if (rc != RC_OK)
                return rc;
        list = json_array();
        for (size_t i = page.first; i < page.end; i++)
                json_array_append_new(list, json_token(&rows[i]));
        return answer(response, 200, json_pack("{s:o}", "tokens", list), err);
}

/* A misspelt "packages" would otherwise make a token for every package. */
static enum rc fields_check(const json_t *body, struct err *err)
{
        static const char *const known[] = {"account",  "permissions", "packages",
                                            "channels", "description", "ttl-sec"};
        void *at = json_object_iter((json_t *)body);

        for (; at; at = json_object_iter_next((json_t *)body, at)) {
                size_t i = 0;

                while (i < ARRAY_COUNT(known) && strcmp(known[i], json_object_iter_key(at)) != 0)
                        i++;
                if (i == ARRAY_COUNT(known))
                        return err_set(err, RC_INVALID, "a token has no field \"%.40s\"",
                                       json_object_iter_key(at));
        }
        return RC_OK;
}

static enum rc ask_read(struct world *world, struct request *request, const json_t *body,
                        struct token_ask *ask, struct err *err)
{
        const char *account = "";
        enum rc rc;

        rc = fields_check(body, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "account", NAME_TEXT_MAX, &account, err);
        if (rc == RC_OK)
                rc = account_resolve(world, request, account, &ask->account_id, err);
        if (rc == RC_OK)
                rc = json_get_joined(body, "permissions", request->arena, &ask->permissions, err);
        if (rc == RC_OK)
                rc = json_get_joined(body, "packages", request->arena, &ask->packages, err);
        if (rc == RC_OK)
                rc = json_get_joined(body, "channels", request->arena, &ask->channels, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "description", DESCRIPTION_TEXT_MAX, &ask->description,
                                   err);
        if (rc == RC_OK)
                rc = jsonx_get_int(body, "ttl-sec", JSONX_MAY, 1, TOKEN_LIFE_MAX, &ask->life_sec,
                                   err);
        return rc;
}

enum rc token_create_post(void *context, struct request *request, struct response *response,
                          struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        struct token_ask ask = {.account_id = ""};
        struct token_made made;
        enum rc rc;

        /* A token that leaked from a build machine must not outlive its revocation in children. */
        rc = identity_may(request_identity(request), "admin", err);
        if (rc == RC_OK)
                rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = ask_read(context, request, body, &ask, err);
        if (rc == RC_OK)
                rc = token_create(context, &actor, &ask, &made, err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 201,
                      json_pack("{s:I, s:s, s:o}", "id", (json_int_t)made.id, "token", made.text,
                                "expires", json_time(made.expires)),
                      err);
}

enum rc token_delete(void *context, struct request *request, struct response *response,
                     struct err *err)
{
        const struct actor actor = request_actor(request);
        uint64_t id = 0;
        enum rc rc;

        if (number_parse_u64(request->params[0], INT64_MAX, &id) != RC_OK)
                return err_set(err, RC_NOT_FOUND, "no token \"%.32s\"", request->params[0]);
        rc = token_revoke(context, &actor, (int64_t)id, err);
        if (rc == RC_OK)
                response_status(response, 204);
        return rc;
}
