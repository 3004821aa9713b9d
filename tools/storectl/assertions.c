/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/assertions.h"
#include "core/base/fs.h"
#include "core/model/assertion_type.h"
#include "tools/storectl/place.h"
#include "tools/storectl/sign.h"
#include <string.h>
#include <unistd.h>

#define JSON_MAX  MIB
#define KEY_MAX   (64 * KIB)
#define COUNT_MAX 1000

enum rc input_read(struct cli *cli, const char *path, size_t max, char **ret, size_t *ret_bytes,
                   struct err *err)
{
        enum rc rc;

        rc = strcmp(path, "-") == 0 ? fs_read_fd(STDIN_FILENO, max, ret, ret_bytes, err)
                                    : fs_read_file(path, max, ret, ret_bytes, err);
        if (rc != RC_OK)
                cli_hint(cli, EXIT_FAILED, "a file that can be read, of at most %zu bytes", max);
        return rc;
}

enum rc headers_read(struct cli *cli, const char *path, json_t **ret, struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = input_read(cli, path, JSON_MAX, &text, &bytes, err);
        if (rc == RC_OK)
                rc = jsonx_parse_object(text, bytes, ret, err);
        return rc == RC_OK ? RC_OK : err_prefix(err, rc, "%.100s", path);
}

enum rc stream_read(struct cli *cli, const char *path, const char **ret_text,
                    const struct assertion ***ret, size_t *ret_count, struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        const struct assertion **items = arena_alloc_array(cli->arena, COUNT_MAX, sizeof(*items));
        struct assertion_stream stream;
        struct assertion *assertion = NULL;
        const char *kept;
        size_t bytes = 0;
        enum rc rc;

        rc = input_read(cli, path, ASSERTIONS_MAX, &text, &bytes, err);
        if (rc != RC_OK)
                return rc;
        kept = arena_memdup(cli->arena, text, bytes);
        if (!kept || !items)
                return err_set(err, RC_NOMEM, "out of memory");
        assertion_stream_init(&stream, kept, bytes);
        while ((rc = assertion_stream_next(&stream, cli->arena, &assertion, err)) == RC_OK) {
                if (stream.count > COUNT_MAX)
                        return err_set(err, RC_TOO_MANY, "%.100s holds more than %d assertions",
                                       path, COUNT_MAX);
                items[stream.count - 1] = assertion;
        }
        if (rc != RC_END)
                return err_prefix(err, rc, "%.100s", path);
        if (!stream.count)
                return err_set(err, RC_INVALID, "%.100s holds no assertion", path);
        *ret_text = kept;
        *ret = items;
        *ret_count = stream.count;
        return RC_OK;
}

enum rc stream_import(struct cli *cli, const char *path, const char *type, struct err *err)
{
        struct http_request request = {.method = "POST",
                                       .path = "/api/v1/assertions",
                                       .type = "application/x.ubuntu.assertion"};
        const struct assertion **items = NULL;
        struct http_answer answer = {0};
        const char *text = NULL;
        json_t *json = NULL;
        const json_t *list;
        size_t count = 0;
        enum rc rc;

        /* Read here first: a broken file is told from what the store refuses. */
        rc = stream_read(cli, path, &text, &items, &count, err);
        if (rc != RC_OK)
                return rc;
        if (type && strcmp(items[0]->type->name, type) != 0)
                return err_set(err, RC_INVALID, "%.100s holds a %s, no %s", path,
                               items[0]->type->name, type);
        request.body = text;
        request.bytes = strlen(text);
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

enum rc sign_here(struct cli *cli, const struct args *args, const json_t *headers, const char **ret,
                  struct err *err)
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

enum rc text_put(struct cli *cli, const struct args *args, const char *text, struct err *err)
{
        const char *out = args_text(args, "out");
        enum rc rc = RC_OK;

        if (out)
                rc = fs_write_file(out, text, strlen(text), 0644, err);
        if (rc != RC_OK)
                return rc;
        if (out)
                cli_say(cli, "Wrote %s", out);
        else
                cli_print(cli, text, strlen(text));
        return RC_OK;
}

/* The reader of headers bounds how deep they nest. */
json_t *value_json(const struct value *value)
{
        json_t *json;

        if (value->kind == VALUE_TEXT)
                return json_string(value->text);
        json = value->kind == VALUE_MAP ? json_object() : json_array();
        for (size_t i = 0; i < value->count; i++) {
                if (value->kind == VALUE_MAP)
                        json_object_set_new(json, value->names[i], value_json(&value->items[i]));
                else
                        json_array_append_new(json, value_json(&value->items[i]));
        }
        return json;
}
