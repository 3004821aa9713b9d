/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * account -- publishers: their rows, their account assertions, their keys.
 *
 * The signer issues account and account-key; it refuses keys of trusted accounts, which only the
 * root certifies, offline.
 *
 * Floor    server/domain. Threads: safe; every call blocks (signer, database).
 * Source   device.md 8.8 (account, account-key, account-key-request).
 * Tests    tests/flow/test_publisher.py
 */
#include "server/domain/token.h"

struct account_ask {
        const char *username;
        const char *display_name; /* "" the username */
        const char *email;
        const char *validation; /* "" unproven */
        const char *account_id; /* "" 32 random characters */
};
/* RC_EXISTS: the username or id is taken; RC_INVALID; what the signer refuses. */
MUST_USE enum rc account_create(struct world *world, const struct actor *actor,
                                const struct account_ask *ask, struct arena *arena,
                                struct account_row *ret, struct err *err);
/* By id or username. RC_NOT_FOUND. */
MUST_USE enum rc account_find(struct world *world, const char *id, struct arena *arena,
                              struct account_row *ret, struct err *err);
MUST_USE enum rc account_list(struct world *world, struct arena *arena,
                              const struct account_row **ret, size_t *ret_count, struct err *err);

/* Certifies the key of a self-signed account-key-request. The same key again is the same answer.
 * RC_EXISTS: the name belongs to another key; RC_UNTRUSTED; RC_REFUSED: policy of the signer. */
MUST_USE enum rc account_key_register(struct world *world, const struct actor *actor,
                                      const char *account_id, const char *request,
                                      struct arena *arena, const struct assertion **ret,
                                      struct err *err);
/* Calls each account-key of the account that the catalog knows, the newest revision of it. */
void account_keys_each(const struct catalog *catalog, const char *account_id,
                       void (*each)(void *context, const struct assertion *key), void *context);
