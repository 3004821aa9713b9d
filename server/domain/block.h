/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * block -- devices and models whose sessions count no more: revoked for good, or stale up to a
 * moment. All of them are in memory, so that a request asks no database.
 *
 * A revoked device's session is refused like one that is over (the device asks for a new one), and
 * opening one is refused for good, with a sentence: that is what the client shows. A model's row
 * has serial "".
 *
 * Floor    server/domain. Owner: the world's table.
 * Threads  safe. A look-up takes a lock that is held for two binary searches or one swap; a reload
 *          reads the database before it takes it.
 * Source   device.md 5 (refresh paths).
 * Tests    tests/unit/test_block.c, tests/flow/test_fleet.py
 */
#include "server/domain/token.h"

struct block_table;

struct block_table *block_table_new(void); /* empty; NULL: no memory */
void block_table_freep(struct block_table **table);
/* After every committed change, and every minute for those of other processes. Blocks (database).
 */
MUST_USE enum rc block_table_reload(struct block_table *table, struct db *db, struct err *err);

enum block { BLOCK_NONE, BLOCK_STALE, BLOCK_DEVICE, BLOCK_MODEL };
/* Whether a session of that device opened at `issued` counts; BLOCK_DEVICE and BLOCK_MODEL: the
 * one or the other was revoked. table may be NULL: BLOCK_NONE. */
enum block block_find(struct block_table *table, const char *brand_id, const char *model,
                      const char *serial, usec_t issued);
/* RC_FORBIDDEN with the sentence that a device shows, when device or model was revoked. */
MUST_USE enum rc block_check(struct block_table *table, const char *brand_id, const char *model,
                             const char *serial, struct err *err);

enum block_change {
        BLOCK_REVOKE, /* no sessions any more, no registration */
        BLOCK_LIFT,   /* takes that back; sessions opened before stay over */
        BLOCK_EXPIRE  /* sessions opened so far are over */
};
#define BLOCK_SERIALS_MAX 1000
/* Changes the serials of a model, or with count 0 the model itself; all or nothing. RC_NOT_FOUND: a
 * serial that never registered or checked in. */
MUST_USE enum rc block_change(struct world *world, const struct actor *actor,
                              enum block_change change, const char *brand_id, const char *model,
                              const char *const *serials, size_t count, struct err *err);
