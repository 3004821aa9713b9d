/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/clock.h"
#include "core/base/fs.h"
#include "core/model/assertion_type.h"
#include "tools/storectl/client.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/place.h"
#include "tools/storectl/sign.h"
#include "tools/storectl/table.h"
#include <string.h>
#include <unistd.h>

#define JSON_MAX   MIB
#define KEY_MAX    (64 * KIB)
#define STREAM_MAX (16 * MIB)

static enum rc input_read(struct cli *cli, const char *path, size_t max, char **ret,
                          size_t *ret_bytes, struct err *err)
{
        enum rc rc;

        rc = strcmp(path, "-") == 0 ? fs_read_fd(STDIN_FILENO, max, ret, ret_bytes, err)
                                    : fs_read_file(path, max, ret, ret_bytes, err);
        if (rc != RC_OK)
                cli_hint(cli, EXIT_FAILED, "a file that can be read, of at most %zu bytes", max);
        return rc;
}

static enum rc headers_read(struct cli *cli, const char *path, json_t **ret, struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = input_read(cli, path, JSON_MAX, &text, &bytes, err);
        if (rc == RC_OK)
                rc = jsonx_parse_object(text, bytes, ret, err);
        return rc == RC_OK ? RC_OK : err_prefix(err, rc, "%.100s", path);
}

static enum rc key_open(struct cli *cli, const struct args *args, struct privkey **ret,
                        struct err *err)
{
        CLEANUP(secret_freep) struct secret *passphrase = NULL;
        CLEANUP(fs_freep) char *text = NULL;
        const char *path = args_text(args, "key");
        size_t bytes = 0;
        enum rc rc;

        rc = fs_read_file(path, KEY_MAX, &text, &bytes, err);
        if (rc == RC_OK)
                rc = place_passphrase(cli, args_text(args, "passphrase-file"),
                                      "STOREHOUSE_PASSPHRASE_FILE", "Passphrase of the key", false,
                                      &passphrase, err);
        if (rc == RC_OK)
                rc = privkey_unseal(text, bytes, passphrase, ret, err);
        return rc == RC_OK ? RC_OK : err_prefix(err, rc, "%.100s", path);
}

static enum rc sign_here(struct cli *cli, const struct args *args, const json_t *headers,
                         const char **ret, struct err *err)
{
        CLEANUP(privkey_freep) struct privkey *key = NULL;
        struct assertion *assertion = NULL;
        enum rc rc;

        rc = key_open(cli, args, &key, err);
        if (rc == RC_OK)
                rc = sign_from_json(cli->arena, headers, key, clock_now(NULL), &assertion, err);
        if (rc == RC_OK)
                *ret = assertion->bytes;
        return rc;
}

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
                rc = jsonx_get_text(answer, "assertion", JSONX_MUST, STREAM_MAX, &text, err);
        if (rc != RC_OK)
                return rc;
        *ret = arena_strdup(cli->arena, text);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

enum rc cmd_model_sign(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *headers = NULL;
        const char *out = args_text(args, "out");
        const char *text = NULL;
        enum rc rc;

        rc = headers_read(cli, args->words[0], &headers, err);
        if (rc != RC_OK)
                return rc;
        if (args_text(args, "key"))
                rc = sign_here(cli, args, headers, &text, err);
        else
                rc = sign_there(cli, headers, &text, err);
        if (rc == RC_OK && out)
                rc = fs_write_file(out, text, strlen(text), 0644, err);
        if (rc != RC_OK)
                return rc;
        if (out)
                cli_say(cli, "Wrote %s", out);
        else
                cli_print(cli, text, strlen(text));
        cli_result(cli, json_pack("{s:s}", "assertion", text));
        return RC_OK;
}

static enum rc stream_send(struct cli *cli, const char *path, const char *type, struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        struct http_request request = {.method = "POST",
                                       .path = "/api/v1/assertions",
                                       .type = "application/x.ubuntu.assertion"};
        struct http_answer answer = {0};
        struct assertion_stream stream;
        struct assertion *assertion = NULL;
        json_t *json = NULL;
        const json_t *list;
        size_t bytes = 0;
        enum rc rc;

        rc = input_read(cli, path, STREAM_MAX, &text, &bytes, err);
        if (rc != RC_OK)
                return rc;
        /* Read here first: a broken file is told from what the store refuses. */
        assertion_stream_init(&stream, text, bytes);
        while ((rc = assertion_stream_next(&stream, cli->arena, &assertion, err)) == RC_OK)
                if (type && stream.count == 1 && strcmp(assertion->type->name, type) != 0)
                        return err_set(err, RC_INVALID, "%.100s holds a %s, no %s", path,
                                       assertion->type->name, type);
        if (rc != RC_END)
                return err_prefix(err, rc, "%.100s", path);
        if (!stream.count)
                return err_set(err, RC_INVALID, "%.100s holds no assertion", path);
        request.body = text;
        request.bytes = bytes;
        rc = client_send_text(cli, &request, &answer, err);
        if (rc == RC_OK)
                rc = jsonx_parse_object(answer.body, answer.bytes, &json, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, json);
        list = json_object_get(json, "assertions");
        for (size_t i = 0; i < json_array_size(list); i++)
                cli_say(cli, "%-6s %s", client_text(json_array_get(list, i), "result"),
                        client_text(json_array_get(list, i), "ref"));
        return RC_OK;
}

enum rc cmd_model_add(struct cli *cli, const struct args *args, struct err *err)
{
        return stream_send(cli, args->words[0], "model", err);
}

enum rc cmd_assert_import(struct cli *cli, const struct args *args, struct err *err)
{
        return stream_send(cli, args->words[0], NULL, err);
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

enum rc cmd_assert_show(struct cli *cli, const struct args *args, struct err *err)
{
        struct http_request request = {.method = "GET", .accept = "application/x.ubuntu.assertion"};
        struct http_answer answer = {0};
        enum rc rc;

        request.path = client_path(cli, "/v2/assertions/", args->words[0], "");
        for (size_t i = 1; i < args->count && request.path; i++)
                request.path = client_path(cli, arena_printf(cli->arena, "%s/", request.path),
                                           args->words[i], "");
        if (!request.path)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = client_send_text(cli, &request, &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_print(cli, answer.body, answer.bytes);
        cli_result(cli, json_pack("{s:s}", "assertion", answer.body));
        return RC_OK;
}
