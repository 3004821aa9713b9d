/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/storectl/client.h"
#include "core/base/conf.h"
#include "core/base/fs.h"
#include "core/base/random.h"
#include "core/model/name.h"
#include "tools/storectl/place.h"
#include <string.h>
#include <time.h>

#define TRIES      3
#define JSON_BODY  (4 * MIB)
#define TOKEN_MAX  (16 * KIB)
#define PAUSE_MSEC 500

struct client {
        struct http *http;
};

static enum rc token_read(struct cli *cli, const char *path, struct secret **ret, struct err *err)
{
        char *text = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = fs_read_file(path, TOKEN_MAX, &text, &bytes, err);
        if (rc != RC_OK) {
                cli_hint(cli, EXIT_AUTH, "--token-file FILE with a token of this store");
                return err_prefix(err, rc, "token file");
        }
        while (bytes && strchr(" \t\r\n", text[bytes - 1]))
                bytes--;
        if (bytes && !memchr(text, '\n', bytes) && !memchr(text, '\r', bytes))
                *ret = secret_new_copy(text, bytes);
        bytes_wipe(text, bytes);
        fs_freep(&text);
        if (*ret)
                return RC_OK;
        cli_hint(cli, EXIT_AUTH, "storectl token create, and put its one line into the file");
        return err_set(err, RC_INVALID, "%.150s does not hold one line with a token", path);
}

enum rc client_open(struct cli *cli, struct http **ret, struct err *err)
{
        CLEANUP(secret_freep) struct secret *token = NULL;
        struct client *client = cli->client;
        enum rc rc;

        if (client) {
                *ret = client->http;
                return RC_OK;
        }
        if (cli->store && !name_is_store(cli->store))
                return cli_usage(cli, NULL, err, "%.70s is no store id", cli->store);
        rc = place_find(cli, err);
        if (rc != RC_OK)
                return rc;
        if (cli->token_file) {
                rc = token_read(cli, cli->token_file, &token, err);
                if (rc != RC_OK)
                        return rc;
        }
        client = arena_alloc(cli->arena, sizeof(*client));
        if (!client)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = http_new(cli->url, cli->ca, &token, &client->http, err);
        if (rc != RC_OK) {
                cli_hint(cli, EXIT_USAGE, "--url https://HOST:PORT");
                return rc;
        }
        http_set_store(client->http, cli->store);
        if (http_is_exposed(client->http))
                cli_warn(cli, "the token travels unencrypted to %s", http_base(client->http));
        cli->client = client;
        *ret = client->http;
        return RC_OK;
}

void client_close(struct cli *cli)
{
        if (cli->client)
                http_freep(&cli->client->http);
        cli->client = NULL;
}

/* The first error of an error-list, in either spelling. */
static void error_read(const struct http_answer *answer, char *code, size_t code_max, char *message,
                       size_t message_max)
{
        CLEANUP(jsonx_decref) json_t *json = NULL;
        const json_t *list;

        if (jsonx_parse_object(answer->body, answer->bytes, &json, NULL) != RC_OK)
                return;
        list = json_object_get(json, "error-list");
        if (!list)
                list = json_object_get(json, "error_list");
        snprintf(code, code_max, "%s", client_text(json_array_get(list, 0), "code"));
        snprintf(message, message_max, "%s", client_text(json_array_get(list, 0), "message"));
}

enum rc client_check(struct cli *cli, const struct http_answer *answer, struct err *err)
{
        char code[48] = "";
        char text[200] = "";

