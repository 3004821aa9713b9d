/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * policy -- whether this signer may issue that assertion. One table of named rules; a refusal says
 * `policy NAME: why`. Rules look at the parsed assertion, as any reader would see it, before it is
 * signed, at the evidence that came with it, and at what was issued before.
 *
 * Floor    server/signer; includes core/base, core/keys, core/model.
 * Owner    everything is lent by the caller for one call; texts of facts live in the arena.
 * Outcomes RC_REFUSED, faults.
 * Tests    tests/unit/test_signer*.c attack each rule by its name.
 */
#include "server/signer/keyring.h"
#include "server/signer/ledger.h"

struct policy_settings {
        uint64_t max_package_bytes;
        bool require_snap_build;
        bool sign_system_users;
};

struct policy_case {
        const struct policy_settings *settings;
        enum role role;
        const struct keyring_entry *own;
        const struct assertion *draft;    /* complete but for the signature */
        const struct trust_set *evidence; /* on top of the configured set */
        const struct ledger *ledger;
        struct arena *arena;
        usec_t now;
        /* Filled by policy_check: what the ledger shall remember. */
        struct digest gist;
        const char *ref;
        const char *text;
        struct fact news[LEDGER_NEWS_MAX];
        size_t news_count;
};

/* Before anything is built: may the role issue the type, with these headers given? */
MUST_USE enum rc policy_check_request(enum role role, const char *account_id, const char *type,
                                      const struct value *headers, struct err *err);
MUST_USE enum rc policy_check(struct policy_case *c, struct err *err);
/* The epoch of manifest keys certified now: the highest to which a root raised it, by what was
 * proved or promised before. c needs no draft. */
MUST_USE enum rc policy_epoch(const struct policy_case *c, uint64_t *ret, struct err *err);

/* The names of all rules of a table, for the tests that want an attack on each; NULL after the
 * last. */
enum policy_table {
        POLICY_GENERAL,
        POLICY_ACCOUNTS,
        POLICY_PACKAGES,
        POLICY_COMPONENTS,
        POLICY_BRAND,
        POLICY_MANIFEST,
        POLICY_TABLES
};
const char *policy_rule_name(enum policy_table table, size_t index);
