/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * policy_rules -- what the files of the policy share among themselves; nobody else includes it.
 *
 * Floor    server/signer.
 * Owner    as in policy.h.
 * Tests    through policy.h
 */
#include "server/signer/policy.h"

struct policy_rule {
        const char *name;
        const char *types; /* " a b " with blanks around each; NULL: all */
        enum rc (*check)(struct policy_case *c, struct err *err);
};

extern const struct policy_rule policy_rules_accounts[]; /* these end with name NULL */
extern const struct policy_rule policy_rules_packages[];
extern const struct policy_rule policy_rules_components[];
extern const struct policy_rule policy_rules_brand[];
extern const struct policy_rule policy_rules_manifest[];

/* Puts a fact among the news; texts must live in the arena. */
MUST_USE enum rc policy_note(struct policy_case *c, const char *key, uint64_t number,
                             const char *text, struct err *err);
/* The role's own account, or one that is trusted by configuration. */
bool policy_is_trusted(const struct policy_case *c, const char *account_id);
/* An account that is trusted, proved by the evidence, or issued by this signer. */
bool policy_knows_account(const struct policy_case *c, const char *account_id);
/* The ledger's fact under a key made by printf; NULL when absent. RC_NOMEM. */
MUST_USE enum rc policy_fact(const struct policy_case *c, const struct fact **ret,
                             const char **ret_key, struct err *err, const char *format, ...)
        PRINTF_LIKE(5, 6);
/* The one evidence of that type, proved; RC_REFUSED when absent or not believed. */
MUST_USE enum rc policy_evidence(const struct policy_case *c, const char *type,
                                 const struct assertion **ret, struct err *err);
/* The declaration that came as evidence, where it is none older than this signer issued or has
 * seen: what a later one took back is not given again. RC_REFUSED. Remembers it. */
MUST_USE enum rc policy_declaration(struct policy_case *c, const char *snap_id,
                                    const struct assertion **ret, struct err *err);
/* Both have the header, as equal texts. */
bool policy_same(const struct assertion *a, const struct assertion *b, const char *header);