        if (answer->status >= 200 && answer->status < 300)
                return RC_OK;
        error_read(answer, code, sizeof(code), text, sizeof(text));
        if (!text[0])
                snprintf(text, sizeof(text), "the store answered with status %ld", answer->status);
        switch (answer->status) {
        case 401:
                cli_hint(cli, EXIT_AUTH,
                         cli->token_file ? "storectl token create for a new token; this one may be "
                                           "expired or revoked"
                                         : "--token-file FILE, or $STOREHOUSE_TOKEN_FILE");
                return err_set_code(err, RC_UNAUTHORIZED, code, "%s", text);
        case 403:
                cli_hint(cli, EXIT_AUTH, "storectl whoami, for what this token may do");
                return err_set_code(err, RC_FORBIDDEN, code, "%s", text);
        case 404:
                cli_hint(cli, EXIT_ABSENT,
                         "storectl packages, or storectl revisions NAME, for what there is");
                return err_set_code(err, RC_NOT_FOUND, code, "%s", text);
        case 408:
        case 429:
                cli_hint(cli, EXIT_NETWORK, "the same again in a minute");
                return err_set_code(err, RC_BUSY, code, "%s", text);
        default:
                break;
        }
        if (answer->status >= 300 && answer->status < 400) {
                cli_hint(cli, EXIT_NETWORK, "--url with the store's own address");
                return err_set(err, RC_BUSY, "the store sends us elsewhere (status %ld)",
                               answer->status);
        }
        if (answer->status >= 500) {
                cli_hint(cli, EXIT_NETWORK, "storectl doctor, on the server");
                return err_set_code(err, RC_BUSY, code, "%s", text);
        }
        cli_hint(cli, EXIT_REJECTED, "storectl help, and correct what the store names");
        return err_set_code(err, RC_REFUSED, code, "%s", text);
}

static void network_hint(struct cli *cli, enum rc rc)
{
        if (rc == RC_UNTRUSTED)
                cli_hint(cli, EXIT_NETWORK, "--ca FILE with the store's ca.pem");
        else if (rc == RC_BUSY || rc == RC_TIMEOUT)
                cli_hint(cli, EXIT_NETWORK, "is the server running, and is --url right?");
}

enum rc client_send_text(struct cli *cli, const struct http_request *request,
                         struct http_answer *ret, struct err *err)
{
        const bool again = strcmp(request->method, "GET") == 0;
        struct http *http = NULL;
        enum rc rc;

        rc = client_open(cli, &http, err);
        if (rc != RC_OK)
                return rc;
        for (int i = 1;; i++) {
                const struct timespec pause = {.tv_nsec = PAUSE_MSEC * 1000000L * i};

                rc = http_send(http, request, cli->arena, ret, err);
                if (!again || i >= TRIES || (rc != RC_OK && rc != RC_BUSY) ||
                    (rc == RC_OK && (ret->status < 502 || ret->status > 504)))
                        break;
                nanosleep(&pause, NULL);
        }
        if (rc != RC_OK) {
                network_hint(cli, rc);
                return rc;
        }
        return client_check(cli, ret, err);
}

enum rc client_send(struct cli *cli, const char *method, const char *path, const json_t *body,
                    json_t **ret, struct err *err)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(JSON_BODY);
        struct http_request request = {.method = method, .path = path};
        struct http_answer answer = {0};
        enum rc rc;

        if (!path)
                return err_set(err, RC_NOMEM, "out of memory");
        if (body) {
                jsonx_dump(&text, body);
                rc = buf_finish(&text, err);
                if (rc != RC_OK)
                        return rc;
                request.body = text.data;
                request.bytes = text.len;
                request.type = "application/json";
        }
        rc = client_send_text(cli, &request, &answer, err);
        if (rc != RC_OK || !ret)
                return rc;
        rc = jsonx_parse(answer.body, answer.bytes, ret, err);
        if (rc != RC_OK) {
                cli_hint(cli, EXIT_NETWORK, "--url: is this a Storehouse server?");
                return err_prefix(err, rc, "the store's answer");
        }
        return RC_OK;
}

enum rc client_get(struct cli *cli, const char *path, json_t **ret, struct err *err)
{
        return client_send(cli, "GET", path, NULL, ret, err);
}

const char *client_path(struct cli *cli, const char *prefix, const char *segment,
                        const char *suffix)
{
        const char *safe = http_escape(cli->arena, segment);

        return safe ? arena_printf(cli->arena, "%s%s%s", prefix, safe, suffix) : NULL;
}

const char *client_text(const json_t *object, const char *field)
{
        const char *text = json_string_value(json_object_get(object, field));

        return text ? text : "";
}

const char *client_join(struct cli *cli, const json_t *list)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(16 * KIB);

        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *item = json_string_value(json_array_get(list, i));

                buf_printf(&text, "%s%s", i ? ", " : "", item ? item : "?");
        }
        return text.data ? arena_strdup(cli->arena, text.data) : "";
}
