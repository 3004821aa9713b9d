/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * trust_set -- assertions, told apart into those that were proved and those that were only given.
 * One set holds what is trusted by configuration; another, on top of it, what one message brought.
 * Only proved assertions are lent to core/model/trust.
 *
 * Floor    core/model.
 * Owner    a set and all in it live in its arena; `below` outlives it. Texts that are added are
 *          borrowed until the parse is done, roots are copied.
 * Threads  one. A set that is filled and proved may be shared as a `below`.
 * Tests    tests/unit/test_signer.c, tests/unit/test_manifest.c
 */
#include "core/model/trust.h"

#define TRUST_SET_MAX   64
#define TRUST_ROOTS_MAX 16

/* A key and its account, trusted by configuration. */
struct trust_root {
        char account_id[32 + 1];
        char key_id[KEY_ID_CHARS + 1];
};

struct trust_item {
        const struct assertion *assertion;
        bool proved;
        char reason[160]; /* why not */
};

struct trust_set {
        struct arena *arena;
        const struct trust_set *below; /* NULL for what is trusted by configuration */
        struct trust_root roots[TRUST_ROOTS_MAX];
        size_t root_count;
        struct trust_item items[TRUST_SET_MAX];
        size_t count;
};

/* NULL without memory. */
struct trust_set *trust_set_new(struct arena *arena, const struct trust_set *below);
/* Trusts a key of an account by configuration. RC_TOO_MANY, RC_INVALID: not an account and a key
 * id. */
MUST_USE enum rc trust_set_add_root(struct trust_set *set, const char *account_id,
                                    const char *key_id, struct err *err);
/* Parses a stream into the set. RC_TOO_MANY: over TRUST_SET_MAX; what assertion_stream_next says.
 */
MUST_USE enum rc trust_set_add(struct trust_set *set, const char *stream, size_t bytes,
                               struct err *err);
/* Proves what can be proved, in whatever order it came. flags of trust_check. */
MUST_USE enum rc trust_set_prove(struct trust_set *set, unsigned flags, usec_t now,
                                 struct err *err);
/* The newest proved one, here or below; NULL. */
const struct assertion *trust_set_find(const struct trust_set *set, const char *type,
                                       const char *const *pk);
/* The first of a type that was given here, proved or not; NULL. */
const struct trust_item *trust_set_given(const struct trust_set *set, const char *type);
/* Whether an account, a key id is trusted by configuration. */
bool trust_set_is_trusted(const struct trust_set *set, const char *account_id);
bool trust_set_is_root(const struct trust_set *set, const char *key_id);
