/* SPDX-License-Identifier: Apache-2.0 */
/* A root that was made before: its account is root, store authority and brand at once. */
#include "core/base/fs.h"
#include "core/base/random.h"
#include "core/model/name.h"
#include "tools/storectl/init.h"
#include <string.h>

#define FILE_MAX (64 * KIB)

static enum rc text_read(struct init *init, const char *name, char **ret, size_t *ret_bytes,
                         struct err *err)
{
        const char *path = arena_printf(init->cli->arena, "%s/%s", init->kit, name);
        enum rc rc;

        if (!path)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = fs_read_file(path, FILE_MAX, ret, ret_bytes, err);
        if (rc != RC_OK)
                cli_hint(init->cli, EXIT_FAILED,
                         "--root-from DIR with account-id, root-account.assert, "
                         "root-account-key.assert, store-account-key.assert, root.pem, store.pem");
        return rc;
}

static enum rc key_read(struct init *init, const char *name, struct privkey **ret, struct err *err)
{
        char *text = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = text_read(init, name, &text, &bytes, err);
        if (rc != RC_OK)
                return rc;
        rc = privkey_parse_pem(text, bytes, ret, err);
        bytes_wipe(text, bytes);
        fs_freep(&text);
        return rc == RC_OK ? RC_OK : err_prefix(err, rc, "%s", name);
}

static enum rc assertion_read(struct init *init, const char *name, const char *type,
                              const struct pubkey *signer, const struct assertion **ret,
                              struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        struct assertion *assertion = NULL;
        char *kept;
        size_t bytes = 0;
        enum rc rc;

        rc = text_read(init, arena_printf(init->cli->arena, "%s.assert", name), &text, &bytes, err);
        if (rc != RC_OK)
                return rc;
        kept = arena_memdup(init->cli->arena, text, bytes);
        if (!kept)
                return err_set(err, RC_NOMEM, "out of memory");
        rc = assertion_parse(init->cli->arena, kept, bytes, &assertion, err);
        if (rc == RC_OK && strcmp(assertion_text(assertion, "type"), type) != 0)
                rc = err_set(err, RC_INVALID, "not of type %s", type);
        if (rc == RC_OK)
                rc = assertion_verify(assertion, signer, err);
        if (rc == RC_OK && strcmp(assertion_text(assertion, "account-id"), init->account_id) != 0)
                rc = err_set(err, RC_INVALID, "it belongs to another account");
        if (rc != RC_OK)
                return err_prefix(err, rc, "%s.assert", name);
        *ret = assertion;
        return init_add_public(init, name, assertion, err);
}

static enum rc account_id_read(struct init *init, struct err *err)
{
        CLEANUP(fs_freep) char *text = NULL;
        size_t bytes = 0;
        enum rc rc;

        rc = text_read(init, "account-id", &text, &bytes, err);
        if (rc != RC_OK)
                return rc;
        text[strcspn(text, " \r\n")] = '\0';
        if (!name_is_account(text))
                return err_set(err, RC_INVALID, "account-id: not an account id");
        if (init->account_id && strcmp(init->account_id, text) != 0)
                return err_set(err, RC_INVALID, "the root in %.100s belongs to account %s, not %s",
                               init->kit, text, init->account_id);
        init->account_id = arena_strdup(init->cli->arena, text);
        return init->account_id ? RC_OK : err_set(err, RC_NOMEM, "out of memory");
}

static enum rc key_compare(const struct assertion *account_key, const struct privkey *key,
                           const char *name, struct err *err)
{
        if (strcmp(account_key->pk[0], pubkey_id(privkey_pubkey(key))) != 0)
                return err_set(err, RC_INVALID, "%s.pem and %s-account-key.assert are two keys",
                               name, name);
        return RC_OK;
}

enum rc init_read_kit(struct init *init, struct err *err)
{
        const struct assertion *account = NULL;
        const struct assertion *root = NULL;
        const struct assertion *store = NULL;
        const struct assertion *repair = NULL;
        const struct pubkey *signer;
        enum rc rc;

        rc = account_id_read(init, err);
        if (rc == RC_OK)
                rc = key_read(init, "root.pem", &init->root, err);
        if (rc == RC_OK)
                rc = key_read(init, "store.pem", &init->store, err);
        if (rc != RC_OK)
                return rc;
        signer = privkey_pubkey(init->root);
        rc = assertion_read(init, "root-account-key", "account-key", signer, &root, err);
        if (rc == RC_OK)
                rc = assertion_read(init, "root-account", "account", signer, &account, err);
        if (rc == RC_OK)
                rc = assertion_read(init, "store-account-key", "account-key", signer, &store, err);
        if (rc == RC_OK)
                rc = key_compare(root, init->root, "root", err);
        if (rc == RC_OK)
                rc = key_compare(store, init->store, "store", err);
        if (rc == RC_OK &&
            fs_exists(arena_printf(init->cli->arena, "%s/repair-account-key.assert", init->kit)))
                rc = assertion_read(init, "repair-account-key", "account-key", signer, &repair,
                                    err);
        if (rc != RC_OK)
                return rc;
        init->username = assertion_text(account, "username");
        if (!init->username)
                init->username = init->account_id;
        init->display_name = assertion_text(account, "display-name");
        return RC_OK;
}
