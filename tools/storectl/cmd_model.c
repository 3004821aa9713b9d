/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/assertions.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/table.h"
#include <string.h>

/* The signer fills in these itself, and refuses to be told. */
static enum rc sign_there(struct cli *cli, json_t *headers, const char **ret, struct err *err)
{
        static const char *const own[] = {"type", "authority-id", "timestamp"};
        CLEANUP(jsonx_decref) json_t *body = json_pack("{s:O}", "headers", headers);
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        const char *text = NULL;
        enum rc rc;

        for (size_t i = 0; i < ARRAY_COUNT(own); i++)
                json_object_del(headers, own[i]);
        rc = client_send(cli, "POST", "/api/v1/models", body, &answer, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(answer, "assertion", JSONX_MUST, ASSERTIONS_MAX, &text, err);
        if (rc != RC_OK)
                return rc;
        *ret = arena_strdup(cli->arena, text);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

enum rc cmd_model_sign(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *headers = NULL;
        const char *text = NULL;
        enum rc rc;

        rc = headers_read(cli, args->words[0], &headers, err);
        if (rc != RC_OK)
                return rc;
        if (args_text(args, "key"))
                rc = sign_here(cli, args, headers, &text, err);
        else
                rc = sign_there(cli, headers, &text, err);
        if (rc == RC_OK)
                rc = text_put(cli, args, text, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, json_pack("{s:s}", "assertion", text));
        return RC_OK;
}

enum rc cmd_model_add(struct cli *cli, const struct args *args, struct err *err)
{
        return stream_import(cli, args->words[0], "model", err);
}

enum rc cmd_model_list(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Model", "Brand", "Revision",
                                              "Arch",  "Base",  "Store"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        (void)args;
        rc = client_get(cli, "/api/v1/models", &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "models");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *const cells[] = {
                        client_text(row, "model"),
                        client_text(row, "brand-id"),
                        arena_printf(cli->arena, "%" JSON_INTEGER_FORMAT,
                                     json_integer_value(json_object_get(row, "revision"))),
                        client_text(row, "architecture"),
                        client_text(row, "base"),
                        client_text(row, "store")};

                table_add(table, cells);
        }
        table_print(table, cli, "There is no model. `storectl model sign` makes one.");
        return RC_OK;
}
