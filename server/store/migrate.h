/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * migrate -- brings a database to the schema of this software, and recognises what it must not
 * touch.
 *
 * Forward only, all of it in one transaction. What was applied is recorded with its SHA-256; a
 * database made by another text of a migration is refused, so an edited migration is found out.
 *
 * Floor    server/store; internal. Source: schema/sqlite/. Tests: tests/unit/test_db.c
 */
#include "server/store/stmt.h"

/* may_create: an empty database gets the schema; else it is RC_CORRUPT. RC_CORRUPT: somebody else's
 * database, or a migration that differs; RC_STALE: made by a newer version. */
MUST_USE enum rc migrate_run(struct db_tx *tx, bool may_create, struct err *err);
