/* SPDX-License-Identifier: Apache-2.0 */
/* /v1/tokens: an admin token becomes a session, and who a token is. */
#include "server/api/publisher.h"
#include "server/domain/account.h"

#define TOKEN_TEXT_MAX 256

enum rc token_exchange_post(void *context, struct request *request, struct response *response,
                            struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        const char *text = NULL;
        struct token_made made;
        enum rc rc;

        rc = api_body(request, &body, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(body, "macaroon", JSONX_MUST, TOKEN_TEXT_MAX, &text, err);
        if (rc == RC_OK)
                rc = token_exchange(context, text, &made, err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 200, json_pack("{s:s}", "macaroon", made.text), err);
}

enum rc token_whoami_get(void *context, struct request *request, struct response *response,
                         struct err *err)
{
        const struct actor actor = request_actor(request);
        struct account_row row;
        enum rc rc;

        rc = account_find(context, actor.account_id, request->arena, &row, err);
        if (rc != RC_OK)
                return rc;
        return answer(response, 200,
                      json_pack("{s:{s:s, s:s, s:s, s:s, s:s}, s:o, s:o, s:o, s:[]}", "account",
                                "id", row.account_id, "email", row.email, "username", row.username,
                                "name", row.display_name, "display-name", row.display_name,
                                "permissions", json_list(actor.permissions, true), "channels",
                                json_list(actor.channels, true), "packages",
                                json_list(actor.packages, true), "errors"),
                      err);
}
