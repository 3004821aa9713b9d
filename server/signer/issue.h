/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * issue -- builds an assertion from headers, lets the policy judge it, signs it, writes it down,
 * and only then hands it out. There is no other way to a signature.
 *
 * Floor    server/signer; includes core/base, core/keys, core/model.
 * Owner    who makes a signer frees it: CLEANUP(signer_freep); it owns keys and ledger. The trust
 *          set is lent and outlives it. What is issued lives in the caller's arena.
 * Threads  one.
 * Outcomes RC_REFUSED (policy), RC_INVALID (headers), RC_TOO_MANY (rate), RC_NOT_FOUND (the role
 * has no key here), faults. Tests    tests/unit/test_signer.c
 */
#include "server/signer/policy.h"

struct signer;

struct signer_setup {
        const struct trust_set *trust;
        struct policy_settings policy;
        int64_t rate_per_min;
        struct clock clock; /* tests fix it */
};

/* Takes *keyring and *ledger: NULL afterwards. */
MUST_USE enum rc signer_new(const struct signer_setup *setup, struct keyring **keyring,
                            struct ledger **ledger, struct signer **ret, struct err *err);
void signer_freep(struct signer **signer);

struct issue_request {
        enum role role;
        const char *type;
        struct value headers;
        unsigned format;
        const char *body;
        size_t body_bytes;
        const char *evidence;
        size_t evidence_bytes;
};

MUST_USE enum rc signer_run(struct signer *signer, const struct issue_request *request,
                            struct arena *arena, const struct assertion **ret, struct err *err);
/* RC_NOT_FOUND: not filled. */
MUST_USE enum rc signer_identity(const struct signer *signer, enum role role,
                                 const struct keyring_entry **ret, struct err *err);
