/* SPDX-License-Identifier: Apache-2.0 */
/* Roots of others: whose signatures the store believes beside those below its own root. */
#include "core/base/fs.h"
#include "core/keys/keydir.h"
#include "core/model/assertion_type.h"
#include "tools/storectl/assertions.h"
#include "tools/storectl/commands.h"
#include "tools/storectl/place.h"
#include "tools/storectl/table.h"
#include <string.h>
#include <sys/stat.h>

/* Roots that everybody knows are taken by this key only, whatever a file claims. The id is the
 * key's own digest. Source: device.md 12; deploy/trust/canonical.assert holds account and key. */
static const struct {
        const char *account_id;
        const char *key_id;
} well_known[] = {
        {"canonical", "-CvQKAwRQ5h3Ffn10FILJoEZUXOv6km9FwA80-Rcj-f-6jadQ89VRswHNiEB9Lxk"},
};

static const struct assertion *one_find(const struct assertion *const *items, size_t count,
                                        const char *type)
{
        const struct assertion *found = NULL;

        for (size_t i = 0; i < count; i++) {
                if (strcmp(items[i]->type->name, type) != 0)
                        continue;
                if (found)
                        return NULL;
                found = items[i];
        }
        return found;
}

/* The account and its key say each of the other what they must, and that key signed both. */
static enum rc root_check(const struct assertion *account, const struct assertion *key,
                          struct err *err)
{
        CLEANUP(pubkey_freep) struct pubkey *public = NULL;
        const char *owner = assertion_text(key, "account-id");
        enum rc rc;

        if (strcmp(owner, account->pk[0]) != 0 || strcmp(key->authority, owner) != 0 ||
            strcmp(account->authority, owner) != 0)
                return err_set(err, RC_INVALID, "account and account-key are not of one root");
        rc = pubkey_parse(key->body, key->body_count, &public, err);
        if (rc == RC_OK)
                rc = assertion_verify(key, public, err);
        if (rc == RC_OK)
                rc = assertion_verify(account, public, err);
        if (rc != RC_OK)
                return err_prefix(err, rc, "the root %.64s", owner);
        for (size_t i = 0; i < ARRAY_COUNT(well_known); i++)
                if (strcmp(well_known[i].account_id, owner) == 0 &&
                    strcmp(well_known[i].key_id, key->pk[0]) != 0)
                        return err_set(err, RC_UNTRUSTED, "the root key of %s is another one",
                                       owner);
        return RC_OK;
}

/* What is added belongs to whom the folder belongs to: the signer refuses files of others. */
static enum rc root_write(struct cli *cli, const char *dir, const struct assertion *account,
                          const struct assertion *key, struct err *err)
{
        CLEANUP(buf_fini) struct buf text = BUF_INIT(MIB);
        struct keydir_root root = {.account_id = ""};
        enum rc rc;

        assertion_stream_put(&text, key->bytes, key->bytes_count);
        assertion_stream_put(&text, account->bytes, account->bytes_count);
        rc = buf_finish(&text, err);
        if (rc != RC_OK)
                return rc;
        snprintf(root.account_id, sizeof(root.account_id), "%s", account->pk[0]);
        snprintf(root.key_id, sizeof(root.key_id), "%s", key->pk[0]);
        /* The folder's files first: a root without its key would keep the server from starting. */
        rc = keydir_put_public(dir,
                               arena_printf(cli->arena, "root-%s-%.8s", account->pk[0], key->pk[0]),
                               text.data, text.len, err);
        return rc == RC_OK ? keydir_add_root(dir, &root, err) : rc;
}

static enum rc trust_dir(struct cli *cli, const char **ret, struct err *err)
{
        const char *data = NULL;
        enum rc rc;

        rc = place_data(cli, &data, err);
        if (rc != RC_OK)
                return rc;
        *ret = arena_printf(cli->arena, "%s/%s", data, KEYDIR_TRUST_FOLDER);
        return *ret ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

enum rc cmd_trust_add(struct cli *cli, const struct args *args, struct err *err)
{
        const struct assertion **items = NULL;
        const struct assertion *account;
        const struct assertion *key;
        const char *text = NULL;
        const char *dir = NULL;
        size_t count = 0;
        enum rc rc;

        rc = trust_dir(cli, &dir, err);
        if (rc == RC_OK)
                rc = stream_read(cli, args->words[0], &text, &items, &count, err);
        if (rc != RC_OK)
                return rc;
        account = one_find(items, count, "account");
        key = one_find(items, count, "account-key");
        if (count != 2 || !account || !key) {
                cli_hint(cli, EXIT_FAILED,
                         "a file with one account and one account-key; what is "
                         "signed below the root is imported, not trusted");
                return err_set(err, RC_INVALID, "%.150s is not just a root", args->words[0]);
        }
        umask(022);
        rc = root_check(account, key, err);
        if (rc == RC_OK)
                rc = root_write(cli, dir, account, key, err);
        if (rc != RC_OK)
                return rc;
        cli_say(cli, "The store trusts %s by its root key", account->pk[0]);
        cli_say(cli, "  %s", key->pk[0]);
        cli_say(cli, "Next: restart the server, then storectl import FILE.snap FILE.assert");
        cli_result(cli,
                   json_pack("{s:s, s:s}", "account-id", account->pk[0], "root-key", key->pk[0]));
        return RC_OK;
}

enum rc cmd_trust_list(struct cli *cli, const struct args *args, struct err *err)
{
        static const char *const columns[] = {"Account", "Root key"};
        struct table *table = table_new(cli->arena, columns, ARRAY_COUNT(columns));
        struct keydir_root roots[KEYDIR_ROOTS_MAX];
        json_t *list = json_array();
        const char *dir = NULL;
        size_t count = 0;
        enum rc rc;

        (void)args;
        rc = trust_dir(cli, &dir, err);
        if (rc == RC_OK)
                rc = keydir_read_roots(dir, roots, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++) {
                const char *const cells[] = {roots[i].account_id, roots[i].key_id};

                table_add(table, cells);
                json_array_append_new(list,
                                      json_pack("{s:s, s:s}", "account-id", roots[i].account_id,
                                                "root-key", roots[i].key_id));
        }
        if (rc != RC_OK) {
                json_decref(list);
                return rc;
        }
        table_print(table, cli, "The store trusts no root.");
        cli_result(cli, json_pack("{s:o}", "roots", list));
        return RC_OK;
}
