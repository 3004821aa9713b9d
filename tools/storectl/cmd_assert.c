/* SPDX-License-Identifier: Apache-2.0 */
/* Assertions of every type: looked at, taken out, put in, signed. */
#include "core/model/assertion_type.h"
#include "tools/storectl/assertions.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/table.h"
#include <inttypes.h>
#include <string.h>

enum rc cmd_assert_import(struct cli *cli, const struct args *args, struct err *err)
{
        return stream_import(cli, args->words[0], NULL, err);
}

/* The address of words[0] (the type) and its key; suffix is a query or "". */
static enum rc text_get(struct cli *cli, const struct args *args, const char *suffix,
                        struct http_answer *ret, struct err *err)
{
        struct http_request request = {.method = "GET", .accept = "application/x.ubuntu.assertion"};
        const struct assertion_type *type = assertion_type_find(args->words[0]);

        if (!type)
                return cli_usage(cli, "assert show", err, "there is no assertion type %.60s",
                                 args->words[0]);
        request.path = client_path(cli, "/v2/assertions/", args->words[0], "");
        for (size_t i = 1; i < args->count && request.path; i++)
                request.path = client_path(cli, arena_printf(cli->arena, "%s/", request.path),
                                           args->words[i], "");
        /* The newest point, where the key ends before the number. */
        if (request.path && type->has_sequence && args->count == type->pk_count)
                request.path = arena_printf(cli->arena, "%s?sequence=latest%s%s", request.path,
                                            *suffix ? "&" : "", suffix);
        else if (request.path && *suffix)
                request.path = arena_printf(cli->arena, "%s?%s", request.path, suffix);
        if (!request.path)
                return err_set(err, RC_NOMEM, "out of memory");
        return client_send_text(cli, &request, ret, err);
}

static const char *cell_make(struct cli *cli, const struct value *value)
{
        CLEANUP(jsonx_decref) json_t *json = NULL;
        CLEANUP(buf_fini) struct buf out = BUF_INIT(ASSERTIONS_MAX);

        if (value->kind == VALUE_TEXT)
                return value->text;
        json = value_json(value);
        if (json)
                jsonx_dump(&out, json);
        return arena_strdup(cli->arena, out.data ? out.data : "");
}

enum rc cmd_assert_show(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const columns[] = {"Header", "Value"};
        struct table *table = table_new(cli->arena, columns, ARRAY_COUNT(columns));
        struct http_answer answer = {0};
        struct assertion *assertion = NULL;
        enum rc rc;

        rc = text_get(cli, args, "", &answer, err);
        if (rc == RC_OK)
                rc = assertion_parse(cli->arena, answer.body, answer.bytes, &assertion, err);
        if (rc != RC_OK)
                return rc;
        for (size_t i = 0; i < assertion->headers.count; i++) {
                const char *const cells[] = {assertion->headers.names[i],
                                             cell_make(cli, &assertion->headers.items[i])};

                table_add(table, cells);
        }
        table_print(table, cli, "");
        if (assertion->body)
                cli_say(cli, "\n%s", assertion->body);
        cli_result(cli, json_pack("{s:s, s:o, s:I, s:s*, s:s}", "type", assertion->type->name,
                                  "headers", value_json(&assertion->headers), "revision",
                                  (json_int_t)assertion->revision, "body", assertion->body,
                                  "assertion", answer.body));
        return RC_OK;
}

enum rc cmd_assert_export(struct cli *cli, const struct args *args, struct err *err)
{
        struct http_answer answer = {0};
        enum rc rc;

        rc = text_get(cli, args, args_flag(args, "chain") ? "with=prerequisites" : "", &answer,
                      err);
        if (rc == RC_OK)
                rc = text_put(cli, args, answer.body, err);
        if (rc == RC_OK)
                cli_result(cli, json_pack("{s:s}", "assertions", answer.body));
        return rc;
}

/* --- signing --- */

/* What the signer fills in itself, and refuses to be told. */
static enum rc sign_there(struct cli *cli, json_t *headers, const char *type, const char **ret,
                          struct err *err)
{
        static const char *const own[] = {"type", "authority-id", "timestamp"};
        CLEANUP(jsonx_decref)
        json_t *body = json_pack("{s:s, s:O}", "type", type, "headers", headers);
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        const char *text = NULL;
        enum rc rc;

        for (size_t i = 0; i < ARRAY_COUNT(own); i++)
                json_object_del(headers, own[i]);
        rc = client_send(cli, "POST", "/api/v1/assertions/sign", body, &answer, err);
        if (rc == RC_OK)
                rc = jsonx_get_text(answer, "assertion", JSONX_MUST, ASSERTIONS_MAX, &text, err);
        if (rc != RC_OK)
                return rc;
        *ret = arena_strdup(cli->arena, text);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

enum rc cmd_assert_sign(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *headers = NULL;
        const char *type = args->count > 1 ? args->words[1] : NULL;
        const char *text = NULL;
        enum rc rc;

        rc = headers_read(cli, args->words[0], &headers, err);
        if (rc != RC_OK)
                return rc;
        if (!type)
                type = json_string_value(json_object_get(headers, "type"));
        if (!type || !assertion_type_find(type))
                return cli_usage(cli, "assert sign", err,
                                 type ? "there is no assertion type %.60s"
                                      : "%.100s has no \"type\": name it behind the file",
                                 type ? type : args->words[0]);
        if (args_text(args, "key")) {
                json_object_set_new(headers, "type", json_string(type));
                rc = sign_here(cli, args, headers, &text, err);
        } else {
                type = arena_strdup(cli->arena, type);
                rc = type ? sign_there(cli, headers, type, &text, err)
                          : err_set(err, RC_NOMEM, "out of memory");
        }
        if (rc == RC_OK)
                rc = text_put(cli, args, text, err);
        if (rc == RC_OK)
                cli_result(cli, json_pack("{s:s}", "assertion", text));
        return rc;
}
