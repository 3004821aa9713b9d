/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * trust_set -- assertions, told apart into those that were proved and those that were only given.
 * One set holds the configured trust folder; another, on top of it, the evidence of one request.
 * Only proved assertions are lent to core/model/trust.
 *
 * Floor    server/signer; includes core/base, core/keys, core/model.
 * Owner    a set and all in it live in its arena; `below` outlives it.
 * Threads  one.
 * Tests    tests/unit/test_signer.c
 */
#include "core/keys/keydir.h"
#include "core/model/trust.h"

#define TRUST_SET_MAX 64

struct trust_item {
        const struct assertion *assertion;
        bool proved;
        char reason[160]; /* why not */
};

struct trust_set {
        struct arena *arena;
        const struct trust_set *below; /* NULL for the configured one */
        struct keydir_root roots[KEYDIR_ROOTS_MAX];
        size_t root_count;
        struct trust_item items[TRUST_SET_MAX];
        size_t count;
};

/* NULL without memory. */
struct trust_set *trust_set_new(struct arena *arena, const struct trust_set *below);
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
/* Whether an account is trusted by configuration. */
bool trust_set_is_trusted(const struct trust_set *set, const char *account_id);

/* Reads DATA/trust: roots and *.assert. forbidden_uid: files must not be writable by that user
 * ((uid_t)-1: not looked at). RC_UNTRUSTED names what could not be proved. */
MUST_USE enum rc trust_set_load(const char *trust_dir, uid_t forbidden_uid, usec_t now,
                                struct arena *arena, struct trust_set **ret, struct err *err);
