/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * trust_inside -- what the files of trust share among themselves; nobody else includes it.
 *
 * Floor    core/model. Owner: nothing is kept.
 * Tests    tests/unit/test_trust.c
 */
#include "core/model/trust.h"

/* One call of trust_check. */
struct trust_run {
        const struct assertion *assertion;
        const struct trust_source *source;
        struct arena *arena;
        struct err *err;
};

/* "16": the one series that there is. */
extern const char trust_series[];

/* NULL when not known. At most ASSERTION_PK_MAX parts; the rest of pk is NULL. */
const struct assertion *trust_find(const struct trust_run *run, const char *type,
                                   const char *const pk[ASSERTION_PK_MAX]);
#define TRUST_FIND(run, type, ...)                                                                 \
        trust_find((run), (type), (const char *const[ASSERTION_PK_MAX]){__VA_ARGS__})
/* RC_NOT_FOUND "missing-prerequisite". pk1 may be NULL. */
MUST_USE enum rc trust_missing(const struct trust_run *run, const char *type, const char *pk0,
                               const char *pk1);
MUST_USE enum rc trust_refuse(const struct trust_run *run, const char *why);
bool trust_list_has(const struct value *list, const char *text);

/* Who signed: the rule of the type. */
MUST_USE enum rc trust_signer_check(const struct trust_run *run);
/* What else must be known or agree. */
MUST_USE enum rc trust_cross_check(const struct trust_run *run);
/* Whether an account-key's constraints (NULL: none) allow the assertion. */
bool trust_constraints_allow(const struct value *constraints, const struct assertion *assertion);
