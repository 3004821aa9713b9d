/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/clock.h"
#include "core/base/fs.h"
#include "core/base/hex.h"
#include "core/base/random.h"
#include "tools/storectl/client.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/table.h"
#include <string.h>
#include <sys/stat.h>

#define DAY_SEC       ((json_int_t)24 * 3600)
#define DAYS_MAX      3650
#define DAYS_STANDARD 365
#define TOKEN_MAX     ((size_t)16384)

/* Sets a text where the option was given. */
static void option_put(json_t *body, const struct args *args, const char *option, const char *field)
{
        const char *text = args_text(args, option);

        if (text)
                json_object_set_new(body, field, json_string(text));
}

enum rc cmd_account_create(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = json_pack("{s:s}", "username", args->words[0]);
        json_t *account = NULL;
        enum rc rc;

        if (!body)
                return cli_usage(cli, "account create", err, "the name is not UTF-8");
        option_put(body, args, "display-name", "display-name");
        option_put(body, args, "email", "email");
        option_put(body, args, "validation", "validation");
        option_put(body, args, "account-id", "account-id");
        rc = client_send(cli, "POST", "/api/v1/accounts", body, &account, err);
        if (rc != RC_OK)
                return rc;
        cli_say(cli, "Made account %s (%s)", client_text(account, "username"),
                client_text(account, "account-id"));
        cli_say(cli, "Next: storectl token create --account %s",
                client_text(account, "account-id"));
        cli_result(cli, account);
        return RC_OK;
}

enum rc cmd_account_list(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Username", "Account", "Name", "Validation",
                                              "Created"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        (void)args;
        rc = client_get(cli, "/api/v1/accounts", &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "accounts");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *const cells[] = {
                        client_text(row, "username"), client_text(row, "account-id"),
                        client_text(row, "display-name"), client_text(row, "validation"),
                        client_text(row, "created-at")};

                table_add(table, cells);
        }
        table_print(table, cli, "There is no account.");
        return RC_OK;
}

enum rc cmd_account_show(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Key", "Since", "Until", "Id"};
        static const char *const fields[][2] = {
                {"Account", "account-id"}, {"Username", "username"},     {"Name", "display-name"},
                {"Email", "email"},        {"Validation", "validation"}, {"Created", "created-at"}};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        json_t *account = NULL;
        const json_t *keys;
        enum rc rc;

        rc = client_get(cli, client_path(cli, "/api/v1/accounts/", args->words[0], ""), &account,
                        err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, account);
        for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
                cli_say(cli, "%-12s%s", fields[i][0], client_text(account, fields[i][1]));
        cli_say(cli, "%s", "");
        keys = json_object_get(account, "keys");
        for (size_t i = 0; i < json_array_size(keys); i++) {
                const json_t *row = json_array_get(keys, i);
                const char *const cells[] = {client_text(row, "name"), client_text(row, "since"),
                                             client_text(row, "until"),
                                             client_text(row, "public-key-sha3-384")};

                table_add(table, cells);
        }
        table_print(table, cli, "No keys. `storectl key register` adds one.");
        return RC_OK;
}

enum rc cmd_whoami(struct cli *cli, const struct args *args, struct err *err)
{
        json_t *answer = NULL;
        const json_t *account;
        enum rc rc;

        (void)args;
        rc = client_get(cli, "/v1/tokens/whoami", &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        account = json_object_get(answer, "account");
        cli_say(cli, "Account      %s (%s)", client_text(account, "username"),
                client_text(account, "id"));
        for (size_t i = 0; i < 3; i++) {
                static const char *const fields[][2] = {{"Permissions", "permissions"},
                                                        {"Packages", "packages"},
                                                        {"Channels", "channels"}};
                const json_t *list = json_object_get(answer, fields[i][1]);

                cli_say(cli, "%-12s %s", fields[i][0],
                        json_is_array(list) ? client_join(cli, list) : "all");
        }
        if (json_is_string(json_object_get(answer, "expires")))
                cli_say(cli, "Expires      %s", client_text(answer, "expires"));
        return RC_OK;
}

/* "a,b" as a list. */
static void list_put(json_t *body, const struct args *args, const char *option)
{
        const char *text = args_text(args, option);
        json_t *list = text ? json_array() : NULL;

        while (list && *text) {
                const size_t chars = strcspn(text, ",");

                if (chars)
                        json_array_append_new(list, json_stringn(text, chars));
                text += chars + (text[chars] == ',');
        }
        if (list)
                json_object_set_new(body, option, list);
}

/* What snapcraft's on-prem mode reads from its environment (publisher protocol, 1.5). */
static const char *credentials_make(struct cli *cli, const char *token)
{
        CLEANUP(buf_fini) struct buf json = BUF_INIT(TOKEN_MAX * 2);
        CLEANUP(buf_fini) struct buf text = BUF_INIT(TOKEN_MAX * 4);

        buf_text(&json, "{\"t\":\"macaroon\",\"v\":");
        buf_json_string(&json, token);
        buf_char(&json, '}');
        if (!json.failed)
                base64_append(&text, json.data, json.len, 0);
        return text.failed || !text.data ? NULL : arena_strdup(cli->arena, text.data);
}

static enum rc token_write(struct cli *cli, const char *path, const char *token, struct err *err)
{
        const char *line = arena_printf(cli->arena, "%s\n", token);

