/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/clock.h"
#include "core/base/fs.h"
#include "tools/storectl/client.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/devkey.h"
#include "tools/storectl/place.h"
#include "tools/storectl/sign.h"
#include "tools/storectl/table.h"
#include <string.h>

#define PUBLIC_MAX (64 * KIB)

enum rc cmd_key_create(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(secret_freep) struct secret *passphrase = NULL;
        const char *name = args->words[0];
        char id[KEY_ID_CHARS + 1];
        enum rc rc;

        rc = place_passphrase(cli, args_text(args, "passphrase-file"), "STOREHOUSE_PASSPHRASE_FILE",
                              "Passphrase of the new key", true, &passphrase, err);
        if (rc == RC_OK)
                rc = devkey_create(cli, name, passphrase, id, err);
        if (rc != RC_OK)
                return rc;
        cli_say(cli, "Made key %s (%s)", name, id);
        cli_say(cli, "Next: storectl key register %s", name);
        cli_result(cli, json_pack("{s:s, s:s}", "name", name, "public-key-sha3-384", id));
        return RC_OK;
}

enum rc cmd_key_list(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const headers[] = {"Name", "Id"};
        struct table *table = table_new(cli->arena, headers, ARRAY_COUNT(headers));
        struct devkey keys[DEVKEY_MAX];
        json_t *list = json_array();
        size_t count = 0;
        enum rc rc;

        (void)args;
        rc = devkey_list(cli, keys, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                const char *const cells[] = {keys[i].name, keys[i].id};

                table_add(table, cells);
                json_array_append_new(list, json_pack("{s:s, s:s}", "name", keys[i].name,
                                                      "public-key-sha3-384", keys[i].id));
        }
        cli_result(cli, json_pack("{s:o}", "keys", list));
        if (rc == RC_OK)
                table_print(table, cli,
                            "You have no key. `storectl key create default` makes one.");
        return rc;
}

static enum rc request_make(struct cli *cli, const char *name, const char *account,
                            const struct args *args, struct assertion **ret, struct err *err)
{
        CLEANUP(privkey_freep) struct privkey *key = NULL;
        const usec_t now = clock_now(NULL);
        const struct sign_key what = {
                .account_id = account, .name = name, .since = now - now % USEC_PER_SEC};
        enum rc rc;

        rc = devkey_open(cli, name, args, &key, err);
        return rc == RC_OK ? sign_account_key(cli->arena, &what, key, key, ret, err) : rc;
}

/* Whose token this is. */
static enum rc account_get(struct cli *cli, const char **ret, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *answer = NULL;
        const char *id;
        enum rc rc;

        rc = client_get(cli, "/v1/tokens/whoami", &answer, err);
        if (rc != RC_OK)
                return rc;
        id = client_text(json_object_get(answer, "account"), "id");
        *ret = arena_strdup(cli->arena, id);
        return *id && *ret ? RC_OK : err_set(err, RC_INVALID, "the store does not say who we are");
}

enum rc cmd_key_register(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(jsonx_decref) json_t *body = NULL;
        struct assertion *request = NULL;
        const char *account = args_text(args, "account");
        const char *name = args->words[0];
        json_t *answer = NULL;
        enum rc rc = RC_OK;

        if (!account)
                rc = account_get(cli, &account, err);
        if (rc == RC_OK)
                rc = request_make(cli, name, account, args, &request, err);
        if (rc != RC_OK)
                return rc;
        body = json_pack("{s:s}", "account-key-request", request->bytes);
        rc = client_send(cli, "POST", client_path(cli, "/api/v1/accounts/", account, "/keys"), body,
                         &answer, err);
        if (rc != RC_OK)
                return rc;
        cli_say(cli, "Registered key %s (%s) for account %s", name, request->pk[0], account);
        cli_say(cli, "Next: storectl push FILE --release edge");
        cli_result(cli, answer);
        return RC_OK;
}

enum rc cmd_key_export(struct cli *cli, const struct args *args, struct err *err)
{
        CLEANUP(pubkey_freep) struct pubkey *key = NULL;
        CLEANUP(buf_fini) struct buf text = BUF_INIT(PUBLIC_MAX);
        const char *account = args_text(args, "account");
        struct assertion *request = NULL;
        enum rc rc;

        if (account) {
                rc = request_make(cli, args->words[0], account, args, &request, err);
                if (rc != RC_OK)
                        return rc;
                cli_print(cli, request->bytes, request->bytes_count);
                cli_result(cli, json_pack("{s:s}", "account-key-request", request->bytes));
                return RC_OK;
        }
        rc = devkey_public(cli, args->words[0], &key, err);
        if (rc != RC_OK)
                return rc;
        pubkey_format(key, &text);
        rc = buf_finish(&text, err);
        if (rc != RC_OK)
                return rc;
        cli_result(cli, json_pack("{s:s, s:s, s:s}", "name", args->words[0], "public-key-sha3-384",
                                  pubkey_id(key), "public-key", text.data));
        buf_char(&text, '\n');
        cli_print(cli, text.data, text.len);
        return RC_OK;
}
