/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * audit -- who changed what, written in the transaction of the change itself.
 *
 * Floor    server/domain. Units: times are usec since 1970.
 * Tests    tests/flow/test_publisher.py
 */
#include "server/domain/world.h"

#define AUDIT_PAGE_MAX 200

/* detail is a sentence or ""; longer ones are cut. */
MUST_USE enum rc audit_add(struct db_tx *tx, const char *by, const char *action, const char *object,
                           usec_t now, struct err *err, const char *detail, ...) PRINTF_LIKE(7, 8);
/* Newest first; before 0 starts at the newest. */
MUST_USE enum rc audit_list(struct world *world, struct arena *arena, int64_t before,
                            const struct audit_row **ret, size_t *ret_count, struct err *err);