        if (fs_exists(path)) {
                cli_hint(cli, EXIT_FAILED,
                         "another --out; the new token is not written down, "
                         "revoke it");
                return err_set(err, RC_EXISTS, "%.150s is there already", path);
        }
        return line ? fs_write_file(path, line, strlen(line), 0600, err)
                    : err_set(err, RC_NOMEM, "out of memory");
}

static enum rc token_show(struct cli *cli, const struct args *args, json_t *answer, struct err *err)
{
        const char *token = client_text(answer, "token");
        const char *out = args_text(args, "out");
        const char *credentials = credentials_make(cli, token);
        char id[32];
        enum rc rc;

        if (!*token || !credentials)
                return err_set(err, RC_INVALID, "the store's answer holds no token");
        snprintf(id, sizeof(id), "%" JSON_INTEGER_FORMAT,
                 json_integer_value(json_object_get(answer, "id")));
        if (out) {
                rc = token_write(cli, out, token, err);
                if (rc != RC_OK)
                        return rc;
                json_object_del(answer, "token");
                json_object_set_new(answer, "file", json_string(out));
                cli_say(cli, "Wrote token %s to %s", id, out);
                cli_say(cli, "Next: storectl --token-file %s whoami", out);
                return RC_OK;
        }
        json_object_set_new(answer, "snapcraft-store-credentials", json_string(credentials));
        if (cli->quiet) {
                cli_print(cli, token, strlen(token));
                cli_print(cli, "\n", 1);
                return RC_OK;
        }
        cli_say(cli, "Token %s, valid until %s. It is shown this once:", id,
                client_text(answer, "expires"));
        cli_say(cli, "%s", token);
        cli_say(cli, "For snapcraft (STORE_DASHBOARD_URL=%s/publishergw, STORE_UPLOAD_URL=%s,",
                cli->url, cli->url);
        cli_say(cli, "SNAPCRAFT_STORE_AUTH=onprem):");
        cli_say(cli, "export SNAPCRAFT_STORE_CREDENTIALS=%s", credentials);
        return RC_OK;
}

enum rc cmd_token_create(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = json_object();
        json_t *answer = NULL;
        long days = DAYS_STANDARD;
        enum rc rc;

        rc = args_number(args, "days", 1, DAYS_MAX, &days, err);
        if (rc != RC_OK)
                return cli_usage(cli, "token create", err, "%s", err->text);
        if (args_text(args, "out") && fs_exists(args_text(args, "out")))
                return err_set(err, RC_EXISTS, "%.150s is there already", args_text(args, "out"));
        option_put(body, args, "account", "account");
        option_put(body, args, "description", "description");
        if (args_text(args, "model") && args_text(args, "permissions"))
                return cli_usage(cli, "token create", err,
                                 "--model and --permissions exclude each other");
        list_put(body, args, "permissions");
        if (args_text(args, "model"))
                json_object_set_new(
                        body, "permissions",
                        json_pack("[o]", json_string(arena_printf(cli->arena, "model:%s",
                                                                  args_text(args, "model")))));
        list_put(body, args, "packages");
        list_put(body, args, "channels");
        json_object_set_new(body, "ttl-sec", json_integer(days * DAY_SEC));
        rc = client_send(cli, "POST", "/api/v1/tokens", body, &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        return token_show(cli, args, answer, err);
}

/* No list is no limit. */
static const char *scope(struct cli *cli, const json_t *list)
{
        return json_is_array(list) ? client_join(cli, list) : "all";
}

enum rc cmd_token_list(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Id",       "Kind",     "Account", "Permissions",
                                              "Packages", "Channels", "Expires", "Description"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        const char *account = args_text(args, "account");
        json_t *answer = NULL;
        const json_t *list;
        enum rc rc;

        rc = client_get(cli,
                        account ? client_path(cli, "/api/v1/tokens?account=", account, "")
                                : "/api/v1/tokens",
                        &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, answer);
        list = json_object_get(answer, "tokens");
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *row = json_array_get(list, i);
                const char *const cells[] = {
                        arena_printf(cli->arena, "%" JSON_INTEGER_FORMAT,
                                     json_integer_value(json_object_get(row, "id"))),
                        client_text(row, "kind"),
                        client_text(row, "account-id"),
                        scope(cli, json_object_get(row, "permissions")),
                        scope(cli, json_object_get(row, "packages")),
                        scope(cli, json_object_get(row, "channels")),
                        client_text(row, "expires"),
                        client_text(row, "description")};

                table_add(table, cells);
        }
        table_print(table, cli, "There is no token.");
        return RC_OK;
}

enum rc cmd_token_revoke(struct cli *cli, const struct args *args, struct err *err)
{
        enum rc rc;

        rc = client_send(cli, "DELETE", client_path(cli, "/api/v1/tokens/", args->words[0], ""),
                         NULL, NULL, err);
        if (rc != RC_OK)
                return rc;
        cli_say(cli, "Revoked token %s", args->words[0]);
        cli_result(cli, json_pack("{s:s}", "revoked", args->words[0]));
        return RC_OK;
}
