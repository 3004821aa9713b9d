/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * sign -- assertions that an administrator has the signer issue: which types, by which role, and
 * what follows for the headers that are not given. Kept and served at once.
 *
 * A declaration or a store begins with what its newest revision says: only what is given changes,
 * and an empty list or map takes a header away. The revision is the next one; the format the
 * lowest.
 *
 * Floor    server/domain. Threads: safe; blocks (signer, database).
 * Source   device.md 8.8; what the signer refuses is in server/signer/README.md.
 * Tests    tests/flow/test_signing.py
 */
#include "server/domain/token.h"

struct sign_ask {
        const char *type;
        const struct value *headers; /* a map */
        const char *body;            /* "" none */
};
/* RC_UNSUPPORTED: a type that is not signed here; RC_INVALID, RC_NOT_FOUND (what it speaks of),
 * RC_FORBIDDEN (the role has no key here, "brand-key-offline"; declared elsewhere), RC_REFUSED. */
MUST_USE enum rc assertion_sign(struct world *world, const struct actor *actor,
                                const struct sign_ask *ask, struct arena *arena,
                                const struct assertion **ret, struct err *err);
