/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/accounts: publishers and their keys. */
#include "server/api/publisher.h"
#include "server/domain/account.h"
#include <string.h>

static json_t *json_account(const struct account_row *row)
{
        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "account-id", row->account_id,
                         "username", row->username, "display-name", row->display_name, "email",
                         row->email, "validation", row->validation, "created-at",
                         json_time(row->created));
}

static json_t *text_or_null(const char *text)
{
        return text ? json_string(text) : json_null();
}

static json_t *json_key(const struct assertion *key)
{
        return json_pack("{s:o, s:s, s:o, s:o}", "name", text_or_null(assertion_text(key, "name")),
                         "public-key-sha3-384", key->pk[0], "since",
                         text_or_null(assertion_text(key, "since")), "until",
                         text_or_null(assertion_text(key, "until")));
}

static void key_append(void *context, const struct assertion *key)
{
        json_array_append_new(context, json_key(key));
}

enum rc account_list_get(void *context, struct request *request, struct response *response,
                         struct err *err)
{
        const struct account_row *rows = NULL;
        struct page page = {0, 0};
        size_t count = 0;
        json_t *list;
        enum rc rc;

        rc = account_list(context, request->arena, &rows, &count, err);
        if (rc == RC_OK)
                rc = request_page(request, count, &page, err);
        if (rc != RC_OK)
                return rc;
        list = json_array();
        for (size_t i = page.first; i < page.end; i++)
                json_array_append_new(list, json_account(&rows[i]));
        return answer(response, 200, json_pack("{s:o}", "accounts", list), err);
}

enum rc account_create_post(void *context, struct request *request, struct response *response,
                            struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        struct account_ask ask = {.username = NULL};
        struct account_row row;
        enum rc rc;

        rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "username", JSONX_MUST, NAME_TEXT_MAX, &ask.username,
                                    err);
        if (rc == RC_OK)
                rc = json_get_text(body, "display-name", NAME_TEXT_MAX, &ask.display_name, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "email", NAME_TEXT_MAX, &ask.email, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "validation", NAME_TEXT_MAX, &ask.validation, err);
        if (rc == RC_OK)
                rc = json_get_text(body, "account-id", NAME_TEXT_MAX, &ask.account_id, err);
        if (rc == RC_OK)
                rc = account_create(context, &actor, &ask, request->arena, &row, err);
        return rc == RC_OK ? answer(response, 201, json_account(&row), err) : rc;
}

enum rc account_get(void *context, struct request *request, struct response *response,
                    struct err *err)
{
        struct account_row row;
        json_t *account;
        json_t *keys;
        enum rc rc;

        rc = account_find(context, request->params[0], request->arena, &row, err);
        if (rc != RC_OK)
                return rc;
        account = json_account(&row);
        keys = json_array();
        account_keys_each(request_identity(request)->catalog, row.account_id, key_append, keys);
        json_object_set_new(account, "keys", keys);
        return answer(response, 200, account, err);
}

enum rc account_key_post(void *context, struct request *request, struct response *response,
                         struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const struct actor actor = request_actor(request);
        const struct assertion *key = NULL;
        const char *text = NULL;
        struct account_row row;
        enum rc rc;

        rc = identity_may(request_identity(request), "account-key", err);
        if (rc == RC_OK)
                rc = account_find(context, request->params[0], request->arena, &row, err);
        if ((rc == RC_OK || rc == RC_NOT_FOUND) && !actor.is_admin &&
            (rc == RC_NOT_FOUND || strcmp(row.account_id, actor.account_id) != 0))
                return err_set(err, RC_FORBIDDEN, "keys are for one's own account");
        if (rc == RC_OK)
                rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "account-key-request", JSONX_MUST, PUBLISHER_BODY_MAX,
                                    &text, err);
        if (rc == RC_OK)
                rc = account_key_register(context, &actor, row.account_id, text, request->arena,
                                          &key, err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 201, json_pack("{s:o}", "account-key", json_key(key)), err);
}
