/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * model -- models issued by the signer's brand role, where its key is online.
 *
 * Floor    server/domain. Threads: safe; blocks (signer, database).
 * Source   device.md 8.8 (model).
 * Tests    tests/flow/test_publisher.py
 */
#include "server/domain/token.h"

/* headers is a map; series, brand-id and revision are filled in where absent. A model that is known
 * gets the next revision. RC_INVALID, RC_FORBIDDEN (brand-key-offline), RC_REFUSED. */
MUST_USE enum rc model_issue(struct world *world, const struct actor *actor,
                             const struct value *headers, struct arena *arena,
                             const struct assertion **ret, struct err *err);
