/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * sign -- assertions that storectl signs with a key it holds: roots and their keys at init, and
 * what a developer signs (snap-build, account-key-request, models of a brand).
 *
 * Floor    tools/storectl; includes core/base, core/keys, core/model.
 * Owner    assertions live in the arena given.
 * Tests    tests/unit/test_storectl.c
 */
#include "core/base/jsonx.h"
#include "core/keys/privkey.h"
#include "core/model/assertion.h"

/* Builds, signs and reads back. */
MUST_USE enum rc sign_draft(struct arena *arena, struct assertion_draft *draft,
                            const struct privkey *key, usec_t now, struct assertion **ret,
                            struct err *err);

struct sign_key {
        const char *authority_id; /* NULL: an account-key-request, which is self-signed */
        const char *account_id;
        const char *name;
        usec_t since;
        usec_t until; /* 0: none */
};
/* An account-key (or -request) for the public half of `key`, signed by `signer`. */
MUST_USE enum rc sign_account_key(struct arena *arena, const struct sign_key *what,
                                  const struct privkey *key, const struct privkey *signer,
                                  struct assertion **ret, struct err *err);

/* A JSON object as headers: texts, numbers and booleans become text, lists and objects stay. At
 * most SIGN_DEPTH_MAX levels. RC_INVALID names what cannot be a header. */
#define SIGN_DEPTH_MAX 8
MUST_USE enum rc sign_value_from_json(struct arena *arena, const json_t *json, struct value *ret,
                                      struct err *err);
/* A model (or other assertion) from a JSON object with all its headers, as `snap sign` takes. */
MUST_USE enum rc sign_from_json(struct arena *arena, const json_t *headers,
                                const struct privkey *key, usec_t now, struct assertion **ret,
                                struct err *err);
