/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * trust -- whether an assertion may be believed: its key, the key's account and life, the
 * signature, who may sign that type, and the cross-checks with what is known already. Pure: what is
 * known arrives through struct trust_source.
 *
 * Floor    core/model. Owner: nothing is kept; sources lend their answers until the call returns.
 * Source   device.md 8.7, 8.8.
 * Tests    tests/unit/test_trust.c: a row for each refusal.
 */
#include "core/model/assertion_type.h"

struct trust_source {
        void *context;
        /* The newest known assertion of that type and primary key (type->pk_count parts, defaults
         * filled in), or NULL. It lives at least as long as arena. */
        const struct assertion *(*find)(void *context, struct arena *arena, const char *type,
                                        const char *const *pk);
        /* Whether the account belongs to the trusted set (roots by configuration). */
        bool (*is_trusted_account)(void *context, const char *account_id);
        /* Whether this key id is one of the root keys that the configuration names: such an
         * account-key (self-signed) and the account it signs are believed as they are. */
        bool (*is_root_key)(void *context, const char *key_id);
};

enum trust_flags {
        TRUST_DEFAULT = 0,
        TRUST_IGNORE_EXPIRY = 1 << 0, /* the key's life against `now` is not looked at */
};

/* RC_OK; RC_UNTRUSTED: signature, key, authority or cross-check refuse (text says which);
 * RC_NOT_FOUND: a prerequisite is not known (err.code "missing-prerequisite", text names it);
 * RC_EXPIRED: the signing key is outside its life; RC_INVALID: it contradicts itself
 * (assertion_items_check). `assertion` is not required to be stored. */
MUST_USE enum rc trust_check(const struct assertion *assertion, const struct trust_source *source,
                             unsigned flags, usec_t now, struct arena *arena, struct err *err);

/* The references that trust_check needs: signing account-key, authority account, declaration, ...
 * Lists at most max of them as "type/pk/.." texts in arena. Used to build streams with their
 * prerequisites. */
struct trust_ref {
        const char *type;
        const char *pk[ASSERTION_PK_MAX];
};
MUST_USE enum rc trust_prerequisites(const struct assertion *assertion, struct arena *arena,
                                     struct trust_ref *ret, size_t max, size_t *ret_count,
                                     struct err *err);
/* Self-signed types: the key that checks them is inside (device-key header, or the body of an
 * account-key-request). RC_OK or RC_UNTRUSTED. */
MUST_USE enum rc trust_check_self_signed(const struct assertion *assertion, struct err *err);
