/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * token_table -- the live tokens in memory, so that no request has to ask the database who it is:
 * the epoll threads look tokens up too.
 *
 * Floor    server/domain. Owner: the world's; rows found are copied into the caller's arena.
 * Threads  safe. A look-up holds a lock for a binary search; a reload reads the database before it
 *          takes the lock.
 * Tests    tests/unit/test_publish.c, tests/flow/test_publisher.py
 */
#include "server/store/store.h"

struct token_table;

struct token_table *token_table_new(void); /* empty; NULL: no memory */
void token_table_freep(struct token_table **table);
/* After every committed change of a token. Blocks (database). */
MUST_USE enum rc token_table_reload(struct token_table *table, struct db *db, struct err *err);
/* RC_NOT_FOUND: not one of ours, or revoked. Expired ones are found. */
MUST_USE enum rc token_table_find(struct token_table *table, const struct digest *secret,
                                  struct arena *arena, struct token_row *ret, struct err *err);
