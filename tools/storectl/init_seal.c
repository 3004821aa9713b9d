/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base/fs.h"
#include "core/base/random.h"
#include "core/keys/keydir.h"
#include "tools/storectl/init.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALED_MAX       (64 * KIB)
#define PASSPHRASE_CHARS 43 /* 256 bits */

void init_fini(struct init *init)
{
        secret_freep(&init->passphrase);
        secret_freep(&init->root_passphrase);
        privkey_freep(&init->root);
        privkey_freep(&init->store);
        privkey_freep(&init->brand);
        bytes_wipe(init->token, sizeof(init->token));
}

const char *init_path(const struct init *init, const char *name)
{
        return arena_printf(init->cli->arena, "%s/%s", init->dir, name);
}

enum rc init_add_public(struct init *init, const char *name, const struct assertion *assertion,
                        struct err *err)
{
        if (init->public_count >= INIT_PUBLIC_MAX)
                return err_set(err, RC_BUG, "over %d public assertions", INIT_PUBLIC_MAX);
        init->public[init->public_count].name = name;
        init->public[init->public_count++].assertion = assertion;
        return RC_OK;
}

static enum rc passphrase_make(struct init *init, struct err *err)
{
        char text[PASSPHRASE_CHARS + 2];
        enum rc rc;

        random_text(text, PASSPHRASE_CHARS);
        init->passphrase = secret_new_copy(text, PASSPHRASE_CHARS);
        text[PASSPHRASE_CHARS] = '\n';
        rc = init->passphrase ? fs_write_file(init_path(init, "keys/passphrase"), text,
                                              PASSPHRASE_CHARS + 1, 0600, err)
                              : err_set(err, RC_NOMEM, "out of memory");
        bytes_wipe(text, sizeof(text));
        init->passphrase_file = "keys/passphrase";
        return rc;
}

static enum rc key_put(const struct init *init, const char *dir, const char *file,
                       const struct privkey *key, const struct secret *passphrase,
                       enum seal_strength strength, struct err *err)
{
        CLEANUP(buf_fini) struct buf sealed = BUF_INIT(SEALED_MAX);
        enum rc rc;

        rc = privkey_seal(key, passphrase, strength, &sealed, err);
        if (rc == RC_OK)
                rc = buf_finish(&sealed, err);
        if (rc != RC_OK)
                return rc;
        return keydir_add_key(init_path(init, dir), file, sealed.data, sealed.len, err);
}

static enum rc role_put(const struct init *init, const char *role, const char *file,
                        const struct privkey *key, struct err *err)
{
        struct keydir_role row = {0};

        snprintf(row.role, sizeof(row.role), "%s", role);
        snprintf(row.file, sizeof(row.file), "%s", file);
        snprintf(row.account_id, sizeof(row.account_id), "%s", init->account_id);
        snprintf(row.key_id, sizeof(row.key_id), "%s", pubkey_id(privkey_pubkey(key)));
        return keydir_write_role(init_path(init, "keys"), &row, err);
}

static enum rc roles_write(struct init *init, struct err *err)
{
        const struct privkey *brand = init->brand ? init->brand : init->store;
        const char *brand_file = init->brand ? "brand.key" : "store.key";
        enum rc rc;

        rc = key_put(init, "keys", "store.key", init->store, init->passphrase, SEAL_INTERACTIVE,
                     err);
        if (rc == RC_OK && init->brand)
                rc = key_put(init, "keys", "brand.key", init->brand, init->passphrase,
                             SEAL_INTERACTIVE, err);
        if (rc == RC_OK)
                rc = role_put(init, "store", "store.key", init->store, err);
        if (rc == RC_OK)
                rc = role_put(init, "serials", "store.key", init->store, err);
        if (rc == RC_OK)
                rc = role_put(init, "brand", brand_file, brand, err);
        return rc;
}

static enum rc trust_write(struct init *init, struct err *err)
{
        const char *dir = init_path(init, KEYDIR_TRUST_FOLDER);
        struct keydir_root root = {0};
        enum rc rc;

        snprintf(root.account_id, sizeof(root.account_id), "%s", init->account_id);
        snprintf(root.key_id, sizeof(root.key_id), "%s", pubkey_id(privkey_pubkey(init->root)));
        rc = keydir_add_root(dir, &root, err);
        for (size_t i = 0; rc == RC_OK && i < init->public_count; i++)
                rc = keydir_put_public(dir, init->public[i].name, init->public[i].assertion->bytes,
                                       init->public[i].assertion->bytes_count, err);
        return rc;
}

enum rc init_write_keys(struct init *init, struct err *err)
{
        enum rc rc;

        rc = keydir_create(init_path(init, "keys"), err);
        if (rc == RC_OK)
                rc = keydir_create(init_path(init, "offline"), err);
        if (rc == RC_OK && !init->passphrase)
                rc = passphrase_make(init, err);
        if (rc == RC_OK)
                rc = roles_write(init, err);
        if (rc == RC_OK)
                rc = key_put(init, "offline", "root.key", init->root,
                             init->root_passphrase ? init->root_passphrase : init->passphrase,
                             SEAL_SENSITIVE, err);
        if (rc == RC_OK)
                rc = trust_write(init, err);
        if (rc == RC_OK && init->two_users)
                rc = keydir_give(init_path(init, "keys"), init->signer.uid, init->signer.gid, err);
        return rc;
}
