/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * package_found -- what a package is found by, changed: addresses and categories. A part of
 * package_update, in its transaction.
 *
 * Floor    server/domain; internal to package.c.
 * Tests    tests/flow/test_discovery.py
 */
#include "server/domain/package.h"

/* RC_INVALID, RC_FORBIDDEN (categories are the operator's). */
MUST_USE enum rc package_found_update(struct db_tx *tx, const struct actor *actor,
                                      const struct package_row *package,
                                      const struct package_change *change, struct arena *arena,
                                      struct err *err);
