/* SPDX-License-Identifier: Apache-2.0 */
#include "server/signer/keyring.h"
#include "core/keys/keydir.h"
#include "server/signer/protocol.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *const role_names[ROLE_COUNT] = {SIGNER_ROLES};

struct keyring {
        struct keydir_role roles[KEYDIR_ROLES_MAX];
        struct privkey *keys[KEYDIR_ROLES_MAX];
        struct keyring_entry entries[ROLE_COUNT];
};

const char *role_name(enum role role)
{
        assert(role < ROLE_COUNT);
        return role_names[role];
}

enum rc role_find(const char *name, enum role *ret, struct err *err)
{
        for (unsigned i = 0; i < ROLE_COUNT; i++) {
                if (strcmp(role_names[i], name) == 0) {
                        *ret = (enum role)i;
                        return RC_OK;
                }
        }
        return err_set(err, RC_INVALID, "there is no role \"%.40s\"", name);
}

static enum rc entry_fill(struct keyring *keyring, size_t at, const struct secret *passphrase,
                          const char *keys_dir, const struct trust_set *trust, struct err *err)
{
        const struct keydir_role *line = &keyring->roles[at];
        const char *pk[ASSERTION_PK_MAX] = {line->key_id};
        struct keyring_entry *entry;
        enum role role;
        enum rc rc;

        rc = role_find(line->role, &role, err);
        if (rc != RC_OK)
                return rc;
        rc = keydir_read_key(keys_dir, line, passphrase, &keyring->keys[at], err);
        if (rc != RC_OK)
                return rc;
        if (pubkey_scheme(privkey_pubkey(keyring->keys[at])) != KEY_RSA)
                return err_set(err, RC_INVALID, "the key of role %s is not RSA", line->role);
        entry = &keyring->entries[role];
        entry->account_key = trust_set_find(trust, "account-key", pk);
        if (!entry->account_key)
                return err_set(err, RC_UNTRUSTED,
                               "role %s: no trusted account-key for %s in the trust folder",
                               line->role, line->key_id);
        if (strcmp(assertion_text(entry->account_key, "account-id"), line->account_id) != 0)
                return err_set(err, RC_UNTRUSTED, "role %s: the key belongs to another account",
                               line->role);
        entry->key = keyring->keys[at];
        entry->account_id = line->account_id;
        entry->key_id = line->key_id;
        return RC_OK;
}

enum rc keyring_load(const char *keys_dir, const struct secret *passphrase,
                     const struct trust_set *trust, struct keyring **ret, struct err *err)
{
        CLEANUP(keyring_freep) struct keyring *keyring = calloc(1, sizeof(*keyring));
        size_t count = 0;
        enum rc rc;

        if (!keyring)
                return err_set(err, RC_NOMEM, "no memory for the keys");
        rc = keydir_check(keys_dir, err);
        if (rc == RC_OK)
                rc = keydir_read_roles(keys_dir, keyring->roles, &count, err);
        for (size_t i = 0; rc == RC_OK && i < count; i++)
                rc = entry_fill(keyring, i, passphrase, keys_dir, trust, err);
        if (rc != RC_OK)
                return rc;
        if (count == 0)
                return err_set(err, RC_INVALID, "the roles file names no role");
        if (!keyring->entries[ROLE_MANIFEST].key)
                keyring->entries[ROLE_MANIFEST] = keyring->entries[ROLE_STORE];
        *ret = keyring;
        keyring = NULL;
        return RC_OK;
}

void keyring_freep(struct keyring **keyring)
{
        if (!*keyring)
                return;
        for (size_t i = 0; i < KEYDIR_ROLES_MAX; i++)
                privkey_freep(&(*keyring)->keys[i]);
        free(*keyring);
        *keyring = NULL;
}

const struct keyring_entry *keyring_get(const struct keyring *keyring, enum role role)
{
        return &keyring->entries[role];
}
