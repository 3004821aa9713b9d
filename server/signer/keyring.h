/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * keyring -- the roles that this signer fills: for each a key, its account and its account-key.
 *
 * Floor    server/signer; includes core/base, core/keys, core/model.
 * Owner    who loads a keyring frees it: CLEANUP(keyring_freep); the keys are wiped.
 * Threads  one.
 * Tests    tests/unit/test_signer.c
 */
#include "core/keys/privkey.h"
#include "core/model/trust_set.h"

/* ROLE_MANIFEST is filled by the store's key where the roles file has no line for it. */
enum role { ROLE_STORE, ROLE_BRAND, ROLE_SERIALS, ROLE_MANIFEST, ROLE_COUNT };
const char *role_name(enum role role);
MUST_USE enum rc role_find(const char *name, enum role *ret, struct err *err);

struct keyring_entry {
        const struct privkey *key; /* NULL: the role is not filled here */
        const char *account_id;
        const char *key_id;
        const struct assertion *account_key; /* lives as long as the trust set */
};

struct keyring;

/* Reads roles and keys of the folder. Every key must be certified in trust: RC_UNTRUSTED. */
MUST_USE enum rc keyring_load(const char *keys_dir, const struct secret *passphrase,
                              const struct trust_set *trust, struct keyring **ret, struct err *err);
void keyring_freep(struct keyring **keyring);
const struct keyring_entry *keyring_get(const struct keyring *keyring, enum role role);
